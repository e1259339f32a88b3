use oxisim_terminal::{BrowserTermination, Config, Environment, Event, Screen, Service, User};

use crate::bench::Bench;

/// TS 102 384 §27.22.4.26, sequence 1.1: the default page, with the user's leave.
const DEFAULT_URL: &str = "D0188103011500820281823100050B44656661756C742055524C";

/// Sequence 2.3, and as 1.1 but without a word to the user.
const SILENT: &str = "D00B8103011500820281823100";

fn opened(address: &str) -> Event {
    Event::BrowserOpened(address.into())
}

#[test]
fn the_user_is_asked_before_the_browser_opens() {
    let mut bench = Bench::ready();
    bench.proactive(DEFAULT_URL);
    assert_eq!(bench.screen(), Screen::Confirm { text: "Default URL".into() });
    bench.user(User::Yes);
    bench.responds("810301150082028281830100");
    assert!(bench.events.contains(&opened("about:home")));
    assert_eq!(bench.phone.browser(), Some("about:home"));
}

#[test]
fn the_user_may_refuse() {
    for (input, result) in [(User::No, "22"), (User::EndSession, "10"), (User::NoResponse, "12")] {
        let mut bench = Bench::ready();
        bench.proactive(DEFAULT_URL);
        bench.user(input);
        bench.responds(&format!("8103011500820282818301{result}"));
        assert_eq!(bench.phone.browser(), None);
    }
}

#[test]
fn a_browser_that_is_open_is_not_launched_but_used_or_opened_anew() {
    let mut bench = Bench::ready();
    // Sequence 1.2: http://xxx.yyy.zzz, with an empty alpha identifier.
    bench.carries_out(
        "D01F8103011500820281823112687474703A2F2F7878782E7979792E7A7A7A0500",
        "810301150082028281830100",
    );
    assert!(bench.saw(&opened("http://xxx.yyy.zzz")));
    bench.carries_out(SILENT, "81030115008202828183022602");
    bench.carries_out(&SILENT.replace("1500", "1502"), "810301150282028281830100");
    assert!(!bench.saw(&Event::BrowserClosed));
    bench.carries_out(&SILENT.replace("1500", "1503"), "810301150382028281830100");
    assert!(bench.saw(&Event::BrowserClosed));
    bench.carries_out(&SILENT.replace("1500", "1501"), "810301150182028281830132");
}

#[test]
fn without_a_home_page_there_is_no_default() {
    let mut bench = Bench::ready_with(Config { home_page: None, ..Config::default() });
    bench.carries_out(SILENT, "81030115008202828183022604");
}

#[test]
fn without_service_there_is_no_bearer() {
    let mut bench = Bench::ready();
    bench.phone.handle_service(Service::None, bench.now);
    // TS 102 384 §27.22.4.26, sequence 1.4: a packet service, and a gateway.
    let command = "D02081030115008202818231003201030D10046162632E6465662E6768692E6A6B6C";
    bench.carries_out(command, "81030115008202828183022601");
    bench.phone.handle_service(Config::default().service, bench.now);
    bench.carries_out(command, "810301150082028281830100");
}

#[test]
fn provisioning_data_is_not_read() {
    let mut bench = Bench::ready();
    bench.carries_out("D013810301150082028182310033063F007F106F3A", "81030115008202828183022603");
}

#[test]
fn a_user_in_a_call_does_not_browse() {
    let environment = Environment { in_call: true, ..Environment::default() };
    let mut bench = Bench::ready_with(Config { environment, ..Config::default() });
    bench.carries_out(SILENT, "81030115008202828183022002");
}

#[test]
fn what_becomes_of_the_browser_is_told_to_a_card_that_asked_for_it() {
    let mut bench = Bench::ready();
    // SET UP EVENT LIST: browser termination, browsing status.
    bench.carries_out("D00D8103010500820281829902080F", "810301050082028281830100");
    bench.phone.handle_browser_closed(BrowserTermination::USER, bench.now);
    bench.phone.handle_browsing_status(vec![0x04, 0x04], bench.now);
    bench.quiet();
    bench.carries_out(SILENT, "810301150082028281830100");
    bench.phone.handle_browsing_status(vec![0x04, 0x04], bench.now);
    bench.exchange("80C200000DD60B99010F82028281E4020404", "9000");
    bench.phone.handle_browser_closed(BrowserTermination::USER, bench.now);
    // TS 102 384 §27.22.7.9, sequence 1.1.
    bench.exchange("80C200000CD60A99010882028281B40100", "9000");
    bench.carries_out(SILENT, "810301150082028281830100");
    bench.phone.handle_browser_closed(BrowserTermination::ERROR, bench.now);
    bench.exchange("80C200000CD60A99010882028281B40101", "9000");
}
