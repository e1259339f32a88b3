//! What is said of octets.

use oxisim_wire::{Error, Part, Parts, Shown};

use super::kind::Kind;

/// What octets are, field by field.
#[derive(Clone, Debug)]
pub struct Explained {
    /// What they are.
    pub kind: Kind,
    /// Their name in the standard's words.
    pub name: String,
    /// The clause that describes them.
    pub spec: Option<String>,
    /// The fields.
    pub fields: Vec<Line>,
    /// The octets that the encoder makes of the fields.
    pub reencoded: Vec<u8>,
}

/// One field.
#[derive(Clone, Debug)]
pub struct Line {
    /// Offset of the field, if it has octets of its own.
    pub at: Option<usize>,
    /// The name of the field.
    pub field: String,
    /// What it holds in the standard's words, if that is not the name.
    pub name: Option<&'static str>,
    /// Its tag.
    pub tag: Option<u16>,
    /// The clause that describes it.
    pub spec: Option<&'static str>,
    /// What is in it.
    pub value: Shown,
    /// The message in it, or why it is none.
    pub inside: Option<Result<Box<Explained>, Error>>,
}

impl Explained {
    /// A message that shows itself.
    pub fn of(kind: Kind, message: &impl Parts, reencoded: Vec<u8>) -> Self {
        Self {
            kind,
            name: message.name().into(),
            spec: Some(message.spec().into()),
            fields: message.parts().into_iter().map(Line::from).collect(),
            reencoded,
        }
    }

    /// The field of that name.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Line> {
        self.fields.iter_mut().find(|line| line.field == name)
    }
}

impl From<Part> for Line {
    fn from(part: Part) -> Self {
        Self {
            at: None,
            field: part.name.into(),
            name: None,
            tag: None,
            spec: Some(part.spec),
            value: part.value,
            inside: None,
        }
    }
}

/// The error of a part that begins at `at`.
pub fn shifted(error: Error, at: usize) -> Error {
    Error { offset: error.offset + at, ..error }
}
