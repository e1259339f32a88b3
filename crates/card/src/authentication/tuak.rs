//! TUAK (TS 35.231).

use alloc::vec::Vec;
use core::num::NonZeroU8;

use keccak::Keccak;
use zeroize::{Zeroize, Zeroizing};

use super::{Amf, Functions, Keys, Rand, Sqn};

/// The width of the permutation in octets: 1600 bits.
const WIDTH: usize = 200;

/// What the permutation made.
type Output = Zeroizing<[u8; WIDTH]>;

/// Where the fields lie in the input, each with its last octet first (TS 35.231).
mod place {
    pub(super) const TOP: usize = 0;
    pub(super) const INSTANCE: usize = 32;
    pub(super) const NAME: usize = 33;
    pub(super) const RAND: usize = 40;
    pub(super) const AMF: usize = 56;
    pub(super) const SQN: usize = 58;
    pub(super) const KEY: usize = 64;
    pub(super) const PADDING: usize = 96;
    pub(super) const PADDING_END: usize = 135;
}

/// Where results lie in the output.
mod result {
    pub(super) const FIRST: usize = 0;
    pub(super) const CK: usize = 32;
    pub(super) const IK: usize = 64;
    pub(super) const AK: usize = 96;
}

/// The bits of INSTANCE, besides the length of MAC or RES: which function it is for.
mod instance {
    pub(super) const TOP_C: u8 = 0x00;
    pub(super) const F1: u8 = 0x00;
    pub(super) const F1_STAR: u8 = 0x80;
    pub(super) const F2345: u8 = 0x40;
    pub(super) const F5_STAR: u8 = 0xC0;
    pub(super) const LONG_CK: u8 = 0x04;
    pub(super) const LONG_IK: u8 = 0x02;
    pub(super) const LONG_KEY: u8 = 0x01;
}

/// ALGONAME.
const NAME: &[u8] = b"TUAK1.0";

/// The key K of TUAK, of 128 or 256 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct TuakKey(Zeroizing<Vec<u8>>);

impl TuakKey {
    /// The octets, 16 or 32.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 16]> for TuakKey {
    fn from(key: [u8; 16]) -> Self {
        Self(Zeroizing::new(Zeroizing::new(key).to_vec()))
    }
}

impl From<[u8; 32]> for TuakKey {
    fn from(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(Zeroizing::new(key).to_vec()))
    }
}

/// Length of a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacLength {
    /// 64 bits: the length in UMTS (TS 33.102 §6.3.7).
    Bits64 = 8,
    /// 128 bits.
    Bits128 = 16,
    /// 256 bits.
    Bits256 = 32,
}

/// Length of RES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResLength {
    /// 32 bits.
    Bits32 = 4,
    /// 64 bits.
    Bits64 = 8,
    /// 128 bits.
    Bits128 = 16,
    /// 256 bits: more than RES may have in UMTS (TS 33.102 §6.3.7).
    Bits256 = 32,
}

/// Length of CK or IK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLength {
    /// 128 bits: the length in UMTS (TS 33.102 §6.3.7).
    Bits128 = 16,
    /// 256 bits.
    Bits256 = 32,
}

/// How long the results of TUAK are. The lengths are an input too: a short result is no part of a long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TuakLengths {
    /// MAC of f1 and MAC-S of f1*.
    pub mac: MacLength,
    /// RES of f2.
    pub res: ResLength,
    /// CK of f3.
    pub ck: KeyLength,
    /// IK of f4.
    pub ik: KeyLength,
}

/// The lengths in UMTS, with a RES of 64 bits.
impl Default for TuakLengths {
    fn default() -> Self {
        Self {
            mac: MacLength::Bits64,
            res: ResLength::Bits64,
            ck: KeyLength::Bits128,
            ik: KeyLength::Bits128,
        }
    }
}

/// TUAK with a subscriber's key and an operator's constant.
#[derive(Clone, PartialEq, Eq)]
pub struct Tuak {
    key: TuakKey,
    top_c: Zeroizing<[u8; 32]>,
    lengths: TuakLengths,
    iterations: NonZeroU8,
}

impl Tuak {
    /// With K and `TOPc`, the lengths of UMTS, and one iteration of Keccak.
    #[must_use]
    pub fn new(key: impl Into<TuakKey>, top_c: [u8; 32]) -> Self {
        Self {
            key: key.into(),
            top_c: Zeroizing::new(top_c),
            lengths: TuakLengths::default(),
            iterations: NonZeroU8::MIN,
        }
    }

