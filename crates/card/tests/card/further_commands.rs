//! SEARCH RECORD, INCREASE, DEACTIVATE and ACTIVATE FILE, GET CHALLENGE, TERMINAL CAPABILITY (TS 102 221 §11.1).

use oxisim_card::{
    Card, Profile, SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind, Image},
};
use oxisim_wire::Instant;

use crate::terminal::Terminal;

const ADM: &str = "0020000A08 3030303030303030";

/// Records 1 to 5 of `EF_EXT1`: 0102…, nothing in 3, 0102… in 4 from the second octet.
fn records() -> Terminal {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F4A");
    for (number, head) in [(1, "0102"), (2, "0202"), (4, "AA0102"), (5, "0102")] {
        terminal.ok(&format!("00DC{number:02X}040D{head:F<26}"));
    }
    terminal
}

#[test]
fn search_finds_the_records_with_a_string_in_the_order_of_the_search() {
    for (apdu, answer) in [
        ("00A2010402 0102 00", "010405 9000"),
        ("00A2020402 0102 00", "0405 9000"),
        ("00A21E0502 0102 00", "050401 9000"),
        ("00A2040502 0102 00", "0401 9000"),
        ("00A2000402 0102 00", "010405 9000"),
        ("00A2000502 0102 00", "050401 9000"),
        ("00A2010403 AA0102 00", "04 9000"),
        ("00A2010402 0303", "6282"),
        ("00A21F0402 0102", "6A83"),
        ("00A201040E 0102030405060708090A0B0C0D0E", "6700"),
        ("00A2010702 0102", "6A86"),
        ("00A2010402 0102 01", "6C03"),
    ] {
        assert_eq!(records().send(apdu), answer, "{apdu}");
    }
}

#[test]
fn enhanced_search_looks_from_an_offset_or_after_a_value() {
    for (apdu, answer) in [
        ("00A2010604 0401 0102 00", "04 9000"),
        ("00A2010604 0400 0102 00", "010405 9000"),
        ("00A21E0604 0500 0102 00", "050401 9000"),
        ("00A2010604 0CAA 0102 00", "04 9000"),
        ("00A2000604 0600 0102 00", "010405 9000"),
        ("00A2000604 0700 0102 00", "050401 9000"),
        ("00A2FF0604 0600 0102 00", "010405 9000"),
        ("00A2FF0604 0400 0102", "6A83"),
        ("00A2010604 0407 0102", "6282"),
        ("00A2010604 0CEE 0102", "6282"),
        ("00A2010604 0300 0102", "6A80"),
        ("00A2010602 0400", "6700"),
        ("00A2010601 04", "6700"),
    ] {
        assert_eq!(records().send(apdu), answer, "{apdu}");
    }
    let mut terminal = records();
    terminal.ok("00A2020402 0102 00");
    assert_eq!(terminal.ok("00A2000604 0600 0102 00"), "05", "after the record found, which is current");
    assert_eq!(terminal.send("00A2000604 0600 0102"), "6282");
    assert_eq!(terminal.ok("00A2000604 0700 0102 00"), "0401");
}

#[test]
fn only_files_with_records_are_searched() {
    let mut terminal = Terminal::default();
    assert_eq!(terminal.send("00A2010402 0102"), "6986");
    terminal.ok("00A4000C022FE2");
    assert_eq!(terminal.send("00A2010402 0102"), "6981");
}

/// The default card with another call meter, such as `EF_ACM` of TS 51.011 §10.3.8.
fn call_meter() -> Image {
    let mut image = Profile::default().image();
    image.files.push(FileImage {
        path: vec![0x3F00, 0x7F20, 0x6FFA],
        kind: FileKind::Elementary {
            structure: Structure::Cyclic { record: 3 },
            size: 9,
            sfi: Sfi::Is(0x1C),
            contents: Contents::Octets(vec![0xFF, 0xFF, 0xF0, 0, 0, 2, 0, 0, 1]),
        },
        security: SecurityAttributes::Expanded(
            hex::decode("8401329000800103900080011890 00".replace(' ', "")).unwrap(),
        ),
        life_cycle: LifeCycle::Activated,
        shareable: true,
        identified: true,
        proprietary: Vec::new(),
        header: None,
    });
    image
}

#[test]
fn increase_makes_a_new_record_of_the_latest() {
    let mut terminal = Terminal::with(Card::from_image(&call_meter()).unwrap());
    terminal.ok("00A4080C047F206FFA");
    assert_eq!(terminal.ok("8032000003 00000F 00"), "FFFFFF00000F");
    assert_eq!(terminal.ok("00B2010403"), "FFFFFF");
    assert_eq!(terminal.ok("00B2020403"), "FFFFF0");
    assert_eq!(terminal.ok("00B2030403"), "000002", "the oldest is gone");
    assert_eq!(terminal.send("8032000003 000001 00"), "9850");
    assert_eq!(terminal.ok("00B2010403"), "FFFFFF");
    assert_eq!(terminal.send("8032000004 00000001 00"), "6700");
    assert_eq!(terminal.send("80329C0003 000000 01"), "6C06");
    assert_eq!(terminal.ok("80329C0001 00 00"), "FFFFFF00", "by short file identifier");
    terminal.ok("00A4080C047F206F07");
    assert_eq!(terminal.send("8032000003 000001 00"), "6981");
}

