//! Addresses (TS 23.040 §9.1.2.5).

use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};

use oxisim_wire::{ErrorKind, Reader, Wire, bcd, codes};

use crate::{Error, alphabet};

codes! {
    /// Type-of-Address: type of number and numbering plan identification (TS 23.040 §9.1.2.5). The constants are
    /// the usual combinations.
    pub struct TypeOfAddress(u8) {
        /// Unknown type, telephone numbering plan.
        UNKNOWN = 0x81,
        /// International number, written with `+`.
        INTERNATIONAL = 0x91,
        /// National number.
        NATIONAL = 0xA1,
        /// Network specific number.
        NETWORK_SPECIFIC = 0xB1,
        /// Subscriber number.
        SUBSCRIBER = 0xC1,
        /// Text in the GSM 7-bit default alphabet.
        ALPHANUMERIC = 0xD0,
        /// Abbreviated number.
        ABBREVIATED = 0xE1,
    }
}

impl TypeOfAddress {
    /// Type-of-number, bits 7 to 5.
    #[must_use]
    pub const fn type_of_number(self) -> u8 {
        self.0 >> 4 & 0x07
    }

    /// Numbering-plan-identification, bits 4 to 1.
    #[must_use]
    pub const fn numbering_plan(self) -> u8 {
        self.0 & 0x0F
    }

    /// Whether the address is text.
    #[must_use]
    pub const fn is_alphanumeric(self) -> bool {
        self.type_of_number() == Self::ALPHANUMERIC.type_of_number()
    }

    /// Whether the address is an international number.
    #[must_use]
    pub const fn is_international(self) -> bool {
        self.type_of_number() == Self::INTERNATIONAL.type_of_number()
    }
}

/// An address: TP-Originating-Address, TP-Destination-Address, TP-Recipient-Address, and, with another count
/// of length, the service centre's.
///
/// Its [`Wire`] form counts the useful semi-octets (TS 23.040 §9.1.2.5); [`Address::read_service_centre`] and
/// [`Address::write_service_centre`] count octets.
///
/// ```
/// use oxisim_sms::Address;
/// use oxisim_wire::Wire;
///
/// let address: Address = "+491511234567".parse()?;
/// assert_eq!(address.encode(), [0x0C, 0x91, 0x94, 0x51, 0x11, 0x32, 0x54, 0x76]);
/// assert_eq!(address.to_string(), "+491511234567");
/// # Ok::<(), oxisim_sms::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    kind: TypeOfAddress,
    semi_octets: Vec<u8>,
}

impl Address {
    /// The most semi-octets of an address field, which is at most 12 octets long with its length and type
    /// (TS 23.040 §9.1.2.5).
    pub const LIMIT: usize = 20;

    /// An address of semi-octets (0 to F), in the order in which they are read.
    pub fn new(kind: TypeOfAddress, semi_octets: Vec<u8>) -> Result<Self, Error> {
        Self::within(Self::LIMIT, kind, semi_octets)
    }

    /// The most semi-octets of a number that is called (TS 24.008 §10.5.4.7).
    pub const CALLED_LIMIT: usize = 80;

    /// A number that is called, or a string of a supplementary service: no TPDU carries it, and it may be longer.
    pub fn called(kind: TypeOfAddress, semi_octets: Vec<u8>) -> Result<Self, Error> {
        Self::within(Self::CALLED_LIMIT, kind, semi_octets)
    }

    fn within(limit: usize, kind: TypeOfAddress, mut semi_octets: Vec<u8>) -> Result<Self, Error> {
        let length = semi_octets.len();
        if length > limit {
            return Err(Error::AddressTooLong { length, limit });
        }
        for half in &mut semi_octets {
            *half &= 0x0F;
        }
        Ok(Self { kind, semi_octets })
    }

    /// A number of the given type: digits, `*`, `#` and the codes `a`, `b`, `c`.
    pub fn number(kind: TypeOfAddress, digits: &str) -> Result<Self, Error> {
        let digit =
            |c| DIGITS.iter().position(|&d| d == c).map(|i| i as u8).ok_or(Error::AddressCharacter(c));
        match digits.chars().map(digit).collect::<Result<Vec<u8>, _>>()? {
            empty if empty.is_empty() => Err(Error::AddressEmpty),
            semi_octets => Self::new(kind, semi_octets),
        }
    }

