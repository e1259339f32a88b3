//! What came of all scripts, for people and programs.

use std::{fmt::Write as _, io::Write};

use oxisim_script::{Failure as Failed, Wrong, spaced};
use serde_json::{Value, json};

use super::{
    diagnostic,
    run::{Ended, Verdict},
};
use crate::{failure::Failure, report::count};

/// A line a script, if there are several or something was expected.
pub fn summary(ended: &[Ended], updated: bool, out: &mut impl Write) -> Result<(), Failure> {
    for one in ended {
        let verdict = one.verdict();
        if ended.len() == 1 && verdict == Verdict::Passed && one.passed == 0 {
            continue;
        }
        let word = match verdict {
            Verdict::Passed => "passed",
            Verdict::Failed if updated && one.left.is_empty() => "updated",
            Verdict::Failed | Verdict::Broken => "failed",
            Verdict::Wrong => "wrong",
        };
        // What ends a script is no expectation.
        let ends = one.failures.iter().filter(|failure| failure.what.is_end()).count();
        let failed = one.failed - ends;
        let of = one.passed + failed;
        let came = match verdict {
            Verdict::Wrong if one.is_unread() => "it cannot be read".into(),
            Verdict::Wrong if !one.mistakes.is_empty() => count(one.mistakes.len(), "mistake"),
            Verdict::Passed => {
                format!("{}, {}", count(one.passed, "expectation"), count(one.commands, "command"))
            }
            _ if ends == 0 => format!("{failed} of {} failed", count(of, "expectation")),
            _ if of == 0 => "it could not go on".into(),
            _ => format!("{failed} of {} failed, then it could not go on", count(of, "expectation")),
        };
        let elsewhere = if one.elsewhere { ", on another card than it names" } else { "" };
        writeln!(out, "{word}  {}: {came}{elsewhere}", one.path.display())?;
        for (place, why) in &one.left {
            writeln!(out, "  not updated: {place}, because {why}")?;
        }
    }
    Ok(())
}

/// The Test Anything Protocol, version 13.
pub fn tap(ended: &[Ended], out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "TAP version 13\n1..{}", ended.len())?;
    for (number, one) in (1..).zip(ended) {
        let ok = if one.verdict() == Verdict::Passed { "ok" } else { "not ok" };
        writeln!(out, "{ok} {number} - {}", one.path.display())?;
        let problems = problems(one);
        if !problems.is_empty() {
            writeln!(out, "  ---")?;
            for (place, what) in problems {
                // A text of JSON is one of YAML, too.
                writeln!(out, "  - {{ at: {}, message: {} }}", json!(place), json!(what))?;
            }
            writeln!(out, "  ...")?;
        }
    }
    Ok(())
}

/// An object a script, a line each.
pub fn json(ended: &[Ended], out: &mut impl Write) -> Result<(), Failure> {
    for one in ended {
        let verdict = match one.verdict() {
            Verdict::Passed => "passed",
            Verdict::Failed | Verdict::Broken => "failed",
            Verdict::Wrong => "wrong",
        };
        let mistakes = one.mistakes.iter().map(|mistake| {
            json!({ "at": one.place_of(mistake.span), "message": mistake.what, "help": mistake.help })
        });
        let failures = one.failures.iter().map(|failure| failed(one, failure));
        let script = json!({
            "script": one.path.to_string_lossy(),
            "verdict": verdict,
            "passed": one.passed,
            "failed": one.failed,
            "commands": one.commands,
            "other_card": one.elsewhere,
            "failures": mistakes.chain(failures).collect::<Vec<Value>>(),
        });
        writeln!(out, "{script}")?;
    }
    Ok(())
}

fn failed(one: &Ended, failure: &Failed) -> Value {
    let at = one.place_of(failure.span);
    let message = diagnostic::line(failure);
    let (expected, got) = match &failure.what {
        Wrong::Data { expected, got, .. } => (Some(expected.to_string()), Some(spaced(got))),
        Wrong::Status { expected, got, .. } => {
            let words: Vec<String> = expected.iter().map(ToString::to_string).collect();
            (Some(words.join(", ")), Some(format!("{:04X}", got.0)))
        }
        Wrong::Proactive { expected, got, .. } => (Some(expected.clone()), Some(got.clone())),
        Wrong::Illegal { octets, .. } => (None, Some(spaced(octets))),
        Wrong::Mistake(_) | Wrong::Stopped(_) => (None, None),
    };
    json!({ "at": at, "message": message, "expected": expected, "got": got })
}

/// What JUnit's readers understand: a suite with a case a script.
pub fn junit(ended: &[Ended]) -> String {
    let failures = ended.iter().filter(|one| one.verdict() == Verdict::Failed).count();
    let errors = ended.iter().filter(|one| matches!(one.verdict(), Verdict::Wrong | Verdict::Broken)).count();
    let time: f64 = ended.iter().map(|one| one.took.as_secs_f64()).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // A string takes what is written.
    let _ = writeln!(
        out,
        "<testsuites>\n  <testsuite name=\"oxisim script\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time:.3}\">",
        ended.len()
    );
    for one in ended {
        let name = escaped(&one.path.to_string_lossy());
        let _ = write!(
            out,
            "    <testcase classname=\"script\" name=\"{name}\" assertions=\"{}\" time=\"{:.3}\"",
            one.passed + one.failed,
            one.took.as_secs_f64()
        );
        let element = if one.verdict() == Verdict::Failed { "failure" } else { "error" };
        match &problems(one)[..] {
            [] => out.push_str("/>\n"),
            problems => {
                out.push_str(">\n");
                let first = problems.first().map_or("", |(_, what)| what);
                let _ = write!(out, "      <{element} message=\"{}\">", escaped(first));
                let lines: Vec<String> =
                    problems.iter().map(|(place, what)| format!("{place}: {what}")).collect();
                let _ = writeln!(out, "{}</{element}>\n    </testcase>", escaped(&lines.join("\n")));
            }
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// What went wrong with a script: where, and what.
fn problems(one: &Ended) -> Vec<(String, String)> {
    let mistakes = one.mistakes.iter().map(|mistake| (one.place_of(mistake.span), mistake.what.clone()));
    let failures = one.failures.iter().map(|failure| (one.place_of(failure.span), diagnostic::line(failure)));
    let more = one.failed - one.failures.len();
    let more = (more > 0).then(|| (one.path.display().to_string(), format!("and {more} more")));
    mistakes.chain(failures).chain(more).collect()
}

/// What XML 1.0 §2.2 leaves out besides control characters.
const NOT_OF_XML: [char; 2] = ['\u{FFFE}', '\u{FFFF}'];

/// A text as XML has it; characters that XML cannot have are replaced.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() || NOT_OF_XML.contains(&c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_has_no_character_that_it_cannot_have() {
        assert_eq!(
            escaped("a\u{FFFF}\u{FFFE}\u{1B}\u{FFFD}\"<"),
            "a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}&quot;&lt;"
        );
    }
}
