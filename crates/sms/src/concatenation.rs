//! Long messages in several parts (TS 23.040 §9.2.3.24.1, §9.2.3.24.8).

use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use oxisim_wire::{Duration, Instant};

use crate::{Address, Alphabet, DataCoding, Element, ElementId, Error, UserData, alphabet};

/// Which part of which message a short message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// The number that the parts share.
    pub reference: Reference,
    /// Parts of the message, 1 to 255.
    pub total: u8,
    /// The number of this part, from 1.
    pub number: u8,
}

/// Reference number of a concatenated message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// 8 bits (TS 23.040 §9.2.3.24.1).
    Short(u8),
    /// 16 bits (TS 23.040 §9.2.3.24.8).
    Long(u16),
}

impl Concatenation {
    /// What the header of `user_data` says; an element with numbers that cannot be is ignored.
    #[must_use]
    pub fn of(user_data: &UserData) -> Option<Self> {
        user_data.header().iter().rev().find_map(Self::from_element)
    }

    /// The information element that says it.
    #[must_use]
    pub fn element(self) -> Element {
        let Self { reference, total, number } = self;
        match reference {
            Reference::Short(reference) => {
                Element::new(ElementId::CONCATENATED_8, [reference, total, number])
            }
            Reference::Long(reference) => {
                let [high, low] = reference.to_be_bytes();
                Element::new(ElementId::CONCATENATED_16, [high, low, total, number])
            }
        }
    }

    fn from_element(element: &Element) -> Option<Self> {
        let (reference, total, number) = match (element.id, element.data.as_slice()) {
            (ElementId::CONCATENATED_8, &[reference, total, number]) => {
                (Reference::Short(reference), total, number)
            }
            (ElementId::CONCATENATED_16, &[high, low, total, number]) => {
                (Reference::Long(u16::from_be_bytes([high, low])), total, number)
            }
            _ => return None,
        };
        (1..=total).contains(&number).then_some(Self { reference, total, number })
    }
}

/// Splits a payload (septets, one an octet, if the coding counts septets; octets otherwise) into the user data
/// of as many messages as it takes; one alone has no concatenation element.
///
/// An escape stays with the septet it escapes, and the two halves of a UTF-16 surrogate pair stay together.
///
/// ```
/// use oxisim_sms::{DataCoding, concatenation::{Reference, split}};
///
/// let (coding, payload) = DataCoding::encode_text(&"long ".repeat(40));
/// let parts = split(coding, &payload, Reference::Short(7))?;
/// assert_eq!(parts.len(), 2);
/// assert_eq!(parts[0].payload().len(), 153);
/// # Ok::<(), oxisim_sms::Error>(())
/// ```
pub fn split(coding: DataCoding, payload: &[u8], reference: Reference) -> Result<Vec<UserData>, Error> {
    if payload.len() <= UserData::capacity(coding, &[]) {
        return UserData::new(coding, Vec::new(), payload.to_vec()).map(|single| vec![single]);
    }
    let header = Concatenation { reference, total: u8::MAX, number: u8::MAX }.element();
    let capacity = UserData::capacity(coding, &[header]);
    let mut chunks = Vec::new();
    let mut rest = payload;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at(part_length(coding, rest, capacity));
        chunks.push(chunk);
        rest = tail;
    }
    let total = u8::try_from(chunks.len()).map_err(|_| Error::TooManyParts(chunks.len()))?;
    (1..=total)
        .zip(chunks)
        .map(|(number, chunk)| {
            let header = vec![Concatenation { reference, total, number }.element()];
            UserData::new(coding, header, chunk.to_vec())
        })
        .collect()
}

/// A whole message, in one part or put together from several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How the payload is coded.
    pub coding: DataCoding,
    /// The header elements of the first part, without those of concatenation.
    pub header: Vec<Element>,
    /// Septets, one an octet, if the coding counts septets; octets otherwise.
    pub payload: Vec<u8>,
}

impl Message {
    /// The payload as text, as [`DataCoding::text`] does it.
    #[must_use]
    pub fn text(&self) -> String {
        self.coding.text(&self.payload)
    }

    fn from_parts(coding: DataCoding, parts: impl IntoIterator<Item = UserData>) -> Self {
        let mut parts = parts.into_iter().map(UserData::into_parts);
        let (_, mut header, mut payload) = parts.next().unwrap_or((coding, Vec::new(), Vec::new()));
        header.retain(|element| Concatenation::from_element(element).is_none());
        payload.extend(parts.flat_map(|(_, _, payload)| payload));
        Self { coding, header, payload }
    }
}

