//! Being woken after a time: by a timer of the phone, or on the back of the STATUS commands that it sends anyway.

use oxisim_card::{AppletError, Env};
use oxisim_toolkit::{
    Facility,
    codes::TimerAction,
    command::TimerManagement,
    objects::{TimerIdentifier, TimerValue},
};
use oxisim_wire::Duration;

/// The interval at which a phone polls if nobody asks for another (TS 102 221 §14.5.2).
const USUAL_POLL_INTERVAL: Duration = Duration::from_secs(30);

/// Wakes the applet once. Forgotten at a reset, as the phone's timers are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Alarm {
    /// The timer that the applet has; none if the others had taken all.
    timer: Option<u8>,
    /// What the timer runs for; longer than a timer can run, it is started again.
    timer_runs: Option<Duration>,
    /// Time that STATUS commands must still cover.
    status_wait: Option<Duration>,
    /// The poll interval from before.
    usual_interval: Option<Duration>,
}

impl Alarm {
    /// After a reset: none is set.
    pub fn new(env: &mut Env<'_>) -> Result<Self, AppletError> {
        let mut registry = env.registry();
        // What it waited for is forgotten.
        registry.request_poll_interval(None)?;
        Ok(Self { timer: registry.timers().first().copied(), ..Self::default() })
    }

    /// Wakes after this time by the timer, or by STATUS if there is none that the phone would run.
    pub fn set_timer(&mut self, after: Duration, env: &mut Env<'_>) -> Result<(), AppletError> {
        let has_timers = env.terminal_profile().is_some_and(|p| p.supports(Facility::TimerManagement));
        let Some(identifier) = self.timer.filter(|_| has_timers) else { return self.set_status(after, env) };
        self.timer_runs = Some(after);
        let (timer, value) = (TimerIdentifier { identifier }, Some(TimerValue::from_duration(after)));
        env.send(TimerAction::START.0, TimerManagement { timer, value })
    }

    /// Asks for the next STATUS after this time, and counts until then.
    pub fn set_status(&mut self, after: Duration, env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut registry = env.registry();
        let usual = registry.poll_interval().unwrap_or(USUAL_POLL_INTERVAL);
        self.usual_interval.get_or_insert(usual);
        self.status_wait = Some(after);
        registry.request_poll_interval(Some(after))
    }

    /// The phone does not run the timer: STATUS has to do.
    pub fn handle_timer_refused(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.timer_runs.take().map_or(Ok(()), |after| self.set_status(after, env))
    }

    /// Wakes no more, and the phone polls as before.
    pub fn clear(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.status_wait = None;
        if let Some(usual) = self.usual_interval.take() {
            env.registry().request_poll_interval(Some(usual))?;
        }
        let Some(identifier) = self.timer_runs.take().and(self.timer) else { return Ok(()) };
        let timer = TimerIdentifier { identifier };
        env.send(TimerAction::DEACTIVATE.0, TimerManagement { timer, value: None })
    }

    /// The timer has expired. Whether it is time.
    pub fn handle_timer(&mut self, env: &mut Env<'_>) -> Result<bool, AppletError> {
        let Some(after) = self.timer_runs.take() else { return Ok(false) };
        let left = after.saturating_sub(TimerValue::from_duration(after).duration());
        if left > Duration::ZERO {
            self.set_timer(left, env)?;
        }
        Ok(left == Duration::ZERO)
    }

    /// A STATUS command has come. It is time once the intervals granted cover the wait.
    pub fn handle_status(&mut self, env: &mut Env<'_>) -> bool {
        let Some(left) = self.status_wait else { return false };
        let granted = env.registry().poll_interval().unwrap_or(USUAL_POLL_INTERVAL);
        let left = left.saturating_sub(granted);
        self.status_wait = (left > Duration::ZERO).then_some(left);
        self.status_wait.is_none()
    }
}
