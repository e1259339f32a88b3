//! READ RECORD, UPDATE RECORD, SEEK and INCREASE (TS 51.011 §8.5 to §8.8, §9.2.5 to §9.2.8).

use alloc::{vec, vec::Vec};

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, current, data, wanted};
use crate::{
    access::Operation,
    applet::FilePart,
    card::Powered,
    commands::records::Mode,
    file::{Elementary, FileId, Structure},
    view::add,
};

/// READ RECORD.
pub(super) fn read_record(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let mode = mode(command)?;
    let (id, ef, length) = records(card)?;
    card.permit(id, Operation::Read)?;
    if wanted(command) != length {
        return Err(Status::right_length(length));
    }
    let (number, pointer) = mode.resolve(ef, pointer(card, ef))?;
    let record = card.view().read_record(id, number)?.to_vec();
    card.session.channel.record = pointer;
    Ok(Response::normal(record))
}

/// UPDATE RECORD. A cyclic file is written with PREVIOUS only: the oldest record becomes the first.
pub(super) fn update_record(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let mode = mode(command)?;
    let (id, ef, length) = records(card)?;
    card.permit(id, Operation::Update)?;
    if command.data.len() != length {
        return Err(Status::right_length(length));
    }
    let (number, pointer) = match ef.structure {
        Structure::Cyclic { .. } if mode == Mode::Previous => (1, Some(1)),
        Structure::Cyclic { .. } => return Err(Status::FILE_INCONSISTENT),
        Structure::LinearFixed { .. } | Structure::Transparent | Structure::BerTlv => {
            mode.resolve(ef, pointer(card, ef))?
        }
    };
    card.view().update_record(id, number, command.data)?;
    card.updated(id, FilePart::Record(number));
    card.session.channel.record = pointer;
    Ok(Status::NORMAL.into())
}

/// SEEK: makes the record current that starts with the pattern. Type 2 answers with its number.
pub(super) fn seek(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    /// The longest pattern.
    const PATTERN: usize = 16;
    const TYPE_1: u8 = 0;
    const TYPE_2: u8 = 1;
    let kind = command.p2 >> 4;
    if command.p1 != 0 || !matches!(kind, TYPE_1 | TYPE_2) || command.p2 & 0x0F > 3 {
        return Err(Status::WRONG_P1_P2);
    }
    let (id, ef) = current(card)?;
    let Structure::LinearFixed { record: length } = ef.structure else {
        return Err(Status::FILE_INCONSISTENT);
    };
    card.permit(id, Operation::Read)?;
    if command.data.is_empty() || command.data.len() > PATTERN.min(length.into()) {
        return Err(Status::WRONG_LENGTH);
    }
    let (last, pointer) = (ef.record_count(), card.session.channel.record);
    let numbers: Vec<u8> = match command.p2 & 0x0F {
        0 => (1..=last).collect(),
        1 => (1..=last).rev().collect(),
        2 => (pointer.map_or(1, |current| current.saturating_add(1))..=last).collect(),
        _ => (1..=pointer.map_or(last, |current| current.saturating_sub(1))).rev().collect(),
    };
    for number in numbers {
        if card.view().read_record(id, number)?.starts_with(command.data) {
            card.session.channel.record = Some(number);
            return Ok(Response::normal(if kind == TYPE_2 { vec![number] } else { Vec::new() }));
        }
    }
    Err(Status::GSM_NOT_FOUND)
}

/// INCREASE: the value in the latest record and the one of three octets in the data field make that of a new
/// record.
pub(super) fn increase(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let added: [u8; 3] = data(command)?;
    let (id, ef) = current(card)?;
    let Structure::Cyclic { record: length } = ef.structure else {
        return Err(Status::FILE_INCONSISTENT);
    };
    if usize::from(length) < added.len() {
        return Err(Status::FILE_INCONSISTENT);
    }
    card.permit(id, Operation::Increase)?;
    let mut record = card.view().read_record(id, 1)?.to_vec();
    add(&mut record, &added).ok_or(Status::INCREASE_MAXIMUM)?;
    card.view().update_record(id, 1, &record)?;
    card.updated(id, FilePart::Record(1));
    card.session.channel.record = Some(1);
    Ok(Response::normal([&record[..], &added].concat()))
}

/// How P1 and P2 name the record. With NEXT and PREVIOUS P1 means nothing (TS 51.011 §9.2.5).
const fn mode(command: &Command<'_>) -> Result<Mode, Status> {
    Ok(match (command.p2, command.p1) {
        (2, _) => Mode::Next,
        (3, _) => Mode::Previous,
        (4, 0) => Mode::Current,
        (4, number) => Mode::Absolute(number),
        _ => return Err(Status::WRONG_P1_P2),
    })
}

/// The current EF and the length of its records.
fn records<'a>(card: &Powered<'a>) -> Result<(FileId, &'a Elementary, usize), Status> {
    let (id, ef) = current(card)?;
    Ok((id, ef, ef.record_length().ok_or(Status::FILE_INCONSISTENT)?))
}

/// The record pointer: selection puts it on the latest record of a cyclic file (TS 51.011 §6.4.3, §8.1).
fn pointer(card: &Powered<'_>, ef: &Elementary) -> Option<u8> {
    let is_cyclic = matches!(ef.structure, Structure::Cyclic { .. });
    card.session.channel.record.or(is_cyclic.then_some(1))
}
