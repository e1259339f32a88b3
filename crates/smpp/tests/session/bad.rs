//! Peers that misbehave.

use oxisim_smpp::{
    Body, CommandId, CommandStatus, Event, Failure, Header, Operation, Reason, Role, Session, Settings,
    Ticket, Tlvs,
};

use crate::kit::{START, answers, bind, bound, deliver, download, events, later, pdu, pdus, raw, talk};

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
