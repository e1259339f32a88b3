//! The store-and-forward machine: takes messages, keeps them until their receivers are there, and tries again.

mod ancillary;
mod event;
mod phones;
mod queue;
mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use oxisim_smpp::RegisteredDelivery;
use oxisim_sms::{
    UserData, rp,
    tpdu::{Status, StatusReport},
};
use oxisim_wire::{Duration, Instant};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use self::queue::Queue;
use crate::{
    Acknowledgement, Answer, Content, Message, Number, Party, Receipt, Rejection, Settings, Submission,
    message::wants_acknowledgement,
};

pub use ancillary::{OutOfReach, Rewritten, Standing};
pub use event::{Event, Reason};

/// A small SMS centre, as a machine: phones with their RPDUs on one side, ESMEs on the other, and time as an argument.
///
/// After each call that takes an input, [`Centre::poll_output`] until there is nothing more; the answer of
/// [`Centre::poll_timeout`] may have changed.
#[derive(Debug)]
pub struct Centre {
    settings: Settings,
    random: ChaCha8Rng,
    /// The identity of the next message.
    next: u64,
    held: BTreeMap<u64, Held>,
    /// How the latest messages of ESMEs have ended.
    ended: BTreeMap<u64, ancillary::Ended>,
    queues: BTreeMap<Party, Queue>,
    /// What has changed of what is kept, for whoever keeps it over a restart.
    changed: BTreeSet<u64>,
    timers: BTreeSet<(Instant, Timer)>,
    outputs: VecDeque<Output>,
}

/// What the centre wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this to a phone that is there.
    ToPhone {
        /// The phone.
        number: Number,
        /// The message of the relay protocol.
        rpdu: rp::MobileTerminated,
    },
    /// Send this to an ESME that is there; its answer goes to [`Centre::handle_answer`].
    ToEsme {
        /// The ESME.
        system_id: String,
        /// Which delivery the answer is about.
        delivery: u64,
        /// What it gets.
        content: Content,
    },
    /// Tell an ESME that a phone for which it has messages is there (`alert_notification`).
    Alert {
        /// The ESME.
        system_id: String,
        /// The phone.
        number: Number,
    },
    /// Something to record.
    Event(Event),
}

/// What the centre waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The next message for this receiver may go out.
    Wake(Party),
    /// This message is no longer tried.
    Expires(u64),
    /// The answer to this message is overdue.
    NoAnswer(u64),
}

/// A message that is kept.
#[derive(Debug)]
struct Held {
    content: Kept,
    to: Party,
    /// Who gets a receipt, and when.
    sender: Option<(Sender, RegisteredDelivery)>,
    submitted: Instant,
    /// When it may go out.
    begins: Instant,
    expires: Instant,
    /// When its answer is overdue, if it has gone out.
    answer_by: Option<Instant>,
}

#[derive(Debug)]
enum Kept {
    Message(Message),
    /// For an ESME.
    Receipt(Receipt),
    /// For an ESME.
    Acknowledgement(Acknowledgement),
    /// For a phone.
    Report(StatusReport),
}

impl Kept {
    fn for_esme(&self) -> Option<Content> {
        match self {
            Self::Message(message) => Some(Content::Message(message.clone())),
            Self::Receipt(receipt) => Some(Content::Receipt(receipt.clone())),
            Self::Acknowledgement(acknowledgement) => Some(Content::Acknowledgement(acknowledgement.clone())),
            Self::Report(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
enum Sender {
    Phone { number: Number, reference: u8 },
    Esme { system_id: String, service_type: String, reference: Option<u16> },
}

impl Centre {
    /// A centre without messages; what goes wrong by chance follows from `seed`.
    #[must_use]
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            next: settings.first,
            settings,
            held: BTreeMap::new(),
            ended: BTreeMap::new(),
            queues: BTreeMap::new(),
            changed: BTreeSet::new(),
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Messages that are kept, receipts among them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.held.len()
    }

    /// How busy the centre is, in tens of per cent: how much of the room for messages is taken (`congestion_state`,
    /// SMPP 5.0 §4.8.4.18).
    #[must_use]
    pub fn congestion(&self) -> u8 {
        (10 * self.held.len() / self.settings.limit.max(1)).min(10) as u8 * 10
    }

    /// What to do next.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Centre::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            match self.timers.pop_first() {
                Some((_, Timer::Wake(party))) => {
                    if let Some(queue) = self.queues.get_mut(&party) {
                        queue.wake = None;
                    }
                    self.advance(&party, now);
                }
                // What has gone out waits for its answer.
                Some((_, Timer::Expires(id))) if self.is_out(id) => {}
                Some((_, Timer::Expires(id))) => self.conclude(id, Status::EXPIRED, None, now),
                Some((_, Timer::NoAnswer(id))) => self.failed(id, Reason::NoAnswer, now),
                None => {}
            }
        }
    }

