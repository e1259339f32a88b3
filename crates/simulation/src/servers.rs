//! The backup server, or two of them, on one database.

use std::{
    collections::{HashSet, VecDeque},
    convert::Infallible,
};

use oxisim_backup::{DeliveryReport, Esme, Held, Outgoing, Policy, Session, Vault, message::Source};
use oxisim_server::{
    Error, MasterKey, MemoryDatabase, MemoryStore, Msisdn, Server, Store, StoreError, store::Refusing,
};
use oxisim_sms::{Address, UserData};
use oxisim_wire::{Duration, Instant};

/// How long it takes until what failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Servers as an SMS centre sees them. They can be killed between any two steps, their store refuses what it is told to
/// refuse, and their clock can be wrong; what was not acknowledged comes again, as it does over SMPP.
pub struct Servers {
    database: MemoryDatabase,
    policy: Policy,
    master: Option<MasterKey>,
    seed: u64,
    running: Vec<Server<Refusing<MemoryStore>>>,
    /// Whose turn it is.
    turn: usize,
    /// Steps until all are killed.
    killed_after: Option<u32>,
    /// How much their clock is slow.
    slow: Duration,
    /// What they have sent.
    pub(crate) sent: Vec<UserData>,
    /// Messages that somebody has made up: none has an effect when it comes.
    void: HashSet<Vec<u8>>,
    /// The effect that one had all the same.
    effect: Option<String>,
    /// What came and was not acknowledged.
    again: VecDeque<Input>,
    /// Nothing is done before this time, because something has failed.
    quiet_until: Instant,
}

/// What comes to a server.
#[derive(Clone, Debug)]
enum Input {
    Message(Address, UserData),
    Report(Address, u64, DeliveryReport),
    Receipt(Address, u64, UserData),
}

impl Servers {
    /// One server, on a new database.
    ///
    /// # Errors
    /// The store's, which a database in memory never has.
    pub fn new(policy: Policy, master: Option<MasterKey>, seed: u64) -> Result<Self, StoreError> {
        let mut servers = Self {
            database: MemoryDatabase::default(),
            policy,
            master,
            seed,
            running: Vec::new(),
            turn: 0,
            killed_after: None,
            slow: Duration::ZERO,
            sent: Vec::new(),
            void: HashSet::new(),
            effect: None,
            again: VecDeque::new(),
            quiet_until: Instant::EPOCH,
        };
        servers.start()?;
        Ok(servers)
    }

    /// Another server on the same database.
    ///
    /// # Errors
    /// As for [`Servers::new`].
    pub fn start(&mut self) -> Result<(), StoreError> {
        let store = Refusing::new(MemoryStore::open_seeded(&self.database, self.seed)?);
        self.seed = self.seed.wrapping_add(1);
        let server = Server::new(store, self.policy.clone(), self.seed);
        self.running.push(match self.master.clone() {
            Some(master) => server.with_master_key(master),
            None => server,
        });
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.running.len()
    }

    /// One of them, to look things up.
    #[must_use]
    pub fn server(&mut self) -> Option<&mut Server<Refusing<MemoryStore>>> {
        self.running.first_mut()
    }

    /// The complete copy of a subscriber's card.
    #[must_use]
    pub fn held(&mut self, of: &Msisdn) -> Option<Held> {
        self.server()?.store().inner().held(of, Source::CARD).ok().flatten()
    }

    /// The latest backup of a subscriber's card.
    #[must_use]
    pub fn session(&mut self, of: &Msisdn) -> Option<Session> {
        let store = self.server()?.store().inner();
        let session: Result<_, StoreError> = store.subscriber(of, |account| account.session(Source::CARD));
        session.ok().flatten()
    }

    /// This message is none of the subscriber's.
    pub fn expect_no_effect(&mut self, of: &UserData) {
        self.void.insert(of.to_octets());
    }

    /// The effect that a message had which should have none.
    #[must_use]
    pub fn effect(&self) -> Option<String> {
        self.effect.clone()
    }

    /// What a message could change: the copy, and how far the next one has come.
    fn state(&mut self, of: &Address) -> Option<(Option<Held>, Option<Session>)> {
        let of = Msisdn::try_from(of).ok()?;
        let done: Result<_, StoreError> = self
            .server()?
            .store()
            .inner()
            .subscriber(&of, |account| Ok((account.held(Source::CARD)?, account.session(Source::CARD)?)));
        done.ok()
    }

    /// All are killed after so many more steps, and begin anew.
    pub const fn kill_after(&mut self, steps: u32) {
        self.killed_after = Some(steps);
    }

