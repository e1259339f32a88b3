//! FCP templates and headers of files as anyone can read them (TS 102 221 §11.1.1.3, TS 51.011 §9.2.1).

use alloc::{format, string::String, vec, vec::Vec};

use oxisim_apdu::{
    Instruction,
    fcp::{Fcp, FileDescriptor, FileStructure, PinState, number, pin_states},
};
use oxisim_wire::{
    Error, ErrorKind, Part, Parts, Reader, Show, Shown, Wire,
    tlv::{Tlv, write_tlv},
};

use crate::{access::SecurityAttributes, file::LifeCycle, pin::KeyReference};

/// An FCP template: its objects as they stand in it (TS 102 221 §11.1.1.3).
///
/// ```
/// use oxisim_card::FcpTemplate;
/// use oxisim_wire::Parts;
///
/// let octets = hex::decode("62148202412183022FE28A01058B032F06038002000A")?;
/// let template = FcpTemplate::decode(&octets).unwrap();
/// assert_eq!(template.parts()[1].name, "file identifier");
/// assert_eq!(template.encode(), octets);
/// # Ok::<(), hex::FromHexError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FcpTemplate(Vec<(u8, FcpObject)>);

/// An object of an FCP template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum FcpObject {
    Descriptor(FileDescriptor),
    FileIdentifier(u16),
    DfName(Vec<u8>),
    Proprietary(Vec<(u8, Vec<u8>)>),
    LifeCycle(u8),
    Security(SecurityAttributes),
    Size(Number),
    TotalSize(Number),
    ShortIdentifier(Option<u8>),
    PinStatus(Vec<u8>),
    Other(Vec<u8>),
}

/// A number with the octets that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    value: usize,
    octets: usize,
}

impl Number {
    fn read(r: &mut Reader<'_>, what: &'static str) -> Result<Self, Error> {
        let octets = r.left();
        Ok(Self { value: number(r, what)?, octets })
    }

    fn write(self, out: &mut Vec<u8>) {
        let octets = (self.value as u32).to_be_bytes();
        out.extend(octets.iter().skip(octets.len().saturating_sub(self.octets)));
    }
}

impl FcpTemplate {
    /// Reads a template and all its objects.
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let mut objects = Vec::new();
        for Tlv { tag, mut value } in Fcp::decode(octets)?.objects() {
            let object = FcpObject::read(tag, &mut value)?;
            value.finish(object.name())?;
            objects.push((tag, object));
        }
        Ok(Self(objects))
    }

    /// The template as octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_tlv(Fcp::TEMPLATE, &mut out, |out| {
            for (tag, object) in &self.0 {
                match object {
                    FcpObject::Security(attributes) => attributes.write(out),
                    _ => write_tlv(*tag, out, |out| object.write(out)),
                }
            }
        });
        out
    }
}

impl Parts for FcpTemplate {
    fn name(&self) -> &'static str {
        "FCP template"
    }

    fn spec(&self) -> &'static str {
        "TS 102 221 §11.1.1.3"
    }

    fn parts(&self) -> Vec<Part> {
        self.0.iter().map(|(_, object)| Part::new(object.name(), object.spec(), &object.show())).collect()
    }
}

