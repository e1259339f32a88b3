//! What cannot be built or unpacked.

use crate::packet::{Refusal, SecurityParameters};

/// Why a message cannot be built, or a packet not unpacked. Octets that do not decode as a transfer protocol
/// data unit are [`oxisim_wire::Error`]s.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The octets are not what they should be.
    #[error(transparent)]
    Wire(#[from] oxisim_wire::Error),
    /// The user data does not fit a message.
    #[error("user data of {length} octets, at most {limit} fit a message")]
    UserDataTooLong {
        /// Octets of header and payload.
        length: usize,
        /// Octets that fit.
        limit: usize,
    },
    /// The text or data takes more messages than a concatenation can number.
    #[error("{0} parts, a concatenated message has at most 255")]
    TooManyParts(usize),
    /// The address is longer than an address field.
    #[error("address of {length} semi-octets, at most {limit} allowed")]
    AddressTooLong {
        /// Semi-octets of the address.
        length: usize,
        /// Semi-octets allowed.
        limit: usize,
    },
    /// The address has no digits.
    #[error("address without digits")]
    AddressEmpty,
    /// The character cannot stand in the address.
    #[error("{0:?} cannot stand in an address")]
    AddressCharacter(char),
    /// The secured data does not fit a command packet, whose length has 16 bits.
    #[error("{0} octets of secured data do not fit a command packet")]
    PacketTooLong(usize),
    /// The user data has no command packet header element.
    #[error("the user data header announces no command packet")]
    NoCommandPacket,
    /// The packet is one of several, and the others are not here.
    #[error("the command packet is one part of a concatenated message")]
    Concatenated,
    /// The packet is ciphered, or carries a checksum or signature.
    #[error("the command packet asks for security that needs keys: {0:?}")]
    Secured(SecurityParameters),
    /// The packet cannot be sealed, or is not opened.
    #[error(transparent)]
    Packet(#[from] Refusal),
}
