//! Contacts onto a card: what fits, what is changed on the way, and what is lost.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::{
    AlphaIdentifier,
    book::{Book, Capacity, Contact, Record},
    number::{DiallingNumber, NumberChange, RECORD_DIGITS},
};

/// A book made of contacts, and everything that is not in it as it was in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// What the card holds.
    pub book: Book,
    /// What was changed or lost, in the order of the contacts.
    pub report: Vec<Change>,
    /// For each contact the slot of its entry; none if it was left out.
    pub slots: Vec<Option<u16>>,
}

impl Import {
    /// The changes that lose something.
    pub fn losses(&self) -> impl Iterator<Item = &Change> {
        self.report.iter().filter(|change| change.what.is_loss())
    }
}

/// One change to one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The contact's place in the list, from 1.
    pub contact: usize,
    /// Its name.
    pub name: String,
    /// What was done.
    pub what: Loss,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "contact {}: {}", self.contact, self.what),
            name => write!(f, "contact {} ({name}): {}", self.contact, self.what),
        }
    }
}

/// What a card cannot hold as it was, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The name is too long for the record.
    #[error("name shortened from '{from}' to '{to}'")]
    NameShortened {
        /// The name.
        from: String,
        /// What the record holds.
        to: String,
    },
    /// The name has characters that a card cannot write.
    #[error("characters that a card cannot write left out of the name: '{dropped}'")]
    CharactersDropped {
        /// The characters.
        dropped: String,
    },
    /// There is no name, or none that a card can hold.
    #[error("no name: kept with an empty one")]
    NoName,
    /// There is no number.
    #[error("no number: kept as a name only")]
    NameOnly,
    /// There is neither a name nor a number that a card can hold.
    #[error("neither name nor number: left out")]
    Nothing,
    /// The number was changed to be dialled.
    #[error("number '{number}': {change}")]
    Number {
        /// The number as it was written.
        number: String,
        /// What was changed.
        change: NumberChange,
    },
    /// The number has no digit.
    #[error("number '{number}' has no digit: left out")]
    NumberUnusable {
        /// The number as it was written.
        number: String,
    },
    /// Digits beyond 20 stand in extension records.
    #[error("number {number} goes on in {records} further {}", if *records == 1 { "record" } else { "records" })]
    Extended {
        /// The number.
        number: String,
        /// Extension records it takes.
        records: usize,
    },
    /// No extension record was free for the digits beyond 20.
    #[error("no extension record free: last digits '{cut}' of a number cut off")]
    ExtensionsFull {
        /// The digits.
        cut: String,
    },
    /// A further number is an additional number of the same entry.
    #[error("number {number} kept as an additional number")]
    AdditionalNumber {
        /// The number.
        number: String,
    },
    /// A further number is an entry of its own with the same name.
    #[error("number {number} kept as an entry of its own with the same name")]
    AdditionalEntry {
        /// The number.
        number: String,
    },
    /// The book is full, so a further number is left out.
    #[error("book full: further number {number} left out")]
    NumberLeftOut {
        /// The number.
        number: String,
    },
    /// A card's record has no place for the types of a number.
    #[error("label '{label}' of number {number} left out")]
    LabelLeftOut {
        /// The number as it was written.
        number: String,
        /// Its types.
        label: String,
    },
    /// A second name is left out.
    #[error("second name '{second_name}' left out")]
    SecondNameLeftOut {
        /// The second name.
        second_name: String,
    },
    /// The second name is too long for its record, or has characters that a card cannot write.
    #[error("second name shortened from '{from}' to '{to}'")]
    SecondNameShortened {
        /// The second name.
        from: String,
        /// What the record holds.
        to: String,
    },
    /// An e-mail address is left out.
    #[error("e-mail address {address} left out")]
    EmailLeftOut {
        /// The address.
        address: String,
    },
    /// A group is left out.
    #[error("group '{group}' left out")]
    GroupLeftOut {
        /// Its name.
        group: String,
    },
    /// Other properties are left out.
    #[error("left out: {}", .names.join(", "))]
    PropertiesLeftOut {
        /// Their names.
        names: Vec<String>,
    },
    /// The book is full, so the contact is left out.
    #[error("book full: contact left out")]
    BookFull,
}

impl Loss {
    /// Whether something is lost, and not only put elsewhere or written in another way.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        match self {
            Self::NoName
            | Self::NameOnly
            | Self::Extended { .. }
            | Self::AdditionalNumber { .. }
            | Self::AdditionalEntry { .. } => false,
            Self::Number { change, .. } => change.is_loss(),
            Self::NameShortened { .. }
            | Self::CharactersDropped { .. }
            | Self::Nothing
            | Self::NumberUnusable { .. }
            | Self::ExtensionsFull { .. }
            | Self::NumberLeftOut { .. }
            | Self::LabelLeftOut { .. }
            | Self::SecondNameLeftOut { .. }
            | Self::SecondNameShortened { .. }
            | Self::EmailLeftOut { .. }
            | Self::GroupLeftOut { .. }
            | Self::PropertiesLeftOut { .. }
            | Self::BookFull => true,
        }
    }
}

