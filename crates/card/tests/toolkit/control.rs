//! CALL CONTROL and MO SHORT MESSAGE CONTROL, and what else comes in an ENVELOPE (TS 31.111 §7).

use oxisim_card::{AppletError, Env, Event, ToolkitEvent};
use oxisim_toolkit::{CallControlAnswer, MoSmsControlAnswer, control::CallChanges, objects::AlphaIdentifier};

use crate::{
    phone::{PROFILE, Phone, STATUS},
    recorder::{Recorder, show},
};

/// A call to +011234 (the conformance message `call_control/en/1.3.1A` of oFono, 27.22.6).
const CALL: &str = "80C20000 1A D41882028281860791103204214365130900F110000100010001 00";
/// A short message through a centre to a number.
const MESSAGE: &str = "80C20000 16 D514 82028281 060791103204214365 060591103204F1 00";
/// A page of cell broadcast: 88 octets.
fn page() -> String {
    format!("80C20000 60 D25E 82028381 8C58 {} 00", "00".repeat(88))
}
/// A USSD string.
const USSD: &str = "80C20000 0B D909 82028381 8A03 0F6162 00";

const EVENTS: [ToolkitEvent; 5] = [
    ToolkitEvent::CallControl,
    ToolkitEvent::MoSmsControl,
    ToolkitEvent::CellBroadcast,
    ToolkitEvent::UssdDownload,
    ToolkitEvent::OtherEnvelope,
];

fn register(env: &mut Env<'_>) -> Result<(), AppletError> {
    env.registry().init_menu_entry(*b"A")?;
    EVENTS.into_iter().try_for_each(|event| env.registry().set_event(event))
}

fn with(process: crate::recorder::Process) -> Phone {
    let mut phone = Phone::with([Recorder::new(b'A', register, process)]);
    phone.run(PROFILE);
    phone
}

#[test]
fn without_an_applet_everything_is_allowed() {
    let mut phone = Phone::with([]);
    phone.run(PROFILE);
    assert_eq!(phone.send(CALL), "9000");
    assert_eq!(phone.send(MESSAGE), "9000");
}

#[test]
fn the_applet_allows() {
    let mut phone = with(|event, env| {
        match event {
            Event::CallControl(_) => env.answer_call_control(&CallControlAnswer::allowed())?,
            Event::MoSmsControl(_) => env.answer_sms_control(&MoSmsControlAnswer::allowed())?,
            _ => {}
        }
        Ok(())
    });
    assert_eq!(phone.send(CALL), "0000 9000");
    assert_eq!(phone.send(MESSAGE), "0000 9000");
}

#[test]
fn the_applet_forbids() {
    let mut phone = with(|event, env| {
        match event {
            Event::CallControl(_) => env.answer_call_control(&CallControlAnswer::not_allowed())?,
            Event::MoSmsControl(_) => env.answer_sms_control(&MoSmsControlAnswer::not_allowed())?,
            _ => {}
        }
        Ok(())
    });
    assert_eq!(phone.send(CALL), "0100 9000");
    assert_eq!(phone.send(MESSAGE), "0100 9000");
}

#[test]
fn the_applet_changes_what_was_dialled() {
    let mut phone = with(|event, env| {
        if let Event::CallControl(control) = event {
            let alpha = Some(AlphaIdentifier { text: b"ok".to_vec() });
            let changes = CallChanges { address: control.address.clone(), alpha, ..CallChanges::default() };
            env.answer_call_control(&CallControlAnswer::modified(changes))?;
        }
        Ok(())
    });
    assert_eq!(phone.send(CALL), "020D 8607 91103204214365 8502 6F6B 9000".replacen(' ', "", 4));
}

#[test]
fn a_question_is_answered_while_a_command_is_under_way() {
    let mut phone = with(|event, env| match event {
        Event::MenuSelection { .. } => show(env, "busy"),
        Event::CallControl(_) => {
            env.answer_call_control(&CallControlAnswer::not_allowed())?;
            Ok(())
        }
        _ => Ok(()),
    });
    let status = phone.send("80C20000 09 D30782020181900101");
    let command = phone.fetch(&status);
    assert_eq!(phone.send(CALL), "0100 9000");
    for apdu in [USSD, &page(), "80C20000 09 D30782020181900101"] {
        assert_eq!(phone.send(apdu), "9300", "{apdu}");
    }
    assert_eq!(phone.respond(&command.details, 0, &[]), "9000");
    assert_eq!(phone.send(STATUS), "9000");
}

#[test]
fn broadcasts_and_ussd_go_to_those_that_asked_for_them() {
    let mut phone = with(|event, env| match event {
        Event::CellBroadcast(download) => {
            assert_eq!(download.page.page.len(), 88);
            show(env, "page")
        }
        Event::UssdDownload(_) => {
            env.post_response(b"ussd")?;
            Ok(())
        }
        _ => Ok(()),
    });
    assert_eq!(crate::phone::texts(&phone.run(&page())), ["page"]);
    assert_eq!(phone.send(USSD), "75737364 9000");
}

#[test]
fn the_answer_of_one_envelope_is_not_that_of_the_next() {
    let mut phone = with(|event, env| {
        if let Event::CallControl(_) = event {
            env.post_error_response(b"x")?;
        }
        Ok(())
    });
    assert_eq!(phone.send(CALL), "78 6200");
    assert_eq!(phone.send(MESSAGE), "9000");
}
