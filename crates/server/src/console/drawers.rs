//! Where the console keeps what is its own: small documents by key, and the audit log.

use std::{
    collections::{BTreeMap, VecDeque},
    marker::PhantomData,
    sync::{Mutex, PoisonError},
};

use oxisim_wire::Instant;

use super::{desk::DeskError, server_desk::Lender};
use crate::{
    Server, Store, StoreError,
    store::{Cabinet, Drawer},
};

/// Times that a document is written anew because another has changed it meanwhile.
const TRIES: usize = 10;

/// Makes another document of one, or none.
pub type Change<'a> = dyn FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, DeskError> + 'a;

/// The console's own documents. None is larger than a few kibioctets, and the console limits how many there are.
pub trait Drawers: Send + Sync + 'static {
    /// The document with this key.
    fn get(&self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, DeskError>;

    /// Puts a document in the place of the one that was there, none in that of none; `false`, and nothing is done, if it
    /// is no longer `was`: another server's console may have changed it.
    fn swap(
        &self,
        drawer: Drawer,
        key: &str,
        was: Option<&[u8]>,
        document: Option<&[u8]>,
    ) -> Result<bool, DeskError>;

    /// All documents of a drawer, in the order of their keys.
    fn all(&self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, DeskError>;

    /// Adds an entry to the audit log. It is kept before this returns.
    fn note(&self, at: Instant, entry: &[u8]) -> Result<(), DeskError>;

    /// Entries of the audit log, the latest first, without the `skip` latest.
    fn notes(&self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, DeskError>;

    /// Deletes at most `limit` entries of the audit log before a time, the oldest first; how many.
    fn trim_notes(&self, before: Instant, limit: u32) -> Result<u64, DeskError>;

    /// Makes of a document what `change` makes of it; of one that another changes meanwhile, again.
    fn change(&self, drawer: Drawer, key: &str, change: &mut Change<'_>) -> Result<(), DeskError> {
        for _ in 0..TRIES {
            let was = self.get(drawer, key)?;
            let document = change(was.as_deref())?;
            if self.swap(drawer, key, was.as_deref(), document.as_deref())? {
                return Ok(());
            }
        }
        Err(DeskError(StoreError::Conflict.into()))
    }

    /// Keeps a document, in the place of that with the same key.
    fn put(&self, drawer: Drawer, key: &str, document: &[u8]) -> Result<(), DeskError> {
        self.change(drawer, key, &mut |_| Ok(Some(document.into())))
    }

    /// Deletes the document with this key.
    fn remove(&self, drawer: Drawer, key: &str) -> Result<(), DeskError> {
        self.change(drawer, key, &mut |_| Ok(None))
    }
}

/// Documents in the store of a server that is lent.
pub struct ServerDrawers<S, L> {
    lender: L,
    store: PhantomData<fn(S)>,
}

impl<S: Store + Cabinet + 'static, L: Lender<S>> ServerDrawers<S, L> {
    /// Those of a server.
    pub const fn new(lender: L) -> Self {
        Self { lender, store: PhantomData }
    }

    fn with<T: Send>(&self, work: impl Fn(&mut S) -> Result<T, StoreError> + Sync) -> Result<T, DeskError> {
        let mut done = None;
        self.lender.lend(&mut |server: &mut Server<S>| done = Some(work(server.store())))?;
        let done = done.ok_or_else(|| DeskError("the server is stopping".into()))?;
        done.map_err(|error| DeskError(error.into()))
    }
}

impl<S: Store + Cabinet + 'static, L: Lender<S>> Drawers for ServerDrawers<S, L> {
    fn get(&self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, DeskError> {
        self.with(|store| store.document(drawer, key))
    }

    fn swap(
        &self,
        drawer: Drawer,
        key: &str,
        was: Option<&[u8]>,
        document: Option<&[u8]>,
    ) -> Result<bool, DeskError> {
        self.with(|store| store.swap(drawer, key, was, document))
    }

    fn all(&self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, DeskError> {
        self.with(|store| store.documents(drawer))
    }

    fn note(&self, at: Instant, entry: &[u8]) -> Result<(), DeskError> {
        self.with(|store| store.add_acts(&[(at, entry.into())]))
    }

    fn notes(&self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, DeskError> {
        self.with(|store| store.acts(skip, limit))
    }

    fn trim_notes(&self, before: Instant, limit: u32) -> Result<u64, DeskError> {
        self.with(|store| store.trim_acts(before, limit))
    }
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

    fn swap(
        &self,
        drawer: Drawer,
        key: &str,
        was: Option<&[u8]>,
        document: Option<&[u8]>,
    ) -> Result<bool, DeskError> {
        Ok(self.with(|contents| {
            let place = (drawer, key.to_owned());
            let is_same = contents.documents.get(&place).map(Vec::as_slice) == was;
            match document.filter(|_| is_same) {
                Some(document) => drop(contents.documents.insert(place, document.into())),
                None if is_same => drop(contents.documents.remove(&place)),
                None => {}
            }
            is_same
        }))
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

    fn trim_notes(&self, before: Instant, limit: u32) -> Result<u64, DeskError> {
        Ok(self.with(|contents| {
            let mut count = 0;
            while count < u64::from(limit) && contents.notes.back().is_some_and(|(at, _)| *at < before) {
                contents.notes.pop_back();
                count += 1;
            }
            count
        }))
    }
}
