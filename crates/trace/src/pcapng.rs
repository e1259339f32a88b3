//! Records as a capture that Wireshark opens: pcapng.
//!
//! The first interface has what passed between phone and card: GSMTAP in UDP in IP. The second has messages, in the form in
//! which Wireshark exports upper layers: TPDUs, RPDUs and PDUs of SMPP, and as JSON whatever has no octets.
//!
//! A capture has all that lines of JSON have. What a packet cannot say, such as Le, how long it took or to which phone it
//! went, is in its comment, which is the record's line.

use std::{borrow::Cow, io::Write, time::Duration as StdDuration};

use oxisim_wire::Instant;
use pcap_file::{
    DataLink, PcapError,
    pcapng::{
        Block, PcapNgParser, PcapNgWriter,
        blocks::{
            enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption},
            interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption},
        },
    },
};

use crate::{Error, Place, Placed, Record, What, gsmtap, json, upper};

/// The interfaces, in their order: name, and the link type of its packets.
const INTERFACES: [(&str, DataLink); 2] = [("card", DataLink::RAW), ("sms", DataLink::WIRESHARK_UPPER_PDU)];
const CARD: usize = 0;
const SMS: usize = 1;

/// Timestamps count nanoseconds (`if_tsresol`).
const NANOSECONDS: u8 = 9;

/// The longest comment, and the longest datagram: their lengths have 16 bits.
const LONGEST: usize = u16::MAX as usize;

/// Writes a capture.
pub struct Writer<W: Write>(PcapNgWriter<W>);

impl<W: Write> Writer<W> {
    /// A capture, with its interfaces.
    pub fn new(out: W) -> Result<Self, Error> {
        let mut writer = PcapNgWriter::new(out).map_err(not_written)?;
        for (name, linktype) in INTERFACES {
            let options = vec![
                InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ];
            let interface = InterfaceDescriptionBlock { linktype, snaplen: 0, options };
            writer.write_pcapng_block(interface).map_err(not_written)?;
        }
        Ok(Self(writer))
    }

    /// Writes the packets of a record.
    pub fn write(&mut self, record: &Record) -> Result<(), Error> {
        let at = stamped(record.at);
        let mut packets = packets(&record.what);
        let mut comment = None;
        if !says_all(&packets, record) {
            comment = Some(json::line(record)).filter(|line| line.len() <= LONGEST);
            let is_too_long =
                |(interface, packet): &(usize, Vec<u8>)| *interface == CARD && packet.len() > LONGEST;
            if packets.is_empty() || comment.is_none() || packets.iter().any(is_too_long) {
                (packets, comment) = (vec![(SMS, upper::line(record))], None);
            }
        }
        for (interface, packet) in packets {
            let packet = EnhancedPacketBlock {
                interface_id: interface as u32,
                timestamp: StdDuration::from_micros(at.as_micros()),
                original_len: u32::try_from(packet.len()).unwrap_or(u32::MAX),
                data: Cow::Owned(packet),
                options: comment
                    .take()
                    .map(|line| EnhancedPacketOption::Comment(line.into()))
                    .into_iter()
                    .collect(),
            };
            self.0.write_pcapng_block(packet).map_err(not_written)?;
        }
        self.0.get_mut().flush()?;
        Ok(())
    }
}

fn not_written(error: PcapError) -> Error {
    Error::Write(match error {
        PcapError::IoError(error) => error,
        other => std::io::Error::other(other),
    })
}

/// The time that a packet can have: nanoseconds in 64 bits.
fn stamped(at: Instant) -> Instant {
    at.min(Instant::from_micros(u64::MAX / 1_000))
}

/// Interface and octets of the packets of what passed; none of what is no octets.
fn packets(what: &What) -> Vec<(usize, Vec<u8>)> {
    match upper::packet(what) {
        Some(packet) => vec![(SMS, packet)],
        None => gsmtap::frames(what).iter().map(|frame| (CARD, datagram(frame))).collect(),
    }
}

/// Whether nobody needs more than the packets to have the record again.
fn says_all(packets: &[(usize, Vec<u8>)], record: &Record) -> bool {
    let [(interface, packet)] = packets else { return false };
    let link = INTERFACES.get(*interface).map(|(_, link)| *link);
    link.and_then(|link| understood(link, stamped(record.at), packet)).as_ref() == Some(record)
}

/// A datagram from and to this machine, IPv4 (RFC 791) with UDP (RFC 768).
fn datagram(payload: &[u8]) -> Vec<u8> {
    const LOCALHOST: [u8; 4] = [127, 0, 0, 1];
    let length = |header: usize| u16::try_from(payload.len() + header).unwrap_or(u16::MAX).to_be_bytes();
    let port = gsmtap::PORT.to_be_bytes();
    let mut header =
        [&[0x45, 0][..], &length(28), &[0, 0, 0x40, 0, 64, UDP, 0, 0], &LOCALHOST, &LOCALHOST].concat();
    let checksum = checksum(&header).to_be_bytes();
    header.splice(10..12, checksum);
    // A checksum of zero says that there is none.
    [&header[..], &port, &port, &length(8), &[0, 0], payload].concat()
}

