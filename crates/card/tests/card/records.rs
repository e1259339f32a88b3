//! READ RECORD and UPDATE RECORD (TS 102 221 §11.1.5, §11.1.6).

use crate::terminal::Terminal;

/// `EF_EXT1`, all of whose records are 00 FF …
fn ext1() -> Terminal {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F4A");
    terminal
}

fn record(first: u8) -> String {
    format!("{first:02X}{}", "FF".repeat(12))
}

fn update(terminal: &mut Terminal, number: u8, first: u8) {
    terminal.ok(&format!("00DC{number:02X}040D{}", record(first)));
}

#[test]
fn a_record_that_was_written_is_read_back() {
    let mut terminal = ext1();
    update(&mut terminal, 30, 0x02);
    assert_eq!(terminal.ok("00B21E0400"), record(0x02));
    assert_eq!(terminal.ok("00B21E040D"), record(0x02));
    assert_eq!(terminal.ok("00B2010400"), record(0x00));
}

#[test]
fn next_and_previous_walk_and_stop_at_the_ends() {
    let mut terminal = ext1();
    for number in 1..=30 {
        update(&mut terminal, number, number);
    }
    assert_eq!(terminal.send("00B2000400"), "6A83", "no current record yet");
    assert_eq!(terminal.ok("00B2000200"), record(1));
    assert_eq!(terminal.ok("00B2000200"), record(2));
    assert_eq!(terminal.ok("00B2000400"), record(2), "current");
    assert_eq!(terminal.ok("00B2090400"), record(9), "absolute reading leaves the pointer");
    assert_eq!(terminal.ok("00B2000300"), record(1));
    assert_eq!(terminal.send("00B2000300"), "6A83");
    terminal.ok("00A4000C026F4A");
    assert_eq!(terminal.ok("00B2000300"), record(30), "previous of nothing is the last");
    assert_eq!(terminal.send("00B2000200"), "6A83");
}

#[test]
fn the_latest_record_of_a_cyclic_file_is_number_1() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F44");
    for latest in 1..=11 {
        terminal.ok(&format!("00DC00031C{latest:02X}{}", "00".repeat(27)));
    }
    assert!(terminal.ok("00B2010400").starts_with("0B"));
    assert!(terminal.ok("00B20A0400").starts_with("02"), "the oldest was overwritten");
    assert!(terminal.ok("00B2000300").starts_with("02"), "before the first comes the last");
    assert!(terminal.ok("00B2000200").starts_with("0B"), "and after the last the first");
    assert_eq!(terminal.send(&format!("00DC01041C{}", "00".repeat(28))), "6981");
}

#[test]
fn a_short_file_identifier_selects_the_file() {
    let mut terminal = Terminal::default();
    assert!(terminal.ok("00B201F400").starts_with("61184F10A0000000871002"), "EF_DIR, 1E");
    assert!(terminal.ok("00B2010400").starts_with("61"), "which is current now");
    assert_eq!(terminal.send("00B2018C00"), "6A82");
    assert_eq!(terminal.send("00B201FC00"), "6A86");
}

#[test]
fn the_phonebook_is_one_under_both_paths() {
    let mut terminal = Terminal::default();
    let contact = format!("48656C6C6F{}0791947106004034FFFFFFFFFFFF", "FF".repeat(9));
    terminal.ok("00A4080C047F106F3A");
    terminal.ok(&format!("00DC07041C{contact}"));
    terminal.ok("00A4080C047F105F3A");
    assert_eq!(terminal.ok("00B2070C00"), contact, "EF_ADN, SFI 01");
    terminal.ok("00A4000C024F4A");
    terminal.ok(&format!("00DC03040D{}", record(0x02)));
    terminal.ok("00A4080C047F106F4A");
    assert_eq!(terminal.ok("00B2030400"), record(0x02));
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut terminal = Terminal::default();
    for (select, apdu, status) in [
        ("00A4000C023F00", "00B2010400", "6986"),
        ("00A4000C022FE2", "00B2010400", "6981"),
        ("00A4000C022FE2", "00B2000400", "6981"),
        ("00A4000C022F00", "00B2030400", "6A83"),
        ("00A4000C022F00", "00B20104 0A", "6C2B"),
        ("00A4000C022F00", "00B2010500", "6A86"),
        ("00A4000C022F00", "00B2010200", "6A86"),
        ("00A4000C022F00", &format!("00DC01042B{}", "00".repeat(43)), "6982"),
        ("00A4080C047F106F4A", "00DC01040100", "6700"),
        ("00A4080C047F106F4A", "00DC0104", "6700"),
    ] {
        terminal.ok(select);
        assert_eq!(terminal.send(apdu), status, "{select} {apdu}");
    }
}
