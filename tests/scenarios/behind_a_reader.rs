//! A card that the world cannot look into: what passes between card and phone tells how its backup stands.

use oxisim_backup::{Mode, Way, message::Source};
use oxisim_card::Card;
use oxisim_tests::{LONG, Scene};
use oxisim_wire::Instant;
use oxisim_world::{Slot, Summary, What};

/// A card behind a reader, which answers so many commands and is then taken out.
struct Opaque {
    card: Card,
    left: usize,
}

impl Opaque {
    fn new(card: Card) -> Self {
        Self { card, left: usize::MAX }
    }
}

impl Slot for Opaque {
    fn power_on(&mut self, now: Instant) -> Option<Vec<u8>> {
        Slot::power_on(&mut self.card, now)
    }

    fn exchange(&mut self, now: Instant, command: &[u8]) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(1)?;
        Slot::exchange(&mut self.card, now, command)
    }

    fn power_off(&mut self) {
        self.card.power_off();
    }

    fn backup(&self) -> Option<Option<Way>> {
        None
    }
}

fn began(what: &What) -> Option<Way> {
    match what {
        What::Began { source: Source::CARD, way } => Some(*way),
        _ => None,
    }
}

#[test]
fn a_backup_is_the_same_whether_the_card_can_be_looked_into_or_not() {
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS] {
        let mut open = Scene::ten_blocks(way).world();
        open.request_card_backup().unwrap();
        assert!(open.run_backup(LONG).unwrap());
        let mut opaque = Scene::ten_blocks(way).world_of(Opaque::new);
        opaque.request_card_backup().unwrap();
        assert!(opaque.run_backup(LONG).unwrap(), "{way:?}: the end is seen");
        assert_eq!(opaque.record.find(began).map(|(_, way)| way), Some(way));
        let figures = |record| {
            let Summary { blocks, messages, answers, subsets, longest_busy, total_busy, .. } =
                Summary::of(record);
            (blocks, messages, answers, subsets, longest_busy, total_busy)
        };
        assert_eq!(figures(&opaque.record), figures(&open.record), "{way:?}");
    }
}

#[test]
fn a_question_and_a_refusal_are_seen_too() {
    let mut scene = Scene::ten_blocks(Way::NORMAL);
    scene.settings.mode = Mode::Ask;
    scene.user.answer = oxisim_backup::Choice::Refused;
    let mut world = scene.world_of(Opaque::new);
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(world.record.find(began), None);
    assert!(world.record.find(|what| matches!(what, What::Prompt { .. }).then_some(())).is_some());
}

#[test]
fn a_card_that_is_taken_out_ends_it_at_once() {
    for left in (0..170).step_by(7) {
        let mut world = Scene::ten_blocks(Way::TIMER).world_of(Opaque::new);
        assert!(!world.is_lost());
        world.card.left = left;
        world.request_card_backup().unwrap();
        let ended = world.run_backup(LONG).unwrap();
        assert!(ended || world.is_lost(), "after {left} commands");
        if world.is_lost() {
            let begin = world.now();
            assert!(!world.run_until(LONG, |_| false).unwrap());
            assert_eq!(world.now(), begin, "nothing happens any more");
        }
    }
}
