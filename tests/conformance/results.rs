//! TERMINAL RESPONSE: general results (TS 102 223 §8.12, TS 31.111 §8.12). Each comes to the applet once.

use oxisim_card::Profile;
use oxisim_terminal::Config;
use oxisim_tests::sequences::octets;
use oxisim_toolkit::{CommandType, Problem, codes::GeneralResult, objects::Outcome};

use crate::bench::Bench;

/// MORE TIME.
const MORE_TIME: &str = "D009810301020082028182";

/// What may stand beside a result: an octet of one that says more, and nothing beside the others.
fn outcome(general: GeneralResult) -> Outcome {
    let says_more = Problem::ALL.iter().any(|(other, _)| *other == general);
    Outcome { general, additional: if says_more { vec![0x01] } else { Vec::new() } }
}

#[test]
fn every_general_result_of_the_standard_comes_to_the_applet() {
    for &general in GeneralResult::ALL {
        let mut bench = Bench::new(Config::default(), &Profile::default().image());
        bench.lines();
        let outcome = outcome(general);
        bench.phone.answer_next(CommandType::MORE_TIME, outcome.clone());
        bench.send(&octets(MORE_TIME).unwrap());

        let lines = bench.lines();
        let value = hex::encode_upper([&[general.0], &outcome.additional[..]].concat());
        let response = format!("81030102008202828183{:02X}{value}", value.len() / 2);
        assert_eq!(lines[0], ("response", response), "{general:?}");
        let (word, told) = &lines[1];
        let name = general.name().unwrap().replace('_', " ").to_lowercase();
        assert_eq!(*word, "applet", "{general:?}");
        assert_eq!(told.split(": ").next(), Some(&*name), "{general:?}");
        assert_eq!(told.contains(": "), !outcome.additional.is_empty(), "{told}");
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
    assert_eq!(GeneralResult::ALL.len(), 37);
}

#[test]
fn a_command_after_a_fault_goes_as_ever() {
    let mut bench = Bench::new(Config::default(), &Profile::default().image());
    bench.lines();
    bench.phone.answer_next(CommandType::MORE_TIME, GeneralResult::NETWORK_CURRENTLY_UNABLE);
    for result in ["network currently unable", "performed successfully"] {
        bench.send(&octets(MORE_TIME).unwrap());
        assert_eq!(bench.lines()[1], ("applet", result.to_owned()));
    }
}
