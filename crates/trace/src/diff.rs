//! Two traces beside each other.

use std::{collections::HashMap, fmt};

use oxisim_wire::{Duration, Instant};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::{Place, Placed, Record, What, json, marked, words};

/// A stretch of two traces.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference<'a> {
    /// So many records are alike.
    Alike(usize),
    /// A record that only the first has.
    OnlyFirst(At<'a>),
    /// A record that only the second has.
    OnlySecond(At<'a>),
    /// The same command has another answer.
    Answer {
        /// In the first.
        first: At<'a>,
        /// In the second.
        second: At<'a>,
    },
}

/// A record, where it stands, and when it was, counted from the beginning of its trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At<'a> {
    /// Where it stands.
    pub place: Place,
    /// Since the beginning.
    pub since: Duration,
    /// The record.
    pub record: &'a Record,
}

/// What two traces have alike and what not, in their order. Times and the records' origin do not count.
#[must_use]
pub fn diff<'a>(first: &'a [Placed], second: &'a [Placed]) -> Vec<Difference<'a>> {
    let mut numbers = HashMap::new();
    let (a, b) = (keys(first, &mut numbers), keys(second, &mut numbers));
    let (keys_a, keys_b): (Vec<usize>, Vec<usize>) =
        (a.iter().map(|(key, _)| *key).collect(), b.iter().map(|(key, _)| *key).collect());
    let of = |side: &[(usize, At<'a>)], at: usize| side.get(at).map(|(_, at)| *at);
    let mut differences = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &keys_a, &keys_b) {
        let (olds, news) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { len, .. } = op {
            differences.push(Difference::Alike(len));
            continue;
        }
        let (mut olds, mut news) = (olds.filter_map(|at| of(&a, at)), news.filter_map(|at| of(&b, at)));
        loop {
            match (olds.next(), news.next()) {
                (Some(first), Some(second)) if is_same_command(first.record, second.record) => {
                    differences.push(Difference::Answer { first, second });
                }
                (None, None) => break,
                (first, second) => {
                    differences.extend(first.map(Difference::OnlyFirst));
                    differences.extend(second.map(Difference::OnlySecond));
                }
            }
        }
    }
    differences
}

/// A number for each record that two have if they say the same.
fn keys<'a>(records: &'a [Placed], numbers: &mut HashMap<String, usize>) -> Vec<(usize, At<'a>)> {
    let mut origin = records.first().map_or(Instant::EPOCH, |placed| placed.record.began());
    let mut keys = Vec::new();
    for Placed { place, record } in records {
        if let What::Start { .. } = record.what {
            // A second recording in one file has a clock of its own.
            origin = record.at;
            continue;
        }
        let next = numbers.len();
        let number = *numbers.entry(key(record)).or_insert(next);
        keys.push((number, At { place: *place, since: record.began().since(origin), record }));
    }
    keys
}

/// What a record says, without its times.
fn key(record: &Record) -> String {
    let what = match record.what.clone() {
        What::Exchange { command, response, .. } => {
            What::Exchange { command, response, took: Duration::ZERO }
        }
        What::Other(mut object) => {
            object.remove("at");
            What::Other(object)
        }
        what => what,
    };
    json::line(&Record::new(Instant::EPOCH, what))
}

fn is_same_command(first: &Record, second: &Record) -> bool {
    match (&first.what, &second.what) {
        (What::Exchange { command: first, .. }, What::Exchange { command: second, .. }) => first == second,
        (What::Reset { .. }, What::Reset { .. }) => true,
        _ => false,
    }
}

/// As people know it from other programs: `-` before what only the first has, `+` before what only the second has.
impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alike(1) => write!(f, "  1 record alike"),
            Self::Alike(count) => write!(f, "  {count} records alike"),
            Self::OnlyFirst(at) => write!(f, "- {at}"),
            Self::OnlySecond(at) => write!(f, "+ {at}"),
            Self::Answer { first, second } => {
                writeln!(f, "- {first}")?;
                write!(f, "+ {second}")?;
                if let (Some(a), Some(b)) = (answer(first.record), answer(second.record)) {
                    let [a, b, marks] = marked(a, b);
                    write!(f, "\n    - {a}\n    + {b}\n      {marks}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:.3}s: {}", self.place, self.since.as_secs_f64(), words::of(&self.record.what, None))
    }
}

fn answer(record: &Record) -> Option<&[u8]> {
    match &record.what {
        What::Exchange { response, .. } => Some(response),
        What::Reset { answer } => Some(answer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(start: u64, exchanges: &[(&[u8], &[u8])]) -> Vec<Placed> {
        let record = |(n, (command, response)): (u64, &(&[u8], &[u8]))| {
            let what = What::Exchange {
                command: command.to_vec(),
                response: response.to_vec(),
                took: Duration::from_micros(n + start),
            };
            let record = Record::new(Instant::from_secs(start + n), what);
            Placed { place: Place::Line(n as usize), record }
        };
        (1..).zip(exchanges).map(record).collect()
    }

    #[test]
    fn only_what_was_said_counts_and_not_when() {
        let exchanges: [(&[u8], &[u8]); 2] =
            [(&[0, 0xB0, 0, 0, 1], &[7, 0x90, 0]), (&[0, 0xB0, 0, 1, 1], &[8, 0x90, 0])];
        assert_eq!(diff(&trace(0, &exchanges), &trace(99, &exchanges)), [Difference::Alike(2)]);
    }

    #[test]
    fn another_answer_is_marked_octet_by_octet_and_what_is_more_is_told() {
        let select: (&[u8], &[u8]) = (&[0, 0xA4, 0, 4, 2, 0x3F, 0], &[0x90, 0]);
        let first = trace(0, &[select, (&[0, 0xB0, 0, 0, 2], &[7, 8, 0x90, 0])]);
        let second = trace(0, &[select, (&[0, 0xB0, 0, 0, 2], &[7, 9, 0x62, 0x82]), select]);
        let lines: Vec<String> = diff(&first, &second).iter().map(ToString::to_string).collect();
        let expected = "  1 record alike\n\
            - line 2, 1.000s: READ BINARY -> 0708; 9000\n\
            + line 2, 1.000s: READ BINARY -> 0709; 6282 end of file or record reached before reading Le octets, or unsuccessful search\n    \
            - 07 08 90 00\n    \
            + 07 09 62 82\n         \
            ^^ ^^ ^^\n\
            + line 3, 2.000s: SELECT 3F00 -> 9000";
        assert_eq!(lines.join("\n"), expected);
    }
}
