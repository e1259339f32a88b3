//! The suite: one function a behaviour, generic over the database.

mod values;

use oxisim_backup::{
    BlockSet, Command, Held, Order, OrderStep, Restore, RestoreStep, Session, Standing, Vault,
    message::{BackupId, MessageType, Resumes, Source},
};
use oxisim_phonebook::Book;
use oxisim_server::{
    Account, CopySummary, Direction, Letter, LetterStep, LogEntry, Msisdn, NOTES_OF_STRANGERS,
    NOTES_OF_SUBSCRIBER, Progress, Store, StoreError, Summary,
};
use oxisim_wire::Instant;
use proptest::test_runner::{Config, TestRunner};

/// A database that tests have for themselves.
pub trait Database {
    type Store: Store;

    /// An empty one.
    fn fresh() -> Self;

    /// Opens it, each time the same.
    fn open(&self) -> Self::Store;
}

/// Runs the suite with a [`Database`].
#[macro_export]
macro_rules! store_suite {
    ($name:ident, $database:ident) => {
        $crate::store_suite! { $name, $database:
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
            messages_are_noted_with_subscribers_only,
            old_notes_are_trimmed,
            notes_are_bounded_for_each_subscriber_and_for_all_strangers,
            what_is_put_off_is_due_later_and_for_one_subscriber,
        }
    };
    ($name:ident, $database:ident: $($test:ident,)*) => {
        mod $name {
            $(
                #[test]
                fn $test() {
                    $crate::suite::$test::<super::$database>();
                }
            )*
        }
    };
}

pub fn books_come_back<D: Database>() {
    let database = D::fresh();
    let mut store = database.open();
    property(values::held(), |held| {
        vault(&mut store, &ana(), |account| account.put_held(Source::CARD, &held));
        assert_eq!(store.held(&ana(), Source::CARD).unwrap(), Some(held));
    });
}

pub fn sessions_come_back<D: Database>() {
    let database = D::fresh();
    let mut store = database.open();
    property(values::session(), |session| {
        vault(&mut store, &ana(), |account| account.put_session(&session));
        let back = vault(&mut store, &ana(), |account| account.session(session.backup.source));
        assert_eq!(back, Some(session));
    });
}

pub fn restores_come_back<D: Database>() {
    let database = D::fresh();
    let mut store = database.open();
    property(values::restore(), |restore| {
        vault(&mut store, &ana(), |account| account.put_restore(&restore));
        assert_eq!(vault(&mut store, &ana(), |account| account.restore()), Some(restore));
    });
}

pub fn orders_come_back<D: Database>() {
    let database = D::fresh();
    let mut store = database.open();
    property(values::order(), |order| {
        vault(&mut store, &ana(), |account| account.put_order(&order));
        let kind = order.command.kind();
        assert_eq!(vault(&mut store, &ana(), |account| account.order(order.source, kind)), Some(order));
    });
}

pub fn spacings_come_back<D: Database>() {
    let database = D::fresh();
    let mut store = database.open();
    property(values::spacing(), |spacing| {
        vault(&mut store, &ana(), |account| account.put_spacing(Source::CARD, Some(&spacing)));
        let back = vault(&mut store, &ana(), |account| account.spacing(Source::CARD));
        assert_eq!(back, Some(spacing));
    });
    vault(&mut store, &ana(), |account| account.put_spacing(Source::CARD, None));
    assert_eq!(vault(&mut store, &ana(), |account| account.spacing(Source::CARD)), None);
}

pub fn letters_come_back_in_their_order<D: Database>() {
    let database = D::fresh();
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

pub fn a_new_backup_forgets_the_blocks_of_the_last<D: Database>() {
    let database = D::fresh();
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

pub fn a_complete_copy_forgets_its_blocks<D: Database>() {
    let database = D::fresh();
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

pub fn what_fails_is_undone<D: Database>() {
    let database = D::fresh();
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

pub fn looking_leaves_no_trace<D: Database>() {
    let database = D::fresh();
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

pub fn what_is_committed_survives<D: Database>() {
    let database = D::fresh();
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

pub fn the_earliest_time_comes_first<D: Database>() {
    let database = D::fresh();
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

pub fn a_forgotten_subscriber_leaves_no_trace<D: Database>() {
    let database = D::fresh();
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

pub fn subscribers_are_apart<D: Database>() {
    let database = D::fresh();
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

pub fn counters_count_each_for_itself<D: Database>() {
    let database = D::fresh();
    let mut store = database.open();
    let mut next = |msisdn| vault(&mut store, &msisdn, |account| account.next_counter());
    assert_eq!([next(ana()), next(ana()), next(ben()), next(ana())], [1, 2, 1, 3]);
}

pub fn a_summary_says_how_far_a_backup_is<D: Database>() {
    let database = D::fresh();
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

pub fn messages_are_noted_with_subscribers_only<D: Database>() {
    let database = D::fresh();
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

pub fn old_notes_are_trimmed<D: Database>() {
    let database = D::fresh();
    let mut store = database.open();
    for at in 1..=5 {
        store.log(None, &entry(at, Direction::In)).unwrap();
    }
    assert_eq!(store.trim_log(Instant::from_secs(4)).unwrap(), 3);
    assert_eq!(store.messages(None, 10).unwrap(), [entry(5, Direction::In), entry(4, Direction::In)]);
}

pub fn notes_are_bounded_for_each_subscriber_and_for_all_strangers<D: Database>() {
    let database = D::fresh();
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

pub fn what_is_put_off_is_due_later_and_for_one_subscriber<D: Database>() {
    let database = D::fresh();
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
