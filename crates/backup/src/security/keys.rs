//! The keys of a card.

use core::fmt;

use zeroize::Zeroize;

/// Octets of a key: AES-128.
pub const KEY_OCTETS: usize = 16;

/// Which version of its keys a card uses: the key set number in `KIc` and `KID`, 1 to 15 (TS 102 225 §5.1.2, §5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyVersion(u8);

impl KeyVersion {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// A version; `None` outside of 1 to 15.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 15 { Some(Self(number)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The version after it; after 15 comes 1.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 % 15 + 1)
    }
}

impl fmt::Display for KeyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The keys of one card in one version. They are overwritten when they are dropped, and not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySet {
    /// Which version.
    pub version: KeyVersion,
    /// `KIc`: ciphers messages.
    pub kic: [u8; KEY_OCTETS],
    /// `KID`: makes their checksums.
    pub kid: [u8; KEY_OCTETS],
    /// `KIK`: ciphers keys that replace these.
    pub kik: [u8; KEY_OCTETS],
}

impl KeySet {
    /// Octets that they take in a card's memory: the version, `KIc`, `KID`, `KIK`.
    pub const OCTETS: usize = 1 + 3 * KEY_OCTETS;

    /// `KIc`, `KID`, `KIK`.
    pub(super) const fn keys(&self) -> [&[u8; KEY_OCTETS]; 3] {
        [&self.kic, &self.kid, &self.kik]
    }

    /// As they stand in a card's memory.
    #[must_use]
    pub fn to_octets(&self) -> [u8; Self::OCTETS] {
        let mut octets = [0; Self::OCTETS];
        octets[0] = self.version.0;
        for (place, key) in octets[1..].chunks_exact_mut(KEY_OCTETS).zip(self.keys()) {
            place.copy_from_slice(key);
        }
        octets
    }

    /// From a card's memory; `None` if there are none.
    #[must_use]
    pub fn from_octets(octets: &[u8; Self::OCTETS]) -> Option<Self> {
        let [version, keys @ ..] = octets;
        let mut keys = keys.chunks_exact(KEY_OCTETS);
        let mut key = || keys.next()?.try_into().ok();
        Some(Self { version: KeyVersion::new(*version)?, kic: key()?, kid: key()?, kik: key()? })
    }
}

impl Drop for KeySet {
    fn drop(&mut self) {
        for key in [&mut self.kic, &mut self.kid, &mut self.kik] {
            key.zeroize();
        }
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("version", &self.version.0).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    const KEYS: KeySet =
        KeySet { version: KeyVersion(15), kic: [0xC1; 16], kid: [0xD2; 16], kik: [0xE3; 16] };

    #[test]
    fn keys_come_back_from_memory() {
        assert_eq!(KeySet::from_octets(&KEYS.to_octets()), Some(KEYS));
        assert_eq!(KeySet::from_octets(&[0; KeySet::OCTETS]), None);
        assert_eq!(KeySet::from_octets(&[0x10; KeySet::OCTETS]), None);
    }

    #[test]
    fn keys_are_not_shown() {
        let shown = format!("{KEYS:?}");
        assert_eq!(shown, "KeySet { version: 15, .. }");
    }

    #[test]
    fn versions_go_from_1_to_15_and_on_to_1() {
        assert_eq!(KeyVersion::new(0), None);
        assert_eq!(KeyVersion::new(16), None);
        assert_eq!(KeyVersion::FIRST.next().number(), 2);
        assert_eq!(KeyVersion(15).next(), KeyVersion::FIRST);
    }
}
