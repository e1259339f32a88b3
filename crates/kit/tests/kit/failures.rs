//! What does not come true ends the test, and says why.

use std::panic::{AssertUnwindSafe, catch_unwind};

use oxisim_kit::Bench;

use crate::prober::{INPUT, LIST, LONG, LOOP, Prober, TEXT};

type Scenario = fn(&mut Bench);

/// What a bench says when this does not come true.
fn failure(scenario: impl FnOnce(&mut Bench)) -> String {
    let mut bench = Bench::new(Prober::circling());
    let ended = catch_unwind(AssertUnwindSafe(|| scenario(&mut bench)));
    *ended.expect_err("the scenario fails").downcast::<String>().expect("a text")
}

#[test]
fn a_failure_says_what_was_expected_what_happened_and_all_before() {
    let said = failure(|bench| {
        bench.select_menu(TEXT);
        bench.expect_text("Another text");
    });
    let begins = "\nexpected the text \"Another text\" to be shown\n     but \"A text\" was\n\n";
    assert!(said.starts_with(begins), "{said}");
    for line in [
        "card: SET UP MENU",
        "user chooses \"Text\"",
        "card: DISPLAY TEXT \"A text\"",
        "phone shows \"A text\"",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn each_expectation_fails_in_its_own_words() {
    let cases: [(Scenario, &str); 13] = [
        (
            |bench| bench.expect_text("A"),
            "the text \"A\" to be shown\n     but nothing was; it shows the idle screen",
        ),
        (
            |bench| bench.expect_sms("1", "A"),
            "a message, Sms { to: \"1\", text: \"A\" }, to be sent\n     but nothing was",
        ),
        (|bench| bench.expect_call("1"), "a call, \"1\", to be set up\n     but nothing was"),
        (|bench| bench.expect_ussd("1"), "USSD, \"1\", to be sent\n     but nothing was"),
        (|bench| bench.expect_menu(&["A"]), "the card's menu to be [\"A\"]\n     but it is [\"Text\", "),
        (
            |bench| bench.expect_items("A", &[]),
            "the choice \"A\" of []\n     but the phone shows the idle screen",
        ),
        (|bench| bench.expect_question("A"), "the question \"A\"\n     but the phone shows the idle screen"),
        (|bench| bench.select_menu("A"), "\"A\" in the card's menu\n     but it has [\"Text\", "),
        (|bench| bench.choose("A"), "\"A\" to choose\n     but the phone shows the idle screen"),
        (|bench| bench.answer("A"), "a question\n     but the phone shows the idle screen"),
        (
            |bench| {
                bench.select_menu(TEXT);
                bench.expect_nothing();
            },
            "nothing more\n     but shown: [\"A text\"]",
        ),
        (
            |bench| {
                bench.select_menu(LONG);
                bench.expect_nothing();
            },
            "nothing more\n     but sent: [Sms {",
        ),
        (
            |bench| {
                bench.select_menu(INPUT);
                bench.expect_nothing();
            },
            "nothing more\n     but the phone shows a question for a text",
        ),
    ];
    for (scenario, words) in cases {
        let said = failure(scenario);
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn an_item_that_is_not_there_cannot_be_chosen() {
    let said = failure(|bench| {
        bench.select_menu(LIST);
        bench.choose("blue");
    });
    assert!(said.contains("the choice \"Colour\" of [\"red\", \"green\"]"), "{said}");
}

#[test]
fn an_applet_that_goes_round_in_circles_is_found_out() {
    let said = failure(|bench| {
        bench.select_menu(LOOP);
        bench.expect_text("Round");
    });
    assert!(said.contains("they go on and on, and no time passes"), "{}", &said[..200]);
}
