//! Messages on their way out, one at a time.

use alloc::{collections::VecDeque, vec::Vec};

use oxisim_sms::Address;

/// Messages of the phone's own application that may wait.
const LIMIT: usize = 64;

/// Whose message it is, and who gets to know what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The card's: SEND SHORT MESSAGE.
    Card,
    /// The phone's own application's.
    Application,
}

/// A message to be sent.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) origin: Origin,
    pub(crate) tpdu: Vec<u8>,
    pub(crate) service_centre: Option<Address>,
}

/// The messages that wait, and the one that is being sent.
#[derive(Debug, Default)]
pub(crate) struct Submissions {
    waiting: VecDeque<Submission>,
    sending: Option<Origin>,
    reference: u8,
}

impl Submissions {
    /// Whether messages wait or are being sent.
    pub(crate) fn is_active(&self) -> bool {
        self.sending.is_some() || !self.waiting.is_empty()
    }

    /// Puts a message at the end; `false` if too many wait.
    #[must_use]
    pub(crate) fn push(&mut self, submission: Submission) -> bool {
        let room = self.waiting.len() < LIMIT || submission.origin == Origin::Card;
        if room {
            self.waiting.push_back(submission);
        }
        room
    }

    /// Takes the next message, with its TP-Message-Reference set, unless one is being sent.
    pub(crate) fn next(&mut self) -> Option<Submission> {
        if self.sending.is_some() {
            return None;
        }
        let mut submission = self.waiting.pop_front()?;
        if let Some(reference) = submission.tpdu.get_mut(1) {
            *reference = self.reference;
            self.reference = self.reference.wrapping_add(1);
        }
        self.sending = Some(submission.origin);
        Some(submission)
    }

    /// Ends the message that is being sent, and says whose it was.
    pub(crate) const fn finish(&mut self) -> Option<Origin> {
        self.sending.take()
    }

    /// Forgets everything, and says how many messages of the application there were.
    pub(crate) fn clear(&mut self) -> usize {
        let waiting = self.waiting.drain(..).map(|submission| submission.origin);
        waiting.chain(self.sending.take()).filter(|&origin| origin == Origin::Application).count()
    }
}
