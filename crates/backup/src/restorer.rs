//! The server's copy on its way back onto a card.

use alloc::vec::Vec;

use oxisim_phonebook::Book;
use oxisim_wire::{Duration, Instant};

use crate::{
    Block, BlockSet, Digest, Entry, FromServer,
    block::{Coding, Packer},
    message::Source,
    receiver::{Answer, GivenUp, Policy},
    vault::Vault,
};

/// Octets of a restore message apart from the block.
const OVERHEAD: usize = 1 + 2 + 2 + 2;

/// Time after the last block in which the card must answer.
const ANSWER_WITHIN: Duration = Duration::from_mins(2);

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
        let total = blocks(&held.book).len() as u16;
        if total == 0 {
            return Ok(false);
        }
        vault.put_restore(&Restore {
            generation: held.generation,
            todo: BlockSet::full(total),
            due: Some(now),
            asked: 0,
            step: RestoreStep::Running,
        })?;
        Ok(true)
    }

    /// A time has come: sends what there is to send.
    pub(crate) fn due<V: Vault>(
        self,
        vault: &mut V,
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
        let mut blocks = held.map(|held| blocks(&held.book)).unwrap_or_default();
        let total = restore.todo.total();
        let number = restore.todo.first().unwrap_or(total);
        if restore.todo.is_empty() {
            restore.asked += 1;
        }
        restore.todo.remove(number);
        let wait = if restore.todo.is_empty() { ANSWER_WITHIN } else { self.policy.restore_pace };
        restore.due = Some(now + wait);
        let is_lost = restore.asked > PATIENCE || blocks.len() != usize::from(total);
        if is_lost {
            restore.step = RestoreStep::GivenUp;
            restore.due = None;
            answer.given_up.push(GivenUp::Restore { generation: restore.generation });
        }
        vault.put_restore(&restore)?;
        if !is_lost && number > 0 {
            let block = blocks.swap_remove(usize::from(number) - 1);
            let generation = restore.generation;
            answer.messages.push(FromServer::Restore { generation, total, number, block });
        }
        Ok(())
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
        generation: u16,
        missing: &BlockSet,
        digest: Digest,
        now: Instant,
    ) -> Result<(), V::Error> {
        let Some(mut restore) = vault.restore()? else { return Ok(()) };
        if restore.generation != generation
            || restore.todo.total() != missing.total()
            || restore.step != RestoreStep::Running
        {
            return Ok(());
        }
        if missing.is_empty() {
            let equal = vault.held(Source::CARD)?.is_some_and(|held| Digest::of(&held.book) == digest);
            restore.step = RestoreStep::Complete { equal };
            restore.due = None;
        } else {
            // A card that never gets further is not asked for ever.
            restore.asked = restore.asked.saturating_add(1);
            restore.todo = missing.clone();
            restore.due = Some(now + self.policy.restore_pace);
        }
        vault.put_restore(&restore)
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

/// The blocks of a copy. The same copy gives the same blocks, so they need not be kept. A record that came coded, and is
/// too long without, is left out.
fn blocks(book: &Book) -> Vec<Vec<u8>> {
    const OCTETS: usize = crate::carriage::CARD_OCTETS - OVERHEAD;
    let mut packer = Packer::new(OCTETS, usize::MAX, 0, &Coding::Plain);
    let mut blocks = Vec::new();
    for (slot, record) in book.iter() {
        let entry = Entry { slot, record: Some(record.clone()) };
        // The packer would lose the block begun with it.
        if Block::new([entry.clone()].into()).plain_len() <= OCTETS {
            blocks.extend(packer.push(entry).ok().flatten());
        }
    }
    blocks.extend(packer.finish());
    blocks
}

#[cfg(test)]
mod tests {
    use oxisim_phonebook::{AlphaIdentifier, Record};

    use super::*;
    use crate::compact::Tables;

    #[test]
    fn a_record_beyond_a_message_is_left_out_alone() {
        let record = |octets: usize| Record {
            alpha: AlphaIdentifier::fit(&"n".repeat(octets), octets).alpha,
            number: None,
            additional: Vec::new(),
        };
        let book: Book =
            [(1, record(10)), (2, record(10)), (3, record(200)), (4, record(10))].into_iter().collect();
        let blocks =
            blocks(&book).into_iter().map(|block| Block::decode_with(&block, &Tables::default()).unwrap());
        let slots: Vec<u16> = blocks.flat_map(|block| block.entries).map(|entry| entry.slot).collect();
        assert_eq!(slots, [1, 2, 4]);
    }
}
