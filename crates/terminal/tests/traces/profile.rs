use std::collections::BTreeMap;

use oxisim_terminal::{Config, Output, User};
use oxisim_toolkit::{
    Command, CommandType, Facility, Problem, TerminalProfile,
    codes::{BipProblem, EventCode, RefreshMode},
};

use crate::bench::Bench;

/// The conformance sequences of the toolkit, one JSON object a line.
const SEQUENCES: &str = include_str!("../../../toolkit/tests/vectors/ofono_stk.jsonl");

#[test]
fn the_phone_performs_what_its_profile_says_and_nothing_else() {
    let profile = Config::default().profile;
    let examples = examples();
    assert!(examples.len() >= 10);
    for (kind, command) in examples {
        let kind = CommandType(kind);
        let mut bench = Bench::ready();
        bench.proactive(&command);
        let refused = std::iter::from_fn(|| bench.next()).any(|output| is_refusal(&output));
        assert_eq!(refused, !profile.performs(kind), "{kind:?} {command}");
    }
}

/// Commands of the types that have no conformance sequence: type, device and objects.
const OTHERS: [(u8, &str); 13] = [
    (0x16, "82"),
    (0x45, "82C3020041"),
    (0x46, "82C4020041"),
    (0x47, "82C103000141"),
    (0x50, "82E80101"),
    (0x51, "82"),
    (0x60, "83EA01419203016F01EE0141"),
    (0x61, "839203016F01"),
    (0x62, "029203016F01EB0141"),
    (0x70, "82FB0101"),
    (0x71, "82D40100"),
    (0x72, "31A10141A20141"),
    (0x73, "31"),
];

/// The same of types that a phone may well perform.
const MORE: [(u8, &str); 7] = [
    (0x03, "8284020101"),
    (0x04, "82"),
    (0x13, "838B0801FF0281210000008500"),
    (0x26, "82"),
    (0x27, "82A40101A503000010"),
    (0x31, "10"),
    (0x32, "10"),
];

fn command(&(kind, objects): &(u8, &str)) -> (u8, String) {
    let length = 8 + objects.len() / 2;
    (kind, format!("D0{length:02X}810301{kind:02X}00820281{objects}"))
}

#[test]
fn every_type_of_command_can_be_made_to_fail() {
    let mut kinds = 0;
    for (kind, command) in examples().into_iter().chain(OTHERS.iter().chain(&MORE).map(command)) {
        let mut bench = Bench::ready();
        bench.phone.answer_next(CommandType(kind), Problem::Bearer(BipProblem::CHANNEL_CLOSED));
        bench.proactive(&command);
        let response = bench.command();
        assert!(response.ends_with("83023A02"), "{command}: {response}");
        kinds += 1;
    }
    assert_eq!(kinds, CommandType::ALL.len());
}

#[test]
fn what_has_no_sequence_is_performed_if_the_profile_says_so_and_not_else() {
    let profile = Config::default().profile;
    for (kind, command) in OTHERS.iter().map(command) {
        assert_eq!(is_refused(&command), !profile.performs(CommandType(kind)), "{command}");
    }
}

#[test]
fn containers_are_for_clients_that_the_phone_does_not_have_whatever_its_profile_says() {
    for kind in [CommandType::COMMAND_CONTAINER, CommandType::ENCAPSULATED_SESSION_CONTROL] {
        let (_, command) = OTHERS.iter().map(command).find(|(other, _)| *other == kind.0).unwrap();
        let profile = TerminalProfile::with(&[Facility::Containers]);
        let mut bench = Bench::ready_with(Config { profile, ..Config::default() });
        bench.carries_out(&command, &format!("810301{:02X}0082028281830130", kind.0));
    }
}

/// The one response to a command, which must come at once or not before the user, the card or time has its say.
fn is_refused(command: &str) -> bool {
    let mut bench = Bench::ready();
    bench.proactive(command);
    std::iter::from_fn(|| bench.next()).any(|output| is_refusal(&output))
}

