//! The order in which a changed phonebook is written to a card (TS 31.102 §5.3.1.2).

use alloc::{borrow::Cow, collections::BTreeMap, vec::Vec};

use super::{CardPhonebook, sync::Fate, view::View};
use crate::{
    record::{Ext1Record, FREE_EXT1, is_free},
    slot::{EntryFile, EntryFiles, entry_chains},
};

/// A record, or a file without records, to be written to the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUpdate {
    /// The file.
    pub fid: u16,
    /// The record number, from 1; none for a file without records.
    pub record: Option<u16>,
    /// The whole record, or the whole file.
    pub octets: Vec<u8>,
}

/// When a record is written, among others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Counters: who finds a phonebook half written knows that it has changed.
    Counter,
    /// Extensions that go.
    ExtensionFreed,
    /// Other data that goes.
    Freed,
    /// `EF_IAP` pointing to less.
    Unlinked,
    /// Entries that go.
    EntryFreed,
    /// Entries that are new or changed.
    Entry,
    /// `EF_IAP` pointing to what comes.
    Linked,
    /// Data that comes.
    Data,
    /// Data that this points to: extensions, descriptions, names of groups.
    Shared,
}

impl CardPhonebook {
    /// What is to be written to make a card that holds `old` hold this phonebook, in the order of TS 31.102 §5.3.1.2:
    /// what goes is deleted before what points to it, and its entry last; of what comes, the entry is written first, and
    /// each pointer before what it points to. So whatever a broken write leaves behind is found again, and none of it
    /// stands in another's entry.
    #[must_use]
    pub fn updates_since(&self, old: &Self) -> Vec<FileUpdate> {
        let between = self.what_stays(old);
        let mut updates = between.differences(old);
        updates.extend(self.differences(&between));
        updates
    }

    fn differences(&self, old: &Self) -> Vec<FileUpdate> {
        let mut updates = Vec::new();
        for (&fid, records) in &self.records {
            let is_counter = self.layout.counters().contains(&fid);
            for (number, octets) in (1..=u16::MAX).zip(records) {
                let before = old.records.get(&fid).and_then(|records| records.get(usize::from(number) - 1));
                if before != Some(octets) {
                    let turn = if is_counter {
                        Turn::Counter
                    } else {
                        self.turn(fid, before.map_or(&[], Vec::as_slice), octets)
                    };
                    let record = (!is_counter).then_some(number);
                    updates.push((turn, FileUpdate { fid, record, octets: octets.clone() }));
                }
            }
        }
        updates.sort_by_key(|(turn, _)| *turn);
        updates.into_iter().map(|(_, update)| update).collect()
    }

    fn turn(&self, fid: u16, before: &[u8], octets: &[u8]) -> Turn {
        let any = |is: &dyn Fn(&super::FileSet) -> bool| self.layout.sets.iter().any(is);
        let is_ext1 = any(&|set| set.ext1 == Some(fid));
        let is_shared = any(&|set| [set.ext1, set.descriptions, set.group_names].contains(&Some(fid)));
        let free = is_free(octets) || is_ext1 && matches!(Ext1Record::decode(octets), Ok(None));
        if any(&|set| set.iap == Some(fid)) {
            let comes = octets.iter().zip(before).any(|(after, before)| *after != 0xFF && after != before);
            return if comes { Turn::Linked } else { Turn::Unlinked };
        }
        match (any(&|set| set.adn == fid), free) {
            (true, true) => Turn::EntryFreed,
            (true, false) => Turn::Entry,
            (false, true) if is_ext1 => Turn::ExtensionFreed,
            (false, true) => Turn::Freed,
            (false, false) if is_shared => Turn::Shared,
            (false, false) => Turn::Data,
        }
    }

    /// What of `old` this phonebook keeps or changes: `old` without the data of entries that go, and without what
    /// comes to belong to another entry.
    fn what_stays(&self, old: &Self) -> Self {
        let mut between = old.clone();
        for (slot, fate) in self.fates(old) {
            if fate != Fate::Altered {
                // Records that are not there are not to be cleared.
                let _ = between.change(slot, |view, slot| {
                    for number in entry_chains(view, slot) {
                        view.update(EntryFile::Ext1, number, &FREE_EXT1)?;
                    }
                    let columns: Vec<_> = view.set.columns().copied().collect();
                    columns.iter().try_for_each(|column| view.clear(column, slot))
                });
            }
        }
        let (before, after) = (old.owners(), self.owners());
        for (&(fid, number), owner) in &before {
            if after.get(&(fid, number)).is_none_or(|next| next == owner) {
                continue;
            }
            let records = between.records.get_mut(&fid);
            if let Some(octets) = records.and_then(|records| records.get_mut(usize::from(number) - 1)) {
                let is_ext1 = self.layout.sets.iter().any(|set| set.ext1 == Some(fid));
                octets.fill(0xFF);
                if let Some(kind) = octets.first_mut().filter(|_| is_ext1) {
                    *kind = 0x00;
                }
            }
        }
        between
    }

    /// The slots of the records that something else than their number gives to an entry, by file and record.
    fn owners(&self) -> BTreeMap<(u16, u16), u16> {
        let mut owners = BTreeMap::new();
        for slot in 1..=self.slots() {
            let Some((set, local)) = self.locate(slot) else { continue };
            let view = View { set, records: Cow::Borrowed(&self.records) };
            let linked = set.columns().filter(|column| column.index.is_some());
            owners
                .extend(linked.filter_map(|column| Some(((column.fid, view.linked(column, local)?), slot))));
            let chains = entry_chains(&view, local).into_iter();
            owners
                .extend(set.ext1.into_iter().flat_map(|ext1| chains.clone().map(move |n| ((ext1, n), slot))));
        }
        owners
    }
}
