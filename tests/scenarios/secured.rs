//! Keys secure what goes between card and server.

use std::collections::BTreeMap;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    DeliveryReport, Esme, FromServer, Outgoing, Way,
    carriage::{self, Carried, Direction},
    message::Source,
    security::{KeySet, KeyVersion},
};
use oxisim_card::Card;
use oxisim_phonebook::Book;
use oxisim_server::{Error, Server, SqliteStore, Store};
use oxisim_sms::{Address, ProtocolIdentifier, Timestamp, UserData, packet::Counter, tpdu::Deliver};
use oxisim_tests::{
    CARDS, LONG, MASTER_KEY, SERVER, SUBSCRIBER, Scene, book, contact, contacts, copy, fill, hand_over,
};
use oxisim_wire::{Duration, Instant, Wire};
use oxisim_world::{Bearer, Slot, World};

/// A server, and all packets that have come to it.
struct Tap {
    server: Server<SqliteStore>,
    came: Vec<(u64, Vec<u8>)>,
}

impl Esme for Tap {
    type Error = Error;

    fn handle_message(&mut self, from: &Address, user_data: &UserData, now: Instant) -> Result<(), Error> {
        let Some(Carried::Sealed(sealed)) = carriage::read(user_data) else { panic!("it is secured") };
        let (counter, message) = sealed.open(Direction::ToServer, &keys(1)).unwrap();
        self.came.push((counter.value(), message));
        self.server.handle_message(from, user_data, now)
    }

    fn handle_report(
        &mut self,
        to: &Address,
        reference: u64,
        report: DeliveryReport,
        now: Instant,
    ) -> Result<(), Error> {
        self.server.handle_report(to, reference, report, now)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.server.handle_timeout(now)
    }

    fn poll_timeout(&mut self) -> Result<Option<Instant>, Error> {
        self.server.poll_timeout()
    }

    fn poll_output(&mut self) -> Option<Outgoing> {
        self.server.poll_output()
    }
}

/// The first card's keys.
fn keys(version: u8) -> KeySet {
    MASTER_KEY.card_keys(&CARDS[0].parse().unwrap(), KeyVersion::new(version).unwrap())
}

fn backup<E: Esme>(world: &mut World<E, Card>)
where
    Card: Slot,
    E::Error: std::fmt::Debug,
{
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
}

#[test]
fn no_counter_stands_for_two_messages_whatever_write_power_is_lost_at() {
    let scene = || Scene { slots: 12, book: contacts(4), ..Scene::ten_blocks(Way::SERVER) };
    let tapped = || scene().world_with(|card| card, |server| Tap { server, came: Vec::new() });
    let mut world = tapped();
    let before = world.card.memory().writes();
    backup(&mut world);
    let writes = world.card.memory().writes() - before;
    assert!(writes > 20, "{writes}");
    for torn_at in 0..writes {
        let mut world = tapped();
        world.card.memory_mut().tear_after(Some(torn_at));
        world.request_card_backup().unwrap();
        assert!(world.run_until(LONG, |world| world.card.memory().is_torn()).unwrap());
        world.terminal.switch_off(world.now());
        world.run_until(Duration::from_secs(90), |_| false).unwrap();
        assert!(world.switch_on().unwrap());
        backup(&mut world);
        fill(&mut world.card, &contacts(5));
        backup(&mut world);

        let mut seen = BTreeMap::new();
        for (counter, message) in &world.esme.came {
            let highest = seen.last_key_value().map_or(0, |(&highest, _)| highest);
            match seen.get(counter) {
                Some(first) => assert_eq!(*first, message, "counter {counter}, torn at {torn_at}"),
                None => assert!(*counter > highest, "{counter} after {highest}, torn at {torn_at}"),
            }
            seen.insert(*counter, message);
        }
        let held = world.esme.server.store().held(&SUBSCRIBER.parse().unwrap(), Source::CARD).unwrap();
        assert_eq!(held.unwrap().book, contacts(5), "torn at {torn_at}");
    }
}

#[test]
fn a_backup_arrives_though_messages_are_lost_doubled_and_overtaken() {
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS] {
        for seed in 0..3 {
            let bearer = Bearer { duplicates: 0.5, ..Bearer::default().with_loss(0.2) };
            let mut world = Scene { bearer, seed, book: contacts(60), ..Scene::ten_blocks(way) }.world();
            backup(&mut world);
            assert_eq!(copy(&mut world, Source::CARD), Some(contacts(60)), "{way:?} {seed}");
        }
    }
}

