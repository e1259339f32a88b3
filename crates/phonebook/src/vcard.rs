//! vCard files: 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) in, 3.0 or 4.0 out.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use calcard::{
    Entry, Parser,
    vcard::{
        VCard, VCardEntry, VCardParameter, VCardParameterName, VCardParameterValue, VCardProperty,
        VCardValue, VCardVersion,
    },
};

use crate::book::{Contact, LabelledNumber};

/// The version of a vCard file to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 3.0, which older programs read.
    V3,
    /// 4.0.
    #[default]
    V4,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct VcardError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: VcardReason,
}

/// What is wrong with a vCard file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VcardReason {
    /// It has no text.
    #[error("the file is empty")]
    Empty,
    /// It is not text in UTF-8.
    #[error("this is not UTF-8 text")]
    NotUtf8,
    /// Text stands where a vCard must begin.
    #[error("BEGIN:VCARD expected, found '{0}'")]
    NoBegin(String),
    /// The vCard that begins here does not end.
    #[error("this BEGIN:VCARD has no END:VCARD")]
    NoEnd,
    /// The line is no property.
    #[error("'{0}' is no property of a vCard")]
    NoProperty(String),
}

/// Reads all vCards of a file.
///
/// The name is FN, else N, else ORG; the second name is NICKNAME, and groups are CATEGORIES. The number with the preferred mark comes first.
///
/// ```
/// use oxisim_phonebook::vcard;
///
/// let contacts = vcard::read(b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ana\r\nTEL;TYPE=cell:+49 151 234\r\nEND:VCARD\r\n")?;
/// assert_eq!(contacts[0].name, "Ana");
/// assert_eq!(contacts[0].numbers[0].label, "CELL");
///
/// let error = vcard::read(b"BEGIN:VCARD\nFN:Ana\n").unwrap_err();
/// assert_eq!(error.to_string(), "line 1: this BEGIN:VCARD has no END:VCARD");
/// # Ok::<(), vcard::VcardError>(())
/// ```
pub fn read(bytes: &[u8]) -> Result<Vec<Contact>, VcardError> {
    let text = core::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to());
        VcardError { line: 1 + before.filter(|&&octet| octet == b'\n').count(), reason: VcardReason::NotUtf8 }
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let cards = cards(text)?;
    if cards.is_empty() {
        return Err(VcardError { line: 1, reason: VcardReason::Empty });
    }
    cards.into_iter().map(|(line, card)| contact(line, card)).collect()
}

/// The contacts as a vCard file, with CRLF line ends. What [`Contact::other`] names is not in it: a contact has
/// the names only.
#[must_use]
pub fn write(contacts: &[Contact], version: Version) -> String {
    let version = match version {
        Version::V3 => VCardVersion::V3_0,
        Version::V4 => VCardVersion::V4_0,
    };
    let mut out = String::new();
    for contact in contacts {
        // Writing to a string does not fail.
        let _ = card(contact).write_to(&mut out, version);
    }
    out
}

/// Parts a file into vCards, each with the number of its first line.
fn cards(text: &str) -> Result<Vec<(usize, &str)>, VcardError> {
    let mut cards = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut offset = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let start = offset;
        offset += line.len();
        let words = line.trim();
        // What begins with white space goes on with the line before (RFC 6350 §3.2).
        let goes_on = line.starts_with([' ', '\t']);
        open = match open {
            Some(_) if goes_on => open,
            None if words.is_empty() => None,
            None if words.eq_ignore_ascii_case("BEGIN:VCARD") => Some((number, start)),
            None => {
                let reason = VcardReason::NoBegin(excerpt(words));
                return Err(VcardError { line: number, reason });
            }
            Some((begin, _)) if words.eq_ignore_ascii_case("BEGIN:VCARD") => {
                return Err(VcardError { line: begin, reason: VcardReason::NoEnd });
            }
            Some((begin, from)) if words.eq_ignore_ascii_case("END:VCARD") => {
                cards.push((begin, text.get(from..offset).unwrap_or_default()));
                None
            }
            unfinished => unfinished,
        };
    }
    match open {
        Some((line, _)) => Err(VcardError { line, reason: VcardReason::NoEnd }),
        None => Ok(cards),
    }
}

/// Reads the vCard whose first line is `line` of the file.
fn contact(line: usize, card: &str) -> Result<Contact, VcardError> {
    let found = match Parser::new(card).strict().entry() {
        Entry::VCard(parsed) => return Ok(from_entries(&parsed.entries)),
        Entry::InvalidLine(found) => found,
        _ => String::new(),
    };
    let within = card.lines().position(|line| line.trim_start().starts_with(found.trim())).unwrap_or(0);
    Err(VcardError { line: line + within, reason: VcardReason::NoProperty(excerpt(&found)) })
}

