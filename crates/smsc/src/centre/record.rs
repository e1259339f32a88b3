//! What is kept, as octets, so that it survives the end of the centre.
//!
//! Whole numbers are written most significant octet first, texts and octets behind a length of two octets, what may be missing
//! behind an octet that is 1 if it is there. A record begins with its version.

use oxisim_smpp::RegisteredDelivery;
use oxisim_sms::{
    Address, DataCoding, Element, ElementId, ProtocolIdentifier, TypeOfAddress, UserData,
    tpdu::{self, Status},
};
use oxisim_wire::{Error, ErrorKind, Instant, Reader, Wire};

use super::{Centre, Held, Kept, Sender, Timer};
use crate::{Acknowledgement, Message, Number, Party, Receipt};

/// The version of the records.
const VERSION: u8 = 1;

impl Centre {
    /// The messages of which something has changed since the last call: each is as [`Centre::record`] has it, or gone.
    pub fn take_changes(&mut self) -> impl Iterator<Item = u64> + use<> {
        std::mem::take(&mut self.changed).into_iter()
    }

    /// A message that is kept, or what is kept about one, as octets.
    #[must_use]
    pub fn record(&self, id: u64) -> Option<Vec<u8>> {
        let held = self.held.get(&id)?;
        let mut out = vec![VERSION];
        put_u64(&mut out, id);
        write(held, &mut out);
        Some(out)
    }

    /// All that is kept.
    pub fn records(&self) -> impl Iterator<Item = (u64, Vec<u8>)> + '_ {
        self.held.keys().filter_map(|&id| Some((id, self.record(id)?)))
    }

    /// Takes a record of a centre before this one; its identity. It goes out when its receiver is there.
    pub fn restore(&mut self, record: &[u8]) -> Result<u64, Error> {
        let mut r = Reader::new(record);
        if let version @ (0 | 2..) = r.u8("version")? {
            return Err(Error::new("version", 0, ErrorKind::Value(version.into())));
        }
        let id = u64_of(&mut r)?;
        let held = read(&mut r)?;
        r.finish("record")?;
        self.next = self.next.max(id.saturating_add(1));
        let queue = self.queues.entry(held.to.clone()).or_default();
        if let (Party::Phone(_), Some((Sender::Esme { system_id, .. }, _))) = (&held.to, &held.sender) {
            queue.alerts.insert(system_id.clone());
        }
        queue.waiting.insert((held.begins, id));
        self.timers.insert((held.expires, Timer::Expires(id)));
        self.held.insert(id, held);
        Ok(id)
    }
}

fn write(held: &Held, out: &mut Vec<u8>) {
    let Held { content, to, sender, submitted, begins, expires, answer_by: _ } = held;
    match to {
        Party::Phone(number) => {
            out.push(0);
            put_address(out, number.address());
        }
        Party::Esme(system_id) => {
            out.push(1);
            put_octets(out, system_id.as_bytes());
        }
    }
    match sender {
        None => out.push(0),
        Some((Sender::Phone { number, reference }, wanted)) => {
            out.push(1);
            put_address(out, number.address());
            out.extend([*reference, wanted.0]);
        }
        Some((Sender::Esme { system_id, service_type, reference }, wanted)) => {
            out.push(2);
            put_octets(out, system_id.as_bytes());
            put_octets(out, service_type.as_bytes());
            put_reference(out, *reference);
            out.push(wanted.0);
        }
    }
    for at in [submitted, begins, expires] {
        put_u64(out, at.as_micros());
    }
    match content {
        Kept::Message(Message { from, to, protocol, user_data }) => {
            out.push(0);
            put_address(out, from);
            put_address(out, to);
            out.push(protocol.0);
            put_user_data(out, user_data);
        }
        Kept::Receipt(receipt) => {
            out.push(1);
            put_receipt(out, receipt);
        }
        Kept::Acknowledgement(Acknowledgement { receipt, user_data }) => {
            out.push(2);
            put_receipt(out, receipt);
            put_user_data(out, user_data);
        }
        Kept::Report(report) => {
            out.push(3);
            put_octets(out, &report.encode());
        }
    }
}

