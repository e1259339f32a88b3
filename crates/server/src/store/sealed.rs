//! The store: accounts in memory over sealed records in a database.

mod batch;
mod enrolment;
mod filing;
mod inbox;
mod leasing;
mod look;
mod opened;
mod rotation;

use std::collections::BTreeMap;

use oxisim_backup::security::KeyVersion;
use oxisim_wire::{Duration, Instant};

use super::{
    Account, Enrolled, Hour, Inbound, LogEntry, Passed, Store, StoreError, StoreKey, Summary,
    account::LoadedAccount,
    records::{CardRow, Id, Records, shard},
    seal::Keyring,
};
use crate::{Iccid, Msisdn};
use batch::{Desk, Unit};
use leasing::Held;

/// How long nothing before the low-watermark is looked for: another process may have written something earlier.
const LOOK_BACK_EVERY: Duration = Duration::from_mins(1);

/// How long a row is put off whose number does not open.
const NAMELESS_PUT_OFF: Duration = Duration::from_mins(24 * 60);

/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// A [`Store`] over a database that keeps sealed records: [`SqliteStore`](super::SqliteStore),
/// [`PostgresStore`](super::PostgresStore).
///
/// A batch loads the records of the subscribers that are named, works on them in memory, and writes what has changed in
/// one transaction. Undoing is dropping what is in memory.
#[derive(Debug)]
pub struct Sealed<R> {
    records: R,
    key: StoreKey,
    keys: Keyring,
    /// What need not be opened again.
    opened: opened::Opened,
    /// The subscribers of the batch.
    units: BTreeMap<Id, Unit>,
    /// The cards of the batch; those that have changed are to be written.
    cards: BTreeMap<Id, (CardRow, bool)>,
    /// Notes about strangers.
    strange: Vec<LogEntry>,
    in_batch: bool,
    inbox: inbox::Inbox,
    /// The shards that are this store's; none: it shares with nobody.
    held: Option<Held>,
    /// Nothing is due before, as far as this process knows.
    low: Option<Instant>,
    looked_back: Instant,
    /// The day for which the database has made room, since the epoch.
    day: Option<u64>,
    /// How far records have been sealed anew.
    resealed: rotation::Progress,
    /// Whose counts of messages are this store's; none: they are not counted.
    writer: Option<i64>,
}

impl<R: Records> Sealed<R> {
    /// Opens what is sealed in a database, or seals a new one.
    pub(super) fn over(mut records: R, key: &StoreKey) -> Result<Self, StoreError> {
        let rows = records.keys()?;
        if !rows.is_empty() {
            return Ok(Self::with(records, key, Keyring::open(&rows, key)?));
        }
        Self::over_new(records, key, Keyring::make()?)
    }

    /// Seals a new database with these keys, unless another has sealed it meanwhile.
    pub(super) fn over_new(mut records: R, key: &StoreKey, mut keys: Keyring) -> Result<Self, StoreError> {
        if !records.put_keys(&[], &keys.rows(key))? {
            keys = Keyring::open(&records.keys()?, key)?;
        }
        Ok(Self::with(records, key, keys))
    }

    fn with(records: R, key: &StoreKey, keys: Keyring) -> Self {
        Self {
            records,
            key: key.clone(),
            keys,
            opened: opened::Opened::default(),
            units: BTreeMap::new(),
            cards: BTreeMap::new(),
            strange: Vec::new(),
            in_batch: false,
            inbox: inbox::Inbox::default(),
            held: None,
            low: None,
            looked_back: Instant::EPOCH,
            day: None,
            resealed: rotation::Progress::default(),
            writer: None,
        }
    }

    /// Counts messages from now on. What each process counts is its own, so that none waits for another's.
    pub(super) fn counting(mut self) -> Self {
        self.writer = Some(self.keys.number());
        self
    }

    /// The database.
    pub(super) const fn records(&self) -> &R {
        &self.records
    }

    pub(super) const fn records_mut(&mut self) -> &mut R {
        &mut self.records
    }

    /// Does `work` on the store, which is a transaction of its own unless a batch is under way.
    fn within<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.in_batch {
            return work(self);
        }
        let result = work(self);
        if result.is_ok() {
            self.write()?;
        }
        self.forget_batch();
        result
    }

    fn shards(&self) -> Option<Vec<u8>> {
        self.held.as_ref().map(Held::shards)
    }
}

impl<R: Records> Store for Sealed<R> {
    type Account<'a> = LoadedAccount<'a>;

