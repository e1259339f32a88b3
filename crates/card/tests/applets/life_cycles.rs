//! Life cycle states (GP Card Specification §5.3).

use oxisim_card::{
    Aid, AppletError, AppletState, Card, Env, InstallParameters, Package, Profile, Status, Tar, ToolkitError,
};
use oxisim_toolkit::{
    CommandType,
    codes::TimerAction,
    command::{MoreTime, TimerManagement},
    objects::{TimerIdentifier, TimerValue},
};
use oxisim_wire::{Duration, Instant};

use crate::bench::{ANSWERED, Fields, PROFILE, Probe, aid, card, package, send};

/// ENVELOPE (MENU SELECTION) of entry 1.
const SELECTION: &str = "80C2000009D30782020181900101";
/// ENVELOPE (TIMER EXPIRATION) of timer 1.
const EXPIRED: &str = "80C200000ED70C82028281A40101A503000100";

fn menu_and_timer() -> Probe {
    Probe::installed_by(b'A', |env| {
        env.registry().init_menu_entry(*b"A")?;
        env.registry().allocate_timer()?;
        Ok(())
    })
}

fn state(card: &Card) -> AppletState {
    card.applets().next().unwrap().state
}

/// Whether the card has a command for the terminal after the profile: SET UP MENU.
fn has_menu(card: &mut Card) -> bool {
    send(card, PROFILE).status.0 >> 8 == 0x91
}

#[test]
fn an_applet_is_told_nothing_before_it_is_selectable() {
    let probe = menu_and_timer();
    let mut card = Card::new(&Profile::default());
    card.load(package([probe])).unwrap();
    card.install(&aid(0x50), &aid(b'A'), aid(b'A'), &InstallParameters::default()).unwrap();
    card.power_on(Instant::EPOCH);
    assert_eq!(state(&card), AppletState::Installed);
    assert!(!has_menu(&mut card));
    assert_eq!(send(&mut card, SELECTION).status, Status::REFERENCED_DATA_NOT_FOUND);
    card.make_selectable(&aid(b'A')).unwrap();
    assert_eq!(state(&card), AppletState::Selectable);
    assert!(has_menu(&mut card));
    let again = card.make_selectable(&aid(b'A'));
    assert_eq!(again, Err(AppletError::Iso(Status::CONDITIONS_NOT_SATISFIED)));
}

#[test]
fn a_locked_applet_is_told_nothing_until_it_is_unlocked() {
    let probe = menu_and_timer();
    let mut card = card([probe.clone()]);
    card.lock(&aid(b'A')).unwrap();
    card.power_on(Instant::EPOCH);
    assert_eq!(state(&card), AppletState::Locked);
    assert!(!has_menu(&mut card));
    assert_eq!(send(&mut card, SELECTION).status, Status::REFERENCED_DATA_NOT_FOUND);
    assert_eq!(send(&mut card, EXPIRED).status, Status::NORMAL);
    card.unlock(&aid(b'A')).unwrap();
    assert_eq!(state(&card), AppletState::Selectable);
    assert!(has_menu(&mut card));
    assert_eq!(probe.run(&mut card, |_, _| Ok(1)), Ok(1));
    assert_eq!(card.unlock(&aid(b'A')), Err(AppletError::Iso(Status::CONDITIONS_NOT_SATISFIED)));
}

#[test]
fn a_locked_applet_is_not_told_of_the_answer_to_its_command() {
    for lock in [false, true] {
        let probe = Probe::new(b'A');
        let mut card = card([probe.clone()]);
        probe.run(&mut card, |_, env| env.send(0, MoreTime {})).unwrap();
        send(&mut card, "801200000B");
        if lock {
            card.lock(&aid(b'A')).unwrap();
        }
        let answered = send(&mut card, "801400000C810301020082028281830100");
        assert_eq!(answered.status, Status::NORMAL);
        if lock {
            card.unlock(&aid(b'A')).unwrap();
        }
        let count = probe.run(&mut card, |fields, _| Ok(fields.count)).unwrap();
        assert_eq!(count == ANSWERED, !lock);
    }
}

