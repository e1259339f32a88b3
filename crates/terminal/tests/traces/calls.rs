//! SET UP CALL, SEND USSD, SEND DTMF.

use oxisim_terminal::{CallId, NetworkEvent, NetworkRequest, Output, User};
use oxisim_toolkit::objects::TextString;

use crate::bench::Bench;

const SET_UP_CALL: &str = "D00E8103011000820281838603912143";
const CALL: CallId = CallId { transaction: 0, is_incoming: false };

/// The next output that is neither event nor screen.
fn asked(bench: &mut Bench) -> Option<Output> {
    loop {
        match bench.next() {
            Some(Output::Screen(_)) => {}
            other => return other,
        }
    }
}

fn calling() -> Bench {
    let mut bench = Bench::ready();
    bench.proactive(SET_UP_CALL);
    bench.quiet();
    bench.user(User::Yes);
    let Some(Output::Network(NetworkRequest::Call { call, number, .. })) = asked(&mut bench) else {
        panic!()
    };
    assert_eq!((call, number.to_string().as_str()), (CALL, "+1234"));
    bench
}

fn says(bench: &mut Bench, event: NetworkEvent) {
    bench.phone.handle_network(event, bench.now);
}

#[test]
fn a_call_that_is_connected_is_performed_and_takes_tones() {
    let mut bench = calling();
    says(&mut bench, NetworkEvent::Connected(CALL));
    bench.responds("810301100082028281830100");
    bench.card("9000");
    bench.proactive("D00D810301140082028183AC02C1F2");
    assert_eq!(asked(&mut bench), Some(Output::Network(NetworkRequest::Dtmf("1P2".into()))));
    bench.responds("810301140082028281830100");
}

#[test]
fn digits_behind_a_separator_are_no_number_and_are_sent_as_tones_once_connected() {
    let mut bench = Bench::ready();
    // TS 31.124 §27.22.4.13, sequence 1.1.
    bench.proactive("D01E81030110008202818385084E6F7420627573798609911032042143651C2C");
    bench.user(User::Yes);
    let Some(Output::Network(NetworkRequest::Call { number, .. })) = asked(&mut bench) else { panic!() };
    assert_eq!(number.to_string(), "+012340123456");
    bench.quiet();
    says(&mut bench, NetworkEvent::Connected(CALL));
    assert_eq!(asked(&mut bench), Some(Output::Network(NetworkRequest::Dtmf("P1P2".into()))));
    bench.responds("810301100082028281830100");
}

#[test]
fn tones_of_a_call_that_failed_are_not_those_of_the_next() {
    let mut bench = Bench::ready();
    bench.proactive("D01E81030110008202818385084E6F7420627573798609911032042143651C2C");
    bench.user(User::Yes);
    assert!(matches!(asked(&mut bench), Some(Output::Network(NetworkRequest::Call { .. }))));
    says(&mut bench, NetworkEvent::Disconnected { call: CALL, cause: Some(17) });
    bench.responds("81030110008202828183022191");
    bench.card("9000");
    bench.proactive(SET_UP_CALL);
    bench.user(User::Yes);
    assert!(matches!(asked(&mut bench), Some(Output::Network(NetworkRequest::Call { .. }))));
    says(&mut bench, NetworkEvent::Connected(CALL));
    bench.responds("810301100082028281830100");
}

#[test]
fn a_busy_number_is_told_with_its_cause() {
    let mut bench = calling();
    says(&mut bench, NetworkEvent::Disconnected { call: CALL, cause: Some(17) });
    bench.responds("81030110008202828183022191");
}

#[test]
fn the_user_may_refuse_or_clear_down() {
    for refusal in [User::No, User::HangUp] {
        let mut bench = Bench::ready();
        bench.proactive(SET_UP_CALL);
        bench.user(refusal);
        bench.responds("810301100082028281830122");
    }
    let mut bench = calling();
    bench.user(User::HangUp);
    assert_eq!(asked(&mut bench), Some(Output::Network(NetworkRequest::Disconnect(CALL))));
    bench.responds("810301100082028281830123");
}

#[test]
fn a_second_call_finds_the_phone_busy() {
    let mut bench = calling();
    says(&mut bench, NetworkEvent::Connected(CALL));
    bench.responds("810301100082028281830100");
    bench.card("9000");
    bench.carries_out(SET_UP_CALL, "81030110008202828183022002");
    // So do a new start of the card and the browser (TS 102 223 §6.4.7, §6.4.26).
    bench.carries_out("D009810301010482028182", "81030101048202828183022002");
    bench.carries_out("D00B8103011500820281823100", "81030115008202828183022002");
}

#[test]
fn tones_need_a_call() {
    let mut bench = Bench::ready();
    bench.carries_out("D00D810301140082028183AC02C1F2", "81030114008202828183022007");
}

#[test]
fn an_incoming_call_is_told_to_the_card_from_ringing_to_its_end() {
    let call = CallId { transaction: 1, is_incoming: true };
    let mut bench = Bench::ready();
    bench.carries_out("D00E8103010500820281829903000102", "810301050082028281830100");
    says(&mut bench, NetworkEvent::Incoming { call, number: None });
    bench.exchange("80C200000CD60A990100820283819C0110", "9000");
    bench.user(User::Answer);
    assert_eq!(asked(&mut bench), Some(Output::Network(NetworkRequest::Answer(call))));
    bench.exchange("80C200000CD60A990101820282819C0190", "9000");
    says(&mut bench, NetworkEvent::Disconnected { call, cause: None });
    bench.exchange("80C200000ED60C990102820282819C01909A00", "9000");
}

#[test]
fn ussd_is_answered_with_text_or_return_error() {
    const USSD: &str = "D0118103011200820281838A06042A31303023";
    for (result, response) in [
        (Ok(TextString::eight_bit("5 EUR")), "8103011200820282818301008D06043520455552"),
        (Err(oxisim_terminal::ServiceError::Return(0x22)), "81030112008202828183023722"),
    ] {
        let mut bench = Bench::ready();
        bench.proactive(USSD);
        let Some(Output::Network(NetworkRequest::Ussd(text))) = asked(&mut bench) else { panic!() };
        assert_eq!(text.text, b"*100#");
        says(&mut bench, NetworkEvent::Ussd(result));
        bench.responds(response);
    }
}

#[test]
fn a_number_and_a_service_may_be_longer_than_a_message_has_room_for() {
    // TS 31.124 §27.22.4.13, sequence 1.9, and §27.22.4.11, sequence 1.1.
    let mut bench = Bench::ready();
    bench.proactive("D01C81030110018202818386119110325476981032547698103254769810");
    bench.quiet();
    bench.user(User::Yes);
    let Some(Output::Network(NetworkRequest::Call { number, .. })) = asked(&mut bench) else { panic!() };
    assert_eq!(number.to_string(), "+01234567890123456789012345678901");

    let mut bench = Bench::ready();
    bench.proactive("D01D8103011100820281838500891091AA120A214365870921436587A901FB");
    let Some(Output::Network(NetworkRequest::Service(string))) = asked(&mut bench) else { panic!() };
    assert_eq!(string.to_string(), "+**21*01234567890123456789*10#");
}
