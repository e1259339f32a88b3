//! A walk over the text of a script, on which places are known.

use alloc::{format, string::String};

use crate::source::{Mistake, Span};

/// What some editors begin a text with.
pub const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// What an AID of the Java Card kit begins with, which is no comment: `//aid/A000000062/03010C01`.
pub const AID: &str = "//aid/";

/// Where a parser stands.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    source: u16,
    at: usize,
    /// What begins a comment.
    comment: &'static str,
    /// Where the last blank ended, and where what stands before it did.
    blank: (usize, usize),
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub fn new(text: &'a str, source: u16, comment: &'static str) -> Self {
        let at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        Self { text, source, at, comment, blank: (0, 0) }
    }

    /// What is left.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next octet.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether the next octets are these.
    pub fn sees(&self, what: &str) -> bool {
        self.rest().starts_with(what)
    }

    /// Goes on by so many octets, or to the end of the character in which they end.
    pub fn skip(&mut self, octets: usize) {
        self.at = self.at.saturating_add(octets).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// Passes over these octets, if they are the next.
    pub fn take(&mut self, what: &str) -> bool {
        let is_next = self.sees(what);
        if is_next {
            self.skip(what.len());
        }
        is_next
    }

    /// The place between here and here.
    pub const fn here(&self) -> Span {
        Span { source: self.source, start: self.at as u32, end: self.at as u32 }
    }

    /// The place from there to here.
    pub const fn since(&self, start: Span) -> Span {
        Span { end: self.at as u32, ..start }
    }

    /// The place from there to the last thing before here that is not blank.
    pub const fn solid_since(&self, start: Span) -> Span {
        let (end, before) = self.blank;
        Span { end: if self.at == end { before } else { self.at } as u32, ..start }
    }

    /// The next character, to be pointed at.
    pub fn next_char(&self) -> Span {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        Span { end: (self.at + length) as u32, ..self.here() }
    }

    /// The place from there to the end of its line, without what is blank there.
    pub fn of_line(&self, there: Span) -> Span {
        let line = self.text.get(there.start as usize..).and_then(|rest| rest.lines().next());
        Span { end: there.start + line.map_or(0, |line| line.trim_end().len()) as u32, ..there }
    }

    /// Goes on to the next thing of this line, or of any line: over spaces, comments, and the ends of lines that go on.
    pub fn blank(&mut self, across_lines: bool) {
        let (end, before) = self.blank;
        let before = if self.at == end { before } else { self.at };
        self.pass_blank(across_lines);
        self.blank = (self.at, before);
    }

    fn pass_blank(&mut self, across_lines: bool) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.skip(1),
                Some(b'\n') if across_lines => self.skip(1),
                Some(b'\\') if self.continues() => self.go_on(),
                Some(b'/') if self.comment == "//" && self.sees("/*") => {
                    let end = self.rest().find("*/").map_or(self.rest().len(), |end| end + 2);
                    self.skip(end);
                }
                _ if self.is_comment() => {
                    let end = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.skip(end);
                }
                _ => return,
            }
        }
    }

    /// Whether here is another line than there.
    pub fn is_behind_line_of(&self, there: Span) -> bool {
        self.text.get(there.start as usize..self.at).is_some_and(|text| text.contains('\n'))
    }

    /// Goes back.
    pub const fn back_to(&mut self, there: Span) {
        self.at = there.start as usize;
    }

    /// Whether nothing more stands on this line.
    pub fn is_line_end(&mut self) -> bool {
        self.blank(false);
        matches!(self.peek(), None | Some(b'\n'))
    }

    /// Goes on to the next line.
    pub fn next_line(&mut self) {
        match self.rest().find('\n') {
            Some(end) => self.skip(end + 1),
            None => self.at = self.text.len(),
        }
    }

    /// Whether nothing more stands in the text.
    pub fn is_end(&mut self) -> bool {
        self.blank(true);
        self.peek().is_none()
    }

    /// What is left of the line, without what comes before and behind it.
    pub fn rest_of_line(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find('\n').unwrap_or(rest.len());
        self.skip(end);
        rest.get(..end).unwrap_or_default().trim()
    }

    /// A word: letters, digits, `-` and `_`.
    pub fn word(&mut self) -> Option<(&'a str, Span)> {
        let start = self.here();
        let rest = self.rest();
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        self.skip(end);
        rest.get(..end).filter(|word| !word.is_empty()).map(|word| (word, self.since(start)))
    }

    /// A text between quotation marks; `\"`, `\\` and `\n` stand for what they usually do.
    pub fn string(&mut self) -> Result<(String, Span), Mistake> {
        let start = self.here();
        let mut text = String::new();
        self.skip(1);
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.skip(at + 1);
                    return Ok((text, self.since(start)));
                }
                '\n' => break,
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    _ => {
                        self.skip(at);
                        let backslash = self.here();
                        self.skip(1);
                        return Err(Mistake::new(
                            backslash.to(self.next_char()),
                            "only \\\", \\\\ and \\n mean something",
                        ));
                    }
                },
                c => text.push(c),
            }
        }
        self.rest_of_line();
        Err(Mistake::new(self.since(start), "the text does not end on its line").help("add the closing \""))
    }

    /// That something else was to stand here.
    pub fn unexpected(&self, wanted: &str) -> Mistake {
        match self.rest().chars().next() {
            None | Some('\n') => Mistake::new(self.here(), format!("{wanted} is missing")),
            Some(_) => Mistake::new(self.next_char(), format!("this is not {wanted}")),
        }
    }

    /// Whether a comment begins here. `#(` is a length, unless a line begins with it.
    fn is_comment(&self) -> bool {
        if !self.sees(self.comment) || (self.comment == "//" && self.sees(AID)) {
            return false;
        }
        let before = self.text.get(..self.at).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        let is_first = before
            .get(line..)
            .is_some_and(|before| before.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty());
        let is_length = self.comment == "#" && (self.sees("#(") || self.sees("##("));
        let goes_on = before.get(..line).is_some_and(|before| before.trim_end().ends_with('\\'));
        if is_first {
            !is_length || !goes_on
        } else {
            !is_length && before.ends_with([' ', '\t', ']', ')', '"'])
        }
    }

    /// Whether the line ends behind the backslash.
    fn continues(&self) -> bool {
        let rest = self.rest().get(1..).unwrap_or_default();
        rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    }

    /// To the line that goes on this one: empty ones and comments between them do not count.
    fn go_on(&mut self) {
        self.next_line();
        loop {
            let line = self.rest().lines().next().unwrap_or_default().trim();
            let is_comment =
                line.starts_with(self.comment) && !line.starts_with("#(") && !line.starts_with("##(");
            if self.rest().is_empty() || !(line.is_empty() || is_comment) {
                return;
            }
            self.next_line();
        }
    }
}
