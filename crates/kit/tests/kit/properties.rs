//! A property of an applet's own, and what a failure of it shrinks to.

use oxisim_kit::{Bench, Handset, Radio, Reply, Step, steps};
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
    // It is to fail, and leaves nothing behind.
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

#[test]
fn each_step_does_what_its_verb_does() {
    let step = |step: Step, line: &str| {
        let mut bench = Bench::new(Prober::default());
        bench.take(&step);
        let found = bench.transcript().lines().any(|said| said.starts_with(line));
        assert!(found, "{step:?}: {line}\n{}", bench.transcript());
    };
    step(Step::Menu(8), "phone shows \"A text\"");
    step(Step::Sms("hi".into()), "phone shows \"From +15550100002: hi\"");
    step(Step::Packet { place: 3, data: vec![7] }, "phone shows \"Packet [07]\"");
    step(Step::Move(5), "phone is in area 2, cell 5");
    step(Step::NoService, "phone shows \"location status\"");
    step(Step::Language("tr"), "phone shows \"language selection\"");
    step(Step::Call, "phone shows \"MT call\"");
    step(Step::Wait(60), "time: 1m00s");
    step(Step::Radio(Radio::Refuses), "radio: Refuses");
    step(Step::Reset, "phone is switched off and on");
    step(Step::PutInto(Handset::Plain), "card is put into a phone: Plain");
    for (entry, reply, line) in [
        (0, Reply::Clear, "phone: DISPLAY TEXT performed successfully"),
        (1, Reply::Text("yes".into()), "phone shows \"Text \\\"yes\\\"\""),
        (1, Reply::Back, "phone: GET INPUT backward move requested by user"),
        (1, Reply::End, "phone: GET INPUT session terminated by user"),
        (1, Reply::Nothing, "phone: GET INPUT no response from user"),
        (2, Reply::Yes, "phone shows \"Yes\""),
        (2, Reply::No, "phone shows \"No\""),
        (3, Reply::Item(3), "phone shows \"Item 2\""),
    ] {
        let mut bench = Bench::new(Prober::default());
        bench.take(&Step::Menu(entry));
        bench.take(&Step::Answer(reply));
        assert!(bench.transcript().lines().any(|said| said == line), "{line}\n{}", bench.transcript());
    }
}

#[test]
fn steps_print_a_line_each() {
    let steps = [Step::Tear(1), Step::Answer(Reply::Item(0)), Step::Packet { place: 0, data: vec![1, 2] }];
    let lines = "[\n    Tear(1),\n    Answer(Item(0)),\n    Packet { place: 0, data: [1, 2] },\n]";
    assert_eq!(format!("{steps:#?}"), lines);
}
