//! Messages that keys secure, and those of attackers.

use oxisim_backup::{
    Configuration, DeliveryReport, Digest, FromServer, Outgoing, Policy, ToServer, Vault, Way,
    carriage::{self, Direction, Unopened},
    message::{BackupId, Blocks, Resumes, Source},
    security::KeyVersion,
};
use oxisim_phonebook::Book;
use oxisim_server::{Enrolled, Ignored, Msisdn, Reception, Server, SqliteStore, Store, store::Refusing};
use oxisim_sms::{ProtocolIdentifier, UserData, packet::Counter};
use oxisim_wire::Instant;

use crate::network::{MASTER, Network, Subscriber, book};

const ANA: &str = "+491511234567";
const CARD: &str = "8900101000000000019";
const NEXT_CARD: &str = "8900101000000000027";

/// A subscriber whose card has keys, and ten blocks.
fn network(way: Way) -> Network {
    let mut network = Network::new([Subscriber::card(ANA, way, book(30, "Ana")).with_keys(CARD)]);
    network.enrol(CARD);
    network
}

fn ana() -> Msisdn {
    ANA.parse().unwrap()
}

/// The digest of a phonebook without contacts: the first octets of SHA-256 over nothing.
const NOTHING: Digest = Digest([0xE3, 0xB0, 0xC4, 0x42, 0x98, 0xFC, 0x1C, 0x14]);

/// A message with a block that deletes a slot.
fn block(source: Source, generation: u16, number: u16, total: u16) -> Vec<u8> {
    ToServer::Blocks(Blocks {
        backup: BackupId { source, generation },
        base_distance: 0,
        total,
        first: number,
        blocks: vec![vec![0x0E, 0x80, number as u8]],
        resumes: Resumes::UPLOADER,
        delay: None,
        digest: (number == total).then_some(NOTHING),
    })
    .encode()
}

fn query(generation: u16, total: u16) -> Vec<u8> {
    let backup = BackupId { source: Source::CARD, generation };
    ToServer::Query { backup, base_distance: 0, total, digest: Digest([0; 8]) }.encode()
}

fn sealed(counter: u64, message: Vec<u8>) -> UserData {
    let keys = MASTER.card_keys(&CARD.parse().unwrap(), KeyVersion::FIRST);
    carriage::seal(Direction::ToServer, &keys, Counter::new(counter).unwrap(), message).unwrap()
}

fn deliver(network: &mut Network, user_data: &UserData) -> Reception {
    let from = ana().address();
    network.server.handle_deliver(&from, user_data, network.now).unwrap()
}

fn ignored(network: &mut Network, user_data: &UserData) -> Ignored {
    let before = (card(network), sessions(network));
    let Reception::Ignored(reason) = deliver(network, user_data) else { panic!("it has an effect") };
    assert_eq!(network.server.poll_output(), None, "the sender learns nothing");
    let expected = Enrolled { refused: before.0.refused + 1, ..before.0 };
    assert_eq!((card(network), sessions(network)), (expected, before.1), "it has no effect, and is counted");
    let noted = network.server.store().messages(Some(&ana()), 1).unwrap().pop();
    assert!(noted.is_none_or(|note| note.summary == format!("ignored: {reason}")));
    reason
}

fn card(network: &mut Network) -> Enrolled {
    network.server.store().cards().unwrap().remove(0).1
}

fn sessions(network: &mut Network) -> Vec<Option<oxisim_backup::Session>> {
    let all = |account: &mut <SqliteStore as Store>::Account<'_>| -> Result<_, oxisim_server::StoreError> {
        [Source::CARD, Source::PHONE].into_iter().map(|source| account.session(source)).collect()
    };
    network.server.store().subscriber(&ana(), all).unwrap()
}

#[test]
fn a_secured_backup_arrives_by_every_way_over_a_network_that_loses() {
    for way in Way::ALL {
        let mut network = network(*way);
        network.loses = Box::new(|number| number % 5 == 2);
        network.subscribers[0].start();
        network.run();
        assert_eq!(network.subscribers[0].reports.last().unwrap(), "Backup complete", "{way:?}");
        assert_eq!(network.held(), network.subscribers[0].memory.book, "{way:?}");
    }
}

