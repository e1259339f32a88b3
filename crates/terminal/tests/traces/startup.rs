use oxisim_apdu::{Atr, Convention};
use oxisim_sms::file::ServiceParameters;
use oxisim_terminal::{
    CallId, CardIdentity, Config, Event, NetworkEvent, NetworkRequest, Output, Pin, PinState,
};
use oxisim_toolkit::TerminalProfile;
use oxisim_wire::Wire;

use crate::bench::{Bench, FOR_CARD};

fn config() -> Config {
    Config { profile: TerminalProfile::new(&[0xFF, 0x01]), ..Config::default() }
}

#[test]
fn the_card_is_read_file_by_file_and_then_told_the_profile() {
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&hex::decode("3B9F96801F878031E073FE211B674A4C753034054BA9").unwrap(), bench.now);
    let aid = "A0000000871002FFFFFFFF8907090000";
    bench.exchange("00A40004023F00", "6203820178219000");
    bench.exchange("00A40004022FE2", "62009000");
    bench.exchange("00B000000A", "989410000000000000F19000");
    bench.exchange("00A40004022F05", "62009000");
    bench.exchange("00B0000000", "656E64657275FFFFFFFF9000");
    bench.exchange("00A40004022F00", "62009000");
    bench.exchange("00B2010400", "61094F07A00000008710049000");
    bench.exchange("00B2020400", &format!("61124F10{aid}FFFFFF9000"));
    bench.exchange("00B2030400", "6A83");
    bench.exchange(&format!("00A4040410{aid}"), "62009000");
    bench.exchange("00A40004026FAD", "62009000");
    bench.exchange("00B0000000", "000000029000");
    bench.exchange("00A40004026F07", "62009000");
    bench.exchange("00B0000009", "0809101000000000109000");
    bench.exchange("00A40004026F38", "62009000");
    bench.exchange("00B0000000", "0208009000");
    bench.exchange("00A40004026F42", "62009000");
    let parameters = "534D5343E1FFFFFFFFFFFFFFFFFFFFFFFF0891945197109099F9FFFFFF0000A9";
    bench.exchange("00B2010400", &format!("{parameters}9000"));
    bench.exchange("80F2010C", "9000");
    bench.exchange("8010000002FF01", "9000");
    bench.quiet();
    assert!(bench.phone.is_ready());
    let identity = CardIdentity {
        iccid: "8949010000000000001".into(),
        aid: hex::decode(aid).unwrap(),
        languages: vec![*b"en", *b"de", *b"ru"],
        imsi: "001010000000001".into(),
        administrative_data: vec![0, 0, 0, 2],
        services: vec![2, 8, 0],
        service_centre: Some("+4915790109999".parse().unwrap()),
        message_parameters: Some(
            ServiceParameters::decode(&hex::decode(parameters).unwrap(), "EF_SMSP").unwrap(),
        ),
        ..CardIdentity::default()
    };
    assert!(identity.has_service(2));
    assert_eq!(bench.phone.identity(), &identity);
    assert!(bench.saw(&Event::SessionStarted(identity)));
    let Event::AnswerToReset(Some(Atr { convention, .. })) = &bench.events[0] else { panic!() };
    assert_eq!(*convention, Convention::Direct);
}

#[test]
fn a_card_without_files_is_used_all_the_same() {
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&[0x00, 0x01], bench.now);
    bench.exchange("00A40004023F00", "6A82");
    bench.exchange("00A40004022FE2", "6A82");
    bench.exchange("00A40004022F05", "6A82");
    bench.exchange("00A40004022F00", "6A82");
    bench.exchange("00A4040407A0000000871002", "6A82");
    bench.exchange("8010000002FF01", "9000");
    bench.quiet();
    assert!(bench.phone.is_ready());
    assert_eq!(bench.events[0], Event::AnswerToReset(None));
}

#[test]
fn a_directory_without_end_is_read_for_a_while() {
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    bench.exchange("00A40004023F00", "9000");
    bench.exchange("00A40004022FE2", "6A82");
    bench.exchange("00A40004022F05", "6A82");
    bench.exchange("00A40004022F00", "9000");
    for record in 1..=16 {
        bench.exchange(&format!("00B2{record:02X}0400"), "FFFF9000");
    }
    bench.exchange("00A4040407A0000000871002", "6A82");
}

#[test]
fn what_the_card_announces_after_the_profile_is_fetched_at_once() {
    let mut bench = Bench::switched_on(Config::default());
    bench.start_up("910B");
    bench.exchange("801200000B", "D0098103010400820281829000");
    bench.responds("810301040082028281830100");
}