fn read(r: &mut Reader<'_>) -> Result<Held, Error> {
    let to = match r.u8("receiver")? {
        0 => Party::Phone(number(r)?),
        1 => Party::Esme(text(r)?),
        other => return Err(value("receiver", other)),
    };
    let sender = match r.u8("sender")? {
        0 => None,
        1 => {
            let sender = Sender::Phone { number: number(r)?, reference: r.u8("reference")? };
            Some((sender, RegisteredDelivery(r.u8("registered_delivery")?)))
        }
        2 => {
            let (system_id, service_type, reference) = (text(r)?, text(r)?, reference(r)?);
            let sender = Sender::Esme { system_id, service_type, reference };
            Some((sender, RegisteredDelivery(r.u8("registered_delivery")?)))
        }
        other => return Err(value("sender", other)),
    };
    let (submitted, begins, expires) = (instant(r)?, instant(r)?, instant(r)?);
    let content = match r.u8("content")? {
        0 => {
            let (from, to, protocol) = (address(r)?, address(r)?, ProtocolIdentifier(r.u8("protocol")?));
            Kept::Message(Message { from, to, protocol, user_data: user_data(r)? })
        }
        1 => Kept::Receipt(receipt(r)?),
        2 => Kept::Acknowledgement(Acknowledgement { receipt: receipt(r)?, user_data: user_data(r)? }),
        3 => match tpdu::MobileTerminated::decode(octets(r)?, "TPDU")? {
            tpdu::MobileTerminated::StatusReport(report) => Kept::Report(report),
            _ => return Err(value("TPDU", 0)),
        },
        other => return Err(value("content", other)),
    };
    Ok(Held { content, to, sender, submitted, begins, expires, answer_by: None })
}

fn put_receipt(out: &mut Vec<u8>, receipt: &Receipt) {
    let Receipt { id, reference, from, to, submitted, done, status } = receipt;
    put_u64(out, *id);
    put_reference(out, *reference);
    put_address(out, from);
    put_address(out, to);
    put_u64(out, submitted.as_micros());
    put_u64(out, done.as_micros());
    out.push(status.0);
}

fn receipt(r: &mut Reader<'_>) -> Result<Receipt, Error> {
    Ok(Receipt {
        id: u64_of(r)?,
        reference: reference(r)?,
        from: address(r)?,
        to: address(r)?,
        submitted: instant(r)?,
        done: instant(r)?,
        status: Status(r.u8("status")?),
    })
}

fn put_user_data(out: &mut Vec<u8>, data: &UserData) {
    out.extend([data.coding().0, data.header().len() as u8]);
    for element in data.header() {
        out.push(element.id.0);
        put_octets(out, &element.data);
    }
    put_octets(out, data.payload());
}

fn user_data(r: &mut Reader<'_>) -> Result<UserData, Error> {
    let coding = DataCoding(r.u8("coding")?);
    let mut header = Vec::new();
    for _ in 0..r.u8("elements")? {
        let id = ElementId(r.u8("element")?);
        header.push(Element::new(id, octets(r)?));
    }
    UserData::new(coding, header, octets(r)?.to_vec()).map_err(|_| value("user data", coding.0))
}

fn put_address(out: &mut Vec<u8>, address: &Address) {
    out.push(address.kind().0);
    put_octets(out, address.semi_octets());
}

fn address(r: &mut Reader<'_>) -> Result<Address, Error> {
    let kind = r.u8("type of address")?;
    Address::new(TypeOfAddress(kind), octets(r)?.to_vec()).map_err(|_| value("address", kind))
}

fn number(r: &mut Reader<'_>) -> Result<Number, Error> {
    Number::of(&address(r)?).ok_or_else(|| value("number", 0))
}

fn put_reference(out: &mut Vec<u8>, reference: Option<u16>) {
    out.push(reference.is_some().into());
    out.extend(reference.unwrap_or_default().to_be_bytes());
}

fn reference(r: &mut Reader<'_>) -> Result<Option<u16>, Error> {
    let is_there = r.u8("reference")? == 1;
    Ok(Some(r.u16("reference")?).filter(|_| is_there))
}

fn put_octets(out: &mut Vec<u8>, octets: &[u8]) {
    let octets = octets.get(..usize::from(u16::MAX)).unwrap_or(octets);
    out.extend((octets.len() as u16).to_be_bytes());
    out.extend_from_slice(octets);
}

fn octets<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let length = r.u16("length")?;
    r.take(length.into(), "octets")
}

fn text(r: &mut Reader<'_>) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(octets(r)?).into_owned())
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_be_bytes());
}

fn u64_of(r: &mut Reader<'_>) -> Result<u64, Error> {
    r.array("number").map(u64::from_be_bytes)
}

fn instant(r: &mut Reader<'_>) -> Result<Instant, Error> {
    u64_of(r).map(Instant::from_micros)
}

const fn value(what: &'static str, found: u8) -> Error {
    Error::new(what, 0, ErrorKind::Value(found as u32))
}
