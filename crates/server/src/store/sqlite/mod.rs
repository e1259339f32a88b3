//! The store in one SQLite file.

mod legacy;
mod migration;
mod records;
mod schema;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};

use super::{KeyFailure, OpenFailure, Sealed, StoreError, StoreKey};
pub use records::SqliteRecords;

/// Statements that stay prepared: more than there are.
const STATEMENTS: usize = 64;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A [`Store`](super::Store) in one SQLite file.
///
/// Committed work is on the disk (write-ahead log, full synchronisation), deleted content is overwritten.
pub type SqliteStore = Sealed<SqliteRecords>;

impl Sealed<SqliteRecords> {
    /// Opens the database in the file `path`, which is made if it does not exist. A database of an earlier version is
    /// brought forward; what stood in it in clear is sealed.
    pub fn open(path: impl AsRef<Path>, key: &StoreKey) -> Result<Self, StoreError> {
        Self::finish(opened(path.as_ref())?, key)
    }

    /// Opens the database in the file `path` with the key of the environment, or of the file beside it
    /// ([`StoreKey::file_beside`]). That is made, for its owner alone to read, unless the database has been sealed.
    pub fn open_beside(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let mut db = opened(path)?;
        let key_file = StoreKey::file_beside(path);
        let is_sealed = records::has_keys(&mut db)?;
        if is_sealed && !key_file.exists() && StoreKey::from_environment()?.is_none() {
            return Err(KeyFailure::Missing { path: key_file }.into());
        }
        Self::finish(db, &StoreKey::of_database(path)?)
    }

    /// A database in memory, which nobody else sees and that ends with the value.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::finish(opened(Path::new(":memory:"))?, &StoreKey::new([0; 32]))
    }

    fn finish(db: Connection, key: &StoreKey) -> Result<Self, StoreError> {
        let mut store = Self::over(SqliteRecords::new(db), key)?;
        migration::seal(&mut store)?;
        Ok(store.counting())
    }
}

fn opened(path: &Path) -> Result<Connection, StoreError> {
    connect(path).map_err(|reason| StoreError::Open { path: PathBuf::from(path), reason })
}

fn connect(path: &Path) -> Result<Connection, OpenFailure> {
    if path.is_dir() {
        return Err(OpenFailure::Directory);
    }
    let has_folder = path.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir());
    if !has_folder {
        return Err(OpenFailure::NoFolder);
    }
    let mut db = Connection::open(path)?;
    prepare(&mut db).map_err(|failure| match failure {
        OpenFailure::Engine(error) => match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenFailure::NotSqlite,
            Some(ErrorCode::ReadOnly) => OpenFailure::ReadOnly,
            _ => OpenFailure::Engine(error),
        },
        other => other,
    })?;
    Ok(db)
}

fn prepare(db: &mut Connection) -> Result<(), OpenFailure> {
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    if db.is_readonly("main")? {
        return Err(OpenFailure::ReadOnly);
    }
    // Of another program's database not even the journal mode is changed.
    schema::migrate_to_seal(db)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::OpenFlags;

    use super::*;

    const KEY: StoreKey = StoreKey::new([7; 32]);

    fn failure(path: &Path) -> String {
        let error = SqliteStore::open(path, &KEY).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        error
    }

    #[test]
    fn what_cannot_be_opened_is_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("contacts.vcf");
        fs::write(&text, "BEGIN:VCARD\n".repeat(100)).unwrap();
        assert!(failure(&text).ends_with("contacts.vcf: it is not an SQLite database"));
        assert!(failure(folder.path()).ends_with(": it is a directory"));
        assert!(failure(&folder.path().join("no/such.db")).ends_with(": its folder does not exist"));
        assert!(failure(&text.join("such.db")).ends_with(": its folder does not exist"));
        #[cfg(target_os = "linux")]
        assert!(failure(Path::new("/proc/such.db")).contains("unable to open"));
    }

    #[test]
    fn a_database_that_cannot_be_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.db");
        drop(SqliteStore::open(&path, &KEY).unwrap());
        let mut db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert!(matches!(prepare(&mut db), Err(OpenFailure::ReadOnly)));
    }

    #[test]
    fn a_database_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.db");
        SqliteStore::open(&path, &KEY)
            .unwrap()
            .records()
            .db()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let known = schema::MIGRATIONS.len();
        let reason = format!("it has version 99, this program knows versions up to {known}");
        assert!(failure(&path).ends_with(&reason));
    }

    #[test]
    fn another_programs_database_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE note (text)").unwrap();
        let before = fs::read(&path).unwrap();
        assert!(failure(&path).ends_with(": it is the database of another program"));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn committed_work_is_kept_the_safe_way() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("backup.db"), &KEY).unwrap();
        let pragma = |name: &str| {
            store.records().db().pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("foreign_keys"), 1);
        assert_eq!(pragma("secure_delete"), 1);
        assert_eq!(pragma("busy_timeout"), 5_000);
        let mode: String =
            store.records().db().pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn who_is_due_is_found_by_index_from_the_low_watermark_on() {
        let store = SqliteStore::in_memory().unwrap();
        let mut query =
            store.records().db().prepare(&format!("EXPLAIN QUERY PLAN {}", records::DUE)).unwrap();
        let rows = query.query_map(rusqlite::params![0, 9, 1], |row| row.get::<_, String>("detail")).unwrap();
        let plan: Vec<String> = rows.map(Result::unwrap).collect();
        assert_eq!(plan, ["SEARCH due USING PRIMARY KEY (at>? AND at<?)"]);
    }

    #[test]
    fn a_key_that_is_lost_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.db");
        drop(SqliteStore::open_beside(&path).unwrap());
        drop(SqliteStore::open_beside(&path).unwrap());
        fs::remove_file(StoreKey::file_beside(&path)).unwrap();
        let error = SqliteStore::open_beside(&path).unwrap_err().to_string();
        assert!(error.contains("backup.db.store-key is missing"), "{error}");
        assert!(!StoreKey::file_beside(&path).exists());
        let error = SqliteStore::open(&path, &KEY).unwrap_err();
        assert!(matches!(error, StoreError::WrongKey), "{error}");
    }
}
