//! Commands of applets that wait for the terminal.

use alloc::{collections::VecDeque, vec::Vec};

use oxisim_toolkit::{Command, Proactive, objects::CommandDetails};

use super::channels;
use crate::{applet::ToolkitError, runtime::AppletId};

/// Who sent a proactive command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Framework,
    /// An applet, and its priority.
    Applet(AppletId, u8),
}

/// What there is to know of a command when its answer comes.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub details: CommandDetails,
    pub sender: Sender,
    /// The timer that it is about.
    pub timer: Option<u8>,
    /// The channel that it is for.
    pub channel: Option<u8>,
}

/// A command that waits for its turn.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub command: Vec<u8>,
    pub sent: Sent,
}

/// The commands of applets in the order in which the terminal gets them: by priority, and in the order of their
/// sending among equals.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Queued>,
}

/// Every command has this number, as Java Card toolkits give it: one is under way at a time.
const COMMAND_NUMBER: u8 = 1;
/// The longest proactive command: the data field of a short response APDU holds it.
pub(super) const COMMAND_LENGTH: usize = 256;
/// Commands of one applet that may wait, so that none takes the room of the others.
const OF_ONE_APPLET: usize = 16;

impl Queued {
    pub fn new(sender: Sender, mut command: Command) -> Self {
        let timer = match &command.body {
            Proactive::TimerManagement(body) => Some(body.timer.identifier),
            _ => None,
        };
        let channel = channels::of_command(&command);
        command.details.number = COMMAND_NUMBER;
        command.details.kind = command.body.kind();
        Self { command: command.encode(), sent: Sent { details: command.details, sender, timer, channel } }
    }

    /// Whether the terminal can be told of its length.
    pub const fn is_sendable(&self) -> bool {
        self.command.len() <= COMMAND_LENGTH
    }
}

impl Queue {
    /// Puts a command behind those that go before it.
    pub fn push(&mut self, queued: Queued) -> Result<(), ToolkitError> {
        let sender = queued.sent.sender;
        let of_sender = self.waiting.iter().filter(|other| other.sent.sender == sender).count();
        if of_sender >= OF_ONE_APPLET || !queued.is_sendable() {
            return Err(ToolkitError::HandlerOverflow);
        }
        let place = self.waiting.iter().position(|other| sender.goes_before(other.sent.sender));
        self.waiting.insert(place.unwrap_or(self.waiting.len()), queued);
        Ok(())
    }

    /// What waits.
    pub fn iter(&self) -> impl Iterator<Item = &Sent> {
        self.waiting.iter().map(|queued| &queued.sent)
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn pop(&mut self) -> Option<Queued> {
        self.waiting.pop_front()
    }

    /// Takes the commands out that are not to be kept, in their order.
    pub fn drop_unless(&mut self, keep: impl Fn(&Sent) -> bool) -> Vec<Sent> {
        if self.waiting.iter().all(|queued| keep(&queued.sent)) {
            return Vec::new();
        }
        let (kept, dropped) =
            core::mem::take(&mut self.waiting).into_iter().partition(|queued| keep(&queued.sent));
        self.waiting = kept;
        let dropped: VecDeque<Queued> = dropped;
        dropped.into_iter().map(|queued| queued.sent).collect()
    }
}

impl Sender {
    /// Whether a command of this sender goes before one that waits already. The lowest level is the first.
    const fn goes_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::Applet(_, priority), Self::Applet(_, other)) => priority < other,
            (Self::Framework, Self::Applet(..)) => true,
            (_, Self::Framework) => false,
        }
    }
}