/// Lets the phone have a message, as if the network brought it.
fn deliver(world: &mut World<Server<SqliteStore>>, user_data: UserData) {
    let now = world.now();
    let timestamp = Timestamp::from_instant(now, 0);
    let pid = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    let deliver = Deliver::new(SERVER.parse().unwrap(), pid, timestamp, user_data);
    world.terminal.handle_deliver(&deliver.encode(), None, now);
    world.run_until(Duration::from_secs(30), |_| false).unwrap();
}

/// A block that writes a contact over the first one.
fn forged() -> Vec<u8> {
    let entry = oxisim_backup::Entry { slot: 1, record: Some(contact("Mallory", 666)) };
    let block = oxisim_backup::Block::new(vec![entry]).encode();
    FromServer::Restore { generation: 7, total: 1, number: 1, block }.encode()
}

#[test]
fn a_card_with_keys_takes_nothing_that_they_do_not_secure() {
    let mallory = Some(contact("Mallory", 666));
    let plain = || carriage::wrap(Source::CARD, 1, forged()).unwrap();
    let mut without = Scene { keys: false, ..Scene::ten_blocks(Way::NORMAL) }.world();
    deliver(&mut without, plain());
    assert_eq!(book(&mut without.card).record(1).cloned(), mallory, "a card without keys believes it");

    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    let seal = |direction, keys: &KeySet, counter: u32| {
        carriage::seal(direction, keys, Counter::from(counter), forged()).unwrap()
    };
    let other = MASTER_KEY.card_keys(&CARDS[1].parse().unwrap(), KeyVersion::FIRST);
    let attacks = [
        plain(),
        seal(Direction::ToCard, &other, 1),
        seal(Direction::ToCard, &keys(2), 1),
        seal(Direction::ToServer, &keys(1), 1),
        seal(Direction::ToCard, &keys(1), 0),
    ];
    for attack in attacks {
        deliver(&mut world, attack);
        assert_eq!(book(&mut world.card), contacts(10));
    }
    deliver(&mut world, seal(Direction::ToCard, &keys(1), 1));
    assert_eq!(book(&mut world.card).record(1).cloned(), mallory, "the server's own is taken");
}

#[test]
fn a_message_of_the_server_works_once_also_after_a_reset() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    let message = carriage::seal(Direction::ToCard, &keys(1), Counter::from(5_u32), forged()).unwrap();
    deliver(&mut world, message.clone());
    assert_ne!(book(&mut world.card), contacts(10));
    fill(&mut world.card, &contacts(10));
    deliver(&mut world, message.clone());
    assert_eq!(book(&mut world.card), contacts(10));
    world.terminal.switch_off(world.now());
    world.run_until(Duration::from_secs(90), |_| false).unwrap();
    assert!(world.switch_on().unwrap());
    deliver(&mut world, message);
    assert_eq!(book(&mut world.card), contacts(10));
}

#[test]
fn a_card_that_gets_new_keys_goes_on_with_them() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    backup(&mut world);
    PhonebookBackup::replace_keys(&mut world.card, &keys(2)).unwrap();
    fill(&mut world.card, &contacts(11));
    backup(&mut world);
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(11)));
    let used = world.esme.card_keys(&SUBSCRIBER.parse().unwrap()).unwrap().unwrap().version;
    assert_eq!(used.number(), 2);
}

#[test]
fn who_has_the_old_card_cannot_write_into_the_copy() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    backup(&mut world);
    let stolen = world.card;
    let next = Scene { book: Book::default(), iccid: CARDS[1], ..Scene::ten_blocks(Way::NORMAL) };
    let mut next = next.world();
    hand_over(world.esme, &mut next);
    next.terminal.switch_off(next.now());
    next.run_until(Duration::from_secs(90), |_| false).unwrap();
    next.card = stolen;
    fill(&mut next.card, &contacts(3));
    assert!(next.switch_on().unwrap());
    next.request_card_backup().unwrap();
    assert!(next.run_backup(LONG).unwrap(), "the card gives up");
    assert_eq!(copy(&mut next, Source::CARD), Some(contacts(10)));
}
