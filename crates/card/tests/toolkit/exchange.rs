//! 91XX, FETCH and TERMINAL RESPONSE (TS 102 221 §7.4.2, §11.2.3, §11.2.4).

use oxisim_card::{Card, Event, ToolkitEvent};
use oxisim_toolkit::{
    Command, CommandType,
    codes::Device,
    command::{MoreTime, PowerOffCard},
    objects::CommandDetails,
};
use oxisim_wire::{Duration, Instant};

use crate::{
    phone::{PROFILE, Phone, STATUS},
    recorder::{Recorder, show},
};

/// Shows a text at every profile.
fn applet() -> Recorder {
    Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::ProfileDownload),
        |event, env| match event {
            Event::ProfileDownload => show(env, "hi"),
            _ => Ok(()),
        },
    )
}

fn phone() -> Phone {
    Phone::with([applet()])
}

/// Details of the DISPLAY TEXT.
fn details() -> CommandDetails {
    CommandDetails { number: 1, kind: CommandType::DISPLAY_TEXT, qualifier: 0 }
}

#[test]
fn every_class_and_channel_is_told_of_a_waiting_command() {
    let mut phone = phone();
    let waits = phone.send(PROFILE);
    assert_eq!(waits, "9110");
    assert_eq!(phone.send("0070000001"), format!("01 {waits}"), "a channel is opened");
    assert_eq!(phone.send("01A4000C023F00"), waits, "on the channel");
    assert_eq!(phone.send("81F2000C"), waits);
    assert_eq!(phone.send("A0A40000023F00").get(..2), Some("9F"), "a length has no room for it");
    assert_eq!(phone.send("A0FA000000"), waits, "class A0");
    assert_eq!(phone.send("00B2010400"), "6986", "an error");
}

#[test]
fn what_waits_for_get_response_comes_before_the_command() {
    let mut phone = phone();
    let waits = phone.send(PROFILE);
    let more = phone.send("00A40004023F00");
    let length = more.strip_prefix("61").unwrap();
    assert!(phone.send(&format!("00C00000{length}")).ends_with(&format!(" {waits}")));
    assert!(phone.send("00A40004023F0000").ends_with(&format!(" {waits}")), "with the data");
    assert_eq!(phone.send("80F2000001").get(..2), Some("6C"), "not with an error");
    let fetched = phone.send("80120000");
    assert_eq!(fetched, waits.replacen("91", "61", 1), "FETCH without Le");
    assert!(phone.send(&fetched.replacen("61", "00C00000", 1)).ends_with(" 9000"));
    assert_eq!(phone.respond(&details(), 0, &[]), "9000");
}

/// Shows a text whenever the terminal polls.
fn polled() -> Phone {
    Phone::with([Recorder::new(
        b'A',
        |env| {
            env.registry().init_menu_entry(*b"A")?;
            env.registry().request_poll_interval(Some(Duration::from_secs(30)))?;
            Ok(())
        },
        |event, env| match event {
            Event::StatusCommand => show(env, "hi"),
            _ => Ok(()),
        },
    )])
}

#[test]
fn a_terminal_that_never_fetches_is_told_of_the_same_command() {
    let mut phone = polled();
    let waits = phone.send(PROFILE);
    for _ in 0..1000 {
        assert_eq!(phone.send(STATUS), waits);
    }
    let menu = phone.fetch(&waits);
    assert_eq!(menu.details.kind, CommandType::SET_UP_MENU);
    phone.respond(&menu.details, 0, &[]);
    assert_eq!(phone.run("00A4000C023F00").len(), 1 + 16, "POLL INTERVAL, and what an applet may queue");
}

#[test]
fn a_terminal_that_never_answers_is_asked_for_nothing_else() {
    let mut phone = polled();
    let waits = phone.send(PROFILE);
    let menu = phone.fetch(&waits);
    for _ in 0..1000 {
        assert_eq!(phone.send(STATUS), "9000");
    }
    assert_eq!(phone.send("8012000000"), "6985");
    assert_eq!(phone.send("80C20000 09 D30782020181900101"), "9300", "the menu");
    assert!(phone.respond(&menu.details, 0, &[]).starts_with("91"), "late is not too late");
}

