//! A desk over a server.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use aes::{
    Aes128,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use oxisim_backup::{Command, Held, Standing, message::Source};
use oxisim_wire::Instant;

use super::desk::{Desk, DeskError, Dossier, Filter, Hour, PAGE, Page, Row, Rules, SubscriberId, Throughput};
use crate::{Direction, LogEntry, Msisdn, Server, Store, Summary};

/// Hours of which the throughput is shown.
const HOURS: u64 = 24;

/// The most notes that are counted for the throughput.
const COUNTED: u32 = 20_000;

/// Lends a server out, for one piece of work at a time. A service whose server belongs to a thread hands the work over
/// to that and waits.
pub trait Lender<S>: Send + Sync + 'static {
    /// Does `work` with the server.
    fn lend(&self, work: &mut (dyn FnMut(&mut Server<S>) + Send)) -> Result<(), DeskError>;
}

impl<S: Store + Send + 'static> Lender<S> for Mutex<Server<S>> {
    fn lend(&self, work: &mut (dyn FnMut(&mut Server<S>) + Send)) -> Result<(), DeskError> {
        work(&mut self.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}

impl<S: 'static, L: Lender<S>> Lender<S> for std::sync::Arc<L> {
    fn lend(&self, work: &mut (dyn FnMut(&mut Server<S>) + Send)) -> Result<(), DeskError> {
        (**self).lend(work)
    }
}

/// A [`Desk`] over a server that is lent.
pub struct ServerDesk<S, L> {
    lender: L,
    key: [u8; 16],
    store: std::marker::PhantomData<fn(S)>,
}

impl<S: Store + 'static, L: Lender<S>> ServerDesk<S, L> {
    /// A desk over a server. `key` hides the subscribers' numbers in their identifiers: whoever has it can try out
    /// numbers, and with another one all identifiers are others.
    pub const fn new(lender: L, key: [u8; 16]) -> Self {
        Self { lender, key, store: std::marker::PhantomData }
    }

    /// Does `work` with the server.
    fn with<T: Send, E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &self,
        work: impl FnOnce(&mut Server<S>) -> Result<T, E> + Send,
    ) -> Result<T, DeskError> {
        let (mut work, mut done) = (Some(work), None);
        self.lender.lend(&mut |server| {
            if let Some(work) = work.take() {
                done = Some(work(server).map_err(|error| DeskError(error.into())));
            }
        })?;
        done.unwrap_or_else(|| Err(DeskError("the server is stopping".into())))
    }

    /// The number in one half of a block, in the other nothing; enciphered. So it tells nothing without the key, and of
    /// those that somebody makes up one in 2^64 stands for a number.
    fn id(&self, msisdn: &Msisdn) -> SubscriberId {
        let number =
            msisdn.digits().bytes().fold(1, |number: u64, digit| number * 10 + u64::from(digit & 0x0F));
        let mut block = u128::from(number).to_be_bytes().into();
        self.cipher().encrypt_block(&mut block);
        SubscriberId(block.into())
    }

    fn msisdn(&self, id: &SubscriberId) -> Option<Msisdn> {
        let mut block = id.0.into();
        self.cipher().decrypt_block(&mut block);
        let number = u64::try_from(u128::from_be_bytes(block.into())).ok()?;
        number.to_string().strip_prefix('1')?.parse().ok()
    }

    fn cipher(&self) -> Aes128 {
        Aes128::new(&self.key.into())
    }

    /// All subscribers by their identifiers.
    fn known(&self) -> Result<BTreeMap<SubscriberId, Row>, DeskError> {
        let mut known = BTreeMap::<_, Row>::new();
        for summary in self.with(|server| server.store().subscribers())? {
            let (id, msisdn) = (self.id(&summary.msisdn), summary.msisdn.clone());
            known.entry(id).or_insert(Row { id, msisdn, books: Vec::new() }).books.push(summary);
        }
        Ok(known)
    }
}

