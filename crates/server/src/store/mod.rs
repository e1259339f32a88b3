//! Where the copies are kept.

mod account;
mod cabinet;
mod document;
mod key;
mod memory;
mod postgres;
mod records;
mod refusing;
mod seal;
mod sealed;
mod sqlite;

use std::{path::PathBuf, sync::Arc};

use oxisim_backup::{
    DeliveryReport, Held, OrderStep, Standing, Vault,
    message::Source,
    security::{KeyVersion, ReplayWindow},
};
use oxisim_sms::UserData;
use oxisim_wire::{Duration, Instant};

use crate::{Iccid, Msisdn};

pub use account::LoadedAccount;
pub use cabinet::{ACTS, Cabinet, Drawer};
pub(crate) use key::is_readable_by_others;
pub use key::{KeyFailure, NoStoreKey, StoreKey};
pub use memory::{MemoryDatabase, MemoryStore};
pub use postgres::{PostgresStore, TlsFailure};
pub use refusing::{Refusing, RefusingAccount};
pub use sealed::Sealed;
pub use sqlite::SqliteStore;

/// Notes that are kept of each subscriber.
pub const NOTES_OF_SUBSCRIBER: u32 = 500;

/// Notes that are kept of all who are no subscribers.
pub const NOTES_OF_STRANGERS: u32 = 2_000;

/// A database of phonebooks.
///
/// What it must guarantee: a transaction happens whole or not at all, and what is committed survives the loss of
/// power.
///
/// By itself each call of [`Store::subscriber`] is a transaction. Between [`Store::begin`] and [`Store::commit`] many
/// are one: that is how one write to the disk makes many messages durable (group commit). What fails within a batch is
/// undone by itself; the others stay.
pub trait Store {
    /// One subscriber's part of the store, within a transaction.
    type Account<'a>: Account;

