//! Remote file management (TS 102 226 §7).

use oxisim_card::{AccessDomain, Card, KeyReference, RemoteApplication, path};

use crate::platform::{Platform, image};

/// With an access domain, and keys that count as verified.
fn with(access: AccessDomain, keys: &[KeyReference]) -> Platform {
    let mut image = image();
    for application in &mut image.remote {
        (application.access, application.keys) = (access, keys.into());
    }
    Platform::of(Card::from_image(&image).unwrap())
}

#[test]
fn a_file_of_the_usim_is_read_and_written() {
    let mut platform = Platform::new();
    assert_eq!(platform.script("00A40000026F46 00B0000008"), "029000016F786973696DFF");
    assert_eq!(platform.script("00A40000026F46 00D6000004 01414243"), "029000");
    assert_eq!(platform.contents(path::EF_SPN)[..8], *"01414243");
}

#[test]
fn each_application_begins_in_its_directory() {
    let mut usim = Platform::new();
    assert_eq!(usim.script("00A4000C026F46"), "019000", "EF_SPN");
    assert_eq!(usim.script("00A4000C022FE2"), "016A82", "EF_ICCID");
    assert_eq!(usim.script("00A4000C027FFF 00A4000C026F46"), "029000");
    assert_eq!(usim.script("00A4000C023F00 00A4000C022FE2"), "029000");
    let mut sim = usim.to(RemoteApplication::SIM_FILES);
    assert_eq!(sim.script("00A4000C022FE2"), "019000");
    assert_eq!(sim.script("00A4000C027FFF"), "016A82");
    let mut other = sim.to(RemoteApplication::USIM_FILES[1]);
    assert_eq!(other.script("00A4000C026F46"), "019000");
}

#[test]
fn the_terminals_selection_and_its_pins_are_as_they_were() {
    let mut platform = Platform::new();
    platform.apdu("00A4040C0CA0000000871002FFFFFFFF89");
    platform.apdu("00A4000C026F07");
    platform.apdu("0070000001");
    platform.apdu("01A4080C022FE2");
    let imsi = platform.apdu("00B0000009");
    assert!(imsi.ends_with("9000"));
    platform.apdu("0020008108 30303030FFFFFFFF");

    let status = platform.apdu("80F2000000");
    platform.script("00A4000C023F00 00A4000C022F05 00D6000001AA 0020000A08 3030303030303030 00A4000C027F10");
    assert_eq!(platform.apdu("00B0000009"), imsi, "EF_IMSI is selected still");
    assert_eq!(platform.apdu("01B0000002")[..2], *"98", "EF_ICCID on channel 1");
    assert_eq!(platform.apdu("80F2000000"), status);
    // EF_SPN asks for ADM1, which the script has verified and the terminal has not.
    platform.apdu("00A4000C026F46");
    assert_eq!(platform.apdu("00D600000141"), "6982");
    // EF_FDN asks for PIN 2, which the terminal has verified.
    platform.apdu("00A4000C026F3B");
    assert_eq!(platform.apdu("00DC010401FF"), "6700", "permitted, and too short");
}

#[test]
fn get_response_of_the_terminal_is_not_that_of_the_script() {
    let mut platform = Platform::new();
    platform.apdu("00A40804022FE2");
    let packet = platform.seal("00A40004023F00");
    platform.deliver(&packet);
    assert_eq!(platform.apdu("00C0000010"), "6F00", "the ENVELOPE came between");
    // And what the script leaves is nobody's.
    assert_eq!(platform.script("00C0000000"), "016F00");
}