impl<S: Store + 'static, L: Lender<S>> Desk for ServerDesk<S, L> {
    fn subscribers(
        &self,
        filter: Filter,
        after: Option<&SubscriberId>,
    ) -> Result<Page<Row, SubscriberId>, DeskError> {
        let known = self.known()?.into_values();
        let wanted = known.filter(|row| after.is_none_or(|after| row.id > *after) && passes(filter, row));
        let mut rows: Vec<_> = wanted.take(PAGE + 1).collect();
        let has_more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| has_more).map(|row| row.id);
        Ok(Page { rows, next })
    }

    fn find(&self, msisdn: &Msisdn) -> Result<Option<SubscriberId>, DeskError> {
        let id = self.id(msisdn);
        Ok(self.known()?.contains_key(&id).then_some(id))
    }

    fn subscriber(&self, id: &SubscriberId) -> Result<Option<Dossier>, DeskError> {
        let Some(Row { id, msisdn, books }) = self.known()?.remove(id) else { return Ok(None) };
        self.with(|server| -> Result<_, crate::Error> {
            let (mut sessions, mut orders) = (Vec::new(), Vec::new());
            for source in Source::ALL {
                for kind in Command::KINDS {
                    orders.extend(server.order_status(&msisdn, *source, kind)?);
                }
            }
            let restore = server.restore_status(&msisdn)?;
            let card = server.store().subscriber(&msisdn, |account| {
                for source in Source::ALL {
                    sessions.extend(oxisim_backup::Vault::session(account, *source)?);
                }
                crate::Account::card(account)
            })?;
            Ok(Some(Dossier { id, msisdn, books, sessions, card, restore, orders }))
        })
    }

    fn copy(&self, id: &SubscriberId, source: Source) -> Result<Option<Held>, DeskError> {
        let Some(msisdn) = self.msisdn(id) else { return Ok(None) };
        self.with(|server| server.store().held(&msisdn, source))
    }

    fn messages(&self, of: Option<&SubscriberId>, skip: usize) -> Result<Page<LogEntry, usize>, DeskError> {
        let msisdn = of.map(|id| self.msisdn(id));
        let Some(msisdn) = msisdn.map_or(Some(None), |found| found.map(Some)) else {
            return Ok(Page { rows: Vec::new(), next: None });
        };
        let limit = u32::try_from(skip.saturating_add(PAGE + 1)).unwrap_or(u32::MAX);
        let mut rows = self.with(|server| server.store().messages(msisdn.as_ref(), limit))?;
        rows.drain(..skip.min(rows.len()));
        let has_more = rows.len() > PAGE;
        rows.truncate(PAGE);
        Ok(Page { rows, next: has_more.then_some(skip.saturating_add(PAGE)) })
    }

    fn throughput(&self, now: Instant) -> Result<Throughput, DeskError> {
        const HOUR: u64 = 3_600;
        let known = self.known()?;
        let entries = self.with(|server| server.store().messages(None, COUNTED))?;
        let last = now.as_secs() / HOUR;
        let first = last.saturating_sub(HOURS - 1);
        let hour = |hour: u64| Hour { at: Instant::from_secs(hour * HOUR), incoming: 0, outgoing: 0 };
        let mut hours: Vec<_> = (first..=last).map(hour).collect();
        for entry in entries {
            let place = (entry.at.as_secs() / HOUR).checked_sub(first);
            let place = place.and_then(|place| usize::try_from(place).ok());
            if let Some(hour) = place.and_then(|place| hours.get_mut(place)) {
                match entry.direction {
                    Direction::In => hour.incoming += 1,
                    Direction::Out => hour.outgoing += 1,
                }
            }
        }
        let books: Vec<_> = known.values().flat_map(|row| &row.books).collect();
        let count = |filter| books.iter().filter(|book| stands(filter, book)).count() as u64;
        Ok(Throughput {
            hours,
            subscribers: known.len() as u64,
            open: count(Filter::Open),
            complete: count(Filter::Complete),
            failed: count(Filter::Failed),
        })
    }

    fn restore(&self, id: &SubscriberId, now: Instant) -> Result<bool, DeskError> {
        let Some(msisdn) = self.msisdn(id) else { return Ok(false) };
        self.with(|server| server.start_restore(&msisdn, now))
    }

    fn forget(&self, id: &SubscriberId) -> Result<bool, DeskError> {
        let Some(msisdn) = self.msisdn(id) else { return Ok(false) };
        self.with(|server| server.store().forget(&msisdn))
    }

    fn apply(
        &self,
        members: &dyn Fn(&Msisdn) -> bool,
        policy: &Rules,
        now: Instant,
    ) -> Result<u64, DeskError> {
        let mut count = 0;
        for row in self.known()?.into_values().filter(|row| members(&row.msisdn)) {
            self.with(|server| -> Result<_, crate::Error> {
                for Summary { msisdn, source, .. } in &row.books {
                    server.configure(msisdn, *source, &policy.configuration, now)?;
                    server.set_spacing(msisdn, *source, policy.spacing.as_ref())?;
                }
                Ok(())
            })?;
            count += 1;
        }
        Ok(count)
    }
}

/// Whether a subscriber is one of those that are wanted.
fn passes(filter: Filter, row: &Row) -> bool {
    let has_alarm = filter == Filter::Failed && row.books.iter().any(|book| book.alarms > 0);
    filter == Filter::All || has_alarm || row.books.iter().any(|book| stands(filter, book))
}

/// Whether the latest backup of a phonebook stands so.
fn stands(filter: Filter, book: &Summary) -> bool {
    let Some(latest) = &book.latest else { return false };
    filter
        == match latest.standing {
            Standing::Open => Filter::Open,
            Standing::Complete(_) => Filter::Complete,
            Standing::Differs(_) | Standing::Refused | Standing::Abandoned(_) => Filter::Failed,
        }
}
