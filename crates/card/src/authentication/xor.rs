//! The algorithms of test cards: addition modulo 2.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{Amf, Functions, GsmFunctions, GsmResponse, Keys, Rand, Sqn};

/// The algorithm of test USIMs (TS 34.108 §8.1.2) with its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Xor {
    key: Zeroizing<u128>,
    res: usize,
}

impl Xor {
    /// With K, and a RES of 16 octets.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        Self { key: Zeroizing::new(u128::from_be_bytes(key)), res: 16 }
    }

    /// The same with a RES of `octets`, 4 to 16; less is taken as 4, more as 16.
    #[must_use]
    pub fn res(mut self, octets: usize) -> Self {
        self.res = octets.clamp(4, 16);
        self
    }

    /// K.
    #[must_use]
    pub fn key(&self) -> [u8; 16] {
        self.key.to_be_bytes()
    }

    /// Octets of RES.
    #[must_use]
    pub const fn res_octets(&self) -> usize {
        self.res
    }

    /// XDOUT: the challenge and the key added.
    fn xdout(&self, rand: &Rand) -> u128 {
        u128::from_be_bytes(*rand) ^ *self.key
    }
}

/// The functions of resynchronisation are those of authentication.
impl Functions for Xor {
    fn f1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
        let cdout = (sqn.number() << 16) | u64::from(u16::from_be_bytes(amf));
        ((self.xdout(rand) >> 64) as u64 ^ cdout).to_be_bytes().into()
    }

    fn f1_star(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
        self.f1(rand, sqn, amf)
    }

    fn f2345(&self, rand: &Rand) -> Keys {
        let xdout = self.xdout(rand);
        Keys {
            res: xdout.to_be_bytes().into_iter().take(self.res).collect(),
            ck: xdout.rotate_left(8).to_be_bytes().into(),
            ik: xdout.rotate_left(16).to_be_bytes().into(),
            ak: self.f5_star(rand),
        }
    }

    fn f5_star(&self, rand: &Rand) -> [u8; 6] {
        let [_, _, _, a0, a1, a2, a3, a4, a5, ..] = self.xdout(rand).to_be_bytes();
        [a0, a1, a2, a3, a4, a5]
    }
}

/// The algorithm of test SIMs (TS 51.010-1 §A4.1.2) with its key: SRES and Kc are the first twelve octets of the sum
/// of challenge and key.
#[derive(Clone, PartialEq, Eq)]
pub struct GsmXor {
    ki: Zeroizing<u128>,
}

impl GsmXor {
    /// With Ki.
    #[must_use]
    pub fn new(ki: [u8; 16]) -> Self {
        Self { ki: Zeroizing::new(u128::from_be_bytes(ki)) }
    }

    /// Ki.
    #[must_use]
    pub fn key(&self) -> [u8; 16] {
        self.ki.to_be_bytes()
    }
}

impl GsmFunctions for GsmXor {
    fn a3_a8(&self, rand: &Rand) -> GsmResponse {
        let sum = u128::from_be_bytes(*rand) ^ *self.ki;
        GsmResponse { sres: ((sum >> 96) as u32).to_be_bytes(), kc: ((sum >> 32) as u64).to_be_bytes() }
    }
}
