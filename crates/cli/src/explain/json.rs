//! The explanation for programs.

use oxisim_wire::{Error, Shown};
use serde_json::{Map, Value, json};

use super::{
    explained::{Explained, Line},
    print::reason,
};

/// An object on one line, whatever its reader takes for the end of a line.
pub fn line(object: &Value) -> String {
    object
        .to_string()
        .replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// What octets are, or where they are wrong, and how.
pub fn json(explained: &Result<Explained, Error>) -> Value {
    match explained {
        Ok(explained) => message(explained),
        Err(error) => json!({ "error": wrong(error) }),
    }
}

/// An error that is not one of octets.
pub fn unreadable(offset: usize, reason: &str) -> Value {
    json!({ "error": { "offset": offset, "reason": reason } })
}

fn wrong(error: &Error) -> Value {
    json!({ "offset": error.offset, "reason": reason(error) })
}

fn message(explained: &Explained) -> Value {
    let mut object = Map::new();
    object.insert("kind".into(), json!(explained.kind.word()));
    object.insert("name".into(), json!(explained.name));
    if let Some(spec) = &explained.spec {
        object.insert("clause".into(), json!(spec));
    }
    object.insert("fields".into(), explained.fields.iter().map(field).collect());
    object.insert("reencoded".into(), json!(hex::encode_upper(&explained.reencoded)));
    Value::Object(object)
}

fn field(line: &Line) -> Value {
    let mut object = Map::new();
    object.insert("field".into(), json!(line.field));
    if let Some(name) = line.name {
        object.insert("name".into(), json!(name));
    }
    if let Some(tag) = line.tag {
        object.insert("tag".into(), json!(format!("{tag:02X}")));
    }
    if let Some(at) = line.at {
        object.insert("offset".into(), json!(at));
    }
    if let Some(spec) = line.spec {
        object.insert("clause".into(), json!(spec));
    }
    object.insert("value".into(), value(&line.value));
    match &line.inside {
        Some(Ok(inside)) => {
            object.insert("message".into(), message(inside));
        }
        Some(Err(error)) => {
            object.insert("error".into(), wrong(error));
        }
        None => {}
    }
    Value::Object(object)
}

fn value(shown: &Shown) -> Value {
    match shown {
        Shown::Nothing => Value::Null,
        Shown::Number(number) => json!(number),
        Shown::Code { value, name } => {
            json!({ "code": value, "name": name.map(|name| name.replace('_', " ")) })
        }
        Shown::Flag(flag) => json!(flag),
        Shown::Text(text) => json!(text),
        Shown::Octets(octets) => json!(hex::encode_upper(octets)),
        Shown::List(list) => list.iter().map(value).collect(),
        Shown::Fields(fields) => {
            Value::Object(fields.iter().map(|(name, part)| ((*name).into(), value(part))).collect())
        }
    }
}
