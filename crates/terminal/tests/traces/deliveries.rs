use oxisim_sms::tpdu::FailureCause;
use oxisim_terminal::{Event, Output};
use oxisim_wire::Wire;

use crate::bench::{Bench, FOR_CARD};

/// [`FOR_CARD`]'s message, for the user: "AB".
const FOR_USER: &str = "0404812143000020806291731448024121";
/// The same message, for port 2948.
const FOR_APPLICATION: &str = "4404812143000420806291731448080605040B8423F0CA";

fn deliver(bench: &mut Bench, tpdu: &str) {
    let tpdu = hex::decode(tpdu).unwrap();
    bench.phone.handle_deliver(&tpdu, None, bench.now);
}

/// The next output is this report.
#[track_caller]
fn reports(bench: &mut Bench, expected: &str) {
    match bench.next() {
        Some(Output::DeliverReport(report)) => assert_eq!(hex::encode_upper(report.encode()), expected),
        other => panic!("a report expected, got {other:?}"),
    }
}

#[test]
fn a_message_for_the_card_goes_to_the_card_and_its_answer_to_the_service_centre() {
    let mut bench = Bench::ready();
    bench.quiet();
    let centre = "+11223344556".parse().unwrap();
    let tpdu = FOR_CARD;
    bench.phone.handle_deliver(&hex::decode(tpdu).unwrap(), Some(&centre), bench.now);
    let envelope = format!("820283818607911122334455F68B{:02X}{tpdu}", tpdu.len() / 2);
    let length = envelope.len() / 2;
    bench.exchange(&format!("80C20000{:02X}D1{length:02X}{envelope}", length + 2), "027100009000");
    // The answer has a header, as the message has: a response packet.
    reports(&mut bench, "40077FF60402710000");
    bench.quiet();
}

#[test]
fn a_card_that_announces_a_command_has_taken_the_message() {
    let mut bench = Bench::ready();
    bench.quiet();
    deliver(&mut bench, FOR_CARD);
    bench.command();
    bench.card("910B");
    reports(&mut bench, "0000");
    assert_eq!(bench.command(), "801200000B");
}

#[test]
fn a_card_that_is_busy_or_in_trouble_lets_the_service_centre_know() {
    for (answer, expected) in [("9300", "00D400"), ("6F00", "00D500"), ("AABB6300", "00D5077FF602AABB")] {
        let mut bench = Bench::ready();
        bench.quiet();
        deliver(&mut bench, FOR_CARD);
        bench.command();
        bench.card(answer);
        reports(&mut bench, expected);
        bench.quiet();
    }
}

#[test]
fn what_a_card_answers_with_a_warning_goes_to_the_service_centre_too() {
    for rounds in [
        &[("6102", "00C0000002"), ("AABB6300", "")][..],
        &[("6300", "00C0000000"), ("6C02", "00C0000002"), ("AABB9000", "")],
        &[("6200", "00C0000000"), ("AABB9000", "")],
    ] {
        let mut bench = Bench::ready();
        bench.quiet();
        deliver(&mut bench, FOR_CARD);
        bench.command();
        for (answer, next) in rounds {
            bench.card(answer);
            if !next.is_empty() {
                assert_eq!(bench.command(), *next);
            }
        }
        reports(&mut bench, "00D5077FF602AABB");
        bench.quiet();
    }
}

#[test]
fn a_message_for_the_card_does_not_wait_for_the_user() {
    let mut bench = Bench::ready();
    bench.proactive("D01A8103012180820281028D0F04546F6F6C6B697420546573742031");
    bench.quiet();
    deliver(&mut bench, FOR_CARD);
    assert_eq!(&bench.command()[..8], "80C20000");
    bench.card("9300");
    reports(&mut bench, "00D400");
    bench.user(oxisim_terminal::User::Clear);
    bench.responds("810301218082028281830100");
}

#[test]
fn a_message_to_a_port_goes_to_the_application() {
    let mut bench = Bench::ready();
    bench.quiet();
    deliver(&mut bench, FOR_APPLICATION);
    let Some(Output::Application { port, message }) = bench.next() else { panic!() };
    assert_eq!((port, message.user_data.payload()), (0x0B84, &[0xCA][..]));
    reports(&mut bench, "0000");
}

#[test]
fn a_text_goes_to_the_user() {
    let mut bench = Bench::ready();
    bench.quiet();
    deliver(&mut bench, FOR_USER);
    reports(&mut bench, "0000");
    let Some(Event::TextMessage { message, text }) = bench.events.last() else { panic!() };
    assert_eq!((message.originator.to_string().as_str(), text.as_str()), ("1234", "AB"));
}

#[test]
fn reports_come_in_the_order_of_the_messages() {
    let mut bench = Bench::ready();
    bench.quiet();
    for tpdu in [FOR_CARD, FOR_USER, FOR_CARD, "00"] {
        deliver(&mut bench, tpdu);
    }
    bench.command();
    bench.card("9300");
    reports(&mut bench, "00D400");
    reports(&mut bench, "0000");
    bench.command();
    bench.card("9000");
    reports(&mut bench, "0000");
    reports(&mut bench, "00B000");
    bench.quiet();
}

#[test]
fn messages_that_come_too_thick_are_not_answered() {
    let mut bench = Bench::ready();
    for _ in 0..12 {
        deliver(&mut bench, FOR_CARD);
    }
    let mut reports = 0;
    while let Some(output) = bench.next() {
        match output {
            Output::Transmit(_) => bench.card("9000"),
            Output::DeliverReport(_) => reports += 1,
            _ => {}
        }
    }
    assert_eq!(reports, 9);
    assert_eq!(bench.events.iter().filter(|&event| event == &Event::DeliveryLost).count(), 3);
}

#[test]
fn what_is_no_message_is_refused() {
    for tpdu in ["", "FF", "0400", "01000020806291731448"] {
        let mut bench = Bench::ready();
        bench.quiet();
        deliver(&mut bench, tpdu);
        let Some(Output::DeliverReport(report)) = bench.next() else { panic!("{tpdu}") };
        assert_eq!(report.cause, Some(FailureCause::TPDU_NOT_SUPPORTED));
    }
}

#[test]
fn a_message_for_a_card_that_is_reset_comes_again() {
    let mut bench = Bench::ready();
    // REFRESH, UICC reset, is fetched while a message for the card comes.
    bench.quiet();
    bench.seconds(30);
    bench.exchange("80F2000C", "910B");
    assert_eq!(bench.command(), "801200000B");
    deliver(&mut bench, FOR_CARD);
    bench.card("D0098103010104820281829000");
    reports(&mut bench, "00D400");
    assert_eq!(bench.next(), Some(Output::PowerOn));
}

#[test]
fn a_phone_that_is_off_receives_nothing() {
    let mut bench = Bench::ready();
    bench.phone.switch_off(bench.now);
    while bench.next().is_some() {}
    deliver(&mut bench, FOR_USER);
    assert_eq!(bench.next(), None);
}
