//! Any octets as what a peer sends in a bound session, the first one saying to which side and where the rest is cut: both
//! halves are answered like the whole, and each PDU that can be read is written as it is read.

use oxisim_smpp::{Bind, Body, CommandStatus, Header, Role, Session, Settings, Version};
use oxisim_wire::{Instant, Reader, Wire};

const NOW: Instant = Instant::EPOCH;

/// A bound session, of an ESME or of an SMS centre.
fn session(esme: bool) -> Session {
    let bind = Bind {
        role: Role::Transceiver,
        system_id: "esme".into(),
        password: String::new(),
        system_type: String::new(),
        version: Version::V5_0,
        address_range: String::new(),
    };
    let mut esme_side = Session::esme(Settings::default(), bind, NOW).expect("a bind that can be said");
    let mut centre = Session::centre(Settings::default(), NOW);
    centre.handle_octets(&esme_side.poll_output().expect("a bind"), NOW);
    while centre.poll_event().is_some() {}
    centre.accept_bind("centre");
    esme_side.handle_octets(&centre.poll_output().expect("its response"), NOW);
    while esme_side.poll_event().is_some() {}
    if esme { esme_side } else { centre }
}

pub fn run(octets: &[u8]) -> &'static str {
    let [how, octets @ ..] = octets else { return super::NOTHING };
    let (mut whole, mut halves) = (session(how & 1 == 0), session(how & 1 == 0));
    whole.handle_octets(octets, NOW);
    let (first, second) = octets.split_at(usize::from(how >> 1).min(octets.len()));
    halves.handle_octets(first, NOW);
    halves.handle_octets(second, NOW);
    let said = whole.poll_output();
    assert_eq!(said, halves.poll_output());
    while let Some(event) = whole.poll_event() {
        assert_eq!(halves.poll_event(), Some(event));
    }
    assert_eq!(whole.ended(), halves.ended());

    let mut word = if said.is_some() { "answered" } else { super::NOTHING };
    let mut rest = octets;
    while let Ok(header) = Header::read(&mut Reader::new(rest)) {
        let Some(body) = rest.get(Header::LENGTH..header.length as usize) else { break };
        rest = &rest[header.length as usize..];
        let read = Body::read(header, body);
        let Some(written) = read.ok().and_then(|body| body.encode(CommandStatus::OK, 1).ok()) else {
            continue;
        };
        let again = Body::read(header, &written[Header::LENGTH..]).expect("what is written can be read");
        assert_eq!(again.encode(CommandStatus::OK, 1), Ok(written));
        word = "written again";
    }
    word
}