/// One MORE TIME has been told of, another one waits.
fn stops_timers_and_takes_commands_back(end: fn(&mut Card, &Aid) -> Result<(), AppletError>) {
    let probe = Probe::installed_by(b'A', |env| env.registry().allocate_timer().map(|_| ()));
    let mut card = card([probe.clone()]);
    let start = |_: &mut _, env: &mut Env<'_>| {
        let value = Some(TimerValue::from_duration(Duration::from_secs(60)));
        let timer = TimerIdentifier { identifier: 1 };
        env.send(TimerAction::START.0, TimerManagement { timer, value })?;
        env.send(0, MoreTime {})?;
        env.send(0, MoreTime {})
    };
    probe.run(&mut card, start).unwrap();
    send(&mut card, "8012000000");
    let more = send(&mut card, "8014000014810301270082028281830100A40101A503000000");
    assert_eq!(more.status.0 >> 8, 0x91, "MORE TIME waits");
    end(&mut card, &aid(b'A')).unwrap();
    let status = send(&mut card, "80F2000C").status;
    let stop = send(&mut card, &format!("80120000{:02X}", status.0 & 0xFF)).data;
    let stop = oxisim_toolkit::Command::decode(&stop).unwrap();
    assert_eq!(stop.details.kind, CommandType::TIMER_MANAGEMENT);
    assert_eq!(stop.details.qualifier, TimerAction::DEACTIVATE.0);
    let end = send(&mut card, "801400000F810301270182028281830100A40101");
    assert_eq!(end.status, Status::NORMAL, "nothing else waits");
}

#[test]
fn locking_stops_the_timers_of_a_running_card_and_takes_commands_back() {
    stops_timers_and_takes_commands_back(Card::lock);
}

#[test]
fn deleting_stops_the_timers_of_a_running_card_and_takes_commands_back() {
    stops_timers_and_takes_commands_back(Card::delete);
}

#[test]
fn unlocking_gives_the_state_back_that_was_before() {
    let mut card = Card::new(&Profile::default());
    card.load(package([menu_and_timer()])).unwrap();
    card.install(&aid(0x50), &aid(b'A'), aid(b'A'), &InstallParameters::default()).unwrap();
    card.lock(&aid(b'A')).unwrap();
    card.unlock(&aid(b'A')).unwrap();
    assert_eq!(state(&card), AppletState::Installed);
}

#[test]
fn locking_takes_the_menu_of_a_running_card_away() {
    let mut card = card([menu_and_timer()]);
    let menu = send(&mut card, PROFILE).status;
    send(&mut card, &format!("80120000{:02X}", menu.0 & 0xFF));
    send(&mut card, "801400000C810301250082028281830100");
    card.lock(&aid(b'A')).unwrap();
    let status = send(&mut card, "80F2000C").status;
    let command = send(&mut card, &format!("80120000{:02X}", status.0 & 0xFF)).data;
    assert!(command.ends_with(&[0x8F, 0x00]), "an empty item: {command:02X?}");
}

#[test]
fn deleting_a_package_takes_its_applets_and_their_memory() {
    let mut card = Card::new(&Profile::default());
    let used = card.memory().used();
    card.load(package([menu_and_timer(), Probe::new(b'B')])).unwrap();
    for name in [b'A', b'B'] {
        card.install(&aid(0x50), &aid(name), aid(name), &InstallParameters::default()).unwrap();
    }
    card.delete(&aid(b'B')).unwrap();
    assert_eq!(card.applets().map(|applet| applet.aid).collect::<Vec<_>>(), [aid(b'A')]);
    card.delete(&aid(0x50)).unwrap();
    assert_eq!((card.applets().count(), card.memory().used()), (0, used));
    let gone = Err(AppletError::Iso(Status::REFERENCED_DATA_NOT_FOUND));
    assert_eq!(card.delete(&aid(0x50)), gone);
    assert_eq!(card.install(&aid(0x50), &aid(b'A'), aid(b'A'), &InstallParameters::default()), gone);
}

