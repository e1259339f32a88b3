//! The messages. Each stands by itself: it can be read alone, in any order, any number of times.
//!
//! The first octet has the version in its upper three bits and the type in the lower five; what follows is in
//! docs/BACKUP.md, octet by octet.

use alloc::vec::Vec;

use oxisim_wire::{Duration, Error, ErrorKind, Reader, Wire, codes};

use crate::{BlockSet, Digest};

/// The version of the protocol.
pub const VERSION: u8 = 1;

/// Most ranges of missing blocks that one message names; what else is missing is asked for later.
pub const MAX_RANGES: usize = 21;

codes! {
    /// Type of a message.
    pub struct MessageType(u8) {
        BLOCKS = 0x01, QUERY = 0x02, RESTORED = 0x03,
        MISSING = 0x11, OK = 0x12, REFUSED = 0x13, RESTORE = 0x14, PLANNED = 0x15,
    }
}

codes! {
    /// Whose phonebook it is.
    pub struct Source(u8) { CARD = 0x00, PHONE = 0x01, }
}

codes! {
    /// Who ends a pause.
    pub struct Resumes(u8) { UPLOADER = 0x00, SERVER = 0x01, }
}

codes! {
    /// Why the server does not take a backup.
    pub struct Refusal(u8) { BASE_UNKNOWN = 0x01, RESTORING = 0x02, GENERATION_OLD = 0x03, }
}

/// Which backup a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupId {
    /// Whose phonebook.
    pub source: Source,
    /// Its number, one more than that of the backup before; wraps.
    pub generation: u16,
}

/// Blocks of a backup, and what the receiver must know to take any one of them first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Which backup.
    pub backup: BackupId,
    /// How many generations ago the snapshot was taken on which this one builds; 0: on none, it is whole.
    pub base_distance: u8,
    /// How many blocks there are in all.
    pub total: u16,
    /// Number of the first block here, from 1.
    pub first: u16,
    /// The blocks, at least one.
    pub blocks: Vec<Vec<u8>>,
    /// Who ends the pause after a subset.
    pub resumes: Resumes,
    /// How long the server shall wait before it asks for the missing blocks; none: as it is set.
    pub delay: Option<Pause>,
}

/// What the uploader says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToServer {
    /// Here are blocks.
    Blocks(Blocks),
    /// What is missing?
    Query {
        /// Which backup.
        backup: BackupId,
        /// Its base.
        base_distance: u8,
        /// How many blocks there are in all.
        total: u16,
    },
    /// These blocks of a restore have not come; none: it is complete, and the book has this digest.
    Restored {
        /// Generation of the snapshot that is restored.
        generation: u16,
        /// Blocks that are missing.
        missing: BlockSet,
        /// The digest of the phonebook after it.
        digest: Digest,
    },
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromServer {
    /// These blocks are missing; go on.
    Missing {
        /// Which backup.
        backup: BackupId,
        /// The blocks.
        blocks: BlockSet,
    },
    /// All is here, and the copy has this digest.
    Ok {
        /// Which backup.
        backup: BackupId,
        /// Over the server's whole copy.
        digest: Digest,
    },
    /// The next subset will be asked for; no need to ask until then.
    Planned {
        /// Which backup.
        backup: BackupId,
        /// How long from now.
        wait: Pause,
    },
    /// The backup is not taken.
    Refused {
        /// Which backup.
        backup: BackupId,
        /// Why.
        reason: Refusal,
        /// Number of the latest backup of this phonebook that the server knows of.
        latest: u16,
    },
    /// A block of the server's copy, to be written into the phonebook.
    Restore {
        /// Generation of the snapshot.
        generation: u16,
        /// How many blocks there are in all.
        total: u16,
        /// Number of this one, from 1.
        number: u16,
        /// The block.
        block: Vec<u8>,
    },
}

/// A length of time in one octet: the upper two bits say a unit (1 s, 20 s, 5 min, 1 h), the lower six how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause(u8);

