//! What cannot be said in SMPP.

/// Why a PDU cannot be made. A PDU from the other side that is not what it should be is a [`CommandStatus`], which is
/// what the other side is told.
///
/// [`CommandStatus`]: crate::CommandStatus
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field is longer than the standard allows.
    #[error("{what} of {length} octets, at most {limit} allowed")]
    TooLong {
        /// The field, in the standard's words.
        what: &'static str,
        /// Octets of it.
        length: usize,
        /// Octets allowed.
        limit: usize,
    },
    /// A field is text with characters other than those of ASCII.
    #[error("{0} is not ASCII")]
    NotAscii(&'static str),
    /// The message needs optional parameters, and the session has none (SMPP before 3.4).
    #[error("the session has no optional parameters, and the message needs them")]
    NoTlvs,
}
