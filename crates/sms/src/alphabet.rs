//! The GSM 7-bit default alphabet, the national language tables that take its place, and the packing of septets
//! (TS 23.038 §6.2.1, Annex A, §6.1.2.1).

mod locking;
mod single;
mod tables;

use alloc::{string::String, vec::Vec};

pub use tables::{Language, Tables};

/// The escape to the extension table (TS 23.038 §6.2.1, note 1).
pub const ESCAPE: u8 = 0x1B;

/// The septets of one character: one alone, or the escape and another (TS 23.038 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Septets {
    /// A character of the default alphabet, or of a locking shift table.
    One([u8; 1]),
    /// A character of the extension table, or of a single shift table.
    Two([u8; 2]),
}

impl Septets {
    /// The septets, one an octet.
    #[must_use]
    pub const fn as_slice(&self) -> &[u8] {
        match self {
            Self::One(septets) => septets,
            Self::Two(septets) => septets,
        }
    }

    /// How many they are: 1 or 2.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.as_slice().len()
    }
}

/// The septets of `character` in the default alphabet; `None` if neither of its tables has it.
#[must_use]
pub fn septets_of(character: char) -> Option<Septets> {
    Tables::DEFAULT.septets_of(character)
}

/// Text as septets of the default alphabet, one an octet; `None` if a character is not in it.
///
/// ```
/// use oxisim_sms::alphabet;
///
/// assert_eq!(alphabet::encode("5 €").unwrap(), [0x35, 0x20, 0x1B, 0x65]);
/// assert_eq!(alphabet::encode("Ελλάς"), None);
/// ```
#[must_use]
pub fn encode(text: &str) -> Option<Vec<u8>> {
    Tables::DEFAULT.encode(text)
}

/// Septets of the default alphabet, one an octet, as text, as [`Tables::decode`] does it.
#[must_use]
pub fn decode(septets: &[u8]) -> String {
    Tables::DEFAULT.decode(septets)
}

/// Packs septets, eight in seven octets, after `fill_bits` (0 to 6) zero bits (TS 23.038 §6.1.2.1.1).
///
/// Fill bits let the septets that follow a user data header start on a septet boundary
/// (TS 23.040 §9.2.3.24). They take an octet even if no septet follows.
///
/// ```
/// use oxisim_sms::alphabet;
///
/// let packed = alphabet::pack(b"hello", 0);
/// assert_eq!(packed, [0xE8, 0x32, 0x9B, 0xFD, 0x06]);
/// assert_eq!(alphabet::unpack(&packed, 5, 0), b"hello");
/// ```
#[must_use]
pub fn pack(septets: &[u8], fill_bits: u8) -> Vec<u8> {
    let mut octets = Vec::with_capacity(septets.len() * 7 / 8 + 2);
    let mut bits = u32::from(fill_bits % 8);
    let mut pending = 0_u16;
    for &septet in septets {
        pending |= u16::from(septet & 0x7F) << bits;
        bits += 7;
        if bits >= 8 {
            octets.push((pending & 0xFF) as u8);
            pending >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        octets.push((pending & 0xFF) as u8);
    }
    octets
}

/// Unpacks `count` septets, one an octet, after `fill_bits` (0 to 6) bits; fewer if the octets hold no more.
#[must_use]
pub fn unpack(octets: &[u8], count: usize, fill_bits: u8) -> Vec<u8> {
    let mut septets = Vec::with_capacity(count.min(octets.len().saturating_mul(8) / 7));
    let mut fill = u32::from(fill_bits % 8);
    let mut bits = 0;
    let mut pending = 0_u16;
    for &octet in octets {
        pending |= u16::from(octet >> fill) << bits;
        bits += 8 - fill;
        fill = 0;
        while bits >= 7 {
            if septets.len() == count {
                return septets;
            }
            septets.push((pending & 0x7F) as u8);
            pending >>= 7;
            bits -= 7;
        }
    }
    septets
}

/// TS 23.038 §6.2.1, by code. In the place of the escape stands the space that a receiver shows for it.
#[rustfmt::skip]
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// TS 23.038 §6.2.1.1: code after the escape, and character. `0A` is a page break.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_escape_is_not_a_character() {
        assert_eq!(septets_of('\u{1B}'), None);
        assert_eq!(septets_of(' '), Some(Septets::One([0x20])));
    }

    #[test]
    fn unknown_extensions_fall_back_to_the_default_alphabet() {
        assert_eq!(decode(&[0x1B, 0x41]), "A");
        assert_eq!(decode(&[0x1B, 0x1B, 0x41]), " A");
        assert_eq!(decode(&[0x41, 0x1B]), "A ");
    }

    #[test]
    fn eight_septets_fill_seven_octets() {
        assert_eq!(pack(&[0x7F; 8], 0), [0xFF; 7]);
        assert_eq!(unpack(&[0xFF; 7], 7, 0).len(), 7);
        assert_eq!(unpack(&[0xFF; 7], 100, 0), [0x7F; 8]);
    }

    #[test]
    fn fill_bits_alone_take_an_octet() {
        assert_eq!(pack(&[], 2), [0x00]);
        assert!(pack(&[], 0).is_empty());
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(septets in prop::collection::vec(0_u8..0x80, 0..200), fill in 0_u8..7) {
            let packed = pack(&septets, fill);
            prop_assert_eq!(packed.len(), (septets.len() * 7 + usize::from(fill)).div_ceil(8));
            prop_assert_eq!(unpack(&packed, septets.len(), fill), septets);
        }

        #[test]
        fn any_octets_decode(octets in prop::collection::vec(any::<u8>(), 0..200), count: usize, fill: u8) {
            let septets = unpack(&octets, count, fill);
            let text = decode(&septets);
            prop_assert_eq!(decode(&encode(&text).unwrap()), text);
        }
    }
}
