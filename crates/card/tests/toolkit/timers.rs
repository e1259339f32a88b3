//! The eight timers of the terminal, each of one applet (TS 102 223 §6.4.21).

use oxisim_card::{AppletError, Env, Event, ToolkitError, ToolkitEvent};
use oxisim_toolkit::{
    CommandType, Proactive,
    codes::TimerAction,
    command::{MoreTime, TimerManagement},
    objects::{EventCode, TimerIdentifier},
};

use crate::{
    phone::{PROFILE, Phone, STATUS, event, kinds},
    recorder::Recorder,
};

const START: u8 = EventCode::USER_ACTIVITY.0;
const RELEASE: u8 = EventCode::IDLE_SCREEN_AVAILABLE.0;
const ALLOCATE: u8 = EventCode::LANGUAGE_SELECTION.0;

/// ENVELOPE (TIMER EXPIRATION).
fn expired(timer: u8) -> String {
    format!("80C20000 0E D70C82028281A401{timer:02X}A503000100")
}

fn listen(env: &mut Env<'_>) -> Result<(), AppletError> {
    for code in [START, RELEASE, ALLOCATE] {
        env.registry().set_event(ToolkitEvent::EventDownload(EventCode(code)))?;
    }
    Ok(())
}

fn manage(env: &mut Env<'_>, action: TimerAction, identifier: u8) -> Result<(), AppletError> {
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
fn a_terminal_that_does_not_stop_a_timer_reports_it_to_nobody() {
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with([first().told_to(&heard), second().told_to(&heard)]);
    phone.run(PROFILE);
    phone.run(&event(START));
    let refuses = |_| (0x20, vec![0]);
    assert_eq!(phone.answer_with(&event(RELEASE), refuses).len(), 1, "asked once");
    phone.run(&event(ALLOCATE));
    heard.lock().unwrap().clear();
    phone.run(&expired(1));
    assert_eq!(heard.lock().unwrap().len(), 0, "it was the first owner's");
    phone.run(&event(START));
    heard.lock().unwrap().clear();
    phone.run(&expired(1));
    assert_eq!(*heard.lock().unwrap(), ["B timer 1"]);
}

#[test]
fn a_timer_that_is_said_not_to_run_is_free_for_the_next_owner() {
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with([first().told_to(&heard), second().told_to(&heard)]);
    phone.run(PROFILE);
    phone.run(&event(START));
    phone.answer_with(&event(RELEASE), |_| (0x24, vec![]));
    phone.run(&event(ALLOCATE));
    heard.lock().unwrap().clear();
    phone.run(&expired(1));
    assert_eq!(*heard.lock().unwrap(), ["B timer 1"]);
}

#[test]
fn what_was_queued_for_a_timer_fails_when_it_is_given_back() {
    let heard = std::sync::Arc::default();
    let hasty = Recorder {
        process: |event, env| match code(event) {
            Some(START) => {
                manage(env, TimerAction::START, 1)?;
                manage(env, TimerAction::DEACTIVATE, 1)?;
                env.send(0, MoreTime {})
            }
            Some(RELEASE) => env.registry().release_timer(1),
            _ => Ok(()),
        },
        ..first()
    };
    let mut phone = Phone::with([hasty.told_to(&heard), second().told_to(&heard)]);
    phone.run(PROFILE);
    let status = phone.send(&event(START));
    let start = phone.fetch(&status);
    phone.send(&event(RELEASE));
    assert_eq!(heard.lock().unwrap().last().unwrap(), "A failed InvalidTimerId(1)");
    phone.send(&event(ALLOCATE));
    heard.lock().unwrap().clear();
    let status = phone.respond(&start.details, 0, &[]);
    let stop = phone.fetch(&status);
    assert_eq!(stop.details.qualifier, TimerAction::DEACTIVATE.0, "the framework's");
    let status = phone.respond(&stop.details, 0, &[]);
    let more = phone.fetch(&status);
    assert_eq!(more.details.kind, CommandType::MORE_TIME, "what is about no timer is sent");
    assert_eq!(phone.respond(&more.details, 0, &[]), "9000");
    assert_eq!(*heard.lock().unwrap(), ["A response 00", "A response 00"]);
}

#[test]
fn a_ninth_timer_is_not_to_be_had_and_one_that_is_given_back_is() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| {
            for timer in 1..=8 {
                assert_eq!(env.registry().allocate_timer(), Ok(timer));
            }
            assert_eq!(env.registry().allocate_timer(), Err(ToolkitError::NoTimerAvailable.into()));
            for timer in [0, 9, 255] {
                assert_eq!(
                    env.registry().release_timer(timer),
                    Err(ToolkitError::InvalidTimerId(timer).into())
                );
            }
            env.registry().release_timer(5)?;
            assert_eq!(env.registry().release_timer(5), Err(ToolkitError::InvalidTimerId(5).into()));
            assert_eq!(env.registry().allocate_timer(), Ok(5));
            Ok(())
        },
        |_, _| Ok(()),
    )]);
    assert_eq!(phone.run(PROFILE), [], "none of them ran");
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

