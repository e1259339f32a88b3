//! The eight timers of the terminal, each of one applet (TS 102 223 §6.4.21).

use oxisim_card::{Env, Event, ToolkitError, ToolkitEvent};
use oxisim_toolkit::{
    CommandType, Proactive,
    codes::TimerAction,
    command::TimerManagement,
    objects::{EventCode, TimerIdentifier},
};

use crate::{
    phone::{PROFILE, Phone, event, kinds},
    recorder::Recorder,
};

const START: u8 = EventCode::USER_ACTIVITY.0;
const RELEASE: u8 = EventCode::IDLE_SCREEN_AVAILABLE.0;
const ALLOCATE: u8 = EventCode::LANGUAGE_SELECTION.0;

/// ENVELOPE (TIMER EXPIRATION).
fn expired(timer: u8) -> String {
    format!("80C20000 0E D70C82028281A401{timer:02X}A503000100")
}

fn listen(env: &mut Env<'_>) -> Result<(), ToolkitError> {
    for code in [START, RELEASE, ALLOCATE] {
        env.registry().set_event(ToolkitEvent::EventDownload(EventCode(code)))?;
    }
    Ok(())
}

fn manage(env: &mut Env<'_>, action: TimerAction, identifier: u8) -> Result<(), ToolkitError> {
    env.send(action.0, TimerManagement { timer: TimerIdentifier { identifier }, value: None })
}

fn code(event: &Event<'_>) -> Option<u8> {
    match event {
        Event::EventDownload(event) => Some(event.code().0),
        _ => None,
    }
}

/// Has timer 1.
fn first() -> Recorder {
    Recorder::new(
        b'A',
        |env| {
            assert_eq!(env.registry().allocate_timer(), Ok(1));
            listen(env)
        },
        |event, env| match code(event) {
            Some(START) => manage(env, TimerAction::START, 1),
            Some(RELEASE) => env.registry().release_timer(1),
            _ => Ok(()),
        },
    )
}

/// Takes the first timer that it can get.
fn second() -> Recorder {
    Recorder::new(b'B', listen, |event, env| match code(event) {
        Some(ALLOCATE) => env.registry().allocate_timer().map(|timer| assert_eq!(timer, 1)),
        Some(START) => manage(env, TimerAction::START, 1),
        _ => Ok(()),
    })
}

#[test]
fn a_timer_is_its_owners() {
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with([first().told_to(&heard), second().told_to(&heard)]);
    phone.run(PROFILE);
    assert_eq!(kinds(&phone.run(&event(START))), [CommandType::TIMER_MANAGEMENT]);
    phone.run(&expired(1));
    phone.run(&expired(2));
    for identifier in [0, 9] {
        phone.run(&expired(identifier));
    }
    assert_eq!(
        *heard.lock().unwrap(),
        ["B event: CommandNotAllowed(TIMER_MANAGEMENT)", "A event", "A response 00", "A timer 1"]
    );
}

#[test]
fn a_timer_that_runs_is_stopped_when_it_is_given_back() {
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with([first().told_to(&heard), second().told_to(&heard)]);
    phone.run(PROFILE);
    phone.run(&event(START));
    let commands = phone.run(&event(RELEASE));
    let [Proactive::TimerManagement(body)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(body.timer.identifier, 1);
    assert_eq!(phone.run(&event(RELEASE)), [], "once");
    heard.lock().unwrap().clear();
    phone.run(&expired(1));
    assert_eq!(heard.lock().unwrap().len(), 0, "nobody's");
}

#[test]
fn the_next_owner_does_not_hear_of_what_the_first_has_started() {
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with([first().told_to(&heard), second().told_to(&heard)]);
    phone.run(PROFILE);
    phone.run(&event(START));
    let status = phone.send(&event(RELEASE));
    let stop = phone.fetch(&status);
    assert_eq!(stop.details.qualifier, TimerAction::DEACTIVATE.0);
    phone.send(&event(ALLOCATE));
    assert_eq!(phone.respond(&stop.details, 0, &[]), "9000");
    heard.lock().unwrap().clear();
    phone.run(&expired(1));
    assert_eq!(*heard.lock().unwrap(), ["B timer 1"], "the new owner's own");
}

#[test]
fn reset_gives_every_timer_back() {
    let mut phone = Phone::with([first()]);
    phone.run(PROFILE);
    phone.run(&event(START));
    phone.card.power_on(oxisim_wire::Instant::EPOCH);
    phone.run(PROFILE);
    assert_eq!(phone.run(&event(RELEASE)), [], "it does not run any more");
}
