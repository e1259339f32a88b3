//! Numbers as the objects of the toolkit have them (TS 102 223 §8.1, TS 31.111 §8.14).

use oxisim_sms::{Address, Error, TypeOfAddress};
use oxisim_toolkit::objects;
use oxisim_wire::bcd;

/// A number as an object.
pub(crate) fn object(number: &Address) -> objects::Address {
    objects::Address { ton_npi: number.kind().0, digits: bcd::pack(number.semi_octets()) }
}

/// The address of a message or of a service centre, of an object.
pub(crate) fn address(object: &objects::Address) -> Result<Address, Error> {
    Address::new(TypeOfAddress(object.ton_npi), bcd::unpack(&object.digits))
}

/// A number that is called, or a string of a supplementary service, of an object's octets; it may be longer.
pub(crate) fn called(ton_npi: u8, digits: &[u8]) -> Result<Address, Error> {
    Address::called(TypeOfAddress(ton_npi), bcd::unpack(digits))
}