impl FcpObject {
    fn read(tag: u8, r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(match tag {
            0x82 => Self::Descriptor(FileDescriptor::read(r)?),
            0x83 => Self::FileIdentifier(r.u16("file identifier")?),
            0x84 => Self::DfName(r.rest().to_vec()),
            0xA5 => Self::Proprietary(read_objects(r)?),
            0x8A => Self::LifeCycle(r.u8("life cycle status")?),
            0x80 => Self::Size(Number::read(r, "file size")?),
            0x81 => Self::TotalSize(Number::read(r, "total file size")?),
            0x88 if r.is_empty() => Self::ShortIdentifier(None),
            0x88 => Self::ShortIdentifier(Some(r.u8("short file identifier")?)),
            0xC6 => Self::PinStatus(pin_status(r)?),
            _ => {
                let octets = r.rest();
                SecurityAttributes::from_object(tag, octets)
                    .map_or_else(|| Self::Other(octets.to_vec()), Self::Security)
            }
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Descriptor(descriptor) => descriptor.write(out),
            Self::FileIdentifier(fid) => out.extend(fid.to_be_bytes()),
            Self::DfName(octets) | Self::PinStatus(octets) | Self::Other(octets) => out.extend(octets),
            Self::Proprietary(objects) => {
                for (tag, value) in objects {
                    write_tlv(*tag, out, |out| out.extend(value));
                }
            }
            Self::LifeCycle(code) => out.push(*code),
            Self::Size(number) | Self::TotalSize(number) => number.write(out),
            Self::ShortIdentifier(octet) => out.extend(octet),
            Self::Security(attributes) => attributes.write(out),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Descriptor(_) => "file descriptor",
            Self::FileIdentifier(_) => "file identifier",
            Self::DfName(_) => "DF name",
            Self::Proprietary(_) => "proprietary information",
            Self::LifeCycle(_) => "life cycle status",
            Self::Security(_) => "security attributes",
            Self::Size(_) => "file size",
            Self::TotalSize(_) => "total file size",
            Self::ShortIdentifier(_) => "short file identifier",
            Self::PinStatus(_) => "PIN status template",
            Self::Other(_) => "another object",
        }
    }

    const fn spec(&self) -> &'static str {
        match self {
            Self::Size(_) => "TS 102 221 §11.1.1.4.1",
            Self::TotalSize(_) => "TS 102 221 §11.1.1.4.2",
            Self::Descriptor(_) => "TS 102 221 §11.1.1.4.3",
            Self::FileIdentifier(_) => "TS 102 221 §11.1.1.4.4",
            Self::DfName(_) => "TS 102 221 §11.1.1.4.5",
            Self::Proprietary(_) => "TS 102 221 §11.1.1.4.6",
            Self::Security(_) => "TS 102 221 §11.1.1.4.7",
            Self::ShortIdentifier(_) => "TS 102 221 §11.1.1.4.8",
            Self::LifeCycle(_) => "TS 102 221 §11.1.1.4.9",
            Self::PinStatus(_) => "TS 102 221 §11.1.1.4.10",
            Self::Other(_) => "TS 102 221 §11.1.1.3",
        }
    }
}

impl Show for FcpObject {
    fn show(&self) -> Shown {
        match self {
            Self::Descriptor(descriptor) => {
                let structure = match descriptor.structure() {
                    Some(FileStructure::Directory) => "directory",
                    Some(FileStructure::Transparent) => "transparent EF",
                    Some(FileStructure::LinearFixed) => "linear fixed EF",
                    Some(FileStructure::Cyclic) => "cyclic EF",
                    Some(FileStructure::BerTlv) => "BER-TLV EF",
                    None => "unknown",
                };
                let mut fields =
                    vec![("structure", structure.show()), ("shareable", descriptor.is_shareable().show())];
                fields.extend(descriptor.is_internal().then(|| ("internal", true.show())));
                fields.extend(descriptor.record.map(|record| ("record_length", record.show())));
                fields.extend(descriptor.records.map(|records| ("records", records.show())));
                Shown::Fields(fields)
            }
            Self::FileIdentifier(fid) => fid.to_be_bytes().show(),
            Self::DfName(octets) | Self::Other(octets) => octets.show(),
            Self::Proprietary(objects) => Shown::List(objects.iter().map(show_proprietary).collect()),
            Self::PinStatus(octets) => show_pins(octets),
            Self::LifeCycle(code) => match LifeCycle::from_code(*code) {
                Some(LifeCycle::Unknown) => "no information given",
                Some(LifeCycle::Creation) => "creation",
                Some(LifeCycle::Initialisation) => "initialisation",
                Some(LifeCycle::Activated) => "operational, activated",
                Some(LifeCycle::Deactivated) => "operational, deactivated",
                Some(LifeCycle::Terminated) => "terminated",
                None => "proprietary",
            }
            .show(),
            Self::Size(number) | Self::TotalSize(number) => Shown::Number(number.value as u64),
            Self::ShortIdentifier(None) => "none".show(),
            Self::ShortIdentifier(Some(octet)) => [octet >> 3].show(),
            Self::Security(attributes) => attributes.show(),
        }
    }
}

/// An object of the proprietary information (TS 102 221 §11.1.1.4.6).
fn show_proprietary((tag, value): &(u8, Vec<u8>)) -> Shown {
    let name = match tag {
        0x80 => "UICC characteristics",
        0x81 => "application power consumption",
        0x82 => "minimum application clock frequency",
        0x83 => "amount of available memory",
        0x84 => "file details",
        0x85 => "reserved file size",
        0x86 => "maximum file size",
        0x87 => "supported system commands",
        0x88 => "specific UICC environmental conditions",
        _ => "issuer's object",
    };
    Shown::Fields(vec![("tag", [*tag].show()), ("object", name.show()), ("value", value.show())])
}

