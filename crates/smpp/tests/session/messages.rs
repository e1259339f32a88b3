//! Messages, their answers, the window and pauses.

use oxisim_smpp::{
    Alert, CommandStatus, EsmClass, Event, Failure, Message, Operation, Refusal, Role, Settings, SubmitError,
    Tag, Ticket,
};
use oxisim_sms::ProtocolIdentifier;
use oxisim_wire::Duration;

use crate::kit::{START, bound, bound_with, deliver, download, events, later, talk};

#[test]
fn a_message_goes_there_and_its_id_comes_back() {
    let (mut esme, mut centre) = bound();
    let message = download();
    esme.submit(Ticket(1), &message, START).unwrap();
    talk(&mut esme, &mut centre, START);
    let [Event::Message(token, got)] = &events(&mut centre)[..] else { panic!("no message") };
    assert_eq!(**got, message);
    assert_eq!((got.data_coding, got.protocol_id.0, got.esm_class), (0xF6, 0x7F, EsmClass::UDHI));
    assert_eq!(events(&mut esme), []);
    centre.accept(*token, Some("42"), START);
    talk(&mut esme, &mut centre, START);
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), Ok(Some("42".into())))]);
}

#[test]
fn a_message_is_acknowledged_only_when_its_taker_says_so() {
    let (mut esme, mut centre) = bound();
    for ticket in 1..=3 {
        centre.submit(Ticket(ticket), &deliver(&[ticket as u8]), START).unwrap();
    }
    talk(&mut esme, &mut centre, START);
    let all = events(&mut esme);
    let [Event::Message(one, _), Event::Message(two, _), Event::Message(three, _)] = all[..] else {
        panic!()
    };
    assert_eq!(events(&mut centre), []);
    // In any order.
    esme.refuse(three, Refusal::Permanent, START);
    esme.refuse(one, Refusal::Temporary, START);
    esme.accept(two, None, START);
    talk(&mut esme, &mut centre, START);
    let refused = |status| Err(Failure::Refused(status));
    assert_eq!(
        events(&mut centre),
        [
            Event::Answered(Ticket(3), refused(CommandStatus::X_R_APPN)),
            Event::Answered(Ticket(1), refused(CommandStatus::X_T_APPN)),
            Event::Answered(Ticket(2), Ok(None)),
        ]
    );
    // Twice is once.
    esme.accept(two, None, START);
    assert_eq!(esme.poll_output(), None);
}

#[test]
fn messages_above_what_may_wait_are_refused_for_now() {
    let settings = Settings { incoming: 2, ..Settings::default() };
    for (overload, from_centre) in [(CommandStatus::MSGQFUL, true), (CommandStatus::THROTTLED, false)] {
        let (mut esme, mut centre) = bound_with(settings.clone(), Role::Transceiver);
        let (message, from, to) = if from_centre {
            (deliver(b"x"), &mut centre, &mut esme)
        } else {
            (download(), &mut esme, &mut centre)
        };
        for ticket in 1..=3 {
            from.submit(Ticket(ticket), &message, START).unwrap();
        }
        talk(from, to, START);
        assert_eq!(events(to).len(), 2);
        assert_eq!(events(from), [Event::Answered(Ticket(3), Err(Failure::Refused(overload)))]);
    }
}

#[test]
fn a_window_bounds_what_is_not_answered() {
    let (mut esme, mut centre) = bound_with(Settings { window: 2, ..Settings::default() }, Role::Transceiver);
    for ticket in 1..=2 {
        esme.submit(Ticket(ticket), &download(), START).unwrap();
    }
    assert_eq!(esme.ready_at(), None);
    assert_eq!(esme.submit(Ticket(3), &download(), START), Err(SubmitError::NotNow));
    talk(&mut esme, &mut centre, START);
    let Event::Message(token, _) = events(&mut centre)[0] else { panic!() };
    centre.accept(token, None, START);
    talk(&mut esme, &mut centre, START);
    assert!(esme.submit(Ticket(3), &download(), START).is_ok());
}

#[test]
fn a_message_without_an_answer_in_time_is_given_up_and_leaves_the_window() {
    let (mut esme, _) = bound_with(Settings { window: 1, ..Settings::default() }, Role::Transceiver);
    esme.submit(Ticket(1), &download(), START).unwrap();
    esme.handle_timeout(later(29));
    assert_eq!(events(&mut esme), []);
    esme.handle_timeout(later(30));
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), Err(Failure::TimedOut))]);
    assert!(esme.ready_at().is_some());
}

