//! The console's own documents in a file of SQLite, which its owner alone reads.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use oxisim_wire::Instant;
use rusqlite::{Connection, OptionalExtension, params};

use crate::console::{DeskError, Drawer, Drawers};

/// Documents in a file.
#[derive(Debug)]
pub struct SqliteDrawers(Mutex<Connection>);

/// The version of the tables, as `user_version` has it.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE document (drawer TEXT NOT NULL, key TEXT NOT NULL, content BLOB NOT NULL,
                           PRIMARY KEY (drawer, key)) STRICT, WITHOUT ROWID;
    CREATE TABLE note (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
    CREATE INDEX note_at ON note (at);
    PRAGMA user_version = 1;";

impl SqliteDrawers {
    /// Opens the file at `path`, which is made if it does not exist.
    pub fn open(path: &Path) -> Result<Self, DeskError> {
        super::private(path).map_err(failed)?;
        let db = Connection::open(path).map_err(failed)?;
        let prepare = || -> rusqlite::Result<i64> {
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "FULL")?;
            db.pragma_update(None, "secure_delete", true)?;
            let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == 0 {
                db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;"))?;
            }
            Ok(version)
        };
        match prepare().map_err(failed)? {
            0 | VERSION => Ok(Self(Mutex::new(db))),
            other => {
                Err(DeskError(format!("{} has version {other}, which is not known", path.display()).into()))
            }
        }
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), DeskError> {
        self.db().prepare_cached(sql).and_then(|mut it| it.execute(values)).map(drop).map_err(failed)
    }
}

impl Drawers for SqliteDrawers {
    fn get(&self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, DeskError> {
        let sql = "SELECT content FROM document WHERE drawer = ?1 AND key = ?2";
        let db = self.db();
        db.query_row(sql, params![name(drawer), key], |row| row.get(0)).optional().map_err(failed)
    }

    fn put(&self, drawer: Drawer, key: &str, document: &[u8]) -> Result<(), DeskError> {
        self.change(
            "INSERT OR REPLACE INTO document VALUES (?1, ?2, ?3)",
            params![name(drawer), key, document],
        )
    }

    fn remove(&self, drawer: Drawer, key: &str) -> Result<(), DeskError> {
        self.change("DELETE FROM document WHERE drawer = ?1 AND key = ?2", params![name(drawer), key])
    }

    fn all(&self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, DeskError> {
        let db = self.db();
        let mut query = db
            .prepare_cached("SELECT key, content FROM document WHERE drawer = ?1 ORDER BY key")
            .map_err(failed)?;
        let rows = query.query_map([name(drawer)], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn note(&self, at: Instant, entry: &[u8]) -> Result<(), DeskError> {
        self.change("INSERT INTO note (at, content) VALUES (?1, ?2)", params![seconds(at), entry])
    }

    fn notes(&self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, DeskError> {
        let db = self.db();
        let mut query = db
            .prepare_cached("SELECT content FROM note ORDER BY id DESC LIMIT ?1 OFFSET ?2")
            .map_err(failed)?;
        let counts = [limit, skip].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let rows = query.query_map(counts, |row| row.get(0)).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn trim_notes(&self, before: Instant) -> Result<(), DeskError> {
        self.change("DELETE FROM note WHERE at < ?1", [seconds(before)])
    }
}

const fn name(drawer: Drawer) -> &'static str {
    match drawer {
        Drawer::Accounts => "accounts",
        Drawer::Sessions => "sessions",
        Drawer::Tokens => "tokens",
        Drawer::Groups => "groups",
    }
}

fn seconds(at: Instant) -> i64 {
    i64::try_from(at.as_secs()).unwrap_or(i64::MAX)
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> DeskError {
    DeskError(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_notes_are_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console");
        let drawers = SqliteDrawers::open(&path).unwrap();
        drawers.put(Drawer::Accounts, "b", b"1").unwrap();
        drawers.put(Drawer::Accounts, "a", b"2").unwrap();
        drawers.put(Drawer::Accounts, "b", b"3").unwrap();
        drawers.put(Drawer::Groups, "g", b"4").unwrap();
        drawers.remove(Drawer::Groups, "g").unwrap();
        for at in 1..=3 {
            drawers.note(Instant::from_secs(at), &[at as u8]).unwrap();
        }
        drop(drawers);
        let drawers = SqliteDrawers::open(&path).unwrap();
        let all = drawers.all(Drawer::Accounts).unwrap();
        assert_eq!(all, [("a".into(), b"2".to_vec()), ("b".into(), b"3".to_vec())]);
        assert_eq!(drawers.get(Drawer::Groups, "g").unwrap(), None);
        assert_eq!(drawers.notes(1, 9).unwrap(), [[2], [1]]);
        drawers.trim_notes(Instant::from_secs(3)).unwrap();
        assert_eq!(drawers.notes(0, 9).unwrap(), [[3]]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
