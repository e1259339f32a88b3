//! Calls from applet to applet, through the firewall.

use oxisim_card::{AppletError, Clear, InstallParameters, Status, SystemError, TransactionError};
use oxisim_wire::Instant;

use crate::bench::{Probe, aid, card};

/// Keeps the message in its array, and answers with the client's AID.
fn keeper() -> Probe {
    Probe {
        shared: |fields, client, message, env| {
            fields.count += 1;
            env.write(env.array(0), 0, message)?;
            assert_eq!(env.aid(), aid(b'S'));
            Ok(client.as_bytes().to_vec())
        },
        ..Probe::installed_by(b'S', |env| env.new_persistent(4).map(|_| ()))
    }
}

fn kept(server: &Probe, card: &mut oxisim_card::Card) -> [u8; 4] {
    server
        .run(card, |_, env| {
            let mut octets = [0; 4];
            env.read(env.array(0), 0, &mut octets).map(|()| octets)
        })
        .unwrap()
}

#[test]
fn a_server_knows_who_calls_and_works_with_its_own_memory() {
    let (server, client) = (keeper(), Probe::installed_by(b'C', |env| env.new_persistent(4).map(|_| ())));
    let mut card = card([server.clone(), client.clone()]);
    let answer = client.run(&mut card, |_, env| {
        let answer = env.call(&aid(b'S'), &[1, 2, 3])?;
        let mut own = [9; 4];
        env.read(env.array(0), 0, &mut own)?;
        Ok((answer, own))
    });
    assert_eq!(answer, Ok((aid(b'C').as_bytes().to_vec(), [0; 4])));
    assert_eq!(kept(&server, &mut card), [1, 2, 3, 0]);
    assert_eq!(server.run(&mut card, |fields, _| Ok(fields.count)), Ok(1), "the object that runs");
}

#[test]
fn an_applet_that_shares_nothing_cannot_be_called() {
    let client = Probe::new(b'C');
    let mut card = card([client.clone(), Probe::new(b'S')]);
    assert_eq!(client.run(&mut card, |_, env| env.call(&aid(b'S'), &[])), Err(AppletError::Security));
}

#[test]
fn nobody_and_a_locked_applet_cannot_be_called() {
    let client = Probe::new(b'C');
    let mut card = card([client.clone(), keeper()]);
    assert_eq!(client.run(&mut card, |_, env| env.call(&aid(b'X'), &[])), Err(AppletError::Security));
    card.lock(&aid(b'S')).unwrap();
    assert_eq!(client.run(&mut card, |_, env| env.call(&aid(b'S'), &[])), Err(AppletError::Security));
    card.unlock(&aid(b'S')).unwrap();
    assert!(client.run(&mut card, |_, env| env.call(&aid(b'S'), &[])).is_ok());
}

#[test]
fn an_applet_at_work_is_not_called_again() {
    let relay = Probe { shared: |_, client, _, env| env.call(client, b"back"), ..Probe::new(b'S') };
    let client = Probe { shared: |_, _, _, _| Ok(vec![1]), ..Probe::new(b'C') };
    let mut card = card([client.clone(), relay]);
    assert_eq!(client.run(&mut card, |_, env| env.call(&aid(b'C'), &[])), Err(AppletError::Security));
    assert_eq!(client.run(&mut card, |_, env| env.call(&aid(b'S'), &[])), Err(AppletError::Security));
}

#[test]
fn calls_within_calls_have_an_end() {
    let chain = |name| Probe {
        shared: |_, _, _, env| {
            let next = env.aid().as_bytes()[4] + 1;
            env.call(&aid(next), &[])
        },
        ..Probe::new(name)
    };
    let client = Probe::new(b'C');
    let mut card = card((b'a'..=b'z').map(chain).chain([client.clone()]));
    for first in [b'a', b's'] {
        let answer = client.run(&mut card, move |_, env| env.call(&aid(first), &[]));
        assert_eq!(answer, Err(AppletError::System(SystemError::NoResource)));
    }
    let answer = client.run(&mut card, |_, env| env.call(&aid(b't'), &[]));
    assert_eq!(answer, Err(AppletError::Security), "the last one of seven finds nobody");
}

#[test]
fn a_failure_in_the_server_is_an_error_of_the_call() {
    let server = Probe {
        shared: |_, _, _, env| {
            env.begin_transaction()?;
            env.store_write(0, &[1])?;
            Err(AppletError::Iso(Status::WRONG_LENGTH))
        },
        ..Probe::new(b'S')
    };
    let client = Probe::new(b'C');
    let mut card = card([client.clone(), server.clone()]);
    let goes_on = client.run(&mut card, |_, env| {
        assert_eq!(env.call(&aid(b'S'), &[]), Err(AppletError::Iso(Status::WRONG_LENGTH)));
        env.begin_transaction()?;
        env.store_write(0, &[2])?;
        env.commit_transaction()
    });
    assert_eq!(goes_on, Ok(()));
    let first = |_: &mut _, env: &mut oxisim_card::Env<'_>| {
        let mut octet = [9];
        env.store_read(0, &mut octet).map(|()| octet[0])
    };
    assert_eq!(server.run(&mut card, first), Ok(0), "its transaction is taken back");
    assert_eq!(client.run(&mut card, first), Ok(2));
}

