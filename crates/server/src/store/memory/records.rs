//! Sealed records in memory.

use std::ops::Bound;

use oxisim_wire::Instant;

use super::{MemoryDatabase, Tables};
use crate::store::{
    Lease, StoreError,
    records::{
        ActRow, CardRow, Changes, Id, InboxRow, KeyRow, NoteRow, PaperRow, Records, Resealed, Row, shard,
    },
};

/// Shards that there are.
const SHARDS: std::ops::RangeInclusive<u8> = 0..=u8::MAX;

/// Sealed records in a database in memory.
#[derive(Debug)]
pub struct MemoryRecords {
    database: MemoryDatabase,
}

impl MemoryRecords {
    pub(super) const fn new(database: MemoryDatabase) -> Self {
        Self { database }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> T {
        work(&mut self.database.lock())
    }
}

impl Records for MemoryRecords {
    fn keys(&mut self) -> Result<Vec<KeyRow>, StoreError> {
        Ok(self.with(|tables| tables.keys.clone()))
    }

    fn put_keys(&mut self, was: &[KeyRow], rows: &[KeyRow]) -> Result<bool, StoreError> {
        Ok(self.with(|tables| {
            let is_same = tables.keys == was;
            if is_same {
                tables.keys = rows.to_vec();
                tables.keys.sort_by_key(|row| row.number);
            }
            is_same
        }))
    }

    fn load(&mut self, ids: &[Id]) -> Result<Vec<Row>, StoreError> {
        Ok(self.with(|tables| ids.iter().filter_map(|id| tables.accounts.get(id).cloned()).collect()))
    }

    fn walk(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<Row>, StoreError> {
        Ok(self.with(|tables| {
            let rows = tables.accounts.range((beyond(after), Bound::Unbounded));
            rows.take(limit as usize).map(|(_, row)| row.clone()).collect()
        }))
    }

    fn blocks(&mut self, of: &Id, source: u8) -> Result<Vec<(u16, Vec<u8>)>, StoreError> {
        Ok(self.with(|tables| {
            let blocks = tables.blocks.range((*of, source, 0)..=(*of, source, u16::MAX));
            blocks.map(|((.., number), sealed)| (*number, sealed.clone())).collect()
        }))
    }

    fn copy(&mut self, of: &Id, source: u8) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.with(|tables| tables.copies.get(&(*of, source)).cloned()))
    }

    fn card(&mut self, card: &Id) -> Result<Option<CardRow>, StoreError> {
        Ok(self.with(|tables| tables.cards.get(card).cloned()))
    }

    fn walk_cards(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<CardRow>, StoreError> {
        Ok(self.with(|tables| {
            let rows = tables.cards.range((beyond(after), Bound::Unbounded));
            rows.take(limit as usize).map(|(_, row)| row.clone()).collect()
        }))
    }

    fn card_count(&mut self) -> Result<u64, StoreError> {
        Ok(self.with(|tables| tables.cards.len() as u64))
    }

    fn notes(&mut self, of: Option<&Id>, limit: u32) -> Result<Vec<NoteRow>, StoreError> {
        Ok(self.with(|tables| match of {
            None => tables.notes.values().rev().take(limit as usize).cloned().collect(),
            Some(of) => {
                let numbers = tables.notes_of.get(&Some(*of)).into_iter().flatten().rev();
                numbers.take(limit as usize).filter_map(|seq| tables.notes.get(seq).cloned()).collect()
            }
        }))
    }

    fn walk_strange(&mut self, after: i64, limit: u32) -> Result<Vec<NoteRow>, StoreError> {
        Ok(self.with(|tables| {
            let numbers = tables.notes_of.get(&None).into_iter().flatten();
            let later = numbers.filter(|seq| **seq > after).take(limit as usize);
            later.filter_map(|seq| tables.notes.get(seq).cloned()).collect()
        }))
    }

    fn trim_notes(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError> {
        Ok(self.with(|tables| {
            let mut old: Vec<_> = tables
                .notes
                .values()
                .filter(|note| note.at < before)
                .map(|note| (note.at, note.seq))
                .collect();
            old.sort_unstable();
            old.truncate(limit as usize);
            for (_, seq) in &old {
                tables.drop_note(*seq);
            }
            let hours: Vec<_> = tables
                .tallies
                .range(..(before.as_secs() / 3_600, i64::MIN))
                .take(limit as usize)
                .map(|(key, _)| *key)
                .collect();
            for key in hours {
                tables.tallies.remove(&key);
            }
            old.len() as u64
        }))
    }

    fn traffic(&mut self, from: u64) -> Result<Vec<(u64, u64, u64)>, StoreError> {
        Ok(self.with(|tables| {
            let mut hours: Vec<(u64, u64, u64)> = Vec::new();
            for ((hour, _), (incoming, outgoing)) in tables.tallies.range((from, i64::MIN)..) {
                match hours.last_mut().filter(|(last, ..)| last == hour) {
                    Some(last) => *last = (*hour, last.1 + incoming, last.2 + outgoing),
                    None => hours.push((*hour, *incoming, *outgoing)),
                }
            }
            hours
        }))
    }

    fn paper(&mut self, drawer: u8, id: &Id) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.with(|tables| tables.papers.get(&(drawer, *id)).cloned()))
    }

