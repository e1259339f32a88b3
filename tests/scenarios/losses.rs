//! Messages are lost, doubled and overtaken, and every backup is complete all the same.

use oxisim_backup::{Way, message::Source};
use oxisim_tests::{LONG, Scene, contacts, copy};
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
            lost += Summary::of(&world.record).lost;
        }
    }
    assert!(lost > 100, "{lost} messages were lost: the network is too good");
}
