//! The server replaces the card's keys over the air.

use std::collections::BTreeMap;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    DeliveryReport, Esme, FromServer, OrderStep, Outgoing, Way,
    carriage::{self, Carried, Direction},
    message::Source,
    security::{KeySet, KeyVersion, Rekey},
};
use oxisim_card::Card;
use oxisim_server::{Enrolled, Error, Msisdn, Reception, Server, SqliteStore, Store};
use oxisim_sms::{Address, ProtocolIdentifier, Timestamp, UserData, packet::Counter, tpdu::Deliver};
use oxisim_tests::{CARDS, LONG, MASTER_KEY, SERVER, SUBSCRIBER, Scene, contacts, copy, fill, transcript};
use oxisim_wire::{Duration, Instant, Wire};
use oxisim_world::{Bearer, Outage, World};

/// A server, and the packets that have come to it and that it has sent.
struct Tap {
    server: Server<SqliteStore>,
    came: Vec<UserData>,
    went: Vec<UserData>,
}

impl Esme for Tap {
    type Error = Error;

    fn handle_message(&mut self, from: &Address, user_data: &UserData, now: Instant) -> Result<(), Error> {
        self.came.push(user_data.clone());
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
        let outgoing = self.server.poll_output()?;
        self.went.push(outgoing.user_data.clone());
        Some(outgoing)
    }
}

type Tapped = World<Tap, Card>;

fn tapped(scene: Scene) -> Tapped {
    scene.world_with(|card| card, |server| Tap { server, came: Vec::new(), went: Vec::new() })
}

fn ana() -> Msisdn {
    SUBSCRIBER.parse().unwrap()
}

/// The first card's keys.
fn keys(version: u8) -> KeySet {
    MASTER_KEY.card_keys(&CARDS[0].parse().unwrap(), KeyVersion::new(version).unwrap())
}

fn enrolled(server: &mut Server<SqliteStore>) -> Enrolled {
    server.store().cards().unwrap().remove(0).1
}

fn backup<E: Esme>(world: &mut World<E, Card>)
where
    E::Error: std::fmt::Debug,
{
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
}

fn minutes<E: Esme>(world: &mut World<E, Card>, minutes: u64)
where
    E::Error: std::fmt::Debug,
{
    world.run_until(Duration::from_mins(minutes), |_| false).unwrap();
}

/// Card and server use the keys of this version, and the order is done.
fn assert_have(card: &Card, server: &mut Server<SqliteStore>, version: u8) {
    assert!(PhonebookBackup::keys(card) == Some(keys(version)));
    let enrolled = enrolled(server);
    assert_eq!(enrolled.key_version.number(), version);
    assert_eq!(enrolled.rekeying.unwrap().step, OrderStep::Answered(0));
}

#[test]
fn keys_are_replaced_between_two_backups() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    backup(&mut world);
    let (now, from) = (world.now(), world.record.happenings.len());
    world.esme.rekey(&ana(), now).unwrap();
    minutes(&mut world, 1);
    assert_eq!(transcript(&world, from), ["rekey to version 2", "keys of version 2: DONE"]);
    assert_have(&world.card, &mut world.esme, 2);
    fill(&mut world.card, &contacts(12));
    let from = world.record.happenings.len();
    backup(&mut world);
    assert_eq!(
        transcript(&world, from),
        ["block 1 of 2", "block 2 of 2", "timer 5m00s", "OK", "shows: Backup complete"]
    );
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(12)));
}

#[test]
fn keys_are_replaced_while_a_backup_is_under_way_by_every_way() {
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS] {
        let mut world = Scene::ten_blocks(way).world();
        world.request_card_backup().unwrap();
        world.run_until(Duration::from_secs(20), |_| false).unwrap();
        let now = world.now();
        world.esme.rekey(&ana(), now).unwrap();
        assert!(world.run_backup(LONG).unwrap());
        assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "{way:?}");
        assert_have(&world.card, &mut world.esme, 2);
    }
}

