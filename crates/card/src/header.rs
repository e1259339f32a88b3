//! Headers of files: what SELECT and STATUS of class `A0` say of a file (TS 51.011 §9.2.1).

use alloc::{vec, vec::Vec};

use oxisim_wire::{Reader, tlv::Tlv};

use crate::{
    access::{Asker, Authority, Operation},
    file::{Elementary, File, FileId, FileSystem, Kind, LifeCycle, Structure},
    memory::Memory,
    pin::{KeyReference, Pin, Requirement, Secret},
};

/// Fewest octets of a directory's header.
pub(crate) const DIRECTORY: usize = 22;
/// Fewest octets of an EF's header.
pub(crate) const ELEMENTARY: usize = 14;

/// Where the type of the file stands, counted from 0.
pub(crate) const TYPE: usize = place::TYPE;

/// Where things are in a header, counted from 0.
mod place {
    pub(super) const SIZE: usize = 2;
    pub(super) const FILE_IDENTIFIER: usize = 4;
    pub(super) const TYPE: usize = 6;
    pub(super) const INCREASE_ALLOWED: usize = 7;
    pub(super) const ACCESS: usize = 8;
    pub(super) const STATUS: usize = 11;
    pub(super) const LENGTH: usize = 12;
    pub(super) const CHARACTERISTICS: usize = 13;
    pub(super) const STRUCTURE: usize = 13;
    pub(super) const CHILDREN: usize = 14;
    pub(super) const RECORD: usize = 14;
    pub(super) const CODES: usize = 16;
    pub(super) const CHV: usize = 18;
}

/// File status: it is not invalidated.
const NOT_INVALIDATED: u8 = 0x01;
/// File status: it can be read and updated while it is invalidated.
const USABLE_INVALIDATED: u8 = 0x04;
/// File characteristics: CHV1 is disabled.
const CHV1_DISABLED: u8 = 0x80;
/// Secret code status: it is initialised.
const INITIALISED: u8 = 0x80;
/// An access condition that is never fulfilled (TS 51.011 §9.3).
const NEVER: u8 = 0xF;

/// Access conditions and the keys that fulfil them (TS 51.011 §9.3): administrative levels are keys in their order.
const CONDITIONS: [(u8, Option<KeyReference>); 13] = [
    (0, None),
    (1, Some(KeyReference::PIN_1)),
    (2, Some(KeyReference::PIN_2)),
    (4, Some(KeyReference(0x0A))),
    (5, Some(KeyReference(0x0B))),
    (6, Some(KeyReference(0x0C))),
    (7, Some(KeyReference(0x0D))),
    (8, Some(KeyReference(0x0E))),
    (9, Some(KeyReference(0x8A))),
    (10, Some(KeyReference(0x8B))),
    (11, Some(KeyReference(0x8C))),
    (12, Some(KeyReference(0x8D))),
    (13, Some(KeyReference(0x8E))),
];

/// The header of a file; empty if the card has no such file.
///
/// It is the one of the file's image, if there is one, with everything in it that the card knows.
#[must_use]
pub(crate) fn header(files: &FileSystem, memory: &Memory, id: FileId) -> Vec<u8> {
    let Some(file) = files.get(id) else { return Vec::new() };
    let mut header = match (&file.header, &file.kind) {
        (Some(header), _) => header.clone(),
        (None, Kind::Directory(_)) => directory(files, memory, id, file),
        (None, Kind::Elementary(_)) => elementary(files, memory, id, file),
    };
    put(&mut header, place::FILE_IDENTIFIER, &file.fid.to_be_bytes());
    match &file.kind {
        Kind::Directory(_) => put_codes(files, memory, id, &mut header),
        Kind::Elementary(ef) => {
            let size = u16::try_from(ef.size).unwrap_or(u16::MAX);
            put(&mut header, place::SIZE, &size.to_be_bytes());
            let is_invalidated = files.life_cycle(memory, id) == LifeCycle::Deactivated;
            set(&mut header, place::STATUS, NOT_INVALIDATED, !is_invalidated);
            put(&mut header, place::STRUCTURE, &[structure(ef)]);
            if let Some(record) = ef.record_length() {
                put(&mut header, place::RECORD, &[record as u8]);
            }
        }
    }
    header
}

/// Whether a file with this header can be read and updated while it is invalidated.
pub(crate) fn is_usable_invalidated(header: &[u8]) -> bool {
    header.get(place::STATUS).is_some_and(|status| status & USABLE_INVALIDATED != 0)
}

