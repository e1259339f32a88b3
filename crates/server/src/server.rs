//! The server's machine.

mod alert;
mod orders;
mod passing;

use std::collections::{BTreeMap, VecDeque};

use oxisim_backup::{
    Answer, DeliveryReport, Esme, GivenUp, Outgoing, Policy, Receiver, ReceiverError, Restorer, Standing,
    ToServer,
    message::{BackupId, Source, Unspoken},
    security::{KeySet, KeyVersion},
};
use oxisim_sms::{Address, UserData};
use oxisim_wire::{Duration, Instant};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::{
    Iccid, MasterKey, Msisdn, Rulebook,
    bearer::{self, Ignored},
    describe,
    dispatch::{Dispatched, dispatch, note},
    guard::{self, Admitted, Guard},
    outbox, rekey, rules,
    store::{Account, Direction, LogEntry, Store, StoreError},
};

/// Subscribers that one call of [`Server::handle_timeout`] looks after.
const BATCH: u32 = 256;

/// How long a subscriber's turn that has failed is put off; doubled each time in a row.
const PUT_OFF: Duration = Duration::from_mins(5);

/// The longest time that a turn is put off.
const LONGEST_PUT_OFF: Duration = Duration::from_mins(24 * 60);

/// How long notes about messages are kept, if there are not too many before.
const NOTES_KEPT: Duration = Duration::from_mins(90 * 24 * 60);

/// Notes that go in one step: nobody waits long for it.
const TRIM_STEP: u32 = 1_000;

/// How often the server looks for notes that are older.
const TRIM_EVERY: Duration = Duration::from_mins(24 * 60);

/// The backup server: a poll machine over a [`Store`].
///
/// What survives is in the store alone: a server that is made anew on the same store goes on where the last one
/// stopped. Messages that had not been taken from [`Server::poll_output`] by then are lost; like those that the
/// network loses, the protocol makes up for them.
#[derive(Debug)]
pub struct Server<S> {
    store: S,
    guard: Guard,
    receiver: Receiver,
    random: ChaCha8Rng,
    outputs: VecDeque<Outgoing>,
    rulebook: Rulebook,
    /// Subscribers whose last turns have failed, and how many in a row.
    failures: BTreeMap<Msisdn, u32>,
    /// When old notes are next looked for.
    trim_at: Instant,
}

/// What became of a short message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It was taken.
    Taken {
        /// The backup whose copy it completed.
        completed: Option<BackupId>,
    },
    /// It had no effect.
    Ignored(Ignored),
    /// The server that has its subscriber's shard will take it.
    PassedOn,
}

/// How a server fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed; what was being done is undone.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An answer does not fit a short message; what was being done is undone.
    #[error("an answer cannot be sent: {0}")]
    Answer(oxisim_sms::Error),
    /// A subscriber's card has keys, and the server has no master key; what was being done is undone.
    #[error("there is no master key for the subscriber's card")]
    NoMasterKey(Iccid),
    /// A card has got as many packets as there are counters; what was being done is undone.
    #[error("the counters of the subscriber's card are used up: give them another")]
    CountersUsedUp(Iccid),
}

impl Error {
    /// What may be logged of it: a store's error may show what stands in a phonebook.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Store(error) => error.brief(),
            other => other.to_string(),
        }
    }
}

impl<S: Store> Server<S> {
    /// A server on a store. `seed` is for what a [`Spacing`](oxisim_backup::Spacing) leaves to chance.
    #[must_use]
    pub fn new(store: S, policy: Policy, seed: u64) -> Self {
        Self {
            store,
            guard: Guard::default(),
            receiver: Receiver::new(policy),
            random: ChaCha8Rng::seed_from_u64(seed),
            outputs: VecDeque::new(),
            rulebook: Rulebook::default(),
            failures: BTreeMap::new(),
            trim_at: Instant::EPOCH,
        }
    }

    /// With the key from which those of the subscribers' cards are derived. Without it the server opens no packet that
    /// is secured, and sends none.
    #[must_use]
    pub fn with_master_key(mut self, key: MasterKey) -> Self {
        self.guard.master = Some(key);
        self
    }

