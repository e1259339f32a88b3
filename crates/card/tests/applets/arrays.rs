//! Arrays of applets: persistent and transient ones, and the firewall between them.

use std::sync::{Arc, Mutex};

use oxisim_card::{AppletError, ArrayId, Card, Clear, Env, Profile, SystemError};
use oxisim_wire::Instant;

use crate::bench::{Probe, card, package, restored};

const PERSISTENT: u8 = 0;
const ON_RESET: u8 = 1;
const ON_DESELECT: u8 = 2;

fn with_arrays(name: u8) -> Probe {
    Probe::installed_by(name, |env| {
        assert_eq!(env.new_persistent(3), Ok(env.array(PERSISTENT)));
        assert_eq!(env.new_transient(4, Clear::OnReset), Ok(env.array(ON_RESET)));
        assert_eq!(env.new_transient(5, Clear::OnDeselect), Ok(env.array(ON_DESELECT)));
        Ok(())
    })
}

fn octets(env: &Env<'_>, array: ArrayId) -> Result<Vec<u8>, AppletError> {
    let mut octets = vec![0xEE; env.array_len(array)?];
    env.read(array, 0, &mut octets).map(|()| octets)
}

fn contents(probe: &Probe, card: &mut Card) -> Vec<Vec<u8>> {
    probe
        .run(card, |_, env| {
            [PERSISTENT, ON_RESET, ON_DESELECT].iter().map(|&number| octets(env, env.array(number))).collect()
        })
        .unwrap()
}