    /// A name in place of a number, in the GSM 7-bit default alphabet: at most 11 septets.
    pub fn alphanumeric(name: &str) -> Result<Self, Error> {
        let mut septets = Vec::new();
        for character in name.chars() {
            let coded = alphabet::septets_of(character).ok_or(Error::AddressCharacter(character))?;
            septets.extend_from_slice(coded.as_slice());
        }
        let mut semi_octets: Vec<u8> =
            alphabet::pack(&septets, 0).into_iter().flat_map(bcd::halves).collect();
        semi_octets.truncate((septets.len() * 7).div_ceil(4));
        Self::new(TypeOfAddress::ALPHANUMERIC, semi_octets)
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> TypeOfAddress {
        self.kind
    }

    /// Its semi-octets, in the order in which they are read; a name is packed in them.
    #[must_use]
    pub fn semi_octets(&self) -> &[u8] {
        &self.semi_octets
    }

    /// Reads a service centre address, whose length counts octets, type included (TS 24.011 §8.2.5.1; `EF_SMSP`,
    /// TS 31.102 §4.2.27). Length 0 is no address.
    pub fn read_service_centre(r: &mut Reader<'_>) -> Result<Option<Self>, oxisim_wire::Error> {
        let start = r.clone();
        let length = usize::from(r.u8("service centre address length")?);
        if length == 0 {
            return Ok(None);
        }
        let limit = 1 + Self::LIMIT / 2;
        if length > limit {
            return Err(start.error("service centre address length", ErrorKind::TooLong { length, limit }));
        }
        let mut field = r.sub(length, "service centre address")?;
        let kind = TypeOfAddress::read(&mut field)?;
        let mut semi_octets: Vec<u8> = field.rest().iter().copied().flat_map(bcd::halves).collect();
        if !kind.is_alphanumeric() && semi_octets.last() == Some(&FILLER) {
            semi_octets.pop();
        }
        Ok(Some(Self { kind, semi_octets }))
    }

    /// Writes a service centre address, with its length in octets; without an address, the length 0.
    pub fn write_service_centre(address: Option<&Self>, out: &mut Vec<u8>) {
        match address {
            None => out.push(0),
            Some(address) => {
                out.push(1 + address.semi_octets.len().div_ceil(2) as u8);
                address.write_value(out);
            }
        }
    }

    fn write_value(&self, out: &mut Vec<u8>) {
        self.kind.write(out);
        let filler = if self.kind.is_alphanumeric() { 0 } else { FILLER };
        out.extend(self.semi_octets.chunks(2).map(|pair| pair.get(1).unwrap_or(&filler) << 4 | pair[0]));
    }
}

/// The form of a TPDU: length in useful semi-octets.
impl Wire for Address {
    fn read(r: &mut Reader<'_>) -> Result<Self, oxisim_wire::Error> {
        let start = r.clone();
        let length = usize::from(r.u8("address length")?);
        if length > Self::LIMIT {
            return Err(start.error("address length", ErrorKind::TooLong { length, limit: Self::LIMIT }));
        }
        let kind = TypeOfAddress::read(r)?;
        let octets = r.take(length.div_ceil(2), "address value")?;
        Ok(Self { kind, semi_octets: octets.iter().copied().flat_map(bcd::halves).take(length).collect() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.semi_octets.len() as u8);
        self.write_value(out);
    }
}

/// A number as it is dialled, with `+` if international: the inverse of [`Display`](fmt::Display) for numbers of
/// these two types.
impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.strip_prefix('+') {
            Some(digits) => Self::number(TypeOfAddress::INTERNATIONAL, digits),
            None => Self::number(TypeOfAddress::UNKNOWN, text),
        }
    }
}

/// The number, with `+` if it is international, or the name.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind.is_alphanumeric() {
            let septets = alphabet::unpack(&bcd::pack(&self.semi_octets), self.semi_octets.len() * 4 / 7, 0);
            return f.write_str(&alphabet::decode(&septets));
        }
        let digits: String =
            self.semi_octets.iter().filter_map(|&half| DIGITS.get(usize::from(half))).collect();
        write!(f, "{}{digits}", if self.kind.is_international() { "+" } else { "" })
    }
}

/// Fills the last octet of an odd number of digits.
const FILLER: u8 = 0x0F;

