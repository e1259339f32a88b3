//! CREATE FILE, DELETE FILE, RESIZE FILE and the TERMINATE commands (TS 102 222 §6.3, §6.4, §6.7 to §6.10).

use alloc::{string::String, vec::Vec};

use oxisim_apdu::{
    Command, Instruction, Response, Status,
    fcp::{Fcp, number},
};
use oxisim_wire::{Reader, tlv::Tlv};

use crate::{
    access::Operation,
    card::Powered,
    channel::Channel,
    fcp::Parameters,
    file::{Directory, Elementary, File, FileId, FileSystem, Kind, LifeCycle, Sfi, Structure, fid},
    image,
    memory::{Handle, Memory},
};

/// The most octets of an EF, and of all files below a directory, that a command asks for.
const LARGEST: usize = 0xFF_FFFF;

/// CREATE FILE in the current directory; the new file is selected.
pub(super) fn create_file(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let parameters = Parameters::read(command.data).map_err(|_| Status::INCORRECT_DATA)?;
    let parent = card.session.channel.directory;
    let operation = match parameters.structure {
        None => Operation::CreateDirectory,
        Some(_) => Operation::CreateElementary,
    };
    card.permit(parent, operation)?;
    check_operational(card, parent)?;
    let fid = check_name(card.files, parent, &parameters)?;
    let life_cycle = match parameters.life_cycle {
        Some(LifeCycle::Terminated | LifeCycle::Unknown) | None => return Err(Status::INCORRECT_DATA),
        Some(life_cycle) => life_cycle,
    };
    let (contents, proprietary) = contents(&parameters)?;
    if contents.len().saturating_add(usize::from(parameters.structure.is_none())) > card.memory.free()
        || parameters.total_size.is_some_and(|total| total > card.memory.free())
    {
        return Err(Status::NOT_ENOUGH_MEMORY);
    }
    let mut files = card.files.clone();
    let id = free_place(&files, card.made_with).ok_or(Status::NOT_ENOUGH_MEMORY)?;
    let path = path(&files, parent, fid);
    let made_with = card.made_with;
    atomically(card.memory, |memory| {
        let kind = match parameters.structure {
            None => Kind::Directory(Directory { aid: parameters.aid, pin_status: parameters.pin_status }),
            Some(structure) => Kind::Elementary(Elementary {
                structure,
                sfi: parameters.sfi,
                body: memory.allocate(unused_name(memory, &path), &contents)?,
                size: contents.len(),
            }),
        };
        let file = File {
            fid,
            parent,
            kind,
            security: parameters.security,
            shareable: parameters.shareable,
            identified: true,
            proprietary,
            header: None,
        };
        files.put(id, Some(file));
        files.begin_life(memory, id, life_cycle)?;
        Ok(files.keep(made_with, memory)?)
    })?;
    card.session.channel.select(&files, id)?;
    card.changed = Some(files);
    Ok(Status::NORMAL.into())
}

/// DELETE FILE: a file of the current directory, or the current one, and everything below it.
pub(super) fn delete_file(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let id = named(card, command.data)?;
    if id == FileSystem::MF {
        return Err(Status::CONDITIONS_NOT_SATISFIED);
    }
    card.permit(id, Operation::Delete)?;
    check_not_selected_elsewhere(card, id)?;
    let parent = card.files.parent(id);
    let mut files = card.files.clone();
    let gone: Vec<FileId> =
        files.iter().map(|(id, _)| id).filter(|&file| files.is_within(file, id)).collect();
    let made_with = card.made_with;
    atomically(card.memory, |memory| {
        for &file in &gone {
            let body = files.elementary(file).map(|ef| ef.body);
            files.put(file, None);
            if let Some(body) = body.filter(|&body| !has_body(&files, body)) {
                memory.release(body)?;
            }
        }
        Ok(files.keep(made_with, memory)?)
    })?;
    let channel = &mut card.session.channel;
    if gone.contains(&channel.directory) || channel.ef.is_some_and(|ef| gone.contains(&ef)) {
        let application = channel.application.filter(|id| !gone.contains(id));
        channel.select(&files, parent)?;
        channel.application = application;
    }
    card.changed = Some(files);
    Ok(Status::NORMAL.into())
}

