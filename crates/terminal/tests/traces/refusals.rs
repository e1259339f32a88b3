use oxisim_terminal::{Config, Event};
use oxisim_toolkit::{Facility, TerminalProfile};

use crate::bench::Bench;

#[test]
fn an_unknown_type_of_command_is_not_understood() {
    let mut bench = Bench::ready();
    bench.carries_out("D0098103017F0082028182", "8103017F0082028281830131");
    assert!(bench.events.iter().any(|event| matches!(event, Event::CommandRefused(_))));
}

#[test]
fn what_the_profile_lacks_is_beyond_the_phone() {
    let profile = TerminalProfile::with(&[Facility::ProfileDownload]);
    let mut bench = Bench::ready_with(Config { profile, ..Config::default() });
    bench.carries_out("D009810301020082028182", "810301020082028281830130");
}

#[test]
fn a_missing_object_and_one_that_is_not_understood_have_results_of_their_own() {
    let mut bench = Bench::ready();
    // DISPLAY TEXT without a text; with an object that must be understood and is not.
    bench.carries_out("D009810301218082028102", "810301218082028281830136");
    bench.carries_out("D00F8103012180820281028D020441F000", "810301218082028281830132");
}

#[test]
fn a_command_without_details_gets_details_of_zeros() {
    let mut bench = Bench::ready();
    bench.carries_out("D00482028182", "810300000082028281830132");
    bench.carries_out("D000", "810300000082028281830136");
    bench.carries_out("FFFF", "810300000082028281830132");
}

#[test]
fn a_command_that_is_announced_and_not_delivered_ends_the_session() {
    for nothing in ["9000", "6F00", "910B", "", "90"] {
        let mut bench = Bench::ready();
        bench.quiet();
        bench.seconds(30);
        bench.exchange("80F2000C", "910B");
        bench.exchange("801200000B", nothing);
        assert!(bench.saw(&Event::FetchFailed));
        bench.seconds(30);
        bench.exchange("80F2000C", "9000");
    }
}
