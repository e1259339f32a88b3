//! Transactions (Java Card: `JCSystem`).

use oxisim_card::{AppletError, Card, Clear, Env, ToolkitEvent, TransactionError, path};
use oxisim_wire::Instant;

use crate::bench::{PROFILE, Probe, aid, card, memory, send};

const IN_PROGRESS: AppletError = AppletError::Transaction(TransactionError::InProgress);
const NOT_IN_PROGRESS: AppletError = AppletError::Transaction(TransactionError::NotInProgress);
const BUFFER_FULL: AppletError = AppletError::Transaction(TransactionError::BufferFull);

fn with_array() -> Probe {
    Probe::installed_by(b'A', |env| {
        env.new_persistent(0x1000)?;
        env.new_transient(1, Clear::OnReset).map(|_| ())
    })
}

fn first(env: &Env<'_>, array: u8) -> u8 {
    let mut octet = [0];
    env.read(env.array(array), 0, &mut octet).unwrap();
    octet[0]
}

#[test]
fn transactions_do_not_nest() {
    let probe = with_array();
    let mut card = card([probe.clone()]);
    probe
        .run(&mut card, |_, env| {
            assert_eq!(env.commit_transaction(), Err(NOT_IN_PROGRESS));
            assert_eq!(env.abort_transaction(), Err(NOT_IN_PROGRESS));
            env.begin_transaction()?;
            assert_eq!(env.begin_transaction(), Err(IN_PROGRESS));
            env.commit_transaction()
        })
        .unwrap();
}

#[test]
fn an_installing_applet_has_transactions_within_that_of_the_card() {
    let probe = Probe::installed_by(b'A', |env| {
        env.new_persistent(1)?;
        let capacity = env.unused_commit_capacity();
        assert_eq!(env.commit_transaction(), Err(NOT_IN_PROGRESS));
        assert_eq!(env.abort_transaction(), Err(NOT_IN_PROGRESS));
        env.begin_transaction()?;
        assert_eq!(env.begin_transaction(), Err(IN_PROGRESS));
        env.write(env.array(0), 0, &[1])?;
        env.commit_transaction()?;
        env.begin_transaction()?;
        env.write(env.array(0), 0, &[2])?;
        env.registry().init_menu_entry(*b"gone")?;
        env.abort_transaction()?;
        assert_eq!(env.registry().menu_entries(), []);
        assert_eq!(env.unused_commit_capacity(), capacity, "the card's own has no limit");
        env.begin_transaction()?;
        env.write(env.array(0), 0, &[3])
    });
    let mut card = card([probe.clone()]);
    assert_eq!(probe.run(&mut card, |_, env| Ok(first(env, 0))), Ok(1), "what is left open is taken back");
}

#[test]
fn an_abort_takes_back_what_is_persistent_and_leaves_what_is_transient() {
    let probe = with_array();
    let mut card = card([probe.clone()]);
    let outcome = probe.run(&mut card, |fields, env| {
        env.begin_transaction()?;
        fields.count = 5;
        env.write(env.array(0), 0, &[5])?;
        env.write(env.array(1), 0, &[5])?;
        env.store_write(0, &[5])?;
        env.registry().init_menu_entry(*b"A")?;
        let ext1 = env.files().find(path::EF_EXT1)?;
        env.files().update_record(ext1, 1, &[5; 13])?;
        Err::<(), _>(AppletError::Range)
    });
    assert_eq!(outcome, Err(AppletError::Range));
    let left = probe.run(&mut card, |fields, env| {
        let mut store = [0];
        env.store_read(0, &mut store)?;
        let ext1 = env.files().find(path::EF_EXT1)?;
        let record = env.files().read_record(ext1, 1)?[0];
        let entries = env.registry().menu_entries();
        Ok((fields.count, first(env, 0), first(env, 1), store[0], entries, record == 5))
    });
    assert_eq!(left, Ok((5, 0, 5, 0, vec![], false)));
}

#[test]
fn a_write_beyond_the_commit_buffer_is_not_done() {
    let probe = with_array();
    let mut card = card([probe.clone()]);
    let left = probe.run(&mut card, |_, env| {
        let array = env.array(0);
        let capacity = env.unused_commit_capacity();
        env.write(array, 0, &vec![1; capacity + 1])?;
        env.begin_transaction()?;
        assert_eq!(env.write(array, 0, &vec![2; capacity + 1]), Err(BUFFER_FULL));
        env.write(array, 0, &vec![3; capacity - 1])?;
        assert_eq!(env.unused_commit_capacity(), 1);
        assert_eq!(env.write(array, 0, &[4; 2]), Err(BUFFER_FULL));
        assert_eq!(env.registry().init_menu_entry(*b"long").map(|_| ()), Err(BUFFER_FULL));
        assert_eq!(first(env, 0), 3);
        env.write(array, 0, &[5])?;
        env.commit_transaction()?;
        assert_eq!(env.unused_commit_capacity(), capacity);
        Ok((first(env, 0), env.registry().menu_entries()))
    });
    assert_eq!(left, Ok((5, vec![])));
}

#[test]
fn what_changes_nothing_takes_no_room_of_the_commit_buffer() {
    const EF_PL: &[u16] = &[0x3F00, 0x2F05];
    let probe = Probe::installed_by(b'A', |env| {
        env.registry().register_file_event(None, EF_PL)?;
        env.registry().init_menu_entry(*b"A").map(|_| ())
    });
    let mut card = card([probe.clone()]);
    let left = probe.run(&mut card, |_, env| {
        env.begin_transaction()?;
        let capacity = env.unused_commit_capacity();
        env.registry().change_menu_entry(1, *b"A")?;
        env.registry().enable_menu_entry(1)?;
        env.registry().register_file_event(None, EF_PL)?;
        env.registry().set_event(ToolkitEvent::ProfileDownload)?;
        Ok(capacity - env.unused_commit_capacity())
    });
    assert_eq!(left, Ok(0));
}

#[test]
fn power_loss_in_a_transaction_takes_all_of_it_back() {
    let change = |card: &mut Card, probe: &Probe| {
        let _ = probe.run(card, |_, env| {
            env.begin_transaction()?;
            env.write(env.array(0), 0, &[1; 9])?;
            env.registry().init_menu_entry(*b"A")?;
            env.store_write(0, &[1; 4])?;
            env.commit_transaction()
        });
    };
    let probe = with_array();
    let card = card([probe.clone()]);
    let before = memory(&card);
    for tear in 0.. {
        let mut card = card.clone();
        card.memory_mut().tear_after(Some(tear));
        change(&mut card, &probe);
        let is_torn = card.memory().is_torn();
        card.memory_mut().tear_after(None);
        card.power_on(Instant::EPOCH);
        if !is_torn {
            assert!(tear > 0);
            assert_ne!(memory(&card), before);
            break;
        }
        assert_eq!(memory(&card), before, "torn after {tear}");
        assert!(card.applets().all(|applet| applet.aid == aid(b'A') && applet.menu_entries.is_empty()));
        assert_eq!(send(&mut card, PROFILE).status.0, 0x9000, "there is no menu");
    }
}