#[test]
fn an_answer_that_is_lost_is_given_again_once_the_new_keys_secure_the_order() {
    let mut world = tapped(Scene::ten_blocks(Way::NORMAL));
    world.set_outage(Outage { to_server: true, ..Outage::default() });
    let now = world.now();
    world.esme.server.rekey(&ana(), now).unwrap();
    minutes(&mut world, 1);
    assert!(PhonebookBackup::keys(&world.card) == Some(keys(2)));
    assert_eq!(enrolled(&mut world.esme.server).key_version, KeyVersion::FIRST);
    world.set_outage(Outage::default());
    minutes(&mut world, 6);
    assert_have(&world.card, &mut world.esme.server, 2);
    let versions = world.esme.went.iter().map(version);
    assert_eq!(versions.collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn an_order_that_is_lost_comes_again() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.set_outage(Outage { to_phone: true, ..Outage::default() });
    let now = world.now();
    world.esme.rekey(&ana(), now).unwrap();
    minutes(&mut world, 4);
    world.set_outage(Outage::default());
    minutes(&mut world, 30);
    assert_have(&world.card, &mut world.esme, 2);
}

#[test]
fn keys_are_replaced_though_messages_are_lost_doubled_and_overtaken() {
    for seed in 0..8 {
        let bearer = Bearer { duplicates: 0.5, ..Bearer::default().with_loss(0.2) };
        let mut world = Scene { bearer, seed, ..Scene::ten_blocks(Way::SERVER) }.world();
        world.request_card_backup().unwrap();
        let now = world.now();
        world.esme.rekey(&ana(), now).unwrap();
        assert!(world.run_backup(LONG).unwrap());
        minutes(&mut world, 24 * 60);
        assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "{seed}");
        assert_have(&world.card, &mut world.esme, 2);
    }
}

fn version(user_data: &UserData) -> u8 {
    match carriage::read(user_data) {
        Some(Carried::Sealed(sealed)) => sealed.version().unwrap().number(),
        other => panic!("it is secured: {other:?}"),
    }
}

fn opened(user_data: &UserData, direction: Direction) -> (u64, Vec<u8>) {
    let Some(Carried::Sealed(sealed)) = carriage::read(user_data) else { panic!("it is secured") };
    let keys = keys(sealed.version().unwrap().number());
    let (counter, message) = sealed.open(direction, &keys).unwrap();
    (counter.value(), message)
}

/// Packets with one counter are one packet, whatever keys secure them.
fn assert_no_counter_twice(packets: &[UserData], direction: Direction, torn_at: u64) {
    let mut seen = BTreeMap::new();
    for packet in packets {
        let (counter, message) = opened(packet, direction);
        let first = seen.entry(counter).or_insert_with(|| (packet.clone(), message));
        assert_eq!(first.0, *packet, "counter {counter} has {:?} too, torn at {torn_at}", first.1);
    }
}

#[test]
fn whatever_write_power_is_lost_at_the_card_has_the_old_keys_or_the_new_ones_and_goes_on() {
    let scene = || Scene { slots: 12, book: contacts(4), ..Scene::ten_blocks(Way::SERVER) };
    let order = |world: &mut Tapped| {
        let now = world.now();
        world.esme.server.rekey(&ana(), now).unwrap();
    };
    let mut world = tapped(scene());
    backup(&mut world);
    let before = world.card.memory().writes();
    order(&mut world);
    minutes(&mut world, 2);
    let writes = world.card.memory().writes() - before;
    assert!(writes >= 4, "counter, keys, state, counter, state: {writes}");
    let mut had = BTreeMap::new();
    for torn_at in 0..writes {
        let mut world = tapped(scene());
        backup(&mut world);
        order(&mut world);
        world.card.memory_mut().tear_after(Some(torn_at));
        assert!(world.run_until(LONG, |world| world.card.memory().is_torn()).unwrap());
        world.terminal.switch_off(world.now());
        minutes(&mut world, 2);
        assert!(world.switch_on().unwrap());
        let has = PhonebookBackup::keys(&world.card).unwrap();
        assert!(has == keys(has.version.number()), "torn at {torn_at}");
        *had.entry(has.version.number()).or_insert(0) += 1;
        fill(&mut world.card, &contacts(6));
        backup(&mut world);
        minutes(&mut world, 60);
        assert_have(&world.card, &mut world.esme.server, 2);
        fill(&mut world.card, &contacts(7));
        backup(&mut world);
        let held = world.esme.server.store().held(&ana(), Source::CARD).unwrap();
        assert_eq!(held.unwrap().book, contacts(7), "torn at {torn_at}");
        assert_no_counter_twice(&world.esme.came, Direction::ToServer, torn_at);
        assert_no_counter_twice(&world.esme.went, Direction::ToCard, torn_at);
    }
    assert_eq!(had.len(), 2, "before the keys are written and after: {had:?}");
}

