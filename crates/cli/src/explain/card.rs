//! What a card says of itself and of its files.

use oxisim_apdu::Atr;
use oxisim_card::{AccessRule, FcpTemplate, GsmHeader};
use oxisim_wire::{Error, Wire};

use super::{
    explained::{Explained, shifted},
    kind::Kind,
};

/// An answer to reset.
pub fn atr(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let atr = Atr::parse(octets).map_err(|error| shifted(error, at))?;
    Ok(Explained::of(Kind::Atr, &atr, atr.to_bytes()))
}

/// An FCP template.
pub fn fcp(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let template = FcpTemplate::decode(octets).map_err(|error| shifted(error, at))?;
    Ok(Explained::of(Kind::Fcp, &template, template.encode()))
}

/// A header of class `A0`.
pub fn header(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let header = GsmHeader::decode(octets).map_err(|error| shifted(error, at))?;
    Ok(Explained::of(Kind::GsmHeader, &header, header.encode()))
}

/// Whether the octets are a header of class `A0`.
pub fn is_header(octets: &[u8]) -> bool {
    GsmHeader::decode(octets).is_ok()
}

/// A record of `EF_ARR`.
pub fn rule(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let rule = AccessRule::decode(octets, "access rule").map_err(|error| shifted(error, at))?;
    Ok(Explained::of(Kind::AccessRule, &rule, rule.encode()))
}
