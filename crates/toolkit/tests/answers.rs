//! Every terminal response, envelope and answer to call control of the conformance sequences is read to the stated
//! objects and fields, and written back to the same octets.

use oxisim_toolkit::{
    CallControlAnswer, ControlResult, Envelope, Event, Object, TerminalResponse,
    event::{CallDisconnected, LocationStatusChange},
    objects::TextString,
};
use serde_json::{Value, json};

/// Rows that are wrong in their source, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_terminal_response_reads_to_its_fields_and_back() {
    each_row(include_str!("vectors/terminal_response.jsonl"), |id, row, bytes| {
        let response = TerminalResponse::decode(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut objects = vec![];
        for object in [&response.details as &dyn Object, &response.devices, &response.result] {
            objects.push(pair(object));
        }
        oxisim_toolkit::Objects::each_object(&response.answer, &mut |_, object| objects.push(pair(object)));
        check_objects(id, row, objects, response.unknown.len());
        check(id, row, "result", json!(response.result.general.0));
        check(id, row, "additional", json!(hex::encode_upper(&response.result.additional)));
        let text = response.answer.text.as_ref();
        check(id, row, "text", json!(text.map(TextString::to_text)));
        check(id, row, "yes", json!(text.map(|text| text.text == [1])));
        check(id, row, "item", json!(response.answer.item.as_ref().map(|item| item.identifier)));
        let duration = response.answer.duration.as_ref();
        check(id, row, "duration", json!(duration.map(|d| [d.unit.0, d.interval])));
        assert_eq!(hex::encode_upper(response.encode()), row["hex"], "{id}");
    });
}

#[test]
fn every_envelope_reads_to_its_fields_and_back() {
    each_row(include_str!("vectors/envelope.jsonl"), |id, row, bytes| {
        let (envelope, rest) = Envelope::read(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut objects = vec![];
        envelope.each_object(&mut |_, object| objects.push(pair(object)));
        check_objects(id, row, objects, rest.unknown.len());
        check(id, row, "tag", json!(envelope.tag()));
        match &envelope {
            Envelope::MenuSelection(selection) => {
                check(id, row, "item", json!(selection.item.identifier));
                check(id, row, "help", json!(selection.help.is_some()));
            }
            Envelope::EventDownload(download) => {
                check(id, row, "event", json!(download.code().0));
                match &download.event {
                    Event::CallDisconnected(CallDisconnected { cause: None, .. }) => {
                        assert!(row["cause"].is_null(), "{id}");
                    }
                    Event::LocationStatusChange(LocationStatusChange { status, .. }) => {
                        check(id, row, "status", json!(status.status));
                    }
                    Event::Other(code) => panic!("{id}: {code:?}"),
                    _ => {}
                }
            }
            _ => {}
        }
        assert_eq!(hex::encode_upper(envelope.write(&rest)), row["hex"], "{id}");
    });
}

#[test]
fn every_answer_to_call_control_reads_to_its_fields_and_back() {
    each_row(include_str!("vectors/call_control.jsonl"), |id, row, bytes| {
        let answer = CallControlAnswer::decode(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        let result = match row["result"].as_str().unwrap() {
            "Allowed" => ControlResult::ALLOWED,
            "NotAllowed" => ControlResult::NOT_ALLOWED,
            "AllowedWithModifications" => ControlResult::ALLOWED_WITH_MODIFICATIONS,
            other => panic!("{other}"),
        };
        assert_eq!(answer.result, result, "{id}");
        let mut objects = vec![];
        answer.each_object(&mut |_, object| objects.push(pair(object)));
        check_objects(id, row, objects, answer.unknown.len());
        // No data at all says the same as "allowed": there is nothing to be written back.
        if !bytes.is_empty() {
            assert_eq!(hex::encode_upper(answer.encode()), row["hex"], "{id}");
        }
    });
}

fn each_row(rows: &str, check: impl Fn(&str, &Value, &[u8])) {
    assert!(rows.lines().count() > 0);
    for row in rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let id = row["id"].as_str().unwrap();
        if EXCEPTIONS.iter().all(|(exception, _)| *exception != id) {
            check(id, &row, &hex::decode(row["hex"].as_str().unwrap()).unwrap());
        }
    }
}

/// An object as the rows have it: tag and value.
fn pair(object: &dyn Object) -> (String, String) {
    (format!("{:02X}", object.tag().0), hex::encode_upper(object.value()))
}

/// The objects are those of the row, each understood, whatever their order.
fn check_objects(id: &str, row: &Value, mut got: Vec<(String, String)>, unknown: usize) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = row["objects"].as_array().unwrap();
    let mut expected: Vec<_> = rows.iter().map(|object| (text(&object[0]), text(&object[2]))).collect();
    expected.sort();
    got.sort();
    assert_eq!(got, expected, "{id}");
    assert_eq!(unknown, 0, "{id}");
}

fn check(id: &str, row: &Value, field: &str, got: Value) {
    if !row[field].is_null() {
        assert_eq!(got, row[field], "{id} {field}");
    }
}