#[test]
fn the_toolkit_is_the_basic_channels() {
    let mut phone = phone();
    phone.send(PROFILE);
    phone.send("0070000001");
    assert_eq!(phone.send("8112000010"), "6881");
}

#[test]
fn fetch_takes_the_length_that_was_told_or_all() {
    let mut phone = phone();
    phone.send(PROFILE);
    assert_eq!(phone.send("801200000F"), "6C10");
    assert_eq!(phone.send("8012000011"), "6C10", "too much");
    assert!(phone.send("8012000000").ends_with(" 9000"));
    assert_eq!(phone.send("8012000010"), "6985", "it is fetched once");
    assert_eq!(phone.send(STATUS), "9000", "and not told of any more");
}

#[test]
fn fetch_of_class_a0_names_the_right_length() {
    let mut phone = phone();
    phone.send(PROFILE);
    assert_eq!(phone.send("A01200000F"), "6710");
    assert!(phone.send("A012000010").ends_with(" 9000"));
    assert_eq!(phone.send("A012000010"), "6F00");
}

#[test]
fn a_response_repeats_number_type_and_qualifier() {
    let mut phone = phone();
    let status = phone.send(PROFILE);
    phone.fetch(&status);
    let wrong = [
        CommandDetails { number: 2, ..details() },
        CommandDetails { kind: CommandType::MORE_TIME, ..details() },
        CommandDetails { qualifier: 1, ..details() },
    ];
    for details in wrong {
        assert_eq!(phone.respond(&details, 0, &[]), "6A80", "{details:?}");
    }
    assert_eq!(phone.respond(&details(), 0, &[]), "9000");
    assert_eq!(phone.respond(&details(), 0, &[]), "6985", "answered already");
}

#[test]
fn a_terminal_that_found_no_details_answers_with_zeros_and_an_error() {
    let mut phone = Phone::with([Recorder {
        process: |event, env| match event {
            Event::ProfileDownload => show(env, "hi"),
            Event::ProactiveResponse(response) => {
                assert_eq!(response.details, details(), "the applet hears which command it was");
                Ok(())
            }
            _ => Ok(()),
        },
        ..applet()
    }]);
    let status = phone.send(PROFILE);
    phone.fetch(&status);
    let none = CommandDetails { number: 0, kind: CommandType(0), qualifier: 0 };
    assert_eq!(phone.respond(&none, 0, &[]), "6A80", "no error");
    assert_eq!(phone.respond(&none, 0x32, &[]), "9000");
}

/// The applet hears the result; of an answer that cannot be read it hears nothing.
#[test]
fn a_response_that_can_be_read_in_part_ends_the_command() {
    for response in [
        "810301210082028281830100",
        "010301210002028281030100",
        "8103012100 830100",
        "8103012100 82028281 830100 0D00",
        "8103012100 82028281 830100 5D0100",
        "8103012100 82028281 830100 DD0100",
        "8103012100 82028281 830100 840100",
        "8103012100 82028281 830100 84",
        "8103012100 82028281 830100 8D05",
        "8103012100 82028281 830100 8103012100",
        "830100 8202 8281 8103012100",
    ] {
        let applet = applet();
        let heard = applet.heard.clone();
        let mut phone = Phone::with([applet]);
        let status = phone.send(PROFILE);
        phone.fetch(&status);
        let octets = response.replace(' ', "").len() / 2;
        assert_eq!(phone.send(&format!("80140000 {octets:02X} {response}")), "9000", "{response}");
        assert_eq!(heard.lock().unwrap().last().unwrap(), "A response 00", "{response}");
    }
}

