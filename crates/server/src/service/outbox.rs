//! Messages on their way from the server to the SMS centres.

use std::sync::Arc;

use oxisim_backup::Outgoing;
use tokio::sync::mpsc;

use super::vitals::Counts;

/// Where the server puts what is to be sent.
///
/// The server asks for room before it brings about messages; what one of its steps brings about is always taken.
#[derive(Clone, Debug)]
pub struct Outbox {
    sender: mpsc::UnboundedSender<Outgoing>,
    counts: Arc<Counts>,
    limit: u64,
}

impl Outbox {
    /// An outbox in which about `limit` messages may be, until [`Counts::outgoing`] is told that they have left.
    #[must_use]
    pub fn new(limit: u32, counts: Arc<Counts>) -> (Self, mpsc::UnboundedReceiver<Outgoing>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, counts, limit: limit.into() }, receiver)
    }

    /// How many more may be put in.
    #[must_use]
    pub fn room(&self) -> u32 {
        u32::try_from(self.limit.saturating_sub(self.counts.outgoing.get())).unwrap_or(u32::MAX)
    }

    /// Puts a message in.
    pub fn put(&self, message: Outgoing) {
        self.counts.outgoing.add(1);
        if self.sender.send(message).is_err() {
            // The service stops; the protocol makes up for what is not sent.
            self.counts.outgoing.sub(1);
        }
    }
}