    /// Lets messages that nothing secures pass, also of subscribers whose cards have keys, and sends no others. For
    /// experiments: whoever can send a short message in a subscriber's name can then write into their copy.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.guard.is_off = true;
        self
    }

    /// Whether it lets messages pass that nothing secures.
    #[must_use]
    pub const fn is_insecure(&self) -> bool {
        self.guard.is_off
    }

    /// Makes a card the subscriber's, whose keys have this version. From now on the server takes of its applet what
    /// these keys or those of the next version secure, and nothing else.
    pub fn enrol(
        &mut self,
        msisdn: &Msisdn,
        iccid: &Iccid,
        key_version: KeyVersion,
        now: Instant,
    ) -> Result<(), Error> {
        Ok(self.store.enrol(msisdn, iccid, key_version, now)?)
    }

    /// The keys of the subscriber's card that it uses now, if the server has them.
    pub fn card_keys(&mut self, msisdn: &Msisdn) -> Result<Option<KeySet>, Error> {
        let card = self.store.subscriber(msisdn, |account| account.card())?;
        Ok(card.and_then(|card| self.guard.keys(&card.iccid, card.key_version)))
    }

    /// Orders that the keys of a subscriber's card are replaced by those of the next version, over the air; which that
    /// is. It is said until the card uses them, or says why it does not. `None` if no card with keys is the subscriber's.
    pub fn rekey(&mut self, msisdn: &Msisdn, now: Instant) -> Result<Option<KeyVersion>, Error> {
        Ok(self.store.subscriber(msisdn, |account| rekey::order(account, now))?)
    }

    /// The store, to look things up.
    pub const fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// A short message has come at `now`, with this TP-Originating-Address.
    ///
    /// Messages that are not for the server, or cannot be read, are noted and have no other effect. After an
    /// error nothing of the message is kept; it can be handed over again.
    pub fn handle_deliver(
        &mut self,
        from: &Address,
        user_data: &UserData,
        now: Instant,
    ) -> Result<Reception, Error> {
        let sender = Msisdn::try_from(from);
        let outcome = match &sender {
            Ok(msisdn) => self.receive(msisdn, user_data, now),
            Err(error) => Err(Undone::Ignored(Ignored::Sender(*error))),
        };
        match outcome {
            Ok(completed) => Ok(Reception::Taken { completed }),
            Err(Undone::Error(error)) => Err(error),
            Err(Undone::Ignored(reason)) => {
                self.ignore(sender.as_ref().ok(), user_data, &reason, now)?;
                Ok(Reception::Ignored(reason))
            }
        }
    }

    /// Does `work`, which calls this server, in one transaction of the store: what it brings about is durable at the end
    /// of it, all at once (group commit). What fails of it is undone by itself. `of` names the subscribers whose messages
    /// they are, so that what is kept of them is loaded at once.
    ///
    /// After an error nothing of it is kept, and nothing of it is sent. [`Server::handle_timeout`] makes batches of its own,
    /// and is not for here.
    pub fn batch<T>(&mut self, of: &[Msisdn], work: impl FnOnce(&mut Self) -> T) -> Result<T, Error> {
        let outputs = self.outputs.len();
        self.store.begin(of)?;
        let done = work(self);
        if let Err(error) = self.store.commit() {
            self.outputs.truncate(outputs);
            return Err(error.into());
        }
        Ok(done)
    }

    /// A message to this subscriber has come to its end: the next one may go.
    pub fn handle_report(
        &mut self,
        to: &Address,
        reference: u64,
        report: DeliveryReport,
        now: Instant,
    ) -> Result<(), Error> {
        let Ok(msisdn) = Msisdn::try_from(to) else { return Ok(()) };
        let Self { store, guard, receiver, .. } = self;
        let dispatched = store.subscriber(&msisdn, |account| -> Result<_, Error> {
            let Some(source) = outbox::end(account, reference)? else { return Ok(Dispatched::default()) };
            if report == DeliveryReport::Failed {
                let summary = format!("not delivered: message {reference}");
                account.log(&LogEntry { at: now, direction: Direction::Out, summary, octets: 0 })?;
            }
            clear(account, receiver, source, now)?;
            dispatch(account, guard, &msisdn, &[], receiver.policy().validity, now)
        })?;
        self.outputs.extend(dispatched.outgoing);
        Ok(())
    }

    /// The time is `now`. Called too early it does nothing.
    ///
    /// One call looks after a limited number of subscribers; if more are due, [`Server::poll_timeout`] says so. If
    /// one subscriber's turn fails, it is noted and put off, the others have theirs all the same, and the first error is
    /// returned.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.handle_due(BATCH, now).map(drop)
    }

    /// The same for at most `limit` subscribers: who sends at a limited rate takes no more than can be sent. How many had
    /// their turn; after an error it was at least one.
    pub fn handle_due(&mut self, limit: u32, now: Instant) -> Result<u32, Error> {
        let trimmed = self.trim(now);
        let due = self.store.due(now, limit)?;
        if due.is_empty() {
            return trimmed.map(|()| 0);
        }
        let turns = self.batch(&due, |server| {
            due.iter().map(|msisdn| server.whole_turn(msisdn, now)).fold(Ok(()), Result::and)
        })?;
        trimmed.and(turns).map(|()| due.len() as u32)
    }

    /// Deletes all that is kept of a subscriber, and what this server has in memory of them; whether anything was kept.
    ///
    /// # Errors
    /// The store's.
    pub fn forget(&mut self, msisdn: &Msisdn) -> Result<bool, Error> {
        self.receiver.forget();
        self.outputs.retain(|output| Msisdn::try_from(&output.to).ok().as_ref() != Some(msisdn));
        self.failures.remove(msisdn);
        Ok(self.store.forget(msisdn)?)
    }

    /// The policy from now on.
    pub fn set_policy(&mut self, policy: Policy) {
        self.receiver = Receiver::new(policy);
    }

    /// The rules of the groups from now on. A subscriber who was told others hears of them when the server has to do with
    /// them next, or by [`Server::follow_rules`].
    pub fn set_rulebook(&mut self, rulebook: Rulebook) {
        self.rulebook = rulebook;
    }

    /// Orders what the next `limit` subscribers after one, in the store's own order, were not told of the rules of their
    /// groups; the last of them, or none if there are no more. Those of another server are left to it.
    pub fn follow_rules(
        &mut self,
        after: Option<&Msisdn>,
        limit: u32,
        now: Instant,
    ) -> Result<Option<Msisdn>, Error> {
        let found = self.store.walk(after, limit)?;
        let last = found.last().map(|(msisdn, _)| msisdn.clone());
        let is_member = |msisdn: &Msisdn| self.rulebook.of(msisdn).is_some();
        let members: Vec<Msisdn> =
            found.into_iter().map(|(msisdn, _)| msisdn).filter(|msisdn| is_member(msisdn)).collect();
        if members.is_empty() {
            return Ok(last);
        }
        self.batch(&members, |server| {
            let Self { store, receiver, rulebook, .. } = server;
            let follow = |msisdn: &Msisdn| -> Result<(), Error> {
                let Some(rules) = rulebook.of(msisdn) else { return Ok(()) };
                let done = store.subscriber(msisdn, |account| {
                    Source::ALL
                        .iter()
                        .try_for_each(|source| rules::follow(account, receiver, rules, *source, now))
                });
                match done {
                    Err(StoreError::NotMine(_)) => Ok(()),
                    done => Ok(done?),
                }
            };
            members.iter().map(follow).fold(Ok(()), Result::and)
        })??;
        Ok(last)
    }

    /// When [`Server::handle_timeout`] has something to do. Changes with every other call, and if another process
    /// writes into the store.
    pub fn poll_timeout(&mut self) -> Result<Option<Instant>, Error> {
        Ok(self.store.next_due()?)
    }

    /// The next short message to be sent; none until a `handle_*` call brings about another.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Outgoing> {
        self.outputs.pop_front()
    }

    fn receive(
        &mut self,
        msisdn: &Msisdn,
        user_data: &UserData,
        now: Instant,
    ) -> Result<Option<BackupId>, Undone> {
        let carried = bearer::read(user_data)?;
        let random = self.random.next_u64();
        let Self { store, guard, receiver, rulebook, .. } = self;
        let (dispatched, completed, unknown_table) =
            store.subscriber(msisdn, |account| -> Result<_, Undone> {
                let admitted = guard.admit(account, carried, now)?;
                let taken = take(receiver, guard, account, &admitted, user_data, now, random);
                let answer = taken.map_err(|undone| match undone {
                    // Anybody can repeat a packet: what it once was, an alarm too, it is no second time.
                    Undone::Ignored(_) if admitted.is_repeated => Ignored::Replayed(admitted.counter).into(),
                    other => other,
                })?;
                // Anybody can repeat a packet: it brings about nothing new.
                if let Some(rules) = rulebook.of(msisdn).filter(|_| !admitted.is_repeated) {
                    rules::follow(account, receiver, rules, admitted.source, now)?;
                }
                let dispatched =
                    dispatch(account, guard, msisdn, &answer.messages, receiver.policy().validity, now)?;
                Ok((dispatched, answer.completed, answer.unknown_table))
            })?;
        self.outputs.extend(dispatched.outgoing);
        if let Some(table) = unknown_table {
            log::warn!(
                "a backup of {} is refused: coding table {table} is not known here, give its file",
                self.guard.name(msisdn)
            );
        }
        if let Some(backup) = completed {
            log::info!("backup {} of a {:?} complete", backup.generation, backup.source);
        }
        Ok(completed)
    }

    /// Notes a message that has no effect. If it opens, its counter is spent all the same: nobody can repeat it.
    fn ignore(
        &mut self,
        sender: Option<&Msisdn>,
        user_data: &UserData,
        reason: &Ignored,
        now: Instant,
    ) -> Result<(), StoreError> {
        let note = note(now, Direction::In, format!("ignored: {reason}"), user_data);
        let Some(msisdn) = sender else {
            log::info!("message ignored: {reason}");
            return self.store.log(None, &note);
        };
        let Self { store, guard, .. } = self;
        store.subscriber(msisdn, |account| {
            guard.spend(account, user_data, now)?;
            if matches!(reason, Ignored::Altered { .. }) {
                log::warn!("{}: {reason}", guard.name(msisdn));
                account.alarm()?;
            } else {
                log::info!("message ignored: {reason}");
            }
            if reason.is_refusal() {
                guard::count(account)?;
            }
            account.log(&note)
        })
    }

    /// Does what is due for a subscriber, or puts it off.
    fn whole_turn(&mut self, msisdn: &Msisdn, now: Instant) -> Result<(), Error> {
        match self.turn(msisdn, now) {
            Ok(held) => {
                self.failures.remove(msisdn);
                held.map_or(Ok(()), Err)
            }
            Err(error) => self.put_off(msisdn, &error, now).and(Err(error)),
        }
    }

    /// Does what is due for a subscriber. What of it cannot be sent as things are waits in the store; why is returned.
    fn turn(&mut self, msisdn: &Msisdn, now: Instant) -> Result<Option<Error>, Error> {
        let Self { store, guard, receiver, rulebook, .. } = self;
        let dispatched = store.subscriber(msisdn, |account| {
            if let Some(rules) = rulebook.of(msisdn) {
                for source in Source::ALL {
                    rules::follow(account, receiver, rules, *source, now)?;
                }
            }
            let mut answer = receiver.due(account, now)?;
            answer.messages.extend(rekey::due(account, guard, now)?);
            tell(account, &answer.given_up, now)?;
            dispatch(account, guard, msisdn, &answer.messages, receiver.policy().validity, now)
        })?;
        self.outputs.extend(dispatched.outgoing);
        Ok(dispatched.held)
    }

    /// A subscriber's turn has failed: the next is after a while, longer each time.
    fn put_off(&mut self, msisdn: &Msisdn, error: &Error, now: Instant) -> Result<(), Error> {
        log::warn!("{}: {}", self.guard.name(msisdn), error.brief());
        let failures = self.failures.entry(msisdn.clone()).or_default();
        let wait = PUT_OFF.saturating_mul(1 << (*failures).min(16)).min(LONGEST_PUT_OFF);
        *failures = failures.saturating_add(1);
        // A store's error may show what stands in a phonebook.
        let why = match error {
            Error::Store(_) => "the store failed".into(),
            other => other.to_string(),
        };
        let summary = format!("turn failed, put off by {wait}: {why}");
        let note = LogEntry { at: now, direction: Direction::Out, summary, octets: 0 };
        Ok(self.store.put_off(msisdn, now + wait, &note)?)
    }

    /// Old notes go, some at a time.
    fn trim(&mut self, now: Instant) -> Result<(), Error> {
        if now < self.trim_at {
            return Ok(());
        }
        let before = Instant::EPOCH + now.since(Instant::EPOCH).saturating_sub(NOTES_KEPT);
        // If there are more, the next call goes on.
        if self.store.trim_log(before, TRIM_STEP)? < u64::from(TRIM_STEP) {
            self.trim_at = now + TRIM_EVERY;
        }
        Ok(())
    }
}

