//! The messages as octets.

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader, Wire};

use super::{
    Abandonment, BackupId, Blocks, EVERY_VERSION, Extent, FromServer, MAX_RANGES, MessageType, Pause,
    Refusal, Resumes, Source, Start, StartResult, ToServer, Unspoken, VERSION,
};
use crate::{
    BlockSet, Digest,
    configuration::Field,
    security::{CHECK_VALUE_OCTETS, Rekey, RekeyResult},
    settings::Way,
};

const FLAG_PHONE: u8 = 0x01;
const FLAG_SERVER_RESUMES: u8 = 0x02;
const FLAG_DELAY: u8 = 0x04;
const FLAG_SEVERAL: u8 = 0x08;
const FLAG_DIGEST: u8 = 0x10;

/// Stands for the uploader's own choice of the way.
const OWN_CHOICE: Way = Way(0xFF);

/// Stands for no field of a configuration.
const NO_FIELD: Field = Field(0x00);

impl ToServer {
    /// The message as octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Blocks(message) => {
                let several = message.blocks.len() != 1;
                out.push(head(MessageType::BLOCKS));
                let mut flags = source_flag(message.backup.source);
                for (flag, set) in [
                    (FLAG_SERVER_RESUMES, message.resumes == Resumes::SERVER),
                    (FLAG_DELAY, message.delay.is_some()),
                    (FLAG_SEVERAL, several),
                    (FLAG_DIGEST, message.digest.is_some()),
                ] {
                    flags |= if set { flag } else { 0 };
                }
                out.push(flags);
                message.backup.generation.write(&mut out);
                out.push(message.base_distance);
                write_number(message.total, &mut out);
                write_number(message.first, &mut out);
                out.extend(message.delay.map(|delay| delay.0));
                if let Some(digest) = message.digest {
                    digest.write(&mut out);
                }
                for block in &message.blocks {
                    if several {
                        out.push(block.len() as u8);
                    }
                    out.extend_from_slice(block);
                }
            }
            Self::Query { backup, base_distance, total, digest } => {
                write_backup(MessageType::QUERY, *backup, &mut out);
                out.push(*base_distance);
                write_number(*total, &mut out);
                digest.write(&mut out);
            }
            Self::Restored { generation, missing, digest } => {
                out.push(head(MessageType::RESTORED));
                generation.write(&mut out);
                digest.write(&mut out);
                write_set(missing, &mut out);
            }
            Self::Configured { source, number, refused } => {
                write_numbered(MessageType::CONFIGURED, *source, *number, &mut out);
                refused.unwrap_or(NO_FIELD).write(&mut out);
            }
            Self::Started { source, number, result, generation } => {
                write_numbered(MessageType::STARTED, *source, *number, &mut out);
                result.write(&mut out);
                generation.write(&mut out);
            }
            Self::Abandoned { backup, reason } => {
                write_backup(MessageType::ABANDONED, *backup, &mut out);
                reason.write(&mut out);
            }
            Self::Rekeyed { result, version, check_values } => {
                out.push(head(MessageType::REKEYED));
                result.write(&mut out);
                out.push(*version);
                out.extend(check_values.as_flattened());
            }
            Self::Unspoken(unspoken) => write_unspoken(MessageType::UPLOADER_UNSPOKEN, *unspoken, &mut out),
        }
        out
    }

    /// Reads a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if let Some(unspoken) = read_unspoken(MessageType::UPLOADER_UNSPOKEN, bytes)? {
            return Ok(Self::Unspoken(unspoken));
        }
        let mut r = Reader::new(bytes);
        let message = match read_head(&mut r)? {
            MessageType::BLOCKS => Self::Blocks(read_blocks(&mut r)?),
            MessageType::QUERY => {
                let backup = read_backup(&mut r)?;
                let base_distance = r.u8("base distance")?;
                let at = r.clone();
                let total = read_number(&mut r)?;
                if total == 0 {
                    return Err(at.error("number of blocks", ErrorKind::Value(0)));
                }
                Self::Query { backup, base_distance, total, digest: Digest::read(&mut r)? }
            }
            MessageType::RESTORED => Self::Restored {
                generation: r.u16("generation")?,
                digest: Digest::read(&mut r)?,
                missing: read_set(&mut r)?,
            },
            MessageType::CONFIGURED => {
                let (source, number) = read_numbered(&mut r)?;
                let refused = Some(Field::read(&mut r)?).filter(|field| *field != NO_FIELD);
                Self::Configured { source, number, refused }
            }
            MessageType::STARTED => {
                let (source, number) = read_numbered(&mut r)?;
                let result = StartResult::read(&mut r)?;
                Self::Started { source, number, result, generation: r.u16("generation")? }
            }
            MessageType::ABANDONED => {
                Self::Abandoned { backup: read_backup(&mut r)?, reason: Abandonment::read(&mut r)? }
            }
            MessageType::REKEYED => {
                let result = RekeyResult::read(&mut r)?;
                let version = r.u8("version of the keys")?;
                let mut value = || r.array::<CHECK_VALUE_OCTETS>("key check value");
                Self::Rekeyed { result, version, check_values: [value()?, value()?, value()?] }
            }
            other => return Err(Error::new("message type", 0, ErrorKind::Value(u32::from(other.0)))),
        };
        r.finish("message")?;
        Ok(message)
    }
}