/// The octets of a PIN status template, if they are one.
fn pin_status(r: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    pin_states(r.clone())?;
    Ok(r.rest().to_vec())
}

/// Each key, with whether it is enabled.
fn show_pins(octets: &[u8]) -> Shown {
    let Ok(pins) = pin_states(Reader::new(octets)) else { return octets.show() };
    let pins = pins.into_iter().map(|PinState { key, enabled }| {
        Shown::Fields(vec![("key", KeyReference(key).show()), ("enabled", enabled.show())])
    });
    Shown::List(pins.collect())
}

fn read_objects(r: &mut Reader<'_>) -> Result<Vec<(u8, Vec<u8>)>, Error> {
    let mut objects = Vec::new();
    while !r.is_empty() {
        let Tlv { tag, mut value } = Tlv::read(r, "FCP object")?;
        objects.push((tag, value.rest().to_vec()));
    }
    Ok(objects)
}

impl Show for KeyReference {
    fn show(&self) -> Shown {
        Shown::Text(match self.0 {
            key @ 0x01..=0x08 => format!("PIN1 of application {key}"),
            key @ 0x0A..=0x0E => format!("ADM{}", key - 0x09),
            0x11 => "universal PIN".into(),
            key @ 0x81..=0x88 => format!("PIN2 of application {}", key - 0x80),
            key @ 0x8A..=0x8E => format!("ADM{}", key - 0x84),
            key => format!("key {key:02X}"),
        })
    }
}

impl Show for SecurityAttributes {
    fn show(&self) -> Shown {
        let file = |arr: &u16| ("EF_ARR", arr.to_be_bytes().show());
        match self {
            Self::Referenced { arr, record } => Shown::Fields(vec![file(arr), ("record", record.show())]),
            Self::ReferencedBySe { arr, records } => {
                let records = records.iter().map(|(environment, record)| {
                    Shown::Fields(vec![("environment", environment.show()), ("record", record.show())])
                });
                Shown::Fields(vec![file(arr), ("records", Shown::List(records.collect()))])
            }
            Self::Compact(octets) => Shown::Fields(vec![("compact", octets.show())]),
            Self::Expanded(octets) => match AccessRule::decode(octets, "access rule") {
                Ok(rule) => rule.show(),
                Err(_) => octets.show(),
            },
        }
    }
}

/// An access rule in expanded format: a record of `EF_ARR` (TS 102 221 §9.2.4). Octets `FF` fill it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRule {
    objects: Vec<(u8, Vec<u8>)>,
    filling: usize,
}

impl Wire for AccessRule {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut objects = Vec::new();
        while !r.is_empty() && r.peek() != Some(0xFF) {
            let Tlv { tag, mut value } = Tlv::read(r, "access rule")?;
            let octets = value.clone().rest().to_vec();
            if CONTROL_REFERENCE.contains(&tag) {
                while !value.is_empty() {
                    Tlv::read(&mut value, "security condition")?;
                }
            }
            objects.push((tag, octets));
        }
        let end = r.clone();
        let rest = r.rest();
        match rest.iter().position(|&octet| octet != 0xFF) {
            None => Ok(Self { objects, filling: rest.len() }),
            Some(_) => Err(end.error("access rule", ErrorKind::Trailing(rest.len()))),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        for (tag, value) in &self.objects {
            write_tlv(*tag, out, |out| out.extend(value));
        }
        out.extend(core::iter::repeat_n(0xFF, self.filling));
    }
}

/// Templates whose value is objects: control references, and the conditions OR, NOT and AND.
const CONTROL_REFERENCE: [u8; 4] = [0xA0, 0xA4, 0xA7, 0xAF];

impl Show for AccessRule {
    fn show(&self) -> Shown {
        Shown::List(
            self.lines()
                .into_iter()
                .map(|(what, condition)| {
                    Shown::Fields(vec![("may", Shown::Text(what)), ("if", Shown::Text(condition))])
                })
                .collect(),
        )
    }
}

