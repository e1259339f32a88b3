//! When the framework sends a command again that the terminal has refused (TS 102 223 §6.8, §8.12.2).

use oxisim_card::ToolkitEvent;
use oxisim_toolkit::{CommandType, codes::TerminalProblem, objects::EventCode};

use crate::{
    phone::{PROFILE, Phone, STATUS, event, kinds},
    recorder::Recorder,
};

/// Has a menu entry and asks for one event.
fn phone() -> Phone {
    Phone::with([Recorder::new(
        b'A',
        |env| {
            env.registry().init_menu_entry(*b"A")?;
            env.registry().set_event(ToolkitEvent::EventDownload(EventCode::USER_ACTIVITY))
        },
        |_, _| Ok(()),
    )])
}

fn refusing(kind: CommandType, general: u8, additional: &[u8]) -> impl FnMut(CommandType) -> (u8, Vec<u8>) {
    move |asked| if asked == kind { (general, additional.to_vec()) } else { (0, vec![]) }
}

#[test]
fn a_command_waits_for_the_event_that_ends_what_hinders_the_terminal() {
    for (problem, ends) in [
        (TerminalProblem::SCREEN_BUSY, EventCode::IDLE_SCREEN_AVAILABLE),
        (TerminalProblem::BUSY_ON_CALL, EventCode::CALL_DISCONNECTED),
        (TerminalProblem::NOT_IN_SPEECH_CALL, EventCode::CALL_CONNECTED),
        (TerminalProblem::NO_SERVICE, EventCode::LOCATION_STATUS),
        (TerminalProblem::ACCESS_CLASS_BARRED, EventCode::LOCATION_STATUS),
        (TerminalProblem::RADIO_RESOURCE_NOT_GRANTED, EventCode::LOCATION_STATUS),
    ] {
        let mut phone = phone();
        phone.answer_with(PROFILE, refusing(CommandType::SET_UP_MENU, 0x20, &[problem.0]));
        assert_eq!(phone.run("00A4000C023F00"), [], "{problem:?}: not at once");
        assert_eq!(phone.run(&event(EventCode::USER_ACTIVITY.0)), [], "{problem:?}: another event");
        assert_eq!(kinds(&phone.run(&event(ends.0))), [CommandType::SET_UP_MENU], "{problem:?}");
        assert_eq!(phone.run(STATUS), [], "{problem:?}: performed");
    }
}

#[test]
fn any_refusal_for_now_ends_at_the_next_status() {
    for problem in 0..=0x0B {
        let mut phone = phone();
        phone.answer_with(PROFILE, refusing(CommandType::SET_UP_EVENT_LIST, 0x20, &[problem]));
        assert_eq!(kinds(&phone.run(STATUS)), [CommandType::SET_UP_EVENT_LIST], "{problem}");
    }
    let mut phone = phone();
    phone.answer_with(PROFILE, refusing(CommandType::SET_UP_MENU, 0x21, &[0]));
    assert_eq!(kinds(&phone.run(STATUS)), [CommandType::SET_UP_MENU], "the network");
}

#[test]
fn a_command_is_sent_ever_more_seldom_and_not_for_ever() {
    let mut phone = phone();
    phone.answer_with(PROFILE, refusing(CommandType::SET_UP_MENU, 0x20, &[1]));
    let retries: Vec<_> = (1..500)
        .filter(|_| !phone.answer_with(STATUS, refusing(CommandType::SET_UP_MENU, 0x20, &[1])).is_empty())
        .collect();
    assert_eq!(retries, [1, 3, 7, 15, 31, 63, 127]);
    assert_eq!(phone.run(&event(EventCode::IDLE_SCREEN_AVAILABLE.0)), [], "given up");
    assert_eq!(
        kinds(&phone.run(PROFILE)).first(),
        Some(&CommandType::SET_UP_MENU),
        "a new profile begins anew"
    );
}

#[test]
fn a_command_that_waits_long_is_sent_at_once_after_the_event() {
    let mut phone = phone();
    let busy = || refusing(CommandType::SET_UP_MENU, 0x20, &[TerminalProblem::BUSY_ON_CALL.0]);
    phone.answer_with(PROFILE, busy());
    for _ in 0..3 {
        phone.answer_with(STATUS, busy());
    }
    assert_eq!(phone.run(STATUS), [], "four more STATUS commands");
    assert_eq!(
        kinds(&phone.run(&event(EventCode::CALL_DISCONNECTED.0))),
        [CommandType::SET_UP_MENU],
        "the call has ended"
    );
    assert_eq!(phone.run(STATUS), []);
}

#[test]
fn a_refusal_for_good_is_the_end_of_it() {
    for general in [0x10, 0x22, 0x30, 0x31, 0x32, 0x36] {
        let mut phone = phone();
        phone.answer_with(PROFILE, refusing(CommandType::SET_UP_MENU, general, &[]));
        assert_eq!(phone.run(STATUS), [], "{general:02X}");
        assert_eq!(phone.run(&event(EventCode::IDLE_SCREEN_AVAILABLE.0)), []);
    }
}
