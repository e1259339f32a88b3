//! Messages are lost, doubled and overtaken, and every backup is complete all the same.

use oxisim_backup::{Way, message::Source};
use oxisim_tests::{LONG, Scene, contacts, copy, transcript};
use oxisim_world::{Bearer, Summary};

#[test]
fn a_fifth_of_the_messages_lost_each_way_and_every_backup_is_complete() {
    let mut lost = 0;
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS] {
        for seed in 0..12 {
            let scene = Scene {
                bearer: Bearer { loss: 0.2, duplicates: 0.1, tail: 0.05, ..Bearer::default() },
                seed,
                ..Scene::ten_blocks(way)
            };
            let mut world = scene.world();
            world.request_card_backup().unwrap();
            assert!(world.run_backup(LONG).unwrap(), "{way:?} {seed}");
            assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "{way:?} {seed}");
            let summary = Summary::of(&world.record);
            lost += summary.lost;
            assert!(summary.messages < 80, "{way:?} {seed}: {} messages for ten blocks", summary.messages);
            // Ten blocks of 4.3 s at once; else three and a question.
            let longest = if way == Way::NORMAL { 45 } else { 16 };
            assert!(summary.longest_busy.as_secs() <= longest, "{way:?} {seed}: {}", summary.longest_busy);
            let from = world.record.happenings.len();
            // A block that came twice is answered again, behind what the user has seen.
            let said = transcript(&world, 0);
            let shown = said.iter().rfind(|line| line.starts_with("shows: "));
            assert_eq!(shown.unwrap(), "shows: Backup complete", "{way:?} {seed}");
            world.request_card_backup().unwrap();
            assert!(world.run_backup(LONG).unwrap());
            let said = transcript(&world, from);
            assert!(said.contains(&"shows: Phonebook has not changed".into()), "{way:?} {seed}: {said:?}");
        }
    }
    assert!(lost > 100, "{lost} messages were lost: the network is too good");
}
