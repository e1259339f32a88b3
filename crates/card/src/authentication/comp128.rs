//! COMP128, the algorithm of many SIMs: A3 and A8 in one.
//!
//! It was never published by its owner; it is known from what was found out about cards. Version 1 gives its key
//! away to who may ask often enough; versions 1 and 2 make a Kc of 54 bits.

use zeroize::Zeroizing;

use super::{
    GsmFunctions, GsmResponse, Rand,
    comp128_tables::{INNER, LEVEL_0, LEVEL_1, LEVEL_2, LEVEL_3, LEVEL_4, OUTER},
};

/// Version 1: the tables of the levels of the compression.
const LEVELS: [&[u8]; 5] = [&LEVEL_0, &LEVEL_1, &LEVEL_2, &LEVEL_3, &LEVEL_4];

/// How often either version compresses.
const ROUNDS: usize = 8;

/// Which COMP128 it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// COMP128, or COMP128-1.
    V1,
    /// COMP128-2: the last 10 bits of Kc are zero.
    V2,
    /// COMP128-3: as version 2 with all 64 bits of Kc.
    V3,
}

/// COMP128 with a subscriber's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Comp128 {
    version: Version,
    ki: Zeroizing<[u8; 16]>,
}

impl Comp128 {
    /// With Ki.
    #[must_use]
    pub fn new(version: Version, ki: [u8; 16]) -> Self {
        Self { version, ki: Zeroizing::new(ki) }
    }

    /// Which version it is.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Ki.
    #[must_use]
    pub fn key(&self) -> [u8; 16] {
        *self.ki
    }

    /// SRES and Kc of a challenge.
    #[must_use]
    pub fn run(&self, rand: &Rand) -> GsmResponse {
        match self.version {
            Version::V1 => first(&self.ki, rand),
            Version::V2 => {
                let mut response = third(&self.ki, rand);
                response.kc = (u64::from_be_bytes(response.kc) & !0x3FF).to_be_bytes();
                response
            }
            Version::V3 => third(&self.ki, rand),
        }
    }
}

impl GsmFunctions for Comp128 {
    fn a3_a8(&self, rand: &Rand) -> GsmResponse {
        self.run(rand)
    }
}

/// Version 1.
fn first(ki: &[u8; 16], rand: &Rand) -> GsmResponse {
    let mut half = Zeroizing::new(*rand);
    let mut bits = Zeroizing::new(0);
    for round in 0..ROUNDS {
        if round > 0 {
            *half = spread(*bits).to_be_bytes();
        }
        *bits = compress(ki, &half);
    }
    // The first 32 bits, and the last 54 with ten zeros.
    GsmResponse { sres: ((*bits >> 96) as u32).to_be_bytes(), kc: ((*bits as u64) << 10).to_be_bytes() }
}

/// Five levels of a butterfly over 32 octets; of each four bits remain.
fn compress(ki: &[u8; 16], half: &[u8; 16]) -> u128 {
    let mut octets = Zeroizing::new([0; 32]);
    for (to, from) in octets.iter_mut().zip(ki.iter().chain(half)) {
        *to = *from;
    }
    for (level, table) in LEVELS.iter().enumerate() {
        let width = 16 >> level;
        let substitute = |sum: usize| table.get(sum % table.len()).copied().unwrap_or_default();
        for block in octets.chunks_exact_mut(2 * width) {
            let (low, high) = block.split_at_mut(width);
            for (a, b) in low.iter_mut().zip(high) {
                let (x, y) = (usize::from(*a), usize::from(*b));
                *a = substitute(x + 2 * y);
                *b = substitute(2 * x + y);
            }
        }
    }
    octets.iter().fold(0, |bits, octet| (bits << 4) | u128::from(octet & 0x0F))
}

/// The permutation between rounds: bit `i` is bit `17 i` of before, modulo 128.
fn spread(bits: u128) -> u128 {
    (0..128).fold(0, |spread, i| (spread << 1) | ((bits >> (127 - 17 * i % 128)) & 1))
}

/// Version 3, which works on octets in reverse.
fn third(ki: &[u8; 16], rand: &Rand) -> GsmResponse {
    let mut half = Zeroizing::new(*rand);
    half.reverse();
    let mut key = Zeroizing::new(*ki);
    key.reverse();
    for (key, rand) in key.iter_mut().zip(half.iter()) {
        *key ^= rand;
    }
    for _ in 0..ROUNDS {
        *half = mix(&half, &key);
    }
    half.reverse();
    let all = u128::from_be_bytes(*half);
    GsmResponse { sres: ((all >> 96) as u32).to_be_bytes(), kc: (all as u64).to_be_bytes() }
}

/// Five levels of mixing two halves, each interleaving in groups twice as wide, and a choice of half of the bits.
fn mix(half: &[u8; 16], key: &[u8; 16]) -> [u8; 16] {
    let mut octets = Zeroizing::new([0; 32]);
    for (to, from) in octets.iter_mut().zip(half.iter().chain(key)) {
        *to = *from;
    }
    for level in 0..5 {
        let group = 1 << level;
        let before = octets.clone();
        let (low, high) = before.split_at(16);
        let (pairs, groups) = (low.chunks(group).zip(high.chunks(group)), octets.chunks_exact_mut(2 * group));
        for (into, (low, high)) in groups.zip(pairs) {
            let (even, odd) = into.split_at_mut(group);
            for (((even, odd), low), high) in even.iter_mut().zip(odd).zip(low).zip(high) {
                *even = substitute(*low, *high);
                *odd = substitute(*high, *even);
            }
        }
    }
    let bit = |i: usize| octets.get(i / 8 % 32).map_or(0, |octet| (octet >> (i % 8)) & 1);
    core::array::from_fn(|i| (0..8).fold(0, |out, j| out | (bit(19 * (8 * i + j + 1)) << j)))
}

fn substitute(plain: u8, inner: u8) -> u8 {
    OUTER[usize::from(INNER[usize::from(inner)] ^ plain)]
}
