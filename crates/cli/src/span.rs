//! Lengths of time and hours of the day, as people type them.

use oxisim_backup::Window;
use oxisim_wire::Duration;

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

/// `1m..5m`.
pub fn range(text: &str) -> Result<(Duration, Duration), String> {
    let (least, most) = text.split_once("..").ok_or_else(|| format!("{text:?}: write 1m..5m"))?;
    let (least, most) = (duration(least)?, duration(most)?);
    if least > most {
        return Err(format!("{text:?}: the first must not be longer than the second"));
    }
    Ok((least, most))
}

/// `22:00`, as seconds after midnight.
pub fn time_of_day(text: &str) -> Result<u32, String> {
    let parsed = text.trim().split_once(':').and_then(|(hours, minutes)| {
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours <= 24 && minutes < 60).then_some(hours * 3_600 + minutes * 60)
    });
    parsed.ok_or_else(|| format!("{text:?} is no time of day: write 22:00"))
}

/// `22:00-06:00`.
pub fn window(text: &str) -> Result<Window, String> {
    let wrong = || format!("{text:?} are no hours of the day: write 22:00-06:00");
    let (opens, closes) = text.split_once('-').ok_or_else(wrong)?;
    let time = |text| time_of_day(text).map_err(|_| wrong());
    Ok(Window { opens: time(opens)?, closes: time(closes)? })
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

    #[test]
    fn hours_of_the_day_may_pass_midnight() {
        assert_eq!(window("22:00-06:30"), Ok(Window { opens: 79_200, closes: 23_400 }));
        assert!(window("25:00-1:00").is_err() && window("22-6").is_err());
        assert!(range("5m..1m").is_err());
    }
}
