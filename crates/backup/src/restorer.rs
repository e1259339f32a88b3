//! The server's copy on its way back onto a card.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use oxisim_phonebook::Book;
use oxisim_wire::{Duration, Instant};

use crate::{
    BlockSet, Digest, Entry, FromServer,
    block::{Coding, Packer},
    compact::Table,
    message::Source,
    receiver::{Answer, GivenUp, Policy},
    vault::{Held, Vault},
};

/// Octets of a restore message apart from the block.
const OVERHEAD: usize = 1 + 2 + 2 + 2;

/// Time after the last block in which the card must answer.
const ANSWER_WITHIN: Duration = Duration::from_mins(2);

/// Octets that most cards have for an alpha identifier.
const USUAL_ALPHA: usize = 14;

/// Times that the last block is sent once more, in vain.
const PATIENCE: u16 = 10;

/// How a restore stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreStep {
    /// Blocks are being sent, or are awaited to be confirmed.
    Running,
    /// The card has all of it.
    Complete {
        /// Whether its phonebook now equals the server's copy.
        equal: bool,
    },
    /// The card did not answer.
    GivenUp,
}

/// A restore under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// Generation of the copy.
    pub generation: u16,
    /// The table with which the blocks are coded; none if they are plain.
    pub table: Option<u8>,
    /// Blocks that are still to be sent.
    pub todo: BlockSet,
    /// When the next message goes.
    pub due: Option<Instant>,
    /// Times that the last block was sent once more.
    pub asked: u16,
    /// How it stands.
    pub step: RestoreStep,
}

/// Sends a copy to a card: one message at a time, until the card confirms all.
#[derive(Clone, Copy, Debug)]
pub struct Restorer<'a> {
    /// How the server behaves.
    pub policy: &'a Policy,
}