    /// An ESME submits a message. The identity of the message.
    pub fn submit(
        &mut self,
        system_id: &str,
        submission: Submission,
        now: Instant,
    ) -> Result<u64, Rejection> {
        let Submission { message, service_type, begins, expires, wanted, reference } = submission;
        let sender = Sender::Esme { system_id: system_id.into(), service_type, reference };
        let (id, to) = self.accept(message, (sender, wanted), begins, expires, now)?;
        self.begin(id, &to, now);
        Ok(id)
    }

    /// An ESME that takes messages is there.
    pub fn handle_bound(&mut self, system_id: &str, now: Instant) {
        self.arrived(&Party::Esme(system_id.into()), now);
    }

    /// No session of an ESME that takes messages is left.
    pub fn handle_unbound(&mut self, system_id: &str, now: Instant) {
        self.left(&Party::Esme(system_id.into()), now);
    }

    /// An ESME has answered a delivery, or will not.
    pub fn handle_answer(&mut self, delivery: u64, answer: Answer, now: Instant) {
        // An answer that comes too late is about something that waits again, or is over.
        if !self.is_out(delivery) {
            return;
        }
        match answer {
            Answer::Taken => self.conclude(delivery, Status::RECEIVED, None, now),
            Answer::Later => self.failed(delivery, Reason::EsmeBusy, now),
            Answer::Refused => self.conclude(delivery, Status::CONNECTION_REJECTED, None, now),
            Answer::Gone => self.failed(delivery, Reason::Away, now),
        }
    }

    /// Takes a message of a phone or of an ESME, and lets chance decide what becomes of it. Its receiver's queue is to be
    /// advanced once the sender has its answer.
    fn accept(
        &mut self,
        message: Message,
        sender: (Sender, RegisteredDelivery),
        begins: Option<Instant>,
        expires: Option<Instant>,
        now: Instant,
    ) -> Result<(u64, Party), Rejection> {
        let number = Number::of(&message.to).ok_or(Rejection::Unassigned)?;
        let to = match self.settings.esme_of(&number) {
            Some(system_id) => Party::Esme(system_id.into()),
            None if number.is_of_phone() => Party::Phone(number),
            None => return Err(Rejection::Unassigned),
        };
        self.room_for(&to)?;
        let id = self.next;
        self.next += 1;
        self.event(Event::Taken { id, from: message.from.clone(), to: message.to.clone() });
        let begins = begins.unwrap_or(now).max(now);
        let latest = now + self.settings.longest_validity;
        let expires = expires.unwrap_or(now + self.settings.validity).min(latest);
        let copies = self.settings.chance.fate(&mut self.random);
        let Some((&delay, more)) = copies.split_first() else {
            self.event(Event::Lost { id });
            return Ok((id, to));
        };
        // A phone that is away has its absence noted for the ESME, whatever becomes of the message.
        if let (Party::Phone(_), (Sender::Esme { system_id, .. }, _)) = (&to, &sender) {
            let queue = self.queues.entry(to.clone()).or_default();
            if !queue.is_here {
                queue.alerts.insert(system_id.clone());
            }
        }
        for &delay in more {
            if self.room_for(&to).is_ok() {
                let copy = self.next;
                self.next += 1;
                let content = Kept::Message(message.clone());
                self.keep(copy, content, to.clone(), None, begins + delay, expires, now);
            }
        }
        self.keep(id, Kept::Message(message), to.clone(), Some(sender), begins + delay, expires, now);
        Ok((id, to))
    }

