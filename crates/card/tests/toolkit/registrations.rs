//! Setting and clearing events (TS 102 241, `ToolkitRegistry`).

use std::sync::{Arc, Mutex};

use oxisim_card::{AppletError, Event, InstallParameters, Registration, Tar, ToolkitError, ToolkitEvent};
use oxisim_toolkit::{CommandType, Proactive, objects::EventCode};
use oxisim_wire::{Duration, Instant};

use crate::{
    phone::{PROFILE, Phone, STATUS, event},
    recorder::{Install, Recorder},
};

fn with(install: Install) -> Phone {
    Phone::with([Recorder::new(b'A', install, |_, _| Ok(()))])
}

/// An applet with a TAR.
fn with_tar(install: Install) -> Phone {
    let parameters = InstallParameters { tars: vec![Tar([1, 2, 3])], ..InstallParameters::default() };
    Phone::with([Recorder::new(b'A', install, |_, _| Ok(())).with_parameters(parameters)])
}

/// The events that the one applet of a card has set.
fn set(phone: &Phone) -> Vec<ToolkitEvent> {
    phone.card.applets().next().unwrap().events
}

/// The events that are set by themselves.
fn settable() -> impl Iterator<Item = ToolkitEvent> {
    ToolkitEvent::ALL.iter().copied().filter(|event| event.registration() == Registration::SetEvent)
}

#[test]
fn every_event_that_can_be_set_is_set_and_cleared() {
    let phone = with_tar(|env| {
        for event in settable() {
            assert!(!env.registry().is_event_set(event), "{event:?}");
            env.registry().set_event(event)?;
            env.registry().set_event(event)?;
            assert!(env.registry().is_event_set(event), "{event:?}");
            env.registry().clear_event(event)?;
            assert!(!env.registry().is_event_set(event), "{event:?}");
        }
        Ok(())
    });
    assert_eq!(set(&phone), []);
}

#[test]
fn what_is_set_survives_the_reset() {
    let mut phone = with_tar(|env| env.registry().set_event_list(&settable().collect::<Vec<_>>()));
    phone.card.power_on(Instant::EPOCH);
    assert_eq!(set(&phone), settable().collect::<Vec<_>>());
}

#[test]
fn an_event_that_comes_with_something_is_neither_set_nor_cleared() {
    let phone = with(|env| {
        for &event in ToolkitEvent::ALL {
            let (set, cleared) = match event.registration() {
                Registration::SetEvent => continue,
                Registration::Unsupported => (Err(ToolkitError::EventNotSupported.into()), Ok(())),
                Registration::File => (Err(ToolkitError::EventNotAllowed.into()), Ok(())),
                _ => {
                    let refused = Err(AppletError::from(ToolkitError::EventNotAllowed));
                    (refused, refused)
                }
            };
            assert_eq!(env.registry().set_event(event), set, "{event:?}");
            assert_eq!(env.registry().clear_event(event), cleared, "{event:?}");
        }
        let unknown = ToolkitEvent::EventDownload(EventCode(0x7E));
        assert_eq!(env.registry().set_event(unknown), Err(ToolkitError::EventNotSupported.into()));
        Ok(())
    });
    assert_eq!(set(&phone), []);
}

#[test]
fn a_list_with_one_event_that_is_refused_sets_none() {
    let phone = with(|env| {
        let list = [ToolkitEvent::ProfileDownload, ToolkitEvent::TimerExpiration];
        assert_eq!(env.registry().set_event_list(&list), Err(ToolkitError::EventNotAllowed.into()));
        Ok(())
    });
    assert_eq!(set(&phone), []);
}

#[test]
fn an_event_of_packets_is_for_applets_with_a_tar() {
    let of_packets: [ToolkitEvent; 3] = [
        ToolkitEvent::FormattedSmsPp,
        ToolkitEvent::FormattedSmsPpUpdate,
        ToolkitEvent::FormattedCellBroadcast,
    ];
    assert!(settable().all(|event| event.needs_tar() == of_packets.contains(&event)));
    let phone = with(|env| {
        for event in settable().filter(|event| event.needs_tar()) {
            assert_eq!(env.registry().set_event(event), Err(ToolkitError::TarNotDefined.into()));
        }
        Ok(())
    });
    assert_eq!(set(&phone), []);
}

#[test]
fn an_event_with_one_answer_is_for_one_applet() {
    let first = Recorder::new(
        b'A',
        |env| {
            settable()
                .filter(|event| event.is_exclusive())
                .try_for_each(|event| env.registry().set_event(event))
        },
        |_, _| Ok(()),
    );
    let second = Recorder::new(
        b'B',
        |env| {
            for event in settable().filter(|event| !event.needs_tar()) {
                let result = env.registry().set_event(event);
                let taken = Err(ToolkitError::EventAlreadyRegistered.into());
                assert_eq!(result, if event.is_exclusive() { taken } else { Ok(()) }, "{event:?}");
            }
            Ok(())
        },
        |_, _| Ok(()),
    );
    let phone = Phone::with([first, second]);
    let first = phone.card.applets().next().unwrap();
    assert_eq!(first.events, [ToolkitEvent::CallControl, ToolkitEvent::MoSmsControl]);
    assert_eq!(phone.card.applets().count(), 2, "the other has been installed to its end");
}

