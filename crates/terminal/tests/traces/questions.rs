use oxisim_terminal::{Characters, Menu, MenuItem, Screen, User};
use oxisim_toolkit::CommandType;

use crate::bench::Bench;

/// TS 102 384 §27.22.4.2, sequence 1.1: GET INKEY, digits.
const ENTER_PLUS: &str = "D0158103012200820281828D0A04456E74657220222B22";

/// SELECT ITEM "S": 1 "A", 2 "B", with help.
const SELECT: &str = "D0148103012480820281828501538F0201418F020242";

#[test]
fn a_digit_is_answered_in_the_default_alphabet() {
    let mut bench = Bench::ready();
    bench.proactive(ENTER_PLUS);
    let prompt = "Enter \"+\"".to_string();
    assert_eq!(bench.screen(), Screen::Inkey { prompt, keys: Characters::Digits, help: false });
    bench.user(User::Key('x'));
    bench.user(User::Yes);
    bench.user(User::Help(None));
    bench.quiet();
    bench.user(User::Key('+'));
    bench.responds("8103012200820282818301008D02042B");
}

#[test]
fn keys_are_answered_as_the_qualifier_asks() {
    for (qualifier, input, answer) in [
        ("01", User::Key('q'), "8D020471"),
        ("03", User::Key('Д'), "8D03080414"),
        ("04", User::Yes, "8D020401"),
        ("04", User::No, "8D020400"),
    ] {
        let mut bench = Bench::ready();
        bench.proactive(&ENTER_PLUS.replace("012200", &format!("0122{qualifier}")));
        bench.user(input);
        bench.responds(&format!("81030122{qualifier}82028281830100{answer}"));
    }
}

#[test]
fn a_question_waits_as_long_as_it_says_and_tells_how_long_it_took() {
    let mut bench = Bench::ready();
    bench.proactive(&(ENTER_PLUS.replace("D015", "D019") + "8402010A"));
    bench.seconds(9);
    bench.quiet();
    bench.seconds(1);
    bench.responds("8103012200820282818301128402010A");
}

#[test]
fn help_is_there_if_the_card_has_it() {
    let mut bench = Bench::ready();
    bench.proactive(&ENTER_PLUS.replace("012200", "012280"));
    bench.user(User::Help(None));
    bench.responds("810301228082028281830113");
}

#[test]
fn a_text_must_have_the_length_and_the_characters_asked_for() {
    let mut bench = Bench::ready();
    // TS 102 384 §27.22.4.3, sequence 1.1: GET INPUT, five digits.
    bench.proactive("D01B8103012300820281828D0C04456E74657220313233343591020505");
    for wrong in ["1234", "123456", "1234a", ""] {
        bench.user(User::Text(wrong.into()));
    }
    bench.quiet();
    bench.user(User::Text("12345".into()));
    bench.responds("8103012300820282818301008D06043132333435");
}

#[test]
fn a_text_is_packed_if_the_card_asks() {
    let mut bench = Bench::ready();
    bench.proactive("D01B8103012308820281828D0C04456E74657220313233343591020505");
    bench.user(User::Text("67*#+".into()));
    bench.responds("8103012308820282818301008D0600B69B6AB402");
}

#[test]
fn an_answer_always_fits_the_terminal_response() {
    let mut bench = Bench::ready();
    bench.proactive("D0108103012301820281828D0104910200FF");
    bench.user(User::Text("x".repeat(240)));
    bench.quiet();
    bench.user(User::Text("x".repeat(239)));
    let response = bench.command();
    assert_eq!(&response[..10], "80140000FF");
}

#[test]
fn a_question_for_fewer_than_no_characters_is_not_understood() {
    let mut bench = Bench::ready();
    bench.carries_out("D0108103012301820281828D010491020504", "810301230182028281830132");
}

#[test]
fn an_item_is_chosen_from_those_that_are_there() {
    let mut bench = Bench::ready();
    bench.proactive(SELECT);
    let item = |identifier, text: &str| MenuItem { identifier, text: text.into(), next_action: None };
    let menu =
        Menu { title: "S".into(), items: vec![item(1, "A"), item(2, "B")], help: true, soft_keys: false };
    assert_eq!(bench.screen(), Screen::Select { menu, default: None });
    bench.user(User::Choose(3));
    bench.quiet();
    bench.user(User::Choose(2));
    bench.responds("810301248082028281830100900102");
}

