//! TERMINAL PROFILE, 91XX, FETCH, TERMINAL RESPONSE, ENVELOPE (TS 102 223).

use oxisim_card::{Card, Profile};

use crate::{
    hello::{HELLO, HELLO_DONE, Hello, MENU, MENU_DONE, PROFILE, SELECT_HELLO},
    terminal::Terminal,
};

fn hello() -> Terminal {
    Terminal::with(Card::new(&Profile::default()).with_applet(Hello::default()))
}

/// A terminal that has set up the menu.
fn in_session() -> Terminal {
    let mut terminal = hello();
    assert_eq!(terminal.send(PROFILE), "9118");
    terminal.ok("8012000018");
    terminal.ok(MENU_DONE);
    terminal
}

#[test]
fn an_applet_shows_a_text_when_its_entry_is_selected() {
    let mut terminal = hello();
    assert_eq!(terminal.ok("80F2000C"), "", "nothing proactive before TERMINAL PROFILE");
    assert_eq!(terminal.send(PROFILE), "9118");
    assert_eq!(terminal.ok("8012000018"), MENU);
    terminal.ok(MENU_DONE);
    assert_eq!(terminal.send(SELECT_HELLO), "9114");
    assert_eq!(terminal.ok("8012000014"), HELLO);
    terminal.ok(HELLO_DONE);
    let state = terminal.card.memory().find("applet/A00000008748454C/state").unwrap();
    assert_eq!(terminal.card.memory().read(state), [1]);
}

#[test]
fn a_waiting_command_shows_in_every_normal_ending_and_in_no_other() {
    let mut terminal = hello();
    terminal.send(PROFILE);
    assert_eq!(terminal.send("00A4000C023F00"), "9118");
    assert_eq!(terminal.send("80F2000C"), "9118");
    assert_eq!(terminal.send("00B2010400"), "6986");
    assert_eq!(terminal.send("00A4000C022F05"), "9118");
    assert_eq!(terminal.send("00B0000008"), "656EFFFF 6282");
}

#[test]
fn a_command_is_fetched_once() {
    let mut terminal = hello();
    assert_eq!(terminal.send("8012000018"), "6985");
    terminal.send(PROFILE);
    assert_eq!(terminal.send("8012000017"), "6C18", "too short");
    assert_eq!(terminal.ok("8012000000"), MENU, "00 is long enough");
    assert_eq!(terminal.send("8012000018"), "6985");
    assert_eq!(terminal.send("80F2000C"), "9000", "nothing waits while an answer is due");
}

#[test]
fn a_terminal_response_must_answer_the_command_that_was_fetched() {
    let mut terminal = hello();
    terminal.send(PROFILE);
    assert_eq!(terminal.send(MENU_DONE), "6985", "not fetched yet");
    terminal.ok("8012000018");
    assert_eq!(terminal.send(HELLO_DONE), "6A80", "another command's");
    assert_eq!(terminal.send("8014000003810301"), "6A80", "cut");
    assert_eq!(terminal.send("80140000"), "6A80", "empty");
    terminal.ok(MENU_DONE);
    assert_eq!(terminal.send(MENU_DONE), "6985", "answered already");
}

#[test]
fn the_next_command_waits_in_the_answer_to_the_terminal_response() {
    let mut terminal = hello();
    terminal.send(PROFILE);
    terminal.ok("8012000018");
    let busy = terminal.send(SELECT_HELLO);
    assert_eq!(busy, "9300");
    terminal.ok(MENU_DONE);
    terminal.send(SELECT_HELLO);
    terminal.ok("8012000014");
    terminal.ok(HELLO_DONE);
    assert_eq!(terminal.send(SELECT_HELLO), "9114", "the session is free again");
}

#[test]
fn an_envelope_that_starts_something_finds_a_session_under_way_busy() {
    const TIMER: &str = "80C200000ED70C82028281A40101A503000100";
    const SMS_PP: &str = "80C2000008D106820283810B00";
    let mut terminal = in_session();
    terminal.send(SELECT_HELLO);
    for envelope in [SELECT_HELLO, TIMER] {
        assert_eq!(terminal.send(envelope), "9300", "offered");
    }
    terminal.ok("8012000014");
    for envelope in [SELECT_HELLO, TIMER] {
        assert_eq!(terminal.send(envelope), "9300", "fetched");
    }
    assert_eq!(terminal.send("80C2000009D607990104 82028281"), "9000", "events are told at any time");
    assert_eq!(terminal.send(SMS_PP), "9300");
    terminal.ok(HELLO_DONE);
    assert_eq!(terminal.send(TIMER), "9000", "nobody's timer");
}

#[test]
fn envelopes_that_are_wrong_are_refused() {
    let mut terminal = in_session();
    for (envelope, status) in [
        ("80C2000009D38484848484848484", "6A80"),
        ("80C20000", "6A80"),
        ("80C2000002D300", "6A80"),
        ("80C2000002E900", "6A80"),
        ("80C2000009D30782020181900102", "6A88"),
        ("80C2000009D30782020181900100", "6A88"),
        ("80C2010009D30782020181900101", "6A86"),
        ("00C2000009D30782020181900101", "6E00"),
    ] {
        assert_eq!(terminal.send(envelope), status, "{envelope}");
    }
}

#[test]
fn reset_ends_the_session() {
    let mut terminal = in_session();
    terminal.send(SELECT_HELLO);
    terminal.card.power_off();
    let mut terminal = Terminal::with(terminal.card);
    assert_eq!(terminal.send("80F2000C"), "9000");
    assert_eq!(terminal.send("8012000014"), "6985");
    assert_eq!(terminal.send(PROFILE), "9118", "the menu is set up anew");
}

#[test]
fn a_terminal_without_a_menu_is_not_sent_one() {
    let mut terminal = hello();
    assert_eq!(terminal.send("80100000020101"), "9000");
    assert_eq!(terminal.send("8010000000"), "6700");
}