/// What is not known of a directory elsewhere: how much memory is left, which no directory has of its own; that its
/// clock may be stopped as the UICC characteristics say; and how many files and codes it has.
fn directory(files: &FileSystem, memory: &Memory, id: FileId, file: &File) -> Vec<u8> {
    const MASTER: u8 = 0x01;
    const DEDICATED: u8 = 0x02;
    let children = |is_meant: fn(&File) -> bool| {
        let count = files.iter().filter(|&(child, file)| {
            file.parent == id && child != FileSystem::MF && !file.is_application() && is_meant(file)
        });
        u8::try_from(count.count()).unwrap_or(u8::MAX)
    };
    let mut header = vec![0; DIRECTORY];
    let free = u16::try_from(memory.free()).unwrap_or(u16::MAX);
    put(&mut header, place::SIZE, &free.to_be_bytes());
    put(&mut header, place::TYPE, &[if id == FileSystem::MF { MASTER } else { DEDICATED }]);
    put(&mut header, place::LENGTH, &[(DIRECTORY - place::LENGTH - 1) as u8]);
    put(&mut header, place::CHARACTERISTICS, &[characteristics(&file.proprietary)]);
    let directories = children(|file| matches!(file.kind, Kind::Directory(_)));
    let elementary = children(|file| matches!(file.kind, Kind::Elementary(_)));
    put(&mut header, place::CHILDREN, &[directories, elementary]);
    let codes = CONDITIONS.iter().filter_map(|&(_, key)| files.pins.find(files, id, key?));
    let codes: u8 = codes.map(|(_, pin)| 1 + u8::from(pin.can_be_unblocked())).sum();
    put(&mut header, place::CODES, &[codes]);
    header
}

/// The file characteristics, without the bit of CHV1: clock stop and technology are coded as in the UICC
/// characteristics (TS 102 221 §11.1.1.4.6.1). Without those the clock may be stopped, at 3 V.
fn characteristics(proprietary: &[u8]) -> u8 {
    const CLOCK_STOP_3V: u8 = 0x11;
    let mut r = Reader::new(proprietary);
    while let Ok(Tlv { tag, mut value }) = Tlv::read(&mut r, "proprietary information") {
        if let (0x80, &[characteristics]) = (tag, value.rest()) {
            return characteristics & !CHV1_DISABLED;
        }
    }
    CLOCK_STOP_3V
}

/// What is not known of an EF elsewhere: whether INCREASE is allowed, and the access conditions.
fn elementary(files: &FileSystem, memory: &Memory, id: FileId, file: &File) -> Vec<u8> {
    const EF: u8 = 0x04;
    const ALLOWED: u8 = 0x40;
    const RFU: u8 = 0xF;
    let condition = |operation| {
        let is_enough =
            |keys| Authority { files, memory, asker: Asker::With(keys) }.permit(id, operation).is_ok();
        CONDITIONS.iter().find(|(_, key)| is_enough(key.as_slice())).map_or(NEVER, |&(level, _)| level)
    };
    let increase = condition(Operation::Increase);
    let is_cyclic =
        matches!(&file.kind, Kind::Elementary(Elementary { structure: Structure::Cyclic { .. }, .. }));
    let mut header = vec![0; ELEMENTARY + 1];
    put(&mut header, place::TYPE, &[EF]);
    put(&mut header, place::INCREASE_ALLOWED, &[if is_cyclic && increase != NEVER { ALLOWED } else { 0 }]);
    put(
        &mut header,
        place::ACCESS,
        &[
            condition(Operation::Read) << 4 | condition(Operation::Update),
            increase << 4 | RFU,
            condition(Operation::Activate) << 4 | condition(Operation::Deactivate),
        ],
    );
    put(&mut header, place::LENGTH, &[(ELEMENTARY + 1 - place::LENGTH - 1) as u8]);
    header
}

const fn structure(ef: &Elementary) -> u8 {
    match ef.structure {
        // GSM has no BER-TLV structure, nor a code for it.
        Structure::Transparent | Structure::BerTlv => 0x00,
        Structure::LinearFixed { .. } => 0x01,
        Structure::Cyclic { .. } => 0x03,
    }
}

/// Puts the state of CHV1 and CHV2 into a directory's header.
fn put_codes(files: &FileSystem, memory: &Memory, id: FileId, header: &mut [u8]) {
    let find = |key| files.pins.find(files, id, key).map(|(_, pin)| pin);
    let status = |pin: Option<&Pin>, secret| {
        let pin = pin.filter(|pin| secret == Secret::Pin || pin.can_be_unblocked());
        pin.map_or(0, |pin| INITIALISED | pin.retries(memory, secret))
    };
    let (chv1, chv2) = (find(KeyReference::PIN_1), find(KeyReference::PIN_2));
    let is_disabled = chv1.is_some_and(|pin| pin.requirement(memory) != Requirement::Enabled);
    set(header, place::CHARACTERISTICS, CHV1_DISABLED, is_disabled);
    let codes = [
        status(chv1, Secret::Pin),
        status(chv1, Secret::Unblock),
        status(chv2, Secret::Pin),
        status(chv2, Secret::Unblock),
    ];
    put(header, place::CHV, &codes);
}

/// Overwrites octets of a header; those that it does not have are left out.
fn put(header: &mut [u8], at: usize, octets: &[u8]) {
    let place = header.get_mut(at..).unwrap_or_default();
    place.iter_mut().zip(octets).for_each(|(octet, new)| *octet = *new);
}

/// Sets or clears bits of an octet of a header.
fn set(header: &mut [u8], at: usize, bits: u8, is_set: bool) {
    if let Some(octet) = header.get_mut(at) {
        *octet = if is_set { *octet | bits } else { *octet & !bits };
    }
}
