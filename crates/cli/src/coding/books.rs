//! Address books to fit and to measure.

use std::{collections::BTreeSet, io, path::Path};

use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, Record};
use serde::Deserialize;

use crate::{failure::Failure, file};

/// First octets of a file that is compressed with xz.
const XZ: &[u8] = b"\xFD7zXZ\0";

/// Address books, with their locales.
#[derive(Clone, Debug, Default)]
pub struct Books(pub Vec<(String, Vec<Record>)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    locale: String,
    contacts: Vec<(String, String)>,
}

impl Books {
    /// Those of some locales; of all, if none is named.
    pub fn of(&self, locales: &[String]) -> Self {
        let is_one = |locale: &String| locales.is_empty() || locales.contains(locale);
        Self(self.0.iter().filter(|(locale, _)| is_one(locale)).cloned().collect())
    }

    /// Those of all locales but the language's.
    pub fn without(&self, language: &str) -> Self {
        Self(self.0.iter().filter(|(locale, _)| self::language(locale) != language).cloned().collect())
    }

    /// How many languages there are.
    pub fn languages(&self) -> usize {
        self.0.iter().map(|(locale, _)| language(locale)).collect::<BTreeSet<_>>().len()
    }

    /// How many contacts there are.
    pub fn contacts(&self) -> usize {
        self.0.iter().map(|(_, records)| records.len()).sum()
    }
}

/// The language of a locale.
pub fn language(locale: &str) -> &str {
    locale.split_once('_').map_or(locale, |(language, _)| language)
}

/// Reads books, one a line.
pub fn read(path: &Path) -> Result<Books, Failure> {
    let wrong = |error| Failure::Read { path: path.into(), error };
    let octets = file::octets(path).map_err(wrong)?;
    let octets = if octets.starts_with(XZ) {
        file::all(lzma_rust2::XzReader::new(octets.as_slice(), true)).map_err(wrong)?
    } else {
        octets
    };
    let text = String::from_utf8(octets).map_err(|error| wrong(io::Error::other(error)))?;
    let line = |(at, line): (usize, &str)| {
        let wrong = |reason: String| Failure::Usage(format!("{}, line {}: {reason}", path.display(), at + 1));
        let line: Line = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let records = line.contacts.iter().map(|(name, number)| {
            let name = hex::decode(name).map_err(|error| wrong(format!("{name}: {error}")))?;
            let number = DiallingNumber::parse(number, usize::MAX).ok().map(|parsed| parsed.number);
            Ok(Record { alpha: AlphaIdentifier::from_field(&name), number, additional: Vec::new() })
        });
        Ok((line.locale, records.collect::<Result<_, Failure>>()?))
    };
    text.lines().enumerate().map(line).collect::<Result<_, _>>().map(Books)
}
