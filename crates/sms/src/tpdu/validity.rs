//! TP-Validity-Period (TS 23.040 §9.2.3.12).

use alloc::vec::Vec;

use oxisim_wire::{Duration, Error, Reader, Wire};

use crate::{
    Timestamp,
    timestamp::{number, swapped},
};

/// TP-Validity-Period, until when the service centre tries to deliver (TS 23.040 §9.2.3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValidityPeriod {
    /// Counted from the reception by the service centre (§9.2.3.12.1).
    Relative(RelativeValidity),
    /// A time (§9.2.3.12.2).
    Absolute(Timestamp),
    /// A functionality indicator and what it asks for (§9.2.3.12.3).
    Enhanced(EnhancedValidity),
}

/// TP-Validity-Period in the relative format (TS 23.040 §9.2.3.12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativeValidity(pub u8);

impl RelativeValidity {
    /// How long it is: five minutes to 63 weeks.
    #[must_use]
    pub const fn duration(self) -> Duration {
        let n = self.0 as u64;
        Duration::from_mins(match n {
            0..=143 => (n + 1) * 5,
            144..=167 => HALF_DAY + (n - 143) * 30,
            168..=196 => (n - 166) * DAY,
            _ => (n - 192) * WEEK,
        })
    }

    /// The shortest that is not shorter than `duration`; the longest, if there is none.
    #[must_use]
    pub const fn at_least(duration: Duration) -> Self {
        let minutes = duration.as_secs_ceil().div_ceil(60);
        let n = if minutes <= HALF_DAY {
            minutes.div_ceil(5).saturating_sub(1)
        } else if minutes <= DAY {
            143 + (minutes - HALF_DAY).div_ceil(30)
        } else if minutes <= 30 * DAY {
            166 + minutes.div_ceil(DAY)
        } else {
            192 + minutes.div_ceil(WEEK)
        };
        Self(if n < 0xFF { n as u8 } else { 0xFF })
    }
}

/// TP-Validity-Period in the enhanced format (TS 23.040 §9.2.3.12.3), kept exactly as received: a functionality
/// indicator, which further ones may follow, the period that it announces, and zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedValidity(pub [u8; 7]);

/// The period of an [`EnhancedValidity`] (TS 23.040 §9.2.3.12.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnhancedPeriod {
    /// None: as long as the centre likes.
    None,
    /// As in the relative format.
    Relative(RelativeValidity),
    /// So many seconds; 0 is reserved.
    Seconds(u8),
    /// Hours, minutes and seconds, each of two digits.
    Clock {
        /// Hours, 0 to 99.
        hours: u8,
        /// Minutes, 0 to 99.
        minutes: u8,
        /// Seconds, 0 to 99.
        seconds: u8,
    },
    /// A format that the standard keeps for later, 4 to 7.
    Reserved(u8),
}

impl EnhancedValidity {
    /// A period, and whether the centre tries only once.
    #[must_use]
    pub fn new(period: EnhancedPeriod, single_shot: bool) -> Self {
        let (format, [a, b, c]) = match period {
            EnhancedPeriod::None => (0, [0, 0, 0]),
            EnhancedPeriod::Relative(period) => (1, [period.0, 0, 0]),
            EnhancedPeriod::Seconds(seconds) => (2, [seconds, 0, 0]),
            EnhancedPeriod::Clock { hours, minutes, seconds } => (3, [hours, minutes, seconds].map(swapped)),
            EnhancedPeriod::Reserved(format) => (format & FORMAT, [0, 0, 0]),
        };
        let shot = if single_shot { SINGLE_SHOT } else { 0 };
        Self([format | shot, a, b, c, 0, 0, 0])
    }

    /// Whether the centre tries to deliver only once.
    #[must_use]
    pub const fn is_single_shot(self) -> bool {
        self.0[0] & SINGLE_SHOT != 0
    }

    /// The period; digits that are none count as 0, and one that has no room behind its indicators as none.
    #[must_use]
    pub fn period(self) -> EnhancedPeriod {
        let indicators = self.0.iter().take_while(|&&octet| octet & EXTENDED != 0).count() + 1;
        let octets = self.0.get(indicators..).unwrap_or_default();
        match (self.0[0] & FORMAT, octets) {
            (1, &[period, ..]) => EnhancedPeriod::Relative(RelativeValidity(period)),
            (2, &[seconds, ..]) => EnhancedPeriod::Seconds(seconds),
            (3, &[hours, minutes, seconds, ..]) => EnhancedPeriod::Clock {
                hours: number(hours),
                minutes: number(minutes),
                seconds: number(seconds),
            },
            (format @ 4.., _) => EnhancedPeriod::Reserved(format),
            _ => EnhancedPeriod::None,
        }
    }
}

