//! The suite: one function a behaviour, generic over the database.

mod values;

use std::path::Path;

use oxisim_backup::security::{KeyVersion, ReplayWindow};
use oxisim_backup::{
    BlockSet, Command, Held, Order, OrderStep, Restore, RestoreStep, Session, Standing, Vault,
    message::{BackupId, MessageType, Resumes, Source},
};
use oxisim_phonebook::Book;
use oxisim_server::{
    Account, CopySummary, Direction, Iccid, Leases, Letter, LetterStep, LogEntry, Msisdn, NOTES_OF_STRANGERS,
    NOTES_OF_SUBSCRIBER, Progress, Store, StoreError, Summary,
};
use oxisim_wire::{Duration, Instant};
use proptest::test_runner::{Config, TestRunner};

/// A database that a test has for itself, empty.
pub trait Database {
    type Store: Store + Leases;

    /// Opens it, each time the same.
    fn open(&self) -> Self::Store;

    /// Replaces all keys, and seals what is there with them.
    fn rotate(store: &mut Self::Store);

    /// Where its files are.
    fn folder(&self) -> &Path;
}

/// Hands the names of the suite to a macro.
#[macro_export]
macro_rules! suite {
    ($with:ident) => {
        $with! {
            books_come_back,
            sessions_come_back,
            restores_come_back,
            orders_come_back,
            letters_come_back_in_their_order,
            spacings_come_back,
            a_new_backup_forgets_the_blocks_of_the_last,
            a_complete_copy_forgets_its_blocks,
            what_fails_is_undone,
            looking_leaves_no_trace,
            what_is_committed_survives,
            the_earliest_time_comes_first,
            a_forgotten_subscriber_leaves_no_trace,
            subscribers_are_apart,
            counters_count_each_for_itself,
            a_summary_says_how_far_a_backup_is,
            subscribers_are_walked_each_once,
            messages_are_noted_with_subscribers_only,
            old_notes_are_trimmed,
            notes_are_bounded_for_each_subscriber_and_for_all_strangers,
            what_is_put_off_is_due_later_and_for_one_subscriber,
            a_batch_is_written_whole_or_not_at_all,
            what_fails_within_a_batch_is_undone_alone,
            two_that_change_the_same_subscriber_do_not_overwrite_each_other,
            a_shard_is_one_servers_at_a_time,
            a_server_whose_shard_was_taken_over_writes_nothing,
            who_is_due_is_of_the_own_shards,
            a_schedule_of_months_is_kept_by_day,
            a_card_keeps_its_counters_whoever_has_it,
            nothing_personal_stands_in_the_files,
            what_was_sealed_opens_after_all_keys_were_replaced,
        }
    };
}

pub fn books_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::held(), |held| {
        vault(&mut store, &ana(), |account| account.put_held(Source::CARD, &held));
        assert_eq!(store.held(&ana(), Source::CARD).unwrap(), Some(held));
    });
}

pub fn sessions_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::session(), |session| {
        vault(&mut store, &ana(), |account| account.put_session(&session));
        let back = vault(&mut store, &ana(), |account| account.session(session.backup.source));
        assert_eq!(back, Some(session));
    });
}

pub fn restores_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::restore(), |restore| {
        vault(&mut store, &ana(), |account| account.put_restore(&restore));
        assert_eq!(vault(&mut store, &ana(), |account| account.restore()), Some(restore));
    });
}

pub fn orders_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::order(), |order| {
        vault(&mut store, &ana(), |account| account.put_order(&order));
        let kind = order.command.kind();
        assert_eq!(vault(&mut store, &ana(), |account| account.order(order.source, kind)), Some(order));
    });
}

pub fn spacings_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::spacing(), |spacing| {
        vault(&mut store, &ana(), |account| account.put_spacing(Source::CARD, Some(&spacing)));
        let back = vault(&mut store, &ana(), |account| account.spacing(Source::CARD));
        assert_eq!(back, Some(spacing));
    });
    vault(&mut store, &ana(), |account| account.put_spacing(Source::CARD, None));
    assert_eq!(vault(&mut store, &ana(), |account| account.spacing(Source::CARD)), None);
}

