//! A second backup sends what has changed since.

use oxisim_backup::{Way, message::Source, security::KeyVersion};
use oxisim_phonebook::Book;
use oxisim_server::{Server, SqliteStore};
use oxisim_tests::{CARDS, LONG, SUBSCRIBER, Scene, book, contact, copy, fill, hand_over, transcript};
use oxisim_world::World;

#[test]
fn added_altered_and_deleted_records_are_sent_and_nothing_else() {
    let mut scene = Scene::ten_blocks(Way::NORMAL);
    scene.settings.contacts_per_block = usize::MAX;
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());

    let mut edited: Book = book(&mut world.card);
    edited.insert(2, contact("Altered", 222));
    edited.remove(5);
    edited.insert(11, contact("Added", 333));
    fill(&mut world.card, &edited);
    let from = world.record.happenings.len();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(transcript(&world, from), ["block 1 of 1", "timer 5m00s", "OK", "shows: Backup complete"]);
    assert_eq!(copy(&mut world, Source::CARD), Some(edited));
}

#[test]
fn nothing_changed_nothing_sent() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let from = world.record.happenings.len();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(transcript(&world, from), ["shows: Phonebook has not changed"]);
}

/// The server loses what it holds of the subscriber, and is told of the card again.
fn lose_copy(world: &mut World<Server<SqliteStore>>) {
    let (number, now) = (SUBSCRIBER.parse().unwrap(), world.now());
    assert!(world.esme.forget(&number).unwrap());
    world.esme.enrol(&number, &CARDS[0].parse().unwrap(), KeyVersion::FIRST, now).unwrap();
}

#[test]
fn a_server_that_has_lost_the_base_gets_everything() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    lose_copy(&mut world);

    let mut edited = book(&mut world.card);
    edited.insert(3, contact("Altered", 1));
    fill(&mut world.card, &edited);
    let from = world.record.happenings.len();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let lines = transcript(&world, from);
    assert_eq!(lines[..3], ["block 1 of 1", "timer 5m00s", "refused: BASE_UNKNOWN"]);
    assert_eq!(lines.iter().filter(|line| line.ends_with("of 10")).count(), 10);
    assert_eq!(copy(&mut world, Source::CARD), Some(edited));
}

#[test]
fn an_emptied_phonebook_empties_the_copy_of_a_server_that_has_lost_the_base() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    for _ in 0..2 {
        world.request_card_backup().unwrap();
        assert!(world.run_backup(LONG).unwrap());
        lose_copy(&mut world);
        fill(&mut world.card, &Book::default());
    }
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), None, "nothing has changed since the last OK");
    fill(&mut world.card, &oxisim_tests::contacts(1));
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(oxisim_tests::contacts(1)));
}

#[test]
fn a_card_that_has_lost_count_finds_it_again() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    for n in 0..4 {
        fill(&mut world.card, &oxisim_tests::contacts(5 + n));
        world.request_card_backup().unwrap();
        assert!(world.run_backup(LONG).unwrap());
    }
    // A new card of the same number, which nobody has told where the last one stopped.
    let mut next = Scene { iccid: CARDS[1], ..Scene::ten_blocks(Way::TIMER) }.world();
    hand_over(world.esme, &mut next);
    next.request_card_backup().unwrap();
    assert!(next.run_backup(LONG).unwrap());
    assert!(transcript(&next, 0).contains(&"refused: GENERATION_OLD".into()));
    assert_eq!(copy(&mut next, Source::CARD), Some(oxisim_tests::contacts(10)));
}
