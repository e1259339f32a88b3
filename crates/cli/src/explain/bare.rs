//! Objects by themselves, without the message that they belong to.

use oxisim_toolkit::{
    Answer, CallControlAnswer, CommandType, Envelope, Event, FieldInfo, MoSmsControlAnswer, Object, Objects,
    TerminalResponse,
};
use oxisim_wire::{
    Error, ErrorKind, Reader, Show,
    tlv::{self, Comprehension, Tag},
};

use super::{
    explained::{Explained, Line},
    kind::Kind,
    toolkit,
};

/// COMPREHENSION-TLV objects, one after another. What a tag means belongs to the message (TS 101 220 §7.2): each
/// object that has this tag somewhere, and can have this value, is told.
pub fn data_objects(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let mut r = Reader::at(octets, at);
    let (mut fields, mut reencoded) = (Vec::new(), Vec::new());
    loop {
        let start = r.offset();
        let mut object = Comprehension::read(&mut r)?;
        let meanings = meanings(object.tag, &object.value)?;
        let (at, value) = (object.value.offset(), object.value.rest());
        for (object, word) in meanings.iter().zip(["object"].into_iter().chain(core::iter::repeat("or"))) {
            fields.push(toolkit::line(word, Some(at), object.as_ref(), value, Kind::Tpdu));
        }
        let written = match meanings.first() {
            Some(object) => object.value(),
            None if object.required => {
                let tag = u8::try_from(object.tag.0).unwrap_or(0x7F);
                return Err(Error::new("data object", start, ErrorKind::NotUnderstood(tag)));
            }
            None => {
                fields.push(Line {
                    at: Some(at),
                    field: UNKNOWN.into(),
                    name: Some("object that no message defines"),
                    tag: Some(object.tag.0),
                    spec: None,
                    value: value.show(),
                    inside: None,
                });
                value.to_vec()
            }
        };
        Comprehension::write(object.tag, object.required, &mut reencoded, |out| out.extend(&written));
        if r.is_empty() {
            break;
        }
    }
    let only = fields.iter().all(|line| line.at == fields[0].at);
    let (name, spec) = match fields.first() {
        Some(line) if only => (line.name.unwrap_or_default(), line.spec),
        _ => ("data objects", Some("TS 102 223 §8")),
    };
    Ok(Explained { kind: Kind::DataObject, name: name.into(), spec: spec.map(Into::into), fields, reencoded })
}

/// Whether the octets are objects that messages define, each as it is written.
pub fn are_data_objects(octets: &[u8]) -> bool {
    data_objects(octets, 0).is_ok_and(|explained| {
        explained.reencoded == octets && explained.fields.iter().all(|line| line.field != UNKNOWN)
    })
}

const UNKNOWN: &str = "unknown";

/// Every object that a tag and a value can be, the first that is declared first; or why it can be none of those that
/// have the tag.
fn meanings(tag: Tag, value: &Reader<'_>) -> Result<Vec<Box<dyn Object>>, Error> {
    let mut meanings: Vec<Box<dyn Object>> = Vec::new();
    let mut wrong = None;
    for field in declared().filter(|field| field.tag == tag) {
        match (field.read)(&mut value.clone()) {
            Ok(object) if meanings.iter().all(|other| other.name() != object.name()) => meanings.push(object),
            Ok(_) => {}
            Err(error) => wrong = wrong.or(Some(error)),
        }
    }
    match wrong {
        Some(error) if meanings.is_empty() => Err(error),
        _ => Ok(meanings),
    }
}

/// Every field of every message.
fn declared() -> impl Iterator<Item = &'static FieldInfo> {
    let messages = CommandType::MESSAGES.iter().chain(Envelope::ALL).chain(Event::ALL);
    TerminalResponse::FIELDS
        .iter()
        .chain(messages.flat_map(|message| message.fields))
        .chain(Answer::FIELDS)
        .chain(CallControlAnswer::FIELDS)
        .chain(MoSmsControlAnswer::FIELDS)
}

