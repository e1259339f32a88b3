//! SELECT and STATUS (TS 51.011 §6.5, §8.1, §8.2).

use oxisim_card::{Card, Profile};

use crate::sim::{Sim, sim};

/// From each place, what can be selected: children, directories of the parent, the parent, itself, the MF.
#[test]
fn a_file_is_selected_from_the_directories_that_the_standard_says() {
    let all = ["3F00", "2FE2", "7F20", "7F10", "6F05", "5F3C", "4F20", "6F3A"];
    for (from, reached) in [
        ("3F00", &["3F00", "2FE2", "7F20", "7F10"][..]),
        ("3F00/7F20", &["3F00", "7F20", "7F10", "6F05", "5F3C"]),
        ("3F00/7F20/6F05", &["3F00", "7F20", "7F10", "6F05", "5F3C"]),
        ("3F00/7F20/5F3C", &["3F00", "7F20", "5F3C", "4F20"]),
        ("3F00/7F20/5F3C/4F20", &["3F00", "7F20", "5F3C", "4F20"]),
        ("3F00/7F10", &["3F00", "7F20", "7F10", "6F3A"]),
    ] {
        for fid in all {
            let mut sim = sim();
            sim.select(from);
            let answer = sim.send(&format!("A0A4000002{fid}"));
            assert_eq!(answer.starts_with("9F"), reached.contains(&fid), "{fid} from {from}: {answer}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_leaves_the_selection() {
    let mut sim = sim();
    sim.select("3F00/7F20/6F05");
    assert_eq!(sim.send("A0A40000026F16"), "9404");
    assert_eq!(sim.ok("A0B0000002"), "0102");
}

#[test]
fn status_tells_of_the_directory_and_leaves_the_ef() {
    let mut sim = sim();
    let header = sim.select("3F00/7F20");
    sim.select("6F05");
    assert_eq!(sim.ok("A0F2000016"), header);
    assert_eq!(sim.ok("A0F2000005"), &header[..10]);
    assert_eq!(sim.send("A0F2000017"), "6716");
    assert_eq!(sim.send("A0F2000000"), "6716", "P3 00 asks for 256 octets");
    assert_eq!(sim.ok("A0B0000001"), "01");
}

#[test]
fn wrong_parameters_are_said() {
    let mut sim = sim();
    assert_eq!(sim.send("A0A40100023F00"), "6B00");
    assert_eq!(sim.send("A0A40004023F00"), "6B00");
    assert_eq!(sim.send("A0A40000033F0000"), "6702");
    assert_eq!(sim.send("A0A4000000"), "6702");
    assert_eq!(sim.send("A0F2000116"), "6B00");
    assert_eq!(sim.send("A0700000"), "6D00");
    assert_eq!(sim.send("A0CA0000"), "6D00");
}

#[test]
fn an_application_of_the_uicc_cannot_be_selected() {
    let mut sim = Sim::with(Card::new(&Profile::default()));
    assert_eq!(sim.send("A0A40000027FFF"), "9404");
    assert!(sim.send("00A4040C10A0000000871002FFFFFFFF8907090000").ends_with("9000"));
    assert_eq!(sim.send("A0A40000027FFF"), "9404");
    assert_eq!(sim.send("A0A40000023F00"), "9F16");
}