pub fn letters_come_back_in_their_order<D: Database>(database: &D) {
    let mut store = database.open();
    let at = Instant::from_secs(7);
    vault(&mut store, &ben(), |account| account.add_letter(Source::CARD, &[9]));
    vault(&mut store, &ana(), |account| {
        assert_eq!(account.busy_until(Source::CARD)?, None);
        for octets in [[1], [2], [3]] {
            account.add_letter(Source::CARD, &octets)?;
        }
        account.add_letter(Source::PHONE, &[4])?;
        let ids: Vec<u64> = account.letters(Source::CARD)?.iter().map(|letter| letter.id).collect();
        account.set_letter(ids[0], LetterStep::Given { valid: at })?;
        account.set_letter(ids[2], LetterStep::Waiting { due: Some(at) })?;
        account.delete_letter(ids[1])?;
        let letter = |id, octets: &[u8], step| Letter { id, octets: octets.to_vec(), step };
        assert_eq!(
            account.letters(Source::CARD)?,
            [
                letter(ids[0], &[1], LetterStep::Given { valid: at }),
                letter(ids[2], &[3], LetterStep::Waiting { due: Some(at) }),
            ]
        );
        assert_eq!(account.busy_until(Source::CARD)?, Some(at));
        account.delete_letter(ids[2])?;
        account.add_letter(Source::CARD, &[5])?;
        assert!(account.letters(Source::CARD)?[1].id > ids[2], "a number is used once");
        Ok(())
    });
    let others = vault(&mut store, &ben(), |account| account.letters(Source::CARD));
    vault(&mut store, &ana(), |account| account.delete_letter(others[0].id));
    assert_eq!(vault(&mut store, &ben(), |account| account.letters(Source::CARD)), others);
}

pub fn a_new_backup_forgets_the_blocks_of_the_last<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ana(), |account| {
        for source in [Source::CARD, Source::PHONE] {
            account.put_session(&Session { backup: BackupId { source, generation: 1 }, ..session() })?;
            account.put_block(source, 2, &[1, 2, 3])?;
        }
        account.put_session(&Session { asked: 1, ..session() })?;
        assert_eq!(account.block(Source::CARD, 2)?, Some(vec![1, 2, 3]));
        account.put_session(&session_of(2))?;
        assert_eq!(account.block(Source::CARD, 2)?, None);
        assert_eq!(account.block(Source::PHONE, 2)?, Some(vec![1, 2, 3]));
        Ok(())
    });
}

pub fn a_complete_copy_forgets_its_blocks<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ana(), |account| {
        account.put_session(&session())?;
        account.put_block(Source::CARD, 1, &[7])?;
        account.put_block(Source::CARD, 1, &[8])?;
        assert_eq!(account.block(Source::CARD, 1)?, Some(vec![8]));
        account.put_held(Source::CARD, &held())?;
        assert_eq!(account.block(Source::CARD, 1)?, None);
        assert_eq!(account.session(Source::CARD)?, Some(session()));
        account.put_held(
            Source::CARD,
            &Held { generation: 2, at: Instant::EPOCH, book: Book::default(), table: None },
        )?;
        assert!(account.held(Source::CARD)?.unwrap().book.is_empty());
        Ok(())
    });
}

pub fn what_fails_is_undone<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ana(), |account| account.put_held(Source::CARD, &held()));
    let result = store.subscriber(&ana(), |account| {
        account.put_held(
            Source::CARD,
            &Held { generation: 9, at: Instant::EPOCH, book: Book::default(), table: None },
        )?;
        account.put_session(&session())?;
        account.next_counter()?;
        Err::<(), _>(failure())
    });
    assert_eq!(result.unwrap_err().to_string(), failure().to_string());
    assert_eq!(store.held(&ana(), Source::CARD).unwrap(), Some(held()));
    assert_eq!(vault(&mut store, &ana(), |account| account.session(Source::CARD)), None);
    assert_eq!(vault(&mut store, &ana(), |account| account.next_counter()), 1);
}

pub fn looking_leaves_no_trace<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ana(), |account| {
        assert_eq!(account.session(Source::CARD)?, None);
        assert_eq!(account.held(Source::PHONE)?, None);
        assert_eq!(account.block(Source::CARD, 1)?, None);
        assert_eq!(account.restore()?, None);
        Ok(())
    });
    assert_eq!(store.subscribers().unwrap(), []);
    assert!(!store.forget(&ana()).unwrap());
}

