//! What the console asks of the server whose console it is.
//!
//! The pages and the interface know this trait and no store, so that what they show can come from one server in the same
//! process, or from a store that several share.

use std::{fmt, str::FromStr};

use oxisim_backup::{Held, Order, Restore, Session, message::Source};
use oxisim_wire::Instant;

use crate::{Enrolled, Hour, LogEntry, Msisdn, Rules, Summary};

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

/// Stands for a subscriber where others may see it, in addresses and in logs: sixteen octets that tell nothing of the
/// number without the server's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriberId(pub [u8; 16]);

/// A text is no identifier of a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identifier of a subscriber has 32 hexadecimal digits")]
pub struct NoSubscriberId;

impl FromStr for SubscriberId {
    type Err = NoSubscriberId;

    fn from_str(text: &str) -> Result<Self, NoSubscriberId> {
        let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return Err(NoSubscriberId);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| NoSubscriberId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubscriberId({self})")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_one_spelling() {
        let id = SubscriberId(*b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\xFF");
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse(), Ok(id));
        let texts = ["", "00", "+00102030405060708090a0b0c0d0eff", "000102030405060708090A0B0C0D0EFF", "../"];
        for text in texts {
            assert_eq!(text.parse::<SubscriberId>(), Err(NoSubscriberId), "{text}");
        }
    }
}
