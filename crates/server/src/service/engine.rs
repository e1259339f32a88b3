//! The thread that the server belongs to: it stores messages in batches, acknowledges them afterwards, and looks after
//! who is due.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    time,
};

use oxisim_backup::Policy;
use oxisim_sms::Address;
use oxisim_wire::{Duration, Instant};

use super::{bucket::Bucket, clock::Clock, keeper::Keeper, outbox::Outbox, round::Round, vitals::Counts};
use crate::{
    Error, Inbound, Msisdn, Reception, Server,
    console::{DeskError, Lender},
    store::{Cabinet, Leases, Store, StoreError},
};

/// The longest that the engine waits without a look around.
const LOOK_AROUND: Duration = Duration::from_millis(500);

/// How often it looks whether other servers have passed something on.
const LOOK_INTO_INBOX: Duration = Duration::from_millis(250);

/// The wait while the outbox is full, or the rate is reached.
const BREATH: Duration = Duration::from_millis(20);

/// The wait after the store has failed to say who is due.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Who has brought something, and waits to hear whether it is durable.
pub trait Slip: Send {
    /// It is.
    fn accept(self: Box<Self>);

    /// It is not: it shall come again.
    fn postpone(self: Box<Self>);
}

/// Something that has come from an SMS centre.
pub struct Arrival {
    /// Whose it is.
    pub of: Address,
    /// What.
    pub what: Inbound,
    /// Who waits, if anybody does.
    pub slip: Option<Box<dyn Slip>>,
}

enum Work<S> {
    Arrival(Arrival),
    /// Somebody wants to have the server for a moment.
    Lend(SyncSender<Loan<S>>),
    Policy(Box<Policy>, u32),
    Stop,
}

/// The server, lent out. It goes back when this is dropped.
struct Loan<S> {
    server: Option<Server<S>>,
    back: SyncSender<Server<S>>,
}

impl<S> Drop for Loan<S> {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let _ = self.back.send(server);
        }
    }
}

/// Hands work to an engine.
pub struct Intake<S> {
    sender: SyncSender<Work<S>>,
    counts: Arc<Counts>,
    outbox: Outbox,
}

impl<S> Clone for Intake<S> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), counts: Arc::clone(&self.counts), outbox: self.outbox.clone() }
    }
}

impl<S: Store> Intake<S> {
    /// Hands something over that has come. If too much waits already, it shall come again.
    pub fn arrive(&self, arrival: Arrival) {
        // A message brings about others; what becomes of those that were sent does not.
        let has_room = !matches!(arrival.what, Inbound::Message(_))
            || self.outbox.room() > 0 && self.counts.stopping.get() == 0;
        self.counts.waiting.add(1);
        let refused = if has_room {
            match self.sender.try_send(Work::Arrival(arrival)) {
                Ok(()) => return,
                Err(TrySendError::Full(work) | TrySendError::Disconnected(work)) => work,
            }
        } else {
            Work::Arrival(arrival)
        };
        self.counts.waiting.sub(1);
        if let Work::Arrival(Arrival { slip: Some(slip), .. }) = refused {
            self.counts.postponed.add(1);
            slip.postpone();
        }
    }

    /// The server's policy and the rate of its turns from now on.
    pub fn set_policy(&self, policy: Policy, turns: u32) {
        let _ = self.sender.send(Work::Policy(Box::new(policy), turns));
    }

    /// Lets the engine end what has come before, and stop.
    pub fn stop(&self) {
        let _ = self.sender.send(Work::Stop);
    }
}

/// Lends the server out between two batches.
impl<S: Store + Send + 'static> Lender<S> for Intake<S> {
    fn lend(&self, work: &mut (dyn FnMut(&mut Server<S>) + Send)) -> Result<(), DeskError> {
        let stopped = || DeskError("the server is stopping".into());
        let (give, given) = sync_channel(1);
        self.sender.send(Work::Lend(give)).map_err(|_| stopped())?;
        let mut loan = given.recv().map_err(|_| stopped())?;
        if let Some(server) = &mut loan.server {
            work(server);
        }
        Ok(())
    }
}

/// How long a message waits for others at most.
const GATHER: Duration = Duration::from_millis(5);

/// What an engine is told.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Messages that may wait.
    pub waiting: u32,
    /// Messages that are stored at once.
    pub batch: u32,
    /// Subscribers a second whose turn comes.
    pub turns: u32,
}

/// A server in its thread.
pub struct Engine<S> {
    server: Server<S>,
    inbox: Receiver<Work<S>>,
    works: Works,
}

/// What an engine works with beside the server, which may be lent out.
struct Works {
    outbox: Outbox,
    keeper: Option<Keeper>,
    clock: Clock,
    counts: Arc<Counts>,
    batch: usize,
    /// How long a message waits for others that are stored with it: as long as the last transaction took, since so long
    /// the others may take to come.
    gather: Duration,
    turns: Bucket,
    /// Nobody is asked who is due before this time.
    asked_from: Instant,
    /// When to look at what other servers have passed on.
    inbox_at: Instant,
    round: Round,
}

