//! The backup server, or two of them, on one database.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet, VecDeque},
    convert::Infallible,
    rc::Rc,
    sync::Arc,
};

use oxisim_backup::{
    BlockSet, DeliveryReport, Esme, Held, Outgoing, Policy, Restore, Session, Vault,
    message::{BackupId, Extent, Source},
    security::KeyVersion,
};
use oxisim_phonebook::Book;
use oxisim_server::{
    Error, Iccid, MasterKey, MemoryDatabase, MemoryStore, Msisdn, Server, Store, StoreError, store::Refusing,
};
use oxisim_sms::{Address, UserData};
use oxisim_wire::{Duration, Instant};

use crate::{Invariant, Kind};

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
    /// A store will refuse.
    is_refusing: bool,
    /// Faults that have struck since they were taken last.
    struck: Vec<Kind>,
    /// How much their clock is slow.
    slow: Duration,
    /// What they have sent, and to whom.
    pub(crate) sent: Vec<(Address, UserData)>,
    /// What they want to send, while somebody else was asked.
    waiting: VecDeque<Outgoing>,
    /// Messages that somebody has made up: none has an effect when it comes.
    void: HashSet<Vec<u8>>,
    /// Packets that have been taken, with their senders: none has an effect when it comes again.
    taken: HashSet<(Address, Vec<u8>)>,
    /// The effect that one had all the same.
    effect: Option<(Invariant, String)>,
    /// What the store said of subscribers when it was asked last.
    glances: BTreeMap<Msisdn, Glance>,
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
            is_refusing: false,
            struck: Vec::new(),
            slow: Duration::ZERO,
            sent: Vec::new(),
            waiting: VecDeque::new(),
            void: HashSet::new(),
            taken: HashSet::new(),
            effect: None,
            glances: BTreeMap::new(),
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

    /// A second one, unless there is.
    ///
    /// # Errors
    /// As for [`Servers::new`].
    pub fn start_second(&mut self) -> Result<(), StoreError> {
        if self.running.len() < 2 { self.start() } else { Ok(()) }
    }

    /// One of them, to look things up.
    #[must_use]
    pub fn server(&mut self) -> Option<&mut Server<Refusing<MemoryStore>>> {
        self.running.first_mut()
    }

    /// The complete copy of a subscriber's card.
    #[must_use]
    pub fn held(&mut self, of: &Msisdn) -> Option<Arc<Held>> {
        let writes = self.database.writes();
        if let Some((_, held)) =
            self.glances.get(of).and_then(|glance| glance.held.as_ref()).filter(|(at, _)| *at == writes)
        {
            return held.clone();
        }
        let held = self.server()?.store().inner().held(of, Source::CARD).ok()?;
        self.glance(of).held = Some((writes, held.clone()));
        held
    }

    /// The latest backup of a subscriber's card.
    #[must_use]
    pub fn session(&mut self, of: &Msisdn) -> Option<&Session> {
        self.progress(of)?.session.as_ref()
    }

    /// The latest restore of a subscriber.
    #[must_use]
    pub fn restore(&mut self, of: &Msisdn) -> Option<&Restore> {
        self.progress(of)?.restore.as_ref()
    }

    fn progress(&mut self, of: &Msisdn) -> Option<&Progress> {
        let writes = self.database.writes();
        let known = self.glances.get(of).and_then(|glance| glance.progress.as_ref());
        if known.is_none_or(|(at, _)| *at != writes) {
            let progress: Result<_, StoreError> = self.server()?.store().inner().subscriber(of, |account| {
                Ok(Progress { session: account.session(Source::CARD)?, restore: account.restore()? })
            });
            self.glance(of).progress = Some((writes, progress.ok()?));
        }
        self.glances.get(of)?.progress.as_ref().map(|(_, progress)| progress)
    }

    fn glance(&mut self, of: &Msisdn) -> &mut Glance {
        self.glances.entry(of.clone()).or_default()
    }

    /// They know a subscriber's card.
    ///
    /// # Errors
    /// The store's.
    pub fn enrol(&mut self, msisdn: &Msisdn, iccid: &Iccid, now: Instant) -> Result<(), Error> {
        let Some(server) = self.server() else { return Ok(()) };
        server.enrol(msisdn, iccid, KeyVersion::FIRST, now).map(drop)
    }

    /// The operator lets them write a copy back, which is returned; none if there is nothing to write.
    pub fn start_restore(&mut self, of: &Msisdn, now: Instant) -> Option<Book> {
        let (book, clock) = (self.held(of)?.book.clone(), self.clock(now));
        let started = self.server()?.start_restore(of, clock);
        matches!(started, Ok(true)).then_some(book)
    }

    /// The operator lets a card make a backup.
    pub fn start_backup(&mut self, of: &Msisdn, extent: Extent, now: Instant) {
        let clock = self.clock(now);
        if let Some(server) = self.server() {
            // What the store refuses the operator asks for again, or not.
            let _ = server.start_backup(of, Source::CARD, extent, None, clock);
        }
    }

    /// This message is none of the subscriber's.
    pub fn expect_no_effect(&mut self, of: Vec<u8>) {
        self.void.insert(of);
    }

    /// The effect that a message had which should have none.
    #[must_use]
    pub const fn effect(&self) -> Option<&(Invariant, String)> {
        self.effect.as_ref()
    }

    /// The faults that have struck since this was asked last.
    pub fn take_struck(&mut self) -> Vec<Kind> {
        std::mem::take(&mut self.struck)
    }

    /// What a message could change: the copy, and how far the next one has come.
    fn state(&mut self, of: &Address) -> Option<State> {
        let of = Msisdn::try_from(of).ok()?;
        let session = self.session(&of).map(|session| (session.backup, session.received.clone()));
        Some((self.held(&of), session))
    }

    /// All are killed after so many more steps, and begin anew.
    pub const fn kill_after(&mut self, steps: u32) {
        self.killed_after = Some(steps);
    }

    /// The store refuses the access after so many others.
    pub fn refuse_after(&mut self, accesses: u32) {
        self.is_refusing = true;
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
        self.is_refusing = false;
        self.slow = Duration::ZERO;
        for server in &mut self.running {
            server.store().refuse_after(None);
        }
    }

    /// The database is lost with all that is in it, and a new one is there.
    #[cfg(test)]
    pub fn lose_database(&mut self) {
        self.database = MemoryDatabase::default();
        self.glances.clear();
        self.running.clear();
        self.start().expect("a database in memory opens");
    }

    /// Somebody changes a copy behind the server's back.
    #[cfg(test)]
    pub fn change_copy(&mut self, of: &Msisdn, change: impl FnOnce(&mut Book)) {
        let mut held = Held::clone(&self.held(of).expect("there is a copy"));
        change(&mut held.book);
        let store = self.server().expect("there is a server").store().inner();
        let done: Result<(), StoreError> =
            store.subscriber(of, |account| account.put_held(Source::CARD, &held));
        done.expect("a database in memory takes it");
    }

    /// A step of theirs is about to be done: or this is where they are killed.
    fn step(&mut self) {
        match &mut self.killed_after {
            None => {}
            Some(0) => {
                self.killed_after = None;
                self.struck.push(Kind::Killed);
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
        // Whose message it is that must have no effect, and why.
        let void = match &input {
            Input::Message(from, user_data) => {
                let octets = user_data.to_octets();
                let invariant = if self.void.contains(&octets) {
                    Some(Invariant::ServerTaken)
                } else {
                    self.taken.contains(&(from.clone(), octets)).then_some(Invariant::Replayed)
                };
                invariant.map(|invariant| (from.clone(), invariant))
            }
            _ => None,
        };
        let before = void.as_ref().and_then(|(from, _)| self.state(from));
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
        if let Some((from, invariant)) = void {
            let after = self.state(&from);
            if before != after {
                self.effect = Some((invariant, format!("{after:?} after {before:?}")));
            }
        }
        match input {
            _ if !is_done => {
                self.fail(now);
                self.again.push_back(input);
            }
            // Without security one message may be what another was.
            Input::Message(from, user_data) if self.master.is_some() => {
                self.taken.insert((from, user_data.to_octets()));
            }
            _ => {}
        }
    }

    /// A store has refused.
    fn fail(&mut self, now: Instant) {
        self.quiet_until = now + AGAIN_AFTER;
        if std::mem::take(&mut self.is_refusing) {
            self.struck.push(Kind::Refused);
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

    fn handle_timeout(&mut self, now: Instant) {
        if now < self.quiet_until {
            return;
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
                    self.fail(now);
                }
            }
        }
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        let again = (!self.again.is_empty()).then_some(self.quiet_until);
        let next = self.next_timeout().unwrap_or(Some(self.quiet_until));
        [again, next].into_iter().flatten().min().map(|at| at.max(self.quiet_until))
    }

    /// The next message for a subscriber.
    fn poll_output(&mut self, to: &Address) -> Option<Outgoing> {
        if let Some(at) = self.waiting.iter().position(|output| output.to == *to) {
            return self.waiting.remove(at);
        }
        while let Some(output) = self.running.iter_mut().find_map(Server::poll_output) {
            let is_killed = self.killed_after == Some(0);
            self.step();
            if is_killed {
                // It was never sent, and the others are forgotten with it.
                return None;
            }
            self.sent.push((output.to.clone(), output.user_data.clone()));
            if output.to == *to {
                return Some(output);
            }
            self.waiting.push_back(output);
        }
        None
    }
}

/// What a message could change.
type State = (Option<Arc<Held>>, Option<(BackupId, BlockSet)>);

/// What a store has said of a subscriber, and how often had been written then: as long as nothing is, it says the same.
#[derive(Debug, Default)]
struct Glance {
    progress: Option<(u64, Progress)>,
    held: Option<(u64, Option<Arc<Held>>)>,
}

/// How far the latest backup and the latest restore have come.
#[derive(Debug)]
struct Progress {
    session: Option<Session>,
    restore: Option<Restore>,
}

/// The servers, as the network of one subscriber reaches them.
#[derive(Clone)]
pub struct Line {
    servers: Rc<RefCell<Servers>>,
    subscriber: Address,
}

impl Line {
    /// That of a subscriber.
    pub const fn new(servers: Rc<RefCell<Servers>>, subscriber: Address) -> Self {
        Self { servers, subscriber }
    }

    /// The servers.
    #[must_use]
    pub fn servers(&self) -> Rc<RefCell<Servers>> {
        Rc::clone(&self.servers)
    }
}

impl Esme for Line {
    type Error = Infallible;

    fn handle_message(
        &mut self,
        from: &Address,
        user_data: &UserData,
        now: Instant,
    ) -> Result<(), Infallible> {
        self.servers.borrow_mut().take(Input::Message(from.clone(), user_data.clone()), now);
        Ok(())
    }

    fn handle_report(
        &mut self,
        to: &Address,
        reference: u64,
        report: DeliveryReport,
        now: Instant,
    ) -> Result<(), Infallible> {
        self.servers.borrow_mut().take(Input::Report(to.clone(), reference, report), now);
        Ok(())
    }

    fn handle_receipt(
        &mut self,
        to: &Address,
        reference: u64,
        user_data: &UserData,
        now: Instant,
    ) -> Result<(), Infallible> {
        self.servers.borrow_mut().take(Input::Receipt(to.clone(), reference, user_data.clone()), now);
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Infallible> {
        self.servers.borrow_mut().handle_timeout(now);
        Ok(())
    }

    fn poll_timeout(&mut self) -> Result<Option<Instant>, Infallible> {
        let mut servers = self.servers.borrow_mut();
        if servers.waiting.iter().any(|output| output.to == self.subscriber) {
            return Ok(Some(Instant::EPOCH));
        }
        Ok(servers.poll_timeout())
    }

    fn poll_output(&mut self) -> Option<Outgoing> {
        self.servers.borrow_mut().poll_output(&self.subscriber)
    }
}