    /// Does `work` on what is kept of one subscriber, in one transaction. It is undone if `work` returns an error.
    ///
    /// A subscriber of whom nothing is kept has an empty account; looking at it leaves no trace.
    fn subscriber<T, E: From<StoreError>>(
        &mut self,
        msisdn: &Msisdn,
        work: impl FnOnce(&mut Self::Account<'_>) -> Result<T, E>,
    ) -> Result<T, E>;

    /// Begins a batch, and loads what is kept of these subscribers at once; others are loaded when they are named. What
    /// is done from now on is seen within the batch, and durable after [`Store::commit`].
    fn begin(&mut self, of: &[Msisdn]) -> Result<(), StoreError>;

    /// Ends a batch: all of it is durable, or after an error nothing.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Ends a batch, of which nothing is kept.
    fn roll_back(&mut self);

    /// Nothing is due for a subscriber before this time, whatever stands in their account; and notes why. It works also
    /// if the account is damaged.
    fn put_off(&mut self, msisdn: &Msisdn, until: Instant, why: &LogEntry) -> Result<(), StoreError>;

    /// The earliest time at which something is to be done for any subscriber. If the store has leases, of their shards.
    fn next_due(&mut self) -> Result<Option<Instant>, StoreError>;

    /// At most `limit` subscribers for whom something is to be done at `now`, the longest overdue first. If the
    /// store has leases, of their shards. Not within a batch.
    fn due(&mut self, now: Instant, limit: u32) -> Result<Vec<Msisdn>, StoreError>;

    /// What is kept, one entry a phonebook, in the order of the numbers.
    fn subscribers(&mut self) -> Result<Vec<Summary>, StoreError>;

    /// The next `limit` subscribers after one, in an order of the store's own, each with what is kept of them, one entry
    /// a phonebook. It costs the same wherever it begins.
    fn walk(&mut self, after: Option<&Msisdn>, limit: u32)
    -> Result<Vec<(Msisdn, Vec<Summary>)>, StoreError>;

    /// What is kept of one subscriber, one entry a phonebook.
    fn summaries(&mut self, msisdn: &Msisdn) -> Result<Vec<Summary>, StoreError>;

    /// Makes a card a subscriber's, whose keys have this version. A card that the subscriber had before is no longer
    /// theirs; what is known of the counters of a card stays.
    fn enrol(
        &mut self,
        msisdn: &Msisdn,
        iccid: &Iccid,
        key_version: KeyVersion,
        now: Instant,
    ) -> Result<(), StoreError>;

    /// The subscribers' cards that have keys, in the order of the numbers.
    fn cards(&mut self) -> Result<Vec<(Msisdn, Enrolled)>, StoreError>;

    /// What is known of the card with this number, whoever has it now.
    fn find_card(&mut self, iccid: &Iccid) -> Result<Option<Enrolled>, StoreError>;

    /// How many cards with keys there ever were.
    fn card_count(&mut self) -> Result<u64, StoreError>;

    /// Deletes everything of a subscriber for good; `false` if there is nothing. Of a card with keys its counters stay,
    /// without the subscriber's number.
    fn forget(&mut self, msisdn: &Msisdn) -> Result<bool, StoreError>;

    /// Notes a message that had no effect. Its sender is noted only if something else is kept of them. The latest
    /// [`NOTES_OF_SUBSCRIBER`] of each subscriber are kept, and [`NOTES_OF_STRANGERS`] of all others together.
    fn log(&mut self, sender: Option<&Msisdn>, entry: &LogEntry) -> Result<(), StoreError>;

    /// The latest `limit` messages, of one subscriber or of all, the latest first.
    fn messages(&mut self, msisdn: Option<&Msisdn>, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// Deletes at most `limit` notes about messages before a time, the oldest first, and says how many.
    fn trim_log(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError>;

    /// What went through the server in each hour from that of a time on, in their order; hours without a message are left
    /// out. It is counted when it is noted, so it is true also of notes that are gone.
    fn traffic(&mut self, from: Instant) -> Result<Vec<Hour>, StoreError>;

    /// Keeps what has come for a subscriber of another server's in that one's [`Store::inbox`]. It changes nothing of the
    /// subscriber's, so that no lease is needed for it. If too much waits there already, [`StoreError::InboxFull`].
    fn pass_on(&mut self, to: &Msisdn, what: &Inbound, at: Instant) -> Result<(), StoreError>;

    /// At most `limit` of what others have passed on for subscribers of this store's shards, the oldest first. Not within
    /// a batch.
    fn inbox(&mut self, now: Instant, limit: u32) -> Result<Vec<Passed>, StoreError>;

    /// Deletes what was passed on: in a batch, together with what it has brought about. As for all that changes a
    /// subscriber, the lease of their shard is needed.
    fn settle(&mut self, passed: &Passed) -> Result<(), StoreError>;

    /// The complete copy of a phonebook.
    fn held(&mut self, msisdn: &Msisdn, source: Source) -> Result<Option<Arc<Held>>, StoreError> {
        self.subscriber(msisdn, |account| account.held(source))
    }
}

/// The shards of the subscribers that several servers share out.
///
/// A subscriber is in one of 256 shards, for ever. A server that has called [`Leases::acquire`] works for the subscribers
/// of its shards only: it may look at any other, but what would change it fails with [`StoreError::NotMine`], and with
/// [`StoreError::Fenced`] once another server has taken the shard over. A store that has never called it works for all, as
/// long as nobody else does.
pub trait Leases {
    /// The shard of a subscriber.
    fn shard(&self, msisdn: &Msisdn) -> u8;

    /// Takes at most `wanted` shards that nobody has, or whose lease has ended by `now`, until `now + span`; which the
    /// store has now. The epoch of each is one more than before.
    fn acquire(
        &mut self,
        owner: &str,
        wanted: u16,
        now: Instant,
        span: Duration,
    ) -> Result<Vec<u8>, StoreError>;

    /// Has its shards until `now + span`; those that another has taken over meanwhile are no longer the store's. Which it
    /// has now.
    fn renew(&mut self, now: Instant, span: Duration) -> Result<Vec<u8>, StoreError>;

    /// Gives these shards up, so that another may take them at once.
    fn release(&mut self, shards: &[u8]) -> Result<(), StoreError>;

    /// All leases there are, of any server.
    fn leases(&mut self) -> Result<Vec<Lease>, StoreError>;
}

/// Who has a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which.
    pub shard: u8,
    /// The server.
    pub owner: String,
    /// How often the shard was taken.
    pub epoch: u64,
    /// Until when.
    pub until: Instant,
}

/// What is kept of one subscriber: the [`Vault`] of their backups, and what the server itself needs.
pub trait Account: Vault<Error = StoreError> {
    /// The counter of the next packet without security for the subscriber's card: from 1, one more each time (TS 102 225 §5.1.4).
    fn next_counter(&mut self) -> Result<u32, StoreError>;

    /// The subscriber's card, if it has keys.
    fn card(&mut self) -> Result<Option<Enrolled>, StoreError>;

    /// Keeps what has changed of the subscriber's card.
    fn put_card(&mut self, card: &Enrolled) -> Result<(), StoreError>;

    /// Notes a message, as [`Store::log`] does. The subscriber is noted only if something else is kept of them.
    fn log(&mut self, entry: &LogEntry) -> Result<(), StoreError>;

    /// Counts an alarm about messages of the subscriber.
    fn alarm(&mut self) -> Result<(), StoreError>;

    /// Nothing is due for the subscriber before this time.
    fn put_off(&mut self, until: Instant) -> Result<(), StoreError>;

    /// The messages for this uploader that have not come to their end, the oldest first.
    fn letters(&mut self, source: Source) -> Result<Vec<Letter>, StoreError>;

    /// Adds a message that waits.
    fn add_letter(&mut self, source: Source, octets: &[u8]) -> Result<(), StoreError>;

    /// Says of a message how long the SMS centre has it, or when it goes at the latest.
    fn set_letter(&mut self, id: u64, step: LetterStep) -> Result<(), StoreError>;

    /// A message has come to its end.
    fn delete_letter(&mut self, id: u64) -> Result<(), StoreError>;
}

/// A card that the server has keys for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Which card.
    pub iccid: Iccid,
    /// The version of its keys.
    pub key_version: KeyVersion,
    /// Counter of the last packet to it.
    pub sent: u64,
    /// Counters of the packets that came from it.
    pub window: ReplayWindow,
    /// Messages in its subscriber's name that were refused, because they did not open or were replays.
    pub refused: u64,
    /// Since when it is its subscriber's.
    pub since: Instant,
    /// The last order to replace its keys by those of the next version.
    pub rekeying: Option<Rekeying>,
}

/// An order to replace a card's keys by those of the next version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rekeying {
    /// When it is to be said.
    pub due: Option<Instant>,
    /// Times that it was said.
    pub said: u16,
    /// How it stands. What it is answered with is a [`RekeyResult`](oxisim_backup::security::RekeyResult).
    pub step: OrderStep,
}