pub fn what_is_committed_survives<D: Database>(database: &D) {
    vault(&mut database.open(), &ana(), |account| {
        account.put_held(Source::CARD, &held())?;
        account.put_session(&session())?;
        account.put_block(Source::CARD, 3, &[0xFF; 120])?;
        account.next_counter().map(drop)
    });
    vault(&mut database.open(), &ana(), |account| {
        assert_eq!(account.held(Source::CARD)?, Some(held()));
        assert_eq!(account.session(Source::CARD)?, Some(session()));
        assert_eq!(account.block(Source::CARD, 3)?, Some(vec![0xFF; 120]));
        assert_eq!(account.next_counter()?, 2);
        Ok(())
    });
}

pub fn the_earliest_time_comes_first<D: Database>(database: &D) {
    let mut store = database.open();
    assert_eq!(store.next_due().unwrap(), None);
    for (msisdn, resume_at, due) in
        [(ana(), None, Some(30)), (ben(), Some(20), Some(50)), (cem(), Some(40), None), (dia(), None, None)]
    {
        vault(&mut store, &msisdn, |account| {
            account.put_session(&Session { resume_at: resume_at.map(Instant::from_secs), ..session() })?;
            account.put_restore(&Restore { due: due.map(Instant::from_secs), ..restore() })
        });
    }
    assert_eq!(store.next_due().unwrap(), Some(Instant::from_secs(20)));
    let mut due = |at, limit| store.due(Instant::from_secs(at), limit).unwrap();
    assert_eq!(due(19, 10), []);
    assert_eq!(due(20, 10), [ben()]);
    assert_eq!(due(60, 10), [ben(), ana(), cem()]);
    assert_eq!(due(60, 2), [ben(), ana()]);
    vault(&mut store, &dia(), |account| {
        account.put_order(&Order { due: Some(Instant::from_secs(15)), ..order() })?;
        account.add_letter(Source::CARD, &[1])?;
        let id = account.letters(Source::CARD)?[0].id;
        account.set_letter(id, LetterStep::Waiting { due: Some(Instant::from_secs(12)) })
    });
    assert_eq!(store.next_due().unwrap(), Some(Instant::from_secs(12)));
    assert_eq!(store.due(Instant::from_secs(12), 10).unwrap(), [dia()]);
    vault(&mut store, &dia(), |account| {
        let id = account.letters(Source::CARD)?[0].id;
        account.set_letter(id, LetterStep::Given { valid: Instant::from_secs(9) })
    });
    assert_eq!(store.next_due().unwrap(), Some(Instant::from_secs(15)), "one on its way is due never");
    assert_eq!(store.due(Instant::from_secs(15), 10).unwrap(), [dia()]);
}

pub fn a_forgotten_subscriber_leaves_no_trace<D: Database>(database: &D) {
    let mut store = database.open();
    for msisdn in [ana(), ben()] {
        vault(&mut store, &msisdn, |account| {
            for source in [Source::CARD, Source::PHONE] {
                account.put_held(source, &held())?;
                account.put_session(&Session { backup: BackupId { source, generation: 1 }, ..session() })?;
                account.put_block(source, 1, &[1])?;
            }
            account.put_restore(&restore())?;
            account.put_order(&order())?;
            account.add_letter(Source::CARD, &[1])?;
            account.next_counter()?;
            account.log(&entry(1, Direction::In))
        });
    }
    assert!(store.forget(&ana()).unwrap());
    assert!(!store.forget(&ana()).unwrap());
    vault(&mut store, &ana(), |account| {
        for source in [Source::CARD, Source::PHONE] {
            assert_eq!(account.held(source)?, None);
            assert_eq!(account.session(source)?, None);
            assert_eq!(account.block(source, 1)?, None);
        }
        assert_eq!(account.restore()?, None);
        assert_eq!(account.order(Source::CARD, MessageType::CONFIGURE)?, None);
        assert_eq!(account.letters(Source::CARD)?, []);
        assert_eq!(account.next_counter()?, 1);
        Ok(())
    });
    assert_eq!(store.messages(Some(&ana()), 10).unwrap(), []);
    assert_eq!(store.messages(None, 10).unwrap().len(), 1);
    assert_eq!(store.due(Instant::from_secs(u64::MAX), 10).unwrap(), [ben()]);
    assert!(store.subscribers().unwrap().iter().all(|summary| summary.msisdn == ben()));
    assert_eq!(store.held(&ben(), Source::PHONE).unwrap(), Some(held()));
}

