//! What is wrong with a configuration, and where.

use std::{fmt, io, path::PathBuf};

/// Something wrong in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The key with its table, such as `store.database`; empty if the text is no TOML.
    pub key: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, key, reason } = self;
        if key.is_empty() {
            write!(f, "line {line}: {reason}")
        } else {
            write!(f, "line {line}: {key}: {reason}")
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Its file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It is wrong; all that is wrong.
    #[error("{}", lines(path, problems))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// At least one.
        problems: Vec<Problem>,
    },
}

fn lines(path: &std::path::Path, problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(|problem| format!("{}, {problem}", path.display())).collect();
    lines.join("\n")
}

/// The known word that is the most like a mistaken one, if any is.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known.map(|other| (distance(word, other), other)).filter(|&(far, _)| far <= limit).min().map(|(_, it)| it)
}

/// Letters to add, leave out, replace or swap with their neighbour (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistaken_word_is_near_the_one_that_was_meant() {
        let known = ["database", "key_file", "url", "validity"];
        let nearest = |word| nearest(word, known.into_iter());
        assert_eq!(nearest("databse"), Some("database"));
        assert_eq!(nearest("dtaabase"), Some("database"));
        assert_eq!(nearest("keyfile"), Some("key_file"));
        assert_eq!(nearest("ulr"), Some("url"));
        assert_eq!(nearest("colour"), None);
    }
}
