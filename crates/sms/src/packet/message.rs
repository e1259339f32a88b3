//! Packets in short messages (TS 31.115 §4.2, §4.3) and in pages of cell broadcast (TS 31.115 §5).

use alloc::{vec, vec::Vec};

use crate::{
    DataCoding, Element, ElementId, Error, UserData,
    concatenation::{Concatenation, Message, Reference},
};

/// A packet as the user data of as many short messages as it takes: 8-bit data of class 2, which a terminal hands to
/// the card. `announced` is [`ElementId::COMMAND_PACKET`] or [`ElementId::RESPONSE_PACKET`].
///
/// Several messages are concatenated, and only the header of the first announces the packet.
///
/// ```
/// use oxisim_sms::{ElementId, concatenation::Reference, packet::short_messages};
///
/// let parts = short_messages(ElementId::COMMAND_PACKET, &[0x5A; 200], Reference::Short(7))?;
/// assert_eq!(parts.iter().map(|part| part.header().len()).collect::<Vec<_>>(), [2, 1]);
/// # Ok::<(), oxisim_sms::Error>(())
/// ```
pub fn short_messages(
    announced: ElementId,
    packet: &[u8],
    reference: Reference,
) -> Result<Vec<UserData>, Error> {
    const CODING: DataCoding = DataCoding::EIGHT_BIT_CLASS_2;
    let announcement = Element::new(announced, []);
    let alone = vec![announcement.clone()];
    if packet.len() <= UserData::capacity(CODING, &alone) {
        return Ok(vec![UserData::new(CODING, alone, packet.to_vec())?]);
    }
    let concatenation = |total, number| Concatenation { reference, total, number }.element();
    let first = UserData::capacity(CODING, &[concatenation(1, 1), announcement.clone()]);
    let others = UserData::capacity(CODING, &[concatenation(1, 1)]);
    let (head, tail) = packet.split_at(first.min(packet.len()));
    let total = 1 + tail.len().div_ceil(others);
    let total = u8::try_from(total).map_err(|_| Error::TooManyParts(total))?;
    let mut parts = vec![UserData::new(CODING, vec![concatenation(total, 1), announcement], head.to_vec())?];
    for (number, chunk) in (2..=total).zip(tail.chunks(others)) {
        parts.push(UserData::new(CODING, vec![concatenation(total, number)], chunk.to_vec())?);
    }
    Ok(parts)
}

/// The packet that a whole message is, and which element announces it; none if none does.
#[must_use]
pub fn packet_of(message: &Message) -> Option<(ElementId, &[u8])> {
    let packets = [ElementId::COMMAND_PACKET, ElementId::RESPONSE_PACKET];
    let announced = message.header.iter().map(|element| element.id).find(|id| packets.contains(id))?;
    Some((announced, &message.payload))
}

/// Octets of a page of cell broadcast (TS 23.041 §9.4.1.2).
pub const PAGE_OCTETS: usize = 88;

/// Serial number, message identifier, data coding scheme and page parameter of a page.
const PAGE_HEADER: usize = 2 + 2 + 1 + 1;
const PAGE_CONTENT: usize = PAGE_OCTETS - PAGE_HEADER;
const PAGES: usize = 15;

/// A command packet as pages of cell broadcast, at most 15; zeros fill the last one.
pub fn pages(packet: &[u8], serial_number: u16, identifier: u16) -> Result<Vec<[u8; PAGE_OCTETS]>, Error> {
    let total = packet.len().div_ceil(PAGE_CONTENT);
    if total > PAGES {
        return Err(Error::PacketTooLong(packet.len()));
    }
    let page = |(number, chunk): (u8, &[u8])| {
        let mut page = [0; PAGE_OCTETS];
        let ([serial, serial_low], [high, low]) = (serial_number.to_be_bytes(), identifier.to_be_bytes());
        let parameter = number << 4 | total as u8;
        let (header, content) = page.split_at_mut(PAGE_HEADER);
        header.copy_from_slice(&[serial, serial_low, high, low, DataCoding::EIGHT_BIT_CLASS_2.0, parameter]);
        content[..chunk.len()].copy_from_slice(chunk);
        page
    };
    Ok((1..).zip(packet.chunks(PAGE_CONTENT)).map(page).collect())
}

/// The command packet that pages are, in whatever order: CPL says how much of them. None if one is missing, or one is
/// of another message.
#[must_use]
pub fn from_pages(pages: &[[u8; PAGE_OCTETS]]) -> Option<Vec<u8>> {
    let first = pages.first()?;
    let total = first[5] & 0x0F;
    let mut packet = Vec::new();
    for number in 1..=total {
        let same = |page: &&[u8; PAGE_OCTETS]| page[..5] == first[..5] && page[5] == number << 4 | total;
        packet.extend_from_slice(&pages.iter().find(same)?[PAGE_HEADER..]);
    }
    let length = usize::from(u16::from_be_bytes([*packet.first()?, *packet.get(1)?])) + 2;
    if pages.len() != usize::from(total) || length > packet.len() {
        return None;
    }
    packet.truncate(length);
    Some(packet)
}

