//! References to access rules that lead nowhere: no error, since cards have them, and what they guard is denied.

use std::{collections::HashMap, ops::Range};

use oxisim_card::{SecurityAttributes, file::Structure};

use crate::locate::At;

/// A rule that a file refers to: a record of an `EF_ARR`.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The directory from which the `EF_ARR` is looked for, upwards.
    directory: Vec<u16>,
    /// Where the text refers to it.
    span: Range<usize>,
    arr: u16,
    record: u8,
}

impl Reference {
    /// The rules that the file at `place` refers to.
    pub fn of(place: &[u16], span: &Range<usize>, security: &SecurityAttributes) -> Vec<Self> {
        let (arr, records) = match security {
            SecurityAttributes::Referenced { arr, record } => (*arr, vec![*record]),
            SecurityAttributes::ReferencedBySe { arr, records } => {
                (*arr, records.iter().map(|(_, record)| *record).collect())
            }
            SecurityAttributes::Compact(_) | SecurityAttributes::Expanded(_) => return Vec::new(),
        };
        let directory = if place.len() > 1 { &place[..place.len() - 1] } else { place };
        let of = |record| Self { directory: directory.to_vec(), span: span.clone(), arr, record };
        records.into_iter().map(of).collect()
    }

    /// What is missing, if anything is.
    fn missing(&self, files: &HashMap<Vec<u16>, (Structure, usize)>) -> Option<String> {
        let Self { directory, arr, record, .. } = self;
        let found = (1..=directory.len()).rev().find_map(|depth| {
            let place = [&directory[..depth], &[*arr]].concat();
            files.get(&place)
        });
        match found {
            None => Some(format!("there is no EF_ARR {arr:04X}")),
            Some((structure, size)) => {
                let records = structure.record().map_or(0, |octets| size / octets);
                let is_there = (1..=records).contains(&usize::from(*record));
                (!is_there).then(|| format!("EF_ARR {arr:04X} has no record {record}"))
            }
        }
    }
}

/// What is missing of the rules that files refer to, each once, at the first place that refers to it.
pub fn missing(references: &[Reference], files: &HashMap<Vec<u16>, (Structure, usize)>) -> Vec<At> {
    let mut all: Vec<(At, usize)> = Vec::new();
    for reference in references {
        let Some(reason) = reference.missing(files) else { continue };
        match all.iter_mut().find(|(at, _)| at.reason == reason) {
            Some((_, others)) => *others += 1,
            None => all.push((At { span: reference.span.clone(), reason }, 0)),
        }
    }
    let said = |(At { span, reason }, others)| {
        let others = if others > 0 { format!(" (and {others} more refer to it)") } else { String::new() };
        At { span, reason: format!("{reason}: what it would allow is denied{others}") }
    };
    all.into_iter().map(said).collect()
}