/// The digits of the semi-octet representation (TS 23.040 §9.1.2.3).
const DIGITS: [char; 15] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'a', 'b', 'c'];

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_odd_number_of_digits_is_filled() {
        let address: Address = "12345".parse().unwrap();
        assert_eq!(address.encode(), [5, 0x81, 0x21, 0x43, 0xF5]);
        assert_eq!(Address::decode(&address.encode(), "address").unwrap(), address);
    }

    #[test]
    fn a_name_is_packed_septets() {
        let address = Address::alphanumeric("Megafon").unwrap();
        assert_eq!(address.encode()[..2], [13, 0xD0]);
        assert_eq!(address.to_string(), "Megafon");
        // 28 bits are seven semi-octets, and not one more.
        let address = Address::alphanumeric("Info").unwrap();
        assert_eq!((address.encode()[0], address.to_string().as_str()), (7, "Info"));
        assert_eq!(Address::alphanumeric("Bob €").unwrap().to_string(), "Bob €");
        assert!(matches!(Address::alphanumeric("twelve signs"), Err(Error::AddressTooLong { .. })));
        assert_eq!(Address::alphanumeric("Ж"), Err(Error::AddressCharacter('Ж')));
    }

    #[test]
    fn a_service_centre_is_counted_in_octets() {
        let mut out = Vec::new();
        Address::write_service_centre(Some(&"123".parse().unwrap()), &mut out);
        Address::write_service_centre(None, &mut out);
        assert_eq!(out, [3, 0x81, 0x21, 0xF3, 0]);
        let mut r = Reader::new(&out);
        assert_eq!(Address::read_service_centre(&mut r).unwrap().unwrap().to_string(), "123");
        assert_eq!(Address::read_service_centre(&mut r).unwrap(), None);
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        assert_eq!("".parse::<Address>(), Err(Error::AddressEmpty));
        assert_eq!("+".parse::<Address>(), Err(Error::AddressEmpty));
        assert_eq!("12 34".parse::<Address>(), Err(Error::AddressCharacter(' ')));
        assert!("123456789012345678901".parse::<Address>().is_err());
    }

    #[test]
    fn a_number_that_is_called_may_be_longer_than_an_address() {
        let called = |length| Address::called(TypeOfAddress::UNKNOWN, alloc::vec![1; length]);
        assert_eq!(called(80).unwrap().semi_octets().len(), 80);
        assert_eq!(called(81), Err(Error::AddressTooLong { length: 81, limit: 80 }));
        assert_eq!(Address::called(TypeOfAddress::UNKNOWN, alloc::vec![0xF3]).unwrap().semi_octets(), [3]);
    }

    #[test]
    fn a_service_centre_has_at_most_20_semi_octets() {
        let read = |length: u8| {
            let octets = [&[length, 0x91][..], &[0x11; 11]].concat();
            Address::read_service_centre(&mut Reader::new(&octets)).map(|it| it.unwrap().semi_octets().len())
        };
        assert_eq!((read(1), read(11)), (Ok(0), Ok(20)));
        assert_eq!(read(12).unwrap_err().kind, ErrorKind::TooLong { length: 12, limit: 11 });
    }

    /// In a name all semi-octets are text, the last one too.
    #[test]
    fn a_service_centre_may_have_a_name_that_ends_with_ones() {
        let octets = [0x03, 0xD0, 0x80, 0xF0];
        let name = Address::read_service_centre(&mut Reader::new(&octets)).unwrap().unwrap();
        assert_eq!(name.semi_octets(), [0x0, 0x8, 0x0, 0xF]);
    }

    #[test]
    fn a_long_address_is_refused_where_its_length_stands() {
        let error = Address::decode(&[21, 0x91], "address").unwrap_err();
        assert_eq!((error.offset, error.kind), (0, ErrorKind::TooLong { length: 21, limit: 20 }));
    }

    proptest! {
        #[test]
        fn numbers_survive(text in r"\+?[0-9*#a-c]{1,20}") {
            let address: Address = text.parse().unwrap();
            prop_assert_eq!(address.to_string(), text);
            prop_assert_eq!(&Address::decode(&address.encode(), "address").unwrap(), &address);
            let mut out = Vec::new();
            Address::write_service_centre(Some(&address), &mut out);
            prop_assert_eq!(Address::read_service_centre(&mut Reader::new(&out)).unwrap(), Some(address));
        }
    }
}
