//! Keys, and what both sides know besides.

use core::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{Check, Cipher, Refusal, crypto};

/// A key of 8, 16, 24 or 32 octets. It is overwritten when it is dropped, never printed, and compared in constant time.
#[derive(Clone)]
pub struct Key {
    octets: Zeroizing<[u8; 32]>,
    length: usize,
}

impl Key {
    /// A key; which algorithms it fits follows from its length.
    pub fn new(octets: &[u8]) -> Result<Self, Refusal> {
        if !matches!(octets.len(), 8 | 16 | 24 | 32) {
            return Err(Refusal::KeyLength(octets.len()));
        }
        let mut key = Self { octets: Zeroizing::new([0; 32]), length: octets.len() };
        key.octets[..octets.len()].copy_from_slice(octets);
        Ok(key)
    }

    /// Octets of the key.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Key check value: three octets that tell keys apart and tell nothing of them. DES enciphers a block of zeros, AES
    /// one of 01 (`GlobalPlatform` Card Specification §B.6, Amendment D §4.1.4).
    pub fn check_value(&self, cipher: Cipher) -> Result<[u8; 3], Refusal> {
        let mut block = match cipher {
            Cipher::AesCbc => [0x01; 16],
            _ => [0x00; 16],
        };
        let block = &mut block[..cipher.block()];
        crypto::encipher(cipher, self, block)?;
        Ok([block[0], block[1], block[2]])
    }

    /// The key itself, for those who keep it.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }

    /// Enciphers whole blocks in place, as keys on their way are (TS 102 226 §8.2.1.5).
    pub fn encipher(&self, cipher: Cipher, data: &mut [u8]) -> Result<(), Refusal> {
        check_blocks(cipher, data)?;
        crypto::encipher(cipher, self, data)
    }

    /// Deciphers whole blocks in place.
    pub fn decipher(&self, cipher: Cipher, data: &mut [u8]) -> Result<(), Refusal> {
        check_blocks(cipher, data)?;
        crypto::decipher(cipher, self, data)
    }

    pub(super) fn for_cipher(&self, cipher: Cipher) -> Result<&[u8], Refusal> {
        self.fitting(cipher.key_lengths())
    }

    pub(super) fn for_check(&self, check: Check) -> Result<&[u8], Refusal> {
        self.fitting(check.key_lengths())
    }

    fn fitting(&self, lengths: &[usize]) -> Result<&[u8], Refusal> {
        if lengths.contains(&self.length) { Ok(self.octets()) } else { Err(Refusal::KeyLength(self.length)) }
    }
}

const fn check_blocks(cipher: Cipher, data: &[u8]) -> Result<(), Refusal> {
    let (length, block) = (data.len(), cipher.block());
    if length.is_multiple_of(block) { Ok(()) } else { Err(Refusal::Blocks { length, block }) }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl ConstantTimeEq for Key {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.octets().ct_eq(other.octets())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Key {}

/// What both sides know that no header says (TS 102 225 §5.1.2, §5.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The algorithm that ciphers, where `KIc` leaves it open.
    pub cipher: Option<Cipher>,
    /// The algorithm of the check or checksum, where `KID` leaves it open.
    pub check: Option<Check>,
    /// Whether a checksum by AES-CMAC has 4 octets; else it has 8.
    pub short_checksum: bool,
}

/// A key set, as far as packets need it: the keys that `KIc` and `KID` name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The key that ciphers.
    pub kic: Option<Key>,
    /// The key of the cryptographic checksum.
    pub kid: Option<Key>,
    /// What is agreed upon besides.
    pub agreement: Agreement,
}

impl Keys {
    /// Both keys, and nothing agreed upon besides.
    #[must_use]
    pub fn new(kic: Key, kid: Key) -> Self {
        Self { kic: Some(kic), kid: Some(kid), agreement: Agreement::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn a_key_has_one_of_four_lengths() {
        for length in 0..40 {
            let key = Key::new(&[0x5A; 40][..length]);
            match length {
                8 | 16 | 24 | 32 => assert_eq!(key.unwrap().length(), length),
                _ => assert_eq!(key, Err(Refusal::KeyLength(length))),
            }
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        let key = Key::new(&[0x5A; 16]).unwrap();
        let shown = format!("{:?}", Keys::new(key.clone(), key));
        assert!(!shown.contains("90") && !shown.to_lowercase().contains("5a"), "{shown}");
    }

    #[test]
    fn whole_blocks_go_out_and_come_back() {
        let key = Key::new(&[0x5A; 16]).unwrap();
        let mut data = [0x11; 32];
        key.encipher(Cipher::TripleDes2Ecb, &mut data).unwrap();
        assert_eq!(data[..8], data[8..16], "ECB: the same block again");
        key.decipher(Cipher::TripleDes2Ecb, &mut data).unwrap();
        assert_eq!(data, [0x11; 32]);
        let refused = Err(Refusal::Blocks { length: 20, block: 16 });
        assert_eq!(key.decipher(Cipher::AesCbc, &mut data[..20]), refused);
        assert_eq!(key.encipher(Cipher::AesCbc, &mut data[..20]), refused);
    }

    #[test]
    fn keys_are_equal_by_octets_and_length() {
        let key = |length: usize| Key::new(&[0; 32][..length]).unwrap();
        assert_eq!(key(16), key(16));
        assert_ne!(key(16), key(24));
        assert_ne!(key(8), Key::new(&[0, 0, 0, 0, 0, 0, 0, 2]).unwrap());
    }

    /// The default keys of `GlobalPlatform` cards and a key of zeros, as key tables print them.
    #[test]
    fn a_check_value_is_that_of_key_tables() {
        let zeros = Key::new(&[0; 8]).unwrap();
        assert_eq!(zeros.check_value(Cipher::DesCbc), Ok([0x8C, 0xA6, 0x4D]));
        let default: [u8; 16] = core::array::from_fn(|index| 0x40 + index as u8);
        let default = Key::new(&default).unwrap();
        assert_eq!(default.check_value(Cipher::TripleDes2Cbc), Ok([0x8B, 0xAF, 0x47]));
        assert_eq!(default.check_value(Cipher::AesCbc), Ok([0x50, 0x4A, 0x77]));
        assert_eq!(zeros.check_value(Cipher::AesCbc), Err(Refusal::KeyLength(8)));
    }
}
