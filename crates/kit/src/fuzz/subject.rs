//! The card that is tried: one of this program's, or one that somebody else reaches.

use oxisim_apdu::Response;
use oxisim_card::{Aid, AppletError, Card};
use oxisim_wire::Instant;

use crate::START;

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The card has answered.
    Answered(Response),
    /// The card has said what is no response, or nothing.
    Silent(String),
    /// The command was not sent: it can lock the card, or take something of it away.
    Withheld,
}

/// A card that can be tried.
pub trait Subject {
    /// Resets the card; why not, if it cannot be.
    fn reset(&mut self) -> Result<(), String>;

    /// Sends a command.
    fn exchange(&mut self, apdu: &[u8]) -> Sent;

    /// Keeps the card as it is now, for [`fresh`](Self::fresh).
    fn keep(&mut self) {}

    /// Makes the card what it was when it was kept; whether that is possible.
    fn fresh(&mut self) -> bool {
        false
    }

    /// Takes power away after so many more writes; whether that is possible.
    fn tear_after(&mut self, writes: u64) -> bool {
        let _ = writes;
        false
    }

    /// Whether power was lost.
    fn is_torn(&self) -> bool {
        false
    }

    /// An error that an applet did not catch, once.
    fn take_uncaught(&mut self) -> Option<(Aid, AppletError)> {
        None
    }

    /// The card itself, if one can look into it.
    fn card(&self) -> Option<&Card> {
        None
    }

    /// Whether commands may change what files hold.
    fn may_change(&self) -> bool {
        false
    }
}

/// A virtual card.
#[derive(Clone, Debug)]
pub struct Virtual {
    kept: Card,
    card: Card,
    now: Instant,
}

impl Virtual {
    /// This card.
    #[must_use]
    pub fn new(card: Card) -> Self {
        Self { kept: card.clone(), card, now: START }
    }
}

impl Subject for Virtual {
    fn reset(&mut self) -> Result<(), String> {
        self.card.memory_mut().tear_after(None);
        self.card.power_on(self.now);
        Ok(())
    }

    fn exchange(&mut self, apdu: &[u8]) -> Sent {
        Sent::Answered(self.card.exchange(self.now, apdu))
    }

    fn keep(&mut self) {
        self.kept.clone_from(&self.card);
    }

    fn fresh(&mut self) -> bool {
        self.card.clone_from(&self.kept);
        true
    }

    fn tear_after(&mut self, writes: u64) -> bool {
        self.card.memory_mut().tear_after(Some(writes));
        true
    }

    fn is_torn(&self) -> bool {
        self.card.memory().is_torn()
    }

    fn take_uncaught(&mut self) -> Option<(Aid, AppletError)> {
        self.card.take_uncaught()
    }

    fn card(&self) -> Option<&Card> {
        Some(&self.card)
    }

    fn may_change(&self) -> bool {
        true
    }
}
