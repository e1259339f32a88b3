//! When an applet can answer, and when it can send (TS 102 241; TS 102 268, `CRE_MHA_ERHD` and `CRE_MHA_PAHD`).

use std::sync::{Arc, Mutex};

use oxisim_card::{AppletError, Env, Event, ToolkitError, ToolkitEvent};
use oxisim_toolkit::objects::EventCode;
use oxisim_wire::Duration;

use crate::{
    phone::{PROFILE, Phone, STATUS, event, texts},
    recorder::{Recorder, show},
};

const NOT_AVAILABLE: Result<(), AppletError> = Err(AppletError::Toolkit(ToolkitError::HandlerNotAvailable));
/// ENVELOPE (MMS transfer status), which has no event of its own.
const UNRECOGNISED: &str = "80C20000 0F DA0D02028281 920701 3F002FE26F07 00";
/// ENVELOPE (CALL CONTROL) of a call.
const CALL: &str = "80C20000 1A D41882028281860791103204214365130900F110000100010001 00";

fn set(env: &mut Env<'_>) -> Result<(), AppletError> {
    let mut registry = env.registry();
    registry.init_menu_entry(*b"A")?;
    registry.allocate_timer()?;
    registry.request_poll_interval(Some(Duration::from_secs(30)))?;
    registry.register_file_event(None, &[0x3F00, 0x2F05])?;
    registry.set_event_list(&[
        ToolkitEvent::FirstCommandAfterAtr,
        ToolkitEvent::ProfileDownload,
        ToolkitEvent::OtherEnvelope,
        ToolkitEvent::CellBroadcast,
        ToolkitEvent::ApplicationDeselect,
        ToolkitEvent::EventDownload(EventCode::USER_ACTIVITY),
    ])
}

#[test]
fn what_has_no_answer_cannot_be_answered() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let applet = Recorder::new(b'A', set, |event, env| {
        let answered = env.post_response(b"x");
        let has_answer = matches!(event, Event::OtherEnvelope(_));
        assert_eq!(answered, if has_answer { Ok(()) } else { NOT_AVAILABLE }, "{event:?}");
        Ok(())
    });
    let mut phone = Phone::with([applet.told_to(&heard)]);
    phone.run(PROFILE);
    phone.run(STATUS);
    phone.run("80C20000 09 D30782020181900101");
    phone.run("80C20000 0E D70C82028281A40101A503000100");
    phone.run(&event(EventCode::USER_ACTIVITY.0));
    assert_eq!(phone.send(UNRECOGNISED), "78 9000");
    let heard = heard.lock().unwrap();
    assert!(heard.len() >= 7, "it was told of everything: {heard:?}");
}

#[test]
fn one_answer_is_given() {
    let twice = |_: &Event<'_>, env: &mut Env<'_>| {
        env.post_response(b"one")?;
        assert_eq!(env.post_response(b"two"), NOT_AVAILABLE);
        assert_eq!(env.post_error_response(b"two"), NOT_AVAILABLE);
        Ok(())
    };
    let late = |_: &Event<'_>, env: &mut Env<'_>| {
        assert_eq!(env.post_response(b"late"), NOT_AVAILABLE, "another has answered");
        Ok(())
    };
    let install = |env: &mut Env<'_>| env.registry().set_event(ToolkitEvent::OtherEnvelope);
    let first = Recorder::new(b'A', install, twice).with_priority(1);
    let second = Recorder::new(b'B', install, late).with_priority(2);
    let mut phone = Phone::with([first, second]);
    assert_eq!(phone.send(UNRECOGNISED), "6F6E65 9000");
    assert_eq!(phone.send(UNRECOGNISED), "6F6E65 9000", "the next envelope has one of its own");
}

#[test]
fn the_next_applet_answers_if_the_first_does_not() {
    let install = |env: &mut Env<'_>| env.registry().set_event(ToolkitEvent::OtherEnvelope);
    let first = Recorder::new(b'A', install, |_, _| Ok(())).with_priority(1);
    let second = Recorder::new(b'B', install, |_, env| env.post_response(b"second")).with_priority(2);
    assert_eq!(Phone::with([first, second]).send(UNRECOGNISED), "7365636F6E64 9000");
}

