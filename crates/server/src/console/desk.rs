//! What the console asks of the server whose console it is.
//!
//! The pages and the interface know this trait and no store, so that what they show can come from one server in the same
//! process, or from a store that several share.

use oxisim_backup::{Held, Order, Restore, Session, message::Source};
use oxisim_wire::Instant;

use crate::{Enrolled, Hour, LogEntry, Msisdn, Rules, SubscriberId, Summary};

/// The most rows of one page.
pub const PAGE: usize = 50;

/// The server as its operators see it. A call may wait for the store.
pub trait Desk: Send + Sync + 'static {
    /// Subscribers as `filter` wants them, at most [`PAGE`], after `after`, in an order of the store's own. A page may have
    /// fewer, or none, and yet be followed by another.
    fn subscribers(
        &self,
        filter: Filter,
        after: Option<&SubscriberId>,
    ) -> Result<Page<Row, SubscriberId>, DeskError>;

    /// The subscriber with this number.
    fn find(&self, msisdn: &Msisdn) -> Result<Option<SubscriberId>, DeskError>;

    /// All that is known of a subscriber but the contacts.
    fn subscriber(&self, id: &SubscriberId) -> Result<Option<Dossier>, DeskError>;

    /// The complete copy of a phonebook.
    fn copy(&self, id: &SubscriberId, source: Source) -> Result<Option<Held>, DeskError>;

    /// Notes about messages, the latest first, at most [`PAGE`]; of one subscriber or of all. `skip` are left out.
    fn messages(&self, of: Option<&SubscriberId>, skip: usize) -> Result<Page<LogEntry, usize>, DeskError>;

    /// What went through the server in the hours before `now`.
    fn throughput(&self, now: Instant) -> Result<Throughput, DeskError>;

    /// Begins to write the card's copy back; `false` if there is nothing to write.
    fn restore(&self, id: &SubscriberId, now: Instant) -> Result<bool, DeskError>;

    /// Deletes everything of a subscriber for good; `false` if there is nothing.
    fn forget(&self, id: &SubscriberId) -> Result<bool, DeskError>;

    /// Sets how the uploaders of a group's subscribers make their backups, and says of how many. Those whom another server
    /// works for are not meant: that one tells them.
    fn apply(
        &self,
        members: &dyn Fn(&Msisdn) -> bool,
        policy: &Rules,
        now: Instant,
    ) -> Result<u64, DeskError>;
}

/// Which subscribers are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those of whose latest backup blocks are missing.
    Open,
    /// Those whose latest backup is the copy.
    Complete,
    /// Those whose latest backup has come to nothing, or of whom an alarm is known.
    Failed,
}

impl Filter {
    /// Each with its name.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::All, "all"), (Self::Open, "open"), (Self::Complete, "complete"), (Self::Failed, "failed")];

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(filter, _)| *filter)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(filter, _)| *filter == self).map_or("all", |(_, name)| name)
    }
}

/// Rows, and from where the next ones go on, if there are more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins.
    pub next: Option<C>,
}

/// A subscriber in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub id: SubscriberId,
    /// Their number.
    pub msisdn: Msisdn,
    /// Their phonebooks, at least one.
    pub books: Vec<Summary>,
}

/// A subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dossier {
    /// Who.
    pub id: SubscriberId,
    /// Their number.
    pub msisdn: Msisdn,
    /// Their phonebooks in brief.
    pub books: Vec<Summary>,
    /// The latest backup of each phonebook.
    pub sessions: Vec<Session>,
    /// The card, if it has keys.
    pub card: Option<Enrolled>,
    /// The latest restore.
    pub restore: Option<Restore>,
    /// The latest configurations and orders to start.
    pub orders: Vec<Order>,
}

/// What went through the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throughput {
    /// Each hour, the earliest first.
    pub hours: Vec<Hour>,
    /// Subscribers.
    pub subscribers: u64,
    /// Backups of which blocks are missing.
    pub open: u64,
    /// Backups that are the copy.
    pub complete: u64,
    /// Backups that came to nothing.
    pub failed: u64,
    /// Whether there are more subscribers than were counted.
    pub is_partial: bool,
}

/// The server cannot do it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DeskError(pub Box<dyn std::error::Error + Send + Sync>);
