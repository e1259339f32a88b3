//! A copy that comes back from the server.

use alloc::vec::Vec;

use crate::{
    Block, BlockSet, Digest, Entry, Fingerprint, ToServer, block,
    compact::Tables,
    digest::DigestBuilder,
    journal::{Journal, Owed, Pieces, State},
    piece::Piece,
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

/// Writes the block's records into their slots. The answer is due when the last block comes, or when all are there; or
/// if the block is coded with none of `tables`.
pub(super) fn apply(
    journal: Journal,
    state: &mut State,
    part: &Part<'_>,
    tables: &Tables,
    host: &mut dyn Host,
) -> Result<Step, Failure> {
    let Part { generation, total, number, block } = *part;
    if total > journal.capacity() {
        return Ok(Step::default());
    }
    if block::table(block).is_some_and(|table| tables.get(table).is_none()) {
        // A restore of no blocks says so.
        state.restore = Some((generation, BlockSet::empty(0)));
        state.owed.insert(Owed::RESTORED);
        journal.write(host, state)?;
        return Ok(Step { answers: true, completes: false });
    }
    let mut received = match state.restore.take() {
        Some((known, received)) if known == generation && received.total() == total => received,
        _ => begin(journal, state, total, host)?,
    };
    let was_full = received.is_full();
    if !received.contains(number)
        && let Some(entries) = entries(journal, state, &mut received, part, tables, host)?
    {
        for entry in &entries {
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

/// The entries of a block: of a piece none, but of the last that comes those of all; none at all if it cannot be read.
fn entries(
    journal: Journal,
    state: &mut State,
    received: &mut BlockSet,
    part: &Part<'_>,
    tables: &Tables,
    host: &mut dyn Host,
) -> Result<Option<Vec<Entry>>, Failure> {
    let decode = |block: &[u8]| Block::decode_with(block, tables).ok().map(|block| block.entries);
    let piece = match Piece::of(part.block) {
        Ok(Some(piece)) => piece,
        Ok(None) => return Ok(decode(part.block)),
        Err(_) => return Ok(None),
    };
    let Some(pieces) = Pieces::around(part.number, piece) else { return Ok(None) };
    let begun = journal.pieces_begun(host)?;
    if begun != pieces {
        // There is room for the pieces of one record: one of which some are missing comes again, all of it.
        if !begun.blocks().all(|number| received.contains(number)) {
            begun.blocks().for_each(|number| received.remove(number));
            state.restore = Some((part.generation, received.clone()));
            journal.write(host, state)?;
        }
        journal.begin_pieces(host, pieces)?;
    }
    let Some(whole) = journal.put_piece(host, piece)? else { return Ok(Some(Vec::new())) };
    let entries = decode(&whole);
    if entries.is_none() {
        // They do not belong together.
        pieces.blocks().for_each(|number| received.remove(number));
    }
    Ok(entries)
}

/// What there is to say of the restore.
pub(super) fn answer(state: &State, host: &dyn Host) -> Result<ToServer, Failure> {
    let (generation, received) = state.restore.clone().unwrap_or((state.last, BlockSet::empty(0)));
    let is_complete = received.is_full() && received.total() > 0;
    let digest = if is_complete { digest(host)? } else { Digest([0; 8]) };
    Ok(ToServer::Restored { generation, missing: received.complement(), digest })
}

/// Begins a restore: until it is complete no difference can be told, and what it does not bring the server has not.
fn begin(journal: Journal, state: &mut State, total: u16, host: &mut dyn Host) -> Result<BlockSet, Failure> {
    state.confirmed = None;
    state.restore = None;
    journal.write(host, state)?;
    journal.confirm_none(host)?;
    journal.begin_pieces(host, Pieces::default())?;
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