/// The checksum of an IPv4 header whose own is zero.
fn checksum(header: &[u8]) -> u16 {
    let words = header.chunks(2).map(|word| match *word {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        _ => 0,
    });
    let sum: u32 = words.sum();
    !((sum & 0xFFFF) + (sum >> 16)) as u16
}

/// A packet of a capture.
struct Packet<'a> {
    frame: usize,
    at: Instant,
    link: DataLink,
    octets: Cow<'a, [u8]>,
    /// The record that its comment is.
    told: Option<Record>,
}

/// The records of a capture, of this program or of another: what is no GSMTAP of type SIM and no upper layer of those
/// above is passed over.
pub fn read(octets: &[u8]) -> Result<Vec<Placed>, Error> {
    let packets = parsed(octets)?;
    let mut records = Vec::new();
    let mut rest = &packets[..];
    while let [first, after @ ..] = rest {
        let place = Place::Frame(first.frame);
        if let Some((record, count)) = first.told.as_ref().and_then(|told| is_of(told, rest)) {
            records.push(Placed { place, record: record.clone() });
            rest = &rest[count..];
        } else {
            let record = understood(first.link, first.at, &first.octets);
            records.extend(record.map(|record| Placed { place, record }));
            rest = after;
        }
    }
    Ok(records)
}

/// The record of a comment, and how many packets it has, if they are those that stand here: a capture may have been cut or
/// altered.
fn is_of<'a>(told: &'a Record, rest: &[Packet<'_>]) -> Option<(&'a Record, usize)> {
    let packets = packets(&told.what);
    let here = rest.get(..packets.len())?;
    let is_same = |((interface, octets), here): (&(usize, Vec<u8>), &Packet<'_>)| {
        INTERFACES.get(*interface).is_some_and(|(_, link)| *link == here.link)
            && *octets == *here.octets
            && here.at == stamped(told.at)
    };
    (!here.is_empty() && packets.iter().zip(here).all(is_same)).then_some((told, here.len()))
}

/// The packets of a capture whose interface is known, counted as Wireshark counts them.
fn parsed(octets: &[u8]) -> Result<Vec<Packet<'_>>, Error> {
    let wrong = |rest: &[u8], error: &PcapError| Error::Capture {
        offset: octets.len() - rest.len(),
        reason: match error {
            PcapError::IncompleteBuffer => "the capture is cut off".into(),
            error => error.to_string(),
        },
    };
    let (mut rest, mut parser) = PcapNgParser::new(octets).map_err(|error| wrong(octets, &error))?;
    let (mut packets, mut frame) = (Vec::new(), 0);
    while !rest.is_empty() {
        let (after, block) = parser.next_block(rest).map_err(|error| wrong(rest, &error))?;
        rest = after;
        frame += usize::from(matches!(
            block,
            Block::EnhancedPacket(_) | Block::SimplePacket(_) | Block::Packet(_)
        ));
        let Block::EnhancedPacket(packet) = block else { continue };
        let Some(interface) = parser.packet_interface(&packet) else { continue };
        let told = packet.options.iter().find_map(|option| match option {
            EnhancedPacketOption::Comment(comment) => json::parse(comment).ok(),
            _ => None,
        });
        // The parser takes every timestamp for nanoseconds.
        let at = instant(packet.timestamp.as_nanos(), interface);
        packets.push(Packet { frame, at, link: interface.linktype, octets: packet.data, told });
    }
    Ok(packets)
}

/// A timestamp, in the resolution of its interface: a power of ten, or of two (`if_tsresol`, draft-ietf-opsawg-pcapng §4.2).
fn instant(count: u128, interface: &InterfaceDescriptionBlock<'_>) -> Instant {
    const MICROSECONDS: u8 = 6;
    let resolution = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
        _ => None,
    });
    let resolution = resolution.unwrap_or(MICROSECONDS);
    let exponent = u32::from(resolution & 0x7F);
    let per_second =
        if resolution & 0x80 == 0 { 10_u128.checked_pow(exponent) } else { 1_u128.checked_shl(exponent) };
    let micros = per_second.filter(|&unit| unit > 0).map_or(0, |unit| count * 1_000_000 / unit);
    Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn understood(link: DataLink, at: Instant, packet: &[u8]) -> Option<Record> {
    let below = match link {
        DataLink::WIRESHARK_UPPER_PDU => return upper::read(at, packet),
        DataLink::RAW | DataLink::IPV4 => packet,
        DataLink::ETHERNET => packet.get(14..)?,
        DataLink::LINUX_SLL => packet.get(16..)?,
        _ => return None,
    };
    gsmtap::read(payload(below)?).map(|what| Record::new(at, what))
}

const UDP: u8 = 17;