/// Declares BER-TLV objects: where each stands, its name and its clause.
macro_rules! objects {
    ($($path:literal $name:literal $spec:literal,)*) => {
        /// Where an object stands, its name and its clause.
        static OBJECTS: &[(&str, &str, &str)] = &[$(($path, $name, $spec),)*];
    };
}

objects! {
    "6F" "FCI template" "ISO/IEC 7816-4 §7.4.3",
    "6F.84" "DF name" "ISO/IEC 7816-4 §7.4.3",
    "6F.A5.73" "security domain management data" "GlobalPlatform Card Specification §11.9.3.1",
    "6F.A5.9F65" "maximum length of the data field in a command message" "GlobalPlatform Card Specification §11.9.3.1",
    "6F.A5.9F6E" "application production life cycle data" "GlobalPlatform Card Specification §11.9.3.1",
    "C0" "key information data" "GlobalPlatform Card Specification §11.3.3.1",
    "E0.C0" "key information data" "GlobalPlatform Card Specification §11.3.3.1",
    "82" "file descriptor" "TS 102 221 §11.1.1.4.3",
}

/// BER-TLV objects, one after another; a constructed one is told by those in it.
pub fn ber(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let (mut fields, mut reencoded) = (Vec::new(), Vec::new());
    read(Reader::at(octets, at), "", DEEPEST, &mut fields, &mut reencoded)?;
    let known = octets.first().and_then(|tag| known(&format!("{tag:02X}")));
    let (name, spec) = known.unwrap_or(("BER-TLV objects", "ISO/IEC 7816-4 §5.2.2"));
    Ok(Explained { kind: Kind::BerTlv, name: name.into(), spec: Some(spec.into()), fields, reencoded })
}

/// Whether the octets are one BER-TLV object that is known by its tag.
pub fn is_known_ber(octets: &[u8]) -> bool {
    let is_known = octets.first().is_some_and(|tag| known(&format!("{tag:02X}")).is_some());
    is_known
        && ber(octets, 0).is_ok_and(|explained| explained.fields.len() == 1 && explained.reencoded == octets)
}

/// How deep objects in objects are told; what is deeper is told as octets.
const DEEPEST: usize = 8;

fn read(
    mut r: Reader<'_>,
    path: &str,
    depth: usize,
    fields: &mut Vec<Line>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    const WHAT: &str = "BER-TLV object";
    loop {
        let first = r.u8(WHAT)?;
        let tag = match first & 0x1F {
            0x1F => u16::from_be_bytes([first, second(&mut r, WHAT)?]),
            _ => u16::from(first),
        };
        let length = tlv::read_length(&mut r, WHAT)?;
        let mut value = r.sub(length, WHAT)?;
        let path = if path.is_empty() { format!("{tag:02X}") } else { format!("{path}.{tag:02X}") };
        let mut written = Vec::new();
        // Bit 6 of the first octet: there are objects in it (ISO/IEC 7816-4 §5.2.2.1).
        if first & 0x20 != 0 && !value.is_empty() && depth > 0 {
            read(value, &path, depth - 1, fields, &mut written)?;
        } else {
            let known = known(&path);
            let at = value.offset();
            let octets = value.rest();
            written.extend_from_slice(octets);
            fields.push(Line {
                at: Some(at),
                field: path,
                name: known.map(|(name, _)| name),
                tag: Some(tag),
                spec: known.map(|(_, spec)| spec),
                value: octets.show(),
                inside: None,
            });
        }
        out.extend(tag.to_be_bytes().into_iter().skip(usize::from(tag < 0x100)));
        tlv::write_length(written.len(), out);
        out.append(&mut written);
        if r.is_empty() {
            return Ok(());
        }
    }
}

/// The second octet of a tag, which must be its last.
fn second(r: &mut Reader<'_>, what: &'static str) -> Result<u8, Error> {
    let at = r.clone();
    match r.u8(what)? {
        last @ 0x00..0x80 => Ok(last),
        more => Err(at.error(what, ErrorKind::Value(u32::from(more)))),
    }
}

fn known(path: &str) -> Option<(&'static str, &'static str)> {
    OBJECTS.iter().find(|(known, ..)| *known == path).map(|&(_, name, spec)| (name, spec))
}