    fn room_for(&self, to: &Party) -> Result<(), Rejection> {
        let (limit, each) = (self.settings.limit, self.settings.limit_each);
        let of_party = self.queues.get(to).map_or(0, Queue::count);
        // A receiver costs memory, too, for as long as somebody waits for it.
        let is_full = self.held.len() >= limit || of_party >= each;
        let is_one_more = !self.queues.contains_key(to) && self.queues.len() >= limit;
        if is_full || is_one_more { Err(Rejection::Full) } else { Ok(()) }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of what is kept")]
    fn keep(
        &mut self,
        id: u64,
        content: Kept,
        to: Party,
        sender: Option<(Sender, RegisteredDelivery)>,
        begins: Instant,
        expires: Instant,
        submitted: Instant,
    ) {
        self.queues.entry(to.clone()).or_default().waiting.insert((begins, id));
        self.timers.insert((expires, Timer::Expires(id)));
        let held = Held { content, to, sender, submitted, begins, expires, answer_by: None };
        self.held.insert(id, held);
        self.changed.insert(id);
    }

    /// Lets a message go out that has just been taken, unless its time was over before.
    fn begin(&mut self, id: u64, to: &Party, now: Instant) {
        if self.held.get(&id).is_some_and(|held| held.expires <= now) {
            self.conclude(id, Status::EXPIRED, None, now);
        } else {
            self.advance(to, now);
        }
    }

    /// Lets go out to a receiver what may, and plans when the next one may.
    fn advance(&mut self, party: &Party, now: Instant) {
        let window = match party {
            // A phone has one transfer at a time in each direction (TS 24.011 §6).
            Party::Phone(_) => 1,
            Party::Esme(_) => self.settings.window.max(1),
        };
        while let Some(queue) = self.queues.get_mut(party) {
            let next = queue.next(window);
            if let Some((at, _)) = next.filter(|&(at, _)| at > now) {
                return self.plan_wake(party, Some(at));
            }
            let Some((_, id)) = next else { return self.plan_wake(party, None) };
            let Some(held) = self.held.get_mut(&id) else { return };
            queue.waiting.remove(&(held.begins, id));
            let answer_by = now + self.settings.patience;
            held.answer_by = Some(answer_by);
            let reference = queue.send(id);
            let more = !queue.waiting.is_empty();
            let output = match (party, &held.content) {
                (Party::Phone(number), content) => {
                    phones::output(number, &self.settings.address, reference, content, held.submitted, more)
                }
                (Party::Esme(system_id), content) => content.for_esme().map(|content| Output::ToEsme {
                    system_id: system_id.clone(),
                    delivery: id,
                    content,
                }),
            };
            self.timers.insert((answer_by, Timer::NoAnswer(id)));
            self.outputs.extend(output);
        }
    }

    fn plan_wake(&mut self, party: &Party, at: Option<Instant>) {
        let Some(queue) = self.queues.get_mut(party) else { return };
        let before = std::mem::replace(&mut queue.wake, at);
        if let Some(before) = before {
            self.timers.remove(&(before, Timer::Wake(party.clone())));
        }
        if let Some(at) = at {
            self.timers.insert((at, Timer::Wake(party.clone())));
        }
        if self.queues.get(party).is_some_and(Queue::is_over) {
            self.queues.remove(party);
        }
    }

    /// A receiver is there: what waits for it goes out, whatever failed before.
    fn arrived(&mut self, party: &Party, now: Instant) {
        self.take_back(party);
        let queue = self.queues.entry(party.clone()).or_default();
        queue.is_here = true;
        queue.forget_failures();
        self.event(Event::Arrived(party.clone()));
        self.expire(party, now);
        self.alert(party);
        self.advance(party, now);
    }

    fn left(&mut self, party: &Party, now: Instant) {
        self.take_back(party);
        if let Some(queue) = self.queues.get_mut(party) {
            queue.is_here = false;
            self.event(Event::Left(party.clone()));
        }
        self.expire(party, now);
        self.plan_wake(party, None);
    }

    /// What has gone out to a receiver and has no answer waits again.
    fn take_back(&mut self, party: &Party) {
        let Some(queue) = self.queues.get_mut(party) else { return };
        for id in queue.take_sent() {
            if let Some(held) = self.held.get_mut(&id) {
                queue.waiting.insert((held.begins, id));
                if let Some(by) = held.answer_by.take() {
                    self.timers.remove(&(by, Timer::NoAnswer(id)));
                }
                if let (Party::Phone(_), Some((Sender::Esme { system_id, .. }, _))) = (party, &held.sender) {
                    queue.alerts.insert(system_id.clone());
                }
            }
        }
    }

    /// Ends what expired while it was out.
    fn expire(&mut self, party: &Party, now: Instant) {
        let waiting = self.queues.get(party).into_iter().flat_map(|queue| queue.waiting.iter());
        let over = |id: &u64| self.held.get(id).is_some_and(|held| held.expires <= now);
        let over: Vec<u64> = waiting.map(|&(_, id)| id).filter(over).collect();
        for id in over {
            self.conclude(id, Status::EXPIRED, None, now);
        }
    }

    /// Tells those who have waited for a phone that it is there.
    fn alert(&mut self, party: &Party) {
        let (Party::Phone(number), Some(queue)) = (party, self.queues.get_mut(party)) else { return };
        for system_id in std::mem::take(&mut queue.alerts) {
            self.outputs.push_back(Output::Alert { system_id, number: number.clone() });
        }
    }

    /// A message that has gone out has not been taken, for a reason that passes.
    fn failed(&mut self, id: u64, reason: Reason, now: Instant) {
        let Some(held) = self.held.get_mut(&id) else { return };
        let party = held.to.clone();
        if let Some(by) = held.answer_by.take() {
            self.timers.remove(&(by, Timer::NoAnswer(id)));
        }
        let Some(queue) = self.queues.get_mut(&party) else { return };
        queue.sent.remove(&id);
        queue.waiting.insert((held.begins, id));
        if let (Party::Phone(_), Some((Sender::Esme { system_id, .. }, _))) = (&party, &held.sender) {
            queue.alerts.insert(system_id.clone());
        }
        if held.expires <= now {
            return self.conclude(id, Status::EXPIRED, None, now);
        }
        let wait = doubled(self.settings.retry, queue.failures, self.settings.longest_retry);
        queue.failures = queue.failures.saturating_add(1);
        queue.again = Some(now + wait);
        self.event(Event::Waits { id, reason, again: now + wait });
        self.advance(&party, now);
    }

    /// A message has come to its end.
    fn conclude(&mut self, id: u64, status: Status, answer: Option<UserData>, now: Instant) {
        let Some(held) = self.held.remove(&id) else { return };
        self.changed.insert(id);
        self.timers.remove(&(held.expires, Timer::Expires(id)));
        if let Some(by) = held.answer_by {
            self.timers.remove(&(by, Timer::NoAnswer(id)));
        }
        let delivered = status == Status::RECEIVED;
        if let Some(queue) = self.queues.get_mut(&held.to) {
            queue.waiting.remove(&(held.begins, id));
            queue.sent.remove(&id);
            if delivered {
                queue.forget_failures();
            }
        }
        if let Kept::Message(message) = held.content {
            self.event(Event::Ended { id, to: message.to.clone(), status });
            if let Some((sender, wanted)) = held.sender {
                self.remember(id, &sender, &message.from, status, now);
                let receipt = Receipt {
                    id,
                    reference: None,
                    from: message.from,
                    to: message.to,
                    submitted: held.submitted,
                    done: now,
                    status,
                };
                // The answer comes before what has become of the message.
                if let Some(user_data) = answer.filter(|_| wants_acknowledgement(wanted)) {
                    self.report(&sender, receipt.clone(), Some(user_data), now);
                }
                if wanted.wants(delivered) {
                    self.report(&sender, receipt, None, now);
                }
            }
        }
        self.advance(&held.to, now);
    }

    /// Lets a sender know what has become of its message, or what was answered to it. Receipts are lost as messages are,
    /// and come once.
    fn report(&mut self, sender: &Sender, receipt: Receipt, answer: Option<UserData>, now: Instant) {
        let (to, content) = match sender {
            Sender::Phone { number, reference } => {
                let report = phones::status_report(*reference, &receipt);
                (Party::Phone(number.clone()), Kept::Report(report))
            }
            Sender::Esme { system_id, reference, .. } => {
                let receipt = Receipt { reference: *reference, ..receipt };
                let content = match answer {
                    Some(user_data) => Kept::Acknowledgement(Acknowledgement { receipt, user_data }),
                    None => Kept::Receipt(receipt),
                };
                (Party::Esme(system_id.clone()), content)
            }
        };
        let copies = self.settings.chance.fate(&mut self.random);
        let id = self.next;
        self.next += 1;
        if let (Some(&delay), Ok(())) = (copies.first(), self.room_for(&to)) {
            let expires = now + self.settings.validity;
            self.keep(id, content, to.clone(), None, now + delay, expires, now);
            self.advance(&to, now);
        } else {
            self.event(Event::Lost { id });
        }
    }

    /// Whether a message has gone out and has no answer.
    fn is_out(&self, id: u64) -> bool {
        self.held.get(&id).is_some_and(|held| held.answer_by.is_some())
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

/// `first`, twice as long after each failure, and not longer than `most`.
fn doubled(first: Duration, failures: u32, most: Duration) -> Duration {
    first.saturating_mul(1_u64.checked_shl(failures).unwrap_or(u64::MAX)).min(most)
}
