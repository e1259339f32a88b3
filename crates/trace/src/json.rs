//! Records as lines of JSON.
//!
//! Each line is an object with `at`, in microseconds since 1970, and `kind`; octets are hexadecimal.
//!
//! | `kind` | Further members |
//! |---|---|
//! | `start` | `format` (1), `clock` (`real` or `virtual`), `program` |
//! | `reset` | `answer`, the answer to reset |
//! | `off` | none |
//! | `exchange` | `command`, `response`; `took`, in microseconds, if the clock says it |
//! | `broken` | `command` (empty for a reset), `reason`: the card gave no answer |
//! | `tpdu` | `from` (`phone` or `centre`), `tpdu` |
//! | `user-data` | `from` (`centre` or `server`), `coding` (TP-DCS), `octets` (TP-UD) |
//! | `rpdu` | `from` (`phone` or `centre`), `phone`, the phone's number, `rpdu` |
//! | `smpp` | `from` (`centre` or `server`), `peer`, the address of the one who does not record, `pdu` |
//! | `event` | `who` (`phone`, `centre` or `server`), `text`: something of which there are no octets |
//!
//! A record of another kind is kept as it is. Members that a kind does not have are passed over.

use oxisim_wire::{Duration, Instant};
use serde_json::{Map, Value};

use crate::{Clock, Error, Party, Place, Placed, Record, What};

/// A record on one line, without its end.
#[must_use]
pub fn line(record: &Record) -> String {
    let octets = |octets: &[u8]| Value::String(hex::encode_upper(octets));
    let members = match &record.what {
        What::Start { clock, program } => vec![
            ("kind", "start".into()),
            ("format", FORMAT.into()),
            ("clock", clock.word().into()),
            ("program", program.as_str().into()),
        ],
        What::Reset { answer } => vec![("kind", "reset".into()), ("answer", octets(answer))],
        What::PowerOff => vec![("kind", "off".into())],
        What::Exchange { command, response, took } => {
            let mut members = vec![
                ("kind", "exchange".into()),
                ("command", octets(command)),
                ("response", octets(response)),
            ];
            if *took > Duration::ZERO {
                members.push(("took", took.as_micros().into()));
            }
            members
        }
        What::Broken { command, reason } => {
            vec![("kind", "broken".into()), ("command", octets(command)), ("reason", reason.as_str().into())]
        }
        What::Tpdu { from, tpdu } => {
            vec![("kind", "tpdu".into()), ("from", from.word().into()), ("tpdu", octets(tpdu))]
        }
        What::UserData { from, coding, octets: user_data } => vec![
            ("kind", "user-data".into()),
            ("from", from.word().into()),
            ("coding", (*coding).into()),
            ("octets", octets(user_data)),
        ],
        What::Rpdu { from, phone, rpdu } => vec![
            ("kind", "rpdu".into()),
            ("from", from.word().into()),
            ("phone", phone.as_str().into()),
            ("rpdu", octets(rpdu)),
        ],
        What::Pdu { from, peer, pdu } => vec![
            ("kind", "smpp".into()),
            ("from", from.word().into()),
            ("peer", peer.as_str().into()),
            ("pdu", octets(pdu)),
        ],
        What::Event { who, text } => {
            vec![("kind", "event".into()), ("who", who.word().into()), ("text", text.as_str().into())]
        }
        What::Other(object) => return Value::Object(object.clone()).to_string(),
    };
    let at = ("at", Value::from(record.at.as_micros()));
    let members = std::iter::once(at).chain(members).map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.collect()).to_string()
}

/// The version of the format.
const FORMAT: u64 = 1;

/// The mark that some editors write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The records of a file; empty lines are none.
pub fn read(text: &[u8]) -> Result<Vec<Placed>, Error> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut records = Vec::new();
    for (line, octets) in (1..).zip(text.split(|&octet| octet == b'\n')) {
        let wrong = |reason: String| Error::Line { line, reason };
        let text = std::str::from_utf8(octets).map_err(|_| wrong("it is not text".into()))?.trim();
        if !text.is_empty() {
            let record = parse(text).map_err(wrong)?;
            records.push(Placed { place: Place::Line(line), record });
        }
    }
    Ok(records)
}