impl EnhancedPeriod {
    /// How long it is, if it says so.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Relative(period) => Some(period.duration()),
            Self::Seconds(seconds) => Some(Duration::from_secs(seconds.into())),
            Self::Clock { hours, minutes, seconds } => {
                let minutes = u64::from(hours) * 60 + u64::from(minutes);
                Some(Duration::from_secs(minutes * 60 + u64::from(seconds)))
            }
            Self::None | Self::Reserved(_) => None,
        }
    }
}

impl ValidityPeriod {
    /// TP-Validity-Period-Format (TS 23.040 §9.2.3.3), in its place in the first octet.
    pub(super) const fn format(period: Option<Self>) -> u8 {
        match period {
            None => 0,
            Some(Self::Relative(_)) => RELATIVE,
            Some(Self::Enhanced(_)) => ENHANCED,
            Some(Self::Absolute(_)) => ABSOLUTE,
        }
    }

    /// Reads the period that the first octet of the TPDU announces.
    pub(super) fn read(first: u8, r: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        Ok(match first & ABSOLUTE {
            RELATIVE => Some(Self::Relative(RelativeValidity(r.u8("TP-Validity-Period, relative")?))),
            ENHANCED => Some(Self::Enhanced(EnhancedValidity(r.array("TP-Validity-Period, enhanced")?))),
            ABSOLUTE => Some(Self::Absolute(Timestamp::read(r)?)),
            _ => None,
        })
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Relative(period) => out.push(period.0),
            Self::Absolute(end) => end.write(out),
            Self::Enhanced(period) => out.extend_from_slice(&period.0),
        }
    }
}

/// TP-Validity-Period-Format (TS 23.040 §9.2.3.3).
const RELATIVE: u8 = 0x10;
const ENHANCED: u8 = 0x08;
const ABSOLUTE: u8 = 0x18;

/// The functionality indicator of the enhanced format: another follows, try once, format of the period.
const EXTENDED: u8 = 0x80;
const SINGLE_SHOT: u8 = 0x40;
const FORMAT: u8 = 0x07;

/// Half a day, a day and a week in minutes.
const HALF_DAY: u64 = 12 * 60;
const DAY: u64 = 24 * 60;
const WEEK: u64 = 7 * DAY;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_found_from_its_duration() {
        for n in 0..=0xFF {
            let period = RelativeValidity(n);
            assert_eq!(RelativeValidity::at_least(period.duration()), period);
        }
        assert_eq!(RelativeValidity::at_least(Duration::ZERO), RelativeValidity(0));
        assert_eq!(RelativeValidity::at_least(Duration::from_secs(301)), RelativeValidity(1));
        assert_eq!(RelativeValidity::at_least(Duration::from_micros(u64::MAX)), RelativeValidity(0xFF));
    }

    #[test]
    fn an_enhanced_period_is_built_and_read() {
        let clock = EnhancedPeriod::Clock { hours: 12, minutes: 34, seconds: 56 };
        for (period, octets, seconds) in [
            (EnhancedPeriod::None, [0x00, 0, 0, 0, 0, 0, 0], None),
            (EnhancedPeriod::Relative(RelativeValidity(5)), [0x01, 5, 0, 0, 0, 0, 0], Some(1_800)),
            (EnhancedPeriod::Seconds(90), [0x02, 90, 0, 0, 0, 0, 0], Some(90)),
            (clock, [0x03, 0x21, 0x43, 0x65, 0, 0, 0], Some(45_296)),
            (EnhancedPeriod::Reserved(6), [0x06, 0, 0, 0, 0, 0, 0], None),
        ] {
            assert_eq!(EnhancedValidity::new(period, false), EnhancedValidity(octets));
            assert_eq!(EnhancedValidity(octets).period(), period);
            assert_eq!(period.duration().map(Duration::as_secs), seconds);
            let once = EnhancedValidity::new(period, true);
            assert!(once.is_single_shot() && !EnhancedValidity(octets).is_single_shot());
            assert_eq!(once.period(), period);
        }
    }

    #[test]
    fn a_period_stands_behind_all_indicators() {
        assert_eq!(EnhancedValidity([0xC2, 0x80, 0x00, 7, 0, 0, 0]).period(), EnhancedPeriod::Seconds(7));
        assert_eq!(EnhancedValidity([0x82; 7]).period(), EnhancedPeriod::None);
        assert_eq!(
            EnhancedValidity([0x03, 0xF1, 0x2F, 0xFF, 0, 0, 0]).period(),
            EnhancedPeriod::Clock { hours: 10, minutes: 2, seconds: 0 }
        );
    }
}
