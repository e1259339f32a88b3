//! READ RECORD, UPDATE RECORD and INCREASE (TS 51.011 §6.4.2, §6.4.3, §8.5, §8.6, §8.8).

use crate::sim::{CHV1, CHV2, Sim, sim};

const ANNA_11: &str = "416E6E613131";
const BERT: &str = "426572743232";
const ANNA_33: &str = "416E6E613333";
const CARL: &str = "4361726C3434";

fn linear() -> Sim {
    let mut sim = sim();
    sim.ok(CHV1);
    sim.select("3F00/7F10/6F3A");
    sim
}

#[test]
fn the_length_must_be_that_of_a_record() {
    let mut sim = linear();
    for apdu in ["A0B2010405", "A0B2010407", "A0B2010400", "A0DC01040100", "A0DC010400"] {
        assert_eq!(sim.send(apdu), "6706", "{apdu}");
    }
    assert_eq!(sim.ok("A0B2010406"), ANNA_11);
}

/// TS 51.011 §6.4.2: after selection the pointer is undefined; at the ends it stays.
#[test]
fn the_record_pointer_goes_through_a_linear_file() {
    let mut sim = linear();
    assert_eq!(sim.send("A0B2000406"), "9402", "there is no current record");
    for expected in [ANNA_11, BERT, ANNA_33, CARL] {
        assert_eq!(sim.ok("A0B2000206"), expected);
    }
    assert_eq!(sim.send("A0B2000206"), "9402");
    assert_eq!(sim.ok("A0B2000406"), CARL);
    assert_eq!(sim.ok("A0B2010406"), ANNA_11, "absolute mode leaves the pointer");
    assert_eq!(sim.ok("A0B2990306"), ANNA_33, "P1 means nothing with PREVIOUS");
    sim.select("6F3A");
    assert_eq!(sim.ok("A0B2000306"), CARL, "the last one comes first");
    assert_eq!(sim.send("A0B2050406"), "9402");
    assert_eq!(sim.send("A0B2010006"), "6B00");
    assert_eq!(sim.send("A0B2010C06"), "6B00", "there are no short file identifiers");
}

#[test]
fn a_record_is_written_where_the_mode_says() {
    let mut sim = linear();
    sim.ok("A0DC000206 585858585858");
    sim.ok("A0DC040406 595959595959");
    assert_eq!(sim.ok("A0B2000406"), "585858585858");
    assert_eq!(sim.ok("A0B2040406"), "595959595959");
    assert_eq!(sim.send("A0DC050406 595959595959"), "9402");
}

/// TS 51.011 §6.4.3, §8.1: selection puts the pointer on the record written last, which is number 1.
#[test]
fn the_record_pointer_goes_round_a_cyclic_file() {
    let mut sim = sim();
    sim.select("3F00/7F10/6F44");
    assert_eq!(sim.ok("A0B2000402"), "4141");
    assert_eq!(sim.ok("A0B2000202"), "4242");
    assert_eq!(sim.ok("A0B2000202"), "4343");
    assert_eq!(sim.ok("A0B2000202"), "4141");
    assert_eq!(sim.ok("A0B2000302"), "4343");
}

#[test]
fn a_cyclic_file_is_written_with_previous_only() {
    let mut sim = sim();
    sim.select("3F00/7F10/6F44");
    for mode in ["0004", "0104", "0002"] {
        assert_eq!(sim.send(&format!("A0DC{mode}025858")), "9408", "{mode}");
    }
    sim.ok("A0DC0003025858");
    assert_eq!(sim.ok("A0B2000402"), "5858");
    assert_eq!(sim.ok("A0B2030402"), "4242", "the oldest is gone");
}

#[test]
fn increase_writes_a_new_record_and_answers_with_it() {
    let mut sim = sim();
    sim.select("3F00/7F20/6F39");
    assert_eq!(sim.send("A032000003 000010"), "9804");
    sim.ok(CHV1);
    assert_eq!(sim.send("A032000003 000010"), "9F06");
    assert_eq!(sim.ok("A0C0000006"), "000011000010");
    assert_eq!(sim.ok("A0B2000403"), "000011");
    assert_eq!(sim.ok("A0B2030403"), "000002");
    assert_eq!(sim.ok("A032000003 00000F 00"), "00002000000F");
}

#[test]
fn increase_goes_no_further_than_the_maximum() {
    let mut sim = sim();
    sim.ok(CHV1);
    sim.ok(CHV2);
    sim.select("3F00/7F20/6F39");
    sim.ok("A0DC000303 FFFFFE");
    assert_eq!(sim.send("A032000003 000002"), "9850");
    assert_eq!(sim.ok("A0B2010403"), "FFFFFE");
    assert_eq!(sim.send("A032000003 000001"), "9F06");
    assert_eq!(sim.ok("A0B2010403"), "FFFFFF");
}

#[test]
fn increase_is_for_cyclic_files_of_three_octets_and_more() {
    let mut sim = linear();
    assert_eq!(sim.send("A032000003 000001"), "9408");
    sim.select("6F44");
    assert_eq!(sim.send("A032000003 000001"), "9408");
    sim.select("7F20/6F39");
    assert_eq!(sim.send("A032000002 0001"), "6703");
    assert_eq!(sim.send("A032010003 000001"), "6B00");
}
