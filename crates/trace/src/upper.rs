//! What stands above the radio and the line, in the form in which Wireshark exports upper layers: the name of the
//! dissector that reads it, and the octets. So Wireshark needs no setting.

use oxisim_wire::Instant;

use crate::{Party, Record, What, json};

/// Tags of an exported upper layer: the dissector's name, and the direction as the network sees it.
const NAME: u16 = 12;
const DIRECTION: u16 = 35;
const END: u16 = 0;

/// What of a record stands above; nothing of what passes at the card, which has a frame of its own.
pub fn packet(what: &What) -> Option<Vec<u8>> {
    Some(match what {
        What::Tpdu { from, tpdu } => exported("gsm_sms", Some(*from), tpdu),
        What::Rpdu { from, rpdu, .. } => exported("gsm_a_rp", Some(*from), rpdu),
        What::Pdu { from, pdu, .. } => exported("smpp", Some(*from), pdu),
        What::UserData { from, octets, .. } => exported("data", Some(*from), octets),
        _ => return None,
    })
}

/// A record as its line of JSON, for which Wireshark has a dissector, too.
pub fn line(record: &Record) -> Vec<u8> {
    exported("json", None, json::line(record).as_bytes())
}

/// The name is filled up to a multiple of four octets.
fn exported(dissector: &str, from: Option<Party>, octets: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    let mut tag = |tag: u16, value: &[u8]| {
        packet.extend(tag.to_be_bytes());
        packet.extend((value.len() as u16).to_be_bytes());
        packet.extend(value);
    };
    let mut name = dissector.as_bytes().to_vec();
    name.resize(name.len().next_multiple_of(4), 0);
    tag(NAME, &name);
    if let Some(from) = from {
        // What the SMS centre gets is received, what it sends is sent.
        tag(DIRECTION, &u32::from(from != Party::Centre).to_be_bytes());
    }
    tag(END, &[]);
    packet.extend(octets);
    packet
}

/// What an exported upper layer says at a time; nothing if it is another dissector's.
pub fn read(at: Instant, mut packet: &[u8]) -> Option<Record> {
    let (mut dissector, mut is_received) = (&[][..], false);
    loop {
        let (&[t1, t0, l1, l0], after) = packet.split_first_chunk::<4>()?;
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes([l1, l0])))?;
        packet = after;
        match u16::from_be_bytes([t1, t0]) {
            END => break,
            NAME => dissector = value.split(|&octet| octet == 0).next().unwrap_or_default(),
            DIRECTION => is_received = value.last() == Some(&1),
            _ => {}
        }
    }
    let from = |sender| if is_received { sender } else { Party::Centre };
    let what = match dissector {
        b"gsm_sms" => What::Tpdu { from: from(Party::Phone), tpdu: packet.to_vec() },
        b"gsm_a_rp" => What::Rpdu { from: from(Party::Phone), phone: String::new(), rpdu: packet.to_vec() },
        b"smpp" => What::Pdu { from: from(Party::Server), peer: String::new(), pdu: packet.to_vec() },
        b"json" => return json::parse(std::str::from_utf8(packet).ok()?).ok(),
        _ => return None,
    };
    Some(Record::new(at, what))
}
