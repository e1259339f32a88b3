//! A card's keys are replaced over the air.

use oxisim_backup::{
    Digest, OrderStep, ToServer, Way,
    carriage::{self, Direction},
    message::{BackupId, Blocks, MessageType, Resumes, Source, Unspoken},
    security::{CheckValues, KeyVersion, RekeyResult, check_values},
};
use oxisim_server::{Enrolled, Ignored, Msisdn, Reception, Store};
use oxisim_sms::{UserData, packet::Counter};

use crate::network::{MASTER, Network, Subscriber, book};

const ANA: &str = "+491511234567";
const CARD: &str = "8900101000000000019";

/// The digest of a phonebook without contacts: the first octets of SHA-256 over nothing.
const NOTHING: Digest = Digest([0xE3, 0xB0, 0xC4, 0x42, 0x98, 0xFC, 0x1C, 0x14]);

const SECOND: KeyVersion = KeyVersion::FIRST.next();

/// A subscriber whose card has keys.
fn network() -> Network {
    let card = Subscriber::card(ANA, Way::NORMAL, book(30, "Ana")).with_keys(CARD);
    let mut network = Network::new([card]);
    network.enrol(CARD);
    network
}

fn ana() -> Msisdn {
    ANA.parse().unwrap()
}

fn rekey(network: &mut Network) -> KeyVersion {
    let now = network.now;
    network.server.rekey(&ana(), now).unwrap().unwrap()
}

fn card(network: &mut Network) -> Enrolled {
    network.server.store().cards().unwrap().remove(0).1
}

fn step(network: &mut Network) -> OrderStep {
    card(network).rekeying.unwrap().step
}

/// Card and server have the same keys, of this version, and use them.
fn assert_have(network: &mut Network, version: KeyVersion) {
    let expected = MASTER.card_keys(&CARD.parse().unwrap(), version);
    assert!(network.subscribers[0].memory.keys == Some(expected));
    assert_eq!(card(network).key_version, version);
    assert_eq!(step(network), OrderStep::Answered(0));
    assert_eq!(card(network).rekeying.unwrap().due, None);
}

fn deliver(network: &mut Network, version: KeyVersion, counter: u64, message: &ToServer) -> Reception {
    let keys = MASTER.card_keys(&CARD.parse().unwrap(), version);
    let counter = Counter::new(counter).unwrap();
    let user_data = carriage::seal(Direction::ToServer, &keys, counter, message.encode()).unwrap();
    network.server.handle_deliver(&ana().address(), &user_data, network.now).unwrap()
}

fn values(version: KeyVersion) -> CheckValues {
    check_values(&MASTER.card_keys(&CARD.parse().unwrap(), version)).unwrap()
}

fn rekeyed(result: RekeyResult, version: KeyVersion) -> ToServer {
    ToServer::Rekeyed { result, version: version.number(), check_values: values(version) }
}

/// What the messages of the server take, each with the version of its keys.
fn versions(network: &Network) -> Vec<u8> {
    let version = |user_data: &UserData| match carriage::read(user_data) {
        Some(carriage::Carried::Sealed(sealed)) => sealed.version().unwrap().number(),
        other => panic!("it is secured: {other:?}"),
    };
    network.downlink.iter().map(|(_, message)| version(&message.user_data)).collect()
}

#[test]
fn a_card_gets_the_next_keys_and_uses_them_from_its_answer_on() {
    let mut network = network();
    network.subscribers[0].start();
    network.run();
    assert_eq!(rekey(&mut network), SECOND);
    network.run();
    assert_have(&mut network, SECOND);
    network.subscribers[0].memory.book = book(31, "Ana");
    network.subscribers[0].start();
    network.run();
    assert_eq!(network.held(), book(31, "Ana"));
    assert_eq!(versions(&network), [1, 1, 2], "OK, REKEY, OK");
}

