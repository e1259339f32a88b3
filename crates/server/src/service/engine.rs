//! The thread that the server belongs to: it stores messages in batches, acknowledges them afterwards, and looks after
//! who is due.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    time,
};

use oxisim_backup::{DeliveryReport, Policy};
use oxisim_sms::{Address, UserData};
use oxisim_wire::{Duration, Instant};

use super::{bucket::Bucket, clock::Clock, keeper::Keeper, outbox::Outbox, vitals::Counts};
use crate::{
    Error, Msisdn, Server,
    store::{Leases, Store, StoreError},
};

/// The longest that the engine waits without a look around.
const LOOK_AROUND: Duration = Duration::from_millis(500);

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
    /// What.
    pub what: What,
    /// Who waits, if anybody does.
    pub slip: Option<Box<dyn Slip>>,
}

/// What has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A message of a subscriber.
    Message(Address, UserData),
    /// What has become of a message to a subscriber.
    Report(Address, u64, DeliveryReport),
    /// A subscriber's phone has appeared.
    Alert(Address),
}

/// Work of another kind, in the server's thread.
pub type Errand<S> = Box<dyn FnOnce(&mut Server<S>) + Send>;

enum Work<S> {
    Arrival(Arrival),
    Errand(Errand<S>),
    Turns(u32),
    Stop,
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
        let has_room = self.outbox.room() > 0 || !matches!(arrival.what, What::Message(..));
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

    /// Has work done in the server's thread. It may wait for that; `false` if the engine has stopped.
    pub fn errand(&self, errand: Errand<S>) -> bool {
        self.sender.send(Work::Errand(errand)).is_ok()
    }

    /// The server's policy and the rate of its turns from now on.
    pub fn set_policy(&self, policy: Policy, turns: u32) {
        self.errand(Box::new(|server| server.set_policy(policy)));
        let _ = self.sender.send(Work::Turns(turns));
    }

    /// Lets the engine end what has come before, and stop.
    pub fn stop(&self) {
        let _ = self.sender.send(Work::Stop);
    }
}

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
    outbox: Outbox,
    keeper: Option<Keeper>,
    clock: Clock,
    counts: Arc<Counts>,
    batch: usize,
    turns: Bucket,
    /// Nobody is asked who is due before this time.
    asked_from: Instant,
}

