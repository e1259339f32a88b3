//! The records of a whole phonebook: `EF_ADN`, the files of additional numbers and `EF_EXT1`.

use alloc::{vec, vec::Vec};

use oxisim_wire::Error;

use crate::{
    book::{Book, Capacity},
    number::{EXTENSION_DIGITS, RECORD_DIGITS},
    record::{ADN_FIXED_OCTETS, AnrRecord, Ext1Record, FREE_EXT1, is_free},
    slot::{EntryFile, EntryFiles, StoreError, read_entry, write_entry},
};

/// The records of a phonebook's files; record *n* is at index *n* − 1. A host reads them from a card, stores a
/// book in them, and updates on the card those that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardFiles {
    /// Records of `EF_ADN`.
    pub adn: Vec<Vec<u8>>,
    /// For each `EF_ANR` with a record for each of `EF_ADN` (type 1), its records.
    pub anr: Vec<Vec<Vec<u8>>>,
    /// Records of `EF_EXT1`.
    pub ext1: Vec<Vec<u8>>,
}

impl CardFiles {
    /// Files with free records only.
    #[must_use]
    pub fn blank(capacity: &Capacity) -> Self {
        let file = |records: usize, octets: usize| vec![vec![0xFF; octets]; records];
        let slots = usize::from(capacity.slots);
        Self {
            adn: file(slots, capacity.alpha + ADN_FIXED_OCTETS),
            anr: vec![file(slots, AnrRecord::TYPE_1_OCTETS); capacity.additional_numbers],
            ext1: vec![FREE_EXT1.to_vec(); capacity.ext1_records],
        }
    }

    /// What there is room for.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        let records = |file: &Vec<Vec<u8>>| file.len().min(usize::from(u16::MAX)) as u16;
        let slots = records(&self.adn);
        let extension = if self.ext1.is_empty() { 0 } else { EXTENSION_DIGITS };
        Capacity {
            slots,
            alpha: self.adn.first().map_or(0, |record| record.len().saturating_sub(ADN_FIXED_OCTETS)),
            digits: RECORD_DIGITS + extension,
            additional_numbers: self.anr.len(),
            additional_entries: self.anr.iter().map(records).min().unwrap_or(0).min(slots),
            ext1_records: self.ext1.len().min(254),
        }
    }

    /// What the records hold. A chain of extension records that leads nowhere ends there.
    pub fn book(&self) -> Result<Book, Error> {
        let slots = (1..=u16::MAX).take(self.adn.len());
        let records = slots.map(|slot| Ok(read_entry(self, slot)?.map(|record| (slot, record))));
        records.filter_map(Result::transpose).collect()
    }

    /// Makes the records hold `book`. Entries that already read like it keep their octets, and their extension
    /// records.
    ///
    /// # Errors
    /// The files are left as they were.
    pub fn store(&mut self, book: &Book) -> Result<(), StoreError> {
        let mut next = self.clone();
        let slots = (1..=u16::MAX).take(self.adn.len());
        if let Some((slot, _)) = book.iter().find(|&(slot, _)| !slots.clone().any(|s| s == slot)) {
            return Err(StoreError::NoSlot { slot });
        }
        let mut changed = Vec::new();
        for slot in slots {
            let old = read_entry(&next, slot).ok().flatten();
            let kept = match (&old, book.record(slot)) {
                (Some(old), Some(new)) => old.reads_like(new),
                (old, new) => old.is_none() && new.is_none(),
            };
            if !kept {
                // What goes makes its extension records free for what comes.
                write_entry(&mut next, slot, None)?;
                changed.extend(book.record(slot).map(|record| (slot, record)));
            }
        }
        for (slot, record) in changed {
            write_entry(&mut next, slot, Some(record))?;
        }
        *self = next;
        Ok(())
    }

    /// Octets of the records that are not free.
    #[must_use]
    pub fn octets_in_use(&self) -> usize {
        let numbers = self.adn.iter().chain(self.anr.iter().flatten());
        let numbers = numbers.filter(|octets| !is_free(octets));
        let extensions = self.ext1.iter().filter(|octets| !matches!(Ext1Record::decode(octets), Ok(None)));
        numbers.chain(extensions).map(Vec::len).sum()
    }

    fn file(&self, file: EntryFile) -> Option<&Vec<Vec<u8>>> {
        match file {
            EntryFile::Adn => Some(&self.adn),
            EntryFile::Anr(n) => self.anr.get(n),
            EntryFile::Ext1 => Some(&self.ext1),
        }
    }
}

impl EntryFiles for CardFiles {
    fn record(&self, file: EntryFile, number: u16) -> Option<Vec<u8>> {
        self.file(file)?.get(usize::from(number).checked_sub(1)?).cloned()
    }

    fn update(&mut self, file: EntryFile, number: u16, octets: &[u8]) -> Result<(), StoreError> {
        let records = match file {
            EntryFile::Adn => Some(&mut self.adn),
            EntryFile::Anr(n) => self.anr.get_mut(n),
            EntryFile::Ext1 => Some(&mut self.ext1),
        };
        let record = records.and_then(|records| records.get_mut(usize::from(number).wrapping_sub(1)));
        *record.ok_or(StoreError::NotWritten { number })? = octets.to_vec();
        Ok(())
    }

    fn anr_files(&self) -> usize {
        self.anr.len()
    }

    fn ext1_records(&self) -> u16 {
        self.ext1.len().min(usize::from(u16::MAX)) as u16
    }
}
