//! The messages. Each stands by itself: it can be read alone, in any order, any number of times.
//!
//! The first octet has the version in its upper three bits and the type in the lower five; what follows is in
//! docs/BACKUP.md, octet by octet.

mod coding;

use alloc::vec::Vec;

use oxisim_wire::{Duration, codes};

pub(crate) use coding::is_blocks;

use crate::{
    BlockSet, Digest,
    configuration::Field,
    security::{CheckValues, Rekey, RekeyResult},
    settings::Way,
};

/// The version of the protocol.
pub const VERSION: u8 = 1;

/// The version of messages whose layout is the same for all versions.
const EVERY_VERSION: u8 = 0;

/// The versions that are spoken, a bit each: version 1 in bit 2.
const SPOKEN: u8 = 1 << VERSION;

/// Most ranges of missing blocks that one message names; what else is missing is asked for later.
pub const MAX_RANGES: usize = 21;

codes! {
    /// Type of a message.
    pub struct MessageType(u8) {
        BLOCKS = 0x01, QUERY = 0x02, RESTORED = 0x03, CONFIGURED = 0x04, STARTED = 0x05, ABANDONED = 0x06,
        REKEYED = 0x07,
        /// Of every version.
        UPLOADER_UNSPOKEN = 0x0F,
        MISSING = 0x11, OK = 0x12, REFUSED = 0x13, RESTORE = 0x14, PLANNED = 0x15, CONFIGURE = 0x16, START = 0x17,
        REKEY = 0x18,
        /// Of every version.
        SERVER_UNSPOKEN = 0x1F,
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
    pub struct Refusal(u8) { BASE_UNKNOWN = 0x01, RESTORING = 0x02, GENERATION_OLD = 0x03, TABLE_UNKNOWN = 0x04, }
}

codes! {
    /// Why an uploader has given a backup up.
    pub struct Abandonment(u8) {
        /// The phone did not send.
        NOT_SENT = 0x01,
        /// The server did not answer.
        NO_ANSWER = 0x02,
    }
}

codes! {
    /// What a backup shall hold.
    pub struct Extent(u8) {
        /// What has changed.
        DIFFERENCE = 0x00,
        /// Everything.
        WHOLE = 0x01,
    }
}

codes! {
    /// What became of an order to start a backup.
    pub struct StartResult(u8) {
        /// It has begun.
        BEGUN = 0x00,
        /// There is nothing to back up.
        UNCHANGED = 0x01,
        /// Another one is under way.
        RUNNING = 0x02,
        /// The user did not want it.
        DECLINED = 0x03,
        /// The memory or the phonebook failed.
        FAILED = 0x04,
    }
}

impl MessageType {
    /// The type of a message of this version, by its first octet.
    #[must_use]
    pub fn of(message: &[u8]) -> Self {
        Self(message.first().map_or(0, |octet| octet & 0x1F))
    }
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
    /// The digest of the whole snapshot.
    pub digest: Option<Digest>,
}

/// An order to start a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its number: the same order again has the same.
    pub number: u16,
    /// What the backup shall hold.
    pub extent: Extent,
    /// The way that it shall go; none: the uploader's own choice.
    pub way: Option<Way>,
}

/// A message that was not understood: its version, or its type, is not spoken. The layout is the same for all versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unspoken {
    /// To or from whom.
    pub source: Source,
    /// The first octet of the message that was not understood.
    pub octet: u8,
    /// The versions that are spoken, a bit each.
    pub versions: u8,
}

impl Unspoken {
    /// What there is to say to a message; none if its version and type are known, if it is for the other side, or if
    /// it is itself of the version that is answered never.
    #[must_use]
    pub fn answer_to(source: Source, message: &[u8]) -> Option<Self> {
        let octet = *message.first()?;
        let kind = MessageType(octet & 0x1F);
        let is_known = octet >> 5 == VERSION && kind.name().is_some();
        (octet >> 5 != EVERY_VERSION && !is_known).then_some(Self::of(source, octet))
    }

    /// What there is to say of a message that began with this octet.
    #[must_use]
    pub const fn of(source: Source, octet: u8) -> Self {
        Self { source, octet, versions: SPOKEN }
    }

    /// The type of the message that was not understood, if this program has sent such a one.
    #[must_use]
    pub fn refused(self) -> Option<MessageType> {
        (self.octet >> 5 == VERSION).then_some(MessageType(self.octet & 0x1F))
    }
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
        /// The digest of the whole snapshot.
        digest: Digest,
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
    /// A configuration has been taken, or has not.
    Configured {
        /// Whose it is.
        source: Source,
        /// Its number.
        number: u16,
        /// The field for which it was not taken.
        refused: Option<Field>,
    },
    /// What became of an order to start a backup.
    Started {
        /// Whose phonebook.
        source: Source,
        /// The order's number.
        number: u16,
        /// What became of it.
        result: StartResult,
        /// The last backup that was begun.
        generation: u16,
    },
    /// The uploader has given a backup up.
    Abandoned {
        /// Which backup.
        backup: BackupId,
        /// Why.
        reason: Abandonment,
    },
    /// What became of an order to replace the card's keys. The packet that brings it is secured with those in use.
    Rekeyed {
        /// What became of it.
        result: RekeyResult,
        /// The version of the keys in use; 0: there are none.
        version: u8,
        /// Their check values; 0 without keys.
        check_values: CheckValues,
    },
    /// A message of the server was not understood.
    Unspoken(Unspoken),
}

impl ToServer {
    /// Whose uploader says it.
    #[must_use]
    pub const fn source(&self) -> Source {
        match self {
            Self::Blocks(blocks) => blocks.backup.source,
            Self::Query { backup, .. } | Self::Abandoned { backup, .. } => backup.source,
            Self::Configured { source, .. } | Self::Started { source, .. } => *source,
            Self::Unspoken(unspoken) => unspoken.source,
            Self::Restored { .. } | Self::Rekeyed { .. } => Source::CARD,
        }
    }
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
    /// The next backups shall be made so.
    Configure {
        /// Whose.
        source: Source,
        /// The number of the configuration: the same one again has the same.
        number: u16,
        /// The fields (see [`Configuration`](crate::Configuration)).
        fields: Vec<u8>,
    },
    /// A backup shall start.
    Start {
        /// Of which phonebook.
        source: Source,
        /// The order.
        start: Start,
    },
    /// The card's keys are to be replaced.
    Rekey(Rekey),
    /// A message of the uploader was not understood.
    Unspoken(Unspoken),
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

impl Blocks {
    /// Octets of a message with one block, apart from the block.
    #[must_use]
    pub const fn overhead(total: u16, delay: bool) -> usize {
        let number = if total < 0x80 { 1 } else { 2 };
        1 + 1 + 2 + 1 + 2 * number + delay as usize
    }

    /// Octets that a digest takes.
    pub const DIGEST_OCTETS: usize = 8;
}
