//! The algorithms against published vectors, and the answers to challenges.

use std::num::NonZeroU8;

use oxisim_card::authentication::{
    Algorithm, Auts, Comp128, Failure, Functions, KeyLength, MacLength, Milenage, Rand, ResLength,
    SequenceNumbers, SequencePolicy, Sqn, Tuak, TuakKey, Version, Xor, autn, auts,
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

#[test]
fn milenage_has_the_published_results() {
    let rows = vectors("milenage");
    assert_eq!(rows.len(), 11);
    for row in rows {
        let (rand, sqn, amf): (Rand, _, _) =
            (fixed(&row["rand"]), Sqn::from_bytes(fixed(&row["sqn"])), fixed(&row["amf"]));
        let milenage = milenage(&row);
        if let Some(op) = row.get("op") {
            assert_eq!(Milenage::from_op(fixed(&row["k"]), &fixed(op)).op_c(), milenage.op_c());
        }
        let keys = milenage.f2345(&rand);
        for (name, result) in [
            ("f1", milenage.f1(&rand, sqn, amf).to_vec()),
            ("f1star", milenage.f1_star(&rand, sqn, amf).to_vec()),
            ("f2_res", keys.res.clone()),
            ("f3_ck", keys.ck.to_vec()),
            ("f4_ik", keys.ik.to_vec()),
            ("f5_ak", keys.ak.to_vec()),
            ("f5star", milenage.f5_star(&rand).to_vec()),
            ("autn", autn(&milenage, &rand, sqn, amf).to_vec()),
            ("auts", auts(&milenage, &rand, sqn).to_vec()),
            ("gsm_sres", keys.sres().to_vec()),
            ("gsm_kc", keys.kc().to_vec()),
        ] {
            if let Some(expected) = given(&row, name) {
                assert_eq!(hex::encode(result), hex::encode(expected), "{name} of {}", row["id"]);
            }
        }
    }
}

#[test]
fn tuak_has_the_published_results_in_every_length() {
    let rows = vectors("tuak");
    assert_eq!(rows.len(), 3);
    for row in rows {
        let key = octets(&row["k"]);
        let key: TuakKey = match key.len() {
            16 => <[u8; 16]>::try_from(key).unwrap().into(),
            _ => <[u8; 32]>::try_from(key).unwrap().into(),
        };
        let mac = [MacLength::Bits64, MacLength::Bits128, MacLength::Bits256];
        let mac = mac.into_iter().find(|mac| *mac as usize == octets(&row["f1"]).len()).unwrap();
        let res = [ResLength::Bits32, ResLength::Bits64, ResLength::Bits128];
        let res = res.into_iter().find(|res| *res as usize == octets(&row["f2"]).len()).unwrap();
        let [ck, ik] = ["f3", "f4"]
            .map(|name| if octets(&row[name]).len() == 16 { KeyLength::Bits128 } else { KeyLength::Bits256 });
        let iterations = NonZeroU8::new(row["iterations"].as_u64().unwrap().try_into().unwrap()).unwrap();

        let tuak = Tuak::from_top(key, fixed(&row["top"]), iterations).res(res);
        let (rand, sqn, amf) = (fixed(&row["rand"]), Sqn::from_bytes(fixed(&row["sqn"])), fixed(&row["amf"]));
        let keys = tuak.keys(&rand, ck, ik);
        let mut results = vec![
            ("topc", tuak.top_c().to_vec()),
            ("f1", tuak.mac(&rand, sqn, amf, mac)),
            ("f1star", tuak.mac_s(&rand, sqn, amf, mac)),
            ("f2", keys.res.clone()),
            ("f3", keys.ck.to_vec()),
            ("f4", keys.ik.to_vec()),
            ("f5", keys.ak.to_vec()),
            ("f5star", tuak.f5_star(&rand).to_vec()),
        ];
        if (ck, ik) == (KeyLength::Bits128, KeyLength::Bits128) {
            let keys = tuak.f2345(&rand);
            results.extend([
                ("f2", keys.res.clone()),
                ("f3", keys.ck.to_vec()),
                ("f4", keys.ik.to_vec()),
                ("f5", keys.ak.to_vec()),
            ]);
        }
        if mac == MacLength::Bits64 {
            results.push(("f1", tuak.f1(&rand, sqn, amf).to_vec()));
            results.push(("f1star", tuak.f1_star(&rand, sqn, amf).to_vec()));
        }
        for (name, result) in results {
            assert_eq!(hex::encode(result), row[name].as_str().unwrap(), "{name} of {}", row["id"]);
        }
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
fn highest_of(functions: &dyn Functions, rand: &Rand, auts: Auts) -> Option<Sqn> {
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
    assert_eq!(accepted.response.res, octets(&row["f2_res"]));
    assert_eq!(accepted.response.ck, fixed(&row["f3_ck"]));
    assert_eq!(accepted.response.ik, fixed(&row["f4_ik"]));
    assert_eq!(accepted.response.kc, fixed(&row["gsm_kc"]));

    let again = algorithm.authenticate(&rand, &token, &accepted.numbers);
    let Err(Failure::Synchronisation { auts }) = again else { panic!("{again:?}") };
    assert_eq!(highest_of(&milenage, &rand, auts), Some(Sqn::new(0x1234)));
}

#[test]
fn a_number_too_far_ahead_is_resynchronised() {
    // The published token is far beyond what a new card accepts.
    let row = &vectors("milenage")[0];
    let algorithm = Algorithm::Milenage(milenage(row));
    let numbers = SequenceNumbers::new(SequencePolicy::default());
    let failure = algorithm.authenticate(&fixed(&row["rand"]), &fixed(&row["autn"]), &numbers);
    assert!(matches!(failure, Err(Failure::Synchronisation { .. })));
    let numbers = SequenceNumbers::new(SequencePolicy::default().delta(u64::MAX));
    assert!(algorithm.authenticate(&fixed(&row["rand"]), &fixed(&row["autn"]), &numbers).is_ok());
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
                Algorithm::Comp128(_) => unreachable!(),
            };
            let mut token = autn(functions, &rand, sqn, amf);
            let accepted = algorithm.authenticate(&rand, &token, &numbers).unwrap();
            prop_assert_eq!(accepted.numbers.highest(), sqn);
            prop_assert_eq!(accepted.response.kc, algorithm.gsm(&rand).kc);
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
