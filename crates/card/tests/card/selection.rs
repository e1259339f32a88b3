//! SELECT and STATUS (TS 102 221 §8.4, §11.1.1, §11.1.2).

use oxisim_card::{
    Aid, Card, Profile,
    image::{FileImage, FileKind},
};

use crate::terminal::Terminal;

const USIM: &str = "A0000000871002FFFFFFFF8907090000";

/// The current directory.
fn current(terminal: &mut Terminal) -> String {
    let fcp = terminal.ok("80F2000000");
    let fid = fcp.split_once("8302").map(|(_, rest)| rest[..4].to_owned());
    fid.unwrap_or_else(|| if fcp.contains(USIM) { "ADF".into() } else { fcp })
}

#[test]
fn after_reset_the_mf_is_selected() {
    let mut terminal = Terminal::default();
    assert_eq!(current(&mut terminal), "3F00");
    assert_eq!(terminal.send("80F20001 00"), "6985", "no application");
}

#[test]
fn select_by_identifier_reaches_children_siblings_parent_and_itself() {
    let mut terminal = Terminal::default();
    for (fid, now) in [
        ("7F10", "7F10"),
        ("6F3A", "7F10"),
        ("6F4A", "7F10"),
        ("7F20", "7F20"), // a DF beside the current one
        ("7F20", "7F20"),
        ("6F07", "7F20"),
        ("3F00", "3F00"),
        ("2FE2", "3F00"),
    ] {
        assert!(terminal.ok(&format!("00A4000402{fid}00")).contains(&format!("8302{fid}")));
        assert_eq!(current(&mut terminal), now);
    }
    for unreachable in ["6F3A", "4F30", "7FFF", "0000"] {
        assert_eq!(terminal.send(&format!("00A4000C02{unreachable}")), "6A82", "{unreachable}");
    }
    assert_eq!(terminal.ok("00B0000002"), "9800", "a failed SELECT changes nothing");
}

#[test]
fn select_by_path_starts_at_the_mf_or_at_the_current_directory() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F3A");
    assert_eq!(current(&mut terminal), "7F10");
    assert!(terminal.ok("00A40904026F4A00").contains("83026F4A"));
    assert_eq!(terminal.send("00A4080C047FFF6F07"), "6A82", "no application yet");
    terminal.ok(&format!("00A4040C10{USIM}"));
    assert!(terminal.ok("00A40804067FFF5F3B4F2000").contains("83024F20"));
    assert_eq!(current(&mut terminal), "5F3B");
    assert_eq!(terminal.send("00A4080C037F106F"), "6700");
}

#[test]
fn child_and_parent_directories_can_be_selected_as_such() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4010C027F10");
    assert_eq!(current(&mut terminal), "7F10");
    assert_eq!(terminal.send("00A4010C026F3A"), "6A82", "an EF is no child DF");
    terminal.ok("00A4030C");
    assert_eq!(current(&mut terminal), "3F00");
}

#[test]
fn an_application_is_selected_by_its_aid_or_the_start_of_it() {
    let mut terminal = Terminal::default();
    for aid in [USIM, "A0000000871002", "A000000087"] {
        terminal.ok("00A4000C023F00");
        terminal.ok(&format!("00A4040C{:02X}{aid}", aid.len() / 2));
        assert_eq!(current(&mut terminal), "ADF");
        assert_eq!(terminal.ok("80F2000100"), format!("8410{USIM}"));
    }
    assert_eq!(terminal.send("00A4040C07A0000000871004"), "6A82");
    assert_eq!(terminal.send("00A4040E07A0000000871002"), "6A82", "there is no next one");
}

#[test]
fn the_current_application_stays_while_another_directory_is_selected() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4040C07A0000000871002");
    terminal.ok("00A4080C047F106F3A");
    terminal.ok("00A4000C027FFF");
    assert_eq!(current(&mut terminal), "ADF");
    terminal.ok("00A4000C026F07");
    assert_eq!(terminal.ok("00B0000009"), "080910100000000010");
}

#[test]
fn an_application_session_can_be_ended() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4040C07A0000000871002");
    terminal.ok("00A4044C07A0000000871002");
    assert_eq!(terminal.send("00A4000C027FFF"), "6A82");
}

/// TS 102 221 §11.1.1.2 and ISO/IEC 7816-4 §7.1.1: the FCP template, also for a terminal that asks for the FCI.
#[test]
fn select_says_as_much_as_it_is_asked() {
    let mut terminal = Terminal::default();
    let fcp = terminal.ok("00A40004023F0000");
    assert!(fcp.starts_with("62"), "{fcp}");
    assert_eq!(terminal.ok("00A40000023F0000"), fcp);
    terminal.ok("00A4000C027F10");
    assert_eq!(terminal.ok("00A4000400"), fcp, "the MF without its identifier");
    assert_eq!(terminal.ok("00A4000C023F00"), "");
    assert_eq!(terminal.ok("00A4000C023F0000"), "");
    assert_eq!(terminal.ok("00A4040007A000000087100200"), terminal.ok("00A4040407A000000087100200"));
}

