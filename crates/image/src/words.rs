//! Lengths of time and codings, as people type them.

use oxisim_backup::{Coding, compact};
use oxisim_wire::Duration;

use crate::Tables;

const LONGEST_SECONDS: u64 = 3_653 * 86_400;

/// `90s`, `2m`, `1h30m`, `7d`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no length of time: write 90s, 2m, 1h30m or 7d");
    let mut seconds: u64 = 0;
    let mut digits = String::new();
    for character in text.trim().chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        seconds = count.checked_mul(unit).and_then(|n| seconds.checked_add(n)).ok_or_else(wrong)?;
        digits.clear();
    }
    if !digits.is_empty() {
        let rest: u64 = digits.parse().map_err(|_| wrong())?;
        seconds = seconds.checked_add(rest).ok_or_else(wrong)?;
    } else if text.trim().is_empty() {
        return Err(wrong());
    }
    if seconds > LONGEST_SECONDS {
        return Err(format!("{text:?} is longer than ten years"));
    }
    Ok(Duration::from_secs(seconds))
}

/// How blocks are coded, as people say it: `plain`, `compact`, the number or the name of a shipped table, or a file.
pub fn coding(text: &str, tables: Tables<'_>) -> Result<Coding, String> {
    let shipped = compact::Tables::default();
    let known = match text.parse() {
        Ok(number) => shipped.get(number),
        Err(_) => shipped.named(text),
    };
    match (text, known) {
        ("plain", _) => Ok(Coding::Plain),
        ("compact", _) => Ok(Coding::general()),
        (_, Some(table)) => Ok(Coding::Compact(table.clone())),
        _ => match tables(text) {
            Some(table) => table.map(Coding::Compact),
            None => Err(format!(
                "{text:?} is no coding: write plain, compact, a table's number or name, or its file"
            )),
        },
    }
}

/// `n thing` or `n things`.
pub fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, seconds) in [("90s", 90), ("2m", 120), ("1h30m", 5_400), ("7d", 604_800), ("45", 45)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "2x", "-3s", "99999999999999999999s", "18446744073709551615d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
