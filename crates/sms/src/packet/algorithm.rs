//! Which algorithm, which keys: `KIc` and `KID` (TS 102 225 §5.1.2, §5.1.3).

use core::fmt;

use super::{Agreement, Integrity, Refusal};

/// An algorithm that ciphers (TS 102 225 §5.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// DES, CBC.
    DesCbc,
    /// DES, ECB; withdrawn from later releases.
    DesEcb,
    /// Triple DES, outer CBC, two keys.
    TripleDes2Cbc,
    /// Triple DES, outer CBC, three keys.
    TripleDes3Cbc,
    /// Triple DES, ECB, two keys; `KIc` has no code for it, both sides have to agree.
    TripleDes2Ecb,
    /// Triple DES, ECB, three keys; `KIc` has no code for it, both sides have to agree.
    TripleDes3Ecb,
    /// AES, CBC, with a key of 128, 192 or 256 bits.
    AesCbc,
}

/// An algorithm that protects against change (TS 102 225 §5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// CRC of 16 bits (ISO/IEC 13239).
    Crc16,
    /// CRC of 32 bits (ISO/IEC 13239).
    Crc32,
    /// DES, CBC-MAC (ISO/IEC 9797-1 algorithm 1, padding method 1).
    DesMac,
    /// Triple DES with two keys, CBC-MAC.
    TripleDes2Mac,
    /// Triple DES with three keys, CBC-MAC.
    TripleDes3Mac,
    /// AES, CMAC, of which 64 bits are sent.
    AesCmac64,
    /// AES, CMAC, of which 32 bits are sent.
    AesCmac32,
}

impl Cipher {
    /// Every algorithm that ciphers.
    pub const ALL: [Self; 7] = [
        Self::DesCbc,
        Self::DesEcb,
        Self::TripleDes2Cbc,
        Self::TripleDes3Cbc,
        Self::TripleDes2Ecb,
        Self::TripleDes3Ecb,
        Self::AesCbc,
    ];

    /// Octets of a block.
    #[must_use]
    pub const fn block(self) -> usize {
        if matches!(self, Self::AesCbc) { 16 } else { 8 }
    }

    /// Octets that a key may have.
    #[must_use]
    pub const fn key_lengths(self) -> &'static [usize] {
        match self {
            Self::DesCbc | Self::DesEcb => &[8],
            Self::TripleDes2Cbc | Self::TripleDes2Ecb => &[16],
            Self::TripleDes3Cbc | Self::TripleDes3Ecb => &[24],
            Self::AesCbc => &[16, 24, 32],
        }
    }
}

impl Check {
    /// Every algorithm that protects against change.
    pub const ALL: [Self; 7] = [
        Self::Crc16,
        Self::Crc32,
        Self::DesMac,
        Self::TripleDes2Mac,
        Self::TripleDes3Mac,
        Self::AesCmac64,
        Self::AesCmac32,
    ];

    /// Octets of the check or checksum.
    #[must_use]
    pub const fn octets(self) -> usize {
        match self {
            Self::Crc16 => 2,
            Self::Crc32 | Self::AesCmac32 => 4,
            Self::DesMac | Self::TripleDes2Mac | Self::TripleDes3Mac | Self::AesCmac64 => 8,
        }
    }

    /// Octets that a key may have; none for a redundancy check, which takes no key.
    #[must_use]
    pub const fn key_lengths(self) -> &'static [usize] {
        match self {
            Self::Crc16 | Self::Crc32 => &[],
            Self::DesMac => &[8],
            Self::TripleDes2Mac => &[16],
            Self::TripleDes3Mac => &[24],
            Self::AesCmac64 | Self::AesCmac32 => &[16, 24, 32],
        }
    }

    const fn is_redundancy_check(self) -> bool {
        self.key_lengths().is_empty()
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DesCbc => "DES-CBC",
            Self::DesEcb => "DES-ECB",
            Self::TripleDes2Cbc => "3DES-CBC with two keys",
            Self::TripleDes3Cbc => "3DES-CBC with three keys",
            Self::TripleDes2Ecb => "3DES-ECB with two keys",
            Self::TripleDes3Ecb => "3DES-ECB with three keys",
            Self::AesCbc => "AES-CBC",
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crc16 => "CRC-16",
            Self::Crc32 => "CRC-32",
            Self::DesMac => "DES-CBC-MAC",
            Self::TripleDes2Mac => "3DES-CBC-MAC with two keys",
            Self::TripleDes3Mac => "3DES-CBC-MAC with three keys",
            Self::AesCmac64 => "AES-CMAC of 8 octets",
            Self::AesCmac32 => "AES-CMAC of 4 octets",
        })
    }
}

