//! Backups, whole and differences, by every way.

use oxisim_backup::{Digest, FromServer, Standing, Way, message::Source};
use oxisim_server::{Direction, Store};
use oxisim_sms::packet::CommandPacket;
use proptest::prelude::*;

use crate::network::{Network, Subscriber, book, contact};

const ANA: &str = "+491511234567";
const BEN: &str = "+491511234568";

/// What the server says to a card.
fn said(network: &Network) -> Vec<FromServer> {
    let decode = |message: &oxisim_backup::Outgoing| {
        FromServer::decode(&CommandPacket::from_user_data(&message.user_data).unwrap().data).unwrap()
    };
    network.downlink.iter().map(|(_, message)| decode(message)).collect()
}

#[test]
fn a_phonebook_arrives_by_every_way() {
    for way in Way::ALL {
        let mut network = Network::new([Subscriber::card(ANA, *way, book(30, "Ana"))]);
        network.subscribers[0].start();
        network.run();
        assert_eq!(
            network.subscribers[0].reports,
            ["Backup of 10 blocks started", "Backup complete"],
            "{way:?}"
        );
        assert_eq!(network.held(), network.subscribers[0].memory.book, "{way:?}");
        let summary = network.server.store().subscribers().unwrap().remove(0);
        assert_eq!(summary.copy.unwrap().contacts, 30);
        let latest = summary.latest.unwrap();
        assert_eq!((latest.received, latest.total, latest.resume_at), (10, 10, None));
        assert_eq!(latest.standing, Standing::Complete(Digest::of(&network.held())));
    }
}

#[test]
fn a_phones_application_is_answered_at_its_port() {
    let mut network = Network::new([Subscriber::phone(ANA, Way::SERVER, book(30, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    assert_eq!(network.subscribers[0].reports.last().unwrap(), "Backup complete");
    assert_eq!(network.held(), network.subscribers[0].memory.book);
    let msisdn = network.subscribers[0].msisdn.clone();
    assert_eq!(network.server.store().held(&msisdn, Source::CARD).unwrap(), None);
}

#[test]
fn a_difference_builds_on_the_copy() {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(29, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    let whole = network.uplink;
    let phonebook = &mut network.subscribers[0].memory.book;
    phonebook.insert(7, contact("Anna", "+3612345"));
    phonebook.insert(41, contact("Zoe", "*#06#"));
    phonebook.remove(3);
    network.subscribers[0].start();
    network.run();
    assert_eq!((whole, network.uplink - whole), (10, 1));
    assert_eq!(network.held(), network.subscribers[0].memory.book);
    let msisdn = network.subscribers[0].msisdn.clone();
    assert_eq!(network.server.last_generation(&msisdn, Source::CARD).unwrap(), Some(2));
}

#[test]
fn a_last_block_without_room_for_the_digest_is_followed_by_a_query() {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(30, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    assert_eq!(network.uplink, 11);
    assert!(matches!(said(&network)[..], [FromServer::Ok { .. }]));
    assert_eq!(network.held(), network.subscribers[0].memory.book);

    // The QUERY is lost: the server asks for what it lacks, which is the digest.
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(30, "Ana"))]);
    network.loses = Box::new(|number| number == 11);
    network.subscribers[0].start();
    network.run();
    let said = said(&network);
    assert!(
        matches!(&said[..], [FromServer::Missing { blocks, .. }, FromServer::Ok { .. }] if blocks.is_empty()),
        "{said:?}"
    );
    assert_eq!(network.held(), network.subscribers[0].memory.book);
}

/// As with a network that carries short messages and loses those that are full.
#[test]
fn a_backup_whose_questions_come_and_whose_blocks_do_not_has_an_end() {
    for way in Way::ALL {
        let mut network = Network::new([Subscriber::card(ANA, *way, book(30, "Ana"))]);
        network.keeps_back_blocks = true;
        network.subscribers[0].start();
        network.run();
        let reports = &network.subscribers[0].reports;
        assert_eq!(reports.last().unwrap(), "Backup given up: no answer", "{way:?}");
        assert!(network.uplink < 500, "{way:?}: {} messages", network.uplink);
        let notes = network.server.store().messages(Some(&ANA.parse().unwrap()), 1_000).unwrap();
        assert!(notes.iter().any(|note| note.summary.starts_with("given up: asking")), "{way:?}");
    }
}

#[test]
fn a_lost_block_is_asked_for() {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(29, "Ana"))]);
    network.loses = Box::new(|number| number == 4);
    network.subscribers[0].start();
    network.run();
    assert_eq!(network.uplink, 11);
    let said = said(&network);
    assert!(
        matches!(&said[..], [FromServer::Missing { blocks, .. }, FromServer::Ok { .. }] if blocks.to_string() == "4"),
        "{said:?}"
    );
    assert_eq!(network.held(), network.subscribers[0].memory.book);
}

