//! What is wrong, with the line of the script: octet by octet, and in words.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use oxisim_apdu::Status;
use oxisim_script::{Element, Failure, Mistake, Pair, Pattern, Sources, Span, StatusPattern, Wrong, spaced};

use crate::explain;

/// Octets of a row.
const ROW: usize = 16;
/// The most rows that are shown.
const ROWS: usize = 20;
/// The most calls that are shown: the innermost.
const CALLS: usize = 6;

/// A mistake in a script's text.
pub fn mistake(sources: &Sources, mistake: &Mistake, colour: bool) -> String {
    if sources.get(mistake.span.source).is_none() {
        return render(&[Group::with_title(Level::ERROR.primary_title(mistake.what.as_str()))], colour);
    }
    let group = Group::with_title(Level::ERROR.primary_title("the script is wrong"));
    let group = marked(group, sources, mistake.span, &mistake.what);
    let group = match &mistake.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    };
    render(&[group], colour)
}

/// Something that went wrong when the script ran.
pub fn failure(sources: &Sources, failure: &Failure, colour: bool) -> String {
    if let Wrong::Mistake(wrong) = &failure.what {
        return mistake(sources, wrong, colour);
    }
    let (title, label) = in_words(&failure.what);
    let notes = notes(&failure.what);
    let group = Group::with_title(Level::ERROR.primary_title(title.as_str()));
    let mut group = marked(group, sources, failure.span, &label);
    for (name, text) in &notes {
        group = group.element(Level::NOTE.with_name(*name).message(text.as_str()));
    }
    let left = failure.calls.len().saturating_sub(CALLS);
    let calls = failure.calls.iter().skip(left);
    let calls = calls.map(|span| format!("called at {}", super::run::place_of(sources, *span)));
    let around = (left > 0).then(|| format!("and {} around these", crate::report::count(left, "call")));
    let calls: Vec<String> = calls.chain(around).collect();
    for call in &calls {
        group = group.element(Level::NOTE.message(call.as_str()));
    }
    render(&[group], colour)
}

/// What went wrong in one line, for a report that has no room for more.
pub fn line(failure: &Failure) -> String {
    match &failure.what {
        Wrong::Mistake(mistake) => mistake.what.clone(),
        what => {
            let (title, label) = in_words(what);
            if label.is_empty() { title } else { format!("{title}: {label}") }
        }
    }
}

fn marked<'a>(group: Group<'a>, sources: &'a Sources, span: Span, label: &'a str) -> Group<'a> {
    let Some(source) = sources.get(span.source).filter(|_| span != Span::default()) else { return group };
    let mark = AnnotationKind::Primary.span(span.range()).label(label);
    group.element(Snippet::source(source.text.as_str()).path(source.name.as_str()).annotation(mark))
}

