//! The minimum security level of an application (TS 102 225 §5.1.1, TS 102 226 §8.2.1.3.2.4).

use oxisim_sms::packet::{CounterMode, Integrity, SecurityParameters};

/// The least security that an application asks of its packets, coded as the first octet of the SPI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecurityLevel(pub u8);

impl SecurityLevel {
    /// A cryptographic checksum, and a counter that lets no packet come twice.
    pub const REPLAY_SAFE: Self = Self(0x12);

    /// The level of install parameters: none, the octet alone, or the octet after parameter `01`; `None` if it is
    /// something else, which no packet meets.
    pub(super) const fn of_parameters(field: &[u8]) -> Option<Self> {
        match field {
            [] => Some(Self(0)),
            &[level] | &[0x01, level] => Some(Self(level)),
            _ => None,
        }
    }

    /// Whether a packet with this SPI has at least this security: each of integrity, ciphering and counter.
    #[must_use]
    pub fn is_met(self, security: SecurityParameters) -> bool {
        let asked = SecurityParameters([self.0, 0]);
        integrity(security) >= integrity(asked)
            && security.is_ciphered() >= asked.is_ciphered()
            && counter(security) >= counter(asked)
    }
}

const fn integrity(security: SecurityParameters) -> u8 {
    match security.integrity() {
        Integrity::None => 0,
        Integrity::RedundancyCheck => 1,
        Integrity::CryptographicChecksum => 2,
        Integrity::DigitalSignature => 3,
    }
}

const fn counter(security: SecurityParameters) -> u8 {
    match security.counter_mode() {
        CounterMode::None => 0,
        CounterMode::Available => 1,
        CounterMode::Higher => 2,
        CounterMode::OneHigher => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_level_is_to_be_met() {
        let is_met = |level, spi| SecurityLevel(level).is_met(SecurityParameters([spi, 0]));
        for (level, met, not_met) in [
            (0x00, &[0x00, 0x02, 0x16][..], &[][..]),
            (0x01, &[0x01, 0x02, 0x13], &[0x00, 0x04, 0x18]),
            (0x02, &[0x02, 0x0E, 0x12, 0x03], &[0x01, 0x05, 0x19]),
            (0x04, &[0x04, 0x16], &[0x02, 0x1B]),
            (0x12, &[0x12, 0x16, 0x1A], &[0x02, 0x0A, 0x11, 0x0E]),
            (0x1A, &[0x1A, 0x1E], &[0x12, 0x16]),
        ] {
            for &spi in met {
                assert!(is_met(level, spi), "{level:02X} {spi:02X}");
            }
            for &spi in not_met {
                assert!(!is_met(level, spi), "{level:02X} {spi:02X}");
            }
        }
    }

    #[test]
    fn a_level_that_cannot_be_read_is_none() {
        assert_eq!(SecurityLevel::of_parameters(&[]), Some(SecurityLevel(0)));
        assert_eq!(SecurityLevel::of_parameters(&[0x16]), Some(SecurityLevel(0x16)));
        assert_eq!(SecurityLevel::of_parameters(&[0x01, 0x12]), Some(SecurityLevel(0x12)));
        assert_eq!(SecurityLevel::of_parameters(&[0x02, 0x12]), None);
        assert_eq!(SecurityLevel::of_parameters(&[0x01, 0x12, 0x00]), None);
    }
}
