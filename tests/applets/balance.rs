//! The balance applet.

use oxisim_applets::Balance;
use oxisim_kit::{Bench, steps};
use proptest::prelude::*;

fn bench(code: &str) -> Bench {
    let mut bench = Bench::new(Balance::new(code));
    bench.network.ussd.insert(code.into(), "You have 5 EUR".into());
    bench
}

#[test]
fn the_user_reads_what_the_network_says() {
    // Of 7 and of 15 septets, the last octet would be empty.
    for code in ["*100#", "*100*1#", "*100*123456789#"] {
        let mut bench = bench(code);
        bench.select_menu("Balance");
        bench.expect_ussd(code);
        bench.expect_text("You have 5 EUR");
        bench.expect_nothing();
    }
}

#[test]
fn a_network_without_an_answer_is_said() {
    let mut bench = bench("*100#");
    bench.network.ussd.clear();
    bench.select_menu("Balance");
    bench.expect_ussd("*100#");
    bench.expect_text(Balance::NO_ANSWER);
    bench.expect_nothing();
}

#[test]
fn a_code_that_is_no_ussd_is_not_sent() {
    let mut bench = bench("баланс");
    bench.select_menu("Balance");
    bench.expect_nothing();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_a_text_is_the_networks_answer_or_says_there_is_none(steps in steps(40)) {
        let mut bench = bench("*100#");
        for step in &steps {
            bench.take(step);
            let known = |text: &String| text == "You have 5 EUR" || text == Balance::NO_ANSWER;
            prop_assert!(bench.shown().iter().all(known), "{}", bench.transcript());
        }
    }
}