fn render(groups: &[Group<'_>], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.render(groups);
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

/// The title, and what is said of the place.
fn in_words(what: &Wrong) -> (String, String) {
    match what {
        Wrong::Data { got, .. } => ("other data".into(), format!("got {}", octets(got.len()))),
        Wrong::Status { got, .. } => ("another status word".into(), format!("got {got}")),
        Wrong::Proactive { expected, got, .. } => {
            (format!("the card does something else than {expected}"), format!("got {got}"))
        }
        Wrong::Illegal { why, .. } => ("the proactive command breaks a rule".into(), why.clone()),
        Wrong::Stopped(why) => ("the script cannot go on".into(), why.clone()),
        Wrong::Mistake(mistake) => ("the script is wrong".into(), mistake.what.clone()),
    }
}

fn octets(count: usize) -> String {
    crate::report::count(count, "octet")
}

/// What was expected beside what was got, and both in words.
fn notes(what: &Wrong) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    let mut tell = |name, text: Option<String>| {
        notes
            .extend(text.map(|text| (name, text.trim_end().to_owned())).filter(|(_, text)| !text.is_empty()));
    };
    match what {
        Wrong::Data { expected, got, octets } => {
            tell("data", Some(beside(expected, got)));
            tell("command", command(octets));
            tell("expected", meant(expected, octets).and_then(|octets| response(&octets)));
            tell("got", response(octets));
        }
        Wrong::Status { expected, got, octets } => {
            tell("status", Some(words(expected, *got)));
            tell("command", command(octets));
        }
        Wrong::Proactive { octets, .. } | Wrong::Illegal { octets, .. } if !octets.is_empty() => {
            tell("octets", Some(spaced(octets)));
            tell("got", explain::in_words(std::slice::from_ref(octets)).ok());
        }
        _ => {}
    }
    notes
}

/// The command that was answered so: its octets and its name.
fn command(octets: &[Vec<u8>]) -> Option<String> {
    let [command, _] = octets else { return None };
    let name = explain::in_words(std::slice::from_ref(command)).ok();
    let name = name
        .as_deref()
        .and_then(|words| words.lines().next()?.split_once(": "))
        .map(|(_, name)| format!("\n{name}"));
    Some(spaced(command) + &name.unwrap_or_default())
}

/// What a response is to its command, or a proactive command by itself, in words.
fn response(octets: &[Vec<u8>]) -> Option<String> {
    let words = explain::in_words(octets).ok()?;
    if octets.len() == 1 {
        return Some(words);
    }
    // The command is the same for what was expected and what was got.
    let (_, response) = words.split_once("\n  response\n")?;
    Some(response.lines().map(|line| line.get(4..).unwrap_or(line)).collect::<Vec<_>>().join("\n"))
}

/// What a pattern without wildcards would have been: the command with that answer, or that proactive command.
fn meant(expected: &Pattern, octets: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let data: Vec<u8> = expected
        .0
        .iter()
        .map(|element| match element {
            Element::Octet { value, mask: 0xFF } => Some(*value),
            _ => None,
        })
        .collect::<Option<_>>()?;
    match octets {
        [command, response] => {
            let status = response.get(response.len().saturating_sub(2)..).unwrap_or_default();
            Some(vec![command.clone(), [&data, status].concat()])
        }
        _ => Some(vec![data]),
    }
}

/// Rows of what was expected, what was got, and marks where they differ.
fn beside(expected: &Pattern, got: &[u8]) -> String {
    let pairs = expected.beside(got);
    if pairs.is_empty() {
        return format!("expected  {expected}\ngot       nothing");
    }
    let mut lines = Vec::new();
    let all: Vec<&[Pair<'_>]> = pairs.chunks(ROW).collect();
    for row in all.iter().take(ROWS) {
        let mut texts = [String::from("expected "), String::from("got      "), String::from("         ")];
        for pair in *row {
            let is_open = matches!(pair.expected, Some(Element::Any | Element::Capture { length: None, .. }));
            let expected = match pair.expected {
                None => "--".into(),
                Some(_) if is_open => "..".into(),
                Some(element @ Element::Octet { .. }) => element.to_string(),
                Some(_) => "XX".into(),
            };
            let got = pair.got.map_or_else(|| "--".into(), |octet| format!("{octet:02X}"));
            let mark = if pair.is_same() { "  " } else { "^^" };
            for (text, part) in texts.iter_mut().zip([expected.as_str(), &got, mark]) {
                text.push(' ');
                text.push_str(part);
            }
        }
        lines
            .extend(texts.map(|text| text.trim_end().to_owned()).into_iter().filter(|text| !text.is_empty()));
    }
    if all.len() > ROWS {
        lines.push(format!("and {} more", octets((all.len() - ROWS) * ROW)));
    }
    lines.join("\n")
}

/// The expected words above the one that came, with their meanings.
fn words(expected: &[StatusPattern], got: Status) -> String {
    let expected = expected.iter().map(|word| {
        let text = if word.mask == 0xFFFF { Status(word.value).text() } else { None };
        format!("expected  {word}{}", text.map(|text| format!(" {text}")).unwrap_or_default())
    });
    expected.chain([format!("got       {got}")]).collect::<Vec<_>>().join("\n")
}
