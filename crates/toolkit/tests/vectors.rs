//! Every message of the conformance sequences that the crate declares is read to the stated fields and written
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
        match row["kind"].as_str().unwrap() {
            "proactive" => proactive(id, &row, &bytes),
            "terminal_response" => terminal_response(id, &row, &bytes),
            "envelope" => envelope(id, &row, &bytes),
            other => panic!("{id}: {other}"),
        }
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

fn terminal_response(id: &str, row: &Value, bytes: &[u8]) {
    let response = TerminalResponse::decode(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
    assert_eq!(row["number"], response.details.number, "{id}");
    assert_eq!(row["type"], response.details.kind.0, "{id}");
    assert_eq!(row["result"], response.result.general.0, "{id}");
    let text = response.answer.text.as_ref();
    match row["text"].as_str() {
        // The answer to a yes-no question is one octet, which oFono shows as a word.
        Some("Yes") => assert_eq!(text.map(|text| &text.text[..]), Some(&[1][..]), "{id}"),
        Some("No") => assert_eq!(text.map(|text| &text.text[..]), Some(&[0][..]), "{id}"),
        _ => check_text(id, "text", row, text.map(TextString::to_text).as_deref()),
    }
    if let Some(item) = row["item"].as_u64() {
        assert_eq!(response.answer.item.as_ref().map(|item| u64::from(item.identifier)), Some(item), "{id}");
    }
    assert_eq!(response.encode(), bytes, "{id}");
}

fn envelope(id: &str, row: &Value, bytes: &[u8]) {
    let envelope = Envelope::decode(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
    if let Envelope::MenuSelection(selection) = &envelope {
        assert_eq!(row["item"], selection.item.identifier, "{id}");
        assert_eq!(row["help"], selection.help.is_some(), "{id}");
    }
    let (envelope, rest) = Envelope::read(bytes).unwrap();
    assert_eq!(envelope.write(&rest), bytes, "{id}");
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
            let line = include_str!("vectors/ofono_stk.jsonl").lines().nth(row).unwrap();
            let row: Value = serde_json::from_str(line).unwrap();
            let bytes = hex::decode(row["hex"].as_str().unwrap()).unwrap();
            let cut = &bytes[..bytes.len().saturating_sub(cut)];
            match row["kind"].as_str().unwrap() {
                "proactive" => prop_assert!(Command::decode(cut).is_err()),
                "envelope" => prop_assert!(Envelope::decode(cut).is_err()),
                _ => { let _ = TerminalResponse::decode(cut); }
            }
        }
    }
}
