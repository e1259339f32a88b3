//! One table of a configuration, read key by key. What is asked for is what is known.

use std::{
    fmt::Display,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
    str::FromStr,
};

use oxisim_wire::Duration;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::problem::nearest;

/// A key that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its default as text; none if there is none.
    pub default: Option<String>,
}

/// What is wrong so far, and what is known.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Octets of the text, the key, what is wrong with it.
    pub wrong: Vec<(Range<usize>, String, String)>,
    /// All keys in the order in which they were asked for.
    pub known: Vec<Key>,
    /// The folder that paths start from.
    pub folder: PathBuf,
}

/// One table.
pub(super) struct Section<'a> {
    name: &'static str,
    table: Option<&'a DeTable<'a>>,
    /// Where the table stands.
    place: Range<usize>,
    asked: Vec<&'static str>,
    notes: &'a mut Notes,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Section<'a> {
    pub fn new(
        name: &'static str,
        (table, place): (Option<&'a DeTable<'a>>, Range<usize>),
        notes: &'a mut Notes,
    ) -> Self {
        Self { name, table, place, asked: Vec::new(), notes }
    }

    /// Says of each key that nobody has asked for that it is unknown.
    pub fn finish(self) {
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let reason = match nearest(name, self.asked.iter().copied()) {
                Some(meant) => format!("unknown key; did you mean `{meant}`?"),
                None => format!("unknown key; known are {}", self.asked.join(", ")),
            };
            self.notes.wrong.push((key.span(), format!("{}.{name}", self.name), reason));
        }
    }

    /// Something is wrong with what stands at a key, or with the whole table.
    pub fn wrong(&mut self, key: &'static str, reason: impl Into<String>) {
        let place = self.table.and_then(|table| table.get(key)).map_or(self.place.clone(), Spanned::span);
        self.notes.wrong.push((place, format!("{}.{key}", self.name), reason.into()));
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// The number at a key.
    pub fn number(&mut self, key: &'static str, default: u32, range: RangeInclusive<u32>) -> u32 {
        self.read(key, Some(default.to_string()), |value| {
            let DeValue::Integer(number) = value else { return Err("a number is expected".into()) };
            let number = u32::from_str_radix(number.as_str(), number.radix()).ok();
            let fits = number.filter(|number| range.contains(number));
            fits.ok_or_else(|| format!("a number from {} to {} is expected", range.start(), range.end()))
        })
        .unwrap_or(default)
    }

    /// The number at a key, if it is there.
    pub fn optional_number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.has(key)
            .then(|| self.number(key, *range.start(), range))
            .or_else(|| self.read(key, None, |_| Ok(())).map(|()| 0))
    }

    /// The length of time at a key.
    pub fn span(&mut self, key: &'static str, default: &str, least: &str, most: &str) -> Duration {
        let of = |text: &str| span(text).unwrap_or_default();
        self.read(key, Some(default.into()), |value| {
            let span = text(value).and_then(span)?;
            if span < of(least) || span > of(most) {
                return Err(format!("a time from {least} to {most} is expected"));
            }
            Ok(span)
        })
        .unwrap_or_else(|| of(default))
    }

    /// The word at a key, one of these; the first is the default.
    pub fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> T {
        let chosen = self.read(key, words.first().map(|(word, _)| (*word).into()), |value| {
            let text = text(value)?;
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|&(_, it)| it).ok_or_else(|| {
                let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                format!("one of {} is expected", words.join(", "))
            })
        });
        chosen.unwrap_or(words[0].1)
    }

    /// The yes or no at a key.
    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.read(key, Some(default.to_string()), |value| match value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err("true or false is expected".into()),
        })
        .unwrap_or(default)
    }

    /// What the text at a key means, if it is there.
    pub fn parsed<T>(&mut self, key: &'static str, default: Option<&str>) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let read = |text: &str| text.parse().map_err(|error: T::Err| error.to_string());
        self.read(key, default.map(Into::into), |value| read(text(value)?))
            .or_else(|| default.and_then(|text| read(text).ok()))
    }

    /// The text at a key that must be there, of at most so many characters.
    pub fn text(&mut self, key: &'static str, default: Option<&str>, limit: usize) -> String {
        if default.is_none() && !self.has(key) && self.table.is_some() {
            self.wrong(key, "is missing");
        }
        self.read(key, default.map(Into::into), |value| {
            let text = text(value)?;
            let fits = text.chars().count() <= limit && !text.chars().any(char::is_control);
            if fits { Ok(text.to_owned()) } else { Err(format!("at most {limit} characters are expected")) }
        })
        .unwrap_or_else(|| default.unwrap_or_default().into())
    }

    /// The same for a field of SMPP: characters of ASCII (SMPP 5.0 §3.1).
    pub fn ascii(&mut self, key: &'static str, default: Option<&str>, limit: usize) -> String {
        let text = self.text(key, default, limit);
        if !text.is_ascii() {
            self.wrong(key, "characters of ASCII are expected");
        }
        text
    }

    /// What the texts of the list at a key mean.
    pub fn list<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        self.read(key, Some("[]".into()), |value| match value {
            DeValue::Array(array) => array.iter().map(|element| read(text(element.get_ref())?)).collect(),
            _ => Err("a list is expected".into()),
        })
        .unwrap_or_default()
    }

    /// The path at a key, from the folder of the configuration on.
    pub fn path(&mut self, key: &'static str, default: Option<&str>) -> Option<PathBuf> {
        let folder = self.notes.folder.clone();
        let at = |text: &str| folder.join(Path::new(text));
        self.read(key, default.map(Into::into), |value| Ok(at(text(value)?))).or_else(|| default.map(at))
    }

    /// The path of a file at a key, which must be there to be read.
    pub fn file(&mut self, key: &'static str) -> Option<PathBuf> {
        let path = self.path(key, None)?;
        if let Err(error) = std::fs::File::open(&path) {
            self.wrong(key, format!("cannot read {}: {error}", path.display()));
        }
        Some(path)
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        default: Option<String>,
        read: impl FnOnce(&DeValue<'a>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
            self.notes.known.push(Key { table: self.name, name: key, default });
        }
        let value: &Value<'a> = self.table?.get(key)?;
        match read(value.get_ref()) {
            Ok(read) => Some(read),
            Err(reason) => {
                self.notes.wrong.push((value.span(), format!("{}.{key}", self.name), reason));
                None
            }
        }
    }
}

fn text<'a>(value: &'a DeValue<'_>) -> Result<&'a str, String> {
    match value {
        DeValue::String(text) => Ok(text),
        _ => Err("a text in quotes is expected".into()),
    }
}

/// `500ms`, `90s`, `2m`, `1h30m`, `7d`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "a length of time such as \"90s\", \"2m\", \"1h30m\" or \"7d\" is expected".to_owned();
    let mut rest = text;
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (count, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_lowercase).count();
        let (unit, after) = after.split_at(letters);
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let count: u64 = count.parse().map_err(|_| wrong())?;
        millis = count.checked_mul(unit).and_then(|n| millis.checked_add(n)).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(Duration::from_millis(millis)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_units() {
        assert_eq!(span("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(span("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["", "5", "m", "2 m", "99999999999999999999d", "1m5"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