/// Puts contacts into an empty book, in their order.
///
/// Each takes a slot; its second number becomes an additional number, and further ones, for which the card
/// has no additional number, entries of their own after the last contact. Duplicates are kept.
///
/// ```
/// use oxisim_phonebook::{Capacity, Contact, LabelledNumber, import};
///
/// let flowers = Contact {
///     name: "Flowers for all occasions".into(),
///     numbers: vec![LabelledNumber { number: "1-800-FLOWERS".into(), label: "WORK".into() }],
///     ..Contact::default()
/// };
/// let import = import(&[flowers], &Capacity::SIM);
/// assert_eq!(import.book.record(1).unwrap().alpha.text(), "Flowers for al");
/// let report: Vec<String> = import.report.iter().map(|change| change.what.to_string()).collect();
/// assert_eq!(report, [
///     "name shortened from 'Flowers for all occasions' to 'Flowers for al'",
///     "number '1-800-FLOWERS': letters 'FLOWERS' written as digits 3569377",
///     "label 'WORK' of number 1-800-FLOWERS left out",
/// ]);
/// ```
#[must_use]
pub fn import(contacts: &[Contact], capacity: &Capacity) -> Import {
    update(&Book::default(), contacts, capacity)
}

/// Puts contacts into a book that holds earlier ones, changing as few slots as it can.
///
/// A record that reads the same stays where it is, octet for octet. One with the same name, or else the same
/// number, is altered in its slot. Those left over are deleted, and new ones take the lowest free slots.
#[must_use]
pub fn update(old: &Book, contacts: &[Contact], capacity: &Capacity) -> Import {
    let mut planner = Planner::new(capacity);
    let further: Vec<_> =
        (1..).zip(contacts).flat_map(|(index, contact)| planner.contact(index, contact)).collect();
    for number in further {
        planner.further(number);
    }
    let Planner { records, mut report, entries, .. } = planner;
    report.sort_by_key(|change| change.contact);
    let (book, placed) = place(old, records, capacity.slots);
    let slots = entries.into_iter().map(|record| placed.get(&record?).copied()).collect();
    Import { book, report, slots }
}

/// A number that found no room in the entry of its contact.
struct Further<'a> {
    index: usize,
    contact: &'a Contact,
    alpha: AlphaIdentifier,
    number: DiallingNumber,
}

/// Decides what the card holds, slots apart.
struct Planner<'a> {
    capacity: &'a Capacity,
    extensions: usize,
    /// Entries that can still have additional numbers.
    additional_entries: u16,
    records: Vec<Record>,
    /// For each contact its own one of `records`.
    entries: Vec<Option<usize>>,
    report: Vec<Change>,
}

impl<'a> Planner<'a> {
    fn new(capacity: &'a Capacity) -> Self {
        Self {
            capacity,
            extensions: capacity.ext1_records,
            additional_entries: capacity.additional_entries,
            records: Vec::new(),
            entries: Vec::new(),
            report: Vec::new(),
        }
    }

