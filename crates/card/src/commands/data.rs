//! RETRIEVE DATA and SET DATA (TS 102 221 §11.3): the objects of an EF with a BER-TLV structure, in blocks.
//!
//! The contents of such a file are its objects, one after the other, and then an octet `00` unless the last one ends
//! where the file ends. An object that comes in several blocks is written behind them, without its tag and length:
//! with the last block it gets them, and is there. What comes of an object that is never finished is not seen by
//! anybody, and overwritten by the next one.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use oxisim_apdu::{Command, Response, Status};
use oxisim_wire::{
    Reader,
    tlv::{read_length, write_length},
};

use super::target;
use crate::{
    access::Operation,
    applet::FilePart,
    card::Powered,
    file::{Elementary, Structure},
};

/// Where the blocks of an object have got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// To the terminal.
    Retrieve {
        tag: Tag,
        /// Where the latest block began and ended, from the tag on.
        from: usize,
        to: usize,
    },
    /// To the card.
    Set {
        object: Incoming,
        /// Where the latest block began and ended, from the value on; `None` if it was the first, with the tag.
        from: Option<usize>,
        to: usize,
    },
}

/// An object that comes in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    tag: Tag,
    /// Octets of the value.
    length: usize,
    /// Where the object begins in the file.
    start: usize,
}

/// RETRIEVE DATA.
pub(super) fn retrieve(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let (sfi, block) = parameters(command)?;
    let ef = file(card, sfi, Operation::Read)?;
    let (tag, start) = match (block, card.session.channel.transfer) {
        (Block::First, _) => (Tag::only(command.data)?, 0),
        _ if !command.data.is_empty() => return Err(Status::WRONG_LENGTH),
        (Block::Next, Some(Transfer::Retrieve { tag, to, .. })) => (tag, to),
        (Block::Again, Some(Transfer::Retrieve { tag, from, .. })) => (tag, from),
        _ => return Err(Status::CONDITIONS_NOT_SATISFIED),
    };
    let objects = card.memory.read(ef.body);
    let object = if tag == Tag::LIST { list(objects) } else { find(objects, tag)?.to_vec() };
    let rest = object.get(start..).filter(|rest| !rest.is_empty()).ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
    // Without Le the block is one that GET RESPONSE can fetch at once.
    let data = rest.get(..command.ne.unwrap_or(0x100)).unwrap_or(rest).to_vec();
    let to = start + data.len();
    let status = if to < object.len() { Status::MORE_DATA_AVAILABLE } else { Status::NORMAL };
    card.session.channel.transfer = Some(Transfer::Retrieve { tag, from: start, to });
    Ok(Response { data, status })
}

/// SET DATA: a new object, one in the place of another, or a tag alone, whose object is deleted.
///
/// An object that takes more than one block is not there until its last block is, nor is the one that it replaces.
pub(super) fn set(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let (sfi, block) = parameters(command)?;
    if command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    let ef = file(card, sfi, Operation::Update)?;
    let going_on = card.session.channel.transfer;
    if block == Block::First {
        // Other channels begin anew, too: the objects move.
        card.session.channels.end_transfers(card.files, ef.body);
    }
    card.session.channel.transfer = None;
    let transfer = match (block, going_on) {
        (Block::First, _) | (Block::Again, Some(Transfer::Set { from: None, .. })) => {
            first(card, ef, command.data)?
        }
        (Block::Next, Some(Transfer::Set { object, to, .. })) if to < object.length => {
            Some(part(card, ef, object, to, command.data)?)
        }
        (Block::Again, Some(Transfer::Set { object, from: Some(from), .. })) => {
            Some(part(card, ef, object, from, command.data)?)
        }
        _ => return Err(Status::CONDITIONS_NOT_SATISFIED),
    };
    card.session.channel.transfer = transfer;
    if let Some(Transfer::Set { object, to, .. }) = transfer
        && to < object.length
    {
        return Ok(Status::MORE_DATA_EXPECTED.into());
    }
    if let Some(id) = card.session.channel.ef {
        card.updated(id, FilePart::Object);
    }
    Ok(Status::NORMAL.into())
}

/// The first block: a tag, or tag, length and all or a part of the value.
fn first(card: &mut Powered<'_>, ef: &Elementary, data: &[u8]) -> Result<Option<Transfer>, Status> {
    let mut r = Reader::new(data);
    let tag = Tag::read(&mut r).filter(|&tag| tag != Tag::LIST).ok_or(Status::INCORRECT_DATA)?;
    let objects = card.memory.read(ef.body);
    let (place, end) = spans(objects, tag);
    let mut others = objects.get(..end).unwrap_or_default().to_vec();
    others.drain(place.clone());
    if r.is_empty() {
        if place.is_empty() {
            return Err(Status::REFERENCED_DATA_NOT_FOUND);
        }
        write(card, ef, 0, others)?;
        return Ok(None);
    }
    let length = read_length(&mut r, "length").map_err(|_| Status::INCORRECT_DATA)?;
    let value = r.rest();
    let header = tag.header(length);
    // The length is in its shortest coding (§11.3.0), and the value no longer than it says.
    if !data.starts_with(&header) || value.len() > length {
        return Err(Status::INCORRECT_DATA);
    }
    let start = others.len();
    if start + header.len() + length > ef.size {
        return Err(Status::NOT_ENOUGH_MEMORY);
    }
    let is_complete = value.len() == length;
    others.extend(header.iter().map(|octet| if is_complete { *octet } else { 0 }));
    others.extend_from_slice(value);
    write(card, ef, 0, others)?;
    let to = value.len();
    Ok(Some(Transfer::Set { object: Incoming { tag, length, start }, from: None, to }))
}