#[test]
fn a_copy_goes_back_onto_a_new_card_with_keys_of_its_own() {
    let mut network = network(Way::NORMAL);
    network.subscribers[0].start();
    network.run();
    let backed_up = network.held();
    network.subscribers[0] = Subscriber::card(ANA, Way::NORMAL, Book::default()).with_keys(NEXT_CARD);
    network.subscribers[0].personalise(1);
    network.enrol(NEXT_CARD);
    assert!(network.server.start_restore(&ana(), network.now).unwrap());
    network.run();
    assert_eq!(network.subscribers[0].memory.book, backed_up);
}

#[test]
fn what_nothing_secures_is_refused_once_the_card_has_keys() {
    let mut network = network(Way::NORMAL);
    let plain = carriage::wrap(Source::CARD, 1, block(Source::CARD, 1, 1, 2)).unwrap();
    assert_eq!(ignored(&mut network, &plain), Ignored::Unsecured);
}

#[test]
fn what_does_not_open_is_refused() {
    let mut network = network(Way::NORMAL);
    let good = sealed(1, block(Source::CARD, 1, 1, 2));
    let (coding, header, octets) = good.clone().into_parts();
    // From KIc on, which is behind CPL, CHL and SPI; a TAR of others is for others.
    for index in (5..octets.len()).filter(|index| !(7..10).contains(index)) {
        let mut octets = octets.clone();
        octets[index] ^= 0x01;
        let changed = UserData::new(coding, header.clone(), octets).unwrap();
        let reason = ignored(&mut network, &changed);
        assert!(matches!(reason, Ignored::Unopened(_)), "{index}: {reason}");
    }
    let keys = MASTER.card_keys(&NEXT_CARD.parse().unwrap(), KeyVersion::FIRST);
    let of_another = carriage::seal(Direction::ToServer, &keys, 1.into(), query(1, 2)).unwrap();
    assert!(matches!(ignored(&mut network, &of_another), Ignored::Unopened(Unopened::Packet(_))));
    let keys = MASTER.card_keys(&CARD.parse().unwrap(), KeyVersion::FIRST);
    let reflected = carriage::seal(Direction::ToCard, &keys, 1.into(), query(1, 2)).unwrap();
    assert!(matches!(ignored(&mut network, &reflected), Ignored::Unopened(Unopened::Security(_))));
    assert!(matches!(deliver(&mut network, &good), Reception::Taken { .. }), "the counter is still free");
}

#[test]
fn packets_may_overtake_each_other_and_none_works_twice() {
    let mut network = network(Way::NORMAL);
    for counter in [70, 10, 69, 7] {
        let message = sealed(counter, query(counter as u16, 2));
        assert!(matches!(deliver(&mut network, &message), Reception::Taken { .. }), "{counter}");
        while network.server.poll_output().is_some() {}
        assert_eq!(ignored(&mut network, &message), Ignored::Replayed(counter));
    }
    assert_eq!(ignored(&mut network, &sealed(6, query(99, 2))), Ignored::Replayed(6));
}

#[test]
fn a_block_that_is_repeated_is_answered_as_a_repetition() {
    let mut network = network(Way::NORMAL);
    let first = sealed(1, block(Source::CARD, 1, 1, 2));
    let second = sealed(2, block(Source::CARD, 1, 2, 2));
    assert!(matches!(deliver(&mut network, &first), Reception::Taken { completed: None }));
    assert_eq!(ignored(&mut network, &first), Ignored::Replayed(1), "it is not complete: there is no answer");
    assert!(matches!(deliver(&mut network, &second), Reception::Taken { completed: Some(_) }));
    let said = |message: &Outgoing| {
        let keys = MASTER.card_keys(&CARD.parse().unwrap(), KeyVersion::FIRST);
        FromServer::decode(&carriage::look(&message.user_data, Direction::ToCard, Some(&keys)).unwrap())
    };
    let answer = network.server.poll_output().unwrap();
    let ok = said(&answer);
    assert!(matches!(ok, Ok(FromServer::Ok { .. })), "{ok:?}");
    for _ in 0..3 {
        // Anybody may repeat it: the answer waits for the end of the last, and is one.
        assert!(matches!(deliver(&mut network, &first), Reception::Taken { completed: None }));
        assert_eq!(network.server.poll_output(), None);
    }
    let (to, now) = (answer.to, network.now);
    network.server.handle_report(&to, answer.reference, DeliveryReport::Delivered, now).unwrap();
    assert_eq!(said(&network.server.poll_output().unwrap()), ok);
    assert_eq!(network.server.poll_output(), None);
}

