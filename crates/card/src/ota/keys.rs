//! Key sets of the issuer security domain, and the counters of their packets (TS 102 225 §5.1, TS 102 226 §8.2.1.5).
//!
//! Both are objects of memory that no command reads: [`KEYS`] has the key sets, and is written anew as a whole;
//! [`COUNTERS`] has the last counter accepted with each key set, and is written before a packet has any effect.
//! [`CIPHERED`] has those of packets without a checksum, whose counters prove nothing.

use alloc::vec::Vec;

use oxisim_sms::packet::{Check, Cipher, Counter, Key};
use oxisim_wire::{Error, ErrorKind, Reader, codes};
use zeroize::Zeroizing;

use crate::memory::{Memory, MemoryError};

/// The name of the object with the key sets; there is none on a card without.
pub(super) const KEYS: &str = "ota/keys";
/// The name of the object with the counters; there is none before the first one is accepted.
pub(super) const COUNTERS: &str = "ota/counters";
/// The name of the object with the counters of packets that are ciphered and have no checksum; there is none before the
/// first one is accepted.
const CIPHERED: &str = "ota/ciphered";
/// Octets of a counter.
const COUNTER: usize = 5;
/// Key sets 1 to 15 are those that `KIc` and `KID` can name; 0 stands for packets without a key.
pub(super) const VERSIONS: core::ops::RangeInclusive<u8> = 1..=0x0F;

codes! {
    /// Key type (GP Card Specification §11.1.8).
    pub struct KeyType(u8) {
        /// DES: one key of 8 octets, or two or three for triple DES.
        DES = 0x80,
        /// AES, with a key of 16, 24 or 32 octets.
        AES = 0x88,
    }
}

/// A key, and the algorithm that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedKey {
    /// The algorithm.
    pub kind: KeyType,
    /// The key.
    pub key: Key,
}

/// A key set: what secures packets, and what encrypts new keys (TS 102 225 §5.1.2, §5.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    /// Its number, 1 to 15, as `KIc` and `KID` say it.
    pub version: u8,
    /// `KIc`: the key that ciphers.
    pub kic: TypedKey,
    /// `KID`: the key of the checksum.
    pub kid: TypedKey,
    /// `KIK`: the key that encrypts new keys; without it none can be put.
    pub kik: Option<TypedKey>,
    /// The last counter that was accepted; zero if none was.
    pub counter: Counter,
}

impl TypedKey {
    /// A key; `None` if the algorithm has none of that length.
    #[must_use]
    pub fn new(kind: KeyType, octets: &[u8]) -> Option<Self> {
        let fits = match kind {
            KeyType::DES => matches!(octets.len(), 8 | 16 | 24),
            KeyType::AES => matches!(octets.len(), 16 | 24 | 32),
            _ => false,
        };
        Key::new(octets).ok().filter(|_| fits).map(|key| Self { kind, key })
    }

    /// The algorithm that ciphers with it.
    #[must_use]
    pub const fn cipher(&self) -> Cipher {
        match (self.kind, self.key.length()) {
            (KeyType::AES, _) => Cipher::AesCbc,
            (_, 8) => Cipher::DesCbc,
            (_, 16) => Cipher::TripleDes2Cbc,
            _ => Cipher::TripleDes3Cbc,
        }
    }

    /// The algorithm of its checksums.
    #[must_use]
    pub const fn check(&self) -> Check {
        match (self.kind, self.key.length()) {
            (KeyType::AES, _) => Check::AesCmac64,
            (_, 8) => Check::DesMac,
            (_, 16) => Check::TripleDes2Mac,
            _ => Check::TripleDes3Mac,
        }
    }

