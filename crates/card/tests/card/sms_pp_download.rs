//! Messages for the card: to the applet that a command packet's TAR names, or to those that hear all others
//! (TS 31.111 §7.1.1, TS 31.115).

use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, ToolkitEvent};
use oxisim_sms::{
    DataCoding, Element, ElementId, ProtocolIdentifier, Timestamp, UserData,
    concatenation::{Concatenation, Reference},
    packet::{CommandPacket, Form, Key, Keys, Kic, Kid, SecurityParameters, Tar},
    tpdu::Deliver,
};
use oxisim_toolkit::{Envelope, envelope::SmsPpDownload};
use oxisim_wire::Wire;

use crate::{
    hello::{Hello, TAR},
    terminal::Terminal,
};

fn hello() -> Terminal {
    Terminal::with(Card::new(&Profile::default()).with_applet(Hello::default()))
}

fn envelope(user_data: UserData) -> String {
    let timestamp = Timestamp::decode(&[0x62, 0x11, 0x32, 0x81, 0x00, 0x00, 0x00], "time stamp").unwrap();
    let deliver =
        Deliver::new("+15550100002".parse().unwrap(), ProtocolIdentifier(0x7F), timestamp, user_data);
    let data = Envelope::from(SmsPpDownload::new(None, deliver.encode())).encode();
    format!("80C20000{:02X}{}00", data.len(), hex::encode(data))
}

fn packet(tar: Tar, data: &[u8]) -> CommandPacket {
    CommandPacket::unsecured(tar, 1.into(), data)
}

#[test]
fn a_command_packet_goes_to_the_applet_with_its_tar() {
    let mut terminal = hello();
    let ours = packet(TAR, b"\x01\x02").user_data().unwrap();
    assert_eq!(terminal.ok(&envelope(ours)), "0102", "its answer comes back");
    let foreign = packet(Tar([0, 0, 1]), b"\x01").user_data().unwrap();
    assert_eq!(terminal.send(&envelope(foreign)), "6A88");
}

#[test]
fn a_packet_in_several_messages_arrives_as_one() {
    let mut terminal = hello();
    let data: Vec<u8> = (0..200).collect();
    let octets = packet(TAR, &data).encode().unwrap();
    let parts = parts(&octets);
    assert_eq!(parts.len(), 2);
    assert_eq!(terminal.ok(&envelope(parts[1].clone())), "");
    assert_eq!(terminal.ok(&envelope(parts[0].clone())), hex::encode_upper(data));
}

/// The octets of a packet as concatenated messages; the first alone says that it is a packet.
fn parts(octets: &[u8]) -> Vec<UserData> {
    let chunks = octets.chunks(130);
    let total = chunks.len() as u8;
    let part = |(number, chunk): (u8, &[u8])| {
        let mut header = vec![Concatenation { reference: Reference::Short(1), total, number }.element()];
        if number == 1 {
            header.push(Element::new(ElementId::COMMAND_PACKET, []));
        }
        UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, chunk.to_vec()).unwrap()
    };
    (1..).zip(chunks).map(part).collect()
}

#[test]
fn any_other_message_goes_to_those_that_hear_all_of_them() {
    let mut terminal = hello();
    let text = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, vec![], b"hi".to_vec()).unwrap();
    assert_eq!(terminal.ok(&envelope(text)), hex::encode_upper("heard"));
}

#[test]
fn a_message_or_packet_that_is_wrong_is_refused() {
    let mut terminal = hello();
    assert_eq!(terminal.send("80C2000009D107820283818B010400"), "6A80", "a TPDU that is cut");
    let report = "0201 0491 2143 62113281000000 62113281000000 00".replace(' ', "");
    let report = terminal.send(&format!("80C200001DD11B820283818B15{report}"));
    assert_eq!(report, "6A80", "a status report");
    let header = vec![Element::new(ElementId::COMMAND_PACKET, [])];
    let cut = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, vec![0, 9, 13]).unwrap();
    assert_eq!(terminal.send(&envelope(cut)), "6A80");
}

/// An applet with keys of its own.
#[derive(Clone)]
struct Opener(Keys);

impl Applet for Opener {
    fn aid(&self) -> Aid {
        Aid::new(b"\xA0\x00\x00\x09\x99opener").unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { tars: vec![OPENER], ..InstallParameters::default() }
    }

    fn opens_packets(&self) -> bool {
        true
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().set_event(ToolkitEvent::FormattedSmsPp)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::SealedSmsPp(sms) => match sms.packet.open(&self.0) {
                Ok(packet) => env.post_response(&packet.data),
                Err(_) => env.post_response(b"no"),
            },
            Event::FormattedSmsPp(sms) => env.post_response(&[b"plain ", &sms.packet.data[..]].concat()),
            _ => Ok(()),
        }
    }
}

const OPENER: Tar = Tar(*b"opn");

#[test]
fn a_secured_packet_comes_as_it_is_to_the_applet_that_opens_it_and_to_no_other() {
    let key = |octet| Key::new(&[octet; 16]).unwrap();
    let keys = Keys::new(key(1), key(2));
    let card = Card::new(&Profile::default()).with_applet(Hello::default());
    let mut terminal = Terminal::with(card.with_applet(Opener(keys.clone())));
    let mut send = |tar, security, keys: &Keys| {
        let (kic, kid) = (Kic(0x12), Kid(0x12));
        let packet = CommandPacket { kic, kid, security: SecurityParameters(security), ..packet(tar, b"hi") };
        let header = vec![Element::new(ElementId::COMMAND_PACKET, [])];
        let octets = packet.seal(Form::ShortMessage, keys).unwrap();
        terminal.send(&envelope(UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, octets).unwrap()))
    };
    let said = |text| hex::encode_upper(text) + " 9000";
    assert_eq!(send(OPENER, [0x16, 0x00], &keys), said("hi"));
    assert_eq!(send(OPENER, [0x16, 0x00], &Keys::new(key(3), key(2))), said("no"));
    assert_eq!(send(OPENER, [0x08, 0x00], &keys), said("plain hi"));
    assert!(
        !send(TAR, [0x16, 0x00], &keys).contains(&hex::encode_upper("hi")),
        "the card has no keys for it"
    );
}