impl Restorer<'_> {
    /// Begins to restore the card's copy; `false` if there is none.
    pub fn start<V: Vault>(self, vault: &mut V, now: Instant) -> Result<bool, V::Error> {
        let Some(held) = vault.held(Source::CARD)? else { return Ok(false) };
        // What the card has coded it can read.
        let table = held.table.filter(|&table| self.policy.tables.get(table).is_some());
        let total = self.blocks(&held.book, table).count() as u16;
        if total == 0 {
            return Ok(false);
        }
        vault.put_restore(&Restore {
            generation: held.generation,
            table,
            todo: BlockSet::full(total),
            due: Some(now),
            asked: 0,
            step: RestoreStep::Running,
        })?;
        Ok(true)
    }

    fn blocks(self, book: &Book, table: Option<u8>) -> impl Iterator<Item = Vec<u8>> {
        blocks(book, table.and_then(|table| self.policy.tables.get(table)))
    }

    /// A time has come: sends what there is to send.
    pub(crate) fn due<V: Vault>(
        self,
        vault: &mut V,
        made: &mut Made,
        now: Instant,
        answer: &mut Answer,
    ) -> Result<(), V::Error> {
        let Some(mut restore) = vault.restore()? else { return Ok(()) };
        if restore.due.is_none_or(|due| due > now) || restore.step != RestoreStep::Running {
            return Ok(());
        }
        if let Some(until) = vault.busy_until(Source::CARD)?.filter(|until| *until > now) {
            // One message at a time: the last is not known to be there.
            restore.due = Some(until);
            return vault.put_restore(&restore);
        }
        let held = vault.held(Source::CARD)?.filter(|held| held.generation == restore.generation);
        let total = restore.todo.total();
        let number = restore.todo.first().unwrap_or(total);
        if restore.todo.is_empty() {
            restore.asked += 1;
        }
        restore.todo.remove(number);
        let wait = if restore.todo.is_empty() { ANSWER_WITHIN } else { self.policy.restore_pace };
        restore.due = Some(now + wait);
        let generation = restore.generation;
        let at = usize::from(number.saturating_sub(1));
        let held = held.filter(|_| restore.asked <= PATIENCE);
        let block = held.and_then(|held| {
            let blocks = made.blocks(held, restore.table, |book| self.blocks(book, restore.table).collect());
            blocks.get(at).cloned()
        });
        if let Some(block) = block {
            answer.messages.push(FromServer::Restore { generation, total, number, block });
        } else {
            restore.step = RestoreStep::GivenUp;
            restore.due = None;
            *made = Made::default();
            answer.given_up.push(GivenUp::Restore { generation });
        }
        vault.put_restore(&restore)
    }

    /// No message is on its way to the card any more.
    pub fn handle_clear<V: Vault>(self, vault: &mut V, now: Instant) -> Result<(), V::Error> {
        let Some(mut restore) = vault.restore()? else { return Ok(()) };
        let Some(due) = restore.due.filter(|_| restore.step == RestoreStep::Running) else { return Ok(()) };
        restore.due = Some(if restore.todo.is_empty() {
            // The card has as long to answer as if it had had the last block at once.
            now + ANSWER_WITHIN
        } else {
            due.min(now + self.policy.restore_pace)
        });
        vault.put_restore(&restore)
    }

    /// The card has said what is missing.
    pub(crate) fn confirmed<V: Vault>(
        self,
        vault: &mut V,
        made: &mut Made,
        generation: u16,
        missing: &BlockSet,
        digest: Digest,
        now: Instant,
    ) -> Result<(), V::Error> {
        let Some(mut restore) = vault.restore()? else { return Ok(()) };
        if restore.generation != generation || restore.step != RestoreStep::Running {
            return Ok(());
        }
        if missing.total() == 0 && restore.table.is_some() {
            // The card has not the table: another one than made the copy, perhaps.
            let held = vault.held(Source::CARD)?.filter(|held| held.generation == generation);
            let total = held.map_or(0, |held| self.blocks(&held.book, None).count() as u16);
            restore.table = None;
            restore.todo = BlockSet::full(total);
            restore.due = Some(now + self.policy.restore_pace);
            return vault.put_restore(&restore);
        }
        if restore.todo.total() != missing.total() {
            return Ok(());
        }
        if missing.is_empty() {
            let equal = vault.held(Source::CARD)?.is_some_and(|held| Digest::of(&held.book) == digest);
            restore.step = RestoreStep::Complete { equal };
            restore.due = None;
            *made = Made::default();
        } else {
            // A card that never gets further is not asked for ever.
            restore.asked = restore.asked.saturating_add(1);
            restore.todo = missing.clone();
            restore.due = Some(now + self.policy.restore_pace);
        }
        vault.put_restore(&restore)
    }
}

/// The blocks of the copy that was written back last, so that they are not made again for each message.
#[derive(Clone, Default)]
pub(crate) struct Made {
    /// The copy, and the table.
    of: Option<(Arc<Held>, Option<u8>)>,
    blocks: Vec<Vec<u8>>,
}

/// Nobody's contacts are shown.
impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

impl Made {
    /// The blocks of a copy with this table, which `make` makes of its book unless they are known.
    fn blocks(
        &mut self,
        held: Arc<Held>,
        table: Option<u8>,
        make: impl FnOnce(&Book) -> Vec<Vec<u8>>,
    ) -> &[Vec<u8>] {
        if self.of.as_ref().is_none_or(|(copy, with)| *with != table || *copy != held) {
            self.blocks = make(&held.book);
            self.of = Some((held, table));
        }
        &self.blocks
    }
}

/// The card does not know of restores.
pub(crate) fn give_up<V: Vault>(vault: &mut V) -> Result<(), V::Error> {
    let Some(mut restore) = vault.restore()? else { return Ok(()) };
    if restore.step == RestoreStep::Running {
        (restore.step, restore.due) = (RestoreStep::GivenUp, None);
    }
    vault.put_restore(&restore)
}