pub fn subscribers_are_apart<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ana(), |account| {
        account.put_held(Source::CARD, &held())?;
        account.put_session(&session())?;
        account.put_restore(&restore())?;
        account.put_block(Source::CARD, 1, &[1])
    });
    vault(&mut store, &ben(), |account| {
        assert_eq!(account.held(Source::CARD)?, None);
        assert_eq!(account.restore()?, None);
        assert_eq!(account.session(Source::CARD)?, None);
        account.put_session(&session_of(7))?;
        assert_eq!(account.block(Source::CARD, 1)?, None);
        account.put_held(
            Source::CARD,
            &Held { generation: 7, at: Instant::EPOCH, book: Book::default(), table: None },
        )
    });
    vault(&mut store, &ana(), |account| {
        assert_eq!(account.held(Source::CARD)?, Some(held()));
        assert_eq!(account.held(Source::PHONE)?, None);
        assert_eq!(account.session(Source::CARD)?, Some(session()));
        assert_eq!(account.block(Source::CARD, 1)?, Some(vec![1]));
        Ok(())
    });
}

pub fn counters_count_each_for_itself<D: Database>(database: &D) {
    let mut store = database.open();
    let mut next = |msisdn| vault(&mut store, &msisdn, |account| account.next_counter());
    assert_eq!([next(ana()), next(ana()), next(ben()), next(ana())], [1, 2, 1, 3]);
}

pub fn subscribers_are_walked_each_once<D: Database>(database: &D) {
    let mut store = database.open();
    let numbers: Vec<Msisdn> = (1..=7).map(|n| format!("4915{n}").parse().unwrap()).collect();
    for number in &numbers {
        vault(&mut store, number, |account| account.put_session(&session()));
    }
    let (mut walked, mut after) = (Vec::new(), None);
    loop {
        let found = store.walk(after.as_ref(), 3).unwrap();
        assert!(found.len() <= 3);
        let Some((last, _)) = found.last() else { break };
        after = Some(last.clone());
        for (msisdn, books) in found {
            assert_eq!(books, store.summaries(&msisdn).unwrap());
            assert_eq!(books.iter().map(|book| &book.msisdn).collect::<Vec<_>>(), [&msisdn]);
            walked.push(msisdn);
        }
    }
    walked.sort();
    assert_eq!(walked, numbers);
    assert_eq!(store.summaries(&"4916".parse().unwrap()).unwrap(), []);
}

pub fn a_summary_says_how_far_a_backup_is<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ben(), |account| account.put_session(&session()));
    vault(&mut store, &ana(), |account| account.put_held(Source::CARD, &held()));
    vault(&mut store, &ben(), |account| account.alarm().and(account.alarm()));
    let copy = CopySummary { generation: 1, at: Instant::from_secs(9), contacts: 2 };
    let latest = Progress {
        generation: 1,
        standing: Standing::Open,
        received: 2,
        total: 5,
        since: Instant::from_secs(3),
        resume_at: Some(Instant::from_secs(100)),
    };
    assert_eq!(
        store.subscribers().unwrap(),
        [
            Summary { msisdn: ana(), source: Source::CARD, copy: Some(copy), latest: None, alarms: 0 },
            Summary { msisdn: ben(), source: Source::CARD, copy: None, latest: Some(latest), alarms: 2 },
        ]
    );
}

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
    assert_eq!(store.trim_log(Instant::from_secs(4), 2).unwrap(), 2);
    assert_eq!(store.messages(None, 10).unwrap().len(), 3);
    assert_eq!(store.trim_log(Instant::from_secs(4), 2).unwrap(), 1);
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

