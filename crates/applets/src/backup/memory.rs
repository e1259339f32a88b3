//! The applet's array in the card's memory, as who makes and looks at cards sees it.

use alloc::vec;

use oxisim_backup::{Journal, StorageError, Way};
use oxisim_card::Card;

use super::PhonebookBackup;

/// The name of the applet's persistent array in the card's memory.
const ARRAY: &str = "applet/A0000009994F584953494D01/state";

/// The packet counter stands before the uploader's journal.
pub(super) const COUNTER_OCTETS: usize = 4;

/// Octets for the blocks of one backup: 255 contacts with two numbers of 40 digits each.
const BLOCK_OCTETS: usize = 16_384;
const MAX_SLOTS: u16 = 255;
const MAX_BLOCKS: u16 = 255;
pub(super) const JOURNAL: Journal = Journal::new(MAX_SLOTS, MAX_BLOCKS);

/// How long the array is.
pub(super) const OCTETS: usize = COUNTER_OCTETS + JOURNAL.size(BLOCK_OCTETS);

impl PhonebookBackup {
    /// Whether the applet is on a card.
    #[must_use]
    pub fn is_on(card: &Card) -> bool {
        card.memory().find(ARRAY).is_some()
    }

    /// The way of a card's backup that is under way, as its memory says.
    #[must_use]
    pub fn under_way(card: &Card) -> Option<Way> {
        let octets = card.memory().find(ARRAY).map(|array| card.memory().read(array));
        let journal = octets.and_then(|octets| octets.get(COUNTER_OCTETS..)).unwrap_or_default();
        JOURNAL.read(&journal.to_vec()).ok()?.run.map(|(run, _)| run.way)
    }

    /// Makes the next backup a whole one, whatever was confirmed before.
    pub fn forget_confirmed(card: &mut Card) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let mut octets = card.memory().read(array).get(COUNTER_OCTETS..).unwrap_or_default().to_vec();
        JOURNAL.forget_confirmed(&mut octets)?;
        card.memory_mut().write(array, COUNTER_OCTETS, &octets).map_err(|_| StorageError::Failed)
    }

    /// Makes the first backup of a new card number `generation + 1`, for a subscriber who had another card.
    pub fn personalise(card: &mut Card, generation: u16) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let mut journal = vec![0; JOURNAL.size(0)];
        oxisim_backup::personalise(&mut journal, generation)?;
        card.memory_mut().write(array, COUNTER_OCTETS, &journal).map_err(|_| StorageError::Failed)
    }
}
