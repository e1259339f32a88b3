//! Logical channels (TS 102 221 §8.7, §11.1.17).

use oxisim_wire::Instant;

use crate::terminal::Terminal;

/// TERMINAL CAPABILITY: the terminal knows of channels 4 to 19.
const EXTENDED: &str = "80AA000004 A9028100";

#[test]
fn channels_select_files_apart_from_each_other() {
    let mut terminal = Terminal::default();
    assert_eq!(terminal.send("01A4000C027F10"), "6881", "not open yet");
    assert_eq!(terminal.ok("0070000001"), "01");
    terminal.ok("00A4000C027F20");
    terminal.ok("01A4000C027F10");
    terminal.ok("01A4000C026F3A");
    assert_eq!(terminal.send("01A4000C026F07"), "6A82");
    terminal.ok("00A4000C026F07");
    assert!(terminal.ok("81F2000000").contains("83027F10"));
    assert!(terminal.ok("80F2000000").contains("83027F20"));
    assert_eq!(terminal.ok("00B0000001"), "08", "EF_IMSI");
    assert_eq!(terminal.send("01B0000001"), "6981", "EF_ADN");
}

#[test]
fn nineteen_channels_can_be_opened_and_closed() {
    let mut terminal = Terminal::default();
    terminal.ok(EXTENDED);
    for number in 1..=19 {
        assert_eq!(terminal.ok("0070000001"), format!("{number:02X}"));
    }
    assert_eq!(terminal.send("0070000001"), "6A81");
    assert!(terminal.ok("CFF2000000").contains("83023F00"), "channel 19");
    terminal.ok("4FA4000C027F10");
    assert!(terminal.ok("CFF2000000").contains("83027F10"));
    terminal.ok("00708013");
    assert_eq!(terminal.send("CFF2000000"), "6881");
    terminal.ok("00708004");
    assert_eq!(terminal.ok("0070000001"), "04", "the first that is free");
    assert_eq!(terminal.send("00708013"), "6881", "closed already");
    assert_eq!(terminal.send("00708000"), "6A86", "the basic channel stays");
    assert_eq!(terminal.send("00708014"), "6A86");
}

/// TS 102 221 §11.1.17.1.
#[test]
fn a_terminal_that_does_not_say_that_it_knows_more_gets_three_channels() {
    let mut terminal = Terminal::default();
    terminal.ok("80AA000005 A903800100");
    for number in 1..=3 {
        assert_eq!(terminal.ok("0070000001"), format!("{number:02X}"));
    }
    assert_eq!(terminal.send("0070000001"), "6A81");
    terminal.ok(EXTENDED);
    assert_eq!(terminal.ok("0070000001"), "04");
    terminal.card.power_on(Instant::EPOCH);
    for _ in 1..=3 {
        terminal.ok("0070000001");
    }
    assert_eq!(terminal.send("0070000001"), "6A81", "a reset forgets it");
}

/// TS 102 221 Table 11.20: a number is for closing only.
#[test]
fn the_card_chooses_the_number_of_a_channel() {
    let mut terminal = Terminal::default();
    for apdu in ["00700001", "00700005", "00700014", "00704000"] {
        assert_eq!(terminal.send(apdu), "6A86", "{apdu}");
    }
    assert_eq!(terminal.send("00700000"), "6101", "which one waits");
    assert_eq!(terminal.ok("00C0000001"), "01");
}

#[test]
fn a_channel_opened_from_another_one_inherits_its_directory_and_application() {
    let mut terminal = Terminal::default();
    terminal.ok("0070000001");
    terminal.ok("01A4040C07A0000000871002");
    terminal.ok("01A4000C026F07");
    assert_eq!(terminal.ok("0170000001"), "02");
    assert_eq!(terminal.ok("82F2000100"), "8410A0000000871002FFFFFFFF8907090000");
    assert_eq!(terminal.send("02B0000009"), "6986", "no EF");
    assert_eq!(terminal.ok("02B0870009"), "080910100000000010");
    assert_eq!(terminal.ok("0070000001"), "03");
    assert!(terminal.ok("83F2000000").contains("83023F00"));
}

#[test]
fn a_channel_can_close_itself_and_reset_closes_all() {
    let mut terminal = Terminal::default();
    terminal.ok("0070000001");
    terminal.ok("01708001");
    assert_eq!(terminal.send("81F2000000"), "6881");
    terminal.ok("0070000001");
    terminal.card.power_on(Instant::EPOCH);
    assert_eq!(terminal.send("81F2000000"), "6881");
}

#[test]
fn a_pin_verified_on_one_channel_counts_on_all() {
    let mut terminal = Terminal::default();
    terminal.ok("0028000108 30303030FFFFFFFF");
    terminal.card.power_on(Instant::EPOCH);
    terminal.ok("0070000001");
    terminal.ok("00A4080C047F206F07");
    assert_eq!(terminal.send("00B0000009"), "6982");
    terminal.ok("0120000108 30303030FFFFFFFF");
    terminal.ok("00B0000009");
}

#[test]
fn the_toolkit_is_on_the_basic_channel_only() {
    let mut terminal = Terminal::default();
    terminal.ok("0070000001");
    for apdu in ["8110000001FF", "8112000001", "81140000 0100", "81C20000 0100"] {
        assert_eq!(terminal.send(apdu), "6881", "{apdu}");
    }
}
