//! What every store must do, tested with each of them.

mod suite;

use oxisim_server::{SqliteStore, StoreKey};
use suite::Database;
use tempfile::TempDir;

/// A database file of its own for each test.
struct SqliteFile(TempDir);

impl Database for SqliteFile {
    type Store = SqliteStore;

    fn fresh() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.0.path().join("backup.db"), &StoreKey::new([7; 32])).unwrap()
    }
}

store_suite!(sqlite, SqliteFile);
