//! One message at a time towards each card.

use oxisim_backup::{
    Configuration, DeliveryReport, FromServer, Outgoing, RestoreStep, Way,
    message::{MessageType, Source},
};
use oxisim_phonebook::Book;
use oxisim_server::{Direction, Msisdn, Server, SqliteStore, Store};
use oxisim_sms::packet::CommandPacket;
use oxisim_wire::{Duration, Instant};

use crate::network::{Network, Subscriber, book};

const ANA: &str = "+491511234567";

fn ana() -> Msisdn {
    ANA.parse().unwrap()
}

/// A network whose subscriber has made a backup.
fn network() -> Network {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(39, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    network
}

/// What the server sends at `now`.
fn turn(server: &mut Server<SqliteStore>, now: Instant) -> Vec<Outgoing> {
    server.handle_timeout(now).unwrap();
    std::iter::from_fn(|| server.poll_output()).collect()
}

fn message(outgoing: &Outgoing) -> FromServer {
    FromServer::decode(&CommandPacket::from_user_data(&outgoing.user_data).unwrap().data).unwrap()
}

fn configure(network: &mut Network, subset: u16) {
    let configuration = Configuration { subset: Some(subset), ..Configuration::default() };
    network.server.configure(&ana(), Source::CARD, &configuration, network.now).unwrap();
}

#[test]
fn the_next_message_waits_for_the_report_of_the_last() {
    let mut network = network();
    let now = network.now;
    configure(&mut network, 4);
    let first = turn(&mut network.server, now);
    assert!(matches!(message(&first[0]), FromServer::Configure { number: 1, .. }));
    assert!(network.server.start_restore(&ana(), now).unwrap());
    assert_eq!(turn(&mut network.server, now), []);
    let at = now + Duration::from_secs(5);
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Delivered, at).unwrap();
    let then = network.server.poll_timeout().unwrap().unwrap();
    let next = turn(&mut network.server, then);
    assert_eq!(next.len(), 1);
    assert!(matches!(message(&next[0]), FromServer::Restore { number: 1, .. }));
    assert!(then.since(now) < Duration::from_secs(20));
    assert_ne!(next[0].reference, first[0].reference);
}

#[test]
fn without_a_report_the_next_goes_when_the_last_is_no_longer_valid() {
    let mut network = network();
    let now = network.now;
    configure(&mut network, 4);
    let first = turn(&mut network.server, now);
    assert!(network.server.start_restore(&ana(), now).unwrap());
    let over = now + first[0].validity;
    for second in 1..first[0].validity.as_secs() {
        assert_eq!(turn(&mut network.server, now + Duration::from_secs(second)), []);
    }
    let next = turn(&mut network.server, over);
    assert_eq!(next.len(), 1, "{next:?}");
    // The report comes late, or for the second time: nothing happens.
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Delivered, over).unwrap();
    assert_eq!(network.server.poll_output(), None);
}

#[test]
fn a_newer_message_of_the_same_kind_replaces_one_that_waits() {
    let mut network = network();
    let now = network.now;
    assert!(network.server.start_restore(&ana(), now).unwrap());
    let first = turn(&mut network.server, now);
    for subset in 4..=6 {
        configure(&mut network, subset);
        assert_eq!(turn(&mut network.server, now), []);
    }
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Failed, now).unwrap();
    let next = network.server.poll_output().expect("the last configuration");
    assert!(matches!(message(&next), FromServer::Configure { number: 3, .. }));
    assert_eq!(network.server.poll_output(), None);
    let notes = network.server.store().messages(Some(&ana()), 2).unwrap();
    assert_eq!(notes[0].direction, Direction::Out);
    assert!(notes[1].summary.starts_with("not delivered"), "{notes:?}");
}

#[test]
fn what_waits_survives_a_restart() {
    let mut network = network();
    let now = network.now;
    assert!(network.server.start_restore(&ana(), now).unwrap());
    let first = turn(&mut network.server, now);
    configure(&mut network, 4);
    assert_eq!(turn(&mut network.server, now), []);
    network.restart();
    assert_eq!(turn(&mut network.server, now), []);
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Delivered, now).unwrap();
    let next = network.server.poll_output().expect("it is in the store");
    assert!(matches!(message(&next), FromServer::Configure { .. }));
}

#[test]
fn the_answer_of_the_card_is_as_good_as_a_report() {
    let mut network = network();
    network.reports = false;
    let begin = network.now;
    configure(&mut network, 4);
    network.run();
    configure(&mut network, 5);
    network.run();
    let order = network.server.order_status(&ana(), Source::CARD, MessageType::CONFIGURE).unwrap().unwrap();
    assert_eq!((order.number, order.said), (2, 1));
    assert!(network.now.since(begin) < Duration::from_mins(1), "neither has waited for the end of the other");
}

#[test]
fn a_restore_has_one_message_on_its_way_at_a_time() {
    for reports in [true, false] {
        let mut network = network();
        network.reports = reports;
        let generation = network.server.last_generation(&ana(), Source::CARD).unwrap().unwrap();
        let backed_up = network.held();
        network.subscribers[0] = Subscriber::card(ANA, Way::NORMAL, Book::default());
        network.subscribers[0].personalise(generation);
        let before = network.downlink.len();
        assert!(network.server.start_restore(&ana(), network.now).unwrap());
        network.run();
        let status = network.server.restore_status(&ana()).unwrap().unwrap();
        assert_eq!(status.step, RestoreStep::Complete { equal: true });
        assert_eq!(network.subscribers[0].memory.book, backed_up);
        let sent = &network.downlink[before..];
        let least = if reports { Duration::from_secs(6) } else { sent[0].1.validity };
        for pair in sent.windows(2) {
            assert!(pair[1].0.since(pair[0].0) >= least, "reports {reports}");
        }
    }
}
