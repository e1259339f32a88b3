//! Subscribers among others.

use oxisim_backup::{
    Held, Session, Standing, Vault,
    message::{BackupId, MessageType, Source},
};
use oxisim_phonebook::Book;
use oxisim_server::{Account, CopySummary, Direction, Msisdn, Progress, Store, Summary};
use oxisim_wire::Instant;

use super::{Database, fixtures::*};

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
    assert_eq!(store.held(&ben(), Source::PHONE).unwrap().as_deref(), Some(&held()));
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
        assert_eq!(account.held(Source::CARD)?.as_deref(), Some(&held()));
        assert_eq!(account.held(Source::PHONE)?, None);
        assert_eq!(account.session(Source::CARD)?, Some(session()));
        assert_eq!(account.block(Source::CARD, 1)?, Some(vec![1]));
        Ok(())
    });
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
