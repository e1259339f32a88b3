//! POLL INTERVAL and POLLING OFF (TS 102 223 §6.4.6, §6.4.14).

use oxisim_card::{Event, InstallParameters, ToolkitEvent};
use oxisim_toolkit::{CommandType, Proactive, objects::EventCode};
use oxisim_wire::{Duration, Instant};

use crate::{
    phone::{PROFILE, Phone, STATUS, event, kinds},
    recorder::Recorder,
};

fn wants_60_seconds() -> Recorder {
    Recorder::new(
        b'A',
        |env| {
            env.registry().request_poll_interval(Some(Duration::from_secs(60)))?;
            env.registry().set_event(ToolkitEvent::EventDownload(EventCode::USER_ACTIVITY))
        },
        |event, env| {
            if let Event::EventDownload(_) = event {
                env.registry().request_poll_interval(None)?;
            }
            if let Event::PollInterval { granted } = event {
                assert_eq!(env.registry().poll_interval(), *granted);
            }
            Ok(())
        },
    )
}

fn wants_30_seconds() -> Recorder {
    Recorder {
        name: b'B',
        install: |env| env.registry().request_poll_interval(Some(Duration::from_secs(30))),
        ..wants_60_seconds()
    }
}

fn intervals(commands: &[Proactive]) -> Vec<Option<u64>> {
    commands
        .iter()
        .filter_map(|command| match command {
            Proactive::PollInterval(body) => Some(Some(body.interval.duration().as_secs())),
            Proactive::PollingOff(_) => Some(None),
            _ => None,
        })
        .collect()
}

#[test]
fn the_shortest_interval_is_asked_for_and_what_is_granted_told() {
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with([wants_60_seconds().told_to(&heard), wants_30_seconds().told_to(&heard)]);
    assert_eq!(intervals(&phone.run(PROFILE)), [Some(30)]);
    assert_eq!(*heard.lock().unwrap(), ["B granted Some(45)", "A granted Some(45)"]);
}

#[test]
fn polling_ends_when_nobody_wants_it() {
    let mut phone = Phone::with([wants_60_seconds()]);
    assert_eq!(intervals(&phone.run(PROFILE)), [Some(60)]);
    assert_eq!(intervals(&phone.run(&event(EventCode::USER_ACTIVITY.0))), [None]);
    assert_eq!(phone.run(STATUS), []);
    assert_eq!(intervals(&phone.run(&event(EventCode::USER_ACTIVITY.0))), [], "it has ended");
}

/// Wants to be polled while there is a call.
fn wavers() -> Recorder {
    Recorder::new(
        b'A',
        |env| {
            for code in [EventCode::CALL_CONNECTED, EventCode::CALL_DISCONNECTED] {
                env.registry().set_event(ToolkitEvent::EventDownload(code))?;
            }
            Ok(())
        },
        |event, env| {
            if let Event::EventDownload(event) = event {
                let wants = event.code() == EventCode::CALL_CONNECTED;
                env.registry().request_poll_interval(wants.then(|| Duration::from_secs(60)))?;
            }
            Ok(())
        },
    )
}

#[test]
fn who_asks_while_polling_is_switched_off_is_told_of_the_next_interval_only() {
    let applet = wavers();
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    phone.run(PROFILE);
    phone.run(&event(EventCode::CALL_CONNECTED.0));
    let status = phone.send(&event(EventCode::CALL_DISCONNECTED.0));
    let off = phone.fetch(&status);
    assert_eq!(off.details.kind, CommandType::POLLING_OFF);
    phone.send(&event(EventCode::CALL_CONNECTED.0));
    heard.lock().unwrap().clear();
    let status = phone.respond(&off.details, 0, &[]);
    assert_eq!(heard.lock().unwrap().len(), 0, "it is not refused");
    let poll = phone.fetch(&status);
    phone.respond(&poll.details, 0, &[]);
    assert_eq!(*heard.lock().unwrap(), ["A granted Some(45)"]);
}

#[test]
fn a_refusal_leaves_the_interval_that_was_granted_before() {
    let applet = Recorder {
        process: |event, env| {
            if let Event::EventDownload(_) = event {
                env.registry().request_poll_interval(Some(Duration::from_secs(30)))?;
            }
            if let Event::PollInterval { .. } = event {
                assert_eq!(env.registry().poll_interval(), Some(Duration::from_secs(45)));
            }
            Ok(())
        },
        ..wants_60_seconds()
    };
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    phone.run(PROFILE);
    heard.lock().unwrap().clear();
    phone.answer_with(&event(EventCode::USER_ACTIVITY.0), |kind| match kind {
        CommandType::POLL_INTERVAL => (0x30, vec![]),
        _ => (0, vec![]),
    });
    assert_eq!(*heard.lock().unwrap(), ["A event", "A granted None"]);
}

