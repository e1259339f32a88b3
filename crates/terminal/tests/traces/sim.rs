//! A SIM of GSM, which speaks class `A0` (TS 51.011).

use std::collections::HashMap;

use oxisim_sms::{file::ServiceParameters, tpdu::FailureCause};
use oxisim_terminal::{CardIdentity, Config, Event, Output, Pin, PinState, Platform};
use oxisim_toolkit::TerminalProfile;
use oxisim_wire::{Duration, Wire};

use crate::bench::{Bench, FOR_CARD};

/// The header of the recorded `DF_GSM`, with CHV1 disabled.
const GSM: &str = "851400047F20020000FBFF03899900120400838A808A";
const TELECOM: &str = "000000007F100200000000000981000D0400838A838A";

fn config() -> Config {
    Config { profile: TerminalProfile::new(&[0xFF, 0x01]), ..Config::default() }
}

/// A phone whose card has refused class `00`.
fn bench(config: Config) -> Bench {
    let mut bench = Bench::switched_on(config);
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    bench.exchange("00A40004023F00", "6E00");
    bench.exchange("A0A40000023F00", "9F16");
    bench.exchange("A0C0000016", "000000003F000100000000000981020C0400838A838A9000");
    bench
}

/// The phone selects a file, which has this header.
#[track_caller]
fn selects(bench: &mut Bench, identifier: &str, header: &str) {
    let length = header.len() / 2;
    bench.exchange(&format!("A0A4000002{identifier}"), &format!("9F{length:02X}"));
    bench.exchange(&format!("A0C00000{length:02X}"), &format!("{header}9000"));
}

/// The phone selects a transparent file and reads it.
#[track_caller]
fn reads(bench: &mut Bench, identifier: &str, contents: &str) {
    let length = contents.len() / 2;
    selects(bench, identifier, &format!("0000{length:04X}{identifier}040011FF2201020000"));
    bench.exchange(&format!("A0B00000{length:02X}"), &format!("{contents}9000"));
}

/// The card has no such file.
#[track_caller]
fn misses(bench: &mut Bench, identifier: &str) {
    bench.exchange(&format!("A0A4000002{identifier}"), "9404");
}

/// The record of `EF_SMSP`, after one in the tests of pySim.
const PARAMETERS: &str = "534D5343FFFFFFFFFFFFFFFFE1FFFFFFFFFFFFFFFFFFFFFFFF0891945197109099F9FFFFFF0000A9";

/// A phone in use with a proactive SIM.
fn ready() -> Bench {
    let profile = Config::default().profile;
    let profile = hex::encode_upper(profile.octets());
    let mut bench = bench(Config::default());
    reads(&mut bench, "2FE2", "989410000000000000F1");
    misses(&mut bench, "2F05");
    selects(&mut bench, "7F20", GSM);
    reads(&mut bench, "6F05", "0100030204FFFF");
    reads(&mut bench, "6FAE", "03");
    bench.exchange(&format!("A0100000{:02X}{profile}", profile.len() / 2), "9000");
    reads(&mut bench, "6FAD", "000000");
    reads(&mut bench, "6F38", "FF3FFF0F0300F003000C");
    reads(&mut bench, "6F07", "080910100000000010");
    selects(&mut bench, "7F10", TELECOM);
    selects(&mut bench, "6F42", "000000506F42040011FFFF01020128");
    bench.exchange("A0B2010428", &format!("{PARAMETERS}9000"));
    misses(&mut bench, "6F43");
    selects(&mut bench, "7F20", GSM);
    bench.quiet();
    assert!(bench.phone.is_ready());
    bench
}

#[test]
fn a_card_that_refuses_class_00_is_started_up_as_a_sim() {
    let mut bench = ready();
    let identity = CardIdentity {
        platform: Platform::Sim,
        iccid: "8949010000000000001".into(),
        languages: vec![*b"en", *b"de", *b"fr", *b"it", *b"es"],
        phase: Some(3),
        imsi: "001010000000001".into(),
        administrative_data: vec![0, 0, 0],
        services: hex::decode("FF3FFF0F0300F003000C").unwrap(),
        service_centre: Some("+4915790109999".parse().unwrap()),
        message_parameters: Some(
            ServiceParameters::decode(&hex::decode(PARAMETERS).unwrap(), "EF_SMSP").unwrap(),
        ),
        ..CardIdentity::default()
    };
    assert!(bench.saw(&Event::SessionStarted(identity)));
}

