//! Records as a capture that Wireshark opens: pcapng.
//!
//! The first interface has what passed between phone and card: GSMTAP in UDP in IP. The second has short messages, in the
//! form in which Wireshark exports upper layers, so that it dissects them without any setting.

use std::{borrow::Cow, io::Write, time::Duration as StdDuration};

use oxisim_wire::Instant;
use pcap_file::{
    DataLink, PcapError,
    pcapng::{
        Block, PcapNgParser, PcapNgWriter,
        blocks::{
            enhanced_packet::EnhancedPacketBlock,
            interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption},
        },
    },
};

use crate::{Error, Party, Record, What, gsmtap};

/// The interfaces, in their order: name, and the link type of its packets.
const INTERFACES: [(&str, DataLink); 2] = [("card", DataLink::RAW), ("sms", DataLink::WIRESHARK_UPPER_PDU)];
const CARD: u32 = 0;
const SMS: u32 = 1;

/// Timestamps count nanoseconds (`if_tsresol`).
const NANOSECONDS: u8 = 9;

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

    /// Writes the packets of a record; there are none of what is no octets.
    pub fn write(&mut self, record: &Record) -> Result<(), Error> {
        for (interface_id, packet) in packets(&record.what) {
            let packet = EnhancedPacketBlock {
                interface_id,
                timestamp: StdDuration::from_micros(record.at.as_micros()),
                original_len: u32::try_from(packet.len()).unwrap_or(u32::MAX),
                data: Cow::Owned(packet),
                options: Vec::new(),
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

/// Interface and octets of the packets of a record.
fn packets(what: &What) -> Vec<(u32, Vec<u8>)> {
    match what {
        What::Tpdu { from, tpdu } => vec![(SMS, upper(b"gsm_sms\0", *from, tpdu))],
        What::UserData { from, octets, .. } => vec![(SMS, upper(b"data\0\0\0\0", *from, octets))],
        what => gsmtap::frames(what).iter().map(|frame| (CARD, datagram(frame))).collect(),
    }
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

/// An exported upper layer: tags with the dissector's name, whose length is a multiple of four, and the direction as the
/// network sees it; then the octets.
fn upper(dissector: &[u8], from: Party, octets: &[u8]) -> Vec<u8> {
    const NAME: [u8; 2] = [0, 12];
    const DIRECTION: [u8; 6] = [0, 35, 0, 4, 0, 0];
    const END: [u8; 4] = [0; 4];
    let received = [0, u8::from(from == Party::Phone)];
    [&NAME[..], &[0, dissector.len() as u8], dissector, &DIRECTION, &received, &END, octets].concat()
}

/// The records of a capture, of this program or of another: what is no GSMTAP of type SIM and no exported TPDU is passed
/// over.
pub fn read(octets: &[u8]) -> Result<Vec<Record>, Error> {
    let wrong = |rest: &[u8], error: &PcapError| Error::Capture {
        offset: octets.len() - rest.len(),
        reason: match error {
            PcapError::IncompleteBuffer => "the capture is cut off".into(),
            error => error.to_string(),
        },
    };
    let (mut rest, mut parser) = PcapNgParser::new(octets).map_err(|error| wrong(octets, &error))?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (after, block) = parser.next_block(rest).map_err(|error| wrong(rest, &error))?;
        rest = after;
        let Block::EnhancedPacket(packet) = block else { continue };
        let Some(interface) = parser.packet_interface(&packet) else { continue };
        let Some(what) = understood(interface.linktype, &packet.data) else { continue };
        // The parser takes every timestamp for nanoseconds.
        let count = packet.timestamp.as_nanos();
        records.push(Record::new(instant(count, interface), what));
    }
    Ok(records)
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

fn understood(link: DataLink, packet: &[u8]) -> Option<What> {
    match link {
        DataLink::RAW | DataLink::IPV4 => gsmtap::read(payload(packet)?),
        DataLink::ETHERNET => gsmtap::read(payload(packet.get(14..)?)?),
        DataLink::LINUX_SLL => gsmtap::read(payload(packet.get(16..)?)?),
        DataLink::WIRESHARK_UPPER_PDU => exported(packet),
        _ => None,
    }
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

/// The TPDU that was exported, or nothing.
fn exported(mut packet: &[u8]) -> Option<What> {
    let (mut is_tpdu, mut from) = (false, Party::Centre);
    loop {
        let (&[t1, t0, l1, l0], after) = packet.split_first_chunk::<4>()?;
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes([l1, l0])))?;
        packet = after;
        match u16::from_be_bytes([t1, t0]) {
            0 => break,
            12 => {
                is_tpdu =
                    value.strip_prefix(b"gsm_sms").is_some_and(|rest| rest.iter().all(|&octet| octet == 0));
            }
            35 if value.last() == Some(&1) => from = Party::Phone,
            _ => {}
        }
    }
    is_tpdu.then(|| What::Tpdu { from, tpdu: packet.to_vec() })
}

#[cfg(test)]
mod tests {
    use oxisim_wire::Duration;
    use proptest::prelude::*;

    use super::*;

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

    #[test]
    fn a_capture_comes_back_with_its_times() {
        assert_eq!(read(&written(&records())).unwrap(), records());
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
        fn no_capture_panics(at in 0..600_usize, octet: u8, cut in 0..700_usize) {
            let mut octets = written(&records());
            if let Some(place) = octets.get_mut(at) {
                *place = octet;
            }
            octets.truncate(cut);
            let _ = read(&octets);
        }
    }
}
