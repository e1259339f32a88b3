//! RUN GSM ALGORITHM (TS 51.011 §8.16, §9.2.16).

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, data};
use crate::{
    authentication::Rand,
    card::Powered,
    file::{FileId, FileSystem},
    pin::KeyReference,
};

/// `DF_GSM` and `DF_DCS1800`, in which and below which the algorithm runs.
const DIRECTORIES: [u16; 2] = [0x7F20, 0x7F21];

/// RUN GSM ALGORITHM: SRES and Kc for RAND.
pub(super) fn run_gsm_algorithm(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let rand: Rand = data(command)?;
    let directory = card.session.channel.directory;
    if !runs_in(card.files, directory) {
        return Err(Status::FILE_INCONSISTENT);
    }
    if !card.holds(directory, KeyReference::PIN_1) {
        return Err(Status::ACCESS_NOT_FULFILLED);
    }
    let response = card.gsm_response(&rand).map_err(|_| Status::TECHNICAL_PROBLEM)?;
    Ok(Response::normal([&response.sres[..], &response.kc[..]].concat()))
}

fn runs_in(files: &FileSystem, directory: FileId) -> bool {
    let places = DIRECTORIES.iter().filter_map(|&fid| files.child(FileSystem::MF, fid));
    places.into_iter().any(|place| files.is_within(directory, place))
}
