//! What a card and a phone say to each other in a toolkit session.

use oxisim_toolkit::{
    Command, DataObject, Envelope, Object, Objects, TerminalResponse, Unknown,
    control::{CallChanges, ControlAnswer, SmsChanges},
    objects::{CommandDetails, DefaultText, Outcome, TextString, UssdString},
};
use oxisim_wire::{
    Error, Reader, Show, Shown, Wire,
    tlv::{Comprehension, Tag, Tlv},
};

use super::{
    explained::{Explained, Line, shifted},
    kind::Kind,
    one,
};

/// A proactive command.
pub fn command(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let command = Command::decode(octets).map_err(|refusal| shifted(refusal.cause, at))?;
    let mut lines = Lines::new(inner(octets, at), Kind::TpduMo);
    lines.add("details", &command.details);
    lines.add("devices", &command.devices);
    command.body.each_object(&mut |field, object| lines.add(field, object));
    lines.unknown(&command.unknown);
    let kind = command.details.kind;
    Ok(Explained {
        kind: Kind::ProactiveCommand,
        name: kind.text().into(),
        spec: kind.spec().map(Into::into),
        fields: lines.made,
        reencoded: command.encode(),
    })
}

/// A TERMINAL RESPONSE.
pub fn response(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let response = TerminalResponse::decode(octets).map_err(|error| shifted(error, at))?;
    let mut lines = Lines::new(Reader::at(octets, at), Kind::TpduMo);
    lines.add("details", &response.details);
    lines.add("devices", &response.devices);
    lines.add("result", &response.result);
    response.answer.each_object(&mut |field, object| lines.add(field, object));
    lines.unknown(&response.unknown);
    Ok(Explained {
        kind: Kind::TerminalResponse,
        name: format!("TERMINAL RESPONSE to {}", response.details.kind.text()),
        spec: Some("TS 102 223 §6.8".into()),
        fields: lines.made,
        reencoded: response.encode(),
    })
}

/// An ENVELOPE.
pub fn envelope(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let (envelope, rest) = Envelope::read(octets).map_err(|error| shifted(error, at))?;
    let mut lines = Lines::new(inner(octets, at), Kind::TpduMt);
    envelope.each_object(&mut |field, object| lines.add(field, object));
    lines.unknown(&rest.unknown);
    Ok(Explained {
        kind: Kind::Envelope,
        name: envelope.text().into(),
        spec: Some(envelope.spec().into()),
        fields: lines.made,
        reencoded: envelope.write(&rest),
    })
}

/// The answer to CALL CONTROL or to MO SHORT MESSAGE CONTROL.
pub fn control_answer(kind: Kind, octets: &[u8], at: usize) -> Result<Explained, Error> {
    if kind == Kind::MoSmsControlAnswer {
        return answer::<SmsChanges>(
            kind,
            "answer to MO SHORT MESSAGE CONTROL",
            "TS 31.111 §7.3.2.3",
            octets,
            at,
        );
    }
    answer::<CallChanges>(kind, "answer to CALL CONTROL", "TS 31.111 §7.3.1.6", octets, at)
}

fn answer<T: Objects + Default>(
    kind: Kind,
    name: &str,
    spec: &'static str,
    octets: &[u8],
    at: usize,
) -> Result<Explained, Error> {
    let answer = ControlAnswer::<T>::decode(octets).map_err(|error| shifted(error, at))?;
    let mut lines = Lines::new(inner(octets, at), Kind::TpduMo);
    answer.each_object(&mut |field, object| lines.add(field, object));
    lines.unknown(&answer.unknown);
    let result = Line {
        at: Some(at),
        field: "result".into(),
        name: None,
        tag: None,
        spec: Some(spec),
        value: answer.result.show(),
        inside: None,
    };
    lines.made.insert(0, result);
    // No data at all says the same as "allowed" (TS 31.111 §7.3.1.6).
    let reencoded = if octets.is_empty() { Vec::new() } else { answer.encode() };
    Ok(Explained { kind, name: name.into(), spec: Some(spec.into()), fields: lines.made, reencoded })
}