pub fn what_is_put_off_is_due_later_and_for_one_subscriber<D: Database>(database: &D) {
    let mut store = database.open();
    let at = Instant::from_secs;
    for msisdn in [ana(), ben()] {
        vault(&mut store, &msisdn, |account| {
            account.put_session(&Session { resume_at: Some(at(20)), ..session() })?;
            account.put_restore(&Restore { due: Some(at(50)), ..restore() })?;
            account.put_order(&Order { due: Some(at(15)), ..order() })?;
            account.add_letter(Source::CARD, &[1])?;
            let id = account.letters(Source::CARD)?[0].id;
            account.set_letter(id, LetterStep::Waiting { due: Some(at(12)) })
        });
    }
    vault(&mut store, &ana(), |account| account.put_off(at(30)));
    assert_eq!(store.due(at(29), 10).unwrap(), [ben()]);
    assert_eq!(store.due(at(30), 10).unwrap(), [ben(), ana()]);
    let later = vault(&mut store, &ana(), |account| account.restore()).unwrap();
    assert_eq!(later.due, Some(at(50)), "what is later stays");
}

pub fn a_batch_is_written_whole_or_not_at_all<D: Database>(database: &D) {
    let mut store = database.open();
    store.begin(&[ana()]).unwrap();
    for msisdn in [ana(), ben(), ana()] {
        vault(&mut store, &msisdn, |account| account.next_counter());
    }
    vault(&mut store, &ana(), |account| account.put_block(Source::CARD, 1, &[1]));
    assert_eq!(vault(&mut store, &ana(), |account| account.block(Source::CARD, 1)), Some(vec![1]));
    assert_eq!(
        vault(&mut database.open(), &ben(), |account| account.next_counter()),
        1,
        "it is not written yet"
    );
    assert!(matches!(store.commit(), Err(StoreError::Conflict)), "Ben was written meanwhile");
    assert_eq!(vault(&mut database.open(), &ana(), |account| account.block(Source::CARD, 1)), None);
    store.begin(&[ana(), ben()]).unwrap();
    assert!(matches!(store.begin(&[]), Err(StoreError::InBatch)));
    assert_eq!(vault(&mut store, &ana(), |account| account.next_counter()), 1);
    assert_eq!(vault(&mut store, &ben(), |account| account.next_counter()), 2);
    store.commit().unwrap();
    store.begin(&[]).unwrap();
    vault(&mut store, &ana(), |account| account.next_counter());
    store.roll_back();
    let next = |msisdn| vault(&mut database.open(), &msisdn, |account| account.next_counter());
    assert_eq!([next(ana()), next(ben())], [2, 3]);
}

pub fn what_fails_within_a_batch_is_undone_alone<D: Database>(database: &D) {
    let mut store = database.open();
    store.begin(&[ana(), ben()]).unwrap();
    vault(&mut store, &ana(), |account| account.put_block(Source::CARD, 1, &[1]));
    let failed = store.subscriber(&ana(), |account| {
        account.put_block(Source::CARD, 1, &[2])?;
        account.put_session(&session())?;
        account.log(&entry(1, Direction::In))?;
        Err::<(), _>(failure())
    });
    assert!(failed.is_err());
    vault(&mut store, &ben(), |account| account.put_session(&session()));
    store.commit().unwrap();
    vault(&mut database.open(), &ana(), |account| {
        assert_eq!(account.block(Source::CARD, 1)?, Some(vec![1]));
        assert_eq!(account.session(Source::CARD)?, None);
        Ok(())
    });
    assert_eq!(store.messages(Some(&ana()), 10).unwrap(), []);
    assert_eq!(vault(&mut store, &ben(), |account| account.session(Source::CARD)), Some(session()));
}

pub fn two_that_change_the_same_subscriber_do_not_overwrite_each_other<D: Database>(database: &D) {
    let (mut one, mut other) = (database.open(), database.open());
    vault(&mut one, &ana(), |account| account.next_counter());
    for store in [&mut one, &mut other] {
        store.begin(&[ana()]).unwrap();
        vault(store, &ana(), |account| account.next_counter());
    }
    one.commit().unwrap();
    assert!(matches!(other.commit(), Err(StoreError::Conflict)));
    assert_eq!(vault(&mut other, &ana(), |account| account.next_counter()), 3);
}

