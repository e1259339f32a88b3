use std::collections::BTreeMap;

use oxisim_terminal::{Config, Output};
use oxisim_toolkit::{Command, CommandType};

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
