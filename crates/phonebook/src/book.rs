//! A phonebook as a card can hold it.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use crate::{AlphaIdentifier, number::DiallingNumber};

/// What a person has: an entry of an address book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The name as it is shown.
    pub name: String,
    /// Another name, or the same in another script; may be empty.
    pub second_name: String,
    /// Telephone numbers, the preferred one first.
    pub numbers: Vec<LabelledNumber>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// Names of the groups it is in, such as `Family`.
    pub groups: Vec<String>,
    /// Names of what else is known: addresses, birthdays, pictures.
    pub other: Vec<String>,
}

/// A telephone number of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledNumber {
    /// The number as it was written.
    pub number: String,
    /// Its types, such as `CELL` or `WORK,FAX`; may be empty.
    pub label: String,
}

/// What a card holds in one slot: a record of `EF_ADN` with its additional numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// The name.
    pub alpha: AlphaIdentifier,
    /// The number; digits beyond 20 stand in extension records.
    pub number: Option<DiallingNumber>,
    /// Further numbers, each in an `EF_ANR`.
    pub additional: Vec<DiallingNumber>,
}

impl Record {
    /// The record as a contact.
    #[must_use]
    pub fn contact(&self) -> Contact {
        let label =
            |number: &DiallingNumber| LabelledNumber { number: number.to_string(), label: String::new() };
        let numbers = self.number.iter().chain(&self.additional).map(label).collect();
        Contact { name: self.alpha.text(), numbers, ..Contact::default() }
    }

    /// Whether both show the same name and the same numbers, however they are coded.
    #[must_use]
    pub fn reads_like(&self, other: &Self) -> bool {
        self == other || self.contact() == other.contact()
    }
}

/// What a phonebook has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Entries: records of `EF_ADN`.
    pub slots: u16,
    /// Octets of an alpha identifier.
    pub alpha: usize,
    /// Digits of a number.
    pub digits: usize,
    /// Additional numbers of an entry.
    pub additional_numbers: usize,
    /// Entries that can have additional numbers; fewer than `slots` where an `EF_ANR` has fewer records.
    pub additional_entries: u16,
    /// Extension records of 20 digits each, shared by all numbers; records refer to no more than 254.
    pub ext1_records: usize,
}

impl Capacity {
    /// A SIM as it is commonly personalised.
    pub const SIM: Self = Self {
        slots: 255,
        alpha: 14,
        digits: 40,
        additional_numbers: 1,
        additional_entries: 255,
        ext1_records: 30,
    };

    /// The memory of a phone.
    pub const PHONE: Self = Self {
        slots: 1000,
        alpha: 64,
        digits: 40,
        additional_numbers: 4,
        additional_entries: 1000,
        ext1_records: 254,
    };
}

impl Default for Capacity {
    fn default() -> Self {
        Self::SIM
    }
}

/// The entries of a phonebook by slot. A slot is the number of a record, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    records: BTreeMap<u16, Record>,
}

impl Book {
    /// The record in `slot`.
    #[must_use]
    pub fn record(&self, slot: u16) -> Option<&Record> {
        self.records.get(&slot)
    }

    /// Puts `record` in `slot` and returns the one that was there.
    pub fn insert(&mut self, slot: u16, record: Record) -> Option<Record> {
        self.records.insert(slot, record)
    }

    /// Frees `slot` and returns the record that was there.
    pub fn remove(&mut self, slot: u16) -> Option<Record> {
        self.records.remove(&slot)
    }

    /// The records in the order of their slots.
    #[must_use = "an iterator does nothing until it is walked"]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u16, &Record)> + Clone {
        self.records.iter().map(|(&slot, record)| (slot, record))
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records as contacts, in the order of their slots.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        self.records.values().map(Record::contact).collect()
    }
}

impl FromIterator<(u16, Record)> for Book {
    fn from_iter<I: IntoIterator<Item = (u16, Record)>>(records: I) -> Self {
        Self { records: records.into_iter().collect() }
    }
}

impl Extend<(u16, Record)> for Book {
    fn extend<I: IntoIterator<Item = (u16, Record)>>(&mut self, records: I) {
        self.records.extend(records);
    }
}
