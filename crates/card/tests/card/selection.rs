//! SELECT and STATUS (TS 102 221 §8.4, §11.1.1, §11.1.2).

use crate::terminal::Terminal;

const USIM: &str = "A0000000871002FFFFFFFF8907090000";

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
        ("6F3A", "6F3A"),
        ("6F4A", "6F4A"),
        ("7F20", "7F20"), // a DF beside the current one
        ("7F20", "7F20"),
        ("6F07", "6F07"),
        ("3F00", "3F00"),
        ("2FE2", "2FE2"),
    ] {
        terminal.ok(&format!("00A4000C02{fid}"));
        assert_eq!(current(&mut terminal), now);
    }
    for unreachable in ["6F3A", "4F30", "7FFF", "0000"] {
        assert_eq!(terminal.send(&format!("00A4000C02{unreachable}")), "6A82", "{unreachable}");
    }
    assert_eq!(current(&mut terminal), "2FE2", "a failed SELECT changes nothing");
}

#[test]
fn select_by_path_starts_at_the_mf_or_at_the_current_directory() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F3A");
    assert_eq!(current(&mut terminal), "6F3A");
    terminal.ok("00A4090C026F4A");
    assert_eq!(current(&mut terminal), "6F4A");
    assert_eq!(terminal.send("00A4080C047FFF6F07"), "6A82", "no application yet");
    terminal.ok(&format!("00A4040C10{USIM}"));
    terminal.ok("00A4080C067FFF5F3A4F30");
    assert_eq!(current(&mut terminal), "4F30");
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

#[test]
fn wrong_parameters_are_told_apart() {
    let mut terminal = Terminal::default();
    for (apdu, status) in [
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
