//! CALL CONTROL and MO SHORT MESSAGE CONTROL (TS 31.111 §7.3): what the card is asked, and what becomes of it.

mod messages;

use oxisim_sms::Address;
use oxisim_terminal::{
    CallId, CallParameters, Config, Decision, DialError, Event, NetworkEvent, NetworkRequest, Operation,
    Output, Screen, Service, ServiceError, SubmitError, User,
};
use oxisim_toolkit::{
    Envelope, TerminalProfile,
    objects::{CapabilityConfiguration, LocationInformation, Plmn, Subaddress, TextString},
};
use oxisim_wire::Wire as _;

use crate::bench::Bench;

/// SET UP CALL to +1234, SEND USSD `*100#` and SEND SS `*#21#`, without a word to the user.
const SET_UP_CALL: &str = "D00E8103011000820281838603912143";
const SEND_USSD: &str = "D01081030112008202818385008A030F2A30";
const SEND_SS: &str = "D01181030111008202818385008904FFBA12FB";
/// SEND SHORT MESSAGE: an SMS-SUBMIT to 123 of one octet of data.
const SEND_SHORT_MESSAGE: &str = "D01781030113008202818385008B0A01FF038121F300040141";

/// ENVELOPE (CALL CONTROL) about each.
const ABOUT_CALL: &str = "80C2000014D412820282818603912143930700F11000010001";
const ABOUT_USSD: &str = "80C2000014D412820282818A030F2A30930700F11000010001";
const ABOUT_SS: &str = "80C2000015D413820282818904FFBA12FB930700F11000010001";
/// ENVELOPE (MO SHORT MESSAGE CONTROL) about the message, through the centre of the card.
const ABOUT_MESSAGE: &str = "80C200001ED51C82028281860891945197109099F986038121F3930700F11000010001";

/// What the card answers: another number, USSD `*0`, SS `*#21#`.
const ANOTHER_NUMBER: &str = "02058603810102";
const USSD: &str = "02058A030F2A30";
const SS: &str = "02068904FFBA12FB";

const CALL: CallId = CallId { transaction: 0, is_incoming: false };

/// Services 12, 30 and 31 of a USIM.
const SERVICES: &str = "00080060";

/// A phone in use, with a USIM that has these services and a service centre.
fn with_services(services: &str, config: Config) -> Bench {
    let mut bench = Bench::switched_on(config);
    restarted(&mut bench, services);
    bench
}

/// The card answers to reset and starts up.
fn restarted(bench: &mut Bench, services: &str) {
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    let mut selected = String::new();
    loop {
        let command = bench.command();
        if command.starts_with("00A4") {
            command[10..].clone_into(&mut selected);
            let is_there = ["6F38", "6F42", "A0000000871002"].contains(&&selected[..]);
            bench.card(if is_there { "62009000" } else { "6A82" });
        } else if command.starts_with("8010") {
            bench.card("9000");
            break;
        } else {
            bench.card(&match &selected[..] {
                "6F38" if command.starts_with("00B0") => format!("{services}9000"),
                "6F42" if command.starts_with("00B2") => {
                    "534D5343E1FFFFFFFFFFFFFFFFFFFFFFFF0891945197109099F9FFFFFF0000A99000".into()
                }
                _ => "9000".into(),
            });
        }
    }
    assert!(bench.phone.is_ready());
}

fn bench() -> Bench {
    with_services(SERVICES, Config::default())
}

/// The next output that is neither event nor screen.
fn asked(bench: &mut Bench) -> Option<Output> {
    loop {
        match bench.next() {
            Some(Output::Screen(_)) => {}
            other => return other,
        }
    }
}

#[track_caller]
fn network(bench: &mut Bench) -> NetworkRequest {
    match asked(bench) {
        Some(Output::Network(request)) => request,
        other => panic!("a request to the network expected, got {other:?}"),
    }
}

