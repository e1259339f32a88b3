//! The shards that a store has.

use std::collections::BTreeMap;

use oxisim_wire::{Duration, Instant};

use super::Sealed;
use crate::{
    Msisdn,
    store::{
        Lease, Leases, StoreError,
        records::{Changes, Records, shard},
    },
};

/// The shards of a store, each with the epoch of its lease.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(BTreeMap<u8, u64>);

impl Held {
    pub fn shards(&self) -> Vec<u8> {
        self.0.keys().copied().collect()
    }

    pub fn check(&self, shard: u8) -> Result<(), StoreError> {
        if self.0.contains_key(&shard) { Ok(()) } else { Err(StoreError::NotMine(shard)) }
    }

    fn leases(&self) -> Vec<(u8, u64)> {
        self.0.iter().map(|(shard, epoch)| (*shard, *epoch)).collect()
    }
}

/// The leases that what is written needs.
pub(super) fn fence(held: &Held, changes: &Changes) -> Result<Vec<(u8, u64)>, StoreError> {
    let written = changes.states.iter().map(|change| shard(&change.row.id));
    let erased = changes.erased.iter().map(|(id, ..)| shard(id));
    let settled = changes.settled.iter().map(|(_, id)| shard(id));
    let mut fence = BTreeMap::new();
    for shard in written.chain(erased).chain(settled) {
        let epoch = held.0.get(&shard).ok_or(StoreError::NotMine(shard))?;
        fence.insert(shard, *epoch);
    }
    Ok(fence.into_iter().collect())
}

impl<R: Records> Leases for Sealed<R> {
    fn shard(&self, msisdn: &Msisdn) -> u8 {
        shard(&self.keys.subscriber(msisdn))
    }

    fn acquire(
        &mut self,
        owner: &str,
        wanted: u16,
        now: Instant,
        span: Duration,
    ) -> Result<Vec<u8>, StoreError> {
        let mut held = self.held.take().unwrap_or_default();
        let taken = self.records.acquire(owner, &held.shards(), wanted, now, now + span);
        if let Ok(taken) = &taken {
            held.0.extend(taken.iter().copied());
        }
        let shards = held.shards();
        self.held = Some(held);
        self.low = None;
        taken.map(|_| shards)
    }

    fn renew(&mut self, now: Instant, span: Duration) -> Result<Vec<u8>, StoreError> {
        let Some(held) = &self.held else { return Ok(Vec::new()) };
        let kept = Held(self.records.renew(&held.leases(), now + span)?.into_iter().collect());
        let shards = kept.shards();
        self.held = Some(kept);
        Ok(shards)
    }

    fn release(&mut self, shards: &[u8]) -> Result<(), StoreError> {
        let Some(held) = &mut self.held else { return Ok(()) };
        let given: Vec<(u8, u64)> =
            shards.iter().filter_map(|shard| held.0.remove(shard).map(|epoch| (*shard, epoch))).collect();
        self.records.release(&given)
    }

    fn leases(&mut self) -> Result<Vec<Lease>, StoreError> {
        self.records.leases()
    }
}
