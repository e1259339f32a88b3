//! The server configures the card and starts backups, over the air.

use oxisim_backup::{
    Configuration, Field, Mode, OrderStep, Way,
    message::{Extent, MessageType, Source, StartResult},
};
use oxisim_phonebook::Book;
use oxisim_server::{Msisdn, Server, SqliteStore};
use oxisim_tests::{LONG, SUBSCRIBER, Scene, book, contacts, copy, fill, transcript};
use oxisim_wire::Duration;
use oxisim_world::{Outage, World};

type Scenery = World<Server<SqliteStore>>;

fn ana() -> Msisdn {
    SUBSCRIBER.parse().unwrap()
}

fn configure(world: &mut Scenery, configuration: &Configuration) {
    let now = world.now();
    world.esme.configure(&ana(), Source::CARD, configuration, now).unwrap();
}

fn start(world: &mut Scenery, extent: Extent, way: Option<Way>) {
    let now = world.now();
    world.esme.start_backup(&ana(), Source::CARD, extent, way, now).unwrap();
}

fn step(world: &mut Scenery, kind: MessageType) -> OrderStep {
    world.esme.order_status(&ana(), Source::CARD, kind).unwrap().unwrap().step
}

fn minutes(world: &mut Scenery, minutes: u64) {
    world.run_until(Duration::from_mins(minutes), |_| false).unwrap();
}

fn pairs() -> Configuration {
    Configuration {
        mode: Some(Mode::Fixed(Way::TIMER)),
        subset: Some(2),
        pause: Some(Duration::from_mins(7)),
        ..Configuration::default()
    }
}

#[test]
fn a_configuration_takes_effect_from_the_next_backup() {
    let mut world = Scene::ten_blocks(Way::TIMER).world();
    world.request_card_backup().unwrap();
    minutes(&mut world, 1);
    configure(&mut world, &pairs());
    assert!(world.run_backup(LONG).unwrap());
    let lines = transcript(&world, 0);
    assert!(lines.contains(&"configuration 1 taken".into()), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| *line == "timer 2m00s").count(), 3, "as it began: {lines:?}");
    assert_eq!(step(&mut world, MessageType::CONFIGURE), OrderStep::Answered(0));

    let from = world.record.happenings.len();
    fill(&mut world.card, &contacts(14));
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let lines = transcript(&world, from);
    assert_eq!(lines.iter().filter(|line| *line == "timer 7m00s").count(), 1, "two and two: {lines:?}");
}

#[test]
fn a_configuration_is_said_until_it_is_answered_and_survives_resets() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.set_outage(Outage { to_phone: true, ..Outage::default() });
    configure(&mut world, &pairs());
    minutes(&mut world, 12);
    world.set_outage(Outage { to_server: true, ..Outage::default() });
    minutes(&mut world, 30);
    assert_eq!(step(&mut world, MessageType::CONFIGURE), OrderStep::Pending);
    world.set_outage(Outage::default());
    minutes(&mut world, 120);
    assert_eq!(step(&mut world, MessageType::CONFIGURE), OrderStep::Answered(0));
    world.terminal.switch_off(world.now());
    minutes(&mut world, 1);
    assert!(world.switch_on().unwrap());
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let lines = transcript(&world, 0);
    assert_eq!(lines.iter().filter(|line| *line == "timer 7m00s").count(), 4, "{lines:?}");
}

#[test]
fn a_configuration_that_the_card_cannot_take_names_the_field_and_the_old_one_stays() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    configure(&mut world, &pairs());
    minutes(&mut world, 1);
    let never = Configuration { pause: Some(Duration::from_mins(365 * 24 * 60)), ..pairs() };
    configure(&mut world, &never);
    minutes(&mut world, 1);
    assert_eq!(step(&mut world, MessageType::CONFIGURE), OrderStep::Answered(Field::PAUSE.0));
    assert!(transcript(&world, 0).contains(&"configuration 2: PAUSE refused".into()));
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert!(transcript(&world, 0).contains(&"timer 7m00s".into()));
}

#[test]
fn an_interval_that_is_configured_starts_backups() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    let daily = Configuration { interval: Some(Duration::from_mins(24 * 60)), ..Configuration::default() };
    configure(&mut world, &daily);
    let begin = world.now();
    assert!(world.await_backup(LONG).unwrap());
    let hours = world.now().since(begin).as_secs() / 3_600;
    assert_eq!(hours, 24);
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
}

