//! Ten contacts, ten blocks, subsets of three: every message in its place.

use oxisim_backup::{Way, message::Source};
use oxisim_tests::{LONG, Scene, contacts, copy, transcript};

fn run(way: Way) -> Vec<String> {
    let mut world = Scene::ten_blocks(way).world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
    transcript(&world, 0)
}

/// The card's own wish to be woken should no answer come is not part of what is told here.
fn without_guard(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| line != "timer 5m00s" && !line.starts_with("STATUS every 5m")).collect()
}

#[test]
fn normal_all_at_once() {
    let expected: Vec<String> = (1..=10)
        .map(|n| format!("block {n} of 10"))
        .chain(["OK".into(), "shows: Backup complete".into()])
        .collect();
    assert_eq!(without_guard(run(Way::NORMAL)), expected);
}

#[test]
fn server_asks_for_what_is_missing() {
    assert_eq!(
        without_guard(run(Way::SERVER)),
        [
            "block 1 of 10",
            "block 2 of 10",
            "block 3 of 10",
            "missing 4-10",
            "block 4 of 10",
            "block 5 of 10",
            "block 6 of 10",
            "missing 7-10",
            "block 7 of 10",
            "block 8 of 10",
            "block 9 of 10",
            "missing 10",
            "block 10 of 10",
            "OK",
            "shows: Backup complete",
        ]
    );
}

#[test]
fn timer_of_the_phone_wakes_the_card() {
    assert_eq!(
        without_guard(run(Way::TIMER)),
        [
            "block 1 of 10",
            "block 2 of 10",
            "block 3 of 10",
            "timer 2m00s",
            "timer expires",
            "block 4 of 10",
            "block 5 of 10",
            "block 6 of 10",
            "timer 2m00s",
            "timer expires",
            "block 7 of 10",
            "block 8 of 10",
            "block 9 of 10",
            "timer 2m00s",
            "timer expires",
            "block 10 of 10",
            "OK",
            "shows: Backup complete",
        ]
    );
}

#[test]
fn status_of_the_phone_resumes_and_the_old_interval_comes_back() {
    assert_eq!(
        without_guard(run(Way::STATUS)),
        [
            "block 1 of 10",
            "block 2 of 10",
            "block 3 of 10",
            "STATUS every 2m00s, granted 2m00s",
            "block 4 of 10",
            "block 5 of 10",
            "block 6 of 10",
            "STATUS every 2m00s, granted 2m00s",
            "block 7 of 10",
            "block 8 of 10",
            "block 9 of 10",
            "STATUS every 2m00s, granted 2m00s",
            "block 10 of 10",
            "OK",
            "STATUS every 30.0s, granted 30.0s",
            "shows: Backup complete",
        ]
    );
}
