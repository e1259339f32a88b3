//! The hello applet.

use oxisim_applets::Hello;
use oxisim_kit::{Bench, Handset, steps};
use proptest::prelude::*;

const QUESTION: &str = "What is your name?";

fn asked() -> Bench {
    let mut bench = Bench::new(Hello);
    bench.expect_menu(&["Hello"]);
    bench.select_menu("Hello");
    bench.expect_question(QUESTION);
    bench
}

#[test]
fn the_user_is_greeted_by_name() {
    let mut bench = asked();
    bench.answer("Ada");
    bench.expect_text("Hello, Ada!");
    bench.expect_nothing();
}

#[test]
fn whoever_says_no_name_is_greeted_without_one() {
    let answers: [fn(&mut Bench); 3] = [|bench| bench.answer(""), Bench::answer_back, Bench::answer_nothing];
    for answer in answers {
        let mut bench = asked();
        answer(&mut bench);
        bench.expect_text("Hello!");
        bench.expect_nothing();
    }
}

#[test]
fn a_reset_ends_the_dialog_and_the_next_one_begins_anew() {
    let mut bench = asked();
    bench.reset();
    bench.expect_nothing();
    bench.select_menu("Hello");
    bench.expect_question(QUESTION);
    bench.answer("Ada");
    bench.expect_text("Hello, Ada!");
}

#[test]
fn a_phone_without_a_screen_shows_nothing_and_takes_no_harm() {
    let mut bench = asked();
    bench.put_into(Handset::WithoutScreen);
    bench.expect_menu(&[]);
    bench.put_into(Handset::Plain);
    bench.expect_menu(&["Hello"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_all_that_is_shown_is_a_greeting(steps in steps(40)) {
        let mut bench = Bench::new(Hello);
        for step in &steps {
            bench.take(step);
            let greets = bench.shown().iter().all(|text| text.starts_with("Hello") && text.ends_with('!'));
            prop_assert!(greets, "{}", bench.transcript());
            prop_assert!(bench.sent().is_empty(), "{}", bench.transcript());
        }
    }
}
