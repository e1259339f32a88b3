//! Files that only one logical channel may have selected (TS 102 221 §8.8).

use oxisim_card::{Card, Profile};

use crate::terminal::Terminal;

/// The default card whose `DF_TELECOM` and `EF_ICCID` are not shareable, with channel 1 open.
fn terminal() -> Terminal {
    let mut image = Profile::default().image();
    for file in &mut image.files {
        if [&[0x3F00, 0x7F10][..], &[0x3F00, 0x2FE2]].contains(&&*file.path) {
            file.shareable = false;
        }
    }
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    terminal.ok("0070000001");
    terminal
}

#[test]
fn a_file_of_another_channel_cannot_be_selected_until_it_is_left() {
    for (select, leave) in [
        ("A4000C022FE2", "A4000C022F05"),
        ("A4000C027F10", "A4000C023F00"),
        ("A4080C047F106F3A", "A4000C023F00"),
    ] {
        let mut terminal = terminal();
        terminal.ok(&format!("00{select}"));
        terminal.ok(&format!("00{select}"));
        let second = if select.contains("7F10") { "A4000C027F10" } else { select };
        assert_eq!(terminal.send(&format!("01{second}")), "6985", "{select}");
        terminal.ok(&format!("00{leave}"));
        terminal.ok(&format!("01{second}"));
        terminal.ok("01708001");
        terminal.ok(&format!("00{second}"));
    }
}

#[test]
fn a_short_file_identifier_reaches_no_file_of_another_channel() {
    let mut terminal = terminal();
    terminal.ok("00B0820001");
    assert_eq!(terminal.send("01B0820001"), "6985");
    assert_eq!(terminal.send("01B0000001"), "6986", "and selects nothing");
}

#[test]
fn a_shareable_file_may_be_selected_twice() {
    let mut terminal = terminal();
    terminal.ok("00A4000C022F05");
    terminal.ok("01A4000C022F05");
    terminal.ok("01B0000001");
}

/// A channel begins in the directory of the one that opens it (§11.1.17), so that directory must be shareable.
#[test]
fn no_channel_is_opened_into_a_directory_that_is_not_shareable() {
    let mut terminal = terminal();
    terminal.ok("01A4000C027F10");
    assert_eq!(terminal.send("0170000001"), "6985");
    assert_eq!(terminal.ok("0070000001"), "02", "from the basic channel it begins in the MF");
}
