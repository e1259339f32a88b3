//! A store that refuses.

use std::sync::Arc;

use oxisim_backup::{
    Held, Order, Restore, Session, Spacing, Vault,
    message::{MessageType, Source},
    security::KeyVersion,
};
use oxisim_wire::Instant;

use super::{
    Account, Enrolled, Hour, Inbound, Letter, LetterStep, LogEntry, Passed, Store, StoreError, Summary,
};
use crate::{Iccid, Msisdn};

/// A [`Store`] over another that refuses one access when it is told to, as a database does that another process has
/// changed meanwhile: for tests of what must survive that.
///
/// An access is each call of an [`Account`], the end of each [`Store::subscriber`], and each [`Store::commit`].
#[derive(Debug)]
pub struct Refusing<S> {
    store: S,
    fuse: Fuse,
}

/// One subscriber's part of a [`Refusing`] store.
pub struct RefusingAccount<'a> {
    account: &'a mut (dyn Account + 'a),
    fuse: &'a mut Fuse,
}

/// How many accesses are left until one is refused; none: none will be.
#[derive(Debug, Default)]
struct Fuse(Option<u32>);

impl Fuse {
    const fn burn(&mut self) -> Result<(), StoreError> {
        match &mut self.0 {
            None => Ok(()),
            Some(0) => {
                self.0 = None;
                Err(StoreError::Conflict)
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl<S> Refusing<S> {
    /// A store that refuses nothing yet.
    pub const fn new(store: S) -> Self {
        Self { store, fuse: Fuse(None) }
    }

    /// Refuses the access after so many others; `None`: none any more.
    pub const fn refuse_after(&mut self, accesses: Option<u32>) {
        self.fuse = Fuse(accesses);
    }

    /// The store itself, to look things up: it refuses nothing.
    pub const fn inner(&mut self) -> &mut S {
        &mut self.store
    }
}

impl std::fmt::Debug for RefusingAccount<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefusingAccount").finish_non_exhaustive()
    }
}

impl<S: Store> Store for Refusing<S> {
    type Account<'a> = RefusingAccount<'a>;

    fn subscriber<T, E: From<StoreError>>(
        &mut self,
        msisdn: &Msisdn,
        work: impl FnOnce(&mut Self::Account<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Self { store, fuse } = self;
        store.subscriber(msisdn, |account| {
            let done = work(&mut RefusingAccount { account, fuse })?;
            fuse.burn()?;
            Ok(done)
        })
    }

    fn begin(&mut self, of: &[Msisdn]) -> Result<(), StoreError> {
        self.store.begin(of)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.fuse.burn().inspect_err(|_| self.store.roll_back())?;
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

impl Vault for RefusingAccount<'_> {
    type Error = StoreError;

    fn session(&mut self, source: Source) -> Result<Option<Session>, StoreError> {
        self.fuse.burn()?;
        self.account.session(source)
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_session(session)
    }

    fn block(&mut self, source: Source, number: u16) -> Result<Option<Vec<u8>>, StoreError> {
        self.fuse.burn()?;
        self.account.block(source, number)
    }

    fn put_block(&mut self, source: Source, number: u16, block: &[u8]) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_block(source, number, block)
    }

    fn held(&mut self, source: Source) -> Result<Option<Arc<Held>>, StoreError> {
        self.fuse.burn()?;
        self.account.held(source)
    }

    fn put_held(&mut self, source: Source, held: &Held) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_held(source, held)
    }

    fn restore(&mut self) -> Result<Option<Restore>, StoreError> {
        self.fuse.burn()?;
        self.account.restore()
    }

    fn put_restore(&mut self, restore: &Restore) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_restore(restore)
    }

    fn order(&mut self, source: Source, kind: MessageType) -> Result<Option<Order>, StoreError> {
        self.fuse.burn()?;
        self.account.order(source, kind)
    }

    fn put_order(&mut self, order: &Order) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_order(order)
    }

    fn spacing(&mut self, source: Source) -> Result<Option<Spacing>, StoreError> {
        self.fuse.burn()?;
        self.account.spacing(source)
    }

    fn put_spacing(&mut self, source: Source, spacing: Option<&Spacing>) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_spacing(source, spacing)
    }

    fn busy_until(&mut self, source: Source) -> Result<Option<Instant>, StoreError> {
        self.fuse.burn()?;
        self.account.busy_until(source)
    }
}

impl Account for RefusingAccount<'_> {
    fn next_counter(&mut self) -> Result<u32, StoreError> {
        self.fuse.burn()?;
        self.account.next_counter()
    }

    fn card(&mut self) -> Result<Option<Enrolled>, StoreError> {
        self.fuse.burn()?;
        self.account.card()
    }

    fn put_card(&mut self, card: &Enrolled) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_card(card)
    }

    fn log(&mut self, entry: &LogEntry) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.log(entry)
    }

    fn alarm(&mut self) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.alarm()
    }

    fn put_off(&mut self, until: Instant) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.put_off(until)
    }

    fn letters(&mut self, source: Source) -> Result<Vec<Letter>, StoreError> {
        self.fuse.burn()?;
        self.account.letters(source)
    }

    fn add_letter(&mut self, source: Source, octets: &[u8]) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.add_letter(source, octets)
    }

    fn set_letter(&mut self, id: u64, step: LetterStep) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.set_letter(id, step)
    }

    fn delete_letter(&mut self, id: u64) -> Result<(), StoreError> {
        self.fuse.burn()?;
        self.account.delete_letter(id)
    }
}
