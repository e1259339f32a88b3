//! The store in one SQLite file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use oxisim_backup::{message::Source, security::KeyVersion};
use oxisim_wire::Instant;
use rusqlite::{Connection, ErrorCode, Row, TransactionBehavior, named_params, params};

use super::{
    Account, CopySummary, Direction, Enrolled, LogEntry, OpenFailure, Progress, Store, StoreError, StoreKey,
    Summary, cards,
    rows::{self, SqliteAccount},
    schema,
};
use crate::{Iccid, Msisdn};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A [`Store`] in one SQLite file, which `sqlite3` can query while the server runs.
///
/// Committed work is on the disk (write-ahead log, full synchronisation), deleted content is overwritten.
#[derive(Debug)]
pub struct SqliteStore {
    db: Connection,
}

impl SqliteStore {
    /// Opens the database in the file `path`, which is made if it does not exist. A database of an earlier version is brought forward.
    pub fn open(path: impl AsRef<Path>, _key: &StoreKey) -> Result<Self, StoreError> {
        Self::open_plain(path.as_ref())
    }

    /// Opens the database in the file `path` with the key of the environment, or of the file beside it
    /// ([`StoreKey::file_beside`]). That is made for a new database, for its owner alone to read.
    pub fn open_beside(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let store = Self::open_plain(path)?;
        let _key = StoreKey::of_database(path)?;
        Ok(store)
    }

    /// A database in memory, which nobody else sees and that ends with the value.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::open_plain(Path::new(":memory:"))
    }

    fn open_plain(path: &Path) -> Result<Self, StoreError> {
        connect(path)
            .map(|db| Self { db })
            .map_err(|reason| StoreError::Open { path: PathBuf::from(path), reason })
    }
}

impl Store for SqliteStore {
    type Account<'a> = SqliteAccount<'a>;

    fn subscriber<T, E: From<StoreError>>(
        &mut self,
        msisdn: &Msisdn,
        work: impl FnOnce(&mut SqliteAccount<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction =
            self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        // Dropped without a commit, a transaction is rolled back.
        let result = work(&mut SqliteAccount::new(&transaction, msisdn))?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(result)
    }

    fn begin(&mut self, _of: &[Msisdn]) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn roll_back(&mut self) {}

    fn put_off(&mut self, msisdn: &Msisdn, until: Instant, why: &LogEntry) -> Result<(), StoreError> {
        self.subscriber(msisdn, |account| {
            account.put_off(until)?;
            account.log(why)
        })
    }

    fn next_due(&mut self) -> Result<Option<Instant>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT min(at) FROM (
                 SELECT min(resume_at) AS at FROM backup WHERE resume_at IS NOT NULL
                 UNION ALL SELECT min(due) FROM restore WHERE due IS NOT NULL
                 UNION ALL SELECT min(due) FROM command WHERE due IS NOT NULL
                 UNION ALL SELECT min(due) FROM letter WHERE due IS NOT NULL
                 UNION ALL SELECT min(rekey_due) FROM card WHERE rekey_due IS NOT NULL AND msisdn IS NOT NULL)",
        )?;
        let at: Option<i64> = query.query_row([], |row| row.get(0))?;
        at.map(|at| rows::instant(at, "backup", "resume_at")).transpose()
    }

    fn due(&mut self, now: Instant, limit: u32) -> Result<Vec<Msisdn>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT msisdn FROM (
                 SELECT msisdn, resume_at AS at FROM backup WHERE resume_at <= :now
                 UNION ALL SELECT msisdn, due FROM restore WHERE due <= :now
                 UNION ALL SELECT msisdn, due FROM command WHERE due <= :now
                 UNION ALL SELECT msisdn, due FROM letter WHERE due <= :now
                 UNION ALL SELECT msisdn, rekey_due FROM card WHERE rekey_due <= :now AND msisdn IS NOT NULL)
             GROUP BY msisdn ORDER BY min(at), msisdn LIMIT :limit",
        )?;
        let mut found = query.query(named_params! { ":now": rows::micros(now), ":limit": limit })?;
        let mut due = Vec::new();
        while let Some(row) = found.next()? {
            due.push(msisdn(row)?);
        }
        Ok(due)
    }

    fn subscribers(&mut self) -> Result<Vec<Summary>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT msisdn, source,
                    phonebook.generation AS copy_generation, completed_at,
                    (SELECT count(*) FROM contact
                     WHERE contact.msisdn = kept.msisdn AND contact.source = kept.source) AS contacts,
                    backup.generation, total, received, standing, digest, reason, since, resume_at,
                    (SELECT alarms FROM subscriber WHERE subscriber.msisdn = kept.msisdn) AS alarms
             FROM (SELECT msisdn, source FROM phonebook UNION SELECT msisdn, source FROM backup) AS kept
             LEFT JOIN phonebook USING (msisdn, source)
             LEFT JOIN backup USING (msisdn, source)
             ORDER BY msisdn, source",
        )?;
        let mut found = query.query([])?;
        let mut subscribers = Vec::new();
        while let Some(row) = found.next()? {
            subscribers.push(summary(row)?);
        }
        Ok(subscribers)
    }

    fn enrol(
        &mut self,
        msisdn: &Msisdn,
        iccid: &Iccid,
        key_version: KeyVersion,
        now: Instant,
    ) -> Result<(), StoreError> {
        cards::enrol(&mut self.db, msisdn, iccid, key_version, now)
    }

    fn cards(&mut self) -> Result<Vec<(Msisdn, Enrolled)>, StoreError> {
        cards::all(&self.db)
    }

    fn find_card(&mut self, iccid: &Iccid) -> Result<Option<Enrolled>, StoreError> {
        cards::find(&self.db, iccid)
    }

    fn card_count(&mut self) -> Result<u64, StoreError> {
        cards::count(&self.db)
    }

    fn forget(&mut self, msisdn: &Msisdn) -> Result<bool, StoreError> {
        let transaction = self.db.transaction()?;
        let had_card = cards::forget(&transaction, msisdn)?;
        let deleted = transaction.execute("DELETE FROM subscriber WHERE msisdn = ?1", [msisdn.digits()])?;
        transaction.commit()?;
        let is_forgotten = had_card || deleted > 0;
        if is_forgotten {
            // The write-ahead log still has the pages as they were.
            let is_busy = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if is_busy {
                log::warn!("another process reads the database: its write-ahead log is not emptied yet");
            }
        }
        Ok(is_forgotten)
    }

    fn log(&mut self, sender: Option<&Msisdn>, entry: &LogEntry) -> Result<(), StoreError> {
        rows::insert_message(&self.db, sender, entry)
    }

    fn messages(&mut self, msisdn: Option<&Msisdn>, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        let all = "SELECT * FROM message ORDER BY id DESC LIMIT ?1";
        let of_one = "SELECT * FROM message WHERE msisdn = ?2 ORDER BY id DESC LIMIT ?1";
        let mut query = self.db.prepare_cached(if msisdn.is_some() { of_one } else { all })?;
        let mut found = match msisdn {
            Some(msisdn) => query.query(params![limit, msisdn.digits()])?,
            None => query.query([limit])?,
        };
        let mut messages = Vec::new();
        while let Some(row) = found.next()? {
            let direction: String = row.get("direction")?;
            messages.push(LogEntry {
                at: rows::instant(row.get("at")?, "message", "at")?,
                direction: if direction == "in" { Direction::In } else { Direction::Out },
                summary: row.get("summary")?,
                octets: row.get("octets")?,
            });
        }
        Ok(messages)
    }

    fn trim_log(&mut self, before: Instant) -> Result<u64, StoreError> {
        let deleted = self.db.execute("DELETE FROM message WHERE at < ?1", [rows::micros(before)])?;
        Ok(deleted as u64)
    }
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
    if db.is_readonly("main")? {
        return Err(OpenFailure::ReadOnly);
    }
    // Of another program's database not even the journal mode is changed.
    schema::migrate(db, schema::MIGRATIONS)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