#[test]
fn a_refusal_for_good_is_told_and_not_tried_again() {
    let applet = wants_60_seconds();
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    let poll = |kind| if kind == CommandType::POLL_INTERVAL { (0x30, vec![]) } else { (0, vec![]) };
    phone.answer_with(PROFILE, poll);
    assert_eq!(*heard.lock().unwrap(), ["A granted None"]);
    assert_eq!(phone.run(STATUS), []);
}

#[test]
fn a_refusal_for_now_is_tried_again_at_the_next_status() {
    let applet = wants_60_seconds();
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    let poll = |kind| if kind == CommandType::POLL_INTERVAL { (0x20, vec![0]) } else { (0, vec![]) };
    phone.answer_with(PROFILE, poll);
    assert_eq!(heard.lock().unwrap().len(), 0, "not settled");
    assert_eq!(kinds(&phone.run(STATUS)), [CommandType::POLL_INTERVAL]);
    assert_eq!(*heard.lock().unwrap(), ["A status", "A granted Some(45)"]);
}

#[test]
fn a_refusal_grants_nothing_whatever_stands_beside_it() {
    let applet = wants_60_seconds();
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    phone.send(PROFILE);
    let mut status = phone.send(STATUS);
    while phone.fetch(&status).details.kind != CommandType::POLL_INTERVAL {
        status = phone.send("80140000 0C 810301050082028281830100");
    }
    heard.lock().unwrap().clear();
    phone.send("80140000 10 810301030082028281830130 8402011E");
    assert_eq!(*heard.lock().unwrap(), ["A granted None"]);
}

#[test]
fn no_interval_is_granted_once_polling_is_off() {
    let applet = Recorder {
        process: |event, env| match event {
            Event::EventDownload(_) => env.registry().request_poll_interval(None),
            Event::ProfileDownload => {
                assert_eq!(env.registry().poll_interval(), None);
                Ok(())
            }
            _ => Ok(()),
        },
        install: |env| {
            env.registry().request_poll_interval(Some(Duration::from_secs(60)))?;
            env.registry().set_event_list(&[
                ToolkitEvent::ProfileDownload,
                ToolkitEvent::EventDownload(EventCode::USER_ACTIVITY),
            ])
        },
        ..wants_60_seconds()
    };
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    phone.run(PROFILE);
    phone.run(&event(EventCode::USER_ACTIVITY.0));
    phone.run(PROFILE);
    assert_eq!(heard.lock().unwrap().iter().filter(|told| told.contains("profile")).count(), 2);
}

#[test]
fn the_same_interval_is_asked_for_again_if_an_applet_asks_again() {
    let applet = Recorder {
        process: |event, env| match event {
            Event::EventDownload(_) => env.registry().request_poll_interval(Some(Duration::from_secs(60))),
            _ => Ok(()),
        },
        ..wants_60_seconds()
    };
    let mut phone = Phone::with([applet]);
    assert_eq!(intervals(&phone.run(PROFILE)), [Some(60)]);
    assert_eq!(intervals(&phone.run(&event(EventCode::USER_ACTIVITY.0))), [Some(60)]);
    assert_eq!(phone.run(STATUS), [], "once");
}

#[test]
fn any_interval_that_was_asked_for_outlasts_a_reset() {
    for (interval, asked) in [(0, 1), (0x0001_0000_0000, 255 * 60)] {
        let applet = Recorder {
            install: |env| {
                let interval =
                    env.parameters().application.iter().fold(0, |sum, &octet| sum << 8 | u64::from(octet));
                env.registry().request_poll_interval(Some(Duration::from_secs(interval)))
            },
            ..wants_60_seconds()
        };
        let application = u64::to_be_bytes(interval).to_vec();
        let parameters = InstallParameters { application, ..InstallParameters::default() };
        let mut phone = Phone::with([applet.with_parameters(parameters)]);
        phone.card.power_on(Instant::EPOCH);
        assert_eq!(intervals(&phone.run(PROFILE)), [Some(asked)]);
    }
}

#[test]
fn who_has_not_asked_for_an_interval_is_not_told_of_status() {
    let heard = std::sync::Arc::default();
    let other = Recorder { name: b'B', install: |_| Ok(()), ..wants_60_seconds() };
    let mut phone = Phone::with([wants_60_seconds().told_to(&heard), other.told_to(&heard)]);
    phone.run(PROFILE);
    phone.run(STATUS);
    assert_eq!(*heard.lock().unwrap(), ["A granted Some(45)", "A status"]);
}

#[test]
fn the_interval_of_a_locked_applet_is_not_asked_for() {
    let mut phone = Phone::with([wants_60_seconds(), wants_30_seconds()]);
    let locked = phone.card.applets().nth(1).unwrap().aid;
    phone.card.lock(&locked).unwrap();
    assert_eq!(intervals(&phone.run(PROFILE)), [Some(60)]);
    phone.card.unlock(&locked).unwrap();
    assert_eq!(intervals(&phone.run(STATUS)), [Some(30)]);
}