    fn walk_papers(
        &mut self,
        drawer: u8,
        after: Option<Id>,
        limit: u32,
    ) -> Result<Vec<PaperRow>, StoreError> {
        Ok(self.with(|tables| {
            let from = after.map_or(Bound::Included((drawer, [0; 16])), |id| Bound::Excluded((drawer, id)));
            let rows = tables.papers.range((from, Bound::Included((drawer, [0xFF; 16]))));
            rows.take(limit as usize)
                .map(|((_, id), sealed)| PaperRow { id: *id, sealed: sealed.clone() })
                .collect()
        }))
    }

    fn swap_paper(
        &mut self,
        key: u32,
        drawer: u8,
        id: &Id,
        was: Option<&[u8]>,
        sealed: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        self.with(|tables| {
            tables.is_latest(key)?;
            let place = (drawer, *id);
            if tables.papers.get(&place).map(Vec::as_slice) != was {
                return Ok(false);
            }
            match sealed {
                Some(sealed) => drop(tables.papers.insert(place, sealed.to_vec())),
                None => drop(tables.papers.remove(&place)),
            }
            Ok(true)
        })
    }

    fn add_acts(&mut self, key: u32, sealed: &[(Instant, Vec<u8>)]) -> Result<(), StoreError> {
        self.with(|tables| {
            tables.is_latest(key)?;
            for (at, sealed) in sealed {
                tables.last_act += 1;
                let seq = tables.last_act;
                tables.audit.insert(seq, ActRow { seq, at: *at, sealed: sealed.clone() });
            }
            Ok(())
        })
    }

    fn acts(&mut self, skip: u64, limit: u32) -> Result<Vec<ActRow>, StoreError> {
        Ok(self.with(|tables| {
            let mut acts: Vec<_> = tables.audit.values().collect();
            acts.sort_unstable_by_key(|act| std::cmp::Reverse((act.at, act.seq)));
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            acts.into_iter().skip(skip).take(limit as usize).cloned().collect()
        }))
    }

    fn walk_acts(&mut self, after: i64, limit: u32) -> Result<Vec<ActRow>, StoreError> {
        Ok(self.with(|tables| {
            let later = tables.audit.range((Bound::Excluded(after), Bound::Unbounded));
            later.take(limit as usize).map(|(_, act)| act.clone()).collect()
        }))
    }

    fn trim_acts(&mut self, before: Instant, kept: u64, limit: u32) -> Result<u64, StoreError> {
        Ok(self.with(|tables| {
            let latest = tables.audit.last_key_value().map_or(0, |(seq, _)| *seq);
            let beyond = latest.saturating_sub(i64::try_from(kept).unwrap_or(i64::MAX));
            let goes = tables.audit.values().filter(|act| act.at < before || act.seq <= beyond);
            let goes: Vec<i64> = goes.take(limit as usize).map(|act| act.seq).collect();
            for seq in &goes {
                tables.audit.remove(seq);
            }
            goes.len() as u64
        }))
    }

