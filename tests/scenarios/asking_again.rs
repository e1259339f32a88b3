//! In every way a card that has no OK asks again, whatever was lost.

use oxisim_backup::{FromServer, ToServer, Way, message::Source};
use oxisim_server::{Server, SqliteStore};
use oxisim_tests::{LONG, Scene, contacts, copy, transcript};
use oxisim_wire::Duration;
use oxisim_world::{Outage, What, World};

const WAYS: [Way; 4] = [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS];

const DAY: Duration = Duration::from_mins(24 * 60);

const NOTHING_UP: Outage = Outage { service: false, to_server: true, to_phone: false };
const NOTHING_DOWN: Outage = Outage { service: false, to_server: false, to_phone: true };

fn blocks_sent(world: &World<Server<SqliteStore>>) -> usize {
    let is_block = |what: &What| matches!(what, What::Sending { message: Some(ToServer::Blocks(_)), .. });
    world.record.happenings.iter().filter(|happening| is_block(&happening.what)).count()
}

fn questions(lines: &[String]) -> usize {
    lines.iter().filter(|line| *line == "what is missing?").count()
}

fn is_answered_ok(world: &World<Server<SqliteStore>>) -> bool {
    world
        .record
        .find(|what| matches!(what, What::Answered(Some(FromServer::Ok { .. }))).then_some(()))
        .is_some()
}

/// The backup ends well, and the copy is the phonebook.
fn ends_well(mut world: World<Server<SqliteStore>>, way: Way) -> Vec<String> {
    assert!(world.run_backup(LONG).unwrap(), "{way:?}: it does not end");
    let lines = transcript(&world, 0);
    assert_eq!(lines.last().map(String::as_str), Some("shows: Backup complete"), "{way:?}");
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "{way:?}");
    lines
}

#[test]
fn the_first_subset_is_lost() {
    for way in WAYS {
        let mut world = Scene::ten_blocks(way).world();
        world.set_outage(NOTHING_UP);
        world.request_card_backup().unwrap();
        assert!(world.run_until(LONG, |world| blocks_sent(world) == 3).unwrap());
        // The third is on the air for another three seconds; the normal way goes on with the fourth.
        world.run_until(Duration::from_secs(4), |world| blocks_sent(world) == 4).unwrap();
        world.set_outage(Outage::default());
        let lines = ends_well(world, way);
        assert!(lines.iter().filter(|line| *line == "lost").count() == 3, "{way:?}: {lines:?}");
        // Where the card ends its pauses the server notices by itself, once the last block is there.
        assert_eq!(questions(&lines), usize::from(way == Way::SERVER), "{way:?}");
    }
}

#[test]
fn the_last_ok_is_lost() {
    for way in WAYS {
        let mut world = Scene::ten_blocks(way).world();
        world.request_card_backup().unwrap();
        assert!(world.run_until(LONG, |world| blocks_sent(world) == 10).unwrap());
        world.set_outage(NOTHING_DOWN);
        assert!(world.run_until(LONG, is_answered_ok).unwrap());
        world.set_outage(Outage::default());
        let lines = ends_well(world, way);
        assert_eq!(questions(&lines), 1, "{way:?}: {lines:?}");
    }
}

#[test]
fn all_that_the_server_says_for_a_day_is_lost() {
    for way in WAYS {
        let mut world = Scene::ten_blocks(way).world();
        world.set_outage(NOTHING_DOWN);
        world.request_card_backup().unwrap();
        world.run_until(DAY, |_| false).unwrap();
        world.set_outage(Outage::default());
        let asked = questions(&transcript(&world, 0));
        // 5, 10, 20 … 120 minutes apart.
        assert!((13..=15).contains(&asked), "{way:?}: {asked} questions in a day");
        ends_well(world, way);
    }
}

#[test]
fn a_server_that_is_silent_for_ever_is_given_up_and_told_so() {
    for way in WAYS {
        let mut world = Scene::ten_blocks(way).world();
        world.set_outage(NOTHING_DOWN);
        world.request_card_backup().unwrap();
        assert!(world.run_backup(LONG).unwrap(), "{way:?}");
        let lines = transcript(&world, 0);
        assert!(lines.contains(&"shows: Backup given up: no answer".into()), "{way:?}: {lines:?}");
        assert!(lines.contains(&"generation 1 abandoned: NO_ANSWER".into()), "{way:?}: {lines:?}");
        assert_eq!(questions(&lines), 16, "{way:?}");
    }
}