impl Parts for AccessRule {
    fn name(&self) -> &'static str {
        "access rule"
    }

    fn spec(&self) -> &'static str {
        "TS 102 221 §9.2.4"
    }

    fn parts(&self) -> Vec<Part> {
        let fields = self.lines().into_iter().map(|(what, condition)| {
            let value = Shown::Fields(vec![("may", Shown::Text(what)), ("if", Shown::Text(condition))]);
            Part { name: "rule", spec: "TS 102 221 §9.2.4", value }
        });
        fields.collect()
    }
}

impl AccessRule {
    /// What may be done, and on which condition; another condition for the same is another line.
    fn lines(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        let mut what = String::from("nothing");
        for (tag, value) in &self.objects {
            match tag {
                0x80 => what = modes(value),
                0x81..=0x8F => what = instructions(value),
                _ => lines.push((what.clone(), condition(*tag, value, 4))),
            }
        }
        lines
    }
}

/// Access mode byte (TS 102 221 §9.2.1, ISO/IEC 7816-4 §9.3.3.1), in the words for an EF.
fn modes(octets: &[u8]) -> String {
    const NAMES: [(u8, &str); 7] = [
        (0x01, "read"),
        (0x02, "update"),
        (0x04, "append or create DF"),
        (0x08, "deactivate"),
        (0x10, "activate"),
        (0x20, "terminate"),
        (0x40, "delete"),
    ];
    let byte = octets.first().copied().unwrap_or_default();
    let names: Vec<&str> = NAMES.iter().filter(|(bit, _)| byte & bit != 0).map(|&(_, name)| name).collect();
    names.join(", ")
}

fn instructions(octets: &[u8]) -> String {
    let names: Vec<String> = octets
        .iter()
        .map(|&code| {
            let name = Instruction(code).name();
            name.map_or_else(|| format!("instruction {code:02X}"), |name| name.replace('_', " "))
        })
        .collect();
    names.join(", ")
}

/// A security condition in words (TS 102 221 §9.2.2, ISO/IEC 7816-4 §9.3.3.2); conditions nest so deep at most.
fn condition(tag: u8, value: &[u8], depth: u8) -> String {
    let Some(depth) = depth.checked_sub(1) else { return "conditions nested too deep".into() };
    let mut r = Reader::new(value);
    let mut objects = Vec::new();
    while let Ok(Tlv { tag, mut value }) = Tlv::read(&mut r, "security condition") {
        objects.push((tag, value.rest()));
    }
    let nested = |word: &str| {
        let parts: Vec<String> = objects.iter().map(|&(tag, value)| condition(tag, value, depth)).collect();
        format!("({})", parts.join(word))
    };
    match tag {
        0x90 => "always".into(),
        0x97 => "never".into(),
        0x9E => format!("condition byte {}", hex_of(value)),
        0xA4 => objects.iter().find(|(tag, _)| *tag == 0x83).and_then(|(_, key)| key.first()).map_or_else(
            || "a key".into(),
            |&key| match KeyReference(key).show() {
                Shown::Text(text) => text,
                _ => String::new(),
            },
        ),
        0xA0 => nested(" or "),
        0xA7 => format!("not {}", nested(" or ")),
        0xAF => nested(" and "),
        _ => format!("condition {tag:02X} {}", hex_of(value)),
    }
}

fn hex_of(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |text, octet| format!("{text}{octet:02X}"))
}

/// The header of a file, which a SIM of GSM answers SELECT and STATUS with (TS 51.011 §9.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GsmHeader(Vec<u8>);

impl GsmHeader {
    /// Reads a header: of a directory 22 octets or more, of an EF 14 or more, as its type says.
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        r.take(crate::header::TYPE, "header of a file")?;
        let at = r.offset();
        let needed = match r.u8("type of file")? {
            0x01 | 0x02 => crate::header::DIRECTORY,
            0x04 => crate::header::ELEMENTARY,
            other => return Err(Error::new("type of file", at, ErrorKind::Value(other.into()))),
        };
        Reader::new(octets).take(needed, "header of a file")?;
        let length = usize::from(octets.get(12).copied().unwrap_or_default());
        if octets.len() != 13 + length {
            return Err(Error::new("length of the following data", 12, ErrorKind::Value(length as u32)));
        }
        Ok(Self(octets.to_vec()))
    }

    /// The header as octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn octet(&self, place: usize) -> u8 {
        self.0.get(place).copied().unwrap_or_default()
    }

    fn number(&self, place: usize) -> u16 {
        u16::from_be_bytes([self.octet(place), self.octet(place + 1)])
    }
}

