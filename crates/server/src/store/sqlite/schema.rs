//! The tables, and how a database of an earlier version becomes one of this version.
//!
//! The version is `PRAGMA user_version`: how many of the migrations have been applied. A migration that has ever
//! been released is never changed; what shall be different is a further one.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::OpenFailure;

/// From this version on all that is kept is sealed; before, it stood in clear.
pub(super) const SEALED: usize = 7;

/// `PRAGMA application_id`, in ASCII `OxiB`.
const APPLICATION_ID: i64 = 0x4F78_6942;

/// Times are microseconds since 1970-01-01T00:00:00Z; a source is 0 for the card and 1 for the phone.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE subscriber (
        msisdn  TEXT NOT NULL PRIMARY KEY,          -- digits, country code first
        counter INTEGER NOT NULL DEFAULT 0          -- of the last packet for the card
            CHECK (counter BETWEEN 0 AND 0xFFFFFFFF)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE phonebook (                        -- complete copies
        msisdn       TEXT NOT NULL REFERENCES subscriber ON DELETE CASCADE,
        source       INTEGER NOT NULL,
        generation   INTEGER NOT NULL,
        completed_at INTEGER NOT NULL,
        PRIMARY KEY (msisdn, source)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE contact (
        msisdn  TEXT NOT NULL,
        source  INTEGER NOT NULL,
        slot    INTEGER NOT NULL,
        name    TEXT NOT NULL,                      -- the alpha identifier as text, for people
        alpha   BLOB NOT NULL,                      -- the alpha identifier as the card has it
        ton_npi INTEGER,
        digits  TEXT,
        PRIMARY KEY (msisdn, source, slot),
        FOREIGN KEY (msisdn, source) REFERENCES phonebook ON DELETE CASCADE,
        CHECK ((ton_npi IS NULL) = (digits IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE additional_number (
        msisdn   TEXT NOT NULL,
        source   INTEGER NOT NULL,
        slot     INTEGER NOT NULL,
        position INTEGER NOT NULL,                  -- from 1
        ton_npi  INTEGER NOT NULL,
        digits   TEXT NOT NULL,
        PRIMARY KEY (msisdn, source, slot, position),
        FOREIGN KEY (msisdn, source, slot) REFERENCES contact ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE backup (                           -- the latest of each phonebook
        msisdn        TEXT NOT NULL REFERENCES subscriber ON DELETE CASCADE,
        source        INTEGER NOT NULL,
        generation    INTEGER NOT NULL,
        base_distance INTEGER NOT NULL,             -- generations back to the base; 0 if there is none
        total         INTEGER NOT NULL,             -- blocks
        received      BLOB NOT NULL,                -- bitmap, block 1 in the lowest bit of the first octet
        resumes       INTEGER NOT NULL,             -- who ends a pause: 0 the uploader, 1 the server
        delay         INTEGER,                      -- microseconds
        resume_at     INTEGER,
        asked         INTEGER NOT NULL,
        standing      TEXT NOT NULL CHECK (standing IN ('open', 'complete', 'refused')),
        digest        BLOB,                         -- of the complete copy
        since         INTEGER NOT NULL,
        PRIMARY KEY (msisdn, source),
        CHECK ((standing = 'complete') = (digest IS NOT NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX backup_resume_at ON backup (resume_at) WHERE resume_at IS NOT NULL;

    CREATE TABLE block (                            -- of backups that are not complete
        msisdn TEXT NOT NULL,
        source INTEGER NOT NULL,
        number INTEGER NOT NULL,                    -- from 1
        octets BLOB NOT NULL,
        PRIMARY KEY (msisdn, source, number),
        FOREIGN KEY (msisdn, source) REFERENCES backup ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE restore (                          -- the latest of each card
        msisdn     TEXT NOT NULL PRIMARY KEY REFERENCES subscriber ON DELETE CASCADE,
        generation INTEGER NOT NULL,
        total      INTEGER NOT NULL,                -- blocks
        todo       BLOB NOT NULL,                   -- bitmap of the blocks still to be sent
        due        INTEGER,
        asked      INTEGER NOT NULL,
        step       TEXT NOT NULL CHECK (step IN ('running', 'complete', 'given up')),
        equal      INTEGER CHECK (equal IN (0, 1)), -- whether the card now has what the server has
        CHECK ((step = 'complete') = (equal IS NOT NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX restore_due ON restore (due) WHERE due IS NOT NULL;

    CREATE TABLE message (                          -- what came and went
        id        INTEGER NOT NULL PRIMARY KEY,
        msisdn    TEXT REFERENCES subscriber ON DELETE CASCADE,
        at        INTEGER NOT NULL,
        direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
        summary   TEXT NOT NULL,
        octets    INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX message_msisdn ON message (msisdn);
    CREATE INDEX message_at ON message (at);
", "
    CREATE TABLE backup_2 (                         -- the latest of each phonebook
        msisdn        TEXT NOT NULL REFERENCES subscriber ON DELETE CASCADE,
        source        INTEGER NOT NULL,
        generation    INTEGER NOT NULL,
        base_distance INTEGER NOT NULL,             -- generations back to the base; 0 if there is none
        total         INTEGER NOT NULL,             -- blocks
        received      BLOB NOT NULL,                -- bitmap, block 1 in the lowest bit of the first octet
        claimed       BLOB,                         -- digest of the uploader's snapshot
        resumes       INTEGER NOT NULL,             -- who ends a pause: 0 the uploader, 1 the server
        delay         INTEGER,                      -- microseconds
        resume_at     INTEGER,
        asked         INTEGER NOT NULL,
        standing      TEXT NOT NULL CHECK (standing IN ('open', 'complete', 'differs', 'refused', 'abandoned')),
        digest        BLOB,                         -- of what all blocks make
        reason        INTEGER,                      -- why it was abandoned
        since         INTEGER NOT NULL,
        PRIMARY KEY (msisdn, source),
        CHECK ((standing IN ('complete', 'differs')) = (digest IS NOT NULL)),
        CHECK ((standing = 'abandoned') = (reason IS NOT NULL))
    ) STRICT, WITHOUT ROWID;

    INSERT INTO backup_2 SELECT msisdn, source, generation, base_distance, total, received, NULL, resumes, delay,
        resume_at, asked, standing, digest, NULL, since FROM backup;

    CREATE TABLE block_2 (                          -- of backups that are not complete
        msisdn TEXT NOT NULL,
        source INTEGER NOT NULL,
        number INTEGER NOT NULL,                    -- from 1
        octets BLOB NOT NULL,
        PRIMARY KEY (msisdn, source, number),
        FOREIGN KEY (msisdn, source) REFERENCES backup_2 ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    INSERT INTO block_2 SELECT * FROM block;
    DROP TABLE block;
    DROP TABLE backup;
    ALTER TABLE backup_2 RENAME TO backup;
    ALTER TABLE block_2 RENAME TO block;
    CREATE INDEX backup_resume_at ON backup (resume_at) WHERE resume_at IS NOT NULL;

    CREATE TABLE command (                          -- the latest of each kind to each uploader
        msisdn TEXT NOT NULL REFERENCES subscriber ON DELETE CASCADE,
        source INTEGER NOT NULL,
        kind   INTEGER NOT NULL,                    -- type of the message
        number INTEGER NOT NULL,
        fields BLOB,                                -- of a configuration
        extent INTEGER,                             -- of a backup: 0 what has changed, 1 everything
        way    INTEGER,                             -- of a backup, if the uploader does not choose it
        due    INTEGER,
        said   INTEGER NOT NULL,
        step   TEXT NOT NULL CHECK (step IN ('pending', 'answered', 'unspoken', 'given up')),
        code   INTEGER,                             -- the answer; 0 if it was done
        PRIMARY KEY (msisdn, source, kind),
        CHECK ((fields IS NULL) = (extent IS NOT NULL)),
        CHECK ((step = 'answered') = (code IS NOT NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX command_due ON command (due) WHERE due IS NOT NULL;

    CREATE TABLE letter (                           -- messages that have not come to their end
        id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        msisdn  TEXT NOT NULL REFERENCES subscriber ON DELETE CASCADE,
        source  INTEGER NOT NULL,
        octets  BLOB NOT NULL,                      -- the message of the protocol
        valid   INTEGER,                            -- until when the SMS centre has it; NULL: it waits
        due     INTEGER,                            -- when one that waits goes at the latest
        CHECK (valid IS NULL OR due IS NULL)
    ) STRICT;

    CREATE INDEX letter_msisdn ON letter (msisdn, source);
    CREATE INDEX letter_due ON letter (due) WHERE due IS NOT NULL;

    CREATE TABLE spacing (                          -- of subscribers who have one of their own
        msisdn TEXT NOT NULL REFERENCES subscriber ON DELETE CASCADE,
        source INTEGER NOT NULL,
        kind   TEXT NOT NULL CHECK (kind IN ('regular', 'random', 'timetable')),
        period INTEGER NOT NULL,                    -- microseconds; of a random one, the least
        most   INTEGER,                             -- of a random one
        PRIMARY KEY (msisdn, source),
        CHECK ((kind = 'random') = (most IS NOT NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE opening (                          -- the windows of a timetable
        msisdn   TEXT NOT NULL,
        source   INTEGER NOT NULL,
        position INTEGER NOT NULL,                  -- from 1
        opens    INTEGER NOT NULL,                  -- seconds after midnight, UTC
        closes   INTEGER NOT NULL,
        PRIMARY KEY (msisdn, source, position),
        FOREIGN KEY (msisdn, source) REFERENCES spacing ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE subscriber ADD COLUMN alarms INTEGER NOT NULL DEFAULT 0;  -- blocks that came with another body
", "
    CREATE TABLE card (                             -- cards with keys; one that is nobody's keeps its counters
        iccid       TEXT NOT NULL PRIMARY KEY,
        msisdn      TEXT UNIQUE,                    -- whose it is
        key_version INTEGER NOT NULL CHECK (key_version BETWEEN 1 AND 15),
        sent        INTEGER NOT NULL DEFAULT 0,     -- counter of the last packet to it
        highest     INTEGER NOT NULL DEFAULT 0,     -- counter of its packets, the highest taken
        taken       INTEGER NOT NULL DEFAULT 0,     -- bit n: the counter that is n below the highest was taken
        refused     INTEGER NOT NULL DEFAULT 0,     -- messages in its subscriber's name
        since       INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
", "
    ALTER TABLE card ADD COLUMN rekey_step TEXT     -- of the order to replace the keys, if there was one
        CHECK (rekey_step IN ('pending', 'answered', 'unspoken'));
    ALTER TABLE card ADD COLUMN rekey_code INTEGER  -- the answer; 0 if they are replaced
        CHECK ((rekey_step = 'answered') = (rekey_code IS NOT NULL));
    ALTER TABLE card ADD COLUMN rekey_due INTEGER;
    ALTER TABLE card ADD COLUMN rekey_said INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX card_rekey_due ON card (rekey_due) WHERE rekey_due IS NOT NULL;
", "
    ALTER TABLE phonebook ADD COLUMN coding INTEGER;  -- number of the table that its uploader last coded with
    ALTER TABLE restore ADD COLUMN coding INTEGER;    -- number of the table with which its blocks are coded
", "
    CREATE TABLE data_key (                         -- sealed by the key of the store
        number INTEGER NOT NULL PRIMARY KEY,        -- 0: the key of the hashes
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE TABLE account (
        id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),  -- keyed hash of the number; its shard is the first octet
        revision INTEGER NOT NULL,
        due      INTEGER,
        number   BLOB NOT NULL,
        state    BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE due (                              -- the due times of the accounts, in their order
        at    INTEGER NOT NULL,
        id    BLOB NOT NULL REFERENCES account ON DELETE CASCADE,
        shard INTEGER NOT NULL,
        PRIMARY KEY (at, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE account_block (                    -- of backups that are not complete
        id     BLOB NOT NULL REFERENCES account ON DELETE CASCADE,
        source INTEGER NOT NULL,
        number INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (id, source, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE account_copy (                     -- complete copies
        id     BLOB NOT NULL REFERENCES account ON DELETE CASCADE,
        source INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (id, source)
    ) STRICT;

    CREATE TABLE account_card (                     -- cards with keys
        card   BLOB NOT NULL PRIMARY KEY CHECK (length(card) = 16),  -- keyed hash of the ICCID
        owner  BLOB,                                -- the account that has what is known of it
        sealed BLOB,                                -- the same, of a card that is nobody's
        CHECK ((owner IS NULL) <> (sealed IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE note (                             -- what came and went
        seq    INTEGER NOT NULL PRIMARY KEY,
        id     BLOB REFERENCES account ON DELETE CASCADE,
        at     INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE INDEX note_id ON note (id);
    CREATE INDEX note_at ON note (at);

    CREATE TABLE lease (                            -- who works for the accounts of a shard
        shard INTEGER NOT NULL PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
        owner TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT;

    WITH RECURSIVE shards (shard) AS (SELECT 0 UNION ALL SELECT shard + 1 FROM shards WHERE shard < 255)
    INSERT INTO lease SELECT shard, '', 0, 0 FROM shards;
", "
    DROP TABLE opening;
    DROP TABLE spacing;
    DROP TABLE letter;
    DROP TABLE command;
    DROP TABLE card;
    DROP TABLE message;
    DROP TABLE restore;
    DROP TABLE block;
    DROP TABLE backup;
    DROP TABLE additional_number;
    DROP TABLE contact;
    DROP TABLE phonebook;
    DROP TABLE subscriber;
", "
    CREATE TABLE console_document (                 -- accounts, sessions, tokens, groups
        drawer INTEGER NOT NULL,
        id     BLOB NOT NULL CHECK (length(id) = 16),  -- keyed hash of the key
        sealed BLOB NOT NULL,
        PRIMARY KEY (drawer, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE audit (                            -- who saw what, and did what
        seq    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        at     INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE INDEX audit_at ON audit (at, seq);

    CREATE TABLE tally (                            -- messages of each hour, as each process has counted them
        hour     INTEGER NOT NULL,                  -- since the epoch
        writer   INTEGER NOT NULL,
        incoming INTEGER NOT NULL,
        outgoing INTEGER NOT NULL,
        PRIMARY KEY (hour, writer)
    ) STRICT, WITHOUT ROWID;
", "
    CREATE TABLE inbox (                            -- what came to a server that does not have the account's shard
        seq    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        id     BLOB NOT NULL CHECK (length(id) = 16),
        shard  INTEGER NOT NULL,
        at     INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
"];

/// Brings a database to the last version in which everything stood in clear and has a place where it is sealed, unless it
/// is beyond that.
pub(super) fn migrate_to_seal(db: &mut Connection) -> Result<(), OpenFailure> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let is_beyond = usize::try_from(version).is_ok_and(|version| version >= SEALED);
    migrate(db, if is_beyond { MIGRATIONS } else { &MIGRATIONS[..SEALED - 1] })
}

/// Whether what a database keeps in clear is still to be sealed.
pub(super) fn is_plain(db: &Connection) -> Result<bool, OpenFailure> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).is_ok_and(|version| version < SEALED))
}

/// Deletes what stood in clear, within the transaction that has sealed it, and applies the migrations after that.
pub(super) fn drop_plain(db: &Connection) -> Result<(), OpenFailure> {
    MIGRATIONS[SEALED - 1..].iter().try_for_each(|migration| db.execute_batch(migration))?;
    db.pragma_update(None, "user_version", MIGRATIONS.len().to_string())?;
    Ok(())
}

/// Applies those of `migrations` that `db` has not had yet, all in one transaction.
pub(super) fn migrate(db: &mut Connection, migrations: &[&str]) -> Result<(), OpenFailure> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let is_new: bool =
        transaction.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if !is_new && pragma("application_id")? != APPLICATION_ID {
        return Err(OpenFailure::Foreign);
    }
    let found = pragma("user_version")?;
    let outstanding = usize::try_from(found).ok().and_then(|found| migrations.get(found..));
    let Some(outstanding) = outstanding else {
        return Err(OpenFailure::Newer { found, known: migrations.len() });
    };
    if outstanding.is_empty() {
        return Ok(());
    }
    for migration in outstanding {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations.len().to_string())?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 8;";

    fn version(db: &Connection) -> i64 {
        db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_earlier_version_is_brought_forward_with_what_it_holds() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, &[FIRST]).unwrap();
        migrate(&mut db, &[FIRST, SECOND]).unwrap();
        migrate(&mut db, &[FIRST, SECOND]).unwrap();
        assert_eq!(version(&db), 2);
        let row = db.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(row, (7, 8));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_earlier_version() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, &[FIRST]).unwrap();
        let error = migrate(&mut db, &[FIRST, SECOND, "no SQL"]).unwrap_err();
        assert!(matches!(error, OpenFailure::Engine(_)), "{error}");
        assert_eq!(version(&db), 1);
        assert!(db.prepare("SELECT y FROM a").is_err());
    }

    #[test]
    fn a_later_version_is_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, &[FIRST, SECOND]).unwrap();
        let error = migrate(&mut db, &[FIRST]).unwrap_err();
        assert_eq!(error.to_string(), "it has version 2, this program knows versions up to 1");
    }

    #[test]
    fn the_database_of_another_program_is_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(FIRST).unwrap();
        assert!(matches!(migrate(&mut db, MIGRATIONS), Err(OpenFailure::Foreign)));
    }

    #[test]
    fn a_backup_under_way_survives_the_second_version() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, &MIGRATIONS[..1]).unwrap();
        db.execute_batch(
            "PRAGMA foreign_keys = ON;
             INSERT INTO subscriber (msisdn) VALUES ('49151');
             INSERT INTO backup VALUES ('49151', 0, 7, 1, 3, x'01', 0, NULL, 5, 0, 'open', NULL, 2);
             INSERT INTO block VALUES ('49151', 0, 1, x'0E8001');",
        )
        .unwrap();
        migrate_to_seal(&mut db).unwrap();
        let row = db
            .query_row("SELECT generation, claimed IS NULL, hex(octets) FROM backup JOIN block USING (msisdn, source)", [], |row| {
                Ok((row.get::<_, u16>(0)?, row.get::<_, bool>(1)?, row.get::<_, String>(2)?))
            })
            .unwrap();
        assert_eq!(row, (7, true, "0E8001".into()));
        db.execute_batch("PRAGMA foreign_key_check; DELETE FROM backup").unwrap();
        let blocks: u32 = db.query_row("SELECT count(*) FROM block", [], |row| row.get(0)).unwrap();
        assert_eq!(blocks, 0, "a block hangs on its backup");
    }

    #[test]
    fn every_foreign_key_leads_somewhere() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to_seal(&mut db).unwrap();
        db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA foreign_key_check").unwrap();
        db.execute_batch("DELETE FROM subscriber; DELETE FROM account").unwrap();
    }
}
