//! The tables in PostgreSQL, and how those of an earlier version become those of this version.
//!
//! They stand in a schema of their own. The version is in the table `version`: how many of the migrations have been
//! applied. A migration that has ever been released is never changed; what shall be different is a further one.

use postgres::{Client, Transaction};

use crate::store::{OpenFailure, StoreError};

/// The first release that has all that is used here.
const LEAST_RELEASE: i32 = 150_000;

/// An advisory lock: who changes tables does so alone. In ASCII `OxiB`.
pub(super) const LOCK: i64 = 0x4F78_6942;

/// Times are microseconds since 1970-01-01T00:00:00Z. No foreign keys: each costs a look-up for every row that is written,
/// and what is sealed means nothing to the database.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE data_key (                         -- sealed by the key of the store
        number int8 PRIMARY KEY,                    -- 0: the key of the hashes
        sealed bytea NOT NULL
    );

    CREATE TABLE account (
        id       bytea PRIMARY KEY CHECK (length(id) = 16),  -- keyed hash of the number; its shard is the first octet
        revision int8 NOT NULL,
        due      int8,
        number   bytea NOT NULL,
        state    bytea NOT NULL
    ) WITH (fillfactor = 70);                       -- a new state finds room beside the old one

    CREATE TABLE due (                              -- the due times of the accounts, in their order
        at    int8 NOT NULL,
        id    bytea NOT NULL,
        shard int2 NOT NULL,
        PRIMARY KEY (at, id)
    ) PARTITION BY RANGE (at);
    CREATE TABLE due_rest PARTITION OF due DEFAULT; -- days for which no room has been made

    CREATE TABLE account_block (                    -- of backups that are not complete
        id     bytea NOT NULL,
        source int2 NOT NULL,
        number int4 NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (id, source, number)
    );

    CREATE TABLE account_copy (                     -- complete copies
        id     bytea NOT NULL,
        source int2 NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (id, source)
    );

    CREATE TABLE account_card (                     -- cards with keys
        card   bytea PRIMARY KEY CHECK (length(card) = 16),  -- keyed hash of the ICCID
        owner  bytea,                               -- the account that has what is known of it
        sealed bytea,                               -- the same, of a card that is nobody's
        CHECK ((owner IS NULL) <> (sealed IS NULL))
    );

    CREATE TABLE note (                             -- what came and went
        seq    int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id     bytea,
        at     int8 NOT NULL,
        sealed bytea NOT NULL
    );
    CREATE INDEX note_id ON note (id, seq);
    CREATE INDEX note_at ON note (at);

    CREATE TABLE lease (                            -- who works for the accounts of a shard
        shard int2 PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
        owner text NOT NULL,
        epoch int8 NOT NULL,
        until int8 NOT NULL
    );
    INSERT INTO lease SELECT shard, '', 0, 0 FROM generate_series(0, 255) AS shard;
", "
    CREATE TABLE console_document (                 -- accounts, sessions, tokens, groups
        drawer int2 NOT NULL,
        id     bytea NOT NULL CHECK (length(id) = 16),  -- keyed hash of the key
        sealed bytea NOT NULL,
        PRIMARY KEY (drawer, id)
    );

    CREATE TABLE audit (                            -- who saw what, and did what
        seq    int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at     int8 NOT NULL,
        sealed bytea NOT NULL
    );
    CREATE INDEX audit_at ON audit (at, seq);

    CREATE TABLE tally (                            -- messages of each hour, as each process has counted them
        hour     int8 NOT NULL,                     -- since the epoch
        writer   int8 NOT NULL,
        incoming int8 NOT NULL,
        outgoing int8 NOT NULL,
        PRIMARY KEY (hour, writer)
    );
", "
    CREATE TABLE inbox (                            -- what came to a server that does not have the account's shard
        seq    int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id     bytea NOT NULL CHECK (length(id) = 16),
        shard  int2 NOT NULL,
        at     int8 NOT NULL,
        sealed bytea NOT NULL
    );
"];

/// Makes a connection what the store needs, and brings the tables forward.
pub(super) fn prepare(client: &mut Client, migrations: &[&str]) -> Result<(), StoreError> {
    let release: String = client.query_one("SHOW server_version_num", &[])?.get(0);
    let release = release.parse().unwrap_or(0);
    if release < LEAST_RELEASE {
        return Err(refused(OpenFailure::Release { found: release / 10_000, least: LEAST_RELEASE / 10_000 }));
    }
    let commit: String = client.query_one("SHOW synchronous_commit", &[])?.get(0);
    if commit == "off" {
        client.batch_execute("SET synchronous_commit = on")?;
    }
    // Every statement finds its rows by index, whatever the statistics say about how many there are.
    client
        .batch_execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")?;
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
    transaction.batch_execute(
        "CREATE SCHEMA IF NOT EXISTS oxisim;
         SET search_path TO oxisim;
         CREATE TABLE IF NOT EXISTS version (version int8 NOT NULL);",
    )?;
    migrate(&mut transaction, migrations)?;
    Ok(transaction.commit()?)
}

fn migrate(transaction: &mut Transaction<'_>, migrations: &[&str]) -> Result<(), StoreError> {
    let found: i64 = transaction.query_one("SELECT coalesce(max(version), 0) FROM version", &[])?.get(0);
    let outstanding = usize::try_from(found).ok().and_then(|found| migrations.get(found..));
    let Some(outstanding) = outstanding else {
        return Err(refused(OpenFailure::Newer { found, known: migrations.len() }));
    };
    for migration in outstanding {
        transaction.batch_execute(migration)?;
    }
    if !outstanding.is_empty() {
        transaction.execute("DELETE FROM version", &[])?;
        let version = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
        transaction.execute("INSERT INTO version VALUES ($1)", &[&version])?;
    }
    Ok(())
}

fn refused(reason: OpenFailure) -> StoreError {
    StoreError::Open { path: "on PostgreSQL".into(), reason }
}