#[test]
fn instructions_that_are_not_known_make_a_sim_too() {
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    bench.exchange("00A40004023F00", "6D00");
    assert_eq!(bench.command(), "A0A40000023F00");
    // Nothing comes after class A0.
    bench.card("6E00");
    assert_eq!(bench.command(), "A0A40000022FE2");
}

#[test]
fn languages_of_the_master_file_come_before_those_of_gsm() {
    let mut bench = bench(config());
    misses(&mut bench, "2FE2");
    reads(&mut bench, "2F05", "6465FFFF");
    selects(&mut bench, "7F20", GSM);
    misses(&mut bench, "6FAE");
    assert_eq!(bench.command(), "A0A40000026FAD", "no phase, no profile");
    assert_eq!(bench.phone.identity().languages, [*b"de"]);
}

/// A recorded SIM: its answers to each command, which depend on the file that is selected. Commands that the recorded
/// phone did not send are answered by hand.
struct Recorded {
    answers: HashMap<[String; 2], String>,
    selected: String,
    /// What was answered by hand.
    others: Vec<String>,
}

impl Recorded {
    fn new() -> Self {
        const RECORDING: &str = include_str!("../../../card/tests/vectors/gsm_line.json");
        let exchanges = RECORDING
            .lines()
            .filter_map(|line| line.trim().trim_end_matches(',').strip_prefix("[\"")?.strip_suffix("\"]"))
            .filter_map(|line| line.split_once("\", \""));
        let mut sim = Self { answers: HashMap::new(), selected: String::new(), others: Vec::new() };
        for (sent, answer) in exchanges {
            let key = sim.key(sent);
            sim.answers.insert(key, answer.into());
        }
        assert_eq!(sim.answers.len(), 21);
        sim.selected.clear();
        sim
    }

    /// The file that is selected, with this command or before, and the command.
    fn key(&mut self, command: &str) -> [String; 2] {
        if let Some(identifier) = command.strip_prefix("A0A4000002") {
            self.selected = identifier.into();
        }
        [self.selected.clone(), command.into()]
    }

    fn answer(&mut self, command: &str) -> String {
        let key = self.key(command);
        if let Some(answer) = self.answers.get(&key) {
            return answer.clone();
        }
        self.others.push(key.join(" "));
        match [&key[0], command] {
            ["3F00", "A0C0000016"] => "000000003F000100000000000981020C0400838A838A9000",
            ["2FE2", "A0C000000F"] => "0000000A2FE204000FFFFF010200009000",
            ["6FAE", "A0C000000F"] => "000000016FAE04000BFFFF010200009000",
            // The recorded phone reads less than there is.
            ["6F05", "A0B0000007"] => "0100030204FFFF9000",
            ["6F07", "A0B0000009"] => "9804",
            [_, "00A40004023F00"] => "6E00",
            _ => "9404",
        }
        .into()
    }
}

#[test]
fn a_recorded_sim_of_phase_2_is_neither_told_a_profile_nor_polled() {
    let mut sim = Recorded::new();
    let mut bench = Bench::switched_on(config());
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    while let Some(output) = bench.next() {
        if let Output::Transmit(command) = output {
            let answer = sim.answer(&hex::encode_upper(command));
            bench.card(&answer);
        }
    }
    assert!(bench.phone.is_ready());
    let others = [
        " 00A40004023F00",
        "3F00 A0C0000016",
        "2FE2 A0C000000F",
        "2F05 A0A40000022F05",
        "6F05 A0B0000007",
        "6FAE A0C000000F",
        "6F07 A0B0000009",
        "7F10 A0A40000027F10",
        "6F42 A0A40000026F42",
        "6F43 A0A40000026F43",
    ];
    assert_eq!(sim.others, others);
    let identity = CardIdentity {
        platform: Platform::Sim,
        languages: vec![*b"en", *b"de", *b"fr", *b"it", *b"es"],
        phase: Some(2),
        administrative_data: vec![0x00, 0xFF, 0xFF],
        services: vec![0xFF, 0x3F, 0xFF, 0x0F],
        ..CardIdentity::default()
    };
    assert_eq!(bench.phone.identity(), &identity);
    bench.seconds(600);
    bench.quiet();
}

