//! The explanation for people.

use std::io::{self, Write};

use oxisim_wire::{Error, Shown};

use super::{
    UNKNOWN,
    explained::{Explained, Line},
};

/// A row of the output.
struct Row {
    at: Option<usize>,
    depth: usize,
    name: String,
    value: String,
    spec: Option<&'static str>,
}

/// Prints what octets are, a field a line.
pub fn print(explained: &Explained, offsets: bool, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut rows = Vec::new();
    message(explained, 1, &mut rows);
    let spec = explained.spec.as_deref().map(|spec| format!(" ({spec})")).unwrap_or_default();
    writeln!(out, "{}: {}{spec}", title(explained), explained.name)?;
    let name_of = |row: &Row| 2 * row.depth + row.name.chars().count();
    let names =
        rows.iter().filter(|row| !row.value.is_empty() || row.spec.is_some()).map(name_of).max().unwrap_or(0);
    let width = |row: &Row| row.value.chars().count();
    let values = rows.iter().map(width).filter(|&width| width <= LONG).max().unwrap_or(0);
    for row in &rows {
        let offset = match row.at {
            _ if !offsets => String::new(),
            Some(at) => format!("{at:>4} "),
            None => "     ".into(),
        };
        let indent = " ".repeat(2 * row.depth);
        let name = names.saturating_sub(indent.len());
        let spec = row.spec.map(|spec| format!("  {spec}")).unwrap_or_default();
        let line = format!("{offset}{indent}{:name$}  {:values$}{spec}", row.name, row.value);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What octets are, on one line: the fields that are there; none if that is more than a line.
pub fn line(explained: &Explained) -> Option<String> {
    let there = explained.fields.iter().filter(|line| line.value != Shown::Nothing);
    let fields: Vec<String> = there
        .map(|line| {
            let value = plain(&line.value).filter(|_| line.inside.is_none())?;
            Some(format!("{}: {value}", line.name.unwrap_or(&line.field)))
        })
        .collect::<Option<_>>()?;
    Some(fields.join(", ")).filter(|line| line.chars().count() <= 2 * LONG)
}

/// Says where octets are wrong, and how.
pub fn reason(error: &Error) -> String {
    if error.what == UNKNOWN {
        return UNKNOWN.into();
    }
    format!("{}: {}", error.what, error.kind)
}

/// Values longer than this do not move the clauses of the others.
const LONG: usize = 48;

fn title(explained: &Explained) -> String {
    explained.kind.word().replace('-', " ")
}

fn message(explained: &Explained, depth: usize, rows: &mut Vec<Row>) {
    for line in &explained.fields {
        field(line, depth, rows);
    }
}

fn field(line: &Line, depth: usize, rows: &mut Vec<Row>) {
    let name = line.name.map_or_else(|| line.field.clone(), Into::into);
    let first = rows.len();
    // What a message inside says, its octets need not say too.
    match &line.inside {
        Some(Ok(_)) => rows.push(Row { at: None, depth, name, value: String::new(), spec: line.spec }),
        _ => value(name, &line.value, depth, rows),
    }
    if let Some(row) = rows.get_mut(first) {
        row.at = line.at;
        row.spec = line.spec;
    }
    match &line.inside {
        Some(Ok(inside)) => {
            let row = Row {
                at: None,
                depth: depth + 1,
                name: format!("{}: {}", title(inside), inside.name),
                value: String::new(),
                spec: None,
            };
            rows.push(row);
            message(inside, depth + 2, rows);
        }
        Some(Err(error)) => rows.push(Row {
            at: Some(error.offset),
            depth: depth + 1,
            name: format!("wrong at octet {}", error.offset),
            value: reason(error),
            spec: None,
        }),
        None => {}
    }
}

/// A value on the line of its name, or its parts on lines of their own.
fn value(name: String, shown: &Shown, depth: usize, rows: &mut Vec<Row>) {
    let row = |name: String, value| Row { at: None, depth, name, value, spec: None };
    if let Some(text) = plain(shown) {
        return rows.push(row(name, text));
    }
    match shown {
        Shown::Fields(fields) => {
            rows.push(row(name, String::new()));
            for (name, part) in fields.iter().filter(|(_, part)| *part != Shown::Nothing) {
                value(name.replace('_', " "), part, depth + 1, rows);
            }
        }
        Shown::List(list) => {
            rows.push(row(name, String::new()));
            for (i, part) in (1..).zip(list) {
                // What has a number of its own needs none for its place.
                let place = if is_explained(part) { String::new() } else { format!("{i}") };
                value(place, part, depth + 1, rows);
            }
        }
        _ => {}
    }
}

/// What fits one line.
fn plain(shown: &Shown) -> Option<String> {
    Some(match shown {
        Shown::Nothing => "none".into(),
        Shown::Number(number) => number.to_string(),
        Shown::Code { value, name: Some(name) } => format!("{} ({value:02X})", name.replace('_', " ")),
        Shown::Code { value, name: None } => format!("{value:02X}"),
        Shown::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Shown::Text(text) if text.is_empty() => "(empty)".into(),
        Shown::Text(text) => text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"),
        Shown::Octets(octets) if octets.is_empty() => "(empty)".into(),
        Shown::Octets(octets) => {
            octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(" ")
        }
        Shown::List(list) if list.is_empty() => "(empty)".into(),
        Shown::List(list) => {
            let parts: Vec<String> = list
                .iter()
                .map(|part| if is_simple(part) { plain(part) } else { None })
                .collect::<Option<_>>()?;
            let line = parts.join(", ");
            if line.len() > 2 * LONG {
                return None;
            }
            line
        }
        Shown::Fields(fields) => match fields.as_slice() {
            [] => "(present)".into(),
            [(_, only)] => plain(only)?,
            [("value", value), ("meaning", meaning)] => format!("{}  {}", plain(value)?, plain(meaning)?),
            _ => return None,
        },
    })
}

/// A value with its meaning.
fn is_explained(shown: &Shown) -> bool {
    matches!(shown, Shown::Fields(fields) if matches!(fields.as_slice(), [("value", _), ("meaning", _)]))
}

const fn is_simple(shown: &Shown) -> bool {
    !matches!(shown, Shown::List(_) | Shown::Fields(_))
}