/// A message on its way to an uploader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its number, which no other of the subscriber ever has.
    pub id: u64,
    /// The message of the protocol.
    pub octets: Vec<u8>,
    /// How far it is.
    pub step: LetterStep,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterStep {
    /// It waits for the one before it.
    Waiting {
        /// When it goes at the latest.
        due: Option<Instant>,
    },
    /// The SMS centre has it.
    Given {
        /// Until when.
        valid: Instant,
    },
}

/// What is kept of one phonebook, in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whose it is.
    pub msisdn: Msisdn,
    /// The card's or the phone's.
    pub source: Source,
    /// The complete copy.
    pub copy: Option<CopySummary>,
    /// The latest backup.
    pub latest: Option<Progress>,
    /// Blocks of the subscriber that came once more with another body.
    pub alarms: u32,
}

/// A complete copy, in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySummary {
    /// The backup that made it so.
    pub generation: u16,
    /// When that backup was complete.
    pub at: Instant,
    /// Slots in use.
    pub contacts: u32,
}

/// The latest backup, in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its number.
    pub generation: u16,
    /// How it stands.
    pub standing: Standing,
    /// Blocks that have come.
    pub received: u16,
    /// Blocks in all.
    pub total: u16,
    /// When its first message came.
    pub since: Instant,
    /// When the server shall ask for what is missing.
    pub resume_at: Option<Instant>,
}

/// What comes for a subscriber from an SMS centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// A message of theirs.
    Message(UserData),
    /// What has become of a message to them.
    Report(u64, DeliveryReport),
    /// Their phone can be reached again.
    Alert,
}

/// What another server has passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its number in the inbox.
    pub number: i64,
    /// Whose it is.
    pub to: Msisdn,
    /// When it came.
    pub at: Instant,
    /// What it is.
    pub what: Inbound,
}

