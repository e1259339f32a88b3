//! The power fails at any write of a backup or a restore, and no contact is lost or doubled.

use oxisim_backup::{RestoreStep, Way, message::Source};
use oxisim_phonebook::{AlphaIdentifier, Book, Record};
use oxisim_server::{Server, SqliteStore};
use oxisim_tests::{CARDS, LONG, SUBSCRIBER, Scene, book, contact, contacts, copy, hand_over};
use oxisim_wire::Duration;
use oxisim_world::World;

/// Time without power.
const OFF: Duration = Duration::from_secs(90);

/// Ten blocks, in a phonebook with a few free slots.
fn scene(way: Way) -> Scene {
    Scene { slots: 12, ..Scene::ten_blocks(way) }
}

/// Writes of the card while `f` runs.
fn writes(world: &mut World<Server<SqliteStore>>, f: impl FnOnce(&mut World<Server<SqliteStore>>)) -> u64 {
    let before = world.card.memory().writes();
    f(world);
    world.card.memory().writes() - before
}

/// Runs until the power fails at a write; then the phone is switched on again.
fn tear(world: &mut World<Server<SqliteStore>>) {
    assert!(world.run_until(LONG, |world| world.card.memory().is_torn()).unwrap(), "there is such a write");
    world.terminal.switch_off(world.now());
    world.run_until(OFF, |_| false).unwrap();
    assert!(world.switch_on().unwrap());
}

fn backup(world: &mut World<Server<SqliteStore>>) {
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
}

fn a_backup_goes_on_after_a_tear_at_any_write(way: Way) {
    let all = writes(&mut scene(way).world(), backup);
    for n in 0..all {
        let mut world = scene(way).world();
        world.card.memory_mut().tear_after(Some(n));
        world.request_card_backup().unwrap();
        tear(&mut world);
        // The user sees that nothing came of it, and asks again; a backup under way just goes on.
        backup(&mut world);
        assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "{way:?}, torn at write {n}");
        assert_eq!(book(&mut world.card), contacts(10), "{way:?}, torn at write {n}");
    }
}

#[test]
fn a_normal_backup_goes_on_after_a_tear_at_any_write() {
    a_backup_goes_on_after_a_tear_at_any_write(Way::NORMAL);
}

#[test]
fn a_backup_that_the_server_resumes_goes_on_after_a_tear_at_any_write() {
    a_backup_goes_on_after_a_tear_at_any_write(Way::SERVER);
}

#[test]
fn a_backup_that_a_timer_resumes_goes_on_after_a_tear_at_any_write() {
    a_backup_goes_on_after_a_tear_at_any_write(Way::TIMER);
}

#[test]
fn a_backup_that_status_resumes_goes_on_after_a_tear_at_any_write() {
    a_backup_goes_on_after_a_tear_at_any_write(Way::STATUS);
}

/// Two records of 255 octets that no message holds, and two of few.
fn long_records() -> Scene {
    let long =
        |octet| Record { alpha: AlphaIdentifier::from_field(&[octet; 241]), ..contact("", octet.into()) };
    let records = [contact("Ana", 1), long(b'a'), long(0x85), contact("Ben", 2)];
    Scene { book: (1..).zip(records).collect(), alpha: 241, ..scene(Way::NORMAL) }
}

/// A new card of a subscriber whose contacts the server has, and writes back now.
fn new_card(scene: &Scene) -> World<Server<SqliteStore>> {
    let mut world = scene.clone().world();
    backup(&mut world);
    let mut next = Scene { book: Book::default(), iccid: CARDS[1], ..scene.clone() }.world();
    hand_over(world.esme, &mut next);
    let now = next.now();
    assert!(next.esme.start_restore(&SUBSCRIBER.parse().unwrap(), now).unwrap());
    next
}

/// Lets a restore go on to its end.
fn restore(world: &mut World<Server<SqliteStore>>) {
    let number = SUBSCRIBER.parse().unwrap();
    for _ in 0..20 {
        world.run_until(Duration::from_mins(10), |_| false).unwrap();
        let step = world.esme.restore_status(&number).unwrap().unwrap().step;
        if let RestoreStep::Complete { equal } = step {
            assert!(equal, "the server's copy is that of the card");
            return;
        }
    }
    panic!("the restore never ends");
}

fn a_restore_of_a_scene_goes_on_after_a_tear_at_any_write(scene: &Scene) {
    let all = writes(&mut new_card(scene), restore);
    assert!(all > 4 * scene.book.len() as u64, "records of several writes each: {all}");
    for n in 0..all {
        let mut world = new_card(scene);
        world.card.memory_mut().tear_after(Some(n));
        tear(&mut world);
        restore(&mut world);
        assert_eq!(book(&mut world.card), scene.book, "torn at write {n}");
        assert_eq!(copy(&mut world, Source::CARD).as_ref(), Some(&scene.book), "torn at write {n}");
    }
}

#[test]
fn a_restore_goes_on_after_a_tear_at_any_write() {
    a_restore_of_a_scene_goes_on_after_a_tear_at_any_write(&scene(Way::NORMAL));
}

#[test]
fn a_restore_in_pieces_goes_on_after_a_tear_at_any_write() {
    a_restore_of_a_scene_goes_on_after_a_tear_at_any_write(&long_records());
}
