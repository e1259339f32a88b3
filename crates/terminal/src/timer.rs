//! Every timer of the phone.

use oxisim_wire::Instant;

/// What the phone waits for; each has one deadline at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The next STATUS of proactive polling is due.
    Poll,
    /// The user has been asked and has not answered.
    Prompt,
    /// A text has been on the screen, or a tone in the ear, for long enough.
    Notice,
    /// A call that has failed is to be tried again, or not any more.
    Redial,
    /// The card was busy; envelopes may be tried again.
    EnvelopeRetry,
    /// A timer that the card started with TIMER MANAGEMENT.
    Toolkit(ToolkitTimer),
}

/// One of the eight timers that a card can start (TS 102 223 §6.6.21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolkitTimer(u8);

impl ToolkitTimer {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// The timer with this identifier, 1 to 8.
    #[must_use]
    pub const fn new(identifier: u8) -> Option<Self> {
        match identifier {
            1..=8 => Some(Self(identifier)),
            _ => None,
        }
    }

    /// Its identifier, 1 to 8.
    #[must_use]
    pub const fn identifier(self) -> u8 {
        self.0
    }

    /// Its place among the eight, from 0.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl Timer {
    const COUNT: usize = 5 + ToolkitTimer::COUNT;

    /// Every timer, by its place in the table.
    fn all() -> impl Iterator<Item = Self> {
        [Self::Poll, Self::Prompt, Self::Notice, Self::Redial, Self::EnvelopeRetry]
            .into_iter()
            .chain((1..=8).filter_map(ToolkitTimer::new).map(Self::Toolkit))
    }

    const fn index(self) -> usize {
        match self {
            Self::Poll => 0,
            Self::Prompt => 1,
            Self::Notice => 2,
            Self::Redial => 3,
            Self::EnvelopeRetry => 4,
            Self::Toolkit(timer) => 5 + timer.index(),
        }
    }
}

/// The deadlines of all timers.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable {
    deadlines: [Option<Instant>; Timer::COUNT],
}

impl TimerTable {
    /// Sets, or moves, a deadline.
    pub(crate) const fn set(&mut self, timer: Timer, deadline: Instant) {
        self.deadlines[timer.index()] = Some(deadline);
    }

    /// Takes a deadline away.
    pub(crate) const fn stop(&mut self, timer: Timer) {
        self.deadlines[timer.index()] = None;
    }

    /// The deadline of a timer that runs.
    pub(crate) const fn deadline(&self, timer: Timer) -> Option<Instant> {
        self.deadlines[timer.index()]
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.deadlines.iter().copied().flatten().min()
    }

    /// Stops the timers whose deadline is not after `now`, and returns them.
    pub(crate) fn expire(&mut self, now: Instant) -> impl Iterator<Item = Timer> + use<> {
        let due = self.deadlines.map(|deadline| deadline.is_some_and(|deadline| deadline <= now));
        for (deadline, due) in self.deadlines.iter_mut().zip(due) {
            if due {
                *deadline = None;
            }
        }
        Timer::all().zip(due).filter_map(|(timer, due)| due.then_some(timer))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_timer_has_a_place_of_its_own() {
        assert!(Timer::all().enumerate().all(|(place, timer)| timer.index() == place));
        assert_eq!(Timer::all().count(), Timer::COUNT);
    }

    #[test]
    fn a_timer_expires_once() {
        let mut table = TimerTable::default();
        table.set(Timer::Poll, Instant::from_secs(30));
        table.set(Timer::Notice, Instant::from_secs(31));
        assert_eq!(table.next(), Some(Instant::from_secs(30)));
        assert_eq!(table.expire(Instant::from_secs(29)).count(), 0);
        assert_eq!(table.expire(Instant::from_secs(30)).collect::<Vec<_>>(), [Timer::Poll]);
        assert_eq!(table.next(), Some(Instant::from_secs(31)));
    }
}
