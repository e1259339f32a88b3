//! What one server passes on to another.

use oxisim_backup::{DeliveryReport, Vault, message::Source};
use oxisim_server::{Inbound, Leases, Msisdn, Passed, Store, StoreError};
use oxisim_sms::{DataCoding, Element, ElementId, UserData};
use oxisim_wire::{Duration, Instant};

use super::{
    Database,
    fixtures::{ana, ben, session, vault},
};

const SPAN: Duration = Duration::from_secs(30);

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

/// Two servers: the first has the shard of nobody who is named here, the other those of all.
fn two<D: Database>(database: &D) -> (D::Store, D::Store) {
    let (mut one, mut other) = (database.open(), database.open());
    let all = other.acquire("other", 256, at(10), SPAN).unwrap();
    let named = [ana(), ben()].map(|msisdn| other.shard(&msisdn));
    let given: Vec<u8> = all.into_iter().filter(|shard| !named.contains(shard)).collect();
    other.release(&given).unwrap();
    one.acquire("one", 256, at(10), SPAN).unwrap();
    (one, other)
}

fn message() -> UserData {
    let header = vec![Element::new(ElementId(0x70), [1, 2])];
    UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, vec![3, 4, 5]).unwrap()
}

/// What is in an inbox, as `(whose, what)`.
fn found(inbox: &[Passed]) -> Vec<(Msisdn, Inbound)> {
    inbox.iter().map(|passed| (passed.to.clone(), passed.what.clone())).collect()
}

pub fn what_is_passed_on_reaches_the_server_that_has_the_shard_in_its_order<D: Database>(database: &D) {
    let (mut one, mut other) = two(database);
    let all = [
        (ana(), Inbound::Message(message())),
        (ben(), Inbound::Report(1 << 40, DeliveryReport::Failed)),
        (ana(), Inbound::Report(2, DeliveryReport::Delivered)),
        (ben(), Inbound::Alert),
    ];
    one.begin(&[]).unwrap();
    for (to, what) in &all {
        one.pass_on(to, what, at(11)).unwrap();
    }
    assert_eq!(other.inbox(at(11), 9).unwrap(), [], "nothing before it is durable");
    one.commit().unwrap();
    assert_eq!(one.inbox(at(12), 9).unwrap(), [], "it is the other's");
    let inbox = other.inbox(at(12), 9).unwrap();
    assert_eq!(found(&inbox), all);
    assert!(inbox.iter().all(|passed| passed.at == at(11)));
    assert_eq!(found(&other.inbox(at(12), 2).unwrap()), all[..2]);
    // What is taken is not found again, what is not is.
    other.settle(&inbox[1]).unwrap();
    let left = [all[0].clone(), all[2].clone(), all[3].clone()];
    assert_eq!(found(&other.inbox(at(13), 9).unwrap()), left);
    assert_eq!(found(&database.open().inbox(at(13), 9).unwrap()), left);
}

pub fn what_was_passed_on_goes_with_what_it_brings_about_or_not_at_all<D: Database>(database: &D) {
    let (mut one, mut other) = two(database);
    one.pass_on(&ana(), &Inbound::Message(message()), at(11)).unwrap();
    let take = |store: &mut D::Store| {
        let inbox = store.inbox(at(12), 9).unwrap();
        assert_eq!(inbox.len(), 1);
        store.begin(&[ana()]).unwrap();
        vault(store, &ana(), |account| account.put_session(&session()));
        store.settle(&inbox[0]).unwrap();
    };
    take(&mut other);
    other.roll_back();
    take(&mut other);
    // Who has lost the shard takes nothing.
    let mut next = database.open();
    next.acquire("next", 256, at(41), SPAN).unwrap();
    assert!(matches!(other.commit(), Err(StoreError::Fenced(_))));
    assert_eq!(vault(&mut next, &ana(), |account| account.session(Source::CARD)), None);
    take(&mut next);
    next.commit().unwrap();
    assert_eq!(vault(&mut next, &ana(), |account| account.session(Source::CARD)), Some(session()));
    assert_eq!(next.inbox(at(43), 9).unwrap(), []);
}

pub fn what_was_passed_on_is_taken_once<D: Database>(database: &D) {
    let mut store = database.open();
    store.pass_on(&ana(), &Inbound::Alert, at(11)).unwrap();
    let inbox = store.inbox(at(12), 9).unwrap();
    store.settle(&inbox[0]).unwrap();
    assert!(matches!(store.settle(&inbox[0]), Err(StoreError::Conflict)));
}

pub fn what_was_passed_on_for_who_is_forgotten_is_forgotten<D: Database>(database: &D) {
    let mut store = database.open();
    for msisdn in [ana(), ben()] {
        vault(&mut store, &msisdn, |account| account.put_session(&session()));
        store.pass_on(&msisdn, &Inbound::Message(message()), at(11)).unwrap();
    }
    assert!(store.forget(&ana()).unwrap());
    assert_eq!(found(&store.inbox(at(12), 9).unwrap()), [(ben(), Inbound::Message(message()))]);
}

pub fn what_waits_in_the_inbox_opens_after_all_keys_were_replaced<D: Database>(database: &D) {
    let mut store = database.open();
    let all = [(ana(), Inbound::Message(message())), (ben(), Inbound::Alert), (ana(), Inbound::Alert)];
    for (to, what) in &all {
        store.pass_on(to, what, at(11)).unwrap();
    }
    D::rotate(&mut store);
    assert_eq!(found(&database.open().inbox(at(12), 9).unwrap()), all);
}
