//! What every store must do, tested with each of them.

mod postgres;
mod suite;

use std::path::Path;

use oxisim_server::{MemoryDatabase, MemoryStore, PostgresStore, SqliteStore, StoreKey};
use postgres::Cluster;
use suite::Database;
use tempfile::TempDir;

/// Alters every copy, in both dialects.
const DAMAGE: &str = "UPDATE account_copy SET sealed = substr(sealed, 1, 20)";

const KEY: StoreKey = StoreKey::new([7; 32]);

/// A database file of its own for each test.
struct SqliteFile(TempDir);

impl Database for SqliteFile {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.0.path().join("backup.db"), &KEY).unwrap()
    }

    fn add_key(store: &mut SqliteStore) {
        store.add_data_key().unwrap();
    }

    fn reseal(store: &mut SqliteStore, limit: u32) -> bool {
        store.reseal(limit).unwrap()
    }

    fn rotate(store: &mut SqliteStore) {
        store.rotate().unwrap();
        store.change_key(&StoreKey::new([8; 32])).unwrap();
        store.change_key(&KEY).unwrap();
    }

    fn damage(&self) {
        let db = rusqlite::Connection::open(self.0.path().join("backup.db")).unwrap();
        assert!(db.execute(DAMAGE, []).unwrap() > 0);
    }

    fn rows(&self, table: &str) -> i64 {
        let db = rusqlite::Connection::open(self.0.path().join("backup.db")).unwrap();
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    fn folder(&self) -> Option<&Path> {
        Some(self.0.path())
    }
}

/// A database in memory of its own for each test.
#[derive(Default)]
struct InMemory(MemoryDatabase);

impl Database for InMemory {
    type Store = MemoryStore;

    fn open(&self) -> MemoryStore {
        MemoryStore::open(&self.0, &KEY).unwrap()
    }

    fn add_key(store: &mut MemoryStore) {
        store.add_data_key().unwrap();
    }

    fn reseal(store: &mut MemoryStore, limit: u32) -> bool {
        store.reseal(limit).unwrap()
    }

    fn rotate(store: &mut MemoryStore) {
        store.rotate().unwrap();
        store.change_key(&StoreKey::new([8; 32])).unwrap();
        store.change_key(&KEY).unwrap();
    }

    fn damage(&self) {
        self.0.damage_copies();
    }

    fn rows(&self, table: &str) -> i64 {
        self.0.rows(table).unwrap().try_into().unwrap()
    }

    fn folder(&self) -> Option<&Path> {
        None
    }
}

/// The database in the one cluster.
struct PostgresDatabase<'a> {
    cluster: &'a Cluster,
    url: String,
}

impl<'a> PostgresDatabase<'a> {
    /// Nothing stays of the test before.
    fn fresh(cluster: &'a Cluster) -> Self {
        let url = cluster.url("suite");
        let mut client = ::postgres::Client::connect(&url, ::postgres::NoTls).unwrap();
        client.batch_execute("DROP SCHEMA IF EXISTS oxisim CASCADE").unwrap();
        Self { cluster, url }
    }

    fn client(&self) -> ::postgres::Client {
        let mut client = ::postgres::Client::connect(&self.url, ::postgres::NoTls).unwrap();
        client.batch_execute("SET search_path TO oxisim").unwrap();
        client
    }
}

impl Database for PostgresDatabase<'_> {
    type Store = PostgresStore;

    fn open(&self) -> PostgresStore {
        PostgresStore::connect(&self.url, &KEY).unwrap()
    }

    fn add_key(store: &mut PostgresStore) {
        store.add_data_key().unwrap();
    }

    fn reseal(store: &mut PostgresStore, limit: u32) -> bool {
        store.reseal(limit).unwrap()
    }

    fn rotate(store: &mut PostgresStore) {
        store.rotate().unwrap();
        store.change_key(&StoreKey::new([8; 32])).unwrap();
        store.change_key(&KEY).unwrap();
    }

    fn damage(&self) {
        assert!(self.client().execute(DAMAGE, &[]).unwrap() > 0);
    }

    fn rows(&self, table: &str) -> i64 {
        self.client().query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap().get(0)
    }

    fn folder(&self) -> Option<&Path> {
        Some(self.cluster.folder())
    }
}

macro_rules! with_sqlite {
    ($($test:ident,)*) => {
        mod sqlite {
            $(
                #[test]
                fn $test() {
                    crate::suite::$test(&crate::SqliteFile(tempfile::tempdir().unwrap()));
                }
            )*
        }
    };
}

suite!(with_sqlite);

macro_rules! with_memory {
    ($($test:ident,)*) => {
        mod memory {
            $(
                #[test]
                fn $test() {
                    crate::suite::$test(&crate::InMemory::default());
                }
            )*
        }
    };
}

suite!(with_memory);

macro_rules! with_postgres {
    ($($test:ident,)*) => {
        /// One cluster for all: to make one takes longer than a test.
        #[test]
        fn postgresql_does_what_every_store_must_do() {
            let Some(cluster) = Cluster::start() else { return };
            cluster.create("suite");
            $(
                eprintln!(stringify!($test));
                suite::$test(&PostgresDatabase::fresh(&cluster));
            )*
        }
    };
}

suite!(with_postgres);
