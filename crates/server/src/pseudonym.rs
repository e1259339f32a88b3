//! What stands for a subscriber where their number must not.

use std::{fmt, str::FromStr};

use aes::{
    Aes128,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};

use crate::Msisdn;

/// Stands for a subscriber where others may see it, in addresses and in logs: sixteen octets that tell nothing of the
/// number without the server's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriberId(pub [u8; 16]);

/// A text is no identifier of a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identifier of a subscriber has 32 hexadecimal digits")]
pub struct NoSubscriberId;

impl FromStr for SubscriberId {
    type Err = NoSubscriberId;

    fn from_str(text: &str) -> Result<Self, NoSubscriberId> {
        let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return Err(NoSubscriberId);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| NoSubscriberId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubscriberId({self})")
    }
}

/// Finds out who stands for whom.
#[derive(Clone)]
pub(crate) struct Pseudonyms(Aes128);

impl Pseudonyms {
    /// Whoever has `key` can try out numbers, and with another one all identifiers are others.
    pub fn new(key: [u8; 16]) -> Self {
        Self(Aes128::new(&key.into()))
    }

    /// The number in one half of a block, in the other nothing; enciphered. So it tells nothing without the key, and of
    /// those that somebody makes up one in 2^64 stands for a number.
    pub fn of(&self, msisdn: &Msisdn) -> SubscriberId {
        let number =
            msisdn.digits().bytes().fold(1, |number: u64, digit| number * 10 + u64::from(digit & 0x0F));
        let mut block = u128::from(number).to_be_bytes().into();
        self.0.encrypt_block(&mut block);
        SubscriberId(block.into())
    }

    pub fn msisdn(&self, id: &SubscriberId) -> Option<Msisdn> {
        let mut block = id.0.into();
        self.0.decrypt_block(&mut block);
        let number = u64::try_from(u128::from_be_bytes(block.into())).ok()?;
        number.to_string().strip_prefix('1')?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_stands_for_its_number_and_one_that_is_made_up_for_nobody() {
        let names = Pseudonyms::new([7; 16]);
        for number in ["1", "491511234567", "000000000000001"] {
            let msisdn: Msisdn = number.parse().unwrap();
            let id = names.of(&msisdn);
            assert_eq!(names.msisdn(&id), Some(msisdn.clone()));
            assert_ne!(Pseudonyms::new([8; 16]).of(&msisdn), id);
        }
        assert_eq!(names.msisdn(&SubscriberId([0; 16])), None);
    }

    #[test]
    fn an_identifier_has_one_spelling() {
        let id = SubscriberId(*b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\xFF");
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse(), Ok(id));
        let texts = ["", "00", "+00102030405060708090a0b0c0d0eff", "000102030405060708090A0B0C0D0EFF", "../"];
        for text in texts {
            assert_eq!(text.parse::<SubscriberId>(), Err(NoSubscriberId), "{text}");
        }
    }
}
