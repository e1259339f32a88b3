//! Two sessions talk, or one talks to a peer that misbehaves: no socket, no clock.

use oxisim_smpp::{
    Alert, Bind, Body, CommandId, CommandStatus, EsmClass, Event, Failure, Header, Message, Operation,
    Reason, Refusal, Role, Session, Settings, SubmitError, Tag, Ticket, Tlvs, Version,
};
use oxisim_sms::{DataCoding, Element, ElementId, ProtocolIdentifier, UserData};
use oxisim_wire::{Duration, Instant, Reader, Wire};
use proptest::prelude::*;

const START: Instant = Instant::from_secs(1_000);

fn bind(role: Role) -> Bind {
    Bind {
        role,
        system_id: "backup".into(),
        password: "secret".into(),
        system_type: String::new(),
        version: Version::V5_0,
        address_range: String::new(),
    }
}

fn later(seconds: u64) -> Instant {
    START + Duration::from_secs(seconds)
}

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

/// Carries octets until both sides have said all.
fn talk(one: &mut Session, other: &mut Session, now: Instant) {
    loop {
        let (there, back) = (one.poll_output(), other.poll_output());
        if there.is_none() && back.is_none() {
            return;
        }
        other.handle_octets(&there.unwrap_or_default(), now);
        one.handle_octets(&back.unwrap_or_default(), now);
    }
}

/// An ESME bound to a centre.
fn bound_with(settings: Settings, role: Role) -> (Session, Session) {
    let mut esme = Session::esme(settings.clone(), bind(role), START).unwrap();
    let mut centre = Session::centre(settings, START);
    talk(&mut esme, &mut centre, START);
    assert!(matches!(events(&mut centre)[..], [Event::BindRequested(_)]));
    centre.accept_bind("centre");
    talk(&mut esme, &mut centre, START);
    assert!(matches!(events(&mut esme)[..], [Event::Bound(..)]));
    (esme, centre)
}

fn bound() -> (Session, Session) {
    bound_with(Settings::default(), Role::Transceiver)
}

/// A command packet for a SIM.
fn download() -> Message {
    let header = vec![Element::new(ElementId(0x70), [])];
    let data = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, vec![0x00, 0x03, 1, 2, 3]).unwrap();
    let mut message = Message::new(Operation::Submit, "1000".parse().ok(), "+15550100001".parse().unwrap());
    message.protocol_id = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    message.with_user_data(&data).with_reference(7)
}

fn deliver(content: &[u8]) -> Message {
    let mut message = Message::new(Operation::Deliver, "+15550100001".parse().ok(), "1000".parse().unwrap());
    message.content = content.into();
    message
}

/// The PDUs in octets.
fn pdus(mut octets: &[u8]) -> Vec<(Header, Body)> {
    let mut all = Vec::new();
    while !octets.is_empty() {
        let header = Header::read(&mut Reader::new(octets)).unwrap();
        let (pdu, rest) = octets.split_at(header.length as usize);
        all.push((header, Body::read(header, &pdu[Header::LENGTH..]).unwrap()));
        octets = rest;
    }
    all
}

/// What a session answers.
fn answers(session: &mut Session, octets: &[u8]) -> Vec<(CommandId, CommandStatus, u32)> {
    session.handle_octets(octets, START);
    let said = session.poll_output().unwrap_or_default();
    pdus(&said).into_iter().map(|(header, _)| (header.id, header.status, header.sequence)).collect()
}

fn pdu(body: &Body, sequence: u32) -> Vec<u8> {
    body.encode(CommandStatus::OK, sequence).unwrap()
}

fn raw(id: CommandId, sequence: u32, body: &[u8]) -> Vec<u8> {
    let header =
        Header { length: (Header::LENGTH + body.len()) as u32, id, status: CommandStatus::OK, sequence };
    [&header.encode(), body].concat()
}

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
fn a_silent_peer_is_asked_and_then_left() {
    let (mut esme, mut centre) = bound();
    assert_eq!(esme.poll_timeout(), Some(later(30)));
    esme.handle_timeout(later(29));
    assert_eq!(esme.poll_output(), None);
    esme.handle_timeout(later(30));
    // Who answers is asked again later.
    talk(&mut esme, &mut centre, later(31));
    assert_eq!(esme.poll_timeout(), Some(later(61)));
    esme.handle_timeout(later(61));
    esme.submit(Ticket(1), &download(), later(61)).unwrap();
    esme.handle_timeout(later(91));
    assert_eq!(esme.ended(), Some(Reason::Silent));
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), Err(Failure::Lost))]);
    assert_eq!(esme.poll_timeout(), None);
}