impl<S: Store> Esme for Server<S> {
    type Error = Error;

    fn handle_message(&mut self, from: &Address, user_data: &UserData, now: Instant) -> Result<(), Error> {
        self.handle_deliver(from, user_data, now).map(drop)
    }

    fn handle_report(
        &mut self,
        to: &Address,
        reference: u64,
        report: DeliveryReport,
        now: Instant,
    ) -> Result<(), Error> {
        Self::handle_report(self, to, reference, report, now)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        Self::handle_timeout(self, now)
    }

    fn poll_timeout(&mut self) -> Result<Option<Instant>, Error> {
        Self::poll_timeout(self)
    }

    fn poll_output(&mut self) -> Option<Outgoing> {
        Self::poll_output(self)
    }
}

/// Why a message's transaction was undone.
pub(crate) enum Undone {
    Ignored(Ignored),
    Error(Error),
}

impl From<Ignored> for Undone {
    fn from(reason: Ignored) -> Self {
        Self::Ignored(reason)
    }
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Error(Error::Store(error))
    }
}

impl From<ReceiverError<StoreError>> for Undone {
    fn from(error: ReceiverError<StoreError>) -> Self {
        match error {
            ReceiverError::Message(error) => Self::Ignored(Ignored::Unreadable(error)),
            ReceiverError::Contradiction(generation) => Self::Ignored(Ignored::Contradiction(generation)),
            ReceiverError::Altered { generation, number } => {
                Self::Ignored(Ignored::Altered { generation, number })
            }
            ReceiverError::Store(error) => error.into(),
        }
    }
}

