//! The uploader's machine.

use alloc::{collections::VecDeque, vec::Vec};

use oxisim_wire::Duration;

use crate::{
    BlockSet, Digest, FromServer, ToServer,
    journal::{Journal, Phase, Run, State},
    message::{BackupId, Blocks, Pause, Refusal, Resumes, Source},
    settings::{Estimate, Mode, Settings, Way},
    uploader::{Choice, Failure, Host, Outcome, Output, Trigger, Wake, restore, snapshot},
};

/// Times in a row that a message is handed to a phone that does not send it.
const MAX_FAILURES: u8 = 20;

/// Times that the server is asked in vain: 5, 10, 20 … 120 minutes apart.
const MAX_QUERIES: u8 = 16;

/// Time until a message that the phone did not send is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

const FIRST_QUERY_AFTER: Duration = Duration::from_mins(5);
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
    source: Source,
    settings: Settings,
    journal: Journal,
    /// The user is being asked about this backup.
    asking: Option<(Run, Estimate)>,
    /// What the host is sending.
    sending: Option<Sent>,
    /// Messages to send before the next block: the question what is missing, and the answer to a restore. A new one
    /// takes the place of one that waits.
    query: Option<Vec<u8>>,
    restored: Option<Vec<u8>>,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Block { generation: u16, number: u16 },
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
            query: None,
            restored: None,
            outputs: VecDeque::new(),
        }
    }

    /// The settings.
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
        let asking = self.asking.as_ref().map_or(0, |(run, _)| run.todo.heap_octets());
        let owed = self.query.iter().chain(&self.restored).map(Vec::capacity).sum::<usize>();
        let messages = self.outputs.iter().map(|output| match output {
            Output::Send(message) => message.capacity(),
            _ => 0,
        });
        let outputs = self.outputs.capacity() * size_of::<Output>() + messages.sum::<usize>();
        size_of_val(self) + asking + owed + outputs
    }

    /// The power has come back: what was under way goes on.
    pub fn handle_power_on(&mut self, host: &mut dyn Host) {
        self.asking = None;
        self.sending = None;
        self.query = None;
        self.restored = None;
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            let interval = this.interval_minutes();
            if state.countdown == 0 || state.countdown > interval {
                state.countdown = interval;
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
                }
                return Ok(());
            }
            let Some(snapshot) = snapshot::take(this.journal, &this.settings, &state, host)? else {
                this.report(Outcome::Unchanged);
                this.wait_for_interval(&state);
                return Ok(());
            };
            let estimate = this.settings.estimate(snapshot.blocks, snapshot.octets);
            let mut run = Run {
                generation: snapshot.generation,
                base_distance: snapshot.base_distance,
                way: Way::NORMAL,
                todo: BlockSet::full(snapshot.blocks),
                digest: snapshot.digest,
            };
            match this.settings.mode {
                Mode::Fixed(way) => run.way = way,
                Mode::Auto => run.way = this.settings.automatic(&estimate),
                Mode::Ask => {
                    this.asking = Some((run, estimate));
                    this.outputs.push_back(Output::Ask(estimate));
                    return Ok(());
                }
            }
            this.begin(&mut state, run, host)
        });
    }

    /// The user has answered [`Output::Ask`].
    pub fn handle_choice(&mut self, choice: Choice, host: &mut dyn Host) {
        let Some((mut run, _)) = self.asking.take() else { return };
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            run.way = match choice {
                Choice::Normal => Way::NORMAL,
                Choice::Asynchronous => this.settings.asynchronous,
                Choice::Refused | Choice::NoAnswer => {
                    this.report(Outcome::Declined);
                    this.wait_for_interval(&state);
                    return Ok(());
                }
            };
            this.begin(&mut state, run, host)
        });
    }

    /// The message of [`Output::Send`] has been sent, or has not.
    pub fn handle_sent(&mut self, sent: bool, host: &mut dyn Host) {
        let Some(what) = self.sending.take() else { return };
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            let Some((run, phase)) = &mut state.run else {
                return this.go_on(&state, host);
            };
            if let (Phase::Sending { left: left @ 2.., failures }, Sent::Other) = (*phase, what) {
                // It has kept the phone busy as a block would have.
                *phase = Phase::Sending { left: left - 1, failures };
                this.journal.write(host, &state)?;
            } else if let (Phase::Sending { left, failures }, Sent::Block { generation, number }) =
                (*phase, what)
                && generation == run.generation
            {
                *phase = if sent {
                    run.todo.remove(number);
                    let left = left.saturating_sub(1);
                    match (run.todo.is_empty(), left) {
                        (true, _) => Phase::Waiting { asked: 0 },
                        (false, 0) => Phase::Pausing { asked: 0 },
                        (false, left) => Phase::Sending { left, failures: 0 },
                    }
                } else {
                    Phase::Sending { left, failures: failures.saturating_add(1) }
                };
                if !sent && failures >= MAX_FAILURES {
                    return this.give_up(&mut state, host);
                }
                this.journal.write(host, &state)?;
                if !sent {
                    this.wake(RETRY_AFTER, Wake::Retry, state.run.as_ref());
                    return Ok(());
                }
            }
            this.go_on(&state, host)
        });
    }

    /// The time of [`Output::Wake`] has passed.
    pub fn handle_wake(&mut self, host: &mut dyn Host) {
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            let Some((run, phase)) = &mut state.run else {
                return this.count_down(&mut state, host);
            };
            match *phase {
                Phase::Sending { .. } => {}
                Phase::Pausing { .. } if run.way != Way::SERVER => *phase = this.subset(run.way),
                Phase::Pausing { asked: MAX_QUERIES.. } | Phase::Waiting { asked: MAX_QUERIES.. } => {
                    return this.give_up(&mut state, host);
                }
                Phase::Pausing { ref mut asked } | Phase::Waiting { ref mut asked } => {
                    *asked += 1;
                    let query = ToServer::Query {
                        backup: BackupId { source: this.source, generation: run.generation },
                        base_distance: run.base_distance,
                        total: run.todo.total(),
                    };
                    this.query = Some(query.encode());
                }
            }
            this.journal.write(host, &state)?;
            this.go_on(&state, host)
        });
    }

    /// A message of the server has come. One that cannot be read has no effect.
    pub fn handle_message(&mut self, message: &[u8], host: &mut dyn Host) {
        let Ok(message) = FromServer::decode(message) else { return };
        self.attempt(host, |this, host| {
            let mut state = this.journal.read(host)?;
            match message {
                FromServer::Restore { generation, total, number, block } => {
                    let part = restore::Part { generation, total, number, block: &block };
                    let (answer, complete) = restore::apply(this.journal, &mut state, &part, host)?;
                    if let Some(answer) = answer {
                        this.restored = Some(answer.encode());
                    }
                    if complete {
                        this.report(Outcome::Restored);
                    }
                    this.go_on(&state, host)
                }
                FromServer::Missing { backup, blocks } => this.missing(&mut state, backup, &blocks, host),
                FromServer::Planned { backup, wait } => this.planned(&mut state, backup, wait, host),
                FromServer::Ok { backup, digest } => this.ok(&mut state, backup, digest, host),
                FromServer::Refused { backup, reason, latest } => {
                    this.refused(&mut state, backup, reason, latest, host)
                }
            }
        });
    }

    fn missing(
        &mut self,
        state: &mut State,
        backup: BackupId,
        blocks: &BlockSet,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((run, phase)) = &mut state.run else { return Ok(()) };
        if !self.is_about(backup, run) || blocks.total() != run.todo.total() {
            return Ok(());
        }
        let was_sending = matches!(phase, Phase::Sending { .. });
        if run.way == Way::SERVER && !was_sending {
            run.todo = blocks.clone();
        } else {
            blocks.iter().for_each(|number| {
                run.todo.insert(number);
            });
        }
        // In the timer and status ways the card itself ends its pauses.
        let resumes = run.way == Way::SERVER || matches!(phase, Phase::Waiting { .. });
        if resumes && !was_sending && !run.todo.is_empty() {
            *phase = self.subset(run.way);
        }
        self.journal.write(host, state)?;
        if matches!(state.run, Some((_, Phase::Pausing { .. }))) {
            return Ok(());
        }
        self.go_on(state, host)
    }

    /// The server will ask by itself: until then there is no need to.
    fn planned(
        &mut self,
        state: &mut State,
        backup: BackupId,
        wait: Pause,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((run, Phase::Pausing { asked } | Phase::Waiting { asked })) = &mut state.run else {
            return Ok(());
        };
        if !self.is_about(backup, run) || run.way != Way::SERVER {
            return Ok(());
        }
        *asked = 0;
        self.journal.write(host, state)?;
        self.wake(wait.duration() + FIRST_QUERY_AFTER, Wake::AskAgain, state.run.as_ref());
        Ok(())
    }

    fn ok(
        &mut self,
        state: &mut State,
        backup: BackupId,
        digest: Digest,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((run, _)) = &state.run else { return Ok(()) };
        if !self.is_about(backup, run) {
            return Ok(());
        }
        let equal = digest == run.digest;
        if equal {
            self.journal.confirm(host)?;
        }
        state.confirmed = equal.then_some(run.generation);
        state.run = None;
        // The copy that was being restored is no longer the server's.
        state.restore = None;
        self.journal.write(host, state)?;
        self.report(if equal { Outcome::Complete } else { Outcome::Differs });
        self.wait_for_interval(state);
        Ok(())
    }

    fn refused(
        &mut self,
        state: &mut State,
        backup: BackupId,
        reason: Refusal,
        latest: u16,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((run, _)) = &state.run else { return Ok(()) };
        if !self.is_about(backup, run) {
            return Ok(());
        }
        let way = run.way;
        let again = match reason {
            Refusal::BASE_UNKNOWN => run.base_distance != 0,
            Refusal::GENERATION_OLD => latest != run.generation.wrapping_sub(1),
            _ => false,
        };
        if !again {
            let outcome = if reason == Refusal::RESTORING { Outcome::Restoring } else { Outcome::GivenUp };
            return self.end(state, outcome, host);
        }
        // The server has lost what this builds on, or the card has lost count: everything goes once more, the
        // same way.
        state.run = None;
        state.confirmed = None;
        state.last = latest;
        let Some(snapshot) = snapshot::take(self.journal, &self.settings, state, host)? else {
            self.journal.write(host, state)?;
            self.report(Outcome::Unchanged);
            self.wait_for_interval(state);
            return Ok(());
        };
        let run = Run {
            generation: snapshot.generation,
            base_distance: 0,
            way,
            todo: BlockSet::full(snapshot.blocks),
            digest: snapshot.digest,
        };
        self.begin(state, run, host)
    }

    fn begin(&mut self, state: &mut State, run: Run, host: &mut dyn Host) -> Result<(), Failure> {
        self.report(Outcome::Started { blocks: run.todo.total() });
        state.last = run.generation;
        let phase = self.subset(run.way);
        state.run = Some((run, phase));
        self.journal.write(host, state)?;
        self.go_on(state, host)
    }

    fn give_up(&mut self, state: &mut State, host: &mut dyn Host) -> Result<(), Failure> {
        self.end(state, Outcome::GivenUp, host)
    }

    fn end(&mut self, state: &mut State, outcome: Outcome, host: &mut dyn Host) -> Result<(), Failure> {
        state.run = None;
        self.journal.write(host, state)?;
        self.report(outcome);
        self.wait_for_interval(state);
        Ok(())
    }

    /// Does what the state asks for next: sends, or waits.
    fn go_on(&mut self, state: &State, host: &mut dyn Host) -> Result<(), Failure> {
        if self.sending.is_some() {
            return Ok(());
        }
        if let Some(message) = self.query.take().or_else(|| self.restored.take()) {
            self.send(Sent::Other, message);
            return Ok(());
        }
        let Some((run, phase)) = &state.run else {
            self.wait_for_interval(state);
            return Ok(());
        };
        let pause = self.settings.pause_for(run.todo.total());
        match *phase {
            Phase::Sending { .. } => {
                let Some(number) = run.todo.first() else { return Ok(()) };
                let block = self.journal.block(host, number)?;
                let message = self.block_message(run, number, block);
                self.send(Sent::Block { generation: run.generation, number }, message.encode());
            }
            Phase::Pausing { asked } if run.way == Way::SERVER => {
                let longest = if self.settings.instruct_delay { pause } else { Duration::ZERO };
                self.wake(longest + query_after(asked), Wake::AskAgain, state.run.as_ref());
            }
            Phase::Pausing { .. } => self.wake(pause, Wake::Pause, state.run.as_ref()),
            Phase::Waiting { asked } => self.wake(query_after(asked), Wake::AskAgain, state.run.as_ref()),
        }
        Ok(())
    }

    fn block_message(&self, run: &Run, number: u16, block: Vec<u8>) -> ToServer {
        let total = run.todo.total();
        let resumes = if run.way == Way::SERVER { Resumes::SERVER } else { Resumes::UPLOADER };
        ToServer::Blocks(Blocks {
            backup: BackupId { source: self.source, generation: run.generation },
            base_distance: run.base_distance,
            total,
            first: number,
            blocks: [block].into(),
            resumes,
            delay: (self.settings.instruct_delay && run.way == Way::SERVER)
                .then(|| Pause::from_duration(self.settings.pause_for(total))),
        })
    }

    fn send(&mut self, what: Sent, message: Vec<u8>) {
        self.sending = Some(what);
        self.outputs.push_back(Output::Send(message));
    }

    /// The phase in which the next subset is sent.
    fn subset(&self, way: Way) -> Phase {
        let left = if way == Way::NORMAL { u16::MAX } else { self.settings.subset.max(1) };
        Phase::Sending { left, failures: 0 }
    }

    fn wake(&mut self, after: Duration, why: Wake, run: Option<&(Run, Phase)>) {
        let way = run.map_or(Way::TIMER, |(run, _)| run.way);
        self.outputs.push_back(Output::Wake { after, why, way });
    }

    fn wait_for_interval(&mut self, state: &State) {
        self.outputs.push_back(Output::Sleep);
        if self.settings.interval.is_some() {
            let minutes = state.countdown.clamp(1, INTERVAL_STEP_MINUTES);
            self.wake(Duration::from_mins(u64::from(minutes)), Wake::Interval, None);
        }
    }

    /// A part of the interval has passed, or all of it.
    fn count_down(&mut self, state: &mut State, host: &mut dyn Host) -> Result<(), Failure> {
        if self.settings.interval.is_none() {
            return Ok(());
        }
        let due = state.countdown <= INTERVAL_STEP_MINUTES;
        state.countdown = if due { self.interval_minutes() } else { state.countdown - INTERVAL_STEP_MINUTES };
        self.journal.write(host, state)?;
        if due {
            self.start(Trigger::Interval, host);
        } else {
            self.wait_for_interval(state);
        }
        Ok(())
    }

    fn interval_minutes(&self) -> u32 {
        let minutes = self.settings.interval.map_or(0, |interval| interval.as_secs().div_ceil(60));
        minutes.min(u64::from(u32::MAX)) as u32
    }

    fn is_about(&self, backup: BackupId, run: &Run) -> bool {
        backup == BackupId { source: self.source, generation: run.generation }
    }

    fn report(&mut self, outcome: Outcome) {
        self.outputs.push_back(Output::Report(outcome));
    }

    fn attempt(
        &mut self,
        host: &mut dyn Host,
        step: impl FnOnce(&mut Self, &mut dyn Host) -> Result<(), Failure>,
    ) {
        if let Err(failure) = step(self, host) {
            self.report(Outcome::Failed(failure));
            // What is not under way waits for its next time all the same.
            if let Ok(state) = self.journal.read(host)
                && state.run.is_none()
            {
                self.wait_for_interval(&state);
            }
        }
    }
}

fn query_after(asked: u8) -> Duration {
    FIRST_QUERY_AFTER.saturating_mul(1 << asked.min(5)).min(LONGEST_QUERY_AFTER)
}
