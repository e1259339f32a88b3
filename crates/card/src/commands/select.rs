//! SELECT and STATUS (TS 102 221 §11.1.1, §11.1.2).

use alloc::vec::Vec;

use oxisim_apdu::{Command, Response, Status};
use oxisim_wire::{Reader, tlv::write_tlv};

use super::{applets, respond};
use crate::{
    card::Powered,
    channel::{Application, Channel},
    fcp,
    file::{Aid, File, FileId, FileSystem, LifeCycle, fid},
};

/// SELECT.
pub(super) fn select(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    if command.p1 == BY_AID && command.p2 & 0x60 == TERMINATION {
        return terminate(card, command.data);
    }
    let with_fcp = match command.p2 & 0x9C {
        // `00` asks for the FCI in ISO/IEC 7816-4 §7.1.1, of which a UICC has the FCP.
        0x00 | 0x04 => true,
        0x0C => false,
        _ => return Err(Status::INCORRECT_P1_P2),
    };
    let found = match command.p1 {
        BY_AID => match by_aid(card, command)? {
            Some(Application::Files(id)) => id,
            Some(Application::Applet(applet)) => return applets::select(card, applet, command),
            None if command.p2 & OCCURRENCE == 0 => return applets::select_unknown(card, command),
            None => return Err(Status::FILE_NOT_FOUND),
        },
        _ => find(card, command)?,
    };
    if command.p1 != BY_AID && command.p2 & !0x0C != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    card.select(found)?;
    let data = if with_fcp { fcp::template(card.files, card.memory, found) } else { Vec::new() };
    let status = match card.files.effective_life_cycle(card.memory, found) {
        LifeCycle::Deactivated => Status::FILE_INVALIDATED,
        LifeCycle::Terminated => Status::FILE_TERMINATED,
        LifeCycle::Unknown | LifeCycle::Creation | LifeCycle::Initialisation | LifeCycle::Activated => {
            Status::NORMAL
        }
    };
    Ok(Response { data, status })
}

/// STATUS: the FCP template of the current directory, even if an EF is selected (§11.1.2.1), or one with the name of the
/// applet. It tells toolkit applets
/// that the terminal polls (TS 102 241).
pub(super) fn status(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    if command.p1 > 0x02 {
        return Err(Status::INCORRECT_P1_P2);
    }
    let data = match (card.session.channel.applet, command.p2) {
        (_, 0x0C) => Vec::new(),
        (Some(applet), 0x00) => applets::template(card, applet)?,
        (None, 0x00) => fcp::template(card.files, card.memory, card.session.channel.directory),
        (Some(applet), 0x01) => applets::name(card, applet)?,
        (None, 0x01) => application_name(card.files, &card.session.channel)?,
        _ => return Err(Status::INCORRECT_P1_P2),
    };
    let response = respond(command, data)?;
    card.runtime().status_command();
    Ok(response)
}

/// P1 of a SELECT by AID.
pub(super) const BY_AID: u8 = 0x04;
/// P2, bits 2 and 1: first, last, next or previous.
const OCCURRENCE: u8 = 0x03;
/// P2, bits 7 and 6: the application's session ends.
const TERMINATION: u8 = 0x40;

/// The file that SELECT means, but by AID, or a command that selects as it does.
pub(super) fn find(card: &Powered<'_>, command: &Command<'_>) -> Result<FileId, Status> {
    let files = card.files;
    let channel = &card.session.channel;
    let found = match command.p1 {
        // Without an identifier it is the MF (§11.1.1.2).
        0x00 if command.data.is_empty() => Some(FileSystem::MF),
        0x00 => by_fid(files, channel, one_fid(command.data)?),
        0x01 => {
            let child = files.child(channel.directory, one_fid(command.data)?);
            child.filter(|&id| files.directory(id).is_some())
        }
        0x03 if command.data.is_empty() => Some(files.parent(channel.directory)),
        0x08 => by_path(files, channel, FileSystem::MF, command.data)?,
        0x09 => by_path(files, channel, channel.directory, command.data)?,
        0x03 => return Err(Status::WRONG_LENGTH),
        _ => return Err(Status::INCORRECT_P1_P2),
    };
    found.ok_or(Status::FILE_NOT_FOUND)
}

