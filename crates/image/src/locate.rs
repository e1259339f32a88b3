//! Where in a card's file something is wrong: line and key.

use std::{fmt, ops::Range};

use toml::de::{DeTable, DeValue};

/// What is wrong with a card's file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1.
    pub line: usize,
    /// The key with the tables that it stands in, such as `files."MF/EF.ICCID".sfi`; empty if the text is no
    /// TOML or the whole of it is meant. Elements of an array count from 1.
    pub key: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, key, reason } = self;
        if key.is_empty() {
            write!(f, "line {line}: {reason}")
        } else {
            write!(f, "line {line}: {key}: {reason}")
        }
    }
}

/// Something wrong at a place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// Octets of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub reason: String,
}

impl At {
    /// Something wrong with what stands at `place`.
    pub fn new<T>(place: &toml::Spanned<T>, reason: impl Into<String>) -> Self {
        Self { span: place.span(), reason: reason.into() }
    }

    /// The line and the key in `text`.
    pub fn locate(self, text: &str) -> Wrong {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let document = DeTable::parse(text).ok().filter(|_| !self.span.is_empty());
        let key = document.map(|document| key_at(document.get_ref(), &self.span)).unwrap_or_default();
        Wrong { line, key, reason: self.reason }
    }
}

impl From<toml::de::Error> for At {
    fn from(error: toml::de::Error) -> Self {
        Self { span: error.span().unwrap_or_default(), reason: error.message().into() }
    }
}

/// The key whose name or value is the narrowest that has all of `span`.
fn key_at(document: &DeTable<'_>, span: &Range<usize>) -> String {
    let mut search = Search { span, found: None };
    search.table(document, "");
    search.found.map(|(_, key)| key).unwrap_or_default()
}

struct Search<'a> {
    span: &'a Range<usize>,
    /// Width and key of the narrowest so far.
    found: Option<(usize, String)>,
}

impl Search<'_> {
    fn table(&mut self, table: &DeTable<'_>, within: &str) {
        for (key, value) in table {
            let dot = if within.is_empty() { "" } else { "." };
            let name = format!("{within}{dot}{}", quoted(key.get_ref()));
            self.offer(&key.span(), &name);
            self.value(value, &name);
        }
    }

    fn value(&mut self, value: &toml::Spanned<DeValue<'_>>, name: &str) {
        self.offer(&value.span(), name);
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, name),
            DeValue::Array(array) => {
                for (i, element) in array.iter().enumerate() {
                    self.value(element, &format!("{name}[{}]", i + 1));
                }
            }
            _ => {}
        }
    }

    fn offer(&mut self, span: &Range<usize>, name: &str) {
        let contains = span.start <= self.span.start && self.span.end <= span.end && !span.is_empty();
        let width = span.len();
        if contains && self.found.as_ref().is_none_or(|&(narrowest, _)| width <= narrowest) {
            self.found = Some((width, name.into()));
        }
    }
}

/// A key as TOML writes it.
pub fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { key.into() } else { string(key) }
}

/// A basic string of TOML.
pub fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            c if c.is_control() => out.extend(format!("\\u{:04X}", u32::from(c)).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_line_and_the_narrowest_key() {
        let text = "a = 1\n[files.\"x/y\"]\nlist = [\"p\", { q = 5 }]\n";
        for (part, expected) in [
            ("1", "line 1: a: !"),
            ("[files.\"x/y\"]", "line 2: files.\"x/y\": !"),
            ("\"p\"", "line 3: files.\"x/y\".list[1]: !"),
            ("5", "line 3: files.\"x/y\".list[2].q: !"),
        ] {
            let start = text.find(part).unwrap();
            let at = At { span: start..start + part.len(), reason: "!".into() };
            assert_eq!(at.locate(text).to_string(), expected);
        }
        let at = At { span: 0..0, reason: "!".into() };
        assert_eq!(at.locate("= = =").to_string(), "line 1: !");
    }

    #[test]
    fn any_text_is_a_string_of_toml() {
        for text in ["", "a\"b\\c", "\u{0}\n\u{7f}", "Zoë 📞"] {
            let document = format!("{} = {}", string(text), string(text));
            let read: std::collections::BTreeMap<String, String> = toml::from_str(&document).unwrap();
            assert_eq!(read.into_iter().next().unwrap(), (text.into(), text.into()));
        }
    }
}
