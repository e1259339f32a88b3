use oxisim_terminal::Event;

use crate::bench::Bench;

/// TIMER MANAGEMENT: starts timer `timer` with `value`, swapped digits.
fn start(timer: u8, value: &str) -> String {
    format!("D0118103012700820281822401{timer:02X}2503{value}")
}

fn started(timer: u8) -> String {
    format!("810301270082028281830100A401{timer:02X}")
}

#[test]
fn a_timer_that_expires_is_told_to_the_card_with_the_time_it_ran() {
    let mut bench = Bench::ready();
    // Ten seconds.
    bench.carries_out(&start(1, "000001"), &started(1));
    bench.seconds(9);
    bench.quiet();
    bench.seconds(1);
    bench.exchange("80C200000ED70C82028281A40101A503000001", "9000");
    bench.quiet();
}

#[test]
fn all_eight_timers_run_side_by_side() {
    let mut bench = Bench::ready();
    for timer in 1..=8 {
        bench.carries_out(&start(timer, "000100"), &started(timer));
    }
    bench.carries_out(&start(9, "000100"), "810301270082028281830132");
    bench.carries_out(&start(0, "000100"), "810301270082028281830132");
}

#[test]
fn a_busy_card_is_told_again_and_how_long_it_was_by_then() {
    let mut bench = Bench::ready();
    bench.carries_out(&start(2, "000001"), &started(2));
    bench.seconds(10);
    bench.exchange("80C200000ED70C82028281A40102A503000001", "9300");
    assert!(bench.saw(&Event::EnvelopePostponed));
    bench.seconds(4);
    bench.quiet();
    bench.seconds(1);
    bench.exchange("80C200000ED70C82028281A40102A503000051", "9000");
    bench.quiet();
}

#[test]
fn a_timer_that_expires_during_a_session_waits_for_its_end() {
    let mut bench = Bench::ready();
    bench.carries_out(&start(1, "000004"), &started(1));
    bench.proactive("D01A8103012180820281028D0F04546F6F6C6B697420546573742031");
    bench.quiet();
    bench.seconds(10);
    bench.quiet();
    bench.user(oxisim_terminal::User::Clear);
    bench.responds("810301218082028281830100");
    bench.card("9000");
    bench.exchange("80C200000ED70C82028281A40101A503000004", "9000");
}

#[test]
fn the_value_of_a_timer_is_the_time_that_is_left() {
    let mut bench = Bench::ready();
    // One hour; the next STATUS is thirty seconds later.
    bench.carries_out(&start(3, "100000"), &started(3));
    bench.carries_out("D00C810301270282028182240103", "810301270282028281830100A40103A503009503");
    bench.carries_out("D00C810301270182028182240103", "810301270182028281830100A40103A503009500");
    for _ in 0..130 {
        bench.seconds(30);
        bench.exchange("80F2000C", "9000");
    }
}

#[test]
fn what_a_timer_that_does_not_run_cannot_do_contradicts_its_state() {
    let mut bench = Bench::ready();
    bench.carries_out("D00C810301270182028182240105", "810301270182028281830124A40105");
    bench.carries_out("D00C810301270282028182240105", "810301270282028281830124A40105");
}

#[test]
fn a_start_without_a_time_lacks_a_value() {
    let mut bench = Bench::ready();
    bench.carries_out("D00C810301270082028182240105", "810301270082028281830136");
}

#[test]
fn a_timer_of_no_time_runs_for_a_second() {
    let mut bench = Bench::ready();
    bench.carries_out(&start(1, "000000"), &started(1));
    bench.quiet();
    bench.seconds(1);
    bench.exchange("80C200000ED70C82028281A40101A503000010", "9000");
}

#[test]
fn a_reset_stops_the_timers() {
    let mut bench = Bench::ready();
    bench.carries_out(&start(1, "000001"), &started(1));
    bench.phone.switch_off(bench.now);
    assert_eq!(bench.phone.poll_timeout(), None);
}
