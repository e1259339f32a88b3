//! Authentication and key agreement (TS 33.102 §6.3): the algorithms of a USIM and of a SIM, and the sequence
//! numbers.
//!
//! [`Algorithm`] is what a card is personalised with. [`Algorithm::authenticate`] answers the challenge of the
//! UMTS context, [`Algorithm::gsm`] that of the GSM context. Neither keeps anything: [`SequenceNumbers`] go in, and
//! the number that was accepted comes out, for a card to keep in its memory.
//!
//! ```
//! use oxisim_card::authentication::{Algorithm, Failure, Functions, Milenage, SequenceNumbers, SequencePolicy, Sqn, autn};
//!
//! let milenage = Milenage::from_op([0x46; 16], &[0xCD; 16]);
//! let rand = [0x23; 16];
//! let token = autn(&milenage, &rand, Sqn::new(0x21), [0x80, 0x00]);
//!
//! let algorithm = Algorithm::Milenage(milenage);
//! let numbers = SequenceNumbers::new(SequencePolicy::default());
//! let accepted = algorithm.authenticate(&rand, &token, &numbers)?;
//! assert_eq!(accepted.keys.res.len(), 8);
//!
//! // The same token again is not fresh.
//! let numbers = numbers.accept(accepted.sqn).unwrap_or(numbers);
//! let again = algorithm.authenticate(&rand, &token, &numbers);
//! assert!(matches!(again, Err(Failure::Synchronisation { .. })));
//! # Ok::<(), Failure>(())
//! ```

mod comp128;
mod comp128_tables;
mod milenage;
mod sequence;
mod tuak;
mod xor;

use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

pub use comp128::{Comp128, Version};
pub use milenage::Milenage;
pub use sequence::{SequenceNumbers, SequencePolicy, Sqn};
pub use tuak::{KeyLength, MacLength, ResLength, Tuak, TuakKey, TuakLengths};
pub use xor::{GsmXor, Xor};

/// A random challenge, RAND.
pub type Rand = [u8; 16];
/// An authentication management field, AMF.
pub type Amf = [u8; 2];

/// AMF* of MAC-S: a dummy value of all zeros, so that it need not be sent (TS 33.102 §6.3.3).
const AMF_OF_RESYNCHRONISATION: Amf = [0, 0];

/// The functions f1 to f5* of an algorithm set (TS 33.102 §6.3.2, §6.3.3). MACs have 8 octets and CK and IK 16
/// (TS 33.102 §6.3.7), unless TUAK is told to make longer ones.
pub trait Functions {
    /// f1: MAC, the code that authenticates the network.
    fn f1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8>;
    /// f1*: MAC-S, the code of a message of resynchronisation, as long as MAC.
    fn f1_star(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8>;
    /// f2 to f5: the response, the keys and the anonymity key.
    fn f2345(&self, rand: &Rand) -> Keys;
    /// f5*: AK*, the anonymity key of a message of resynchronisation.
    fn f5_star(&self, rand: &Rand) -> [u8; 6];
}

/// What f2 to f5 make of a challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// f2: RES, 4 to 16 octets; TUAK has one of 32 too.
    pub res: Vec<u8>,
    /// f3: CK, the cipher key.
    pub ck: Vec<u8>,
    /// f4: IK, the integrity key.
    pub ik: Vec<u8>,
    /// f5: AK, which conceals the sequence number.
    pub ak: [u8; 6],
}

/// The algorithm of a subscription, with its keys, which are wiped when it is dropped and never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Algorithm {
    /// MILENAGE (TS 35.206).
    Milenage(Milenage),
    /// TUAK (TS 35.231).
    Tuak(Tuak),
    /// The algorithm of test USIMs (TS 34.108 §8.1.2).
    Xor(Xor),
    /// COMP128: GSM only.
    Comp128(Comp128),
    /// The algorithm of test SIMs: GSM only.
    GsmXor(GsmXor),
}

/// The answer to a challenge of the GSM context.
#[derive(Clone, PartialEq, Eq)]
pub struct GsmResponse {
    /// SRES, the signed response.
    pub sres: [u8; 4],
    /// Kc, the cipher key.
    pub kc: [u8; 8],
}

/// A challenge that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The answer: RES, CK and IK.
    pub keys: Keys,
    /// The number of the token; a card keeps it before it answers.
    pub sqn: Sqn,
}

/// Why a challenge of the UMTS context was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The token is not as long as the MAC of the algorithm makes it.
    #[error("the token has a wrong length")]
    Length,
    /// The token is not from the network that shares the key.
    #[error("the MAC of the token is wrong")]
    Mac,
    /// The token is authentic, its sequence number is not fresh.
    #[error("the sequence number of the token is not fresh")]
    Synchronisation {
        /// What tells the network the highest number that was accepted.
        auts: Vec<u8>,
    },
    /// The algorithm has the GSM context only.
    #[error("the algorithm has no UMTS context")]
    ContextNotSupported,
}