#[test]
fn an_application_may_do_what_its_access_domain_says() {
    let update = "00A4000C026F46 00D600000141";
    assert_eq!(with(AccessDomain::FULL, &[]).script(update), "029000");
    assert_eq!(with(AccessDomain::UICC, &[KeyReference::ADM_1]).script(update), "029000");
    assert_eq!(with(AccessDomain::UICC, &[]).script(update), "026982");
    assert_eq!(with(AccessDomain::UICC, &[KeyReference::PIN_1]).script(update), "026982");
    assert_eq!(with(AccessDomain::NONE, &[KeyReference::ADM_1]).script(update), "026982");
    // Never is never.
    let never = "00A4000C023F00 00A4000C022FE2 00D600000141";
    assert_eq!(with(AccessDomain::FULL, &[]).script(never), "036982");
    // What is always allowed is not, to one that may do nothing.
    let read = "00A4000C023F00 00A4000C022FE2 00B0000001";
    assert_eq!(with(AccessDomain::UICC, &[]).script(read), "03900098");
    assert_eq!(with(AccessDomain::NONE, &[]).script(read), "036982");
}

#[test]
fn a_key_that_the_script_verifies_counts_for_it_to_its_end() {
    let mut platform = with(AccessDomain::UICC, &[]);
    let update = "00A4000C026F46 00D600000141";
    assert_eq!(platform.script(&format!("0020000A08 3030303030303030 {update}")), "039000");
    assert_eq!(platform.script(update), "026982", "the next one has to verify it again");
}

#[test]
fn a_pin_that_the_terminal_has_verified_is_not_verified_for_a_script() {
    let mut platform = with(AccessDomain::UICC, &[]);
    assert_eq!(platform.apdu("0020000A083030303030303030"), "9000");
    assert_eq!(platform.script("00A4000C026F46 00D600000141"), "026982");
}

#[test]
fn a_pin_that_a_script_blocks_is_verified_no_more() {
    let mut platform = Platform::new();
    platform.apdu("00A4040C0CA0000000871002FFFFFFFF89");
    assert_eq!(platform.apdu("002000810830303030FFFFFFFF"), "9000");
    for left in ["63C2", "63C1", "63C0"] {
        assert_eq!(platform.script("0020008108 39393939FFFFFFFF"), format!("01{left}"));
    }
    platform.apdu("00A4000C026F3B");
    assert_eq!(platform.apdu("0020008100"), "6983");
    let record = "FF".repeat(26);
    assert_eq!(platform.apdu(&format!("00DC01041A{record}")), "6982");
}

#[test]
fn pins_are_managed() {
    let mut platform = Platform::new();
    assert_eq!(platform.script("0024008110 30303030FFFFFFFF 31313131FFFFFFFF"), "019000");
    assert_eq!(platform.apdu("002000810831313131FFFFFFFF"), "9000");
    assert_eq!(platform.script("0028000108 30303030FFFFFFFF"), "019000");
    assert_eq!(platform.apdu("0020000100"), "63C3");
    assert_eq!(platform.script("0026000108 30303030FFFFFFFF"), "019000");
    assert_eq!(platform.script("002C000110 3030303030303030 32323232FFFFFFFF"), "019000");
    assert_eq!(platform.apdu("002000010832323232FFFFFFFF"), "9000");
}

#[test]
fn records_are_read_written_searched_and_increased() {
    let mut platform = Platform::new();
    let record = format!("4A414E{}", "FF".repeat(25));
    assert_eq!(platform.script("00A4000C023F00 00A4000C027F10 00A4000C026F3A 00B2010400")[..6], *"049000");
    let answer = platform.script("00A4000C023F00 00A4000C027F10 00A4000C026F3A 00B2010400");
    let length = answer[6..].len() / 2;
    let record = format!("{record:F<width$}", width = 2 * length);
    let update = format!("00DC0204{length:02X}{}", &record[..2 * length]);
    assert_eq!(platform.script(&format!("00A4000C023F00 00A4000C027F10 00A4000C026F3A {update}")), "049000");
    let search = "00A20104034A414E 00C0000000";
    let answer = platform.script(&format!("00A4000C023F00 00A4000C027F10 00A4000C026F3A {search}"));
    assert_eq!(answer, "05900002");
}

