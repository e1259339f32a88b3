//! GEOGRAPHICAL LOCATION REQUEST, geographical location reporting.

use oxisim_terminal::{Event, NetworkEvent, NetworkRequest, Position};
use oxisim_toolkit::objects::{GadShapes, GeographicalParameters, NmeaSentence};

use crate::bench::Bench;

/// With the parameters of TS 31.111 annex O: best accuracy, velocity, an ellipsoid point and RMC, in 27 seconds.
const REQUEST: &str = "D011810301160082028182F606818101010107";

const PERFORMED: &str = "810301160082028281830100";

fn asked() -> Bench {
    let mut bench = Bench::ready();
    bench.proactive(REQUEST);
    let parameters = GeographicalParameters { parameters: vec![0x81, 0x81, 1, 1, 1, 7] };
    assert_eq!(bench.asks(), NetworkRequest::Locate(Some(parameters)));
    bench.responds(PERFORMED);
    bench.card("9000");
    bench.quiet();
    bench
}

#[test]
fn the_command_is_answered_at_once_and_the_position_told_when_it_is_known() {
    let mut bench = asked();
    let shape = Some(GadShapes { shapes: vec![0x00, 0x48, 0x2D, 0x5B, 0x09, 0x89, 0xF2] });
    let sentence = Some(NmeaSentence { sentence: b"$GPRMC".to_vec() });
    bench.network(NetworkEvent::Position(Position { shape, sentence }));
    bench.exchange("80C2000017DD1582028281F70700482D5B0989F2F806244750524D43", "9000");
}

#[test]
fn a_position_that_cannot_be_found_is_told_without_one() {
    let mut bench = asked();
    bench.network(NetworkEvent::Position(Position::default()));
    bench.exchange("80C2000006DD0482028281", "9000");
}

#[test]
fn a_position_that_the_card_has_not_asked_for_is_not_told() {
    let mut bench = asked();
    bench.network(NetworkEvent::Position(Position::default()));
    bench.exchange("80C2000006DD0482028281", "9000");
    bench.network(NetworkEvent::Position(Position::default()));
    bench.quiet();
}

#[test]
fn one_position_is_looked_for_at_a_time() {
    let mut bench = asked();
    bench.carries_out(REQUEST, "81030116008202828183022000");
}

#[test]
fn a_position_that_no_envelope_has_room_for_is_lost() {
    let mut bench = asked();
    let sentence = Some(NmeaSentence { sentence: vec![b'A'; 250] });
    bench.network(NetworkEvent::Position(Position { shape: None, sentence }));
    assert!(bench.saw(&Event::EnvelopeLost));
}