#[test]
fn who_does_not_bind_in_time_is_left() {
    let mut centre = Session::centre(Settings::default(), START);
    assert_eq!(
        answers(&mut centre, &pdu(&Body::EnquireLink, 1)),
        [(CommandId::ENQUIRE_LINK_RESP, CommandStatus::OK, 1)]
    );
    centre.handle_timeout(later(10));
    assert_eq!(centre.ended(), Some(Reason::Silent));
    let mut esme = Session::esme(Settings::default(), bind(Role::Receiver), START).unwrap();
    esme.handle_timeout(later(10));
    assert_eq!(esme.ended(), Some(Reason::Silent));
}

#[test]
fn each_role_may_do_what_its_name_says() {
    for (role, sends, receives) in
        [(Role::Transmitter, true, false), (Role::Receiver, false, true), (Role::Transceiver, true, true)]
    {
        let (mut esme, mut centre) = bound_with(Settings::default(), role);
        assert_eq!((esme.ready_at().is_some(), centre.ready_at().is_some()), (sends, receives));
        centre.alert(&Alert { phone: "+1555".parse().unwrap(), esme: None, availability: 0 }).unwrap();
        talk(&mut esme, &mut centre, START);
        assert_eq!(events(&mut esme).len(), usize::from(receives));
        // Who does it all the same is told.
        let submit = answers(&mut centre, &pdu(&Body::Message(Box::new(download())), 9));
        let refused = vec![(CommandId::SUBMIT_SM_RESP, CommandStatus::INVBNDSTS, 9)];
        assert_eq!(submit, if sends { vec![] } else { refused });
    }
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
fn a_bind_that_is_refused_ends_the_session() {
    let mut esme = Session::esme(Settings::default(), bind(Role::Transceiver), START).unwrap();
    let mut centre = Session::centre(Settings::default(), START);
    talk(&mut esme, &mut centre, START);
    centre.refuse_bind(CommandStatus::INVPASWD);
    let octets = centre.poll_output().unwrap();
    assert_eq!(octets.len(), Header::LENGTH, "a response with an error has no body");
    esme.handle_octets(&octets, START);
    let reason = Some(Reason::BindRefused(CommandStatus::INVPASWD));
    assert_eq!((esme.ended(), centre.ended()), (reason, reason));
}

#[test]
fn the_older_version_is_spoken() {
    for (ours, theirs, both) in [
        (Version::V5_0, Version::V3_4, Version::V3_4),
        (Version::V3_4, Version::V5_0, Version::V3_4),
        (Version::V5_0, Version::V5_0, Version::V5_0),
        (Version::V3_3, Version::V5_0, Version::V3_3),
    ] {
        let mut esme =
            Session::esme(Settings { version: ours, ..Settings::default() }, bind(Role::Transceiver), START)
                .unwrap();
        let mut centre = Session::centre(Settings { version: theirs, ..Settings::default() }, START);
        talk(&mut esme, &mut centre, START);
        centre.accept_bind("centre");
        talk(&mut esme, &mut centre, START);
        assert_eq!((esme.version(), centre.version()), (both, both));
        // Before 3.4 there are no parameters, so that a long message cannot travel.
        let plain = both == Version::V3_3;
        esme.submit(Ticket(1), &download(), START).unwrap();
        let [(_, Body::Message(sent))] = &pdus(&esme.poll_output().unwrap())[..] else { panic!() };
        assert_eq!(sent.tlvs.is_empty(), plain);
        let long = Message { content: vec![0; 300], ..download() };
        assert_eq!(esme.submit(Ticket(2), &long, START).is_err(), plain);
    }
}

/// SMPP 3.4 §4.1.2: a centre that says no version has no parameters; many leave it out, and have them.
#[test]
fn a_centre_that_says_no_version_is_of_3_4() {
    let mut esme = Session::esme(Settings::default(), bind(Role::Transceiver), START).unwrap();
    let _ = esme.poll_output();
    esme.handle_octets(&raw(CommandId::BIND_TRANSCEIVER_RESP, 1, b"C\0"), START);
    assert_eq!(events(&mut esme), [Event::Bound("C".into(), Version::V3_4)]);
}

#[test]
fn unbind_waits_for_what_is_not_answered() {
    let (mut esme, mut centre) = bound();
    esme.submit(Ticket(1), &download(), START).unwrap();
    centre.submit(Ticket(1), &deliver(b"x"), START).unwrap();
    talk(&mut esme, &mut centre, START);
    let (at_centre, at_esme) = (events(&mut centre), events(&mut esme));
    let ([Event::Message(submitted, _)], [Event::Message(delivered, _)]) = (&at_centre[..], &at_esme[..])
    else {
        panic!()
    };
    esme.unbind(START);
    assert_eq!((esme.ready_at(), esme.poll_output()), (None, None));
    // What comes now is to come again.
    centre.submit(Ticket(2), &deliver(b"y"), START).unwrap();
    talk(&mut esme, &mut centre, START);
    assert_eq!(
        events(&mut centre),
        [Event::Answered(Ticket(2), Err(Failure::Refused(CommandStatus::X_T_APPN)))]
    );
    centre.accept(*submitted, Some("1"), START);
    talk(&mut esme, &mut centre, START);
    assert_eq!(esme.ended(), None);
    esme.accept(*delivered, None, START);
    talk(&mut esme, &mut centre, START);
    assert_eq!((esme.ended(), centre.ended()), (Some(Reason::Unbound), Some(Reason::Unbound)));
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), Ok(Some("1".into())))]);
}

