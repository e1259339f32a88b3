//! The uploader's machine.

use alloc::{collections::VecDeque, vec::Vec};

use oxisim_wire::Duration;

use crate::{
    BlockSet, Configuration, FromServer,
    compact::Tables,
    journal::{Journal, Ordered, Owed, Phase, Run, State},
    message::{Abandonment, Source, Start, StartResult, Unspoken},
    settings::{Mode, Settings, Way},
    uploader::{
        Choice, Failure, Host, Outcome, Output, Trigger, Wake, outbox::LONGEST_RETRY_AFTER, restore, snapshot,
    },
};

/// Times that the server is asked in vain: 5, 10, 20 … 120 minutes apart.
const MAX_QUERIES: u8 = 16;

pub(super) const FIRST_QUERY_AFTER: Duration = Duration::from_mins(5);
const LONGEST_QUERY_AFTER: Duration = Duration::from_mins(120);

/// Steps in which the interval between two backups is counted: a reset loses one of them at most.
const INTERVAL_STEP_MINUTES: u32 = 60;

/// Backs up a phonebook: a poll machine without a clock.
///
/// Every `handle_*` is one mutation; then [`Uploader::poll_output`] is drained. Its answer changes only by such a
/// call. What survives a reset is in the [`Storage`](crate::Storage) of the host, so an uploader that is made anew
/// goes on where the last one stopped, once [`Uploader::handle_power_on`] is called.
#[derive(Clone, Debug)]
pub struct Uploader {
    pub(super) source: Source,
    /// As it was personalised; a configuration of the server is in the journal.
    pub(super) settings: Settings,
    pub(super) journal: Journal,
    /// The user is being asked about this backup.
    pub(super) asking: Option<Asking>,
    /// What the host is sending.
    pub(super) sending: Option<Sent>,
    /// The phone did not send: it is tried again when the host wakes.
    pub(super) retrying: bool,
    /// The phase for which the host wakes: a message in between does not make its wait longer.
    pub(super) waiting: Option<Phase>,
    outputs: VecDeque<Output>,
}

/// A backup about which the user is being asked.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    run: Run,
    /// The order of the server that it follows.
    order: Option<u16>,
}

/// What is on its way through the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Block {
        generation: u16,
        number: u16,
    },
    Owed(Owed),
    /// A message that is no longer owed as it is.
    Other,
}

impl Uploader {
    /// An uploader for the phonebook `source`, whose host's memory is laid out by `journal`.
    #[must_use]
    pub fn new(source: Source, settings: Settings, journal: Journal) -> Self {
        Self {
            source,
            settings,
            journal,
            asking: None,
            sending: None,
            retrying: false,
            waiting: None,
            outputs: VecDeque::new(),
        }
    }

