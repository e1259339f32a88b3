//! The shards of one server among several.

use std::collections::BTreeSet;

use oxisim_wire::{Duration, Instant};

use crate::{
    Error,
    store::{Leases, Store},
};

/// How many shards there are.
const SHARDS: usize = 256;

/// Keeps a server's share of the shards: as many as each of the servers that are there gets.
#[derive(Clone, Debug)]
pub struct Keeper {
    owner: String,
    span: Duration,
    next: Instant,
    /// The server holds nothing after this time, whatever it believes.
    until: Instant,
}

impl Keeper {
    /// For a server with a name that no other has.
    #[must_use]
    pub const fn new(owner: String, span: Duration) -> Self {
        Self { owner, span, next: Instant::EPOCH, until: Instant::EPOCH }
    }

    /// Whether the server has shared the shards out: before, it may not work for anybody.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.until > Instant::EPOCH
    }

    /// When [`Keeper::keep`] is due.
    #[must_use]
    pub const fn poll_timeout(&self) -> Instant {
        self.next
    }

    /// Renews the leases, gives up what is too many and takes what is free. How many shards the server has now; none if
    /// it is not yet time.
    pub fn keep<S: Store + Leases>(&mut self, store: &mut S, now: Instant) -> Result<Option<usize>, Error> {
        if now < self.next {
            return Ok(None);
        }
        // A third of the span: two renewals may fail.
        self.next = now + Duration::from_micros(self.span.as_micros() / 3);
        let mut mine = if self.until > now { store.renew(now, self.span)? } else { Vec::new() };
        let others: BTreeSet<String> = store
            .leases()?
            .into_iter()
            .filter(|lease| lease.until > now && lease.owner != self.owner)
            .map(|lease| lease.owner)
            .collect();
        let share = SHARDS.div_ceil(others.len() + 1);
        if mine.len() > share {
            let too_many = mine.split_off(share);
            store.release(&too_many)?;
        } else if mine.len() < share {
            mine = store.acquire(&self.owner, (share - mine.len()) as u16, now, self.span)?;
        }
        if mine.is_empty() {
            // The others have all, and know only of those who have something: one shard is taken over, as if its time
            // were over. They see it, and make room.
            let later = now + self.span.saturating_mul(2);
            store.acquire(&self.owner, 1, later, self.span)?;
            mine = store.renew(now, self.span)?;
        }
        self.until = now + self.span;
        Ok(Some(mine.len()))
    }

    /// Gives up all shards.
    pub fn release<S: Store + Leases>(&self, store: &mut S, now: Instant) -> Result<(), Error> {
        let mine = store.renew(now, self.span)?;
        store.release(&mine)?;
        Ok(())
    }
}
