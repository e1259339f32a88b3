//! A phonebook, keys, and memory.

use oxisim_backup::{Keyring, Phonebook, PhonebookError, Storage, StorageError, security::KeySet};
use oxisim_phonebook::{AlphaIdentifier, Book, Record};

/// What an uploader runs on.
pub struct Host {
    memory: Vec<u8>,
    pub contacts: Book,
    pub keys: Option<KeySet>,
}

impl Host {
    pub fn new(octets: usize) -> Self {
        Self { memory: vec![0; octets], contacts: only(named("Ana")), keys: None }
    }
}

/// A phonebook of one contact.
pub fn only(contact: Record) -> Book {
    [(1, contact)].into_iter().collect()
}

/// A contact without a number.
pub fn named(name: &str) -> Record {
    Record { alpha: AlphaIdentifier::fit(name, 14).alpha, number: None, additional: Vec::new() }
}

impl Phonebook for Host {
    fn slots(&self) -> u16 {
        10
    }

    fn alpha_octets(&self) -> u8 {
        14
    }

    fn record(&self, slot: u16) -> Result<Option<Record>, PhonebookError> {
        Ok(self.contacts.record(slot).cloned())
    }

    fn replace(&mut self, _: u16, _: Option<&Record>) -> Result<(), PhonebookError> {
        Err(PhonebookError::TooLarge)
    }
}

impl Keyring for Host {
    fn keys(&self) -> Result<Option<KeySet>, StorageError> {
        Ok(self.keys.clone())
    }

    fn replace_keys(&mut self, keys: &KeySet) -> Result<(), StorageError> {
        self.keys = Some(keys.clone());
        Ok(())
    }
}

impl Storage for Host {
    fn octets(&self) -> usize {
        self.memory.octets()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.memory.load(offset, buffer)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.memory.save(offset, octets)
    }
}