/// Puts the parts of messages together, in whatever order they come, within a bounded memory.
///
/// ```
/// use oxisim_sms::{DataCoding, concatenation::{Reassembler, Reference, split}};
/// use oxisim_wire::{Duration, Instant};
///
/// let mut parts = split(DataCoding::EIGHT_BIT, &[0x5A; 200], Reference::Long(7))?;
/// let originator = "+491511234567".parse()?;
/// let mut reassembler = Reassembler::new(16, Duration::from_mins(60));
/// let last = parts.pop().unwrap();
/// assert_eq!(reassembler.accept(&originator, last, Instant::EPOCH), None);
/// let first = parts.pop().unwrap();
/// assert_eq!(reassembler.accept(&originator, first, Instant::EPOCH).unwrap().payload, [0x5A; 200]);
/// # Ok::<(), oxisim_sms::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reassembler {
    limit: usize,
    lifetime: Duration,
    pending: Vec<Pending>,
}

impl Reassembler {
    /// Holds at most `limit` parts, each at most [`UserData::LIMIT`] octets, and an incomplete message for
    /// `lifetime` after its last part.
    #[must_use]
    pub const fn new(limit: usize, lifetime: Duration) -> Self {
        Self { limit, lifetime, pending: Vec::new() }
    }

    /// Takes a short message, and returns the message that it completes, or is if it comes alone.
    ///
    /// A part that is there already is ignored. Messages whose lifetime is over are forgotten; for want of room
    /// the one that has waited longest is. A message with more parts than the limit is never kept.
    #[must_use]
    pub fn accept(&mut self, originator: &Address, part: UserData, now: Instant) -> Option<Message> {
        self.pending.retain(|pending| now.since(pending.latest) < self.lifetime);
        let Some(Concatenation { reference, total, number }) = Concatenation::of(&part) else {
            return Some(Message::from_parts(part.coding(), [part]));
        };
        if usize::from(total) > self.limit {
            return None;
        }
        let key = Key { originator: originator.clone(), reference, total, coding: part.coding() };
        let mut pending = match self.pending.iter().position(|pending| pending.key == key) {
            Some(index) => self.pending.remove(index),
            None => Pending { key, parts: BTreeMap::new(), latest: now },
        };
        pending.latest = now;
        pending.parts.entry(number).or_insert(part);
        if pending.parts.len() == usize::from(total) {
            return Some(Message::from_parts(pending.key.coding, pending.parts.into_values()));
        }
        self.pending.push(pending);
        while self.parts() > self.limit {
            self.pending.remove(0);
        }
        None
    }

    /// Parts held.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.pending.iter().map(|pending| pending.parts.len()).sum()
    }
}

/// What the parts of a message have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    originator: Address,
    reference: Reference,
    total: u8,
    coding: DataCoding,
}

/// A message of which parts are missing. Those of a [`Reassembler`] stand in the order of `latest`.
#[derive(Clone, Debug)]
struct Pending {
    key: Key,
    parts: BTreeMap<u8, UserData>,
    latest: Instant,
}

