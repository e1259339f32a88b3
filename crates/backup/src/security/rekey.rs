//! Keys on their way to a card, in the place of those that it has.

use alloc::vec::Vec;

use oxisim_sms::packet::{Cipher, Key, Refusal};
use oxisim_wire::{Error, ErrorKind, Reader, codes};
use zeroize::Zeroizing;

use super::{KEY_OCTETS, KeySet};

codes! {
    /// What became of an order to replace the keys.
    pub struct RekeyResult(u8) {
        /// The keys are in use.
        DONE = 0x00,
        /// It replaces another version than the card has, or not by the next one.
        VERSION = 0x01,
        /// A key is not the one that its check value is of.
        CHECK_VALUE = 0x02,
        /// The keys are of another type or length, or not three.
        FORMAT = 0x03,
        /// The card has no keys that they could replace.
        NO_KEYS = 0x04,
    }
}

/// Octets of a key check value (GP Card Specification §B.6).
pub const CHECK_VALUE_OCTETS: usize = 3;

/// The first octets of a block of 01 that each key of a set enciphers, in the order of [`KeySet`].
pub type CheckValues = [[u8; CHECK_VALUE_OCTETS]; 3];

/// Keys that replace those of a card, as PUT KEY has them (GP Card Specification §11.8.2, TS 102 226 §8.2.1.5): `KIc`,
/// `KID`, `KIK`, each under the `KIK` that the card has, and with its check value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekey {
    /// The version of the keys that go.
    pub replaces: u8,
    /// The version of those that come.
    pub version: u8,
    /// Three times: type, length of what follows up to the check value, length of the key, the key under the `KIK`,
    /// length of the check value, check value.
    pub keys: Vec<u8>,
}

/// What stands before a key: its type, AES (GP Card Specification §11.1.8); the length of what follows up to the check
/// value; the length of the key, which tells it from its padding.
const KEY_HEAD: [u8; 3] = [0x88, 1 + KEY_OCTETS as u8, KEY_OCTETS as u8];

/// A key as [`Rekey`] has it.
struct Wrapped<'a> {
    key: &'a [u8],
    check_value: &'a [u8],
}

impl Rekey {
    /// The order that puts `new` in the place of `old`.
    pub fn new(old: &KeySet, new: &KeySet) -> Result<Self, Refusal> {
        let kik = Key::new(&old.kik)?;
        let mut keys = Vec::new();
        for (key, check_value) in new.keys().into_iter().zip(check_values(new)?) {
            let mut wrapped = *key;
            kik.encipher(Cipher::AesCbc, &mut wrapped)?;
            keys.extend(KEY_HEAD);
            keys.extend(wrapped);
            keys.push(CHECK_VALUE_OCTETS as u8);
            keys.extend(check_value);
        }
        Ok(Self { replaces: old.version.number(), version: new.version.number(), keys })
    }

    /// What the card with the keys `old` is to use from now on; none: it uses them already.
    pub fn open(&self, old: &KeySet) -> Result<Option<KeySet>, RekeyResult> {
        let wrapped = self.read().map_err(|_| RekeyResult::FORMAT)?;
        if self.version == old.version.number() {
            // The KIK that wraps them is gone: what they are, their check values tell.
            return if matches(old, &wrapped) { Ok(None) } else { Err(RekeyResult::CHECK_VALUE) };
        }
        let version = old.version.next();
        if self.replaces != old.version.number() || self.version != version.number() {
            return Err(RekeyResult::VERSION);
        }
        let kik = Key::new(&old.kik).map_err(|_| RekeyResult::FORMAT)?;
        let mut new = KeySet { version, ..old.clone() };
        for (place, wrapped) in [&mut new.kic, &mut new.kid, &mut new.kik].into_iter().zip(&wrapped) {
            let mut key = Zeroizing::new([0; KEY_OCTETS]);
            key.copy_from_slice(wrapped.key);
            kik.decipher(Cipher::AesCbc, &mut *key).map_err(|_| RekeyResult::FORMAT)?;
            *place = *key;
        }
        if matches(&new, &wrapped) { Ok(Some(new)) } else { Err(RekeyResult::CHECK_VALUE) }
    }

    fn read(&self) -> Result<[Wrapped<'_>; 3], Error> {
        let mut r = Reader::new(&self.keys);
        let keys = [Wrapped::read(&mut r)?, Wrapped::read(&mut r)?, Wrapped::read(&mut r)?];
        r.finish("keys")?;
        Ok(keys)
    }
}

impl<'a> Wrapped<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, Error> {
        expect(r, KEY_HEAD, "type and length of a key")?;
        let key = r.take(KEY_OCTETS, "key")?;
        expect(r, [CHECK_VALUE_OCTETS as u8], "length of a key check value")?;
        Ok(Self { key, check_value: r.take(CHECK_VALUE_OCTETS, "key check value")? })
    }
}

