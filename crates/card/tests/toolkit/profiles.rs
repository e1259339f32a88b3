//! TERMINAL PROFILE says what the card may send (TS 102 223 §5).

use oxisim_card::{ToolkitError, ToolkitEvent};
use oxisim_toolkit::{
    CommandType, Facility, Proactive, TerminalProfile,
    codes::{LocalInformation, TimerAction},
    command::{MoreTime, ProvideLocalInformation, TimerManagement},
    objects::{EventCode, TimerIdentifier},
};
use oxisim_wire::Duration;

use crate::{
    phone::{PROFILE, Phone, STATUS, kinds},
    recorder::{Recorder, show},
};

/// Shows a text at every profile and asks for time after.
fn greeter() -> Recorder {
    Recorder::new(
        b'A',
        |env| {
            assert_eq!(show(env, "early"), Err(ToolkitError::HandlerNotAvailable.into()));
            env.registry().init_menu_entry(*b"A")?;
            env.registry().set_event(ToolkitEvent::ProfileDownload)
        },
        |event, env| match event {
            oxisim_card::Event::ProfileDownload => {
                show(env, "hi")?;
                env.send(0, MoreTime {})
            }
            _ => Ok(()),
        },
    )
}

#[test]
fn nothing_is_proactive_before_the_profile() {
    let mut phone = Phone::with([greeter()]);
    for apdu in [STATUS, "00A4000C023F00", "80C20000 09 D6079901 05 82028281"] {
        assert_eq!(phone.send(apdu), "9000", "{apdu}");
    }
    assert_eq!(phone.send("8012000010"), "6985");
    assert!(phone.send(PROFILE).starts_with("91"));
}

#[test]
fn a_command_that_the_profile_lacks_is_refused_to_the_applet_and_not_sent() {
    let applet = greeter();
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    assert_eq!(phone.run("80100000 01 00"), [], "a profile with nothing in it");
    assert_eq!(*heard.lock().unwrap(), ["A profile: NotSupported(DISPLAY_TEXT)"]);
}

#[test]
fn a_qualifier_that_the_profile_lacks_is_refused_as_the_command_is() {
    let applet = Recorder::new(
        b'A',
        |env| {
            env.registry().allocate_timer()?;
            env.registry().set_event(ToolkitEvent::ProfileDownload)
        },
        |event, env| {
            let oxisim_card::Event::ProfileDownload = event else { return Ok(()) };
            let timer = TimerManagement { timer: TimerIdentifier { identifier: 1 }, value: None };
            let lacks_timer = ToolkitError::NotSupported(CommandType::TIMER_MANAGEMENT);
            assert_eq!(env.send(TimerAction::START.0, timer.clone()), Err(lacks_timer.into()));
            env.send(TimerAction::CURRENT_VALUE.0, timer)?;
            env.send(LocalInformation::LOCATION.0, ProvideLocalInformation {})?;
            env.send(LocalInformation::DATE_TIME_ZONE.0, ProvideLocalInformation {})
        },
    );
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    let profile = |facilities| hex::encode(TerminalProfile::with(facilities).octets());
    let some = profile(&[Facility::ProvideLocalInformation, Facility::TimerCurrentValue]);
    let status = phone.send(&format!("80100000 08 {some}"));
    assert_eq!(*heard.lock().unwrap(), ["A profile: NotSupported(PROVIDE_LOCAL_INFORMATION)"]);
    let timer = phone.fetch(&status);
    assert_eq!(timer.details.kind, CommandType::TIMER_MANAGEMENT);

    // The location waits; a profile that has the time only takes it back.
    heard.lock().unwrap().clear();
    let other = profile(&[Facility::DateTimeZone, Facility::TimerCurrentValue]);
    phone.send(&format!("80100000 08 {other}"));
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "A failed NotSupported(PROVIDE_LOCAL_INFORMATION)",
            "A profile: NotSupported(PROVIDE_LOCAL_INFORMATION)"
        ]
    );
}

