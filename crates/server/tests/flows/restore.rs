//! Copies that go back onto cards.

use oxisim_backup::{RestoreStep, Way, message::Source};
use oxisim_phonebook::Book;
use oxisim_server::Msisdn;
use oxisim_wire::Instant;
use proptest::prelude::*;

use crate::network::{Network, Subscriber, book, contact};

const ANA: &str = "+491511234567";

/// A network whose subscriber has made a backup, lost the card, and got a new one.
fn with_new_card() -> (Network, Msisdn, Book) {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(40, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    let backed_up = network.held();
    let msisdn = network.subscribers[0].msisdn.clone();
    let generation = network.server.last_generation(&msisdn, Source::CARD).unwrap().unwrap();
    network.subscribers[0] = Subscriber::card(ANA, Way::NORMAL, Book::default());
    network.subscribers[0].personalise(generation);
    (network, msisdn, backed_up)
}

#[test]
fn a_new_card_gets_the_copy() {
    let (mut network, msisdn, backed_up) = with_new_card();
    assert!(network.server.start_restore(&msisdn, network.now).unwrap());
    network.run();
    assert_eq!(network.subscribers[0].memory.book, backed_up);
    assert_eq!(network.subscribers[0].reports.last().unwrap(), "Phonebook restored");
    let status = network.server.restore_status(&msisdn).unwrap().unwrap();
    assert_eq!(status.step, RestoreStep::Complete { equal: true });
}

#[test]
fn a_timeout_that_comes_too_early_does_nothing() {
    let (mut network, msisdn, _) = with_new_card();
    assert!(network.server.start_restore(&msisdn, network.now).unwrap());
    network.server.handle_timeout(network.now).unwrap();
    assert!(network.server.poll_output().is_some());
    let next = network.server.poll_timeout().unwrap().unwrap();
    network.server.handle_timeout(Instant::from_micros(next.as_micros() - 1)).unwrap();
    assert_eq!(network.server.poll_output(), None);
    assert_eq!(network.server.poll_timeout().unwrap(), Some(next));
}

#[test]
fn the_next_backup_builds_on_what_was_restored() {
    let (mut network, msisdn, _) = with_new_card();
    assert!(network.server.start_restore(&msisdn, network.now).unwrap());
    network.run();
    let before = network.uplink;
    network.subscribers[0].memory.book.insert(50, contact("Zoe", "+3612345"));
    network.subscribers[0].start();
    network.run();
    assert_eq!(network.uplink - before, 1);
    assert_eq!(network.held(), network.subscribers[0].memory.book);
}

#[test]
fn without_a_copy_there_is_nothing_to_restore() {
    let mut network = Network::new([]);
    let msisdn = ANA.parse().unwrap();
    assert!(!network.server.start_restore(&msisdn, network.now).unwrap());
    assert_eq!(network.server.restore_status(&msisdn).unwrap(), None);
    assert_eq!(network.server.poll_timeout().unwrap(), None);
}

#[test]
fn an_empty_copy_is_nothing_to_restore() {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(1, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    network.subscribers[0].memory.book.remove(1);
    network.subscribers[0].start();
    network.run();
    assert!(network.held().is_empty());
    let msisdn = network.subscribers[0].msisdn.clone();
    assert!(!network.server.start_restore(&msisdn, network.now).unwrap());
    assert_eq!(network.server.poll_timeout().unwrap(), None);
}

#[test]
fn a_card_that_does_not_answer_is_given_up() {
    let (mut network, msisdn, _) = with_new_card();
    network.loses = Box::new(|_| true);
    assert!(network.server.start_restore(&msisdn, network.now).unwrap());
    network.run();
    let status = network.server.restore_status(&msisdn).unwrap().unwrap();
    assert_eq!((status.step, status.due), (RestoreStep::GivenUp, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn losses_and_restarts_are_made_up_for(losses in any::<u16>(), restart in 0_usize..12) {
        let (mut network, msisdn, backed_up) = with_new_card();
        let before = network.uplink + network.downlink.len();
        network.loses = Box::new(move |number| {
            number > before && number <= before + 16 && losses >> (number - before - 1) & 1 != 0
        });
        prop_assert!(network.server.start_restore(&msisdn, network.now).unwrap());
        // With few losses it has ended before, and a restart does no harm.
        network.run_at_most(restart);
        network.restart();
        network.run();
        prop_assert_eq!(&network.subscribers[0].memory.book, &backed_up);
        let status = network.server.restore_status(&msisdn).unwrap().unwrap();
        prop_assert_eq!(status.step, RestoreStep::Complete { equal: true });
    }
}
