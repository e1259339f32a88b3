//! The keys of cards, derived from one master key.
//!
//! NIST SP 800-108 (revision 1) §4.1, key derivation in counter mode with AES-CMAC. The counter has 32 bits and stands
//! in front of the fixed input; that is a label, 00, the context, and the length of the key in bits, in 32 bits. The
//! label says what the key is for, the context is the card's ICCID, in ASCII, and the version of its keys, an octet.

use std::{fmt, str::FromStr};

use aes::Aes128;
use cmac::{Cmac, KeyInit, Mac};
use oxisim_backup::security::{KEY_OCTETS, KeySet, KeyVersion};
use zeroize::Zeroize;

/// Labels of the keys, in the order of [`KeySet`].
const LABELS: [&str; 3] = ["oxisim backup KIc", "oxisim backup KID", "oxisim backup KIK"];

/// The key from which those of all cards are derived. It is overwritten when it is dropped, and not shown.
///
/// ```
/// use oxisim_backup::security::KeyVersion;
/// use oxisim_server::MasterKey;
///
/// let master: MasterKey = "000102030405060708090A0B0C0D0E0F".parse()?;
/// let keys = master.card_keys(&"8900101000000000019".parse()?, KeyVersion::FIRST);
/// assert_ne!(keys.kic, keys.kid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; KEY_OCTETS]);

/// A text is no master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a master key has {} hexadecimal digits", 2 * KEY_OCTETS)]
pub struct NoMasterKey;

impl MasterKey {
    /// A master key of 128 bits.
    #[must_use]
    pub const fn new(octets: [u8; KEY_OCTETS]) -> Self {
        Self(octets)
    }

    /// Its octets, for where it is kept.
    #[must_use]
    pub const fn octets(&self) -> &[u8; KEY_OCTETS] {
        &self.0
    }

    /// The keys of a card in a version.
    #[must_use]
    pub fn card_keys(&self, iccid: &Iccid, version: KeyVersion) -> KeySet {
        let context = [iccid.digits().as_bytes(), &[version.number()]].concat();
        let [kic, kid, kik] = LABELS.map(|label| self.derive(label, &context));
        KeySet { version, kic, kid, kik }
    }

    /// The key that hides subscribers' numbers where operators' programs see them: the same on all servers.
    pub(crate) fn console_key(&self) -> [u8; KEY_OCTETS] {
        self.derive("oxisim console", &[])
    }

    fn derive(&self, label: &str, context: &[u8]) -> [u8; KEY_OCTETS] {
        let mut key = [0; KEY_OCTETS];
        let bits = (8 * KEY_OCTETS as u32).to_be_bytes();
        counter_mode(&self.0, &[label.as_bytes(), &[0], context, &bits].concat(), &mut key);
        key
    }
}

/// Fills `out` with what a key gives for a fixed input (SP 800-108 §4.1): block *i* is the CMAC of *i*, from 1, and the
/// input.
fn counter_mode(key: &[u8; KEY_OCTETS], input: &[u8], out: &mut [u8]) {
    for (counter, block) in (1_u32..).zip(out.chunks_mut(KEY_OCTETS)) {
        let mac = <Cmac<Aes128> as KeyInit>::new(key.into());
        let mac = mac.chain_update(counter.to_be_bytes()).chain_update(input).finalize().into_bytes();
        block.copy_from_slice(&mac[..block.len()]);
    }
}

impl FromStr for MasterKey {
    type Err = NoMasterKey;

    fn from_str(text: &str) -> Result<Self, NoMasterKey> {
        let mut octets = [0; KEY_OCTETS];
        if text.len() != 2 * KEY_OCTETS {
            return Err(NoMasterKey);
        }
        for (octet, digits) in octets.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
            *octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(NoMasterKey)?;
        }
        Ok(Self(octets))
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").finish_non_exhaustive()
    }
}

/// A card's identification number: the digits in `EF_ICCID` (TS 102 221 §13.2, ITU-T E.118), check digit included.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iccid(String);

/// A text is no ICCID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ICCID: it has 18 to 20 digits")]
pub struct NoIccid(String);

impl Iccid {
    /// The digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The check digit of a number of which these are the other digits (ITU-T E.118 §4.1, ISO/IEC 7812-1 annex B).
    #[must_use]
    pub fn check_digit(digits: &str) -> u8 {
        let doubled = |(place, digit): (usize, u8)| {
            let digit = digit.wrapping_sub(b'0') % 10;
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        };
        let sum: u32 = digits.bytes().rev().enumerate().map(doubled).map(u32::from).sum();
        ((10 - sum % 10) % 10) as u8
    }