pub fn a_shard_is_one_servers_at_a_time<D: Database>(database: &D) {
    let (mut one, mut other) = (database.open(), database.open());
    let at = Instant::from_secs;
    let span = Duration::from_secs(30);
    let of_one = one.acquire("one", 100, at(10), span).unwrap();
    let of_other = other.acquire("other", 256, at(11), span).unwrap();
    assert_eq!((of_one.len(), of_other.len()), (100, 156));
    assert!(of_one.iter().all(|shard| !of_other.contains(shard)));
    assert_eq!(one.renew(at(35), span).unwrap(), of_one);
    // What the other has not renewed is free when its time is over, and not before.
    assert_eq!(one.acquire("one", 256, at(40), span).unwrap(), of_one);
    assert_eq!(one.acquire("one", 256, at(41), span).unwrap().len(), 256);
    assert!(other.renew(at(42), span).unwrap().is_empty());
    let leases = one.leases().unwrap();
    assert_eq!(leases.len(), 256);
    assert!(leases.iter().all(|lease| lease.owner == "one"));
    assert_eq!(leases.iter().map(|lease| lease.epoch).sum::<u64>(), 100 + 2 * 156);
    one.release(&[3, 4]).unwrap();
    assert_eq!(other.acquire("other", 256, at(43), span).unwrap(), [3, 4]);
    // Who was started anew under its name has its shards at once.
    let mut again = database.open();
    assert_eq!(again.acquire("other", 256, at(44), span).unwrap(), [3, 4]);
    assert!(other.renew(at(45), span).unwrap().is_empty());
}

pub fn a_server_whose_shard_was_taken_over_writes_nothing<D: Database>(database: &D) {
    let (mut stale, mut next) = (database.open(), database.open());
    let at = Instant::from_secs;
    let span = Duration::from_secs(30);
    stale.acquire("stale", 256, at(10), span).unwrap();
    vault(&mut stale, &ben(), |account| account.next_counter());
    stale.begin(&[ana(), ben()]).unwrap();
    for msisdn in [ana(), ben()] {
        vault(&mut stale, &msisdn, |account| account.put_session(&session()));
    }
    next.acquire("next", 256, at(40), span).unwrap();
    assert!(matches!(stale.commit(), Err(StoreError::Fenced(_))));
    for msisdn in [ana(), ben()] {
        assert_eq!(vault(&mut next, &msisdn, |account| account.session(Source::CARD)), None, "nothing of it");
    }
    assert!(matches!(stale.forget(&ben()), Err(StoreError::Fenced(_))));
    vault(&mut next, &ana(), |account| account.put_session(&session()));
    assert!(stale.renew(at(41), span).unwrap().is_empty());
    // It may look; what it would change is refused alone.
    assert_eq!(vault(&mut stale, &ana(), |account| account.session(Source::CARD)), Some(session()));
    let refused = stale.subscriber(&ana(), |account| account.next_counter());
    assert!(matches!(refused, Err(StoreError::NotMine(shard)) if shard == stale.shard(&ana())));
}

pub fn who_is_due_is_of_the_own_shards<D: Database>(database: &D) {
    let (mut all, mut one, mut other) = (database.open(), database.open(), database.open());
    let at = Instant::from_secs;
    let numbers: Vec<Msisdn> = (0..40).map(|number| format!("4915{number:07}").parse().unwrap()).collect();
    for (second, msisdn) in (100..).zip(&numbers) {
        vault(&mut all, msisdn, |account| {
            account.put_session(&Session { resume_at: Some(at(second)), ..session() })
        });
    }
    one.acquire("one", 128, at(10), Duration::from_secs(1000)).unwrap();
    other.acquire("other", 128, at(10), Duration::from_secs(1000)).unwrap();
    let of_one = one.due(at(200), 100).unwrap();
    let of_other = other.due(at(200), 100).unwrap();
    assert!(!of_one.is_empty() && !of_other.is_empty());
    let mut both = [of_one.clone(), of_other].concat();
    both.sort();
    assert_eq!(both, numbers);
    assert_eq!(one.due(at(200), 2).unwrap(), of_one[..2]);
    let first = 100 + numbers.iter().position(|msisdn| *msisdn == of_one[0]).unwrap() as u64;
    assert_eq!(one.next_due().unwrap(), Some(at(first)));
    // What is planned before all that was looked after is found.
    vault(&mut one, &of_one[1], |account| {
        account.put_session(&Session { resume_at: Some(at(50)), ..session() })
    });
    assert_eq!(one.due(at(201), 1).unwrap(), of_one[1..2]);
}

