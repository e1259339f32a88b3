//! Octets, patterns of octets, and status words.

use alloc::{borrow::ToOwned, boxed::Box, format, vec::Vec};

use super::cursor::Cursor;
use crate::{
    pattern::StatusPattern,
    source::{Mistake, Span},
    syntax::{Data, Expected, LengthForm, Name, Part, Statuses},
};

/// How deep lengths may stand in lengths.
const DEEPEST: usize = 16;

/// What may stand in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Wildcards and captures.
    pub wildcards: bool,
    /// More lines.
    pub lines: bool,
    /// Texts, of which the octets are meant.
    pub texts: bool,
}

/// Octets to be sent, on one line.
pub const PLAIN: Allowed = Allowed { wildcards: false, lines: false, texts: true };
/// Octets beside texts that are meant as such.
pub const TEXTLESS: Allowed = Allowed { wildcards: false, lines: false, texts: false };
/// Octets between brackets.
const ENCLOSED: Allowed = Allowed { wildcards: false, lines: true, texts: true };
/// A pattern between brackets.
const PATTERN: Allowed = Allowed { wildcards: true, lines: true, texts: true };

/// Octets, up to what is none.
pub fn data(cursor: &mut Cursor<'_>, allowed: Allowed) -> Result<Data, Mistake> {
    within(cursor, allowed, 0)
}

fn within(cursor: &mut Cursor<'_>, allowed: Allowed, depth: usize) -> Result<Data, Mistake> {
    cursor.blank(allowed.lines);
    let start = cursor.here();
    let mut data = Data { span: start, parts: Vec::new() };
    loop {
        cursor.blank(allowed.lines);
        let here = cursor.here();
        let part = match cursor.peek() {
            Some(b'"') if allowed.texts => Part::Octets(cursor.string()?.0.into_bytes()),
            Some(b'$') => Part::Variable(variable(cursor)?),
            Some(b'#') if cursor.sees("#(") || cursor.sees("##(") => {
                let form = if cursor.take("##(") { LengthForm::Ber } else { LengthForm::Lc };
                if form == LengthForm::Lc {
                    cursor.skip(2);
                }
                if depth == DEEPEST {
                    return Err(Mistake::new(cursor.since(here), "lengths in lengths in lengths: too deep"));
                }
                let inner = within(cursor, ENCLOSED, depth + 1)?;
                close(cursor, ")", here)?;
                Part::Length(form, Box::new(inner))
            }
            Some(b'<') if allowed.wildcards => capture(cursor)?,
            Some(b'.') if allowed.wildcards && cursor.take("..") => {
                cursor.take(".");
                Part::Any
            }
            Some(b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f' | b'X' | b'x') => {
                digits(cursor, allowed, &mut data.parts)?;
                data.span = cursor.since(start);
                continue;
            }
            _ => return Ok(data),
        };
        push(&mut data.parts, part);
        data.span = cursor.since(start);
    }
}

/// Hexadecimal digits, and `X` for a digit that does not count.
fn digits(cursor: &mut Cursor<'_>, allowed: Allowed, parts: &mut Vec<Part>) -> Result<(), Mistake> {
    let start = cursor.here();
    let rest = cursor.rest();
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || matches!(c, 'x' | 'X'))).unwrap_or(rest.len());
    let run = rest.get(..end).unwrap_or_default();
    cursor.skip(end);
    let all = cursor.since(start);
    let run = match run.strip_prefix("0x") {
        Some(octet) if octet.len() == 2 => octet,
        _ => run,
    };
    if let Some(next) =
        cursor.peek().filter(|next| next.is_ascii_alphanumeric() || matches!(next, b'-' | b'_'))
    {
        let what = format!("{:?} is not a hexadecimal digit", char::from(next));
        return Err(Mistake::new(cursor.next_char(), what));
    }
    if !allowed.wildcards
        && let Some(place) = run.find(['X', 'x'])
    {
        let at = all.end - (run.len() - place) as u32;
        let span = Span { start: at, end: at + 1, ..all };
        return Err(
            Mistake::new(span, "what is sent has no wildcards").help("X stands in [expected data] only")
        );
    }
    let (octets, half) = run.as_bytes().as_chunks::<2>();
    if !half.is_empty() {
        let span = Span { start: all.end - 1, ..all };
        return Err(Mistake::new(span, "half an octet").help("octets have two digits"));
    }
    for &[high, low] in octets {
        let ((high, high_mask), (low, low_mask)) = (nibble(high), nibble(low));
        let (value, mask) = (high << 4 | low, high_mask << 4 | low_mask);
        push(parts, if mask == 0xFF { Part::Octets([value].to_vec()) } else { Part::Masked { value, mask } });
    }
    Ok(())
}

/// A digit, and which of its bits count.
fn nibble(digit: u8) -> (u8, u8) {
    match char::from(digit).to_digit(16) {
        Some(value) => (value as u8, 0x0F),
        None => (0, 0),
    }
}

/// Octets behind octets are one part.
fn push(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (Some(Part::Octets(before)), Part::Octets(octets)) => before.extend(octets),
        (_, part) => parts.push(part),
    }
}

