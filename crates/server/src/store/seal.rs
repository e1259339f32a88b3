//! Nothing of a subscriber stands in a database in clear.
//!
//! The [`StoreKey`] seals data keys, which stand in the database; a data key gives each subscriber a key of their own (NIST
//! SP 800-108 §4.1 in counter mode with AES-CMAC), and that seals their records with AES-256-GCM (NIST SP 800-38D). Which
//! record it is stands in the associated data, so that none opens in another's place. A key of its own for each
//! subscriber keeps the number of records under one key far below what nonces by chance allow (2³², SP 800-38D §8.3).
//!
//! Subscribers and cards are found by a keyed hash, AES-CMAC under a key that is never replaced.

use std::{cell::RefCell, collections::BTreeMap};

use aes::Aes256;
use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit as _, Payload},
};
use cmac::{Cmac, Mac};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use zeroize::Zeroizing;

use super::{
    StoreError, StoreKey, Unreadable,
    records::{Id, KeyRow},
};
use crate::{Iccid, Msisdn, store::Drawer};

/// Octets of a key.
const KEY: usize = 32;

/// Octets of a nonce.
const NONCE: usize = 12;

/// Octets of the number of a data key, in front of a record.
const NUMBER: usize = 4;

/// The number under which the key of the hashes stands among the data keys.
pub(super) const LOOKUP: u32 = 0;

type Key = Zeroizing<[u8; KEY]>;

/// Which record it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    /// A subscriber's number.
    Number,
    /// A subscriber's state.
    State,
    /// A block of a phonebook.
    Block { source: u8, number: u16 },
    /// A copy of a phonebook.
    Copy { source: u8 },
    /// A note about a message, of a time in microseconds.
    Note { at: i64 },
    /// A card that is nobody's.
    Card,
    /// A document of the console's.
    Paper { drawer: u8 },
    /// An entry of the audit log, of a time in microseconds.
    Act { at: i64 },
    /// What was passed on, of a time in microseconds.
    Inbox { at: i64 },
}

impl Which {
    /// The table that it stands in.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Number | Self::State => "subscriber",
            Self::Block { .. } => "block",
            Self::Copy { .. } => "copy",
            Self::Note { .. } => "note",
            Self::Card => "card",
            Self::Paper { .. } => "console_document",
            Self::Act { .. } => "audit",
            Self::Inbox { .. } => "inbox",
        }
    }

    fn associated(self, of: &Id) -> Vec<u8> {
        let mut data = of.to_vec();
        match self {
            Self::Number => data.push(0),
            Self::State => data.push(1),
            Self::Block { source, number } => {
                data.extend([2, source]);
                data.extend(number.to_be_bytes());
            }
            Self::Copy { source } => data.extend([3, source]),
            Self::Note { at } => {
                data.push(4);
                data.extend(at.to_be_bytes());
            }
            Self::Card => data.push(5),
            Self::Paper { drawer } => data.extend([6, drawer]),
            Self::Act { at } => {
                data.push(7);
                data.extend(at.to_be_bytes());
            }
            Self::Inbox { at } => {
                data.push(8);
                data.extend(at.to_be_bytes());
            }
        }
        data
    }
}

/// The keys of an open store.
pub(super) struct Keyring {
    lookup: Key,
    data: BTreeMap<u32, Key>,
    random: ChaCha20Rng,
    /// The cipher that was used last, with the number of its data key and its subscriber: their records come together.
    last: RefCell<Option<(u32, Id, Aes256Gcm)>>,
}

impl Keyring {
    /// Keys by chance, for a new store.
    pub fn make() -> Result<Self, StoreError> {
        Ok(Self::with(random()?))
    }

    /// Keys that follow from a seed, for a store that is simulated.
    pub fn seeded(seed: u64) -> Self {
        Self::with(ChaCha20Rng::seed_from_u64(seed))
    }

    fn with(random: ChaCha20Rng) -> Self {
        let mut ring =
            Self { lookup: Key::default(), data: BTreeMap::new(), random, last: RefCell::default() };
        ring.lookup = ring.key();
        ring.add();
        ring
    }

    /// The keys that stand in a store.
    pub fn open(rows: &[KeyRow], key: &StoreKey) -> Result<Self, StoreError> {
        let mut data = BTreeMap::new();
        for row in rows {
            let clear = sealed_key(key).decrypt_payload(&row.sealed, &data_key(row.number));
            let octets = clear.ok_or(StoreError::WrongKey)?;
            let octets = <[u8; KEY]>::try_from(octets.as_slice()).map_err(|_| StoreError::WrongKey)?;
            data.insert(row.number, Key::new(octets));
        }
        let lookup = data.remove(&LOOKUP).ok_or(StoreError::WrongKey)?;
        if data.is_empty() {
            return Err(StoreError::WrongKey);
        }
        Ok(Self { lookup, data, random: random()?, last: RefCell::default() })
    }

