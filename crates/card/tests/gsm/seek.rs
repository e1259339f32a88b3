//! SEEK (TS 51.011 §8.7, §9.2.7).

use crate::sim::{CHV1, Sim, sim};

const ANNA: &str = "416E6E61";

fn book() -> Sim {
    let mut sim = sim();
    sim.ok(CHV1);
    sim.select("3F00/7F10/6F3A");
    sim
}

/// Type 1 makes the record current and says no more.
#[test]
fn type_1_makes_the_record_current() {
    let mut sim = book();
    assert_eq!(sim.send(&format!("A0A2000004{ANNA}")), "9000");
    assert_eq!(sim.ok("A0B2000406"), "416E6E613131");
    assert_eq!(sim.send(&format!("A0A2000104{ANNA}")), "9000");
    assert_eq!(sim.ok("A0B2000406"), "416E6E613333");
}

#[test]
fn type_2_answers_with_the_number() {
    let mut sim = book();
    assert_eq!(sim.send(&format!("A0A2001004{ANNA}")), "9F01");
    assert_eq!(sim.ok("A0C0000001"), "01");
    assert_eq!(sim.ok(&format!("A0A2001104{ANNA}00")), "03");
}

#[test]
fn a_seek_goes_on_from_the_current_record() {
    let mut sim = book();
    let next = format!("A0A2001204{ANNA}00");
    assert_eq!(sim.ok(&next), "01", "from the first, if there is no current one");
    assert_eq!(sim.ok(&next), "03");
    assert_eq!(sim.send(&next), "9404");
    assert_eq!(sim.ok("A0B2000406"), "416E6E613333", "the pointer stays");
    let previous = format!("A0A2001304{ANNA}00");
    assert_eq!(sim.ok(&previous), "01");
    assert_eq!(sim.send(&previous), "9404");
    sim.select("6F3A");
    assert_eq!(sim.ok(&previous), "03", "from the last, if there is no current one");
}

#[test]
fn a_record_starts_with_the_pattern() {
    let mut sim = book();
    assert_eq!(sim.send("A0A20010033131 31"), "9404");
    assert_eq!(sim.send("A0A2001002 3131"), "9404", "11 stands at the end of a record");
    assert_eq!(sim.ok("A0A2001006 4361726C3434 00"), "04");
}

#[test]
fn a_pattern_has_1_to_16_octets_and_no_more_than_a_record() {
    let mut sim = book();
    assert_eq!(sim.send("A0A2001000"), "6700");
    assert_eq!(sim.send("A0A2001007 41414141414141"), "6700");
    assert_eq!(sim.send(&format!("A0A2001011{}", "41".repeat(17))), "6700");
}

#[test]
fn a_seek_is_for_linear_files_that_may_be_read() {
    let mut sim = sim();
    assert_eq!(sim.send("A0A200000141"), "9400");
    sim.select("3F00/7F10/6F3A");
    assert_eq!(sim.send("A0A200000141"), "9804");
    assert_eq!(sim.send("A0A200040141"), "6B00");
    assert_eq!(sim.send("A0A200200141"), "6B00");
    assert_eq!(sim.send("A0A201000141"), "6B00");
    sim.select("6F44");
    assert_eq!(sim.send("A0A200000141"), "9408");
}