pub fn a_schedule_of_months_is_kept_by_day<D: Database>(database: &D) {
    let mut store = database.open();
    let day = |day: u64| Instant::from_secs(1_800_000_000) + Duration::from_secs(day * 86_400);
    let number = |day: u64| -> Msisdn { format!("4915{day:07}").parse().unwrap() };
    let days = [0, 1, 30, 39, 45, 100];
    for of in days {
        vault(&mut store, &number(of), |account| {
            account.put_session(&Session { resume_at: Some(day(of)), ..session() })
        });
    }
    for now in 0..=100 {
        let due = store.due(day(now), 10).unwrap();
        let expected: Vec<Msisdn> = days.iter().filter(|of| **of == now).map(|of| number(*of)).collect();
        assert_eq!(due, expected, "day {now}");
        for msisdn in due {
            vault(&mut store, &msisdn, |account| {
                account.put_session(&Session { resume_at: None, ..session() })
            });
        }
    }
    assert_eq!(store.next_due().unwrap(), None);
}

pub fn a_card_keeps_its_counters_whoever_has_it<D: Database>(database: &D) {
    let mut store = database.open();
    let at = Instant::from_secs;
    let [first, second]: [Iccid; 2] =
        ["8900101000000000019", "8900101000000000027"].map(|iccid| iccid.parse().unwrap());
    let version = KeyVersion::FIRST;
    store.enrol(&ana(), &first, version, at(1)).unwrap();
    let window = ReplayWindow { highest: 9, taken: 0x1FF };
    vault(&mut store, &ana(), |account| {
        let mut card = account.card()?.unwrap();
        (card.sent, card.window, card.refused) = (7, window, 2);
        account.put_card(&card)
    });
    store.enrol(&ana(), &first, version.next(), at(2)).unwrap();
    let card = store.find_card(&first).unwrap().unwrap();
    assert_eq!((card.key_version, card.since, card.sent, card.window), (version.next(), at(1), 7, window));
    // Another card, then another subscriber, then nobody.
    store.enrol(&ana(), &second, version, at(3)).unwrap();
    assert_eq!(store.find_card(&first).unwrap().unwrap().sent, 7);
    store.enrol(&ben(), &first, version, at(4)).unwrap();
    let cards = store.cards().unwrap();
    let whose: Vec<_> = cards.iter().map(|(msisdn, card)| (msisdn.clone(), card.iccid.clone())).collect();
    assert_eq!(whose, [(ana(), second.clone()), (ben(), first.clone())]);
    assert_eq!((cards[1].1.sent, cards[1].1.since), (7, at(4)));
    store.enrol(&ben(), &second, version, at(5)).unwrap();
    assert_eq!(vault(&mut store, &ana(), |account| account.card()), None);
    store.enrol(&ben(), &first, version, at(6)).unwrap();
    assert!(store.forget(&ben()).unwrap());
    assert_eq!(store.cards().unwrap(), []);
    assert_eq!(store.card_count().unwrap(), 2);
    let card = database.open().find_card(&first).unwrap().unwrap();
    assert_eq!((card.sent, card.window, card.refused), (7, window, 2));
}

pub fn nothing_personal_stands_in_the_files<D: Database>(database: &D) {
    let mut store = database.open();
    fill(&mut store);
    let is_in_files = |pattern: &str| {
        let mut grep = std::process::Command::new("grep");
        let grep = grep.env("LC_ALL", "C").args(["-rqaP", pattern]).arg(database.folder());
        // Files come and go: 2 says so.
        grep.stderr(std::process::Stdio::null()).status().unwrap().success()
    };
    assert!(is_in_files("account_block"), "that is the name of a table");
    let packed = ["\\x94\\x51\\x11\\x32\\x54\\x76", "\\x98\\x00\\x01\\x01"];
    for pattern in ["Xaver", "491511234567", "8900101000000000019", "number 1"].iter().chain(&packed) {
        assert!(!is_in_files(pattern), "{pattern}");
    }
}

