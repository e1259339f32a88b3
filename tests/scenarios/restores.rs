//! A copy comes back onto a new card, over phone and SMS.

use oxisim_backup::{RestoreStep, Way, message::Source};
use oxisim_phonebook::Book;
use oxisim_server::Server;
use oxisim_tests::{CARDS, LONG, SUBSCRIBER, Scene, book, contact, contacts, copy, hand_over, transcript};
use oxisim_wire::Duration;
use oxisim_world::{Bearer, World};

fn restored(bearer: Bearer, seed: u64) -> (Vec<String>, Book, RestoreStep) {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let server = world.esme;
    let mut next: World<Server<_>> =
        Scene { book: Book::default(), iccid: CARDS[1], bearer, seed, ..Scene::ten_blocks(Way::NORMAL) }
            .world();
    hand_over(server, &mut next);
    let number = SUBSCRIBER.parse().unwrap();
    let now = next.now();
    assert!(next.esme.start_restore(&number, now).unwrap());
    next.run_until(Duration::from_mins(180), |_| false).unwrap();
    let step = next.esme.restore_status(&number).unwrap().unwrap().step;
    let on_card = book(&mut next.card);
    assert_eq!(copy(&mut next, Source::CARD), Some(contacts(10)));

    // What was restored is what the server has: nothing is left to back up.
    let from = next.record.happenings.len();
    next.request_card_backup().unwrap();
    assert!(next.run_backup(LONG).unwrap());
    assert_eq!(transcript(&next, from), ["shows: Phonebook has not changed"]);
    (transcript(&next, 0), on_card, step)
}

#[test]
fn a_new_card_has_every_contact_in_its_slot_and_the_next_backup_is_empty() {
    let (lines, on_card, step) = restored(Bearer::ideal(), 1);
    assert_eq!(on_card, contacts(10));
    assert_eq!(step, RestoreStep::Complete { equal: true });
    let blocks: Vec<_> = (1..=4).map(|number| format!("restore block {number} of 4")).collect();
    assert_eq!(lines[..4], blocks);
    assert!(lines.contains(&"restored, missing {}".into()), "{lines:?}");
    assert!(lines.contains(&"shows: Phonebook restored".into()), "{lines:?}");
}

#[test]
fn lost_blocks_are_sent_again() {
    for seed in 0..10 {
        let (_, on_card, step) = restored(Bearer::default().with_loss(0.3), seed);
        assert_eq!(on_card, contacts(10), "seed {seed}");
        assert_eq!(step, RestoreStep::Complete { equal: true }, "seed {seed}");
    }
}

#[test]
fn a_contact_that_only_the_card_has_is_backed_up_after_a_restore() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let own: Book = [(200, contact("Only here", 7))].into_iter().collect();
    let mut next: World<Server<_>> =
        Scene { book: own.clone(), iccid: CARDS[1], ..Scene::ten_blocks(Way::NORMAL) }.world();
    hand_over(world.esme, &mut next);
    let number = SUBSCRIBER.parse().unwrap();
    let now = next.now();
    assert!(next.esme.start_restore(&number, now).unwrap());
    next.run_until(Duration::from_mins(30), |_| false).unwrap();
    let step = next.esme.restore_status(&number).unwrap().unwrap().step;
    assert_eq!(step, RestoreStep::Complete { equal: false });

    let from = next.record.happenings.len();
    next.request_card_backup().unwrap();
    assert!(next.run_backup(LONG).unwrap());
    assert_eq!(transcript(&next, from)[0], "block 1 of 1");
    let mut both = contacts(10);
    both.extend(own.iter().map(|(slot, record)| (slot, record.clone())));
    assert_eq!(copy(&mut next, Source::CARD), Some(both));
}

#[test]
fn a_backup_during_a_restore_does_not_replace_the_copy_with_a_part_of_it() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let mut next: World<Server<_>> =
        Scene { book: Book::default(), iccid: CARDS[1], ..Scene::ten_blocks(Way::NORMAL) }.world();
    hand_over(world.esme, &mut next);
    let number = SUBSCRIBER.parse().unwrap();
    let now = next.now();
    assert!(next.esme.start_restore(&number, now).unwrap());
    next.run_until(Duration::from_secs(8), |_| false).unwrap();
    let part = book(&mut next.card).len();
    assert!((1..10).contains(&part), "{part} contacts are there");
    next.request_card_backup().unwrap();
    assert!(next.run_backup(LONG).unwrap());
    assert!(transcript(&next, 0).contains(&"shows: Backup refused: a restore is under way".into()));
    next.run_until(Duration::from_mins(30), |_| false).unwrap();
    assert_eq!(book(&mut next.card), contacts(10));
    assert_eq!(copy(&mut next, Source::CARD), Some(contacts(10)));
}

#[test]
fn a_card_that_cannot_hold_the_copy_ends_the_restore() {
    let mut scene = Scene::ten_blocks(Way::NORMAL);
    scene.book.insert(255, contact("The last slot", 255));
    let whole = scene.book.clone();
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let small = Scene { book: Book::default(), slots: 20, iccid: CARDS[1], ..Scene::ten_blocks(Way::NORMAL) };
    let mut next: World<Server<_>> = small.world();
    hand_over(world.esme, &mut next);
    let number = SUBSCRIBER.parse().unwrap();
    let now = next.now();
    assert!(next.esme.start_restore(&number, now).unwrap());
    next.run_until(Duration::from_mins(60), |_| false).unwrap();
    let step = next.esme.restore_status(&number).unwrap().unwrap().step;
    assert_eq!(step, RestoreStep::Complete { equal: false });
    assert_eq!(book(&mut next.card), contacts(10));
    assert_eq!(copy(&mut next, Source::CARD), Some(whole));
}
