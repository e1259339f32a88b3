//! The card chooses by its estimate, or lets the user choose.

use oxisim_backup::{Choice, Mode, Way, message::Source};
use oxisim_tests::{LONG, Scene, contacts, copy, transcript};
use oxisim_wire::Duration;
use oxisim_world::{What, World};

type Server = oxisim_server::Server<oxisim_server::SqliteStore>;

fn way(world: &World<Server>) -> Option<Way> {
    world
        .record
        .find(|what| if let What::Began { way, .. } = what { Some(*way) } else { None })
        .map(|(_, way)| way)
}

fn auto(change: impl FnOnce(&mut Scene)) -> Option<Way> {
    let mut scene = Scene::ten_blocks(Way::NORMAL);
    scene.settings.mode = Mode::Auto;
    change(&mut scene);
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    way(&world)
}

#[test]
fn auto_takes_the_normal_way_up_to_the_threshold() {
    // Ten messages of 4.3 s are below a minute.
    assert_eq!(auto(|_| {}), Some(Way::NORMAL));
    assert_eq!(auto(|scene| scene.settings.threshold = Duration::from_secs(42)), Some(Way::TIMER));
    assert_eq!(auto(|scene| scene.settings.volume_threshold = Some(200)), Some(Way::TIMER));
    assert_eq!(auto(|scene| scene.book = contacts(14)), Some(Way::TIMER));
}

#[test]
fn auto_takes_the_asynchronous_way_that_is_set() {
    let asynchronous = |way| {
        auto(|scene| {
            scene.settings.threshold = Duration::ZERO;
            scene.settings.asynchronous = way;
        })
    };
    assert_eq!(asynchronous(Way::SERVER), Some(Way::SERVER));
    assert_eq!(asynchronous(Way::STATUS), Some(Way::STATUS));
}

fn ask(answer: Choice) -> (Vec<String>, bool) {
    let mut scene = Scene::ten_blocks(Way::NORMAL);
    scene.settings.mode = Mode::Ask;
    scene.user.answer = answer;
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let is_copied = copy(&mut world, Source::CARD) == Some(contacts(10));
    (transcript(&world, 0), is_copied)
}

const QUESTION: &str =
    "asks: Back up phonebook? | At once, phone busy 43.0s | In parts, takes 6m43s | No backup";

#[test]
fn ask_shows_both_estimates_and_does_what_the_user_chooses() {
    let (lines, is_copied) = ask(Choice::Normal);
    assert_eq!(lines[..3], [QUESTION, "user: At once, phone busy 43.0s", "block 1 of 10"]);
    assert!(is_copied && !lines.contains(&"timer 2m00s".into()));
    let (lines, is_copied) = ask(Choice::Asynchronous);
    assert_eq!(lines[..3], [QUESTION, "user: In parts, takes 6m43s", "block 1 of 10"]);
    assert!(is_copied && lines.contains(&"timer 2m00s".into()));
}

#[test]
fn refusal_and_silence_mean_no_backup_and_say_so() {
    assert_eq!(
        ask(Choice::Refused),
        ([QUESTION, "user: No backup", "shows: No backup made"].map(String::from).into(), false)
    );
    assert_eq!(ask(Choice::NoAnswer), ([QUESTION, "shows: No backup made"].map(String::from).into(), false));
}
