use oxisim_terminal::{Config, Event};
use oxisim_wire::{Duration, Instant};

use crate::bench::Bench;

#[test]
fn the_card_is_polled_every_thirty_seconds() {
    let mut bench = Bench::ready();
    for _ in 0..5 {
        bench.seconds(29);
        bench.quiet();
        bench.seconds(1);
        bench.exchange("80F2000C", "9000");
        bench.quiet();
    }
}

#[test]
fn a_timeout_too_early_does_nothing() {
    let mut bench = Bench::ready();
    bench.quiet();
    assert_eq!(bench.phone.poll_timeout(), Some(Instant::from_secs(30)));
    bench.phone.handle_timeout(Instant::from_secs(29));
    assert_eq!(bench.next(), None);
    assert_eq!(bench.phone.poll_timeout(), Some(Instant::from_secs(30)));
}

#[test]
fn a_poll_interval_within_the_grantable_is_granted_as_asked() {
    let mut bench = Bench::ready();
    // TS 102 384 §27.22.4.6: POLL INTERVAL, twenty seconds.
    bench.carries_out("D00D81030103008202818284020114", "81030103008202828183010084020114");
    assert!(bench.saw(&Event::PollInterval(Some(Duration::from_secs(20)))));
    bench.seconds(20);
    bench.exchange("80F2000C", "9000");
    bench.seconds(20);
    bench.exchange("80F2000C", "9000");
}

#[test]
fn a_poll_interval_beyond_the_grantable_gets_its_nearest_end() {
    let config = Config { grantable: Duration::from_secs(10)..=Duration::from_mins(5), ..Config::default() };
    let mut bench = Bench::ready_with(config);
    bench.carries_out("D00D81030103008202818284020101", "8103010300820282818301008402010A");
    bench.seconds(10);
    bench.command();
    bench.announced("D00D810301030082028182840200FF");
    bench.responds("81030103008202828183010084020005");
    bench.card("9000");
    bench.seconds(299);
    bench.quiet();
    bench.seconds(1);
    bench.exchange("80F2000C", "9000");
}

#[test]
fn an_unknown_unit_of_time_is_not_understood() {
    let mut bench = Bench::ready();
    bench.carries_out("D00D81030103008202818284020914", "810301030082028281830132");
}

#[test]
fn polling_stops_when_the_card_says_so_and_starts_again() {
    let mut bench = Bench::ready();
    bench.carries_out("D009810301040082028182", "810301040082028281830100");
    assert!(bench.saw(&Event::PollInterval(None)));
    assert_eq!(bench.phone.poll_timeout(), None);
    bench.seconds(3_600);
    bench.quiet();
}

#[test]
fn polling_rests_while_a_command_is_carried_out() {
    let mut bench = Bench::ready();
    // TS 102 384 §27.22.4.1, sequence 1.1: the user has to clear the text.
    bench.proactive("D01A8103012180820281028D0F04546F6F6C6B697420546573742031");
    bench.quiet();
    bench.seconds(45);
    bench.quiet();
    bench.seconds(15);
    bench.responds("810301218082028281830112");
    bench.card("9000");
    bench.exchange("80F2000C", "9000");
    bench.seconds(30);
    bench.exchange("80F2000C", "9000");
}
