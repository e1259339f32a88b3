//! What every store must do, tested with each of them.

mod postgres;
mod suite;

use std::path::Path;

use oxisim_server::{PostgresStore, SqliteStore, StoreKey};
use postgres::Cluster;
use suite::Database;
use tempfile::TempDir;

const KEY: StoreKey = StoreKey::new([7; 32]);

/// A database file of its own for each test.
struct SqliteFile(TempDir);

impl Database for SqliteFile {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.0.path().join("backup.db"), &KEY).unwrap()
    }

    fn rotate(store: &mut SqliteStore) {
        store.add_data_key().unwrap();
        while store.reseal(2).unwrap() {}
        store.change_key(&StoreKey::new([8; 32])).unwrap();
        store.change_key(&KEY).unwrap();
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }
}

/// A database of its own in the one cluster.
struct PostgresDatabase<'a> {
    cluster: &'a Cluster,
    url: String,
}

impl Database for PostgresDatabase<'_> {
    type Store = PostgresStore;

    fn open(&self) -> PostgresStore {
        PostgresStore::connect(&self.url, &KEY).unwrap()
    }

    fn rotate(store: &mut PostgresStore) {
        store.add_data_key().unwrap();
        while store.reseal(2).unwrap() {}
        store.change_key(&StoreKey::new([8; 32])).unwrap();
        store.change_key(&KEY).unwrap();
    }

    fn folder(&self) -> &Path {
        self.cluster.folder()
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

macro_rules! with_postgres {
    ($($test:ident,)*) => {
        /// One cluster for all: to make one takes longer than a test.
        #[test]
        fn postgresql_does_what_every_store_must_do() {
            let Some(cluster) = Cluster::start() else { return };
            $(
                eprintln!(stringify!($test));
                cluster.create(stringify!($test));
                suite::$test(&PostgresDatabase { cluster: &cluster, url: cluster.url(stringify!($test)) });
            )*
        }
    };
}

suite!(with_postgres);
