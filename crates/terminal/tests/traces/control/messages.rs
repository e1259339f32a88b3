//! MO SHORT MESSAGE CONTROL (TS 31.111 §7.3.2): messages that wait for the card, and what becomes of them.

use super::*;

#[test]
fn a_card_that_does_not_start_again_has_no_messages_sent() {
    let mut bench = Bench::switched_on(Config::default());
    bench.phone.submit_application(hex::decode("01FF").unwrap(), None, bench.now);
    bench.phone.handle_atr(&[], bench.now);
    assert_eq!(bench.next(), Some(Output::ApplicationSubmitted(Err(SubmitError::NotSent))));
}

#[test]
fn messages_wait_until_the_card_has_started() {
    let mut bench = Bench::switched_on(Config::default());
    bench.phone.submit_application(hex::decode("01FF038121F300040141").unwrap(), None, bench.now);
    bench.quiet();
    restarted(&mut bench, SERVICES);
    bench.exchange(ABOUT_MESSAGE, "01009000");
    assert_eq!(bench.next(), Some(Output::ApplicationSubmitted(Err(SubmitError::NotAllowed))));
}

#[test]
fn a_message_of_the_card_is_asked_about_with_its_centre_and_its_destination() {
    // TS 31.124 27.22.8, sequence 1.1.1A, as oFono has it.
    const VECTOR: &str = "D5220202828106099111223344556677F806069110325476F8130900F110000100010001";
    let location = hex::decode("00F110000100010001").unwrap();
    let service = Service::Normal(LocationInformation::decode(&location, "location").unwrap());
    let mut bench = with_services(SERVICES, Config { service, ..Config::default() });
    bench.proactive("D02381030113008202818386099111223344556677F88B0D01FF099110325476F800040141");
    let envelope = Envelope::decode(&hex::decode(VECTOR).unwrap()).unwrap().encode();
    assert_eq!(bench.command()[10..], hex::encode_upper(&envelope));
    bench.card("00009000");
    assert_eq!(submits(&mut bench), ("0100099110325476F800040141".into(), Some("+112233445566778".into())));
    bench.submitted(Ok(()));
    bench.responds("810301130082028281830100");
}

#[test]
fn without_a_service_centre_the_card_is_asked_about_a_number_without_digits() {
    let mut bench = with_services("00000060", Config::default());
    bench.proactive(SEND_SHORT_MESSAGE);
    bench.exchange("80C2000017D5158202828186018086038121F3930700F11000010001", "9000");
    assert_eq!(submits(&mut bench).1, None);
}

#[test]
fn a_message_goes_elsewhere_if_the_card_says_so() {
    let mut bench = bench();
    bench.proactive(SEND_SHORT_MESSAGE);
    // Through 4321 to +56789.
    bench.exchange(ABOUT_MESSAGE, "020B86038134128604916587F99000");
    assert_eq!(submits(&mut bench), ("010005916587F900040141".into(), Some("4321".into())));
    bench.submitted(Ok(()));
    bench.responds("810301130082028281830105");
    let asked = Operation::Message {
        service_centre: Some(number("+4915790109999")),
        destination: Some(number("123")),
    };
    let decision = Decision::Modified(Operation::Message {
        service_centre: Some(number("4321")),
        destination: Some(number("+56789")),
    });
    assert!(bench.saw(&Event::Controlled { asked, decision }));
}

#[test]
fn a_message_that_the_card_does_not_let_go_is_not_sent() {
    for (answer, result, error) in [
        ("01009000", "83023901", SubmitError::NotAllowed),
        ("9300", "83022500", SubmitError::NotSent),
        ("6F00", "83023900", SubmitError::NotAllowed),
        ("0203D201009000", "83023900", SubmitError::NotAllowed),
        ("020E860C8100000000000000000000009000", "83023900", SubmitError::NotAllowed),
    ] {
        let mut bench = bench();
        bench.proactive(SEND_SHORT_MESSAGE);
        bench.exchange(ABOUT_MESSAGE, answer);
        bench.responds(&format!("810301130082028281{result}"));
        bench.card("9000");
        bench.quiet();
        assert!(!bench.phone.is_busy());
        bench.phone.submit_application(hex::decode("01FF038121F300040141").unwrap(), None, bench.now);
        bench.exchange(ABOUT_MESSAGE, answer);
        assert_eq!(bench.next(), Some(Output::ApplicationSubmitted(Err(error))), "{answer}");
        bench.quiet();
    }
}

#[test]
fn a_question_that_has_no_room_in_a_command_is_answered_no() {
    let location = LocationInformation { network: Plmn([0; 3]), area: vec![0; 2], cell: vec![0; 245] };
    let mut bench =
        with_services(SERVICES, Config { service: Service::Normal(location), ..Config::default() });
    bench.phone.switch_off(bench.now);
    while bench.next().is_some() {}
    bench.phone.switch_on(bench.now);
    for _ in 0..2 {
        bench.phone.submit_application(hex::decode("01FF038121F300040141").unwrap(), None, bench.now);
    }
    assert_eq!(bench.next(), Some(Output::PowerOn));
    restarted(&mut bench, SERVICES);
    for _ in 0..2 {
        assert_eq!(asked(&mut bench), Some(Output::ApplicationSubmitted(Err(SubmitError::NotAllowed))));
    }
    bench.carries_out(SEND_USSD, "81030112008202828183023900");
    bench.carries_out(SEND_SHORT_MESSAGE, "81030113008202828183023900");
    dials(&mut bench, "123");
    assert!(bench.saw(&Event::NotDialled(DialError::Unknown)));
}

#[test]
fn each_message_is_asked_about_in_its_turn() {
    let mut bench = bench();
    for number in ["21F3", "21F4"] {
        let tpdu = hex::decode(format!("01FF0381{number}00040141")).unwrap();
        bench.phone.submit_application(tpdu, None, bench.now);
    }
    let second = ABOUT_MESSAGE.replace("8121F3", "8121F4");
    bench.exchange(ABOUT_MESSAGE, "9000");
    submits(&mut bench);
    bench.quiet();
    bench.submitted(Ok(()));
    assert_eq!(bench.next(), Some(Output::ApplicationSubmitted(Ok(()))));
    bench.exchange(&second, "01009000");
    assert_eq!(bench.next(), Some(Output::ApplicationSubmitted(Err(SubmitError::NotAllowed))));
}

#[test]
fn a_command_has_its_destination_elsewhere_and_what_is_no_message_has_none() {
    let mut bench = bench();
    // SMS-COMMAND: TP-PID, TP-CT and TP-MN stand before the destination.
    bench.phone.submit_application(hex::decode("02FF000001038121F300").unwrap(), None, bench.now);
    bench.exchange(ABOUT_MESSAGE, "020C8603813412860581999999999000");
    assert_eq!(submits(&mut bench), ("020000000108819999999900".into(), Some("4321".into())));
    bench.submitted(Ok(()));
    bench.next();
    bench.phone.submit_application(hex::decode("01FF").unwrap(), None, bench.now);
    bench.exchange("80C2000019D51782028281860891945197109099F9930700F11000010001", "9000");
    assert_eq!(submits(&mut bench).0, "0101");
}