impl FromServer {
    /// The message as octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Missing { backup, blocks } => {
                write_backup(MessageType::MISSING, *backup, &mut out);
                write_set(blocks, &mut out);
            }
            Self::Ok { backup, digest } => {
                write_backup(MessageType::OK, *backup, &mut out);
                digest.write(&mut out);
            }
            Self::Planned { backup, wait } => {
                write_backup(MessageType::PLANNED, *backup, &mut out);
                out.push(wait.0);
            }
            Self::Refused { backup, reason, latest } => {
                write_backup(MessageType::REFUSED, *backup, &mut out);
                reason.write(&mut out);
                latest.write(&mut out);
            }
            Self::Restore { generation, total, number, block } => {
                out.push(head(MessageType::RESTORE));
                generation.write(&mut out);
                write_number(*total, &mut out);
                write_number(*number, &mut out);
                out.extend_from_slice(block);
            }
            Self::Configure { source, number, fields } => {
                write_numbered(MessageType::CONFIGURE, *source, *number, &mut out);
                out.extend_from_slice(fields);
            }
            Self::Start { source, start } => {
                write_numbered(MessageType::START, *source, start.number, &mut out);
                start.extent.write(&mut out);
                start.way.unwrap_or(OWN_CHOICE).write(&mut out);
            }
            Self::Rekey(Rekey { replaces, version, keys }) => {
                out.extend([head(MessageType::REKEY), *replaces, *version]);
                out.extend_from_slice(keys);
            }
            Self::Unspoken(unspoken) => write_unspoken(MessageType::SERVER_UNSPOKEN, *unspoken, &mut out),
        }
        out
    }

    /// Reads a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if let Some(unspoken) = read_unspoken(MessageType::SERVER_UNSPOKEN, bytes)? {
            return Ok(Self::Unspoken(unspoken));
        }
        let mut r = Reader::new(bytes);
        let message = match read_head(&mut r)? {
            MessageType::MISSING => Self::Missing { backup: read_backup(&mut r)?, blocks: read_set(&mut r)? },
            MessageType::OK => Self::Ok { backup: read_backup(&mut r)?, digest: Digest::read(&mut r)? },
            MessageType::PLANNED => {
                Self::Planned { backup: read_backup(&mut r)?, wait: Pause(r.u8("wait")?) }
            }
            MessageType::REFUSED => Self::Refused {
                backup: read_backup(&mut r)?,
                reason: Refusal::read(&mut r)?,
                latest: r.u16("latest generation")?,
            },
            MessageType::RESTORE => {
                let generation = r.u16("generation")?;
                let total = read_number(&mut r)?;
                let at = r.clone();
                let number = read_number(&mut r)?;
                if !(1..=total).contains(&number) {
                    return Err(at.error("block number", ErrorKind::Value(u32::from(number))));
                }
                Self::Restore { generation, total, number, block: r.rest().to_vec() }
            }
            MessageType::CONFIGURE => {
                let (source, number) = read_numbered(&mut r)?;
                Self::Configure { source, number, fields: r.rest().to_vec() }
            }
            MessageType::START => {
                let (source, number) = read_numbered(&mut r)?;
                let extent = Extent::read(&mut r)?;
                let way = Some(Way::read(&mut r)?).filter(|way| *way != OWN_CHOICE);
                Self::Start { source, start: Start { number, extent, way } }
            }
            MessageType::REKEY => Self::Rekey(Rekey {
                replaces: r.u8("version that is replaced")?,
                version: r.u8("version of the keys")?,
                keys: r.rest().to_vec(),
            }),
            other => return Err(Error::new("message type", 0, ErrorKind::Value(u32::from(other.0)))),
        };
        r.finish("message")?;
        Ok(message)
    }
}

