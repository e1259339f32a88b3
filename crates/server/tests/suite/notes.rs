//! Notes about messages.

use oxisim_server::{Account, Direction, Hour, LogEntry, NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER, Store};
use oxisim_wire::Instant;

use super::{Database, fixtures::*};

pub fn messages_are_noted_with_subscribers_only<D: Database>(database: &D) {
    let mut store = database.open();
    store.log(Some(&ana()), &entry(1, Direction::In)).unwrap();
    store.log(None, &entry(2, Direction::In)).unwrap();
    vault(&mut store, &ana(), |account| {
        account.next_counter()?;
        account.log(&entry(3, Direction::Out))
    });
    store.log(Some(&ana()), &entry(4, Direction::In)).unwrap();
    let of_ana = [entry(4, Direction::In), entry(3, Direction::Out)];
    assert_eq!(store.messages(Some(&ana()), 10).unwrap(), of_ana);
    assert_eq!(store.messages(None, 10).unwrap().len(), 4);
    assert_eq!(store.messages(None, 1).unwrap(), of_ana[..1]);
}

pub fn old_notes_are_trimmed<D: Database>(database: &D) {
    let mut store = database.open();
    for at in 1..=5 {
        store.log(None, &entry(at, Direction::In)).unwrap();
    }
    let mut trim = || store.trim_log(Instant::from_secs(4), 2).unwrap();
    assert_eq!([trim(), trim(), trim()], [2, 1, 0]);
    assert_eq!(store.messages(None, 10).unwrap(), [entry(5, Direction::In), entry(4, Direction::In)]);
}

pub fn notes_are_bounded_for_each_subscriber_and_for_all_strangers<D: Database>(database: &D) {
    let mut store = database.open();
    for msisdn in [ana(), ben()] {
        vault(&mut store, &msisdn, |account| account.next_counter());
    }
    vault(&mut store, &ben(), |account| account.log(&entry(1, Direction::In)));
    for (msisdn, kept) in [(ana(), NOTES_OF_SUBSCRIBER), (cem(), NOTES_OF_STRANGERS)] {
        let last = u64::from(kept) + 3;
        vault(&mut store, &msisdn, |account| {
            (1..=last).try_for_each(|at| account.log(&entry(at, Direction::In)))
        });
    }
    let of_ana = store.messages(Some(&ana()), u32::MAX).unwrap();
    assert_eq!(of_ana.len(), NOTES_OF_SUBSCRIBER as usize);
    assert_eq!(of_ana.first().map(|note| note.at.as_secs()), Some(u64::from(NOTES_OF_SUBSCRIBER) + 3));
    assert_eq!(of_ana.last().map(|note| note.at.as_secs()), Some(4), "the latest are kept");
    assert_eq!(store.messages(Some(&ben()), 10).unwrap(), [entry(1, Direction::In)]);
    let all = store.messages(None, u32::MAX).unwrap().len();
    assert_eq!(all, (NOTES_OF_SUBSCRIBER + NOTES_OF_STRANGERS + 1) as usize);
}

pub fn messages_are_counted_by_the_hour_also_when_their_notes_are_gone<D: Database>(database: &D) {
    const HOUR: u64 = 3_600;
    let (mut one, mut other) = (database.open(), database.open());
    vault(&mut one, &ana(), |account| account.next_counter());
    for (at, direction) in [(HOUR, Direction::In), (2 * HOUR - 1, Direction::Out), (2 * HOUR, Direction::In)]
    {
        for store in [&mut one, &mut other] {
            vault(store, &ana(), |account| account.log(&entry(at, direction)));
            store.log(None, &entry(at, direction)).unwrap();
        }
    }
    // What was given up is no message.
    one.log(None, &LogEntry { octets: 0, ..entry(HOUR, Direction::Out) }).unwrap();
    vault(&mut one, &ana(), |account| {
        (0..u64::from(NOTES_OF_SUBSCRIBER)).try_for_each(|_| account.log(&entry(3 * HOUR, Direction::Out)))
    });
    assert!(one.messages(Some(&ana()), u32::MAX).unwrap().iter().all(|note| note.at.as_secs() == 3 * HOUR));
    let hour = |hour, incoming, outgoing| Hour { at: Instant::from_secs(hour * HOUR), incoming, outgoing };
    let counted = [hour(1, 4, 4), hour(2, 4, 0), hour(3, 0, u64::from(NOTES_OF_SUBSCRIBER))];
    for store in [&mut one, &mut other] {
        assert_eq!(store.traffic(Instant::EPOCH).unwrap(), counted);
        assert_eq!(store.traffic(Instant::from_secs(3 * HOUR - 1)).unwrap(), counted[1..]);
    }
    one.trim_log(Instant::from_secs(2 * HOUR + 1), 100).unwrap();
    assert_eq!(other.traffic(Instant::EPOCH).unwrap(), counted[1..], "counts go with the notes' time");
}