#[test]
fn a_phones_message_says_nothing_about_the_cards_phonebook() {
    let mut network = network(Way::NORMAL);
    let message = carriage::wrap(Source::PHONE, 0, block(Source::CARD, 1, 1, 2)).unwrap();
    assert_eq!(ignored(&mut network, &message), Ignored::Phonebook);
    let message = sealed(1, block(Source::PHONE, 1, 1, 2));
    assert_eq!(deliver(&mut network, &message), Reception::Ignored(Ignored::Phonebook));
    assert_eq!(sessions(&mut network), [None, None]);
    let message = carriage::wrap(Source::PHONE, 0, block(Source::PHONE, 1, 1, 2)).unwrap();
    assert!(matches!(deliver(&mut network, &message), Reception::Taken { .. }), "about its own it does");
}

/// What opens is the card's: whatever becomes of it, it counts once.
#[test]
fn what_opens_and_has_no_effect_works_no_second_time_either() {
    let mut network = network(Way::NORMAL);
    let first = sealed(1, block(Source::CARD, 1, 1, 3));
    assert!(matches!(deliver(&mut network, &first), Reception::Taken { .. }));
    let mut altered = block(Source::CARD, 1, 1, 3);
    *altered.last_mut().unwrap() ^= 0x02;
    let altered_reason = Ignored::Altered { generation: 1, number: 1 };
    for (counter, message, reason) in [
        (2, altered, altered_reason.clone()),
        (3, block(Source::CARD, 1, 1, 4), Ignored::Contradiction(1)),
        (4, block(Source::PHONE, 1, 1, 3), Ignored::Phonebook),
    ] {
        let message = sealed(counter, message);
        assert_eq!(deliver(&mut network, &message), Reception::Ignored(reason));
        for _ in 0..3 {
            assert_eq!(ignored(&mut network, &message), Ignored::Replayed(counter));
        }
    }
    let cut = sealed(5, vec![0x21, 0x00]);
    assert!(matches!(deliver(&mut network, &cut), Reception::Ignored(Ignored::Unreadable(_))));
    assert_eq!(ignored(&mut network, &cut), Ignored::Replayed(5));
    assert_eq!(network.server.store().subscribers().unwrap()[0].alarms, 1, "one alarm, not four");
    assert_eq!(card(&mut network).window.highest, 5);
}

/// The alarm and the counter are one: either both are in the store or none.
#[test]
fn an_alarm_is_not_given_without_its_counter_being_spent() {
    let store = Refusing::new(SqliteStore::in_memory().unwrap());
    let mut server = Server::new(store, Policy::default(), 1).with_master_key(MASTER);
    let now = Instant::from_secs(1_800_000_000);
    server.enrol(&ana(), &CARD.parse().unwrap(), KeyVersion::FIRST, now).unwrap();
    let from = ana().address();
    server.handle_deliver(&from, &sealed(1, block(Source::CARD, 1, 1, 3)), now).unwrap();
    let mut altered = block(Source::CARD, 1, 1, 3);
    *altered.last_mut().unwrap() ^= 0x02;
    let altered = sealed(2, altered);
    for accesses in 0.. {
        server.store().refuse_after(Some(accesses));
        let reception = server.handle_deliver(&from, &altered, now);
        server.store().refuse_after(None);
        let (_, card) = server.store().cards().unwrap().remove(0);
        let alarms = server.store().subscribers().unwrap()[0].alarms;
        if let Ok(reception) = reception {
            assert_eq!(reception, Reception::Ignored(Ignored::Altered { generation: 1, number: 1 }));
            assert_eq!((card.window.highest, alarms), (2, 1));
            assert!(accesses > 10, "the store was used");
            return;
        }
        assert_eq!((card.window.highest, alarms), (1, 0), "after {accesses} accesses");
    }
}