#[test]
fn unbind_does_not_wait_for_ever() {
    let (mut esme, mut centre) = bound();
    centre.submit(Ticket(1), &deliver(b"x"), START).unwrap();
    talk(&mut esme, &mut centre, START);
    esme.unbind(START);
    esme.unbind(later(20));
    // Nobody takes the message.
    esme.handle_timeout(later(29));
    talk(&mut esme, &mut centre, later(29));
    assert_eq!(esme.ended(), None);
    esme.handle_timeout(later(30));
    esme.unbind(later(30));
    assert_eq!(esme.ended(), None, "unbind is not answered");
    talk(&mut esme, &mut centre, later(30));
    assert_eq!((esme.ended(), centre.ended()), (Some(Reason::Unbound), Some(Reason::Unbound)));
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

/// Octets, and what they are answered.
type Case = (Vec<u8>, Option<(CommandId, CommandStatus)>);

/// Each bad PDU, and its answer (SMPP 5.0 §4.7.6). The session goes on after each.
#[test]
fn a_bad_pdu_gets_the_standards_error_and_the_session_goes_on() {
    use CommandId as Id;
    use CommandStatus as Status;
    let good = pdu(&Body::Message(Box::new(deliver(b"hello"))), 5);
    let body = &good[Header::LENGTH..];
    let with = |at: usize, octet: u8| {
        let mut body = body.to_vec();
        body[at] = octet;
        body
    };
    // service_type 0, source 3, its end 14, destination 17, esm_class 22, the two times 25 and 26, sm_length 31.
    let cases: Vec<Case> = vec![
        (raw(Id(0x0000_0777), 5, &[]), Some((Id::GENERIC_NACK, Status::INVCMDID))),
        (raw(Id::QUERY_SM, 5, b"1\0\0\0\0"), Some((Id::GENERIC_NACK, Status::INVCMDID))),
        (raw(Id::DELIVER_SM, 5, &[]), Some((Id::DELIVER_SM_RESP, Status::INVSERTYP))),
        (raw(Id::DELIVER_SM, 5, &body[..8]), Some((Id::DELIVER_SM_RESP, Status::INVSRCADR))),
        (raw(Id::DELIVER_SM, 5, &body[..18]), Some((Id::DELIVER_SM_RESP, Status::INVDSTADR))),
        (raw(Id::DELIVER_SM, 5, &body[..23]), Some((Id::DELIVER_SM_RESP, Status::INVCMDLEN))),
        (raw(Id::DELIVER_SM, 5, &with(3, b'x')), Some((Id::DELIVER_SM_RESP, Status::INVSRCADR))),
        (raw(Id::DELIVER_SM, 5, &with(17, 0xFF)), Some((Id::DELIVER_SM_RESP, Status::INVDSTADR))),
        (raw(Id::DELIVER_SM, 5, &with(25, b'1')), Some((Id::DELIVER_SM_RESP, Status::INVSCHED))),
        (raw(Id::DELIVER_SM, 5, &with(31, 200)), Some((Id::DELIVER_SM_RESP, Status::INVMSGLEN))),
        (
            raw(Id::DELIVER_SM, 5, &[body, &[4, 0x24, 0]].concat()),
            Some((Id::DELIVER_SM_RESP, Status::INVTLVSTREAM)),
        ),
        (raw(Id::DELIVER_SM, 5, &vec![0; 80_000]), Some((Id::GENERIC_NACK, Status::INVCMDLEN))),
        (raw(Id::DATA_SM, 5, &[0; 6]), Some((Id::DATA_SM_RESP, Status::INVDSTADR))),
        (pdu(&Body::Message(Box::new(download())), 5), Some((Id::SUBMIT_SM_RESP, Status::INVBNDSTS))),
        (pdu(&Body::Bind(bind(Role::Receiver)), 5), Some((Id::BIND_RECEIVER_RESP, Status::INVBNDSTS))),
        (
            raw(Id::BIND_RECEIVER, 5, b"a name that is too long\0"),
            Some((Id::BIND_RECEIVER_RESP, Status::INVSYSID)),
        ),
        // Answers to nothing, and what has no answer.
        (pdu(&Body::EnquireLinkResp(Tlvs::default()), 5), None),
        (pdu(&Body::GenericNack, 5), None),
        (pdu(&Body::UnbindResp, 5), None),
        (pdu(&Body::MessageResp(Operation::Submit, Some("1".into()), Tlvs::default()), 5), None),
        (raw(Id(0x8000_0777), 5, &[1, 2, 3]), None),
        (raw(Id::ALERT_NOTIFICATION, 5, &[1]), None),
        (raw(Id::OUTBIND, 5, &[]), None),
    ];
    let (mut esme, mut centre) = bound();
    for (octets, answer) in cases {
        let expected: Vec<_> = answer.map(|(id, status)| (id, status, 5)).into_iter().collect();
        assert_eq!(answers(&mut esme, &octets), expected, "{}", hex::encode(&octets[..octets.len().min(80)]));
        assert_eq!((esme.ended(), events(&mut esme)), (None, vec![]));
    }
    esme.submit(Ticket(1), &download(), START).unwrap();
    talk(&mut esme, &mut centre, START);
    assert_eq!(events(&mut centre).len(), 1);
}

#[test]
fn binding_twice_is_told_and_changes_nothing() {
    let (_, mut centre) = bound();
    assert_eq!(
        answers(&mut centre, &pdu(&Body::Bind(bind(Role::Receiver)), 5)),
        [(CommandId::BIND_RECEIVER_RESP, CommandStatus::ALYBND, 5)]
    );
    assert!(centre.is_bound() && centre.ready_at().is_some());
}

#[test]
fn messages_before_the_bind_are_refused() {
    let mut centre = Session::centre(Settings::default(), START);
    assert_eq!(
        answers(&mut centre, &pdu(&Body::Message(Box::new(download())), 5)),
        [(CommandId::SUBMIT_SM_RESP, CommandStatus::INVBNDSTS, 5)]
    );
}

#[test]
fn a_length_that_no_pdu_has_is_answered_and_ends_the_session() {
    for length in [0_u32, 3, 15, 2_000_000, u32::MAX] {
        let (mut esme, _) = bound();
        assert_eq!(
            answers(&mut esme, &length.to_be_bytes()),
            [(CommandId::GENERIC_NACK, CommandStatus::INVCMDLEN, 0)]
        );
        assert_eq!(esme.ended(), Some(Reason::OutOfStep));
    }
}

#[test]
fn answers_that_cannot_be_read_are_answers() {
    let (mut esme, _) = bound();
    for ticket in 1..=3 {
        esme.submit(Ticket(ticket), &download(), START).unwrap();
    }
    let sent: Vec<u32> =
        pdus(&esme.poll_output().unwrap()).into_iter().map(|(header, _)| header.sequence).collect();
    // No body; an id without its end; parameters that end early.
    for (sequence, body) in sent.into_iter().zip([&b""[..], b"77", b"77\0\x04"]) {
        esme.handle_octets(&raw(CommandId::SUBMIT_SM_RESP, sequence, body), START);
    }
    assert_eq!(
        events(&mut esme),
        [
            Event::Answered(Ticket(1), Ok(None)),
            Event::Answered(Ticket(2), Ok(Some("77".into()))),
            Event::Answered(Ticket(3), Ok(None)),
        ]
    );
}

#[test]
fn a_generic_nack_answers_what_has_its_number() {
    let nack = |status: CommandStatus, sequence| Body::GenericNack.encode(status, sequence).unwrap();
    let (mut esme, _) = bound();
    esme.submit(Ticket(1), &download(), START).unwrap();
    esme.submit(Ticket(2), &download(), START).unwrap();
    esme.handle_octets(&nack(CommandStatus::INVCMDID, 2), START);
    esme.handle_octets(&nack(CommandStatus::OK, 3), START);
    let refused = |status| Err(Failure::Refused(status));
    assert_eq!(
        events(&mut esme),
        [
            Event::Answered(Ticket(1), refused(CommandStatus::INVCMDID)),
            Event::Answered(Ticket(2), refused(CommandStatus::UNKNOWNERR)),
        ]
    );
    // Who refuses the question is there.
    esme.handle_timeout(later(30));
    esme.handle_octets(&nack(CommandStatus::INVCMDID, 4), later(30));
    assert_eq!((esme.ended(), esme.poll_timeout()), (None, Some(later(60))));

    let mut esme = Session::esme(Settings::default(), bind(Role::Transceiver), START).unwrap();
    esme.handle_octets(&nack(CommandStatus::INVCMDID, 1), START);
    assert_eq!(esme.ended(), Some(Reason::BindRefused(CommandStatus::INVCMDID)));
}

#[test]
fn an_answer_of_another_kind_is_none() {
    let (mut esme, _) = bound();
    esme.submit(Ticket(1), &download(), START).unwrap();
    for body in [
        Body::MessageResp(Operation::Data, Some("1".into()), Tlvs::default()),
        Body::EnquireLinkResp(Tlvs::default()),
        Body::UnbindResp,
        Body::BindResp(Role::Transceiver, "C".into(), Tlvs::default()),
    ] {
        esme.handle_octets(&pdu(&body, 2), START);
        assert_eq!((events(&mut esme), esme.ended()), (vec![], None), "{body:?}");
    }
    esme.handle_octets(&pdu(&Body::MessageResp(Operation::Submit, None, Tlvs::default()), 2), START);
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), Ok(None))]);
}

