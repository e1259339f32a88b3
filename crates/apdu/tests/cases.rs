//! Commands of every case against vectors of other projects.

use oxisim_apdu::Command;
use serde_json::Value;

#[test]
fn commands_of_every_case_parse_as_other_projects_say() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/apdu_cases.json")).unwrap();
    for row in vectors["cases"].as_array().unwrap() {
        let id = &row["id"];
        let bytes = hex::decode(row["apdu"].as_str().unwrap()).unwrap();
        let parsed = Command::parse(&bytes);
        let expected = &row["expect"];
        if expected["case"] == "invalid" {
            assert!(parsed.is_err(), "{id}");
            continue;
        }
        let command = parsed.unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(command.data.len() as u64, expected["nc"], "{id}: Nc");
        assert_eq!(command.ne.unwrap_or(0) as u64, expected["ne"], "{id}: Ne");
        assert_eq!(Command::parse(&command.to_bytes()), Ok(command), "{id}: shortest coding");
    }
}
