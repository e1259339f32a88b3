//! File control parameters: what SELECT and STATUS say of a file (TS 102 221 §11.1.1.3).

use alloc::{vec, vec::Vec};

use oxisim_apdu::fcp::{Fcp, FileDescriptor, FileStructure, ShortIdentifier};
use oxisim_wire::{Error, ErrorKind, Reader, tlv::write_tlv};

use crate::{
    access::SecurityAttributes,
    file::{Aid, Directory, Elementary, File, FileId, FileSystem, Kind, LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind},
    memory::Memory,
    pin::{KeyReference, Requirement},
};

/// The FCP template of a file; empty if the card has no such file.
#[must_use]
pub(crate) fn template(files: &FileSystem, memory: &Memory, id: FileId) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    if let Some(file) = files.get(id) {
        write_tlv(Fcp::TEMPLATE, &mut out, |out| {
            write_tlv(0x82, out, |out| write_descriptor(file, out));
            if file.identified {
                write_tlv(0x83, out, |out| out.extend_from_slice(&file.fid.to_be_bytes()));
            }
            if let Kind::Directory(Directory { aid: Some(aid), .. }) = &file.kind {
                write_tlv(0x84, out, |out| out.extend_from_slice(aid.as_bytes()));
            }
            match &file.kind {
                Kind::Elementary(Elementary { structure: Structure::BerTlv, size, .. })
                    if file.proprietary.is_empty() =>
                {
                    write_tlv(0xA5, out, |out| write_object_sizes(*size, out));
                }
                _ if file.proprietary.is_empty() => {}
                _ => write_tlv(0xA5, out, |out| out.extend_from_slice(&file.proprietary)),
            }
            write_tlv(0x8A, out, |out| out.push(files.life_cycle(memory, id).code()));
            file.security.write(out);
            match &file.kind {
                Kind::Elementary(ef) => {
                    write_tlv(0x80, out, |out| write_size(ef.size, out));
                    write_sfi(ef.sfi, out);
                }
                Kind::Directory(directory) => write_pin_status(files, memory, id, directory, out),
            }
        });
    }
    out
}

impl FileImage {
    /// The file of which a card says `fcp`, an FCP template, when it is selected at `path` (see [`path`](Self::path)).
    ///
    /// A card made from it says the same again, as long as the objects are those of TS 102 221 §11.1.1.3 without
    /// the total file size, and in that order. Security attributes that are missing are an error.
    pub fn from_fcp(path: Vec<u16>, fcp: &[u8], contents: Contents) -> Result<Self, Error> {
        let parameters = Parameters::read(fcp)?;
        Ok(Self {
            path,
            kind: match parameters.structure {
                None => FileKind::Directory { aid: parameters.aid, pin_status: parameters.pin_status },
                Some(structure) => FileKind::Elementary {
                    structure,
                    size: parameters.size.unwrap_or(0),
                    sfi: parameters.sfi,
                    contents,
                },
            },
            security: parameters.security,
            life_cycle: parameters.life_cycle.unwrap_or(LifeCycle::Unknown),
            shareable: parameters.shareable,
            identified: parameters.fid.is_some(),
            proprietary: parameters.proprietary,
            header: None,
        })
    }
}

/// What an FCP template says of a file.
pub(crate) struct Parameters {
    /// File identifier, `83`.
    pub fid: Option<u16>,
    /// `None`: a directory.
    pub structure: Option<Structure>,
    pub shareable: bool,
    /// Number of records, if the file descriptor has one.
    pub records: Option<u8>,
    /// File size, `80`.
    pub size: Option<usize>,
    /// Total file size, `81`.
    pub total_size: Option<usize>,
    pub sfi: Sfi,
    /// DF name, `84`.
    pub aid: Option<Aid>,
    pub life_cycle: Option<LifeCycle>,
    pub security: SecurityAttributes,
    /// Proprietary information, `A5`.
    pub proprietary: Vec<u8>,
    /// Keys of the PIN status template, `C6`.
    pub pin_status: Vec<KeyReference>,
}

impl Parameters {
    /// Reads an FCP template, whose objects may come in any order. What it must have are a file descriptor and
    /// security attributes.
    pub fn read(octets: &[u8]) -> Result<Self, Error> {
        let fcp = Fcp::decode(octets)?;
        let descriptor = fcp.descriptor()?.ok_or_else(|| fcp.missing("file descriptor"))?;
        let life_cycle = fcp.life_cycle()?.map(|(code, at)| {
            let error = Error::new("life cycle status", at, ErrorKind::Value(code.into()));
            LifeCycle::from_code(code).ok_or(error)
        });
        let security = fcp
            .objects()
            .filter_map(|mut object| SecurityAttributes::from_object(object.tag, object.value.rest()))
            .last();
        Ok(Self {
            fid: fcp.file_identifier()?,
            structure: structure(&fcp, descriptor)?,
            shareable: descriptor.is_shareable(),
            records: descriptor.records,
            size: fcp.size()?,
            total_size: fcp.total_size()?,
            sfi: match fcp.short_identifier()? {
                None => Sfi::OfIdentifier,
                Some(ShortIdentifier::None) => Sfi::None,
                Some(ShortIdentifier::Is(sfi)) => Sfi::Is(sfi),
            },
            aid: fcp.df_name().map(dedicated_file_name).transpose()?,
            life_cycle: life_cycle.transpose()?,
            security: security.ok_or_else(|| fcp.missing("security attributes"))?,
            proprietary: fcp.proprietary().unwrap_or_default().to_vec(),
            pin_status: fcp.pins()?.into_iter().map(|pin| KeyReference(pin.key)).collect(),
        })
    }
}