/// Without the master key nothing can be sent to the card, which is no reason not to answer the phone.
#[test]
fn what_cannot_be_sent_to_the_card_does_not_keep_what_goes_to_the_phone() {
    let mut server = Server::new(SqliteStore::in_memory().unwrap(), Policy::default(), 1);
    let now = Instant::from_secs(1_800_000_000);
    server.enrol(&ana(), &CARD.parse().unwrap(), KeyVersion::FIRST, now).unwrap();
    let configuration = Configuration::default();
    server.configure(&ana(), Source::CARD, &configuration, now).unwrap();
    let error = server.handle_timeout(now).unwrap_err();
    assert!(error.to_string().starts_with("there is no master key"), "{error}");
    let notes = server.store().messages(Some(&ana()), 1).unwrap();
    assert!(notes[0].summary.starts_with("not sent: CONFIGURE CARD 1"), "{notes:?}");

    let ask = ToServer::Query {
        backup: BackupId { source: Source::PHONE, generation: 1 },
        base_distance: 0,
        total: 2,
        digest: NOTHING,
    };
    let message = carriage::wrap(Source::PHONE, 0, ask.encode()).unwrap();
    let reception = server.handle_deliver(&ana().address(), &message, now).unwrap();
    assert!(matches!(reception, Reception::Taken { .. }));
    let answer = server.poll_output().expect("the phone's answer");
    assert_eq!(answer.protocol, ProtocolIdentifier::DEFAULT);
    assert_eq!(server.poll_output(), None);
    assert!(server.poll_timeout().unwrap().unwrap() > now, "the server does not spin");
}

#[test]
fn the_window_survives_the_server() {
    let mut network = network(Way::NORMAL);
    let message = sealed(1, block(Source::CARD, 1, 1, 2));
    assert!(matches!(deliver(&mut network, &message), Reception::Taken { .. }));
    network.restart();
    assert_eq!(ignored(&mut network, &message), Ignored::Replayed(1));
}

#[test]
fn a_server_that_crashes_before_it_sends_repeats_no_counter() {
    let mut network = network(Way::NORMAL);
    let keys = MASTER.card_keys(&CARD.parse().unwrap(), KeyVersion::FIRST);
    let mut last = 0;
    for counter in 1..10 {
        assert!(matches!(deliver(&mut network, &sealed(counter, query(1, 2))), Reception::Taken { .. }));
        if counter % 3 == 0 {
            network.restart();
            continue;
        }
        let message = network.server.poll_output().unwrap();
        let Some(carriage::Carried::Sealed(sealed)) = carriage::read(&message.user_data) else { panic!() };
        let (sent, _) = sealed.open(Direction::ToCard, &keys).unwrap();
        assert!(sent.value() > last, "{} after {last}", sent.value());
        last = sent.value();
    }
    assert_eq!(last, 8, "those that the crashes took are not used again");
}

/// Wherever the store fails, the message is as if it had not come: handed over again, it is no replay.
#[test]
fn a_store_that_fails_takes_no_counter() {
    let store = Refusing::new(SqliteStore::in_memory().unwrap());
    let mut server = Server::new(store, Policy::default(), 1).with_master_key(MASTER);
    let now = Instant::from_secs(1_800_000_000);
    server.enrol(&ana(), &CARD.parse().unwrap(), KeyVersion::FIRST, now).unwrap();
    let message = sealed(1, query(1, 2));
    for accesses in 0.. {
        server.store().refuse_after(Some(accesses));
        let reception = server.handle_deliver(&ana().address(), &message, now);
        server.store().refuse_after(None);
        if let Ok(reception) = reception {
            assert!(matches!(reception, Reception::Taken { .. }));
            assert!(accesses > 5, "the store was used");
            assert!(server.poll_output().is_some());
            return;
        }
        let (_, card) = server.store().cards().unwrap().remove(0);
        assert_eq!((card.window.highest, card.sent), (0, 0), "after {accesses} accesses");
        assert_eq!(server.poll_output(), None);
    }
}