fn fill(probe: &Probe, card: &mut Card) {
    probe
        .run(card, |_, env| {
            for number in [PERSISTENT, ON_RESET, ON_DESELECT] {
                env.write(env.array(number), 1, &[number + 1; 2])?;
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn transient_arrays_are_cleared_at_a_reset_and_persistent_ones_last() {
    let probe = with_arrays(b'A');
    let mut card = card([probe.clone()]);
    assert_eq!(contents(&probe, &mut card), [vec![0; 3], vec![0; 4], vec![0; 5]]);
    fill(&probe, &mut card);
    assert_eq!(contents(&probe, &mut card), [vec![0, 1, 1], vec![0, 2, 2, 0], vec![0, 3, 3, 0, 0]]);
    card.power_on(Instant::EPOCH);
    assert_eq!(contents(&probe, &mut card), [vec![0, 1, 1], vec![0; 4], vec![0; 5]]);
}

#[test]
fn a_card_with_the_same_memory_has_the_same_arrays() {
    let probe = with_arrays(b'A');
    let mut card = Card::new(&oxisim_card::Profile::default());
    card.load(package([probe.clone()])).unwrap();
    let parameters = oxisim_card::InstallParameters::default();
    card.install(&crate::bench::aid(0x50), &crate::bench::aid(b'A'), crate::bench::aid(b'A'), &parameters)
        .unwrap();
    card.make_selectable(&crate::bench::aid(b'A')).unwrap();
    card.power_on(Instant::EPOCH);
    fill(&probe, &mut card);
    let mut copy = restored(&card, package([probe.clone()]));
    assert_eq!(contents(&probe, &mut copy), [vec![0, 1, 1], vec![0; 4], vec![0; 5]]);
}

#[test]
fn an_array_ends_where_it_was_made_to() {
    let probe = with_arrays(b'A');
    let mut card = card([probe.clone()]);
    probe
        .run(&mut card, |_, env| {
            for (number, length) in [(PERSISTENT, 3), (ON_RESET, 4)] {
                let array = env.array(number);
                assert_eq!(env.write(array, length, &[1]), Err(AppletError::Range));
                assert_eq!(env.write(array, 0, &vec![1; length + 1]), Err(AppletError::Range));
                assert_eq!(env.write(array, usize::MAX, &[1]), Err(AppletError::Range));
                assert_eq!(env.read(array, length, &mut [0]), Err(AppletError::Range));
                assert_eq!(octets(env, array), Ok(vec![0; length]), "nothing is written");
                assert_eq!(env.write(array, length, &[]), Ok(()));
            }
            assert_eq!(env.array_len(env.array(3)), Err(AppletError::Range));
            assert_eq!(env.write(env.array(3), 0, &[]), Err(AppletError::Range));
            Ok(())
        })
        .unwrap();
}

#[test]
fn another_applets_arrays_are_behind_the_firewall() {
    let (owner, other) = (with_arrays(b'A'), with_arrays(b'B'));
    let mut card = card([owner.clone(), other.clone()]);
    fill(&owner, &mut card);
    let handles = Arc::new(Mutex::new(Vec::new()));
    let given = Arc::clone(&handles);
    let give = move |_: &mut _, env: &mut Env<'_>| {
        given.lock().unwrap().extend([env.array(PERSISTENT), env.array(ON_RESET)]);
        Ok(())
    };
    owner.run(&mut card, give).unwrap();
    other
        .run(&mut card, move |_, env| {
            for array in handles.lock().unwrap().drain(..) {
                assert_eq!(env.read(array, 0, &mut [0]), Err(AppletError::Security));
                assert_eq!(env.write(array, 0, &[9]), Err(AppletError::Security));
                assert_eq!(env.array_len(array), Err(AppletError::Security));
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(contents(&owner, &mut card)[0], [0, 1, 1]);
    assert_eq!(contents(&other, &mut card)[0], [0, 0, 0]);
}

#[test]
fn arrays_are_made_at_installation_only() {
    let probe = with_arrays(b'A');
    let mut card = card([probe.clone()]);
    let illegal = Err(AppletError::System(SystemError::IllegalUse));
    let made = probe.run(&mut card, move |_, env| {
        assert_eq!(env.new_persistent(1), illegal);
        assert_eq!(env.new_transient(1, Clear::OnReset), illegal);
        Ok(())
    });
    assert_eq!(made, Ok(()));
}

#[test]
fn no_array_is_longer_than_a_short_counts() {
    let mut card = Card::new(&oxisim_card::Profile::default());
    let probe = Probe::installed_by(b'A', |env| {
        let illegal = Err(AppletError::System(SystemError::IllegalValue));
        assert_eq!(env.new_persistent(0x8000), illegal);
        assert_eq!(env.new_transient(0x8000, Clear::OnReset), illegal);
        env.new_persistent(0x7FFF).map(|_| ())
    });
    assert_eq!(card.add_applet(probe), Ok(()));
}

#[test]
fn an_array_whose_making_is_aborted_was_never_made() {
    let probe = Probe::installed_by(b'A', |env| {
        env.new_persistent(1)?;
        env.begin_transaction()?;
        env.new_persistent(2)?;
        env.new_transient(2, Clear::OnReset)?;
        env.new_pin(3, 4)?;
        env.abort_transaction()?;
        assert_eq!(env.array_len(env.array(1)), Err(AppletError::Range));
        assert_eq!(env.new_persistent(3), Ok(env.array(1)));
        assert_eq!(env.new_pin(3, 4), Ok(env.pin(0)));
        Ok(())
    });
    let mut card = card([probe.clone()]);
    assert_eq!(probe.run(&mut card, |_, env| env.array_len(env.array(1))), Ok(3));
}

#[test]
fn an_abort_while_installing_leaves_what_is_transient() {
    let probe = Probe::installed_by(b'A', |env| {
        let array = env.new_transient(1, Clear::OnReset)?;
        let pin = env.new_pin(3, 4)?;
        pin.update(b"1234", env)?;
        pin.check(b"1234", env)?;
        env.write(array, 0, &[7])?;
        env.begin_transaction()?;
        let gone = env.new_transient(1, Clear::OnReset)?;
        env.write(gone, 0, &[9])?;
        env.abort_transaction()?;
        let mut octet = [0];
        env.read(array, 0, &mut octet)?;
        assert_eq!(octet, [7]);
        assert_eq!(pin.is_validated(env), Ok(true));
        let new = env.new_transient(1, Clear::OnReset)?;
        assert_eq!(new, gone, "the number is free again");
        env.read(new, 0, &mut octet)?;
        assert_eq!(octet, [0]);
        Ok(())
    });
    assert_eq!(Card::new(&Profile::default()).add_applet(probe), Ok(()));
}

#[test]
fn an_applet_has_256_arrays_and_256_pins_at_most() {
    let probe = Probe::installed_by(b'A', |env| {
        let none = Err(AppletError::System(SystemError::NoResource));
        for number in 0..=u8::MAX {
            assert_eq!(env.new_transient(0, Clear::OnReset), Ok(env.array(number)));
            assert_eq!(env.new_pin(1, 1), Ok(env.pin(number)));
        }
        assert_eq!(env.new_transient(0, Clear::OnReset), none);
        assert_eq!(env.new_persistent(0), none);
        assert_eq!(env.new_pin(1, 1).map(|_| ()), none.map(|_| ()));
        Ok(())
    });
    assert_eq!(Card::new(&oxisim_card::Profile::default()).add_applet(probe), Ok(()));
}