/// An object in more words than its fields have by themselves: a text in its coding, a qualifier by its command,
/// additional information by its result.
fn in_words(object: &dyn Object, value: &[u8]) -> Option<Shown> {
    match object.name() {
        // A default text is coded as a text string is (TS 102 223 §8.23).
        TextString::NAME | DefaultText::NAME => {
            let string = TextString::decode(value, TextString::NAME).ok()?;
            Some(Shown::Fields(vec![
                ("coding", string.coding.show()),
                ("text", Shown::Text(string.to_text())),
            ]))
        }
        UssdString::NAME => {
            let string = UssdString::decode(value, UssdString::NAME).ok()?;
            Some(Shown::Fields(vec![
                ("coding", [string.coding].show()),
                ("text", Shown::Text(string.text().to_text())),
            ]))
        }
        CommandDetails::NAME => {
            let details = CommandDetails::decode(value, CommandDetails::NAME).ok()?;
            let words: Vec<Shown> = details.qualifier_words().into_iter().map(Show::show).collect();
            let qualifier = match words.as_slice() {
                [] => [details.qualifier].show(),
                _ => Shown::Fields(vec![
                    ("value", [details.qualifier].show()),
                    ("meaning", Shown::List(words)),
                ]),
            };
            Some(Shown::Fields(vec![
                ("number", details.number.show()),
                ("kind", details.kind.show()),
                ("qualifier", qualifier),
            ]))
        }
        Outcome::NAME => {
            let outcome = Outcome::decode(value, Outcome::NAME).ok()?;
            let problem = outcome.problem()?;
            Some(Shown::Fields(vec![("general", outcome.general.show()), ("additional", problem.show())]))
        }
        _ => None,
    }
}

/// An object with its value, which stands at `at`; short messages in it have the direction of `tpdu`.
pub fn line(field: &str, at: Option<usize>, object: &dyn Object, value: &[u8], tpdu: Kind) -> Line {
    let kind = match object.name() {
        "SMS TPDU" => Some(tpdu),
        "C-APDU" => Some(Kind::Apdu),
        "R-APDU" => Some(Kind::Response),
        "Card ATR" => Some(Kind::Atr),
        _ => None,
    };
    Line {
        at,
        field: field.into(),
        name: Some(object.name()),
        tag: Some(object.tag().0),
        spec: Some(object.spec()),
        value: in_words(object, value).unwrap_or_else(|| object.shown()),
        inside: kind.map(|kind| one(kind, None, value, at.unwrap_or(0)).map(Box::new)),
    }
}

/// The objects in the object that the octets are.
fn inner(octets: &[u8], at: usize) -> Reader<'_> {
    let mut r = Reader::at(octets, at);
    Tlv::read(&mut r, "message").map_or(r, |outer| outer.value)
}

/// The objects of a message as lines, each with the place where it stands.
struct Lines {
    /// Tag, offset of the value and value of each object that has no line yet.
    places: Vec<(Tag, usize, Vec<u8>)>,
    /// The direction of short messages.
    tpdu: Kind,
    made: Vec<Line>,
}

impl Lines {
    fn new(mut r: Reader<'_>, tpdu: Kind) -> Self {
        let mut places = Vec::new();
        while let Ok(mut object) = Comprehension::read(&mut r) {
            let at = object.value.offset();
            places.push((object.tag, at, object.value.rest().to_vec()));
        }
        Self { places, tpdu, made: Vec::new() }
    }

    fn add(&mut self, field: &'static str, object: &dyn Object) {
        let (at, value) = self.place(object.tag());
        self.made.push(line(field, at, object, &value, self.tpdu));
    }

    fn unknown(&mut self, unknown: &[Unknown]) {
        for object in unknown {
            let (at, _) = self.place(object.tag);
            self.made.push(Line {
                at,
                field: "unknown".into(),
                name: Some("object that this message does not define"),
                tag: Some(object.tag.0),
                spec: None,
                value: object.value.show(),
                inside: None,
            });
        }
    }

    /// The first object with that tag that has no line yet.
    fn place(&mut self, tag: Tag) -> (Option<usize>, Vec<u8>) {
        match self.places.iter().position(|(other, ..)| *other == tag) {
            Some(index) => {
                let (_, at, value) = self.places.remove(index);
                (Some(at), value)
            }
            None => (None, Vec::new()),
        }
    }
}