    /// The keys as they stand in a store, sealed by a key.
    pub fn rows(&mut self, key: &StoreKey) -> Vec<KeyRow> {
        let all: Vec<(u32, Key)> = std::iter::once((LOOKUP, self.lookup.clone()))
            .chain(self.data.iter().map(|(number, key)| (*number, key.clone())))
            .collect();
        let cipher = sealed_key(key);
        let seal = |(number, octets): (u32, Key)| KeyRow {
            number,
            sealed: cipher.encrypt_payload(&self.nonce(), octets.as_slice(), &data_key(number)),
        };
        all.into_iter().map(seal).collect()
    }

    /// Adds a data key, which seals from now on; its number.
    pub fn add(&mut self) -> u32 {
        let number = self.current() + 1;
        let key = self.key();
        self.data.insert(number, key);
        number
    }

    /// The number of the data key that seals.
    pub fn current(&self) -> u32 {
        self.data.last_key_value().map_or(LOOKUP, |(number, _)| *number)
    }

    /// Whether the data key of this number is here.
    pub fn has(&self, number: u32) -> bool {
        self.data.contains_key(&number)
    }

    /// Where a subscriber is found.
    pub fn subscriber(&self, msisdn: &Msisdn) -> Id {
        self.hash(b"msisdn", msisdn.digits())
    }

    /// Where a card is found.
    pub fn card(&self, iccid: &Iccid) -> Id {
        self.hash(b"iccid", iccid.digits())
    }

    /// Where a document of the console's is found.
    pub fn paper(&self, drawer: Drawer, key: &str) -> Id {
        self.hash(drawer.name().as_bytes(), key)
    }

    /// What gives the audit log of a day, since the epoch, its own key.
    pub fn audit(&self, day: u64) -> Id {
        self.hash(b"audit", &day.to_string())
    }

    /// The data keys before the latest go: nothing is sealed with them any more.
    pub fn retire(&mut self) {
        self.last = RefCell::default();
        let current = self.current();
        self.data.retain(|number, _| *number == current);
    }

    /// A number by chance, not negative.
    pub fn number(&mut self) -> i64 {
        i64::from_be_bytes(self.random.next_u64().to_be_bytes()) & i64::MAX
    }

    /// Seals a record of a subscriber.
    pub fn seal(&mut self, of: &Id, which: Which, clear: &[u8]) -> Vec<u8> {
        let (number, nonce) = (self.current(), self.nonce());
        let seal = |cipher: &Aes256Gcm| cipher.encrypt_payload(&nonce, clear, &which.associated(of));
        let Some(sealed) = self.with_cipher(number, of, seal) else { return Vec::new() };
        [&number.to_be_bytes()[..], &sealed].concat()
    }

    /// Opens a record of a subscriber.
    pub fn unseal(&self, of: &Id, which: Which, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let unreadable = || StoreError::Unreadable { table: which.table(), why: Unreadable::Sealed };
        let (number, sealed) = sealed_by(sealed).zip(sealed.get(NUMBER..)).ok_or_else(unreadable)?;
        let open = |cipher: &Aes256Gcm| cipher.decrypt_payload(sealed, &which.associated(of));
        self.with_cipher(number, of, open).flatten().ok_or_else(unreadable)
    }

    /// Does `work` with the cipher of a subscriber, if there is the data key.
    fn with_cipher<T>(&self, number: u32, of: &Id, work: impl FnOnce(&Aes256Gcm) -> T) -> Option<T> {
        let mut last = self.last.borrow_mut();
        if let Some((_, _, cipher)) = last.as_ref().filter(|(key, id, _)| (*key, id) == (number, of)) {
            return Some(work(cipher));
        }
        let cipher = Aes256Gcm::new(&(*own_key(self.data.get(&number)?, of)).into());
        let (.., cipher) = last.insert((number, *of, cipher));
        Some(work(cipher))
    }

    fn hash(&self, label: &[u8], digits: &str) -> Id {
        let mac = <Cmac<Aes256> as cmac::KeyInit>::new(&(*self.lookup).into());
        mac.chain_update(label).chain_update([0]).chain_update(digits).finalize().into_bytes().into()
    }

    fn key(&mut self) -> Key {
        let mut key = Key::default();
        self.random.fill_bytes(key.as_mut_slice());
        key
    }