#[track_caller]
fn calls(bench: &mut Bench) -> (String, CallParameters) {
    match network(bench) {
        NetworkRequest::Call { number, parameters, .. } => (number.to_string(), parameters),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn submits(bench: &mut Bench) -> (String, Option<String>) {
    match asked(bench) {
        Some(Output::Submit { tpdu, service_centre }) => {
            (hex::encode_upper(tpdu), service_centre.map(|centre| centre.to_string()))
        }
        other => panic!("a message expected, got {other:?}"),
    }
}

fn says(bench: &mut Bench, event: NetworkEvent) {
    bench.phone.handle_network(event, bench.now);
}

fn dials(bench: &mut Bench, digits: &str) {
    bench.user(User::Dial(digits.into()));
}

/// The card has set up a call, the user has said yes, and the card is asked.
fn set_up_call() -> Bench {
    let mut bench = bench();
    bench.proactive(SET_UP_CALL);
    bench.quiet();
    bench.user(User::Yes);
    assert_eq!(bench.command(), ABOUT_CALL);
    bench
}

/// The last decision that was told.
#[track_caller]
fn decision(bench: &Bench) -> &Decision {
    let mut events = bench.events.iter().rev();
    let decision = events.find_map(|event| match event {
        Event::Controlled { decision, .. } => Some(decision),
        _ => None,
    });
    decision.expect("the card has decided")
}

fn number(digits: &str) -> Address {
    digits.parse().unwrap()
}

#[test]
fn the_card_is_asked_what_the_test_sequences_say_and_heeded() {
    let mut rows = 0;
    let lines = include_str!("../../vectors/call_control.tsv").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let [sequence, location, dialled, envelope, answer, done] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        let location = LocationInformation::decode(&hex::decode(location).unwrap(), "location").unwrap();
        let mut bench =
            with_services(SERVICES, Config { service: Service::Normal(location), ..Config::default() });
        dials(&mut bench, dialled);
        // The sources do not require that every object is understood.
        let envelope = Envelope::decode(&hex::decode(envelope).unwrap()).unwrap().encode();
        assert_eq!(bench.command()[10..], hex::encode_upper(&envelope), "{sequence}");
        bench.card(&format!("{}9000", answer.trim_start_matches('-')));
        let got = match asked(&mut bench) {
            None => "nothing".into(),
            Some(Output::Network(NetworkRequest::Call { number, .. })) => format!("call {number}"),
            Some(Output::Network(NetworkRequest::Service(string))) => format!("service {string}"),
            other => panic!("{sequence}: {other:?}"),
        };
        assert_eq!(got, done, "{sequence}");
        rows += 1;
    }
    assert_eq!(rows, 41);
}

#[test]
fn a_call_of_the_card_is_asked_about_with_its_bearer_after_the_user_has_said_yes() {
    // TS 31.124 27.22.6, sequence 1.1.1A, as oFono has it.
    const VECTOR: &str = "D42582028281860B9110325476981032547698070706600402000581130900F110000100010001";
    let location = hex::decode("00F110000100010001").unwrap();
    let service = Service::Normal(LocationInformation::decode(&location, "location").unwrap());
    let mut bench = with_services(SERVICES, Config { service, ..Config::default() });
    bench.proactive("D01F810301100082028183860B9110325476981032547698870706600402000581");
    bench.quiet();
    bench.user(User::Yes);
    let envelope = Envelope::decode(&hex::decode(VECTOR).unwrap()).unwrap().encode();
    assert_eq!(bench.command()[10..], hex::encode_upper(&envelope));
    bench.card("9000");
    let (number, parameters) = calls(&mut bench);
    assert_eq!(number, "+01234567890123456789");
    let capability = CapabilityConfiguration { parameters: hex::decode("06600402000581").unwrap() };
    assert_eq!(parameters, CallParameters { capability: Some(capability), ..CallParameters::default() });
    says(&mut bench, NetworkEvent::Connected(CALL));
    bench.responds("810301100082028281830100");
}

#[test]
fn a_call_that_is_not_allowed_is_a_permanent_problem() {
    let mut bench = set_up_call();
    bench.card("01009000");
    bench.responds("81030110008202828183023901");
    bench.card("9000");
    bench.quiet();
    let expected =
        Event::Controlled { asked: Operation::Call(number("+1234")), decision: Decision::NotAllowed };
    assert!(bench.saw(&expected));
}

#[test]
fn a_busy_card_is_a_temporary_problem_and_garbage_a_permanent_one() {
    let too_long = format!("022C862A81{}9000", "00".repeat(41));
    for (answer, result, expected) in [
        ("9300", "83022500", Decision::Busy),
        ("6F00", "83023900", Decision::Failed),
        ("6200", "83023900", Decision::Failed),
        ("", "83023900", Decision::Failed),
        ("03009000", "83023900", Decision::Failed),
        ("FF9000", "83023900", Decision::Failed),
        ("02FF9000", "83023900", Decision::Failed),
        ("00009000FF9000", "83023900", Decision::Failed),
        // Number and USSD; an address of no octets; a number too long; a PDP context; an object nobody knows.
        ("020A86038101028A030F2A309000", "83023900", Decision::Failed),
        ("020286009000", "83023900", Decision::Failed),
        (&too_long, "83023900", Decision::Failed),
        ("0203D201009000", "83023900", Decision::Failed),
        ("0203FE01009000", "83023900", Decision::Failed),
    ] {
        let mut bench = set_up_call();
        bench.card(answer);
        // A warning has its data still to come.
        if answer == "6200" {
            bench.exchange("00C0000000", "00009000");
        }
        bench.responds(&format!("810301100082028281{result}"));
        assert_eq!(decision(&bench), &expected, "{answer}");
        bench.card("9000");
        bench.quiet();
    }
}

#[test]
fn an_answer_without_end_is_no_permission() {
    let mut bench = set_up_call();
    for _ in 0..15 {
        bench.card("6100");
        assert_eq!(bench.command(), "00C0000000");
    }
    bench.card("6100");
    bench.responds("81030110008202828183023900");
}

#[test]
fn another_number_is_called_and_the_card_told_that_it_was() {
    let mut bench = set_up_call();
    bench.card("6107");
    bench.exchange("00C0000007", &format!("{ANOTHER_NUMBER}9000"));
    assert_eq!(calls(&mut bench).0, "1020");
    says(&mut bench, NetworkEvent::Connected(CALL));
    bench.responds("810301100082028281830105");
    assert_eq!(decision(&bench), &Decision::Modified(Operation::Call(number("1020"))));
    // What goes wrong then goes wrong as always.
    let mut bench = set_up_call();
    bench.card(&format!("{ANOTHER_NUMBER}9000"));
    calls(&mut bench);
    says(&mut bench, NetworkEvent::Disconnected { call: CALL, cause: Some(17) });
    bench.responds("81030110008202828183022191");
}

#[test]
fn what_the_card_does_not_name_stays_and_an_empty_subaddress_goes() {
    // SET UP CALL with bearer and subaddress.
    const COMMAND: &str = "D01681030110008202818386039121438702AABB8802CCDD";
    let capability = |octets: &[u8]| Some(CapabilityConfiguration { parameters: octets.to_vec() });
    let subaddress = |octets: &[u8]| Some(Subaddress { subaddress: octets.to_vec() });
    for (answer, expected) in [
        ("0000", (capability(&[0xAA, 0xBB]), subaddress(&[0xCC, 0xDD]))),
        (ANOTHER_NUMBER, (capability(&[0xAA, 0xBB]), subaddress(&[0xCC, 0xDD]))),
        ("0203870111", (capability(&[0x11]), subaddress(&[0xCC, 0xDD]))),
        ("0203880122", (capability(&[0xAA, 0xBB]), subaddress(&[0x22]))),
        ("02028800", (capability(&[0xAA, 0xBB]), None)),
    ] {
        let mut bench = bench();
        bench.proactive(COMMAND);
        bench.quiet();
        bench.user(User::Yes);
        bench.command();
        bench.card(&format!("{answer}9000"));
        let (_, parameters) = calls(&mut bench);
        assert_eq!((parameters.capability, parameters.subaddress), expected, "{answer}");
    }
    let mut bench = set_up_call();
    bench.card("02098701AAAA01038701BB9000");
    let (_, parameters) = calls(&mut bench);
    assert_eq!(parameters.second_capability, capability(&[0xBB]));
    assert_eq!(parameters.repeat.map(|repeat| repeat.indicator), Some(3));
}

#[test]
fn a_call_that_becomes_ussd_answers_with_the_result_and_the_text_of_ussd() {
    let action = "A7058A030F2A30";
    for (result, response) in [
        (Ok(TextString::eight_bit("ok")), format!("830105{action}8301008D03046F6B")),
        (Err(ServiceError::Return(0x22)), format!("83023902{action}83023722")),
        (Err(ServiceError::Network { cause: Some(41) }), format!("83022502{action}830221A9")),
    ] {
        let mut bench = set_up_call();
        bench.card(&format!("{USSD}9000"));
        let NetworkRequest::Ussd(_) = network(&mut bench) else { panic!() };
        says(&mut bench, NetworkEvent::Ussd(result));
        bench.responds(&format!("810301100082028281{response}"));
    }
}

#[test]
fn a_call_that_becomes_a_supplementary_service_answers_with_its_result() {
    let mut bench = set_up_call();
    bench.card(&format!("{SS}9000"));
    let NetworkRequest::Service(string) = network(&mut bench) else { panic!() };
    assert_eq!(string.to_string(), "*#21#");
    says(&mut bench, NetworkEvent::Service(Ok(vec![0x0E])));
    bench.responds("810301100082028281830105A7068904FFBA12FB8302000E");
}

#[test]
fn ussd_and_supplementary_services_are_asked_about_too() {
    let mut bench = bench();
    bench.proactive(SEND_USSD);
    bench.exchange(ABOUT_USSD, "9000");
    let NetworkRequest::Ussd(_) = network(&mut bench) else { panic!() };
    says(&mut bench, NetworkEvent::Ussd(Ok(TextString::eight_bit("ok"))));
    bench.responds("8103011200820282818301008D03046F6B");
    bench.card("9000");
    bench.proactive(SEND_SS);
    bench.exchange(ABOUT_SS, "01009000");
    bench.responds("81030111008202828183023901");
    bench.card("9000");
    // USSD of USSD is no change of type, a call of a supplementary service is one.
    bench.proactive(SEND_USSD);
    bench.exchange(ABOUT_USSD, "02058A030F11229000");
    let NetworkRequest::Ussd(text) = network(&mut bench) else { panic!() };
    assert_eq!(text.text, [0x11, 0x22]);
    says(&mut bench, NetworkEvent::Ussd(Ok(TextString::eight_bit("ok"))));
    bench.responds("8103011200820282818301058D03046F6B");
    bench.card("9000");
    bench.proactive(SEND_SS);
    bench.exchange(ABOUT_SS, &format!("{ANOTHER_NUMBER}9000"));
    assert_eq!(calls(&mut bench).0, "1020");
    says(&mut bench, NetworkEvent::Connected(CALL));
    bench.responds("810301110082028281830105A7058603810102830100");
    bench.card("9000");
    // And while there is a call, another cannot be set up.
    bench.proactive(SEND_SS);
    bench.exchange(ABOUT_SS, &format!("{ANOTHER_NUMBER}9000"));
    bench.responds("81030111008202828183022502A705860381010283022002");
}

#[test]
fn the_cards_words_are_shown_in_place_of_the_commands() {
    // SEND USSD with the words "Go".
    const COMMAND: &str = "D0128103011200820281838502476F8A030F2A30";
    for (answer, words) in
        [("", Some("Go")), ("020485024E6F", Some("No")), ("000485024E6F", Some("No")), ("02028500", None)]
    {
        let mut bench = bench();
        bench.proactive(COMMAND);
        assert_eq!(bench.command(), ABOUT_USSD);
        bench.card(&format!("{answer}9000"));
        if let Some(words) = words {
            assert_eq!(bench.screen(), Screen::Notice { text: words.into() });
        }
        assert!(matches!(bench.next(), Some(Output::Network(NetworkRequest::Ussd(_)))), "{answer}");
    }
    let mut bench = set_up_call();
    bench.card("010485024E6F9000");
    assert_eq!(bench.screen(), Screen::Notice { text: "No".into() });
    bench.responds("81030110008202828183023901");
}

#[test]
fn emergency_calls_are_never_asked_about() {
    for digits in ["112", "911"] {
        let mut bench = bench();
        dials(&mut bench, digits);
        assert_eq!(calls(&mut bench).0, digits);
        bench.quiet();
    }
    // SET UP CALL to 112; where there is nothing but emergency calls.
    let mut bench = bench();
    bench.proactive("D00E81030110008202818386038111F2");
    bench.quiet();
    bench.user(User::Yes);
    assert_eq!(calls(&mut bench).0, "112");
    let mut bench = with_services(SERVICES, Config { service: Service::Limited, ..Config::default() });
    dials(&mut bench, "911");
    assert_eq!(calls(&mut bench).0, "911");
    dials(&mut bench, "123");
    assert!(bench.saw(&Event::NotDialled(DialError::NoService)));
}

#[test]
fn nobody_is_asked_without_the_service_or_the_facility() {
    let plain = TerminalProfile::with(&[
        oxisim_toolkit::Facility::ProfileDownload,
        oxisim_toolkit::Facility::SendShortMessage,
    ]);
    for (services, config) in
        [("00080000", Config::default()), (SERVICES, Config { profile: plain, ..Config::default() })]
    {
        let mut bench = with_services(services, config);
        dials(&mut bench, "123");
        assert_eq!(calls(&mut bench).0, "123");
        bench.proactive(SEND_SHORT_MESSAGE);
        let (tpdu, centre) = submits(&mut bench);
        assert_eq!(tpdu, "0100038121F300040141");
        assert_eq!(centre.as_deref(), Some("+4915790109999"), "the card's");
    }
    // Each service for itself.
    let mut bench = with_services("00080020", Config::default());
    bench.proactive(SEND_SHORT_MESSAGE);
    submits(&mut bench);
    let mut bench = with_services("00080040", Config::default());
    dials(&mut bench, "123");
    calls(&mut bench);
}

#[test]
fn a_sim_has_services_of_its_own_and_may_not_know_ussd() {
    // Services 28, 37 and 41 are allocated and activated in octets 7, 10 and 11.
    let identify = |services: &str| {
        let mut bench = Bench::switched_on(Config::default());
        bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
        bench.exchange("00A40004023F00", "6E00");
        let mut selected = String::new();
        while !bench.phone.is_ready() {
            match asked(&mut bench) {
                Some(Output::Transmit(command)) => {
                    let command = hex::encode_upper(command);
                    if command.starts_with("A0A4") {
                        command[10..].clone_into(&mut selected);
                    }
                    let is_phase = selected == "6FAE" && command.starts_with("A0B0");
                    let is_table = selected == "6F38" && command.starts_with("A0B0");
                    bench.card(&match (is_phase, is_table) {
                        (true, _) => "039000".into(),
                        (_, true) => format!("{services}9000"),
                        _ => "9000".into(),
                    });
                }
                other => panic!("{other:?}"),
            }
        }
        bench
    };
    let mut bench = identify("000000000000C0000003030000");
    dials(&mut bench, "123");
    bench.exchange("A0C2000014D4128202828186038121F3930700F11000010001", "9F02");
    bench.exchange("A0C0000002", "01009000");
    bench.quiet();
    assert_eq!(decision(&bench), &Decision::NotAllowed);
    dials(&mut bench, "*100#");
    bench.exchange("A0C2000017D415820282818A060FAA180C3602930700F11000010001", "9000");
    assert!(matches!(network(&mut bench), NetworkRequest::Ussd(_)));
    let mut bench = identify("000000000000C00000030000");
    dials(&mut bench, "*100#");
    assert!(matches!(network(&mut bench), NetworkRequest::Ussd(_)));
}

#[test]
fn a_card_that_is_reset_is_not_waited_for() {
    // The user's call is gone, the message is asked about again.
    let mut bench = bench();
    bench.phone.submit_application(hex::decode("01FF038121F300040141").unwrap(), None, bench.now);
    assert_eq!(bench.command(), ABOUT_MESSAGE);
    dials(&mut bench, "123");
    bench.quiet();
    bench.phone.switch_off(bench.now);
    assert!(
        bench.next().is_some_and(|output| output == Output::ApplicationSubmitted(Err(SubmitError::NotSent)))
    );

    let mut bench = self::bench();
    // REFRESH by reset while the message is being asked about.
    bench.proactive("D009810301010482028182");
    bench.phone.submit_application(hex::decode("01FF038121F300040141").unwrap(), None, bench.now);
    dials(&mut bench, "123");
    bench.events.clear();
    assert!(std::iter::from_fn(|| bench.next()).any(|output| output == Output::PowerOn));
    restarted(&mut bench, SERVICES);
    bench.exchange(ABOUT_MESSAGE, "9000");
    submits(&mut bench);
    bench.quiet();
}

#[test]
fn the_card_is_asked_while_a_command_of_its_own_is_under_way() {
    let mut bench = bench();
    // DISPLAY TEXT that waits for the user.
    bench.proactive("D01A8103012180820281028D0F04546F6F6C6B697420546573742031");
    bench.quiet();
    dials(&mut bench, "123");
    bench.exchange("80C2000014D4128202828186038121F3930700F11000010001", "9000");
    assert_eq!(calls(&mut bench).0, "123");
    bench.user(User::Clear);
    bench.responds("810301218082028281830100");
}

#[test]
fn what_the_user_dials_is_one_thing_at_a_time() {
    let mut bench = bench();
    dials(&mut bench, "*100#");
    bench.exchange("80C2000017D415820282818A060FAA180C3602930700F11000010001", "9000");
    assert!(matches!(network(&mut bench), NetworkRequest::Ussd(_)));
    dials(&mut bench, "*101#");
    bench.command();
    bench.card("9000");
    assert!(bench.saw(&Event::NotDialled(DialError::Busy)));
    // The card finds the phone busy as well, until the network has answered.
    bench.proactive(SEND_USSD);
    bench.exchange(ABOUT_USSD, "9000");
    bench.responds("81030112008202828183022008");
    bench.card("9000");
    let text = TextString::eight_bit("ok");
    says(&mut bench, NetworkEvent::Ussd(Ok(text.clone())));
    assert!(bench.saw(&Event::UssdAnswered(Ok(text))));
    dials(&mut bench, "123");
    bench.command();
    dials(&mut bench, "123");
    bench.quiet();
    assert_eq!(bench.events.last(), Some(&Event::NotDialled(DialError::Busy)));
    dials(&mut bench, "hello");
    bench.quiet();
    assert_eq!(bench.events.last(), Some(&Event::NotDialled(DialError::Unknown)));
}

#[test]
fn a_call_that_is_given_up_while_the_card_is_asked_is_not_set_up() {
    let mut bench = bench();
    dials(&mut bench, "123");
    bench.command();
    bench.user(User::HangUp);
    bench.card("9000");
    bench.quiet();
    // The next one is.
    dials(&mut bench, "123");
    bench.command();
    bench.card("9000");
    assert_eq!(calls(&mut bench).0, "123");
}

#[test]
fn the_cards_words_to_the_user_go_after_a_while() {
    let mut bench = bench();
    assert_eq!(bench.screen(), Screen::Idle { text: None });
    dials(&mut bench, "123");
    bench.command();
    bench.card("010485024E6F9000");
    assert_eq!(bench.screen(), Screen::Notice { text: "No".into() });
    bench.seconds(5);
    assert_eq!(bench.screen(), Screen::Idle { text: None });
}

#[test]
fn a_call_of_the_card_that_the_user_ends_while_the_card_is_asked_is_not_set_up() {
    for (input, result) in [(User::HangUp, "23"), (User::EndSession, "10")] {
        for answer in ["9000", "01009000"] {
            let mut bench = bench();
            bench.proactive(SET_UP_CALL);
            bench.user(User::Yes);
            assert_eq!(bench.command(), ABOUT_CALL);
            bench.user(input.clone());
            bench.quiet();
            bench.card(answer);
            bench.responds(&format!("8103011000820282818301{result}"));
        }
    }
}

#[test]
fn hanging_up_while_the_card_is_asked_about_a_service_ends_a_call() {
    let mut bench = bench();
    bench.proactive(SET_UP_CALL);
    bench.user(User::Yes);
    bench.exchange(ABOUT_CALL, "9000");
    assert_eq!(calls(&mut bench).0, "+1234");
    says(&mut bench, NetworkEvent::Connected(CALL));
    bench.responds("810301100082028281830100");
    bench.card("9000");
    bench.proactive(SEND_SS);
    assert_eq!(bench.command(), ABOUT_SS);
    bench.user(User::HangUp);
    assert_eq!(network(&mut bench), NetworkRequest::Disconnect(CALL));
}