/// RESIZE FILE: a file of the current directory, or the current one. It keeps its first octets; what it gets more is
/// as in a new file. Of a BER-TLV structure P1 says whether it may lose its objects.
pub(super) fn resize_file(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    const OBJECTS_MAY_GO: u8 = 0x01;
    if command.p1 > OBJECTS_MAY_GO || command.p2 != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    if command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    let asked = Sizes::read(command.data).ok_or(Status::INCORRECT_DATA)?;
    let id = named(card, &asked.fid.to_be_bytes())?;
    card.permit(id, Operation::Resize)?;
    check_operational(card, id)?;
    let Some(ef) = card.files.elementary(id) else {
        return resize_directory(card, id, asked.total.ok_or(Status::INCORRECT_DATA)?);
    };
    let size = match ef.structure {
        Structure::BerTlv => asked.maximum.or(asked.size),
        Structure::Transparent | Structure::LinearFixed { .. } | Structure::Cyclic { .. } => asked.size,
    };
    let size = size.ok_or(Status::INCORRECT_DATA)?;
    check_size(ef.structure, size)?;
    let erase = ef.structure == Structure::BerTlv && size < objects_length(card.memory.read(ef.body));
    if erase && command.p1 != OBJECTS_MAY_GO {
        return Err(Status::NOT_ENOUGH_MEMORY);
    }
    let (body, structure, made_with) = (ef.body, ef.structure, card.made_with);
    let mut files = card.files.clone();
    let alike: Vec<FileId> =
        files.iter().filter(|(_, file)| file.body() == Some(body)).map(|(id, _)| id).collect();
    atomically(card.memory, |memory| {
        if erase {
            memory.resize(body, 0, 0)?;
        }
        memory.resize(body, size, structure.erased())?;
        for &file in &alike {
            files.set_size(file, size).ok_or(Status::FILE_NOT_FOUND)?;
        }
        Ok(files.keep(made_with, memory)?)
    })?;
    card.session.channels.forget_positions(card.files, body);
    card.session.channel.forget_position(card.files, body);
    card.changed = Some(files);
    Ok(Status::NORMAL.into())
}

/// No directory has memory of its own: it can get larger while there is memory, and smaller down to what is in it.
fn resize_directory(card: &Powered<'_>, directory: FileId, total: usize) -> Result<Response, Status> {
    let inside = card.files.iter().filter(|&(id, _)| card.files.is_within(id, directory));
    let used: usize = inside.filter_map(|(id, _)| card.files.elementary(id)).map(|ef| ef.size).sum();
    if total < used || total - used > card.memory.free() {
        return Err(Status::NOT_ENOUGH_MEMORY);
    }
    Ok(Status::NORMAL.into())
}

/// TERMINATE DF: the current directory, or one in it; for ever.
pub(super) fn terminate_df(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_p1_p2(command)?;
    let directory = card.session.channel.directory;
    let id = if command.data.is_empty() { directory } else { named(card, command.data)? };
    card.files.directory(id).ok_or(Status::FILE_NOT_FOUND)?;
    if id == FileSystem::MF {
        return Err(Status::CONDITIONS_NOT_SATISFIED);
    }
    terminate(card, id)
}

/// TERMINATE EF: the current EF, or one of the current directory; for ever.
pub(super) fn terminate_ef(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_p1_p2(command)?;
    let id = match card.session.channel.ef {
        Some(ef) if command.data.is_empty() => ef,
        None if command.data.is_empty() => return Err(Status::NO_EF_SELECTED),
        _ => named(card, command.data)?,
    };
    card.files.elementary(id).ok_or(Status::FILE_NOT_FOUND)?;
    terminate(card, id)
}

/// TERMINATE CARD USAGE: the MF; from then on the card tells what it is, and does nothing else.
pub(super) fn terminate_card_usage(
    card: &mut Powered<'_>,
    command: &Command<'_>,
) -> Result<Response, Status> {
    check_p1_p2(command)?;
    if !command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    terminate(card, FileSystem::MF)
}

/// Of a card whose usage is terminated, refuses everything but what shows that it is (TS 102 222 §6.9).
pub(super) fn check_usage(card: &Powered<'_>, instruction: Instruction) -> Result<(), Status> {
    const SHOW: [Instruction; 3] = [Instruction::SELECT, Instruction::STATUS, Instruction::GET_RESPONSE];
    let state = card.files.life_cycle(card.memory, FileSystem::MF);
    if state == LifeCycle::Terminated && !SHOW.contains(&instruction) {
        return Err(Status::CONDITIONS_NOT_SATISFIED);
    }
    Ok(())
}

