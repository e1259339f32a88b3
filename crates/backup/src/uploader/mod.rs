//! The side that has the phonebook.

mod answers;
mod machine;
mod orders;
mod outbox;
mod restore;
mod snapshot;

use alloc::{string::ToString, vec::Vec};

use oxisim_phonebook::Record;
use oxisim_wire::Duration;

pub use machine::Uploader;

use crate::{Estimate, Storage, StorageError, security::KeySet, settings::Way};

/// The phonebook that is backed up.
pub trait Phonebook {
    /// Number of the highest slot; slots count from 1.
    fn slots(&self) -> u16;

    /// Octets that an alpha identifier takes at least, however short the name: those of a card's records.
    fn alpha_octets(&self) -> u8;

    /// The record of a slot; none if it is free.
    fn record(&self, slot: u16) -> Result<Option<Record>, PhonebookError>;

    /// Writes or erases the record of a slot.
    fn replace(&mut self, slot: u16, record: Option<&Record>) -> Result<(), PhonebookError>;
}

/// Why a phonebook could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhonebookError {
    /// There is no such slot.
    #[error("the phonebook has no such slot")]
    NoSlot,
    /// The slot cannot hold the record.
    #[error("the phonebook cannot hold the record")]
    TooLarge,
    /// The phonebook cannot be accessed.
    #[error("the phonebook cannot be accessed")]
    Inaccessible,
}

/// The keys that secure an uploader's messages. Its host keeps and uses them; a phone's application has none.
pub trait Keyring {
    /// The keys in use.
    fn keys(&self) -> Result<Option<KeySet>, StorageError> {
        Ok(None)
    }

    /// Puts others in their place, in one write: whatever is sent or taken from now on is secured with these.
    fn replace_keys(&mut self, _: &KeySet) -> Result<(), StorageError> {
        Err(StorageError::Full)
    }
}

/// What an uploader runs on: a phonebook, keys, and memory that survives.
pub trait Host: Phonebook + Keyring + Storage {}

impl<T: Phonebook + Keyring + Storage> Host for T {}

/// Why a backup starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The user asked for it.
    User,
    /// Its time has come.
    Interval,
}

/// What the user chose, shown both estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All at once.
    Normal,
    /// In subsets.
    Asynchronous,
    /// No backup.
    Refused,
    /// The user did not answer.
    NoAnswer,
}

/// What is to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The pause after a subset is over.
    Pause,
    /// The server has not answered.
    AskAgain,
    /// The phone did not send.
    Retry,
    /// A backup starts by itself.
    Interval,
}

/// What the uploader wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this message to the server, and say what became of it.
    Send(Vec<u8>),
    /// Call [`Uploader::handle_wake`] after this time. Takes the place of an earlier wish.
    Wake {
        /// How long from now.
        after: Duration,
        /// What for.
        why: Wake,
        /// The way of the backup, which says what shall wake it.
        way: Way,
    },
    /// Nothing is to be woken for any more.
    Sleep,
    /// Show both estimates to the user and pass the answer to [`Uploader::handle_choice`].
    Ask(Estimate),
    /// Something that the user may want to know.
    Report(Outcome),
}

/// What became of a backup or restore.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Outcome {
    /// It has begun.
    #[error("Backup of {blocks} blocks started")]
    Started {
        /// Blocks to send.
        blocks: u16,
    },
    /// One is under way already.
    #[error("Backup is running: {sent} of {blocks} blocks sent")]
    Running {
        /// Blocks sent.
        sent: u16,
        /// Blocks in all.
        blocks: u16,
    },
    /// Nothing has changed since the last one.
    #[error("Phonebook has not changed")]
    Unchanged,
    /// The user did not want it.
    #[error("No backup made")]
    Declined,
    /// The server has it all, and its copy equals the snapshot.
    #[error("Backup complete")]
    Complete,
    /// The server has it all, but its copy is another; the next backup will be whole.
    #[error("Backup failed: the copy differs")]
    Differs,
    /// The server did not answer for too long.
    #[error("Backup given up: no answer")]
    GivenUp,
    /// The phone did not send for too long.
    #[error("Backup given up: not sent")]
    NotSent,
    /// The server does not take it, even whole.
    #[error("Backup refused")]
    Refused,
    /// The server speaks no version of the protocol that the uploader does.
    #[error("Backup refused: another version")]
    Unspoken,
    /// The memory or the phonebook failed.
    #[error("Backup failed: {0}")]
    Failed(Failure),
    /// The server is writing its copy onto the card.
    #[error("Backup refused: a restore is under way")]
    Restoring,
    /// A restore is complete.
    #[error("Phonebook restored")]
    Restored,
}

impl Outcome {
    /// Those with which a backup ends, each of them one text.
    const ENDS: [Self; 9] = [
        Self::Unchanged,
        Self::Declined,
        Self::Complete,
        Self::Differs,
        Self::GivenUp,
        Self::NotSent,
        Self::Refused,
        Self::Unspoken,
        Self::Restoring,
    ];

    /// How the texts of [`Failed`](Self::Failed) begin, whatever has failed.
    const FAILED: &str = "Backup failed";

    /// Whether no backup is under way any more when the user is shown this text.
    #[must_use]
    pub fn is_end(text: &str) -> bool {
        text.starts_with(Self::FAILED) || Self::ENDS.iter().any(|end| end.to_string() == text)
    }
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The memory.
    #[error("{0}")]
    Storage(#[from] StorageError),
    /// The phonebook.
    #[error("{0}")]
    Phonebook(#[from] PhonebookError),
    /// A contact is larger than the messages that it may take.
    #[error("contact {0} is larger than seven messages")]
    ContactTooLarge(u16),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_whether_the_backup_has_ended() {
        for (outcome, is_end) in [
            (Outcome::Started { blocks: 3 }, false),
            (Outcome::Running { sent: 1, blocks: 3 }, false),
            (Outcome::Restored, false),
            (Outcome::Unchanged, true),
            (Outcome::Declined, true),
            (Outcome::Complete, true),
            (Outcome::Differs, true),
            (Outcome::GivenUp, true),
            (Outcome::NotSent, true),
            (Outcome::Refused, true),
            (Outcome::Unspoken, true),
            (Outcome::Restoring, true),
            (Outcome::Failed(Failure::Storage(StorageError::Full)), true),
            (Outcome::Failed(Failure::Phonebook(PhonebookError::Inaccessible)), true),
            (Outcome::Failed(Failure::ContactTooLarge(3)), true),
        ] {
            assert_eq!(Outcome::is_end(&outcome.to_string()), is_end, "{outcome}");
        }
        assert!(!Outcome::is_end("You have mail"));
    }
}
