//! One entry of a card's phonebook: its records of `EF_ADN`, `EF_ANR` and `EF_EXT1`, read and written in place.

use alloc::{vec, vec::Vec};

use oxisim_wire::Error;

use crate::{
    book::Record,
    number::DiallingNumber,
    record::{AdnRecord, AnrRecord, Ext1Record, Extension, FREE_EXT1, RecordId},
};

/// A file of a phonebook whose entries stand in the same record of `EF_ADN` and `EF_ANR` (type 1 links).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFile {
    /// `EF_ADN`.
    Adn,
    /// The n-th `EF_ANR`, from 0.
    Anr(usize),
    /// `EF_EXT1`.
    Ext1,
}

/// The records of a phonebook's files, wherever they are.
pub trait EntryFiles {
    /// Record `number`, from 1; none if the file or the record is not there.
    fn record(&self, file: EntryFile, number: u16) -> Option<Vec<u8>>;

    /// Writes a record, in its whole length.
    fn update(&mut self, file: EntryFile, number: u16, octets: &[u8]) -> Result<(), StoreError>;

    /// How many `EF_ANR` there are.
    fn anr_files(&self) -> usize;

    /// How many records `EF_EXT1` has.
    fn ext1_records(&self) -> u16;
}

/// Why a book cannot be stored in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The files have no such record.
    #[error("no record {slot} in the phonebook")]
    NoSlot {
        /// The slot of the book.
        slot: u16,
    },
    /// There are fewer files of additional numbers than numbers.
    #[error("no room for the additional numbers of record {slot}")]
    NoAdditionalNumber {
        /// The slot of the book.
        slot: u16,
    },
    /// All extension records are taken.
    #[error("no extension record free for the number of record {slot}")]
    NoExtension {
        /// The slot of the book.
        slot: u16,
    },
    /// A name is longer than the records hold.
    #[error("record {slot}: {error}")]
    Record {
        /// The slot of the book.
        slot: u16,
        /// What does not fit.
        error: Error,
    },
    /// The card refuses to write a record of the phonebook.
    #[error("record {number} of a phonebook file cannot be written")]
    NotWritten {
        /// The record's number.
        number: u16,
    },
}

/// What a slot, from 1, holds. A chain of extension records that leads nowhere ends there.
pub fn read_entry(files: &(impl EntryFiles + ?Sized), slot: u16) -> Result<Option<Record>, Error> {
    let Some(octets) = files.record(EntryFile::Adn, slot) else { return Ok(None) };
    let Some(adn) = AdnRecord::decode(&octets)? else { return Ok(None) };
    let number = adn.number.map(|number| whole(files, number, adn.extension));
    let mut additional = Vec::new();
    for file in 0..files.anr_files() {
        let Some(octets) = files.record(EntryFile::Anr(file), slot) else { continue };
        if let Some(AnrRecord { number: Some(number), extension, .. }) = AnrRecord::decode(&octets)? {
            additional.push(whole(files, number, extension));
        }
    }
    Ok(Some(Record { alpha: adn.alpha, number, additional }))
}

/// Makes a slot, from 1, hold `record`, or nothing. What it held, and its extension records, become free.
///
/// # Errors
/// Nothing is written if the record does not fit.
pub fn write_entry(
    files: &mut (impl EntryFiles + ?Sized),
    slot: u16,
    record: Option<&Record>,
) -> Result<(), StoreError> {
    let old = files.record(EntryFile::Adn, slot).ok_or(StoreError::NoSlot { slot })?;
    let freed = entry_chains(files, slot);
    let mut plan = Plan { slot, freed: &freed, free: None, writes: Vec::new() };
    match record {
        None => plan.writes.push((EntryFile::Adn, slot, vec![0xFF; old.len()])),
        Some(record) => {
            if record.additional.len() > files.anr_files() {
                return Err(StoreError::NoAdditionalNumber { slot });
            }
            let (number, extension) = plan.extend(files, record.number.as_ref())?;
            let adn = AdnRecord { alpha: record.alpha.clone(), number, capability: None, extension };
            let octets = adn.encode(old.len()).map_err(|error| StoreError::Record { slot, error })?;
            plan.writes.push((EntryFile::Adn, slot, octets));
        }
    }
    for file in 0..files.anr_files() {
        let octets = match record.and_then(|record| record.additional.get(file)) {
            Some(number) => {
                let (number, extension) = plan.extend(files, Some(number))?;
                let anr = AnrRecord { description: 0, number, capability: None, extension, entry: None };
                anr.encode().map_err(|error| StoreError::Record { slot, error })?
            }
            None => vec![0xFF; AnrRecord::TYPE_1_OCTETS],
        };
        plan.writes.push((EntryFile::Anr(file), slot, octets));
    }
    let mut writes = plan.writes;
    let used: Vec<u16> = writes.iter().filter(|w| w.0 == EntryFile::Ext1).map(|w| w.1).collect();
    for number in freed.into_iter().filter(|number| !used.contains(number)) {
        writes.push((EntryFile::Ext1, number, FREE_EXT1.to_vec()));
    }
    for (file, number, octets) in &writes {
        if files.record(*file, *number).as_ref() != Some(octets) {
            files.update(*file, *number, octets)?;
        }
    }
    Ok(())
}