/// `$name` or `${name}`.
fn variable(cursor: &mut Cursor<'_>) -> Result<Name, Mistake> {
    let start = cursor.here();
    cursor.skip(1);
    let is_braced = cursor.take("{");
    let name = name(cursor, "the name of a variable")?;
    if is_braced {
        close(cursor, "}", start)?;
    }
    Ok(Name { span: cursor.since(start), ..name })
}

/// `<name>` or `<name:4>`.
fn capture(cursor: &mut Cursor<'_>) -> Result<Part, Mistake> {
    let start = cursor.here();
    cursor.skip(1);
    let name = name(cursor, "the name of a variable")?;
    let length =
        if cursor.take(":") { Some(usize::from(number::<u16>(cursor, "a number of octets")?)) } else { None };
    close(cursor, ">", start)?;
    Ok(Part::Capture { name, length })
}

/// A word of the script's own.
pub fn name(cursor: &mut Cursor<'_>, wanted: &str) -> Result<Name, Mistake> {
    let missing = cursor.unexpected(wanted);
    let (text, span) = cursor.word().ok_or(missing)?;
    Ok(Name { span, text: text.to_owned() })
}

/// A decimal number.
pub fn number<T: core::str::FromStr>(cursor: &mut Cursor<'_>, wanted: &str) -> Result<T, Mistake> {
    let missing = cursor.unexpected(wanted);
    let (text, span) = cursor.word().ok_or(missing)?;
    text.parse().map_err(|_| Mistake::new(span, format!("this is not {wanted}")))
}

/// What closes what was opened.
pub fn close(cursor: &mut Cursor<'_>, what: &str, opened: Span) -> Result<(), Mistake> {
    cursor.blank(true);
    if cursor.take(what) {
        return Ok(());
    }
    if cursor.peek().is_some() && !cursor.is_behind_line_of(opened) {
        let mistake = Mistake::new(cursor.next_char(), "these are not octets");
        return Err(mistake.help(format!("hexadecimal digits, or {what:?} before it")));
    }
    // The lines that were taken for a part of this are looked at by themselves.
    cursor.back_to(opened);
    let span = Span { end: opened.start + 1, ..opened };
    Err(Mistake::new(span, format!("{what:?} is missing to this")))
}

/// `[data]` and `(status words)` that stand here, or on lines of their own behind.
pub fn expected(cursor: &mut Cursor<'_>, expected: &mut Expected) -> Result<(), Mistake> {
    loop {
        cursor.blank(false);
        let start = cursor.here();
        match cursor.peek() {
            Some(b'[') => {
                cursor.skip(1);
                let pattern = data(cursor, PATTERN)?;
                close(cursor, "]", start)?;
                let span = cursor.since(start);
                if expected.data.is_some() {
                    return Err(Mistake::new(span, "data is expected twice"));
                }
                expected.data = Some(Data { span, ..pattern });
            }
            Some(b'(') => {
                let words = statuses(cursor)?;
                if expected.status.is_some() {
                    return Err(Mistake::new(words.span, "a status word is expected twice")
                        .help("several are separated by commas: (9000, 61XX)"));
                }
                expected.status = Some(words);
            }
            _ => return Ok(()),
        }
    }
}

/// `(9000, 61XX)`.
pub fn statuses(cursor: &mut Cursor<'_>) -> Result<Statuses, Mistake> {
    let start = cursor.here();
    cursor.skip(1);
    let mut words = Vec::new();
    loop {
        cursor.blank(true);
        words.push(status(cursor)?);
        cursor.blank(true);
        if !cursor.take(",") {
            break;
        }
    }
    close(cursor, ")", start)?;
    Ok(Statuses { span: cursor.since(start), words })
}

/// `9000`, `61 XX`, `91<length>`, `<status>`.
fn status(cursor: &mut Cursor<'_>) -> Result<StatusPattern, Mistake> {
    const SHAPE: &str = "a status word has four digits, as 9000 or 61XX";
    let start = cursor.here();
    let pattern = data(cursor, PATTERN)?;
    let span = if pattern.parts.is_empty() { cursor.next_char() } else { cursor.since(start) };
    let wrong = || Mistake::new(span, "this is not a status word").help(SHAPE);
    let mut word = StatusPattern { value: 0, mask: 0, capture: None };
    let mut octets = 0;
    let mut add = |word: &mut StatusPattern, value: u8, mask: u8| {
        word.value = word.value << 8 | u16::from(value);
        word.mask = word.mask << 8 | u16::from(mask);
        octets += 1;
    };
    for part in &pattern.parts {
        match part {
            Part::Octets(values) if values.len() <= 2 => {
                for &value in values {
                    add(&mut word, value, 0xFF);
                }
            }
            Part::Masked { value, mask } => add(&mut word, *value, *mask),
            Part::Capture { name, length: None | Some(1 | 2) } if word.capture.is_none() => {
                // Alone it is both octets, behind SW1 it is SW2.
                let both = if pattern.parts.len() == 1 { 2 } else { 1 };
                (0..both).for_each(|_| add(&mut word, 0, 0));
                word.capture = Some(name.text.clone());
            }
            _ => return Err(wrong()),
        }
    }
    let is_behind = word.capture.is_none() || word.mask.to_be_bytes()[1] == 0;
    if octets == 2 && is_behind { Ok(word) } else { Err(wrong()) }
}