#[test]
fn throttling_makes_a_pause_and_congestion_too() {
    let (mut esme, mut centre) = bound();
    esme.submit(Ticket(1), &download(), START).unwrap();
    talk(&mut esme, &mut centre, START);
    let Event::Message(token, _) = events(&mut centre)[0] else { panic!() };
    centre.refuse(token, Refusal::Status(CommandStatus::THROTTLED), START);
    talk(&mut esme, &mut centre, START);
    let throttled = Err(Failure::Refused(CommandStatus::THROTTLED));
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), throttled)]);
    assert_eq!(esme.ready_at(), Some(later(1)));
    assert_eq!(esme.submit(Ticket(2), &download(), START), Err(SubmitError::NotNow));

    esme.submit(Ticket(2), &download(), later(1)).unwrap();
    talk(&mut esme, &mut centre, later(1));
    let Event::Message(token, _) = events(&mut centre)[0] else { panic!() };
    centre.set_congestion(Some(95));
    centre.accept(token, Some("2"), later(1));
    talk(&mut esme, &mut centre, later(1));
    assert_eq!(events(&mut esme), [Event::Congestion(95), Event::Answered(Ticket(2), Ok(Some("2".into())))]);
    assert_eq!(esme.ready_at(), Some(later(1) + Duration::from_millis(100)), "a breath");

    centre.set_congestion(Some(100));
    esme.handle_timeout(later(40));
    talk(&mut esme, &mut centre, later(40));
    assert_eq!(events(&mut esme), [Event::Congestion(100)]);
    assert_eq!(esme.ready_at(), Some(later(41)));
}

#[test]
fn an_alert_says_which_phone_can_be_reached() {
    let (mut esme, mut centre) = bound();
    let alert = Alert { phone: "+15550100001".parse().unwrap(), esme: "1000".parse().ok(), availability: 0 };
    centre.alert(&alert).unwrap();
    talk(&mut esme, &mut centre, START);
    assert_eq!(events(&mut esme), [Event::Alert(alert)]);
}

#[test]
fn a_long_message_travels_as_payload() {
    let (mut esme, mut centre) = bound();
    for length in [254, 255, 60_000] {
        let message = Message { content: vec![7; length], ..download() };
        esme.submit(Ticket(1), &message, START).unwrap();
        let octets = esme.poll_output().unwrap();
        let payload = octets.windows(4).any(|at| {
            at[..2] == Tag::MESSAGE_PAYLOAD.0.to_be_bytes() && at[2..] == (length as u16).to_be_bytes()
        });
        assert_eq!(payload, length > 254);
        centre.handle_octets(&octets, START);
        let [Event::Message(_, got)] = &events(&mut centre)[..] else { panic!("{length}") };
        assert_eq!(**got, message);
    }
    let message = Message { content: vec![7; 65_536], ..download() };
    assert!(matches!(esme.submit(Ticket(1), &message, START), Err(SubmitError::Message(_))));
}

#[test]
fn data_sm_goes_both_ways() {
    let (mut esme, mut centre) = bound();
    let data = Message { operation: Operation::Data, protocol_id: ProtocolIdentifier::DEFAULT, ..download() };
    esme.submit(Ticket(1), &data, START).unwrap();
    centre.submit(Ticket(1), &data, START).unwrap();
    talk(&mut esme, &mut centre, START);
    for session in [&mut esme, &mut centre] {
        let [Event::Message(token, got)] = &events(session)[..] else { panic!() };
        assert_eq!(**got, data);
        session.accept(*token, Some("9"), START);
    }
    talk(&mut esme, &mut centre, START);
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), Ok(Some("9".into())))]);
    assert_eq!(events(&mut centre), [Event::Answered(Ticket(1), Ok(Some("9".into())))]);
}

#[test]
fn an_id_that_cannot_be_said_and_a_message_to_nobody_are_errors() {
    let (mut esme, mut centre) = bound();
    esme.submit(Ticket(1), &download(), START).unwrap();
    esme.submit(Ticket(2), &Message { destination: None, ..download() }, START).unwrap();
    talk(&mut esme, &mut centre, START);
    let [Event::Message(token, _)] = events(&mut centre)[..] else { panic!() };
    centre.accept(token, Some("a number of more than 64 octets that no field of a response can hold"), START);
    talk(&mut esme, &mut centre, START);
    assert_eq!(
        events(&mut esme),
        [
            Event::Answered(Ticket(2), Err(Failure::Refused(CommandStatus::INVDSTADR))),
            Event::Answered(Ticket(1), Err(Failure::Refused(CommandStatus::SYSERR))),
        ]
    );
}