#[test]
fn what_an_applet_has_sets_the_event_of_it() {
    let phone = with(|env| {
        let events = [
            ToolkitEvent::MenuSelection,
            ToolkitEvent::MenuSelectionHelp,
            ToolkitEvent::TimerExpiration,
            ToolkitEvent::EventDownload(EventCode::LOCAL_CONNECTION),
            ToolkitEvent::StatusCommand,
            ToolkitEvent::ExternalFileUpdate,
        ];
        let mut registry = env.registry();
        let are_set =
            |registry: &oxisim_card::ToolkitRegistry<'_>| events.map(|event| registry.is_event_set(event));
        assert_eq!(are_set(&registry), [false; 6]);
        registry.init_menu_entry(*b"A")?;
        assert_eq!(are_set(&registry), [true, false, false, false, false, false]);
        registry.set_menu_entry_help(1, true)?;
        assert_eq!(are_set(&registry), [true, true, false, false, false, false]);
        registry.allocate_timer()?;
        assert_eq!(are_set(&registry), [true, true, true, false, false, false]);
        assert_eq!(registry.allocate_service(), Ok(0));
        assert_eq!(are_set(&registry), [true, true, true, true, false, false]);
        registry.request_poll_interval(Some(Duration::from_secs(30)))?;
        assert_eq!(are_set(&registry), [true, true, true, true, true, false]);
        registry.register_file_event(None, &[0x3F00, 0x2FE2])?;
        assert_eq!(are_set(&registry), [true; 6]);
        registry.clear_event(ToolkitEvent::ProfileDownload)?;
        assert_eq!(are_set(&registry), [true; 6], "another event");
        registry.clear_event(ToolkitEvent::ExternalFileUpdate)?;
        registry.request_poll_interval(None)?;
        registry.release_timer(1)?;
        registry.release_service(0)?;
        assert_eq!(are_set(&registry), [true, true, false, false, false, false]);
        Ok(())
    });
    assert_eq!(phone.card.applets().count(), 1);
}

#[test]
fn every_event_of_the_terminal_is_asked_for() {
    let mut phone = with(|env| {
        env.registry().allocate_service()?;
        let events: Vec<_> = settable().filter(|event| event.event_code().is_some()).collect();
        env.registry().set_event_list(&events)
    });
    let profile = format!("80100000 28 {}", "FF".repeat(40));
    let commands = phone.run(&profile);
    let oxisim_toolkit::Proactive::SetUpEventList(list) = &commands[0] else { panic!("{commands:?}") };
    let mut codes: Vec<u8> = settable().filter_map(ToolkitEvent::event_code).map(|code| code.0).collect();
    codes.push(EventCode::LOCAL_CONNECTION.0);
    codes.sort_unstable();
    assert_eq!(list.events.events.iter().map(|code| code.0).collect::<Vec<_>>(), codes);
}

#[test]
fn a_locked_applet_is_asked_for_nothing() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::EventDownload(EventCode::CALL_CONNECTED)),
        |event, env| match event {
            Event::EventDownload(_) => crate::recorder::show(env, "connected"),
            _ => Ok(()),
        },
    )]);
    let aid = phone.card.applets().next().unwrap().aid;
    phone.card.lock(&aid).unwrap();
    assert_eq!(phone.run(PROFILE), []);
    assert_eq!(phone.run(&event(EventCode::CALL_CONNECTED.0)), []);
    phone.card.unlock(&aid).unwrap();
    assert_eq!(phone.run(STATUS).len(), 1, "the terminal is asked for the event");
    assert_eq!(crate::phone::texts(&phone.run(&event(EventCode::CALL_CONNECTED.0))), ["connected"]);
}

/// ENVELOPE (EVENT DOWNLOAD - local connection) to a service.
fn connects(service: u8) -> String {
    format!("80C20000 0E D60C 99010D 82028281 C10301{service:02X}41")
}

#[test]
fn a_connection_is_told_to_the_applet_with_the_service() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let applet = |name| {
        let install: Install = |env| {
            let service = env.registry().allocate_service()?;
            assert_eq!(
                env.registry().release_service(service + 1),
                Err(ToolkitError::InvalidServiceId(service + 1).into())
            );
            Ok(())
        };
        Recorder::new(name, install, |_, _| Ok(())).told_to(&heard)
    };
    let mut phone = Phone::with([applet(b'A'), applet(b'B')]);
    for service in [1, 0, 2] {
        assert_eq!(phone.send(&connects(service)), "9000");
    }
    assert_eq!(*heard.lock().unwrap(), ["B event", "A event"]);
}

