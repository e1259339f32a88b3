//! A record that no message holds goes in pieces, there and back.

use oxisim_backup::{Coding, FromServer, RestoreStep, Way, block, compact::Table, message::Source};
use oxisim_phonebook::{AlphaIdentifier, Book, Record};
use oxisim_server::{Server, SqliteStore, Store};
use oxisim_tests::{CARDS, LONG, SUBSCRIBER, Scene, book, contact, copy, hand_over, transcript};
use oxisim_wire::Duration;
use oxisim_world::{Bearer, What, World};

/// Octets of an alpha identifier in a record of 255 octets (TS 31.102 §4.4.2.3).
const LONGEST_ALPHA: u8 = 241;

/// Names that fill their records: one of a few letters, one of Chinese characters, and one that no model foresees.
fn records() -> Book {
    let noise: Vec<u8> = (0..LONGEST_ALPHA).map(|at| at.wrapping_mul(97) % 0x78 + 0x83).collect();
    let long = |octets: &[u8]| Record { alpha: AlphaIdentifier::from_field(octets), ..contact("", 7) };
    let text = |text: &str| AlphaIdentifier::fit(&text.repeat(99), LONGEST_ALPHA.into()).alpha;
    let records = [
        contact("Ana", 1),
        Record { alpha: text("Johnson and Johnson "), ..contact("", 2) },
        long(&noise),
        Record { alpha: text("漢字"), ..contact("", 4) },
        contact("Zoe", 5),
    ];
    (1..).zip(records).collect()
}

fn scene(coding: Coding) -> Scene {
    let mut scene =
        Scene { book: records(), slots: 20, alpha: LONGEST_ALPHA, ..Scene::ten_blocks(Way::NORMAL) };
    scene.settings.coding = coding;
    scene.settings.contacts_per_block = usize::MAX;
    scene
}

fn backed_up(scene: Scene) -> World<Server<SqliteStore>> {
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(records()));
    assert!(transcript(&world, 0).contains(&"shows: Backup complete".into()));
    world
}

/// Another card, which gets the copy.
fn restored(server: Server<SqliteStore>, coding: Coding, bearer: Bearer) -> World<Server<SqliteStore>> {
    let scene = Scene { book: Book::default(), iccid: CARDS[1], bearer, ..scene(coding) };
    let mut next: World<Server<_>> = scene.world();
    hand_over(server, &mut next);
    let number = SUBSCRIBER.parse().unwrap();
    let now = next.now();
    assert!(next.esme.start_restore(&number, now).unwrap());
    next.run_until(Duration::from_mins(180), |_| false).unwrap();
    assert_eq!(book(&mut next.card), records());
    let step = next.esme.restore_status(&number).unwrap().unwrap().step;
    assert_eq!(step, RestoreStep::Complete { equal: true });
    next
}

/// The blocks of a restore, as they came.
fn blocks(world: &World<Server<SqliteStore>>) -> Vec<&[u8]> {
    let blocks = world.record.happenings.iter().filter_map(|happening| match &happening.what {
        What::Answered(Some(FromServer::Restore { block, .. })) => Some(block.as_slice()),
        _ => None,
    });
    blocks.collect()
}

#[test]
fn records_of_255_octets_come_back_exactly_in_both_codings() {
    let plain = restored(backed_up(scene(Coding::Plain)).esme, Coding::Plain, Bearer::ideal());
    let compact = restored(backed_up(scene(Coding::general())).esme, Coding::general(), Bearer::ideal());
    assert!(blocks(&compact).len() < blocks(&plain).len());
}

#[test]
fn pieces_that_are_lost_come_again() {
    for seed in 0..6 {
        let bearer = Bearer::default().with_loss(0.1);
        let world = Scene { bearer: bearer.clone(), seed, ..scene(Coding::general()) };
        restored(backed_up(world).esme, Coding::general(), bearer);
    }
}

#[test]
fn a_card_that_lacks_the_table_of_the_one_before_gets_the_copy_plain() {
    let world = restored(backed_up(scene(Coding::general())).esme, Coding::Plain, Bearer::ideal());
    assert_eq!(block::table(blocks(&world)[0]), Some(0));
    assert_eq!(block::table(blocks(&world).last().unwrap()), None);
    assert!(transcript(&world, 0).contains(&"shows: Phonebook restored".into()));
}

#[test]
fn a_table_that_the_server_lacks_is_refused_and_noted_and_the_backup_goes_plain() {
    let own = Coding::Compact(Table::new(77, "own", [3; 16], &[], |_| 0));
    let mut world = backed_up(scene(own));
    let number = SUBSCRIBER.parse().unwrap();
    let log = world.esme.store().messages(Some(&number), 100).unwrap();
    let is_noted = |words: &str| log.iter().any(|entry| entry.summary.contains(words));
    assert!(is_noted("refused: coding table 77 is not known here"));
    assert!(is_noted("TABLE_UNKNOWN"));
}
