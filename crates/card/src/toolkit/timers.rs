//! Which timers of the terminal run, and for whom (TS 102 223 §6.4.21, TS 102 241).

use oxisim_toolkit::codes::{GeneralResult, TimerAction};

use super::queue::Sender;
use crate::runtime::AppletId;

/// The eight timers of a terminal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timers {
    runs: [Run; TIMERS as usize],
}

/// Whether a timer runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Run {
    #[default]
    Stopped,
    /// This applet has started it while it was the owner.
    For(AppletId),
    /// It runs since a time when it was another's, or nobody's, and is to be stopped.
    Abandoned,
    /// The terminal was asked to stop it; if it runs on, its expiry is not the owner's.
    AskedToStop,
}

/// Timers of a terminal (TS 102 223 §6.4.21).
pub(super) const TIMERS: u8 = 8;

impl Timers {
    /// Who is told that a timer has expired: its owner, unless another has started it.
    pub fn expired(&mut self, timer: u8, owner: Option<AppletId>) -> Option<AppletId> {
        match core::mem::take(self.run(timer)?) {
            Run::Stopped => owner,
            Run::For(starter) => owner.filter(|&owner| owner == starter),
            Run::Abandoned | Run::AskedToStop => None,
        }
    }

    /// The terminal has answered to a sender's TIMER MANAGEMENT.
    pub(super) fn managed(
        &mut self,
        timer: u8,
        owner: Option<AppletId>,
        action: TimerAction,
        sender: Sender,
        result: GeneralResult,
    ) {
        let starter = match sender {
            Sender::Applet(applet, _) if owner == Some(applet) => Some(applet),
            Sender::Applet(..) | Sender::Framework => None,
        };
        let Some(run) = self.run(timer) else { return };
        *run = match (action, result) {
            // It may have been given back while the command was under way.
            (TimerAction::START, result) if result.is_performed() => starter.map_or(Run::Abandoned, Run::For),
            // What contradicts the state of a timer that is to be stopped is that it does not run.
            (TimerAction::DEACTIVATE, GeneralResult::CONTRADICTION_WITH_TIMER_STATE) => Run::Stopped,
            (TimerAction::DEACTIVATE, result) if result.is_performed() => Run::Stopped,
            _ => *run,
        };
    }

    /// The owner has given a timer back.
    pub fn released(&mut self, timer: u8) {
        if let Some(run) = self.run(timer).filter(|run| **run != Run::Stopped) {
            *run = Run::Abandoned;
        }
    }

    /// An applet works no more, and its timers are to be stopped.
    pub fn abandoned_by(&mut self, applet: AppletId) {
        for run in self.runs.iter_mut().filter(|run| **run == Run::For(applet)) {
            *run = Run::Abandoned;
        }
    }

    /// A timer that runs for nobody and is to be stopped.
    pub fn take_abandoned(&mut self) -> Option<u8> {
        let (run, timer) = self.runs.iter_mut().zip(1..).find(|(run, _)| **run == Run::Abandoned)?;
        *run = Run::AskedToStop;
        Some(timer)
    }

    fn run(&mut self, timer: u8) -> Option<&mut Run> {
        usize::from(timer).checked_sub(1).and_then(|place| self.runs.get_mut(place))
    }
}