/// What a datagram of IPv4 carries for the port of GSMTAP.
fn payload(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    if first >> 4 != 4 || *packet.get(9)? != UDP {
        return None;
    }
    let datagram = packet.get(4 * usize::from(first & 0x0F)..)?;
    let port = u16::from_be_bytes(*datagram.get(2..)?.first_chunk()?);
    if port == gsmtap::PORT { datagram.get(8..) } else { None }
}

#[cfg(test)]
mod tests {
    use oxisim_wire::Duration;
    use proptest::prelude::*;

    use super::*;
    use crate::{Party, record::tests::whats};

    fn records() -> Vec<Record> {
        let exchange = |command: &[u8], response: &[u8]| What::Exchange {
            command: command.to_vec(),
            response: response.to_vec(),
            took: Duration::ZERO,
        };
        let whats = [
            What::Reset { answer: vec![0x3B, 0x00] },
            exchange(&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00], &[0x61, 0x1F]),
            exchange(&[0x00, 0xB0, 0x00, 0x00, 0x02], &[0x01, 0x02, 0x90, 0x00]),
            What::Tpdu { from: Party::Phone, tpdu: vec![0x00, 0x00, 0x00] },
            What::Tpdu { from: Party::Centre, tpdu: vec![0x00, 0x04] },
        ];
        let at = |n: u64| Instant::from_micros(1_764_284_804_000_000 + n);
        (0..).step_by(123_457).zip(whats).map(|(n, what)| Record::new(at(n), what)).collect()
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut octets = Vec::new();
        let mut writer = Writer::new(&mut octets).unwrap();
        for record in records {
            writer.write(record).unwrap();
        }
        octets
    }

    fn back(capture: &[u8]) -> Vec<Record> {
        read(capture).unwrap().into_iter().map(|placed| placed.record).collect()
    }

    #[test]
    fn a_capture_comes_back_with_its_times() {
        assert_eq!(back(&written(&records())), records());
    }

    #[test]
    fn a_comment_counts_only_beside_its_own_packets() {
        let exchange = What::Exchange {
            command: vec![0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00],
            response: vec![0x62, 0x00, 0x90, 0x00],
            took: Duration::from_micros(7),
        };
        let record = Record::new(Instant::from_secs(1), exchange);
        let octets = written(std::slice::from_ref(&record));
        assert_eq!(back(&octets), [record]);
        // Whoever alters the time of the packets has not altered their comments.
        let text = b"\"at\":1000000";
        let at = octets.windows(text.len()).position(|window| window == text).unwrap();
        let altered = [&octets[..at], b"\"at\":1000001", &octets[at + text.len()..]].concat();
        let places: Vec<Place> = read(&altered).unwrap().into_iter().map(|placed| placed.place).collect();
        assert_eq!(places, [Place::Frame(1), Place::Frame(2)]);
    }

    #[test]
    fn what_is_too_long_for_a_datagram_comes_back() {
        let command = [&[0x00, 0xD6, 0x00, 0x00, 0x00, 0xFF, 0xFF][..], &vec![7; 0xFFFF]].concat();
        let what = What::Exchange { command, response: vec![0x90, 0x00], took: Duration::ZERO };
        let record = Record::new(Instant::EPOCH, what);
        assert_eq!(back(&written(std::slice::from_ref(&record))), [record]);
    }

    #[test]
    fn a_capture_that_is_cut_off_says_where() {
        let octets = written(&records());
        let error = read(&octets[..octets.len() - 5]).unwrap_err();
        assert!(error.to_string().ends_with(": the capture is cut off"), "{error}");
    }

    #[test]
    fn the_resolution_of_the_interface_counts() {
        let of = |resolution, count| {
            let options = vec![InterfaceDescriptionOption::IfTsResol(resolution)];
            let interface = InterfaceDescriptionBlock { linktype: DataLink::RAW, snaplen: 0, options };
            instant(count, &interface).as_micros()
        };
        assert_eq!(of(6, 1_500_000), 1_500_000);
        assert_eq!(of(9, 1_500_000_000), 1_500_000);
        assert_eq!(of(0x81, 3), 1_500_000);
        assert_eq!(of(0xFF, 3), 0);
        assert_eq!(of(0x7F, 3), 0);
    }

    proptest! {
        #[test]
        fn lines_come_back_from_a_capture_as_they_were(
            records in prop::collection::vec((any::<u64>(), whats()), 0..10),
        ) {
            let records = records.into_iter().map(|(at, what)| Record::new(Instant::from_micros(at), what));
            let lines: Vec<String> = records.map(|record| json::line(&record)).collect();
            let read_lines = json::read(lines.join("\n").as_bytes()).unwrap();
            let records: Vec<Record> = read_lines.into_iter().map(|placed| placed.record).collect();
            let again: Vec<String> = back(&written(&records)).iter().map(json::line).collect();
            prop_assert_eq!(again, lines);
        }

        #[test]
        fn no_capture_panics(at in 0..1_500_usize, octet: u8, cut in 0..1_600_usize) {
            let mut octets = written(&records());
            if let Some(place) = octets.get_mut(at) {
                *place = octet;
            }
            octets.truncate(cut);
            let _ = read(&octets);
        }
    }
}