/// The record of a line, or what is wrong with it.
pub(crate) fn parse(line: &str) -> Result<Record, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        if error.is_eof() { "it is cut off".to_owned() } else { format!("it is not JSON: {error}") }
    })?;
    let Value::Object(object) = value else { return Err("it is no JSON object".into()) };
    let members = Members(object);
    let at = Instant::from_micros(members.number("at")?);
    let kind = members.text("kind")?;
    let what = match kind.as_str() {
        "start" => {
            let format = members.number("format")?;
            if format != FORMAT {
                return Err(format!("it has format {format}, and this program knows {FORMAT}"));
            }
            What::Start { clock: members.clock()?, program: members.text("program")? }
        }
        "reset" => What::Reset { answer: members.octets("answer")? },
        "off" => What::PowerOff,
        "exchange" => What::Exchange {
            command: members.octets("command")?,
            response: members.octets("response")?,
            took: if members.has("took") {
                Duration::from_micros(members.number("took")?)
            } else {
                Duration::ZERO
            },
        },
        "broken" => What::Broken { command: members.octets("command")?, reason: members.text("reason")? },
        "tpdu" => What::Tpdu { from: members.party("from")?, tpdu: members.octets("tpdu")? },
        "user-data" => What::UserData {
            from: members.party("from")?,
            coding: u8::try_from(members.number("coding")?).map_err(|_| "\"coding\" is no octet")?,
            octets: members.octets("octets")?,
        },
        "rpdu" => What::Rpdu {
            from: members.party("from")?,
            phone: members.text("phone")?,
            rpdu: members.octets("rpdu")?,
        },
        "smpp" => What::Pdu {
            from: members.party("from")?,
            peer: members.text("peer")?,
            pdu: members.octets("pdu")?,
        },
        "event" => What::Event { who: members.party("who")?, text: members.text("text")? },
        _ => What::Other(members.0),
    };
    Ok(Record { at, what })
}

/// The members of an object, which are asked for by name; others may stand beside.
struct Members(Map<String, Value>);

impl Members {
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn member(&self, name: &str) -> Result<&Value, String> {
        self.0.get(name).ok_or_else(|| format!("{name:?} is missing"))
    }

    fn number(&self, name: &str) -> Result<u64, String> {
        self.member(name)?.as_u64().ok_or_else(|| format!("{name:?} is no whole number"))
    }

    fn text(&self, name: &str) -> Result<String, String> {
        Ok(self.member(name)?.as_str().ok_or_else(|| format!("{name:?} is no text"))?.into())
    }

    fn octets(&self, name: &str) -> Result<Vec<u8>, String> {
        hex::decode(self.text(name)?).map_err(|error| format!("{name:?} is not hexadecimal: {error}"))
    }

    fn party(&self, name: &str) -> Result<Party, String> {
        let word = self.text(name)?;
        let party = Party::ALL.into_iter().find(|party| party.word() == word);
        party.ok_or_else(|| format!("{name:?} is {word:?}, which is none of phone, centre, server"))
    }

    fn clock(&self) -> Result<Clock, String> {
        let word = self.text("clock")?;
        let clock = [Clock::Real, Clock::Virtual].into_iter().find(|clock| clock.word() == word);
        clock.ok_or_else(|| format!("\"clock\" is {word:?}, which is neither real nor virtual"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::tests::whats;

    proptest! {
        #[test]
        fn a_record_comes_back_from_its_line(at: u64, what in whats()) {
            let record = Record::new(Instant::from_micros(at), what);
            let line = line(&record);
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(read(line.as_bytes()).unwrap(), vec![Placed { place: Place::Line(1), record }]);
        }

        #[test]
        fn no_line_panics(line in ".*") {
            let _ = read(line.as_bytes());
        }
    }

    #[test]
    fn a_record_of_an_unknown_kind_is_kept_as_it_is() {
        let text = r#"{"at":7,"kind":"antenna","field":[1,{"x":null}]}"#;
        let records = read(text.as_bytes()).unwrap();
        let [Placed { record, .. }] = &records[..] else { panic!("{records:?}") };
        assert!(matches!(record, Record { at, what: What::Other(_) } if at.as_micros() == 7));
        assert_eq!(line(record), text);
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        let records = read("\u{FEFF}{\"at\":1,\"kind\":\"off\"}\r\n".as_bytes()).unwrap();
        assert_eq!(records.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let good = r#"{"at":1,"kind":"off"}"#;
        for (bad, reason) in [
            (r#"{"at":1,"kind":"exchange","comm"#, "it is cut off"),
            ("7", "it is no JSON object"),
            (r#"{"kind":"off"}"#, "\"at\" is missing"),
            (r#"{"at":-1,"kind":"off"}"#, "\"at\" is no whole number"),
            (r#"{"at":1}"#, "\"kind\" is missing"),
            (
                r#"{"at":1,"kind":"reset","answer":"3B0"}"#,
                "\"answer\" is not hexadecimal: Odd number of digits",
            ),
            (r#"{"at":1,"kind":"start","format":2}"#, "it has format 2, and this program knows 1"),
            (
                r#"{"at":1,"kind":"tpdu","from":"card"}"#,
                "\"from\" is \"card\", which is none of phone, centre, server",
            ),
            (r#"{"at":1,"kind":"user-data","from":"phone","coding":256}"#, "\"coding\" is no octet"),
        ] {
            let text = format!("{good}\n\n{bad}");
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), format!("line 3: {reason}"));
        }
        let error = read(b"{\"at\":1,\"kind\":\"off\"}\n\xFF").unwrap_err();
        assert_eq!(error.to_string(), "line 2: it is not text");
    }
}