#[test]
fn a_torn_increase_is_done_or_not() {
    for tear in 0.. {
        let mut terminal = Terminal::with(Card::from_image(&call_meter()).unwrap());
        terminal.ok("00A4080C047F206FFA");
        terminal.card.memory_mut().tear_after(Some(tear));
        terminal.send("8032000003 00000F 00");
        let torn = terminal.card.memory().is_torn();
        terminal.card.power_on(Instant::EPOCH);
        terminal.ok("00A4080C047F206FFA");
        let records = ["00B2010403", "00B2020403"].map(|apdu| terminal.ok(apdu));
        assert_eq!(records, if torn { ["FFFFF0", "000002"] } else { ["FFFFFF", "FFFFF0"] });
        if !torn {
            break;
        }
    }
}

#[test]
fn a_deactivated_file_can_be_selected_and_nothing_else() {
    let mut terminal = Terminal::default();
    assert_eq!(terminal.send("00040000"), "6986");
    terminal.ok("00A4080C047F106F4A");
    assert_eq!(terminal.send("00040000"), "6982");
    terminal.ok(ADM);
    terminal.ok("00040000");
    for apdu in ["00B2010400", "00A2010402 0102"] {
        assert_eq!(terminal.send(apdu), "6984", "{apdu}");
    }
    terminal.card.power_on(Instant::EPOCH);
    let answer = terminal.send("00A40804047F106F4A00");
    assert!(answer.contains("8A0104") && answer.ends_with("6283"), "it survives: {answer}");
    terminal.ok(ADM);
    terminal.ok("00440800047F106F4A");
    terminal.ok("00B2010400");
    assert_eq!(terminal.send("00440000027F10"), "6A82", "no EF");
    assert_eq!(terminal.send("00440300"), "6A86");
}

/// TS 102 221 §11.1.14.1: a deactivated file is there for SELECT and ACTIVATE FILE only.
#[test]
fn a_deactivated_file_cannot_be_deactivated_again() {
    let mut terminal = Terminal::default();
    terminal.ok(ADM);
    terminal.ok("00040800047F106F4A");
    assert_eq!(terminal.send("00040000"), "6984");
    terminal.ok("00440000");
    terminal.ok("00440000");
    terminal.ok("00B2010400");
}

#[test]
fn the_file_that_was_deactivated_is_the_current_one_unless_it_was_not() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F206F07");
    assert_eq!(terminal.send("00040800047F106F4A"), "6982");
    terminal.ok("0020000A08 3030303030303030");
    terminal.ok("00B0000001");
    terminal.ok("00040800047F106F4A");
    assert_eq!(terminal.send("00B2010400"), "6984");
}

/// TS 102 222 Table 5: bit 7 of the file status byte, object `C0`.
#[test]
fn a_file_can_stay_readable_and_updatable_while_it_is_deactivated() {
    for (status, answer) in [("C00140", "9000"), ("C001C0", "9000"), ("C00180", "6984"), ("D00140", "6984")] {
        let mut image = call_meter();
        let meter = image.files.last_mut().unwrap();
        meter.life_cycle = LifeCycle::Deactivated;
        meter.proprietary = hex::decode(status).unwrap();
        let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
        assert!(terminal.send("00A4080C047F206FFA").ends_with("6283"), "{status}");
        assert!(terminal.send("00B2010403").ends_with(answer), "{status}");
        assert!(terminal.send("00DC000303 000000").ends_with(answer), "{status}");
    }
}

#[test]
fn a_terminated_file_can_be_selected_and_not_be_brought_back() {
    let mut image = call_meter();
    image.files.last_mut().unwrap().life_cycle = LifeCycle::Terminated;
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    assert_eq!(terminal.send("00A4080C047F206FFA"), "6285");
    assert_eq!(terminal.send("00B2010403"), "6984");
    for apdu in ["00440000", "00040000"] {
        assert_eq!(terminal.send(apdu), "6985", "{apdu}");
    }
}

#[test]
fn a_torn_deactivation_is_done_or_not() {
    for tear in 0.. {
        let mut terminal = Terminal::default();
        terminal.ok("00A4080C047F106F4A");
        terminal.ok(ADM);
        terminal.card.memory_mut().tear_after(Some(tear));
        terminal.send("00040000");
        let torn = terminal.card.memory().is_torn();
        terminal.card.power_on(Instant::EPOCH);
        let answer = terminal.send("00A4080C047F106F4A");
        assert_eq!(answer, if torn { "9000" } else { "6283" });
        if !torn {
            break;
        }
    }
}

#[test]
fn challenges_follow_from_the_seed() {
    let challenges = |seed| {
        let mut terminal = Terminal::default();
        terminal.card.seed_random(seed);
        [terminal.ok("0084000010"), terminal.ok("0084000010")]
    };
    let [one, two] = challenges(0);
    assert!(one.starts_with("E220A8397B1DCDAF6E789E6AA1B965F4"), "SplitMix64 from 0");
    assert_ne!(one, two);
    assert_eq!(challenges(7), challenges(7));
    assert_ne!(challenges(7), challenges(8));
    let mut terminal = Terminal::default();
    assert_eq!(terminal.ok("0084000003").len(), 6);
    assert_eq!(terminal.send("00840000"), "6700");
    assert_eq!(terminal.send("0084010008"), "6A86");
}

#[test]
fn a_terminal_tells_its_capability() {
    let mut terminal = Terminal::default();
    terminal.ok("80AA000005 A903810100");
    assert_eq!(terminal.send("80AA000005 A803810100"), "6A80");
    assert_eq!(terminal.send("80AA000004 A9028102"), "6A80");
    assert_eq!(terminal.send("80AA0000"), "6700");
}