const PAUSE_UNITS: [u64; 4] = [1, 20, 300, 3_600];

impl Pause {
    /// `span`, rounded up to what the octet can say; at most 63 hours.
    #[must_use]
    pub fn from_duration(span: Duration) -> Self {
        let seconds = span.as_secs_ceil();
        let fits = |unit: &u64| seconds.div_ceil(*unit) <= 63;
        let unit = PAUSE_UNITS.iter().position(fits).unwrap_or(3);
        Self((unit as u8) << 6 | seconds.div_ceil(PAUSE_UNITS[unit]).min(63) as u8)
    }

    /// As a span of time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(PAUSE_UNITS[(self.0 >> 6) as usize] * (self.0 & 0x3F) as u64)
    }
}

const FLAG_PHONE: u8 = 0x01;
const FLAG_SERVER_RESUMES: u8 = 0x02;
const FLAG_DELAY: u8 = 0x04;
const FLAG_SEVERAL: u8 = 0x08;

impl Blocks {
    /// Octets of a message with one block, apart from the block.
    #[must_use]
    pub const fn overhead(total: u16, delay: bool) -> usize {
        let number = if total < 0x80 { 1 } else { 2 };
        1 + 1 + 2 + 1 + 2 * number + delay as usize
    }
}

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
                ] {
                    flags |= if set { flag } else { 0 };
                }
                out.push(flags);
                message.backup.generation.write(&mut out);
                out.push(message.base_distance);
                write_number(message.total, &mut out);
                write_number(message.first, &mut out);
                out.extend(message.delay.map(|delay| delay.0));
                for block in &message.blocks {
                    if several {
                        out.push(block.len() as u8);
                    }
                    out.extend_from_slice(block);
                }
            }
            Self::Query { backup, base_distance, total } => {
                write_backup(MessageType::QUERY, *backup, &mut out);
                out.push(*base_distance);
                write_number(*total, &mut out);
            }
            Self::Restored { generation, missing, digest } => {
                out.push(head(MessageType::RESTORED));
                generation.write(&mut out);
                digest.write(&mut out);
                write_set(missing, &mut out);
            }
        }
        out
    }

    /// Reads a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
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
                Self::Query { backup, base_distance, total }
            }
            MessageType::RESTORED => Self::Restored {
                generation: r.u16("generation")?,
                digest: Digest::read(&mut r)?,
                missing: read_set(&mut r)?,
            },
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
        }
        out
    }

    /// Reads a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
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

fn read_blocks(r: &mut Reader<'_>) -> Result<Blocks, Error> {
    let flags = r.clone().u8("flags")?;
    let backup = read_backup(r)?;
    let base_distance = r.u8("base distance")?;
    let total = read_number(r)?;
    let at = r.clone();
    let first = read_number(r)?;
    let delay = if flags & FLAG_DELAY == 0 { None } else { Some(Pause(r.u8("delay")?)) };
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
    Ok(Blocks { backup, base_distance, total, first, blocks, resumes, delay })
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
        });
        assert_eq!(ToServer::decode(&message.encode()).unwrap(), message);
    }

    #[test]
    fn a_set_of_all_the_ranges_fits_one_message_of_a_card() {
        let mut blocks = BlockSet::empty(1_000);
        (128..1_000).step_by(2).for_each(|number| {
            blocks.insert(number);
        });
        let restored = ToServer::Restored { generation: 1, missing: blocks.clone(), digest: Digest([0; 8]) };
        let missing = FromServer::Missing { backup: CARD, blocks };
        assert_eq!((missing.encode().len(), restored.encode().len()), (90, 97));
        assert!(restored.encode().len() <= crate::carriage::CARD_OCTETS);
    }

    #[test]
    fn an_unknown_version_is_named() {
        let error = ToServer::decode(&[0x41, 0, 0, 0]).unwrap_err();
        assert_eq!((error.what, error.kind), ("protocol version", ErrorKind::Value(2)));
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