#[test]
fn a_card_that_is_replaced_is_the_subscribers_no_more() {
    let mut network = network(Way::NORMAL);
    let message = sealed(5, block(Source::CARD, 1, 1, 2));
    assert!(matches!(deliver(&mut network, &message), Reception::Taken { .. }));
    network.enrol(NEXT_CARD);
    assert!(matches!(ignored(&mut network, &sealed(6, query(1, 2))), Ignored::Unopened(_)));
    // The old card again: its counters are not forgotten.
    network.enrol(CARD);
    assert_eq!(ignored(&mut network, &message), Ignored::Replayed(5));
    assert_eq!(network.server.store().card_count().unwrap(), 2);
}

#[test]
fn a_forgotten_subscribers_card_is_nobodys_and_its_counters_stay() {
    let mut network = network(Way::NORMAL);
    let message = sealed(5, block(Source::CARD, 1, 1, 2));
    assert!(matches!(deliver(&mut network, &message), Reception::Taken { .. }));
    assert!(network.server.forget(&ana()).unwrap());
    assert_eq!(network.server.store().cards().unwrap(), []);
    assert_eq!(deliver(&mut network, &message), Reception::Ignored(Ignored::NoKeys));
    network.enrol(CARD);
    assert_eq!(ignored(&mut network, &message), Ignored::Replayed(5));
}

#[test]
fn a_card_that_uses_its_next_keys_uses_them_from_then_on() {
    let mut network = network(Way::NORMAL);
    let seal = |version, counter| {
        let keys = MASTER.card_keys(&CARD.parse().unwrap(), KeyVersion::new(version).unwrap());
        carriage::seal(Direction::ToServer, &keys, Counter::from(counter), query(1, 2)).unwrap()
    };
    let after_next = KeyVersion::new(3).unwrap();
    assert_eq!(ignored(&mut network, &seal(3, 1)), Ignored::KeyVersion(after_next));
    assert!(matches!(deliver(&mut network, &seal(2, 1)), Reception::Taken { .. }));
    let answer = network.server.poll_output().unwrap();
    let keys = network.server.card_keys(&ana()).unwrap().unwrap();
    assert_eq!(keys.version.number(), 2);
    assert!(carriage::look(&answer.user_data, Direction::ToCard, Some(&keys)).is_some());
    assert_eq!(ignored(&mut network, &seal(1, 2)), Ignored::KeyVersion(KeyVersion::FIRST));
}

#[test]
fn a_server_without_security_takes_and_sends_what_nothing_secures() {
    let store = SqliteStore::in_memory().unwrap();
    let mut server = Server::new(store, Policy::default(), 1).with_master_key(MASTER).insecure();
    let now = Instant::from_secs(1_800_000_000);
    server.enrol(&ana(), &CARD.parse().unwrap(), KeyVersion::FIRST, now).unwrap();
    let message = carriage::wrap(Source::CARD, 1, query(1, 2)).unwrap();
    let reception = server.handle_deliver(&ana().address(), &message, now).unwrap();
    assert!(matches!(reception, Reception::Taken { .. }));
    let answer = server.poll_output().unwrap().user_data;
    assert!(carriage::look(&answer, Direction::ToCard, None).is_some());
}

#[test]
fn nothing_goes_unsecured_to_a_card_with_keys_for_want_of_the_master_key() {
    let mut server = Server::new(SqliteStore::in_memory().unwrap(), Policy::default(), 1);
    let now = Instant::from_secs(1_800_000_000);
    server.enrol(&ana(), &CARD.parse().unwrap(), KeyVersion::FIRST, now).unwrap();
    let from = ana().address();
    let reception = server.handle_deliver(&from, &sealed(1, query(1, 2)), now).unwrap();
    assert_eq!(reception, Reception::Ignored(Ignored::NoKeys));
    let held = oxisim_backup::Held { generation: 1, at: now, book: book(3, "Ana"), table: None };
    let put = |account: &mut <SqliteStore as Store>::Account<'_>| account.put_held(Source::CARD, &held);
    server.store().subscriber(&ana(), put).unwrap();
    assert!(server.start_restore(&ana(), now).unwrap());
    let due = server.poll_timeout().unwrap().unwrap();
    assert!(server.handle_timeout(due).is_err());
    assert_eq!(server.poll_output(), None);
}