fn terminate(card: &mut Powered<'_>, id: FileId) -> Result<Response, Status> {
    card.permit(id, Operation::Terminate)?;
    card.files.set_life_cycle(card.memory, id, LifeCycle::Terminated)?;
    Ok(Status::NORMAL.into())
}

const fn check_p1_p2(command: &Command<'_>) -> Result<(), Status> {
    if command.p1 == 0 && command.p2 == 0 { Ok(()) } else { Err(Status::INCORRECT_P1_P2) }
}

fn check_parameters(command: &Command<'_>) -> Result<(), Status> {
    check_p1_p2(command)?;
    if command.data.is_empty() { Err(Status::WRONG_LENGTH) } else { Ok(()) }
}

/// A terminated file stays as it is.
fn check_operational(card: &Powered<'_>, id: FileId) -> Result<(), Status> {
    match card.files.effective_life_cycle(card.memory, id) {
        LifeCycle::Terminated => Err(Status::CONDITIONS_NOT_SATISFIED),
        _ => Ok(()),
    }
}

/// The file of a file identifier: in the current directory, or the current one itself.
fn named(card: &Powered<'_>, fid: &[u8]) -> Result<FileId, Status> {
    let fid = <[u8; 2]>::try_from(fid).map(u16::from_be_bytes).map_err(|_| Status::WRONG_LENGTH)?;
    let here = card.session.channel.directory;
    let itself = card.files.get(here).filter(|file| file.fid == fid).map(|_| here);
    let mut children = card.files.children(here);
    let child = children.find(|(_, file)| file.fid == fid).map(|(id, _)| id);
    child.or(itself).ok_or(Status::FILE_NOT_FOUND)
}

/// Checks the name of a new file, and its short one (TS 102 221 §8.3, §8.5).
fn check_name(files: &FileSystem, parent: FileId, parameters: &Parameters) -> Result<u16, Status> {
    const RESERVED: [u16; 3] = [0x0000, 0x3FFF, 0xFFFF];
    let fid = parameters.fid.ok_or(Status::INCORRECT_DATA)?;
    let is_directory = parameters.structure.is_none();
    let names_application = fid == fid::CURRENT_APPLICATION && parameters.aid.is_none();
    if RESERVED.contains(&fid) || names_application || (parameters.aid.is_some() && !is_directory) {
        return Err(Status::INCORRECT_DATA);
    }
    let is_above = |directory: FileId| files.get(directory).is_some_and(|file| file.fid == fid);
    let mut above = parent;
    while above != FileSystem::MF && !is_above(above) {
        above = files.parent(above);
    }
    if is_above(above) || files.children(parent).any(|(_, file)| file.fid == fid) {
        return Err(Status::FILE_EXISTS);
    }
    if let Some(aid) = parameters.aid
        && files.applications(&[]).any(|id| files.directory(id).is_some_and(|df| df.aid == Some(aid)))
    {
        return Err(Status::DF_NAME_EXISTS);
    }
    let taken = match parameters.sfi {
        Sfi::Is(0 | 31..) => return Err(Status::INCORRECT_DATA),
        Sfi::Is(sfi) if !is_directory => files.by_sfi(parent, sfi).is_some(),
        Sfi::Is(_) | Sfi::None | Sfi::OfIdentifier => false,
    };
    if taken { Err(Status::INCORRECT_DATA) } else { Ok(fid) }
}

/// What a new file holds, and its proprietary information without what only says that (TS 102 222 §6.3.2.2.2).
fn contents(parameters: &Parameters) -> Result<(Vec<u8>, Vec<u8>), Status> {
    const FILLING_PATTERN: u8 = 0xC1;
    const REPEAT_PATTERN: u8 = 0xC2;
    let mut proprietary = Vec::new();
    let mut pattern = None;
    let mut r = Reader::new(&parameters.proprietary);
    while !r.is_empty() {
        let object = r.clone();
        let mut tlv = Tlv::read(&mut r, "proprietary information").map_err(|_| Status::INCORRECT_DATA)?;
        let length = object.left() - r.left();
        match tlv.tag {
            FILLING_PATTERN | REPEAT_PATTERN => pattern = Some((tlv.tag, tlv.value.rest())),
            _ => proprietary.extend_from_slice(object.clone().rest().get(..length).unwrap_or_default()),
        }
    }
    let Some(structure) = parameters.structure else { return Ok((Vec::new(), proprietary)) };
    let size = parameters.size.ok_or(Status::INCORRECT_DATA)?;
    check_size(structure, size)?;
    if let (Some(record), Some(records)) = (structure.record(), parameters.records)
        && records != 0
        && record * usize::from(records) != size
    {
        return Err(Status::INCORRECT_DATA);
    }
    let mut octets = Vec::with_capacity(size.min(0x1_0000));
    match pattern {
        Some((REPEAT_PATTERN, pattern)) => octets.extend(pattern.iter().cycle().take(size)),
        Some((_, pattern)) => octets.extend(pattern.iter().take(size)),
        None => {}
    }
    let fill = octets.last().copied().unwrap_or(structure.erased());
    octets.resize(size, fill);
    Ok((octets, proprietary))
}

