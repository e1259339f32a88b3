//! What the suite keeps, and how.

use std::panic::Location;

use oxisim_backup::{
    BlockSet, Command, Held, Order, OrderStep, Restore, RestoreStep, Session, Standing,
    message::{BackupId, Resumes, Source},
};
use oxisim_server::{Direction, LogEntry, Msisdn, Store, StoreError};
use oxisim_wire::Instant;
use proptest::test_runner::{Config, FileFailurePersistence::WithSource, TestRunner};

use super::values;

/// Does `work` in one transaction that must succeed.
pub fn vault<S: Store, T>(
    store: &mut S,
    msisdn: &Msisdn,
    work: impl FnOnce(&mut S::Account<'_>) -> Result<T, StoreError>,
) -> T {
    store.subscriber(msisdn, work).unwrap()
}

/// Holds a property to values of a strategy; the seed of a failure is kept for the test that asks.
#[track_caller]
pub fn property<T: proptest::strategy::Strategy>(values: T, mut check: impl FnMut(T::Value)) {
    let check = std::cell::RefCell::new(&mut check);
    let config = Config {
        cases: 128,
        source_file: Some(Location::caller().file()),
        failure_persistence: Some(Box::new(WithSource("proptest-regressions"))),
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&values, |value| {
            check.borrow_mut()(value);
            Ok(())
        })
        .unwrap();
}

pub fn failure() -> StoreError {
    StoreError::Damaged { table: "test", column: "test", value: "so".into() }
}

pub fn entry(at: u64, direction: Direction) -> LogEntry {
    LogEntry { at: Instant::from_secs(at), direction, summary: format!("number {at}"), octets: 140 }
}

pub fn ana() -> Msisdn {
    "491511234567".parse().unwrap()
}

pub fn ben() -> Msisdn {
    "491511234568".parse().unwrap()
}

pub fn cem() -> Msisdn {
    "905321234567".parse().unwrap()
}

pub fn dia() -> Msisdn {
    "1".parse().unwrap()
}

pub fn held() -> Held {
    let book = [(1, values::contact("Ana", "+49 151 1")), (200, values::contact("Ж", "*#06#"))];
    Held { generation: 1, at: Instant::from_secs(9), book: book.into_iter().collect(), table: Some(0) }
}

pub fn session() -> Session {
    session_of(1)
}

pub fn session_of(generation: u16) -> Session {
    let mut received = BlockSet::empty(5);
    received.insert_range(2, 3);
    Session {
        backup: BackupId { source: Source::CARD, generation },
        base_distance: 0,
        received,
        digest: None,
        resumes: Resumes::SERVER,
        delay: None,
        resume_at: Some(Instant::from_secs(100)),
        asked: 0,
        standing: Standing::Open,
        since: Instant::from_secs(3),
    }
}

pub fn order() -> Order {
    Order {
        source: Source::CARD,
        number: 1,
        command: Command::Configure(vec![0x03, 0x02, 0x00, 0x04]),
        due: Some(Instant::from_secs(300)),
        said: 0,
        step: OrderStep::Pending,
    }
}

pub fn restore() -> Restore {
    Restore {
        generation: 1,
        table: Some(0),
        todo: BlockSet::full(4),
        due: Some(Instant::from_secs(200)),
        asked: 0,
        step: RestoreStep::Running,
    }
}
