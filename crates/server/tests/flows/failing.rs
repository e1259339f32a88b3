//! A store that fails.

use std::{cell::Cell, rc::Rc};

use oxisim_backup::{
    Held, Order, Restore, Session, Spacing, Vault,
    message::{MessageType, Source},
    security::KeyVersion,
};
use oxisim_server::{
    Account, Enrolled, Iccid, Letter, LetterStep, LogEntry, Msisdn, Store, StoreError, Summary,
};
use oxisim_wire::Instant;

/// How many accesses are left until one fails; none: no more fails.
pub type Fuse = Rc<Cell<Option<u32>>>;

/// A store whose accesses within transactions fail when a fuse has burnt down.
pub struct Failing<S> {
    pub store: S,
    pub fuse: Fuse,
}

pub struct FailingAccount<'a> {
    account: &'a mut (dyn Account + 'a),
    fuse: Fuse,
}

fn burn(fuse: &Fuse) -> Result<(), StoreError> {
    match fuse.get() {
        None => Ok(()),
        Some(0) => Err(StoreError::Damaged { table: "test", column: "test", value: "burnt".into() }),
        Some(left) => {
            fuse.set(Some(left - 1));
            Ok(())
        }
    }
}

impl<S: Store> Store for Failing<S> {
    type Account<'a> = FailingAccount<'a>;

    fn subscriber<T, E: From<StoreError>>(
        &mut self,
        msisdn: &Msisdn,
        work: impl FnOnce(&mut Self::Account<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Self { store, fuse } = self;
        store.subscriber(msisdn, |account| {
            let result = work(&mut FailingAccount { account, fuse: Rc::clone(fuse) })?;
            // The commit fails too.
            burn(fuse)?;
            Ok(result)
        })
    }

    fn begin(&mut self, of: &[Msisdn]) -> Result<(), StoreError> {
        self.store.begin(of)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
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
}

impl Vault for FailingAccount<'_> {
    type Error = StoreError;

    fn session(&mut self, source: Source) -> Result<Option<Session>, StoreError> {
        burn(&self.fuse)?;
        self.account.session(source)
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_session(session)
    }

    fn block(&mut self, source: Source, number: u16) -> Result<Option<Vec<u8>>, StoreError> {
        burn(&self.fuse)?;
        self.account.block(source, number)
    }

    fn put_block(&mut self, source: Source, number: u16, block: &[u8]) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_block(source, number, block)
    }

    fn held(&mut self, source: Source) -> Result<Option<Held>, StoreError> {
        burn(&self.fuse)?;
        self.account.held(source)
    }

    fn put_held(&mut self, source: Source, held: &Held) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_held(source, held)
    }

    fn restore(&mut self) -> Result<Option<Restore>, StoreError> {
        burn(&self.fuse)?;
        self.account.restore()
    }

    fn put_restore(&mut self, restore: &Restore) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_restore(restore)
    }

    fn order(&mut self, source: Source, kind: MessageType) -> Result<Option<Order>, StoreError> {
        burn(&self.fuse)?;
        self.account.order(source, kind)
    }

    fn put_order(&mut self, order: &Order) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_order(order)
    }

    fn spacing(&mut self, source: Source) -> Result<Option<Spacing>, StoreError> {
        burn(&self.fuse)?;
        self.account.spacing(source)
    }

    fn put_spacing(&mut self, source: Source, spacing: Option<&Spacing>) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_spacing(source, spacing)
    }

    fn busy_until(&mut self, source: Source) -> Result<Option<Instant>, StoreError> {
        burn(&self.fuse)?;
        self.account.busy_until(source)
    }
}

impl Account for FailingAccount<'_> {
    fn next_counter(&mut self) -> Result<u32, StoreError> {
        burn(&self.fuse)?;
        self.account.next_counter()
    }

    fn card(&mut self) -> Result<Option<Enrolled>, StoreError> {
        burn(&self.fuse)?;
        self.account.card()
    }

    fn put_card(&mut self, card: &Enrolled) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_card(card)
    }

    fn log(&mut self, entry: &LogEntry) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.log(entry)
    }

    fn alarm(&mut self) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.alarm()
    }

    fn put_off(&mut self, until: Instant) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.put_off(until)
    }

    fn letters(&mut self, source: Source) -> Result<Vec<Letter>, StoreError> {
        burn(&self.fuse)?;
        self.account.letters(source)
    }

    fn add_letter(&mut self, source: Source, octets: &[u8]) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.add_letter(source, octets)
    }

    fn set_letter(&mut self, id: u64, step: LetterStep) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.set_letter(id, step)
    }

    fn delete_letter(&mut self, id: u64) -> Result<(), StoreError> {
        burn(&self.fuse)?;
        self.account.delete_letter(id)
    }
}
