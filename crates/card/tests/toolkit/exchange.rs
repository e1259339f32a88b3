//! 91XX, FETCH and TERMINAL RESPONSE (TS 102 221 §7.4.2, §11.2.3, §11.2.4).

use oxisim_card::{Card, ToolkitEvent};
use oxisim_toolkit::{
    Command, CommandType,
    codes::Device,
    command::{CloseChannel, MoreTime},
    objects::CommandDetails,
};
use oxisim_wire::Instant;

use crate::{
    phone::{PROFILE, Phone, STATUS},
    recorder::{Recorder, show},
};

fn phone() -> Phone {
    Phone::with([Recorder::new(
        b'A',
        |env| env.registry().set_event(ToolkitEvent::ProfileDownload),
        |event, env| match event {
            oxisim_card::Event::ProfileDownload => show(env, "hi"),
            _ => Ok(()),
        },
    )])
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
    let mut phone = phone();
    let status = phone.send(PROFILE);
    phone.fetch(&status);
    let none = CommandDetails { number: 0, kind: CommandType(0), qualifier: 0 };
    assert_eq!(phone.respond(&none, 0, &[]), "6A80", "no error");
    assert_eq!(phone.respond(&none, 0x32, &[]), "9000");
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
                env.send_command(Command::new(9, 1, CloseChannel::silent()).to(Device(0x23)))?;
                let mut more_time = Command::new(0, 0, MoreTime {});
                // An object that no command has, and that need not be understood.
                more_time.unknown =
                    Command::decode(&hex::decode("D00C81030102008202818254010F").unwrap()).unwrap().unknown;
                env.send_command(more_time)
            }
            _ => Ok(()),
        },
    )]);
    // A profile that reaches the commands of channels.
    phone.send(&format!("801000000C{}", "FF".repeat(12)));
    assert_eq!(phone.send("8012000000"), "D009810301410182028123 9000");
    let closed = CommandDetails { number: 1, kind: CommandType::CLOSE_CHANNEL, qualifier: 1 };
    assert_eq!(phone.respond(&closed, 0, &[]), "910E");
    assert_eq!(phone.send("8012000000"), "D00C81030102008202818254010F 9000");
}