impl<S: Store + Leases + Cabinet> Engine<S> {
    /// An engine, and how to hand work to it.
    #[must_use]
    pub fn new(
        server: Server<S>,
        keeper: Option<Keeper>,
        tuning: &Tuning,
        outbox: Outbox,
        clock: Clock,
        counts: Arc<Counts>,
    ) -> (Self, Intake<S>) {
        let (sender, inbox) = sync_channel(tuning.waiting as usize);
        let intake = Intake { sender, counts: Arc::clone(&counts), outbox: outbox.clone() };
        let turns = Bucket::new(tuning.turns, clock.now());
        let (batch, asked_from) = (tuning.batch as usize, Instant::EPOCH);
        let (round, inbox_at) = (Round::new(), Instant::EPOCH);
        let gather = Duration::ZERO;
        let works =
            Works { outbox, keeper, clock, counts, batch, gather, turns, asked_from, inbox_at, round };
        (Self { server, inbox, works }, intake)
    }

    /// Works until [`Intake::stop`], or until nobody can hand over work any more.
    pub fn run(self) {
        let Self { mut server, inbox, mut works } = self;
        let mut stops = false;
        works.keep(&mut server);
        works.look_after_rules(&mut server);
        while !stops {
            let wait = time::Duration::from_micros(works.wait(&mut server).as_micros());
            let mut next = match inbox.recv_timeout(wait) {
                Ok(work) => Some(work),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut arrivals = Vec::new();
            let mut gathers_until = None;
            while let Some(work) = next {
                match work {
                    Work::Arrival(arrival) => arrivals.push(arrival),
                    Work::Lend(to) => {
                        works.store(&mut server, std::mem::take(&mut arrivals));
                        gathers_until = None;
                        let Some(back) = lend(server, &to) else {
                            return log::error!("whoever had the server has not given it back");
                        };
                        server = back;
                        works.send(&mut server);
                    }
                    Work::Policy(policy, turns) => {
                        server.set_policy(*policy);
                        works.turns.set_rate(turns, works.clock.now());
                    }
                    Work::Stop => {
                        stops = true;
                        break;
                    }
                }
                next = if arrivals.len() >= works.batch {
                    None
                } else if arrivals.is_empty() {
                    inbox.try_recv().ok()
                } else {
                    // Without a wait at all, a transaction is made for every few messages, and costs what many do.
                    let until = *gathers_until.get_or_insert_with(|| works.clock.now() + works.gather);
                    let rest = until.since(works.clock.now());
                    inbox.recv_timeout(time::Duration::from_micros(rest.as_micros())).ok()
                };
            }
            let begun = works.clock.now();
            if !arrivals.is_empty() {
                works.store(&mut server, arrivals);
                works.gather = works.clock.now().since(begun).min(GATHER);
            }
            if !stops {
                works.keep(&mut server);
                works.take_passed(&mut server);
                works.look_after_rules(&mut server);
                works.take_turns(&mut server);
            }
        }
        works.release(&mut server);
    }
}

/// Lends the server out, and waits until it is back.
fn lend<S>(server: Server<S>, to: &SyncSender<Loan<S>>) -> Option<Server<S>> {
    let (back, given) = sync_channel(1);
    // Who does not want it any more drops the loan, which sends the server back.
    drop(to.send(Loan { server: Some(server), back }));
    given.recv().ok()
}

impl Works {
    fn release<S: Store + Leases>(&self, server: &mut Server<S>) {
        if let Some(keeper) = &self.keeper
            && let Err(error) = keeper.release(server.store(), self.clock.now())
        {
            log::warn!("the shards are not given up: {}", error.brief());
        }
    }

    /// Whether the server knows whom it works for.
    fn may_work(&self) -> bool {
        self.keeper.as_ref().is_none_or(Keeper::has_begun)
    }

    /// Makes what has come durable, all at once, and says so.
    fn store<S: Store>(&mut self, server: &mut Server<S>, arrivals: Vec<Arrival>) {
        if arrivals.is_empty() {
            return;
        }
        self.counts.waiting.sub(arrivals.len() as u64);
        if !self.may_work() {
            for arrival in arrivals {
                self.answer(arrival, Err("the shards are not shared out yet".into()));
            }
            return;
        }
        let now = self.clock.now();
        let of: Vec<Msisdn> = arrivals.iter().filter_map(|it| Msisdn::try_from(&it.of).ok()).collect();
        let done = server.batch(&of, |server| {
            let each = arrivals.iter().map(|it| server.handle_inbound(&it.of, &it.what, now));
            each.map(|done| done.map_err(|error| error.brief())).collect::<Vec<_>>()
        });
        match done {
            Ok(done) => {
                self.counts.batches.add(1);
                self.counts.store_up.set(1);
                for (arrival, done) in arrivals.into_iter().zip(done) {
                    self.answer(arrival, done);
                }
            }
            // One of them may be what the store cannot take: the others shall not wait for it. And what was sealed with a
            // key that is no longer the latest is sealed with that.
            Err(error) if arrivals.len() > 1 || matches!(error, Error::Store(StoreError::OldKey)) => {
                log::debug!("a batch is stored one by one: {}", error.brief());
                for arrival in arrivals {
                    self.counts.waiting.add(1);
                    self.store(server, vec![arrival]);
                }
            }
            Err(error) => {
                self.counts.failures.add(1);
                for arrival in arrivals {
                    self.answer(arrival, Err(error.brief()));
                }
            }
        }
        self.send(server);
    }