impl Parts for GsmHeader {
    fn name(&self) -> &'static str {
        match self.octet(6) {
            0x04 => "header of an EF",
            0x01 => "header of the MF",
            _ => "header of a DF",
        }
    }

    fn spec(&self) -> &'static str {
        "TS 51.011 §9.2.1"
    }

    fn parts(&self) -> Vec<Part> {
        let spec = self.spec();
        let access = |half: u8| {
            Shown::Text(match half {
                0 => "always".into(),
                1 | 2 => format!("CHV{half}"),
                3 => "reserved".into(),
                15 => "never".into(),
                level => format!("ADM level {level}"),
            })
        };
        let mut parts = Vec::new();
        let mut add = |name, value: Shown| parts.push(Part { name, spec, value });
        if self.octet(6) == 0x04 {
            let status = self.octet(11);
            add("file size", self.number(2).show());
            add("file identifier", self.number(4).to_be_bytes().show());
            add("INCREASE allowed", (self.octet(7) & 0x40 != 0).show());
            for (name, half) in [
                ("READ, SEEK", self.octet(8) >> 4),
                ("UPDATE", self.octet(8) & 0x0F),
                ("INCREASE", self.octet(9) >> 4),
                ("REHABILITATE", self.octet(10) >> 4),
                ("INVALIDATE", self.octet(10) & 0x0F),
            ] {
                add(name, access(half));
            }
            add("invalidated", (status & 0x01 == 0).show());
            add("usable when invalidated", (status & 0x04 != 0).show());
            let structure = match self.octet(13) {
                0x00 => "transparent",
                0x01 => "linear fixed",
                0x03 => "cyclic",
                _ => "unknown",
            };
            add("structure", structure.show());
            if self.octet(13) != 0x00 {
                add("record length", self.octet(14).show());
            }
        } else {
            add("memory left", self.number(2).show());
            add("file identifier", self.number(4).to_be_bytes().show());
            add("file characteristics", [self.octet(13)].show());
            add("CHV1 enabled", (self.octet(13) & 0x80 == 0).show());
            add("directories", self.octet(14).show());
            add("EFs", self.octet(15).show());
            add("secret codes", self.octet(16).show());
            for (name, place) in [("CHV1", 18), ("UNBLOCK CHV1", 19), ("CHV2", 20), ("UNBLOCK CHV2", 21)] {
                let status = self.octet(place);
                let text = if status & 0x80 == 0 {
                    "not initialised".into()
                } else {
                    format!("initialised, {} tries left", status & 0x0F)
                };
                add(name, Shown::Text(text));
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_of_a_real_card_comes_back() {
        let rows = include_str!("../tests/vectors/fcp.jsonl").lines();
        let mut count = 0;
        for hex in rows.filter_map(|row| row.split_once("\"hex\": \"")?.1.split('"').next()) {
            let octets = hex::decode(hex).unwrap();
            let template = FcpTemplate::decode(&octets).unwrap_or_else(|error| panic!("{hex}: {error}"));
            assert_eq!(hex::encode_upper(template.encode()), hex);
            count += 1;
        }
        assert!(count > 20, "{count}");
    }

    #[test]
    fn a_rule_is_told_in_words() {
        let octets =
            hex::decode("80010190008001029700800118A40683010A9501088401D4A40683010A950108FFFF").unwrap();
        let rule = AccessRule::decode(&octets, "rule").unwrap();
        let lines = rule.lines();
        let lines: Vec<(&str, &str)> =
            lines.iter().map(|(what, if_)| (what.as_str(), if_.as_str())).collect();
        assert_eq!(
            lines,
            [
                ("read", "always"),
                ("update", "never"),
                ("deactivate, activate", "ADM1"),
                ("RESIZE FILE", "ADM1")
            ]
        );
        assert_eq!(rule.encode(), octets);
    }

    #[test]
    fn a_header_whose_length_lies_is_refused() {
        let octets = hex::decode("850D00076F05040001FFFF0302000").unwrap_or_default();
        assert!(GsmHeader::decode(&octets).is_err());
        let octets = hex::decode("850D00076F05040001FFFF03020000").unwrap();
        assert!(GsmHeader::decode(&octets).is_ok());
        assert_eq!(GsmHeader::decode(&octets[..14]).unwrap_err().offset, 12);
    }
}
