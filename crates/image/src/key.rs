//! A subscriber's key in a card's file: algorithm, key and sequence numbers, both ways.

use std::num::NonZeroU8;

use oxisim_card::authentication::{
    Algorithm, Comp128, GsmXor, KeyLength, MacLength, Milenage, ResLength, SequenceNumbers, SequencePolicy,
    Sqn, Tuak, TuakKey, TuakLengths, Version, Xor,
};
use toml::Spanned;

use crate::words::count;
use crate::{
    build::{exactly, hexadecimal},
    document::{AlgorithmName, AuthenticationForm},
    locate::At,
};

const MAC: &[(u16, MacLength)] =
    &[(64, MacLength::Bits64), (128, MacLength::Bits128), (256, MacLength::Bits256)];
const RES: &[(u16, ResLength)] =
    &[(32, ResLength::Bits32), (64, ResLength::Bits64), (128, ResLength::Bits128), (256, ResLength::Bits256)];
const KEY: &[(u16, KeyLength)] = &[(128, KeyLength::Bits128), (256, KeyLength::Bits256)];

/// The algorithm of a form, with its key.
pub fn algorithm(form: &AuthenticationForm) -> Result<Algorithm, At> {
    refuse_others(form)?;
    let key = || exactly::<16>(&form.k);
    let comp128 = |version| Ok(Algorithm::Comp128(Comp128::new(version, key()?)));
    match form.algorithm.get_ref() {
        AlgorithmName::Milenage => {
            let k = key()?;
            Ok(Algorithm::Milenage(match operator(form)? {
                Operator::Common(op) => Milenage::from_op(k, &op),
                Operator::Subscriber(op_c) => Milenage::new(k, op_c),
            }))
        }
        AlgorithmName::Tuak => tuak(form).map(Algorithm::Tuak),
        AlgorithmName::Xor => {
            let xor = Xor::new(key()?);
            Ok(Algorithm::Xor(match &form.res_bits {
                None => xor,
                Some(bits) => xor.res(octets_of_res(bits)?),
            }))
        }
        AlgorithmName::Comp128v1 => comp128(Version::V1),
        AlgorithmName::Comp128v2 => comp128(Version::V2),
        AlgorithmName::Comp128v3 => comp128(Version::V3),
        AlgorithmName::GsmXor => Ok(Algorithm::GsmXor(GsmXor::new(key()?))),
    }
}

/// The sequence numbers of a form.
pub fn numbers(form: &AuthenticationForm) -> Result<SequenceNumbers, At> {
    let mut policy = SequencePolicy::default();
    if let Some(bits) = &form.ind_bits {
        let most = SequencePolicy::MOST_INDEX_BITS;
        if *bits.get_ref() > most {
            return Err(At::new(bits, format!("{} bits: 0 to {most} can be", bits.get_ref())));
        }
        policy = policy.index_bits(*bits.get_ref());
    }
    if let Some(delta) = &form.delta {
        policy = policy.delta(*delta.get_ref());
    }
    if let Some(limit) = &form.age_limit {
        policy = policy.age_limit(*limit.get_ref());
    }
    let accepted: Vec<Sqn> = form
        .sqn
        .iter()
        .flat_map(Spanned::get_ref)
        .map(|sqn| exactly(sqn).map(Sqn::from_bytes))
        .collect::<Result<_, _>>()?;
    Ok(SequenceNumbers::having(policy, accepted))
}

/// The lines that say an algorithm, its key and its sequence numbers.
pub fn lines(algorithm: &Algorithm, numbers: &SequenceNumbers) -> Vec<String> {
    let upper = |octets: &[u8]| hex::encode_upper(octets);
    let mut lines = Vec::new();
    let mut named = |name: &str, k: &[u8]| {
        lines.push(format!("algorithm = \"{name}\""));
        lines.push(format!("k = \"{}\"", upper(k)));
    };
    match algorithm {
        Algorithm::Milenage(milenage) => {
            named("milenage", &milenage.key());
            lines.push(format!("opc = \"{}\"", upper(&milenage.op_c())));
        }
        Algorithm::Tuak(tuak) => {
            named("tuak", tuak.key().as_bytes());
            lines.push(format!("opc = \"{}\"", upper(&tuak.top_c())));
            lines.push(format!("iterations = {}", tuak.iterations()));
            let TuakLengths { mac, res, ck, ik } = tuak.lengths();
            let octets = [("mac", mac as u16), ("res", res as u16), ("ck", ck as u16), ("ik", ik as u16)];
            lines.extend(octets.map(|(name, octets)| format!("{name}_bits = {}", octets * 8)));
        }
        Algorithm::Xor(xor) => {
            named("xor", &xor.key());
            lines.push(format!("res_bits = {}", xor.res_octets() * 8));
        }
        Algorithm::Comp128(comp128) => {
            let name = match comp128.version() {
                Version::V1 => "comp128-1",
                Version::V2 => "comp128-2",
                Version::V3 => "comp128-3",
            };
            named(name, &comp128.key());
        }
        Algorithm::GsmXor(xor) => named("xor-2g", &xor.key()),
    }
    if algorithm.has_umts() {
        let (ind_bits, delta, age_limit) = numbers.policy().parameters();
        lines.push(format!("ind_bits = {ind_bits}  # the last bits of a sequence number, IND"));
        lines.push(format!("delta = {delta}  # how far the bits before, SEQ, may jump"));
        lines.extend(age_limit.map(|limit| format!("age_limit = {limit}  # how far SEQ may lie behind")));
        let accepted: Vec<String> =
            numbers.accepted().map(|sqn| format!("\"{}\"", upper(&sqn.to_bytes()))).collect();
        lines.push(format!("sqn = [{}]  # the numbers accepted last, one for each IND", accepted.join(", ")));
    }
    lines
}