#[test]
fn keys_are_replaced_over_a_network_that_loses() {
    for lost in 0..32_u32 {
        let mut network = network();
        network.loses = Box::new(move |number| number <= 5 && lost & 1 << (number - 1) != 0);
        rekey(&mut network);
        network.run();
        assert_have(&mut network, SECOND);
    }
}

#[test]
fn an_answer_that_is_lost_is_had_by_an_order_that_the_new_keys_secure() {
    let mut network = network();
    network.loses = Box::new(|number| number == 2);
    rekey(&mut network);
    network.run();
    assert_have(&mut network, SECOND);
    assert_eq!(versions(&network), [1, 2]);
}

#[test]
fn an_order_survives_a_server_that_is_started_again_before_and_after_each_message() {
    for crash in 0..4 {
        let mut network = network();
        rekey(&mut network);
        for step in 0..4 {
            if step == crash {
                network.restart();
            }
            network.step();
        }
        network.run();
        assert_have(&mut network, SECOND);
    }
}

#[test]
fn any_message_that_the_new_keys_secure_ends_the_order() {
    let mut network = network();
    rekey(&mut network);
    let backup = BackupId { source: Source::CARD, generation: 1 };
    let query = ToServer::Query { backup, base_distance: 0, total: 1, digest: Digest([0; 8]) };
    assert!(matches!(deliver(&mut network, SECOND, 9, &query), Reception::Taken { .. }));
    assert_eq!(card(&mut network).key_version, SECOND);
    assert_eq!(step(&mut network), OrderStep::Answered(0));
}

#[test]
fn nothing_that_the_old_keys_secure_has_an_effect_once_the_new_ones_have_answered() {
    let mut network = network();
    rekey(&mut network);
    let old = rekeyed(RekeyResult::DONE, KeyVersion::FIRST);
    assert!(matches!(deliver(&mut network, KeyVersion::FIRST, 50, &old), Reception::Taken { .. }));
    assert_eq!(step(&mut network), OrderStep::Pending, "the old ones prove nothing");
    deliver(&mut network, SECOND, 51, &rekeyed(RekeyResult::DONE, SECOND));
    assert_eq!(step(&mut network), OrderStep::Answered(0));
    let before = card(&mut network);
    for counter in [49, 50, 52, 53] {
        let reception = deliver(&mut network, KeyVersion::FIRST, counter, &old);
        assert_eq!(reception, Reception::Ignored(Ignored::KeyVersion(KeyVersion::FIRST)));
    }
    let refused = before.refused + 4;
    assert_eq!(card(&mut network), Enrolled { refused, ..before });
    network.run();
    assert_eq!(network.downlink.len(), 0, "what was owed to the old keys is not sent");
}

#[test]
fn a_card_that_refuses_is_asked_no_more_and_the_reason_is_kept() {
    let refusal = rekeyed(RekeyResult::CHECK_VALUE, KeyVersion::FIRST);
    let kind = 0x20 | MessageType::REKEY.0;
    let unspoken = ToServer::Unspoken(Unspoken::of(Source::CARD, kind));
    for (message, expected) in [(refusal, OrderStep::Answered(2)), (unspoken, OrderStep::Unspoken)] {
        let mut network = network();
        network.loses = Box::new(|number| number == 1);
        rekey(&mut network);
        network.step();
        deliver(&mut network, KeyVersion::FIRST, 1, &message);
        network.run();
        assert_eq!(step(&mut network), expected);
        assert_eq!(card(&mut network).key_version, KeyVersion::FIRST);
        assert_eq!(network.downlink.len(), 1);
        network.restart();
        assert_eq!(step(&mut network), expected);
    }
}

#[test]
fn a_card_whose_new_kik_is_another_is_not_taken_for_replaced() {
    let mut network = network();
    rekey(&mut network);
    let mut check_values = values(SECOND);
    check_values[2] = [0xAB; 3];
    let answer = ToServer::Rekeyed { result: RekeyResult::DONE, version: 2, check_values };
    deliver(&mut network, SECOND, 1, &answer);
    assert_eq!(step(&mut network), OrderStep::Answered(RekeyResult::CHECK_VALUE.0));
}

