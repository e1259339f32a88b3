//! A device without an applet on its card: the phone backs up its own phonebook.

use oxisim_backup::{Way, message::Source};
use oxisim_phonebook::Book;
use oxisim_tests::{LONG, Scene, contact, contacts, copy};

fn names() -> Book {
    (1..=20).map(|slot| (slot, contact(&format!("In the phone {slot}"), u32::from(slot)))).collect()
}

#[test]
fn the_phone_backs_up_its_own_phonebook_in_the_ways_that_make_sense() {
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER] {
        let scene = Scene { applet: false, phone: Some(names()), ..Scene::ten_blocks(way) };
        let mut world = scene.world();
        assert!(world.terminal.menu().is_none(), "the card has no applet");
        world.request_phone_backup().unwrap();
        assert!(world.run_backup(LONG).unwrap(), "{way:?}");
        assert_eq!(copy(&mut world, Source::PHONE), Some(names()), "{way:?}");
        assert_eq!(copy(&mut world, Source::CARD), None);
    }
}

#[test]
fn card_and_phone_back_up_side_by_side_and_do_not_mix() {
    let scene = Scene { phone: Some(names()), ..Scene::ten_blocks(Way::TIMER) };
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    world.request_phone_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
    assert_eq!(copy(&mut world, Source::PHONE), Some(names()));
}
