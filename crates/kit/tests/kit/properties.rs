//! A property of an applet's own, and what a failure of it shrinks to.

use oxisim_kit::{Bench, Step, steps};
use proptest::{
    prelude::*,
    test_runner::{Config, TestError, TestRunner},
};

use crate::prober::{COUNT, Prober};

/// The two counters of the applet.
fn counters(bench: &Bench) -> [u8; 2] {
    let memory = bench.card().memory();
    let (_, octets) =
        memory.objects().find(|(name, _)| name.ends_with("/state")).expect("the applet's array");
    octets.try_into().expect("two counters")
}

#[test]
fn a_forgotten_transaction_is_found_and_shrinks_to_a_tear_and_the_entry() {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let found = runner.run(&steps(30), |steps| {
        let mut bench = Bench::new(Prober::default());
        for step in &steps {
            // The ninth entry: the menu has nine, so the place is what it says.
            bench.take(step);
        }
        let [first, second] = counters(&bench);
        prop_assert_eq!(first, second);
        Ok(())
    });
    let Err(TestError::Fail(_, least)) = found else { panic!("{found:?}") };
    assert!(matches!(least[..], [Step::Tear(_), Step::Menu(7)]), "{COUNT} is the eighth: {least:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_steps_lead_to_the_same_transcript(steps in steps(20)) {
        let run = || {
            let mut bench = Bench::new(Prober::default());
            for step in &steps {
                bench.take(step);
            }
            bench.transcript().to_string()
        };
        prop_assert_eq!(run(), run());
    }
}
