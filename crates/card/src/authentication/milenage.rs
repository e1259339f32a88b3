//! MILENAGE (TS 35.206).

use alloc::vec::Vec;

use aes::{
    Aes128,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use zeroize::Zeroizing;

use super::{Amf, Functions, Keys, Rand, Sqn};

/// r1 to r5, how far to rotate, and c1 to c5, what to add (TS 35.206).
const CONSTANTS: [(u32, u128); 5] = [(64, 0), (0, 1), (32, 2), (64, 4), (96, 8)];

/// MILENAGE with a subscriber's key and an operator's constant, and the rotations and constants of TS 35.206.
#[derive(Clone, PartialEq, Eq)]
pub struct Milenage {
    k: Zeroizing<[u8; 16]>,
    op_c: Zeroizing<u128>,
}

impl Milenage {
    /// With K and `OPc`.
    #[must_use]
    pub fn new(k: [u8; 16], op_c: [u8; 16]) -> Self {
        Self { k: Zeroizing::new(k), op_c: Zeroizing::new(u128::from_be_bytes(op_c)) }
    }

    /// With K and OP, from which `OPc` is derived (TS 35.206).
    #[must_use]
    pub fn from_op(k: [u8; 16], op: &[u8; 16]) -> Self {
        let mut milenage = Self::new(k, [0; 16]);
        let op = u128::from_be_bytes(*op);
        milenage.op_c = Zeroizing::new(milenage.encrypt(op) ^ op);
        milenage
    }

    /// K.
    #[must_use]
    pub fn key(&self) -> [u8; 16] {
        *self.k
    }

    /// `OPc`: a card keeps it in place of OP.
    #[must_use]
    pub fn op_c(&self) -> [u8; 16] {
        self.op_c.to_be_bytes()
    }

    fn encrypt(&self, block: u128) -> u128 {
        let mut block = block.to_be_bytes().into();
        Aes128::new((&*self.k).into()).encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    }

    /// TEMP: the challenge, encrypted.
    fn temp(&self, rand: &Rand) -> u128 {
        self.encrypt(u128::from_be_bytes(*rand) ^ *self.op_c)
    }

    /// OUT1: f1 and f1*.
    fn out_1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> [u8; 16] {
        let [(r, c), ..] = CONSTANTS;
        let half = (sqn.number() << 16) | u64::from(u16::from_be_bytes(amf));
        let in_1 = (u128::from(half) << 64) | u128::from(half);
        let mixed = self.temp(rand) ^ (in_1 ^ *self.op_c).rotate_left(r) ^ c;
        (self.encrypt(mixed) ^ *self.op_c).to_be_bytes()
    }

    /// OUT2 to OUT5: f2 with f5, f3, f4 and f5*.
    fn out(&self, rand: &Rand, (r, c): (u32, u128)) -> [u8; 16] {
        let mixed = (self.temp(rand) ^ *self.op_c).rotate_left(r) ^ c;
        (self.encrypt(mixed) ^ *self.op_c).to_be_bytes()
    }
}

impl Functions for Milenage {
    fn f1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
        halves(self.out_1(rand, sqn, amf)).0.into()
    }

    fn f1_star(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
        halves(self.out_1(rand, sqn, amf)).1.into()
    }

    fn f2345(&self, rand: &Rand) -> Keys {
        let [_, two, three, four, _] = CONSTANTS;
        let ([a0, a1, a2, a3, a4, a5, ..], res) = halves(self.out(rand, two));
        Keys {
            res: res.to_vec(),
            ck: self.out(rand, three).into(),
            ik: self.out(rand, four).into(),
            ak: [a0, a1, a2, a3, a4, a5],
        }
    }

    fn f5_star(&self, rand: &Rand) -> [u8; 6] {
        let [.., five] = CONSTANTS;
        let [a0, a1, a2, a3, a4, a5, ..] = self.out(rand, five);
        [a0, a1, a2, a3, a4, a5]
    }
}

fn halves(block: [u8; 16]) -> ([u8; 8], [u8; 8]) {
    let block = u128::from_be_bytes(block);
    (((block >> 64) as u64).to_be_bytes(), (block as u64).to_be_bytes())
}
