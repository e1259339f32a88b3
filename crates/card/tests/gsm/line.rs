//! A real phone starts up with a real SIM, octet by octet over T=0.

use oxisim_apdu::t0;
use oxisim_card::file::Structure;
use oxisim_wire::Instant;
use serde_json::Value;

use crate::sim::{Sim, directory, ef, image};

/// The SIM of the recording: CHV1 is disabled, CHV2 blocked, and bytes that are reserved are not 0.
fn recorded_sim() -> Sim {
    let file = |fid, size, access, contents: &[u8], header: Option<&str>| {
        let mut file = ef(&[0x3F00, 0x7F20, fid], Structure::Transparent, size, access, contents);
        file.header = header.map(|header| hex::decode(header).unwrap());
        file
    };
    let mut gsm = directory(&[0x3F00, 0x7F20]);
    gsm.header = Some(hex::decode("851400047F20020000FBFF03099900120400838A808A").unwrap());
    let mut image = image(vec![
        directory(&[0x3F00]),
        ef(&[0x3F00, 0x2FE2], Structure::Transparent, 10, "0FFFFF", &[]),
        gsm,
        file(0x6F05, 7, "01FFFF", &[1, 0, 3, 2, 4], Some("850D00076F05040001FFFF03020000")),
        file(0x6F07, 9, "14FF14", &[], Some("850D00096F0704001BFF1B03020000")),
        file(0x6F31, 1, "14FFFF", &[], None),
        file(0x6F38, 4, "14FFFF", &[0xFF, 0x3F, 0xFF, 0x0F], Some("850D00046F3804001BFFFF03020000")),
        file(0x6FAD, 3, "04FFFF", &[0x00], Some("850D00036FAD04000BFFFF03020000")),
        file(0x6FAE, 1, "04FFFF", &[0x02], None),
    ]);
    image.pins[0].enabled = false;
    image.pins[1].retries = 0;
    Sim::of(&image)
}

#[test]
fn the_line_has_the_octets_that_it_had() {
    let recording: Value = serde_json::from_str(include_str!("../vectors/gsm_line.json")).unwrap();
    let mut sim = recorded_sim();
    let mut line = t0::Card::default();
    for exchange in recording["exchanges"].as_array().unwrap() {
        let [sent, expected] = [0, 1].map(|i| hex::decode(exchange[i].as_str().unwrap()).unwrap());
        let mut answered = Vec::new();
        for &octet in &sent {
            answered.extend(line.receive(octet, |apdu| sim.card.exchange(Instant::EPOCH, apdu)));
        }
        // The procedure byte comes after the header, before the data of either direction.
        let has_data = sent.len() > 5 || expected.len() > 2;
        let expected = if has_data { [&sent[1..2], &expected].concat() } else { expected };
        assert_eq!(hex::encode_upper(answered), hex::encode_upper(expected), "{exchange}");
    }
}

/// What the card says of lengths passes over the line: 67XX, and a part of a response with 9000.
#[test]
fn lengths_of_class_a0_pass_over_the_line() {
    let mut sim = recorded_sim();
    let mut line = t0::Card::default();
    let mut send = |octets: &str| {
        let octets = hex::decode(octets).unwrap();
        let answer =
            octets.iter().flat_map(|&o| line.receive(o, |apdu| sim.card.exchange(Instant::EPOCH, apdu)));
        hex::encode_upper(answer.collect::<Vec<u8>>())
    };
    assert_eq!(send("A0C0000002"), "C000009000", "the header of the MF after reset");
    assert_eq!(send("A0A40000027F20"), "A49F16");
    assert_eq!(send("A0C0000017"), "6716");
    assert_eq!(send("A0C0000002"), "C085149000");
    assert_eq!(send("A0F2000017"), "6716");
    assert_eq!(send("A0FA000000"), "9000");
    assert_eq!(send("A004000000"), "9400");
}