#[test]
fn what_a_sim_announces_during_the_start_up_is_fetched_after_it() {
    let mut bench = bench(config());
    misses(&mut bench, "2FE2");
    misses(&mut bench, "2F05");
    selects(&mut bench, "7F20", GSM);
    misses(&mut bench, "6F05");
    reads(&mut bench, "6FAE", "03");
    bench.exchange("A010000002FF01", "910B");
    misses(&mut bench, "6FAD");
    misses(&mut bench, "6F38");
    misses(&mut bench, "6F07");
    misses(&mut bench, "7F10");
    bench.exchange("A0A40000027F20", "9F16");
    bench.exchange("A0C0000016", &format!("{GSM}910C"));
    bench.exchange("A01200000C", "D009810301040082028182009000");
    assert_eq!(&bench.command()[..8], "A0140000");
}

#[test]
fn a_proactive_sim_is_polled_and_answered_in_its_class() {
    let mut bench = ready();
    bench.seconds(30);
    bench.exchange("A0F2000016", &format!("{GSM}910B"));
    bench.exchange("A01200000B", "D0098103010400820281829000");
    bench.exchange("A01400000C810301040082028281830100", "9000");
    bench.quiet();
}

#[test]
fn a_sim_that_is_exchanged_between_two_polls_is_noticed() {
    for (second, is_noticed) in
        [(format!("{GSM}9000"), false), (format!("{TELECOM}9000"), true), ("6F00".into(), true)]
    {
        let mut bench = ready();
        bench.seconds(30);
        bench.exchange("A0F2000016", &format!("{GSM}9000"));
        bench.seconds(30);
        bench.exchange("A0F2000016", &second);
        assert_eq!(bench.saw(&Event::SimChanged), is_noticed, "{second}");
    }
    // A UICC is not asked.
    let mut bench = Bench::ready();
    for _ in 0..2 {
        bench.seconds(30);
        bench.exchange("80F2000C", "9000");
    }
    assert!(!bench.saw(&Event::SimChanged));
}

#[test]
fn an_envelope_waits_for_a_sim_that_is_busy() {
    let mut bench = ready();
    bench.seconds(30);
    bench.exchange("A0F2000016", &format!("{GSM}9113"));
    // TIMER MANAGEMENT, start of timer 1, ten seconds.
    bench.exchange("A012000013", "D01181030127008202818224010125030000019000");
    bench.exchange("A01400000F810301270082028281830100A40101", "9000");
    bench.seconds(10);
    bench.exchange("A0C200000ED70C82028281A40101A503000001", "9300");
    bench.quiet();
    bench.seconds(5);
    assert!(bench.command().starts_with("A0C200000ED70C82028281A40101"));
}

#[test]
fn a_sim_answers_the_service_centre_with_a_success_or_an_error() {
    for (rounds, expected) in [
        (&[("9000", "")][..], "0000"),
        (&[("9F02", "A0C0000002"), ("AABB9000", "")], "00077FF602AABB"),
        (&[("9E02", "A0C0000002"), ("AABB9000", "")], "00D5077FF602AABB"),
        (&[("9E02", "A0C0000002"), ("6F00", "")], "00D500"),
        (&[("9300", "")], "00D400"),
        (&[("9240", "")], "00D500"),
        (&[("6F00", "")], "00D500"),
    ] {
        let mut bench = ready();
        bench.phone.handle_deliver(&hex::decode(FOR_CARD).unwrap(), None, bench.now);
        assert!(bench.command().starts_with("A0C20000"));
        for (answer, next) in rounds {
            bench.card(answer);
            if !next.is_empty() {
                assert_eq!(bench.command(), *next);
            }
        }
        let Some(Output::DeliverReport(report)) = bench.next() else { panic!("{rounds:?}") };
        assert_eq!(hex::encode_upper(oxisim_wire::Wire::encode(&report)), expected);
        let is_error = expected.starts_with("00D");
        assert_eq!(report.cause.is_some(), is_error);
        assert_eq!(report.cause == Some(FailureCause::TOOLKIT_BUSY), expected == "00D400");
    }
}