fn check_size(structure: Structure, size: usize) -> Result<(), Status> {
    let fits = match structure.record() {
        Some(record) => record > 0 && size.is_multiple_of(record) && (1..=0xFF).contains(&(size / record)),
        None => size <= LARGEST,
    };
    if fits { Ok(()) } else { Err(Status::INCORRECT_DATA) }
}

/// What RESIZE FILE asks for.
struct Sizes {
    fid: u16,
    /// File size.
    size: Option<usize>,
    /// Total file size of a directory.
    total: Option<usize>,
    /// Maximum file size of a BER-TLV structure.
    maximum: Option<usize>,
}

impl Sizes {
    fn read(data: &[u8]) -> Option<Self> {
        const MAXIMUM_FILE_SIZE: u8 = 0x86;
        let fcp = Fcp::decode(data).ok()?;
        let mut proprietary = Reader::new(fcp.proprietary().unwrap_or_default());
        let mut maximum = None;
        while let Ok(Tlv { tag, mut value }) = Tlv::read(&mut proprietary, "proprietary information") {
            if tag == MAXIMUM_FILE_SIZE {
                maximum = Some(number(&mut value, "maximum file size").ok()?);
            }
        }
        let (size, total) = (fcp.size().ok()?, fcp.total_size().ok()?);
        Some(Self { fid: fcp.file_identifier().ok()??, size, total, maximum })
    }
}

/// Octets of the objects of a BER-TLV structure, after which stands no tag.
fn objects_length(body: &[u8]) -> usize {
    body.iter().rposition(|&octet| octet != Structure::BerTlv.erased()).map_or(0, |last| last + 1)
}

/// A place for a new file: one that no file has that the card was made with.
fn free_place(files: &FileSystem, made_with: &FileSystem) -> Option<FileId> {
    let places = made_with.places()..=files.places();
    let mut ids = places.map_while(|place| u16::try_from(place).ok()).map(FileId);
    ids.find(|&id| files.get(id).is_none())
}

/// The path of a file that is to stand in `parent`.
fn path(files: &FileSystem, mut parent: FileId, fid: u16) -> Vec<u16> {
    let mut path = Vec::from([fid]);
    loop {
        path.extend(files.get(parent).map(|file| file.fid));
        if parent == FileSystem::MF {
            break;
        }
        parent = files.parent(parent);
    }
    path.reverse();
    path
}

/// A name for the contents of a file: its path, and something more if other contents have that name still.
fn unused_name(memory: &Memory, path: &[u16]) -> String {
    let mut name = image::name(path);
    while memory.find(&name).is_some() {
        name.push('\'');
    }
    name
}

fn has_body(files: &FileSystem, body: Handle) -> bool {
    files.iter().any(|(_, file)| file.body() == Some(body))
}

/// A file that another logical channel has selected, or that one stands below, stays.
fn check_not_selected_elsewhere(card: &Powered<'_>, id: FileId) -> Result<(), Status> {
    let is_there = |channel: &Channel| {
        let application = channel.application.unwrap_or(FileSystem::MF);
        card.files.is_within(channel.ef.unwrap_or(channel.directory), id)
            || card.files.is_within(application, id)
    };
    if card.session.channels.others(card.session.number).any(is_there) {
        return Err(Status::CONDITIONS_NOT_SATISFIED);
    }
    Ok(())
}

/// Changes memory all or not at all.
fn atomically(
    memory: &mut Memory,
    change: impl FnOnce(&mut Memory) -> Result<(), Status>,
) -> Result<(), Status> {
    memory.begin()?;
    match change(memory) {
        Ok(()) => Ok(memory.commit()?),
        Err(status) => {
            memory.abort();
            Err(status)
        }
    }
}
