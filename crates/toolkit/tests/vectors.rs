//! Every proactive command of the conformance sequences that the crate declares is read to the stated fields and written
//! back to the same octets.

use oxisim_toolkit::{
    Command, Envelope, Proactive, TerminalResponse,
    codes::GeneralResult,
    objects::{AlphaIdentifier, Item, TextString, alpha_text},
};
use serde_json::{Map, Value};

#[test]
fn every_row_reads_to_its_fields_and_back() {
    let rows = include_str!("vectors/ofono_stk.jsonl");
    let mut checked = 0;
    for row in rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let id = row["id"].as_str().unwrap();
        let bytes = hex::decode(row["hex"].as_str().unwrap()).unwrap();
        proactive(id, &row, &bytes);
        checked += 1;
    }
    assert_eq!(checked, rows.lines().count());
}

fn proactive(id: &str, row: &Value, bytes: &[u8]) {
    let command = match (Command::decode(bytes), row["refused"].as_str()) {
        (Ok(command), None) => command,
        (Err(refusal), Some(expected)) => {
            let result = match expected {
                "MISSING_VALUE" => GeneralResult::REQUIRED_VALUES_MISSING,
                "DATA_NOT_UNDERSTOOD" => GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD,
                other => panic!("{other}"),
            };
            assert_eq!(refusal.result, result, "{id}");
            return;
        }
        (decoded, expected) => panic!("{id}: {decoded:?}, expected {expected:?}"),
    };
    assert_eq!(row["number"], command.details.number, "{id}");
    assert_eq!(row["type"], command.details.kind.0, "{id}");
    assert_eq!(row["qualifier"], command.details.qualifier, "{id}");
    assert_eq!(row["source"], command.devices.source.0, "{id}");
    assert_eq!(row["destination"], command.devices.destination.0, "{id}");
    let (text, alpha, items) = shown(&command.body);
    check_text(id, "text", row, text.map(TextString::to_text).as_deref());
    check_text(id, "alpha", row, alpha.map(|alpha| alpha_text(&alpha.text)).as_deref());
    if let Some(expected) = row["items"].as_array() {
        let got: Vec<Value> =
            items.iter().map(|item| serde_json::json!([item.identifier, alpha_text(&item.text)])).collect();
        assert_eq!(&got, expected, "{id}");
    }
    if let Some(expected) = row["objects"].as_object() {
        let objects = objects(&command.body);
        for (name, expected) in expected {
            assert_eq!(objects.get(name), Some(expected), "{id} {name}");
        }
    }
    assert_eq!(command.encode(), bytes, "{id}");
}

/// The octets of every field and, as `NAME_text`, the text that they are as an alpha identifier.
fn objects(body: &Proactive) -> Map<String, Value> {
    let mut objects = Map::new();
    body.each_object(&mut |name, object| {
        objects.insert(format!("{name}_text"), alpha_text(&object.value()).into());
        objects.insert(name.to_owned(), hex::encode_upper(object.value()).into());
    });
    objects
}

fn shown(body: &Proactive) -> (Option<&TextString>, Option<&AlphaIdentifier>, &[Item]) {
    match body {
        Proactive::DisplayText(c) => (Some(&c.text), None, &[]),
        Proactive::GetInkey(c) => (Some(&c.text), None, &[]),
        Proactive::GetInput(c) => (Some(&c.text), None, &[]),
        Proactive::SetUpIdleModeText(c) => (Some(&c.text), None, &[]),
        Proactive::PlayTone(c) => (None, c.alpha.as_ref(), &[]),
        Proactive::SelectItem(c) => (None, c.title.as_ref(), &c.items),
        Proactive::SetUpMenu(c) => (None, Some(&c.title), &c.items),
        _ => (None, None, &[]),
    }
}

fn check_text(id: &str, field: &str, row: &Value, got: Option<&str>) {
    if let Some(expected) = row[field].as_str() {
        assert_eq!(got, Some(expected), "{id} {field}");
    }
}

mod any_octets {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Command::decode(&bytes);
            let _ = TerminalResponse::decode(&bytes);
            let _ = Envelope::decode(&bytes);
        }

        #[test]
        fn a_cut_message_is_refused(row in 0usize..400, cut in 1usize..40) {
            let octets = |rows: &str, row: usize| {
                let line = rows.lines().cycle().nth(row).unwrap();
                let row: Value = serde_json::from_str(line).unwrap();
                hex::decode(row["hex"].as_str().unwrap()).unwrap()
            };
            let cut = |octets: Vec<u8>| octets[..octets.len().saturating_sub(cut)].to_vec();
            let command = cut(octets(include_str!("vectors/ofono_stk.jsonl"), row));
            prop_assert!(Command::decode(&command).is_err());
            let envelope = cut(octets(include_str!("vectors/envelope.jsonl"), row));
            prop_assert!(Envelope::decode(&envelope).is_err());
            let _ = TerminalResponse::decode(&cut(octets(include_str!("vectors/terminal_response.jsonl"), row)));
        }
    }
}
