//! From text to syntax tree.

mod apdutool;
mod conformance;
mod cursor;
mod data;
mod near;
mod own;
mod scriptor;
mod verbs;

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use self::cursor::{BYTE_ORDER_MARK, Cursor};
pub use self::verbs::{VERBS, Verb, commands};
use crate::{
    source::{Mistake, Source, Sources, Span},
    syntax::{Declared, Program, Statement, Step},
};

/// How a script is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// As docs/SCRIPTS.md says; scripts of pcsc-tools' scriptor are such.
    Own,
    /// As 3GPP TS 51.013 Annex B says.
    Conformance,
    /// As the Java Card kit's apdutool reads it.
    Apdutool,
}

/// How a text is found that a script includes: the name of the script's text, and what it says.
pub type Read<'a> = dyn FnMut(&str, &str) -> Result<Source, String> + 'a;

/// How deep texts may include texts, and blocks stand in blocks.
const DEEPEST: usize = 32;

/// The most mistakes that are told: what has more is no script.
const MOST_MISTAKES: usize = 20;

impl Dialect {
    /// The dialect of a text: its first word tells, or else the ending of its name. What begins with octets, or with
    /// `reset`, is scriptor's, whatever its name.
    #[must_use]
    pub fn of(name: &str, text: &str) -> Self {
        let text = text.trim_start_matches(BYTE_ORDER_MARK);
        let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let first = first.unwrap_or_default();
        let word = first.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if conformance::WORDS.contains(&word) {
            return Self::Conformance;
        }
        let is_octets = !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_hexdigit());
        let is_scriptor = is_octets || word.eq_ignore_ascii_case("reset");
        let is_apdutool =
            first.starts_with("//") || first.starts_with("/*") || apdutool::WORDS.contains(&word);
        if is_apdutool
            || (first.starts_with("0x") && first.ends_with(';'))
            || (name.to_ascii_lowercase().ends_with(".scr") && !is_scriptor)
        {
            return Self::Apdutool;
        }
        Self::Own
    }
}

impl Program {
    /// Reads a script and what it includes. Its mistakes are told, up to the twentieth.
    pub fn read(sources: &mut Sources, script: Source, read: &mut Read<'_>) -> Result<Self, Vec<Mistake>> {
        let mut context = Context {
            sources,
            read,
            card: None,
            procedures: BTreeMap::new(),
            calls: Vec::new(),
            mistakes: Vec::new(),
            has_enough: false,
            open: Vec::new(),
        };
        let statements = context.text(script, Span::default());
        context.check_calls();
        if context.mistakes.is_empty() {
            Ok(Self { card: context.card, statements, procedures: context.procedures })
        } else {
            context.mistakes.sort_by_key(|mistake| mistake.span);
            Err(context.mistakes)
        }
    }
}

/// What all texts of a program have in common while they are read.
struct Context<'a, 'r> {
    sources: &'a mut Sources,
    read: &'a mut Read<'r>,
    card: Option<Declared>,
    procedures: BTreeMap<String, crate::syntax::Procedure>,
    /// Which procedures are called, and with how many arguments.
    calls: Vec<(crate::syntax::Name, usize)>,
    mistakes: Vec<Mistake>,
    /// Whether no more is read: of mistakes there are enough.
    has_enough: bool,
    /// The names of the texts that are being read.
    open: Vec<String>,
}

impl Context<'_, '_> {
    /// Takes a mistake, if there are not enough of them.
    fn mistake(&mut self, mistake: Mistake) {
        if !self.has_enough {
            self.mistakes.push(mistake);
            self.has_enough = self.mistakes.len() >= MOST_MISTAKES;
        }
    }

    /// Takes a mistake behind which nothing can be understood.
    fn last_mistake(&mut self, mistake: Mistake) {
        self.mistake(mistake);
        self.has_enough = true;
    }

    /// What a text says.
    fn text(&mut self, source: Source, asked: Span) -> Vec<Statement> {
        let (name, text) = (source.name.clone(), source.text.clone());
        let Some(number) = self.sources.add(source) else {
            self.mistake(Mistake::new(asked, format!("too many texts: {} at most", Sources::MOST)));
            return Vec::new();
        };
        self.open.push(name.clone());
        let statements = match Dialect::of(&name, &text) {
            Dialect::Own => own::read(Cursor::new(&text, number, "#"), self),
            Dialect::Conformance => conformance::read(Cursor::new(&text, number, "#"), self),
            Dialect::Apdutool => apdutool::read(Cursor::new(&text, number, "//"), self),
        };
        self.open.pop();
        statements
    }

    /// What a text says that is asked for by its path.
    fn include(&mut self, path: &str, asked: Span) -> Step {
        let from = self.open.last().cloned().unwrap_or_default();
        let source = match (self.read)(&from, path) {
            Ok(source) if self.open.contains(&source.name) => Err(format!("{} includes itself", source.name)),
            Ok(_) if self.open.len() >= DEEPEST => Err("texts include texts include texts: too deep".into()),
            found => found,
        };
        match source {
            Ok(source) => Step::Include(self.text(source, asked)),
            Err(what) => {
                self.mistake(Mistake::new(asked, what));
                Step::Include(Vec::new())
            }
        }
    }

    /// Every procedure that is called is there, and gets as many arguments as it has.
    fn check_calls(&mut self) {
        for (name, arguments) in &core::mem::take(&mut self.calls) {
            let what = match self.procedures.get(&name.text) {
                None => format!("there is no procedure {}", name.text),
                Some(procedure) if procedure.parameters.len() != *arguments => {
                    format!("{} has {} arguments, not {arguments}", name.text, procedure.parameters.len())
                }
                Some(_) => continue,
            };
            self.mistake(Mistake::new(name.span, what));
        }
    }
}

impl Statement {
    /// What is expected can come.
    fn check(&self) -> Result<(), Mistake> {
        match &self.expected.status {
            Some(status) if !self.step.has_status() => {
                let what = match self.step {
                    Step::Expect(_) => "a proactive command has no status word",
                    _ => "an answer to reset has no status word",
                };
                Err(Mistake::new(status.span, what))
            }
            _ => Ok(()),
        }
    }
}