#[test]
fn a_refresh_starts_the_sim_again_from_its_directory_on() {
    let mut bench = ready();
    bench.seconds(30);
    bench.exchange("A0F2000016", &format!("{GSM}910B"));
    bench.exchange("A01200000B", "D0098103010103820281829000");
    selects(&mut bench, "7F20", GSM);
    reads(&mut bench, "6FAE", "03");
    reads(&mut bench, "6FAD", "000000");
    reads(&mut bench, "6F38", "FF03");
    reads(&mut bench, "6F07", "080910101032547698");
    misses(&mut bench, "7F10");
    misses(&mut bench, "6F43");
    selects(&mut bench, "7F20", GSM);
    bench.exchange("A01400000C810301010382028281830100", "9000");
    assert_eq!(bench.phone.identity().imsi, "001010123456789");
}

#[test]
fn a_sim_keeps_messages_in_its_directory_and_is_left_where_it_was() {
    let mut bench = ready();
    // Class 2, "AB" from 1234.
    let tpdu = "0404812143001220806291731448024121";
    bench.phone.handle_deliver(&hex::decode(tpdu).unwrap(), None, bench.now);
    selects(&mut bench, "7F10", TELECOM);
    selects(&mut bench, "6F3C", "000001606F3C040011FFFF010201B0");
    let record = |status: &str, rest: &str| format!("{status}{rest}{}", "FF".repeat(175 - rest.len() / 2));
    bench.exchange("A0B20104B0", &format!("{}9000", record("01", "00")));
    bench.exchange("A0B20204B0", &format!("{}9000", record("00", "")));
    bench.exchange(&format!("A0DC0204B0{}", record("03", &format!("00{tpdu}"))), "9000");
    selects(&mut bench, "7F20", GSM);
    let Some(Output::DeliverReport(report)) = bench.next() else { panic!() };
    assert_eq!(report.cause, None);
    assert!(bench.saw(&Event::MessageStored { record: 2 }));
    // Both records of this SIM are taken now.
    bench.phone.handle_deliver(&hex::decode(tpdu).unwrap(), None, bench.now);
    selects(&mut bench, "7F10", TELECOM);
    selects(&mut bench, "6F3C", "000001606F3C040011FFFF010201B0");
    for number in [1, 2] {
        bench.exchange(&format!("A0B2{number:02X}04B0"), &format!("{}9000", record("01", "00")));
    }
    selects(&mut bench, "7F20", GSM);
    let Some(Output::DeliverReport(report)) = bench.next() else { panic!() };
    assert_eq!(report.cause, Some(FailureCause::SIM_STORAGE_FULL));
    bench.quiet();
}

#[test]
fn a_sim_that_cannot_write_has_not_taken_the_message() {
    let mut bench = ready();
    let tpdu = hex::decode("0404812143001220806291731448024121").unwrap();
    bench.phone.handle_deliver(&tpdu, None, bench.now);
    selects(&mut bench, "7F10", TELECOM);
    selects(&mut bench, "6F3C", "000000B06F3C040011FFFF010201B0");
    bench.exchange("A0B20104B0", &format!("00{}9000", "FF".repeat(175)));
    assert!(bench.command().starts_with("A0DC0104B0"));
    bench.card("9240");
    selects(&mut bench, "7F20", GSM);
    let Some(Output::DeliverReport(report)) = bench.next() else { panic!() };
    assert_eq!(report.cause, Some(FailureCause::MOBILE_STATION_ERROR));
}