/// `KIc`: algorithm and key for ciphering (TS 102 225 §5.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kic(pub u8);

/// `KID`: algorithm and key for the check, checksum or signature (TS 102 225 §5.1.3). What the algorithm bits mean
/// depends on which of them the SPI asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kid(pub u8);

impl Kic {
    /// The key set; zero if it is known implicitly.
    #[must_use]
    pub const fn key_set(self) -> u8 {
        self.0 >> 4
    }

    /// The algorithm; the one agreed upon if it is known implicitly.
    pub fn cipher(self, agreement: Agreement) -> Result<Cipher, Refusal> {
        match self.0 & 0x0F {
            0x01 => Ok(Cipher::DesCbc),
            0x05 => Ok(Cipher::TripleDes2Cbc),
            0x09 => Ok(Cipher::TripleDes3Cbc),
            0x0D => Ok(Cipher::DesEcb),
            0x02 => Ok(Cipher::AesCbc),
            code => agreed(code, agreement.cipher).ok_or(Refusal::UnknownCipher(self)),
        }
    }
}

impl Kid {
    /// The key set; zero if it is known implicitly.
    #[must_use]
    pub const fn key_set(self) -> u8 {
        self.0 >> 4
    }

    /// The algorithm, if the SPI asks for one; the one agreed upon if it is known implicitly.
    pub fn check(self, integrity: Integrity, agreement: Agreement) -> Result<Option<Check>, Refusal> {
        let code = self.0 & 0x0F;
        let check = match (integrity, code) {
            (Integrity::None, _) => return Ok(None),
            (Integrity::DigitalSignature, _) => return Err(Refusal::DigitalSignature),
            (Integrity::RedundancyCheck, 0x01) => Check::Crc16,
            (Integrity::RedundancyCheck, 0x05) => Check::Crc32,
            (Integrity::CryptographicChecksum, 0x01) => Check::DesMac,
            (Integrity::CryptographicChecksum, 0x05) => Check::TripleDes2Mac,
            (Integrity::CryptographicChecksum, 0x09) => Check::TripleDes3Mac,
            (Integrity::CryptographicChecksum, 0x02) if agreement.short_checksum => Check::AesCmac32,
            (Integrity::CryptographicChecksum, 0x02) => Check::AesCmac64,
            (Integrity::RedundancyCheck | Integrity::CryptographicChecksum, code) => {
                let keyless = integrity == Integrity::RedundancyCheck;
                let agreed = agreed(code, agreement.check);
                let fitting = agreed.filter(|check| check.is_redundancy_check() == keyless);
                fitting.ok_or(Refusal::UnknownCheck(self))?
            }
        };
        Ok(Some(check))
    }
}

/// What is agreed upon, if the code leaves it to that: bits 2 and 1 are 00 (implicit) or 11 (proprietary).
fn agreed<T>(code: u8, agreement: Option<T>) -> Option<T> {
    agreement.filter(|_| matches!(code & 0x03, 0x00 | 0x03))
}

/// How a packet is protected, in the words of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Protection {
    /// Against change.
    pub integrity: Integrity,
    /// Whether it is ciphered.
    pub ciphered: bool,
    /// Algorithm and key for ciphering.
    pub kic: Kic,
    /// Algorithm and key against change.
    pub kid: Kid,
}

/// How a packet is protected, as algorithms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Suite {
    /// The one that ciphers.
    pub cipher: Option<Cipher>,
    /// The one that protects against change.
    pub check: Option<Check>,
}

