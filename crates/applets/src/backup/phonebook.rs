//! The card's phonebook and the applet's array, as the uploader wants them.

use oxisim_backup::{Keyring, Phonebook, PhonebookError, Storage, StorageError, security::KeySet};
use oxisim_card::{AppletError, Env, FileId, path};
use oxisim_phonebook::{EntryFile, EntryFiles, Record, StoreError, read_entry, write_entry};

use super::security;

/// The files of the phonebook, found once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files {
    adn: FileId,
    anr: Option<FileId>,
    ext1: Option<FileId>,
    pub slots: u8,
    pub alpha_octets: u8,
    ext1_records: u8,
}

impl Files {
    /// Finds the files; without `EF_ADN` there is no phonebook.
    pub fn find(env: &Env<'_>) -> Result<Self, AppletError> {
        let view = env.read_files();
        let adn = view.find(path::EF_ADN)?;
        let ext1 = view.find(path::EF_EXT1).ok();
        let fixed = oxisim_phonebook::record::ADN_FIXED_OCTETS;
        Ok(Self {
            adn,
            anr: view.find(path::EF_ANR).ok(),
            ext1,
            slots: view.record_count(adn)?,
            alpha_octets: view.record_length(adn)?.saturating_sub(fixed).min(0xF1) as u8,
            ext1_records: ext1.and_then(|ext1| view.record_count(ext1).ok()).unwrap_or(0),
        })
    }

    fn id(&self, file: EntryFile) -> Option<FileId> {
        match file {
            EntryFile::Adn => Some(self.adn),
            EntryFile::Anr(0) => self.anr,
            EntryFile::Anr(_) => None,
            EntryFile::Ext1 => self.ext1,
        }
    }
}

/// What the uploader runs on while the applet handles an event.
pub(crate) struct CardHost<'a, 'e> {
    pub env: &'a mut Env<'e>,
    pub files: Files,
    /// Where the uploader's part of the applet's array starts.
    pub offset: usize,
}

impl EntryFiles for CardHost<'_, '_> {
    fn record(&self, file: EntryFile, number: u16) -> Option<alloc::vec::Vec<u8>> {
        let view = self.env.read_files();
        view.read_record(self.files.id(file)?, u8::try_from(number).ok()?).ok().map(<[u8]>::to_vec)
    }

    fn update(&mut self, file: EntryFile, number: u16, octets: &[u8]) -> Result<(), StoreError> {
        let failed = StoreError::NotWritten { number };
        let id = self.files.id(file).ok_or(failed)?;
        let record = u8::try_from(number).map_err(|_| failed)?;
        self.env.files().update_record(id, record, octets).map_err(|_| failed)
    }

    fn anr_files(&self) -> usize {
        usize::from(self.files.anr.is_some())
    }

    fn ext1_records(&self) -> u16 {
        u16::from(self.files.ext1_records)
    }
}

impl Phonebook for CardHost<'_, '_> {
    fn slots(&self) -> u16 {
        u16::from(self.files.slots)
    }

    fn alpha_octets(&self) -> u8 {
        self.files.alpha_octets
    }

    fn record(&self, slot: u16) -> Result<Option<Record>, PhonebookError> {
        read_entry(self, slot).map_err(|_| PhonebookError::Inaccessible)
    }

    fn replace(&mut self, slot: u16, record: Option<&Record>) -> Result<(), PhonebookError> {
        write_entry(self, slot, record).map_err(|error| match error {
            StoreError::NoSlot { .. } => PhonebookError::NoSlot,
            StoreError::NotWritten { .. } => PhonebookError::Inaccessible,
            _ => PhonebookError::TooLarge,
        })
    }
}

impl Keyring for CardHost<'_, '_> {
    fn keys(&self) -> Result<Option<KeySet>, StorageError> {
        security::keys(self.env).map_err(storage_error)
    }

    fn replace_keys(&mut self, keys: &KeySet) -> Result<(), StorageError> {
        security::replace_keys(keys, self.env).map_err(storage_error)
    }
}

impl Storage for CardHost<'_, '_> {
    fn octets(&self) -> usize {
        self.env.store_len().saturating_sub(self.offset)
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.env.store_read(self.offset + offset, buffer).map_err(storage_error)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.env.store_write(self.offset + offset, octets).map_err(storage_error)
    }
}

pub(super) fn storage_error(error: AppletError) -> StorageError {
    match error {
        AppletError::Range => StorageError::Full,
        _ => StorageError::Failed,
    }
}
