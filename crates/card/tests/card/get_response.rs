//! GET RESPONSE (TS 102 221 §12.1.1): programs that speak as T=0 does, and programs that say Le.

use oxisim_apdu::t0;
use oxisim_wire::Instant;

use crate::terminal::Terminal;

const SELECT_MF: &str = "00A4000402 3F00";

#[test]
fn a_command_without_le_leaves_its_response_to_get_response() {
    let mut terminal = Terminal::default();
    let fcp = terminal.ok(&format!("{SELECT_MF} 00"));
    assert_eq!(terminal.send(SELECT_MF), "6128");
    assert_eq!(terminal.ok("00C0000028"), fcp);
    for (apdu, get_response, length) in [
        ("80F20000", "00C00000", 0x28),
        ("00B08200", "00C00000", 10),
        ("00B201F4", "00C00000", 43),
        ("8084000000", "00C00000", 0),
        ("00A2010401 61", "80C00000", 1),
    ] {
        let answer = terminal.send(apdu);
        if length == 0 {
            assert_eq!(answer, "6E00");
            continue;
        }
        assert_eq!(answer, format!("61{length:02X}"), "{apdu}");
        assert_eq!(terminal.ok(&format!("{get_response}00")).len(), 2 * length, "{apdu}");
    }
}

#[test]
fn a_response_is_there_once_and_for_the_next_command_only() {
    let mut terminal = Terminal::default();
    terminal.send(SELECT_MF);
    terminal.ok("00C0000000");
    assert_eq!(terminal.send("00C0000000"), "6F00");
    for between in ["00A4000C023F00", "0001000000", "00", "80F2000C", "00C0010000", "00C00000"] {
        terminal.send(SELECT_MF);
        terminal.send(between);
        assert_eq!(terminal.send("00C0000000"), "6F00", "{between}");
    }
    terminal.send(SELECT_MF);
    terminal.card.power_on(Instant::EPOCH);
    assert_eq!(terminal.send("00C0000000"), "6F00", "a reset");
}

#[test]
fn a_response_is_its_channels() {
    let mut terminal = Terminal::default();
    terminal.ok("80AA000004 A9028100");
    for _ in 1..=5 {
        terminal.ok("0070000001");
    }
    for (select, right, wrong) in
        [("00", "80", "01"), ("01", "01", "00"), ("41", "C1", "00"), ("41", "61", "41")]
    {
        let select = format!("{select}A4000402 3F00");
        assert_eq!(terminal.send(&select), "6128");
        if right == "61" {
            assert_eq!(terminal.ok(&format!("{wrong}C0000000")).len(), 80);
            continue;
        }
        assert_eq!(terminal.send(&format!("{wrong}C0000000")), "6F00");
        terminal.send(&select);
        assert_eq!(terminal.ok(&format!("{right}C0000000")).len(), 80);
    }
}

#[test]
fn a_response_can_be_had_in_parts() {
    let mut terminal = Terminal::default();
    let fcp = terminal.ok(&format!("{SELECT_MF} 00"));
    let first = terminal.send(&format!("{SELECT_MF} 10"));
    let second = terminal.send("00C0000010");
    let third = terminal.send("00C00000FF");
    assert_eq!([&first[32..], &second[32..], &third[16..]], [" 6118", " 6108", " 9000"]);
    assert_eq!(format!("{}{}{}", &first[..32], &second[..32], &third[..16]), fcp);
}

#[test]
fn the_status_word_of_the_command_comes_with_the_end_of_its_response() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F4A");
    terminal.ok("0020000A08 3030303030303030");
    terminal.ok("00040000");
    let answer = terminal.send("00A40804047F106F4A");
    assert!(answer.starts_with("61"), "{answer}");
    assert!(terminal.send("00C0000000").ends_with(" 6283"));
}

#[test]
fn get_response_has_no_other_parameters_and_no_data() {
    let mut terminal = Terminal::default();
    for (apdu, status) in [
        ("00C0000100", "6A86"),
        ("00C00000", "6700"),
        ("00C000000101", "6700"),
        ("A0C0000116", "6B00"),
        ("00C0000000", "6F00"),
    ] {
        assert_eq!(terminal.send(apdu), status, "{apdu}");
    }
}

/// A T=0 line keeps responses itself; the card behind it answers the same.
#[test]
fn over_a_t0_line_the_same_is_said() {
    for apdu in [
        SELECT_MF,
        "80F2000000",
        "80F2000028",
        "00B0820000",
        "00B082000A",
        "00A2010401 61",
        "00A4000C02 3F00",
    ] {
        let mut plain = Terminal::default();
        let mut behind = Terminal::default();
        let mut line = t0::Card::default();
        let mut says = |octets: &str| -> String {
            let octets = hex::decode(octets.replace(' ', "")).unwrap();
            let card = &mut behind.card;
            let answer: Vec<u8> = octets
                .iter()
                .flat_map(|&octet| line.receive(octet, |apdu| card.exchange(Instant::EPOCH, apdu)))
                .collect();
            hex::encode_upper(answer)
        };
        let mut on_line = says(apdu);
        if let Some(at) =
            on_line.len().checked_sub(4).filter(|&at| ["61", "6C"].contains(&&on_line[at..at + 2]))
        {
            let length = on_line[at + 2..].to_owned();
            on_line = match &on_line[at..at + 2] {
                "61" => says(&format!("00C00000{length}")),
                _ => says(&format!("{}{length}", &apdu[..8])),
            };
        }
        let mut in_plain = plain.send(apdu);
        if let Some(length) = in_plain.strip_prefix("61").filter(|length| length.len() == 2) {
            in_plain = plain.send(&format!("00C00000{length}"));
        }
        assert!(on_line.ends_with(&in_plain.replace(' ', "")), "{apdu}: {on_line}, {in_plain}");
    }
}
