//! What PostgreSQL reads of a long schedule, by its own count.

mod postgres;

use ::postgres::{Client, NoTls};
use oxisim_backup::{
    BlockSet, Session, Standing, Vault,
    message::{BackupId, Resumes, Source},
};
use oxisim_server::{Leases, Msisdn, PostgresStore, Store, StoreError, StoreKey};
use oxisim_wire::{Duration, Instant};
use postgres::Cluster;

const KEY: StoreKey = StoreKey::new([7; 32]);

const TODAY: u64 = 20_000;

/// Noon.
const NOW: Instant = Instant::from_secs(TODAY * 86_400 + 43_200);

/// Days of the schedule, and rows of each, from the last second on backwards.
const DAYS: u64 = 30;
const ROWS: usize = 4_000;

/// Subscribers whose turn comes at once, and how often.
const GROUP: usize = 1_000;
const TURNS: u64 = 8;

fn plan(store: &mut PostgresStore, of: &[Msisdn], at: impl Fn(u64) -> Instant) -> Result<(), StoreError> {
    store.begin(of)?;
    for (place, msisdn) in (0..).zip(of) {
        store.subscriber(msisdn, |account| {
            account.put_session(&Session {
                backup: BackupId { source: Source::CARD, generation: 1 },
                base_distance: 0,
                received: BlockSet::empty(5),
                digest: None,
                resumes: Resumes::SERVER,
                delay: None,
                resume_at: Some(at(place)),
                asked: 0,
                standing: Standing::Open,
                since: NOW,
            })
        })?;
    }
    store.commit()
}

/// Rows of days in the schedule that were found through an index, or looked at without one. What a connection has counted
/// is told when it ends.
fn read(url: &str, days: std::ops::Range<u64>) -> i64 {
    let mut client = Client::connect(url, NoTls).unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while client.query_one(others, &[]).unwrap().get::<_, i64>(0) > 0 {}
    let sql = "SELECT sum(idx_tup_read + seq_tup_read)::int8 FROM pg_stat_user_indexes
         JOIN pg_stat_user_tables USING (relid) WHERE pg_stat_user_tables.relname = ANY($1)";
    let names: Vec<String> = days.map(|day| format!("due_{day}")).collect();
    client.query_one(sql, &[&names]).unwrap().get(0)
}

#[test]
fn a_long_schedule_is_not_read_for_a_part_of_it() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.create("schedule");
    let url = cluster.url("schedule");
    let open = || {
        let mut store = PostgresStore::connect(&url, &KEY).unwrap();
        store.acquire("one", 256, NOW, Duration::from_secs(30)).unwrap();
        assert!(store.due(NOW, 1).unwrap().is_empty(), "room for the days is made");
        store
    };
    drop(open());
    let mut client = Client::connect(&url, NoTls).unwrap();
    for day in TODAY..TODAY + DAYS {
        let last = (day + 1) * 86_400_000_000;
        let sql = format!(
            "INSERT INTO oxisim.due SELECT {last} - n * 1000000::int8, uuid_send(gen_random_uuid()), 0
             FROM generate_series(1, {ROWS}) AS n"
        );
        client.batch_execute(&sql).unwrap();
    }
    client.batch_execute("VACUUM ANALYZE").unwrap();
    client.close().unwrap();
    let of: Vec<Msisdn> = (0..GROUP).map(|it| format!("49151{it:08}").parse().unwrap()).collect();

    // Turns of today read nothing of the days ahead.
    let ahead = TODAY + 2..TODAY + DAYS;
    let before = read(&url, ahead.clone());
    let mut store = open();
    plan(&mut store, &of, |_| NOW).unwrap();
    for turn in 1..=TURNS {
        let now = NOW + Duration::from_secs(turn);
        let due = store.due(now, 2 * GROUP as u32).unwrap();
        assert_eq!(due.len(), GROUP);
        plan(&mut store, &due, |_| now).unwrap();
        assert_eq!(store.next_due().unwrap(), Some(now));
    }
    drop(store);
    assert_eq!(read(&url, ahead) - before, 0, "rows of days ahead were read");

    // Whoever is planned anew is found among all days by index.
    let all = TODAY..TODAY + DAYS;
    let before = read(&url, all.clone());
    let mut store = open();
    for turn in 0..TURNS {
        plan(&mut store, &of, |place| NOW + Duration::from_secs((turn + place) % DAYS * 86_400)).unwrap();
    }
    drop(store);
    let read = read(&url, all) - before;
    // Some are looked at once more before the database has cleaned up.
    assert!(read.unsigned_abs() < 20 * GROUP as u64 * TURNS, "{read} rows were read");
}