/// Records to write for one entry: extension records before those that point to them.
struct Plan<'a> {
    slot: u16,
    /// The extension records that the entry itself has.
    freed: &'a [u16],
    /// Those that can be taken, once one is wanted: few numbers do.
    free: Option<Vec<RecordId>>,
    writes: Vec<(EntryFile, u16, Vec<u8>)>,
}

impl Plan<'_> {
    /// Plans the extension records of a number; the digits that stay in its own record, and the first of them.
    fn extend(
        &mut self,
        files: &(impl EntryFiles + ?Sized),
        number: Option<&DiallingNumber>,
    ) -> Result<(Option<DiallingNumber>, Option<RecordId>), StoreError> {
        let slot = self.slot;
        let Some((head, rest)) = number.map(DiallingNumber::split) else { return Ok((None, None)) };
        let mut next = None;
        for digits in rest.into_iter().rev() {
            let free = self.free.get_or_insert_with(|| free_extensions(files, self.freed));
            let id = free.pop().ok_or(StoreError::NoExtension { slot })?;
            let record = Ext1Record { data: Extension::Digits(digits), next };
            let octets = record.encode().map_err(|error| StoreError::Record { slot, error })?;
            self.writes.push((EntryFile::Ext1, u16::from(id.number()), octets));
            next = Some(id);
        }
        Ok((Some(head), next))
    }
}

fn whole(
    files: &(impl EntryFiles + ?Sized),
    mut number: DiallingNumber,
    extension: Option<RecordId>,
) -> DiallingNumber {
    for (_, record) in chain(files, extension) {
        if let Extension::Digits(digits) = record.data {
            number.extend(&digits);
        }
    }
    number
}

/// The extension records from `first` on, at most as many as there are.
fn chain<F: EntryFiles + ?Sized>(
    files: &F,
    first: Option<RecordId>,
) -> impl Iterator<Item = (u16, Ext1Record)> + use<'_, F> {
    let mut next = first;
    let steps = core::iter::from_fn(move || {
        let number = u16::from(next?.number());
        let record = Ext1Record::decode(&files.record(EntryFile::Ext1, number)?).ok()??;
        next = record.next;
        Some((number, record))
    });
    steps.take(usize::from(files.ext1_records()))
}

/// The extension records that belong to a slot.
pub(crate) fn entry_chains(files: &(impl EntryFiles + ?Sized), slot: u16) -> Vec<u16> {
    let adn = files.record(EntryFile::Adn, slot).and_then(|octets| AdnRecord::decode(&octets).ok().flatten());
    let mut first = vec![adn.and_then(|record| record.extension)];
    for file in 0..files.anr_files() {
        let anr = files.record(EntryFile::Anr(file), slot);
        let anr = anr.and_then(|octets| AnrRecord::decode(&octets).ok().flatten());
        first.push(anr.and_then(|record| record.extension));
    }
    first.into_iter().flat_map(|first| chain(files, first)).map(|(number, _)| number).collect()
}

/// Extension records that can be taken, the first last. Those that the entry itself has are taken only if there are
/// no others, so that the entry is whole until its own record is written.
fn free_extensions(files: &(impl EntryFiles + ?Sized), freed: &[u16]) -> Vec<RecordId> {
    let is_free = |number: &u16| {
        files
            .record(EntryFile::Ext1, *number)
            .is_some_and(|octets| matches!(Ext1Record::decode(&octets), Ok(None)))
    };
    let own = (1..=files.ext1_records()).rev().filter(|number| freed.contains(number));
    let others = (1..=files.ext1_records()).rev().filter(is_free);
    own.chain(others).filter_map(|number| RecordId::new(u8::try_from(number).ok()?)).collect()
}
