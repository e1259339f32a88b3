//! POLL INTERVAL, POLLING OFF, SET UP EVENT LIST.

use alloc::vec::Vec;

use oxisim_toolkit::{
    Answer,
    codes::{EventCode, GeneralResult, TimeUnit},
    command::{PollInterval, SetUpEventList},
    objects::Duration,
};
use oxisim_wire::Instant;

use crate::{
    Event, Terminal,
    session::{Job, Outcome},
    timer::Timer,
};

impl Terminal {
    pub(super) fn set_poll_interval(&mut self, job: &Job, command: PollInterval, now: Instant) -> Outcome {
        if !TimeUnit::ALL.contains(&command.interval.unit) {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        let requested = command.interval.duration();
        let within = requested.max(*self.config.grantable.start()).min(*self.config.grantable.end());
        let granted = if within == requested { command.interval } else { Duration::from_duration(within) };
        self.poll_every(granted.duration(), now);
        job.done_with(Answer { duration: Some(granted), ..Answer::default() })
    }

    pub(super) fn stop_polling(&mut self, job: &Job) -> Outcome {
        self.card.polling = Polling::Off;
        self.timers.stop(Timer::Poll);
        self.event(Event::PollInterval(None));
        job.done()
    }

    pub(super) fn set_up_event_list(&mut self, job: &Job, command: &SetUpEventList) -> Outcome {
        let events: Vec<EventCode> = command.events.events.iter().copied().collect();
        if !events.iter().all(|&event| self.config.profile.hears(event)) {
            return job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES);
        }
        self.card.events = events;
        job.done()
    }

    /// Polls every `interval` from now on.
    pub(crate) fn poll_every(&mut self, interval: oxisim_wire::Duration, now: Instant) {
        self.card.polling = Polling::Waiting { interval };
        self.timers.set(Timer::Poll, now + interval);
        self.event(Event::PollInterval(Some(interval)));
    }
}

/// How the card is polled with STATUS (TS 102 223 §6.4.6).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Polling {
    /// Not at all.
    #[default]
    Off,
    /// Every `interval`; the timer runs.
    Waiting { interval: oxisim_wire::Duration },
    /// Every `interval`; now is the time.
    Due { interval: oxisim_wire::Duration },
}