/// The one file identifier of a data field.
fn one_fid(data: &[u8]) -> Result<u16, Status> {
    <[u8; 2]>::try_from(data).map(u16::from_be_bytes).map_err(|_| Status::WRONG_LENGTH)
}

/// What can be selected by its identifier from the current directory (TS 102 221 §8.4.1), in the order of §11.1.1.2:
/// its children, its parent, the directories beside it; and itself.
pub(super) fn by_fid(files: &FileSystem, channel: &Channel, fid: u16) -> Option<FileId> {
    let here = channel.directory;
    match fid {
        fid::MF => Some(FileSystem::MF),
        fid::CURRENT_APPLICATION => channel.application,
        _ => {
            let parent = files.parent(here);
            let is_directory = |&id: &FileId| files.directory(id).is_some();
            // An ADF goes by its name and by 7FFF, unless it says an identifier.
            let has_fid = |&id: &FileId| {
                let is_named = |file: &File| file.identified || !file.is_application();
                files.get(id).is_some_and(|file| file.fid == fid && is_named(file))
            };
            files
                .child(here, fid)
                .or_else(|| Some(parent).filter(has_fid))
                .or_else(|| files.child(parent, fid).filter(is_directory))
                .or_else(|| Some(here).filter(has_fid))
        }
    }
}

/// A path of identifiers, without that of the directory it starts from. From the MF, `7FFF` at the start
/// stands for the current application.
fn by_path(
    files: &FileSystem,
    channel: &Channel,
    from: FileId,
    path: &[u8],
) -> Result<Option<FileId>, Status> {
    if path.is_empty() || !path.len().is_multiple_of(2) {
        return Err(Status::WRONG_LENGTH);
    }
    let mut r = Reader::new(path);
    let mut at = from;
    while let Ok(fid) = r.u16("file identifier") {
        let next = match fid {
            fid::CURRENT_APPLICATION if at == FileSystem::MF => channel.application,
            _ => files.child(at, fid),
        };
        match next {
            Some(id) => at = id,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// An AID, or the start of one; P2 asks for the first, last, next or previous application that fits: ADFs come before
/// applets. The first one is that whose AID it is, if there is one.
fn by_aid(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Option<Application>, Status> {
    if command.p2 & 0x60 != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    let fitting = applications(card, command.data);
    let current = card.session.channel.application();
    let current = current.and_then(|current| fitting.iter().position(|&(other, _)| other == current));
    let is_named = |(_, name): &&(Application, Aid)| name.as_bytes() == command.data;
    let chosen = match (command.p2 & OCCURRENCE, current) {
        (0, _) => fitting.iter().find(is_named).or(fitting.first()),
        (2, None) => fitting.first(),
        (1, _) | (3, None) => fitting.last(),
        (2, Some(i)) => fitting.get(i + 1),
        (_, Some(i)) => i.checked_sub(1).and_then(|i| fitting.get(i)),
        (_, None) => None,
    };
    Ok(chosen.map(|&(application, _)| application))
}

/// The applications whose AID starts with `prefix`, with their AIDs.
fn applications(card: &mut Powered<'_>, prefix: &[u8]) -> Vec<(Application, Aid)> {
    let files = card.files;
    let adfs =
        files.applications(prefix).filter_map(|id| Some((Application::Files(id), files.directory(id)?.aid?)));
    let applets = &card.runtime().applets;
    let applets = applets.selectable(prefix).map(|instance| (Application::Applet(instance.id), instance.aid));
    adfs.chain(applets).collect()
}

/// Ends the session of the current application, which the AID must name; the MF becomes current.
fn terminate(card: &mut Powered<'_>, aid: &[u8]) -> Result<Response, Status> {
    let current = card.session.channel.application().ok_or(Status::FILE_NOT_FOUND)?;
    if applications(card, aid).iter().all(|&(application, _)| application != current) {
        return Err(Status::FILE_NOT_FOUND);
    }
    card.deselect();
    card.session.channel = Channel::after_reset();
    Ok(Status::NORMAL.into())
}

/// The DF name object of the current application (TS 102 221 §11.1.2).
fn application_name(files: &FileSystem, channel: &Channel) -> Result<Vec<u8>, Status> {
    let application =
        channel.application.and_then(|id| files.directory(id)).ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
    let aid = application.aid.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
    let mut out = Vec::with_capacity(18);
    write_tlv(0x84, &mut out, |out| out.extend_from_slice(aid.as_bytes()));
    Ok(out)
}