    /// The algorithm that encrypts a new key with this one: triple DES in ECB, or AES in CBC (TS 102 226 §8.2.1.5).
    pub(super) const fn wrapping(&self) -> Cipher {
        match self.cipher() {
            Cipher::DesCbc => Cipher::DesEcb,
            Cipher::TripleDes2Cbc => Cipher::TripleDes2Ecb,
            Cipher::TripleDes3Cbc => Cipher::TripleDes3Ecb,
            other => other,
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let at = r.clone();
        let (kind, length) = (KeyType(r.u8("key type")?), r.u8("length of a key")?);
        let octets = r.take(length.into(), "key")?;
        Self::new(kind, octets).ok_or_else(|| at.error("key type", ErrorKind::Value(kind.0.into())))
    }

    fn write(&self, out: &mut Vec<u8>) {
        let octets = self.key.octets();
        out.extend_from_slice(&[self.kind.0, octets.len() as u8]);
        out.extend_from_slice(octets);
    }
}

impl KeySet {
    /// Whether it can be a card's: it has a number that `KIc` and `KID` can say.
    pub(crate) fn is_valid(&self) -> bool {
        VERSIONS.contains(&self.version)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let at = r.clone();
        let version = r.u8("key version number")?;
        let (kic, kid) = (TypedKey::read(r)?, TypedKey::read(r)?);
        let kik = if r.u8("KIK")? == 0 { None } else { Some(TypedKey::read(r)?) };
        let set = Self { version, kic, kid, kik, counter: Counter::default() };
        if set.is_valid() { Ok(set) } else { Err(at.error("key set", ErrorKind::Value(version.into()))) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.version);
        self.kic.write(out);
        self.kid.write(out);
        out.push(self.kik.is_some().into());
        self.kik.iter().for_each(|kik| kik.write(out));
    }
}

/// The key sets of a card; their counters are not told.
pub(super) fn read(memory: &Memory) -> Result<Vec<KeySet>, Error> {
    let octets = memory.find(KEYS).map(|object| memory.read(object)).unwrap_or_default();
    let mut r = Reader::new(octets);
    let mut sets = Vec::new();
    while !r.is_empty() {
        sets.push(KeySet::read(&mut r)?);
    }
    Ok(sets)
}

/// The key sets of a card with their counters.
pub(crate) fn all(memory: &Memory) -> Vec<KeySet> {
    let mut sets = read(memory).unwrap_or_default();
    for set in &mut sets {
        set.counter = last_counter(memory, CounterOf::Kid(set.version));
    }
    sets
}

/// The key set of that number; number 0, "known implicitly", is the first one.
pub(super) fn find(memory: &Memory, version: u8) -> Option<KeySet> {
    let sets = read(memory).unwrap_or_default();
    sets.into_iter().find(|set| version == 0 || set.version == version)
}

/// Gives a card that is being made its key sets.
pub(crate) fn create(sets: &[KeySet], memory: &mut Memory) {
    if sets.is_empty() {
        return;
    }
    memory.create(KEYS, &octets(sets));
    let mut counters = [0; COUNTER * 16];
    for set in sets {
        if let Some(place) = counters.get_mut(place(set.version)) {
            place.copy_from_slice(&counter_octets(set.counter));
        }
    }
    memory.create(COUNTERS, &counters);
}

/// Whose counter is meant. One that has come without a checksum is kept apart: what deciphers to any number is no reason
/// to refuse a packet that has one.
#[derive(Clone, Copy, Debug)]
pub(super) enum CounterOf {
    /// Of packets with a checksum: of the key set of `KID`.
    Kid(u8),
    /// Of packets that are ciphered only: of the key set of `KIc`.
    Kic(u8),
}

impl CounterOf {
    /// The object that it stands in, and where.
    fn place(self) -> (&'static str, core::ops::Range<usize>) {
        match self {
            Self::Kid(version) => (COUNTERS, place(version)),
            Self::Kic(version) => (CIPHERED, place(version)),
        }
    }
}

/// Puts a key set in the place of the one with the number `old`, or beside the others. It begins with counter zero,
/// unless it has `KID` of the one before: what that has secured is not to work twice. The same goes for `KIc` and packets
/// that are ciphered only. All of that is one write.
pub(super) fn put(memory: &mut Memory, old: Option<u8>, set: KeySet) -> Result<(), MemoryError> {
    let mut sets = read(memory).unwrap_or_default();
    let version = set.version;
    let before = sets.iter().find(|other| Some(other.version) == old);
    let after = |is_same: fn(&KeySet, &KeySet) -> bool, counter: fn(u8) -> CounterOf| {
        let before = before.filter(|before| is_same(before, &set));
        before.map_or_else(Counter::default, |before| last_counter(memory, counter(before.version)))
    };
    let checked = after(|before, set| before.kid == set.kid, CounterOf::Kid);
    let ciphered = after(|before, set| before.kic == set.kic, CounterOf::Kic);
    sets.retain(|other| Some(other.version) != old && other.version != version);
    sets.push(set);
    sets.sort_by_key(|set| set.version);
    memory.begin()?;
    let written = match memory.find(KEYS) {
        Some(object) => memory.replace(object, &octets(&sets)),
        None => memory.allocate(KEYS, &octets(&sets)).map(|_| ()),
    };
    let written = written.and_then(|()| accept(memory, CounterOf::Kid(version), checked));
    let written = written.and_then(|()| match memory.find(CIPHERED) {
        Some(_) => accept(memory, CounterOf::Kic(version), ciphered),
        None => Ok(()),
    });
    match written {
        Ok(()) => memory.commit(),
        Err(error) => {
            memory.abort();
            Err(error)
        }
    }
}

/// The last counter that was accepted with a key set.
pub(super) fn last_counter(memory: &Memory, of: CounterOf) -> Counter {
    let (object, place) = of.place();
    let octets = memory.find(object).map(|object| memory.read(object)).unwrap_or_default();
    let counter = octets.get(place).unwrap_or_default();
    let value = counter.iter().fold(0, |value, &octet| value << 8 | u64::from(octet));
    Counter::new(value).unwrap_or(Counter::MAX)
}

/// Keeps a counter that is accepted: all of it or nothing, whenever power is lost.
pub(super) fn accept(memory: &mut Memory, of: CounterOf, counter: Counter) -> Result<(), MemoryError> {
    let (name, place) = of.place();
    let object = match memory.find(name) {
        Some(object) => object,
        None => memory.allocate(name, &[0; COUNTER * 16])?,
    };
    memory.write(object, place.start, &counter_octets(counter))
}

/// Whether an object is of this module, and makes sense if it is.
pub(crate) fn is_owned(memory: &Memory, object: &str) -> bool {
    let length = memory.find(object).map(|object| memory.read(object).len());
    let is_counters = [COUNTERS, CIPHERED].contains(&object);
    object == KEYS && read(memory).is_ok() || is_counters && length.is_none_or(|it| it == COUNTER * 16)
}

fn place(version: u8) -> core::ops::Range<usize> {
    let start = usize::from(version & 0x0F) * COUNTER;
    start..start + COUNTER
}

fn counter_octets(counter: Counter) -> [u8; COUNTER] {
    let [_, _, _, octets @ ..] = counter.value().to_be_bytes();
    octets
}

fn octets(sets: &[KeySet]) -> Zeroizing<Vec<u8>> {
    // With room for all, so that no copy of it is left when it grows.
    let mut out = Zeroizing::new(Vec::with_capacity(sets.len() * 112));
    for set in sets {
        set.write(&mut out);
    }
    out
}