/// Does what a message says that is let in, and notes it.
fn take(
    receiver: &mut Receiver,
    guard: &Guard,
    account: &mut impl Account,
    admitted: &Admitted,
    user_data: &UserData,
    now: Instant,
    random: u64,
) -> Result<Answer, Undone> {
    let (from, octets) = (admitted.source, &admitted.message);
    let message = ToServer::decode(octets);
    let summary = match (&message, Unspoken::answer_to(from, octets)) {
        (Ok(message), _) => describe::incoming(message),
        (Err(_), Some(unspoken)) => format!("not understood: first octet {:02X}", unspoken.octet),
        (Err(error), None) => return Err(Ignored::Unreadable(*error).into()),
    };
    if let Ok(message) = &message
        && message.source() != from
    {
        return Err(Ignored::Phonebook.into());
    }
    if admitted.is_repeated && !is_answered(account, message.as_ref().ok())? {
        return Err(Ignored::Replayed(admitted.counter).into());
    }
    if let Ok(message) = &message {
        rekey::answered(account, guard, message)?;
    }
    let answer = receiver.receive(account, from, octets, now, random)?;
    let summary = match answer.unknown_table {
        Some(table) => format!("{summary}, refused: coding table {table} is not known here"),
        None => summary,
    };
    account.log(&note(now, Direction::In, summary, user_data))?;
    tell(account, &answer.given_up, now)?;
    // Anybody can repeat a packet: it says nothing about what is on its way.
    if let Ok(message) = &message
        && !admitted.is_repeated
        && outbox::answered(account, from, message)?
    {
        clear(account, receiver, from, now)?;
    }
    Ok(answer)
}

/// Tells the operator what is tried no longer.
fn tell(account: &mut impl Account, given_up: &[GivenUp], now: Instant) -> Result<(), StoreError> {
    given_up.iter().try_for_each(|given_up| {
        let summary = describe::given_up(*given_up);
        account.log(&LogEntry { at: now, direction: Direction::Out, summary, octets: 0 })
    })
}

/// No message is on its way to an uploader any more: a restore need wait no longer.
fn clear(
    account: &mut impl Account,
    receiver: &Receiver,
    source: Source,
    now: Instant,
) -> Result<(), StoreError> {
    if source != Source::CARD {
        return Ok(());
    }
    Restorer { policy: receiver.policy() }.handle_clear(account, now)
}

/// Whether a message that has come before is one that only brings about an answer, again: blocks of a backup that is
/// complete, or refused. Whoever sends it changes nothing.
fn is_answered(account: &mut impl Account, message: Option<&ToServer>) -> Result<bool, StoreError> {
    let Some(ToServer::Blocks(blocks)) = message else { return Ok(false) };
    let session = account.session(blocks.backup.source)?;
    Ok(session.is_some_and(|session| session.backup == blocks.backup && session.standing != Standing::Open))
}