#[test]
fn help_on_an_item_names_it() {
    let mut bench = Bench::ready();
    bench.proactive(SELECT);
    bench.user(User::Help(Some(1)));
    bench.responds("810301248082028281830113900101");
}

#[test]
fn a_user_who_does_not_answer_ends_the_question() {
    let mut bench = Bench::ready();
    bench.proactive(SELECT);
    bench.seconds(60);
    bench.responds("810301248082028281830112");
    bench.card("9000");
    assert_eq!(bench.command(), "80F2000C");
    assert_eq!(bench.phone.screen(), &Screen::Idle { text: None });
}

#[test]
fn a_digit_that_counts_at_once_is_on_the_keypad() {
    let mut bench = Bench::ready();
    bench.proactive(&ENTER_PLUS.replace("012200", "012208"));
    assert!(matches!(bench.screen(), Screen::Inkey { keys: Characters::Keypad, .. }));
    bench.user(User::Key('+'));
    bench.quiet();
    bench.user(User::Key('#'));
    bench.responds("8103012208820282818301008D020423");
}

#[test]
fn a_text_that_must_not_be_seen_is_on_the_keypad() {
    let mut bench = Bench::ready();
    bench.proactive("D0108103012304820281828D0104910200FF");
    assert!(matches!(bench.screen(), Screen::Input { characters: Characters::Keypad, hidden: true, .. }));
    bench.user(User::Text("1+2".into()));
    bench.quiet();
    bench.user(User::Text("1*2#".into()));
    bench.responds("8103012304820282818301008D0504312A3223");
}

#[test]
fn the_default_text_and_the_default_item_can_be_taken() {
    let mut bench = Bench::ready();
    bench.proactive("D0168103012300820281828D010491020204170404313233");
    bench.user(User::Accept);
    bench.responds("8103012300820282818301008D0404313233");
    bench.card("9000");
    bench.proactive("D0178103012400820281828501538F0201418F020242100102");
    bench.user(User::Accept);
    bench.responds("810301240082028281830100900102");
}

#[test]
fn nothing_can_be_taken_where_the_question_starts_with_nothing() {
    let mut bench = Bench::ready();
    bench.proactive(SELECT);
    bench.user(User::Accept);
    bench.quiet();
    bench.user(User::Back);
    bench.responds("810301248082028281830111");
}

#[test]
fn the_next_action_of_an_item_and_soft_keys_are_known() {
    let mut bench = Bench::ready();
    // SELECT ITEM with soft keys: 1 "A", DISPLAY TEXT follows; 2 "B", nothing does.
    bench.proactive("D0188103012404820281828501538F0201418F02024218022100");
    let Screen::Select { menu, .. } = bench.screen() else { panic!("items expected") };
    assert!(menu.soft_keys);
    assert_eq!(menu.items[0].next_action, Some(CommandType::DISPLAY_TEXT));
    assert_eq!(menu.items[1].next_action, None);
    bench.user(User::EndSession);
    bench.responds("810301240482028281830110");
}

#[test]
fn indicators_that_are_not_one_an_item_count_for_nothing() {
    let mut bench = Bench::ready();
    bench.proactive("D0178103012400820281828501538F0201418F020242180121");
    let Screen::Select { menu, .. } = bench.screen() else { panic!("items expected") };
    assert!(menu.items.iter().all(|item| item.next_action.is_none()));
}

/// GET INPUT, any text, within ten seconds.
const IN_TEN_SECONDS: &str = "D0148103012301820281828D0104910200FF8402010A";

#[test]
fn a_text_waits_as_long_as_it_says_and_tells_how_long_it_took() {
    let mut bench = Bench::ready();
    bench.proactive(IN_TEN_SECONDS);
    bench.seconds(3);
    bench.user(User::Text("hi".into()));
    bench.responds("810301230182028281830100840201038D03046869");
    bench.card("9000");
    bench.proactive(IN_TEN_SECONDS);
    bench.seconds(9);
    bench.quiet();
    bench.seconds(1);
    bench.responds("8103012301820282818301128402010A");
}

#[test]
fn a_text_and_its_time_fit_the_terminal_response() {
    let mut bench = Bench::ready();
    bench.proactive(IN_TEN_SECONDS);
    bench.user(User::Text("x".repeat(236)));
    bench.quiet();
    bench.user(User::Text("x".repeat(235)));
    assert_eq!(&bench.command()[..10], "80140000FF");
}
