//! When the server asks for the next subset.

use alloc::vec::Vec;

use oxisim_wire::{Duration, Instant};

const DAY: u64 = 24 * 3_600;

/// Hours of the day at which a server may ask, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Seconds after midnight at which it opens.
    pub opens: u32,
    /// Seconds after midnight at which it closes; at or before `opens`: on the next day.
    pub closes: u32,
}

/// How a server spaces the subsets of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// A regular period.
    Regular(Duration),
    /// A random period between these two.
    Random(Duration, Duration),
    /// A regular period, but only within these hours. No window is no restriction. Who waits for one that is closed is
    /// asked at a random time of its first three quarters, so that its opening is no rush.
    Timetable(Vec<Window>, Duration),
}

impl Window {
    fn length(self) -> u64 {
        match (u64::from(self.opens) % DAY, u64::from(self.closes) % DAY) {
            (opens, closes) if closes > opens => closes - opens,
            (opens, closes) => closes + DAY - opens,
        }
    }

    /// The first time at or after `at` at which the window is open.
    fn next_open(self, at: Instant) -> Instant {
        let since_opening = (at.as_secs() + DAY - u64::from(self.opens) % DAY) % DAY;
        if since_opening < self.length() {
            at
        } else {
            Instant::from_secs(at.as_secs() + DAY - since_opening)
        }
    }

    /// A time after the opening for one of many who wait for it. The last quarter is left to the subsets that follow.
    fn place(self, random: u64) -> Duration {
        let span = Duration::from_secs(self.length() * 3 / 4).as_micros();
        Duration::from_micros(random.checked_rem(span).unwrap_or(0))
    }
}

impl Spacing {
    /// When to ask, if the last block came at `now`; `random` is any number.
    #[must_use]
    pub fn next(&self, now: Instant, random: u64) -> Instant {
        match self {
            Self::Regular(period) => now + *period,
            Self::Random(least, most) => {
                let span = most.saturating_sub(*least).as_micros();
                now + *least + Duration::from_micros(random.checked_rem(span.saturating_add(1)).unwrap_or(0))
            }
            Self::Timetable(windows, period) => within(windows, now + *period, random),
        }
    }

    /// When to ask, if `delay` was asked for instead of the period; a timetable is kept all the same.
    #[must_use]
    pub fn after(&self, now: Instant, delay: Duration, random: u64) -> Instant {
        match self {
            Self::Timetable(windows, _) => within(windows, now + delay, random),
            _ => now + delay,
        }
    }
}

/// `at`, if a window is open then; else a time in the one that opens next.
fn within(windows: &[Window], at: Instant, random: u64) -> Instant {
    let openings = windows.iter().map(|window| (window.next_open(at), window));
    match openings.min_by_key(|(opens, _)| *opens) {
        Some((opens, window)) if opens > at => opens + window.place(random),
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u32 = 3_600;

    fn at(day: u64, hour: u64) -> Instant {
        Instant::from_secs(day * DAY + hour * 3_600)
    }

    #[test]
    fn a_timetable_waits_for_its_next_window() {
        let night = Window { opens: 22 * HOUR, closes: 6 * HOUR };
        let noon = Window { opens: 12 * HOUR, closes: 13 * HOUR };
        let table = Spacing::Timetable([night, noon].into(), Duration::ZERO);
        assert_eq!(table.next(at(9, 8), 0), at(9, 12));
        assert_eq!(table.next(at(9, 12), 0), at(9, 12));
        assert_eq!(table.next(at(9, 13), 0), at(9, 22));
        assert_eq!(table.next(at(9, 23), 0), at(9, 23));
        assert_eq!(table.next(at(10, 5), 0), at(10, 5));
        assert_eq!(table.after(at(10, 5), Duration::from_mins(60), 0), at(10, 12));
    }

    #[test]
    fn who_waits_for_a_window_is_asked_at_any_time_of_its_first_three_quarters() {
        let night = Window { opens: 22 * HOUR, closes: 6 * HOUR };
        let table = Spacing::Timetable([night].into(), Duration::ZERO);
        let six_hours = Duration::from_mins(6 * 60).as_micros();
        let after_opening = |random| table.next(at(9, 8), random).since(at(9, 22)).as_micros();
        for random in [0, 1, six_hours - 1] {
            assert_eq!(after_opening(random), random);
        }
        assert_eq!(after_opening(six_hours), 0);
        assert_eq!(table.after(at(9, 8), Duration::from_mins(60), 7), table.next(at(9, 8), 7));
        // Who finds it open does not wait.
        assert_eq!(table.next(at(9, 22), 7), at(9, 22));
    }

    #[test]
    fn a_random_period_stays_between_its_bounds() {
        let random = Spacing::Random(Duration::from_secs(60), Duration::from_secs(120));
        for n in [0, 1, 59_999_999, 60_000_000, u64::MAX] {
            let next = random.next(at(1, 0), n).since(at(1, 0));
            assert!(next >= Duration::from_secs(60) && next <= Duration::from_secs(120), "{next}");
        }
        let backwards = Spacing::Random(Duration::from_secs(9), Duration::from_secs(1));
        assert_eq!(backwards.next(at(1, 0), 7).since(at(1, 0)), Duration::from_secs(9));
    }
}
