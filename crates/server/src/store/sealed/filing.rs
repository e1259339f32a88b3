//! The console's documents and its audit log.

use oxisim_wire::Instant;

use super::Sealed;
use crate::store::{
    Drawer, StoreError,
    cabinet::{ACTS, Cabinet},
    document, micros,
    records::{ActRow, Id, Records},
    seal::Which,
};

/// Documents that are loaded at once.
const PAGE: u32 = 1_000;

/// Entries that go with those that come, beyond as many, if there are too many.
const SURPLUS: u32 = 10;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Times that a document is sealed again because there is a later key.
const TRIES: usize = 3;

impl<R: Records> Sealed<R> {
    /// Does `work`, which seals something, again with the latest data key if it was another.
    fn with_latest_key<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for _ in 1..TRIES {
            match work(self) {
                Err(StoreError::OldKey) => self.reload_keys()?,
                done => return done,
            }
        }
        work(self)
    }

    fn open_paper(&self, drawer: Drawer, id: &Id, sealed: &[u8]) -> Result<(String, Vec<u8>), StoreError> {
        let which = Which::Paper { drawer: drawer.number() };
        document::read_paper(&self.keys.unseal(id, which, sealed)?)
    }

    /// What the entries of the audit log of one day have in common.
    pub(super) fn day_of(&self, at: Instant) -> Id {
        self.keys.audit(at.as_secs() / DAY)
    }
}

impl<R: Records> Cabinet for Sealed<R> {
    fn document(&mut self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let id = self.keys.paper(drawer, key);
        let Some(sealed) = self.records.paper(drawer.number(), &id)? else { return Ok(None) };
        self.know_keys(std::iter::once(&sealed[..]))?;
        Ok(Some(self.open_paper(drawer, &id, &sealed)?.1))
    }

    fn documents(&mut self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let rows = self.records.walk_papers(drawer.number(), after, PAGE)?;
            self.know_keys(rows.iter().map(|row| &row.sealed[..]))?;
            for row in &rows {
                all.push(self.open_paper(drawer, &row.id, &row.sealed)?);
            }
            after = rows.last().map(|row| row.id);
            if rows.len() < PAGE as usize {
                all.sort();
                return Ok(all);
            }
        }
    }

    fn swap(
        &mut self,
        drawer: Drawer,
        key: &str,
        was: Option<&[u8]>,
        document: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let id = self.keys.paper(drawer, key);
        let number = drawer.number();
        let known = self.records.paper(number, &id)?;
        self.know_keys(known.iter().map(|sealed| &sealed[..]))?;
        let content = known.as_ref().map(|sealed| self.open_paper(drawer, &id, sealed)).transpose()?;
        if content.as_ref().map(|(_, content)| &content[..]) != was {
            return Ok(false);
        }
        self.with_latest_key(|store| {
            let which = Which::Paper { drawer: number };
            let sealed = document.map(|document| {
                let clear = document::write_paper(key, document);
                store.keys.seal(&id, which, &clear)
            });
            let current = store.keys.current();
            store.records.swap_paper(current, number, &id, known.as_deref(), sealed.as_deref())
        })
    }

    fn add_acts(&mut self, entries: &[(Instant, Vec<u8>)]) -> Result<(), StoreError> {
        self.with_latest_key(|store| {
            let seal = |(at, entry): &(Instant, Vec<u8>)| {
                let day = store.day_of(*at);
                (*at, store.keys.seal(&day, Which::Act { at: micros(*at) }, entry))
            };
            let sealed: Vec<_> = entries.iter().map(seal).collect();
            store.records.add_acts(store.keys.current(), &sealed)
        })?;
        let surplus = u32::try_from(entries.len()).unwrap_or(u32::MAX).saturating_add(SURPLUS);
        self.records.trim_acts(Instant::EPOCH, ACTS, surplus).map(drop)
    }

    fn acts(&mut self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = self.records.acts(skip as u64, u32::try_from(limit).unwrap_or(u32::MAX))?;
        self.know_keys(rows.iter().map(|row| &row.sealed[..]))?;
        let open = |ActRow { at, sealed, .. }: &ActRow| {
            let clear = self.keys.unseal(&self.day_of(*at), Which::Act { at: micros(*at) }, sealed)?;
            Ok(clear.to_vec())
        };
        rows.iter().map(open).collect()
    }

    fn trim_acts(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError> {
        self.records.trim_acts(before, ACTS, limit)
    }
}
