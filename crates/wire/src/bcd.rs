//! Semi-octets: two decimal digits an octet, low half first (TS 24.008 §10.5.4.7, TS 102 221 §8.12).

use alloc::{string::String, vec::Vec};

/// The characters of the extended BCD alphabet of a dialling number, by value (TS 31.102 §4.4.2.3):
/// `A` `B` are `*` `#`, `C` is the DTMF control digit separator (a pause), `D` the wild value,
/// `E` the expansion digit; `F` fills.
pub const DIALLING: [char; 15] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'p', '?', 'E'];

/// The two semi-octets of an octet, in the order in which they are read.
#[must_use]
pub const fn halves(octet: u8) -> [u8; 2] {
    [octet & 0x0F, octet >> 4]
}

/// Packs semi-octets, filling an odd one with `F`.
#[must_use]
pub fn pack(halves: &[u8]) -> Vec<u8> {
    packed(halves).collect()
}

/// The octets of [`pack`], one after the other.
pub fn packed(halves: &[u8]) -> impl Iterator<Item = u8> + '_ {
    halves.chunks(2).map(|pair| (pair[0] & 0x0F) | (pair.get(1).unwrap_or(&0x0F) << 4))
}

/// Unpacks semi-octets up to the first filler.
#[must_use]
pub fn unpack(octets: &[u8]) -> Vec<u8> {
    unpacked(octets).collect()
}

/// The semi-octets of [`unpack`], one after the other.
pub fn unpacked(octets: &[u8]) -> impl Iterator<Item = u8> + '_ {
    octets.iter().flat_map(|&octet| halves(octet)).take_while(|&half| half != 0x0F)
}

/// Semi-octets as dialling characters.
#[must_use]
pub fn to_dialling(halves: &[u8]) -> String {
    halves.iter().filter_map(|&half| DIALLING.get(usize::from(half))).collect()
}

/// A dialling character as a semi-octet; `,` `w` and `;` are pauses too.
#[must_use]
pub fn from_dialling(character: char) -> Option<u8> {
    let character = match character {
        'P' | ',' | 'w' | 'W' | ';' => 'p',
        other => other,
    };
    DIALLING.iter().position(|&c| c == character).map(|i| i as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TS 23.040 §9.1.2.3: the digits 1234567 as 21 43 65 F7.
    #[test]
    fn odd_numbers_are_filled() {
        assert_eq!(pack(&[1, 2, 3, 4, 5, 6, 7]), [0x21, 0x43, 0x65, 0xF7]);
        assert_eq!(unpack(&[0x21, 0x43, 0x65, 0xF7]), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn dialling_characters_are_the_extended_alphabet() {
        let halves: Vec<u8> = "*#06,9".chars().filter_map(from_dialling).collect();
        assert_eq!(halves, [10, 11, 0, 6, 12, 9]);
        assert_eq!(to_dialling(&halves), "*#06p9");
    }
}