    fn subscriber<T, E: From<StoreError>>(
        &mut self,
        msisdn: &Msisdn,
        work: impl FnOnce(&mut LoadedAccount<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.within(|store| {
            let id = store.take_up(msisdn)?;
            let Self { records, keys, opened, units, held, .. } = store;
            let unit = units.get_mut(&id).ok_or(StoreError::NotMine(shard(&id)))?;
            // What fails is undone by itself: the others of the batch stay.
            let mut state = unit.state()?.clone();
            let mut desk = Desk { records, keys, opened, id, exists: unit.is_in_database() };
            let done = work(&mut LoadedAccount::new(&mut state, &mut desk))?;
            // Anybody may look; a batch shall not fail as a whole for one who is another server's.
            if let Some(held) = held
                && held.check(shard(&id)).is_err()
                && state.has_changed_since(unit.state()?)
            {
                return Err(StoreError::NotMine(shard(&id)).into());
            }
            store.strange.append(&mut state.strange);
            unit.put(state);
            Ok(done)
        })
    }

    fn begin(&mut self, of: &[Msisdn]) -> Result<(), StoreError> {
        if self.in_batch {
            return Err(StoreError::InBatch);
        }
        let ids: Vec<(Id, Msisdn)> =
            of.iter().map(|msisdn| (self.keys.subscriber(msisdn), msisdn.clone())).collect();
        self.load(ids)?;
        self.in_batch = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let written = self.write();
        self.forget_batch();
        written
    }

    fn roll_back(&mut self) {
        self.forget_batch();
    }

    fn put_off(&mut self, msisdn: &Msisdn, until: Instant, why: &LogEntry) -> Result<(), StoreError> {
        self.within(|store| {
            let id = store.take_up(msisdn)?;
            let unit = store.units.get_mut(&id).ok_or(StoreError::NotMine(shard(&id)))?;
            if unit.put_off_damaged(until, why) {
                return Ok(());
            }
            store.subscriber(msisdn, |account| {
                account.put_off(until)?;
                account.log(why)
            })
        })
    }

    fn next_due(&mut self) -> Result<Option<Instant>, StoreError> {
        let shards = self.shards();
        self.records.next_due(self.low.unwrap_or(Instant::EPOCH), shards.as_deref())
    }

    fn due(&mut self, now: Instant, limit: u32) -> Result<Vec<Msisdn>, StoreError> {
        self.take_due(now, limit)
    }

    fn subscribers(&mut self) -> Result<Vec<Summary>, StoreError> {
        self.all_summaries()
    }

    fn walk(
        &mut self,
        after: Option<&Msisdn>,
        limit: u32,
    ) -> Result<Vec<(Msisdn, Vec<Summary>)>, StoreError> {
        self.next_summaries(after, limit)
    }

    fn summaries(&mut self, msisdn: &Msisdn) -> Result<Vec<Summary>, StoreError> {
        self.summaries_of(msisdn)
    }

    fn enrol(
        &mut self,
        msisdn: &Msisdn,
        iccid: &Iccid,
        key_version: KeyVersion,
        now: Instant,
    ) -> Result<(), StoreError> {
        self.within(|store| store.enrol_card(msisdn, iccid, key_version, now))
    }

    fn cards(&mut self) -> Result<Vec<(Msisdn, Enrolled)>, StoreError> {
        self.all_cards()
    }

    fn find_card(&mut self, iccid: &Iccid) -> Result<Option<Enrolled>, StoreError> {
        self.within(|store| store.known_card(iccid).map(|(card, _)| card))
    }

    fn card_count(&mut self) -> Result<u64, StoreError> {
        self.records.card_count()
    }

    fn forget(&mut self, msisdn: &Msisdn) -> Result<bool, StoreError> {
        let is_alone = !self.in_batch;
        let forgotten = self.within(|store| store.erase(msisdn))?;
        if forgotten && is_alone {
            self.records.wipe()?;
        }
        Ok(forgotten)
    }

    fn log(&mut self, sender: Option<&Msisdn>, entry: &LogEntry) -> Result<(), StoreError> {
        match sender {
            Some(msisdn) => self.subscriber(msisdn, |account| account.log(entry)),
            None => self.within(|store| {
                store.strange.push(entry.clone());
                Ok(())
            }),
        }
    }

    fn messages(&mut self, msisdn: Option<&Msisdn>, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.latest_notes(msisdn, limit)
    }

    fn trim_log(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError> {
        self.records.trim_notes(before, limit)
    }

    fn traffic(&mut self, from: Instant) -> Result<Vec<Hour>, StoreError> {
        let rows = self.records.traffic(from.as_secs() / HOUR)?;
        let hour = |(hour, incoming, outgoing): (u64, u64, u64)| Hour {
            at: Instant::from_secs(hour.saturating_mul(HOUR)),
            incoming,
            outgoing,
        };
        Ok(rows.into_iter().map(hour).collect())
    }

    fn pass_on(&mut self, to: &Msisdn, what: &Inbound, at: Instant) -> Result<(), StoreError> {
        self.within(|store| store.put_into_inbox(to, what, at))
    }

    fn inbox(&mut self, now: Instant, limit: u32) -> Result<Vec<Passed>, StoreError> {
        self.look_into_inbox(now, limit)
    }

    fn settle(&mut self, passed: &Passed) -> Result<(), StoreError> {
        self.within(|store| {
            store.take_from_inbox(passed);
            Ok(())
        })
    }
}
