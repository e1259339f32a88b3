//! How long the phone is busy.

use oxisim_backup::{Mode, Settings, Way};
use oxisim_tests::{LONG, Scene, contacts};
use oxisim_wire::Duration;
use oxisim_world::{Bearer, Summary, User};

fn full_phonebook(way: Way) -> Summary {
    let scene = Scene {
        settings: Settings { mode: Mode::Fixed(way), ..Settings::default() },
        book: contacts(255),
        bearer: Bearer::default(),
        user: User::default(),
        ..Scene::ten_blocks(way)
    };
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    Summary::of(&world.record)
}

#[test]
fn a_normal_backup_of_255_contacts_takes_the_phone_for_about_six_minutes() {
    let summary = full_phonebook(Way::NORMAL);
    // The last block is full: the digest of the snapshot goes in a message of its own.
    assert_eq!((summary.blocks, summary.messages, summary.subsets), (85, 86, 1));
    let busy = summary.longest_busy.as_secs();
    assert!((340..=380).contains(&busy), "{busy} s");
    assert!(summary.blocked * 10 > summary.calls * 8, "{summary:?}");
}

#[test]
fn an_asynchronous_backup_takes_it_for_one_subset_at_most() {
    for way in [Way::SERVER, Way::TIMER, Way::STATUS] {
        let summary = full_phonebook(way);
        assert_eq!((summary.messages, summary.subsets, summary.resumes), (86, 29, 28), "{way:?}");
        let subset = Bearer::originated(164).saturating_mul(3) + Duration::from_millis(200);
        assert!(summary.longest_busy <= subset, "{way:?} {summary:?}");
        assert!(summary.blocked * 5 < summary.calls, "{way:?} {summary:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(full_phonebook(Way::TIMER), full_phonebook(Way::TIMER));
}
