//! Why a packet is not accepted, and what the sender is told.

use oxisim_wire::codes;

use super::{Kic, Kid};

codes! {
    /// Response status code (TS 102 225 §5.2, TS 31.115 §4.3.1).
    pub struct ResponseStatus(u8) {
        /// The packet was accepted.
        POR_OK = 0x00,
        /// The check, checksum or signature is wrong.
        RC_CC_DS_FAILED = 0x01,
        /// The counter is too low.
        CNTR_LOW = 0x02,
        /// The counter is too high.
        CNTR_HIGH = 0x03,
        /// The counter has reached its highest value.
        CNTR_BLOCKED = 0x04,
        /// The packet does not decipher.
        CIPHERING_ERROR = 0x05,
        /// The header cannot be interpreted; the response is sent without security.
        UNIDENTIFIED_SECURITY_ERROR = 0x06,
        /// The packet takes more memory than there is.
        INSUFFICIENT_MEMORY = 0x07,
        /// The receiver needs more time.
        MORE_TIME = 0x08,
        /// No application has this TAR.
        TAR_UNKNOWN = 0x09,
        /// The application demands more security.
        INSUFFICIENT_SECURITY_LEVEL = 0x0A,
        /// The response comes in an SMS-SUBMIT.
        RESPONSE_BY_SMS_SUBMIT = 0x0B,
        /// The response comes by USSD.
        RESPONSE_BY_USSD = 0x0C,
    }
}

/// Why a packet cannot be sealed or is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The octets are no packet.
    #[error(transparent)]
    Wire(#[from] oxisim_wire::Error),
    /// It asks for a digital signature, and no standard says how one is made.
    #[error("no algorithm is standardised for a digital signature")]
    DigitalSignature,
    /// `KIc` names no algorithm, and none is agreed upon.
    #[error("KIc {:02X} names no algorithm, and none is agreed upon", .0.0)]
    UnknownCipher(Kic),
    /// `KID` names no algorithm, and none is agreed upon.
    #[error("KID {:02X} names no algorithm, and none is agreed upon", .0.0)]
    UnknownCheck(Kid),
    /// The key that ciphers is not there.
    #[error("no key for KIc")]
    NoKic,
    /// The key of the checksum is not there.
    #[error("no key for KID")]
    NoKid,
    /// A key does not fit the algorithm.
    #[error("a key of {0} octets does not fit the algorithm")]
    KeyLength(usize),
    /// What is ciphered is no whole number of blocks.
    #[error("{length} ciphered octets are no whole number of blocks of {block}")]
    Blocks {
        /// Octets that are ciphered.
        length: usize,
        /// Octets of a block.
        block: usize,
    },
    /// The padding counter counts more octets than padding can have.
    #[error("padding counter {padding:02X}, a block has {block:02X} octets")]
    Padding {
        /// PCNTR.
        padding: u8,
        /// Octets of a block.
        block: usize,
    },
    /// The check or checksum has another length than that of the algorithm.
    #[error("check or checksum of {found} octets, the algorithm has {expected}")]
    CheckLength {
        /// Octets in the header.
        found: usize,
        /// Octets by the algorithm.
        expected: usize,
    },
    /// The check or checksum is wrong.
    #[error("the check or checksum is wrong")]
    Check,
    /// The counter is not higher than the last one.
    #[error("the counter is too low")]
    CounterLow,
    /// The counter is more than one higher than the last one.
    #[error("the counter is too high")]
    CounterHigh,
    /// The counter has reached its highest value.
    #[error("the counter is blocked")]
    CounterBlocked,
}

impl Refusal {
    /// What the sender is told (TS 102 225 §5.2).
    #[must_use]
    pub const fn status(self) -> ResponseStatus {
        match self {
            Self::Check | Self::CheckLength { .. } => ResponseStatus::RC_CC_DS_FAILED,
            Self::CounterLow => ResponseStatus::CNTR_LOW,
            Self::CounterHigh => ResponseStatus::CNTR_HIGH,
            Self::CounterBlocked => ResponseStatus::CNTR_BLOCKED,
            Self::Blocks { .. } | Self::Padding { .. } => ResponseStatus::CIPHERING_ERROR,
            Self::Wire(_)
            | Self::DigitalSignature
            | Self::UnknownCipher(_)
            | Self::UnknownCheck(_)
            | Self::NoKic
            | Self::NoKid
            | Self::KeyLength(_) => ResponseStatus::UNIDENTIFIED_SECURITY_ERROR,
        }
    }
}
