//! What can be wrong with a trace.

use std::io;

/// What is wrong, and where.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line of JSON is no record.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A block of a capture is none.
    #[error("octet {offset}: {reason}")]
    Capture {
        /// Where the block begins.
        offset: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing in it.
    #[error("there is no record in it")]
    Empty,
    /// It cannot be written.
    #[error("the trace cannot be written: {0}")]
    Write(#[from] io::Error),
    /// Nobody can be reached at this address.
    #[error("no UDP to {address}: {error}")]
    Address {
        /// The address.
        address: String,
        /// Why not.
        error: io::Error,
    },
}
