//! Long messages in several parts (TS 23.040 §9.2.3.24.1, §9.2.3.24.8).

use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use oxisim_wire::{Duration, Instant};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    Address, Alphabet, DataCoding, Element, ElementId, Error, UserData,
    alphabet::{Language, Tables},
    coding::ucs2,
};

/// Which part of which message a short message is (TS 23.040 §9.2.3.24.1, §9.2.3.24.8).
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

/// Splits a payload (septets of the default alphabet, one an octet, if the coding counts septets; octets otherwise) into
/// the user data of as many messages as it takes, as [`Message::split`] does it.
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
    Message::new(coding, Vec::new(), payload.to_vec()).split(reference)
}

/// A whole message, in one part or put together from several.
///
/// ```
/// use oxisim_sms::{alphabet::Language, concatenation::{Message, Reference}};
///
/// let message = Message::from_text_in("Işığı söndür.", Language::TURKISH);
/// assert_eq!(message.payload.len(), 13);
/// let parts = message.split(Reference::Short(1))?;
/// assert_eq!(parts[0].text(), "Işığı söndür.");
/// # Ok::<(), oxisim_sms::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How the payload is coded.
    pub coding: DataCoding,
    /// The header elements of the first part, without those of concatenation.
    pub header: Vec<Element>,
    /// Septets, one an octet, if the coding counts septets; octets otherwise.
    pub payload: Vec<u8>,
    /// Where, after the start, septets begin to mean other tables: each part has its own.
    shifts: Vec<(usize, Tables)>,
}

impl Message {
    /// A message; septets mean the tables that `header` asks for.
    #[must_use]
    pub const fn new(coding: DataCoding, header: Vec<Element>, payload: Vec<u8>) -> Self {
        Self { coding, header, payload, shifts: Vec::new() }
    }

    /// Text in the default alphabet if it has all characters, otherwise in UCS2.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let (coding, payload) = DataCoding::encode_text(text);
        Self::new(coding, Vec::new(), payload)
    }

    /// Text in UCS2, which has every character.
    #[must_use]
    pub fn in_ucs2(text: &str) -> Self {
        Self::new(DataCoding::UCS2, Vec::new(), ucs2(text))
    }

    /// Text in whatever takes the fewest parts, and then the fewest octets: the default alphabet, the same with tables of
    /// `language`, or UCS2.
    #[must_use]
    pub fn from_text_in(text: &str, language: Language) -> Self {
        let locking = Some(language).filter(|language| language.has_locking_shift());
        let single = Some(language).filter(|language| language.has_single_shift());
        let candidates = [
            Tables::DEFAULT,
            Tables { locking: None, single },
            Tables { locking, single: None },
            Tables { locking, single },
        ];
        candidates
            .into_iter()
            .filter_map(|tables| {
                let septets = tables.encode(text)?;
                Some(Self::new(DataCoding::DEFAULT_ALPHABET, tables.elements(), septets))
            })
            .chain([Self::in_ucs2(text)])
            .min_by_key(Self::cost)
            .unwrap_or_else(|| Self::from_text(text))
    }

    /// The payload as text, as [`DataCoding::text_by`] does it with the tables that the header of each part asks for.
    #[must_use]
    pub fn text(&self) -> String {
        let ends = self.shifts.iter().map(|&(at, _)| at).chain([self.payload.len()]);
        let tables = [self.tables()].into_iter().chain(self.shifts.iter().map(|&(_, tables)| tables));
        let mut start = 0;
        let mut text = String::new();
        for (end, tables) in ends.zip(tables) {
            text += &self.coding.text_by(tables, self.payload.get(start..end).unwrap_or_default());
            start = end;
        }
        text
    }

    /// The user data of as many messages as it takes; one alone has no concatenation element. Elements about the whole
    /// message ([`ElementId::is_in_each_part`]) stand in each, the others in the first.
    ///
    /// An escape stays with the septet that it escapes, the two halves of a UTF-16 surrogate pair stay together, and so
    /// do characters that a reader sees as one (Unicode grapheme clusters), unless they are too long for a message.
    pub fn split(&self, reference: Reference) -> Result<Vec<UserData>, Error> {
        if self.payload.len() <= UserData::capacity(self.coding, &self.header) {
            let whole = UserData::new(self.coding, self.header.clone(), self.payload.clone());
            return whole.map(|single| vec![single]);
        }
        let header = |number: u8, total: u8| {
            let own = self.header.iter().filter(|element| number == 1 || element.id.is_in_each_part());
            let concatenation = Concatenation { reference, total, number }.element();
            core::iter::once(concatenation).chain(own.cloned()).collect::<Vec<Element>>()
        };
        let cuts = Cuts::of(self);
        let mut ends = Vec::new();
        let mut end = 0;
        while end < self.payload.len() {
            let number = if ends.is_empty() { 1 } else { u8::MAX };
            end = cuts.next(end, UserData::capacity(self.coding, &header(number, u8::MAX)))?;
            ends.push(end);
        }
        let total = u8::try_from(ends.len()).map_err(|_| Error::TooManyParts(ends.len()))?;
        let starts = [0].into_iter().chain(ends.iter().copied());
        (1..=total)
            .zip(starts.zip(ends.iter().copied()))
            .map(|(number, (start, end))| {
                let part = self.payload.get(start..end).unwrap_or_default();
                UserData::new(self.coding, header(number, total), part.to_vec())
            })
            .collect()
    }

    fn tables(&self) -> Tables {
        Tables::of(&self.header)
    }

    /// Parts that it takes, and octets; what cannot be sent costs the most.
    fn cost(&self) -> (usize, usize) {
        match self.split(Reference::Short(0)) {
            Ok(parts) => (parts.len(), parts.iter().map(UserData::octets).sum()),
            Err(_) => (usize::MAX, 0),
        }
    }

    fn from_parts(coding: DataCoding, parts: impl IntoIterator<Item = UserData>) -> Self {
        let mut message = Self::new(coding, Vec::new(), Vec::new());
        let mut current = Tables::DEFAULT;
        for (index, part) in parts.into_iter().enumerate() {
            let tables = part.tables();
            let (_, header, payload) = part.into_parts();
            if index == 0 {
                message.header = header;
                message.header.retain(|element| Concatenation::from_element(element).is_none());
            } else if tables != current {
                message.shifts.push((message.payload.len(), tables));
            }
            current = tables;
            message.payload.extend(payload);
        }
        message
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
    parts: usize,
    messages: usize,
    lifetime: Duration,
    age: Option<Duration>,
    pending: Vec<Pending>,
}