/// Refuses what the algorithm of a form does not have.
fn refuse_others(form: &AuthenticationForm) -> Result<(), At> {
    use AlgorithmName::{Milenage, Tuak, Xor};
    fn refuse<T>(given: Option<&Spanned<T>>) -> Result<(), At> {
        given.map_or(Ok(()), |place| Err(At::new(place, "this algorithm has none")))
    }
    let name = *form.algorithm.get_ref();
    if !matches!(name, Milenage | Tuak) {
        refuse(form.op.as_ref())?;
        refuse(form.opc.as_ref())?;
    }
    if name != Tuak {
        refuse(form.iterations.as_ref())?;
        [&form.mac_bits, &form.ck_bits, &form.ik_bits]
            .into_iter()
            .try_for_each(|bits| refuse(bits.as_ref()))?;
    }
    if !matches!(name, Tuak | Xor) {
        refuse(form.res_bits.as_ref())?;
    }
    if !matches!(name, Milenage | Tuak | Xor) {
        refuse(form.ind_bits.as_ref())?;
        [&form.delta, &form.age_limit].into_iter().try_for_each(|number| refuse(number.as_ref()))?;
        refuse(form.sqn.as_ref())?;
    }
    Ok(())
}

fn tuak(form: &AuthenticationForm) -> Result<Tuak, At> {
    let octets = hexadecimal(&form.k)?;
    let wrong = || At::new(&form.k, format!("{}; a key of TUAK has 16 or 32", count(octets.len(), "octet")));
    let key: TuakKey = match octets.len() {
        16 => exactly::<16>(&form.k)?.into(),
        32 => exactly::<32>(&form.k)?.into(),
        _ => return Err(wrong()),
    };
    let iterations = match &form.iterations {
        Some(given) => NonZeroU8::new(*given.get_ref()).ok_or_else(|| At::new(given, "at least 1"))?,
        None => NonZeroU8::MIN,
    };
    let lengths = TuakLengths::default();
    let lengths = TuakLengths {
        mac: length(form.mac_bits.as_ref(), MAC)?.unwrap_or(lengths.mac),
        res: length(form.res_bits.as_ref(), RES)?.unwrap_or(lengths.res),
        ck: length(form.ck_bits.as_ref(), KEY)?.unwrap_or(lengths.ck),
        ik: length(form.ik_bits.as_ref(), KEY)?.unwrap_or(lengths.ik),
    };
    let tuak = match operator(form)? {
        Operator::Common(top) => Tuak::from_top(key, top, iterations),
        Operator::Subscriber(top_c) => Tuak::new(key, top_c).with_iterations(iterations),
    };
    Ok(tuak.with_lengths(lengths))
}

/// An operator's field.
enum Operator<const N: usize> {
    /// The operator's own: OP, TOP.
    Common([u8; N]),
    /// Made from it and the subscriber's key: `OPc`, `TOPc`.
    Subscriber([u8; N]),
}

fn operator<const N: usize>(form: &AuthenticationForm) -> Result<Operator<N>, At> {
    match (&form.op, &form.opc) {
        (Some(op), None) => Ok(Operator::Common(exactly(op)?)),
        (None, Some(opc)) => Ok(Operator::Subscriber(exactly(opc)?)),
        (None, None) => Err(At::new(&form.algorithm, "op or opc must be given")),
        (Some(_), Some(opc)) => Err(At::new(opc, "op is given already")),
    }
}

/// One of the lengths that TUAK has.
fn length<T: Copy>(bits: Option<&Spanned<u16>>, lengths: &[(u16, T)]) -> Result<Option<T>, At> {
    let Some(bits) = bits else { return Ok(None) };
    let found = lengths.iter().find(|(length, _)| length == bits.get_ref());
    let all: Vec<String> = lengths.iter().map(|(length, _)| length.to_string()).collect();
    let wrong = || At::new(bits, format!("{} bits: it has {}", bits.get_ref(), all.join(", ")));
    found.map(|(_, length)| Some(*length)).ok_or_else(wrong)
}

/// Octets of a RES of the test algorithm.
fn octets_of_res(bits: &Spanned<u16>) -> Result<usize, At> {
    let number = *bits.get_ref();
    if (32..=128).contains(&number) && number.is_multiple_of(8) {
        Ok(usize::from(number / 8))
    } else {
        Err(At::new(bits, format!("{number} bits: a multiple of 8 from 32 to 128")))
    }
}
