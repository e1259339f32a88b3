//! One applet's failure is its own.

use oxisim_card::{AppletError, Status};
use oxisim_wire::Instant;

use crate::bench::{PROFILE, Probe, card, send};

fn first(probe: &Probe, card: &mut oxisim_card::Card) -> u8 {
    probe
        .run(card, |_, env| {
            let mut octet = [9];
            env.store_read(0, &mut octet).map(|()| octet[0])
        })
        .unwrap()
}

#[test]
fn an_applet_that_fails_keeps_no_other_from_hearing() {
    let (failing, other) = (Probe::new(b'F'), Probe::new(b'O'));
    for applets in [[failing.clone(), other.clone()], [other.clone(), failing.clone()]] {
        let mut card = card(applets);
        let writes = other.then(|_, env| env.store_write(0, &[1]));
        let fails = failing.run(&mut card, |_, env| {
            env.begin_transaction()?;
            env.store_write(0, &[1])?;
            Err::<(), _>(AppletError::Iso(Status::TECHNICAL_PROBLEM))
        });
        assert!(fails.is_err());
        assert_eq!(*writes.lock().unwrap(), Some(Ok(())));
        assert_eq!(send(&mut card, PROFILE).status, Status::NORMAL);
        assert_eq!((first(&failing, &mut card), first(&other, &mut card)), (0, 1));
    }
}

#[test]
fn an_applet_that_does_not_start_is_still_told() {
    let failing = Probe {
        start: |_, env| {
            let mut starts = [0];
            env.store_read(0, &mut starts)?;
            env.store_write(0, &[1])?;
            if starts[0] == 0 { Ok(()) } else { Err(AppletError::Range) }
        },
        ..Probe::new(b'F')
    };
    let other = Probe::new(b'O');
    let mut card = card([failing.clone(), other.clone()]);
    card.power_on(Instant::EPOCH);
    assert_eq!(failing.run(&mut card, |_, _| Ok(1)), Ok(1));
    assert_eq!(other.run(&mut card, |_, _| Ok(1)), Ok(1));
}

#[test]
fn an_error_that_is_not_caught_is_a_status_word_or_a_technical_problem() {
    assert_eq!(Status::from(AppletError::Iso(Status::WRONG_LENGTH)), Status::WRONG_LENGTH);
    assert_eq!(Status::from(AppletError::File(Status::FILE_NOT_FOUND)), Status::FILE_NOT_FOUND);
    assert_eq!(Status::from(AppletError::Security), Status::TECHNICAL_PROBLEM);
    assert_eq!(Status::from(AppletError::Range), Status::TECHNICAL_PROBLEM);
}

#[test]
fn a_transaction_that_is_left_open_is_not_the_next_applets() {
    let (forgetful, other) = (Probe::new(b'F'), Probe::new(b'O'));
    // The one that was installed last is told first.
    let mut card = card([other.clone(), forgetful.clone()]);
    let begins = other.then(|_, env| env.begin_transaction());
    forgetful
        .run(&mut card, |_, env| {
            env.begin_transaction()?;
            env.store_write(0, &[1])
        })
        .unwrap();
    assert_eq!(*begins.lock().unwrap(), Some(Ok(())));
    assert!(!card.memory().in_transaction());
    assert_eq!(first(&forgetful, &mut card), 0);
}
