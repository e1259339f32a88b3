//! What the stores do in a second: durable messages in, and resumes taken with many pending.
//!
//! `OXISIM_BENCH_PENDING` is the most rows that are pending (10 million on PostgreSQL, a tenth of it on SQLite).
#![expect(clippy::disallowed_methods, reason = "a bench has a clock")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

#[path = "load/mod.rs"]
mod load;
#[path = "../tests/postgres/mod.rs"]
mod postgres;

use std::time::Instant as Clock;

use ::postgres::{Client, IsolationLevel, NoTls};
use load::{Bare, KEY, NOW, Sizes, alone, number};
use oxisim_backup::{
    BlockSet, Session, Standing, Vault,
    message::{BackupId, Resumes, Source},
};
use oxisim_server::{Leases, Msisdn, PostgresStore, SqliteStore, Store, StoreError};
use oxisim_wire::{Duration, Instant};
use postgres::Cluster;

/// Messages, or resumes, that are one transaction.
const GROUP: usize = 1_000;

/// Subscribers who send messages.
const SENDERS: usize = 2_000;

/// Messages of each.
const MESSAGES: u16 = 10;

/// Times that messages are measured.
const ROUNDS: usize = 5;

/// Resumes that are taken, and planned anew.
const TAKEN: usize = 20_000;

fn main() {
    let most = std::env::var("OXISIM_BENCH_PENDING").ok().and_then(|rows| rows.parse().ok());
    let most: usize = most.unwrap_or(10_000_000);
    println!("groups of {GROUP}: a transaction each");
    sqlite(most / 10);
    if let Some(cluster) = Cluster::start() {
        postgresql(&cluster, most);
    }
}

fn sqlite(most: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let round = |round: usize| {
        let path = folder.path().join(format!("messages{round}.db"));
        let store = SqliteStore::open(&path, &KEY).expect("it opens");
        let ours = alone(store, SENDERS, MESSAGES, GROUP);
        let open = |path| rusqlite::Connection::open(path).expect("it opens");
        let bare = bare(Sizes::in_sqlite(&open(&path)));
        let path = folder.path().join(format!("bare{round}.db"));
        drop(SqliteStore::open(&path, &KEY).expect("it opens"));
        (ours, bare.sqlite(&mut open(&path)))
    };
    report("SQLite", round);
    for rows in sizes(most) {
        let path = folder.path().join(format!("{rows}.db"));
        let mut store = SqliteStore::open(&path, &KEY).expect("it opens");
        let db = rusqlite::Connection::open(&path).expect("it opens");
        db.execute_batch(&format!(
            "PRAGMA synchronous = OFF;
             BEGIN;
             CREATE TEMP TABLE new AS
                 WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})
                 SELECT randomblob(16) AS id, {from} + (n * 2592000000000 / {rows}) AS at FROM n ORDER BY id;
             INSERT INTO account SELECT id, 1, at, zeroblob(44), zeroblob(150) FROM new;
             INSERT INTO due SELECT at, id, 0 FROM new ORDER BY at, id;
             COMMIT;",
            from = NOW.as_micros() + 86_400_000_000,
        ))
        .expect("rows are made");
        drop(db);
        resumes("SQLite", rows, &mut store);
    }
}

