//! One set of a phonebook's files, seen as if every link were of type 1.

use alloc::{borrow::Cow, vec, vec::Vec};

use super::{
    Records,
    sets::{Column, FileSet},
    texts::{NO_DESCRIPTION, NO_GROUP, whole},
};
use crate::{
    AlphaIdentifier,
    pbr::PhonebookFile,
    record::{AnrRecord, is_free},
    slot::{EntryFile, EntryFiles, StoreError},
};

/// One set of files. A file of type 2 looks like one of type 1: where an entry has no record, there is a free one.
pub(super) struct View<'a> {
    pub set: &'a FileSet,
    pub records: Cow<'a, Records>,
}

impl View<'_> {
    pub fn record_of(&self, fid: u16, number: u16) -> Option<&Vec<u8>> {
        self.records.get(&fid)?.get(usize::from(number).checked_sub(1)?)
    }

    pub fn replace(&mut self, fid: u16, number: u16, octets: Vec<u8>) -> Result<(), StoreError> {
        let record = self.records.to_mut().get_mut(&fid);
        let record = record.and_then(|records| records.get_mut(usize::from(number).wrapping_sub(1)));
        match record {
            Some(record) if record.len() == octets.len() => *record = octets,
            _ => return Err(StoreError::NotWritten { number }),
        }
        Ok(())
    }

    /// Octets of a column's records that are the entry's, and not a reference to it.
    pub fn room(&self, column: &Column) -> usize {
        let records = self.records.get(&column.fid);
        let octets = records.and_then(|records| records.first()).map_or(0, Vec::len);
        match (column.file, column.index) {
            (PhonebookFile::ANR, _) if octets < AnrRecord::TYPE_1_OCTETS => 0,
            (PhonebookFile::ANR, _) => AnrRecord::TYPE_1_OCTETS,
            (_, None) => octets,
            (_, Some(_)) => octets.saturating_sub(REFERENCE_OCTETS),
        }
    }

    /// The record of a column that belongs to an entry.
    pub fn linked(&self, column: &Column, slot: u16) -> Option<u16> {
        let Some(index) = column.index else { return Some(slot) };
        let number = *self.record_of(self.set.iap?, slot)?.get(index)?;
        let number = u16::from(number);
        (number != u16::from(u8::MAX) && self.record_of(column.fid, number).is_some()).then_some(number)
    }

    /// The entry's octets of a column's record.
    pub fn field(&self, column: &Column, slot: u16) -> Option<&[u8]> {
        self.record_of(column.fid, self.linked(column, slot)?)?.get(..self.room(column))
    }

    /// The record that an entry has in a column, or can have.
    pub fn available(&self, column: &Column, slot: u16) -> Option<u16> {
        if let Some(number) = self.linked(column, slot) {
            return Some(number).filter(|&number| self.record_of(column.fid, number).is_some());
        }
        self.record_of(self.set.iap?, slot)?.get(column.index?)?;
        let free = |&number: &u16| self.record_of(column.fid, number).is_some_and(|octets| is_free(octets));
        (1..=u16::from(u8::MAX - 1)).find(free)
    }

    pub fn accepts(&self, column: &Column, slot: u16, text: &[u8]) -> bool {
        text.len() <= self.room(column) && self.available(column, slot).is_some()
    }

    /// Writes an entry's octets into a column, and the link to them.
    pub fn write(&mut self, column: &Column, slot: u16, field: &[u8]) -> Result<(), StoreError> {
        let number = self.available(column, slot).ok_or(StoreError::NoAdditionalNumber { slot })?;
        let length = self.record_of(column.fid, number).map_or(0, Vec::len);
        let mut octets = field.to_vec();
        octets.resize(self.room(column), 0xFF);
        // Some cards have room for the reference in files of type 1, too.
        if length >= octets.len() + REFERENCE_OCTETS {
            octets.extend([self.set.sfi.unwrap_or(0xFF), slot as u8]);
        }
        octets.resize(length, 0xFF);
        self.replace(column.fid, number, octets)?;
        self.link(column, slot, number as u8)
    }

    /// Makes an entry have nothing in a column.
    pub fn clear(&mut self, column: &Column, slot: u16) -> Result<(), StoreError> {
        let Some(number) = self.linked(column, slot) else { return Ok(()) };
        let Some(octets) = self.record_of(column.fid, number) else { return Ok(()) };
        let free = vec![0xFF; octets.len()];
        self.replace(column.fid, number, free)?;
        self.link(column, slot, 0xFF)
    }

    /// Sets the octet of `EF_IAP`, if it is what links the column.
    pub fn link(&mut self, column: &Column, slot: u16, number: u8) -> Result<(), StoreError> {
        let (Some(index), Some(iap)) = (column.index, self.set.iap) else { return Ok(()) };
        let mut octets = self.record_of(iap, slot).cloned().unwrap_or_default();
        *octets.get_mut(index).ok_or(StoreError::NotWritten { number: slot })? = number;
        self.replace(iap, slot, octets)
    }

    /// The files in which an entry has an additional number, in their order.
    pub fn number_columns(&self, slot: u16) -> Vec<Column> {
        let has_number = |column: &&Column| {
            let record = self.field(column, slot).and_then(|field| AnrRecord::decode(field).ok().flatten());
            record.is_some_and(|record| record.number.is_some())
        };
        self.set.anr.iter().take(self.anr_files()).filter(has_number).copied().collect()
    }

    /// The descriptions of an entry's additional numbers; empty ones for none.
    pub fn descriptions(&self, slot: u16) -> Vec<AlphaIdentifier> {
        let description = |column: &Column| {
            let number = *self.field(column, slot)?.first()?;
            let record = self.record_of(self.set.descriptions?, u16::from(number))?;
            Some(AlphaIdentifier::from_field(record))
        };
        self.number_columns(slot).iter().map(|column| description(column).unwrap_or_default()).collect()
    }

    /// Sets the record number of the description of an additional number.
    pub fn describe(&mut self, column: &Column, slot: u16, description: u8) -> Result<(), StoreError> {
        let Some(number) = self.linked(column, slot) else { return Ok(()) };
        let mut octets = self.record_of(column.fid, number).cloned().unwrap_or_default();
        match octets.first_mut() {
            Some(octet) if *octet != description => *octet = description,
            _ => return Ok(()),
        }
        self.replace(column.fid, number, octets)
    }

    /// The record numbers of an entry's groups.
    pub fn groups(&self, slot: u16) -> Vec<u8> {
        let octets = self.set.groups.and_then(|file| self.record_of(file, slot));
        let is_group = |octet: &&u8| ![NO_GROUP, 0xFF].contains(octet);
        octets.map(|octets| octets.iter().filter(is_group).copied().collect()).unwrap_or_default()
    }

    /// The names of an entry's groups.
    pub fn group_names(&self, slot: u16) -> Vec<AlphaIdentifier> {
        let name = |&number: &u8| self.record_of(self.set.group_names?, u16::from(number));
        let names = self.groups(slot);
        let names = names.iter().filter_map(name).map(|record| AlphaIdentifier::from_field(record));
        names.filter(|name| !name.is_empty()).collect()
    }

    /// The record of a file of texts that says `text`, in whatever case, or else a free one that now does.
    pub fn record_saying(&mut self, file: u16, text: &str) -> Option<u8> {
        let records = self.records.get(&file)?;
        let folded = text.to_lowercase();
        let says = |record: &Vec<u8>| AlphaIdentifier::from_field(record).text().to_lowercase() == folded;
        let numbers = || (NO_DESCRIPTION + 1..u8::MAX).zip(records);
        if let Some((number, _)) = numbers().find(|(_, record)| says(record)) {
            return Some(number);
        }
        let free =
            |record: &Vec<u8>| is_free(record).then(|| whole(text, record.len())?.padded(record.len()));
        let (number, octets) = numbers().find_map(|(number, record)| Some((number, free(record)??)))?;
        self.replace(file, u16::from(number), octets).ok()?;
        Some(number)
    }

    /// The texts that an entry has in some columns.
    pub fn texts(&self, columns: &[Column], slot: u16) -> Vec<AlphaIdentifier> {
        let fields = columns.iter().filter_map(|column| self.field(column, slot));
        fields.map(AlphaIdentifier::from_field).filter(|text| !text.is_empty()).collect()
    }
}

