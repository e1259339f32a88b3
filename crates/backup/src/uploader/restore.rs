//! A copy that comes back from the server.

use oxisim_wire::Wire;

use crate::{
    Block, BlockSet, Digest, Fingerprint, ToServer,
    digest::DigestBuilder,
    journal::{Journal, Owed, State},
    uploader::{Failure, Host, PhonebookError},
};

/// One block of a restore, as it came.
pub(super) struct Part<'a> {
    pub generation: u16,
    pub total: u16,
    pub number: u16,
    pub block: &'a [u8],
}

/// What a block of a restore brings about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    /// An answer is owed.
    pub answers: bool,
    /// The restore has just become complete.
    pub completes: bool,
}

/// Writes the block's records into their slots. The answer is due when the last block comes, or when all are there.
pub(super) fn apply(
    journal: Journal,
    state: &mut State,
    part: &Part<'_>,
    host: &mut dyn Host,
) -> Result<Step, Failure> {
    let Part { generation, total, number, block } = *part;
    if total > journal.capacity() {
        return Ok(Step::default());
    }
    let mut received = match state.restore.take() {
        Some((known, received)) if known == generation && received.total() == total => received,
        _ => begin(journal, state, total, host)?,
    };
    let was_full = received.is_full();
    if let (false, Ok(block)) = (received.contains(number), Block::decode(block, "block")) {
        for entry in &block.entries {
            match host.replace(entry.slot, entry.record.as_ref()) {
                // What the card cannot hold is left out; the digest says so.
                Err(PhonebookError::NoSlot | PhonebookError::TooLarge) => continue,
                written => written?,
            }
            // What has been restored is what the server has.
            let fingerprint = Fingerprint::of(entry.record.as_ref());
            journal.confirm_slot(host, entry.slot, fingerprint)?;
        }
        received.insert(number);
    }
    let complete = received.is_full();
    let step = Step { answers: complete || number == total, completes: complete && !was_full };
    if step.answers {
        state.owed.insert(Owed::RESTORED);
    }
    state.restore = Some((generation, received));
    if step.completes {
        // Backups that were begun since keep their numbers.
        if generation.wrapping_sub(state.last) < 0x8000 {
            state.last = generation;
        }
        state.confirmed = Some(generation);
    }
    journal.write(host, state)?;
    Ok(step)
}

/// What there is to say of the restore.
pub(super) fn answer(state: &State, host: &dyn Host) -> Result<ToServer, Failure> {
    let (generation, received) = state.restore.clone().unwrap_or((state.last, BlockSet::empty(0)));
    let digest = if received.is_full() { digest(host)? } else { Digest([0; 8]) };
    Ok(ToServer::Restored { generation, missing: received.complement(), digest })
}

/// Begins a restore: until it is complete no difference can be told, and what it does not bring the server has not.
fn begin(journal: Journal, state: &mut State, total: u16, host: &mut dyn Host) -> Result<BlockSet, Failure> {
    state.confirmed = None;
    state.restore = None;
    journal.write(host, state)?;
    journal.confirm_none(host)?;
    Ok(BlockSet::empty(total))
}

fn digest(host: &dyn Host) -> Result<Digest, Failure> {
    let mut digest = DigestBuilder::default();
    for slot in 1..=host.slots() {
        if let Some(record) = host.record(slot)? {
            digest.add(slot, &record);
        }
    }
    Ok(digest.finish())
}