#[test]
fn an_aid_is_one_applets_one_packages_or_one_adfs() {
    let usim = Aid::new(&hex::decode("A0000000871002FFFFFFFF8907090000").unwrap()).unwrap();
    let mut card = Card::new(&Profile::default());
    card.load(package([Probe::new(b'A'), Probe::new(b'B')])).unwrap();
    card.load(Package { aid: aid(0x51), ..package([]) }).unwrap();
    card.install(&aid(0x50), &aid(b'A'), aid(b'A'), &InstallParameters::default()).unwrap();
    for taken in [aid(b'A'), aid(0x51), usim] {
        let result = card.install(&aid(0x50), &aid(b'B'), taken, &InstallParameters::default());
        assert_eq!(result, Err(AppletError::Iso(Status::CONDITIONS_NOT_SATISFIED)), "{taken:?}");
    }
}

/// Lets an applet start timer 1, and the terminal say that it runs.
fn start_timer(card: &mut Card, probe: &Probe) {
    let start = |_: &mut _, env: &mut Env<'_>| {
        let value = Some(TimerValue::from_duration(Duration::from_secs(60)));
        env.send(TimerAction::START.0, TimerManagement { timer: TimerIdentifier { identifier: 1 }, value })
    };
    probe.run(card, start).unwrap();
    send(card, "8012000000");
    send(card, "8014000014810301270082028281830100A40101A503000000");
}

/// The type and the qualifier of the command that waits.
fn fetched(card: &mut Card) -> (CommandType, u8) {
    let status = send(card, "80F2000C").status;
    let command = send(card, &format!("80120000{:02X}", status.0 & 0xFF)).data;
    let details = oxisim_toolkit::Command::decode(&command).unwrap().details;
    (details.kind, details.qualifier)
}

#[test]
fn the_timer_of_a_deleted_applet_is_stopped_and_its_expiry_told_to_nobody() {
    let timer = |env: &mut Env<'_>| env.registry().allocate_timer().map(|_| ());
    let (first, second) = (Probe::installed_by(b'A', timer), Probe::installed_by(b'B', timer));
    let mut card = card([first.clone()]);
    start_timer(&mut card, &first);
    card.delete(&aid(b'A')).unwrap();
    card.add_applet(second.clone()).unwrap();
    assert_eq!(fetched(&mut card), (CommandType::TIMER_MANAGEMENT, TimerAction::DEACTIVATE.0));
    send(&mut card, "801400000F810301270182028281830130A40101");
    assert_eq!(send(&mut card, EXPIRED).status, Status::NORMAL);
    let expired = second.run(&mut card, |fields, _| Ok(fields.expired));
    assert_eq!(expired, Ok(0));
}

#[test]
fn a_timer_that_an_aborted_transaction_has_given_back_runs_on() {
    let probe = Probe::installed_by(b'A', |env| env.registry().allocate_timer().map(|_| ()));
    let mut card = card([probe.clone()]);
    start_timer(&mut card, &probe);
    probe
        .run(&mut card, |_, env| {
            env.begin_transaction()?;
            env.registry().release_timer(1)?;
            env.abort_transaction()
        })
        .unwrap();
    assert_eq!(send(&mut card, "80F2000C").status, Status::NORMAL, "nobody stops it");
    send(&mut card, EXPIRED);
    assert_eq!(probe.run(&mut card, |fields, _| Ok(fields.expired)), Ok(1));
}

#[test]
fn a_timer_that_a_failed_installation_has_given_back_runs_on() {
    let server = Probe {
        shared: |_, _, _, env| env.registry().release_timer(1).map(|()| vec![]),
        ..Probe::installed_by(b'A', |env| env.registry().allocate_timer().map(|_| ()))
    };
    let mut card = card([server.clone()]);
    start_timer(&mut card, &server);
    let failing = Probe::installed_by(b'B', |env| {
        env.call(&aid(b'A'), &[])?;
        Err(AppletError::Range)
    });
    assert_eq!(card.add_applet(failing), Err(AppletError::Range));
    assert_eq!(send(&mut card, "80F2000C").status, Status::NORMAL, "nobody stops it");
    send(&mut card, EXPIRED);
    assert_eq!(server.run(&mut card, |fields, _| Ok(fields.expired)), Ok(1));
}