impl Suite {
    /// No ciphering, no check.
    pub const NONE: Self = Self { cipher: None, check: None };

    /// The algorithms that a packet's header names.
    pub fn of(protection: Protection, agreement: Agreement) -> Result<Self, Refusal> {
        let Protection { integrity, ciphered, kic, kid } = protection;
        let check = kid.check(integrity, agreement)?;
        let cipher = if ciphered { Some(kic.cipher(agreement)?) } else { None };
        Ok(Self { cipher, check })
    }

    /// Octets of the check or checksum.
    #[must_use]
    pub const fn check_octets(self) -> usize {
        match self.check {
            Some(check) => check.octets(),
            None => 0,
        }
    }

    /// Octets of padding behind `length` octets that are ciphered.
    #[must_use]
    pub const fn padding(self, length: usize) -> usize {
        match self.cipher {
            Some(cipher) => length.next_multiple_of(cipher.block()) - length,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kic_names_its_algorithm_and_key_set() {
        let cipher = |kic| Kic(kic).cipher(Agreement::default());
        assert_eq!(cipher(0x11), Ok(Cipher::DesCbc));
        assert_eq!(cipher(0x15), Ok(Cipher::TripleDes2Cbc));
        assert_eq!(cipher(0x19), Ok(Cipher::TripleDes3Cbc));
        assert_eq!(cipher(0x1D), Ok(Cipher::DesEcb));
        assert_eq!(cipher(0xF2), Ok(Cipher::AesCbc));
        assert_eq!(Kic(0xF2).key_set(), 15);
        for code in [0x0, 0x3, 0x4, 0x6, 0x7, 0x8, 0xA, 0xB, 0xC, 0xE, 0xF] {
            assert_eq!(cipher(code), Err(Refusal::UnknownCipher(Kic(code))));
        }
    }

    #[test]
    fn an_agreement_fills_implicit_and_proprietary_codes_only() {
        let agreement = Agreement {
            cipher: Some(Cipher::TripleDes2Ecb),
            check: Some(Check::Crc32),
            ..Agreement::default()
        };
        for code in 0..=0x0F {
            let cipher = Kic(code).cipher(agreement);
            match code & 0x03 {
                0x00 | 0x03 => assert_eq!(cipher, Ok(Cipher::TripleDes2Ecb)),
                _ => assert_ne!(cipher, Ok(Cipher::TripleDes2Ecb)),
            }
        }
        assert_eq!(Kid(0x10).check(Integrity::RedundancyCheck, agreement), Ok(Some(Check::Crc32)));
        let refused = Err(Refusal::UnknownCheck(Kid(0x10)));
        assert_eq!(Kid(0x10).check(Integrity::CryptographicChecksum, agreement), refused);
    }

    #[test]
    fn kid_is_read_as_the_spi_says() {
        let check = |kid, integrity| Kid(kid).check(integrity, Agreement::default());
        assert_eq!(check(0x11, Integrity::None), Ok(None));
        assert_eq!(check(0x11, Integrity::RedundancyCheck), Ok(Some(Check::Crc16)));
        assert_eq!(check(0x15, Integrity::RedundancyCheck), Ok(Some(Check::Crc32)));
        assert_eq!(check(0x11, Integrity::CryptographicChecksum), Ok(Some(Check::DesMac)));
        assert_eq!(check(0x15, Integrity::CryptographicChecksum), Ok(Some(Check::TripleDes2Mac)));
        assert_eq!(check(0x19, Integrity::CryptographicChecksum), Ok(Some(Check::TripleDes3Mac)));
        assert_eq!(check(0x12, Integrity::CryptographicChecksum), Ok(Some(Check::AesCmac64)));
        assert_eq!(check(0x12, Integrity::DigitalSignature), Err(Refusal::DigitalSignature));
        let agreement = Agreement { short_checksum: true, ..Agreement::default() };
        let short = Kid(0x12).check(Integrity::CryptographicChecksum, agreement);
        assert_eq!(short, Ok(Some(Check::AesCmac32)));
    }
}
