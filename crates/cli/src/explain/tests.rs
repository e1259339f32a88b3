//! What is said of octets that others have made.

use serde_json::Value;

use super::*;

fn rows(lines: &str) -> impl Iterator<Item = Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn text<'a>(row: &'a Value, key: &str) -> Option<&'a str> {
    row[key].as_str()
}

/// What is said of a text, as `--json` prints it.
fn said(text: &str, kind: Option<Kind>, file: Option<&str>) -> Value {
    let octets: Vec<Vec<u8>> = text.split("->").map(|text| octets(text).unwrap()).collect();
    json::json(&explain(&octets, kind, file))
}

/// A row is what it is, by guess, and is encoded as it was.
fn comes_back(hex: &str, kind: &str) {
    let said = said(hex, None, None);
    assert_eq!(said["kind"], kind, "{hex}: {said}");
    assert_eq!(said["reencoded"], hex.to_uppercase(), "{said}");
}

#[test]
fn toolkit_messages_are_guessed_and_come_back() {
    for row in rows(include_str!("../../../toolkit/tests/vectors/ofono_stk.jsonl")) {
        let hex = text(&row, "hex").unwrap();
        if row["refused"].is_string() {
            let said = said(hex, None, None);
            assert!(said["error"]["offset"].is_u64() && said["error"]["reason"].is_string(), "{said}");
            continue;
        }
        let kind = match text(&row, "kind").unwrap() {
            "proactive" => "proactive-command",
            "terminal_response" => "terminal-response",
            other => other,
        };
        comes_back(hex, kind);
    }
    for row in rows(include_str!("../../../toolkit/tests/vectors/envelope.jsonl")) {
        if let Some(hex) = text(&row, "hex") {
            comes_back(hex, "envelope");
        }
    }
}

#[test]
fn every_answer_of_a_terminal_comes_back() {
    for row in rows(include_str!("../../../toolkit/tests/vectors/terminal_response.jsonl")) {
        if let Some(hex) = text(&row, "hex") {
            comes_back(hex, "terminal-response");
        }
    }
}

