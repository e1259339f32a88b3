//! What is found, and how it is written down.

use std::fmt::{self, Write as _};

use oxisim_card::{AppletError, SystemError};

use super::Move;

/// Declares what is looked for: name, and the sentence that says it.
macro_rules! oracles {
    ($($name:ident $text:literal;)*) => {
        /// What is looked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Oracle { $(#[doc = concat!($text, ".")] $name,)* }

        impl Oracle {
            /// Everything that is looked for.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What has happened, as a sentence.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

oracles! {
    Panic "an applet or the card panics";
    MissingAnswer "the card does not answer, or brings no command that it has announced";
    IllegalCommand "a proactive command breaks a rule";
    StuckSession "a session cannot be ended, or none can be begun";
    QuotaBreach "an applet has more memory than it may";
    UncaughtError "an applet makes a mistake that its author can foresee, and does not catch the error";
    TearDamage "the card or an applet does not start after power was lost";
    Invariant "what the author has declared is not so";
}

impl Oracle {
    /// What a script's reader has to know, if `oxisim script` cannot see it by itself.
    const fn note(self) -> Option<&'static str> {
        match self {
            Self::Invariant => Some(
                "oxisim script does not know what the author has declared: oxisim_kit::fuzz::Fuzz::replay looks at it as well",
            ),
            Self::Panic => Some("oxisim script ends with the panic"),
            _ => None,
        }
    }

    /// What an error is that an applet did not catch; nothing if it is the terminal's or the network's doing.
    #[must_use]
    pub const fn of(error: &AppletError) -> Option<Self> {
        match error {
            AppletError::System(SystemError::NoTransientSpace | SystemError::NoResource) => {
                Some(Self::QuotaBreach)
            }
            AppletError::System(_)
            | AppletError::Transaction(_)
            | AppletError::Security
            | AppletError::Pin(_)
            | AppletError::Range => Some(Self::UncaughtError),
            _ => None,
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub oracle: Oracle,
    /// Which of its kind: a failure shrinks to the same.
    pub which: String,
    pub what: String,
    /// What a script expects of the last answer.
    pub expected: &'static str,
}

/// What was found, with the fewest moves that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked for.
    pub oracle: Oracle,
    /// What is wrong.
    pub what: String,
    /// What leads to it.
    pub moves: Vec<Move>,
    /// The same in octets, as a script (docs/SCRIPTS.md).
    pub script: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.oracle.text(), self.what)?;
        writeln!(f, "moves: {:?}", self.moves)?;
        f.write_str(&self.script)
    }
}

/// What passes between a card and what tries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Reset,
    Tear(u64),
    Command(Vec<u8>),
}

/// A script of what has passed; its last answer is not what it has to be.
pub(super) fn script(head: &str, lines: &[Line], broken: &Broken) -> String {
    let mut script = String::new();
    if !head.is_empty() {
        let _ = writeln!(script, "{head}");
    }
    for text in [broken.oracle.text(), &broken.what] {
        for line in text.lines() {
            let _ = writeln!(script, "# {line}");
        }
    }
    if let Some(note) = broken.oracle.note() {
        let _ = writeln!(script, "# {note}");
    }
    for line in lines {
        let _ = match line {
            Line::Reset => writeln!(script, "reset"),
            Line::Tear(writes) => writeln!(script, "tear after {writes} writes"),
            Line::Command(octets) => writeln!(script, "{}", spaced(octets)),
        };
    }
    if !broken.expected.is_empty() {
        let _ = writeln!(script, "    {}", broken.expected);
    }
    script
}

/// What a script of [`script`] says; nothing of a line that is none.
pub(super) fn read(script: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(script.lines()) {
        let words = text.split(['#', '[', '(']).next().unwrap_or_default().trim();
        if words.is_empty() || words == "legal" || words.starts_with("card ") {
            continue;
        }
        let line = match words.strip_prefix("tear after ").and_then(|rest| rest.strip_suffix(" writes")) {
            Some(writes) => writes.parse().ok().map(Line::Tear),
            None if words == "reset" => Some(Line::Reset),
            None => octets(words).map(Line::Command),
        };
        lines.push(line.ok_or_else(|| format!("line {number} is no command, reset or tear: {text}"))?);
    }
    Ok(lines)
}

fn octets(text: &str) -> Option<Vec<u8>> {
    text.split_whitespace().map(|octet| u8::from_str_radix(octet, 16).ok()).collect()
}

fn spaced(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{octet:02X}");
        text
    })
}
