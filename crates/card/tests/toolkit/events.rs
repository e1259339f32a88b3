//! SET UP EVENT LIST: which events the terminal is asked for (TS 102 223 §6.4.16, §7.5).

use oxisim_card::{Event, ToolkitEvent};
use oxisim_toolkit::{Proactive, objects::EventCode};

use crate::{
    phone::{PROFILE, Phone, STATUS, event},
    recorder::{Process, Recorder},
};

const ONCE: [EventCode; 2] = [EventCode::USER_ACTIVITY, EventCode::IDLE_SCREEN_AVAILABLE];

/// Asks for what is reported once, and for the end of calls.
fn with(process: Process) -> Phone {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| {
            for code in ONCE.into_iter().chain([EventCode::CALL_DISCONNECTED]) {
                env.registry().set_event(ToolkitEvent::EventDownload(code))?;
            }
            Ok(())
        },
        process,
    )]);
    assert_eq!(lists(&phone.run(PROFILE)), [vec![2, 4, 5]]);
    phone
}

/// The lists of commands that are all SET UP EVENT LIST.
fn lists(commands: &[Proactive]) -> Vec<Vec<u8>> {
    let list = |command: &Proactive| match command {
        Proactive::SetUpEventList(body) => body.events.events.iter().map(|code| code.0).collect(),
        other => panic!("{other:?}"),
    };
    commands.iter().map(list).collect()
}

#[test]
fn what_is_reported_once_is_asked_for_again_by_an_applet_that_asks_again() {
    let mut phone = with(|event, env| match event {
        Event::EventDownload(event) => env.registry().set_event(ToolkitEvent::EventDownload(event.code())),
        _ => Ok(()),
    });
    for code in ONCE {
        for _ in 0..2 {
            assert_eq!(lists(&phone.run(&event(code.0))), [[2, 4, 5]], "{code:?}");
        }
    }
    assert_eq!(phone.run(&event(EventCode::CALL_DISCONNECTED.0)), [], "the terminal keeps it");
    assert_eq!(phone.run(STATUS), []);
}

/// TS 102 268 has applets that do not ask again, and `9000` after their event.
#[test]
fn what_is_reported_once_is_not_asked_for_again_unasked() {
    let mut phone = with(|_, _| Ok(()));
    for code in ONCE {
        assert_eq!(phone.run(&event(code.0)), [], "{code:?}");
    }
}

#[test]
fn the_list_follows_the_registry_to_its_end() {
    let mut phone = with(|event, env| match event {
        Event::EventDownload(event) => {
            env.registry().clear_event(ToolkitEvent::EventDownload(event.code()))?;
            Ok(())
        }
        _ => Ok(()),
    });
    assert_eq!(lists(&phone.run(&event(EventCode::CALL_DISCONNECTED.0))), [[4, 5]]);
    assert_eq!(phone.run(&event(EventCode::USER_ACTIVITY.0)), [], "the terminal has taken it off itself");
    assert_eq!(phone.run(&event(EventCode::IDLE_SCREEN_AVAILABLE.0)), [], "the list is empty");
    assert_eq!(phone.run(&event(EventCode::CALL_DISCONNECTED.0)), [], "nobody asked for it");
}

#[test]
fn an_empty_list_takes_the_events_away() {
    let mut phone = with(|event, env| match event {
        Event::EventDownload(_) => {
            for code in ONCE.into_iter().chain([EventCode::CALL_DISCONNECTED]) {
                env.registry().clear_event(ToolkitEvent::EventDownload(code))?;
            }
            Ok(())
        }
        _ => Ok(()),
    });
    assert_eq!(lists(&phone.run(&event(EventCode::CALL_DISCONNECTED.0))), [[0_u8; 0]]);
}
