//! TIMER MANAGEMENT.

use oxisim_toolkit::{
    Answer,
    codes::{GeneralResult, TimerAction},
    command::TimerManagement,
    objects::{TimerIdentifier, TimerValue},
};
use oxisim_wire::{Duration, Instant};

use crate::{
    Event, Terminal,
    envelope::Pending,
    session::{Job, Outcome},
    timer::{Timer, ToolkitTimer},
};

/// A timer of zero runs for the shortest time that a timer can tell.
const SHORTEST: Duration = Duration::from_secs(1);

impl Terminal {
    pub(super) fn manage_timer(&mut self, job: &Job, command: &TimerManagement) -> Outcome {
        let Some(timer) = ToolkitTimer::new(command.timer.identifier) else {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        };
        let identifier = Some(TimerIdentifier { identifier: timer.identifier() });
        let left = self.timers.deadline(Timer::Toolkit(timer)).map(|deadline| deadline.since(job.started));
        let timer_value = match (TimerAction(job.details().qualifier), command.value, left) {
            (TimerAction::START, Some(value), _) => {
                self.start_timer(timer, value.duration().max(SHORTEST), job.started);
                None
            }
            (TimerAction::START, None, _) => {
                return job.result(GeneralResult::REQUIRED_VALUES_MISSING);
            }
            (TimerAction::DEACTIVATE, _, Some(left)) => {
                self.timers.stop(Timer::Toolkit(timer));
                Some(left)
            }
            (TimerAction::CURRENT_VALUE, _, Some(left)) => Some(left),
            (TimerAction::DEACTIVATE | TimerAction::CURRENT_VALUE, _, None) => {
                let answer = Answer { timer: identifier, ..Answer::default() };
                return job.result_with(GeneralResult::CONTRADICTION_WITH_TIMER_STATE, answer);
            }
            _ => return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD),
        };
        let timer_value = timer_value.map(TimerValue::from_duration);
        job.done_with(Answer { timer: identifier, timer_value, ..Answer::default() })
    }

    fn start_timer(&mut self, timer: ToolkitTimer, length: Duration, now: Instant) {
        let deadline = now + length;
        self.card.timers_started[timer.index()] = now;
        self.timers.set(Timer::Toolkit(timer), deadline);
        self.event(Event::TimerStarted { timer, deadline });
    }

    /// A timer of the card has expired; the card is told as soon as it can be.
    pub(crate) fn timer_expired(&mut self, timer: ToolkitTimer) {
        let started = self.card.timers_started[timer.index()];
        self.event(Event::TimerExpired(timer));
        self.tell(Pending::TimerExpiration { timer, started });
    }
}
