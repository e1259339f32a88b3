//! `oxisim explain`: what octets are, field by field.

mod apdu;
mod bare;
mod card;
mod explained;
mod file;
mod json;
mod kind;
mod print;
mod said;
#[cfg(test)]
mod tests;
mod toolkit;
mod tpdu;
mod user_data;

use std::io::{self, BufRead, Read, Write};

use oxisim_toolkit::TerminalProfile;
use oxisim_wire::{Error, ErrorKind, Show, Shown};

use crate::failure::Failure;

pub use said::{answer, answer_to_reset, content_name, contents, control_parameters, octets_of, text};

use explained::{Explained, Line};
pub use kind::Kind;

/// Say of octets what they are, field by field: of APDUs, toolkit messages, short messages, answers to reset, file
/// control parameters and contents of files.
///
/// What the octets are is guessed unless `--kind` or `--file` says it. A command and its response have `->` between
/// them. A message in a message is explained in its place. Octets that are wrong get the offset and the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --lines --json each line of the output is an object: kind, name, clause, fields and reencoded,
the octets that the encoder makes of what was decoded; or error, with offset and reason. Each field
has field, value and, where there are such, name, tag, offset, clause, and message or error of what
is in it.

Exit status: 0 everything was decoded, 1 something was not, 2 the words are wrong.

Examples:
  oxisim explain D01A8103012180820281028D0F04546F6F6C6B697420546573742031
  oxisim explain \"00A4000C022FE2 -> 9000\"
  oxisim explain --file EF.IMSI 082982608200002080
  oxisim explain --kind terminal-profile --offsets FFFFFFFF7F1F00DFFF
  oxisim explain --lines --json --kind envelope < envelopes.txt")]
pub struct Args {
    /// The octets, hexadecimal, with or without spaces, colons or 0x.
    #[arg(required_unless_present = "lines", conflicts_with = "lines")]
    hex: Vec<String>,
    /// What the octets are.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The octets are the contents of this file, or a record of it: `EF.IMSI`, `6F07` or a path.
    #[arg(long, value_name = "EF")]
    file: Option<String>,
    /// Read standard input, a line at a time.
    #[arg(long)]
    lines: bool,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Print where each field stands.
    #[arg(long, conflicts_with = "json")]
    offsets: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.as_deref().map(file::name).transpose().map_err(Failure::Usage)?;
    let kind = match (args.kind, file) {
        (None, Some(_)) => Some(Kind::File),
        (Some(Kind::File), None) => {
            let known = file::known().collect::<Vec<_>>().join(", ");
            return Err(Failure::Usage(format!("of which file? --file with one of {known}")));
        }
        (kind, _) => kind,
    };
    let out = &mut io::stdout().lock();
    if !args.lines {
        let text = args.hex.join(" ");
        return match tell(&text, kind, file, args, out)? {
            None => Ok(()),
            // What is no octets at all are wrong words.
            Some(reason) if command_and_response(&text).is_err() => Err(Failure::Usage(reason)),
            Some(reason) => Err(Failure::NotDone(reason)),
        };
    }
    let (mut lines, mut wrong) = (0, 0);
    let mut input = io::stdin().lock();
    while let Some(line) = next_line(&mut input)? {
        lines += 1;
        wrong += usize::from(tell(&line, kind, file, args, out)?.is_some());
    }
    match wrong {
        0 => Ok(()),
        wrong => Err(Failure::NotDone(format!("{wrong} of {lines} lines are not what they should be"))),
    }
}

/// The next line, of which only as much is kept as can be an answer to a command, with spaces; nothing at the end.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut part = Vec::new();
    loop {
        part.clear();
        input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut part)?;
        if part.is_empty() {
            return Ok((!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned()));
        }
        let is_end = part.ends_with(b"\n");
        let room = (LONGEST_LINE as usize + 1).saturating_sub(line.len());
        line.extend(part.iter().take(room));
        if is_end {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

/// Characters of a line: four for each octet of a command and of a response as long as they can be, and more.
const LONGEST_LINE: u64 = 1 << 19;

/// Prints what a text says; or, if it is wrong, what is wrong.
fn tell(
    text: &str,
    kind: Option<Kind>,
    file: Option<&str>,
    args: &Args,
    out: &mut impl Write,
) -> Result<Option<String>, Failure> {
    let octets = match command_and_response(text) {
        Ok(octets) => octets,
        Err((offset, reason)) => {
            if args.json {
                writeln!(out, "{}", json::line(&json::unreadable(offset, &reason)))?;
            } else if args.lines {
                writeln!(out, "{reason}")?;
            }
            return Ok(Some(reason));
        }
    };
    let explained = explain(&octets, kind, file);
    match &explained {
        _ if args.json => writeln!(out, "{}", json::line(&json::json(&explained)))?,
        Ok(explained) => print::print(explained, args.offsets, out)?,
        // With lines the reason stands where the explanation would.
        Err(error) if args.lines => writeln!(out, "{}", wrong(error))?,
        Err(_) => {}
    }
    Ok(explained.err().map(|error| wrong(&error)))
}

/// Prints what octets are, or what is wrong with them; two are a command and its response, which brings what is in `file`.
pub fn of(octets: &[&[u8]], kind: Kind, file: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let file = file.and_then(|file| file::name(file).ok());
    let octets: Vec<Vec<u8>> = octets.iter().map(|octets| octets.to_vec()).collect();
    match explain(&octets, Some(kind), file) {
        Ok(explained) => print::print(&explained, false, out),
        Err(error) => writeln!(out, "{}", wrong(&error)),
    }
}

fn wrong(error: &Error) -> String {
    format!("wrong at octet {}: {}", error.offset, print::reason(error))
}

/// The octets of a text, or of the two beside an arrow; offsets count from the first.
fn command_and_response(text: &str) -> Result<Vec<Vec<u8>>, (usize, String)> {
    if text.len() as u64 > LONGEST_LINE {
        return Err((0, format!("more than {LONGEST_LINE} characters")));
    }
    let mut texts = Vec::new();
    let mut at = 0;
    for part in text.split("->") {
        let octets = octets(part, at)?;
        at += octets.len();
        texts.push(octets);
    }
    Ok(texts)
}

/// The octets of a text that begins at octet `at`; or the offset in octets of what is none, and the reason.
fn octets(text: &str, at: usize) -> Result<Vec<u8>, (usize, String)> {
    // Octets are also written 0xD0 0x0B and D0:0B.
    let words = text.split(|c: char| c.is_whitespace() || c == ':');
    let words = words.map(|word| match word.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => word.get(2..).unwrap_or(word),
        _ => word,
    });
    let digits: Vec<char> = words.flat_map(str::chars).collect();
    if let Some(place) = digits.iter().position(|c| !c.is_ascii_hexdigit()) {
        let found = digits.get(place).copied().unwrap_or_default();
        let octet = at + place / 2;
        return Err((octet, format!("{found:?} is not a hexadecimal digit (octet {octet})")));
    }
    if digits.is_empty() {
        return Err((at, "there are no octets".into()));
    }
    let digits: String = digits.into_iter().collect();
    hex::decode(&digits).map_err(|_| {
        let octet = at + digits.len() / 2;
        (octet, format!("half an octet at the end (octet {octet})"))
    })
}

