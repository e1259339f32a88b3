//! The shards of several servers.

use oxisim_backup::{Vault, message::Source};
use oxisim_server::{Account, Leases, Store, StoreError};
use oxisim_wire::{Duration, Instant};

use super::{Database, fixtures::*};

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
