//! The objects of a class: fields are `CLEAR_ON_RESET` memory.

use oxisim_card::{AppletError, Card, Clear, InstallParameters, Profile};
use oxisim_wire::Instant;

use crate::bench::{Probe, aid, card, memory, package};

#[test]
fn fields_are_as_in_the_prototype_after_every_reset() {
    let probe = Probe::new(b'A');
    let mut card = card([probe.clone()]);
    for _ in 0..2 {
        assert_eq!(
            probe.run(&mut card, |fields, _| {
                fields.count += 7;
                Ok(fields.count)
            }),
            Ok(7),
            "what install has done to the fields is gone too"
        );
        assert_eq!(probe.run(&mut card, |fields, _| Ok(fields.count)), Ok(7));
        card.power_on(Instant::EPOCH);
    }
}

#[test]
fn an_applet_starts_after_its_installation_and_after_every_reset() {
    let probe = Probe {
        start: |fields, env| {
            let mut starts = [0];
            env.store_read(0, &mut starts)?;
            env.store_write(0, &[starts[0] + 1])?;
            fields.count = starts[0] + 1;
            Ok(())
        },
        ..Probe::new(b'A')
    };
    let mut card = card([probe.clone()]);
    assert_eq!(probe.run(&mut card, |fields, _| Ok(fields.count)), Ok(2));
    card.power_on(Instant::EPOCH);
    assert_eq!(probe.run(&mut card, |fields, _| Ok(fields.count)), Ok(3));
}

#[test]
fn an_applet_is_installed_once() {
    let probe = Probe::installed_by(b'A', |env| {
        let mut installed = [0];
        env.store_read(0, &mut installed)?;
        env.store_write(0, &[installed[0] + 1])
    });
    let mut card = card([probe.clone()]);
    card.power_on(Instant::EPOCH);
    let mut card = card.with_applet(probe.clone());
    card.power_on(Instant::EPOCH);
    let installed = probe.run(&mut card, |_, env| {
        let mut installed = [0];
        env.store_read(0, &mut installed).map(|()| installed[0])
    });
    assert_eq!(installed, Ok(1));
}

#[test]
fn instances_of_one_class_have_memory_of_their_own() {
    let probe = Probe::installed_by(b'A', |env| {
        env.new_persistent(1)?;
        env.registry().allocate_timer().map(|_| ())
    });
    let mut card = Card::new(&Profile::default());
    card.load(package([probe])).unwrap();
    for instance in [b'1', b'2'] {
        card.install(&aid(0x50), &aid(b'A'), aid(instance), &InstallParameters::default()).unwrap();
    }
    let timers: Vec<_> = card.applets().map(|applet| (applet.aid, applet.class, applet.timers)).collect();
    assert_eq!(timers, [(aid(b'1'), aid(b'A'), vec![1]), (aid(b'2'), aid(b'A'), vec![2])]);
    for object in ["applet/A000000031/array/0", "applet/A000000032/array/0"] {
        assert!(card.memory().find(object).is_some(), "{object}");
    }
}

#[test]
fn an_installation_that_fails_leaves_nothing() {
    let probe = Probe::installed_by(b'A', |env| {
        env.registry().init_menu_entry(*b"A")?;
        env.new_persistent(10)?;
        env.new_pin(3, 8)?;
        Err(AppletError::Range)
    });
    let mut card = Card::new(&Profile::default());
    let before = memory(&card);
    assert_eq!(card.add_applet(probe), Err(AppletError::Range));
    assert_eq!(memory(&card), before);
    assert_eq!(card.applets().count(), 0);
    assert!(!card.memory().in_transaction());
}

#[test]
fn an_installation_that_fails_leaves_the_running_applets_what_they_have() {
    let probe = Probe::installed_by(b'A', |env| {
        env.new_transient(2, Clear::OnReset)?;
        env.new_transient(2, Clear::OnDeselect)?;
        env.new_pin(3, 4)?.update(b"1234", env)
    });
    let mut card = card([probe.clone()]);
    probe
        .run(&mut card, |fields, env| {
            fields.count = 7;
            env.write(env.array(0), 0, &[1, 2])?;
            env.write(env.array(1), 0, &[3, 4])?;
            assert_eq!(env.pin(0).check(b"1234", env), Ok(true));
            Ok(())
        })
        .unwrap();
    let failing = Probe::installed_by(b'B', |env| {
        env.registry().allocate_timer()?;
        Err(AppletError::Range)
    });
    assert_eq!(card.add_applet(failing), Err(AppletError::Range));
    let left = probe.run(&mut card, |fields, env| {
        let mut octets = [[0; 2]; 2];
        env.read(env.array(0), 0, &mut octets[0])?;
        env.read(env.array(1), 0, &mut octets[1])?;
        Ok((fields.count, octets, env.pin(0).is_validated(env)?, env.registry().allocate_timer()?))
    });
    assert_eq!(left, Ok((7, [[1, 2], [3, 4]], true, 1)), "and the timer is nobody's");
}
