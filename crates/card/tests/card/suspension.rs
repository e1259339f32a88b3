//! SUSPEND UICC (TS 102 221 §11.1.22).
//!
//! `8076000000`, `8076000003FF` and `8076000005…` are tests of onomondo-uicc (tests/suspend).

use oxisim_card::{Card, Profile};
use oxisim_wire::Instant;

use crate::{
    hello::{HELLO_DONE, Hello, MENU_DONE, PROFILE, SELECT_HELLO},
    terminal::Terminal,
};

const SUSPEND: &str = "8076000004 0001 00FF 0A";
const PIN: &str = "0020000108 30303030FFFFFFFF";

/// A card in the middle of things: PIN 1 verified, `EF_IMSI` of the SIM selected, channel 1 in `DF_TELECOM`.
fn busy() -> Terminal {
    let mut image = Profile::default().image();
    image.pins[0].enabled = true;
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    terminal.ok("0070000001");
    terminal.ok("01A4000C027F10");
    terminal.ok("00A4080C047F206F07");
    terminal.ok(PIN);
    terminal
}

/// Suspends; the token.
fn suspend(terminal: &mut Terminal) -> String {
    let answer = terminal.ok(SUSPEND);
    let (duration, token) = answer.split_at(4);
    assert_eq!((duration, token.len()), ("00FF", 16));
    token.to_owned()
}

/// Power goes and comes again.
fn power_cycle(terminal: &mut Terminal) {
    terminal.card.power_off();
    terminal.card.power_on(Instant::EPOCH);
}

fn resume(token: &str) -> String {
    format!("8076010008{token}")
}

#[test]
fn a_resumed_card_is_where_it_was() {
    let mut terminal = busy();
    let token = suspend(&mut terminal);
    power_cycle(&mut terminal);
    terminal.ok("80AA000005 A903810100");
    terminal.ok(&resume(&token));
    assert_eq!(terminal.ok("00B0000002"), "0809", "file and PIN");
    assert!(terminal.ok("81F2000000").contains("83027F10"), "channel");
    assert_eq!(terminal.send(&resume(&token)), "6985", "it is resumed once");
}

#[test]
fn a_card_that_is_not_resumed_starts_anew() {
    for between in ["00A4000C023F00", "80F2000C", "0001000000", "00", "80100000 01FF"] {
        let mut terminal = busy();
        let token = suspend(&mut terminal);
        power_cycle(&mut terminal);
        terminal.send(between);
        assert_eq!(terminal.send(&resume(&token)), "6985", "{between}");
        assert_eq!(terminal.send("81F2000000"), "6881");
        terminal.ok("00A4080C047F206F07");
        assert_eq!(terminal.send("00B0000002"), "6982", "the PIN is to be verified again");
    }
}

#[test]
fn a_command_after_suspending_goes_on_with_the_session_and_forgets_the_token() {
    let mut terminal = busy();
    let token = suspend(&mut terminal);
    assert_eq!(terminal.ok("00B0000002"), "0809");
    power_cycle(&mut terminal);
    assert_eq!(terminal.send(&resume(&token)), "6985");
}

#[test]
fn a_wrong_token_resumes_nothing() {
    let mut terminal = busy();
    let token = suspend(&mut terminal);
    power_cycle(&mut terminal);
    let wrong = format!("{:016X}", u64::from_str_radix(&token, 16).unwrap() ^ 1);
    assert_eq!(terminal.send(&resume(&wrong)), "6982");
    assert_eq!(terminal.send("8076010007 00000000000000"), "6700");
    terminal.ok(&resume(&token));
    assert_ne!(suspend(&mut terminal), token, "each suspension has its own");
}

#[test]
fn the_token_can_be_fetched_with_get_response() {
    let mut terminal = busy();
    assert_eq!(terminal.send(&SUSPEND[..SUSPEND.len() - 2]), "610A");
    let token = terminal.ok("00C000000A")[4..].to_owned();
    power_cycle(&mut terminal);
    terminal.ok(&resume(&token));
}

#[test]
fn durations_are_agreed_upon() {
    for (durations, answer) in [
        ("0001 00FF", "00FF"),
        ("0000 0000", "0000"),
        ("0101 0201", "0201"),
        ("0101 0402", "0401"),
        ("030A 0401", "0401"),
        ("030B 0402", " 9864"),
        ("0102 0101", " 6A80"),
        ("0501 0501", " 6A80"),
    ] {
        let said = Terminal::default().send(&format!("8076000004 {durations} 0A"));
        assert!(said.starts_with(answer.trim_start()), "{durations}: {said}");
    }
}

#[test]
fn wrong_parameters_are_told_apart() {
    let mut terminal = Terminal::default();
    for (apdu, status) in [
        ("8076000000", "6700"),
        ("8076000003 FFFFFF", "6700"),
        ("8076000005 000100FFAA FF", "6700"),
        ("8076020004 000100FF 0A", "6A86"),
        ("8076000104 000100FF 0A", "6A86"),
        ("8076000004 000100FF 09", "6C0A"),
        ("0076000004 000100FF 0A", "6E00"),
        ("8076010008 0000000000000000", "6985"),
    ] {
        assert_eq!(terminal.send(apdu), status, "{apdu}");
    }
    terminal.ok("0070000001");
    assert_eq!(terminal.send("8176000004 000100FF 0A"), "6881");
}

#[test]
fn applets_go_on_where_they_were_or_register_again() {
    let card = || Card::new(&Profile::default()).with_applet(Hello::default());
    let mut terminal = Terminal::with(card());
    let answer = terminal.send(PROFILE);
    assert!(answer.starts_with("91"), "a menu waits: {answer}");
    let token = suspend_with(&mut terminal);
    power_cycle(&mut terminal);
    assert_eq!(terminal.send(&resume(&token)), answer, "it still waits");

    let token = suspend_with(&mut terminal);
    power_cycle(&mut terminal);
    assert_eq!(terminal.send("80F2000C"), "9000", "a new session has no terminal profile");
    assert_eq!(terminal.send(PROFILE), answer, "and its menu, once");
    assert_eq!(terminal.send(&resume(&token)), "6985");
}

/// What an applet knew without power is still known: it hears the answer to what it has asked.
#[test]
fn a_proactive_command_can_be_answered_after_the_card_was_suspended() {
    let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(Hello::default()));
    let times_read = |terminal: &Terminal| {
        let mut objects = terminal.card.memory().objects();
        objects.find(|(name, _)| name.starts_with("applet/")).map(|(_, octets)| octets[0])
    };
    for apdu in [PROFILE, "8012000000", MENU_DONE, SELECT_HELLO, "8012000000"] {
        assert!(terminal.send(apdu).contains('9'), "{apdu}");
    }
    let token = suspend(&mut terminal);
    power_cycle(&mut terminal);
    terminal.ok(&resume(&token));
    assert_eq!(times_read(&terminal), Some(0));
    terminal.ok(HELLO_DONE);
    assert_eq!(times_read(&terminal), Some(1));
}

#[test]
fn a_card_that_gets_another_applet_starts_anew() {
    let mut terminal = busy();
    let token = suspend(&mut terminal);
    terminal.card.power_off();
    let mut terminal = Terminal::with(terminal.card.with_applet(Hello::default()));
    assert_eq!(terminal.send(&resume(&token)), "6985");
}

/// Suspends while a proactive command waits; the token.
fn suspend_with(terminal: &mut Terminal) -> String {
    let answer = terminal.send(SUSPEND);
    assert!(answer[20..].starts_with(" 91"), "{answer}");
    answer[4..20].to_owned()
}
