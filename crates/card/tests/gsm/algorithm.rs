//! RUN GSM ALGORITHM (TS 51.011 §8.16, §9.2.16).

use oxisim_card::image::{Algorithm, AuthenticationKey, Operator};
use serde_json::Value;

use crate::sim::{CHV1, Sim, directory, image};

fn with(algorithms: Vec<(Vec<u16>, Algorithm)>) -> Sim {
    let mut image = image(vec![
        directory(&[0x3F00]),
        directory(&[0x3F00, 0x7F20]),
        directory(&[0x3F00, 0x7F20, 0x5F3C]),
        directory(&[0x3F00, 0x7F10]),
    ]);
    image.authentication = algorithms
        .into_iter()
        .map(|(directory, algorithm)| AuthenticationKey { directory, algorithm })
        .collect();
    Sim::of(&image)
}

fn octets<const N: usize>(text: &Value) -> [u8; N] {
    hex::decode(text.as_str().unwrap()).unwrap().try_into().unwrap()
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/authentication.json")).unwrap()
}

/// SRES and Kc of COMP128, versions 1 to 3, from libosmocore and other sources.
#[test]
fn comp128_answers_as_other_programs_do() {
    for row in vectors()["comp128"].as_array().unwrap() {
        let ki = octets(&row[1]);
        let algorithm = match row[0].as_u64().unwrap() {
            1 => Algorithm::Comp128v1 { ki },
            2 => Algorithm::Comp128v2 { ki },
            _ => Algorithm::Comp128v3 { ki },
        };
        let mut sim = with(vec![(vec![0x3F00, 0x7F20], algorithm)]);
        sim.ok(CHV1);
        sim.select("7F20");
        assert_eq!(sim.send(&format!("A088000010{}", row[2].as_str().unwrap())), "9F0C");
        let expected = format!("{}{}", row[3].as_str().unwrap(), row[4].as_str().unwrap());
        assert_eq!(sim.ok("A0C000000C"), expected.to_uppercase(), "{row}");
    }
}

/// TS 35.207: the GSM responses of the test sets.
#[test]
fn milenage_answers_with_the_conversion_functions() {
    for row in vectors()["milenage"].as_array().unwrap() {
        let (Some(sres), Some(kc)) = (row["gsm_sres"].as_str(), row["gsm_kc"].as_str()) else { continue };
        let operator = Operator::Subscriber(octets(&row["opc"]));
        let mut sim =
            with(vec![(vec![0x3F00, 0x7F20], Algorithm::Milenage { k: octets(&row["k"]), operator })]);
        sim.ok(CHV1);
        sim.select("7F20");
        let apdu = format!("A088000010{}00", row["rand"].as_str().unwrap());
        assert_eq!(sim.ok(&apdu), format!("{sres}{kc}").to_uppercase());
    }
}

const RUN: &str = "A088000010 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 00";

#[test]
fn it_runs_in_df_gsm_and_below_with_chv1() {
    let mut sim = with(vec![(vec![0x3F00, 0x7F20], Algorithm::Comp128v3 { ki: [0; 16] })]);
    assert_eq!(sim.send(RUN), "9408", "the MF is current");
    sim.select("7F20");
    assert_eq!(sim.send(RUN), "9804");
    sim.ok(CHV1);
    let answer = sim.ok(RUN);
    assert_eq!(answer.len(), 24);
    sim.select("5F3C");
    assert_eq!(sim.ok(RUN), answer);
    sim.select("7F20/7F10");
    assert_eq!(sim.send(RUN), "9408");
}

#[test]
fn the_key_is_that_of_df_gsm_or_else_the_first() {
    let answer = |keys: Vec<(Vec<u16>, Algorithm)>| {
        let mut sim = with(keys);
        sim.ok(CHV1);
        sim.select("7F20");
        sim.send(RUN)
    };
    let key = |directory: u16, k| (vec![0x3F00, directory], Algorithm::Comp128v3 { ki: [k; 16] });
    let (one, two) = (answer(vec![key(0x7F20, 1)]), answer(vec![key(0x7F20, 2)]));
    assert_ne!(one, two);
    assert_eq!(answer(vec![key(0x7F10, 1), key(0x7F20, 2)]), two);
    assert_eq!(answer(vec![key(0x7F10, 1), key(0x7F11, 2)]), one);
    assert_eq!(answer(vec![]), "6F00");
}

#[test]
fn wrong_parameters_are_said() {
    let mut sim = with(vec![]);
    assert_eq!(sim.send("A088010010 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "6B00");
    assert_eq!(sim.send("A08800000F AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "6710");
}