#[test]
fn nothing_is_answered_once_a_command_has_been_sent() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::CallControl),
        |event, env| match event {
            Event::CallControl(_) => {
                show(env, "call")?;
                assert_eq!(env.post_response(b"late"), NOT_AVAILABLE);
                Ok(())
            }
            _ => Ok(()),
        },
    )]);
    phone.run(PROFILE);
    assert_eq!(texts(&phone.run(CALL)), ["call"]);
}

#[test]
fn an_answer_before_the_command_goes_with_it() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::OtherEnvelope),
        |event, env| match event {
            Event::OtherEnvelope(_) => {
                env.post_response(b"ok")?;
                show(env, "then")
            }
            _ => Ok(()),
        },
    )]);
    phone.run(PROFILE);
    let status = phone.send(UNRECOGNISED);
    let (data, status) = status.split_once(' ').unwrap();
    assert_eq!(data, "6F6B");
    assert_eq!(texts(&[phone.fetch(status).body]), ["then"]);
}

#[test]
fn an_answer_to_a_command_cannot_be_answered() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let applet = Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::ProfileDownload),
        |event, env| match event {
            Event::ProfileDownload => show(env, "profile"),
            Event::ProactiveResponse(_) => env.post_response(b"x"),
            _ => Ok(()),
        },
    );
    Phone::with([applet.told_to(&heard)]).run(PROFILE);
    assert_eq!(*heard.lock().unwrap(), ["A profile", "A response 00: HandlerNotAvailable"]);
}

#[test]
fn no_command_is_sent_before_the_profile() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let applet = Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::FirstCommandAfterAtr),
        |_, env| show(env, "early"),
    );
    let mut phone = Phone::with([applet.told_to(&heard)]);
    assert_eq!(phone.run(PROFILE), []);
    assert_eq!(*heard.lock().unwrap(), ["A FirstCommandAfterAtr: HandlerNotAvailable"]);
}

#[test]
fn nothing_is_answered_after_an_envelope_that_was_refused() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let applet = Recorder::new(b'A', set, |event, env| match event {
        Event::MenuSelection { .. } => show(env, "busy"),
        Event::StatusCommand => env.post_response(b"late"),
        _ => Ok(()),
    });
    let mut phone = Phone::with([applet.told_to(&heard)]);
    phone.run(PROFILE);
    let busy = phone.send("80C20000 09 D30782020181900101");
    assert_eq!(phone.send(UNRECOGNISED), "9300");
    assert_eq!(phone.send(STATUS), busy);
    assert_eq!(heard.lock().unwrap().last().unwrap(), "A status: HandlerNotAvailable");
}

#[test]
fn what_is_refused_leaves_no_answer_to_give() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let applet = Recorder::new(b'A', set, |event, env| {
        assert_eq!(env.post_response(b"x"), NOT_AVAILABLE, "{event:?}");
        match event {
            Event::MenuSelection { .. } => show(env, "busy"),
            _ => Ok(()),
        }
    });
    let mut phone = Phone::with([applet.told_to(&heard)]);
    phone.run(PROFILE);
    let activity = event(EventCode::USER_ACTIVITY.0);
    for next in [STATUS, &activity] {
        assert_eq!(phone.send("80C20000 09 D10782028381 8B010400"), "6A80", "a message that is cut");
        phone.run(next);
    }
    let status = phone.send("80C20000 09 D30782020181900101");
    let command = phone.fetch(&status);
    assert_eq!(phone.send(UNRECOGNISED), "9300");
    phone.respond(&command.details, 0, &[]);
    let heard = heard.lock().unwrap();
    let last: Vec<_> = heard.iter().rev().take(4).map(|told| &told[..]).collect();
    assert_eq!(last, ["A response 00", "A MenuSelection { item: 1 }", "A event", "A status"]);
}