/// Whether a message, as octets, is one of blocks: it may be sent again as it is. Any other is said anew.
pub(crate) fn is_blocks(message: &[u8]) -> bool {
    message.first() == Some(&head(MessageType::BLOCKS))
}

const fn head(kind: MessageType) -> u8 {
    VERSION << 5 | kind.0
}

fn read_head(r: &mut Reader<'_>) -> Result<MessageType, Error> {
    let at = r.clone();
    let octet = r.u8("message type")?;
    if octet >> 5 != VERSION {
        return Err(at.error("protocol version", ErrorKind::Value(u32::from(octet >> 5))));
    }
    Ok(MessageType(octet & 0x1F))
}

const fn source_flag(source: Source) -> u8 {
    match source {
        Source::PHONE => FLAG_PHONE,
        _ => 0,
    }
}

fn write_backup(kind: MessageType, backup: BackupId, out: &mut Vec<u8>) {
    out.extend([head(kind), source_flag(backup.source)]);
    backup.generation.write(out);
}

fn read_backup(r: &mut Reader<'_>) -> Result<BackupId, Error> {
    let flags = r.u8("flags")?;
    Ok(BackupId { source: Source(flags & FLAG_PHONE), generation: r.u16("generation")? })
}

fn write_numbered(kind: MessageType, source: Source, number: u16, out: &mut Vec<u8>) {
    out.extend([head(kind), source_flag(source)]);
    number.write(out);
}

/// Whose, and the number of an order or a configuration.
fn read_numbered(r: &mut Reader<'_>) -> Result<(Source, u16), Error> {
    let flags = r.u8("flags")?;
    Ok((Source(flags & FLAG_PHONE), r.u16("number")?))
}

fn write_unspoken(kind: MessageType, unspoken: Unspoken, out: &mut Vec<u8>) {
    out.extend([
        EVERY_VERSION << 5 | kind.0,
        source_flag(unspoken.source),
        unspoken.octet,
        unspoken.versions,
    ]);
}

/// A message of this type of every version; none if it is another. What a later version adds at its end is skipped.
fn read_unspoken(kind: MessageType, bytes: &[u8]) -> Result<Option<Unspoken>, Error> {
    let mut r = Reader::new(bytes);
    if r.u8("message type")? != EVERY_VERSION << 5 | kind.0 {
        return Ok(None);
    }
    let source = Source(r.u8("flags")? & FLAG_PHONE);
    Ok(Some(Unspoken { source, octet: r.u8("first octet")?, versions: r.u8("versions")? }))
}

fn read_blocks(r: &mut Reader<'_>) -> Result<Blocks, Error> {
    let flags = r.clone().u8("flags")?;
    let backup = read_backup(r)?;
    let base_distance = r.u8("base distance")?;
    let total = read_number(r)?;
    let at = r.clone();
    let first = read_number(r)?;
    let delay = if flags & FLAG_DELAY == 0 { None } else { Some(Pause(r.u8("delay")?)) };
    let digest = if flags & FLAG_DIGEST == 0 { None } else { Some(Digest::read(r)?) };
    let mut blocks = Vec::new();
    if flags & FLAG_SEVERAL == 0 {
        blocks.push(r.rest().to_vec());
    } else {
        while !r.is_empty() {
            let length = r.u8("block length")?;
            blocks.push(r.take(usize::from(length), "block")?.to_vec());
        }
    }
    let count = blocks.len() as u16;
    if count == 0 || first == 0 || first.checked_add(count - 1).is_none_or(|last| last > total) {
        return Err(at.error("block number", ErrorKind::Value(u32::from(first))));
    }
    let resumes = if flags & FLAG_SERVER_RESUMES == 0 { Resumes::UPLOADER } else { Resumes::SERVER };
    Ok(Blocks { backup, base_distance, total, first, blocks, resumes, delay, digest })
}

