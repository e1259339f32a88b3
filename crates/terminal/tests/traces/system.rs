use oxisim_terminal::{Config, Event, Output, Service};
use oxisim_wire::Instant;

use crate::bench::Bench;

#[test]
fn local_information_is_provided() {
    let config = Config { imei: "123456789012345".parse().unwrap(), ..Config::default() };
    let mut bench = Bench::ready_with(config);
    bench.carries_out("D009810301260082028182", "810301260082028281830100930700F11000010001");
    bench.carries_out("D009810301260182028182", "81030126018202828183010094081A32547698103254");
    bench.carries_out("D009810301260482028182", "810301260482028281830100AD02656E");
    bench.carries_out("D009810301260582028182", "810301260582028281830130");
}

#[test]
fn the_time_is_the_users() {
    let start = Instant::from_secs(1_030_394_261 - 30);
    let mut bench = Bench::switched_on_at(Config { quarter_hours: -4, ..Config::default() }, start);
    bench.start_up("9000");
    // 2002-08-26, 19:37:41, an hour behind GMT.
    bench.carries_out("D009810301260382028182", "810301260382028281830100A60720806291731448");
}

#[test]
fn without_service_there_is_no_location() {
    let mut bench = Bench::ready();
    bench.phone.handle_service(Service::Limited, bench.now);
    bench.carries_out("D009810301260082028182", "810301260082028281830106");
    bench.phone.handle_service(Service::None, bench.now);
    bench.carries_out("D009810301260082028182", "81030126008202828183022004");
}

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
fn a_refresh_of_an_unknown_kind_is_beyond_the_phone() {
    let mut bench = Bench::ready();
    bench.carries_out("D009810301010782028182", "810301010782028281830130");
}