    /// The digit that should be the last one, if another is. Of 19 digits the last is a check digit; 18 are without, and
    /// 20, which E.118 does not have, mean something by their last one or not.
    #[must_use]
    pub fn missed_check_digit(&self) -> Option<u8> {
        const WHOLE: usize = 19;
        let (others, last) = self.0.split_at_checked(WHOLE - 1).filter(|_| self.0.len() == WHOLE)?;
        let expected = Self::check_digit(others);
        (last.as_bytes() != [b'0' + expected]).then_some(expected)
    }
}

impl FromStr for Iccid {
    type Err = NoIccid;

    fn from_str(text: &str) -> Result<Self, NoIccid> {
        let is_one = (18..=20).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
        if is_one { Ok(Self(text.into())) } else { Err(NoIccid(text.into())) }
    }
}

impl fmt::Display for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iccid({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Lines of name, key, fixed input, and what comes out.
    const VECTORS: &str = include_str!("../tests/vectors/sp800_108_counter_cmac.txt");

    #[test]
    fn counter_mode_gives_what_others_get() {
        let lines: Vec<_> = VECTORS.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), 2);
        for line in lines {
            let octets: Vec<_> = line.split(' ').skip(1).map(|word| hex::decode(word).unwrap()).collect();
            let [key, input, expected] = &octets[..] else { panic!("{line}") };
            let mut out = vec![0; expected.len()];
            counter_mode(&key[..].try_into().unwrap(), input, &mut out);
            assert_eq!(out, *expected, "{line}");
        }
    }

    #[test]
    fn each_purpose_version_and_card_has_its_own_key() {
        let master: MasterKey = "000102030405060708090A0B0C0D0E0F".parse().unwrap();
        let mut keys = BTreeSet::new();
        for iccid in ["8900101000000000019", "8900101000000000027", "890010100000000001"] {
            for version in (1..16).map(|number| KeyVersion::new(number).unwrap()) {
                let set = master.card_keys(&iccid.parse().unwrap(), version);
                keys.extend([set.kic, set.kid, set.kik]);
            }
        }
        assert_eq!(keys.len(), 3 * 15 * 3);
    }

    #[test]
    fn a_key_is_derived_from_the_documented_input() {
        let master: MasterKey = "000102030405060708090A0B0C0D0E0F".parse().unwrap();
        let keys = master.card_keys(&"8900101000000000019".parse().unwrap(), KeyVersion::FIRST);
        let mut kic = [0; KEY_OCTETS];
        let input = b"oxisim backup KIc\x008900101000000000019\x01\x00\x00\x00\x80";
        counter_mode(master.octets(), input, &mut kic);
        assert_eq!(keys.kic, kic);
    }

    /// Of a test card of sysmocom (osmocom/pysim, facts only), and of a virtual card.
    #[test]
    fn of_19_digits_the_last_is_the_check_digit() {
        let missed = |text: &str| text.parse::<Iccid>().unwrap().missed_check_digit();
        for right in ["8988211000000467343", "8900101000000000019"] {
            assert_eq!(missed(right), None);
            for wrong in (b'0'..=b'9').filter(|wrong| right.as_bytes()[18] != *wrong) {
                let text = format!("{}{}", &right[..18], char::from(wrong));
                assert_eq!(missed(&text), Some(right.as_bytes()[18] - b'0'), "{text}");
            }
        }
        assert_eq!(missed("890010100000000001"), None);
        assert_eq!(missed("89001010000000000188"), None);
    }

    #[test]
    fn what_is_no_key_or_no_iccid_is_refused() {
        for text in [
            "",
            "00",
            "000102030405060708090A0B0C0D0E0",
            "+0+1+2+3+4+5+6+7+8+9+A+B+C+D+E+F",
            "é".repeat(16).as_str(),
        ] {
            assert_eq!(text.parse::<MasterKey>(), Err(NoMasterKey), "{text}");
        }
        for text in ["", "89001010000000000", "890010100000000001012", "89001010000000000A"] {
            assert!(text.parse::<Iccid>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_master_key_is_not_shown() {
        let master: MasterKey = "000102030405060708090A0B0C0D0E0F".parse().unwrap();
        assert_eq!(format!("{master:?}"), "MasterKey { .. }");
    }
}