#[test]
fn the_terminal_is_asked_for_no_event_that_its_profile_lacks() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| {
            for code in [EventCode::CALL_CONNECTED, EventCode::CHANNEL_STATUS] {
                env.registry().set_event(ToolkitEvent::EventDownload(code))?;
            }
            Ok(())
        },
        |_, _| Ok(()),
    )]);
    // SET UP EVENT LIST, and of the events: call connected.
    let [Proactive::SetUpEventList(list)] = &phone.run("80100000 05 0000000005")[..] else {
        panic!("a list")
    };
    assert_eq!(list.events.events.0, [EventCode::CALL_CONNECTED]);
    assert_eq!(phone.run("80100000 05 0000000001"), [], "none of them");
    let commands = phone.run(PROFILE);
    let [Proactive::SetUpEventList(list)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(list.events.events.0, [EventCode::CALL_CONNECTED, EventCode::CHANNEL_STATUS]);
}

#[test]
fn a_profile_that_comes_again_sets_everything_up_anew() {
    let mut phone = Phone::with([greeter()]);
    let first = phone.run(PROFILE);
    assert_eq!(kinds(&first), [CommandType::SET_UP_MENU, CommandType::DISPLAY_TEXT, CommandType::MORE_TIME]);
    assert_eq!(phone.run(PROFILE), first);
}

#[test]
fn what_waits_and_a_new_profile_lacks_is_taken_back_and_the_applet_told() {
    let applet = greeter();
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    phone.send(PROFILE);
    // No SET UP MENU, no DISPLAY TEXT: MORE TIME only.
    let commands = phone.run("80100000 03 000008");
    assert_eq!(kinds(&commands), [CommandType::MORE_TIME], "one waited; the second send fails before it");
    let heard = heard.lock().unwrap();
    assert!(heard.contains(&"A failed NotSupported(DISPLAY_TEXT)".into()), "{heard:?}");
}

#[test]
fn a_command_that_was_fetched_is_still_to_be_answered_after_a_new_profile() {
    let mut phone = Phone::with([greeter()]);
    let status = phone.send(PROFILE);
    let menu = phone.fetch(&status);
    assert_eq!(phone.send(PROFILE), "9000", "one command at a time");
    let next = phone.respond(&menu.details, 0, &[]);
    let again = phone.fetch(&next);
    assert_eq!(again.details.kind, CommandType::SET_UP_MENU);
}

#[test]
fn what_a_new_profile_lacks_fails_in_the_order_of_its_sending() {
    let applet = Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::ProfileDownload),
        |event, env| match event {
            oxisim_card::Event::ProfileDownload => {
                show(env, "hi")?;
                env.send(0, MoreTime {})
            }
            _ => Ok(()),
        },
    );
    let heard = applet.heard.clone();
    let mut phone = Phone::with([applet]);
    phone.send(PROFILE);
    heard.lock().unwrap().clear();
    assert_eq!(phone.run("80100000 01 00"), []);
    assert_eq!(
        heard.lock().unwrap()[..2],
        ["A failed NotSupported(DISPLAY_TEXT)", "A failed NotSupported(MORE_TIME)"]
    );
}

#[test]
fn the_menu_of_the_profile_before_is_taken_away_if_no_entry_is_left() {
    let applet = Recorder::new(
        b'A',
        |env| {
            env.registry().init_menu_entry(*b"A")?;
            env.registry().set_event(ToolkitEvent::ProfileDownload)
        },
        |_, env| {
            // The first time it sets the event, the next time it has it.
            if env.registry().is_event_set(ToolkitEvent::OtherEnvelope) {
                env.registry().disable_menu_entry(1)?;
            }
            env.registry().set_event(ToolkitEvent::OtherEnvelope)
        },
    );
    let mut phone = Phone::with([applet]);
    for identifier in [Some(1), None] {
        let commands = phone.run(PROFILE);
        let [Proactive::SetUpMenu(menu)] = &commands[..] else { panic!("{commands:?}") };
        assert_eq!(menu.items.iter().map(|item| item.identifier).collect::<Vec<_>>(), [identifier]);
    }
}

#[test]
fn commands_of_the_framework_that_the_profile_lacks_are_not_sent() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| {
            env.registry().request_poll_interval(Some(Duration::from_secs(60)))?;
            env.registry().set_event(ToolkitEvent::EventDownload(EventCode::CALL_CONNECTED))
        },
        |_, _| Ok(()),
    )]);
    assert_eq!(phone.run("80100000 05 0000000004"), [], "call connected, and no SET UP EVENT LIST");
    assert_eq!(phone.run(STATUS), []);
    let both = [CommandType::SET_UP_EVENT_LIST, CommandType::POLL_INTERVAL];
    assert_eq!(kinds(&phone.run(PROFILE)), both);
}
