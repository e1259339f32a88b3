//! The algorithm of test USIMs: addition modulo 2 (TS 34.108 §8.1.2).

use zeroize::Zeroizing;

use super::{Amf, Functions, Keys, Rand, Sqn};

/// The algorithm of test USIMs with its key.
#[derive(Clone)]
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

    /// XDOUT: the challenge and the key added.
    fn xdout(&self, rand: &Rand) -> u128 {
        u128::from_be_bytes(*rand) ^ *self.key
    }
}

/// The functions of resynchronisation are those of authentication.
impl Functions for Xor {
    fn f1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> [u8; 8] {
        let cdout = (sqn.number() << 16) | u64::from(u16::from_be_bytes(amf));
        ((self.xdout(rand) >> 64) as u64 ^ cdout).to_be_bytes()
    }

    fn f1_star(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> [u8; 8] {
        self.f1(rand, sqn, amf)
    }

    fn f2345(&self, rand: &Rand) -> Keys {
        let xdout = self.xdout(rand);
        Keys {
            res: xdout.to_be_bytes().into_iter().take(self.res).collect(),
            ck: xdout.rotate_left(8).to_be_bytes(),
            ik: xdout.rotate_left(16).to_be_bytes(),
            ak: self.f5_star(rand),
        }
    }

    fn f5_star(&self, rand: &Rand) -> [u8; 6] {
        let [_, _, _, a0, a1, a2, a3, a4, a5, ..] = self.xdout(rand).to_be_bytes();
        [a0, a1, a2, a3, a4, a5]
    }
}