#[test]
fn what_was_not_answered_when_the_peer_leaves_is_lost() {
    let (mut esme, _) = bound();
    esme.submit(Ticket(1), &download(), START).unwrap();
    let _ = esme.poll_output();
    assert_eq!(answers(&mut esme, &pdu(&Body::Unbind, 9)), [(CommandId::UNBIND_RESP, CommandStatus::OK, 9)]);
    assert_eq!(esme.ended(), Some(Reason::Unbound));
    assert_eq!(events(&mut esme), [Event::Answered(Ticket(1), Err(Failure::Lost))]);
    esme.handle_closed();
    assert_eq!(esme.ended(), Some(Reason::Unbound), "the first reason stays");
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

#[test]
fn versions_before_5_0_say_nothing_of_congestion() {
    let settings = Settings { version: Version::V3_4, ..Settings::default() };
    let (mut esme, mut centre) = bound_with(settings, Role::Transceiver);
    centre.set_congestion(Some(95));
    esme.handle_timeout(later(30));
    talk(&mut esme, &mut centre, later(30));
    assert_eq!(events(&mut esme), []);
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    let (mut esme, _) = bound();
    let question = pdu(&Body::EnquireLink, 5);
    let mut asked = 0;
    while esme.wants_octets() {
        esme.handle_octets(&question, START);
        asked += 1;
        assert!(asked < 100_000, "what waits is not bounded");
    }
    assert_eq!(esme.ready_at(), None);
    assert!(esme.poll_output().is_some_and(|octets| octets.len() < 300_000));
    assert!(esme.wants_octets());
}

fn any_body() -> impl Strategy<Value = Body> {
    prop_oneof![
        Just(Body::Unbind),
        Just(Body::UnbindResp),
        Just(Body::EnquireLink),
        Just(Body::EnquireLinkResp(Tlvs::default())),
        Just(Body::GenericNack),
        Just(Body::Bind(bind(Role::Transceiver))),
        Just(Body::BindResp(Role::Transceiver, "C".into(), Tlvs::default())),
        Just(Body::Message(Box::new(download()))),
        Just(Body::Message(Box::new(deliver(b"x")))),
        Just(Body::MessageResp(Operation::Submit, Some("7".into()), Tlvs::default())),
        Just(Body::MessageResp(Operation::Deliver, None, Tlvs::default())),
        any::<u32>().prop_map(|id| Body::Other(CommandId(id))),
    ]
}

proptest! {
    /// Octets of any kind: nothing panics, and what is kept is bounded.
    #[test]
    fn any_octets_are_survived(octets in proptest::collection::vec(any::<u8>(), 0..400), centre in any::<bool>()) {
        let (esme, other) = bound();
        let mut session = if centre { other } else { esme };
        session.handle_octets(&octets, START);
        for (header, _) in pdus(&session.poll_output().unwrap_or_default()) {
            prop_assert!(header.id.is_response());
        }
    }

    /// Bodies of any kind behind a header that is right.
    #[test]
    fn any_body_is_answered_at_most_once(
        id in prop_oneof![(0_u32..0x30), (0x100_u32..0x115)],
        body in proptest::collection::vec(prop_oneof![Just(0_u8), 0x30..0x3A_u8, any::<u8>()], 0..120),
    ) {
        let (mut esme, _) = bound();
        let said = answers(&mut esme, &raw(CommandId(id), 5, &body));
        prop_assert!(said.len() <= 1);
        prop_assert!(said.iter().all(|(id, _, sequence)| id.is_response() && *sequence == 5));
    }

    /// However a stream is cut, it says the same.
    #[test]
    fn pdus_in_any_pieces_are_the_same(
        bodies in proptest::collection::vec((any_body(), 0_u32..6), 0..12),
        cuts in proptest::collection::vec(1_usize..40, 1..60),
        is_centre in any::<bool>(),
    ) {
        let octets: Vec<u8> = bodies.iter().flat_map(|(body, sequence)| pdu(body, *sequence)).collect();
        let side = || {
            let (esme, centre) = bound();
            if is_centre { centre } else { esme }
        };
        let (mut whole, mut pieces) = (side(), side());
        whole.handle_octets(&octets, START);
        let mut rest = &octets[..];
        for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.handle_octets(piece, START);
            rest = behind;
        }
        prop_assert_eq!(whole.poll_output(), pieces.poll_output());
        prop_assert_eq!(events(&mut whole), events(&mut pieces));
        prop_assert_eq!(whole.ended(), pieces.ended());
    }

    /// A spurious timeout does nothing, and every one that is due is done with.
    #[test]
    fn timeouts_end(bodies in proptest::collection::vec((any_body(), 0_u32..6), 0..12), sent in 0_u64..10) {
        let (mut esme, _) = bound();
        for ticket in 0..sent {
            esme.submit(Ticket(ticket), &download(), START).unwrap();
        }
        for (body, sequence) in &bodies {
            esme.handle_octets(&pdu(body, *sequence), START);
        }
        let _ = (esme.poll_output(), events(&mut esme));
        esme.handle_timeout(START);
        prop_assert_eq!(esme.poll_output(), None);
        let mut calls = 0;
        while let Some(at) = esme.poll_timeout() {
            esme.handle_timeout(at);
            calls += 1;
            prop_assert!(calls < 100 && esme.poll_timeout().is_none_or(|next| next > at));
        }
        prop_assert!(esme.ended().is_some());
    }
}
