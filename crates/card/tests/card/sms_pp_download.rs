//! Messages for the card: to the applet that a command packet's TAR names, or to those that hear all others
//! (TS 31.111 §7.1.1, TS 31.115).

use oxisim_card::{Card, Profile};
use oxisim_sms::{
    DataCoding, Element, ElementId, ProtocolIdentifier, Timestamp, UserData,
    concatenation::{Concatenation, Reference},
    packet::{CommandPacket, Tar},
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
