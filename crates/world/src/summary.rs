//! What a backup meant to the user.

use alloc::{collections::BTreeSet, vec::Vec};

use oxisim_backup::{Block, Piece, ToServer, message::Source};
use oxisim_wire::{Duration, Instant, Wire};

use crate::{Record, What};

/// A burst that pauses for no longer than this is one burst: nothing of the user's gets in between.
const SAME_BURST: Duration = Duration::from_millis(500);

/// Figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Blocks of the backup.
    pub blocks: u16,
    /// The card's and the phone's blocks.
    pub blocks_of: [u16; 2],
    /// Records that the blocks hold.
    pub records: usize,
    /// Deletions that the blocks hold.
    pub deletions: usize,
    /// Messages that card or phone sent.
    pub messages: usize,
    /// Messages that the server sent.
    pub answers: usize,
    /// Bursts of messages with a pause before and after.
    pub subsets: usize,
    /// Pauses that ended.
    pub resumes: usize,
    /// From the user's wish to the server's OK.
    pub elapsed: Duration,
    /// The longest time that the phone was busy.
    pub longest_busy: Duration,
    /// All the time that it was busy.
    pub total_busy: Duration,
    /// Attempts of the user to call somebody.
    pub calls: usize,
    /// Those that found the phone busy.
    pub blocked: usize,
    /// Octets of all TPDUs sent.
    pub octets_sent: usize,
    /// Messages lost on their way.
    pub lost: usize,
}

impl Summary {
    /// Of all that is in the record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let mut summary = Self::default();
        let mut begin: Option<Instant> = None;
        let mut end = None;
        let mut seen = BTreeSet::new();
        for happening in &record.happenings {
            match &happening.what {
                What::Requested { .. } | What::Began { .. } => {
                    begin.get_or_insert(happening.at);
                }
                What::Ended { .. } => end = Some(happening.at),
                What::Sending { message, octets, .. } => {
                    summary.messages += 1;
                    summary.octets_sent += octets;
                    if let Some(ToServer::Blocks(blocks)) = message {
                        let book = usize::from(blocks.backup.source == Source::PHONE);
                        summary.blocks_of[book] = blocks.total;
                        for (number, block) in (blocks.first..).zip(&blocks.blocks) {
                            if seen.insert((blocks.backup, number)) {
                                summary.count_entries(block);
                            }
                        }
                    }
                }
                What::Answered(_) => summary.answers += 1,
                What::Lost { .. } => summary.lost += 1,
                What::Call { blocked } => {
                    summary.calls += 1;
                    summary.blocked += usize::from(*blocked);
                }
                _ => {}
            }
        }
        let busy = busy_stretches(record);
        summary.blocks = summary.blocks_of.iter().sum();
        summary.subsets = busy.len();
        summary.resumes = busy.len().saturating_sub(1);
        summary.longest_busy = busy.iter().map(|(from, to)| to.since(*from)).max().unwrap_or_default();
        summary.total_busy = busy.iter().map(|(from, to)| to.since(*from)).sum();
        let last = record.happenings.last().map(|happening| happening.at);
        summary.elapsed = match (begin, end.or(last)) {
            (Some(begin), Some(end)) => end.since(begin),
            _ => Duration::ZERO,
        };
        summary
    }

    fn count_entries(&mut self, block: &[u8]) {
        if let Ok(Some(piece)) = Piece::of(block) {
            self.records += usize::from(piece.number == piece.count);
            return;
        }
        let entries = Block::decode(block, "block").map(|block| block.entries).unwrap_or_default();
        let deletions = entries.iter().filter(|entry| entry.record.is_none()).count();
        self.deletions += deletions;
        self.records += entries.len() - deletions;
    }
}

/// From when to when the phone was busy with bursts of messages: from the first FETCH of SEND SHORT MESSAGE to the
/// TERMINAL RESPONSE that ends the burst.
#[must_use]
pub fn busy_stretches(record: &Record) -> Vec<(Instant, Instant)> {
    let mut stretches: Vec<(Instant, Instant)> = Vec::new();
    let mut since: Option<Instant> = None;
    for happening in &record.happenings {
        match (&happening.what, since) {
            (What::Busy(true), None) => since = Some(happening.at),
            (What::Busy(false), Some(from)) => {
                since = None;
                match stretches.last_mut() {
                    Some((_, to)) if from.since(*to) <= SAME_BURST => *to = happening.at,
                    _ => stretches.push((from, happening.at)),
                }
            }
            _ => {}
        }
    }
    stretches
}
