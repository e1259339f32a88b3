//! Security Parameter Indicator (TS 102 225 §5.1.1).

use super::{CounterMode, Kic, Kid, Protection};

/// Security Parameter Indicator of a command packet (TS 102 225 §5.1.1): how the command is secured, which receipt is
/// asked for, and how that is to be secured.
///
/// Reserved bits are kept as they come, because a checksum covers them, and have no meaning here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecurityParameters(pub [u8; 2]);

/// Redundancy check, cryptographic checksum or digital signature (TS 102 225 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integrity {
    /// None.
    None,
    /// Redundancy check (RC).
    RedundancyCheck,
    /// Cryptographic checksum (CC).
    CryptographicChecksum,
    /// Digital signature (DS).
    DigitalSignature,
}

/// When a proof of receipt is sent (TS 102 225 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// Never.
    No,
    /// Always.
    Required,
    /// Only if an error has occurred.
    OnError,
    /// Reserved for future use; as [`Self::No`].
    Reserved,
}

/// How a proof of receipt is sent over SMS-PP (TS 31.115 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiptBy {
    /// In the SMS-DELIVER-REPORT.
    DeliverReport,
    /// In an SMS-SUBMIT of the card's own.
    Submit,
}

impl SecurityParameters {
    /// No integrity, no ciphering, a counter for information only, no proof of receipt.
    pub const UNSECURED: Self = Self([0x08, 0x00]);

    /// How the packet is protected against change.
    #[must_use]
    pub const fn integrity(self) -> Integrity {
        Integrity::from_bits(self.0[0])
    }

    /// Whether the packet is ciphered.
    #[must_use]
    pub const fn is_ciphered(self) -> bool {
        self.0[0] & 0x04 != 0
    }

    /// Whether packing and unpacking take more than the packet: a check, a checksum, a signature or ciphering.
    #[must_use]
    pub const fn is_secured(self) -> bool {
        self.is_ciphered() || !matches!(self.integrity(), Integrity::None)
    }

    /// What the receiver does with the counter.
    #[must_use]
    pub const fn counter_mode(self) -> CounterMode {
        match self.0[0] >> 3 & 0x03 {
            0 => CounterMode::None,
            1 => CounterMode::Available,
            2 => CounterMode::Higher,
            _ => CounterMode::OneHigher,
        }
    }

    /// When a proof of receipt is sent.
    #[must_use]
    pub const fn receipt(self) -> Receipt {
        match self.0[1] & 0x03 {
            0 => Receipt::No,
            1 => Receipt::Required,
            2 => Receipt::OnError,
            _ => Receipt::Reserved,
        }
    }

    /// How the proof of receipt is protected against change.
    #[must_use]
    pub const fn receipt_integrity(self) -> Integrity {
        Integrity::from_bits(self.0[1] >> 2)
    }

    /// Whether the proof of receipt is ciphered.
    #[must_use]
    pub const fn is_receipt_ciphered(self) -> bool {
        self.0[1] & 0x10 != 0
    }

    /// How the proof of receipt is sent.
    #[must_use]
    pub const fn receipt_by(self) -> ReceiptBy {
        if self.0[1] & 0x20 == 0 { ReceiptBy::DeliverReport } else { ReceiptBy::Submit }
    }

    /// The bits that are reserved for future use: bits 8 to 6 of the first octet, 8 and 7 of the second.
    #[must_use]
    pub const fn reserved(self) -> [u8; 2] {
        [self.0[0] & 0xE0, self.0[1] & 0xC0]
    }

    /// How the command packet is protected.
    #[must_use]
    pub const fn command(self, kic: Kic, kid: Kid) -> Protection {
        Protection { integrity: self.integrity(), ciphered: self.is_ciphered(), kic, kid }
    }

    /// How the response packet is protected: with the keys of the command (TS 102 225 §5.2).
    #[must_use]
    pub const fn response(self, kic: Kic, kid: Kid) -> Protection {
        Protection { integrity: self.receipt_integrity(), ciphered: self.is_receipt_ciphered(), kic, kid }
    }
}

impl Integrity {
    const fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            0 => Self::None,
            1 => Self::RedundancyCheck,
            2 => Self::CryptographicChecksum,
            _ => Self::DigitalSignature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_has_its_meaning() {
        let spi = SecurityParameters([0x16, 0x39]);
        assert_eq!(spi.integrity(), Integrity::CryptographicChecksum);
        assert!(spi.is_ciphered());
        assert_eq!(spi.counter_mode(), CounterMode::Higher);
        assert_eq!(spi.receipt(), Receipt::Required);
        assert_eq!(spi.receipt_integrity(), Integrity::CryptographicChecksum);
        assert!(spi.is_receipt_ciphered());
        assert_eq!(spi.receipt_by(), ReceiptBy::Submit);
        assert_eq!(spi.reserved(), [0, 0]);

        let spi = SecurityParameters([0xF9, 0xC6]);
        assert_eq!(spi.integrity(), Integrity::RedundancyCheck);
        assert!(!spi.is_ciphered());
        assert_eq!(spi.counter_mode(), CounterMode::OneHigher);
        assert_eq!(spi.receipt(), Receipt::OnError);
        assert_eq!(spi.receipt_integrity(), Integrity::RedundancyCheck);
        assert!(!spi.is_receipt_ciphered());
        assert_eq!(spi.receipt_by(), ReceiptBy::DeliverReport);
        assert_eq!(spi.reserved(), [0xE0, 0xC0]);
    }
}
