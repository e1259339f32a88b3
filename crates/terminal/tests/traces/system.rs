use oxisim_terminal::{Config, Environment, Event, Output, User};
use oxisim_toolkit::objects::{AccessTechnologies, Plmn, PlmnWithAccess};

use crate::bench::Bench;

#[test]
fn a_change_of_the_phonebook_is_noticed() {
    let mut bench = Bench::ready();
    // REFRESH, file change notification: 3F00/7FFF/5F3A/4F30.
    bench.carries_out("D0148103010101820281829209013F007FFF5F3A4F30", "810301010182028281830100");
    assert!(bench.events.contains(&Event::FilesChanged(vec![vec![0x3F00, 0x7FFF, 0x5F3A, 0x4F30]])));
    assert!(bench.events.contains(&Event::PhonebookChanged));
}

#[test]
fn a_change_of_other_files_leaves_the_phonebook() {
    let mut bench = Bench::ready();
    bench.carries_out("D0108103010101820281829205013F002FE2", "810301010182028281830100");
    assert!(!bench.events.contains(&Event::PhonebookChanged));
    bench.carries_out("D009810301010182028182", "810301010182028281830136");
}

#[test]
fn a_refresh_starts_the_application_again_before_it_is_answered() {
    let mut bench = Bench::ready();
    // REFRESH, initialization and full file change notification.
    bench.proactive("D009810301010082028182");
    bench.exchange("00A4040407A0000000871002", "9000");
    bench.exchange("00A40004026FAD", "6A82");
    bench.exchange("00A40004026F07", "9000");
    bench.exchange("00B0000009", "0809101000000000109000");
    bench.exchange("00A40004026F38", "6A82");
    bench.exchange("80F2010C", "9000");
    bench.responds("810301010082028281830100");
    bench.card("9000");
    assert!(bench.saw(&Event::FilesChanged(vec![])));
    assert!(bench.saw(&Event::PhonebookChanged));
    assert_eq!(bench.phone.identity().imsi, "001010000000001");
}

#[test]
fn a_refresh_may_reset_the_card_which_gets_no_answer() {
    let mut bench = Bench::ready();
    bench.carries_out("D01081030125008202818285014D8F020141", "810301250082028281830100");
    bench.proactive("D009810301010482028182");
    assert_eq!(bench.next(), Some(Output::PowerOn));
    assert_eq!(bench.next(), None);
    assert_eq!(bench.phone.menu(), None);
    assert_eq!(bench.phone.poll_timeout(), None);
    bench.start_up("9000");
    bench.seconds(30);
    bench.exchange("80F2000C", "9000");
}

#[test]
fn a_refresh_of_a_kind_that_is_not_announced_is_beyond_the_phone() {
    let mut bench = Bench::ready();
    for mode in ["08", "09", "0A", "0B"] {
        bench.carries_out(&format!("D00981030101{mode}82028182"), &format!("81030101{mode}82028281830130"));
    }
}

#[test]
fn a_call_or_a_busy_screen_hinders_a_refresh_but_not_news_of_files() {
    let environment = Environment { in_call: true, ..Environment::default() };
    let mut bench = Bench::ready_with(Config { environment, ..Config::default() });
    for mode in ["00", "02", "03", "04", "05", "06", "07"] {
        // TS 102 384 §27.22.4.7, sequence 2.4, in a call.
        bench.carries_out(
            &format!("D00981030101{mode}82028182"),
            &format!("81030101{mode}820282818302{}", "2002"),
        );
    }
    bench.carries_out("D0108103010101820281829205013F002FE2", "810301010182028281830100");
    bench.phone.handle_environment(Environment::default(), bench.now);
    bench.user(User::Occupy);
    // The same sequence, with a busy screen.
    bench.carries_out("D009810301010682028182", "81030101068202828183022001");
    // It matters neither in menus nor in calls.
    bench.proactive("D00C810301010482028182BA0105");
    assert_eq!(bench.next(), Some(Output::PowerOn));
}

#[test]
fn a_refresh_of_an_application_that_is_not_active_changes_nothing() {
    let mut bench = Bench::ready();
    bench.carries_out("D012810301010382028182AF07A0000000871004", "810301010382028281830108");
    assert!(!bench.saw(&Event::FilesChanged(vec![])));
}

#[test]
fn the_card_steers_the_phone_to_networks() {
    let mut bench = Bench::ready();
    bench.carries_out("D010810301010782028182F20500F1108000", "810301010782028281830100");
    assert!(bench.saw(&Event::Steered(vec![PlmnWithAccess {
        plmn: Plmn([0x00, 0xF1, 0x10]),
        access: AccessTechnologies(0x8000),
    }])));
}