#[test]
fn an_applet_has_as_many_services_as_its_parameters_allow() {
    let parameters = InstallParameters { services: 4, ..InstallParameters::default() };
    let install: Install = |env| {
        let services: Vec<_> = (0..5).map(|_| env.registry().allocate_service()).collect();
        let none = Err(ToolkitError::NoServiceIdAvailable.into());
        assert_eq!(services, [Ok(0), Ok(1), Ok(2), Ok(3), none]);
        Ok(())
    };
    let first = Recorder::new(b'A', install, |_, _| Ok(())).with_parameters(parameters);
    let second: Install = |env| {
        let services: Vec<_> = (0..5).map(|_| env.registry().allocate_service()).collect();
        assert_eq!(services[3..], [Ok(7), Err(ToolkitError::NoServiceIdAvailable.into())]);
        assert_eq!(env.registry().services(), [4, 5, 6, 7]);
        Ok(())
    };
    let phone = Phone::with([first, Recorder::new(b'B', second, |_, _| Ok(()))]);
    assert_eq!(phone.card.applets().count(), 2);
}

/// The lists of events among commands.
fn lists(commands: &[Proactive]) -> Vec<Vec<EventCode>> {
    let list = |command: &Proactive| match command {
        Proactive::SetUpEventList(body) => Some(body.events.events.0.clone()),
        _ => None,
    };
    commands.iter().filter_map(list).collect()
}

#[test]
fn an_event_that_two_applets_have_set_is_asked_for_once() {
    let install: Install =
        |env| env.registry().set_event(ToolkitEvent::EventDownload(EventCode::CALL_CONNECTED));
    let applet = |name| Recorder::new(name, install, |_, _| Ok(()));
    let mut phone = Phone::with([applet(b'A'), applet(b'B')]);
    assert_eq!(lists(&phone.run(PROFILE)), [[EventCode::CALL_CONNECTED]]);
}

#[test]
fn the_terminal_is_asked_for_connections_while_an_applet_has_a_service() {
    const TAKE: EventCode = EventCode::CALL_CONNECTED;
    const GIVE_BACK: EventCode = EventCode::CALL_DISCONNECTED;
    let applet = Recorder::new(
        b'A',
        |env| env.registry().set_event_list(&[TAKE, GIVE_BACK].map(ToolkitEvent::EventDownload)),
        |event, env| match event {
            Event::EventDownload(event) if event.code() == TAKE => {
                env.registry().allocate_service().map(|service| assert_eq!(service, 0))
            }
            Event::EventDownload(_) => env.registry().release_service(0),
            _ => Ok(()),
        },
    );
    let mut phone = Phone::with([applet]);
    let profile = format!("80100000 28 {}", "FF".repeat(40));
    assert_eq!(lists(&phone.run(&profile)), [[TAKE, GIVE_BACK]]);
    let with_connections = [TAKE, GIVE_BACK, EventCode::LOCAL_CONNECTION];
    assert_eq!(lists(&phone.run(&event(TAKE.0))), [with_connections]);
    assert_eq!(lists(&phone.run(&event(GIVE_BACK.0))), [[TAKE, GIVE_BACK]]);
}

#[test]
fn the_terminal_is_asked_for_an_event_that_is_set_later() {
    const FIRST: EventCode = EventCode::CALL_CONNECTED;
    const LATER: EventCode = EventCode::CALL_DISCONNECTED;
    let applet = Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::EventDownload(FIRST)),
        |event, env| match event {
            Event::EventDownload(event) if event.code() == FIRST => {
                env.registry().set_event(ToolkitEvent::EventDownload(LATER))
            }
            Event::EventDownload(_) => env.registry().clear_event(ToolkitEvent::EventDownload(LATER)),
            _ => Ok(()),
        },
    );
    let mut phone = Phone::with([applet]);
    let refuses = |kind| if kind == CommandType::SET_UP_EVENT_LIST { (0x30, vec![]) } else { (0, vec![]) };
    assert_eq!(lists(&phone.run(PROFILE)), [[FIRST]]);
    assert_eq!(lists(&phone.run(&event(FIRST.0))), [[FIRST, LATER]]);
    assert!(lists(&phone.run(&event(FIRST.0))).is_empty(), "it is set");
    assert_eq!(lists(&phone.run(&event(LATER.0))), [[FIRST]]);
    assert_eq!(lists(&phone.answer_with(&event(FIRST.0), refuses)), [[FIRST, LATER]]);
    assert!(lists(&phone.run(&event(FIRST.0))).is_empty(), "set, and refused for good");
}
