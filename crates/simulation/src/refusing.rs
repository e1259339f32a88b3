//! A store that refuses a transaction.

use oxisim_backup::security::KeyVersion;
use oxisim_server::{Enrolled, Hour, Iccid, Inbound, LogEntry, Msisdn, Passed, Store, StoreError, Summary};
use oxisim_wire::Instant;

/// A store of which one transaction fails.
#[derive(Debug)]
pub struct Refusing<S> {
    store: S,
    /// Transactions until one fails; none: none will.
    fuse: Option<u32>,
}

impl<S> Refusing<S> {
    /// A store that refuses nothing yet.
    pub const fn new(store: S) -> Self {
        Self { store, fuse: None }
    }

    /// Refuses the transaction after so many others.
    pub const fn refuse_after(&mut self, transactions: Option<u32>) {
        self.fuse = transactions;
    }

    /// The store itself, to look things up: it refuses nothing.
    pub const fn inner(&mut self) -> &mut S {
        &mut self.store
    }

    fn burn(&mut self) -> Result<(), StoreError> {
        match &mut self.fuse {
            None => Ok(()),
            Some(0) => {
                self.fuse = None;
                Err(StoreError::Conflict)
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl<S: Store> Store for Refusing<S> {
    type Account<'a> = S::Account<'a>;

    fn subscriber<T, E: From<StoreError>>(
        &mut self,
        msisdn: &Msisdn,
        work: impl FnOnce(&mut Self::Account<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let verdict = self.burn();
        self.store.subscriber(msisdn, |account| {
            let done = work(account)?;
            verdict?;
            Ok(done)
        })
    }

    fn begin(&mut self, of: &[Msisdn]) -> Result<(), StoreError> {
        self.store.begin(of)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if let Err(error) = self.burn() {
            self.store.roll_back();
            return Err(error);
        }
        self.store.commit()
    }

    fn roll_back(&mut self) {
        self.store.roll_back();
    }

    fn put_off(&mut self, msisdn: &Msisdn, until: Instant, why: &LogEntry) -> Result<(), StoreError> {
        self.store.put_off(msisdn, until, why)
    }

    fn next_due(&mut self) -> Result<Option<Instant>, StoreError> {
        self.store.next_due()
    }

    fn due(&mut self, now: Instant, limit: u32) -> Result<Vec<Msisdn>, StoreError> {
        self.store.due(now, limit)
    }

    fn subscribers(&mut self) -> Result<Vec<Summary>, StoreError> {
        self.store.subscribers()
    }

    fn walk(
        &mut self,
        after: Option<&Msisdn>,
        limit: u32,
    ) -> Result<Vec<(Msisdn, Vec<Summary>)>, StoreError> {
        self.store.walk(after, limit)
    }

    fn summaries(&mut self, msisdn: &Msisdn) -> Result<Vec<Summary>, StoreError> {
        self.store.summaries(msisdn)
    }

    fn enrol(
        &mut self,
        msisdn: &Msisdn,
        iccid: &Iccid,
        key_version: KeyVersion,
        now: Instant,
    ) -> Result<(), StoreError> {
        self.store.enrol(msisdn, iccid, key_version, now)
    }

    fn cards(&mut self) -> Result<Vec<(Msisdn, Enrolled)>, StoreError> {
        self.store.cards()
    }

    fn find_card(&mut self, iccid: &Iccid) -> Result<Option<Enrolled>, StoreError> {
        self.store.find_card(iccid)
    }

    fn card_count(&mut self) -> Result<u64, StoreError> {
        self.store.card_count()
    }

    fn forget(&mut self, msisdn: &Msisdn) -> Result<bool, StoreError> {
        self.store.forget(msisdn)
    }

    fn log(&mut self, sender: Option<&Msisdn>, entry: &LogEntry) -> Result<(), StoreError> {
        self.store.log(sender, entry)
    }

    fn messages(&mut self, msisdn: Option<&Msisdn>, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.store.messages(msisdn, limit)
    }

    fn trim_log(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError> {
        self.store.trim_log(before, limit)
    }

    fn traffic(&mut self, from: Instant) -> Result<Vec<Hour>, StoreError> {
        self.store.traffic(from)
    }

    fn pass_on(&mut self, to: &Msisdn, what: &Inbound, at: Instant) -> Result<(), StoreError> {
        self.store.pass_on(to, what, at)
    }

    fn inbox(&mut self, now: Instant, limit: u32) -> Result<Vec<Passed>, StoreError> {
        self.store.inbox(now, limit)
    }

    fn settle(&mut self, passed: &Passed) -> Result<(), StoreError> {
        self.store.settle(passed)
    }
}
