//! PINs of applets (Java Card: `OwnerPIN`).

use std::sync::{Arc, Mutex};

use oxisim_card::{AppletError, Card, Env, PinError, Status, SystemError};
use oxisim_wire::Instant;

use crate::bench::{Probe, card, send};

const TRIES: u8 = 3;

fn with_pin(name: u8) -> Probe {
    Probe::installed_by(name, |env| {
        assert_eq!(env.new_pin(TRIES, 4)?, env.pin(0));
        assert_eq!(env.pin(0).check(b"", env), Ok(false), "it has no value");
        env.pin(0).update(b"123", env)
    })
}

fn check(probe: &Probe, card: &mut Card, value: &'static [u8]) -> (bool, bool, u8) {
    probe
        .run(card, move |_, env| {
            let pin = env.pin(0);
            let is_right = pin.check(value, env)?;
            Ok((is_right, pin.is_validated(env)?, pin.tries_remaining(env)?))
        })
        .unwrap()
}

#[test]
fn only_the_value_is_right_in_full_length() {
    let probe = with_pin(b'A');
    let mut card = card([probe.clone()]);
    for wrong in [&b"124"[..], b"12", b"1230", b"123\0", b"12345", b"", b"023"] {
        assert_eq!(check(&probe, &mut card, wrong), (false, false, TRIES - 1), "{wrong:?}");
        assert_eq!(check(&probe, &mut card, b"123"), (true, true, TRIES));
    }
}

#[test]
fn a_pin_without_tries_is_blocked_for_the_right_value_too() {
    let probe = with_pin(b'A');
    let mut card = card([probe.clone()]);
    for left in (0..TRIES).rev() {
        assert_eq!(check(&probe, &mut card, b"999"), (false, false, left));
    }
    card.power_on(Instant::EPOCH);
    assert_eq!(check(&probe, &mut card, b"123"), (false, false, 0));
    probe.run(&mut card, |_, env| env.pin(0).reset(env)).unwrap();
    assert_eq!(check(&probe, &mut card, b"123"), (false, false, 0), "nothing was right");
    probe.run(&mut card, |_, env| env.pin(0).reset_and_unblock(env)).unwrap();
    assert_eq!(check(&probe, &mut card, b"123"), (true, true, TRIES));
}

#[test]
fn that_a_pin_is_validated_is_forgotten_at_a_reset_and_by_the_next_wrong_value() {
    let probe = with_pin(b'A');
    let mut card = card([probe.clone()]);
    let is_validated = |_: &mut _, env: &mut Env<'_>| env.pin(0).is_validated(env);
    assert_eq!(probe.run(&mut card, is_validated), Ok(false));
    check(&probe, &mut card, b"123");
    assert_eq!(probe.run(&mut card, is_validated), Ok(true));
    card.power_on(Instant::EPOCH);
    assert_eq!(probe.run(&mut card, is_validated), Ok(false));
    check(&probe, &mut card, b"123");
    check(&probe, &mut card, b"1");
    assert_eq!(probe.run(&mut card, is_validated), Ok(false));
    check(&probe, &mut card, b"123");
    probe.run(&mut card, |_, env| env.pin(0).reset(env)).unwrap();
    assert_eq!(probe.run(&mut card, is_validated), Ok(false));
}

#[test]
fn an_abort_brings_no_try_back_and_takes_a_new_value_away() {
    let probe = with_pin(b'A');
    let mut card = card([probe.clone()]);
    let aborted = probe.run(&mut card, |_, env| {
        env.begin_transaction()?;
        let pin = env.pin(0);
        pin.update(b"9999", env)?;
        assert_eq!(pin.check(b"9999", env), Ok(true));
        assert_eq!(pin.check(b"123", env), Ok(false));
        env.abort_transaction()?;
        pin.tries_remaining(env)
    });
    assert_eq!(aborted, Ok(TRIES - 1));
    assert_eq!(check(&probe, &mut card, b"9999"), (false, false, TRIES - 2));
    assert_eq!(check(&probe, &mut card, b"123"), (true, true, TRIES));
}

/// Power is lost at each write: a wrong value always costs a try before anything tells that it is wrong.
#[test]
fn power_loss_brings_no_try_back() {
    let probe = with_pin(b'A');
    let card = card([probe.clone()]);
    for value in [&b"123"[..], b"999"] {
        for tear in 0.. {
            let mut card = card.clone();
            card.memory_mut().tear_after(Some(tear));
            let outcome = probe.run(&mut card, move |_, env| env.pin(0).check(value, env));
            let is_torn = card.memory().is_torn();
            card.memory_mut().tear_after(None);
            card.power_on(Instant::EPOCH);
            let left = probe.run(&mut card, |_, env| env.pin(0).tries_remaining(env)).unwrap();
            if !is_torn {
                assert_eq!(outcome, Ok(value == b"123"));
                assert_eq!(left, if value == b"123" { TRIES } else { TRIES - 1 });
                break;
            }
            assert_eq!(outcome, Err(AppletError::PowerLost));
            assert_eq!(left, if tear == 0 { TRIES } else { TRIES - 1 }, "torn after {tear}");
        }
    }
}