/// Lets the phone have a message, as if the network brought it.
fn deliver(world: &mut Tapped, user_data: UserData) {
    let now = world.now();
    let timestamp = Timestamp::from_instant(now, 0);
    let pid = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    let deliver = Deliver::new(SERVER.parse().unwrap(), pid, timestamp, user_data);
    world.terminal.handle_deliver(&deliver.encode(), None, now);
    world.run_until(Duration::from_secs(30), |_| false).unwrap();
}

#[test]
fn what_the_old_keys_have_secured_has_no_effect_on_either_side_once_the_new_ones_are_used() {
    let mut world = tapped(Scene::ten_blocks(Way::NORMAL));
    backup(&mut world);
    let now = world.now();
    world.esme.server.rekey(&ana(), now).unwrap();
    minutes(&mut world, 1);
    let (came, went) = (world.esme.came.clone(), world.esme.went.clone());
    let (memory, sent) = (world.card.memory().writes(), world.esme.came.len());
    // The order itself among them, and what a thief of the old keys makes.
    let rekey = FromServer::Rekey(Rekey::new(&keys(1), &keys(2)).unwrap()).encode();
    let forged = carriage::seal(Direction::ToCard, &keys(1), Counter::from(1_000_u32), rekey).unwrap();
    for packet in went.into_iter().chain([forged]) {
        assert_eq!(version(&packet), 1);
        deliver(&mut world, packet);
    }
    assert_eq!((world.card.memory().writes(), world.esme.came.len()), (memory, sent));
    let before = enrolled(&mut world.esme.server);
    let old: Vec<_> = came.iter().filter(|packet| version(packet) == 1).collect();
    assert_eq!(old.len(), 10);
    let now = world.now();
    for packet in &old {
        let reception = world.esme.server.handle_deliver(&ana().address(), packet, now).unwrap();
        assert!(matches!(reception, Reception::Ignored(_)), "{reception:?}");
        assert_eq!(world.esme.server.poll_output(), None);
    }
    let refused = before.refused + old.len() as u64;
    assert_eq!(enrolled(&mut world.esme.server), Enrolled { refused, ..before });
}

#[test]
fn an_order_for_another_version_or_with_another_check_value_leaves_the_keys_as_they_are() {
    let rekey = || Rekey::new(&keys(1), &keys(2)).unwrap();
    let mut wrong = rekey();
    wrong.keys[22] ^= 0x01;
    let mut cut = rekey();
    cut.keys.truncate(46);
    let orders = [
        (Rekey::new(&keys(2), &keys(3)).unwrap(), "VERSION"),
        (Rekey { version: 3, ..rekey() }, "VERSION"),
        (wrong, "CHECK_VALUE"),
        (cut, "FORMAT"),
    ];
    let mut world = tapped(Scene::ten_blocks(Way::NORMAL));
    for (counter, (order, expected)) in (1_u32..).zip(orders) {
        let message = FromServer::Rekey(order).encode();
        deliver(&mut world, carriage::seal(Direction::ToCard, &keys(1), counter.into(), message).unwrap());
        assert!(PhonebookBackup::keys(&world.card) == Some(keys(1)));
        let (_, answer) = opened(world.esme.came.last().unwrap(), Direction::ToServer);
        let answer = format!("{:?}", oxisim_backup::ToServer::decode(&answer).unwrap());
        assert!(answer.contains(&format!("result: {expected}, version: 1")), "{answer}");
    }
}

#[test]
fn the_same_order_again_is_answered_the_same_and_changes_nothing() {
    let mut world = tapped(Scene::ten_blocks(Way::NORMAL));
    let message = FromServer::Rekey(Rekey::new(&keys(1), &keys(2)).unwrap()).encode();
    for (counter, version) in [(1_u32, 1), (2, 2), (3, 2)] {
        let sealed = carriage::seal(Direction::ToCard, &keys(version), counter.into(), message.clone());
        deliver(&mut world, sealed.unwrap());
        assert!(PhonebookBackup::keys(&world.card) == Some(keys(2)));
    }
    let answers: Vec<_> =
        world.esme.came.iter().map(|packet| opened(packet, Direction::ToServer).1).collect();
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(world.esme.came.iter().all(|packet| version(packet) == 2));
}
