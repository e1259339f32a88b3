//! USSD download.

use oxisim_terminal::{Config, Event, NetworkEvent, NetworkRequest, Output, User};
use oxisim_toolkit::objects::UssdString;

use crate::bench::Bench;

/// A USIM with service 70.
fn bench() -> Bench {
    let mut bench = Bench::switched_on(Config::default());
    bench.start_up_with(&[("6F38", "000000000000000020")]);
    bench.quiet();
    bench
}

fn string(coding: u8, text: &[u8]) -> UssdString {
    UssdString { coding, string: text.to_vec() }
}

#[test]
fn a_string_of_class_2_is_the_cards_and_its_answer_the_networks() {
    for coding in [0x56, 0x96, 0xF6] {
        let mut bench = bench();
        bench.network(NetworkEvent::UssdRequest(string(coding, b"Z")));
        bench.exchange(&format!("80C200000AD908820283818A02{coding:02X}5A"), "6102");
        bench.exchange("00C0000002", "CAFE9000");
        assert_eq!(bench.asks(), NetworkRequest::UssdAnswer(Some(string(coding, &[0xCA, 0xFE]))));
    }
}

#[test]
fn a_string_that_the_card_refuses_has_a_return_error() {
    let mut bench = bench();
    bench.network(NetworkEvent::UssdRequest(string(0xF6, b"Z")));
    bench.command();
    bench.card("6F00");
    assert_eq!(bench.asks(), NetworkRequest::UssdAnswer(None));
}

#[test]
fn a_string_of_another_class_is_the_users() {
    for coding in [0x0F, 0x44, 0x55, 0xF5, 0x97] {
        let mut bench = bench();
        bench.network(NetworkEvent::UssdRequest(string(coding, &[0x41, 0x42])));
        assert_eq!(bench.asks(), NetworkRequest::UssdAnswer(Some(string(coding, &[]))));
        assert!(bench.events.iter().any(|event| matches!(event, Event::UssdMessage(_))));
        bench.quiet();
    }
}

#[test]
fn a_card_without_data_download_gets_no_string() {
    let mut bench = Bench::ready();
    bench.network(NetworkEvent::UssdRequest(string(0xF6, b"AB")));
    assert!(matches!(bench.asks(), NetworkRequest::UssdAnswer(Some(_))));
    assert!(bench.saw(&Event::UssdMessage("AB".into())));
}

#[test]
fn one_string_is_asked_at_a_time() {
    let mut bench = bench();
    bench.network(NetworkEvent::UssdRequest(string(0xF6, b"Z")));
    bench.command();
    bench.network(NetworkEvent::UssdRequest(string(0xF6, b"Y")));
    assert_eq!(bench.asks(), NetworkRequest::UssdAnswer(None));
    bench.card("9000");
    assert_eq!(bench.asks(), NetworkRequest::UssdAnswer(Some(string(0xF6, &[]))));
    bench.quiet();
}

#[test]
fn a_reset_of_the_card_leaves_no_string_without_an_answer() {
    let mut bench = bench();
    bench.proactive("D00F8103012180820281028D0404414243");
    bench.network(NetworkEvent::UssdRequest(string(0xF6, b"Z")));
    bench.quiet();
    bench.user(User::Clear);
    bench.responds("810301218082028281830100");
    bench.announced("D009810301010482028182");
    assert_eq!(bench.next(), Some(Output::Network(NetworkRequest::UssdAnswer(None))));
    assert_eq!(bench.next(), Some(Output::PowerOn));
}

#[test]
fn a_string_for_which_there_is_no_room_has_a_return_error() {
    let mut bench = bench();
    bench.proactive("D00F8103012180820281028D0404414243");
    for _ in 0..32 {
        bench.phone.send_envelope(vec![0x01], bench.now);
    }
    bench.network(NetworkEvent::UssdRequest(string(0xF6, b"Z")));
    assert_eq!(bench.asks(), NetworkRequest::UssdAnswer(None));
}