    fn answer(&self, arrival: Arrival, done: Result<Option<Reception>, String>) {
        match (done, arrival.slip) {
            (Ok(reception), slip) => {
                self.counts.passed_on.add(u64::from(reception == Some(Reception::PassedOn)));
                if matches!(arrival.what, Inbound::Message(_)) {
                    self.counts.stored.add(1);
                }
                if let Some(slip) = slip {
                    slip.accept();
                }
            }
            (Err(reason), Some(slip)) => {
                log::debug!("to be sent again: {reason}");
                self.counts.postponed.add(1);
                slip.postpone();
            }
            (Err(reason), None) => log::warn!("not kept: {reason}"),
        }
    }

    fn keep<S: Store + Leases>(&mut self, server: &mut Server<S>) {
        let now = self.clock.now();
        let Some(keeper) = &mut self.keeper else { return };
        match keeper.keep(server.store(), now) {
            Ok(None) => {}
            Ok(Some(shards)) => {
                let before = self.counts.shards.get();
                self.counts.shards.set(shards as u64);
                if before != shards as u64 {
                    log::info!("works for {shards} shards");
                }
            }
            Err(error) => {
                self.counts.failures.add(1);
                log::warn!("the leases are not renewed: {}", error.brief());
            }
        }
    }

    /// Does what other servers have passed on, if there are others.
    fn take_passed<S: Store>(&mut self, server: &mut Server<S>) {
        let now = self.clock.now();
        let may_look = self.keeper.as_ref().is_some_and(Keeper::has_begun) && self.counts.stopping.get() == 0;
        if !may_look || now < self.inbox_at || self.outbox.room() == 0 {
            return;
        }
        match server.handle_passed(self.batch as u32, now) {
            Ok(passed) => {
                let has_more = passed as usize >= self.batch;
                self.inbox_at = if has_more { now } else { now + LOOK_INTO_INBOX };
                self.counts.passed.add(passed.into());
                self.counts.batches.add(u64::from(passed > 0));
            }
            Err(error) => {
                self.counts.failures.add(1);
                self.inbox_at = now + AFTER_FAILURE;
                log::warn!("what other servers have passed on waits: {}", error.brief());
            }
        }
        self.send(server);
    }

    /// Learns of the groups' rules, and tells them to those who have others.
    fn look_after_rules<S: Store + Cabinet>(&mut self, server: &mut Server<S>) {
        if self.may_work()
            && let Err(error) = self.round.go_on(server, self.clock.now())
        {
            self.counts.failures.add(1);
            log::warn!("the policies of groups are not looked after: {}", error.brief());
        }
    }

    /// Looks after who is due, as far as the rate and the outbox allow.
    fn take_turns<S: Store>(&mut self, server: &mut Server<S>) {
        let now = self.clock.now();
        let limit = self.turns.available(now).min(self.outbox.room()).min(self.batch as u32);
        let may_ask = now >= self.asked_from && self.counts.stopping.get() == 0 && self.may_work();
        if limit == 0 || !may_ask {
            return;
        }
        match server.handle_due(limit, now) {
            Ok(turns) => {
                self.counts.store_up.set(1);
                self.turns.take(turns, now);
                self.counts.turns.add(turns.into());
                self.counts.batches.add(u64::from(turns > 0));
            }
            Err(error) => {
                self.turns.take(limit, now);
                self.counts.failures.add(1);
                self.counts.store_up.set(0);
                self.asked_from = now + AFTER_FAILURE;
                log::warn!("turns have failed: {}", error.brief());
            }
        }
        self.send(server);
    }

    /// How long until there is something to do, if nothing comes.
    fn wait<S: Store>(&mut self, server: &mut Server<S>) -> Duration {
        let now = self.clock.now();
        let until = |at: Instant| at.since(now).min(LOOK_AROUND);
        let due = match server.poll_timeout() {
            Ok(Some(at)) => {
                let is_held = self.turns.available(now) == 0 || self.outbox.room() == 0;
                let wait = until(at.max(self.asked_from));
                if is_held { wait.max(BREATH) } else { wait }
            }
            Ok(None) | Err(_) => LOOK_AROUND,
        };
        let due = if self.round.is_under_way(now) { due.min(BREATH) } else { due };
        self.keeper
            .as_ref()
            .map_or(due, |keeper| due.min(until(keeper.poll_timeout())).min(until(self.inbox_at).max(BREATH)))
    }

    fn send<S: Store>(&mut self, server: &mut Server<S>) {
        while let Some(outgoing) = server.poll_output() {
            self.outbox.put(outgoing);
        }
    }
}
