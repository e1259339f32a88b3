//! VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN (TS 102 221 §11.1.9 to §11.1.13).

use oxisim_card::{
    Card, KeyReference, Profile, SecurityAttributes,
    image::{Image, PinImage},
};
use oxisim_wire::Instant;

use crate::terminal::Terminal;

const VERIFY: &str = "0020000108 30303030FFFFFFFF";
const WRONG: &str = "0020000108 31313131FFFFFFFF";
const DISABLE: &str = "0026000108 30303030FFFFFFFF";
const ENABLE: &str = "0028000108 30303030FFFFFFFF";
const CHANGE: &str = "0024000110 30303030FFFFFFFF 32323232FFFFFFFF";
const UNBLOCK: &str = "002C000110 3030303030303030 33333333FFFFFFFF";
const WRONG_UNBLOCK: &str = "002C000110 3130303030303030 33333333FFFFFFFF";
/// `EF_IMSI` of the SIM: PIN to read, ADM to update.
const IMSI: &str = "00A4080C047F206F07";

/// The default card with PIN 1 enabled.
fn enabled() -> Image {
    let mut image = Profile::default().image();
    image.pins[0].enabled = true;
    image
}

fn terminal(image: &Image) -> Terminal {
    Terminal::with(Card::from_image(image).unwrap())
}

#[test]
fn a_file_behind_the_pin_opens_once_it_is_verified_and_until_reset() {
    let mut terminal = terminal(&enabled());
    terminal.ok(IMSI);
    assert_eq!(terminal.send("00B0000009"), "6982");
    assert_eq!(terminal.send(WRONG), "63C2");
    assert_eq!(terminal.send("00B0000009"), "6982");
    terminal.ok(VERIFY);
    terminal.ok("00B0000009");
    assert_eq!(terminal.send("00D6000001FF"), "6982", "the PIN is not the administrative key");
    terminal.card.power_on(Instant::EPOCH);
    terminal.ok(IMSI);
    assert_eq!(terminal.send("00B0000009"), "6982");
}

#[test]
fn a_disabled_pin_need_not_be_verified_and_cannot_be() {
    let mut terminal = Terminal::default();
    terminal.ok(IMSI);
    terminal.ok("00B0000009");
    for apdu in [VERIFY, DISABLE, CHANGE] {
        assert_eq!(terminal.send(apdu), "6984", "{apdu}");
    }
    terminal.ok(ENABLE);
    assert_eq!(terminal.send(ENABLE), "6985");
    terminal.card.power_on(Instant::EPOCH);
    terminal.ok(IMSI);
    assert_eq!(terminal.send("00B0000009"), "6982", "that it is enabled survives");
    terminal.ok(DISABLE);
    terminal.ok("00B0000009");
}

#[test]
fn three_wrong_tries_block_and_no_reset_helps() {
    let mut terminal = terminal(&enabled());
    terminal.ok(IMSI);
    terminal.ok(VERIFY);
    for (apdu, status) in
        [(WRONG, "63C2"), ("00200001", "63C2"), (WRONG, "63C1"), (WRONG, "63C0"), (VERIFY, "6983")]
    {
        assert_eq!(terminal.send(apdu), status);
    }
    assert_eq!(terminal.send("00B0000009"), "6982", "it was verified before");
    terminal.card.power_on(Instant::EPOCH);
    for apdu in ["00200001", VERIFY, DISABLE, CHANGE] {
        assert_eq!(terminal.send(apdu), "6983", "{apdu}");
    }
}

#[test]
fn a_right_value_brings_the_tries_back() {
    let mut terminal = terminal(&enabled());
    terminal.send(WRONG);
    terminal.send(WRONG);
    terminal.ok(VERIFY);
    assert_eq!(terminal.send("00200001"), "63C3");
}