#[test]
fn a_wrong_le_is_put_right_and_response_data_fetched() {
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    bench.exchange("00A40004023F00", "6104");
    bench.exchange("00C0000004", "620282009000");
    bench.exchange("00A40004022FE2", "6102");
    bench.exchange("00C0000002", "62009000");
    bench.exchange("00B000000A", "6C09");
    bench.exchange("00B0000009", "9894100000000000009000");
    bench.exchange("00A40004022F05", "6A82");
    assert_eq!(bench.phone.identity().iccid, "894901000000000000");
}

#[test]
fn a_mute_card_is_left_alone() {
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&[], bench.now);
    bench.quiet();
    assert_eq!(bench.phone.poll_timeout(), None);
}

#[test]
fn a_phone_that_is_switched_off_waits_for_nothing() {
    let mut bench = Bench::ready();
    bench.phone.switch_off(bench.now);
    assert!(std::iter::from_fn(|| bench.next()).any(|output| output == Output::PowerOff));
    assert_eq!(bench.phone.poll_timeout(), None);
    bench.seconds(60);
    bench.card("9110");
    assert_eq!(bench.next(), None);
    bench.phone.switch_on(bench.now);
    assert_eq!(bench.next(), Some(Output::PowerOn));
}

/// A phone with a PIN, at a UICC whose second application PIN is enabled, up to the selection of the USIM.
fn locked(pin: Option<&str>) -> Bench {
    let pin = pin.map(|pin| pin.parse::<Pin>().unwrap());
    let mut bench = Bench::switched_on(Config { pin, ..config() });
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    bench.exchange("00A40004023F00", "6A82");
    bench.exchange("00A40004022FE2", "6A82");
    bench.exchange("00A40004022F05", "6A82");
    bench.exchange("00A40004022F00", "6A82");
    bench.exchange("00A4040407A0000000871002", "6110");
    bench.exchange("00C0000010", "620EC60C9001409501088301118301029000");
    bench
}

#[test]
fn the_pin_is_verified_once_if_more_than_one_attempt_is_left() {
    for (left, answer, expected) in [
        ("63C3", "9000", PinState::Verified),
        ("63C2", "63C1", PinState::Refused),
        ("63C2", "6983", PinState::Blocked),
        ("63C3", "6984", PinState::NotNeeded),
        ("63C1", "", PinState::LastAttempt),
        ("63C0", "", PinState::Blocked),
        ("6983", "", PinState::Blocked),
        ("9000", "", PinState::Verified),
        ("6D00", "", PinState::LastAttempt),
    ] {
        let mut bench = locked(Some("1234"));
        bench.exchange("00200002", left);
        if !answer.is_empty() {
            bench.exchange("002000020831323334FFFFFFFF", answer);
        }
        assert_eq!(bench.command(), "00A40004026FAD");
        assert_eq!(bench.phone.identity().pin, expected, "{left} {answer}");
    }
}

#[test]
fn a_phone_without_a_pin_tries_none() {
    let mut bench = locked(None);
    assert_eq!(bench.command(), "00A40004026FAD");
    assert_eq!(bench.phone.identity().pin, PinState::Wanted);
}

#[test]
fn a_card_with_t1_only_is_told_how_much_it_may_answer() {
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&[0x3B, 0x80, 0x01, 0x81], bench.now);
    bench.exchange("00A40004023F0000", "620082019000");
    assert_eq!(bench.command(), "00A40004022FE200");
}

#[test]
fn a_card_that_is_mute_after_a_reset_leaves_no_call_and_no_delivery() {
    let mut bench = Bench::ready();
    let call = CallId { transaction: 0, is_incoming: true };
    bench.proactive("D00C810301010482028182BA0104");
    assert_eq!(bench.next(), Some(Output::PowerOn));
    bench.network(NetworkEvent::Incoming { call, number: None });
    for tpdu in [FOR_CARD, FOR_CARD] {
        bench.phone.handle_deliver(&hex::decode(tpdu).unwrap(), None, bench.now);
    }
    bench.quiet();
    bench.phone.handle_atr(&[], bench.now);
    assert_eq!(bench.next(), Some(Output::Network(NetworkRequest::Disconnect(call))));
    for _ in 0..2 {
        assert!(matches!(bench.next(), Some(Output::DeliverReport(report)) if report.cause.is_some()));
    }
    bench.quiet();
    assert_eq!(bench.phone.poll_timeout(), None);
}
