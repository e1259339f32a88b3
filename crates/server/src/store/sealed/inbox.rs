//! What has come to one server for a subscriber of another's.

use oxisim_wire::{Duration, Instant};

use super::Sealed;
use crate::{
    Msisdn,
    store::{
        Inbound, Passed, StoreError,
        document::{read_passed, write_passed},
        micros,
        records::{Changes, Id, InboxRow, Records},
        seal::Which,
    },
};

/// What waits in the inbox of all servers at most.
const LIMIT: u32 = 100_000;

/// So many numbers before the first row that was found are looked at again: who has a lower number may commit later.
const MARGIN: i64 = 10_000;

/// How often the inbox is looked at from its beginning.
const LOOK_BACK_EVERY: Duration = Duration::from_mins(1);

/// What is passed on, and what is taken, in a batch; and how far the inbox has been looked at.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    new: Vec<(Id, Instant, Vec<u8>)>,
    settled: Vec<(i64, Id)>,
    /// How many more may be passed on in this batch.
    room: Option<u32>,
    low: i64,
    looked_back: Instant,
}

impl Inbox {
    /// The batch is over.
    pub fn forget_batch(&mut self) {
        self.new.clear();
        self.settled.clear();
        self.room = None;
    }

    /// What the batch writes.
    pub fn collect(&mut self, changes: &mut Changes) {
        changes.inbox = std::mem::take(&mut self.new);
        changes.settled = std::mem::take(&mut self.settled);
    }
}

impl<R: Records> Sealed<R> {
    pub(super) fn put_into_inbox(
        &mut self,
        to: &Msisdn,
        what: &Inbound,
        at: Instant,
    ) -> Result<(), StoreError> {
        let room = match self.inbox.room {
            Some(room) => room,
            None => LIMIT.saturating_sub(self.records.inbox_count(LIMIT)?),
        };
        self.inbox.room = Some(room.checked_sub(1).ok_or(StoreError::InboxFull)?);
        let id = self.keys.subscriber(to);
        let sealed = self.keys.seal(&id, Which::Inbox { at: micros(at) }, &write_passed(to, what));
        self.inbox.new.push((id, at, sealed));
        Ok(())
    }

    pub(super) fn look_into_inbox(&mut self, now: Instant, limit: u32) -> Result<Vec<Passed>, StoreError> {
        if now >= self.inbox.looked_back + LOOK_BACK_EVERY || now < self.inbox.looked_back {
            (self.inbox.low, self.inbox.looked_back) = (0, now);
        }
        let shards = self.shards();
        let rows = self.records.inbox(self.inbox.low, shards.as_deref(), limit)?;
        if let Some(first) = rows.first() {
            self.inbox.low = first.seq.saturating_sub(MARGIN).max(self.inbox.low);
        }
        self.know_keys(rows.iter().map(|row| &row.sealed[..]))?;
        let mut found = Vec::new();
        for InboxRow { seq, id, at, sealed } in rows {
            let clear = self.keys.unseal(&id, Which::Inbox { at: micros(at) }, &sealed);
            match clear.and_then(|clear| read_passed(&clear)) {
                Ok((to, what)) => found.push(Passed { number: seq, to, at, what }),
                // Of a later version: a server of that version has it, when it has the shard.
                Err(StoreError::Unreadable { why: crate::store::Unreadable::Newer { .. }, .. }) => {}
                Err(error) => {
                    log::error!("what was passed on is lost: {}", error.brief());
                    let mut changes = Changes { key: self.keys.current(), ..Changes::default() };
                    changes.settled.push((seq, id));
                    self.fenced_write(changes)?;
                }
            }
        }
        Ok(found)
    }

    pub(super) fn take_from_inbox(&mut self, passed: &Passed) {
        self.inbox.settled.push((passed.number, self.keys.subscriber(&passed.to)));
    }
}