#[test]
fn every_qualifier_is_performed_if_the_profile_says_so_and_not_else() {
    let profile = Config::default().profile;
    for qualifier in 0..=u8::MAX {
        let commands = [
            (CommandType::PROVIDE_LOCAL_INFORMATION, "82028182"),
            (CommandType::TIMER_MANAGEMENT, "82028182A40101A503000010"),
        ];
        for (kind, objects) in commands {
            let length = 5 + objects.len() / 2;
            let command = format!("D0{length:02X}810301{:02X}{qualifier:02X}{objects}", kind.0);
            let performs = profile.performs_qualified(kind, qualifier);
            assert_eq!(is_refused(&command), !performs, "{command}");
        }
    }
}

#[test]
fn every_mode_of_refresh_is_performed_if_the_profile_says_so_and_not_else() {
    let profile = Config::default().profile;
    for mode in RefreshMode::ALL {
        let command = format!("D01081030101{:02X}820281829205013F002FE2", mode.0);
        let performs = profile.performs_qualified(CommandType::REFRESH, mode.0);
        assert_eq!(is_refused(&command), !performs, "{command}");
    }
}

#[test]
fn every_event_is_reported_if_the_profile_says_so_and_not_else() {
    let profile = Config::default().profile;
    for event in 0..=u8::MAX {
        let command = format!("D00C8103010500820281829901{event:02X}");
        assert_eq!(is_refused(&command), !profile.hears(EventCode(event)), "{command}");
    }
}

#[test]
fn what_a_profile_lacks_of_a_command_is_not_done() {
    let profile = TerminalProfile::with(&[
        Facility::DisplayText,
        Facility::GetInkey,
        Facility::PlayTone,
        Facility::SetUpMenu,
        Facility::Refresh,
        Facility::TimerManagement,
    ]);
    let mut bench = Bench::ready_with(Config { profile, ..Config::default() });
    // GET INKEY, yes or no; with help and a time; PLAY TONE, a melody; TIMER MANAGEMENT, get current value.
    bench.carries_out("D00D8103012204820281828D020441", "810301220482028281830130");
    bench.proactive("D0118103012280820281828D0204418402010A");
    bench.user(User::Help(None));
    bench.seconds(59);
    bench.quiet();
    bench.seconds(1);
    bench.responds("810301228082028281830112");
    bench.card("9000");
    bench.exchange("80F2000C", "9000");
    bench.carries_out("D00C8103012000820281038E0140", "810301200082028281830130");
    bench.carries_out("D00C810301270282028182240101", "810301270282028281830130");
    // A text that is answered at once stays until the delay is over.
    bench.proactive("D00F8103012100820281028D0204412B00");
    bench.seconds(5);
    bench.responds("810301210082028281830100");
    bench.card("9000");
    // Neither menu selections nor timer expirations are told.
    bench.carries_out("D01081030125008202818285014D8F020141", "810301250082028281830100");
    bench.user(User::SelectMenu(1));
    bench.quiet();
    bench.carries_out("D0118103012700820281822401012503000010", "810301270082028281830100A40101");
    bench.seconds(1);
    bench.quiet();
}

/// A TERMINAL RESPONSE with "beyond the terminal's capabilities" or "command type not understood".
fn is_refusal(output: &Output) -> bool {
    let Output::Transmit(command) = output else { return false };
    let command = hex::encode_upper(command);
    command.starts_with("8014") && ["830130", "830131"].iter().any(|result| command.contains(result))
}

/// The first command of each type that can be understood.
fn examples() -> BTreeMap<u8, String> {
    let mut examples = BTreeMap::new();
    for row in SEQUENCES.lines() {
        let Some(text) = row.split("\"hex\": \"").nth(1).and_then(|rest| rest.split('"').next()) else {
            continue;
        };
        let bytes = hex::decode(text).unwrap();
        // A command that fits in one FETCH of the bench.
        if bytes.len() < 0x100
            && let Ok(command) = Command::decode(&bytes)
        {
            examples.entry(command.details.kind.0).or_insert_with(|| text.to_owned());
        }
    }
    examples
}
