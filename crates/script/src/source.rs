//! Where in which text.

use alloc::{string::String, vec::Vec};
use core::ops::Range;

/// A place in one of the texts of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which text, by its place in [`Sources`].
    pub source: u16,
    /// The first octet.
    pub start: u32,
    /// The octet behind the last one.
    pub end: u32,
}

/// The texts of a program: the script and what it includes.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
}

/// A text with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What the host calls it, such as the path of a file.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub what: String,
    /// What would be right, if that can be said.
    pub help: Option<String>,
}

impl Span {
    /// From the start of this one to the end of the other, which is in the same text.
    #[must_use]
    pub const fn to(self, other: Self) -> Self {
        Self { source: self.source, start: self.start, end: other.end }
    }

    /// As a range of octets.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Sources {
    /// The most texts that a program may have.
    pub const MOST: usize = 1_000;

    /// Takes a text; nothing if there are too many, or it is too long to have places.
    pub fn add(&mut self, source: Source) -> Option<u16> {
        if self.list.len() >= Self::MOST || u32::try_from(source.text.len()).is_err() {
            return None;
        }
        self.list.push(source);
        u16::try_from(self.list.len() - 1).ok()
    }

    /// The text of that number.
    #[must_use]
    pub fn get(&self, source: u16) -> Option<&Source> {
        self.list.get(usize::from(source))
    }

    /// What stands there.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).and_then(|source| source.text.get(span.range())).unwrap_or_default()
    }

    /// The line in which a place begins, counted from 1.
    #[must_use]
    pub fn line(&self, span: Span) -> usize {
        let before = self.get(span.source).and_then(|source| source.text.get(..span.start as usize));
        1 + before.map_or(0, |text| text.bytes().filter(|&octet| octet == b'\n').count())
    }
}

impl Mistake {
    /// A mistake of which no more is known.
    #[must_use]
    pub fn new(span: Span, what: impl Into<String>) -> Self {
        Self { span, what: what.into(), help: None }
    }

    /// The same, with what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