    /// The store refuses the access after so many others.
    pub fn refuse_after(&mut self, accesses: u32) {
        if let Some(server) = self.server() {
            server.store().refuse_after(Some(accesses));
        }
    }

    /// Their clock is slow from now on.
    pub const fn set_slow(&mut self, slow: Duration) {
        self.slow = slow;
    }

    /// Nothing goes wrong with them any more, but that what they lost is lost.
    pub fn heal(&mut self) {
        self.killed_after = None;
        self.slow = Duration::ZERO;
        for server in &mut self.running {
            server.store().refuse_after(None);
        }
    }

    /// A step of theirs is about to be done: or this is where they are killed.
    fn step(&mut self) {
        match &mut self.killed_after {
            None => {}
            Some(0) => {
                self.killed_after = None;
                let count = self.running.len();
                self.running.clear();
                for _ in 0..count {
                    // A database in memory always opens.
                    let _ = self.start();
                }
            }
            Some(left) => *left -= 1,
        }
    }

    fn take(&mut self, input: Input, now: Instant) {
        self.step();
        let void = match &input {
            Input::Message(from, user_data) if self.void.contains(&user_data.to_octets()) => {
                Some(from.clone())
            }
            _ => None,
        };
        let before = void.as_ref().and_then(|from| self.state(from));
        let clock = self.clock(now);
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn.checked_rem(self.running.len()).unwrap_or(0);
        let Some(server) = self.running.get_mut(turn) else { return };
        let done = match &input {
            Input::Message(from, user_data) => server.handle_message(from, user_data, clock),
            Input::Report(to, reference, report) => server.handle_report(to, *reference, *report, clock),
            Input::Receipt(to, reference, user_data) => {
                Esme::handle_receipt(server, to, *reference, user_data, clock)
            }
        };
        let is_done = done.is_ok();
        if let Some(from) = void {
            let after = self.state(&from);
            if before != after {
                self.effect = Some(format!("{after:?} after {before:?}"));
            }
        }
        if !is_done {
            self.quiet_until = now + AGAIN_AFTER;
            self.again.push_back(input);
        }
    }

    /// What they take for the time.
    fn clock(&self, now: Instant) -> Instant {
        Instant::from_micros(now.as_micros().saturating_sub(self.slow.as_micros()))
    }

    fn next_timeout(&mut self) -> Result<Option<Instant>, Error> {
        let mut next = None;
        for server in &mut self.running {
            let at = server.poll_timeout()?.map(|at| at + self.slow);
            next = [next, at].into_iter().flatten().min();
        }
        Ok(next)
    }
}

impl Esme for Servers {
    type Error = Infallible;

    fn handle_message(
        &mut self,
        from: &Address,
        user_data: &UserData,
        now: Instant,
    ) -> Result<(), Infallible> {
        self.take(Input::Message(from.clone(), user_data.clone()), now);
        Ok(())
    }

    fn handle_report(
        &mut self,
        to: &Address,
        reference: u64,
        report: DeliveryReport,
        now: Instant,
    ) -> Result<(), Infallible> {
        self.take(Input::Report(to.clone(), reference, report), now);
        Ok(())
    }

    fn handle_receipt(
        &mut self,
        to: &Address,
        reference: u64,
        user_data: &UserData,
        now: Instant,
    ) -> Result<(), Infallible> {
        self.take(Input::Receipt(to.clone(), reference, user_data.clone()), now);
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Infallible> {
        if now < self.quiet_until {
            return Ok(());
        }
        for input in std::mem::take(&mut self.again) {
            self.take(input, now);
        }
        let clock = self.clock(now);
        for turn in 0..self.running.len() {
            // Called too early it does nothing.
            let is_due = match self.running.get_mut(turn).map(Server::poll_timeout) {
                Some(Ok(Some(at))) => at <= clock,
                _ => false,
            };
            if is_due {
                self.step();
                let failed =
                    self.running.get_mut(turn).is_some_and(|server| server.handle_timeout(clock).is_err());
                if failed {
                    self.quiet_until = now + AGAIN_AFTER;
                }
            }
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Result<Option<Instant>, Infallible> {
        let again = (!self.again.is_empty()).then_some(self.quiet_until);
        let next = self.next_timeout().unwrap_or(Some(self.quiet_until));
        Ok([again, next].into_iter().flatten().min().map(|at| at.max(self.quiet_until)))
    }

    fn poll_output(&mut self) -> Option<Outgoing> {
        let output = self.running.iter_mut().find_map(Server::poll_output)?;
        if self.killed_after == Some(0) {
            // It was never sent, and the others are forgotten with it.
            self.step();
            return None;
        }
        self.step();
        self.sent.push(output.user_data.clone());
        Some(output)
    }
}