    /// Plans the entry of a contact and returns the numbers for which it has no room.
    fn contact<'c>(&mut self, index: usize, contact: &'c Contact) -> Vec<Further<'c>> {
        let capacity = self.capacity;
        let fitted = AlphaIdentifier::fit(&contact.name, capacity.alpha);
        let parse = |text: &str| DiallingNumber::parse(text, capacity.digits).ok();
        let parsed: Vec<_> = contact.numbers.iter().map(|number| (number, parse(&number.number))).collect();
        let no_number = parsed.iter().all(|(_, parsed)| parsed.is_none());
        let nothing = fitted.alpha.is_empty() && no_number;
        if nothing || self.is_full() {
            self.say(index, contact, if nothing { Loss::Nothing } else { Loss::BookFull });
            self.entries.push(None);
            return Vec::new();
        }

        if let Some(dropped) = fitted.dropped {
            self.say(index, contact, Loss::CharactersDropped { dropped });
        }
        if fitted.cut.is_some() {
            self.say(
                index,
                contact,
                Loss::NameShortened { from: contact.name.clone(), to: fitted.alpha.text() },
            );
        }
        if fitted.alpha.is_empty() {
            self.say(index, contact, Loss::NoName);
        }
        if no_number {
            self.say(index, contact, Loss::NameOnly);
        }

        let mut record = Record { alpha: fitted.alpha, ..Record::default() };
        let room = if self.additional_entries > 0 { capacity.additional_numbers } else { 0 };
        let mut further = Vec::new();
        for (text, parsed) in parsed {
            let Some(parsed) = parsed else {
                self.say(index, contact, Loss::NumberUnusable { number: text.number.clone() });
                continue;
            };
            for change in parsed.changes {
                self.say(index, contact, Loss::Number { number: text.number.clone(), change });
            }
            if !text.label.is_empty() && (contact.numbers.len() > 1 || !is_mobile(&text.label)) {
                let label = text.label.clone();
                self.say(index, contact, Loss::LabelLeftOut { number: text.number.clone(), label });
            }
            let number = parsed.number;
            if record.number.is_none() {
                record.number = Some(self.extend(index, contact, number));
            } else if record.additional.len() < room {
                self.say(index, contact, Loss::AdditionalNumber { number: number.to_string() });
                record.additional.push(self.extend(index, contact, number));
            } else {
                further.push(Further { index, contact, alpha: record.alpha.clone(), number });
            }
        }
        self.additional_entries -= u16::from(!record.additional.is_empty());
        self.entries.push(Some(self.records.len()));
        self.records.push(record);

        if !contact.second_name.is_empty() {
            self.say(index, contact, Loss::SecondNameLeftOut { second_name: contact.second_name.clone() });
        }
        for address in &contact.emails {
            self.say(index, contact, Loss::EmailLeftOut { address: address.clone() });
        }
        for group in &contact.groups {
            self.say(index, contact, Loss::GroupLeftOut { group: group.clone() });
        }
        if !contact.other.is_empty() {
            self.say(index, contact, Loss::PropertiesLeftOut { names: contact.other.clone() });
        }
        further
    }

    fn further(&mut self, further: Further<'_>) {
        let Further { index, contact, alpha, number } = further;
        if self.is_full() {
            self.say(index, contact, Loss::NumberLeftOut { number: number.to_string() });
            return;
        }
        self.say(index, contact, Loss::AdditionalEntry { number: number.to_string() });
        let number = Some(self.extend(index, contact, number));
        self.records.push(Record { alpha, number, additional: Vec::new() });
    }

    /// Takes the extension records that `number` needs, or else cuts it.
    fn extend(&mut self, index: usize, contact: &Contact, mut number: DiallingNumber) -> DiallingNumber {
        let records = number.extensions();
        if let Some(left) = self.extensions.checked_sub(records) {
            self.extensions = left;
            if records > 0 {
                self.say(index, contact, Loss::Extended { number: number.to_string(), records });
            }
        } else if let Some(cut) = number.cut(RECORD_DIGITS) {
            self.say(index, contact, Loss::ExtensionsFull { cut });
        }
        number
    }

    fn is_full(&self) -> bool {
        self.records.len() >= usize::from(self.capacity.slots)
    }

    fn say(&mut self, contact: usize, of: &Contact, what: Loss) {
        self.report.push(Change { contact, name: of.name.clone(), what });
    }
}

/// Whether a label says no more than that the number is a mobile one for calls, which a card's only number
/// of an entry is taken for anyway.
fn is_mobile(label: &str) -> bool {
    label.split(',').all(|part| ["CELL", "VOICE"].iter().any(|usual| part.trim().eq_ignore_ascii_case(usual)))
}

/// Gives every record a slot, the old one where there is one. With the book, the slot of each record by its index.
fn place(old: &Book, records: Vec<Record>, slots: u16) -> (Book, BTreeMap<usize, u16>) {
    let mut old: BTreeMap<u16, &Record> = old.iter().filter(|(slot, _)| (1..=slots).contains(slot)).collect();
    let mut new: BTreeMap<usize, Record> = records.into_iter().enumerate().collect();
    let mut book = Book::default();
    let mut placed = BTreeMap::new();

    for (slot, index) in pairs(&old, &new, |record| Some(shown(record))) {
        new.remove(&index);
        placed.insert(index, slot);
        book.extend(old.remove(&slot).map(|record| (slot, record.clone())));
    }
    let name = |record: &Record| Some(record.alpha.text()).filter(|name| !name.is_empty());
    let number = |record: &Record| record.number.as_ref().map(ToString::to_string);
    for key in [&name as &dyn Fn(&Record) -> Option<String>, &number] {
        for (slot, index) in pairs(&old, &new, key) {
            old.remove(&slot);
            placed.insert(index, slot);
            book.extend(new.remove(&index).map(|record| (slot, record)));
        }
    }

    let taken: BTreeSet<u16> = book.iter().map(|(slot, _)| slot).collect();
    for (slot, (index, record)) in (1..=slots).filter(|slot| !taken.contains(slot)).zip(new) {
        placed.insert(index, slot);
        book.insert(slot, record);
    }
    (book, placed)
}

/// Old slots and new records that have the same key, each at most once.
fn pairs<K: Ord>(
    old: &BTreeMap<u16, &Record>,
    new: &BTreeMap<usize, Record>,
    key: impl Fn(&Record) -> Option<K>,
) -> Vec<(u16, usize)> {
    let mut slots: BTreeMap<K, VecDeque<u16>> = BTreeMap::new();
    for (&slot, record) in old {
        if let Some(key) = key(record) {
            slots.entry(key).or_default().push_back(slot);
        }
    }
    let mut slot = |record| slots.get_mut(&key(record)?)?.pop_front();
    new.iter().filter_map(|(&index, record)| Some((slot(record)?, index))).collect()
}

/// The name and the numbers that a record shows.
fn shown(record: &Record) -> (String, Vec<String>) {
    let numbers = record.number.iter().chain(&record.additional);
    (record.alpha.text(), numbers.map(ToString::to_string).collect())
}
