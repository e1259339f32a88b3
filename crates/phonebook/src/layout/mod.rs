//! The phonebook of any card: which files it has, how they are linked, and the entries in them.
//!
//! `EF_PBR` names the files and one of three links for each (TS 31.102 §4.4.2.1): the record number of `EF_ADN`
//! (type 1), an octet of `EF_IAP` (type 2), or an octet of a record (type 3). A card may have several sets of such
//! files, one for each record of `EF_PBR`; the slots of the second set follow those of the first. A SIM of GSM
//! has one set, of `EF_ADN` and `EF_EXT1`.
//!
//! Names, numbers with their extensions and descriptions, second names, e-mail addresses and groups are read and
//! written; bearer capabilities stay as they are. What is changed is counted in `EF_CC`, and new entries get unique
//! identifiers in `EF_UID`, so that a phone with a copy of the phonebook finds out (TS 31.102 §4.4.2.12).

mod sets;
mod sync;
mod texts;
mod updates;
mod view;

use alloc::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use oxisim_wire::Error;

use crate::{
    AlphaIdentifier,
    book::{Book, Capacity, Contact, Record},
    import::{Import, update},
    number::{EXTENSION_DIGITS, RECORD_DIGITS},
    record::{ADN_FIXED_OCTETS, EXT1_OCTETS, Ext1Record, is_free},
    slot::{EntryFiles, StoreError, entry_chains, read_entry, write_entry},
};

pub use sets::Layout;
use sets::{Column, FileSet};
pub use updates::FileUpdate;
use view::View;

/// The records of each file by its file identifier; record *n* is at index *n* − 1. A file without records has its
/// whole body in the place of the first.
pub type Records = BTreeMap<u16, Vec<Vec<u8>>>;

/// An entry of a phonebook, in whatever files it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardEntry {
    /// The name and the numbers.
    pub record: Record,
    /// The second name (`EF_SNE`); may be empty.
    pub second_name: AlphaIdentifier,
    /// E-mail addresses (`EF_EMAIL`).
    pub emails: Vec<AlphaIdentifier>,
    /// For each additional number its description (`EF_AAS`); may be empty.
    pub descriptions: Vec<AlphaIdentifier>,
    /// Names of its groups (`EF_GAS`).
    pub groups: Vec<AlphaIdentifier>,
    /// Whether phones show it only to who knows the hidden key (TS 31.102 §4.4.2.5).
    pub hidden: bool,
}

impl CardEntry {
    /// The entry as a contact.
    #[must_use]
    pub fn contact(&self) -> Contact {
        let texts = |texts: &[AlphaIdentifier]| texts.iter().map(AlphaIdentifier::text).collect();
        let mut contact = self.record.contact();
        let first = usize::from(self.record.number.is_some());
        for (number, description) in contact.numbers.iter_mut().skip(first).zip(&self.descriptions) {
            number.label = description.text();
        }
        let (emails, groups) = (texts(&self.emails), texts(&self.groups));
        Contact { second_name: self.second_name.text(), emails, groups, ..contact }
    }
}

/// The phonebook of a card: the records of its files, and how they are linked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardPhonebook {
    layout: Layout,
    records: Records,
}

/// A phonebook that contacts have been put into, and what it could not hold of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The phonebook as it is to be.
    pub phonebook: CardPhonebook,
    /// The names and numbers in it, and what of the contacts was changed or lost.
    pub import: Import,
}

impl CardPhonebook {
    /// A phonebook of these records. Files that the card lacks have none; sets without records of `EF_ADN` have
    /// no slots.
    #[must_use]
    pub fn new(layout: Layout, records: Records) -> Self {
        let holds_entries = |set: &FileSet| {
            let adn = records.get(&set.adn).map_or(&[][..], |records| &records[..]);
            !adn.is_empty() && adn.iter().all(|octets| octets.len() >= ADN_FIXED_OCTETS)
        };
        let layout = layout.retain(holds_entries);
        Self { layout, records }
    }

    /// The records of all files.
    #[must_use]
    pub const fn records(&self) -> &Records {
        &self.records
    }

    /// How many entries there is room for.
    #[must_use]
    pub fn slots(&self) -> u16 {
        self.layout.sets.iter().map(|set| self.slots_of(set)).fold(0, u16::saturating_add)
    }

    /// What a slot, from 1, holds.
    pub fn entry(&self, slot: u16) -> Result<Option<CardEntry>, Error> {
        let Some((set, slot)) = self.locate(slot) else { return Ok(None) };
        let view = View { set, records: Cow::Borrowed(&self.records) };
        let Some(record) = read_entry(&view, slot)? else { return Ok(None) };
        Ok(Some(CardEntry {
            record,
            second_name: view.texts(&set.second_names, slot).into_iter().next().unwrap_or_default(),
            emails: view.texts(&set.emails, slot),
            descriptions: view.descriptions(slot),
            groups: view.group_names(slot),
            hidden: view.is_hidden(slot),
        }))
    }

    /// All entries by slot.
    pub fn entries(&self) -> Result<BTreeMap<u16, CardEntry>, Error> {
        let entries = (1..=self.slots()).map(|slot| Ok(self.entry(slot)?.map(|entry| (slot, entry))));
        entries.filter_map(Result::transpose).collect()
    }

