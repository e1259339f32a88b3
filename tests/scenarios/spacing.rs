//! How the server spaces subsets, and how the card does.

use oxisim_backup::{FromServer, Spacing, ToServer, Way, Window, message::Source};
use oxisim_tests::{LONG, SUBSCRIBER, Scene, contacts, copy};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{What, World};

type Server = oxisim_server::Server<oxisim_server::SqliteStore>;

fn run(way: Way, change: impl FnOnce(&mut Scene)) -> World<Server> {
    let mut scene = Scene::ten_blocks(way);
    change(&mut scene);
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    world
}

/// Times between the last block received and the server's question.
fn delays(world: &World<Server>) -> Vec<u64> {
    let mut last = Instant::EPOCH;
    let mut delays = Vec::new();
    for happening in &world.record.happenings {
        match &happening.what {
            What::Received(Some(ToServer::Blocks(_))) => last = happening.at,
            What::Answered(Some(FromServer::Missing { .. })) => {
                delays.push(happening.at.since(last).as_secs());
            }
            _ => {}
        }
    }
    delays
}

#[test]
fn regularly() {
    let world = run(Way::SERVER, |scene| scene.policy.spacing = Spacing::Regular(Duration::from_mins(7)));
    assert_eq!(delays(&world), [420, 420, 420]);
}

#[test]
fn by_chance() {
    let (least, most) = (Duration::from_mins(1), Duration::from_mins(4));
    let world = run(Way::SERVER, |scene| scene.policy.spacing = Spacing::Random(least, most));
    let delays = delays(&world);
    assert!(delays.iter().all(|delay| (60..=240).contains(delay)), "{delays:?}");
    assert!(delays.windows(2).any(|pair| pair[0] != pair[1]), "{delays:?}");
}

#[test]
fn within_allowed_hours() {
    let night = Window { opens: 22 * 3_600, closes: 23 * 3_600 };
    let table = Spacing::Timetable([night].into(), Duration::from_mins(40));
    let world = run(Way::SERVER, |scene| scene.policy.spacing = table);
    let asked = world.record.happenings.iter().filter_map(|happening| match &happening.what {
        What::Answered(Some(FromServer::Missing { .. })) => Some(happening.at.as_secs() / 60),
        _ => None,
    });
    let asked: Vec<u64> = asked.collect();
    let opening = |minute: u64| minute / 1_440 * 1_440 + 22 * 60;
    assert_eq!(asked.len(), 3);
    for pair in asked.windows(2) {
        let (last, next) = (pair[0], pair[1]);
        // 40 minutes later, or on another day within the first three quarters of the hour.
        assert!(next - last == 40 && next < opening(last) + 60 || next - opening(next) <= 45, "{asked:?}");
        assert_eq!(opening(next) - opening(last) > 0, last + 40 >= opening(last) + 60, "{asked:?}");
    }
    assert!(asked[0] - opening(asked[0]) <= 45, "{asked:?}");
}

#[test]
fn as_the_card_instructs() {
    let world = run(Way::SERVER, |scene| {
        scene.settings.instruct_delay = true;
        scene.settings.pause = Duration::from_mins(9);
    });
    assert_eq!(delays(&world), [540, 540, 540]);
}

#[test]
fn over_a_period_in_the_timer_and_status_ways() {
    for way in [Way::TIMER, Way::STATUS] {
        let world = run(way, |scene| scene.settings.spread = Some(Duration::from_mins(60)));
        let summary = oxisim_world::Summary::of(&world.record);
        let elapsed = summary.elapsed.as_secs();
        assert!((3_540..=3_660).contains(&elapsed), "{way:?} {elapsed}");
        assert_eq!(summary.resumes, 3);
    }
}

#[test]
fn a_subscriber_can_have_a_timetable_of_their_own() {
    let mut world = Scene::ten_blocks(Way::SERVER).world();
    let number = SUBSCRIBER.parse().unwrap();
    // It is 08:00; the server asks from noon on.
    let noon = Window { opens: 12 * 3_600, closes: 13 * 3_600 };
    let timetable = Spacing::Timetable(vec![noon], Duration::from_mins(2));
    world.esme.set_spacing(&number, Source::CARD, Some(&timetable)).unwrap();
    let begin = world.now();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let minutes = world.now().since(begin).as_secs() / 60;
    assert!((240..300).contains(&minutes), "{minutes} min");
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
}
