//! Lengths of time and hours of the day, as people type them.

use oxisim_backup::Window;
pub use oxisim_image::duration;
use oxisim_wire::Duration;

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
    fn hours_of_the_day_may_pass_midnight() {
        assert_eq!(window("22:00-06:30"), Ok(Window { opens: 79_200, closes: 23_400 }));
        assert!(window("25:00-1:00").is_err() && window("22-6").is_err());
        assert!(range("5m..1m").is_err());
    }
}
