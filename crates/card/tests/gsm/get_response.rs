//! GET RESPONSE (TS 51.011 §9.2.18) and what comes before it.

use crate::sim::sim;

const MF: &str = "0000FFFF3F000100000000000911020105 00838A838A";
const GSM: &str = "0000FFFF7F200200000000000911010405 00838A838A";

#[test]
fn the_response_to_select_waits() {
    let mut sim = sim();
    assert_eq!(sim.send("A0A40000027F20"), "9F16");
    assert_eq!(sim.ok("A0C0000016"), GSM.replace(' ', ""));
}

/// TS 51.011 §9.2.18: activation selects the MF, so that its header is the response to it.
#[test]
fn after_reset_the_header_of_the_mf_waits() {
    let mut sim = sim();
    assert_eq!(sim.ok("A0C0000016"), MF.replace(' ', ""));
    sim.send("A0A40000027F20");
    sim.reset();
    assert_eq!(sim.ok("A0C0000016"), MF.replace(' ', ""));
}

#[test]
fn the_first_octets_can_be_had_and_then_all() {
    let mut sim = sim();
    sim.send("A0A40000027F20");
    assert_eq!(sim.ok("A0C000000D"), &GSM[..26]);
    assert_eq!(sim.send("A0C0000017"), "6716");
    assert_eq!(sim.ok("A0C0000016"), GSM.replace(' ', ""));
}

#[test]
fn another_command_drops_the_response() {
    for other in ["A0F2000016", "A0A40000026F16", "A0FA000000", "A0CA000000", "A0C0010016"] {
        let mut sim = sim();
        sim.send("A0A40000027F20");
        sim.send(other);
        let expected =
            if other.starts_with("A0C0") { format!("{} 9000", GSM.replace(' ', "")) } else { "6F00".into() };
        assert_eq!(sim.send("A0C0000016"), expected, "{other}");
    }
}

/// A terminal that says in Le how much it takes needs no GET RESPONSE.
#[test]
fn a_command_with_le_has_its_response_at_once() {
    let mut sim = sim();
    assert_eq!(sim.ok("A0A40000027F20 00"), GSM.replace(' ', ""));
    assert_eq!(sim.ok("A0A40000027F20 05"), &GSM[..10]);
    assert_eq!(sim.send("A0C0000016"), "6F00");
    assert_eq!(sim.send("A0A40000026F16 00"), "9404");
}

#[test]
fn a_command_without_data_takes_no_length_but_00() {
    let mut sim = sim();
    for apdu in ["A0FA0000", "A0FA000000"] {
        assert_eq!(sim.send(apdu), "9000");
    }
    for apdu in ["A0FA000001", "A0FA00000100", "A0FA000000000001"] {
        assert_eq!(sim.send(apdu), "6700", "{apdu}");
    }
    assert_eq!(sim.send("A0FA010000"), "6B00");
    assert_eq!(sim.send("A0F200000100"), "6700", "STATUS takes no data");
}