#[test]
fn a_card_with_another_kik_keeps_its_keys_and_says_so() {
    let mut network = network();
    network.subscribers[0].memory.keys.as_mut().unwrap().kik = [0x77; 16];
    rekey(&mut network);
    network.run();
    assert_eq!(step(&mut network), OrderStep::Answered(RekeyResult::CHECK_VALUE.0));
    assert_eq!(network.subscribers[0].memory.keys.as_ref().unwrap().version, KeyVersion::FIRST);
    assert_eq!(card(&mut network).key_version, KeyVersion::FIRST);
}

#[test]
fn keys_are_replaced_sixteen_times_and_no_counter_comes_twice() {
    let mut network = network();
    for _ in 0..16 {
        let version = rekey(&mut network);
        network.run();
        assert_have(&mut network, version);
    }
    let card = card(&mut network);
    assert_eq!((card.key_version, card.sent, card.window.highest), (SECOND, 16, 16));
}

#[test]
fn who_has_no_card_with_keys_cannot_be_given_others() {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(3, "Ana"))]);
    assert_eq!(network.server.rekey(&ana(), network.now).unwrap(), None);
    assert_eq!(network.server.poll_timeout().unwrap(), None);
}

#[test]
fn an_order_ends_with_the_card_that_it_was_for() {
    let mut network = network();
    rekey(&mut network);
    network.enrol("8900101000000000027");
    assert_eq!(network.server.poll_timeout().unwrap(), None);
    network.enrol(CARD);
    assert_eq!(card(&mut network).rekeying, None);
    rekey(&mut network);
    network.enrol(CARD);
    assert_eq!(step(&mut network), OrderStep::Pending, "the same again changes nothing");
}

#[test]
fn a_server_without_the_master_key_asks_later() {
    let mut network = network();
    rekey(&mut network);
    let store = oxisim_server::SqliteStore::open(network.path(), &crate::network::STORE_KEY).unwrap();
    let mut without = oxisim_server::Server::new(store, oxisim_backup::Policy::default(), 1);
    without.handle_timeout(network.now).unwrap();
    assert_eq!(without.poll_output(), None);
    assert!(without.poll_timeout().unwrap().unwrap() > network.now);
    drop(without);
    network.run();
    assert_have(&mut network, SECOND);
}

#[test]
fn what_is_on_its_way_under_the_old_keys_goes_once_more_under_the_new_ones() {
    let mut network = network();
    let complete = Blocks {
        backup: BackupId { source: Source::CARD, generation: 1 },
        base_distance: 0,
        total: 1,
        first: 1,
        blocks: vec![vec![0x0E, 0x80, 0x01]],
        resumes: Resumes::UPLOADER,
        delay: None,
        digest: Some(NOTHING),
    };
    deliver(&mut network, KeyVersion::FIRST, 1, &ToServer::Blocks(complete));
    rekey(&mut network);
    network.server.handle_timeout(network.now).unwrap();
    let ok = network.server.poll_output().unwrap();
    assert_eq!(network.server.poll_output(), None, "the order waits for its turn");
    deliver(&mut network, SECOND, 2, &rekeyed(RekeyResult::DONE, SECOND));
    let again = network.server.poll_output().unwrap();
    assert_eq!(network.server.poll_output(), None, "the order is not needed any more");
    let opened = |user_data: &UserData, version| {
        let Some(carriage::Carried::Sealed(sealed)) = carriage::read(user_data) else {
            panic!("it is secured")
        };
        let keys = MASTER.card_keys(&CARD.parse().unwrap(), version);
        sealed.open(Direction::ToCard, &keys).unwrap()
    };
    let (first, second) = (opened(&ok.user_data, KeyVersion::FIRST), opened(&again.user_data, SECOND));
    assert_eq!(first.1, second.1);
    assert_eq!((first.0.value(), second.0.value()), (1, 2));
}