impl Reassembler {
    /// Holds at most `parts` parts, each at most [`UserData::LIMIT`] octets, and an incomplete message for
    /// `lifetime` after its last part.
    #[must_use]
    pub const fn new(parts: usize, lifetime: Duration) -> Self {
        Self { parts, messages: usize::MAX, lifetime, age: None, pending: Vec::new() }
    }

    /// Holds at most so many incomplete messages.
    #[must_use]
    pub fn with_messages(self, messages: usize) -> Self {
        Self { messages, ..self }
    }

    /// Holds an incomplete message for at most `age` after its first part, whatever comes later.
    #[must_use]
    pub fn with_age(self, age: Duration) -> Self {
        Self { age: Some(age), ..self }
    }

    /// Takes a short message, and returns the message that it completes, or is if it comes alone.
    ///
    /// Parts belong together if originator, reference (8 bits or 16), number of parts and coding are the same. A part
    /// that is there already is ignored; another one of the same number begins the message anew, since the originator
    /// uses the reference again. Messages whose lifetime is over are forgotten; for want of room the one that has
    /// waited longest is. A message with more parts than the limit is never kept.
    #[must_use]
    pub fn accept(&mut self, originator: &Address, part: UserData, now: Instant) -> Option<Message> {
        let (lifetime, age) = (self.lifetime, self.age);
        self.pending.retain(|pending| {
            now.since(pending.latest) < lifetime && age.is_none_or(|age| now.since(pending.first) < age)
        });
        let Some(Concatenation { reference, total, number }) = Concatenation::of(&part) else {
            return Some(Message::from_parts(part.coding(), [part]));
        };
        if usize::from(total) > self.parts {
            return None;
        }
        let key = Key { originator: originator.clone(), reference, total, coding: part.coding() };
        let found = self.pending.iter().position(|pending| pending.key == key);
        let pending = found.map(|index| self.pending.remove(index));
        let is_the_same = |pending: &Pending| pending.parts.get(&number).is_none_or(|held| *held == part);
        let mut pending = pending.filter(is_the_same).unwrap_or_else(|| Pending::new(key, now));
        pending.latest = now;
        pending.parts.insert(number, part);
        if pending.parts.len() == usize::from(total) {
            return Some(Message::from_parts(pending.key.coding, pending.parts.into_values()));
        }
        self.pending.push(pending);
        while self.parts() > self.parts || self.pending.len() > self.messages {
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
    first: Instant,
    latest: Instant,
}

impl Pending {
    fn new(key: Key, now: Instant) -> Self {
        Self { key, parts: BTreeMap::new(), first: now, latest: now }
    }
}

/// Where a payload may be cut.
struct Cuts {
    /// The end of the payload.
    end: usize,
    /// Between characters, and between those that a reader sees as one; `None` if octets are no text.
    text: Option<[Vec<usize>; 2]>,
}

impl Cuts {
    fn of(message: &Message) -> Self {
        let (coding, payload) = (message.coding, &message.payload);
        let text = match coding.alphabet() {
            _ if coding.is_compressed() => None,
            Alphabet::EightBit => None,
            Alphabet::Default => Some(between(message.tables().characters(payload))),
            Alphabet::Ucs2 => Some(between(ucs2_characters(payload))),
        };
        Self { end: payload.len(), text }
    }

    /// The last place after `start` that leaves at most `capacity` before it.
    fn next(&self, start: usize, capacity: usize) -> Result<usize, Error> {
        let limit = start + capacity;
        if self.end <= limit {
            return Ok(self.end);
        }
        let last = |cuts: &Vec<usize>| {
            let behind = cuts.partition_point(|&cut| cut <= limit);
            cuts.get(..behind)?.last().copied().filter(|&cut| cut > start)
        };
        let cut = match &self.text {
            Some([characters, graphemes]) => last(graphemes).or_else(|| last(characters)),
            None => Some(limit).filter(|&cut| cut > start),
        };
        cut.ok_or(Error::UserDataTooLong { length: UserData::LIMIT + 1, limit: UserData::LIMIT })
    }
}

/// Where characters, which take so many septets or octets, end, and where grapheme clusters do.
fn between(characters: impl Iterator<Item = (char, usize)>) -> [Vec<usize>; 2] {
    let mut text = String::new();
    let mut ends = Vec::new();
    // By octet of the text: where the character that begins there begins in the payload.
    let mut places = BTreeMap::new();
    let mut at = 0;
    for (character, length) in characters {
        places.insert(text.len(), at);
        text.push(character);
        at += length;
        ends.push(at);
    }
    let starts = text.grapheme_indices(true).filter_map(|(index, _)| places.get(&index).copied());
    [ends, starts.collect()]
}

/// The characters of UTF-16, each with the octets that it takes; what is none counts as one.
fn ucs2_characters(payload: &[u8]) -> impl Iterator<Item = (char, usize)> {
    let (units, odd) = payload.as_chunks::<2>();
    let units = units.iter().copied().map(u16::from_be_bytes);
    let characters = char::decode_utf16(units).map(|found| match found {
        Ok(character) => (character, 2 * character.len_utf16()),
        Err(_) => (char::REPLACEMENT_CHARACTER, 2),
    });
    characters.chain(odd.iter().map(|_| (char::REPLACEMENT_CHARACTER, 1)))
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

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
    fn what_a_reader_sees_as_one_character_stays_together() {
        // Family of three: five code points, eight units of UTF-16.
        let family = "👨\u{200D}👩\u{200D}👧";
        let text = "ж".repeat(62) + family + "ж";
        let texts: Vec<String> = parts(&text, 1).iter().map(UserData::text).collect();
        assert_eq!(texts, ["ж".repeat(62), family.to_string() + "ж"]);
        // CR LF in the default alphabet.
        let text = "x".repeat(152) + "\r\n" + &"y".repeat(10);
        assert_eq!(parts(&text, 1)[0].payload().len(), 152);
    }

    #[test]
    fn a_character_too_long_for_a_message_is_cut_between_code_points() {
        let text = "e".to_string() + &"\u{301}".repeat(200);
        let parts = parts(&text, 1);
        assert_eq!(parts.iter().map(|part| part.payload().len()).collect::<Vec<_>>(), [134, 134, 134]);
        assert_eq!(parts.iter().map(UserData::text).collect::<String>(), text);
    }

    #[test]
    fn the_cheapest_coding_is_taken() {
        for (text, language, tables) in [
            // The default alphabet has it, and a header costs.
            ("Merhaba", Language::TURKISH, Tables::DEFAULT),
            ("¡Ojalá!", Language::SPANISH, Tables { locking: None, single: Some(Language::SPANISH) }),
            (
                "नमस्ते दुनिया, आप कैसे हैं?",
                Language::HINDI,
                Tables { locking: Some(Language::HINDI), single: None },
            ),
            (
                "ग़ालिब की ग़ज़ल १२३४",
                Language::HINDI,
                Tables { locking: Some(Language::HINDI), single: Some(Language::HINDI) },
            ),
        ] {
            let message = Message::from_text_in(text, language);
            assert_eq!(message.tables(), tables, "{text}");
            assert_eq!(message.coding, DataCoding::DEFAULT_ALPHABET, "{text}");
            assert_eq!(message.text(), text);
        }
        // One character: a header costs more than UCS2.
        assert_eq!(Message::from_text_in("ğ", Language::TURKISH).coding, DataCoding::UCS2);
        assert_eq!(Message::from_text_in("Привет", Language::TURKISH).coding, DataCoding::UCS2);
    }

    #[test]
    fn each_part_says_its_language_and_only_the_first_what_is_in_it() {
        let mut message = Message::from_text_in(&"ığdır ".repeat(60), Language::TURKISH);
        message.header.push(Element::new(ElementId::TEXT_FORMATTING, [0, 5, 0x10]));
        let parts = message.split(Reference::Short(1)).unwrap();
        assert_eq!(parts.len(), 3);
        let has = |part: &UserData, id| part.element(id).is_some();
        assert!(parts.iter().all(|part| has(part, ElementId::NATIONAL_LOCKING_SHIFT)));
        let formatted = parts.iter().map(|part| has(part, ElementId::TEXT_FORMATTING));
        assert_eq!(formatted.collect::<Vec<_>>(), [true, false, false]);
        let mut reassembler = Reassembler::new(8, MINUTE);
        let whole =
            parts.into_iter().filter_map(|it| reassembler.accept(&originator(), it, Instant::EPOCH)).last();
        assert_eq!(whole, Some(message));
    }

    #[test]
    fn parts_in_different_languages_are_read_each_in_its_own() {
        let part = |number, mut header: Vec<Element>, septets: &[u8]| {
            let concatenation = Concatenation { reference: Reference::Short(1), total: 3, number };
            header.push(concatenation.element());
            UserData::new(DataCoding::DEFAULT_ALPHABET, header, septets.to_vec()).unwrap()
        };
        let turkish = vec![Element::new(ElementId::NATIONAL_LOCKING_SHIFT, [1])];
        let parts = [part(1, vec![], &[7]), part(2, turkish, &[7]), part(3, vec![], &[7])];
        let mut reassembler = Reassembler::new(8, MINUTE);
        let whole =
            parts.into_iter().filter_map(|it| reassembler.accept(&originator(), it, Instant::EPOCH)).last();
        assert_eq!(whole.unwrap().text(), "ìıì");
    }

    #[test]
    fn a_header_that_leaves_no_room_is_an_error() {
        let header = vec![Element::new(ElementId::PORTS_16, vec![0; 131])];
        let message = Message::new(DataCoding::UCS2, header, vec![0; 200]);
        assert!(matches!(message.split(Reference::Short(1)), Err(Error::UserDataTooLong { .. })));
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
    fn each_part_lets_its_message_wait_anew() {
        let parts = parts(&"a part ".repeat(60), 9);
        let mut reassembler = Reassembler::new(3, MINUTE);
        let mut at = |part: usize, seconds| {
            reassembler.accept(&originator(), parts[part].clone(), Instant::from_secs(seconds))
        };
        assert_eq!((at(0, 0), at(1, 40)), (None, None));
        assert!(at(2, 80).is_some(), "as many parts as the limit");
    }

    #[test]
    fn room_is_made_by_the_message_that_has_waited_longest() {
        let part = |reference, number: usize| parts(&"a part ".repeat(60), reference).remove(number - 1);
        let mut reassembler = Reassembler::new(100, MINUTE).with_messages(2);
        let mut accept = |part| reassembler.accept(&originator(), part, Instant::EPOCH).is_some();
        let [a, b, c] = [1, 2, 3];
        assert!(!accept(part(a, 1)) && !accept(part(b, 1)) && !accept(part(a, 2)));
        assert!(!accept(part(c, 1)), "b makes room");
        assert!(accept(part(a, 3)));
        assert!(!accept(part(b, 2)) && !accept(part(b, 3)));
    }

    /// Another sender may cut anywhere.
    #[test]
    fn a_character_that_is_cut_between_parts_is_whole_again() {
        for (coding, payload, cut, text) in [
            (DataCoding::DEFAULT_ALPHABET, vec![0x41, 0x1B, 0x65, 0x42], 2, "A€B"),
            (DataCoding::UCS2, vec![0xD8, 0x3D, 0xDE, 0x00, 0x00, 0x41], 2, "😀A"),
            (DataCoding::UCS2, vec![0x04, 0x36, 0x00, 0x41], 1, "жA"),
        ] {
            let part = |number, payload: &[u8]| {
                let concatenation = Concatenation { reference: Reference::Long(1), total: 2, number };
                UserData::new(coding, vec![concatenation.element()], payload.to_vec()).unwrap()
            };
            let (head, tail) = payload.split_at(cut);
            let mut reassembler = Reassembler::new(8, MINUTE);
            assert_eq!(reassembler.accept(&originator(), part(2, tail), Instant::EPOCH), None);
            let whole = reassembler.accept(&originator(), part(1, head), Instant::EPOCH).unwrap();
            assert_eq!(whole.text(), text);
        }
    }

    #[test]
    fn a_part_in_another_coding_is_of_another_message() {
        let part = |coding, number| {
            let concatenation = Concatenation { reference: Reference::Short(1), total: 2, number };
            UserData::new(coding, vec![concatenation.element()], vec![0x41; 2]).unwrap()
        };
        let mut reassembler = Reassembler::new(8, MINUTE);
        let mut accept = |part| reassembler.accept(&originator(), part, Instant::EPOCH);
        assert_eq!(accept(part(DataCoding::DEFAULT_ALPHABET, 1)), None);
        assert_eq!(accept(part(DataCoding::UCS2, 2)), None);
        assert_eq!(accept(part(DataCoding::DEFAULT_ALPHABET, 2)).unwrap().text(), "AAAA");
    }

    #[test]
    fn another_part_of_the_same_number_begins_the_message_anew() {
        let (old, new) = (parts(&"old ".repeat(100), 9), parts(&"new ".repeat(100), 9));
        assert_eq!((old.len(), new.len()), (3, 3));
        let mut reassembler = Reassembler::new(8, MINUTE);
        let mut accept = |part: &UserData| reassembler.accept(&originator(), part.clone(), Instant::EPOCH);
        assert_eq!((accept(&old[0]), accept(&old[1])), (None, None));
        assert_eq!((accept(&new[0]), accept(&new[2])), (None, None));
        assert_eq!(accept(&new[1]).unwrap().text(), "new ".repeat(100));
    }

    #[test]
    fn references_of_another_size_and_messages_of_another_number_of_parts_are_others() {
        let (coding, payload) = DataCoding::encode_text(&"a part ".repeat(40));
        let long = split(coding, &payload, Reference::Long(9)).unwrap();
        let three = parts(&"a part ".repeat(60), 9);
        let two = parts(&"a part ".repeat(40), 9);
        let mut reassembler = Reassembler::new(8, MINUTE);
        let mut accept = |part: &UserData| reassembler.accept(&originator(), part.clone(), Instant::EPOCH);
        for first in [&two[0], &long[0], &three[0]] {
            assert_eq!(accept(first), None);
        }
        assert!(accept(&long[1]).is_some());
        assert!(accept(&two[1]).is_some());
        assert_eq!((accept(&three[1]), three.len()), (None, 3));
    }

    #[test]
    fn the_number_of_messages_and_their_age_are_bounded() {
        let text = "a part ".repeat(60);
        let mut reassembler =
            Reassembler::new(100, MINUTE).with_messages(2).with_age(Duration::from_secs(90));
        for reference in 1..=3 {
            let first = parts(&text, reference).remove(0);
            assert_eq!(reassembler.accept(&originator(), first, Instant::EPOCH), None);
        }
        assert_eq!(reassembler.parts(), 2, "the first one has made room");
        let mut at = |part: usize, seconds| {
            let part = parts(&text, 3).remove(part);
            reassembler.accept(&originator(), part, Instant::from_secs(seconds)).is_some()
        };
        assert!(!at(1, 50));
        assert!(!at(2, 90), "its last part is 40 seconds old, its first 90");
        assert!(!at(0, 91));
        assert!(at(1, 92));
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
