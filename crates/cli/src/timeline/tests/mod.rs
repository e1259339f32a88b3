//! Pictures of records that were written by hand.

use oxisim_wire::Duration;
use oxisim_world::{Record, busy_stretches};

use crate::timeline::{
    Lane, draw,
    label::{Font, Label, fits, thin},
    plan::Plan,
    scale::{Scale, round_down, time_text},
    story::{Story, Wake},
};

mod samples;

fn samples() -> Vec<(&'static str, Record)> {
    vec![
        ("server", samples::server_mode()),
        ("normal", samples::normal_mode(64)),
        ("timer", samples::timer_mode(64)),
        ("status", samples::status_mode(64)),
        ("lossy", samples::lossy()),
        ("empty", Record::default()),
    ]
}

fn picture(samples: &[(&str, Record)]) -> String {
    let lanes: Vec<_> = samples.iter().map(|(name, record)| Lane { name, record }).collect();
    draw("A < B & C", &lanes).unwrap()
}

/// As wide as on the page, and narrower.
fn scales(story: &Story) -> impl Iterator<Item = Scale> {
    let spans = [20, 60, 300, 3_600, 36_000].map(Duration::from_secs).into_iter().chain([story.last()]);
    spans.flat_map(|span| [150, 400, 1_000].map(|right| Scale::new(100, right, span)))
}

/// How many shapes the picture has that begin so.
fn count(svg: &str, shape: &str, ink: &str) -> usize {
    svg.lines().filter(|line| line.starts_with(shape) && line.contains(&format!("fill=\"{ink}\""))).count()
}

#[test]
fn every_lane_has_its_name_and_the_title_is_escaped() {
    let samples = samples();
    let svg = picture(&samples);
    for (name, _) in &samples {
        assert!(svg.lines().any(|line| line == *name), "{name}");
    }
    assert!(svg.contains("A &lt; B &amp; C"));
}

#[test]
fn there_are_as_many_busy_bars_as_busy_stretches() {
    for (name, record) in samples() {
        let story = Story::of(&record);
        let scale = Scale::new(100, 1_000, story.last());
        assert_eq!(Plan::of(&story, &scale).busy.len(), busy_stretches(&record).len(), "{name}");
    }
    // One more is in the legend.
    let svg = picture(&[("server", samples::server_mode())]);
    assert_eq!(count(&svg, "<rect", "#D55E00"), 4 + 1);
}

#[test]
fn a_bar_is_never_too_narrow_to_be_seen_nor_outside_the_page() {
    for (name, record) in samples() {
        let story = Story::of(&record);
        for scale in scales(&story) {
            for (left, right) in Plan::of(&story, &scale).busy {
                assert!(right - left >= 2 && left >= scale.left && right <= scale.right, "{name} {scale:?}");
            }
        }
    }
}

#[test]
fn texts_of_a_row_never_overlap() {
    for (name, record) in samples() {
        let story = Story::of(&record);
        for scale in scales(&story) {
            let plan = Plan::of(&story, &scale);
            assert!(fits(&plan.sent_labels) && fits(&plan.answer_labels), "{name} {scale:?}");
        }
    }
}

#[test]
fn the_text_that_matters_stays() {
    let font = Font::regular(10);
    let label = |centre, text: &str| Label::around(centre, text, font, (0, 1_000));
    let row =
        vec![label(980, "missing 63-64"), label(990, "OK").that_matters(true), label(100, "missing 4-64")];
    let texts: Vec<_> = thin(row).into_iter().map(|label| label.text).collect();
    assert_eq!(texts, ["missing 4-64", "OK"]);
}

#[test]
fn a_burst_says_as_much_as_it_has_room_for() {
    let story = Story::of(&samples::normal_mode(64));
    let texts = |right: i32| -> Vec<String> {
        let plan = Plan::of(&story, &Scale::new(0, right, story.last()));
        plan.sent_labels.into_iter().map(|label| label.text).collect()
    };
    assert_eq!(texts(2_000).len(), 64);
    assert_eq!(texts(900)[..3], ["1", "5", "10"]);
    assert_eq!(texts(200)[..3], ["1", "10", "20"]);
    assert_eq!(texts(40), ["1-64"]);
}

#[test]
fn lost_messages_are_marked() {
    let story = Story::of(&samples::lossy());
    let plan = Plan::of(&story, &Scale::new(0, 1_000, story.last()));
    assert_eq!(plan.sent.lost.len(), 5);
    assert_eq!(plan.answers.lost.len(), 1);
    assert!(picture(&[("lossy", samples::lossy())]).contains("message lost"));
}

#[test]
fn each_pause_has_something_that_ended_it() {
    let wakes = |record: &Record, wake: Wake| {
        Story::of(record).wakes.into_iter().filter(|(_, other)| *other == wake).count()
    };
    assert_eq!(wakes(&samples::timer_mode(64), Wake::Timer), 21);
    assert_eq!(wakes(&samples::status_mode(64), Wake::Status), 21);
    assert_eq!(wakes(&samples::server_mode(), Wake::Status), 0);
}

#[test]
fn the_beginning_of_a_long_backup_is_drawn_enlarged() {
    let enlarged = "The first 5 min, enlarged";
    assert!(picture(&[("timer", samples::timer_mode(64))]).contains(enlarged));
    assert!(!picture(&[("server", samples::server_mode())]).contains("enlarged"));
}

#[test]
fn nothing_can_be_drawn() {
    assert!(picture(&[]).ends_with("</svg>\n"));
    assert!(picture(&[("empty", Record::default())]).contains("empty"));
}

#[test]
fn the_same_records_give_the_same_picture() {
    assert_eq!(picture(&samples()), picture(&samples()));
}

#[test]
fn the_axis_names_times_as_people_do() {
    for (seconds, text) in [
        (0, "0"),
        (30, "30 s"),
        (60, "1 min"),
        (90, "1:30 min"),
        (7_200, "2 h"),
        (8_100, "2:15 h"),
        (129_600, "36 h"),
        (172_800, "2 d"),
    ] {
        assert_eq!(time_text(Duration::from_secs(seconds)), text);
    }
    assert_eq!(round_down(Duration::from_secs(329)), Duration::from_mins(5));
}

#[test]
fn ticks_leave_each_other_room() {
    for seconds in [0, 1, 7, 285, 3_000, 90_000, 10_000_000] {
        let scale = Scale::new(100, 1_000, Duration::from_secs(seconds));
        let ticks: Vec<i32> = scale.ticks().into_iter().map(|tick| scale.x(tick)).collect();
        assert!(ticks.len() >= 2, "{seconds}");
        assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] >= 70), "{seconds} {ticks:?}");
    }
}
