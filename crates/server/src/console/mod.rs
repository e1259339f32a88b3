//! The operator's console: pages for people and an interface for programs, over HTTP.
//!
//! - [`Desk`] is what the console asks of the server, [`ServerDesk`] answers over a [`Server`](crate::Server).
//! - [`Drawers`] is where its own documents are: accounts, sessions, tokens, groups, and the audit log.
//! - [`Vitals`] is what the service knows of itself, for `/metrics` and `/ready`.
//! - [`ROUTES`] is everything that can be asked, with who may ask it. The router, the gate before it, the audit log, the
//!   description of the interface and the test that walks all routes come from this list.
//!
//! The pages have no script, and no address has a subscriber's number: [`SubscriberId`] stands for it. An auditor sees
//! numbers masked and no contacts. What is looked at and done is noted before it is answered.

mod accounts;
mod api;
mod attempts;
mod audit;
mod desk;
mod drawers;
mod exposure;
mod gate;
mod groups;
mod listen;
mod metrics;
mod openapi;
mod pages;
mod problem;
mod routes;
mod server_desk;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use oxisim_wire::Instant;
use tokio::sync::Semaphore;

pub use crate::{
    pseudonym::{NoSubscriberId, SubscriberId},
    store::{Drawer, Hour},
};
pub use accounts::{AccountError, Profile, Role};
pub use audit::Entry;
pub use desk::{Desk, DeskError, Dossier, Filter, PAGE, Page, Row, Throughput};
pub use drawers::{Drawers, MemoryDrawers, ServerDrawers};
pub use exposure::{Exposure, Unsafe};
pub(crate) use groups::rulebook;
pub use groups::{Group, GroupError, Hours, ModeName, Policy};
pub use listen::{ListenError, Listener, Peer, Tls};
pub use metrics::{Kind, Metric, Sample, Vitals};
pub use routes::{ROUTES, Route, Who};
pub use server_desk::{Lender, ServerDesk};

use accounts::Accounts;
use attempts::Attempts;
use gate::Visitor;
use problem::Problem;

/// Work that waits for the store at the same time.
const AT_WORK: usize = 16;

/// Passwords that are hashed at the same time; each takes some 20 MB.
const HASHING: usize = 2;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The console of a server.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    desk: Arc<dyn Desk>,
    drawers: Arc<dyn Drawers>,
    vitals: Arc<dyn Vitals>,
    clock: Clock,
    exposure: Exposure,
    attempts: Mutex<Attempts>,
    at_work: Semaphore,
    hashing: Semaphore,
    /// What makes whoever has it the first operator; none if there are accounts.
    setup_code: Mutex<Option<String>>,
}

impl Console {
    /// A console, if it is safe to open it: on an address that others reach, only with TLS and accounts.
    pub fn new(
        desk: Arc<dyn Desk>,
        drawers: Arc<dyn Drawers>,
        vitals: Arc<dyn Vitals>,
        clock: Clock,
        exposure: Exposure,
    ) -> Result<Self, Unsafe> {
        let accounts = Accounts(&*drawers).all()?;
        exposure.check(accounts.iter().any(|account| account.role == Role::Operator))?;
        audit::trim(&*drawers, clock())?;
        let code = if accounts.is_empty() { Some(accounts::secret()?) } else { None };
        Ok(Self(Arc::new(Inner {
            desk,
            drawers,
            vitals,
            clock,
            exposure,
            attempts: Mutex::default(),
            at_work: Semaphore::new(AT_WORK),
            hashing: Semaphore::new(HASHING),
            setup_code: Mutex::new(code),
        })))
    }

    /// Makes an account without a console, as a command does before the first start.
    pub fn create_account(
        drawers: &dyn Drawers,
        name: &str,
        password: &str,
        role: Role,
        now: Instant,
    ) -> Result<(), AccountError> {
        Accounts(drawers).create(name, password, role, now)
    }

    /// What `/setup` asks for, as long as there is no account: the service shows it to whoever has started it.
    #[must_use]
    pub fn setup_code(&self) -> Option<String> {
        self.0.setup_code.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything that can be asked. Who asks is known by [`Peer`].
    pub fn router(&self) -> Router {
        routes::router(self)
    }

    fn now(&self) -> Instant {
        (self.0.clock)()
    }

    /// Does work that waits for the store, where it holds up nobody else.
    async fn work<T, E>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let _permit = self.0.at_work.acquire().await.map_err(|_| Problem::stopping())?;
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.map_err(|_| Problem::internal("a piece of work has failed"))?.map_err(Into::into)
    }

    /// The same for work that hashes a password.
    async fn hash<T, E>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let _permit = self.0.hashing.acquire().await.map_err(|_| Problem::stopping())?;
        self.work(work).await
    }

    /// Makes an entry of the audit log.
    async fn note(&self, visitor: &Visitor, act: String, subject: Option<String>) -> Result<(), Problem> {
        let entry = Entry {
            at: self.now().as_secs(),
            account: visitor.account.as_ref().map(|account| account.name.clone()),
            from: visitor.from,
            act,
            subject,
        };
        self.work(move |inner| audit::note(&*inner.drawers, &entry)).await
    }
}

impl Inner {
    fn accounts(&self) -> Accounts<'_> {
        Accounts(&*self.drawers)
    }
}

/// A number as an auditor sees it: country code or area, and the last two digits.
fn masked(number: &str) -> String {
    let digits = number.trim_start_matches('+');
    let shown = |range: Option<&str>| range.unwrap_or_default().to_owned();
    if digits.len() < 8 {
        return "+•••".into();
    }
    format!("+{}•••{}", shown(digits.get(..2)), shown(digits.get(digits.len() - 2..)))
}

/// Whether only this machine reaches an address.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