/// How much of `rest` the next part takes.
fn part_length(coding: DataCoding, rest: &[u8], capacity: usize) -> usize {
    let Some(part) = rest.get(..capacity) else {
        return rest.len();
    };
    if rest.len() == capacity {
        return capacity;
    }
    let cut = match coding.alphabet() {
        _ if coding.is_compressed() => 0,
        Alphabet::Default => part.iter().rev().take_while(|&&septet| septet == alphabet::ESCAPE).count() % 2,
        Alphabet::EightBit => 0,
        Alphabet::Ucs2 => {
            let odd = capacity % 2;
            let (units, _) = part.as_chunks::<2>();
            odd + if matches!(units.last(), Some([0xD8..=0xDB, _])) { 2 } else { 0 }
        }
    };
    capacity - cut
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn originator() -> Address {
        "+491511234567".parse().unwrap()
    }

    fn parts(text: &str, reference: u8) -> Vec<UserData> {
        let (coding, payload) = DataCoding::encode_text(text);
        split(coding, &payload, Reference::Short(reference)).unwrap()
    }

    #[test]
    fn an_escape_stays_with_what_it_escapes() {
        let text = "x".repeat(152) + "€ and the rest";
        let parts = parts(&text, 1);
        assert_eq!(parts[0].payload().len(), 152);
        assert_eq!(parts[1].text(), "€ and the rest");
    }

    #[test]
    fn a_surrogate_pair_stays_together() {
        let text = "ж".repeat(66) + "😀😀😀";
        let parts = parts(&text, 1);
        assert_eq!(parts.iter().map(UserData::text).collect::<Vec<_>>(), ["ж".repeat(66), "😀😀😀".into()]);
        let (coding, payload) = DataCoding::encode_text(&text);
        let long = split(coding, &payload, Reference::Long(1)).unwrap();
        assert_eq!(long[0].payload().len(), 132);
    }

    #[test]
    fn a_message_has_at_most_255_parts() {
        let octets = vec![0; 256 * 134];
        let split = |length| split(DataCoding::EIGHT_BIT, &octets[..length], Reference::Short(0));
        assert_eq!(split(255 * 134).unwrap().len(), 255);
        assert_eq!(split(255 * 134 + 1), Err(Error::TooManyParts(256)));
    }

    #[test]
    fn duplicates_and_strangers_do_not_complete_a_message() {
        let text = "a part ".repeat(40);
        let parts = parts(&text, 9);
        let mut reassembler = Reassembler::new(8, MINUTE);
        let mut accept =
            |from: &Address, part: &UserData| reassembler.accept(from, part.clone(), Instant::EPOCH);
        assert_eq!(accept(&originator(), &parts[0]), None);
        assert_eq!(accept(&originator(), &parts[0]), None);
        assert_eq!(accept(&"+4915".parse().unwrap(), &parts[1]), None);
        assert_eq!(accept(&originator(), &parts[1]).unwrap().text(), text);
    }

    #[test]
    fn an_incomplete_message_is_forgotten_after_its_lifetime() {
        let parts = parts(&"a part ".repeat(40), 9);
        let mut reassembler = Reassembler::new(8, MINUTE);
        assert_eq!(reassembler.accept(&originator(), parts[0].clone(), Instant::EPOCH), None);
        assert_eq!(reassembler.accept(&originator(), parts[1].clone(), Instant::from_secs(60)), None);
        assert_eq!(reassembler.parts(), 1);
        assert!(reassembler.accept(&originator(), parts[0].clone(), Instant::from_secs(119)).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let mut reassembler = Reassembler::new(3, MINUTE);
        for reference in 0..=255 {
            let part = parts(&"a part ".repeat(40), reference).remove(0);
            assert_eq!(reassembler.accept(&originator(), part, Instant::EPOCH), None);
            assert!(reassembler.parts() <= 3);
        }
        let last = parts(&"a part ".repeat(40), 255).remove(1);
        assert!(reassembler.accept(&originator(), last, Instant::EPOCH).is_some());
        let large = parts(&"a part ".repeat(100), 1);
        assert_eq!(large.len(), 5);
        assert!(
            large.into_iter().all(|part| reassembler.accept(&originator(), part, Instant::EPOCH).is_none())
        );
        assert_eq!(reassembler.parts(), 2);
    }

    #[test]
    fn impossible_numbers_are_ignored() {
        for data in [[1, 0, 0], [1, 2, 0], [1, 2, 3]] {
            let header = vec![Element::new(ElementId::CONCATENATED_8, data)];
            let user_data = UserData::new(DataCoding::EIGHT_BIT, header, vec![1]).unwrap();
            assert_eq!(Concatenation::of(&user_data), None);
            let message = Reassembler::new(1, MINUTE).accept(&originator(), user_data, Instant::EPOCH);
            assert_eq!(message.unwrap().payload, [1]);
        }
    }

    proptest! {
        #[test]
        fn parts_in_any_order_make_the_message(
            text in "[a-zé€ж😀]{0,600}", reference: u16, order in prop::collection::vec(any::<u16>(), 40)
        ) {
            let (coding, payload) = DataCoding::encode_text(&text);
            let mut parts = split(coding, &payload, Reference::Long(reference)).unwrap();
            let mut reassembler = Reassembler::new(40, MINUTE);
            for pick in order.into_iter().take(parts.len() - 1) {
                let part = parts.swap_remove(usize::from(pick) % parts.len());
                prop_assert_eq!(reassembler.accept(&originator(), part, Instant::EPOCH), None);
            }
            let message = reassembler.accept(&originator(), parts.remove(0), Instant::EPOCH).unwrap();
            prop_assert_eq!(message.text(), text);
            prop_assert_eq!(message.header, vec![]);
            prop_assert_eq!(reassembler.parts(), 0);
        }
    }
}
