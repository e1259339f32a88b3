use oxisim_terminal::{NetworkRequest, Screen, User};
use oxisim_toolkit::{
    CommandType,
    codes::{GeneralResult, TerminalProblem},
    objects::Outcome,
};

use crate::bench::Bench;

/// DISPLAY TEXT "A", cleared after a delay.
const TEXT: &str = "D00D8103012100820281028D020441";

/// MORE TIME.
const MORE_TIME: &str = "D009810301020082028182";

fn result(general: GeneralResult, additional: &[u8]) -> Outcome {
    Outcome { general, additional: additional.to_vec() }
}

#[test]
fn the_next_command_of_a_type_has_any_result_of_the_standard() {
    for &general in GeneralResult::ALL {
        for additional in [&[][..], &[0x00], &[0x01, 0x02]] {
            let mut bench = Bench::ready();
            bench.phone.answer_next(CommandType::DISPLAY_TEXT, result(general, additional));
            bench.carries_out(MORE_TIME, "810301020082028281830100");
            bench.proactive(TEXT);
            if general.is_performed() {
                assert!(matches!(bench.screen(), Screen::Text { .. }), "{general:?}");
                bench.seconds(5);
            }
            let value = hex::encode_upper([&[general.0], additional].concat());
            bench.responds(&format!("81030121008202828183{:02X}{value}", value.len() / 2));
            bench.card("9000");
            bench.proactive(TEXT);
            bench.seconds(5);
            bench.responds("810301210082028281830100");
        }
    }
}

#[test]
fn every_problem_of_a_terminal_can_be_told() {
    for &problem in TerminalProblem::ALL {
        let mut bench = Bench::ready();
        let unable = result(GeneralResult::TERMINAL_CURRENTLY_UNABLE, &[problem.0]);
        bench.phone.answer_next(CommandType::MORE_TIME, unable);
        bench.carries_out(MORE_TIME, &format!("8103010200820282818302{:02X}{:02X}", 0x20, problem.0));
    }
}

#[test]
fn results_for_a_type_are_used_in_their_order() {
    let mut bench = Bench::ready();
    for general in [GeneralResult::NETWORK_CURRENTLY_UNABLE, GeneralResult::USER_DID_NOT_ACCEPT] {
        bench.phone.answer_next(CommandType::MORE_TIME, result(general, &[]));
    }
    bench.carries_out(MORE_TIME, "810301020082028281830121");
    bench.carries_out(MORE_TIME, "810301020082028281830122");
    bench.carries_out(MORE_TIME, "810301020082028281830100");
}

#[test]
fn what_does_not_succeed_does_not_have_the_result_of_success() {
    let mut bench = Bench::ready();
    let partial = result(GeneralResult::PERFORMED_WITH_PARTIAL_COMPREHENSION, &[]);
    bench.phone.answer_next(CommandType::DISPLAY_TEXT, partial);
    bench.proactive(&TEXT.replace("2100", "2180"));
    bench.user(User::Back);
    bench.responds("810301218082028281830111");
}

#[test]
fn results_that_wait_have_a_limit() {
    let mut bench = Bench::ready();
    for number in 0..=64 {
        bench.phone.answer_next(CommandType::MORE_TIME, result(GeneralResult::BIP_ERROR, &[number]));
    }
    bench.carries_out(MORE_TIME, "81030102008202828183023A01");
}

#[test]
fn a_result_of_success_leaves_what_the_command_asked_for() {
    for (kind, command, answer) in [
        (CommandType::SERVICE_SEARCH, "D00C810301450082028182430100", "C500"),
        (CommandType::GET_FRAMES_STATUS, "D009810301510082028182", "E70100"),
        (CommandType::CONTACTLESS_STATE_CHANGED, "D00C810301710082028182D40100", "D40100"),
    ] {
        let mut bench = Bench::ready();
        let partial = result(GeneralResult::PERFORMED_WITH_PARTIAL_COMPREHENSION, &[]);
        bench.phone.answer_next(kind, partial);
        bench.carries_out(command, &format!("810301{:02X}0082028281830101{answer}", kind.0));
    }
}

#[test]
fn what_is_made_to_fail_is_not_begun() {
    let mut bench = Bench::ready();
    bench.phone.answer_next(CommandType::GEOGRAPHICAL_LOCATION_REQUEST, GeneralResult::MMS_ERROR);
    bench.carries_out("D009810301160082028182", "81030116008202828183013D");
    bench.proactive("D009810301160082028182");
    assert_eq!(bench.asks(), NetworkRequest::Locate(None));
}
