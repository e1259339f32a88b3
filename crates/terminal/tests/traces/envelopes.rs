use oxisim_terminal::{Config, Event, Service, User};

use crate::bench::Bench;

/// SET UP MENU "M": 1 "A", with help.
const MENU: &str = "D01081030125808202818285014D8F020141";

fn with_menu() -> Bench {
    let mut bench = Bench::ready();
    bench.carries_out(MENU, "810301258082028281830100");
    bench
}

/// SET UP EVENT LIST.
fn with_events(events: &str) -> Bench {
    let mut bench = Bench::ready();
    let list = format!("99{:02X}{events}", events.len() / 2);
    bench.carries_out(
        &format!("D0{:02X}810301050082028182{list}", 9 + list.len() / 2),
        "810301050082028281830100",
    );
    bench
}

#[test]
fn a_choice_from_the_menu_is_told_to_the_card() {
    let mut bench = with_menu();
    assert_eq!(bench.phone.menu().unwrap().items.len(), 1);
    bench.user(User::SelectMenu(2));
    bench.quiet();
    bench.user(User::SelectMenu(1));
    bench.exchange("80C2000009D30782020181900101", "9000");
    bench.quiet();
}

#[test]
fn help_on_an_item_of_the_menu_is_asked_of_the_card() {
    let mut bench = with_menu();
    bench.user(User::Help(Some(1)));
    bench.exchange("80C200000BD309820201819001019500", "9000");
}

#[test]
fn what_the_card_announces_after_an_envelope_is_fetched() {
    let mut bench = with_menu();
    bench.user(User::SelectMenu(1));
    bench.command();
    bench.announced("D009810301020082028182");
    bench.responds("810301020082028281830100");
}

#[test]
fn a_menu_of_one_empty_item_is_no_menu() {
    let mut bench = with_menu();
    bench.carries_out("D00D81030125008202818285008F00", "810301250082028281830100");
    assert_eq!(bench.phone.menu(), None);
    bench.user(User::SelectMenu(1));
    bench.quiet();
}

#[test]
fn a_busy_card_is_tried_again_after_a_while_or_when_its_session_ends() {
    let mut bench = with_menu();
    bench.user(User::SelectMenu(1));
    bench.exchange("80C2000009D30782020181900101", "9300");
    bench.quiet();
    bench.seconds(5);
    assert_eq!(bench.command(), "80C2000009D30782020181900101");
    bench.card("9300");
    bench.quiet();
    bench.seconds(5);
    bench.command();
    bench.announced("D009810301020082028182");
    bench.responds("810301020082028281830100");
    bench.card("9000");
    bench.quiet();
}

#[test]
fn the_menu_cannot_be_used_during_a_session() {
    let mut bench = with_menu();
    bench.proactive("D01A8103012180820281028D0F04546F6F6C6B697420546573742031");
    bench.quiet();
    bench.user(User::SelectMenu(1));
    bench.quiet();
}

#[test]
fn user_activity_is_told_once() {
    let mut bench = with_events("04");
    bench.user(User::Key('1'));
    bench.exchange("80C2000009D60799010482028281", "9000");
    bench.user(User::Key('1'));
    bench.quiet();
}

#[test]
fn the_idle_screen_is_told_once_when_it_is_available_again() {
    let mut bench = with_events("05");
    for times in [1, 0] {
        bench.proactive("D01A8103012180820281028D0F04546F6F6C6B697420546573742031");
        bench.user(User::Clear);
        bench.responds("810301218082028281830100");
        bench.card("9000");
        for _ in 0..times {
            bench.exchange("80C2000009D60799010582020281", "9000");
        }
        bench.quiet();
    }
}

#[test]
fn every_change_of_the_location_status_is_told() {
    let mut bench = with_events("03");
    bench.phone.handle_service(Service::None, bench.now);
    bench.exchange("80C200000CD60A990103820282819B0102", "9000");
    bench.phone.handle_service(Service::None, bench.now);
    bench.quiet();
    bench.phone.handle_service(Config::default().service, bench.now);
    bench.exchange("80C2000015D613990103820282819B0100930700F11000010001", "9000");
}

#[test]
fn a_list_with_an_event_that_the_phone_does_not_report_is_refused() {
    let mut bench = with_events("04");
    bench.carries_out("D00D81030105008202818299020405", "810301050082028281830100");
    bench.carries_out("D00D81030105008202818299020419", "810301050082028281830130");
    bench.carries_out("D00B8103010500820281829900", "810301050082028281830100");
    bench.user(User::Key('1'));
    bench.quiet();
}

#[test]
fn what_waits_has_a_limit() {
    let mut bench = with_menu();
    for _ in 0..40 {
        bench.user(User::SelectMenu(1));
    }
    bench.command();
    bench.quiet();
    assert_eq!(bench.events.iter().filter(|&event| event == &Event::EnvelopeLost).count(), 7);
}