impl Algorithm {
    /// Answers a challenge of the UMTS context (TS 33.102 §6.3.3): checks the MAC of the token AUTN, then whether
    /// its sequence number is fresh.
    pub fn authenticate(
        &self,
        rand: &Rand,
        autn: &[u8],
        numbers: &SequenceNumbers,
    ) -> Result<Accepted, Failure> {
        let Set::Umts(functions) = self.set() else { return Err(Failure::ContextNotSupported) };
        let (&[s0, s1, s2, s3, s4, s5, a0, a1], mac) = autn.split_first_chunk().ok_or(Failure::Length)?;
        let keys = functions.f2345(rand);
        let sqn = Sqn::from_bytes([s0, s1, s2, s3, s4, s5]).conceal(keys.ak);
        let expected = functions.f1(rand, sqn, [a0, a1]);
        if mac.len() != expected.len() {
            return Err(Failure::Length);
        }
        if !bool::from(expected.ct_eq(mac)) {
            return Err(Failure::Mac);
        }
        if numbers.accept(sqn).is_none() {
            return Err(Failure::Synchronisation { auts: auts(functions, rand, numbers.highest()) });
        }
        Ok(Accepted { keys, sqn })
    }

    /// Answers a challenge of the GSM context. An algorithm of the UMTS context answers with the conversion
    /// functions c2 and c3 (TS 33.102 §6.8.1.2).
    #[must_use]
    pub fn gsm(&self, rand: &Rand) -> GsmResponse {
        match self.set() {
            Set::Umts(functions) => {
                let keys = functions.f2345(rand);
                GsmResponse { sres: keys.sres(), kc: keys.kc() }
            }
            Set::Gsm(functions) => functions.a3_a8(rand),
        }
    }

    /// Whether it answers challenges of the UMTS context too.
    #[must_use]
    pub fn has_umts(&self) -> bool {
        matches!(self.set(), Set::Umts(_))
    }

    fn set(&self) -> Set<'_> {
        match self {
            Self::Milenage(milenage) => Set::Umts(milenage),
            Self::Tuak(tuak) => Set::Umts(tuak),
            Self::Xor(xor) => Set::Umts(xor),
            Self::Comp128(comp128) => Set::Gsm(comp128),
            Self::GsmXor(xor) => Set::Gsm(xor),
        }
    }
}

/// What an algorithm can do.
enum Set<'a> {
    /// Both contexts.
    Umts(&'a dyn Functions),
    /// The GSM context.
    Gsm(&'a dyn GsmFunctions),
}

/// A3 and A8, the functions of an algorithm of the GSM context.
trait GsmFunctions {
    fn a3_a8(&self, rand: &Rand) -> GsmResponse;
}

/// The token of a challenge, AUTN: SQN ⊕ AK, AMF and MAC (TS 33.102 §6.3.2). The network sends it with RAND.
#[must_use]
pub fn autn(functions: &dyn Functions, rand: &Rand, sqn: Sqn, amf: Amf) -> Vec<u8> {
    let concealed = sqn.conceal(functions.f2345(rand).ak).to_bytes();
    [&concealed[..], &amf, &functions.f1(rand, sqn, amf)].concat()
}

/// The token of resynchronisation to the challenge `rand`, AUTS: `SQN_MS`, the highest number that was accepted,
/// ⊕ AK*, and MAC-S (TS 33.102 §6.3.3).
#[must_use]
pub fn auts(functions: &dyn Functions, rand: &Rand, highest: Sqn) -> Vec<u8> {
    let concealed = highest.conceal(functions.f5_star(rand)).to_bytes();
    [&concealed[..], &functions.f1_star(rand, highest, AMF_OF_RESYNCHRONISATION)].concat()
}

impl Keys {
    /// SRES of the conversion function c2: the words of RES, filled to 16 octets with zeros, added modulo 2
    /// (TS 33.102 §6.8.1.2).
    #[must_use]
    pub fn sres(&self) -> [u8; 4] {
        let mut sres = [0; 4];
        for word in self.res.chunks(4) {
            for (sum, octet) in sres.iter_mut().zip(word) {
                *sum ^= octet;
            }
        }
        sres
    }

    /// Kc of the conversion function c3: the halves of CK and IK added modulo 2 (TS 33.102 §6.8.1.2); of longer
    /// keys the quarters.
    #[must_use]
    pub fn kc(&self) -> [u8; 8] {
        let (ck, _) = self.ck.as_chunks();
        let (ik, _) = self.ik.as_chunks();
        ck.iter().chain(ik).fold(0, |sum, word| sum ^ u64::from_be_bytes(*word)).to_be_bytes()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.res.zeroize();
        self.ck.zeroize();
        self.ik.zeroize();
        self.ak.zeroize();
    }
}

impl Drop for GsmResponse {
    fn drop(&mut self) {
        self.sres.zeroize();
        self.kc.zeroize();
    }
}

/// Prints that there are keys, not what they are.
macro_rules! debug_without_keys {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_keys!(Keys, GsmResponse, Milenage, Tuak, TuakKey, Xor, Comp128, GsmXor);

/// The name of the algorithm, without its keys.
impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Milenage(milenage) => milenage.fmt(f),
            Self::Tuak(tuak) => tuak.fmt(f),
            Self::Xor(xor) => xor.fmt(f),
            Self::Comp128(comp128) => comp128.fmt(f),
            Self::GsmXor(xor) => xor.fmt(f),
        }
    }
}