#[test]
fn an_applet_sends_nothing_before_it_is_selectable_or_while_it_is_locked() {
    const NOT_AVAILABLE: AppletError = AppletError::Toolkit(ToolkitError::HandlerNotAvailable);
    let failing = Probe::installed_by(b'B', |env| {
        assert_eq!(env.send(0, MoreTime {}), Err(NOT_AVAILABLE));
        Err(AppletError::Range)
    });
    let locked = Probe {
        start: |fields, env| {
            fields.heap = vec![env.send(0, MoreTime {}).is_ok().into()];
            Ok(())
        },
        ..Probe::new(b'L')
    };
    let mut card = card([Probe::new(b'A')]);
    send(&mut card, PROFILE);
    assert_eq!(card.add_applet(failing), Err(AppletError::Range));
    card.add_applet(locked.clone()).unwrap();
    card.lock(&aid(b'L')).unwrap();
    card.add_applet(locked).unwrap();
    assert_eq!(send(&mut card, "80F2000C").status, Status::NORMAL, "nothing waits");
}

#[test]
fn a_tar_is_one_applets() {
    let with = |name| {
        let parameters = InstallParameters { tars: vec![Tar([1, 2, name])], ..Default::default() };
        Probe { parameters, ..Probe::new(name) }
    };
    let mut card = Card::new(&Profile::default());
    card.add_applet(with(b'A')).unwrap();
    card.add_applet(with(b'B')).unwrap();
    let taken = Probe { parameters: with(b'A').parameters, ..Probe::new(b'C') };
    assert_eq!(card.add_applet(taken.clone()), Err(AppletError::Iso(Status::INCORRECT_DATA)));
    card.delete(&aid(b'A')).unwrap();
    assert_eq!(card.add_applet(taken), Ok(()));
}

#[test]
fn a_package_without_applets_is_deleted() {
    let mut card = Card::new(&Profile::default());
    card.load(package([Probe::new(b'A')])).unwrap();
    assert_eq!(card.delete(&aid(0x50)), Ok(()));
    assert_eq!(card.delete(&aid(0x50)), Err(AppletError::Iso(Status::REFERENCED_DATA_NOT_FOUND)));
}

#[test]
fn deleting_an_applet_leaves_the_memory_of_one_whose_aid_begins_so() {
    let longer = Aid::new(&[0xA0, 0x00, 0x00, 0x00, b'1', 0x00]).unwrap();
    let mut card = Card::new(&Profile::default());
    card.load(package([Probe::new(b'A')])).unwrap();
    for instance in [aid(b'1'), longer] {
        card.install(&aid(0x50), &aid(b'A'), instance, &InstallParameters::default()).unwrap();
    }
    card.delete(&aid(b'1')).unwrap();
    for object in ["state", "registry"] {
        assert!(card.memory().find(&format!("applet/A000000031/{object}")).is_none(), "{object}");
        assert!(card.memory().find(&format!("applet/A00000003100/{object}")).is_some(), "{object}");
    }
}

#[test]
fn a_package_that_is_loaded_again_has_new_objects_and_others_keep_theirs() {
    let (probe, other) = (Probe::new(b'A'), Probe::new(b'B'));
    let mut card = card([probe.clone(), other.clone()]);
    for applet in [&probe, &other] {
        let set = |fields: &mut Fields, _: &mut Env<'_>| {
            fields.count = 7;
            Ok(())
        };
        applet.run(&mut card, set).unwrap();
    }
    card.load(Package::of(probe.clone())).unwrap();
    let counts = [&probe, &other].map(|applet| applet.run(&mut card, |fields, _| Ok(fields.count)).unwrap());
    assert_eq!(counts, [0, 7]);
}