/// Octets of a reference to an entry: the short file identifier of `EF_ADN`, and the record number.
pub(super) const REFERENCE_OCTETS: usize = 2;

impl EntryFiles for View<'_> {
    fn record(&self, file: EntryFile, number: u16) -> Option<Vec<u8>> {
        match file {
            EntryFile::Adn => self.record_of(self.set.adn, number).cloned(),
            EntryFile::Ext1 => self.record_of(self.set.ext1?, number).cloned(),
            EntryFile::Anr(n) => {
                let column = self.set.anr.get(n).filter(|column| self.room(column) > 0)?;
                let field = self.field(column, number).map(<[u8]>::to_vec);
                Some(field.unwrap_or_else(|| vec![0xFF; AnrRecord::TYPE_1_OCTETS]))
            }
        }
    }

    fn update(&mut self, file: EntryFile, number: u16, octets: &[u8]) -> Result<(), StoreError> {
        let missing = StoreError::NotWritten { number };
        match file {
            EntryFile::Adn => self.replace(self.set.adn, number, octets.to_vec()),
            EntryFile::Ext1 => self.replace(self.set.ext1.ok_or(missing)?, number, octets.to_vec()),
            EntryFile::Anr(n) => {
                let column = *self.set.anr.get(n).ok_or(missing)?;
                if is_free(octets) {
                    self.clear(&column, number)
                } else {
                    self.write(&column, number, octets)
                }
            }
        }
    }

    fn anr_files(&self) -> usize {
        self.set.anr.iter().take_while(|column| self.room(column) > 0).count()
    }

    fn ext1_records(&self) -> u16 {
        let records = self.set.ext1.and_then(|ext1| self.records.get(&ext1));
        records.map_or(0, |records| records.len().min(usize::from(u8::MAX - 1)) as u16)
    }
}
