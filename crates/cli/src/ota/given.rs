//! Keys and header fields as the user gives them.

use std::str::FromStr;

use clap::ValueEnum;
use oxisim_sms::packet::{Agreement, Check, Cipher, Counter, Key, Keys, Kic, Kid, SecurityParameters, Tar};

use crate::failure::Failure;

/// Where the key of `KIc` is looked for if no word names it.
const KIC_VARIABLE: &str = "OXISIM_KEY_KIC";
/// Where the key of `KID` is looked for if no word names it.
const KID_VARIABLE: &str = "OXISIM_KEY_KID";

/// What both sides hold: keys, and what no header says.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Keys")]
pub struct KeyArgs {
    /// The key of `KIc`: hexadecimal, or @FILE that holds it so; else it is in `OXISIM_KEY_KIC`.
    #[arg(long, value_name = "HEX|@FILE")]
    key_kic: Option<String>,
    /// The key of `KID`: hexadecimal, or @FILE that holds it so; else it is in `OXISIM_KEY_KID`.
    #[arg(long, value_name = "HEX|@FILE")]
    key_kid: Option<String>,
    /// The algorithm that ciphers, where `KIc` leaves it open.
    #[arg(long, value_enum, value_name = "ALGORITHM")]
    cipher: Option<CipherWord>,
    /// The algorithm of the check or checksum, where `KID` leaves it open.
    #[arg(long, value_enum, value_name = "ALGORITHM")]
    check: Option<CheckWord>,
    /// Octets of a checksum by AES-CMAC.
    #[arg(long, value_name = "4|8", default_value_t = 8, value_parser = checksum_octets)]
    checksum_octets: u8,
}

impl KeyArgs {
    /// The keys, and what is agreed upon.
    pub fn keys(&self) -> Result<Keys, Failure> {
        let agreement = Agreement {
            cipher: self.cipher.map(CipherWord::cipher),
            check: self.check.map(CheckWord::check),
            short_checksum: self.checksum_octets == 4,
        };
        Ok(Keys {
            kic: key(self.key_kic.as_deref(), "--key-kic", KIC_VARIABLE)?,
            kid: key(self.key_kid.as_deref(), "--key-kid", KID_VARIABLE)?,
            agreement,
        })
    }
}

/// A key by word, from a file or from the environment; its octets are in no message.
pub fn key(given: Option<&str>, word: &str, variable: &str) -> Result<Option<Key>, Failure> {
    let (text, place) = match given {
        Some(given) => match given.strip_prefix('@') {
            Some(path) => {
                let read = |error| Failure::Read { path: path.into(), error };
                (std::fs::read_to_string(path).map_err(read)?, path)
            }
            None => (given.to_owned(), word),
        },
        None => match std::env::var(variable) {
            Ok(text) => (text, variable),
            Err(_) => return Ok(None),
        },
    };
    let digits: String = text.split_whitespace().collect();
    let wrong = || Failure::Usage(format!("{place}: a key is 8, 16, 24 or 32 octets, hexadecimal"));
    let octets = hex::decode(digits).map_err(|_| wrong())?;
    Key::new(&octets).map(Some).map_err(|_| wrong())
}

fn checksum_octets(text: &str) -> Result<u8, String> {
    match text {
        "4" => Ok(4),
        "8" => Ok(8),
        _ => Err("4 or 8".into()),
    }
}

/// An algorithm that ciphers, as a word.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum CipherWord {
    DesCbc,
    DesEcb,
    #[value(name = "3des2-cbc")]
    TripleDes2Cbc,
    #[value(name = "3des3-cbc")]
    TripleDes3Cbc,
    #[value(name = "3des2-ecb")]
    TripleDes2Ecb,
    #[value(name = "3des3-ecb")]
    TripleDes3Ecb,
    AesCbc,
}

impl CipherWord {
    const fn cipher(self) -> Cipher {
        match self {
            Self::DesCbc => Cipher::DesCbc,
            Self::DesEcb => Cipher::DesEcb,
            Self::TripleDes2Cbc => Cipher::TripleDes2Cbc,
            Self::TripleDes3Cbc => Cipher::TripleDes3Cbc,
            Self::TripleDes2Ecb => Cipher::TripleDes2Ecb,
            Self::TripleDes3Ecb => Cipher::TripleDes3Ecb,
            Self::AesCbc => Cipher::AesCbc,
        }
    }
}

/// An algorithm of a check or checksum, as a word.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum CheckWord {
    #[value(name = "crc16")]
    Crc16,
    #[value(name = "crc32")]
    Crc32,
    DesMac,
    #[value(name = "3des2-mac")]
    TripleDes2Mac,
    #[value(name = "3des3-mac")]
    TripleDes3Mac,
    AesCmac,
}

impl CheckWord {
    const fn check(self) -> Check {
        match self {
            Self::Crc16 => Check::Crc16,
            Self::Crc32 => Check::Crc32,
            Self::DesMac => Check::DesMac,
            Self::TripleDes2Mac => Check::TripleDes2Mac,
            Self::TripleDes3Mac => Check::TripleDes3Mac,
            Self::AesCmac => Check::AesCmac64,
        }
    }
}

/// So many octets, hexadecimal.
fn octets<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let octets = hex::decode(text).ok().and_then(|octets| octets.try_into().ok());
    octets.ok_or_else(|| format!("{N} octets, hexadecimal"))
}

/// SPI.
pub fn spi(text: &str) -> Result<SecurityParameters, String> {
    octets(text).map(SecurityParameters)
}

/// `KIc`.
pub fn kic(text: &str) -> Result<Kic, String> {
    octets(text).map(|[octet]| Kic(octet))
}

/// `KID`.
pub fn kid(text: &str) -> Result<Kid, String> {
    octets(text).map(|[octet]| Kid(octet))
}

/// TAR.
pub fn tar(text: &str) -> Result<Tar, String> {
    octets(text).map(Tar)
}

/// A counter, decimal, or 0x and hexadecimal.
pub fn counter(text: &str) -> Result<Counter, String> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => u64::from_str(text).ok(),
    };
    value.and_then(Counter::new).ok_or_else(|| "a number of 40 bits, decimal, or 0x and hexadecimal".into())
}
