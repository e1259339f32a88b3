//! What a phone is like.

use alloc::{string::String, vec::Vec};
use core::{fmt, ops::RangeInclusive, str::FromStr};

use oxisim_toolkit::{
    TerminalProfile,
    objects::{LocationInformation, Plmn},
};
use oxisim_wire::{Duration, bcd};

use crate::{Environment, Pin, Protocol, Reader, facilities};

/// How a phone is made and set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The phone's identity.
    pub imei: Imei,
    /// The transmission protocol to the card; `None` for the one that its answer to reset offers first.
    pub protocol: Option<Protocol>,
    /// The user's PIN, which a card that asks for it gets once; a card that refuses it makes the phone forget it.
    pub pin: Option<Pin>,
    /// What the phone tells the card that it can do; it answers commands beyond that with "beyond terminal's
    /// capabilities".
    pub profile: TerminalProfile,
    /// The phone has no memory for messages of its own: it keeps those on the card that are not for somewhere else, and
    /// those that its application sends.
    pub keeps_messages_on_card: bool,
    /// Quarters of an hour that local time is ahead of GMT.
    pub quarter_hours: i8,
    /// The network, when the phone is switched on.
    pub service: Service,
    /// What the phone knows of its surroundings, when it is made.
    pub environment: Environment,
    /// The page that LAUNCH BROWSER without an address opens.
    pub home_page: Option<String>,
    /// Additional card readers, eight at most.
    pub readers: Vec<Reader>,
    /// Time between two STATUS commands, until the card asks for another with POLL INTERVAL.
    pub poll_interval: Duration,
    /// What the phone grants to POLL INTERVAL; a request beyond gets the nearest end.
    pub grantable: RangeInclusive<Duration>,
    /// How long the user may take to answer.
    pub user_timeout: Duration,
    /// How long a text stays that the user need not clear, if the card does not say.
    pub text_delay: Duration,
    /// How long a tone is played, if the card does not say.
    pub tone_length: Duration,
    /// How long after a busy card (`9300`) an envelope is tried again.
    pub envelope_retry: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            imei: Imei([4, 9, 0, 1, 5, 4, 2, 0, 3, 2, 3, 7, 5, 1, 8]),
            protocol: None,
            pin: None,
            profile: facilities::profile(),
            keeps_messages_on_card: false,
            quarter_hours: 0,
            service: Service::Normal(LocationInformation::new(Plmn([0x00, 0xF1, 0x10]), 1, 1)),
            environment: Environment::default(),
            home_page: Some(String::from("about:home")),
            readers: Vec::new(),
            poll_interval: Duration::from_secs(30),
            grantable: Duration::from_secs(1)..=Duration::from_mins(255),
            user_timeout: Duration::from_secs(60),
            text_delay: Duration::from_secs(5),
            tone_length: Duration::from_secs(2),
            envelope_retry: Duration::from_secs(5),
        }
    }
}

/// What the network offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// Everything, here.
    Normal(LocationInformation),
    /// Emergency calls only.
    Limited,
    /// Nothing.
    None,
}

impl Service {
    /// Where the phone is, as far as the network has told it.
    pub(crate) const fn location(&self) -> Option<&LocationInformation> {
        match self {
            Self::Normal(location) => Some(location),
            Self::Limited | Self::None => None,
        }
    }
}

/// International mobile equipment identity: 15 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Imei([u8; 15]);

/// The text is not an IMEI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an IMEI has 15 digits")]
pub struct InvalidImei;

impl Imei {
    /// The IMEISV with this software version, as PROVIDE LOCAL INFORMATION answers it (TS 102 223 §8.74): the
    /// semi-octets of a type, of the IMEI without its check digit, of the version, and of a filler.
    #[must_use]
    pub fn with_version(self, version: [u8; 2]) -> Vec<u8> {
        /// An IMEISV with an even number of digits.
        const TYPE: u8 = 0x03;
        let mut halves = Vec::with_capacity(18);
        halves.push(TYPE);
        halves.extend(self.0.iter().take(14));
        halves.extend(version.map(|digit| digit % 10));
        halves.push(0x0F);
        bcd::pack(&halves)
    }

    /// As PROVIDE LOCAL INFORMATION answers it (TS 102 223 §8.20): semi-octets, the first of which says that an
    /// IMEI with an odd number of digits follows.
    #[must_use]
    pub fn octets(self) -> Vec<u8> {
        let mut halves = Vec::with_capacity(16);
        halves.push(0x0A);
        halves.extend_from_slice(&self.0);
        bcd::pack(&halves)
    }
}

impl FromStr for Imei {
    type Err = InvalidImei;

    fn from_str(text: &str) -> Result<Self, InvalidImei> {
        let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(10).map(|digit| digit as u8)).collect();
        digits.and_then(|digits| digits.try_into().ok()).map(Self).ok_or(InvalidImei)
    }
}

impl fmt::Display for Imei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{digit}"))
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn an_imei_is_semi_octets_after_a_type() {
        let imei: Imei = "123456789012345".parse().unwrap();
        assert_eq!(imei.octets(), [0x1A, 0x32, 0x54, 0x76, 0x98, 0x10, 0x32, 0x54]);
        assert_eq!(imei.to_string(), "123456789012345");
        assert_eq!("12345678901234".parse::<Imei>(), Err(InvalidImei));
        assert_eq!("12345678901234x".parse::<Imei>(), Err(InvalidImei));
    }
}
