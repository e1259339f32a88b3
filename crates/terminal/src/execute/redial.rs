//! Calls that are set up again (TS 102 223 §6.4.13, TS 22.001 annex E).

use oxisim_sms::Address;
use oxisim_toolkit::{
    Problem,
    codes::{GeneralResult, TerminalProblem},
    command::SetUpCall,
    objects,
};
use oxisim_wire::{Duration, Instant};

use crate::{
    CallId, CallParameters, Event, Output, Terminal,
    attempt::Wanted,
    session::{Job, Outcome, Session, Task},
    timer::Timer,
};

/// Seconds before each attempt after the first.
const PAUSES: [u64; 10] = [5, 60, 60, 60, 180, 180, 180, 180, 180, 180];

/// A call that is set up again if it fails.
#[derive(Debug)]
pub(crate) struct Redial {
    /// The number that was called, and with what: nothing before the first attempt is made.
    call: Option<(Address, CallParameters)>,
    /// How long the card would have it tried.
    length: Option<Duration>,
    /// When that is over; unknown until the first attempt is made.
    end: Option<Instant>,
    /// Attempts after the first.
    attempts: u8,
}

impl Redial {
    /// Notes when the first attempt was made.
    pub(crate) fn begin(&mut self, now: Instant) {
        if let (Some(_), Some(length), None) = (&self.call, self.length, self.end) {
            self.end = Some(now + length);
        }
    }
}

impl Terminal {
    /// Notes that a call is to be set up again if it fails, if the qualifier says so.
    pub(super) fn note_redial(&mut self, job: &Job, command: &SetUpCall) {
        let length = command.duration.as_ref().map(objects::Duration::duration);
        self.redial = job.qualifier(1).then_some(Redial { call: None, length, end: None, attempts: 0 });
    }

    /// Keeps what is called, which the card may have changed.
    pub(crate) fn keep_for_redial(&mut self, wanted: &Wanted) {
        if let (Some(redial), Wanted::Call { number, parameters, .. }) = (&mut self.redial, wanted) {
            redial.call = Some((number.clone(), parameters.clone()));
        }
    }

    /// Whether the call that has failed is set up again, now or when time has come.
    pub(super) fn redials(&mut self, call: CallId, cause: Option<u8>, now: Instant) -> bool {
        if !matches!(&self.card.session, Session::Executing(_, task) if *task == Task::Call(call)) {
            return false;
        }
        let Some(redial) = self.redial.take_if(|redial| {
            may_pass(cause)
                && redial.end.is_none_or(|end| now < end)
                && usize::from(redial.attempts) < PAUSES.len()
        }) else {
            self.redial = None;
            return false;
        };
        let pause = PAUSES.get(usize::from(redial.attempts)).copied().unwrap_or_default();
        let next = now + Duration::from_secs(pause);
        self.timers.set(Timer::Redial, redial.end.map_or(next, |end| next.min(end)));
        self.redial = Some(redial);
        if let Session::Executing(job, _) = core::mem::take(&mut self.card.session) {
            self.card.session = Session::Executing(job, Task::Redial { cause });
        }
        true
    }

    /// The pause is over, or the time that the card gave.
    pub(crate) fn redial_due(&mut self, now: Instant) {
        match core::mem::take(&mut self.card.session) {
            Session::Executing(job, Task::Redial { cause }) => {
                let outcome = self.redial(&job, cause, now);
                self.conclude(job, outcome);
            }
            session => self.card.session = session,
        }
    }

    fn redial(&mut self, job: &Job, cause: Option<u8>, now: Instant) -> Outcome {
        let in_time = |redial: &mut Redial| redial.end.is_none_or(|end| now < end);
        let Some(mut redial) = self.redial.take_if(in_time) else {
            return job.result(Problem::network(cause));
        };
        // A call that has come in meanwhile is in the way of every attempt.
        let Some(call) = self.free_call().filter(|_| self.calls.is_empty()) else {
            return job.unable(TerminalProblem::BUSY_ON_CALL);
        };
        let Some((number, parameters)) = redial.call.clone() else {
            return job.unable(TerminalProblem::NO_SPECIFIC_CAUSE);
        };
        redial.attempts += 1;
        self.event(Event::Redialled(redial.attempts));
        self.redial = Some(redial);
        let request = self.call(call, number, parameters);
        self.output(Output::Network(request));
        Outcome::Wait(Task::Call(call))
    }

    /// The user ends the setting up of the card's call, with this result; `false` if none is being set up. What the
    /// card is asked about waits for its answer.
    pub(crate) fn stop_calling(&mut self, result: GeneralResult) -> bool {
        let Session::Executing(_, task) = &mut self.card.session else { return false };
        match task {
            Task::Control { attempt, ended } if attempt.is_call() => *ended = Some(result),
            Task::Call(call) => {
                let call = *call;
                self.hang_up(call);
                self.finish_task(|_| true, |job, _| job.result(result));
            }
            Task::Redial { .. } => {
                self.redial = None;
                self.timers.stop(Timer::Redial);
                self.finish_task(|_| true, |job, _| job.result(result));
            }
            _ => return false,
        }
        true
    }
}

/// Whether what has this cause (TS 24.008 annex H) may be over soon: the user is busy, or does not answer, the
/// destination is out of order, the network is short of something, or the radio link has failed.
const fn may_pass(cause: Option<u8>) -> bool {
    matches!(cause, None | Some(17..=19 | 27 | 34 | 38 | 41 | 42 | 44 | 47))
}
