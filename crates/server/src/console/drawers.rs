//! Where the console keeps what is its own: small documents by key, and the audit log.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use oxisim_wire::Instant;

use super::desk::DeskError;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drawer {
    /// An account; its key is its name.
    Accounts,
    /// A session; its key is the digest of its secret.
    Sessions,
    /// A token of a program; its key is the digest of its secret.
    Tokens,
    /// A group of subscribers and its policy; its key is its name.
    Groups,
}

/// The console's own documents. None is larger than a few kibioctets, and the console limits how many there are.
pub trait Drawers: Send + Sync + 'static {
    /// The document with this key.
    fn get(&self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, DeskError>;

    /// Keeps a document, in the place of that with the same key.
    fn put(&self, drawer: Drawer, key: &str, document: &[u8]) -> Result<(), DeskError>;

    /// Deletes the document with this key.
    fn remove(&self, drawer: Drawer, key: &str) -> Result<(), DeskError>;

    /// All documents of a drawer, in the order of their keys.
    fn all(&self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, DeskError>;

    /// Adds an entry to the audit log. It is kept before this returns.
    fn note(&self, at: Instant, entry: &[u8]) -> Result<(), DeskError>;

    /// Entries of the audit log, the latest first, without the `skip` latest.
    fn notes(&self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, DeskError>;

    /// Deletes the entries of the audit log before a time.
    fn trim_notes(&self, before: Instant) -> Result<(), DeskError>;
}

/// Documents in memory: for tests, and for a console that is to forget everything.
#[derive(Debug, Default)]
pub struct MemoryDrawers(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    documents: BTreeMap<(Drawer, String), Vec<u8>>,
    notes: VecDeque<(Instant, Vec<u8>)>,
}

impl MemoryDrawers {
    fn with<T>(&self, work: impl FnOnce(&mut Contents) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drawers for MemoryDrawers {
    fn get(&self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, DeskError> {
        Ok(self.with(|contents| contents.documents.get(&(drawer, key.into())).cloned()))
    }

    fn put(&self, drawer: Drawer, key: &str, document: &[u8]) -> Result<(), DeskError> {
        self.with(|contents| contents.documents.insert((drawer, key.into()), document.into()));
        Ok(())
    }

    fn remove(&self, drawer: Drawer, key: &str) -> Result<(), DeskError> {
        self.with(|contents| contents.documents.remove(&(drawer, key.into())));
        Ok(())
    }

    fn all(&self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, DeskError> {
        Ok(self.with(|contents| {
            let of_drawer = contents.documents.iter().filter(|((of, _), _)| *of == drawer);
            of_drawer.map(|((_, key), document)| (key.clone(), document.clone())).collect()
        }))
    }

    fn note(&self, at: Instant, entry: &[u8]) -> Result<(), DeskError> {
        self.with(|contents| contents.notes.push_front((at, entry.into())));
        Ok(())
    }

    fn notes(&self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, DeskError> {
        Ok(self.with(|contents| {
            contents.notes.iter().skip(skip).take(limit).map(|(_, entry)| entry.clone()).collect()
        }))
    }

    fn trim_notes(&self, before: Instant) -> Result<(), DeskError> {
        self.with(|contents| contents.notes.retain(|(at, _)| *at >= before));
        Ok(())
    }
}
