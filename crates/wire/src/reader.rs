//! A cursor over untrusted octets.

use alloc::vec::Vec;

use crate::{Error, ErrorKind};

/// One thing that goes over an interface as octets.
///
/// A tagged or length-prefixed object implements it for its *value*; tag and length belong to the message
/// that carries it.
pub trait Wire: Sized {
    /// Reads one value; what follows it stays in the reader.
    fn read(r: &mut Reader<'_>) -> Result<Self, Error>;

    /// Appends the value to `out`.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a value that must fill `bytes`.
    fn decode(bytes: &[u8], what: &'static str) -> Result<Self, Error> {
        let mut r = Reader::new(bytes);
        let value = Self::read(&mut r)?;
        r.finish(what)?;
        Ok(value)
    }

    /// The value as octets.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}

/// A cursor over untrusted octets. Offsets in its errors count from the start of the outermost buffer.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Reads `bytes`, which start at `offset` of a larger buffer.
    #[must_use]
    pub const fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    /// Offset of the next octet.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Octets that are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next octet, without taking it.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// Takes `n` octets of the field `what`.
    pub fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], Error> {
        let Some((head, tail)) = self.bytes.split_at_checked(n) else {
            return Err(self.error(what, ErrorKind::Truncated { needed: n, left: self.bytes.len() }));
        };
        self.bytes = tail;
        self.offset += n;
        Ok(head)
    }

    /// Takes an array of `N` octets.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }

    /// Takes one octet.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, Error> {
        Ok(self.array::<1>(what)?[0])
    }

    /// Takes a 16-bit number, most significant octet first.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, Error> {
        Ok(u16::from_be_bytes(self.array(what)?))
    }

    /// Takes `n` octets as a reader of their own.
    pub fn sub(&mut self, n: usize, what: &'static str) -> Result<Reader<'a>, Error> {
        let offset = self.offset;
        Ok(Reader { bytes: self.take(n, what)?, offset })
    }

    /// Takes everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes;
        self.offset += rest.len();
        self.bytes = &[];
        rest
    }

    /// Ends the message `what`: octets that are left are an error.
    pub fn finish(&self, what: &'static str) -> Result<(), Error> {
        match self.bytes.len() {
            0 => Ok(()),
            n => Err(self.error(what, ErrorKind::Trailing(n))),
        }
    }

    /// An error about the field `what`, here.
    #[must_use]
    pub const fn error(&self, what: &'static str, kind: ErrorKind) -> Error {
        Error::new(what, self.offset, kind)
    }
}

impl Wire for u8 {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.u8("octet")
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
}

impl Wire for u16 {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.u16("two octets")
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}

impl Wire for u32 {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self::from_be_bytes(r.array("four octets")?))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.array("octets")
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// The octets that are left.
impl Wire for Vec<u8> {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(r.rest().to_vec())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// Present if anything is left.
impl<T: Wire> Wire for Option<T> {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        if r.is_empty() { Ok(None) } else { T::read(r).map(Some) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(value) = self {
            value.write(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn an_error_says_what_was_cut_and_where() {
        let mut r = Reader::new(&[1, 2, 3]);
        r.u8("first").unwrap();
        let error = r.take(3, "TP-User-Data").unwrap_err();
        assert_eq!(
            error,
            Error { what: "TP-User-Data", offset: 1, kind: ErrorKind::Truncated { needed: 3, left: 2 } }
        );
    }

    #[test]
    fn a_sub_reader_counts_from_the_outermost_buffer() {
        let mut r = Reader::new(&[0, 0, 1, 2]);
        r.take(2, "header").unwrap();
        let mut sub = r.sub(2, "body").unwrap();
        sub.u8("one").unwrap();
        assert_eq!(sub.u16("two").unwrap_err().offset, 3);
        assert!(r.is_empty());
    }

    #[test]
    fn trailing_octets_are_an_error_that_names_the_message() {
        let error = u8::decode(&[1, 2, 3], "unit").unwrap_err();
        assert_eq!(error.to_string(), "unit at octet 1: 2 octets too many");
    }
}
