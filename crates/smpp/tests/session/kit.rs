//! Sessions without sockets, and what they say.

use oxisim_smpp::{
    Bind, Body, CommandId, CommandStatus, Event, Header, Message, Operation, Role, Session, Settings, Version,
};
use oxisim_sms::{DataCoding, Element, ElementId, ProtocolIdentifier, UserData};
use oxisim_wire::{Duration, Instant, Reader, Wire};

pub const START: Instant = Instant::from_secs(1_000);

pub fn bind(role: Role) -> Bind {
    Bind {
        role,
        system_id: "backup".into(),
        password: "secret".into(),
        system_type: String::new(),
        version: Version::V5_0,
        address_range: String::new(),
    }
}

pub fn later(seconds: u64) -> Instant {
    START + Duration::from_secs(seconds)
}

pub fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

/// Carries octets until both sides have said all.
pub fn talk(one: &mut Session, other: &mut Session, now: Instant) {
    loop {
        let (there, back) = (one.poll_output(), other.poll_output());
        if there.is_none() && back.is_none() {
            return;
        }
        other.handle_octets(&there.unwrap_or_default(), now);
        one.handle_octets(&back.unwrap_or_default(), now);
    }
}

/// An ESME bound to a centre.
pub fn bound_with(settings: Settings, role: Role) -> (Session, Session) {
    let mut esme = Session::esme(settings.clone(), bind(role), START).unwrap();
    let mut centre = Session::centre(settings, START);
    talk(&mut esme, &mut centre, START);
    assert!(matches!(events(&mut centre)[..], [Event::BindRequested(_)]));
    centre.accept_bind("centre");
    talk(&mut esme, &mut centre, START);
    assert!(matches!(events(&mut esme)[..], [Event::Bound(..)]));
    (esme, centre)
}

pub fn bound() -> (Session, Session) {
    bound_with(Settings::default(), Role::Transceiver)
}

/// A command packet for a SIM.
pub fn download() -> Message {
    let header = vec![Element::new(ElementId(0x70), [])];
    let data = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, vec![0x00, 0x03, 1, 2, 3]).unwrap();
    let mut message = Message::new(Operation::Submit, "1000".parse().ok(), "+15550100001".parse().unwrap());
    message.protocol_id = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    message.with_user_data(&data).with_reference(7)
}

pub fn deliver(content: &[u8]) -> Message {
    let mut message = Message::new(Operation::Deliver, "+15550100001".parse().ok(), "1000".parse().unwrap());
    message.content = content.into();
    message
}

/// The PDUs in octets.
pub fn pdus(mut octets: &[u8]) -> Vec<(Header, Body)> {
    let mut all = Vec::new();
    while !octets.is_empty() {
        let header = Header::read(&mut Reader::new(octets)).unwrap();
        let (pdu, rest) = octets.split_at(header.length as usize);
        all.push((header, Body::read(header, &pdu[Header::LENGTH..]).unwrap()));
        octets = rest;
    }
    all
}

/// What a session answers.
pub fn answers(session: &mut Session, octets: &[u8]) -> Vec<(CommandId, CommandStatus, u32)> {
    session.handle_octets(octets, START);
    let said = session.poll_output().unwrap_or_default();
    pdus(&said).into_iter().map(|(header, _)| (header.id, header.status, header.sequence)).collect()
}

pub fn pdu(body: &Body, sequence: u32) -> Vec<u8> {
    body.encode(CommandStatus::OK, sequence).unwrap()
}

pub fn raw(id: CommandId, sequence: u32, body: &[u8]) -> Vec<u8> {
    let header =
        Header { length: (Header::LENGTH + body.len()) as u32, id, status: CommandStatus::OK, sequence };
    [&header.encode(), body].concat()
}
