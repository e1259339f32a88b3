//! The server's thread: what is acknowledged, what is put off, and who works for whom.

use std::sync::{Arc, mpsc};

use oxisim_backup::{DeliveryReport, Policy};
use oxisim_server::{
    Inbound, Server, SqliteStore, Store, StoreKey,
    service::{
        Clock, Keeper, Outbox,
        engine::{Arrival, Engine, Intake, Slip, Tuning},
        vitals::Counts,
    },
};
use oxisim_sms::{Address, UserData};
use oxisim_wire::{Duration, Instant};

const NOW: Instant = Instant::from_secs(1_800_000_000);

/// Says what it hears.
struct Waiting(mpsc::Sender<bool>);

impl Slip for Waiting {
    fn accept(self: Box<Self>) {
        let _ = self.0.send(true);
    }

    fn postpone(self: Box<Self>) {
        let _ = self.0.send(false);
    }
}

fn address() -> Address {
    "+15550100001".parse().unwrap()
}

fn engine(
    store: SqliteStore,
    waiting: u32,
    outgoing: u32,
) -> (Engine<SqliteStore>, Intake<SqliteStore>, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let (outbox, _) = Outbox::new(outgoing, Arc::clone(&counts));
    let server = Server::new(store, Policy::default(), 1);
    let tuning = Tuning { waiting, batch: 10, turns: 100 };
    let clock = Clock::of(|| NOW);
    let (engine, intake) = Engine::new(server, None, &tuning, outbox, clock, Arc::clone(&counts));
    (engine, intake, counts)
}

fn message(intake: &Intake<SqliteStore>, answer: &mpsc::Sender<bool>) {
    let text = UserData::from_text("Hello").unwrap();
    let slip: Box<dyn Slip> = Box::new(Waiting(answer.clone()));
    intake.arrive(Arrival { of: address(), what: Inbound::Message(text), slip: Some(slip) });
}

#[test]
fn a_message_is_acknowledged_when_it_is_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.db");
    let key = StoreKey::new([7; 32]);
    let (engine, intake, counts) = engine(SqliteStore::open(&path, &key).unwrap(), 10, 10);
    let (answer, answers) = mpsc::channel();
    message(&intake, &answer);
    message(&intake, &answer);
    assert!(answers.try_recv().is_err(), "nothing is durable yet");
    intake.stop();
    engine.run();
    assert_eq!(answers.try_iter().collect::<Vec<_>>(), [true, true]);
    assert_eq!((counts.stored.get(), counts.batches.get(), counts.waiting.get()), (2, 1, 0));
    assert_eq!(SqliteStore::open(&path, &key).unwrap().messages(None, 9).unwrap().len(), 2);
}

#[test]
fn what_is_too_much_shall_come_again() {
    let (engine, intake, counts) = engine(SqliteStore::in_memory().unwrap(), 2, 10);
    let (answer, answers) = mpsc::channel();
    for _ in 0..3 {
        message(&intake, &answer);
    }
    assert_eq!(answers.try_iter().collect::<Vec<_>>(), [false]);
    assert_eq!((counts.postponed.get(), counts.waiting.get()), (1, 2));
    drop(intake);
    engine.run();
    assert_eq!(answers.try_iter().collect::<Vec<_>>(), [true, true]);
}

#[test]
fn while_nothing_leaves_no_message_is_taken_but_what_has_become_of_others() {
    let (engine, intake, counts) = engine(SqliteStore::in_memory().unwrap(), 10, 5);
    counts.outgoing.set(5);
    let (answer, answers) = mpsc::channel();
    message(&intake, &answer);
    assert_eq!(answers.try_iter().collect::<Vec<_>>(), [false]);
    let slip: Box<dyn Slip> = Box::new(Waiting(answer));
    let what = Inbound::Report(1, DeliveryReport::Delivered);
    intake.arrive(Arrival { of: address(), what, slip: Some(slip) });
    drop(intake);
    engine.run();
    assert_eq!(answers.try_iter().collect::<Vec<_>>(), [true]);
}

#[test]
fn two_servers_share_the_shards_and_one_that_is_gone_leaves_all_to_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(folder.path().join("backup.db"), &StoreKey::new([7; 32])).unwrap();
    let (mut one, mut other) = (open(), open());
    let span = Duration::from_secs(30);
    let mut keepers = ["one", "other"].map(|name| Keeper::new(name.into(), span));
    let at = |seconds| NOW + Duration::from_secs(seconds);
    assert_eq!(keepers[0].keep(&mut one, at(0)).unwrap(), Some(256));
    assert_eq!(keepers[0].keep(&mut one, at(1)).unwrap(), None, "it is not yet time");
    // Who has nothing is not seen: one shard makes it known.
    assert_eq!(keepers[1].keep(&mut other, at(2)).unwrap(), Some(1));
    assert_eq!(keepers[0].keep(&mut one, at(11)).unwrap(), Some(128));
    assert_eq!(keepers[1].keep(&mut other, at(13)).unwrap(), Some(128));
    assert_eq!(keepers[0].keep(&mut one, at(21)).unwrap(), Some(128));
    // The first is gone: its time is over 30 seconds later.
    assert_eq!(keepers[1].keep(&mut other, at(24)).unwrap(), Some(128));
    assert_eq!(keepers[1].keep(&mut other, at(50)).unwrap(), Some(128));
    assert_eq!(keepers[1].keep(&mut other, at(60)).unwrap(), Some(256));
}