#[test]
fn files_are_deactivated_and_activated() {
    let mut platform = Platform::new();
    assert_eq!(platform.script("00A4000C026F46 0004000000 00B0000001"), "036984");
    assert_eq!(platform.script("00A4000C026F46 0044000000 00B0000001")[..6], *"039000");
}

/// CREATE FILE of a transparent file 6F99 of 4 octets with the rule of `EF_SPN`.
const CREATE: &str = "00E0000018 6216 82024121 83026F99 8A0105 8B036F0602 80020004 8800";

#[test]
fn a_file_that_a_script_creates_is_there_for_its_next_command() {
    let mut platform = Platform::new();
    let answer = platform.script(&format!("{CREATE} 00D600000401020304 00B0000004"));
    assert_eq!(answer, "03900001020304");
    platform.apdu("00A4040C0CA0000000871002FFFFFFFF89");
    platform.apdu("00A4000C026F99");
    assert_eq!(platform.apdu("00B0000004"), "010203049000", "and for the terminal");
    assert_eq!(platform.script("00E4000002 6F99"), "016985", "which has it selected");
    platform.apdu("00A4000C023F00");
    platform.apdu("00A4000C027FFF");
    assert_eq!(platform.script("00E4000002 6F99 00A4000C026F99"), "026A82");
}

#[test]
fn commands_that_are_not_for_scripts_are_refused() {
    let mut platform = Platform::new();
    for command in [
        "0070000000",
        "0088008100",
        "80C2000000",
        "8012000000",
        "8010000000",
        "80F2000000",
        "80AA000000",
        "00E6000000",
        "00FE000000",
        "0084000000",
    ] {
        assert_eq!(platform.script(command), "016D00", "{command}");
    }
    assert_eq!(platform.script("00A4040007A0000000871002"), "016A86", "no application is selected");
    assert_eq!(platform.script("01B0000001"), "016E00", "no channel");
    assert_eq!(platform.script("80B0000001"), "016E00");
}

#[test]
fn a_write_before_an_error_lasts() {
    let mut platform = Platform::new();
    let answer = platform.script("00A4000C026F46 00D6000001 41 00A4000C026FFF 00D6000001 42");
    assert_eq!(answer, "036A82");
    assert_eq!(platform.contents(path::EF_SPN)[..2], *"41");
}

#[test]
fn class_a0_works_on_the_same_files() {
    let mut platform = Platform::new().to(RemoteApplication::SIM_FILES);
    assert_eq!(platform.script("A0A40000022F05 A0D6000001AA A0B0000001"), "039000AA");
    let answer = platform.script("A0A40000023F00");
    assert_eq!(answer[..4], *"019F");
    let answer = platform.script("A0A40000023F00 A0C0000000");
    assert_eq!(&answer[..6], "029000");
    assert_eq!(
        answer[6..].len() / 2,
        usize::from_str_radix(&platform.script("A0A40000023F00")[4..], 16).unwrap()
    );
    // The exact length is found out.
    let answer = platform.script("A0A40000027F10 A0A40000026F3A A0B2010400");
    assert_eq!(&answer[..6], "039000");
}

#[test]
fn what_is_longer_than_a_report_is_cut() {
    let mut platform = Platform::new();
    platform.spi([0x12, 0x01]);
    let answer = platform.script("00A4000C026F46 00B0000000");
    assert_eq!(&answer[..6], "029000");
    assert_eq!(answer.len() / 2, 3 + 17);
    let answer = platform.script("00A4000C023F00 00A4000C027F10 00A4000C026F3C 00B2010400");
    assert_eq!(&answer[..6], "0462F1");
    // 128 octets but header, RPL, RHL, TAR, counter, padding, status.
    assert_eq!(answer.len() / 2, 128 - 3 - 2 - 1 - 3 - 5 - 1 - 1);
}