/// A note about a message, without a name or number from a phonebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When.
    pub at: Instant,
    /// Which way.
    pub direction: Direction,
    /// What kind of message, and what about.
    pub summary: String,
    /// Octets of the short message's user data after its header.
    pub octets: u16,
}

/// Messages of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub at: Instant,
    /// Messages to the server.
    pub incoming: u64,
    /// Messages from the server.
    pub outgoing: u64,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the server.
    In,
    /// From the server.
    Out,
}

/// How a store fails.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("cannot open the database {}: {reason}", path.display())]
    Open {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        reason: OpenFailure,
    },
    /// The database failed in its work.
    #[error("database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// PostgreSQL cannot be reached, or failed in its work.
    #[error("PostgreSQL failed: {0}")]
    Postgres(#[from] ::postgres::Error),
    /// The way to PostgreSQL is not as safe as it is asked for.
    #[error(transparent)]
    Tls(#[from] TlsFailure),
    /// Another process has changed the same subscriber meanwhile: what was to be done can be done anew.
    #[error("another process has changed the same subscriber")]
    Conflict,
    /// Another process has added a data key meanwhile: what was to be done can be done anew.
    #[error("there is a later data key")]
    OldKey,
    /// A batch is under way already.
    #[error("a batch is under way already")]
    InBatch,
    /// The subscriber's shard is another server's.
    #[error("shard {0} is not leased by this server")]
    NotMine(u8),
    /// Another server has taken a shard over.
    #[error("shard {0} has been taken over by another server")]
    Fenced(u8),
    /// Too much waits for other servers.
    #[error("too much waits for other servers")]
    InboxFull,
    /// There is no key for the store.
    #[error(transparent)]
    Key(#[from] KeyFailure),
    /// The key of the store is another, or what is sealed was altered.
    #[error("the key does not open the database")]
    WrongKey,
    /// A subscriber has got as many packets without security as there are counters.
    #[error("the counters of a subscriber are used up")]
    CounterUsedUp,
    /// The machine gives no random octets for keys.
    #[error("no keys can be made: {0}")]
    NoChance(String),
    /// The database holds a record that cannot be read.
    #[error("the database is damaged: a record in {table} {why}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// Why not.
        why: Unreadable,
    },
    /// The database holds something that the server never wrote.
    #[error("the database is damaged: {column} in {table} cannot be {value}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What stands there.
        value: String,
    },
}

impl StoreError {
    /// What may be logged of it: the database's words may show what stands in it.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Damaged { table, column, .. } => format!("the database is damaged: {column} in {table}"),
            Self::Database(error) => match error.sqlite_error_code() {
                Some(code) => format!("the database failed: {code:?}"),
                None => "the database failed".into(),
            },
            Self::Postgres(error) => match error.code() {
                Some(code) => format!("PostgreSQL failed: SQLSTATE {}", code.code()),
                None => "PostgreSQL failed, or cannot be reached".into(),
            },
            other => other.to_string(),
        }
    }
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It was altered, or is another's.
    #[error("does not open with the keys of the store")]
    Sealed,
    /// What is in it is no document.
    #[error("is malformed")]
    Malformed,
    /// A later version of the server wrote it.
    #[error("has version {found}, this program knows versions up to {known}")]
    Newer {
        /// Its version.
        found: u8,
        /// The latest version that is known.
        known: u8,
    },
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    /// The path is that of a directory.
    #[error("it is a directory")]
    Directory,
    /// There is no folder to make it in.
    #[error("its folder does not exist")]
    NoFolder,
    /// The file holds something else.
    #[error("it is not an SQLite database")]
    NotSqlite,
    /// The file is a database, but not a backup server's.
    #[error("it is the database of another program")]
    Foreign,
    /// A later version of the server wrote it.
    #[error("it has version {found}, this program knows versions up to {known}")]
    Newer {
        /// Its version.
        found: i64,
        /// The latest version that is known.
        known: usize,
    },
    /// The database engine is too old.
    #[error("it is release {found}, and must be {least} or later")]
    Release {
        /// Its release.
        found: i32,
        /// The first that will do.
        least: i32,
    },
    /// It cannot be written.
    #[error("it cannot be written")]
    ReadOnly,
    /// The database engine says why.
    #[error("{0}")]
    Engine(#[from] rusqlite::Error),
}

/// A time as a database has it; the latest is in the year 294247.
fn micros(at: Instant) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}