    /// The settings with which it was personalised.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the user is being asked.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// The next thing that the uploader wants; none until it is told something again.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if output.is_none() {
            // Between two calls it keeps no room for outputs.
            self.outputs = VecDeque::new();
        }
        output
    }

    /// Octets of memory that it uses: its own, and those that it has elsewhere.
    #[must_use]
    pub fn octets(&self) -> usize {
        let asking = self.asking.as_ref().map_or(0, |asking| asking.run.todo.heap_octets());
        let messages = self.outputs.iter().map(|output| match output {
            Output::Send(message) => message.capacity(),
            _ => 0,
        });
        let outputs = self.outputs.capacity() * size_of::<Output>() + messages.sum::<usize>();
        size_of_val(self) + asking + outputs
    }

    /// The power has come back: what was under way goes on.
    pub fn handle_power_on(&mut self, host: &mut dyn Host) {
        self.asking = None;
        self.sending = None;
        self.retrying = false;
        self.waiting = None;
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            let interval = this.interval_minutes(&state);
            let is_renewed = state.owed.renew();
            let counts_anew = state.countdown == 0 || state.countdown > interval;
            if counts_anew {
                state.countdown = interval;
            }
            if is_renewed || counts_anew {
                this.journal.write(host, &state)?;
            }
            this.go_on(&state, host)
        });
    }

    /// A backup shall start.
    pub fn start(&mut self, trigger: Trigger, host: &mut dyn Host) {
        if self.is_asking() {
            return;
        }
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            if let Some((run, _)) = &state.run {
                let blocks = run.todo.total();
                if trigger == Trigger::User {
                    this.report(Outcome::Running { sent: blocks - run.todo.len(), blocks });
                    if this.retrying {
                        // The user may know that there is service again.
                        return this.go_on(&state, host);
                    }
                }
                return Ok(());
            }
            this.start_backup(&mut state, None, host)
        });
    }

    /// Takes a snapshot and chooses the way.
    pub(super) fn start_backup(
        &mut self,
        state: &mut State,
        order: Option<Start>,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let settings = self.configured(state);
        let number = order.map(|order| order.number);
        let Some(snapshot) = snapshot::take(self.journal, &settings, state, host)? else {
            self.report(Outcome::Unchanged);
            return self.answer_order(state, number, StartResult::UNCHANGED, host);
        };
        let estimate = settings.estimate(snapshot.blocks, snapshot.octets);
        let way = match (order.and_then(|order| order.way), settings.mode) {
            (Some(way), _) | (None, Mode::Fixed(way)) => way,
            (None, Mode::Auto) => settings.automatic(&estimate),
            (None, Mode::Ask) => {
                let run = run(&settings, &snapshot, Way::NORMAL);
                self.asking = Some(Asking { run, order: number });
                self.outputs.push_back(Output::Ask(estimate));
                return Ok(());
            }
        };
        self.begin(state, run(&settings, &snapshot, way), number, host)
    }

    /// The user has answered [`Output::Ask`].
    pub fn handle_choice(&mut self, choice: Choice, host: &mut dyn Host) {
        let Some(Asking { mut run, order }) = self.asking.take() else { return };
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            run.way = match choice {
                Choice::Normal => Way::NORMAL,
                Choice::Asynchronous => this.configured(&state).asynchronous,
                Choice::Refused | Choice::NoAnswer => {
                    this.report(Outcome::Declined);
                    return this.answer_order(&mut state, order, StartResult::DECLINED, host);
                }
            };
            this.begin(&mut state, run, order, host)
        });
    }

    /// The message of [`Output::Send`] has been sent, or has not.
    pub fn handle_sent(&mut self, sent: bool, host: &mut dyn Host) {
        let Some(what) = self.sending.take() else { return };
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            if !sent {
                return this.not_sent(&mut state, host);
            }
            state.retries = 0;
            if let Sent::Owed(one) = what {
                state.owed.remove(one);
            }
            if let Some((run, phase)) = &mut state.run
                && let Phase::Sending { left } = *phase
            {
                *phase = match what {
                    Sent::Block { generation, number } if generation == run.generation => {
                        run.todo.remove(number);
                        match (run.todo.is_empty(), left.saturating_sub(1)) {
                            (true, _) => Phase::Waiting { asked: 0 },
                            (false, 0) => Phase::Pausing { asked: 0 },
                            (false, left) => Phase::Sending { left },
                        }
                    }
                    Sent::Block { .. } => Phase::Sending { left },
                    // It has kept the phone busy as a block would have.
                    _ => Phase::Sending { left: left.saturating_sub(1).max(1) },
                };
                if let Sent::Block { number, .. } = what
                    && matches!(phase, Phase::Waiting { .. })
                    && number == run.todo.total()
                    && !this.has_room_for_digest(run, this.journal.block(host, number)?.len())
                {
                    this.owe(&mut state, Owed::QUERY);
                }
            }
            this.journal.write(host, &state)?;
            this.go_on(&state, host)
        });
    }

    /// The time of [`Output::Wake`] has passed.
    pub fn handle_wake(&mut self, host: &mut dyn Host) {
        self.waiting = None;
        if self.sending.is_some() {
            // Whatever becomes of it, another wish follows.
            return;
        }
        let retrying = core::mem::take(&mut self.retrying);
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            if retrying {
                state.retries = state.retries.saturating_add(1);
                this.journal.write(host, &state)?;
                return this.go_on(&state, host);
            }
            let Some((run, phase)) = &mut state.run else {
                return this.count_down(&mut state, host);
            };
            match *phase {
                Phase::Sending { .. } => {}
                Phase::Pausing { .. } if run.way != Way::SERVER => *phase = subset(run),
                Phase::Pausing { asked: MAX_QUERIES.. } | Phase::Waiting { asked: MAX_QUERIES.. } => {
                    return this.abandon(&mut state, Abandonment::NO_ANSWER, host);
                }
                Phase::Pausing { ref mut asked } | Phase::Waiting { ref mut asked } => {
                    *asked += 1;
                    this.owe(&mut state, Owed::QUERY);
                }
            }
            this.journal.write(host, &state)?;
            this.go_on(&state, host)
        });
    }

    /// A message of the server has come. One that cannot be read has no effect; one whose version or type is not spoken
    /// is answered so.
    pub fn handle_message(&mut self, message: &[u8], host: &mut dyn Host) {
        if let Some(unspoken) = Unspoken::answer_to(self.source, message) {
            return self.attempt(host, |this, host| {
                let mut state = this.journal.read(host)?;
                state.unspoken = unspoken.octet;
                this.owe(&mut state, Owed::UNSPOKEN);
                this.journal.write(host, &state)?;
                this.go_on(&state, host)
            });
        }
        let Ok(message) = FromServer::decode(message) else { return };
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            this.take(&mut state, message, host)?;
            if state.owed.first().is_some() {
                // Where a message comes from, one may go to.
                return this.go_on(&state, host);
            }
            Ok(())
        });
    }

    /// Does what a message of the server says.
    fn take(&mut self, state: &mut State, message: FromServer, host: &mut dyn Host) -> Result<(), Failure> {
        match message {
            FromServer::Restore { generation, total, number, block } => {
                let part = restore::Part { generation, total, number, block: &block };
                let tables = Tables::of(&self.settings.coding);
                let step = restore::apply(self.journal, state, &part, &tables, host)?;
                if step.answers {
                    self.renew(Owed::RESTORED);
                }
                if step.completes {
                    self.report(Outcome::Restored);
                }
                self.go_on(state, host)
            }
            FromServer::Missing { backup, blocks } => self.missing(state, backup, &blocks, host),
            FromServer::Planned { backup, wait } => self.planned(state, backup, wait, host),
            FromServer::Ok { backup, digest } => self.ok(state, backup, digest, host),
            FromServer::Refused { backup, reason, latest } => {
                self.refused(state, backup, reason, latest, host)
            }
            FromServer::Configure { source, number, fields } if source == self.source => {
                self.configure(state, number, &fields, host)
            }
            FromServer::Start { source, start } if source == self.source => self.order(state, start, host),
            FromServer::Rekey(rekey) => self.rekey(state, &rekey, host),
            FromServer::Unspoken(unspoken) => self.unspoken(state, unspoken, host),
            FromServer::Configure { .. } | FromServer::Start { .. } => Ok(()),
        }
    }

    /// The settings that the next backup goes by.
    pub(super) fn configured(&self, state: &State) -> Settings {
        let fields = state.configured.as_ref().map(|configured| configured.fields.as_slice());
        let configuration = Configuration::decode(fields.unwrap_or_default()).unwrap_or_default();
        configuration.apply(&self.settings)
    }

    pub(super) fn begin(
        &mut self,
        state: &mut State,
        run: Run,
        order: Option<u16>,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        self.report(Outcome::Started { blocks: run.todo.total() });
        state.last = run.generation;
        state.retries = 0;
        // The server learns from this one that the last is over.
        state.owed.remove(Owed::ABANDONED_AGAIN);
        if let Some(number) = order {
            state.ordered = Some(Ordered { number, result: StartResult::BEGUN });
        }
        let phase = subset(&run);
        state.run = Some((run, phase));
        self.journal.write(host, state)?;
        self.go_on(state, host)
    }

    /// Gives the backup up, and owes the server why.
    pub(super) fn abandon(
        &mut self,
        state: &mut State,
        reason: Abandonment,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        if let Some((run, _)) = &state.run {
            state.abandoned = (run.generation, reason);
            self.owe(state, Owed::ABANDONED);
            state.owed.insert(Owed::ABANDONED_AGAIN);
        }
        let not_sent = reason == Abandonment::NOT_SENT;
        self.end(state, if not_sent { Outcome::NotSent } else { Outcome::GivenUp }, host)
    }

    pub(super) fn end(
        &mut self,
        state: &mut State,
        outcome: Outcome,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        state.run = None;
        state.owed.remove(Owed::QUERY);
        self.journal.write(host, state)?;
        self.report(outcome);
        self.go_on(state, host)
    }

    /// Does what the state asks for next: sends, or waits.
    pub(super) fn go_on(&mut self, state: &State, host: &mut dyn Host) -> Result<(), Failure> {
        if self.sending.is_some() {
            return Ok(());
        }
        if let Some(one) = state.owed.first() {
            let message = self.owed_message(state, one, host)?;
            self.send(Sent::Owed(one), message.encode());
            return Ok(());
        }
        let Some((run, phase)) = &state.run else {
            self.wait_for_interval(state);
            return Ok(());
        };
        if self.waiting == Some(*phase) {
            return Ok(());
        }
        match *phase {
            Phase::Sending { .. } => {
                let Some(number) = run.todo.first() else { return Ok(()) };
                let block = self.journal.block(host, number)?;
                let message = self.block_message(run, number, block);
                self.send(Sent::Block { generation: run.generation, number }, message.encode());
            }
            Phase::Pausing { asked } if run.way == Way::SERVER => {
                let longest = if run.instruct_delay { run.pause } else { Duration::ZERO };
                self.wake(longest + query_after(asked), Wake::AskAgain, state);
            }
            Phase::Pausing { .. } => self.wake(run.pause, Wake::Pause, state),
            Phase::Waiting { asked } => self.wake(query_after(asked), Wake::AskAgain, state),
        }
        Ok(())
    }

    fn send(&mut self, what: Sent, message: Vec<u8>) {
        if matches!(what, Sent::Block { .. }) {
            self.waiting = None;
        }
        self.sending = Some(what);
        self.retrying = false;
        self.outputs.push_back(Output::Send(message));
    }

    pub(super) fn wake(&mut self, after: Duration, why: Wake, state: &State) {
        let way = state.run.as_ref().map_or(Way::TIMER, |(run, _)| run.way);
        self.waiting = state.run.as_ref().map(|(_, phase)| *phase).filter(|_| why != Wake::Retry);
        self.outputs.push_back(Output::Wake { after, why, way });
    }

    pub(super) fn wait_for_interval(&mut self, state: &State) {
        self.waiting = None;
        self.outputs.push_back(Output::Sleep);
        if self.configured(state).interval.is_some() {
            let minutes = state.countdown.clamp(1, INTERVAL_STEP_MINUTES);
            self.outputs.push_back(Output::Wake {
                after: Duration::from_mins(u64::from(minutes)),
                why: Wake::Interval,
                way: Way::TIMER,
            });
        }
    }

    /// A part of the interval has passed, or all of it.
    fn count_down(&mut self, state: &mut State, host: &mut dyn Host) -> Result<(), Failure> {
        if self.configured(state).interval.is_none() {
            return Ok(());
        }
        let due = state.countdown <= INTERVAL_STEP_MINUTES;
        let left = state.countdown.saturating_sub(INTERVAL_STEP_MINUTES);
        state.countdown = if due { self.interval_minutes(state) } else { left };
        self.journal.write(host, state)?;
        if due {
            self.start(Trigger::Interval, host);
            return Ok(());
        }
        self.go_on(state, host)
    }

    pub(super) fn interval_minutes(&self, state: &State) -> u32 {
        let interval = self.configured(state).interval;
        let minutes = interval.map_or(0, |interval| interval.as_secs().div_ceil(60));
        minutes.min(u64::from(u32::MAX)) as u32
    }

    pub(super) fn report(&mut self, outcome: Outcome) {
        self.outputs.push_back(Output::Report(outcome));
    }

    fn attempt(
        &mut self,
        host: &mut dyn Host,
        step: impl FnOnce(&mut Self, &mut dyn Host) -> Result<(), Failure>,
    ) {
        if let Err(failure) = step(self, host) {
            self.report(Outcome::Failed(failure));
            let Ok(state) = self.journal.read(host) else { return };
            if state.run.is_none() {
                // What is not under way waits for its next time all the same.
                self.wait_for_interval(&state);
            } else if self.sending.is_none() {
                // Nothing else would wake it.
                self.retrying = true;
                self.wake(LONGEST_RETRY_AFTER, Wake::Retry, &state);
            }
        }
    }
}

/// A backup of this snapshot. It keeps what was set when it began.
pub(super) fn run(settings: &Settings, snapshot: &snapshot::Snapshot, way: Way) -> Run {
    Run {
        generation: snapshot.generation,
        base_distance: snapshot.base_distance,
        way,
        todo: BlockSet::full(snapshot.blocks),
        digest: snapshot.digest,
        subset: settings.subset.max(1),
        pause: settings.pause_for(snapshot.blocks),
        instruct_delay: settings.instruct_delay,
    }
}

/// The phase in which the next subset is sent.
pub(super) const fn subset(run: &Run) -> Phase {
    let is_normal = run.way.0 == Way::NORMAL.0;
    Phase::Sending { left: if is_normal { u16::MAX } else { run.subset } }
}

fn query_after(asked: u8) -> Duration {
    FIRST_QUERY_AFTER.saturating_mul(1 << asked.min(5)).min(LONGEST_QUERY_AFTER)
}
