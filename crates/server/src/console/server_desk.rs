//! A desk over a server.

use std::sync::{Arc, Mutex, PoisonError};

use oxisim_backup::{Command, Held, Standing, message::Source};
use oxisim_wire::Instant;

use super::desk::{Desk, DeskError, Dossier, Filter, PAGE, Page, Row, Throughput};
use crate::{
    Error, Hour, LogEntry, Msisdn, Rules, Server, Store, StoreError, SubscriberId, Summary,
    pseudonym::Pseudonyms,
};

/// Hours of which the throughput is shown.
const HOURS: u64 = 24;

/// Subscribers that are looked at together, so that the server has its turns in between.
const STEP: u32 = 500;

/// The most subscribers that are counted for the figures.
const MOST: u64 = 20_000;

/// Pages of all subscribers that are looked at for one page of those that are wanted.
const STEPS: usize = 100;

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
    names: Pseudonyms,
    store: std::marker::PhantomData<fn(S)>,
}

impl<S: Store + 'static, L: Lender<S>> ServerDesk<S, L> {
    /// A desk over a server. `key` hides the subscribers' numbers in their identifiers: whoever has it can try out
    /// numbers, and with another one all identifiers are others.
    pub fn new(lender: L, key: [u8; 16]) -> Self {
        Self { lender, names: Pseudonyms::new(key), store: std::marker::PhantomData }
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

    fn id(&self, msisdn: &Msisdn) -> SubscriberId {
        self.names.of(msisdn)
    }

    fn msisdn(&self, id: &SubscriberId) -> Option<Msisdn> {
        self.names.msisdn(id)
    }

    /// The next subscribers of whom a phonebook is kept, each with it, and from where it goes on; none: those were the last.
    fn walk(&self, after: Option<&Msisdn>, limit: u32) -> Result<(Vec<Row>, Option<Msisdn>), DeskError> {
        let found = self.with(|server| server.store().walk(after, limit))?;
        let next = found.last().map(|(msisdn, _)| msisdn.clone());
        let found = found.into_iter().filter(|(_, books)| !books.is_empty());
        Ok((found.map(|(msisdn, books)| Row { id: self.id(&msisdn), msisdn, books }).collect(), next))
    }

    fn row(&self, id: &SubscriberId) -> Result<Option<Row>, DeskError> {
        let Some(msisdn) = self.msisdn(id) else { return Ok(None) };
        let books = self.with(|server| server.store().summaries(&msisdn))?;
        Ok(Some(Row { id: *id, msisdn, books }).filter(|row| !row.books.is_empty()))
    }
}

impl<S: Store + 'static, L: Lender<S>> Desk for ServerDesk<S, L> {
    fn subscribers(
        &self,
        filter: Filter,
        after: Option<&SubscriberId>,
    ) -> Result<Page<Row, SubscriberId>, DeskError> {
        let (mut rows, mut next) = (Vec::new(), after.and_then(|after| self.msisdn(after)));
        for _ in 0..STEPS {
            let (found, last) = self.walk(next.as_ref(), PAGE as u32)?;
            let Some(last) = last else { return Ok(Page { rows, next: None }) };
            for row in found.into_iter().filter(|row| passes(filter, row)) {
                if rows.len() == PAGE {
                    let next = rows.last().map(|row: &Row| row.id);
                    return Ok(Page { rows, next });
                }
                rows.push(row);
            }
            next = Some(last);
        }
        Ok(Page { rows, next: next.map(|next| self.id(&next)) })
    }

    fn find(&self, msisdn: &Msisdn) -> Result<Option<SubscriberId>, DeskError> {
        Ok(self.row(&self.id(msisdn))?.map(|row| row.id))
    }

    fn subscriber(&self, id: &SubscriberId) -> Result<Option<Dossier>, DeskError> {
        let Some(Row { id, msisdn, books }) = self.row(id)? else { return Ok(None) };
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
        self.with(|server| server.store().held(&msisdn, source).map(|held| held.map(Arc::unwrap_or_clone)))
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
        let last = now.as_secs() / HOUR;
        let first = last.saturating_sub(HOURS - 1);
        let counted = self.with(|server| server.store().traffic(Instant::from_secs(first * HOUR)))?;
        let hour = |hour: u64| {
            let at = Instant::from_secs(hour * HOUR);
            let silent = Hour { at, incoming: 0, outgoing: 0 };
            counted.iter().find(|counted| counted.at == at).copied().unwrap_or(silent)
        };
        let hours = (first..=last).map(hour).collect();
        let mut throughput = Throughput { hours, ..Throughput::default() };
        let mut next = None;
        while throughput.subscribers < MOST {
            let (rows, last) = self.walk(next.as_ref(), STEP)?;
            let Some(last) = last else { return Ok(throughput) };
            throughput.subscribers += rows.len() as u64;
            let books: Vec<_> = rows.iter().flat_map(|row| &row.books).collect();
            let count = |filter| books.iter().filter(|book| stands(filter, book)).count() as u64;
            throughput.open += count(Filter::Open);
            throughput.complete += count(Filter::Complete);
            throughput.failed += count(Filter::Failed);
            next = Some(last);
        }
        throughput.is_partial = true;
        Ok(throughput)
    }

    fn restore(&self, id: &SubscriberId, now: Instant) -> Result<bool, DeskError> {
        let Some(msisdn) = self.msisdn(id) else { return Ok(false) };
        self.with(|server| server.start_restore(&msisdn, now))
    }

    fn forget(&self, id: &SubscriberId) -> Result<bool, DeskError> {
        let Some(msisdn) = self.msisdn(id) else { return Ok(false) };
        self.with(|server| server.forget(&msisdn))
    }

    fn apply(
        &self,
        members: &dyn Fn(&Msisdn) -> bool,
        policy: &Rules,
        now: Instant,
    ) -> Result<u64, DeskError> {
        let (mut count, mut next) = (0, None);
        loop {
            let (rows, last) = self.walk(next.as_ref(), STEP)?;
            let Some(last) = last else { return Ok(count) };
            for row in rows.into_iter().filter(|row| members(&row.msisdn)) {
                count += self.with(|server| {
                    let set = row.books.iter().try_for_each(|Summary { msisdn, source, .. }| {
                        server.configure(msisdn, *source, &policy.configuration, now)?;
                        server.set_spacing(msisdn, *source, policy.spacing.as_ref())
                    });
                    match set {
                        Ok(()) => Ok(1),
                        Err(Error::Store(StoreError::NotMine(_))) => Ok(0),
                        Err(error) => Err(error),
                    }
                })?;
            }
            next = Some(last);
        }
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