    /// With K and TOP, from which `TOPc` is derived with as many iterations (TS 35.231).
    #[must_use]
    pub fn from_top(key: impl Into<TuakKey>, top: [u8; 32], iterations: NonZeroU8) -> Self {
        let mut tuak = Self::new(key, top).with_iterations(iterations);
        let out = tuak.permute(instance::TOP_C, &[]);
        tuak.top_c = Zeroizing::new(take(&out, result::FIRST));
        tuak
    }

    /// The same with results of other lengths.
    #[must_use]
    pub const fn with_lengths(mut self, lengths: TuakLengths) -> Self {
        self.lengths = lengths;
        self
    }

    /// The same with more iterations of Keccak, as operators may choose.
    #[must_use]
    pub const fn with_iterations(mut self, iterations: NonZeroU8) -> Self {
        self.iterations = iterations;
        self
    }

    /// K.
    #[must_use]
    pub const fn key(&self) -> &TuakKey {
        &self.key
    }

    /// How long the results are.
    #[must_use]
    pub const fn lengths(&self) -> TuakLengths {
        self.lengths
    }

    /// Iterations of Keccak.
    #[must_use]
    pub const fn iterations(&self) -> NonZeroU8 {
        self.iterations
    }

    /// `TOPc`: a card keeps it in place of TOP.
    #[must_use]
    pub fn top_c(&self) -> [u8; 32] {
        *self.top_c
    }

    fn code(&self, function: u8, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
        let length = self.lengths.mac as u8;
        let sqn = sqn.to_bytes();
        let fields = [(place::RAND, rand.as_slice()), (place::AMF, &amf), (place::SQN, &sqn)];
        piece(&self.permute(function | length, &fields), result::FIRST, length.into())
    }

    /// Keccak-f\[1600\] of the fields, and of what every function has: `TOPc`, the name, the key and the padding.
    fn permute(&self, function: u8, fields: &[(usize, &[u8])]) -> Output {
        let long = if self.key.0.len() == 32 { instance::LONG_KEY } else { 0 };
        let mut octets = Zeroizing::new([0; WIDTH]);
        let fixed = [
            (place::TOP, self.top_c.as_slice()),
            (place::INSTANCE, &[function | long]),
            (place::NAME, NAME),
            (place::KEY, &self.key.0),
            (place::PADDING, &[0x1F]),
            (place::PADDING_END, &[0x80]),
        ];
        for (at, field) in fixed.iter().chain(fields) {
            for (to, from) in octets.iter_mut().skip(*at).zip(field.iter().rev()) {
                *to = *from;
            }
        }
        let mut lanes = [0; WIDTH / 8];
        let (words, _) = octets.as_chunks();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = u64::from_le_bytes(*word);
        }
        Keccak::new().with_f1600(|f1600| (0..self.iterations.get()).for_each(|_| f1600(&mut lanes)));
        let (words, _) = octets.as_chunks_mut();
        for (word, lane) in words.iter_mut().zip(lanes) {
            *word = lane.to_le_bytes();
        }
        lanes.zeroize();
        octets
    }
}

impl Functions for Tuak {
    fn f1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
        self.code(instance::F1, rand, sqn, amf)
    }

    fn f1_star(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
        self.code(instance::F1_STAR, rand, sqn, amf)
    }

    fn f2345(&self, rand: &Rand) -> Keys {
        let TuakLengths { res, ck, ik, .. } = self.lengths;
        let long = |length, bit| if length == KeyLength::Bits256 { bit } else { 0 };
        // The shortest RES has no bit of its own.
        let bits = if res == ResLength::Bits32 { 0 } else { res as u8 };
        let lengths = bits | long(ck, instance::LONG_CK) | long(ik, instance::LONG_IK);
        let out = self.permute(instance::F2345 | lengths, &[(place::RAND, rand)]);
        Keys {
            res: piece(&out, result::FIRST, res as usize),
            ck: piece(&out, result::CK, ck as usize),
            ik: piece(&out, result::IK, ik as usize),
            ak: take(&out, result::AK),
        }
    }

    fn f5_star(&self, rand: &Rand) -> [u8; 6] {
        take(&self.permute(instance::F5_STAR, &[(place::RAND, rand)]), result::AK)
    }
}

/// `length` octets of the output from `at`, in the order of the standard: the last first.
fn piece(out: &[u8; WIDTH], at: usize, length: usize) -> Vec<u8> {
    let mut piece: Vec<u8> = out.iter().skip(at).take(length).copied().collect();
    piece.reverse();
    piece
}

/// As [`piece`], of a length known beforehand.
fn take<const N: usize>(out: &[u8; WIDTH], at: usize) -> [u8; N] {
    let mut piece = [0; N];
    for (to, from) in piece.iter_mut().rev().zip(out.iter().skip(at)) {
        *to = *from;
    }
    piece
}
