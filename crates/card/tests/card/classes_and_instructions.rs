//! What is refused before a command is looked at (TS 102 221 §10.2.1.5).

use oxisim_card::{Card, Profile};
use oxisim_wire::Instant;

use crate::terminal::Terminal;

#[test]
fn classes_and_instructions_that_are_not_there_are_refused_by_name() {
    let mut terminal = Terminal::default();
    for (apdu, status) in [
        ("0001000001", "6D00"),
        ("80A40000023F00", "6E00"),
        ("00F2000000", "6E00"),
        ("20A40000023F00", "6E00"),
        ("A1A40000023F00", "6E00"),
        ("FFA40000023F00", "6E00"),
        ("01A40000023F00", "6881"),
        ("40A40000023F00", "6881"),
        ("0CA40000023F00", "6882"),
        ("10A40000023F00", "6800"),
        ("", "6700"),
        ("00A4", "6700"),
        ("00A4000002 3F", "6700"),
        ("00A4000000 00", "6700"),
    ] {
        assert_eq!(terminal.send(apdu), status, "{apdu}");
    }
}

#[test]
fn commands_that_have_no_data_field_are_refused_with_one() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4000C022FE2");
    for header in ["80F20000", "00B00000", "00B2F404", "00700000", "00840000", "80120000"] {
        assert_eq!(terminal.send(&format!("{header}01AA")), "6700", "{header}");
        assert_eq!(terminal.send(&format!("{header}01AA01")), "6700", "{header}");
    }
    assert_eq!(terminal.ok("0070000001"), "01", "none was opened");
}

#[test]
fn a_card_without_power_answers_with_a_technical_problem() {
    let mut terminal = Terminal { card: Card::new(&Profile::default()) };
    assert_eq!(terminal.send("80F2000000"), "6F00");
    terminal.card.power_on(Instant::EPOCH);
    terminal.ok("80F2000000");
    terminal.card.power_off();
    assert_eq!(terminal.send("80F2000000"), "6F00");
}
