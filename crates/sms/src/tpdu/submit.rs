//! SMS-SUBMIT (TS 23.040 §9.2.2.2).

use alloc::vec::Vec;

use oxisim_wire::{Duration, Error, Reader, Wire};

use super::{
    HAS_HEADER, REJECT_DUPLICATES, REPLY_PATH, STATUS_BIT, SUBMIT, VALIDITY_FORMAT, bit, first_octet,
    header_bit,
};
use crate::{Address, DataCoding, ProtocolIdentifier, Timestamp, UserData};

/// SMS-SUBMIT: a short message to the service centre (TS 23.040 §9.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// TP-Reject-Duplicates: the service centre refuses a message that it holds already.
    pub reject_duplicates: bool,
    /// TP-Status-Report-Request.
    pub status_report: bool,
    /// TP-Reply-Path: a reply goes through the same service centre.
    pub reply_path: bool,
    /// TP-Message-Reference.
    pub reference: u8,
    /// TP-Destination-Address.
    pub destination: Address,
    /// TP-Protocol-Identifier.
    pub protocol: ProtocolIdentifier,
    /// TP-Validity-Period.
    pub validity: Option<ValidityPeriod>,
    /// TP-Data-Coding-Scheme and TP-User-Data.
    pub user_data: UserData,
}

impl Submit {
    /// A message without flags and validity period, whose reference the terminal sets.
    #[must_use]
    pub const fn new(destination: Address, protocol: ProtocolIdentifier, user_data: UserData) -> Self {
        Self {
            reject_duplicates: false,
            status_report: false,
            reply_path: false,
            reference: 0,
            destination,
            protocol,
            validity: None,
            user_data,
        }
    }
}

/// TP-Validity-Period, until when the service centre tries to deliver (TS 23.040 §9.2.3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValidityPeriod {
    /// Counted from the reception by the service centre (§9.2.3.12.1).
    Relative(RelativeValidity),
    /// A time (§9.2.3.12.2).
    Absolute(Timestamp),
    /// A functionality indicator and what it asks for (§9.2.3.12.3), as it goes over the air.
    Enhanced([u8; 7]),
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

impl Wire for Submit {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let first = first_octet(r, &[SUBMIT])?;
        let reference = r.u8("TP-Message-Reference")?;
        let destination = Address::read(r)?;
        let protocol = ProtocolIdentifier::read(r)?;
        let coding = DataCoding::read(r)?;
        let validity = match first & VALIDITY_FORMAT {
            RELATIVE => {
                Some(ValidityPeriod::Relative(RelativeValidity(r.u8("TP-Validity-Period, relative")?)))
            }
            ABSOLUTE => Some(ValidityPeriod::Absolute(Timestamp::read(r)?)),
            ENHANCED => Some(ValidityPeriod::Enhanced(r.array("TP-Validity-Period, enhanced")?)),
            _ => None,
        };
        let user_data = UserData::read(r, coding, first & HAS_HEADER != 0, UserData::LIMIT)?;
        Ok(Self {
            reject_duplicates: first & REJECT_DUPLICATES != 0,
            status_report: first & STATUS_BIT != 0,
            reply_path: first & REPLY_PATH != 0,
            reference,
            destination,
            protocol,
            validity,
            user_data,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let format = match self.validity {
            None => 0,
            Some(ValidityPeriod::Relative(_)) => RELATIVE,
            Some(ValidityPeriod::Absolute(_)) => ABSOLUTE,
            Some(ValidityPeriod::Enhanced(_)) => ENHANCED,
        };
        out.push(
            SUBMIT
                | bit(REJECT_DUPLICATES, self.reject_duplicates)
                | format
                | bit(STATUS_BIT, self.status_report)
                | header_bit(Some(&self.user_data))
                | bit(REPLY_PATH, self.reply_path),
        );
        out.push(self.reference);
        self.destination.write(out);
        self.protocol.write(out);
        self.user_data.coding().write(out);
        match self.validity {
            None => {}
            Some(ValidityPeriod::Relative(period)) => out.push(period.0),
            Some(ValidityPeriod::Absolute(end)) => end.write(out),
            Some(ValidityPeriod::Enhanced(octets)) => out.extend_from_slice(&octets),
        }
        self.user_data.write(out);
    }
}

/// TP-Validity-Period-Format (TS 23.040 §9.2.3.3).
const RELATIVE: u8 = 0x10;
const ENHANCED: u8 = 0x08;
const ABSOLUTE: u8 = 0x18;

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
}