#[test]
fn limits_and_values_must_be_possible() {
    let probe = Probe::installed_by(b'A', |env| {
        let illegal = Err(AppletError::Pin(PinError::IllegalValue));
        assert_eq!(env.new_pin(0, 4), illegal);
        assert_eq!(env.new_pin(3, 0), illegal);
        assert_eq!(env.new_pin(128, 4), illegal);
        assert_eq!(env.new_pin(3, 128), illegal);
        let pin = env.new_pin(127, 127)?;
        assert_eq!(pin.update(&[1; 128], env), illegal.map(|_: oxisim_card::OwnerPin| ()));
        pin.update(&[1; 127], env)
    });
    let mut card = card([probe.clone()]);
    let outcome = probe.run(&mut card, |_, env| {
        assert_eq!(env.new_pin(3, 4), Err(SystemError::IllegalUse.into()));
        assert_eq!(env.pin(1).check(&[1], env), Err(AppletError::Range));
        env.pin(0).check(&[1; 127], env)
    });
    assert_eq!(outcome, Ok(true));
}

#[test]
fn another_applets_pin_is_behind_the_firewall() {
    let (owner, other) = (with_pin(b'A'), with_pin(b'B'));
    let mut card = card([owner.clone(), other.clone()]);
    let handle = Arc::new(Mutex::new(None));
    let given = Arc::clone(&handle);
    let give = move |_: &mut _, env: &mut Env<'_>| {
        *given.lock().unwrap() = Some(env.pin(0));
        Ok(())
    };
    owner.run(&mut card, give).unwrap();
    let pin = handle.lock().unwrap().unwrap();
    let tried = other.run(&mut card, move |_, env| {
        assert_eq!(pin.is_validated(env), Err(AppletError::Security));
        assert_eq!(pin.tries_remaining(env), Err(AppletError::Security));
        assert_eq!(pin.update(b"1", env), Err(AppletError::Security));
        assert_eq!(pin.reset_and_unblock(env), Err(AppletError::Security));
        pin.check(b"999", env)
    });
    assert_eq!(tried, Err(AppletError::Security));
    assert_eq!(check(&owner, &mut card, b"123"), (true, true, TRIES));
}

#[test]
fn no_value_is_that_of_a_pin_that_has_none() {
    let probe = Probe::installed_by(b'A', |env| env.new_pin(127, 4).map(|_| ()));
    let mut card = card([probe.clone()]);
    let right = probe.run(&mut card, |_, env| {
        let pin = env.pin(0);
        let lengths = [0, 4, 127, 255, 256, 511, 0x100FF];
        lengths.into_iter().map(|length| pin.check(&vec![0; length], env)).collect()
    });
    assert_eq!(right, Ok(vec![false; 7]));
}

#[test]
fn a_new_value_is_to_be_checked_and_has_all_tries() {
    let probe = with_pin(b'A');
    let mut card = card([probe.clone()]);
    check(&probe, &mut card, b"123");
    check(&probe, &mut card, b"1");
    let update = |value: &'static [u8]| {
        move |_: &mut _, env: &mut Env<'_>| {
            let pin = env.pin(0);
            pin.update(value, env)?;
            Ok((pin.is_validated(env)?, pin.tries_remaining(env)?))
        }
    };
    assert_eq!(probe.run(&mut card, update(b"4567")), Ok((false, TRIES)));
    assert_eq!(check(&probe, &mut card, b"4567"), (true, true, TRIES));
    assert_eq!(probe.run(&mut card, update(b"8")), Ok((false, TRIES)));
}

/// Java Card Runtime Environment Specification §3.6: nothing but a reset of the card.
#[test]
fn that_a_pin_is_validated_outlasts_deselection() {
    let probe = with_pin(b'A');
    let mut card = card([probe.clone()]);
    send(&mut card, "00A4040005A000000041");
    check(&probe, &mut card, b"123");
    assert_eq!(send(&mut card, "00A4040C07A0000000871002").status, Status::NORMAL);
    assert_eq!(probe.run(&mut card, |_, env| env.pin(0).is_validated(env)), Ok(true));
}
