//! READ BINARY and UPDATE BINARY (TS 102 221 §11.1.3, §11.1.4).

use crate::terminal::Terminal;

#[test]
fn octets_are_read_and_written_from_an_offset() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C022F05");
    assert_eq!(terminal.ok("00B0000000"), "656EFFFF");
    terminal.ok("00D60002026465");
    assert_eq!(terminal.ok("00B0000102"), "6E64");
    assert_eq!(terminal.ok("00B0000000"), "656E6465");
    assert_eq!(terminal.ok("00B00000000000"), "656E6465", "extended Le");
}

#[test]
fn reading_past_the_end_is_a_warning() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C022F05");
    assert_eq!(terminal.send("00B0000208"), "FFFF 6282");
    assert_eq!(terminal.send("00B0000500"), "6B00");
}

#[test]
fn a_short_file_identifier_selects_the_file() {
    let mut terminal = Terminal::default();
    assert_eq!(terminal.ok("00B082000A"), "980001010000000010F9");
    assert_eq!(terminal.ok("00B0000001"), "98", "which is current now");
    assert_eq!(terminal.ok("00B0850002"), "656E");
    assert_eq!(terminal.send("00B0890000"), "6A82");
    assert_eq!(terminal.send("00B0A00000"), "6A86");
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut terminal = Terminal::default();
    for (select, apdu, status) in [
        ("00A4000C023F00", "00B0000000", "6986"),
        ("00A4000C022F00", "00B0000000", "6981"),
        ("00A4000C022F05", "00D6000005 0000000000", "6700"),
        ("00A4000C022F05", "00D6000400", "6700"),
        ("00A4000C022F05", "00D600040100", "6B00"),
        ("00A4000C022FE2", "00D600000100", "6982"),
    ] {
        terminal.ok(select);
        assert_eq!(terminal.send(apdu), status, "{select} {apdu}");
    }
}
