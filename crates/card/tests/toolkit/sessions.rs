//! The first command, the sessions of applications, and a handler that becomes available (TS 102 241; TS 102 268,
//! `CRE_APT_EFCA`, `CRE_APT_EADE` and `CRE_APT_EPHA`).

use std::sync::{Arc, Mutex};

use oxisim_card::{AID_USIM, Event, ToolkitEvent};
use oxisim_wire::Instant;

use crate::{
    phone::{PROFILE, Phone, STATUS, texts},
    recorder::{Install, Process, Recorder, show},
};

type Heard = Arc<Mutex<Vec<String>>>;

/// A phone whose card has one applet, and what that is told.
fn with(install: Install, process: Process) -> (Phone, Heard) {
    let heard = Heard::default();
    (Phone::with([Recorder::new(b'A', install, process).told_to(&heard)]), heard)
}

fn take(heard: &Heard) -> Vec<String> {
    std::mem::take(&mut heard.lock().unwrap())
}

#[test]
fn the_first_command_is_told_before_it_is_carried_out_and_once_in_a_session() {
    let (mut phone, heard) = with(
        |env| {
            env.registry()
                .set_event_list(&[ToolkitEvent::ProfileDownload, ToolkitEvent::FirstCommandAfterAtr])
        },
        |_, _| Ok(()),
    );
    phone.run(PROFILE);
    phone.run(STATUS);
    assert_eq!(take(&heard), ["A FirstCommandAfterAtr", "A profile"]);
    phone.card.power_on(Instant::EPOCH);
    assert_eq!(take(&heard), [""; 0], "the card has power, and no command yet");
    phone.send("00A4000C023F00");
    phone.run(PROFILE);
    assert_eq!(take(&heard), ["A FirstCommandAfterAtr", "A profile"]);
}

#[test]
fn what_no_apdu_is_is_a_first_command_too() {
    let (mut phone, heard) =
        with(|env| env.registry().set_event(ToolkitEvent::FirstCommandAfterAtr), |_, _| Ok(()));
    assert_eq!(phone.send("00"), "6700");
    assert_eq!(take(&heard), ["A FirstCommandAfterAtr"]);
}

/// TS 102 268, `CRE_APT_EFCA`, test case 4.
#[test]
fn an_entry_that_is_hidden_at_the_first_command_is_not_in_the_first_menu() {
    let (mut phone, _) = with(
        |env| {
            env.registry().init_menu_entry(*b"Menu1")?;
            env.registry().init_menu_entry(*b"Menu2")?;
            env.registry().set_event(ToolkitEvent::FirstCommandAfterAtr)
        },
        |event, env| match event {
            Event::FirstCommandAfterAtr => env.registry().disable_menu_entry(2),
            _ => Ok(()),
        },
    );
    let commands = phone.run(PROFILE);
    let oxisim_toolkit::Proactive::SetUpMenu(menu) = &commands[0] else { panic!("{commands:?}") };
    assert_eq!(menu.items.iter().map(|item| item.identifier).collect::<Vec<_>>(), [Some(1)]);
}

fn select_usim(channel: u8) -> String {
    format!("{channel:02X}A4040C{:02X}{}", AID_USIM.len(), hex::encode(AID_USIM))
}

fn deselecting() -> (Phone, Heard) {
    with(|env| env.registry().set_event(ToolkitEvent::ApplicationDeselect), |_, _| Ok(()))
}

fn ended(channel: u8) -> String {
    format!("A ApplicationDeselect {{ application: {}, channel: {channel} }}", hex::encode_upper(AID_USIM))
}

#[test]
fn the_end_of_a_session_is_told_and_not_its_beginning() {
    let (mut phone, heard) = deselecting();
    assert_eq!(phone.send(&select_usim(0)), "9000");
    assert_eq!(phone.send(&select_usim(0)), "9000");
    assert_eq!(phone.send("00A4000C023F00"), "9000");
    assert_eq!(take(&heard), [""; 0], "the session goes on");
    let terminate = select_usim(0).replace("A4040C", "A40440");
    assert_eq!(phone.send(&terminate), "9000");
    assert_eq!(take(&heard), [ended(0)]);
    assert_eq!(phone.send(&terminate), "6A82");
    assert_eq!(take(&heard), [""; 0]);
}

