//! The algorithms against published vectors, and the answers to challenges.

use std::num::NonZeroU8;

use oxisim_card::authentication::{
    Algorithm, Comp128, Failure, Functions, GsmXor, KeyLength, MacLength, Milenage, Rand, ResLength,
    SequenceNumbers, SequencePolicy, Sqn, Tuak, TuakKey, TuakLengths, Version, Xor, autn, auts,
};
use proptest::prelude::*;
use serde_json::Value;

fn vectors(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/authentication.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn octets(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    octets(value).try_into().unwrap()
}

/// The octets of a member that not every row has.
fn given(row: &Value, name: &str) -> Option<Vec<u8>> {
    row.get(name).map(octets)
}

fn milenage(row: &Value) -> Milenage {
    Milenage::new(fixed(&row["k"]), fixed(&row["opc"]))
}

/// Compares whatever of its functions a row tells.
fn compare(row: &Value, functions: &dyn Functions) -> usize {
    let (rand, sqn, amf): (Rand, _, _) =
        (fixed(&row["rand"]), Sqn::from_bytes(fixed(&row["sqn"])), fixed(&row["amf"]));
    let keys = functions.f2345(&rand);
    let results = [
        ("f1", functions.f1(&rand, sqn, amf)),
        ("f1star", functions.f1_star(&rand, sqn, amf)),
        ("f2_res", keys.res.clone()),
        ("f3_ck", keys.ck.clone()),
        ("f4_ik", keys.ik.clone()),
        ("f5_ak", keys.ak.to_vec()),
        ("f5star", functions.f5_star(&rand).to_vec()),
        ("autn", autn(functions, &rand, sqn, amf)),
        ("auts", auts(functions, &rand, sqn)),
        ("gsm_sres", keys.sres().to_vec()),
        ("gsm_kc", keys.kc().to_vec()),
    ];
    let mut compared = 0;
    for (name, result) in results {
        if let Some(expected) = given(row, name) {
            assert_eq!(hex::encode(result), hex::encode(expected), "{name} of {}", row["id"]);
            compared += 1;
        }
    }
    compared
}

#[test]
fn milenage_has_the_published_results() {
    let rows = vectors("milenage");
    assert_eq!(rows.len(), 14);
    for row in rows {
        let milenage = milenage(&row);
        if let Some(op) = row.get("op") {
            assert_eq!(Milenage::from_op(fixed(&row["k"]), &fixed(op)).op_c(), milenage.op_c());
        }
        assert!(compare(&row, &milenage) >= 6);
    }
}

/// TUAK of a row, with the lengths that its results have.
fn tuak(row: &Value) -> Tuak {
    let key = octets(&row["k"]);
    let key: TuakKey = match key.len() {
        16 => <[u8; 16]>::try_from(key).unwrap().into(),
        _ => <[u8; 32]>::try_from(key).unwrap().into(),
    };
    let length = |name: &str| octets(&row[name]).len();
    let mac = [MacLength::Bits64, MacLength::Bits128, MacLength::Bits256];
    let res = [ResLength::Bits32, ResLength::Bits64, ResLength::Bits128, ResLength::Bits256];
    let key_length = |name| if length(name) == 16 { KeyLength::Bits128 } else { KeyLength::Bits256 };
    let lengths = TuakLengths {
        mac: mac.into_iter().find(|mac| *mac as usize == length("f1")).unwrap(),
        res: res.into_iter().find(|res| *res as usize == length("f2_res")).unwrap(),
        ck: key_length("f3_ck"),
        ik: key_length("f4_ik"),
    };
    let iterations = NonZeroU8::new(row["iterations"].as_u64().unwrap().try_into().unwrap()).unwrap();
    Tuak::from_top(key, fixed(&row["top"]), iterations).with_lengths(lengths)
}

#[test]
fn tuak_has_the_published_results_in_every_length() {
    let rows = vectors("tuak");
    assert_eq!(rows.len(), 6);
    for row in rows {
        let tuak = tuak(&row);
        assert_eq!(hex::encode(tuak.top_c()), row["topc"].as_str().unwrap());
        assert_eq!(compare(&row, &tuak), 7);
    }
}

#[test]
fn the_test_algorithm_has_the_published_results() {
    for row in vectors("xor") {
        assert_eq!(compare(&row, &Xor::new(fixed(&row["k"]))), 8);
    }
    for row in vectors("xor_2g") {
        let response = Algorithm::GsmXor(GsmXor::new(fixed(&row[0]))).gsm(&fixed(&row[1]));
        assert_eq!((response.sres, response.kc), (fixed(&row[2]), fixed(&row[3])), "{row}");
    }
}

#[test]
fn comp128_has_the_published_results() {
    let rows = vectors("comp128");
    assert_eq!(rows.len(), 137);
    for row in rows {
        let version = match row[0].as_u64() {
            Some(1) => Version::V1,
            Some(2) => Version::V2,
            _ => Version::V3,
        };
        let algorithm = Algorithm::Comp128(Comp128::new(version, fixed(&row[1])));
        let response = algorithm.gsm(&fixed(&row[2]));
        assert_eq!((response.sres, response.kc), (fixed(&row[3]), fixed(&row[4])), "{row}");
    }
}

#[test]
fn comp128_has_no_umts_context() {
    let comp128 = Algorithm::Comp128(Comp128::new(Version::V3, [0; 16]));
    let numbers = SequenceNumbers::new(SequencePolicy::default());
    assert_eq!(comp128.authenticate(&[0; 16], &[0; 16], &numbers), Err(Failure::ContextNotSupported));
}

#[test]
fn the_test_algorithm_adds_and_rotates() {
    let key = std::array::from_fn(|i| i as u8);
    let xor = Xor::new(key);
    let keys = xor.f2345(&[0; 16]);
    assert_eq!(keys.res, key);
    assert_eq!((keys.ck[0], keys.ck[15]), (1, 0));
    assert_eq!((keys.ik[0], keys.ik[15]), (2, 1));
    assert_eq!(keys.ak, [3, 4, 5, 6, 7, 8]);
    let mac = xor.f1(&[0; 16], Sqn::from_bytes([0xFF, 0, 0, 0, 0, 1]), [0x80, 0x01]);
    assert_eq!(mac, [0xFF, 1, 2, 3, 4, 4, 0x86, 0x06]);
    assert_eq!(Xor::new(key).res(8).f2345(&[0; 16]).res, key[..8]);
    assert_eq!(Xor::new(key).res(99).f2345(&[0; 16]).res.len(), 16);
}

/// The network's half of resynchronisation: what number the card says it has, if its code is right.
fn highest_of(functions: &dyn Functions, rand: &Rand, auts: &[u8]) -> Option<Sqn> {
    let sqn = Sqn::from_bytes(auts[..6].try_into().unwrap()).conceal(functions.f5_star(rand));
    (functions.f1_star(rand, sqn, [0, 0]) == auts[6..]).then_some(sqn)
}

#[test]
fn a_challenge_is_answered_once_and_then_resynchronised() {
    let row = &vectors("milenage")[0];
    let milenage = milenage(row);
    let algorithm = Algorithm::Milenage(milenage.clone());
    let numbers = SequenceNumbers::new(SequencePolicy::default());
    let rand = fixed(&row["rand"]);
    let token = autn(&milenage, &rand, Sqn::new(0x1234), [0x80, 0x00]);

    let accepted = algorithm.authenticate(&rand, &token, &numbers).unwrap();
    assert_eq!(accepted.sqn, Sqn::new(0x1234));
    assert_eq!(accepted.keys, milenage.f2345(&rand));

    let numbers = numbers.accept(accepted.sqn).unwrap();
    let again = algorithm.authenticate(&rand, &token, &numbers);
    let Err(Failure::Synchronisation { auts }) = again else { panic!("{again:?}") };
    assert_eq!(highest_of(&milenage, &rand, &auts), Some(Sqn::new(0x1234)));
}

#[test]
fn the_network_reads_the_published_tokens_of_resynchronisation() {
    let rows = vectors("resynchronisation");
    assert_eq!(rows.len(), 1);
    for row in rows {
        let key = vectors("milenage").into_iter().find(|key| key["id"] == row["id"]).unwrap();
        let (milenage, rand) = (milenage(&key), fixed(&key["rand"]));
        let highest = Sqn::from_bytes(fixed(&row["sqn_ms"]));
        assert_eq!(highest_of(&milenage, &rand, &octets(&row["auts"])), Some(highest));
        assert_eq!(auts(&milenage, &rand, highest), octets(&row["auts"]));
    }
}

#[test]
fn a_token_of_another_length_is_none() {
    let algorithm = Algorithm::Milenage(milenage(&vectors("milenage")[0]));
    let numbers = SequenceNumbers::new(SequencePolicy::default());
    for length in [0, 7, 8, 15, 17, 24] {
        let failure = algorithm.authenticate(&[0; 16], &vec![0; length], &numbers);
        assert_eq!(failure, Err(Failure::Length), "{length}");
    }
}

#[test]
fn a_number_too_far_ahead_is_resynchronised() {
    // The published token is far beyond what a new card accepts.
    let row = &vectors("milenage")[0];
    let algorithm = Algorithm::Milenage(milenage(row));
    let numbers = SequenceNumbers::new(SequencePolicy::default());
    let failure = algorithm.authenticate(&fixed(&row["rand"]), &octets(&row["autn"]), &numbers);
    assert!(matches!(failure, Err(Failure::Synchronisation { .. })));
    let numbers = SequenceNumbers::new(SequencePolicy::default().delta(u64::MAX));
    assert!(algorithm.authenticate(&fixed(&row["rand"]), &octets(&row["autn"]), &numbers).is_ok());
}

#[test]
fn keys_are_not_printed() {
    let algorithm = Algorithm::Xor(Xor::new([0xAB; 16]));
    assert_eq!(format!("{algorithm:?}"), "Xor { .. }");
    assert_eq!(format!("{:?}", algorithm.gsm(&[0; 16])), "GsmResponse { .. }");
}

proptest! {
    #[test]
    fn every_algorithm_answers_its_own_token_and_refuses_one_with_a_bit_wrong(
        key in any::<[u8; 16]>(),
        constant in any::<[u8; 16]>(),
        rand in any::<Rand>(),
        seq in 1u64..(1 << 28),
        amf in any::<[u8; 2]>(),
        bit in 0usize..128,
    ) {
        let mut top = [0; 32];
        top[..16].copy_from_slice(&constant);
        let sqn = Sqn::new(seq << 5);
        let numbers = SequenceNumbers::new(SequencePolicy::default());
        for algorithm in [
            Algorithm::Milenage(Milenage::new(key, constant)),
            Algorithm::Tuak(Tuak::new(key, top)),
            Algorithm::Xor(Xor::new(key)),
        ] {
            let functions: &dyn Functions = match &algorithm {
                Algorithm::Milenage(milenage) => milenage,
                Algorithm::Tuak(tuak) => tuak,
                Algorithm::Xor(xor) => xor,
                Algorithm::Comp128(_) | Algorithm::GsmXor(_) => unreachable!(),
            };
            let mut token = autn(functions, &rand, sqn, amf);
            let accepted = algorithm.authenticate(&rand, &token, &numbers).unwrap();
            prop_assert_eq!(accepted.sqn, sqn);
            prop_assert_eq!(accepted.keys.kc(), algorithm.gsm(&rand).kc);
            token[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(algorithm.authenticate(&rand, &token, &numbers), Err(Failure::Mac));
        }
    }

    #[test]
    fn no_octets_make_an_algorithm_panic(
        rand in any::<Rand>(), token in any::<[u8; 16]>(), kept in proptest::collection::vec(any::<u8>(), 192),
    ) {
        let numbers = SequenceNumbers::from_bytes(SequencePolicy::default(), &kept).unwrap();
        for version in [Version::V1, Version::V2, Version::V3] {
            let _ = Algorithm::Comp128(Comp128::new(version, token)).gsm(&rand);
        }
        let _ = Algorithm::Xor(Xor::new(rand)).authenticate(&rand, &token, &numbers);
    }
}