/// Octets that can have one value only.
fn expect<const N: usize>(r: &mut Reader<'_>, octets: [u8; N], what: &'static str) -> Result<(), Error> {
    let at = r.clone();
    let found: [u8; N] = r.array(what)?;
    if found == octets {
        return Ok(());
    }
    Err(at.error(what, ErrorKind::Value(found.first().copied().map_or(0, u32::from))))
}

/// The check values of a set (GP Card Specification §B.6).
pub fn check_values(keys: &KeySet) -> Result<CheckValues, Refusal> {
    let [kic, kid, kik] = keys.keys().map(|key| Key::new(key)?.check_value(Cipher::AesCbc));
    Ok([kic?, kid?, kik?])
}

fn matches(keys: &KeySet, wrapped: &[Wrapped<'_>; 3]) -> bool {
    check_values(keys)
        .is_ok_and(|values| values.iter().zip(wrapped).all(|(value, key)| key.check_value == value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::security::KeyVersion;

    fn keys(version: u8, seed: u8) -> KeySet {
        let key = |purpose: u8| core::array::from_fn(|at| seed ^ purpose ^ at as u8);
        let version = KeyVersion::new(version).unwrap();
        KeySet { version, kic: key(0xC0), kid: key(0xD0), kik: key(0xE0) }
    }

    #[test]
    fn keys_arrive_under_the_kik_of_those_that_they_replace() {
        let (old, new) = (keys(1, 0x11), keys(2, 0x22));
        let rekey = Rekey::new(&old, &new).unwrap();
        assert_eq!(rekey.open(&old), Ok(Some(new.clone())));
        assert_eq!(rekey.keys.len(), 3 * 23);
        for key in new.keys() {
            assert!(!rekey.keys.windows(KEY_OCTETS).any(|octets| octets == key), "a key in clear");
        }
    }

    #[test]
    fn keys_that_are_in_use_are_known_by_their_check_values() {
        let (old, new) = (keys(1, 0x11), keys(2, 0x22));
        let rekey = Rekey::new(&old, &new).unwrap();
        assert_eq!(rekey.open(&new), Ok(None));
        assert_eq!(rekey.open(&keys(2, 0x23)), Err(RekeyResult::CHECK_VALUE));
    }

    #[test]
    fn only_the_next_version_replaces_one() {
        for (has, replaces, version) in [(1, 2, 3), (3, 1, 2), (1, 1, 3), (1, 15, 2), (2, 15, 1)] {
            let rekey = Rekey { version, ..Rekey::new(&keys(replaces, 0x11), &keys(1, 0x22)).unwrap() };
            assert_eq!(rekey.open(&keys(has, 0x11)), Err(RekeyResult::VERSION), "{has} {replaces} {version}");
        }
        let last = Rekey::new(&keys(15, 0x11), &keys(1, 0x22)).unwrap();
        assert_eq!(last.open(&keys(15, 0x11)), Ok(Some(keys(1, 0x22))));
    }

    #[test]
    fn keys_under_another_kik_are_not_taken() {
        let rekey = Rekey::new(&keys(1, 0x12), &keys(2, 0x22)).unwrap();
        assert_eq!(rekey.open(&keys(1, 0x11)), Err(RekeyResult::CHECK_VALUE));
    }

    proptest! {
        #[test]
        fn a_changed_octet_of_the_keys_is_noticed(at in 0_usize..69, bit in 0_u8..8) {
            let (old, new) = (keys(1, 0x11), keys(2, 0x22));
            let mut rekey = Rekey::new(&old, &new).unwrap();
            rekey.keys[at] ^= 1 << bit;
            let expected = match at % 23 {
                0..=2 | 19 => RekeyResult::FORMAT,
                _ => RekeyResult::CHECK_VALUE,
            };
            prop_assert_eq!(rekey.open(&old), Err(expected));
        }

        #[test]
        fn nothing_that_comes_as_keys_does_harm(
            replaces: u8, version: u8, keys in prop::collection::vec(any::<u8>(), 0..98)
        ) {
            let rekey = Rekey { replaces, version, keys };
            prop_assert!(rekey.open(&self::keys(1, 0x11)).is_err());
        }

        #[test]
        fn keys_that_are_cut_or_longer_are_not_taken(octets in 0_usize..98) {
            let mut rekey = Rekey::new(&keys(1, 0x11), &keys(2, 0x22)).unwrap();
            rekey.keys.resize(octets, 0);
            prop_assert_eq!(rekey.open(&keys(1, 0x11)).is_ok(), octets == 69);
        }
    }
}
