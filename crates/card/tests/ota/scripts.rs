//! Scripts in expanded format (TS 102 226 §5.2); those in compact format are in `files`.

use crate::platform::Platform;

/// What is answered to a script.
fn answer(data: &str) -> String {
    Platform::new().script(data)
}

const SELECT_SPN: &str = "22 07 00A4000C026F46";

#[test]
fn each_response_and_the_last_status_word_come_back() {
    assert_eq!(answer("AA09 2207 00A4000C026F46"), "AB0780010123029000");
    let read = "AA10 2207 00A4000C026F46 2205 00B0000002";
    assert_eq!(answer(read), "AB09800102 2304016F9000".replace(' ', ""));
    let twice = "AA17 2207 00A4000C026F46 2205 00B0000001 2205 00B0000001";
    assert_eq!(answer(twice), "AB0D800103 2303019000 2303019000".replace(' ', ""));
}

#[test]
fn an_error_ends_the_script() {
    let script = "AA19 2207 00A4000C026FFF 2207 00A4000C026F46 2205 00B0000002";
    assert_eq!(answer(script), "AB07800101 23026A82".replace(' ', ""));
}

#[test]
fn a_script_of_indefinite_length_is_answered_in_kind() {
    let script = format!("AE80 {SELECT_SPN} 2205 00B0000001 0000");
    assert_eq!(answer(&script), "AF80 23029000 2303019000 0000".replace(' ', ""));
}

#[test]
fn what_is_badly_coded_is_said_after_what_was_done() {
    for (script, response) in [
        ("AA0B 2207 00A4000C026F46 4200", "AB0A800101 23029000 900101"),
        ("AA0A 2207 00A4000C026F46 22", "AB0A800101 23029000 900103"),
        ("AA0B 2207 00A4000C026F46 2203", "AB0A800101 23029000 900102"),
        ("AA08 2206 00A4000C026F", "AB06800100 900102"),
        ("AA04 8202 8100", "AB06800100 900101"),
        ("AA05", "AB06800100 900102"),
        ("AA", "AB06800100 900103"),
    ] {
        assert_eq!(answer(script), response.replace(' ', ""), "{script}");
    }
}

#[test]
fn responses_that_do_not_fit_are_cut_and_the_last_status_word_is_told() {
    let read = "2207 00A4000C023F00 2207 00A4000C027F10 2207 00A4000C026F3C 2205 00B2010400 2205 00B2010400";
    let octets = read.replace(' ', "").len() / 2;
    let answer = answer(&format!("AA{octets:02X} {read}"));
    let octets = hex::decode(&answer).unwrap();
    assert!(octets.len() <= 128 - 3 - 6 - 7 - 8, "{}", octets.len());
    assert_eq!(octets[..5], [0xAB, octets[1], 0x80, 0x01, 0x05]);
    assert!(answer.ends_with("230262F1"), "{answer}");
}

#[test]
fn no_script_is_answered_with_no_command() {
    assert_eq!(answer(""), "009000");
}