fn msisdn(row: &Row<'_>) -> Result<Msisdn, StoreError> {
    let digits: String = row.get("msisdn")?;
    digits.parse().map_err(|_| rows::damaged("subscriber", "msisdn", digits.as_str()))
}

fn summary(row: &Row<'_>) -> Result<Summary, StoreError> {
    let copy = match row.get("copy_generation")? {
        None => None,
        Some(generation) => Some(CopySummary {
            generation,
            at: rows::instant(row.get("completed_at")?, "phonebook", "completed_at")?,
            contacts: row.get("contacts")?,
        }),
    };
    let latest = match row.get("generation")? {
        None => None,
        Some(generation) => Some(Progress {
            generation,
            standing: rows::standing(row)?,
            received: rows::block_set(row, "received")?.len(),
            total: row.get("total")?,
            since: rows::instant(row.get("since")?, "backup", "since")?,
            resume_at: rows::resume_at(row)?,
        }),
    };
    Ok(Summary {
        msisdn: msisdn(row)?,
        source: Source(row.get("source")?),
        copy,
        latest,
        alarms: row.get("alarms")?,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::OpenFlags;

    use super::*;

    fn failure(path: &Path) -> String {
        let error = SqliteStore::open_plain(path).unwrap_err().to_string();
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
        drop(SqliteStore::open_plain(&path).unwrap());
        let mut db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert!(matches!(prepare(&mut db), Err(OpenFailure::ReadOnly)));
    }

    #[test]
    fn a_database_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.db");
        SqliteStore::open_plain(&path).unwrap().db.pragma_update(None, "user_version", 99).unwrap();
        let known = super::super::schema::MIGRATIONS.len();
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
        let store = SqliteStore::open_plain(&folder.path().join("backup.db")).unwrap();
        let pragma =
            |name: &str| store.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("foreign_keys"), 1);
        assert_eq!(pragma("secure_delete"), 1);
        assert_eq!(pragma("busy_timeout"), 5_000);
        let mode: String = store.db.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn the_next_due_time_is_found_by_index() {
        let store = SqliteStore::in_memory().unwrap();
        let plan = |sql: &str| -> String {
            let mut query = store.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let rows = query.query_map([], |row| row.get::<_, String>("detail")).unwrap();
            rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
        };
        assert!(
            plan("SELECT min(resume_at) FROM backup WHERE resume_at IS NOT NULL")
                .contains("backup_resume_at")
        );
        assert!(plan("SELECT msisdn FROM backup WHERE resume_at <= 5").contains("backup_resume_at"));
        assert!(plan("SELECT min(due) FROM restore WHERE due IS NOT NULL").contains("restore_due"));
        assert!(plan("SELECT msisdn FROM restore WHERE due <= 5").contains("restore_due"));
        assert!(plan("SELECT msisdn FROM command WHERE due <= 5").contains("command_due"));
        assert!(plan("SELECT msisdn FROM letter WHERE due <= 5").contains("letter_due"));
        let rekeyed = "SELECT msisdn FROM card WHERE rekey_due <= 5 AND msisdn IS NOT NULL";
        assert!(plan(rekeyed).contains("card_rekey_due"));
    }
}
