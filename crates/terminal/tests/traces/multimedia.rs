//! RETRIEVE, SUBMIT and DISPLAY MULTIMEDIA MESSAGE, and what the card is told of multimedia messages.

use oxisim_terminal::{
    Config, Event, Multimedia, NetworkEvent, NetworkRequest, Output, Screen, Service, User,
};
use oxisim_toolkit::{
    Facility, TerminalProfile,
    objects::{FileList, MultimediaIdentifier, MultimediaReference, MultimediaStatus},
};

use crate::bench::Bench;

/// Message 41 at the centre, into message 42 of file 3F00 5F3B.
const RETRIEVE: &str = "D019810301600082028183EA01419205013F005F3BEE0101EB0142";
/// Message 42 of file 3F00 5F3B.
const SUBMIT: &str = "D0138103016100820281839205013F005F3BEB0142";
const DISPLAY: &str = "D0138103016280020281029205013F005F3BEB0142";

fn file() -> FileList {
    FileList { count: 1, paths: vec![0x3F, 0x00, 0x5F, 0x3B] }
}

fn message(reference: Option<&[u8]>) -> Multimedia {
    Multimedia {
        reference: reference.map(|octets| MultimediaReference { reference: octets.to_vec() }),
        files: file(),
        identifier: Some(MultimediaIdentifier { identifier: vec![0x42] }),
    }
}

fn status(status: u8) -> NetworkEvent {
    NetworkEvent::Multimedia(MultimediaStatus { status: vec![status] })
}

/// The card has this message sent, and the session ends.
#[track_caller]
fn submits(bench: &mut Bench, command: &str) {
    bench.proactive(command);
    assert!(matches!(bench.asks(), NetworkRequest::SubmitMultimedia(Multimedia { reference: None, .. })));
    bench.responds("810301610082028281830100");
    bench.card("9000");
}

#[test]
fn a_message_is_retrieved_and_the_card_told_when_it_has_come() {
    let mut bench = Bench::ready();
    bench.proactive(RETRIEVE);
    assert_eq!(bench.asks(), NetworkRequest::RetrieveMultimedia(message(Some(&[0x41]))));
    bench.responds("810301600082028281830100");
    bench.card("9000");
    bench.quiet();
    bench.network(status(0x80));
    bench.exchange("80C2000013DA11820282819205013F005F3BEB0142EC0180", "9000");
    bench.network(status(0x80));
    bench.quiet();
}

#[test]
fn messages_are_told_of_in_the_order_of_the_commands() {
    let mut bench = Bench::ready();
    for identifier in ["42", "43"] {
        submits(&mut bench, &SUBMIT.replace("EB0142", &format!("EB01{identifier}")));
    }
    bench.network(status(0xE0));
    bench.exchange("80C2000013DA11820282819205013F005F3BEB0142EC01E0", "9000");
    bench.network(status(0x80));
    bench.exchange("80C2000013DA11820282819205013F005F3BEB0143EC0180", "9000");
}

#[test]
fn messages_on_their_way_have_a_limit_and_need_service() {
    let mut bench = Bench::ready();
    for _ in 0..4 {
        submits(&mut bench, SUBMIT);
    }
    bench.carries_out(RETRIEVE, "810301600082028281830127");
    bench.phone.handle_service(Service::None, bench.now);
    bench.carries_out(SUBMIT, "81030161008202828183022004");
}

#[test]
fn a_message_is_displayed_until_the_user_has_seen_it() {
    let mut bench = Bench::ready();
    bench.proactive(DISPLAY);
    let identifier = MultimediaIdentifier { identifier: vec![0x42] };
    assert_eq!(bench.screen(), Screen::Multimedia { files: file(), identifier, sustained: false });
    bench.quiet();
    bench.user(User::Clear);
    bench.responds("810301628082028281830100");
    bench.card("9000");
    // With an immediate response it stays, and is not shown on a screen that is in use.
    bench.proactive(&DISPLAY.replace("D013", "D015").replace("EB0142", "EB0142AB00"));
    bench.responds("810301628082028281830100");
    bench.card("9000");
    bench.quiet();
    assert!(matches!(bench.phone.screen(), Screen::Multimedia { sustained: true, .. }));
    bench.user(User::Clear);
    bench.user(User::Occupy);
    bench.carries_out(DISPLAY, "81030162808202828183022001");
}

#[test]
fn a_notification_is_told_to_the_card_in_pieces() {
    let mut bench = Bench::ready();
    bench.network(NetworkEvent::MultimediaNotification(vec![0x8C, 0x82]));
    bench.exchange("80C200000CDB0A82028281EF028C82F000", "9000");
    bench.network(NetworkEvent::MultimediaNotification(vec![0x8C; 300]));
    let first = bench.command();
    assert!(first.starts_with("80C20000FADB81F782028281EF81F08C8C"), "{first}");
    bench.card("9000");
    let last = bench.command();
    assert!(last.starts_with("80C2000046DB4482028281EF3C8C8C") && last.ends_with("8CF000"), "{last}");
    bench.card("9000");
    bench.quiet();
}

#[test]
fn a_card_that_does_not_know_of_multimedia_messages_is_not_told() {
    let profile = TerminalProfile::with(&[Facility::SubmitMultimediaMessage]);
    let mut bench = Bench::ready_with(Config { profile, ..Config::default() });
    bench.network(NetworkEvent::MultimediaNotification(vec![0x8C]));
    assert!(bench.saw(&Event::MultimediaNotification(vec![0x8C])));
    bench.proactive(SUBMIT);
    bench.asks();
    bench.responds("810301610082028281830100");
    bench.card("9000");
    bench.network(status(0x80));
    bench.quiet();
}

#[test]
fn a_card_is_not_told_of_messages_from_before_its_reset() {
    let mut bench = Bench::ready();
    submits(&mut bench, SUBMIT);
    bench.proactive("D009810301010482028182");
    assert_eq!(bench.next(), Some(Output::PowerOn));
    bench.start_up("9000");
    submits(&mut bench, &SUBMIT.replace("EB0142", "EB0143"));
    bench.network(status(0xE0));
    bench.quiet();
    bench.network(status(0x80));
    bench.exchange("80C2000013DA11820282819205013F005F3BEB0143EC0180", "9000");
}
