//! Which states the two ends of a backup have reached, and from which they came to which.

use std::collections::BTreeSet;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{Owed, Phase, Session, Standing};
use oxisim_card::Card;

/// Declares the states of a machine: its name, and when it is in it.
macro_rules! states {
    ($(#[$doc:meta])* $machine:ident { $($(#[$state_doc:meta])* $state:ident $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $machine {
            $($(#[$state_doc])* $state,)+
        }

        impl $machine {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$state),+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$state => $name,)+
                }
            }
        }
    };
}

states! {
    /// How the uploader on the card stands.
    Uploader {
        /// Nothing is under way.
        Idle "idle",
        /// It sends blocks.
        Sending "sending",
        /// It sends blocks, and the phone has not sent the last one.
        Retrying "retrying",
        /// It leaves the phone alone after a subset.
        Pausing "pausing",
        /// It has asked the server to go on after a pause that the server was to end.
        Resuming "resuming",
        /// Everything is sent; the server has not answered.
        Waiting "waiting",
        /// It has asked the server what is missing.
        Asking "asking",
        /// It has given a backup up, and the server does not know.
        GivenUp "given up",
        /// The server is writing its copy onto the card.
        Restoring "restoring",
        /// The power has gone in the middle of a write.
        Torn "torn",
    }
}

states! {
    /// How the latest backup stands at the server.
    Receiver {
        /// There is none.
        Nothing "nothing",
        /// Blocks are missing.
        Open "open",
        /// The same, and the server will ask for them.
        Planned "planned",
        /// The same, and the server has asked.
        Asked "asked",
        /// It is the copy.
        Complete "complete",
        /// All is there, with another digest than the card's.
        Differs "differs",
        /// It builds on a copy that is not there.
        Refused "refused",
        /// The card has given it up.
        Abandoned "abandoned",
    }
}

impl Uploader {
    /// As the card's memory says.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        if card.memory().is_torn() {
            return Self::Torn;
        }
        let Some(state) = PhonebookBackup::state(card) else { return Self::Idle };
        match &state.run {
            Some((_, Phase::Sending { .. })) if state.retries > 0 => Self::Retrying,
            Some((_, Phase::Sending { .. })) => Self::Sending,
            Some((_, Phase::Pausing { asked: 0 })) => Self::Pausing,
            Some((_, Phase::Pausing { .. })) => Self::Resuming,
            Some((_, Phase::Waiting { asked: 0 })) => Self::Waiting,
            Some((_, Phase::Waiting { .. })) => Self::Asking,
            None if state.restore.is_some() => Self::Restoring,
            None if state.owed.has(Owed::ABANDONED) => Self::GivenUp,
            None => Self::Idle,
        }
    }
}

impl Receiver {
    /// As the store says.
    #[must_use]
    pub const fn of(session: Option<&Session>) -> Self {
        let Some(session) = session else { return Self::Nothing };
        match session.standing {
            Standing::Open if session.asked > 0 => Self::Asked,
            Standing::Open if session.resume_at.is_some() => Self::Planned,
            Standing::Open => Self::Open,
            Standing::Complete(_) => Self::Complete,
            Standing::Differs(_) => Self::Differs,
            Standing::Refused => Self::Refused,
            Standing::Abandoned(_) => Self::Abandoned,
        }
    }
}

/// What was reached of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached<S> {
    last: Option<S>,
    states: BTreeSet<S>,
    transitions: BTreeSet<(S, S)>,
}

impl<S> Default for Reached<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Reached<S> {
    const fn new() -> Self {
        Self { last: None, states: BTreeSet::new(), transitions: BTreeSet::new() }
    }
}

impl<S: Copy + Ord> Reached<S> {
    /// The states.
    pub fn states(&self) -> impl Iterator<Item = S> + '_ {
        self.states.iter().copied()
    }

    /// The changes from a state to another.
    pub fn transitions(&self) -> impl Iterator<Item = (S, S)> + '_ {
        self.transitions.iter().copied()
    }

    fn note(&mut self, now: S) {
        let last = self.last.replace(now);
        if last == Some(now) {
            return;
        }
        self.states.insert(now);
        self.transitions.extend(last.map(|last| (last, now)));
    }

    fn merge(&mut self, other: &Self) {
        self.states.extend(&other.states);
        self.transitions.extend(&other.transitions);
    }
}

/// What was reached of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Of the uploader on the card.
    pub uploader: Reached<Uploader>,
    /// Of the receiver in the server.
    pub receiver: Reached<Receiver>,
    /// Writes of the card, and whether it is torn, when it was looked at last.
    writes: Option<(u64, bool)>,
    /// Messages that there had been when the server was looked at last.
    messages: Option<usize>,
}

impl Coverage {
    /// States that there are.
    pub const STATES: usize = Uploader::ALL.len() + Receiver::ALL.len();

    /// How many states were reached.
    #[must_use]
    pub fn states(&self) -> usize {
        self.uploader.states.len() + self.receiver.states.len()
    }

    /// How many changes from a state to another there were.
    #[must_use]
    pub fn transitions(&self) -> usize {
        self.uploader.transitions.len() + self.receiver.transitions.len()
    }

    /// Looks at both, so far as they may have changed: a card by writing, a server by a message that comes or goes.
    pub(crate) fn look(&mut self, card: &Card, messages: usize, receiver: impl FnOnce() -> Receiver) {
        let writes = Some((card.memory().writes(), card.memory().is_torn()));
        if std::mem::replace(&mut self.writes, writes) != writes {
            self.uploader.note(Uploader::of(card));
        }
        if self.messages.replace(messages) != Some(messages) {
            self.receiver.note(receiver());
        }
    }

    /// Takes what another has reached as well.
    pub fn merge(&mut self, other: &Self) {
        self.uploader.merge(&other.uploader);
        self.receiver.merge(&other.receiver);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_lasts_is_no_transition() {
        let mut reached = Reached::default();
        for state in [Uploader::Idle, Uploader::Idle, Uploader::Sending, Uploader::Idle, Uploader::Sending] {
            reached.note(state);
        }
        assert_eq!(reached.states().collect::<Vec<_>>(), [Uploader::Idle, Uploader::Sending]);
        let between = [(Uploader::Idle, Uploader::Sending), (Uploader::Sending, Uploader::Idle)];
        assert_eq!(reached.transitions().collect::<Vec<_>>(), between);
    }

    #[test]
    fn what_worlds_have_reached_adds_up() {
        let of = |states: &[Receiver]| {
            let mut coverage = Coverage::default();
            for state in states {
                coverage.receiver.note(*state);
            }
            coverage
        };
        let mut both = of(&[Receiver::Open, Receiver::Complete]);
        both.merge(&of(&[Receiver::Open, Receiver::Abandoned]));
        assert_eq!((both.states(), both.transitions()), (3, 2));
    }
}