fn postgresql(cluster: &Cluster, most: usize) {
    let round = |round: usize| {
        let [messages_of, by_itself] = ["messages", "bare"].map(|name| format!("{name}{round}"));
        cluster.create(&messages_of);
        let store = PostgresStore::connect(&cluster.url(&messages_of), &KEY).expect("it opens");
        let ours = alone(store, SENDERS, MESSAGES, GROUP);
        let open = |name| Client::connect(&cluster.url(name), NoTls).expect("it opens");
        let bare = bare(Sizes::in_postgresql(&mut open(&messages_of)));
        cluster.create(&by_itself);
        drop(PostgresStore::connect(&cluster.url(&by_itself), &KEY).expect("it opens"));
        (ours, bare.postgresql(&mut open(&by_itself)))
    };
    report("PostgreSQL", round);
    for rows in sizes(most) {
        let name = format!("pending_{rows}");
        cluster.create(&name);
        let mut store = PostgresStore::connect(&cluster.url(&name), &KEY).expect("it opens");
        // Makes room for the days.
        store.due(NOW, 1).expect("the store works");
        let mut client = Client::connect(&cluster.url(&name), NoTls).expect("it opens");
        client
            .batch_execute(&format!(
                "SET search_path TO oxisim; SET synchronous_commit = off;
                 CREATE TEMP TABLE new AS SELECT uuid_send(gen_random_uuid()) AS id,
                     {from} + n * (2592000000000 / {rows}) AS at FROM generate_series(1, {rows}) AS n;
                 INSERT INTO account SELECT id, 1, at, '\\x00'::bytea, decode(repeat('00', 150), 'hex') FROM new;
                 INSERT INTO due SELECT at, id, get_byte(id, 0) FROM new;
                 DROP TABLE new; ANALYZE; CHECKPOINT;",
                from = NOW.as_micros() + 86_400_000_000,
            ))
            .expect("rows are made");
        drop(client);
        // As a server among several does.
        store.acquire("one", 256, NOW, Duration::from_secs(30)).expect("the shards are free");
        resumes("PostgreSQL", rows, &mut store);
        // What is deleted from now on cannot be cleaned up.
        let mut client = Client::connect(&cluster.url(&name), NoTls).expect("it opens");
        let mut snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start();
        snapshot.as_mut().expect("it begins").query("SELECT FROM oxisim.lease", &[]).expect("it is read");
        resumes("PostgreSQL, a snapshot open,", rows, &mut store);
    }
}

/// 0.1, 1 and 10 million, as far as that.
fn sizes(most: usize) -> impl Iterator<Item = usize> {
    [100_000, 1_000_000, 10_000_000].into_iter().filter(move |rows| *rows <= most)
}

/// The same, by the database alone.
fn bare(sizes: Sizes) -> Bare {
    Bare { sizes, senders: SENDERS, messages: MESSAGES - 1, group: GROUP }
}

/// Both in turn, since a machine is not the same from one minute to the next; the middle of the rounds is said.
fn report(store: &str, round: impl FnMut(usize) -> (f64, f64)) {
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS).map(round).collect();
    rounds.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    let (ours, bare) = rounds[ROUNDS / 2];
    println!(
        "{store}: {ours:.0} durable messages in a second, {:.2} of the {bare:.0} of the database by itself",
        ours / bare
    );
}

/// Takes who is due, and plans them anew for the next month.
fn resumes<S: Store>(name: &str, rows: usize, store: &mut S) {
    let all: Vec<Msisdn> = (0..TAKEN).map(number).collect();
    for (place, group) in all.chunks(GROUP).enumerate() {
        let at = NOW + Duration::from_secs(place as u64);
        plan(store, group, at).expect("it is planned");
    }
    let later = NOW + Duration::from_secs(30 * 86_400);
    let now = NOW + Duration::from_secs(3_600);
    let mut taken = 0_u32;
    let begin = Clock::now();
    loop {
        let due = store.due(now, GROUP as u32).expect("the store works");
        if due.is_empty() {
            break;
        }
        plan(store, &due, later).expect("it is planned");
        taken += due.len() as u32;
    }
    let rate = f64::from(taken) / begin.elapsed().as_secs_f64();
    println!("{name}: {rate:.0} resumes taken and planned anew a second, with {rows} pending");
    assert_eq!(taken as usize, TAKEN);
}

fn plan<S: Store>(store: &mut S, of: &[Msisdn], at: Instant) -> Result<(), StoreError> {
    store.begin(of)?;
    for msisdn in of {
        store.subscriber(msisdn, |account| {
            account.put_session(&Session {
                backup: BackupId { source: Source::CARD, generation: 1 },
                base_distance: 0,
                received: BlockSet::empty(30),
                digest: None,
                resumes: Resumes::SERVER,
                delay: None,
                resume_at: Some(at),
                asked: 0,
                standing: Standing::Open,
                since: NOW,
            })
        })?;
    }
    store.commit()
}
