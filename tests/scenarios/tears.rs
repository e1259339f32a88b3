//! The power fails at any write of a backup or a restore, and no contact is lost or doubled.

use oxisim_backup::{RestoreStep, Way, message::Source};
use oxisim_phonebook::Book;
use oxisim_server::{Server, SqliteStore};
use oxisim_tests::{CARDS, LONG, SUBSCRIBER, Scene, book, contacts, copy, hand_over};
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

/// A new card of a subscriber whose contacts the server has, and writes back now.
fn new_card() -> World<Server<SqliteStore>> {
    let mut world = scene(Way::NORMAL).world();
    backup(&mut world);
    let mut next = Scene { book: Book::default(), iccid: CARDS[1], ..scene(Way::NORMAL) }.world();
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

#[test]
fn a_restore_goes_on_after_a_tear_at_any_write() {
    let all = writes(&mut new_card(), restore);
    assert!(all > 60, "ten records of several writes each: {all}");
    for n in 0..all {
        let mut world = new_card();
        world.card.memory_mut().tear_after(Some(n));
        tear(&mut world);
        restore(&mut world);
        assert_eq!(book(&mut world.card), contacts(10), "torn at write {n}");
        assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "torn at write {n}");
    }
}
