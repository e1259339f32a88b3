//! The power fails at any write of a backup, and nothing is lost.

use oxisim_backup::{Way, message::Source};
use oxisim_tests::{LONG, Scene, book, contacts, copy};
use oxisim_wire::Duration;

/// Writes of the card during a backup of ten blocks.
fn writes(way: Way) -> u64 {
    let mut world = Scene::ten_blocks(way).world();
    let before = world.card.memory().writes();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    world.card.memory().writes() - before
}

#[test]
fn a_backup_goes_on_after_a_tear_at_any_write() {
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS] {
        let all = writes(way);
        // Most writes are of the snapshot, alike but for the slot: of them every 13th will do.
        let interesting = (0..all).filter(|n| n % 13 == 0 || n + 120 > all);
        for n in interesting {
            let mut world = Scene::ten_blocks(way).world();
            world.card.memory_mut().tear_after(Some(n));
            world.request_card_backup().unwrap();
            world.run_until(Duration::from_mins(4), |world| world.card.memory().is_torn()).unwrap();
            let now = world.now();
            world.terminal.switch_off(now);
            world.run_until(Duration::from_secs(90), |_| false).unwrap();
            world.card.memory_mut().tear_after(None);
            world.switch_on().unwrap();
            // The user sees that nothing came of it, and asks again; a backup under way just goes on.
            world.request_card_backup().unwrap();
            assert!(world.run_backup(LONG).unwrap(), "{way:?}, torn at write {n}");
            assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "{way:?}, torn at write {n}");
            assert_eq!(book(&mut world.card), contacts(10), "the phonebook is as it was");
        }
    }
}