impl<S: Store + Leases> Engine<S> {
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
        (Self { server, inbox, outbox, keeper, clock, counts, batch, turns, asked_from }, intake)
    }

    /// Works until [`Intake::stop`], or until nobody can hand over work any more.
    pub fn run(mut self) {
        let mut stops = false;
        while !stops {
            let wait = time::Duration::from_micros(self.wait().as_micros());
            let mut arrivals = Vec::new();
            let mut next = match self.inbox.recv_timeout(wait) {
                Ok(work) => Some(work),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            while let Some(work) = next {
                match work {
                    Work::Arrival(arrival) => arrivals.push(arrival),
                    Work::Errand(errand) => {
                        self.store(std::mem::take(&mut arrivals));
                        errand(&mut self.server);
                        self.send();
                    }
                    Work::Turns(rate) => self.turns.set_rate(rate, self.clock.now()),
                    Work::Stop => {
                        stops = true;
                        break;
                    }
                }
                next = if arrivals.len() < self.batch { self.inbox.try_recv().ok() } else { None };
            }
            self.store(arrivals);
            if !stops {
                self.keep();
                self.take_turns();
            }
        }
        let now = self.clock.now();
        if let Some(keeper) = &self.keeper
            && let Err(error) = keeper.release(self.server.store(), now)
        {
            log::warn!("the shards are not given up: {}", brief(&error));
        }
    }

    /// Makes what has come durable, all at once, and says so.
    fn store(&mut self, arrivals: Vec<Arrival>) {
        if arrivals.is_empty() {
            return;
        }
        self.counts.waiting.sub(arrivals.len() as u64);
        let now = self.clock.now();
        let of: Vec<Msisdn> =
            arrivals.iter().filter_map(|it| Msisdn::try_from(it.what.subscriber()).ok()).collect();
        let done = self.server.batch(&of, |server| {
            arrivals.iter().map(|arrival| take(server, &arrival.what, now)).collect::<Vec<_>>()
        });
        match done {
            Ok(done) => {
                self.counts.batches.add(1);
                for (arrival, done) in arrivals.into_iter().zip(done) {
                    self.answer(arrival, done);
                }
            }
            // One of them may be what the store cannot take: the others shall not wait for it.
            Err(error) if arrivals.len() > 1 => {
                log::debug!("a batch is stored one by one: {}", brief(&error));
                for arrival in arrivals {
                    self.counts.waiting.add(1);
                    self.store(vec![arrival]);
                }
            }
            Err(error) => {
                self.counts.failures.add(1);
                for arrival in arrivals {
                    self.answer(arrival, Err(brief(&error)));
                }
            }
        }
        self.send();
    }

    fn answer(&self, arrival: Arrival, done: Result<(), String>) {
        match (done, arrival.slip) {
            (Ok(()), slip) => {
                if matches!(arrival.what, What::Message(..)) {
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

    fn keep(&mut self) {
        let now = self.clock.now();
        let Some(keeper) = &mut self.keeper else { return };
        match keeper.keep(self.server.store(), now) {
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
                log::warn!("the leases are not renewed: {}", brief(&error));
            }
        }
    }

    /// Looks after who is due, as far as the rate and the outbox allow.
    fn take_turns(&mut self) {
        let now = self.clock.now();
        let limit = self.turns.available(now).min(self.outbox.room()).min(self.batch as u32);
        if limit == 0 || now < self.asked_from {
            return;
        }
        match self.server.handle_due(limit, now) {
            Ok(turns) => {
                self.turns.take(turns, now);
                self.counts.turns.add(turns.into());
                self.counts.batches.add(u64::from(turns > 0));
            }
            Err(error) => {
                self.turns.take(limit, now);
                self.counts.failures.add(1);
                self.asked_from = now + AFTER_FAILURE;
                log::warn!("turns have failed: {}", brief(&error));
            }
        }
        self.send();
    }

    /// How long until there is something to do, if nothing comes.
    fn wait(&mut self) -> Duration {
        let now = self.clock.now();
        let until = |at: Instant| at.since(now).min(LOOK_AROUND);
        let due = match self.server.poll_timeout() {
            Ok(None) => LOOK_AROUND,
            Ok(Some(at)) => {
                let is_held = self.turns.available(now) == 0 || self.outbox.room() == 0;
                let wait = until(at.max(self.asked_from));
                if is_held { wait.max(BREATH) } else { wait }
            }
            Err(_) => LOOK_AROUND,
        };
        self.keeper.as_ref().map_or(due, |keeper| due.min(until(keeper.poll_timeout())))
    }

    fn send(&mut self) {
        while let Some(outgoing) = self.server.poll_output() {
            self.outbox.put(outgoing);
        }
    }
}

impl What {
    const fn subscriber(&self) -> &Address {
        match self {
            Self::Message(address, _) | Self::Report(address, ..) | Self::Alert(address) => address,
        }
    }
}

/// Does what has come; an error says why it is not done.
fn take<S: Store>(server: &mut Server<S>, what: &What, now: Instant) -> Result<(), String> {
    let done = match what {
        What::Message(from, user_data) => server.handle_deliver(from, user_data, now).map(drop),
        What::Report(to, reference, report) => server.handle_report(to, *reference, *report, now),
        What::Alert(of) => server.handle_alert(of, now).map(drop),
    };
    done.map_err(|error| brief(&error))
}


/// What may be logged of an error: a store's may show what stands in a phonebook.
pub(super) fn brief(error: &Error) -> String {
    match error {
        Error::Store(
            error @ (StoreError::Open { .. }
            | StoreError::Conflict
            | StoreError::NotMine(_)
            | StoreError::Fenced(_)
            | StoreError::Key(_)
            | StoreError::WrongKey),
        ) => error.to_string(),
        Error::Store(StoreError::Damaged { table, column, .. }) => {
            format!("the database is damaged: {column} in {table}")
        }
        Error::Store(StoreError::Database(error)) => match error.sqlite_error_code() {
            Some(code) => format!("the database failed: {code:?}"),
            None => "the database failed".into(),
        },
        other => other.to_string(),
    }
}
