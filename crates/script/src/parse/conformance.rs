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
    syntax::{Data, Expected, Said, Statement, Statuses, Step},
};

/// The words of the annex.
pub const WORDS: &[&str] = &["CMD", "RST", "INI", "REM", "OFF", "SWI"];

/// Reads a text.
pub fn read(mut cursor: Cursor<'_>, context: &mut Context<'_, '_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    while !cursor.is_end() {
        match statement(&mut cursor, context) {
            Ok(statement) => statements.extend(statement),
            Err(mistake) => {
                context.mistakes.push(mistake);
                cursor.next_line();
            }
        }
    }
    statements
}

fn statement(cursor: &mut Cursor<'_>, context: &mut Context<'_, '_>) -> Result<Option<Statement>, Mistake> {
    let start = cursor.here();
    let missing = cursor.unexpected("CMD, RST, INI, REM, OFF or SWI");
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
        "SWI" => return switch(cursor, context).map(Some),
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
            if !matches!(ahead.peek(), Some(b'[' | b'(')) || is_label(&ahead) {
                break;
            }
            *cursor = ahead;
            data::expected(cursor, &mut expected)?;
        }
    }
    Ok(Some(Statement { span, step, expected }))
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

/// `SWI`, then lists of statements, each behind its label, `(91 XX):`, up to `END` or the end of the text.
fn switch(cursor: &mut Cursor<'_>, context: &mut Context<'_, '_>) -> Result<Statement, Mistake> {
    let start = cursor.here();
    let mut lists: Vec<(Statuses, Vec<Statement>)> = Vec::new();
    while !cursor.is_end() {
        let mut ahead = cursor.clone();
        if ahead.word().is_some_and(|(word, _)| word == "END") {
            *cursor = ahead;
            break;
        }
        if is_label(cursor) {
            let words = data::statuses(cursor)?;
            cursor.blank(false);
            cursor.skip(1);
            lists.push((words, Vec::new()));
            continue;
        }
        let Some((_, list)) = lists.last_mut() else {
            return Err(cursor.unexpected("a label").help("as (91 XX):"));
        };
        list.extend(statement(cursor, context)?);
    }
    let span = cursor.since(start);
    let nested = lists.into_iter().rev().fold(Vec::new(), |otherwise, (words, then)| {
        let span = words.span;
        [Statement { span, step: Step::If { words, then, otherwise }, expected: Expected::default() }].into()
    });
    nested.into_iter().next().ok_or_else(|| Mistake::new(span, "SWI has no list"))
}

/// Whether a label stands here: status words, and a colon.
fn is_label(cursor: &Cursor<'_>) -> bool {
    let line = cursor.rest().lines().next().unwrap_or_default();
    line.starts_with('(')
        && line.split_once(')').is_some_and(|(_, behind)| behind.trim_start().starts_with(':'))
}
