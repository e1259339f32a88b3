//! The person with the phone.

use oxisim_backup::Choice;
use oxisim_wire::Duration;

/// How the user behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// What the answer is when the card asks how to back up.
    pub answer: Choice,
    /// Time until an answer.
    pub thinks: Duration,
    /// Mean time between two attempts to call somebody; zero: none.
    pub calls_every: Duration,
}

impl Default for User {
    fn default() -> Self {
        Self {
            answer: Choice::Asynchronous,
            thinks: Duration::from_secs(4),
            calls_every: Duration::from_secs(10),
        }
    }
}
