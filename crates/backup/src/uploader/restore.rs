//! A copy that comes back from the server.

use oxisim_wire::Wire;

use crate::{
    Block, BlockSet, Digest, Fingerprint, ToServer,
    digest::DigestBuilder,
    journal::{Journal, State},
    uploader::{Failure, Host, PhonebookError},
};

/// One block of a restore, as it came.
pub(super) struct Part<'a> {
    pub generation: u16,
    pub total: u16,
    pub number: u16,
    pub block: &'a [u8],
}

/// Writes the block's records into their slots. The answer is due when the last block comes, or when all are there;
/// the second result says whether the restore has just become complete.
pub(super) fn apply(
    journal: Journal,
    state: &mut State,
    part: &Part<'_>,
    host: &mut dyn Host,
) -> Result<(Option<ToServer>, bool), Failure> {
    let Part { generation, total, number, block } = *part;
    if total > journal.capacity() {
        return Ok((None, false));
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
    let answer = (complete || number == total)
        .then(|| -> Result<_, Failure> {
            let digest = if complete { self::digest(host)? } else { Digest([0; 8]) };
            Ok(ToServer::Restored { generation, missing: received.complement(), digest })
        })
        .transpose()?;
    state.restore = Some((generation, received));
    if complete && !was_full {
        // Backups that were begun since keep their numbers.
        if generation.wrapping_sub(state.last) < 0x8000 {
            state.last = generation;
        }
        state.confirmed = Some(generation);
    }
    journal.write(host, state)?;
    Ok((answer, complete && !was_full))
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
