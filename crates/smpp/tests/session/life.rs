//! How sessions begin, live and end.

use oxisim_smpp::{
    Alert, Body, CommandId, CommandStatus, Event, Failure, Header, Message, Operation, Reason, Role, Session,
    Settings, Ticket, Version,
};

use crate::kit::{
    START, answers, bind, bound, bound_with, deliver, download, events, later, pdu, pdus, raw, talk,
};

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
fn versions_before_5_0_say_nothing_of_congestion() {
    let settings = Settings { version: Version::V3_4, ..Settings::default() };
    let (mut esme, mut centre) = bound_with(settings, Role::Transceiver);
    centre.set_congestion(Some(95));
    esme.handle_timeout(later(30));
    talk(&mut esme, &mut centre, later(30));
    assert_eq!(events(&mut esme), []);
}

#[test]
fn submit_sm_asks_for_an_alert_in_5_0_and_data_sm_always() {
    for (version, operation, asks) in [
        (Version::V5_0, Operation::Submit, true),
        (Version::V3_4, Operation::Submit, false),
        (Version::V3_4, Operation::Data, true),
    ] {
        let settings = Settings { version, ..Settings::default() };
        let (mut esme, mut centre) = bound_with(settings, Role::Transceiver);
        let message = Message { operation, ..download().with_alert() };
        esme.submit(Ticket(1), &message, START).unwrap();
        talk(&mut esme, &mut centre, START);
        let [Event::Message(_, got)] = &events(&mut centre)[..] else { panic!("a message") };
        assert_eq!(got.wants_alert(), asks, "{operation:?} in {version:?}");
        assert_eq!(got.tlvs.user_message_reference(), Some(7));
    }
}