#[test]
fn a_blocked_pin_is_unblocked_with_a_new_value_and_is_then_enabled() {
    let mut terminal = Terminal::default();
    terminal.ok(UNBLOCK);
    assert_eq!(terminal.send("0020000108 33333333FFFFFFFF"), "9000", "it was disabled");
    for _ in 0..3 {
        terminal.send(WRONG);
    }
    assert_eq!(terminal.send(WRONG_UNBLOCK), "63C9");
    assert_eq!(terminal.send("002C0001"), "63C9");
    terminal.ok(UNBLOCK);
    assert_eq!(terminal.send("002C0001"), "63CA");
    terminal.ok(IMSI);
    terminal.ok("00B0000009");
    assert_eq!(terminal.send("00200001"), "63C3");
}

#[test]
fn ten_wrong_tries_block_what_unblocks() {
    let mut terminal = Terminal::default();
    for left in (0..10).rev() {
        assert_eq!(terminal.send(WRONG_UNBLOCK), format!("63C{left:X}"));
    }
    assert_eq!(terminal.send(UNBLOCK), "6983");
    assert_eq!(terminal.send("002C0001"), "6983");
}

#[test]
fn a_changed_pin_is_the_one_that_counts() {
    let mut terminal = terminal(&enabled());
    terminal.ok(CHANGE);
    terminal.card.power_on(Instant::EPOCH);
    assert_eq!(terminal.send(VERIFY), "63C2");
    terminal.ok("0020000108 32323232FFFFFFFF");
}

#[test]
fn an_administrative_key_opens_what_it_guards_and_is_never_disabled() {
    let mut terminal = Terminal::default();
    terminal.ok(IMSI);
    terminal.ok("0020000A08 3030303030303030");
    terminal.ok("00D600000108");
    for apdu in ["0026000A08 3030303030303030", "0028000A08 3030303030303030"] {
        assert_eq!(terminal.send(apdu), "6985");
    }
    assert_eq!(terminal.send("002C000A"), "6A88", "nothing unblocks it");
}

#[test]
fn the_universal_pin_can_take_the_place_of_a_disabled_one() {
    let mut image = enabled();
    let universal = PinImage {
        reference: KeyReference::UNIVERSAL,
        value: *b"9999\xFF\xFF\xFF\xFF",
        ..image.pins[0].clone()
    };
    assert_eq!(terminal(&image).send("0026910108 30303030FFFFFFFF"), "6A88", "there is none");
    image.pins.push(universal);
    let mut terminal = terminal(&image);
    terminal.ok("0026910108 30303030FFFFFFFF");
    terminal.ok(IMSI);
    assert_eq!(terminal.send("00B0000009"), "6982");
    terminal.ok("0020001108 39393939FFFFFFFF");
    terminal.ok("00B0000009");
}

#[test]
fn a_pin_of_an_application_counts_there_and_until_the_application_is_left() {
    let mut image = enabled();
    image.pins[0].directory = Some(vec![0x3F00, 0x7FFF]);
    let mut terminal = terminal(&image);
    assert_eq!(terminal.send("00200001"), "6A88");
    terminal.ok("00A4040C07A0000000871002");
    terminal.ok(VERIFY);
    terminal.ok("00B0870009");
    terminal.ok("00A4080C047F206F07");
    assert_eq!(terminal.send("00B0000009"), "6982", "the SIM has no such PIN");
    terminal.ok("00A4044C07A0000000871002");
    terminal.ok("00A4040C07A0000000871002");
    assert_eq!(terminal.send("00B0870009"), "6982");
}