fn from_entries(entries: &[VCardEntry]) -> Contact {
    let mut contact = Contact::default();
    let naming = [VCardProperty::Fn, VCardProperty::N, VCardProperty::Org];
    let named = naming.iter().find_map(|property| {
        let mut names = entries.iter().filter(|entry| entry.name == *property).map(name);
        names.find(|name| !name.is_empty()).map(|name| (property, name))
    });
    let source = named.as_ref().map(|(property, _)| *property);
    let mut preferred = 0;
    for entry in entries {
        match &entry.name {
            VCardProperty::Begin
            | VCardProperty::End
            | VCardProperty::Version
            | VCardProperty::Prodid
            | VCardProperty::N
            | VCardProperty::Fn => {}
            property if Some(property) == source => {}
            VCardProperty::Tel => {
                let number = LabelledNumber { number: texts(entry).join(","), label: label(entry) };
                if number.number.is_empty() {
                    continue;
                }
                let place = if is_preferred(entry) { preferred } else { contact.numbers.len() };
                preferred += usize::from(is_preferred(entry));
                contact.numbers.insert(place, number);
            }
            VCardProperty::Email => contact.emails.extend(texts(entry)),
            VCardProperty::Categories => {
                for group in texts(entry).iter().map(|group| group.trim()).filter(|group| !group.is_empty()) {
                    if !contact.groups.iter().any(|other| other == group) {
                        contact.groups.push(group.to_owned());
                    }
                }
            }
            VCardProperty::Nickname if contact.second_name.is_empty() => {
                contact.second_name = texts(entry).join(", ");
            }
            property => {
                let name = property.as_str().to_ascii_uppercase();
                if !contact.other.contains(&name) {
                    contact.other.push(name);
                }
            }
        }
    }
    contact.name = named.map(|(_, name)| name).unwrap_or_default();
    contact
}