#[test]
fn what_a_server_writes_is_part_of_the_clients_transaction() {
    let server = Probe {
        shared: |_, _, message, env| {
            assert_eq!(env.begin_transaction(), Err(TransactionError::InProgress.into()));
            assert_eq!(env.commit_transaction(), Err(TransactionError::NotInProgress.into()));
            assert_eq!(env.abort_transaction(), Err(TransactionError::NotInProgress.into()));
            env.write(env.array(0), 0, message)?;
            env.registry().init_menu_entry(*b"S")?;
            Ok(vec![])
        },
        ..keeper()
    };
    let client = Probe::new(b'C');
    let mut card = card([server.clone(), client.clone()]);
    client
        .run(&mut card, |_, env| {
            env.begin_transaction()?;
            env.call(&aid(b'S'), &[1])?;
            env.abort_transaction()
        })
        .unwrap();
    assert_eq!(kept(&server, &mut card)[0], 0);
    let entries = |_: &mut _, env: &mut oxisim_card::Env<'_>| Ok(env.registry().menu_entries());
    assert_eq!(server.run(&mut card, entries), Ok(vec![]));
    client
        .run(&mut card, |_, env| {
            env.begin_transaction()?;
            env.call(&aid(b'S'), &[1])?;
            env.commit_transaction()
        })
        .unwrap();
    assert_eq!(kept(&server, &mut card)[0], 1);
    assert_eq!(server.run(&mut card, entries), Ok(vec![1]));
}

#[test]
fn an_applet_that_is_called_at_a_reset_is_new() {
    let client = Probe {
        start: |fields, env| {
            fields.heap = env.call(&aid(b'S'), &[]).unwrap_or_default();
            Ok(())
        },
        ..Probe::new(b'C')
    };
    let server = Probe {
        shared: |fields, _, _, env| {
            let pin = env.pin(0);
            let is_validated = pin.is_validated(env)?;
            let mut array = [0];
            env.read(env.array(0), 0, &mut array)?;
            Ok(vec![fields.count, u8::from(is_validated), array[0]])
        },
        ..Probe::installed_by(b'S', |env| {
            env.new_transient(1, Clear::OnReset)?;
            env.new_pin(3, 4)?.update(b"1234", env)
        })
    };
    let mut card = card([client.clone(), server.clone()]);
    server
        .run(&mut card, |fields, env| {
            fields.count = 5;
            env.write(env.array(0), 0, &[6])?;
            env.pin(0).check(b"1234", env)
        })
        .unwrap();
    card.power_on(Instant::EPOCH);
    assert_eq!(client.run(&mut card, |fields, _| Ok(fields.heap.clone())), Ok(vec![0, 0, 0]));
}

#[test]
fn a_server_that_is_renewed_within_a_transaction_has_none_of_its_own() {
    let server = Probe {
        parameters: InstallParameters { transient_quota: Some(4), ..InstallParameters::default() },
        start: |fields, env| {
            fields.count = env.begin_transaction().is_err().into();
            Ok(())
        },
        shared: |fields, _, _, _| {
            fields.heap = vec![0; 9];
            Ok(vec![])
        },
        ..Probe::new(b'S')
    };
    let client = Probe::new(b'C');
    let mut card = card([server.clone(), client.clone()]);
    let begun = |fields: &mut crate::bench::Fields, _: &mut oxisim_card::Env<'_>| Ok(fields.count == 0);
    assert_eq!(server.run(&mut card, begun), Ok(true), "by itself it can begin one");
    client
        .run(&mut card, |_, env| {
            env.begin_transaction()?;
            let answer = env.call(&aid(b'S'), &[]);
            assert_eq!(answer, Err(AppletError::System(SystemError::NoTransientSpace)));
            env.commit_transaction()
        })
        .unwrap();
    assert_eq!(server.run(&mut card, begun), Ok(false));
}

#[test]
fn a_server_that_an_installing_client_calls_makes_nothing() {
    let server = Probe {
        shared: |_, _, _, env| {
            let illegal = AppletError::System(SystemError::IllegalUse);
            assert_eq!(env.new_persistent(1), Err(illegal));
            assert_eq!(env.new_pin(3, 4), Err(illegal));
            Ok(vec![])
        },
        ..Probe::new(b'S')
    };
    let client = Probe::installed_by(b'C', |env| env.call(&aid(b'S'), &[]).map(|_| ()));
    let mut card = card([server]);
    assert_eq!(card.add_applet(client), Ok(()));
}