/// TS 102 221 §9.4.1.
#[test]
fn the_universal_pin_is_no_applications_and_stays_verified() {
    let mut image = enabled();
    for (reference, value) in
        [(KeyReference::UNIVERSAL, *b"9999\xFF\xFF\xFF\xFF"), (KeyReference(0x82), *b"8888\xFF\xFF\xFF\xFF")]
    {
        let directory = Some(vec![0x3F00, 0x7FFF]);
        image.pins.push(PinImage { reference, value, directory, ..image.pins[0].clone() });
    }
    image.files.iter_mut().filter(|file| file.path == [0x3F00, 0x7FFF, 0x6F07]).for_each(|imsi| {
        let rule = hex::decode("800101A406830111950108800102A406830182950108").unwrap();
        imsi.security = SecurityAttributes::Expanded(rule);
    });
    let mut terminal = terminal(&image);
    terminal.ok("00A4040C07A0000000871002");
    terminal.ok("0020001108 39393939FFFFFFFF");
    terminal.ok("0020008208 38383838FFFFFFFF");
    terminal.ok("00D687000108");
    terminal.ok("00A4044C07A0000000871002");
    terminal.ok("00A4040C07A0000000871002");
    terminal.ok("00B0870001");
    assert_eq!(terminal.send("00D687000108"), "6982", "the application's own PIN does not");
}

#[test]
fn select_tells_which_pins_are_enabled() {
    let mut terminal = Terminal::default();
    let status = |terminal: &mut Terminal| {
        let template = terminal.ok("00A40004023F0000");
        template[template.find("C60C").unwrap()..].to_owned()
    };
    assert_eq!(status(&mut terminal), "C60C90016083010183018183010A");
    terminal.ok(ENABLE);
    assert_eq!(status(&mut terminal), "C60C9001E083010183018183010A");
}

#[test]
fn wrong_parameters_are_told_apart() {
    let mut terminal = Terminal::default();
    for (apdu, status) in [
        ("00200101", "6A86"),
        ("00200000", "6A86"),
        ("00200061", "6A86"),
        ("00200002", "6A88"),
        ("0020000104 30303030", "6700"),
        ("0024000108 30303030FFFFFFFF", "6700"),
        ("0026800108 30303030FFFFFFFF", "6A86"),
        ("8020000108 30303030FFFFFFFF", "6E00"),
    ] {
        assert_eq!(terminal.send(apdu), status, "{apdu}");
    }
}

/// Wherever power is lost, no try is gained, and the PIN is the old one or the new one.
#[test]
fn power_loss_gives_no_try_away_and_leaves_no_half_of_a_pin() {
    for (before, command, last) in
        [(WRONG, VERIFY, 1), (WRONG, WRONG, 1), (WRONG, CHANGE, 1), (WRONG, DISABLE, 1)]
    {
        for tear in 0.. {
            let mut terminal = terminal(&enabled());
            terminal.send(before);
            terminal.card.memory_mut().tear_after(Some(tear));
            let answer = terminal.send(command);
            let torn = terminal.card.memory().is_torn();
            terminal.card.memory_mut().tear_after(None);
            assert_eq!(answer == "6F00", torn);
            terminal.card.power_on(Instant::EPOCH);
            terminal.ok(IMSI);
            let is_open = terminal.send("00B0000009") != "6982";
            assert!(!is_open || command == DISABLE, "verified before reset only");
            let tries = terminal.send("00200001");
            let answers = [VERIFY, "0020000108 32323232FFFFFFFF"].map(|apdu| terminal.send(apdu));
            let right = answers.iter().filter(|&answer| answer == "9000").count();
            assert_eq!(right, usize::from(!is_open), "{command} torn after {tear}: {answers:?}");
            if torn {
                assert!(["63C1", "63C2", "63C3"].contains(&&*tries), "{tries}");
                assert!(command != WRONG || tries != "63C3", "a wrong value brings no try back");
            } else {
                assert!(tear >= last);
                break;
            }
        }
    }
}

#[test]
fn power_loss_unblocks_all_or_nothing() {
    for tear in 0.. {
        let mut image = enabled();
        image.pins[0].retries = 0;
        let mut terminal = terminal(&image);
        terminal.card.memory_mut().tear_after(Some(tear));
        terminal.send(UNBLOCK);
        let torn = terminal.card.memory().is_torn();
        terminal.card.memory_mut().tear_after(None);
        terminal.card.power_on(Instant::EPOCH);
        let answer = terminal.send("0020000108 33333333FFFFFFFF");
        assert!(answer == "9000" || (torn && answer == "6983"), "{answer}");
        if !torn {
            break;
        }
    }
}