pub fn what_was_sealed_opens_after_all_keys_were_replaced<D: Database>(database: &D) {
    let (mut store, mut other) = (database.open(), database.open());
    fill(&mut store);
    let summaries = store.subscribers().unwrap();
    let notes = store.messages(None, 10).unwrap();
    let card = store.find_card(&"8900101000000000019".parse().unwrap()).unwrap();
    D::rotate(&mut store);
    // One that was open before takes the new key up.
    for store in [&mut other, &mut database.open()] {
        assert_eq!(vault(store, &ana(), |account| account.block(Source::CARD, 3)), Some(vec![7; 9]));
        assert_eq!(store.held(&ana(), Source::CARD).unwrap().unwrap().book.len(), 1);
        assert_eq!(store.subscribers().unwrap(), summaries);
        assert_eq!(store.messages(None, 10).unwrap(), notes);
        assert_eq!(store.find_card(&"8900101000000000019".parse().unwrap()).unwrap(), card);
    }
}

/// Something of every kind, of two subscribers and a stranger.
fn fill<S: Store>(store: &mut S) {
    let iccid = "8900101000000000019".parse().unwrap();
    for msisdn in [ben(), ana()] {
        store.enrol(&msisdn, &iccid, KeyVersion::FIRST, Instant::from_secs(1)).unwrap();
        let book = [(1, values::contact("Xaver", "+49 151 1234567"))].into_iter().collect();
        let held = Held { generation: 1, at: Instant::from_secs(9), book, table: None };
        vault(store, &msisdn, |account| {
            account.put_held(Source::CARD, &held)?;
            account.put_session(&session_of(2))?;
            account.put_block(Source::CARD, 3, &[7; 9])?;
            account.put_restore(&restore())?;
            account.put_order(&order())?;
            account.add_letter(Source::CARD, &[1])?;
            account.log(&entry(1, Direction::In))
        });
    }
    store
        .enrol(&ana(), &"8900101000000000027".parse().unwrap(), KeyVersion::FIRST, Instant::from_secs(2))
        .unwrap();
    store.log(None, &entry(1, Direction::In)).unwrap();
}

/// Does `work` in one transaction that must succeed.
fn vault<S: Store, T>(
    store: &mut S,
    msisdn: &Msisdn,
    work: impl FnOnce(&mut S::Account<'_>) -> Result<T, StoreError>,
) -> T {
    store.subscriber(msisdn, work).unwrap()
}

fn property<T: proptest::strategy::Strategy>(values: T, mut check: impl FnMut(T::Value)) {
    let check = std::cell::RefCell::new(&mut check);
    TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() })
        .run(&values, |value| {
            check.borrow_mut()(value);
            Ok(())
        })
        .unwrap();
}

fn failure() -> StoreError {
    StoreError::Damaged { table: "test", column: "test", value: "so".into() }
}

fn entry(at: u64, direction: Direction) -> LogEntry {
    LogEntry { at: Instant::from_secs(at), direction, summary: format!("number {at}"), octets: 140 }
}

fn ana() -> Msisdn {
    "491511234567".parse().unwrap()
}

fn ben() -> Msisdn {
    "491511234568".parse().unwrap()
}

fn cem() -> Msisdn {
    "905321234567".parse().unwrap()
}

fn dia() -> Msisdn {
    "1".parse().unwrap()
}

fn held() -> Held {
    let book = [(1, values::contact("Ana", "+49 151 1")), (200, values::contact("Ж", "*#06#"))];
    Held { generation: 1, at: Instant::from_secs(9), book: book.into_iter().collect(), table: Some(0) }
}

fn session() -> Session {
    session_of(1)
}

fn session_of(generation: u16) -> Session {
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

fn order() -> Order {
    Order {
        source: Source::CARD,
        number: 1,
        command: Command::Configure(vec![0x03, 0x02, 0x00, 0x04]),
        due: Some(Instant::from_secs(300)),
        said: 0,
        step: OrderStep::Pending,
    }
}

fn restore() -> Restore {
    Restore {
        generation: 1,
        table: Some(0),
        todo: BlockSet::full(4),
        due: Some(Instant::from_secs(200)),
        asked: 0,
        step: RestoreStep::Running,
    }
}
