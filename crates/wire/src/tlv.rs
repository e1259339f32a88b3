//! BER-TLV (ISO/IEC 7816-4 §5.2.2, TS 101 220 §7.1) and COMPREHENSION-TLV (TS 101 220 §7.1.1).

use alloc::vec::Vec;

use crate::{Error, ErrorKind, Reader};

/// Reads a length: one octet up to 7F, else 81, 82 or 83 and one, two or three octets.
pub fn read_length(r: &mut Reader<'_>, what: &'static str) -> Result<usize, Error> {
    let at = r.offset();
    match r.u8(what)? {
        short @ 0x00..=0x7F => Ok(usize::from(short)),
        coding @ 0x81..=0x83 => {
            let octets = r.take(usize::from(coding & 0x0F), what)?;
            Ok(octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)))
        }
        other => Err(Error::new(what, at, ErrorKind::LengthCoding(other))),
    }
}

/// Appends `length` in its shortest coding.
///
/// # Panics
/// Never for what this crate writes: a value of 16 MiB or more does not occur in a message.
pub fn write_length(length: usize, out: &mut Vec<u8>) {
    debug_assert!(length < 1 << 24);
    match length {
        0x00..=0x7F => out.push(length as u8),
        0x80..=0xFF => out.extend_from_slice(&[0x81, length as u8]),
        0x100..=0xFFFF => out.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
        _ => out.extend_from_slice(&[0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
    }
}

/// Appends `tag`, the length and the value that `fill` writes.
pub fn write_tlv(tag: u8, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    // Most lengths take one octet; room for a longer one is made when it turns out to be needed.
    out.extend([tag, 0]);
    let start = out.len();
    fill(out);
    let length = out.len() - start;
    if length <= 0x7F {
        out[start - 1] = length as u8;
    } else {
        let mut coded = Vec::with_capacity(4);
        write_length(length, &mut coded);
        out.splice(start - 1..start, coded);
    }
}

/// A BER-TLV object with a tag of one octet.
#[derive(Clone, Debug)]
pub struct Tlv<'a> {
    /// The tag octet.
    pub tag: u8,
    /// The value.
    pub value: Reader<'a>,
}

impl<'a> Tlv<'a> {
    /// Reads one object.
    pub fn read(r: &mut Reader<'a>, what: &'static str) -> Result<Self, Error> {
        let tag = r.u8(what)?;
        let length = read_length(r, what)?;
        Ok(Self { tag, value: r.sub(length, what)? })
    }

    /// Reads the object `what`, whose tag must be `tag`, and returns its value.
    pub fn expect(r: &mut Reader<'a>, tag: u8, what: &'static str) -> Result<Reader<'a>, Error> {
        let at = r.offset();
        let found = Self::read(r, what)?;
        if found.tag != tag {
            let kind = ErrorKind::Tag { expected: u32::from(tag), found: u32::from(found.tag) };
            return Err(Error::new(what, at, kind));
        }
        Ok(found.value)
    }
}

/// The tag of a COMPREHENSION-TLV object: 7 bits, and bit 8 of the octet says whether the receiver must
/// understand the object. The three-octet form (first octet 7F) carries 15 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u16);

/// A COMPREHENSION-TLV object as it stands in a message.
#[derive(Clone, Debug)]
pub struct Comprehension<'a> {
    /// Its tag, without the comprehension bit.
    pub tag: Tag,
    /// Whether the receiver must understand it.
    pub required: bool,
    /// Its value.
    pub value: Reader<'a>,
}

impl<'a> Comprehension<'a> {
    /// Reads one object.
    pub fn read(r: &mut Reader<'a>) -> Result<Self, Error> {
        const WHAT: &str = "COMPREHENSION-TLV object";
        let (tag, required) = match r.u8(WHAT)? {
            0x7F => {
                let two = r.u16(WHAT)?;
                (two & 0x7FFF, two & 0x8000 != 0)
            }
            one => (u16::from(one & 0x7F), one & 0x80 != 0),
        };
        let length = read_length(r, WHAT)?;
        Ok(Self { tag: Tag(tag), required, value: r.sub(length, WHAT)? })
    }

    /// Appends an object whose value `fill` writes.
    pub fn write(tag: Tag, required: bool, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
        let bit = u16::from(required);
        if tag.0 < 0x7F {
            write_tlv((bit << 7 | tag.0) as u8, out, fill);
        } else {
            let two = bit << 15 | tag.0;
            out.extend_from_slice(&[0x7F, (two >> 8) as u8]);
            write_tlv(two as u8, out, fill);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_of_80_octets_takes_two() {
        let mut out = Vec::new();
        write_tlv(0xD0, &mut out, |out| out.extend([0; 0x80]));
        assert_eq!(out[..3], [0xD0, 0x81, 0x80]);
    }

    #[test]
    fn a_length_with_a_reserved_coding_is_refused() {
        let error = Tlv::read(&mut Reader::new(&[0xD0, 0x80, 0x00]), "proactive command").unwrap_err();
        assert_eq!((error.offset, error.kind), (1, ErrorKind::LengthCoding(0x80)));
    }

    #[test]
    fn a_three_octet_tag_keeps_its_comprehension_bit() {
        let mut out = Vec::new();
        Comprehension::write(Tag(0x0123), true, &mut out, |out| out.push(9));
        assert_eq!(out, [0x7F, 0x81, 0x23, 0x01, 0x09]);
        let back = Comprehension::read(&mut Reader::new(&out)).unwrap();
        assert_eq!((back.tag, back.required), (Tag(0x0123), true));
    }

    proptest! {
        #[test]
        fn lengths_come_back(length in 0usize..0x0100_0000) {
            let mut out = Vec::new();
            write_length(length, &mut out);
            prop_assert_eq!(read_length(&mut Reader::new(&out), "length"), Ok(length));
        }

        #[test]
        fn no_octets_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..32)) {
            let mut r = Reader::new(&bytes);
            while !r.is_empty() && Comprehension::read(&mut r).is_ok() {}
        }
    }
}
