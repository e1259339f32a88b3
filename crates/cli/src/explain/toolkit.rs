//! What a card and a phone say to each other in a toolkit session.

use oxisim_toolkit::{
    Command, DataObject, Envelope, Object, Objects, TerminalResponse, Unknown,
    objects::{DefaultText, TextString},
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

/// A text string as people read it, with its coding.
fn text(object: &dyn Object, value: &[u8]) -> Option<Shown> {
    if ![TextString::NAME, DefaultText::NAME].contains(&object.name()) {
        return None;
    }
    // A default text is coded as a text string is (TS 102 223 §8.23).
    let string = TextString::decode(value, TextString::NAME).ok()?;
    Some(Shown::Fields(vec![("coding", string.coding.show()), ("text", Shown::Text(string.to_text()))]))
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
        let kind = match object.name() {
            "SMS TPDU" => Some(self.tpdu),
            "C-APDU" => Some(Kind::Apdu),
            "R-APDU" => Some(Kind::Response),
            "Card ATR" => Some(Kind::Atr),
            _ => None,
        };
        let inside = kind.map(|kind| one(kind, None, &value, at.unwrap_or(0)).map(Box::new));
        self.made.push(Line {
            at,
            field: field.into(),
            name: Some(object.name()),
            tag: Some(object.tag().0),
            spec: Some(object.spec()),
            value: text(object, &value).unwrap_or_else(|| object.shown()),
            inside,
        });
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
