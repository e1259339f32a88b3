//! The class byte (ISO/IEC 7816-4 §5.4.1, TS 102 221 §10.1.1).

use core::fmt;

/// A class byte: who defines the instruction, the logical channel, chaining and secure messaging.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u8);

/// How a command is secured, as the class byte says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecureMessaging {
    /// Not, or nothing said.
    None,
    /// In a proprietary format (only in classes of channels 0 to 3).
    Proprietary,
    /// As ISO/IEC 7816-4 §10 says; the header is not authenticated.
    Standard,
    /// As ISO/IEC 7816-4 §10 says; the header is authenticated (only in classes of channels 0 to 3).
    StandardWithHeader,
}

impl Class {
    /// Instructions of ISO/IEC 7816-4, basic channel.
    pub const INTERINDUSTRY: Self = Self(0x00);
    /// Instructions of TS 102 221 that ISO/IEC 7816-4 does not have, basic channel.
    pub const ETSI: Self = Self(0x80);
    /// Instructions of TS 51.011, the SIM of GSM.
    pub const GSM: Self = Self(0xA0);

    /// Whether the instruction is defined by another body than ISO: bit 8.
    #[must_use]
    pub const fn is_proprietary(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// The logical channel, 0 to 19; `None` if the byte has no channel: `20`–`3F`, `A0`–`BF` and `FF`.
    #[must_use]
    pub const fn channel(self) -> Option<u8> {
        match self.0 & 0x7F {
            0x00..=0x1F => Some(self.0 & 0x03),
            0x40..=0x7F if self.0 != 0xFF => Some(4 + (self.0 & 0x0F)),
            _ => None,
        }
    }

    /// The same class on another logical channel, without chaining and secure messaging; `None` if the channel
    /// is over 19 or the class has no channels.
    #[must_use]
    pub const fn on_channel(self, channel: u8) -> Option<Self> {
        if self.channel().is_none() {
            return None;
        }
        let body = self.0 & 0x80;
        match channel {
            0..=3 => Some(Self(body | channel)),
            4..=19 => Some(Self(body | 0x40 | (channel - 4))),
            _ => None,
        }
    }

    /// Whether more commands of a chain follow: bit 5.
    #[must_use]
    pub const fn is_chained(self) -> bool {
        self.channel().is_some() && self.0 & 0x10 != 0
    }

    /// Secure messaging.
    #[must_use]
    pub const fn secure_messaging(self) -> SecureMessaging {
        match (self.channel(), self.0 & 0x40 != 0, self.0 & 0x20 != 0, self.0 & 0x0C) {
            (Some(_), true, true, _) | (Some(_), false, _, 0x08) => SecureMessaging::Standard,
            (Some(_), false, _, 0x04) => SecureMessaging::Proprietary,
            (Some(_), false, _, 0x0C) => SecureMessaging::StandardWithHeader,
            _ => SecureMessaging::None,
        }
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Class({:#04X})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_0_to_3_and_4_to_19_are_coded_apart() {
        for (byte, channel) in [
            (0x00, Some(0)),
            (0x03, Some(3)),
            (0x40, Some(4)),
            (0x4F, Some(19)),
            (0x6F, Some(19)),
            (0x83, Some(3)),
            (0xC0, Some(4)),
            (0xEF, Some(19)),
            (0xA0, None),
            (0x20, None),
            (0xFF, None),
        ] {
            assert_eq!(Class(byte).channel(), channel, "{byte:02X}");
        }
    }

    #[test]
    fn a_class_moves_to_every_channel_and_back() {
        for class in [Class::INTERINDUSTRY, Class::ETSI] {
            for channel in 0..20 {
                let moved = class.on_channel(channel).unwrap();
                assert_eq!(
                    (moved.channel(), moved.is_proprietary()),
                    (Some(channel), class.is_proprietary())
                );
            }
            assert_eq!(class.on_channel(20), None);
        }
        assert_eq!(Class::GSM.on_channel(1), None);
    }

    #[test]
    fn secure_messaging_has_two_bits_in_low_channels_and_one_in_high_ones() {
        for (byte, expected) in [
            (0x00, SecureMessaging::None),
            (0x04, SecureMessaging::Proprietary),
            (0x08, SecureMessaging::Standard),
            (0x0C, SecureMessaging::StandardWithHeader),
            (0x84, SecureMessaging::Proprietary),
            (0x4C, SecureMessaging::None),
            (0x60, SecureMessaging::Standard),
            (0xA0, SecureMessaging::None),
        ] {
            assert_eq!(Class(byte).secure_messaging(), expected, "{byte:02X}");
        }
    }
}
