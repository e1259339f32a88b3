//! SET FRAMES, GET FRAMES STATUS, on a screen of 8 by 24 characters.

use oxisim_terminal::{Environment, Event, Screen};
use oxisim_toolkit::objects::{DisplayParameters, FramesInformation};

use crate::bench::Bench;

/// The screen in a frame of 2 lines and one of 6.
const TWO: &str = "D011810301500082028182E801006603020103";

fn two() -> Bench {
    let mut bench = Bench::ready();
    bench.carries_out(TWO, "810301500082028281830100E7050102180618");
    bench
}

#[test]
fn the_screen_is_divided_and_the_card_told_how() {
    let mut bench = two();
    bench.carries_out("D009810301510082028182", "810301510082028281830100E7050102180618");
    let frames = FramesInformation { frames: vec![1, 2, 24, 6, 24] };
    assert!(bench.saw(&Event::FramesChanged(frames.clone())));
    assert_eq!(bench.phone.frames(), frames);
    // The second in halves, side by side; the fourth is the one to start with.
    bench.carries_out(
        "D014810301500082028182E801026603010101680104",
        "810301500082028281830100E7090402180618060C060C",
    );
    bench.carries_out("D00C810301500082028182E80100", "810301500082028281830100E70100");
}

#[test]
fn a_screen_that_is_whole_has_no_frames() {
    Bench::ready().carries_out("D009810301510082028182", "810301510082028281830100E70100");
}

#[test]
fn a_division_that_cannot_be_is_refused_and_nothing_changes() {
    let mut bench = two();
    for (objects, result) in [
        // No such frame; more than eight; one without a line; no such frame to start with.
        ("E801036603020101", "023C01"),
        ("E80100660A02010101010101010101", "023C02"),
        ("E8010066030201FF", "023C04"),
        ("E801006603020101680103", "023C05"),
        // No such layout, and one without sizes.
        ("E801006603030101", "0132"),
        ("E80100660102", "0132"),
    ] {
        let command = format!("D0{:02X}810301500082028182{objects}", 9 + objects.len() / 2);
        bench.carries_out(&command, &format!("81030150008202828183{result}"));
    }
    assert_eq!(bench.phone.frames().frames, [1, 2, 24, 6, 24]);
}

#[test]
fn what_is_shown_in_a_frame_needs_the_frame() {
    const IN_FRAME_3: &str = "D0108103012100820281028D020441680103";
    let mut bench = Bench::ready();
    bench.carries_out(IN_FRAME_3, "81030121008202828183023C03");
    let mut bench = two();
    bench.carries_out(IN_FRAME_3, "81030121008202828183023C01");
    bench.proactive(&IN_FRAME_3.replace("680103", "680102"));
    assert!(matches!(bench.screen(), Screen::Text { .. }));
}

#[test]
fn a_screen_that_is_turned_has_other_frames() {
    let mut bench = two();
    bench.lists("10");
    let display = DisplayParameters { parameters: [0x90, 0x0C, 0x00] };
    bench.phone.handle_environment(Environment { display, ..Environment::default() }, bench.now);
    bench.exchange("80C2000010D60E99011082028281E70501040C0C0C", "9000");
}