#[test]
fn a_response_without_command_or_result_is_refused_and_still_owed() {
    for response in [
        "",
        "81",
        "8103012100 82028281",
        "8103012100 82028281 8300",
        "8103012100 82028281 83",
        "82028281 830100",
        "810201 21 82028281 830100",
        "810401210000 82028281 830100",
        "82FF 8103012100 830100",
    ] {
        let mut phone = phone();
        let status = phone.send(PROFILE);
        phone.fetch(&status);
        let octets = response.replace(' ', "").len() / 2;
        assert_eq!(phone.send(&format!("80140000 {octets:02X} {response}")), "6A80", "{response}");
        assert_eq!(phone.respond(&details(), 0, &[]), "9000", "{response}");
    }
}

/// SUSPEND UICC keeps the toolkit's session over a power-off (TS 102 221 §11.1.22).
#[test]
fn a_suspended_session_goes_on_where_it_was() {
    let mut phone = phone();
    let waits = phone.send(PROFILE);
    for is_fetched in [false, true] {
        if is_fetched {
            phone.fetch(&waits);
        }
        let told = if is_fetched { "9000" } else { &waits };
        let suspended = phone.send("80760000 04 003C003C 00");
        assert!(suspended.ends_with(told), "{suspended}");
        let token = &suspended[4..20];
        phone.card.power_off();
        phone.card.power_on(Instant::EPOCH);
        assert_eq!(phone.send(&format!("80760100 08 {token}")), told);
    }
    assert_eq!(phone.send("8012000000"), "6985", "it is fetched");
    assert_eq!(phone.respond(&details(), 0, &[]), "9000");
}

#[test]
fn reset_and_power_loss_forget_the_command() {
    let ends: [fn(&mut Card); 2] = [|_| {}, |card| card.power_off()];
    for end in ends {
        for is_fetched in [false, true] {
            let mut phone = phone();
            let status = phone.send(PROFILE);
            if is_fetched {
                phone.fetch(&status);
            }
            end(&mut phone.card);
            phone.card.power_on(Instant::EPOCH);
            assert_eq!(phone.send(STATUS), "9000");
            assert_eq!(phone.send("8012000010"), "6985");
            assert_eq!(phone.respond(&details(), 0, &[]), "6985");
            assert_eq!(phone.send(PROFILE), "9110", "all begins anew");
        }
    }
}

#[test]
fn a_command_is_for_the_device_and_has_the_objects_that_the_applet_says() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::ProfileDownload),
        |event, env| match event {
            oxisim_card::Event::ProfileDownload => {
                env.send_command(Command::new(9, 1, PowerOffCard {}).to(Device(0x13)))?;
                let mut more_time = Command::new(0, 0, MoreTime {});
                // An object that no command has, and that need not be understood.
                more_time.unknown =
                    Command::decode(&hex::decode("D00C81030102008202818254010F").unwrap()).unwrap().unknown;
                env.send_command(more_time)
            }
            _ => Ok(()),
        },
    )]);
    phone.send(PROFILE);
    assert_eq!(phone.send("8012000000"), "D009810301320182028113 9000");
    let off = CommandDetails { number: 1, kind: CommandType::POWER_OFF_CARD, qualifier: 1 };
    assert_eq!(phone.respond(&off, 0, &[]), "910E");
    assert_eq!(phone.send("8012000000"), "D00C81030102008202818254010F 9000");
}

#[test]
fn a_command_has_the_type_of_its_body() {
    let mut phone = Phone::with([Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::ProfileDownload),
        |event, env| match event {
            oxisim_card::Event::ProfileDownload => {
                let mut more_time = Command::new(0, 0, MoreTime {});
                more_time.details.kind = CommandType::SET_UP_MENU;
                env.send_command(more_time)
            }
            _ => Ok(()),
        },
    )]);
    let status = phone.send(PROFILE);
    let sent = phone.fetch(&status).details;
    assert_eq!(sent.kind, CommandType::MORE_TIME);
    assert_eq!(phone.respond(&sent, 0, &[]), "9000");
}
