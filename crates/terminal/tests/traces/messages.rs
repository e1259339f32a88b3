use oxisim_sms::Address;
use oxisim_terminal::{Event, Output, Screen, Service, SubmitError};

use crate::bench::{Bench, FOR_CARD};

/// SEND SHORT MESSAGE without a word to the user: an SMS-SUBMIT of one octet of data.
const SILENT: &str = "D01D81030113008202818385008B1001FF038121F300040741424344454647";

#[track_caller]
fn submit(bench: &mut Bench) -> (String, Option<Address>) {
    loop {
        match bench.next() {
            Some(Output::Submit { tpdu, service_centre }) => {
                return (hex::encode_upper(tpdu), service_centre);
            }
            Some(Output::Screen(_)) => {}
            other => panic!("a message expected, got {other:?}"),
        }
    }
}

#[test]
fn the_phone_numbers_the_cards_messages_and_reports_success() {
    let mut bench = Bench::ready();
    for reference in 0..3 {
        bench.proactive(SILENT);
        let expected = format!("01{reference:02X}038121F300040741424344454647");
        assert_eq!(submit(&mut bench), (expected, None));
        bench.quiet();
        bench.submitted(Ok(()));
        bench.responds("810301130082028281830100");
        bench.card("9000");
    }
}

#[test]
fn the_service_centre_of_the_command_is_used() {
    let mut bench = Bench::ready();
    bench.proactive("D01C8103011300820281838607911122334455F68B0801FF028121000000");
    let (_, service_centre) = submit(&mut bench);
    assert_eq!(service_centre.unwrap().to_string(), "+11223344556");
}

#[test]
fn a_failure_of_the_network_is_told_with_its_cause() {
    for (error, additional) in [
        (SubmitError::Network { cause: None }, "83022100"),
        (SubmitError::Network { cause: Some(41) }, "830221A9"),
        (SubmitError::Relay { cause: 42 }, "8302352A"),
        (SubmitError::NotSent, "83022004"),
    ] {
        let mut bench = Bench::ready();
        bench.proactive(SILENT);
        submit(&mut bench);
        bench.submitted(Err(error));
        bench.responds(&format!("810301130082028281{additional}"));
    }
}

#[test]
fn without_service_the_card_is_told_at_once() {
    let mut bench = Bench::ready();
    bench.phone.handle_service(Service::None, bench.now);
    bench.proactive(SILENT);
    bench.responds("81030113008202828183022004");
}

#[test]
fn a_message_that_is_none_is_not_understood() {
    let mut bench = Bench::ready();
    bench.carries_out("D00C8103011300820281838B0101", "810301130082028281830132");
}

#[test]
fn text_is_packed_if_the_card_asks() {
    let mut bench = Bench::ready();
    bench.proactive(&SILENT.replace("8103011300", "8103011301"));
    // TP-Data-Coding-Scheme 00, seven septets in seven octets.
    assert_eq!(submit(&mut bench).0, "0100038121F300000741E19058341E01");
}

#[test]
fn the_phone_is_busy_from_the_first_message_of_a_burst_to_the_last_response() {
    let mut bench = Bench::ready();
    assert!(!bench.phone.is_busy());
    bench.proactive(SILENT);
    for _ in 0..3 {
        submit(&mut bench);
        assert!(bench.phone.is_busy());
        bench.seconds(4);
        bench.submitted(Ok(()));
        bench.responds("810301130082028281830100");
        assert!(bench.phone.is_busy());
        bench.announced(SILENT);
        assert!(bench.phone.is_busy());
    }
    submit(&mut bench);
    bench.submitted(Ok(()));
    bench.responds("810301130082028281830100");
    bench.card("9000");
    assert!(!bench.phone.is_busy());
    bench.quiet();
    let changes: Vec<&Event> = bench.events.iter().filter(|event| matches!(event, Event::Busy(_))).collect();
    assert_eq!(changes, [&Event::Busy(true), &Event::Busy(false)]);
}

#[test]
fn another_command_ends_a_burst() {
    let mut bench = Bench::ready();
    bench.proactive(SILENT);
    submit(&mut bench);
    bench.submitted(Ok(()));
    bench.responds("810301130082028281830100");
    // MORE TIME.
    bench.announced("D009810301020082028182");
    assert!(!bench.phone.is_busy());
}

