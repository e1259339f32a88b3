//! RUN GSM ALGORITHM (TS 51.011 §8.16, §9.2.16).

use oxisim_card::{
    authentication::{Algorithm, Comp128, Milenage, SequenceNumbers, SequencePolicy, Version},
    image::AuthenticationKey,
};
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
        .map(|(directory, algorithm)| AuthenticationKey {
            directory,
            algorithm,
            numbers: SequenceNumbers::new(SequencePolicy::default()),
        })
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
        let version = match row[0].as_u64().unwrap() {
            1 => Version::V1,
            2 => Version::V2,
            _ => Version::V3,
        };
        let algorithm = Algorithm::Comp128(Comp128::new(version, ki));
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
        let milenage = Milenage::new(octets(&row["k"]), octets(&row["opc"]));
        let mut sim = with(vec![(vec![0x3F00, 0x7F20], Algorithm::Milenage(milenage))]);
        sim.ok(CHV1);
        sim.select("7F20");
        let apdu = format!("A088000010{}00", row["rand"].as_str().unwrap());
        assert_eq!(sim.ok(&apdu), format!("{sres}{kc}").to_uppercase());
    }
}

fn comp128(k: u8) -> Algorithm {
    Algorithm::Comp128(Comp128::new(Version::V3, [k; 16]))
}

const RUN: &str = "A088000010 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 00";

#[test]
fn it_runs_in_df_gsm_and_below_with_chv1() {
    let mut sim = with(vec![(vec![0x3F00, 0x7F20], comp128(0))]);
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
fn the_key_is_that_of_df_gsm() {
    let answer = |keys: Vec<(Vec<u16>, Algorithm)>| {
        let mut sim = with(keys);
        sim.ok(CHV1);
        sim.select("7F20");
        sim.send(RUN)
    };
    let key = |k| (vec![0x3F00, 0x7F20], comp128(k));
    assert_ne!(answer(vec![key(1)]), answer(vec![key(2)]));
    assert_eq!(answer(vec![]), "6F00");
}

#[test]
fn wrong_parameters_are_said() {
    let mut sim = with(vec![]);
    assert_eq!(sim.send("A088010010 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "6B00");
    assert_eq!(sim.send("A08800000F AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "6710");
}