/// A further block of the value, which goes to `from` of it.
fn part(
    card: &mut Powered<'_>,
    ef: &Elementary,
    object: Incoming,
    from: usize,
    octets: &[u8],
) -> Result<Transfer, Status> {
    let to = from + octets.len();
    if to > object.length {
        return Err(Status::INCORRECT_DATA);
    }
    let header = object.tag.header(object.length);
    let at = object.start + header.len() + from;
    if to == object.length {
        write(card, ef, at, octets.to_vec())?;
        card.memory.write(ef.body, object.start, &header)?;
    } else {
        // The object may have been there: what was its last block comes again, and is shorter.
        card.memory.write(ef.body, object.start, &vec![0; header.len()])?;
        write(card, ef, at, octets.to_vec())?;
    }
    Ok(Transfer::Set { object, from: Some(from), to })
}

/// Writes octets and, unless the file ends with them, the octet after the last object.
fn write(card: &mut Powered<'_>, ef: &Elementary, at: usize, mut octets: Vec<u8>) -> Result<(), Status> {
    if at + octets.len() < ef.size {
        octets.push(0);
    }
    Ok(card.memory.write(ef.body, at, &octets)?)
}

/// Which block of an object a command is about: P2, bits 8 and 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    First,
    Next,
    Again,
}

/// Short file identifier, if P2 has one, and block. Blocks after the first are the current EF's (§11.3.0).
fn parameters(command: &Command<'_>) -> Result<(Option<u8>, Block), Status> {
    let block = match command.p2 >> 5 {
        0b100 => Block::First,
        0b000 => Block::Next,
        0b010 => Block::Again,
        _ => return Err(Status::INCORRECT_P1_P2),
    };
    match (command.p1, command.p2 & 0x1F, block) {
        (0, 0, _) => Ok((None, block)),
        (0, sfi @ 1..=30, Block::First) => Ok((Some(sfi), block)),
        _ => Err(Status::INCORRECT_P1_P2),
    }
}

/// The file that the command means, if it may do what it does.
fn file<'a>(card: &mut Powered<'a>, sfi: Option<u8>, operation: Operation) -> Result<&'a Elementary, Status> {
    let (id, ef) = target(card, sfi)?;
    if ef.structure != Structure::BerTlv {
        return Err(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE);
    }
    card.permit(id, operation)?;
    Ok(ef)
}

/// The tag of an object, one to three octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(u32);

impl Tag {
    /// The list of the tags in a file (ISO/IEC 7816-4).
    const LIST: Self = Self(0x5C);

    /// Reads a tag; `00` is none.
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        const WHAT: &str = "tag";
        let first = r.u8(WHAT).ok().filter(|&first| first != 0)?;
        let mut tag = u32::from(first);
        if first & 0x1F != 0x1F {
            return Some(Self(tag));
        }
        for _ in 0..2 {
            let octet = r.u8(WHAT).ok()?;
            tag = tag << 8 | u32::from(octet);
            if octet & 0x80 == 0 {
                return Some(Self(tag));
            }
        }
        None
    }

    /// A tag and nothing else.
    fn only(data: &[u8]) -> Result<Self, Status> {
        if data.is_empty() {
            return Err(Status::WRONG_LENGTH);
        }
        let mut r = Reader::new(data);
        Self::read(&mut r).filter(|_| r.is_empty()).ok_or(Status::INCORRECT_DATA)
    }

    fn octets(self) -> impl Iterator<Item = u8> {
        self.0.to_be_bytes().into_iter().skip_while(|&octet| octet == 0)
    }

    /// The tag, and a length.
    fn header(self, length: usize) -> Vec<u8> {
        let mut header: Vec<u8> = self.octets().collect();
        write_length(length, &mut header);
        header
    }
}

/// The objects of a file: the tag of each, and where it is.
fn each(objects: &[u8]) -> impl Iterator<Item = (Tag, Range<usize>)> + '_ {
    let mut r = Reader::new(objects);
    core::iter::from_fn(move || {
        let start = r.offset();
        let tag = Tag::read(&mut r)?;
        let length = read_length(&mut r, "length").ok()?;
        r.take(length, "value").ok()?;
        Some((tag, start..r.offset()))
    })
}

/// The object with a tag.
fn find(objects: &[u8], tag: Tag) -> Result<&[u8], Status> {
    let (place, _) = spans(objects, tag);
    objects.get(place).filter(|object| !object.is_empty()).ok_or(Status::REFERENCED_DATA_NOT_FOUND)
}

/// Where the object with a tag is, empty if there is none, and where the last object ends.
fn spans(objects: &[u8], tag: Tag) -> (Range<usize>, usize) {
    each(objects).fold((0..0, 0), |(place, _), (other, span)| {
        let end = span.end;
        (if other == tag { span } else { place }, end)
    })
}

/// The object of all tags.
fn list(objects: &[u8]) -> Vec<u8> {
    let tags: Vec<u8> = each(objects).flat_map(|(tag, _)| tag.octets()).collect();
    let mut list = Tag::LIST.header(tags.len());
    list.extend(tags);
    list
}
