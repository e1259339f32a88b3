//! What a terminal that changes a phonebook writes down, so that phones with a copy find out: the change counter,
//! unique identifiers and control information (TS 31.102 §4.4.2.5, §4.4.2.12).

use alloc::{borrow::Cow, vec::Vec};

use super::{
    CardEntry, CardPhonebook,
    sets::{EF_CC, EF_PSC, EF_PUID},
    view::View,
};
use crate::slot::StoreError;

/// What becomes of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It reads as it did.
    Kept,
    /// Its entry has the same name or the same number, and something else.
    Altered,
    /// It has an entry that was not there.
    New,
    /// Its entry goes.
    Gone,
}

impl Fate {
    fn of(before: Option<&CardEntry>, after: Option<&CardEntry>) -> Self {
        match (before, after) {
            (Some(_), None) => Self::Gone,
            (None, Some(_)) => Self::New,
            (Some(before), Some(after)) if before != after => {
                let (name, number) = (before.record.alpha.text(), &before.record.number);
                let same_name = !name.is_empty() && name == after.record.alpha.text();
                let same_number = number.is_some() && *number == after.record.number;
                if same_name || same_number { Self::Altered } else { Self::New }
            }
            _ => Self::Kept,
        }
    }
}

impl CardPhonebook {
    /// What becomes of the slots of `old`, those left out that stay as they are.
    pub(super) fn fates(&self, old: &Self) -> Vec<(u16, Fate)> {
        let entry = |phonebook: &Self, slot| phonebook.entry(slot).ok().flatten();
        let fate = |slot| (slot, Fate::of(entry(old, slot).as_ref(), entry(self, slot).as_ref()));
        (1..=self.slots()).map(fate).filter(|(_, fate)| *fate != Fate::Kept).collect()
    }

    /// Counts what was changed since `old`. Each entry that is new, changed or gone counts one in `EF_CC`; a new one
    /// gets the identifier after the one in `EF_PUID`, and is not hidden.
    ///
    /// If all entries go, or a counter is at its end, `EF_PSC` is counted on, and all else starts anew
    /// (TS 31.102 §4.4.2.12.2).
    pub(super) fn count_changes(&mut self, old: &Self) -> Result<(), StoreError> {
        let fates = self.fates(old);
        if fates.is_empty() {
            return Ok(());
        }
        for &(slot, _) in fates.iter().filter(|(_, fate)| *fate != Fate::Altered) {
            self.change(slot, |view, slot| {
                view.set_uid(slot, NO_UID)?;
                view.set_control(slot, HIDDEN, |_| 0x00)
            })?;
        }
        // What the card has marked because a GSM phone changed it is counted along.
        if self.counter(EF_CC).is_some() {
            for slot in 1..=self.slots() {
                self.change(slot, |view, slot| {
                    view.set_control(slot, CONTROL, |control| control & !MODIFIED)
                })?;
            }
        }
        let nameless: Vec<u16> = fates
            .iter()
            .filter(|(slot, fate)| *fate != Fate::Gone && self.uid(*slot).is_none())
            .map(|(slot, _)| *slot)
            .collect();
        let all_gone = (1..=self.slots()).all(|slot| matches!(self.entry(slot), Ok(None)));
        let changes =
            self.counter(EF_CC).map_or(Some(0), |cc| cc.checked_add(u16::try_from(fates.len()).ok()?));
        let last = self.last_uid(old);
        let uids = last.checked_add(nameless.len() as u16).filter(|&last| last < u16::MAX);
        match (changes, uids) {
            (Some(changes), Some(uids)) if !all_gone => {
                for (slot, uid) in nameless.into_iter().zip(last + 1..) {
                    self.change(slot, |view, slot| view.set_uid(slot, uid))?;
                }
                self.set_counter(EF_CC, changes);
                self.set_counter(EF_PUID, uids);
                Ok(())
            }
            _ => self.start_anew(),
        }
    }

