use oxisim_terminal::{Output, Screen, User};
use oxisim_toolkit::objects::{Tone, ToneCode};
use oxisim_wire::Duration;

use crate::bench::Bench;

/// TS 102 384 §27.22.4.1, sequence 1.1: normal priority, the user clears the text.
const TOOLKIT_TEST_1: &str = "D01A8103012180820281028D0F04546F6F6C6B697420546573742031";

fn text(text: &str, sustained: bool) -> Screen {
    Screen::Text { text: text.into(), sustained }
}

const IDLE: Screen = Screen::Idle { text: None };

#[test]
fn a_text_stays_until_the_user_clears_it() {
    let mut bench = Bench::ready();
    bench.proactive(TOOLKIT_TEST_1);
    assert_eq!(bench.screen(), text("Toolkit Test 1", false));
    bench.seconds(20);
    bench.quiet();
    bench.user(User::Clear);
    bench.responds("810301218082028281830100");
    bench.card("9000");
    assert_eq!(bench.screen(), IDLE);
}

#[test]
fn the_user_may_go_back_or_end_the_session_or_do_nothing() {
    for (input, result) in [(User::Back, "11"), (User::EndSession, "10"), (User::NoResponse, "12")] {
        let mut bench = Bench::ready();
        bench.proactive(TOOLKIT_TEST_1);
        bench.user(User::Yes);
        bench.quiet();
        bench.user(input);
        bench.responds(&format!("8103012180820282818301{result}"));
    }
}

#[test]
fn a_text_that_needs_no_user_goes_after_a_while() {
    let mut bench = Bench::ready();
    bench.proactive(&TOOLKIT_TEST_1.replace("2180", "2100"));
    bench.seconds(4);
    bench.quiet();
    bench.seconds(1);
    bench.responds("810301210082028281830100");
}

#[test]
fn a_text_that_is_answered_at_once_stays_when_the_session_ends() {
    let mut bench = Bench::ready();
    // TS 102 384 §27.22.4.1: immediate response.
    bench.proactive("D01C8103012180820281028D0F04546F6F6C6B697420546573742031AB00");
    assert_eq!(bench.screen(), text("Toolkit Test 1", true));
    bench.responds("810301218082028281830100");
    bench.card("9000");
    assert_eq!(bench.next(), None);
    bench.user(User::Clear);
    assert_eq!(bench.screen(), IDLE);
}

#[test]
fn a_text_with_a_duration_that_is_answered_at_once_goes_by_itself() {
    let mut bench = Bench::ready();
    bench.proactive("D0208103012180820281028D0F04546F6F6C6B697420546573742031AB0084020103");
    bench.responds("810301218082028281830100");
    bench.card("9000");
    bench.seconds(2);
    assert_eq!(bench.next(), None);
    bench.seconds(1);
    assert_eq!(bench.screen(), IDLE);
}

#[test]
fn a_text_of_normal_priority_does_not_cover_the_menu() {
    let mut bench = Bench::ready();
    // SET UP MENU: "M", item 1 "A".
    bench.carries_out("D01081030125008202818285014D8F020141", "810301250082028281830100");
    bench.user(User::OpenMenu);
    assert!(matches!(bench.screen(), Screen::Menu(_)));
    bench.carries_out(TOOLKIT_TEST_1, "81030121808202828183022001");
    bench.proactive(&TOOLKIT_TEST_1.replace("2180", "2181"));
    assert_eq!(bench.screen(), text("Toolkit Test 1", false));
}

#[test]
fn a_text_of_normal_priority_does_not_cover_what_the_user_does() {
    let mut bench = Bench::ready();
    bench.quiet();
    bench.user(User::Occupy);
    assert_eq!(bench.screen(), Screen::Own);
    bench.carries_out(TOOLKIT_TEST_1, "81030121808202828183022001");
    assert_eq!(bench.phone.screen(), &Screen::Own);
    bench.user(User::Clear);
    bench.proactive(TOOLKIT_TEST_1);
    bench.user(User::Clear);
    bench.responds("810301218082028281830100");
}

#[test]
fn an_icon_is_not_displayed_and_the_card_knows() {
    let mut bench = Bench::ready();
    bench.proactive("D01E8103012180820281028D0F04546F6F6C6B6974205465737420319E020001");
    bench.user(User::Clear);
    bench.responds("810301218082028281830104");
}

#[test]
fn a_tone_is_played_to_its_end() {
    let mut bench = Bench::ready();
    bench.proactive("D0108103012000820281038E010184020105");
    assert_eq!(
        bench.next(),
        Some(Output::Tone {
            tone: Some(Tone { tone: ToneCode::DIAL }),
            length: Duration::from_secs(5),
            vibrates: false
        })
    );
    bench.seconds(5);
    bench.responds("810301200082028281830100");
}

#[test]
fn every_tone_of_the_standard_is_played_and_no_other() {
    let known: Vec<u8> =
        [0x01..=0x08, 0x10..=0x15, 0x20..=0x20, 0x30..=0x34, 0x40..=0x47].into_iter().flatten().collect();
    for tone in 0..=u8::MAX {
        let mut bench = Bench::ready();
        bench.proactive(&format!("D0108103012001820281038E01{tone:02X}84020105"));
        if known.contains(&tone) {
            let length = Duration::from_secs(5);
            assert_eq!(
                bench.next(),
                Some(Output::Tone { tone: Some(Tone { tone: ToneCode(tone) }), length, vibrates: true })
            );
            bench.seconds(5);
            bench.responds("810301200182028281830100");
        } else {
            // TS 102 384 §27.22.4.5, sequence 1.1.
            bench.responds("810301200182028281830130");
        }
    }
}

#[test]
fn a_tone_ends_with_the_session() {
    let mut bench = Bench::ready();
    // TS 102 384 §27.22.4.5, sequence 1.1, the fourteenth: one minute.
    bench.proactive("D01981030120008202810385073C41424F52543E8E010684020001");
    assert_eq!(bench.screen(), Screen::Notice { text: "<ABORT>".into() });
    bench.seconds(30);
    bench.user(User::EndSession);
    assert!(matches!(bench.next(), Some(Output::Tone { .. })));
    bench.responds("810301200082028281830110");
}

#[test]
fn an_icon_that_needs_words_and_has_none_is_not_understood() {
    let mut bench = Bench::ready();
    // SET UP IDLE MODE TEXT: a null text, an icon that is not self-explanatory.
    bench.carries_out("D00F8103012800820281828D009E020101", "810301280082028281830132");
    bench.carries_out("D0118103012800820281828D0204419E020101", "810301280082028281830104");
}

#[test]
fn the_idle_screen_has_the_cards_text() {
    let mut bench = Bench::ready();
    bench.proactive("D0118103012800820281828D0604446F6E6521");
    assert_eq!(bench.screen(), Screen::Idle { text: Some("Done!".into()) });
    bench.responds("810301280082028281830100");
    bench.card("9000");
    bench.proactive("D00B8103012800820281828D00");
    assert_eq!(bench.screen(), IDLE);
    bench.responds("810301280082028281830100");
}