#[test]
fn a_channel_that_is_closed_ends_its_session() {
    let (mut phone, heard) = deselecting();
    assert_eq!(phone.send("0070000001"), "01 9000");
    assert_eq!(phone.send(&select_usim(0)), "9000");
    assert_eq!(phone.send(&select_usim(1)), "9000");
    assert_eq!(phone.send("00708001"), "9000");
    assert_eq!(take(&heard), [ended(1)], "that of the basic channel goes on");
}

#[test]
fn a_reset_tells_of_no_session() {
    let (mut phone, heard) = deselecting();
    phone.send(&select_usim(0));
    phone.card.power_on(Instant::EPOCH);
    phone.send(STATUS);
    assert_eq!(take(&heard), [""; 0]);
}

#[test]
fn a_handler_that_becomes_available_is_told_once() {
    let (mut phone, heard) = with(
        |env| {
            env.registry().init_menu_entry(*b"A")?;
            env.registry().set_event(ToolkitEvent::ProactiveHandlerAvailable)
        },
        |event, env| match event {
            Event::ProactiveHandlerAvailable => {
                assert!(!env.registry().is_event_set(ToolkitEvent::ProactiveHandlerAvailable));
                show(env, "mine")
            }
            Event::MenuSelection { .. } => env.registry().set_event(ToolkitEvent::ProactiveHandlerAvailable),
            _ => Ok(()),
        },
    );
    phone.send("00A4000C023F00");
    assert_eq!(take(&heard), [""; 0], "not before the profile");
    let commands = phone.run(PROFILE);
    assert_eq!(commands.len(), 2, "the menu goes first: {commands:?}");
    assert_eq!(texts(&commands[1..]), ["mine"]);
    assert_eq!(phone.run(STATUS), []);
    assert_eq!(take(&heard), ["A ProactiveHandlerAvailable", "A response 00"]);
    assert_eq!(
        texts(&phone.run("80C20000 09 D30782020181900101")),
        ["mine"],
        "in answer to the same ENVELOPE"
    );
}

#[test]
fn an_applet_waits_for_the_handler_while_another_has_it() {
    let install: Install = |env| {
        env.registry()
            .set_event_list(&[ToolkitEvent::ProactiveHandlerAvailable, ToolkitEvent::ProfileDownload])
    };
    let sends: Process = |event, env| match event {
        Event::ProactiveHandlerAvailable => show(env, "available"),
        Event::ProfileDownload => show(env, "profile"),
        _ => Ok(()),
    };
    let heard = Heard::default();
    let applet = |name| Recorder::new(name, install, sends).with_priority(name).told_to(&heard);
    let mut phone = Phone::with([applet(b'A'), applet(b'B')]);
    assert_eq!(texts(&phone.run(PROFILE)), ["profile", "profile", "available", "available"]);
    let heard = take(&heard);
    assert_eq!(
        heard.iter().filter(|told| !told.contains("profile")).collect::<Vec<_>>(),
        [
            "A response 00",
            "B response 00",
            "A ProactiveHandlerAvailable",
            "A response 00",
            "B ProactiveHandlerAvailable",
            "B response 00",
        ]
    );
}

#[test]
fn an_applet_that_sets_the_event_anew_and_sends_nothing_is_told_with_the_next_command() {
    let again: Process = |_, env| env.registry().set_event(ToolkitEvent::ProactiveHandlerAvailable);
    let (mut phone, heard) =
        with(|env| env.registry().set_event(ToolkitEvent::ProactiveHandlerAvailable), again);
    phone.run(PROFILE);
    phone.run(STATUS);
    assert_eq!(take(&heard), ["A ProactiveHandlerAvailable"; 2]);
}
