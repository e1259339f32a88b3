//! What earlier versions of the console kept in a file of its own, `DATABASE.console`, is taken into the store.

use std::path::Path;

use oxisim_wire::Instant;
use rusqlite::{Connection, params};

use super::{ServiceError, open::beside};
use crate::store::{Cabinet, Drawer};

/// The version of the file's tables, as `user_version` has it.
const VERSION: i64 = 1;

/// Entries of the audit log that are taken at once.
const STEP: u32 = 500;

/// Takes what stands in the file at `path`, if there is one, and deletes it. What the store has already stays: another
/// server may have brought it.
pub(super) fn adopt(store: &mut impl Cabinet, path: &Path) -> Result<(), ServiceError> {
    if !path.exists() {
        return Ok(());
    }
    let db = Connection::open(path).map_err(ServiceError::Copy)?;
    let version: i64 =
        db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(ServiceError::Copy)?;
    if version != VERSION {
        let what = format!("{} has version {version}, which is not known", path.display());
        return Err(ServiceError::Damaged(what));
    }
    for (drawer, _, name) in Drawer::ALL {
        for (key, content) in documents(&db, name).map_err(ServiceError::Copy)? {
            store.swap(drawer, &key, None, Some(&content))?;
        }
    }
    loop {
        let entries = entries(&db).map_err(ServiceError::Copy)?;
        let Some((last, ..)) = entries.last() else { break };
        let last = *last;
        let entries: Vec<_> = entries.into_iter().map(|(_, at, content)| (at, content)).collect();
        store.add_acts(&entries)?;
        db.execute("DELETE FROM note WHERE id <= ?1", [last]).map_err(ServiceError::Copy)?;
    }
    drop(db);
    for path in [path.into(), beside(path, "-wal"), beside(path, "-shm")] {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ServiceError::File(path, error));
            }
            _ => {}
        }
    }
    log::info!("what stood in {} is in the database now", path.display());
    Ok(())
}

fn documents(db: &Connection, drawer: &str) -> rusqlite::Result<Vec<(String, Vec<u8>)>> {
    let mut query = db.prepare("SELECT key, content FROM document WHERE drawer = ?1")?;
    let rows = query.query_map([drawer], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn entries(db: &Connection) -> rusqlite::Result<Vec<(i64, Instant, Vec<u8>)>> {
    let mut query = db.prepare("SELECT id, at, content FROM note ORDER BY id LIMIT ?1")?;
    let rows = query.query_map(params![STEP], |row| {
        let seconds = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        Ok((row.get(0)?, Instant::from_secs(seconds), row.get(2)?))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStore;

    /// A file as version 1 of the console has made it.
    const FILE: &str = "
        CREATE TABLE document (drawer TEXT NOT NULL, key TEXT NOT NULL, content BLOB NOT NULL,
                               PRIMARY KEY (drawer, key)) STRICT, WITHOUT ROWID;
        CREATE TABLE note (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
        CREATE INDEX note_at ON note (at);
        PRAGMA user_version = 1;
        INSERT INTO document VALUES ('accounts', 'ada', x'01'), ('groups', 'de', x'02'), ('accounts', 'max', x'03');
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1201)
        INSERT INTO note (at, content) SELECT n, CAST(n AS BLOB) FROM n;";

    #[test]
    fn the_file_of_an_earlier_version_is_taken_into_the_store_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oxisim.db.console");
        Connection::open(&path).unwrap().execute_batch(FILE).unwrap();
        let mut store = SqliteStore::in_memory().unwrap();
        store.swap(Drawer::Accounts, "max", None, Some(b"newer")).unwrap();
        for _ in 0..2 {
            adopt(&mut store, &path).unwrap();
            let accounts = store.documents(Drawer::Accounts).unwrap();
            assert_eq!(accounts, [("ada".into(), vec![1]), ("max".into(), b"newer".to_vec())]);
            assert_eq!(store.document(Drawer::Groups, "de").unwrap(), Some(vec![2]));
            let acts = store.acts(0, 2_000).unwrap();
            assert_eq!((acts.len(), &acts[0][..], &acts[1200][..]), (1_201, &b"1201"[..], &b"1"[..]));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
