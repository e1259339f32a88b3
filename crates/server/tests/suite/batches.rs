//! Transactions.

use oxisim_backup::{Held, Vault, message::Source};
use oxisim_phonebook::Book;
use oxisim_server::{Account, Direction, Store, StoreError};
use oxisim_wire::Instant;

use super::{Database, fixtures::*};

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
    assert_eq!(store.held(&ana(), Source::CARD).unwrap().as_deref(), Some(&held()));
    assert_eq!(vault(&mut store, &ana(), |account| account.session(Source::CARD)), None);
    assert_eq!(vault(&mut store, &ana(), |account| account.next_counter()), 1);
}

pub fn what_is_committed_survives<D: Database>(database: &D) {
    vault(&mut database.open(), &ana(), |account| {
        account.put_held(Source::CARD, &held())?;
        account.put_session(&session())?;
        account.put_block(Source::CARD, 3, &[0xFF; 120])?;
        account.next_counter().map(drop)
    });
    vault(&mut database.open(), &ana(), |account| {
        assert_eq!(account.held(Source::CARD)?.as_deref(), Some(&held()));
        assert_eq!(account.session(Source::CARD)?, Some(session()));
        assert_eq!(account.block(Source::CARD, 3)?, Some(vec![0xFF; 120]));
        assert_eq!(account.next_counter()?, 2);
        Ok(())
    });
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