    fn nonce(&mut self) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        self.random.fill_bytes(&mut nonce);
        nonce
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("current", &self.current()).finish_non_exhaustive()
    }
}

/// The number of the data key that a record is sealed with.
pub(super) fn sealed_by(sealed: &[u8]) -> Option<u32> {
    sealed.first_chunk().map(|number| u32::from_be_bytes(*number))
}

/// The nonce in front of what it sealed.
trait Cipher {
    fn encrypt_payload(&self, nonce: &[u8; NONCE], clear: &[u8], associated: &[u8]) -> Vec<u8>;
    fn decrypt_payload(&self, sealed: &[u8], associated: &[u8]) -> Option<Zeroizing<Vec<u8>>>;
}

impl Cipher for Aes256Gcm {
    fn encrypt_payload(&self, nonce: &[u8; NONCE], clear: &[u8], associated: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: clear, aad: associated };
        // It fails only from 64 GiB on.
        let sealed = self.encrypt(&(*nonce).into(), payload).unwrap_or_default();
        [&nonce[..], &sealed].concat()
    }

    fn decrypt_payload(&self, sealed: &[u8], associated: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: associated };
        self.decrypt(&(*nonce).into(), payload).ok().map(Zeroizing::new)
    }
}

fn sealed_key(key: &StoreKey) -> Aes256Gcm {
    Aes256Gcm::new(&(*key.octets()).into())
}

fn data_key(number: u32) -> Vec<u8> {
    [&b"oxisim data key"[..], &number.to_be_bytes()].concat()
}

/// The key of one subscriber.
fn own_key(key: &Key, of: &Id) -> Key {
    let mut own = Key::default();
    let bits = (8 * KEY as u32).to_be_bytes();
    let keyed = <Cmac<Aes256> as cmac::KeyInit>::new(&(**key).into());
    for (counter, block) in (1_u32..).zip(own.chunks_mut(16)) {
        let mac = keyed.clone().chain_update(counter.to_be_bytes()).chain_update(b"oxisim record\0");
        let mac = mac.chain_update(of).chain_update(bits).finalize().into_bytes();
        block.copy_from_slice(&mac[..block.len()]);
    }
    own
}

fn random() -> Result<ChaCha20Rng, StoreError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| StoreError::NoChance(error.to_string()))?;
    Ok(ChaCha20Rng::from_seed(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEK: StoreKey = StoreKey::new([7; 32]);
    const ANA: Id = [1; 16];

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let mut ring = Keyring::make().unwrap();
        let which = Which::Block { source: 0, number: 3 };
        let sealed = ring.seal(&ANA, which, b"Xaver");
        assert_eq!(ring.unseal(&ANA, which, &sealed).unwrap().as_slice(), b"Xaver");
        for (of, which) in [
            ([2; 16], which),
            (ANA, Which::Block { source: 1, number: 3 }),
            (ANA, Which::Block { source: 0, number: 4 }),
            (ANA, Which::State),
        ] {
            assert!(ring.unseal(&of, which, &sealed).is_err(), "{which:?}");
        }
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(ring.unseal(&ANA, which, &altered).is_err(), "octet {place}");
            assert!(ring.unseal(&ANA, which, &sealed[..place]).is_err(), "{place} octets");
        }
    }

    #[test]
    fn the_same_is_sealed_another_way_each_time() {
        let mut ring = Keyring::make().unwrap();
        assert_ne!(ring.seal(&ANA, Which::State, b"same"), ring.seal(&ANA, Which::State, b"same"));
    }

    #[test]
    fn keys_open_with_the_key_that_sealed_them() {
        let mut ring = Keyring::make().unwrap();
        ring.add();
        let rows = ring.rows(&KEK);
        let opened = Keyring::open(&rows, &KEK).unwrap();
        assert!(opened.data == ring.data && opened.lookup == ring.lookup);
        assert!(matches!(Keyring::open(&rows, &StoreKey::new([8; 32])), Err(StoreError::WrongKey)));
        let swapped: Vec<KeyRow> =
            rows.iter().map(|row| KeyRow { number: 2 - row.number, ..row.clone() }).collect();
        assert!(matches!(Keyring::open(&swapped, &KEK), Err(StoreError::WrongKey)));
    }

    #[test]
    fn a_number_is_no_iccid() {
        let ring = Keyring::make().unwrap();
        let digits = "890010100000000001";
        assert_ne!(ring.hash(b"msisdn", digits), ring.card(&digits.parse().unwrap()));
    }
}
