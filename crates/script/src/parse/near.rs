//! Which word was meant.

use alloc::{string::String, vec::Vec};

/// The word that has most in common with another, if it is much.
pub fn nearest(word: &str, words: impl Iterator<Item = String>) -> Option<String> {
    let distance = |other: &str| edits(word.as_bytes(), other.as_bytes());
    words
        .map(|other| (distance(&other), other))
        .min()
        .filter(|(edits, other)| *edits * 3 <= other.len())
        .map(|(_, other)| other)
}

/// How many letters must be changed, added or taken away to make one word of the other.
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().take(32).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (above, other) in row.iter().skip(1).zip(b) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(letter != other));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
