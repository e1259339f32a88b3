//! The store in memory, for worlds that are simulated by the thousand.

mod records;
mod tables;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Sealed, StoreError, StoreKey, seal::Keyring};
pub use records::MemoryRecords;
use tables::Tables;

/// A database in memory: it lasts as long as a handle to it, or a store that was opened on it.
///
/// Several stores may be open on it at once, as several servers are on one database. What is committed is there for all;
/// a store that is dropped loses what it had not committed. No medium is under it, so power is never lost.
#[derive(Clone, Default)]
pub struct MemoryDatabase(Arc<Mutex<Tables>>);

/// A [`Store`](super::Store) in memory.
pub type MemoryStore = Sealed<MemoryRecords>;

impl MemoryDatabase {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        // Nothing panics in the middle of a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many rows a table has, by the name that it has in the databases; none of a table that there is not.
    #[must_use]
    pub fn rows(&self, table: &str) -> Option<usize> {
        self.lock().rows(table)
    }

    /// How often something has been written of subscribers: as long as it is the same, so are they.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// Cuts every complete copy off, so that none opens: what a medium that rots does.
    pub fn damage_copies(&self) {
        self.lock().damage_copies();
    }
}

impl fmt::Debug for MemoryDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDatabase").finish_non_exhaustive()
    }
}

impl Sealed<MemoryRecords> {
    /// Opens a database; the keys of a new one are by chance.
    pub fn open(database: &MemoryDatabase, key: &StoreKey) -> Result<Self, StoreError> {
        Ok(Self::over(MemoryRecords::new(database.clone()), key)?.counting())
    }

    /// The same, where whatever is left to chance follows from a seed: two runs that do the same go the same way, down to the
    /// order of subscribers who are due at one time. Its records are open to whoever knows the seed.
    pub fn open_seeded(database: &MemoryDatabase, seed: u64) -> Result<Self, StoreError> {
        let key = StoreKey::new([0; 32]);
        let records = MemoryRecords::new(database.clone());
        Ok(Self::over_new(records, &key, Keyring::seeded(seed))?.counting())
    }
}