/// TS 102 221 §11.1.1.2: a child comes before the parent, and the parent before a directory beside the current one.
#[test]
fn of_files_with_the_same_identifier_the_nearest_is_selected() {
    let mut image = Profile::default().image();
    let directory = |path: &[u16]| FileImage { path: path.to_vec(), ..image.files[0].clone() };
    let files = [
        directory(&[0x3F00, 0x5F01]),
        directory(&[0x3F00, 0x5F01, 0x5F02]),
        directory(&[0x3F00, 0x5F01, 0x5F01]),
        directory(&[0x3F00, 0x5F01, 0x5F02, 0x5F01]),
        directory(&[0x3F00, 0x5F01, 0x5F02, 0x5F03]),
        directory(&[0x3F00, 0x5F01, 0x5F03]),
    ];
    image.files.extend(files);
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    let mut depth = |path: &str, fid: &str| {
        terminal.ok(&format!("00A4080C{:02X}{path}", path.len() / 2));
        terminal.ok(&format!("00A4000C02{fid}"));
        (1..9).find(|_| {
            terminal.ok("00A4030C");
            current(&mut terminal) == "3F00"
        })
    };
    assert_eq!(depth("5F015F02", "5F01"), Some(3), "the child, not the parent");
    assert_eq!(depth("5F015F03", "5F01"), Some(1), "the parent, not the one beside");
    assert_eq!(depth("5F015F02", "5F03"), Some(3), "the child, not the one beside");
    assert_eq!(depth("5F015F01", "5F03"), Some(2), "the one beside");
}

/// The default card with two applications more, whose AIDs begin as the USIM's does.
fn three_applications() -> Terminal {
    let mut image = Profile::default().image();
    for (fid, last) in [(0x7FE1, 1), (0x7FE2, 2)] {
        let aid = Aid::new(&[&hex::decode("A0000000871002").unwrap()[..], &[last]].concat());
        let master = image.files[0].clone();
        image.files.push(FileImage {
            path: vec![0x3F00, fid],
            kind: FileKind::Directory { aid, pin_status: Vec::new() },
            identified: false,
            ..master
        });
    }
    Terminal::with(Card::from_image(&image).unwrap())
}

#[test]
fn applications_with_the_same_start_of_their_name_are_gone_through() {
    let mut terminal = three_applications();
    let (first, second, third) = (format!("8410{USIM}"), "8408A000000087100201", "8408A000000087100202");
    for (occurrence, now) in [
        ("00", &*first),
        ("02", second),
        ("02", third),
        ("02", ""),
        ("03", second),
        ("03", &first),
        ("03", ""),
        ("01", third),
        ("00", &first),
    ] {
        let answer = terminal.send(&format!(
            "00A404{:02X}07A0000000871002",
            0x0C | u8::from_str_radix(occurrence, 16).unwrap()
        ));
        if now.is_empty() {
            assert_eq!(answer, "6A82", "{occurrence}");
        } else {
            assert_eq!((&*answer, &*terminal.ok("80F2000100")), ("9000", now), "{occurrence}");
        }
    }
    terminal.ok("00A4040C08A000000087100202");
    assert_eq!(terminal.ok("80F2000100"), third);
    assert_eq!(terminal.send("00A4000C027FE2"), "6A82", "it has no identifier");
    terminal.ok("00A4000C027FFF");
}

#[test]
fn ending_a_session_names_the_application_that_is_current() {
    let mut terminal = three_applications();
    terminal.ok("00A4040C08A000000087100201");
    assert_eq!(terminal.send("00A4044C08A000000087100202"), "6A82");
    assert_eq!(terminal.ok("80F2000100"), "8408A000000087100201");
    terminal.ok("00A4044C08A000000087100201");
    assert_eq!(terminal.send("80F2000100"), "6985");
    assert_eq!(current(&mut terminal), "3F00");
}

#[test]
fn status_tells_the_directory_the_application_or_nothing() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F3A");
    let fcp = terminal.ok("00A40004027F1000");
    terminal.ok("00A4000C026F3A");
    for p1 in ["00", "01", "02"] {
        assert_eq!(terminal.ok(&format!("80F2{p1}0000")), fcp, "the directory, not the EF");
        assert_eq!(terminal.ok(&format!("80F2{p1}0C")), "");
        assert_eq!(terminal.ok(&format!("80F2{p1}0C00")), "");
    }
    assert_eq!(terminal.ok(&format!("80F20000{:02X}", fcp.len() / 2)), fcp);
    assert_eq!(terminal.ok("80F20000FF"), fcp, "more room than it takes");
}

#[test]
fn wrong_parameters_are_told_apart() {
    let mut terminal = Terminal::default();
    for (apdu, status) in [
        ("00A4000802 3F00", "6A86"),
        ("00A4800C02 3F00", "6A86"),
        ("00A4004C02 3F00", "6A86"),
        ("00A4042C07 A0000000871002", "6A86"),
        ("00A4046C07 A0000000871002", "6A86"),
        ("00A4000D02 3F00", "6A86"),
        ("00A4050C02 3F00", "6A86"),
        ("00A4000C01 3F", "6700"),
        ("80F2030000", "6A86"),
        ("80F2000200", "6A86"),
        ("80F2000001", "6C28"),
    ] {
        assert_eq!(terminal.send(apdu), status, "{apdu}");
    }
}
