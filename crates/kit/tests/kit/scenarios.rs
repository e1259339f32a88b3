//! Each verb does what it says.

use oxisim_kit::{Bench, Callee, Handset, Radio};
use oxisim_sms::packet::CommandPacket;
use oxisim_toolkit::{event::BrowsingStatusChange, objects::BrowsingStatus};
use oxisim_wire::Duration;

use crate::prober::{CALL, COUNT, INPUT, LIST, LONG, Prober, TAR, TEXT, TIMER, YES_OR_NO, long};

const FRIEND: &str = "+15550100002";

fn bench() -> Bench {
    Bench::new(Prober::default())
}

#[test]
fn a_text_that_was_expected_has_been_read() {
    let mut bench = bench();
    bench.select_menu(TEXT);
    bench.expect_text("A text");
    bench.select_menu(TEXT);
    bench.expect_text("A text");
    bench.expect_nothing();
}

#[test]
fn the_user_answers_what_is_asked() {
    let mut bench = bench();
    bench.select_menu(INPUT);
    bench.expect_question("What?");
    bench.answer("this");
    bench.expect_text("Text \"this\"");

    bench.select_menu(LIST);
    bench.expect_items("Colour", &["red", "green"]);
    bench.choose("green");
    bench.expect_text("Item 2");

    bench.select_menu(YES_OR_NO);
    bench.expect_question("Well?");
    bench.answer_yes();
    bench.expect_text("Yes");
    bench.select_menu(YES_OR_NO);
    bench.answer_no();
    bench.expect_text("No");
    bench.expect_nothing();
}

#[test]
fn a_question_without_an_answer_leaves_nothing() {
    for answer in [Bench::answer_back, Bench::answer_end, Bench::answer_nothing] {
        let mut bench = bench();
        bench.select_menu(INPUT);
        answer(&mut bench);
        bench.expect_nothing();
    }
}

#[test]
fn a_message_in_parts_is_one_message_both_ways() {
    let mut bench = bench();
    bench.select_menu(LONG);
    bench.expect_sms(FRIEND, &long());
    bench.deliver_sms(FRIEND, &"x".repeat(200));
    bench.expect_text(&format!("From {FRIEND}: {}", "x".repeat(200)));
    bench.expect_nothing();
}

#[test]
fn a_message_in_any_alphabet_comes_to_the_card() {
    for text in ["Hello", "Grüße", "мир", "", "€"] {
        let mut bench = bench();
        bench.deliver_sms(FRIEND, text);
        bench.expect_text(&format!("From {FRIEND}: {text}"));
    }
}

#[test]
fn a_command_packet_comes_to_the_applet_of_its_tar() {
    let mut bench = bench();
    bench.deliver_packet(FRIEND, &CommandPacket::unsecured(TAR, 1.into(), [0xCA, 0xFE]));
    bench.expect_text("Packet [CA, FE]");
    bench.expect_nothing();
}

#[test]
fn a_call_goes_to_the_network() {
    let mut bench = bench();
    bench.network.numbers.insert("123".into(), Callee::Answers);
    bench.select_menu(CALL);
    bench.expect_question("");
    bench.answer_yes();
    bench.expect_call("123");
    bench.expect_nothing();
}

#[test]
fn time_passes_with_wait_alone() {
    let mut bench = bench();
    bench.select_menu(TIMER);
    bench.wait(Duration::from_secs(89));
    bench.expect_nothing();
    bench.wait(Duration::from_secs(1));
    bench.expect_text("Timer 1");
    bench.expect_nothing();
}

#[test]
fn a_message_takes_its_time_or_is_refused() {
    let mut bench = bench();
    bench.radio(Radio::Takes { seconds: 4 });
    bench.select_menu(LONG);
    bench.wait(Duration::from_secs(7));
    bench.expect_nothing();
    bench.wait(Duration::from_secs(1));
    bench.expect_sms(FRIEND, &long());
    bench.radio(Radio::Refuses);
    bench.select_menu(LONG);
    bench.expect_nothing();
}

#[test]
fn the_card_hears_of_events_that_it_has_asked_for() {
    let mut bench = bench();
    bench.move_to(1, 2);
    bench.expect_text("location status");
    bench.lose_service();
    bench.expect_text("location status");
    bench.event(BrowsingStatusChange { status: BrowsingStatus { status: vec![] } });
    bench.expect_text("browsing status");
    bench.expect_nothing();
}

#[test]
fn a_reset_ends_what_was_under_way() {
    let mut bench = bench();
    bench.select_menu(INPUT);
    bench.reset();
    bench.expect_nothing();
    bench.select_menu(TEXT);
    bench.expect_text("A text");
}

#[test]
fn a_tear_comes_once_at_its_write_and_the_phone_goes_on() {
    let mut bench = bench();
    let before = bench.writes();
    bench.select_menu(COUNT);
    let writes = bench.writes() - before;
    let torn = |bench: &Bench| bench.transcript().lines().filter(|line| line.contains("power fails")).count();
    for after in 0..writes {
        bench.tear_after(after);
        bench.select_menu(COUNT);
        assert_eq!(torn(&bench), 1 + after as usize);
        bench.select_menu(TEXT);
        bench.expect_text("A text");
    }
    bench.tear_after(writes);
    bench.select_menu(COUNT);
    assert_eq!(torn(&bench), writes as usize);
}

#[test]
fn each_phone_has_the_menu_if_it_can() {
    let mut bench = bench();
    for &handset in Handset::ALL {
        bench.put_into(handset);
        let has_menu = !matches!(handset, Handset::WithoutScreen | Handset::WithoutToolkit);
        assert_eq!(bench.phone().menu().is_some(), has_menu, "{handset:?}");
    }
}

#[test]
fn a_message_takes_the_time_that_the_radio_takes() {
    let mut bench = bench();
    bench.radio(Radio::Takes { seconds: 60 });
    bench.select_menu(LONG);
    bench.wait(Duration::from_secs(2 * 60 - 1));
    assert!(bench.sent().is_empty(), "the second of two parts is under way");
    bench.wait(Duration::from_secs(1));
    bench.expect_sms(FRIEND, &long());
}