/// What octets are; two texts of octets are a command and its response.
fn explain(octets: &[Vec<u8>], kind: Option<Kind>, file: Option<&str>) -> Result<Explained, Error> {
    match (octets, kind) {
        ([command, response], _) => apdu::pair(command, response, file),
        ([octets], Some(kind)) => one(kind, file, octets, 0),
        ([octets], None) => {
            let nothing = Error::new(UNKNOWN, 0, ErrorKind::Missing);
            one(Kind::guess(octets).ok_or(nothing)?, file, octets, 0)
        }
        _ => Err(Error::new("command and response", 0, ErrorKind::Trailing(octets.len().saturating_sub(2)))),
    }
}

/// What is said of octets that look like nothing.
const UNKNOWN: &str = "like nothing known here; --kind says what the octets are";

/// What octets are, in the words of `oxisim explain`: of a message, or of a command and its response.
pub fn in_words(octets: &[Vec<u8>]) -> Result<String, Error> {
    let explained = explain(octets, None, None)?;
    let mut out = Vec::new();
    // Memory takes what is written.
    let _ = print::print(&explained, false, &mut out);
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Octets of a kind, which begin at `at` of a larger buffer.
fn one(kind: Kind, file: Option<&str>, octets: &[u8], at: usize) -> Result<Explained, Error> {
    match kind {
        Kind::Apdu => apdu::command(octets, at),
        Kind::Response => apdu::response(octets, at, file),
        Kind::Pair => Err(Error::new("response, after ->", at + octets.len(), ErrorKind::Missing)),
        Kind::ProactiveCommand => toolkit::command(octets, at),
        Kind::TerminalResponse => toolkit::response(octets, at),
        Kind::Envelope => toolkit::envelope(octets, at),
        Kind::CallControlAnswer | Kind::MoSmsControlAnswer => toolkit::control_answer(kind, octets, at),
        Kind::TerminalProfile => Ok(profile(octets, at)),
        Kind::Tpdu | Kind::TpduMo | Kind::TpduMt => tpdu::explain(kind, octets, at),
        Kind::UserData => user_data::explain(octets, at),
        Kind::Atr => card::atr(octets, at),
        Kind::Fcp => card::fcp(octets, at),
        Kind::GsmHeader => card::header(octets, at),
        Kind::AccessRule => card::rule(octets, at),
        Kind::File => file::explain(file, octets, at),
        Kind::DataObject => bare::data_objects(octets, at),
        Kind::BerTlv => bare::ber(octets, at),
    }
}

/// A TERMINAL PROFILE, whose every bit means something.
fn profile(octets: &[u8], at: usize) -> Explained {
    const SPEC: &str = "TS 102 223 §5.2";
    let profile = TerminalProfile::new(octets);
    let line = |at, field: &str, value| Line {
        at,
        field: field.into(),
        name: None,
        tag: None,
        spec: Some(SPEC),
        value,
        inside: None,
    };
    let mut fields: Vec<Line> = (0..octets.len())
        .map(|place| {
            let facilities =
                profile.facilities().filter(|facility| usize::from(facility.place().0) == place + 1);
            let names = facilities.map(|facility| facility.text().show()).collect();
            line(Some(at + place), &format!("octet {}", place + 1), Shown::List(names))
        })
        .collect();
    if let Shown::Fields(shown) = profile.show() {
        let numbers = shown.into_iter().filter(|(_, value)| matches!(value, Shown::Number(_)));
        fields.extend(numbers.map(|(name, value)| line(None, name, value)));
    }
    let unnamed: Vec<Shown> =
        profile.unnamed().map(|(octet, bit)| Shown::Text(format!("octet {octet} bit {bit}"))).collect();
    if !unnamed.is_empty() {
        fields.push(line(None, "bits without a name", Shown::List(unnamed)));
    }
    Explained {
        kind: Kind::TerminalProfile,
        name: "TERMINAL PROFILE".into(),
        spec: Some(SPEC.into()),
        fields,
        reencoded: profile.octets().to_vec(),
    }
}
