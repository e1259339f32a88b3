//! Short messages.

use oxisim_sms::{
    Address, Timestamp, TypeOfAddress,
    tpdu::{CommandType, MobileOriginated, MobileTerminated},
};
use oxisim_wire::{Error, Parts, Reader, Show, Wire};

use super::{
    explained::{Explained, Line},
    kind::Kind,
};

/// A message in its direction.
enum Tpdu {
    Originated(MobileOriginated),
    Terminated(MobileTerminated),
}

impl Tpdu {
    /// Whether address and times look like such.
    fn is_likely(&self) -> bool {
        match self {
            Self::Originated(MobileOriginated::Submit(submit)) => is_number(&submit.destination),
            Self::Originated(MobileOriginated::Command(command)) => {
                is_number(&command.destination) && CommandType::ALL.contains(&command.kind)
            }
            Self::Terminated(MobileTerminated::Deliver(deliver)) => {
                is_number(&deliver.originator) && is_time(deliver.timestamp)
            }
            Self::Terminated(MobileTerminated::StatusReport(report)) => {
                is_number(&report.recipient) && is_time(report.timestamp)
            }
            _ => false,
        }
    }
}

/// A message in a known direction, or in whichever it can be.
pub fn explain(kind: Kind, octets: &[u8], at: usize) -> Result<Explained, Error> {
    let (centre, tpdu) = whole_or_after_centre(kind, octets, at)?;
    let mut reencoded = Vec::new();
    if let Some(Centre(centre)) = &centre {
        Address::write_service_centre(centre.as_ref(), &mut reencoded);
    }
    let mut explained = match &tpdu {
        Tpdu::Originated(tpdu) => {
            tpdu.write(&mut reencoded);
            Explained::of(Kind::Tpdu, tpdu, reencoded)
        }
        Tpdu::Terminated(tpdu) => {
            tpdu.write(&mut reencoded);
            Explained::of(Kind::Tpdu, tpdu, reencoded)
        }
    };
    if let Some(Centre(centre)) = centre {
        let line = Line {
            at: Some(at),
            field: "service centre address".into(),
            name: None,
            tag: None,
            spec: Some("TS 24.011 §8.2.5.1"),
            value: centre.show(),
            inside: None,
        };
        explained.fields.insert(0, line);
    }
    Ok(explained)
}

/// Whether the octets are a message whose address and times look like such.
pub fn is_likely(octets: &[u8]) -> bool {
    read(Kind::Tpdu, Reader::new(octets)).is_ok_and(|tpdu| tpdu.is_likely())
        || after_centre(Kind::Tpdu, octets, 0)
            .is_some_and(|read| read.is_ok_and(|(_, tpdu)| tpdu.is_likely()))
        || begins_with_centre(octets)
}

/// Whether the octets can be read as a message, with nothing left over that a receiver would ignore.
pub fn is_possible(octets: &[u8]) -> bool {
    explain(Kind::Tpdu, octets, 0).is_ok_and(|explained| explained.reencoded == octets)
}

/// Whether the octets begin as a message with an address does, however they go on: a terminal profile does not have the
/// length and the type of an address where a message has them.
pub fn is_begun(octets: &[u8]) -> bool {
    is_centre(octets) || begins_with_address(octets)
}

/// Whether the address of SMS-SUBMIT, SMS-COMMAND or SMS-DELIVER stands in its place; reports have none there.
fn begins_with_address(octets: &[u8]) -> bool {
    let is_address = |length: u8, kind: u8| (1..=20).contains(&length) && is_common(kind);
    let [first, second, third, rest @ ..] = octets else { return false };
    // TP-MTI (TS 23.040 §9.2.3.1): the station's messages have TP-Message-Reference before the address.
    match first & 0x03 {
        0x00 => is_address(*second, *third),
        0x01 => rest.first().is_some_and(|kind| is_address(*third, *kind)),
        _ => false,
    }
}

/// An international or unknown number.
fn is_common(kind: u8) -> bool {
    [TypeOfAddress::INTERNATIONAL, TypeOfAddress::UNKNOWN].contains(&TypeOfAddress(kind))
}

/// Type-of-Address has its bit 8 set (TS 23.040 §9.1.2.5).
fn is_number(address: &Address) -> bool {
    address.kind().0 & 0x80 != 0
}

fn is_time(time: Timestamp) -> bool {
    time.instant().is_some()
}

/// An international or unknown number of a service centre, with the octets that it announces.
fn begins_with_centre(octets: &[u8]) -> bool {
    is_centre(octets) && octets.len() > 13
}

/// An international or unknown number of a service centre, or the beginning of one.
fn is_centre(octets: &[u8]) -> bool {
    matches!(*octets, [2..=11, kind, _, ..] if is_common(kind))
}

/// The address of a service centre before a message; it may be empty.
struct Centre(Option<Address>);

type WithCentre = (Centre, Tpdu);

/// A message by itself, or one after the address of a service centre if it is only so that it looks like one.
fn whole_or_after_centre(kind: Kind, octets: &[u8], at: usize) -> Result<(Option<Centre>, Tpdu), Error> {
    let plain = read(kind, Reader::at(octets, at));
    if plain.as_ref().is_ok_and(Tpdu::is_likely) {
        return plain.map(|tpdu| (None, tpdu));
    }
    match (plain, after_centre(kind, octets, at)) {
        (plain, Some(Ok((centre, tpdu)))) if tpdu.is_likely() || plain.is_err() => Ok((Some(centre), tpdu)),
        (Err(_), Some(Err(inner))) if is_centre(octets) => Err(inner),
        (plain, _) => plain.map(|tpdu| (None, tpdu)),
    }
}

fn after_centre(kind: Kind, octets: &[u8], at: usize) -> Option<Result<WithCentre, Error>> {
    let mut r = Reader::at(octets, at);
    let centre = Centre(Address::read_service_centre(&mut r).ok()?);
    Some(read(kind, r).map(|tpdu| (centre, tpdu)))
}

/// Reads the whole rest: in a direction, or as what the station and the centre send more often.
fn read(kind: Kind, r: Reader<'_>) -> Result<Tpdu, Error> {
    match kind {
        Kind::TpduMo => originated(r),
        Kind::TpduMt => terminated(r),
        _ => {
            // TP-MTI (TS 23.040 §9.2.3.1): 01 is SMS-SUBMIT or a report on it, 00 SMS-DELIVER or a report on it.
            let is_submit = r.peek().is_some_and(|first| first & 0x03 == 0x01);
            let (first, second): (Reading, Reading) =
                if is_submit { (originated, terminated) } else { (terminated, originated) };
            // One with an address that is cut short is no report.
            let has_address = begins_with_address(r.clone().rest());
            first(r.clone())
                .or_else(|error| if has_address { Err(error) } else { second(r).map_err(|_| error) })
        }
    }
}

type Reading = fn(Reader<'_>) -> Result<Tpdu, Error>;

fn originated(r: Reader<'_>) -> Result<Tpdu, Error> {
    whole(r).map(Tpdu::Originated)
}

fn terminated(r: Reader<'_>) -> Result<Tpdu, Error> {
    whole(r).map(Tpdu::Terminated)
}

fn whole<T: Wire + Parts>(mut r: Reader<'_>) -> Result<T, Error> {
    let tpdu = T::read(&mut r)?;
    r.finish(tpdu.name())?;
    Ok(tpdu)
}
