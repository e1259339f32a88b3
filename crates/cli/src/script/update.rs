//! What was got, written into the script in the place of what was expected.

use std::{collections::BTreeMap, path::Path};

use oxisim_apdu::Response;
use oxisim_script::{Failure as Failed, Span, Wrong, spaced};

use super::run::Ended;
use crate::failure::Failure;

/// A change of a script's text, or that there is to be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    span: Span,
    text: Option<String>,
}

impl Update {
    /// What came of a command of which nothing was expected, behind it.
    pub fn behind(span: Span, response: &[u8]) -> Self {
        let span = Span { start: span.end, ..span };
        let text = Response::from_bytes(response).map(|response| match &response.data[..] {
            [] => format!(" ({:04X})", response.status.0),
            data => format!(" [{}] ({:04X})", spaced(data), response.status.0),
        });
        Self { span, text: text.ok() }
    }

    /// The text of a proactive command of which none was expected, behind it.
    pub fn shown(span: Span, text: &str) -> Self {
        Self { span: Span { start: span.end, ..span }, text: Some(format!(" {text}")) }
    }

    /// An expectation that has come true stays as it is.
    pub const fn kept(span: Span) -> Self {
        Self { span, text: None }
    }

    /// What was got in the place of what was expected, if it can stand there.
    pub fn of(failure: &Failed) -> Option<Self> {
        let text = match &failure.what {
            Wrong::Data { got, .. } => format!("[{}]", spaced(got)),
            Wrong::Status { got, .. } => format!("({:04X})", got.0),
            Wrong::Proactive { instead: Some(instead), .. } => instead.clone(),
            Wrong::Proactive { .. } | Wrong::Mistake(_) | Wrong::Stopped(_) => return None,
        };
        Some(Self { span: failure.span, text: Some(text) })
    }
}

/// Writes what a script got into its files.
pub fn write(ended: &Ended) -> Result<(), Failure> {
    for source in 0..u16::MAX {
        let Some(text) = ended.sources.get(source) else { return Ok(()) };
        let updates: Vec<&Update> =
            ended.updates.iter().filter(|update| update.span.source == source).collect();
        let new = updated(&text.text, &updates);
        if new == text.text || text.name == "-" {
            continue;
        }
        let path = Path::new(&text.name);
        let now = std::fs::read(path).map_err(|error| Failure::Read { path: path.into(), error })?;
        if now != text.text.as_bytes() {
            let why = format!("{} has changed meanwhile, or is not UTF-8: it is not updated", path.display());
            return Err(Failure::NotDone(why));
        }
        std::fs::write(path, new).map_err(|error| Failure::Write { path: path.into(), error })?;
    }
    Ok(())
}

/// A text with its changes. What came out differently each time it was run stays as it is.
fn updated(text: &str, updates: &[&Update]) -> String {
    let mut changes: BTreeMap<Span, Option<&str>> = BTreeMap::new();
    for update in updates {
        let change = update.text.as_deref();
        changes
            .entry(update.span)
            .and_modify(|other| *other = other.filter(|_| *other == change))
            .or_insert(change);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, change) in changes {
        let Some(change) = change else { continue };
        let range = span.range();
        if range.start < at {
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(change);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(start: u32, end: u32, text: &str) -> Update {
        Update { span: Span { source: 0, start, end }, text: Some(text.into()) }
    }

    #[test]
    fn what_was_got_takes_the_place_of_what_was_expected() {
        let text = "00B0 (61XX) # read\n00B1\n";
        let changes = [update(5, 11, "(9000)"), update(23, 23, " [AB] (9000)")];
        let changes: Vec<&Update> = changes.iter().collect();
        assert_eq!(updated(text, &changes), "00B0 (9000) # read\n00B1 [AB] (9000)\n");
    }

    #[test]
    fn what_differs_from_time_to_time_stays() {
        let changes = [update(5, 11, "(9000)"), update(5, 11, "(6A82)")];
        assert_eq!(updated("00B0 (61XX)", &changes.iter().collect::<Vec<_>>()), "00B0 (61XX)");
        let changes = [update(5, 11, "(9000)"), Update::kept(Span { source: 0, start: 5, end: 11 })];
        assert_eq!(updated("00B0 (61XX)", &changes.iter().collect::<Vec<_>>()), "00B0 (61XX)");
    }
}