#[cfg(test)]
mod tests {
    use oxisim_wire::{Duration, Instant};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        concatenation::Reassembler,
        packet::{Check, Cipher, Suite},
    };

    fn reassembled(parts: Vec<UserData>) -> Message {
        let mut reassembler = Reassembler::new(255, Duration::from_mins(1));
        let originator = "+491511234567".parse().unwrap();
        let mut messages =
            parts.into_iter().filter_map(|part| reassembler.accept(&originator, part, Instant::EPOCH));
        messages.next().unwrap()
    }

    #[test]
    fn the_header_of_the_first_part_alone_announces_the_packet() {
        let parts = short_messages(ElementId::COMMAND_PACKET, &[0x5A; 270], Reference::Short(0xAB)).unwrap();
        let headers: Vec<Vec<ElementId>> =
            parts.iter().map(|part| part.header().iter().map(|element| element.id).collect()).collect();
        let (concatenated, announced) = (ElementId::CONCATENATED_8, ElementId::COMMAND_PACKET);
        assert_eq!(headers, [vec![concatenated, announced], vec![concatenated], vec![concatenated]]);
        assert_eq!(parts.iter().map(|part| part.payload().len()).collect::<Vec<_>>(), [132, 134, 4]);
    }

    #[test]
    fn messages_hold_what_the_capacity_says_and_no_octet_more() {
        let suite = Suite { cipher: Some(Cipher::AesCbc), check: Some(Check::AesCmac64) };
        for messages in 1..=4 {
            let secured = |data: usize| {
                let length = 6 + 8 + data;
                10 + length + suite.padding(length)
            };
            let capacity = suite.command_capacity(messages);
            let count = |data| {
                let packet = vec![0; secured(data)];
                short_messages(ElementId::COMMAND_PACKET, &packet, Reference::Short(1)).unwrap().len()
            };
            assert_eq!(count(capacity), usize::from(messages));
            assert_eq!(count(capacity + 1), usize::from(messages) + 1);
        }
    }

    #[test]
    fn a_packet_takes_at_most_255_messages() {
        let split = |length| {
            let packet = vec![0; length];
            short_messages(ElementId::COMMAND_PACKET, &packet, Reference::Short(1)).map(|parts| parts.len())
        };
        assert_eq!(split(132 + 254 * 134), Ok(255));
        assert_eq!(split(132 + 254 * 134 + 1), Err(Error::TooManyParts(256)));
    }

    #[test]
    fn a_packet_takes_at_most_15_pages() {
        assert_eq!(pages(&[0; 15 * 82], 0, 0x1080).unwrap().len(), 15);
        assert_eq!(pages(&[0; 15 * 82 + 1], 0, 0x1080), Err(Error::PacketTooLong(15 * 82 + 1)));
    }

    #[test]
    fn a_packet_may_fill_its_last_page() {
        let mut packet = vec![0x5A; 2 * 82];
        packet[..2].copy_from_slice(&162_u16.to_be_bytes());
        let whole = pages(&packet, 1, 0x1080).unwrap();
        assert_eq!((whole.len(), from_pages(&whole)), (2, Some(packet)));
    }

    #[test]
    fn pages_of_another_message_or_too_few_are_no_packet() {
        let mut packet = vec![0x5A; 100];
        packet[..2].copy_from_slice(&98_u16.to_be_bytes());
        let whole = pages(&packet, 1, 0x1080).unwrap();
        assert_eq!(whole[0][..6], [0x00, 0x01, 0x10, 0x80, 0xF6, 0x12]);
        assert_eq!(from_pages(&[whole[1], whole[0]]), Some(packet.clone()));
        assert_eq!(from_pages(&whole[..1]), None);
        assert_eq!(from_pages(&[whole[0], whole[0]]), None);
        assert_eq!(from_pages(&[whole[0], pages(&packet, 2, 0x1080).unwrap()[1]]), None);
        assert_eq!(from_pages(&[]), None);
        assert_eq!(from_pages(&[whole[0], whole[1], whole[1]]), None);
        packet[..2].copy_from_slice(&[0xFF, 0xFF]);
        assert_eq!(from_pages(&pages(&packet, 1, 0x1080).unwrap()), None);
    }

    proptest! {
        #[test]
        fn packets_come_back_from_their_messages(
            packet in prop::collection::vec(any::<u8>(), 0..800), is_response: bool, short: bool
        ) {
            let element = if is_response { ElementId::RESPONSE_PACKET } else { ElementId::COMMAND_PACKET };
            let reference = if short { Reference::Short(7) } else { Reference::Long(0x1234) };
            let message = reassembled(short_messages(element, &packet, reference).unwrap());
            prop_assert_eq!(packet_of(&message), Some((element, &*packet)));
        }
    }
}
