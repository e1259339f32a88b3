//! Who is due, and when.

use oxisim_backup::{Order, Restore, Session, Vault, message::Source};
use oxisim_server::{Account, Leases, LetterStep, Msisdn, Store};
use oxisim_wire::{Duration, Instant};

use super::{Database, fixtures::*};

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