    fn due(
        &mut self,
        from: Instant,
        now: Instant,
        shards: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<(Instant, Id)>, StoreError> {
        Ok(self.with(|tables| {
            let due = tables.due.range((from, [0; 16])..).take_while(|(at, _)| *at <= now);
            due.filter(|(_, id)| is_of(shards, id)).take(limit as usize).copied().collect()
        }))
    }

    fn next_due(&mut self, from: Instant, shards: Option<&[u8]>) -> Result<Option<Instant>, StoreError> {
        Ok(self.with(|tables| {
            let mut due = tables.due.range((from, [0; 16])..);
            due.find(|(_, id)| is_of(shards, id)).map(|(at, _)| *at)
        }))
    }

    fn inbox(&mut self, from: i64, shards: Option<&[u8]>, limit: u32) -> Result<Vec<InboxRow>, StoreError> {
        Ok(self.with(|tables| {
            let rows = tables.inbox.range(from..).map(|(_, row)| row);
            rows.filter(|row| is_of(shards, &row.id)).take(limit as usize).cloned().collect()
        }))
    }

    fn inbox_count(&mut self, most: u32) -> Result<u32, StoreError> {
        Ok(self.with(|tables| u32::try_from(tables.inbox.len()).unwrap_or(u32::MAX).min(most)))
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.with(|tables| tables.write(changes))
    }

    fn reseal(&mut self, resealed: &Resealed) -> Result<(), StoreError> {
        self.with(|tables| {
            for (id, source, number, new, old) in &resealed.blocks {
                replace(tables.blocks.get_mut(&(*id, *source, *number)), old, new);
            }
            for (id, source, new, old) in &resealed.copies {
                replace(tables.copies.get_mut(&(*id, *source)), old, new);
            }
            for (seq, new) in &resealed.notes {
                if let Some(note) = tables.notes.get_mut(seq) {
                    note.sealed.clone_from(new);
                }
            }
            for (seq, new) in &resealed.inbox {
                if let Some(row) = tables.inbox.get_mut(seq) {
                    row.sealed.clone_from(new);
                }
            }
            for (id, new, old) in &resealed.numbers {
                replace(tables.accounts.get_mut(id).map(|row| &mut row.number), old, new);
            }
            for (id, new, old) in &resealed.states {
                if let Some(row) = tables.accounts.get_mut(id).filter(|row| row.state == *old) {
                    // Who has loaded the old one does not write it again.
                    row.revision += 1;
                    row.state.clone_from(new);
                }
            }
            for (id, new, old) in &resealed.cards {
                replace(tables.cards.get_mut(id).and_then(|card| card.sealed.as_mut()), old, new);
            }
            for (drawer, id, new, old) in &resealed.papers {
                replace(tables.papers.get_mut(&(*drawer, *id)), old, new);
            }
            for (seq, new) in &resealed.acts {
                if let Some(act) = tables.audit.get_mut(seq) {
                    act.sealed.clone_from(new);
                }
            }
        });
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn turn_day(&mut self, _: Instant) -> Result<(), StoreError> {
        Ok(())
    }

    fn acquire(
        &mut self,
        owner: &str,
        held: &[u8],
        wanted: u16,
        now: Instant,
        until: Instant,
    ) -> Result<Vec<(u8, u64)>, StoreError> {
        Ok(self.with(|tables| {
            let mut taken = Vec::new();
            for shard in SHARDS.filter(|shard| !held.contains(shard)) {
                if taken.len() == usize::from(wanted) {
                    break;
                }
                let lease = tables.leases.entry(shard).or_insert_with(|| nobodys(shard));
                if lease.owner.is_empty() || lease.owner == owner || lease.until <= now {
                    *lease = Lease { shard, owner: owner.into(), epoch: lease.epoch + 1, until };
                    taken.push((shard, lease.epoch));
                }
            }
            taken
        }))
    }

    fn renew(&mut self, leases: &[(u8, u64)], until: Instant) -> Result<Vec<(u8, u64)>, StoreError> {
        Ok(self.with(|tables| {
            let mut kept = Vec::new();
            for (shard, epoch) in leases {
                if let Some(lease) = tables.leases.get_mut(shard).filter(|lease| lease.epoch == *epoch) {
                    lease.until = until;
                    kept.push((*shard, *epoch));
                }
            }
            kept
        }))
    }

    fn release(&mut self, leases: &[(u8, u64)]) -> Result<(), StoreError> {
        self.with(|tables| {
            for (shard, epoch) in leases {
                if let Some(lease) = tables.leases.get_mut(shard).filter(|lease| lease.epoch == *epoch) {
                    *lease = Lease { epoch: *epoch, ..nobodys(*shard) };
                }
            }
        });
        Ok(())
    }

    fn leases(&mut self) -> Result<Vec<Lease>, StoreError> {
        Ok(self
            .with(|tables| tables.leases.values().filter(|lease| !lease.owner.is_empty()).cloned().collect()))
    }
}

const fn nobodys(shard: u8) -> Lease {
    Lease { shard, owner: String::new(), epoch: 0, until: Instant::EPOCH }
}

const fn beyond(after: Option<Id>) -> Bound<Id> {
    match after {
        Some(id) => Bound::Excluded(id),
        None => Bound::Unbounded,
    }
}

fn is_of(shards: Option<&[u8]>, id: &Id) -> bool {
    shards.is_none_or(|shards| shards.contains(&shard(id)))
}

/// Puts what is sealed anew in the place of what it was before, if that is still there.
fn replace(place: Option<&mut Vec<u8>>, old: &[u8], new: &[u8]) {
    if let Some(place) = place.filter(|place| place.as_slice() == old) {
        *place = new.to_vec();
    }
}
