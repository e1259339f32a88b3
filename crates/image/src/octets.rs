//! Octets as a card's file writes them: hexadecimal, and what repeats only once.

use crate::words::count;

/// Octets, and whether the last of them repeats to the end of what they fill: `00FF..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    octets: Vec<u8>,
    repeats: bool,
}

impl Pattern {
    /// Reads hexadecimal, with spaces wherever they help, and `..` at the end if the last octet repeats.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (digits, repeats) = match text.trim_end().strip_suffix("..") {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        let octets = octets(digits)?;
        if repeats && octets.is_empty() {
            return Err("there is no octet before \"..\"".into());
        }
        Ok(Self { octets, repeats })
    }

    /// Octets that it has at least.
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Whether it says how long it is.
    pub fn is_fixed(&self) -> bool {
        !self.repeats
    }

    /// Exactly `length` octets.
    pub fn fill(&self, length: usize) -> Result<Vec<u8>, String> {
        let mut out = self.octets.clone();
        let given = out.len();
        match (out.last(), self.repeats) {
            (Some(&last), true) if given <= length => out.resize(length, last),
            _ if given > length => return Err(format!("{} into {length}", more(given, "do not fit"))),
            _ if given < length => {
                return Err(format!(
                    "{} where {length} stand: end with \"FF..\" to fill the rest",
                    count(given, "octet")
                ));
            }
            _ => {}
        }
        Ok(out)
    }
}

/// `00FF..`, or `30 x 00FF..`.
pub fn parse_run(text: &str) -> Result<(usize, Pattern), String> {
    match text.split_once('x') {
        Some((count, pattern)) => {
            let wrong = || format!("{:?} is no number of records from 1 to 255", count.trim());
            let number = count.trim().parse().ok().filter(|number| (1..=255).contains(number));
            Ok((number.ok_or_else(wrong)?, Pattern::parse(pattern)?))
        }
        None => Ok((1, Pattern::parse(text)?)),
    }
}

/// Octets in hexadecimal; spaces may stand between them.
pub fn octets(text: &str) -> Result<Vec<u8>, String> {
    let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if let Some(other) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("{other:?} is no hexadecimal digit"));
    }
    hex::decode(&digits)
        .map_err(|_| format!("{} hexadecimal digits are no octets: their number is odd", digits.len()))
}

/// Octets as [`Pattern::parse`] reads them, given how many they are.
pub fn show(octets: &[u8]) -> String {
    let Some((last, _)) = octets.split_last() else { return String::new() };
    let run = octets.iter().rev().take_while(|octet| *octet == last).count();
    if run < 3 {
        return hex::encode_upper(octets);
    }
    let head = octets.get(..=octets.len() - run).unwrap_or(octets);
    format!("{}..", hex::encode_upper(head))
}

/// Records as [`parse_run`] reads them, without the erased ones at the end.
pub fn show_records(octets: &[u8], length: usize) -> Vec<String> {
    let mut runs: Vec<(usize, &[u8])> = Vec::new();
    for record in octets.chunks(length.max(1)) {
        match runs.last_mut() {
            Some((count, same)) if *same == record => *count += 1,
            _ => runs.push((1, record)),
        }
    }
    if runs.last().is_some_and(|(_, record)| record.iter().all(|&octet| octet == 0xFF)) {
        runs.pop();
    }
    runs.iter()
        .map(|&(count, record)| if count == 1 { show(record) } else { format!("{count} x {}", show(record)) })
        .collect()
}

fn more(count: usize, verb: &str) -> String {
    if count == 1 {
        format!("1 octet {}", verb.replace("do ", "does "))
    } else {
        format!("{count} octets {verb}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_octet_repeats() {
        let pattern = Pattern::parse("00 ff..").unwrap();
        assert_eq!(pattern.fill(4), Ok(vec![0, 0xFF, 0xFF, 0xFF]));
        assert_eq!(pattern.fill(2), Ok(vec![0, 0xFF]));
        assert_eq!(pattern.fill(1).unwrap_err(), "2 octets do not fit into 1");
        assert_eq!(
            Pattern::parse("0102").unwrap().fill(3).unwrap_err(),
            "2 octets where 3 stand: end with \"FF..\" to fill the rest"
        );
        assert_eq!(Pattern::parse("..").unwrap_err(), "there is no octet before \"..\"");
        assert_eq!(Pattern::parse("0g").unwrap_err(), "'g' is no hexadecimal digit");
        assert_eq!(
            Pattern::parse("012").unwrap_err(),
            "3 hexadecimal digits are no octets: their number is odd"
        );
    }

    #[test]
    fn records_repeat() {
        assert_eq!(parse_run("30 x 00FF.."), Ok((30, Pattern { octets: vec![0, 0xFF], repeats: true })));
        assert_eq!(parse_run("0 x 00").unwrap_err(), "\"0\" is no number of records from 1 to 255");
        assert_eq!(show_records(&[1, 1, 2, 2, 2, 0xFF, 0xFF], 1), ["2 x 01", "3 x 02"]);
        assert_eq!(show_records(&[0, 0xFF, 0xFF, 0xFF], 4), ["00FF.."]);
    }

    #[test]
    fn what_is_shown_is_read_again() {
        for octets in [&[][..], &[1], &[1, 1, 1], &[0xFF; 200], &[1, 2, 0, 0, 0], &[7, 7]] {
            assert_eq!(Pattern::parse(&show(octets)).unwrap().fill(octets.len()).unwrap(), octets);
        }
    }
}
