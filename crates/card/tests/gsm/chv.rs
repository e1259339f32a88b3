//! VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK CHV (TS 51.011 §8.9 to §8.13, §9.2.9 to §9.2.13).

use oxisim_card::image::PinImage;

use crate::sim::{CHV1, CHV2, Sim, directory, image, sim};

const WRONG: &str = "A020000108 FFFFFFFFFFFFFFFF";
const DISABLE: &str = "A026000108 31323334FFFFFFFF";
const ENABLE: &str = "A028000108 31323334FFFFFFFF";
const CHANGE: &str = "A024000110 31323334FFFFFFFF 39393939FFFFFFFF";
/// P2 of CHV1 is 00 in UNBLOCK CHV.
const UNBLOCK: &str = "A02C000010 3131313131313131 39393939FFFFFFFF";
const WRONG_UNBLOCK: &str = "A02C000010 FFFFFFFFFFFFFFFF 39393939FFFFFFFF";
const NINES: &str = "A020000108 39393939FFFFFFFF";

/// 9804 while tries are left, 9840 with the last one and from then on.
#[test]
fn three_wrong_values_block_a_chv() {
    let mut sim = sim();
    sim.ok(CHV1);
    sim.select("3F00/7F20/6F37");
    sim.ok("A0B0000003");
    assert_eq!(["9804", "9804", "9840", "9840"].map(|_| sim.send(WRONG)), ["9804", "9804", "9840", "9840"]);
    assert_eq!(sim.send(CHV1), "9840");
    assert_eq!(sim.send(CHANGE), "9840");
    assert_eq!(sim.send(DISABLE), "9840");
    assert_eq!(sim.send("A0B0000003"), "9804", "what was verified is lost");
    sim.ok(CHV2);
}

#[test]
fn unblocking_gives_a_new_value_and_fulfils_the_condition() {
    let mut sim = sim();
    while sim.send(WRONG) != "9840" {}
    assert_eq!(sim.send(WRONG_UNBLOCK), "9804");
    sim.ok(UNBLOCK);
    sim.select("3F00/7F20/6F37");
    sim.ok("A0B0000003");
    assert_eq!(sim.send(CHV1), "9804");
    sim.ok(NINES);
    assert_eq!(sim.ok("A0F2000016")[36..].to_string(), "838A838A");
}

#[test]
fn ten_wrong_values_block_an_unblock_chv() {
    let mut sim = sim();
    let answers: Vec<String> = (0..11).map(|_| sim.send(WRONG_UNBLOCK)).collect();
    assert!(answers[..9].iter().all(|answer| answer == "9804"));
    assert_eq!(answers[9..], ["9840", "9840"]);
    assert_eq!(sim.send(UNBLOCK), "9840");
    sim.ok("A02C000210 3232323232323232 39393939FFFFFFFF");
}

#[test]
fn a_disabled_chv1_is_fulfilled_and_contradicts_what_needs_it_enabled() {
    let mut sim = sim();
    assert_eq!(sim.send(ENABLE), "9808", "it is enabled");
    sim.ok(DISABLE);
    sim.reset();
    sim.select("3F00/7F20/6F37");
    sim.ok("A0B0000003");
    for apdu in [CHV1, CHANGE, DISABLE] {
        assert_eq!(sim.send(apdu), "9808", "{apdu}");
    }
    assert_eq!(sim.send("A028000108 FFFFFFFFFFFFFFFF"), "9804");
    sim.ok(ENABLE);
    sim.ok("A0B0000003");
    sim.reset();
    sim.select("3F00/7F20/6F37");
    assert_eq!(sim.send("A0B0000003"), "9804");
}

#[test]
fn unblocking_enables_a_disabled_chv1() {
    let mut sim = sim();
    sim.ok(DISABLE);
    sim.ok(UNBLOCK);
    sim.ok(NINES);
}

#[test]
fn a_changed_chv_is_the_new_one() {
    let mut sim = sim();
    assert_eq!(sim.send("A024000110 FFFFFFFFFFFFFFFF 39393939FFFFFFFF"), "9804");
    sim.ok(CHANGE);
    sim.reset();
    assert_eq!(sim.send(CHV1), "9804");
    sim.ok(NINES);
    sim.ok("A024000210 35363738FFFFFFFF 31313131FFFFFFFF");
    assert_eq!(sim.send(CHV2), "9804");
}

#[test]
fn a_chv_that_is_not_there_is_not_initialised() {
    let mut image = image(vec![directory(&[0x3F00])]);
    image.pins.clear();
    let mut sim = Sim::of(&image);
    for apdu in [CHV1, CHV2, CHANGE, DISABLE, ENABLE, UNBLOCK] {
        assert_eq!(sim.send(apdu), "9802", "{apdu}");
    }
    let mut image = self::image(vec![directory(&[0x3F00])]);
    image.pins[0] = PinImage { unblock: None, ..image.pins[0].clone() };
    assert_eq!(Sim::of(&image).send(UNBLOCK), "9802");
}

#[test]
fn only_the_parameters_of_the_standard_name_a_chv() {
    let mut sim = sim();
    for (instruction, wrong) in [
        ("20", &["0000", "0003", "0101", "0081"][..]),
        ("24", &["0000", "0003"]),
        ("26", &["0002", "0000", "0101"]),
        ("28", &["0002", "0000"]),
        ("2C", &["0001", "0003"]),
    ] {
        for parameters in wrong {
            let data = if matches!(instruction, "24" | "2C") {
                "10".to_string() + &"31".repeat(16)
            } else {
                "08".to_string() + &"31".repeat(8)
            };
            assert_eq!(
                sim.send(&format!("A0{instruction}{parameters}{data}")),
                "6B00",
                "{instruction} {parameters}"
            );
        }
    }
    assert_eq!(sim.send("A020000107 31323334FFFFFF"), "6708");
    assert_eq!(sim.send("A020000100"), "6708");
    assert_eq!(sim.send("A024000108 31323334FFFFFFFF"), "6710");
}

#[test]
fn an_administrative_key_is_verified_by_its_own_number() {
    let mut sim = sim();
    assert_eq!(sim.send("A020000A083030303000000000"), "9804");
    sim.ok("A020000A0830303030FFFFFFFF");
    assert_eq!(sim.send("A020000B0830303030FFFFFFFF"), "9802", "there is one only");
    assert_eq!(sim.send("A020010A0830303030FFFFFFFF"), "6B00");
}