    /// Counts `EF_PSC` on, and gives all entries new identifiers.
    fn start_anew(&mut self) -> Result<(), StoreError> {
        let mut uid = NO_UID;
        for slot in 1..=self.slots() {
            let has_entry = matches!(self.entry(slot), Ok(Some(_)));
            uid += u16::from(has_entry);
            let own = if has_entry { uid } else { NO_UID };
            self.change(slot, |view, slot| view.set_uid(slot, own))?;
        }
        if let Some(octets) = self.body_mut(EF_PSC).and_then(|body| body.first_chunk_mut::<4>()) {
            *octets = u32::from_be_bytes(*octets).wrapping_add(1).to_be_bytes();
        }
        self.set_counter(EF_CC, 1);
        self.set_counter(EF_PUID, uid);
        Ok(())
    }

    /// The highest identifier that an entry has or had.
    fn last_uid(&self, old: &Self) -> u16 {
        let used = (1..=old.slots()).filter_map(|slot| old.uid(slot));
        used.chain(self.counter(EF_PUID)).max().unwrap_or(NO_UID)
    }

    fn uid(&self, slot: u16) -> Option<u16> {
        let (set, slot) = self.locate(slot)?;
        View { set, records: Cow::Borrowed(&self.records) }.uid(slot)
    }

    fn counter(&self, fid: u16) -> Option<u16> {
        let body = self.records.get(&fid).filter(|_| self.layout.counters().contains(&fid))?.first()?;
        body.first_chunk().map(|octets| u16::from_be_bytes(*octets))
    }

    fn set_counter(&mut self, fid: u16, value: u16) {
        if let Some(octets) = self.body_mut(fid).and_then(|body| body.first_chunk_mut()) {
            *octets = value.to_be_bytes();
        }
    }

    fn body_mut(&mut self, fid: u16) -> Option<&mut Vec<u8>> {
        let is_counter = self.layout.counters().contains(&fid);
        self.records.get_mut(&fid).filter(|_| is_counter)?.first_mut()
    }
}

impl View<'_> {
    /// Whether a phone shows an entry only to who knows the hidden key. The octet is the record of `EF_DIR` of the
    /// application that has the key.
    pub fn is_hidden(&self, slot: u16) -> bool {
        let octets = self.set.control.and_then(|file| self.record_of(file, slot));
        octets.and_then(|octets| octets.get(HIDDEN)).is_some_and(|&octet| ![0x00, 0xFF].contains(&octet))
    }

    /// The unique identifier of an entry.
    fn uid(&self, slot: u16) -> Option<u16> {
        let octets = self.record_of(self.set.uid?, slot)?.first_chunk()?;
        Some(u16::from_be_bytes(*octets)).filter(|uid| ![NO_UID, u16::MAX].contains(uid))
    }

    fn set_uid(&mut self, slot: u16, uid: u16) -> Result<(), StoreError> {
        let Some(file) = self.set.uid else { return Ok(()) };
        let Some(mut octets) = self.record_of(file, slot).cloned() else { return Ok(()) };
        let Some(field) = octets.first_chunk_mut() else { return Ok(()) };
        *field = uid.to_be_bytes();
        self.replace(file, slot, octets)
    }

    /// Changes an octet of the control information, if it is in use.
    fn set_control(&mut self, slot: u16, at: usize, change: impl Fn(u8) -> u8) -> Result<(), StoreError> {
        let Some(file) = self.set.control else { return Ok(()) };
        let Some(mut octets) = self.record_of(file, slot).cloned() else { return Ok(()) };
        match octets.get_mut(at) {
            Some(octet) if *octet != 0xFF => *octet = change(*octet),
            _ => return Ok(()),
        }
        self.replace(file, slot, octets)
    }
}

/// The identifier of an entry that has none (TS 31.102 §4.4.2.12.1).
const NO_UID: u16 = 0x0000;

/// Octets of `EF_PBC`: control information, and the application with the hidden key.
const CONTROL: usize = 0;
const HIDDEN: usize = 1;

/// The bit of control information that says that a GSM phone has changed the entry.
const MODIFIED: u8 = 0x01;