    /// What there is room for. Where sets of files differ, it is what the smallest one holds.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        let sets = &self.layout.sets;
        let least = |of: &dyn Fn(&FileSet) -> usize| sets.iter().map(of).min().unwrap_or(0);
        let additional_numbers = least(&|set| self.additional_numbers(set));
        let additional_entries = least(&|set| {
            let columns = set.anr.iter().take(additional_numbers);
            columns.map(|column| self.usable(set, column)).min().unwrap_or(0)
        });
        let ext1_records = least(&|set| self.usable_extensions(set));
        Capacity {
            slots: self.slots(),
            alpha: least(&|set| self.record_octets(set.adn).saturating_sub(ADN_FIXED_OCTETS)),
            digits: RECORD_DIGITS + EXTENSION_DIGITS * ext1_records,
            additional_numbers,
            additional_entries: additional_entries.min(usize::from(self.slots())) as u16,
            ext1_records,
        }
    }

    /// Puts contacts in the place of what the phonebook holds, changing as few records as it can. An entry that is
    /// changed keeps its unique identifier, and stays hidden if it was.
    ///
    /// # Errors
    /// The records are not what their lengths and numbers say; a phonebook read from a card has none.
    pub fn plan(&self, contacts: &[Contact]) -> Result<Plan, StoreError> {
        let old = (1..=self.slots()).filter_map(|slot| Some((slot, self.entry(slot).ok()??.record)));
        let capacity = self.capacity();
        let mut import = update(&old.collect(), contacts, &capacity);
        let mut phonebook = self.clone();
        phonebook.store(&import.book)?;
        // A second time for entries that had extension records in common with those that were changed.
        phonebook.store(&import.book)?;
        phonebook.store_texts(contacts, capacity.digits, &mut import)?;
        phonebook.count_changes(self)?;
        Ok(Plan { phonebook, import })
    }

    fn slots_of(&self, set: &FileSet) -> u16 {
        self.records.get(&set.adn).map_or(0, |records| records.len().min(usize::from(u16::MAX)) as u16)
    }

    /// The set of files that a slot is in, and its record number there.
    fn locate(&self, slot: u16) -> Option<(&FileSet, u16)> {
        let mut local = slot;
        for set in &self.layout.sets {
            let slots = self.slots_of(set);
            if (1..=slots).contains(&local) {
                return Some((set, local));
            }
            local = local.checked_sub(slots)?;
        }
        None
    }

    fn record_octets(&self, fid: u16) -> usize {
        self.records.get(&fid).and_then(|records| records.first()).map_or(0, Vec::len)
    }

    /// How many additional numbers each entry of a set can have.
    fn additional_numbers(&self, set: &FileSet) -> usize {
        set.anr.iter().take_while(|column| self.usable(set, column) > 0).count()
    }

    /// How many entries can have something in a column: records that are free, or that entries have already.
    fn usable(&self, set: &FileSet, column: &Column) -> usize {
        let view = View { set, records: Cow::Borrowed(&self.records) };
        let records = self.records.get(&column.fid).map_or(0, Vec::len);
        if view.room(column) == 0 {
            return 0;
        }
        let Some(index) = column.index else {
            return if records >= usize::from(self.slots_of(set)) { records } else { 0 };
        };
        if set.iap.is_none_or(|iap| self.record_octets(iap) <= index) {
            return 0;
        }
        let mut usable: BTreeSet<u16> = (1..=u16::from(u8::MAX - 1))
            .filter(|&number| view.record_of(column.fid, number).is_some_and(|octets| is_free(octets)))
            .collect();
        for set in &self.layout.sets {
            let view = View { set, records: Cow::Borrowed(&self.records) };
            for same in set.columns().filter(|other| other.fid == column.fid) {
                usable.extend((1..=self.slots_of(set)).filter_map(|slot| view.linked(same, slot)));
            }
        }
        usable.len()
    }

    /// How many extension records the entries of a set can have: those that are free, and those that entries
    /// have already. Records of `EF_EXT1` that belong to other files are not counted.
    fn usable_extensions(&self, set: &FileSet) -> usize {
        let Some(ext1) = set.ext1.filter(|ext1| self.record_octets(*ext1) == EXT1_OCTETS) else { return 0 };
        let view = View { set, records: Cow::Borrowed(&self.records) };
        let is_free = |number: &u16| {
            view.record_of(ext1, *number).is_some_and(|octets| matches!(Ext1Record::decode(octets), Ok(None)))
        };
        let mut usable: BTreeSet<u16> = (1..=view.ext1_records()).filter(is_free).collect();
        for set in self.layout.sets.iter().filter(|set| set.ext1 == Some(ext1)) {
            let view = View { set, records: Cow::Borrowed(&self.records) };
            usable.extend((1..=self.slots_of(set)).flat_map(|slot| entry_chains(&view, slot)));
        }
        usable.len()
    }

    /// Makes the names and numbers those of `book`. Entries that already read like it keep their octets.
    fn store(&mut self, book: &Book) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        for slot in 1..=self.slots() {
            let old = self.entry(slot).ok().flatten().map(|entry| entry.record);
            let kept = match (&old, book.record(slot)) {
                (Some(old), Some(new)) => old.reads_like(new),
                (old, new) => old.is_none() && new.is_none(),
            };
            if !kept {
                // What goes makes its records free for what comes.
                self.change(slot, |view, slot| write_entry(view, slot, None))?;
                changed.extend(book.record(slot).map(|record| (slot, record)));
            }
        }
        for (slot, record) in changed {
            self.change(slot, |view, slot| write_entry(view, slot, Some(record)))?;
        }
        Ok(())
    }

    /// Changes what a slot holds.
    fn change(
        &mut self,
        slot: u16,
        change: impl FnOnce(&mut View<'_>, u16) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some((set, local)) = self.locate(slot) else { return Err(StoreError::NoSlot { slot }) };
        let set = set.clone();
        let mut view = View { set: &set, records: Cow::Owned(core::mem::take(&mut self.records)) };
        let done = change(&mut view, local);
        self.records = view.records.into_owned();
        done
    }
}