/// The blocks of a copy, made as they are asked for. The same copy gives the same blocks, so they need not be kept. A
/// record of more than seven pieces, which no card has, is left out.
fn blocks(book: &Book, table: Option<&Table>) -> impl Iterator<Item = Vec<u8>> {
    const OCTETS: usize = crate::carriage::CARD_OCTETS - OVERHEAD;
    let coding = table.map_or(Coding::Plain, |table| Coding::Compact(table.clone()));
    // What a compact block presumes of the card; a plain one needs no fill.
    let longest = book.iter().map(|(_, record)| record.alpha.octets().len()).max().unwrap_or(0);
    let alpha = if table.is_some() { longest.clamp(USUAL_ALPHA, 0xFF) as u8 } else { 0 };
    let mut packer = Packer::new(OCTETS, usize::MAX, alpha, &coding);
    let entries = book.iter().map(|(slot, record)| Some(Entry { slot, record: Some(record.clone()) }));
    entries.chain([None]).flat_map(move |entry| match entry {
        Some(entry) => packer.push(entry).unwrap_or_default(),
        None => packer.finish().into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use oxisim_phonebook::{AlphaIdentifier, Record};

    use super::*;
    use crate::{
        MemoryVault,
        compact::{GENERAL, Tables},
        piece::Unpacker,
    };

    fn slots(octets: usize, table: Option<&Table>) -> (usize, Vec<u16>) {
        let record = |octets: usize| Record {
            alpha: AlphaIdentifier::fit(&"n".repeat(octets), octets).alpha,
            number: None,
            additional: Vec::new(),
        };
        let book: Book =
            [(1, record(10)), (2, record(10)), (3, record(octets)), (4, record(10))].into_iter().collect();
        let (blocks, tables): (Vec<_>, _) = (blocks(&book, table).collect(), Tables::default());
        let mut unpacker = Unpacker::new(&tables);
        let entries = blocks.iter().flat_map(|block| unpacker.push(block).unwrap());
        let slots = entries.map(|entry| entry.slot).collect();
        (blocks.len(), slots)
    }

    #[test]
    fn blocks_are_made_once_for_each_copy_and_table() {
        let held =
            |at| Held { generation: 1, at: Instant::from_secs(at), book: Book::default(), table: None };
        let mut made = Made::default();
        let mut makes = |at, table| {
            let mut is_made = false;
            made.blocks(Arc::new(held(at)), table, |_| {
                is_made = true;
                Vec::new()
            });
            is_made
        };
        let asked = [(1, None), (1, None), (1, Some(0)), (2, Some(0)), (2, Some(0)), (1, None)];
        assert_eq!(asked.map(|(at, table)| makes(at, table)), [true, false, true, true, false, true]);
    }

    #[test]
    fn the_blocks_are_dropped_when_the_restore_ends() {
        let (policy, mut made, mut vault) = (Policy::default(), Made::default(), MemoryVault::default());
        let alpha = AlphaIdentifier::fit("Ana", 14).alpha;
        let book: Book = [(1, Record { alpha, number: None, additional: Vec::new() })].into_iter().collect();
        let digest = Digest::of(&book);
        vault.put_held(Source::CARD, &Held { generation: 1, at: Instant::EPOCH, book, table: None }).unwrap();
        let restorer = Restorer { policy: &policy };
        assert!(restorer.start(&mut vault, Instant::EPOCH).unwrap());
        restorer.due(&mut vault, &mut made, Instant::EPOCH, &mut Answer::default()).unwrap();
        assert_eq!(made.blocks.len(), 1);
        let nothing = BlockSet::empty(1);
        restorer.confirmed(&mut vault, &mut made, 1, &nothing, digest, Instant::EPOCH).unwrap();
        assert_eq!(vault.restore().unwrap().unwrap().step, RestoreStep::Complete { equal: true });
        assert!(made.of.is_none() && made.blocks.is_empty());
    }

    #[test]
    fn a_record_beyond_a_message_goes_in_pieces() {
        assert_eq!(slots(241, None), (1 + 3 + 1, [1, 2, 3, 4].into()));
        assert_eq!(slots(241, Some(GENERAL)).1, [1, 2, 3, 4]);
    }

    #[test]
    fn a_record_that_no_card_has_is_left_out_alone() {
        assert_eq!(slots(700, None).1, [1, 2, 4]);
    }
}