/// One octet below 80, else two with bit 8 of the first set.
fn write_number(number: u16, out: &mut Vec<u8>) {
    if number < 0x80 {
        out.push(number as u8);
    } else {
        (number | 0x8000).write(out);
    }
}

fn read_number(r: &mut Reader<'_>) -> Result<u16, Error> {
    if r.peek().is_some_and(|octet| octet >= 0x80) {
        Ok(r.u16("number")? & 0x7FFF)
    } else {
        r.u8("number").map(u16::from)
    }
}

fn write_set(set: &BlockSet, out: &mut Vec<u8>) {
    write_number(set.total(), out);
    for (first, last) in set.ranges().into_iter().take(MAX_RANGES) {
        write_number(first, out);
        write_number(last, out);
    }
}

fn read_set(r: &mut Reader<'_>) -> Result<BlockSet, Error> {
    let mut set = BlockSet::empty(read_number(r)?);
    while !r.is_empty() {
        let at = r.clone();
        let (first, last) = (read_number(r)?, read_number(r)?);
        if first == 0 || first > last || last > set.total() {
            return Err(at.error("range of blocks", ErrorKind::Value(u32::from(first))));
        }
        set.insert_range(first, last);
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use oxisim_wire::Duration;

    use super::*;

    const CARD: BackupId = BackupId { source: Source::CARD, generation: 0x0102 };

    #[test]
    fn a_message_is_as_documented() {
        let message = ToServer::Blocks(Blocks {
            backup: CARD,
            base_distance: 0,
            total: 10,
            first: 4,
            blocks: [[0x0E, 0x80, 0x09].into()].into(),
            resumes: Resumes::SERVER,
            delay: Some(Pause::from_duration(Duration::from_mins(2))),
            digest: None,
        });
        assert_eq!(hex::encode_upper(message.encode()), "21060102000A04460E8009");
        assert_eq!(ToServer::decode(&message.encode()).unwrap(), message);
        assert_eq!(Blocks::overhead(10, true), message.encode().len() - 3);

        let mut missing = BlockSet::empty(10);
        missing.insert_range(4, 10);
        let missing = FromServer::Missing { backup: CARD, blocks: missing };
        assert_eq!(hex::encode_upper(missing.encode()), "310001020A040A");
        assert_eq!(FromServer::decode(&missing.encode()).unwrap(), missing);
    }

    #[test]
    fn several_blocks_share_a_message() {
        let message = ToServer::Blocks(Blocks {
            backup: BackupId { source: Source::PHONE, generation: 1 },
            base_distance: 3,
            total: 300,
            first: 129,
            blocks: [[1, 2].into(), [3].into(), [].into()].into(),
            resumes: Resumes::UPLOADER,
            delay: None,
            digest: Some(Digest([8; 8])),
        });
        assert_eq!(ToServer::decode(&message.encode()).unwrap(), message);
    }

    #[test]
    fn an_unknown_version_is_named() {
        let error = ToServer::decode(&[0x41, 0, 0, 0]).unwrap_err();
        assert_eq!((error.what, error.kind), ("protocol version", ErrorKind::Value(2)));
    }

    #[test]
    fn what_is_not_spoken_is_said_in_a_message_of_every_version() {
        let answer = Unspoken::answer_to(Source::PHONE, &[0x43, 9]).unwrap();
        assert_eq!(answer, Unspoken { source: Source::PHONE, octet: 0x43, versions: 0x02 });
        let [up, down] = [ToServer::Unspoken(answer).encode(), FromServer::Unspoken(answer).encode()];
        assert_eq!((&up[..], &down[..]), (&[0x0F, 0x01, 0x43, 0x02][..], &[0x1F, 0x01, 0x43, 0x02][..]));
        assert_eq!(ToServer::decode(&[&up[..], &[7, 7]].concat()).unwrap(), ToServer::Unspoken(answer));
        assert_eq!(FromServer::decode(&down).unwrap(), FromServer::Unspoken(answer));
    }

    #[test]
    fn nothing_of_every_version_is_answered_and_nothing_that_is_known() {
        for first in 0..=u8::MAX {
            let known = MessageType::ALL.iter().any(|kind| first == VERSION << 5 | kind.0);
            let is_answered = Unspoken::answer_to(Source::CARD, &[first]).is_some();
            assert_eq!(is_answered, first >> 5 != 0 && !known, "{first:02X}");
        }
        assert_eq!(Unspoken::answer_to(Source::CARD, &[]), None);
    }

    #[test]
    fn orders_and_their_answers_are_as_documented() {
        let configure = FromServer::Configure {
            source: Source::CARD,
            number: 3,
            fields: [0x03, 0x02, 0x00, 0x04].into(),
        };
        let start = Start { number: 9, extent: Extent::WHOLE, way: Some(Way::TIMER) };
        let own = Start { way: None, ..start };
        for (message, octets) in [
            (configure, "3600000303020004"),
            (FromServer::Start { source: Source::CARD, start }, "370000090102"),
            (FromServer::Start { source: Source::PHONE, start: own }, "3701000901FF"),
        ] {
            assert_eq!(hex::encode_upper(message.encode()), octets);
            assert_eq!(FromServer::decode(&message.encode()).unwrap(), message);
        }
        let (source, result) = (Source::CARD, StartResult::UNCHANGED);
        for (message, octets) in [
            (ToServer::Configured { source, number: 3, refused: None }, "2400000300"),
            (ToServer::Configured { source, number: 3, refused: Some(Field::SUBSET) }, "2400000303"),
            (ToServer::Started { source, number: 9, result, generation: 8 }, "25000009010008"),
            (ToServer::Abandoned { backup: CARD, reason: Abandonment::NOT_SENT }, "2600010201"),
        ] {
            assert_eq!(hex::encode_upper(message.encode()), octets);
            assert_eq!(ToServer::decode(&message.encode()).unwrap(), message);
        }
    }

    #[test]
    fn orders_for_other_keys_and_their_answers_are_read_whole_or_not_at_all() {
        let order = Rekey { replaces: 15, version: 1, keys: [0x88, 0x11, 0x10].into() };
        let order = FromServer::Rekey(order);
        assert_eq!(hex::encode_upper(order.encode()), "380F01881110");
        assert_eq!(FromServer::decode(&order.encode()).unwrap(), order);
        assert!(FromServer::decode(&[0x38, 0x0F]).is_err());
        let check_values = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
        let answer = ToServer::Rekeyed { result: RekeyResult::NO_KEYS, version: 0, check_values };
        let octets = answer.encode();
        assert_eq!(hex::encode_upper(&octets), "270400010203040506070809");
        assert_eq!(ToServer::decode(&octets).unwrap(), answer);
        for length in 0..octets.len() {
            assert!(ToServer::decode(&octets[..length]).is_err(), "{length}");
        }
        assert!(ToServer::decode(&[&octets[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_block_beyond_the_total_is_refused() {
        assert!(ToServer::decode(&hex::decode("2100010200030400").unwrap()).is_err());
        assert!(ToServer::decode(&hex::decode("2100010200030000").unwrap()).is_err());
    }

    #[test]
    fn a_pause_up_to_63_hours_is_not_shorter_than_asked_for() {
        for seconds in [0, 1, 63, 64, 120, 125, 600, 631, 3_600, 37_800, 226_800] {
            let pause = Pause::from_duration(Duration::from_secs(seconds)).duration().as_secs();
            assert!(pause >= seconds && pause <= seconds + seconds / 3 + 1, "{seconds} {pause}");
        }
        assert_eq!(Pause::from_duration(Duration::from_secs(u64::MAX)).duration().as_secs(), 226_800);
    }
}