/// The name that FN, N or ORG gives. The components of N are family, given and additional names, prefixes and
/// suffixes.
fn name(entry: &VCardEntry) -> String {
    let parts = texts(entry);
    let order: &[usize] = if entry.name == VCardProperty::N { &[3, 1, 2, 0, 4] } else { &[0, 1, 2, 3, 4] };
    let parts = order.iter().filter_map(|&place| parts.get(place)).map(String::as_str);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn texts(entry: &VCardEntry) -> Vec<String> {
    let text = |value: &VCardValue| match value {
        VCardValue::Component(parts) => parts.join(" "),
        VCardValue::Binary(data) => String::from_utf8_lossy(&data.data).into_owned(),
        VCardValue::Integer(number) => number.to_string(),
        other => other.as_text().unwrap_or_default().to_owned(),
    };
    entry.values.iter().map(text).collect()
}

/// The types of a number, parted by commas.
fn label(entry: &VCardEntry) -> String {
    let types = entry.parameters(&VCardParameterName::Type).filter_map(VCardParameterValue::as_text);
    let types = types.filter(|name| !name.eq_ignore_ascii_case("pref")).map(str::to_ascii_uppercase);
    types.collect::<Vec<_>>().join(",")
}

fn is_preferred(entry: &VCardEntry) -> bool {
    let mut types = entry.parameters(&VCardParameterName::Type).filter_map(VCardParameterValue::as_text);
    types.any(|name| name.eq_ignore_ascii_case("pref"))
        || entry.parameters(&VCardParameterName::Pref).next().is_some()
}

fn card(contact: &Contact) -> VCard {
    let text = |text: &str| VCardValue::Text(text.to_owned());
    let mut entries = Vec::new();
    let mut components = Vec::from([text(&contact.name)]);
    components.resize(5, text(""));
    entries.push(VCardEntry::new(VCardProperty::Fn).with_value(text(&contact.name)));
    entries.push(VCardEntry::new(VCardProperty::N).with_values(components));
    if !contact.second_name.is_empty() {
        let nickname = VCardEntry::new(VCardProperty::Nickname);
        entries.push(nickname.with_value(text(&contact.second_name)));
    }
    for number in &contact.numbers {
        let types = number.label.split(',').filter(|name| !name.is_empty());
        let types = types.map(|name| {
            VCardParameter::new(VCardParameterName::Type, VCardParameterValue::Text(name.to_owned()))
        });
        let entry = VCardEntry::new(VCardProperty::Tel).with_params(types.collect());
        entries.push(entry.with_value(text(&number.number)));
    }
    let emails =
        contact.emails.iter().map(|address| VCardEntry::new(VCardProperty::Email).with_value(text(address)));
    entries.extend(emails);
    if !contact.groups.is_empty() {
        let groups = contact.groups.iter().map(|group| text(group)).collect();
        entries.push(VCardEntry::new(VCardProperty::Categories).with_values(groups));
    }
    VCard { entries }
}

/// The start of a line, for a message.
fn excerpt(line: &str) -> String {
    line.trim().chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &[u8]) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_vcard_file_is_refused_with_its_line() {
        assert_eq!(error(b""), "line 1: the file is empty");
        assert_eq!(error(b"\xEF\xBB\xBF\n \n"), "line 1: the file is empty");
        assert_eq!(error(b"\nname,number\n"), "line 2: BEGIN:VCARD expected, found 'name,number'");
        assert_eq!(error(b"BEGIN:VCARD\nFN:J\xF6rg\n"), "line 2: this is not UTF-8 text");
        let second = b"BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\nBEGIN:VCARD\nEND:VCARD\n";
        assert_eq!(error(second), "line 4: this BEGIN:VCARD has no END:VCARD");
        let stray = b"BEGIN:VCARD\nVERSION:3.0\nFN:A\nno property\nEND:VCARD\n";
        assert_eq!(error(stray), "line 4: 'no property' is no property of a vCard");
    }

    #[test]
    fn a_line_that_goes_on_begins_and_ends_no_vcard() {
        let file = b"BEGIN:VCARD\nVERSION:4.0\nFN:A\nTEL:12\n END:VCARD\n BEGIN:VCARD\nEND:VCARD\n";
        let contacts = read(file).unwrap();
        assert_eq!(contacts[0].numbers[0].number, "12END:VCARDBEGIN:VCARD");
    }

    #[test]
    fn the_name_is_fn_else_n_else_org() {
        let name = |lines: &str| {
            let card = alloc::format!("BEGIN:VCARD\nVERSION:3.0\n{lines}\nEND:VCARD\n");
            read(card.as_bytes()).unwrap().remove(0)
        };
        assert_eq!(name("FN:Dr. Ana Maria Lima\nN:Lima;Ana;Maria;Dr.;").name, "Dr. Ana Maria Lima");
        assert_eq!(name("FN:\nN:Lima;Ana;Maria;Dr.;jun.").name, "Dr. Ana Maria Lima jun.");
        let firm = name("ORG:Flowers;Sales\nNOTE:x");
        assert_eq!((firm.name.as_str(), firm.other), ("Flowers Sales", ["NOTE".to_owned()].to_vec()));
    }

    #[test]
    fn the_preferred_number_comes_first() {
        let card =
            b"BEGIN:VCARD\nVERSION:3.0\nFN:A\nTEL;TYPE=HOME:1\nTEL;TYPE=CELL,pref:2\nTEL:3\nEND:VCARD\n";
        let numbers = read(card).unwrap().remove(0).numbers;
        let numbers: Vec<_> = numbers.iter().map(|n| (n.number.as_str(), n.label.as_str())).collect();
        assert_eq!(numbers, [("2", "CELL"), ("1", "HOME"), ("3", "")]);
    }

    #[test]
    fn quoted_printable_and_folded_lines_are_whole_again() {
        let card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=\r\n M=C3=BCller\r\nTEL:+49\r\n 151\r\nEND:VCARD\r\n";
        let contact = read(card).unwrap().remove(0);
        assert_eq!((contact.name.as_str(), contact.numbers[0].number.as_str()), ("Jörg Müller", "+49151"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let contact = Contact {
            name: "Semi;colon, back\\slash und ein Name, der länger ist als eine Zeile der Datei sein darf, 王小明".into(),
            second_name: "Wáng, Xiǎomíng".into(),
            numbers: Vec::from([LabelledNumber { number: "+49p1,2".into(), label: "WORK,FAX".into() }]),
            emails: Vec::from(["a@example.org".to_owned()]),
            groups: Vec::from(["Family".to_owned(), "Büro, 2. Stock".to_owned()]),
            other: Vec::new(),
        };
        for version in [Version::V3, Version::V4] {
            let text = write(core::slice::from_ref(&contact), version);
            assert!(text.lines().all(|line| line.len() <= 75) && text.ends_with("END:VCARD\r\n"));
            assert_eq!(read(text.as_bytes()).unwrap(), core::slice::from_ref(&contact));
        }
    }

    proptest! {
        #[test]
        fn any_file_is_read_or_refused_with_a_line_it_has(
            lines in proptest::collection::vec("BEGIN:VCARD|END:VCARD|(FN|N|TEL|ORG|EMAIL|a\\.TEL)[;=:A-Z]{0,9}:\\PC{0,20}|.{0,20}", 0..12),
        ) {
            let text = lines.join("\n");
            if let Err(error) = read(text.as_bytes()) {
                prop_assert!((1..=text.lines().count().max(1)).contains(&error.line), "{}", error);
            }
        }
    }
}
