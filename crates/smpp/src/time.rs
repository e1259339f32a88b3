//! Times of SMPP (SMPP 5.0 §4.7.23).

use std::{fmt, str::FromStr};

use oxisim_sms::CivilTime;
use oxisim_wire::{Duration, Instant};

/// `validity_period` and `schedule_delivery_time`: a point in time, or a span of time from now on.
///
/// ```
/// use oxisim_smpp::Time;
/// use oxisim_wire::Duration;
///
/// let time: Time = "000000013000000R".parse()?;
/// assert_eq!(time, Time::Relative(Duration::from_mins(90)));
/// assert_eq!(time.to_string(), "000000013000000R");
/// # Ok::<(), oxisim_smpp::NoTime>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// A point in time.
    Absolute(Instant),
    /// A span of time from now on. A year has 365 days in it and a month 30.
    Relative(Duration),
}

/// The text is not in the format of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time in the format YYMMDDhhmmsstnnp")]
pub struct NoTime;

impl Time {
    /// The point in time that is meant `now`.
    #[must_use]
    pub fn at(self, now: Instant) -> Instant {
        match self {
            Self::Absolute(at) => at,
            Self::Relative(span) => now + span,
        }
    }
}

impl FromStr for Time {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let octets: &[u8; 16] = text.as_bytes().try_into().map_err(|_| NoTime)?;
        let (digits, [sign]) = octets.split_at(15) else { return Err(NoTime) };
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(NoTime);
        }
        let pair = |at: usize| (digits[at] - b'0') * 10 + (digits[at + 1] - b'0');
        let [year, month, day, hour, minute, second] = [0, 2, 4, 6, 8, 10].map(pair);
        let quarters = pair(13).cast_signed();
        let quarter_hours = match sign {
            b'R' => {
                let days = u64::from(year) * 365 + u64::from(month) * 30 + u64::from(day);
                let minutes = (days * 24 + u64::from(hour)) * 60 + u64::from(minute);
                return Ok(Self::Relative(Duration::from_mins(minutes) + Duration::from_secs(second.into())));
            }
            b'+' => quarters,
            b'-' => -quarters,
            _ => return Err(NoTime),
        };
        let year = 2000 + u16::from(year);
        CivilTime { year, month, day, hour, minute, second, quarter_hours }
            .instant()
            .map(Self::Absolute)
            .ok_or(NoTime)
    }
}

/// In the format `YYMMDDhhmmsstnnp`; what lies outside of the years 2000 to 2099, or is a span of 100 years and more, is the
/// nearest that can be said.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(at) => {
                let CivilTime { year, month, day, hour, minute, second, .. } =
                    CivilTime::from_instant((*at).clamp(CENTURY.0, CENTURY.1), 0);
                write!(f, "{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}000+", year % 100)
            }
            Self::Relative(span) => {
                let seconds = span.as_secs_ceil().min(LONGEST);
                let days = seconds / DAY;
                let (years, months, days) = (days / 365, days % 365 / 30, days % 365 % 30);
                let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
                write!(f, "{years:02}{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R")
            }
        }
    }
}

/// The first and the last second of the years that two digits stand for.
const CENTURY: (Instant, Instant) = (Instant::from_secs(946_684_800), Instant::from_secs(4_102_444_799));
/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;
/// Seconds of 100 years of 365 days, less one.
const LONGEST: u64 = 100 * 365 * DAY - 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of SMPP 5.0 §4.7.23.4: 4 years, 2 months and so on from now.
    #[test]
    fn the_standards_examples_are_read() {
        let span = ((4 * 365 + 2 * 30 + 6) * 24 + 10) * 3600 + 10 * 60 + 12;
        assert_eq!("040206101012000R".parse(), Ok(Time::Relative(Duration::from_secs(span))));
        // 2002-08-26T19:37:41-01:00.
        assert_eq!("020826193741004-".parse(), Ok(Time::Absolute(Instant::from_secs(1_030_394_261))));
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in ["", "0206101012000R", "02133019374100+x", "021330193741004+", "02082619374100€"] {
            assert_eq!(text.parse::<Time>(), Err(NoTime), "{text}");
        }
    }

    /// The first hour of a century in a zone before Greenwich's is the one before it there.
    #[test]
    fn a_time_outside_of_the_century_is_the_nearest_that_can_be_said() {
        let time: Time = "000101000000004+".parse().unwrap();
        assert_eq!(
            (time, time.to_string().as_str()),
            (Time::Absolute(Instant::from_secs(946_681_200)), "000101000000000+")
        );
        assert_eq!(Time::Absolute(Instant::from_secs(9_000_000_000)).to_string(), "991231235959000+");
        assert_eq!(Time::Relative(Duration::from_secs(u64::MAX)).to_string(), "991204235959000R");
    }

    proptest! {
        #[test]
        fn times_come_back(seconds in 946_684_800..4_102_444_800_u64, span in 0..LONGEST) {
            for time in [Time::Absolute(Instant::from_secs(seconds)), Time::Relative(Duration::from_secs(span))] {
                prop_assert_eq!(time.to_string().parse(), Ok(time));
            }
        }
    }
}
