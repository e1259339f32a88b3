//! INVALIDATE and REHABILITATE (TS 51.011 §8.14, §8.15).

use oxisim_card::file::Structure;

use crate::sim::{CHV1, CHV2, Sim, directory, ef, image, sim};

const INVALIDATE: &str = "A004000000";
const REHABILITATE: &str = "A044000000";

#[test]
fn an_invalidated_file_can_be_selected_only() {
    let mut sim = sim();
    assert_eq!(sim.send(INVALIDATE), "9400");
    sim.ok(CHV1);
    sim.select("3F00/7F10/6F3A");
    assert_eq!(sim.send(INVALIDATE), "9804");
    sim.ok(CHV2);
    assert_eq!(sim.send(REHABILITATE), "9810", "it is not invalidated");
    sim.ok(INVALIDATE);
    assert_eq!(sim.send(INVALIDATE), "9810");
    for apdu in ["A0B2010406", "A0DC010406 585858585858", "A0A200000141"] {
        assert_eq!(sim.send(apdu), "9810", "{apdu}");
    }
    sim.reset();
    assert_eq!(sim.select("3F00/7F10/6F3A"), "000000186F3A040011FF2200020106", "b1 of the file status is 0");
    sim.ok(CHV1);
    assert_eq!(sim.send("A0B2010406"), "9810");
    sim.ok(CHV2);
    sim.ok(REHABILITATE);
    sim.ok("A0B2010406");
}

/// b3 of the file status: readable and updatable when invalidated (TS 51.011 §9.3).
#[test]
fn a_file_can_be_readable_while_it_is_invalidated() {
    let mut image = image(vec![
        directory(&[0x3F00]),
        ef(&[0x3F00, 0x2F05], Structure::Transparent, 2, "00FF00", &[1, 2]),
    ]);
    image.files[1].header = Some(hex::decode("000000022F05040000FF0005020000").unwrap());
    let mut sim = Sim::of(&image);
    sim.select("2F05");
    sim.ok(INVALIDATE);
    assert_eq!(sim.ok("A0B0000002"), "0102");
    sim.ok("A0D600000103");
    assert_eq!(sim.select("2F05"), "000000022F05040000FF0004020000");
}

#[test]
fn wrong_parameters_are_said() {
    let mut sim = sim();
    sim.select("3F00/7F10/6F3A");
    assert_eq!(sim.send("A004010000"), "6B00");
    assert_eq!(sim.send("A0440000026F3A"), "6700");
}
