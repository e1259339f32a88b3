//! The location tracker.

use oxisim_applets::Tracker;
use oxisim_kit::{Bench, Step, steps};
use proptest::prelude::*;

const OWNER: &str = "+15550100003";
const STRANGER: &str = "+15550100004";

fn bench() -> Bench {
    Bench::new(Tracker::new(OWNER.parse().unwrap()))
}

/// What the user sees of the places.
fn places(bench: &mut Bench) -> String {
    bench.select_menu("Places");
    bench.shown().last().cloned().unwrap_or_default()
}

#[test]
fn the_user_sees_the_places_the_last_one_first() {
    let mut bench = bench();
    bench.select_menu("Places");
    bench.expect_text("No place yet");
    bench.move_to(1, 10);
    bench.move_to(2, 20);
    bench.select_menu("Places");
    bench.expect_text("001-01 area 2 cell 20\n001-01 area 1 cell 10");
    bench.expect_nothing();
}

#[test]
fn a_place_that_is_left_for_no_other_is_one_place() {
    let mut bench = bench();
    bench.move_to(1, 10);
    bench.lose_service();
    bench.move_to(1, 10);
    assert_eq!(places(&mut bench), "001-01 area 1 cell 10");
}

#[test]
fn the_ring_keeps_the_last_eight() {
    let mut bench = bench();
    for cell in 1..=11 {
        bench.move_to(1, cell);
    }
    let expected: Vec<_> = (4..=11).rev().map(|cell| format!("001-01 area 1 cell {cell}")).collect();
    assert_eq!(places(&mut bench), expected.join("\n"));
}

#[test]
fn the_owner_gets_the_last_place_and_nobody_else_does() {
    let mut bench = bench();
    bench.deliver_sms(OWNER, "where");
    bench.expect_sms(OWNER, "No place yet");
    bench.move_to(1, 10);
    bench.deliver_sms(STRANGER, "where");
    bench.deliver_sms(OWNER, "who");
    bench.expect_nothing();
    bench.deliver_sms(OWNER, "where");
    bench.expect_sms(OWNER, "001-01 area 1 cell 10");
    bench.expect_nothing();
}

#[test]
fn places_outlive_a_reset() {
    let mut bench = bench();
    bench.move_to(1, 10);
    bench.reset();
    assert_eq!(places(&mut bench), "001-01 area 1 cell 10");
}

/// A ring that is full: cells 11 to 18, of which the next place takes the oldest.
fn full() -> Bench {
    let mut bench = bench();
    (11..=18).for_each(|cell| bench.move_to(1, cell));
    bench
}

#[test]
fn a_tear_at_any_write_leaves_all_places_with_the_new_one_or_without() {
    let cells = |cells: &mut dyn Iterator<Item = u16>| {
        cells.map(|cell| format!("001-01 area 1 cell {cell}")).collect::<Vec<_>>().join("\n")
    };
    let (without, with) = (cells(&mut (11..=18).rev()), cells(&mut (12..=19).rev()));
    let mut whole = full();
    let before = whole.writes();
    whole.move_to(1, 19);
    let mut seen = [false; 2];
    for writes in 0..=whole.writes() - before {
        let mut bench = full();
        bench.tear_after(writes);
        bench.move_to(1, 19);
        let places = places(&mut bench);
        assert!(places == without || places == with, "{places}\n{}", bench.transcript());
        seen[usize::from(places == with)] = true;
    }
    assert_eq!(seen, [true; 2], "torn before the end, and not torn");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_only_the_owner_hears_of_places_and_the_ring_can_be_read(steps in steps(40)) {
        let mut bench = bench();
        let mut moved = Vec::new();
        for step in &steps {
            if let Step::Move(cell) = step {
                moved.push(format!("001-01 area {} cell {cell}", 1 + cell / 4));
            }
            bench.take(step);
            prop_assert!(bench.sent().is_empty(), "{}", bench.transcript());
        }
        let lines = bench.shown().iter().flat_map(|text| text.lines()).filter(|line| *line != Tracker::NOWHERE);
        for line in lines {
            prop_assert!(moved.iter().any(|moved| moved == line), "{line}\n{}", bench.transcript());
        }
    }
}