#[test]
fn what_is_being_sent_is_shown_if_the_card_has_words_for_it() {
    let mut bench = Bench::ready();
    bench.proactive(&SILENT.replace("D01D", "D01F").replace("8500", "85025365"));
    assert_eq!(bench.screen(), Screen::Notice { text: "Se".into() });
    submit(&mut bench);
    bench.submitted(Ok(()));
    bench.responds("810301130082028281830100");
    bench.card("9000");
    assert_eq!(bench.screen(), Screen::Idle { text: None });
}

#[test]
fn results_go_to_whose_message_it_was() {
    let mut bench = Bench::ready();
    bench.proactive(SILENT);
    submit(&mut bench);
    bench.phone.submit_application(hex::decode("01FF038121F3000401AA").unwrap(), None, bench.now);
    bench.quiet();
    bench.submitted(Err(SubmitError::Relay { cause: 41 }));
    // The card's result, and the next message.
    bench.responds("81030113008202828183023529");
    assert_eq!(submit(&mut bench).0, "0101038121F3000401AA");
    bench.card("9000");
    assert!(bench.phone.is_busy());
    bench.submitted(Ok(()));
    assert_eq!(bench.next(), Some(Output::ApplicationSubmitted(Ok(()))));
    assert!(!bench.phone.is_busy());
}

#[test]
fn an_application_hears_that_its_messages_cannot_be_sent() {
    let mut bench = Bench::ready();
    for _ in 0..2 {
        bench.phone.submit_application(hex::decode("01FF").unwrap(), None, bench.now);
    }
    submit(&mut bench);
    bench.phone.switch_off(bench.now);
    let outputs: Vec<Output> = std::iter::from_fn(|| bench.next()).collect();
    let lost = Output::ApplicationSubmitted(Err(SubmitError::NotSent));
    assert_eq!(outputs.iter().filter(|&output| output == &lost).count(), 2);
    bench.phone.submit_application(hex::decode("01FF").unwrap(), None, bench.now);
    assert_eq!(bench.next(), Some(lost));
}

#[test]
fn the_result_of_a_message_of_a_card_that_was_reset_goes_nowhere() {
    let mut bench = Bench::ready();
    bench.proactive(SILENT);
    submit(&mut bench);
    // The card is taken out and another one put in, while the message is in the air.
    bench.phone.switch_off(bench.now);
    while bench.next().is_some() {}
    bench.phone.switch_on(bench.now);
    while bench.next().is_some() {}
    bench.start_up("9000");
    bench.submitted(Ok(()));
    bench.quiet();
}

#[test]
fn a_card_cannot_be_reset_while_its_message_goes_out() {
    let mut bench = Bench::ready();
    bench.phone.send_envelope(vec![0xE4, 0x00], bench.now);
    bench.command();
    bench.announced(SILENT);
    submit(&mut bench);
    // It announces REFRESH by reset after an envelope that does not wait for the session.
    bench.phone.handle_deliver(&hex::decode(FOR_CARD).unwrap(), None, bench.now);
    assert!(bench.command().starts_with("80C20000"));
    bench.card("910B");
    assert!(matches!(bench.next(), Some(Output::DeliverReport(_))));
    bench.quiet();
    bench.submitted(Ok(()));
    bench.responds("810301130082028281830100");
    bench.announced("D009810301010482028182");
    assert_eq!(bench.next(), Some(Output::PowerOn));
}

#[test]
fn a_message_in_the_air_keeps_the_phone_busy_though_the_card_falls_mute() {
    let mut bench = Bench::ready();
    for _ in 0..2 {
        bench.phone.submit_application(hex::decode("01FF").unwrap(), None, bench.now);
    }
    submit(&mut bench);
    // REFRESH, UICC reset, which the card does not live through.
    bench.proactive("D009810301010482028182");
    while bench.next() != Some(Output::PowerOn) {}
    bench.phone.handle_atr(&[], bench.now);
    let lost = Output::ApplicationSubmitted(Err(SubmitError::NotSent));
    assert_eq!(bench.next(), Some(lost), "the one that waits is not sent");
    assert!(bench.phone.is_busy());
    bench.submitted(Ok(()));
    assert_eq!(bench.next(), Some(Output::ApplicationSubmitted(Ok(()))));
    assert!(!bench.phone.is_busy());
}
