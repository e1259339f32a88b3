//! The echo applet.

use oxisim_applets::Echo;
use oxisim_kit::{Bench, Radio, Step, steps};
use oxisim_wire::Duration;
use proptest::prelude::*;

const FRIEND: &str = "+15550100002";

#[test]
fn a_message_comes_back_to_who_has_sent_it() {
    let mut bench = Bench::new(Echo::default());
    bench.deliver_sms(FRIEND, "Is anybody there?");
    bench.expect_sms(FRIEND, "Echo: Is anybody there?");
    bench.expect_nothing();
}

#[test]
fn a_long_message_comes_back_whole() {
    for text in ["long ".repeat(80), "länger €".repeat(50), "долгий ".repeat(40)] {
        let mut bench = Bench::new(Echo::default());
        bench.deliver_sms(FRIEND, &text);
        bench.expect_sms(FRIEND, &format!("Echo: {text}"));
        bench.expect_nothing();
    }
}

#[test]
fn messages_that_come_while_one_is_being_sent_are_echoed_too() {
    let mut bench = Bench::new(Echo::default());
    bench.radio(Radio::Takes { seconds: 5 });
    for text in ["one", "two", "three"] {
        bench.deliver_sms(FRIEND, text);
    }
    bench.expect_nothing();
    // The card is busy, so that the service centre tries again, and again.
    bench.wait(Duration::from_mins(4));
    for text in ["one", "two", "three"] {
        bench.expect_sms(FRIEND, &format!("Echo: {text}"));
    }
    bench.expect_nothing();
}

#[test]
fn an_echo_is_not_echoed() {
    let mut bench = Bench::new(Echo::default());
    bench.deliver_sms(FRIEND, "Echo: hello");
    bench.expect_nothing();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_what_is_sent_is_what_was_said(steps in steps(40)) {
        let mut bench = Bench::new(Echo::default());
        let mut said = Vec::new();
        for step in &steps {
            if let Step::Sms(text) = step {
                said.push(format!("{}{text}", Echo::MARK));
            }
            bench.take(step);
        }
        prop_assert!(bench.sent().iter().all(|sms| said.contains(&sms.text)), "{}", bench.transcript());
    }
}