#[test]
fn the_server_starts_a_backup_and_each_order_counts_once() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    start(&mut world, Extent::DIFFERENCE, Some(Way::SERVER));
    assert!(world.await_backup(LONG).unwrap());
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(step(&mut world, MessageType::START), OrderStep::Answered(StartResult::BEGUN.0));
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
    assert!(transcript(&world, 0).contains(&"missing 4-10".into()), "the server way");

    // Nothing has changed.
    let from = world.record.happenings.len();
    start(&mut world, Extent::DIFFERENCE, None);
    minutes(&mut world, 2);
    assert_eq!(step(&mut world, MessageType::START), OrderStep::Answered(StartResult::UNCHANGED.0));
    assert!(transcript(&world, from).contains(&"order 2: UNCHANGED".into()));
    assert_eq!(world.esme.poll_timeout().unwrap(), None, "the server stops asking");

    // Everything goes all the same, if it is asked for.
    let from = world.record.happenings.len();
    start(&mut world, Extent::WHOLE, None);
    assert!(world.await_backup(LONG).unwrap());
    assert!(world.run_backup(LONG).unwrap());
    let lines = transcript(&world, from);
    assert_eq!(lines.iter().filter(|line| line.starts_with("block ")).count(), 10, "{lines:?}");
}

#[test]
fn an_order_while_a_backup_runs_is_answered_so() {
    let mut world = Scene::ten_blocks(Way::TIMER).world();
    world.request_card_backup().unwrap();
    minutes(&mut world, 1);
    start(&mut world, Extent::WHOLE, None);
    assert!(world.run_backup(LONG).unwrap());
    let lines = transcript(&world, 0);
    assert!(lines.contains(&"order 1: RUNNING".into()), "{lines:?}");
    assert_eq!(step(&mut world, MessageType::START), OrderStep::Answered(StartResult::RUNNING.0));
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
}

#[test]
fn orders_come_through_when_messages_are_lost() {
    for seed in 0..8 {
        let bearer = oxisim_world::Bearer { loss: 0.3, duplicates: 0.2, ..oxisim_world::Bearer::default() };
        let mut world = Scene { bearer, seed, ..Scene::ten_blocks(Way::NORMAL) }.world();
        configure(&mut world, &pairs());
        start(&mut world, Extent::DIFFERENCE, None);
        minutes(&mut world, 3 * 24 * 60);
        assert_eq!(step(&mut world, MessageType::CONFIGURE), OrderStep::Answered(0), "seed {seed}");
        assert_eq!(step(&mut world, MessageType::START), OrderStep::Answered(0), "seed {seed}");
        assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "seed {seed}");
        let started = transcript(&world, 0).iter().filter(|line| *line == "shows: Backup complete").count();
        assert_eq!(started, 1, "seed {seed}: an order that comes twice counts once");
    }
}

#[test]
fn orders_are_kept_after_a_tear_at_any_write() {
    let scene = || Scene { book: contacts(2), slots: 10, ..Scene::ten_blocks(Way::NORMAL) };
    let ordered = |world: &mut Scenery| {
        configure(world, &pairs());
        start(world, Extent::DIFFERENCE, None);
    };
    let mut world = scene().world();
    let before = world.card.memory().writes();
    ordered(&mut world);
    minutes(&mut world, 20);
    let all = world.card.memory().writes() - before;
    assert!(all > 20, "{all} writes");
    for n in 0..all {
        let mut world = scene().world();
        world.card.memory_mut().tear_after(Some(n));
        ordered(&mut world);
        assert!(world.run_until(LONG, |world| world.card.memory().is_torn()).unwrap(), "write {n}");
        world.terminal.switch_off(world.now());
        minutes(&mut world, 1);
        assert!(world.switch_on().unwrap());
        minutes(&mut world, 60);
        assert_eq!(step(&mut world, MessageType::CONFIGURE), OrderStep::Answered(0), "torn at write {n}");
        assert_eq!(step(&mut world, MessageType::START), OrderStep::Answered(0), "torn at write {n}");
        assert_eq!(copy(&mut world, Source::CARD), Some(contacts(2)), "torn at write {n}");
        let on_card: Book = book(&mut world.card);
        assert_eq!(on_card, contacts(2), "torn at write {n}");
    }
}