#[test]
fn a_server_that_restarts_goes_on() {
    for way in Way::ALL {
        let mut network = Network::new([Subscriber::card(ANA, *way, book(30, "Ana"))]);
        network.subscribers[0].start();
        for _ in 0..9 {
            network.run_for(1);
            network.restart();
        }
        network.run();
        assert_eq!(
            network.subscribers[0].reports,
            ["Backup of 10 blocks started", "Backup complete"],
            "{way:?}"
        );
        assert_eq!(network.held(), network.subscribers[0].memory.book, "{way:?}");
    }
}

#[test]
fn two_subscribers_do_not_mix() {
    let mut network = Network::new([
        Subscriber::card(ANA, Way::SERVER, book(30, "Ana")),
        Subscriber::card(BEN, Way::SERVER, book(23, "Ben")),
    ]);
    network.subscribers.iter_mut().for_each(Subscriber::start);
    network.run();
    for index in [0, 1] {
        assert_eq!(network.held_of(index), network.subscribers[index].memory.book);
        assert_eq!(network.subscribers[index].reports.last().unwrap(), "Backup complete");
    }
}

#[test]
fn a_cards_packets_are_counted_through_a_restart() {
    let mut network = Network::new([
        Subscriber::card(ANA, Way::SERVER, book(30, "Ana")),
        Subscriber::card(BEN, Way::SERVER, book(23, "Ben")),
    ]);
    network.subscribers.iter_mut().for_each(Subscriber::start);
    network.run_for(8);
    network.restart();
    network.run();
    for subscriber in &network.subscribers {
        let to = subscriber.msisdn.address();
        let counters: Vec<u64> = network
            .downlink
            .iter()
            .filter(|(_, message)| message.to == to)
            .map(|(_, message)| CommandPacket::from_user_data(&message.user_data).unwrap().counter.value())
            .collect();
        assert!(counters.len() >= 2 && counters.is_sorted_by(|a, b| a < b), "{counters:?}");
    }
}

#[test]
fn the_log_says_what_came_and_went_without_names_and_numbers() {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(5, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    let msisdn = network.subscribers[0].msisdn.clone();
    let log = network.server.store().messages(Some(&msisdn), 10).unwrap();
    let log: Vec<_> = log.iter().map(|entry| (entry.direction, entry.summary.as_str())).collect();
    assert_eq!(
        log,
        [
            (Direction::Out, "OK CARD 1"),
            (Direction::In, "BLOCKS CARD 1: 1 from 2 of 2"),
            (Direction::In, "BLOCKS CARD 1: 1 from 1 of 2"),
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is lost of the first messages, by whatever way: in the end the copy is the phonebook.
    #[test]
    fn losses_are_made_up_for(losses in any::<u16>(), way in 0_u8..4, restart in 0_usize..12) {
        let mut network = Network::new([Subscriber::card(ANA, Way(way), book(30, "Ana"))]);
        network.loses = Box::new(move |number| number <= 16 && losses >> (number - 1) & 1 != 0);
        network.subscribers[0].start();
        network.run_for(restart);
        network.restart();
        network.run();
        prop_assert_eq!(network.subscribers[0].reports.last().unwrap(), "Backup complete");
        prop_assert_eq!(network.held(), network.subscribers[0].memory.book.clone());
    }
}