#[test]
fn what_was_queued_for_a_timer_fails_although_another_applet_has_it_at_once() {
    let heard = std::sync::Arc::default();
    let hasty = Recorder {
        process: |event, env| match code(event) {
            Some(START) => {
                manage(env, TimerAction::START, 1)?;
                manage(env, TimerAction::CURRENT_VALUE, 1)
            }
            Some(ALLOCATE) => env.registry().release_timer(1),
            _ => Ok(()),
        },
        ..first().with_priority(1)
    };
    let mut phone = Phone::with([hasty.told_to(&heard), second().told_to(&heard)]);
    phone.run(PROFILE);
    let status = phone.send(&event(START));
    phone.fetch(&status);
    heard.lock().unwrap().clear();
    phone.send(&event(ALLOCATE));
    assert_eq!(*heard.lock().unwrap(), ["A event", "B event", "A failed InvalidTimerId(1)"]);
}

#[test]
fn a_terminal_without_timers_is_not_asked_to_stop_one() {
    let mut phone = Phone::with([first()]);
    phone.run(PROFILE);
    phone.run(&event(START));
    assert_eq!(phone.run("80100000 01 00"), []);
    assert_eq!(phone.run(&event(RELEASE)), []);
    let stop = phone.run(PROFILE);
    assert_eq!(kinds(&stop)[0], CommandType::TIMER_MANAGEMENT, "one that has timers is");
}

#[test]
fn a_timer_that_was_not_started_is_not_stopped() {
    let refuses = |_| (0x20, vec![0]);
    let mut phone = Phone::with([first()]);
    phone.run(PROFILE);
    assert_eq!(phone.answer_with(&event(START), refuses).len(), 1);
    assert_eq!(phone.run(&event(RELEASE)), []);

    let mut phone = Phone::with([first()]);
    phone.run(PROFILE);
    let status = phone.send(&event(START));
    let start = phone.fetch(&status);
    phone.send(&event(RELEASE));
    assert_eq!(phone.respond(&start.details, 0x20, &[0]), "9000");
}

#[test]
fn locking_an_applet_leaves_the_timers_of_the_others() {
    let other = Recorder::new(
        b'B',
        |env| {
            assert_eq!(env.registry().allocate_timer(), Ok(2));
            listen(env)
        },
        |event, env| match code(event) {
            Some(START) => manage(env, TimerAction::START, 2),
            _ => Ok(()),
        },
    );
    let mut phone = Phone::with([first(), other]);
    phone.run(PROFILE);
    assert_eq!(phone.run(&event(START)).len(), 2);
    let locked = phone.card.applets().next().unwrap().aid;
    phone.card.lock(&locked).unwrap();
    let commands = phone.run(STATUS);
    let timer = |command: &Proactive| match command {
        Proactive::TimerManagement(stop) => Some(stop.timer.identifier),
        _ => None,
    };
    assert_eq!(commands.iter().filter_map(timer).collect::<Vec<_>>(), [1]);
}
