//! The scripts that the Java Card development kit's apdutool reads.

use alloc::{format, string::String, vec::Vec};

use oxisim_wire::Duration;

use super::{Context, cursor::Cursor, data};
use crate::{
    source::{Mistake, Span},
    syntax::{Data, Expected, Part, Said, Statement, Step},
};

/// Words that a script of the kit begins with.
pub const WORDS: &[&str] = &["powerup", "contacted", "contactless", "output", "extended"];

/// Reads a text.
pub fn read(mut cursor: Cursor<'_>, context: &mut Context<'_, '_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut extended = false;
    while !cursor.is_end() {
        let start = cursor.here();
        let step = match statement(&mut cursor, &mut extended) {
            Ok(step) => step,
            Err(mistake) => {
                context.mistakes.push(mistake);
                let end = cursor.rest().find(';').unwrap_or(cursor.rest().len());
                cursor.skip(end);
                None
            }
        };
        let span = cursor.solid_since(start);
        cursor.blank(true);
        if !cursor.take(";") && !cursor.is_end() {
            context.mistakes.push(cursor.unexpected("the ; that ends it"));
            cursor.next_line();
        }
        statements.extend(step.map(|step| Statement { span, step, expected: Expected::default() }));
    }
    statements
}

fn statement(cursor: &mut Cursor<'_>, extended: &mut bool) -> Result<Option<Step>, Mistake> {
    if cursor.sees("0x") || cursor.sees("0X") {
        let (octets, span) = octets(cursor)?;
        return Ok(Some(send(command(octets, *extended), span)));
    }
    let start = cursor.here();
    let missing = cursor.unexpected("a command");
    let (word, span) = cursor.word().ok_or(missing)?;
    cursor.blank(true);
    Ok(match word {
        "powerup" => Some(Step::Power(true)),
        "powerdown" => Some(Step::Power(false)),
        "echo" => match cursor.peek() {
            Some(b'"') => Some(Step::Echo([Said::Text(cursor.string()?.0)].into())),
            _ => return Err(cursor.unexpected("a text between quotation marks")),
        },
        "delay" => Some(Step::Wait(Duration::from_millis(
            data::number::<u32>(cursor, "a number of milliseconds").map(u64::from)?,
        ))),
        // What is printed, and over which interface, is the host's.
        "output" => {
            on_or_off(cursor)?;
            None
        }
        "contacted" => None,
        "extended" => {
            *extended = on_or_off(cursor)?;
            None
        }
        "select" => {
            let (aid, span) = octets(cursor)?;
            let length =
                u8::try_from(aid.len()).map_err(|_| Mistake::new(span, "an AID has 16 octets at most"))?;
            let header = [0x00, 0xA4, 0x04, 0x00, length];
            Some(send([&header[..], &aid, &[0x00]].concat(), span))
        }
        _ => {
            let what = format!("{word:?} is not of those commands of apdutool that are understood");
            let help = "powerup, powerdown, echo, delay, output, contacted, extended, select, and octets";
            return Err(Mistake::new(span.to(cursor.solid_since(start)), what).help(help));
        }
    })
}

fn on_or_off(cursor: &mut Cursor<'_>) -> Result<bool, Mistake> {
    let missing = cursor.unexpected("on or off");
    match cursor.word() {
        Some(("on", _)) => Ok(true),
        Some(("off", _)) => Ok(false),
        _ => Err(missing),
    }
}

/// `0x00 0xA4 …`.
fn octets(cursor: &mut Cursor<'_>) -> Result<(Vec<u8>, Span), Mistake> {
    let start = cursor.here();
    let mut octets = Vec::new();
    loop {
        cursor.blank(true);
        if !(cursor.sees("0x") || cursor.sees("0X")) {
            break;
        }
        let (word, span) = cursor.word().unwrap_or_default();
        let digits = word.get(2..).unwrap_or_default();
        let octet = u8::from_str_radix(digits, 16).ok().filter(|_| digits.len() <= 2);
        octets.push(octet.ok_or_else(|| Mistake::new(span, String::from("this is not an octet")))?);
    }
    if octets.is_empty() { Err(cursor.unexpected("octets")) } else { Ok((octets, cursor.solid_since(start))) }
}

/// Lc is always written in such a script, and so is Le; a command APDU (ISO/IEC 7816-3 §12.1) has no Lc of zero.
fn command(mut octets: Vec<u8>, extended: bool) -> Vec<u8> {
    if !extended && octets.len() == 6 && octets.get(4) == Some(&0) {
        octets.remove(4);
    }
    octets
}

fn send(octets: Vec<u8>, span: Span) -> Step {
    Step::Send(Data { span, parts: [Part::Octets(octets)].into() })
}
