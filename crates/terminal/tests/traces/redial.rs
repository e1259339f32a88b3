//! SET UP CALL with redial.

use oxisim_terminal::{CallId, Config, Event, NetworkEvent, NetworkRequest, User};

use crate::bench::Bench;

const CALL: CallId = CallId { transaction: 0, is_incoming: false };

/// SET UP CALL, only if not busy, with redial; +1234.
const REDIAL: &str = "D00E8103011001820281838603912143";
/// The same for ten seconds at most: TS 102 384 §27.22.4.13.1, sequence 1.12.
const TEN_SECONDS: &str = "D02281030110018202818385084475726174696F6E8609911032042143651C2C8402010A";

const BUSY: &str = "81030110018202828183022191";

/// The first attempt is under way.
fn calling(command: &str) -> Bench {
    let mut bench = Bench::ready();
    bench.proactive(command);
    bench.quiet();
    bench.user(User::Yes);
    dials(&mut bench);
    bench
}

#[track_caller]
fn dials(bench: &mut Bench) {
    let NetworkRequest::Call { call, number, .. } = bench.asks() else { panic!() };
    assert_eq!(call, CALL);
    assert!(number.to_string().starts_with('+'));
}

fn fails(bench: &mut Bench, cause: u8) {
    bench.network(NetworkEvent::Disconnected { call: CALL, cause: Some(cause) });
}

#[test]
fn a_busy_number_is_tried_again_until_somebody_answers() {
    let mut bench = calling(REDIAL);
    fails(&mut bench, 17);
    bench.quiet();
    bench.seconds(4);
    bench.quiet();
    bench.seconds(1);
    dials(&mut bench);
    bench.network(NetworkEvent::Connected(CALL));
    bench.responds("810301100182028281830100");
    assert!(bench.events.contains(&Event::Redialled(1)));
}

#[test]
fn ten_attempts_after_the_first_are_enough() {
    let mut bench = calling(REDIAL);
    for pause in [5, 60, 60, 60, 180, 180, 180, 180, 180, 180] {
        fails(&mut bench, 17);
        bench.seconds(pause - 1);
        bench.quiet();
        bench.seconds(1);
        dials(&mut bench);
    }
    fails(&mut bench, 17);
    bench.responds(BUSY);
}

#[test]
fn the_card_says_how_long_it_is_tried() {
    let mut bench = calling(TEN_SECONDS);
    fails(&mut bench, 17);
    bench.seconds(5);
    dials(&mut bench);
    fails(&mut bench, 17);
    bench.seconds(4);
    bench.quiet();
    bench.seconds(1);
    bench.responds(BUSY);
}

#[test]
fn an_attempt_that_succeeds_has_the_tones_of_the_first() {
    let mut bench = calling(TEN_SECONDS);
    fails(&mut bench, 17);
    bench.seconds(5);
    dials(&mut bench);
    bench.network(NetworkEvent::Connected(CALL));
    assert_eq!(bench.asks(), NetworkRequest::Dtmf("P1P2".into()));
    bench.responds("810301100182028281830100");
}

#[test]
fn an_attempt_that_fails_after_the_time_is_the_last() {
    let mut bench = calling(TEN_SECONDS);
    bench.seconds(11);
    fails(&mut bench, 17);
    bench.responds(BUSY);
}

#[test]
fn a_number_that_is_not_assigned_is_not_tried_again() {
    let mut bench = calling(REDIAL);
    fails(&mut bench, 1);
    bench.responds("81030110018202828183022181");
}

#[test]
fn without_redial_a_call_is_not_tried_again() {
    let mut bench = calling(&REDIAL.replace("1001", "1000"));
    fails(&mut bench, 17);
    bench.responds(&BUSY.replace("1001", "1000"));
}

#[test]
fn the_user_may_stop_between_attempts_and_during_one() {
    for (input, result) in [(User::HangUp, "23"), (User::EndSession, "10")] {
        let response = format!("8103011001820282818301{result}");
        let mut bench = calling(REDIAL);
        fails(&mut bench, 17);
        bench.user(input.clone());
        bench.responds(&response);
        bench.card("9000");
        bench.quiet();
        bench.seconds(20);
        bench.quiet();
        let mut bench = calling(REDIAL);
        bench.user(input);
        assert_eq!(bench.asks(), NetworkRequest::Disconnect(CALL));
        bench.responds(&response);
    }
}

#[test]
fn a_call_that_has_come_in_meanwhile_is_not_disturbed() {
    let mut bench = calling(REDIAL);
    fails(&mut bench, 17);
    let call = CallId { transaction: 1, is_incoming: true };
    bench.network(NetworkEvent::Incoming { call, number: None });
    bench.seconds(5);
    bench.responds("81030110018202828183022002");
}

#[test]
fn the_user_ends_the_call_that_is_there_before_the_attempts() {
    let mut bench = calling(REDIAL);
    fails(&mut bench, 17);
    let call = CallId { transaction: 1, is_incoming: true };
    bench.network(NetworkEvent::Incoming { call, number: None });
    bench.user(User::Answer);
    assert_eq!(bench.asks(), NetworkRequest::Answer(call));
    bench.user(User::HangUp);
    assert_eq!(bench.asks(), NetworkRequest::Disconnect(call));
    bench.quiet();
    bench.seconds(5);
    dials(&mut bench);
}

#[test]
fn a_phone_that_is_switched_off_tries_no_more() {
    let mut bench = calling(REDIAL);
    fails(&mut bench, 17);
    bench.phone.switch_off(bench.now);
    while bench.next().is_some() {}
    assert_eq!(bench.phone.poll_timeout(), None);
}

#[test]
fn what_the_card_has_made_of_the_call_is_tried_again_without_another_question() {
    // A USIM with service 30, call control.
    let mut bench = Bench::switched_on(Config::default());
    bench.start_up_with(&[("6F38", "00000020")]);
    bench.proactive(REDIAL);
    bench.quiet();
    bench.user(User::Yes);
    bench.exchange("80C2000014D412820282818603912143930700F11000010001", "6107");
    // Allowed with modifications: 1020.
    bench.exchange("00C0000007", "020586038101029000");
    for _ in 0..2 {
        let NetworkRequest::Call { call, number, .. } = bench.asks() else { panic!() };
        assert_eq!((call, number.to_string().as_str()), (CALL, "1020"));
        fails(&mut bench, 17);
        bench.seconds(5);
    }
}
