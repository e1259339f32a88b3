//! The applet's array in the card's memory, as who makes and looks at cards sees it.

use alloc::vec;

use oxisim_backup::{
    Journal, State, StorageError, Way,
    security::{Counters, KeySet},
};
use oxisim_card::Card;
use zeroize::Zeroizing;

use super::PhonebookBackup;

/// The name of the applet's persistent array in the card's memory.
const ARRAY: &str = "applet/A0000009994F584953494D01/state";

/// The counters of packets come first.
pub(super) const COUNTERS: Counters = Counters::at(0);

/// Then the card's keys.
pub(super) const KEYS_AT: usize = Counters::OCTETS;

/// Then the uploader's journal.
pub(super) const JOURNAL_AT: usize = KEYS_AT + KeySet::OCTETS;

/// Octets for the blocks of one backup: 255 contacts with two numbers of 40 digits each.
const BLOCK_OCTETS: usize = 16_384;
const MAX_SLOTS: u16 = 255;
const MAX_BLOCKS: u16 = 255;
pub(super) const JOURNAL: Journal = Journal::new(MAX_SLOTS, MAX_BLOCKS);

/// How long the array is.
pub(super) const OCTETS: usize = JOURNAL_AT + JOURNAL.size(BLOCK_OCTETS);

impl PhonebookBackup {
    /// Whether the applet is on a card.
    #[must_use]
    pub fn is_on(card: &Card) -> bool {
        card.memory().find(ARRAY).is_some()
    }

    /// The way of a card's backup that is under way, as its memory says.
    #[must_use]
    pub fn under_way(card: &Card) -> Option<Way> {
        Self::run(card).map(|(_, way)| way)
    }

    /// The number and the way of a card's backup that is under way, as its memory says.
    #[must_use]
    pub fn run(card: &Card) -> Option<(u16, Way)> {
        Self::state(card)?.run.map(|(run, _)| (run.generation, run.way))
    }

    /// How a card's uploader stands, as its memory says.
    #[must_use]
    pub fn state(card: &Card) -> Option<State> {
        let octets = card.memory().read(card.memory().find(ARRAY)?);
        Some(State::of(octets.get(JOURNAL_AT..)?))
    }

    /// Whether a card has ever begun a backup, or knows the number of one.
    #[must_use]
    pub fn has_counted(card: &Card) -> bool {
        Self::state(card).is_some_and(|state| state.last != 0 || state.confirmed.is_some())
    }

    /// The counters of a card's applet: of the last packet that it has sent, and of the last that it has taken.
    #[must_use]
    pub fn counters(card: &Card) -> Option<(u64, u64)> {
        let octets = card.memory().read(card.memory().find(ARRAY)?).get(..KEYS_AT)?;
        Some((COUNTERS.sent(octets).ok()?, COUNTERS.taken(octets).ok()?))
    }

    /// The keys of a card's applet, if it has any.
    #[must_use]
    pub fn keys(card: &Card) -> Option<KeySet> {
        let octets = card.memory().read(card.memory().find(ARRAY)?);
        KeySet::from_octets(octets.get(KEYS_AT..JOURNAL_AT)?.try_into().ok()?)
    }

    /// Gives a card's applet its first keys, or those of another server: from now on it sends and takes what they secure,
    /// and nothing else. Counters go on from what the server knows of the card: that of the last packet that came
    /// (`sent`) and of the last that went to it (`taken`), or 0.
    pub fn personalise_keys(
        card: &mut Card,
        keys: &KeySet,
        sent: u64,
        taken: u64,
    ) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let mut octets = card.memory().read(array).get(..KEYS_AT).unwrap_or_default().to_vec();
        COUNTERS.go_on(sent, taken, &mut octets)?;
        octets.extend(*Zeroizing::new(keys.to_octets()));
        let octets = Zeroizing::new(octets);
        card.memory_mut().write(array, 0, &octets).map_err(|_| StorageError::Failed)
    }

    /// Gives a card's applet keys of a later version. All counters go on.
    pub fn replace_keys(card: &mut Card, keys: &KeySet) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let octets = Zeroizing::new(keys.to_octets());
        card.memory_mut().write(array, KEYS_AT, &*octets).map_err(|_| StorageError::Failed)
    }

    /// Makes the next backup a whole one, whatever was confirmed before.
    pub fn forget_confirmed(card: &mut Card) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let mut octets = card.memory().read(array).get(JOURNAL_AT..).unwrap_or_default().to_vec();
        JOURNAL.forget_confirmed(&mut octets)?;
        card.memory_mut().write(array, JOURNAL_AT, &octets).map_err(|_| StorageError::Failed)
    }

    /// Makes the first backup of a new card number `generation + 1`, for a subscriber who had another card.
    pub fn personalise(card: &mut Card, generation: u16) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let mut journal = vec![0; JOURNAL.size(0)];
        oxisim_backup::personalise(&mut journal, generation)?;
        card.memory_mut().write(array, JOURNAL_AT, &journal).map_err(|_| StorageError::Failed)
    }
}
