//! Answers to reset of real SIMs.

use oxisim_apdu::Atr;
use serde_json::Value;

#[test]
fn answers_to_reset_of_real_cards_parse_and_come_back() {
    for line in include_str!("vectors/atr_sim.jsonl").lines().skip(1) {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = row["atr"].as_str().unwrap();
        let bytes = hex::decode(text).unwrap();
        let parsed = Atr::parse(&bytes);
        if row["valid"] == false {
            assert!(parsed.is_err(), "{text}");
            continue;
        }
        let atr = parsed.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(hex::encode_upper(&atr.historical), row["historical"].as_str().unwrap(), "{text}");
        let ours: Vec<u8> = atr.protocols().collect();
        let theirs: Vec<u8> =
            row["protocols"].as_array().unwrap().iter().map(|t| t.as_u64().unwrap() as u8).collect();
        assert_eq!(ours, theirs, "{text}");
        assert_eq!(hex::encode_upper(atr.to_bytes()), text);
    }
}
