//! The scripts of 3GPP TS 51.013 Annex B, in which the tests of the SIM API for Java Card are written.

use alloc::{format, vec::Vec};

use oxisim_apdu::Class;

use super::{
    Context,
    cursor::Cursor,
    data::{self, PLAIN},
};
use crate::{
    source::Mistake,
    syntax::{Data, Expected, Said, Statement, Step},
};

/// The words of the annex.
pub const WORDS: &[&str] = &["CMD", "RST", "INI", "REM", "OFF", "SWI"];

/// Reads a text.
pub fn read(mut cursor: Cursor<'_>, context: &mut Context<'_, '_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    while !cursor.is_end() && !context.has_enough {
        if let Some(mistake) = switch(&cursor) {
            // What stands behind it belongs to it.
            context.mistake(mistake);
            break;
        }
        match statement(&mut cursor) {
            Ok(statement) => statements.extend(statement),
            Err(mistake) => {
                context.mistake(mistake);
                cursor.next_line();
            }
        }
    }
    statements
}

/// `SWI`, of which is published what its labelled lists mean (§B.2), but is not known here how they are written.
fn switch(cursor: &Cursor<'_>) -> Option<Mistake> {
    let (word, span) = cursor.clone().word()?;
    let refused =
        || Mistake::new(span, "SWI is not read: it is not known how its labelled lists are written");
    (word == "SWI").then(|| refused().help("in the own language: if (91XX) … else … end"))
}

fn statement(cursor: &mut Cursor<'_>) -> Result<Option<Statement>, Mistake> {
    let start = cursor.here();
    let missing = cursor.unexpected("CMD, RST, INI, REM or OFF");
    let (word, _) = cursor.word().ok_or(missing)?;
    let mut expected = Expected::default();
    let step = match word {
        "CMD" => {
            let command = octets(cursor)?;
            if command.parts.is_empty() {
                return Err(cursor.unexpected("a command"));
            }
            Step::Send(command)
        }
        "RST" => Step::Reset,
        "OFF" => Step::Power(false),
        "INI" => Step::Init { profile: Some(octets(cursor)?), class: Class::GSM },
        "REM" => {
            cursor.rest_of_line();
            return Ok(None);
        }
        // A line that begins with another word of three letters is for another tool.
        other if other.len() == 3 => {
            let text = format!("{other} {}: for another tool, passed over", cursor.rest_of_line());
            Step::Echo([Said::Text(text)].into())
        }
        other => return Err(Mistake::new(cursor.since(start), format!("{other:?} begins nothing"))),
    };
    let span = cursor.solid_since(start);
    if step.is_answered() {
        loop {
            let mut ahead = cursor.clone();
            ahead.blank(true);
            if !matches!(ahead.peek(), Some(b'[' | b'(')) {
                break;
            }
            *cursor = ahead;
            data::expected(cursor, &mut expected)?;
        }
    }
    let statement = Statement { span, step, expected };
    statement.check()?;
    Ok(Some(statement))
}

/// Octets, which go on while the next line begins with some.
fn octets(cursor: &mut Cursor<'_>) -> Result<Data, Mistake> {
    let mut all = data::data(cursor, PLAIN)?;
    loop {
        let mut ahead = cursor.clone();
        ahead.blank(true);
        let mut word = ahead.clone();
        let is_octets =
            word.word().is_some_and(|(word, _)| word.bytes().all(|octet| octet.is_ascii_hexdigit()));
        if !is_octets {
            return Ok(all);
        }
        *cursor = ahead;
        let more = data::data(cursor, PLAIN)?;
        all.span = all.span.to(more.span);
        all.parts.extend(more.parts);
    }
}
