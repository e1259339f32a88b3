//! RUN GSM ALGORITHM (TS 51.011 §8.16, §9.2.16).

use core::num::NonZeroU8;

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, data};
use crate::{
    authentication::{Algorithm, Comp128, Milenage, Rand, Tuak, TuakKey, Version, Xor},
    card::Powered,
    file::FileId,
    image::{self, Operator},
    pin::KeyReference,
};

/// `DF_GSM` and `DF_DCS1800`, in which and below which the algorithm runs.
const DIRECTORIES: [u16; 2] = [0x7F20, 0x7F21];

/// RUN GSM ALGORITHM: SRES and Kc for RAND.
pub(super) fn run_gsm_algorithm(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let rand: Rand = data(command)?;
    let directory = card.session.channel.directory;
    let gsm = enclosing(card, directory).ok_or(Status::FILE_INCONSISTENT)?;
    if !card.holds(directory, KeyReference::PIN_1) {
        return Err(Status::ACCESS_NOT_FULFILLED);
    }
    let response = algorithm(card, gsm).ok_or(Status::TECHNICAL_PROBLEM)?.gsm(&rand);
    Ok(Response::normal([&response.sres[..], &response.kc[..]].concat()))
}

/// `DF_GSM`, if a directory is it or is below it.
fn enclosing(card: &Powered<'_>, mut directory: FileId) -> Option<FileId> {
    loop {
        let parent = card.files.parent(directory);
        match card.files.get(directory) {
            Some(file) if DIRECTORIES.contains(&file.fid) => return Some(directory),
            Some(_) if parent != directory => directory = parent,
            _ => return None,
        }
    }
}

/// The key of a directory, or the card's first one.
fn algorithm(card: &Powered<'_>, directory: FileId) -> Option<Algorithm> {
    let is_of = |path: &[u16]| card.files.at_image_path(path) == Some(directory);
    let keys = card.authentication;
    let key = keys.iter().find(|key| is_of(&key.directory)).or_else(|| keys.first())?;
    convert(&key.algorithm)
}

/// The algorithm that an image describes.
fn convert(algorithm: &image::Algorithm) -> Option<Algorithm> {
    let comp128 = |version, ki: &[u8; 16]| Algorithm::Comp128(Comp128::new(version, *ki));
    Some(match algorithm {
        image::Algorithm::Milenage { k, operator } => Algorithm::Milenage(match operator {
            Operator::Common(op) => Milenage::from_op(*k, op),
            Operator::Subscriber(op_c) => Milenage::new(*k, *op_c),
        }),
        image::Algorithm::Tuak { k, operator, iterations } => {
            let key: TuakKey = match (<[u8; 16]>::try_from(&**k), <[u8; 32]>::try_from(&**k)) {
                (Ok(k), _) => k.into(),
                (_, Ok(k)) => k.into(),
                _ => return None,
            };
            let iterations = NonZeroU8::new(*iterations)?;
            Algorithm::Tuak(match operator {
                Operator::Common(top) => Tuak::from_top(key, *top, iterations),
                Operator::Subscriber(top_c) => Tuak::new(key, *top_c).iterations(iterations),
            })
        }
        image::Algorithm::Comp128v1 { ki } => comp128(Version::V1, ki),
        image::Algorithm::Comp128v2 { ki } => comp128(Version::V2, ki),
        image::Algorithm::Comp128v3 { ki } => comp128(Version::V3, ki),
        image::Algorithm::Xor { k } => Algorithm::Xor(Xor::new(*k)),
    })
}
