//! Times of the service centre (TS 23.040 §9.2.3.11).

use alloc::vec::Vec;
use core::fmt;

use oxisim_wire::{Error, Instant, Reader, Wire, bcd};

/// TP-Service-Centre-Time-Stamp: a local time as semi-octets, kept exactly as received (TS 23.040 §9.2.3.11).
///
/// ```
/// use oxisim_sms::Timestamp;
/// use oxisim_wire::Instant;
///
/// let timestamp = Timestamp::from_instant(Instant::from_secs(1_030_394_261), -4);
/// assert_eq!(timestamp.0, [0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48]);
/// assert_eq!(timestamp.civil().to_string(), "2002-08-26T19:37:41-01:00");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp(pub [u8; 7]);

/// A local date and time, and how far the local time is ahead of GMT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CivilTime {
    /// Year, 1970 to 2069.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Quarters of an hour that local time is ahead of GMT, -79 to 79.
    pub quarter_hours: i8,
}

impl Timestamp {
    /// A local time as a time stamp; the year goes by its last two digits.
    #[must_use]
    pub fn new(time: CivilTime) -> Self {
        let zone = time.quarter_hours.unsigned_abs().min(79);
        let sign = if time.quarter_hours < 0 { ZONE_SIGN } else { 0 };
        let year = (time.year % 100) as u8;
        Self([
            swapped(year),
            swapped(time.month),
            swapped(time.day),
            swapped(time.hour),
            swapped(time.minute),
            swapped(time.second),
            swapped(zone) | sign,
        ])
    }

    /// The time stamp of a Unix time in a zone `quarter_hours` ahead of GMT.
    #[must_use]
    pub fn from_instant(at: Instant, quarter_hours: i8) -> Self {
        Self::new(CivilTime::from_instant(at, quarter_hours))
    }

    /// The local time it stands for. A digit that is not decimal counts as 0 (TS 23.040 §9.2.3.11); the fields
    /// may be out of their ranges, as received. Years 00 to 69 are 2000 to 2069, the others 1970 to 1999.
    #[must_use]
    pub fn civil(self) -> CivilTime {
        let [year, month, day, hour, minute, second, zone] = self.0;
        let year = u16::from(number(year));
        let quarters = number(zone & !ZONE_SIGN).cast_signed();
        CivilTime {
            year: if year < 70 { 2000 + year } else { 1900 + year },
            month: number(month),
            day: number(day),
            hour: number(hour),
            minute: number(minute),
            second: number(second),
            quarter_hours: if zone & ZONE_SIGN == 0 { quarters } else { -quarters },
        }
    }

    /// Its Unix time; `None` if there is no such date, or it lies before 1970.
    #[must_use]
    pub fn instant(self) -> Option<Instant> {
        self.civil().instant()
    }
}

impl CivilTime {
    /// The local time at a Unix time in a zone `quarter_hours` ahead of GMT. Before 1970-01-01 local time stands
    /// still.
    #[must_use]
    pub fn from_instant(at: Instant, quarter_hours: i8) -> Self {
        let local = at.as_secs().saturating_add_signed(i64::from(quarter_hours) * QUARTER);
        let mut days = local / DAY;
        let mut year = 1970;
        while days >= days_in_year(year) {
            days -= days_in_year(year);
            year += 1;
        }
        let mut month = 1;
        while days >= days_in_month(year, month) {
            days -= days_in_month(year, month);
            month += 1;
        }
        Self {
            year: year as u16,
            month,
            day: days as u8 + 1,
            hour: (local / 3600 % 24) as u8,
            minute: (local / 60 % 60) as u8,
            second: (local % 60) as u8,
            quarter_hours,
        }
    }

    /// Its Unix time; `None` if there is no such date, or it lies before 1970.
    #[must_use]
    pub fn instant(self) -> Option<Instant> {
        let year = u64::from(self.year);
        let exists = year >= 1970
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(year, self.month)).contains(&u64::from(self.day))
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        if !exists {
            return None;
        }
        let days = (1970..year).map(days_in_year).sum::<u64>()
            + (1..self.month).map(|month| days_in_month(year, month)).sum::<u64>()
            + u64::from(self.day - 1);
        let clock = u64::from(self.hour) * 3600 + u64::from(self.minute) * 60 + u64::from(self.second);
        (days * DAY + clock)
            .checked_add_signed(-i64::from(self.quarter_hours) * QUARTER)
            .map(Instant::from_secs)
    }
}

impl Wire for Timestamp {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.array("time stamp").map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// As in RFC 3339: `2002-08-26T19:37:41-01:00`.
impl fmt::Display for CivilTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, quarter_hours } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let sign = if *quarter_hours < 0 { '-' } else { '+' };
        let quarters = quarter_hours.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", quarters / 4, quarters % 4 * 15)
    }
}

/// The sign of the zone: bit 4 of its octet, in the half that is read first.
const ZONE_SIGN: u8 = 0x08;
/// Seconds of a quarter of an hour.
const QUARTER: i64 = 15 * 60;
/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A number of two digits as semi-octets, the tens in the low half (TS 23.040 §9.1.2.3).
pub(crate) const fn swapped(number: u8) -> u8 {
    ((number % 10) << 4) | (number / 10 % 10)
}

/// The number that two semi-octets are; a digit that is not decimal counts as 0.
pub(crate) fn number(octet: u8) -> u8 {
    let [tens, units] = bcd::halves(octet).map(|half| if half < 10 { half } else { 0 });
    tens * 10 + units
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

const fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_in_month(year: u64, month: u8) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_that_are_not_decimal_count_as_zero() {
        let civil = Timestamp([0xF1, 0xFF, 0x10, 0x2F, 0x00, 0x00, 0xFF]).civil();
        assert_eq!(civil.to_string(), "2010-00-01T02:00:00-17:30");
        assert_eq!(civil.instant(), None);
    }

    #[test]
    fn the_origin_of_time_is_1970() {
        let origin = Timestamp::from_instant(Instant::EPOCH, 0);
        assert_eq!(origin.civil().to_string(), "1970-01-01T00:00:00+00:00");
        assert_eq!(origin.instant(), Some(Instant::EPOCH));
        assert_eq!(Timestamp([0x07, 0x10, 0x10, 0, 0, 0, 0x40]).instant(), None);
    }

    #[test]
    fn leap_days_exist() {
        let day = |text: [u8; 3]| Timestamp([text[0], text[1], text[2], 0, 0, 0, 0]).instant();
        assert_eq!(day([0x42, 0x20, 0x92]), Some(Instant::from_secs(1_709_164_800)));
        assert_eq!(day([0x32, 0x20, 0x92]), None);
    }

    proptest! {
        #[test]
        fn times_survive(seconds in 0_u64..3_155_000_000, quarters in 0_i8..79) {
            let at = Instant::from_secs(seconds);
            prop_assert_eq!(Timestamp::from_instant(at, quarters).instant(), Some(at));
            let later = Instant::from_secs(seconds + 86_400);
            prop_assert_eq!(Timestamp::from_instant(later, -quarters).instant(), Some(later));
        }

        #[test]
        fn any_octets_are_a_time(octets: [u8; 7]) {
            let civil = Timestamp(octets).civil();
            let _ = civil.instant();
            prop_assert_eq!(Timestamp::new(civil).civil(), civil);
        }
    }
}
