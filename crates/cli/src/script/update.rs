//! What was got, written into the script in the place of what was expected.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
};

use oxisim_apdu::Response;
use oxisim_script::{Dialect, Failure as Failed, Source, Sources, Span, Wrong, spaced};

use super::run::{Ended, Verdict};
use crate::{failure::Failure, file};

/// The script itself, of all texts of a program; those that it includes are others', too.
const SCRIPT: u16 = 0;

/// What there would be at a place of a script's text, or why it stays as it is.
type New = Result<String, &'static str>;

/// It came out differently each time.
const DIFFERS: &str = "it comes out differently from time to time";

/// A change of a script's text, or that there is to be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    span: Span,
    new: New,
    /// Whether something was expected that has not come true.
    has_failed: bool,
}

/// The changes of a script's texts, a place each.
#[derive(Clone, Debug, Default)]
pub struct Updates(BTreeMap<Span, (New, bool)>);

impl Update {
    /// What came of a command of which nothing was expected, behind it.
    pub fn behind(span: Span, response: &[u8]) -> Self {
        let new = match Response::from_bytes(response) {
            Ok(Response { data, status }) if data.is_empty() => Ok(format!(" ({:04X})", status.0)),
            Ok(Response { data, status }) => Ok(format!(" [{}] ({:04X})", spaced(&data), status.0)),
            Err(_) => Err("there is no status word"),
        };
        Self { span: Span { start: span.end, ..span }, new, has_failed: false }
    }

    /// The text of a proactive command of which none was expected, behind it.
    pub fn shown(span: Span, text: &str) -> Self {
        Self { span: Span { start: span.end, ..span }, new: Ok(format!(" {text}")), has_failed: false }
    }

    /// An expectation that has come true stays as it is.
    pub const fn kept(span: Span) -> Self {
        Self { span, new: Err(DIFFERS), has_failed: false }
    }

    /// What was got in the place of what was expected, if it can stand there; nothing of what ends a script.
    pub fn of(failure: &Failed, sources: &Sources) -> Option<Self> {
        let has_names = has_names(sources.text(failure.span));
        let new = match &failure.what {
            Wrong::Data { .. } | Wrong::Status { .. } if has_names => Err("it has variables"),
            Wrong::Data { got, .. } => Ok(format!("[{}]", spaced(got))),
            Wrong::Status { got, .. } => Ok(format!("({:04X})", got.0)),
            Wrong::Proactive { instead, .. } => {
                instead.clone().ok_or("what came has no words that could stand there")
            }
            Wrong::Illegal { .. } => Err("a rule stays a rule"),
            Wrong::Mistake(_) | Wrong::Stopped(_) => return None,
        };
        Some(Self { span: failure.span, new, has_failed: true })
    }
}

/// Whether variables stand in what is expected: they are somebody's thought, which octets would not replace.
fn has_names(expected: &str) -> bool {
    // What stands between quotes is text.
    expected.split('"').step_by(2).any(|part| part.contains(['<', '$']))
}

impl Updates {
    /// Takes one more. What came out differently each time stays as it is.
    pub fn take(&mut self, Update { span, new, has_failed }: Update) {
        match self.0.entry(span) {
            Entry::Vacant(place) => {
                place.insert((new, has_failed));
            }
            Entry::Occupied(mut place) => {
                let (other, any_failed) = place.get_mut();
                *any_failed |= has_failed;
                if other.is_ok() && *other != new {
                    *other = new.and(Err(DIFFERS));
                }
            }
        }
    }
}

/// Writes what scripts got into their files, and says in each what has not come true and stays.
///
/// What a script includes is not written: it is for other scripts, too.
pub fn write(ended: &mut [Ended]) -> Result<(), Failure> {
    let mut files: BTreeMap<PathBuf, (Source, Updates)> = BTreeMap::new();
    for one in ended.iter_mut() {
        let Some(source) = one.sources.get(SCRIPT).cloned() else { continue };
        if matches!(one.verdict(), Verdict::Wrong | Verdict::Broken) {
            continue;
        }
        let path = std::fs::canonicalize(&source.name)
            .map_err(|error| Failure::Read { path: source.name.clone().into(), error })?;
        if Dialect::of(&source.name, &source.text) == Dialect::Apdutool {
            one.left.push((source.name, "what is expected has no place in a script of apdutool"));
            continue;
        }
        let (first, updates) = files.entry(path).or_insert_with(|| (source.clone(), Updates::default()));
        if first.text != source.text {
            return Err(changed(&source.name));
        }
        for (&span, (new, has_failed)) in &one.updates.0 {
            if span.source == SCRIPT {
                updates.take(Update { span, new: new.clone(), has_failed: *has_failed });
            } else if *has_failed {
                one.left.push((one.place_of(span), "it is in a file that is included"));
            }
        }
    }
    for (path, (source, updates)) in &files {
        write_file(path, source, updates)?;
    }
    for one in ended {
        let Some((source, updates)) = std::fs::canonicalize(&one.path).ok().and_then(|path| files.get(&path))
        else {
            continue;
        };
        let stays =
            updates.0.iter().filter(|(_, (_, has_failed))| *has_failed).filter_map(|(span, (new, _))| {
                let why = new.as_ref().err()?;
                Some((format!("{}:{}", source.name, one.sources.line(*span)), *why))
            });
        one.left.extend(stays);
    }
    Ok(())
}

fn write_file(path: &Path, source: &Source, updates: &Updates) -> Result<(), Failure> {
    let new = updated(&source.text, updates);
    if new == source.text {
        return Ok(());
    }
    let now = file::octets(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    if now != source.text.as_bytes() {
        return Err(changed(&source.name));
    }
    std::fs::write(path, new).map_err(|error| Failure::Write { path: path.into(), error })
}

fn changed(name: &str) -> Failure {
    Failure::NotDone(format!("{name} has changed meanwhile, or is not UTF-8: it is not updated"))
}

/// A text with its changes.
fn updated(text: &str, updates: &Updates) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, (new, _)) in &updates.0 {
        let Ok(new) = new else { continue };
        let range = span.range();
        if range.start < at {
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(start: u32, end: u32, text: &str) -> Update {
        Update { span: Span { source: 0, start, end }, new: Ok(text.into()), has_failed: true }
    }

    fn all(list: impl IntoIterator<Item = Update>) -> Updates {
        let mut updates = Updates::default();
        list.into_iter().for_each(|update| updates.take(update));
        updates
    }

    #[test]
    fn what_was_got_takes_the_place_of_what_was_expected() {
        let text = "00B0 (61XX) # read\n00B1\n";
        let changes = all([update(5, 11, "(9000)"), update(23, 23, " [AB] (9000)")]);
        assert_eq!(updated(text, &changes), "00B0 (9000) # read\n00B1 [AB] (9000)\n");
    }

    #[test]
    fn what_differs_from_time_to_time_stays() {
        let changes = all([update(5, 11, "(9000)"), update(5, 11, "(6A82)"), update(5, 11, "(9000)")]);
        assert_eq!(updated("00B0 (61XX)", &changes), "00B0 (61XX)");
        let kept = Update::kept(Span { source: 0, start: 5, end: 11 });
        for order in [[update(5, 11, "(9000)"), kept.clone()], [kept, update(5, 11, "(9000)")]] {
            assert_eq!(updated("00B0 (61XX)", &all(order)), "00B0 (61XX)");
        }
    }

    #[test]
    fn a_text_is_no_variable() {
        assert!(has_names("[\"a\" <rest>]") && has_names("[$data]") && has_names("(91<length>)"));
        assert!(!has_names("[\"<$>\" 6X ..]"));
    }
}
