//! A card that is a SIM of GSM and no UICC.

use oxisim_backup::{RestoreStep, Way, message::Source};
use oxisim_card::image::Platform;
use oxisim_phonebook::Book;
use oxisim_server::{Server, SqliteStore};
use oxisim_tests::{CARDS, LONG, SUBSCRIBER, Scene, book, contacts, copy, hand_over, transcript};
use oxisim_wire::Duration;
use oxisim_world::World;

/// The world after a backup of ten contacts.
fn backed_up(platform: Platform, way: Way) -> World<Server<SqliteStore>> {
    let mut world = Scene { platform, ..Scene::ten_blocks(way) }.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap(), "{way:?}");
    world
}

#[test]
fn a_backup_from_a_sim_is_that_from_a_uicc_in_every_way() {
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS] {
        let mut sim = backed_up(Platform::Sim, way);
        let mut uicc = backed_up(Platform::Uicc, way);
        assert_eq!(sim.terminal.identity().platform, oxisim_terminal::Platform::Sim);
        assert_eq!(uicc.terminal.identity().platform, oxisim_terminal::Platform::Uicc);
        let saved = copy(&mut sim, Source::CARD);
        assert_eq!(saved, Some(contacts(10)), "{way:?}");
        assert_eq!(saved, copy(&mut uicc, Source::CARD));
        assert_eq!(transcript(&sim, 0), transcript(&uicc, 0), "{way:?}");
    }
}

#[test]
fn a_copy_comes_back_onto_a_sim_with_messages_to_the_card() {
    let server = backed_up(Platform::Uicc, Way::NORMAL).esme;
    let scene = Scene {
        platform: Platform::Sim,
        book: Book::default(),
        iccid: CARDS[1],
        ..Scene::ten_blocks(Way::NORMAL)
    };
    let mut world = scene.world();
    hand_over(server, &mut world);
    let number = SUBSCRIBER.parse().unwrap();
    let now = world.now();
    assert!(world.esme.start_restore(&number, now).unwrap());
    world.run_until(Duration::from_mins(180), |_| false).unwrap();
    assert_eq!(
        world.esme.restore_status(&number).unwrap().unwrap().step,
        RestoreStep::Complete { equal: true }
    );
    assert_eq!(book(&mut world.card), contacts(10));
}

#[test]
fn a_card_that_is_both_is_used_as_a_uicc() {
    let world = Scene { platform: Platform::UiccWithSim, ..Scene::ten_blocks(Way::NORMAL) }.world();
    assert_eq!(world.terminal.identity().platform, oxisim_terminal::Platform::Uicc);
}
