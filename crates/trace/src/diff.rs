//! Two traces beside each other.

use std::{collections::HashMap, fmt};

use oxisim_wire::{Duration, Instant};

use crate::{Place, Placed, Record, What, align::align, json, marked, words};

/// A stretch of two traces.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference<'a> {
    /// So many records are alike.
    Alike(usize),
    /// A record that only the first has.
    OnlyFirst(At<'a>),
    /// A record that only the second has.
    OnlySecond(At<'a>),
    /// The same command has another answer, or what reads alike has other octets.
    Octets {
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
    let mut differences = Vec::new();
    let (mut next_a, mut next_b, mut alike) = (0, 0, 0);
    for (at_a, at_b) in align(&keys_a, &keys_b) {
        if (at_a, at_b) != (next_a, next_b) {
            between(&mut differences, alike, a.get(next_a..at_a), b.get(next_b..at_b));
            alike = 0;
        }
        alike += 1;
        (next_a, next_b) = (at_a + 1, at_b + 1);
    }
    between(&mut differences, alike, a.get(next_a..), b.get(next_b..));
    differences
}

/// What is alike, and what stands on both sides before the next that is.
fn between<'a>(
    differences: &mut Vec<Difference<'a>>,
    alike: usize,
    olds: Option<&[(usize, At<'a>)]>,
    news: Option<&[(usize, At<'a>)]>,
) {
    if alike > 0 {
        differences.push(Difference::Alike(alike));
    }
    let records = |side: Option<&[(usize, At<'a>)]>| -> Vec<At<'a>> {
        side.unwrap_or_default().iter().map(|(_, at)| *at).collect()
    };
    let (mut olds, mut news) = (records(olds).into_iter(), records(news).into_iter());
    loop {
        match (olds.next(), news.next()) {
            (Some(first), Some(second)) if is_of_one_kind(first.record, second.record) => {
                differences.push(Difference::Octets { first, second });
            }
            (None, None) => break,
            (first, second) => {
                differences.extend(first.map(Difference::OnlyFirst));
                differences.extend(second.map(Difference::OnlySecond));
            }
        }
    }
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

/// Whether the difference is one of octets: another answer to the same command, or another command in the same words, as
/// one with another Le is.
fn is_of_one_kind(first: &Record, second: &Record) -> bool {
    match (&first.what, &second.what) {
        (What::Exchange { command: first, .. }, What::Exchange { command: second, .. })
            if first == second =>
        {
            true
        }
        (What::Reset { .. }, What::Reset { .. }) => true,
        (first, second) => words::of(first, None) == words::of(second, None),
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
            Self::Octets { first, second } => {
                write!(f, "- {first}\n+ {second}")?;
                let pairs = octets(first.record).into_iter().zip(octets(second.record));
                for (a, b) in pairs.filter(|(a, b)| a != b) {
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

/// The octets of a record: of a command and of its answer, if there are both.
fn octets(record: &Record) -> Vec<&[u8]> {
    match &record.what {
        What::Exchange { command, response, .. } => vec![command, response],
        What::Reset { answer: octets }
        | What::Broken { command: octets, .. }
        | What::Tpdu { tpdu: octets, .. }
        | What::UserData { octets, .. }
        | What::Rpdu { rpdu: octets, .. }
        | What::Pdu { pdu: octets, .. } => vec![octets],
        What::Start { .. } | What::PowerOff | What::Event { .. } | What::Other(_) => Vec::new(),
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

    #[test]
    fn commands_that_read_alike_are_told_with_their_octets() {
        let first = trace(0, &[(&[0, 0xB0, 0, 0, 0], &[7, 8, 0x90, 0])]);
        let second = trace(0, &[(&[0, 0xB0, 0, 0, 2], &[7, 8, 0x90, 0])]);
        let lines: Vec<String> = diff(&first, &second).iter().map(ToString::to_string).collect();
        let expected = "- line 1, 0.000s: READ BINARY -> 0708; 9000\n\
            + line 1, 0.000s: READ BINARY -> 0708; 9000\n    \
            - 00 B0 00 00 00\n    \
            + 00 B0 00 00 02\n      \
            \u{20}           ^^";
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn traces_without_a_record_in_common_are_compared_side_by_side() {
        let read = |answer: u32| -> [Vec<u8>; 2] {
            [vec![0, 0xB0, 0, 0, 4], [&answer.to_be_bytes()[..], &[0x90, 0]].concat()]
        };
        let of = |numbers: std::ops::Range<u32>| -> Vec<Placed> {
            let exchanges: Vec<[Vec<u8>; 2]> = numbers.map(read).collect();
            let exchanges: Vec<(&[u8], &[u8])> =
                exchanges.iter().map(|[command, answer]| (&command[..], &answer[..])).collect();
            trace(0, &exchanges)
        };
        let (first, second) = (of(0..20_000), of(20_000..40_000));
        let differences = diff(&first, &second);
        assert_eq!(differences.len(), 20_000);
        assert!(differences.iter().all(|difference| matches!(difference, Difference::Octets { .. })));
    }
}