/// A phone with a PIN, at a SIM whose CHV1 is enabled, up to the selection of `DF_GSM`; `chv1` is its status.
fn locked(pin: Option<&str>, chv1: &str) -> Bench {
    let pin = pin.map(|pin| pin.parse::<Pin>().unwrap());
    let mut bench = bench(Config { pin, ..config() });
    misses(&mut bench, "2FE2");
    misses(&mut bench, "2F05");
    selects(&mut bench, "7F20", &format!("000000007F2002000000000009010A150400{chv1}8A838A"));
    misses(&mut bench, "6F05");
    bench
}

#[test]
fn chv1_is_verified_once() {
    for (answer, expected) in [
        ("9000", PinState::Verified),
        ("9804", PinState::Refused),
        ("9840", PinState::Blocked),
        ("9808", PinState::NotNeeded),
        ("6F00", PinState::Refused),
    ] {
        let mut bench = locked(Some("1234"), "83");
        bench.exchange("A02000010831323334FFFFFFFF", answer);
        assert_eq!(bench.command(), "A0A40000026FAE");
        assert_eq!(bench.phone.identity().pin, expected, "{answer}");
    }
}

#[test]
fn chv1_is_left_alone_without_a_pin_and_before_it_blocks() {
    for (pin, chv1, expected) in [
        (None, "83", PinState::Wanted),
        (None, "80", PinState::Blocked),
        (Some("1234"), "81", PinState::LastAttempt),
        (Some("1234"), "80", PinState::Blocked),
    ] {
        let mut bench = locked(pin, chv1);
        assert_eq!(bench.command(), "A0A40000026FAE");
        assert_eq!(bench.phone.identity().pin, expected);
    }
}

#[test]
fn a_locked_sim_that_has_got_the_profile_is_polled() {
    for (phase, is_polled) in [("02", false), ("03", true)] {
        let mut bench = locked(None, "83");
        reads(&mut bench, "6FAE", phase);
        if is_polled {
            bench.exchange("A010000002FF01", "9000");
        }
        for identifier in ["6FAD", "6F38", "6F07", "7F10", "7F20"] {
            misses(&mut bench, identifier);
        }
        bench.quiet();
        bench.seconds(30);
        let next = bench.next();
        assert_eq!(next, is_polled.then(|| Output::Transmit(vec![0xA0, 0xF2, 0x00, 0x00, 0x16])));
    }
}

#[test]
fn a_pin_that_was_refused_is_forgotten() {
    let mut bench = locked(Some("1234"), "83");
    bench.exchange("A02000010831323334FFFFFFFF", "9804");
    bench.command();
    bench.phone.switch_off(bench.now);
    while bench.next().is_some() {}
    bench.phone.switch_on(bench.now);
    assert_eq!(bench.next(), Some(Output::PowerOn));
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    bench.exchange("00A40004023F00", "6E00");
    bench.exchange("A0A40000023F00", "9000");
    misses(&mut bench, "2FE2");
    misses(&mut bench, "2F05");
    selects(&mut bench, "7F20", "000000007F2002000000000009010A150400828A838A");
    misses(&mut bench, "6F05");
    assert_eq!(bench.command(), "A0A40000026FAE");
    assert_eq!(bench.phone.identity().pin, PinState::Wanted);
}

#[test]
fn a_sim_that_says_nothing_of_use_is_put_up_with() {
    for nothing in ["", "9F00", "9E00", "6E00", "6700", "9000", "9404"] {
        let mut bench = Bench::switched_on(config());
        bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
        bench.exchange("00A40004023F00", "6E00");
        let mut commands = 0;
        while let Some(output) = bench.next() {
            if matches!(output, Output::Transmit(_)) {
                commands += 1;
                bench.card(nothing);
            }
        }
        assert!(bench.phone.is_ready() && commands < 60, "{nothing}: {commands}");
        bench.wait(Duration::from_mins(10));
        bench.quiet();
    }
}
