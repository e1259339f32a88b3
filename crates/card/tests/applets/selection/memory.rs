//! What selection and deselection leave in memory.

use super::*;

#[test]
fn what_an_applet_has_left_open_is_taken_back() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    assert_eq!(terminal.send(&format!("00{FAIL:02X}0000")), "6A80");
    assert_eq!(terminal.ok(&format!("00{STORE:02X}000000")), "0000");
    assert_eq!(terminal.send(&format!("00{FORGET:02X}0000")), "9000");
    assert_eq!(terminal.ok(&format!("00{STORE:02X}000000")), "0000");
}

#[test]
fn memory_that_is_clear_on_deselect_is_and_memory_that_is_clear_on_reset_is_not() {
    let leave: [fn(&mut Terminal); 4] = [
        |terminal| drop(terminal.ok(&select(1, USIM))),
        |terminal| drop(terminal.ok(&select(1, FIRST))),
        |terminal| {
            terminal.ok("00708001");
            terminal.ok("0070000001");
        },
        |terminal| {
            terminal.card.lock(&aid(FIRST)).unwrap();
            terminal.card.unlock(&aid(FIRST)).unwrap();
        },
    ];
    for leave in leave {
        let mut terminal = two();
        terminal.ok("0070000001");
        terminal.ok(&select(0, SECOND));
        terminal.ok(&select(1, FIRST));
        for channel in [0, 1] {
            terminal.ok(&format!("0{channel}{KEEP:02X}0000"));
        }
        assert_eq!(kept(&mut terminal, 1), "7777");
        leave(&mut terminal);
        terminal.ok(&select(1, FIRST));
        assert_eq!(kept(&mut terminal, 1), "0077");
        assert_eq!(kept(&mut terminal, 0), "7777", "another package");
    }
}

/// Java Card Runtime Environment Specification §4.6.
#[test]
fn memory_that_is_clear_on_deselect_stays_while_one_of_the_package_is_selected() {
    let mut terminal = package([FIRST, SECOND].map(Probe::multi_selectable));
    terminal.ok("0070000001");
    terminal.ok(&select(0, FIRST));
    terminal.ok(&select(1, SECOND));
    for channel in [0, 1] {
        terminal.ok(&format!("0{channel}{KEEP:02X}0000"));
    }
    terminal.ok(&select(0, USIM));
    terminal.ok(&select(0, FIRST));
    assert_eq!(kept(&mut terminal, 0), "7777");
    terminal.ok(&select(0, USIM));
    terminal.ok("00708001");
    for applet in [FIRST, SECOND] {
        terminal.ok(&select(0, applet));
        assert_eq!(kept(&mut terminal, 0), "0077", "{applet}");
    }
}

/// Java Card Runtime Environment Specification §4.5, §5.2.
#[test]
fn an_applet_whose_selection_fails_has_its_clear_on_deselect_memory_cleared() {
    for has_too_much in [false, true] {
        let fickle = Fickle { has_too_much, heap: Vec::new() };
        let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(fickle));
        assert_eq!(terminal.send(&select(0, FIRST)), "6999", "{has_too_much}");
        assert_eq!(current(&mut terminal, 0), "6985");
        assert_eq!(terminal.ok(&select(0, FIRST)), "00");
    }
}