fn dedicated_file_name(mut value: Reader<'_>) -> Result<Aid, Error> {
    let error = value.error("DF name", ErrorKind::TooLong { length: value.left(), limit: 16 });
    Aid::new(value.rest()).ok_or(error)
}

/// How a file that this card can have is organised; `None` for a directory.
fn structure(fcp: &Fcp<'_>, descriptor: FileDescriptor) -> Result<Option<Structure>, Error> {
    let at =
        fcp.objects().filter(|object| object.tag == 0x82).last().map_or(0, |object| object.value.offset());
    let reserved = Error::new("file descriptor byte", at, ErrorKind::Value(descriptor.byte.into()));
    let record = || {
        let length = descriptor.record.unwrap_or_default();
        let error = Error::new("record length", at + 2, ErrorKind::Value(length.into()));
        u8::try_from(length).ok().filter(|&length| length > 0).ok_or(error)
    };
    Ok(match descriptor.structure().filter(|_| !descriptor.is_internal()).ok_or(reserved)? {
        FileStructure::Directory => None,
        FileStructure::Transparent => Some(Structure::Transparent),
        FileStructure::LinearFixed => Some(Structure::LinearFixed { record: record()? }),
        FileStructure::Cyclic => Some(Structure::Cyclic { record: record()? }),
        FileStructure::BerTlv => Some(Structure::BerTlv),
    })
}

/// File descriptor byte of a directory.
const DIRECTORY: u8 = 0x38;
/// Data coding byte (TS 102 221 §11.1.1.4.3).
const DATA_CODING: u8 = 0x21;

/// The file descriptor (TS 102 221 §11.1.1.4.3).
fn write_descriptor(file: &File, out: &mut Vec<u8>) {
    let byte = match &file.kind {
        Kind::Directory(_) => DIRECTORY,
        Kind::Elementary(ef) => match ef.structure {
            Structure::Transparent => 0x01,
            Structure::LinearFixed { .. } => 0x02,
            Structure::Cyclic { .. } => 0x06,
            Structure::BerTlv => 0x39,
        },
    };
    out.extend_from_slice(&[byte | if file.shareable { FileDescriptor::SHAREABLE } else { 0 }, DATA_CODING]);
    if let Kind::Elementary(ef) = &file.kind {
        write_records(ef, out);
    }
}

fn write_records(ef: &Elementary, out: &mut Vec<u8>) {
    if let Some(record) = ef.record_length() {
        out.extend_from_slice(&[0x00, record as u8, ef.record_count()]);
    }
}

/// A size in two octets, or in three if it takes them.
fn write_size(size: usize, out: &mut Vec<u8>) {
    let octets = (size as u32).to_be_bytes();
    let skip = if size > 0xFFFF { 1 } else { 2 };
    out.extend(octets.iter().skip(skip));
}

/// What the FCP template of a file with a BER-TLV structure has to say: file details, reserved and maximum file
/// size (TS 102 221 §11.1.1.4.6). The file's room is its own, and it does not grow.
fn write_object_sizes(size: usize, out: &mut Vec<u8>) {
    const DER: u8 = 0x01;
    write_tlv(0x84, out, |out| out.push(DER));
    write_tlv(0x85, out, |out| write_size(size, out));
    write_tlv(0x86, out, |out| write_size(size, out));
}

/// The short file identifier (TS 102 221 §11.1.1.4.8).
fn write_sfi(sfi: Sfi, out: &mut Vec<u8>) {
    match sfi {
        Sfi::OfIdentifier => {}
        Sfi::None => write_tlv(0x88, out, |_| {}),
        Sfi::Is(sfi) => write_tlv(0x88, out, |out| out.push(sfi << 3)),
    }
}

/// The PIN status template (TS 102 221 §9.5.2): a bit for each key that says whether it is enabled, then the keys;
/// before the universal PIN, whether it is used.
fn write_pin_status(
    files: &FileSystem,
    memory: &Memory,
    id: FileId,
    directory: &Directory,
    out: &mut Vec<u8>,
) {
    let requirement =
        |key: &KeyReference| files.pins.find(files, id, *key).map(|(_, pin)| pin.requirement(memory));
    let keys = &directory.pin_status;
    if keys.is_empty() {
        return;
    }
    let mut bits = vec![0_u8; keys.len().div_ceil(8)];
    for (place, key) in keys.iter().enumerate() {
        if let Some(octet) = bits.get_mut(place / 8)
            && requirement(key) == Some(Requirement::Enabled)
        {
            *octet |= 0x80 >> (place % 8);
        }
    }
    let is_replaced = keys.iter().any(|key| requirement(key) == Some(Requirement::Replaced));
    write_tlv(0xC6, out, |out| {
        write_tlv(0x90, out, |out| out.extend_from_slice(&bits));
        for key in keys {
            if *key == KeyReference::UNIVERSAL {
                write_tlv(0x95, out, |out| out.push(if is_replaced { 0x08 } else { 0x00 }));
            }
            write_tlv(0x83, out, |out| out.push(key.0));
        }
    });
}