#[test]
fn an_object_is_one_line_for_every_reader() {
    assert_eq!(json::line(&serde_json::json!("a\u{85}b\u{2028}")), r#""a\u0085b\u2028""#);
}

#[test]
fn short_messages_are_guessed() {
    for row in rows(include_str!("../../../sms/tests/vectors/tpdu.jsonl")) {
        let hex = text(&row, "hex").unwrap();
        let said = said(hex, None, None);
        // One row ends before its user data does.
        if text(&row, "id") == Some("onomondo-sms/deliver-report-hdr") {
            continue;
        }
        assert_eq!(said["kind"], "tpdu", "{row}: {said}");
        let name = said["name"].as_str().unwrap();
        let kind = text(&row["fields"], "type").unwrap();
        assert!(name.ends_with(&kind.replace('_', "-")), "{name} {kind}");
    }
}

#[test]
fn what_a_card_says_is_guessed_and_comes_back() {
    for row in rows(include_str!("../../../card/tests/vectors/fcp.jsonl")).skip(1) {
        let hex = text(&row, "hex").unwrap();
        comes_back(hex, "fcp");
        comes_back(&format!("{hex}9000"), "response");
    }
    for row in rows(include_str!("../../../apdu/tests/vectors/atr_sim.jsonl")).skip(1) {
        if row["valid"] == true {
            let said = said(text(&row, "atr").unwrap(), None, None);
            assert_eq!(said["kind"], "atr", "{row}: {said}");
        }
    }
}

#[test]
fn a_start_up_of_gsm_is_explained_pair_by_pair() {
    let line: Value =
        serde_json::from_str(include_str!("../../../card/tests/vectors/gsm_line.json")).unwrap();
    for exchange in line["exchanges"].as_array().unwrap() {
        let [command, response] = [0, 1].map(|i| exchange[i].as_str().unwrap());
        // GET RESPONSE and READ have their length in P3, which is Le.
        let said = said(&format!("{command} -> {response}"), None, None);
        assert_eq!(said["kind"], "pair", "{said}");
    }
    let said = said("A0C000000F -> 850D00076F05040001FFFF03020000 9000", None, None);
    assert_eq!(said["fields"][1]["message"]["fields"][0]["message"]["name"], "header of an EF", "{said}");
}

#[test]
fn a_message_in_a_message_is_explained_in_its_place() {
    let command = "D01A8103012180820281028D0F04546F6F6C6B697420546573742031";
    let fetched = said(&format!("801200001C -> {command}9000"), None, None);
    let inside = &fetched["fields"][1]["message"]["fields"][0]["message"];
    assert_eq!((&inside["kind"], &inside["name"]), (&"proactive-command".into(), &"DISPLAY TEXT".into()));
    assert_eq!(inside["fields"][2]["value"]["text"], "Toolkit Test 1");
    // The first object stands after the command and two octets of tag and length, and has two of its own.
    assert_eq!(inside["fields"][0]["offset"], 5 + 4);

    let envelope = said("80C200000A D3 07 82 02 01 81 90 01", None, None);
    assert!(envelope["error"].is_object(), "{envelope}");
    let envelope = said("80C2000009 D3 07 82 02 01 81 90 01 05", None, None);
    let inside = &envelope["fields"][5]["message"];
    assert_eq!(
        (&inside["name"], &inside["fields"][1]["value"]["identifier"]),
        (&"menu selection".into(), &5.into())
    );
    let wrong = said("80C2000009 D3 06 82 02 01 81 90 01 05", None, None);
    assert_eq!(wrong["fields"][5]["error"]["offset"], 5 + 8, "{wrong}");
}

/// Contents as pySim's tests have them (osmocom/pysim, facts only).
#[test]
fn contents_of_files_come_back() {
    for (file, hex, field, value) in [
        ("EF.IMSI", "082982608200002080", "digits", "228062800000208"),
        ("EF.ICCID", "980001010000000010F9", "digits", "8900101000000000019"),
        ("EF.LOCI", "7802570222F81009780000", "network", "228-01"),
        ("EF.ECC", "19F1FF01", "code", "911"),
        ("EF.DIR", "61194F10A0000000871004FFFFFFFF890709000050054953696D31", "application label", "ISim1"),
        (
            "EF.ADN",
            "4B756E64656E626574726575756E67FF0791947112122721FFFFFFFFFFFF",
            "alpha identifier",
            "Kundenbetreuung",
        ),
        (
            "EF.MSISDN",
            "456967656E65205275666E756D6D6572FFFFFFFF0891947172199181F3FFFFFFFFFF",
            "dialling number",
            "+4917279119183",
        ),
        (
            "EF.SMSP",
            "534D5343FFFFFFFFFFFFFFFFFFFFFFFFE1FFFFFFFFFFFFFFFFFFFFFFFF0891945197109099F9FFFFFF0000A9",
            "service centre address",
            "+4915790109999",
        ),
    ] {
        let said = said(hex, Some(Kind::File), Some(file));
        assert_eq!(said["reencoded"], hex, "{said}");
        let found = said["fields"].as_array().unwrap().iter().find(|line| line["field"] == field);
        assert_eq!(found.unwrap_or_else(|| panic!("{said}"))["value"], value, "{said}");
    }
    let networks = said("22F860330420FFFFFF", Some(Kind::File), Some("EF.FPLMN"));
    assert_eq!(networks["fields"][0]["value"], serde_json::json!(["228-06", "334-020", null]));
    let classes = said("802B", Some(Kind::File), Some("EF.ACC"));
    assert_eq!(classes["fields"][0]["value"], serde_json::json!([0, 1, 3, 5, 15]));
}

#[test]
fn a_file_is_named_by_name_identifier_or_path() {
    for text in ["EF.IMSI", "imsi", "6F07", "ADF.USIM/EF.IMSI", "3F00/7F20/6F07"] {
        assert_eq!(file::name(text), Ok("EF.IMSI"), "{text}");
    }
    assert!(file::name("EF.NOTHING").unwrap_err().contains("EF.SMSP"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |text: &str| said(text, None, None)["error"].clone();
    assert_eq!(wrong("D01A8103012180")["offset"], 2);
    assert_eq!(wrong("D01A8103012180")["reason"], "proactive command: 26 octets needed, 5 left");
    assert_eq!(wrong("BC03028000")["offset"], 0);
    assert_eq!(octets("81 0").unwrap_err(), (1, "half an octet at the end".into()));
    assert_eq!(octets("81 0X").unwrap_err().0, 1);
    assert!(octets(" ").is_err());
}
