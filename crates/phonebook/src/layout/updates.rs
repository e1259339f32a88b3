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
        let (chains_before, chains) = (old.chains(), self.chains());
        let mut updates = Vec::new();
        for (&fid, records) in &self.records {
            let is_counter = self.layout.counters().contains(&fid);
            for (number, octets) in (1..=u16::MAX).zip(records) {
                let before = old.records.get(&fid).and_then(|records| records.get(usize::from(number) - 1));
                if before == Some(octets) {
                    continue;
                }
                let turn = if is_counter {
                    Turn::Counter
                } else {
                    self.turn(fid, before.map_or(&[], Vec::as_slice), octets)
                };
                // A chain grows from its start, and goes from its end.
                let place = |chains: &Chains| chains.get(&(fid, number)).copied().unwrap_or(0);
                let within = match turn {
                    Turn::ExtensionFreed => usize::MAX - place(&chains_before),
                    _ => place(&chains),
                };
                let record = (!is_counter).then_some(number);
                updates.push((turn, within, FileUpdate { fid, record, octets: octets.clone() }));
            }
        }
        updates.sort_by_key(|(turn, within, _)| (*turn, *within));
        updates.into_iter().map(|(.., update)| update).collect()
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

    /// What of `old` this phonebook keeps or changes: `old` without the data of entries that go, without extensions
    /// that change, and without what comes to belong to another entry. Its counters are the new ones.
    fn what_stays(&self, old: &Self) -> Self {
        let mut between = old.clone();
        for fid in self.layout.counters() {
            between.records.extend(self.records.get(fid).map(|body| (*fid, body.clone())));
        }
        for (slot, fate) in self.fates(old) {
            let goes = fate != Fate::Altered;
            let keeps_chains = !goes && self.chains_of(slot) == old.chains_of(slot);
            // Records that are not there are not to be cleared.
            let _ = between.change(slot, |view, slot| {
                if !keeps_chains {
                    for number in entry_chains(view, slot) {
                        view.update(EntryFile::Ext1, number, &FREE_EXT1)?;
                    }
                }
                let columns: Vec<_> = view.set.columns().filter(|_| goes).copied().collect();
                columns.iter().try_for_each(|column| view.clear(column, slot))
            });
        }
        let after = self.links();
        let moves =
            |(record, owner): &(&(u16, u16), &u16)| after.get(record).is_some_and(|next| next != *owner);
        for (&(fid, number), _) in old.links().iter().filter(moves) {
            let records = between.records.get_mut(&fid);
            let record = records.and_then(|records| records.get_mut(usize::from(number).wrapping_sub(1)));
            if let Some(octets) = record {
                octets.fill(0xFF);
            }
        }
        between
    }

    /// The slots whose octets of `EF_IAP` point to a record, by file and record.
    fn links(&self) -> BTreeMap<(u16, u16), u16> {
        let mut links = BTreeMap::new();
        for slot in 1..=self.slots() {
            let Some((set, local)) = self.locate(slot) else { continue };
            let view = View { set, records: Cow::Borrowed(&self.records) };
            let linked = set.columns().filter(|column| column.index.is_some());
            links.extend(linked.filter_map(|column| Some(((column.fid, view.linked(column, local)?), slot))));
        }
        links
    }

    /// Where extension records stand in the chains of the entries.
    fn chains(&self) -> Chains {
        let mut chains = Chains::new();
        for slot in 1..=self.slots() {
            let Some((set, local)) = self.locate(slot) else { continue };
            let view = View { set, records: Cow::Borrowed(&self.records) };
            let numbers = entry_chains(&view, local).into_iter().enumerate();
            let file = set.ext1.unwrap_or_default();
            chains.extend(numbers.map(|(place, number)| ((file, number), place)));
        }
        chains
    }

    /// The extension records of an entry.
    fn chains_of(&self, slot: u16) -> Vec<(u16, Option<Vec<u8>>)> {
        let Some((set, local)) = self.locate(slot) else { return Vec::new() };
        let view = View { set, records: Cow::Borrowed(&self.records) };
        let numbers = entry_chains(&view, local).into_iter();
        numbers.map(|number| (number, view.record(EntryFile::Ext1, number))).collect()
    }
}

/// The places of extension records in the chains of their entries, by file and record.
type Chains = BTreeMap<(u16, u16), usize>;
