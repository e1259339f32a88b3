//! READ BINARY and UPDATE BINARY (TS 51.011 §8.3, §8.4).

use crate::sim::{CHV1, sim};

#[test]
fn octets_are_read_from_an_offset_on() {
    let mut sim = sim();
    sim.select("3F00/7F20/6F05");
    assert_eq!(sim.ok("A0B0000005"), "0102030405");
    assert_eq!(sim.ok("A0B0000302"), "0405");
}

#[test]
fn an_address_behind_the_end_is_out_of_range_and_a_length_is_told() {
    let mut sim = sim();
    sim.select("3F00/7F20/6F05");
    for (apdu, expected) in [
        ("A0B0000501", "9402"),
        ("A0B0800001", "9402"),
        ("A0B0FFFF01", "9402"),
        ("A0B0000006", "6705"),
        ("A0B0000303", "6702"),
        ("A0B0000000", "6705"),
    ] {
        assert_eq!(sim.send(apdu), expected, "{apdu}");
    }
    sim.ok(CHV1);
    assert_eq!(sim.send("A0D6000501AA"), "9402");
    assert_eq!(sim.send("A0D6000402AABB"), "6701");
    assert_eq!(sim.send("A0D6000000"), "6700");
    assert_eq!(sim.ok("A0B0000005"), "0102030405");
}

#[test]
fn octets_are_written_and_stay() {
    let mut sim = sim();
    sim.ok(CHV1);
    sim.select("3F00/7F20/6F05");
    sim.ok("A0D6000102AABB");
    sim.reset();
    sim.select("3F00/7F20/6F05");
    assert_eq!(sim.ok("A0B0000005"), "01AABB0405");
}

#[test]
fn without_the_condition_nothing_is_read_or_written() {
    let mut sim = sim();
    assert_eq!(sim.send("A0B0000001"), "9400", "no EF is selected");
    sim.select("3F00/7F20/6F37");
    assert_eq!(sim.send("A0B0000003"), "9804");
    sim.ok(CHV1);
    sim.ok("A0B0000003");
    assert_eq!(sim.send("A0D6000001FF"), "9804", "CHV1 is not CHV2");
    sim.select("6F38");
    assert_eq!(sim.send("A0D6000001FF"), "9804", "nobody may");
    sim.select("7F10/6F3A");
    assert_eq!(sim.send("A0B0000001"), "9408", "it has records");
    assert_eq!(sim.send("A0D6000001FF"), "9408");
}
