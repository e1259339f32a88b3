//! What wakes the card: intervals that the phone grants, phones without timers, its own interval.

use oxisim_backup::{Way, message::Source};
use oxisim_tests::{LONG, Scene, contacts, copy, transcript};
use oxisim_toolkit::{Facility, TerminalProfile};
use oxisim_wire::Duration;
use oxisim_world::What;

#[test]
fn the_card_lives_with_a_shorter_interval_by_counting() {
    let mut scene = Scene::ten_blocks(Way::STATUS);
    scene.config.grantable = Duration::from_secs(10)..=Duration::from_secs(40);
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
    let lines = transcript(&world, 0);
    assert_eq!(lines[3], "STATUS every 2m00s, granted 40.0s");
    let busy = oxisim_world::busy_stretches(&world.record);
    assert_eq!(busy[1].0.since(busy[0].1).as_secs(), 120, "three STATUS commands of 40 s");
}

#[test]
fn the_card_lives_with_a_longer_interval() {
    let mut scene = Scene::ten_blocks(Way::STATUS);
    scene.config.grantable = Duration::from_mins(10)..=Duration::from_mins(255);
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let busy = oxisim_world::busy_stretches(&world.record);
    assert_eq!(busy[1].0.since(busy[0].1).as_secs(), 600);
}

#[test]
fn in_a_phone_without_timers_the_timer_way_rides_on_status() {
    let mut scene = Scene::ten_blocks(Way::TIMER);
    let with_timers = scene.config.profile.clone();
    let facilities: Vec<Facility> = Facility::ALL
        .iter()
        .copied()
        .filter(|&facility| with_timers.supports(facility) && facility != Facility::TimerManagement)
        .collect();
    scene.config.profile = TerminalProfile::with(&facilities);
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
    let lines = transcript(&world, 0);
    assert!(lines.contains(&"STATUS every 2m00s, granted 2m00s".into()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("timer")), "{lines:?}");
}

#[test]
fn a_backup_starts_by_itself_at_its_interval() {
    let mut scene = Scene::ten_blocks(Way::NORMAL);
    scene.settings.interval = Some(Duration::from_mins(30 * 60));
    let mut world = scene.world();
    let begin = world.now();
    assert!(world.await_backup(LONG).unwrap());
    let waited = world.now().since(begin).as_secs() / 60;
    assert!((30 * 60..30 * 60 + 3).contains(&waited), "{waited} min");
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
    assert!(
        !world.record.happenings.iter().any(|happening| matches!(happening.what, What::Requested { .. }))
    );
}

#[test]
fn an_interval_of_months_is_counted_through_resets() {
    let mut scene = Scene::ten_blocks(Way::NORMAL);
    let days = 60;
    scene.settings.interval = Some(Duration::from_mins(days * 24 * 60));
    let mut world = scene.world();
    let begin = world.now();
    // The phone is off for a while every eight hours.
    for _ in 0..20 {
        world.run_until(Duration::from_mins(8 * 60), |_| false).unwrap();
        world.terminal.switch_off(world.now());
        world.run_until(Duration::from_mins(30), |_| false).unwrap();
        world.switch_on().unwrap();
    }
    assert!(world.await_backup(Duration::from_mins(3 * days * 24 * 60)).unwrap());
    let waited = world.now().since(begin).as_secs() / 86_400;
    assert!((days..days + 3).contains(&waited), "{waited} days");
}

#[test]
fn a_pause_longer_than_a_timer_can_run_is_waited_for_in_parts() {
    let mut scene = Scene::ten_blocks(Way::TIMER);
    scene.settings.pause = Duration::from_mins(40 * 60);
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(Duration::from_mins(8 * 24 * 60)).unwrap());
    let busy = oxisim_world::busy_stretches(&world.record);
    assert_eq!(busy[1].0.since(busy[0].1).as_secs() / 60, 40 * 60);
}

#[test]
fn after_the_status_way_the_interval_between_backups_goes_on_by_the_timer() {
    let mut scene = Scene::ten_blocks(Way::STATUS);
    scene.settings.interval = Some(Duration::from_mins(48 * 60));
    let mut world = scene.world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    let lines = transcript(&world, 0);
    assert_eq!(
        lines[lines.len() - 3..],
        ["STATUS every 30.0s, granted 30.0s", "shows: Backup complete", "timer 1h00m00s"]
    );
    let begin = world.now();
    oxisim_tests::fill(&mut world.card, &contacts(9));
    assert!(world.await_backup(LONG).unwrap());
    let hours = world.now().since(begin).as_secs() / 3_600;
    assert!((47..=48).contains(&hours), "{hours} h");
}
