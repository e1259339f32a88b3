//! What can be wrong with octets from outside.

/// A decoding failure: what was being read, where, and what was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at octet {offset}: {kind}")]
pub struct Error {
    /// The field being read, in the standard's words.
    pub what: &'static str,
    /// Offset, in octets, from the start of the outermost buffer.
    pub offset: usize,
    /// What was wrong.
    pub kind: ErrorKind,
}

/// The ways in which octets can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The buffer ends before the field does.
    #[error("{} needed, {left} left", Octets(*needed))]
    Truncated {
        /// Octets the field takes.
        needed: usize,
        /// Octets that are left.
        left: usize,
    },
    /// The field is complete and octets remain.
    #[error("{} too many", Octets(*.0))]
    Trailing(usize),
    /// A length is not coded as ISO/IEC 7816-4 §5.2.2.2 allows.
    #[error("length coding {0:#04X} is not one of 00-7F, 81, 82, 83")]
    LengthCoding(u8),
    /// The field has a value that the standard does not allow here.
    #[error("value {0:#04X} is not allowed")]
    Value(u32),
    /// A tag that must come here does not.
    #[error("tag {expected:#04X} expected, found {found:#04X}")]
    Tag {
        /// The tag the standard requires.
        expected: u32,
        /// The tag that is there.
        found: u32,
    },
    /// A mandatory element is absent.
    #[error("missing")]
    Missing,
    /// An element whose comprehension is required is not known here.
    #[error("tag {0:#04X} is not understood and its comprehension is required")]
    NotUnderstood(u8),
    /// The field is longer than the standard, or the memory set aside for it, allows.
    #[error("{}, at most {limit} allowed", Octets(*length))]
    TooLong {
        /// Octets found.
        length: usize,
        /// Octets allowed.
        limit: usize,
    },
}

/// So many octets, in words.
struct Octets(usize);

impl core::fmt::Display for Octets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} octet{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

impl Error {
    /// An error about `what`, found at `offset`.
    #[must_use]
    pub const fn new(what: &'static str, offset: usize, kind: ErrorKind) -> Self {
        Self { what, offset, kind }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn one_octet_is_one_octet() {
        let said = |kind: ErrorKind| kind.to_string();
        assert_eq!(said(ErrorKind::Truncated { needed: 1, left: 0 }), "1 octet needed, 0 left");
        assert_eq!(said(ErrorKind::Truncated { needed: 2, left: 1 }), "2 octets needed, 1 left");
        assert_eq!(said(ErrorKind::Trailing(1)), "1 octet too many");
        assert_eq!(said(ErrorKind::TooLong { length: 1, limit: 0 }), "1 octet, at most 0 allowed");
    }
}
