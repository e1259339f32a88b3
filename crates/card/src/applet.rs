//! What an applet is: Java Card's toolkit applet (TS 102 241) as a state machine.

use alloc::boxed::Box;

use oxisim_apdu::Status;
use oxisim_sms::{
    Address, Timestamp,
    concatenation::Message,
    packet::{CommandPacket, Tar},
};
use oxisim_toolkit::{
    CommandType, Envelope, TerminalResponse,
    envelope::{CallControl, CellBroadcastDownload, EventDownload, MoSmsControl, UssdDownload},
    objects::TimerValue,
};
use oxisim_wire::Duration;

use crate::{env::Env, file::Aid, memory::MemoryError};

/// A toolkit applet.
///
/// In Java Card `ProactiveHandler.send()` blocks until the terminal has answered. Here an applet never blocks:
/// it hands a command over with [`Env::send`] and returns, and the answer comes as
/// [`Event::ProactiveResponse`].
///
/// What an applet keeps in itself is transient memory, which [`reset`](Self::reset) clears; what must survive
/// power loss goes through [`Env::store_write`].
pub trait Applet: CloneApplet + Send {
    /// The applet's instance AID.
    fn aid(&self) -> Aid;

    /// The TAR of the command packets that are for it (TS 102 225), if there are any.
    fn tar(&self) -> Option<Tar> {
        None
    }

    /// The applet's priority level (TS 102 226 §8.2.1.3.2): `01` is the highest, `FF` the lowest. Applets are told
    /// of an event by priority, of equals the one that was installed last first; their commands go to the terminal
    /// by priority too.
    fn priority(&self) -> u8 {
        0x80
    }

    /// Octets of the persistent array that it gets at installation, filled with `00`.
    fn persistent_octets(&self) -> usize {
        0
    }

    /// Registers menu entries, timers, events. The registry is rebuilt from the installed applets, in the
    /// order of their installation, at every power-on, before the first command.
    fn install(&mut self, env: &mut Env<'_>) -> Result<(), ToolkitError>;

    /// Handles an event. An error aborts a transaction that is open, and has no other effect; a transaction
    /// that is still open at the end is aborted too.
    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), ToolkitError>;

    /// Clears transient memory (`CLEAR_ON_RESET`), before [`install`](Self::install) at every power-on.
    fn reset(&mut self);
}

/// Lets a card with its applets be copied; every applet that is `Clone` has it.
pub trait CloneApplet {
    /// A copy of the applet.
    fn clone_box(&self) -> Box<dyn Applet>;
}

impl<T: Applet + Clone + 'static> CloneApplet for T {
    fn clone_box(&self) -> Box<dyn Applet> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Applet> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

/// What an applet is told (TS 102 241).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `EVENT_PROFILE_DOWNLOAD`: the terminal has sent its profile.
    ProfileDownload,
    /// `EVENT_MENU_SELECTION`: the user chose an entry of this applet.
    MenuSelection {
        /// The entry, as [`ToolkitRegistry::init_menu_entry`](crate::ToolkitRegistry::init_menu_entry) gave it.
        item: u8,
    },
    /// `EVENT_MENU_SELECTION_HELP_REQUEST`: the user asks what an entry of this applet is.
    MenuSelectionHelp {
        /// The entry.
        item: u8,
    },
    /// `EVENT_FORMATTED_SMS_PP_ENV`: a command packet with this applet's TAR.
    FormattedSmsPp(FormattedSms<'a>),
    /// `EVENT_UNFORMATTED_SMS_PP_ENV`: a message for the card that is no command packet.
    UnformattedSmsPp(UnformattedSms<'a>),
    /// `EVENT_TIMER_EXPIRATION`: a timer of this applet has expired.
    TimerExpiration {
        /// The timer, 1 to 8.
        timer: u8,
        /// How long it has run, as the terminal says.
        value: TimerValue,
    },
    /// `EVENT_STATUS_COMMAND`: the terminal polls; for applets that asked for a poll interval.
    StatusCommand,
    /// `EVENT_EVENT_DOWNLOAD_*`: an event that the applet asked to be told of.
    EventDownload(&'a EventDownload),
    /// `EVENT_CALL_CONTROL_BY_NAA`: the terminal asks whether it may; [`Env::answer_call_control`] says so. Without an
    /// answer it may. A terminal asks if the service table says so ([`Profile::controls`](crate::Profile::controls)).
    CallControl(&'a CallControl),
    /// `EVENT_MO_SHORT_MESSAGE_CONTROL_BY_NAA`: the same about a short message; [`Env::answer_sms_control`].
    MoSmsControl(&'a MoSmsControl),
    /// `EVENT_UNFORMATTED_SMS_CB`: a page of cell broadcast.
    CellBroadcast(&'a CellBroadcastDownload),
    /// `EVENT_UNFORMATTED_USSD`: a USSD string for the card.
    UssdDownload(&'a UssdDownload),
    /// `EVENT_UNRECOGNIZED_ENVELOPE`: any other envelope.
    OtherEnvelope(&'a Envelope),
    /// The answer to the command that this applet sent.
    ProactiveResponse(&'a TerminalResponse),
    /// The command that this applet sent has not reached the terminal and will not: a new profile lacks it, or it is
    /// about a timer that the applet has given back.
    ProactiveFailed(ToolkitError),
    /// The terminal has answered to the poll interval that was asked for; for applets that asked for one.
    PollInterval {
        /// The interval that it granted; `None` if it refused.
        granted: Option<Duration>,
    },
}

/// A message whose command packet is for an applet.
#[derive(Clone, Copy, Debug)]
pub struct FormattedSms<'a> {
    /// The packet, all of it if the message came in several parts.
    pub packet: &'a CommandPacket,
    /// Who sent it.
    pub originator: &'a Address,
    /// When the service centre got it (its last part).
    pub timestamp: Timestamp,
}

/// A message for the card that is no command packet.
#[derive(Clone, Copy, Debug)]
pub struct UnformattedSms<'a> {
    /// The message, all of it if it came in several parts.
    pub message: &'a Message,
    /// Who sent it.
    pub originator: &'a Address,
    /// When the service centre got it (its last part).
    pub timestamp: Timestamp,
}

/// Why the toolkit did not do what an applet asked (TS 102 241, `ToolkitException`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolkitError {
    /// `HANDLER_NOT_AVAILABLE`: the terminal has not sent its profile yet.
    #[error("no TERMINAL PROFILE has been received")]
    HandlerNotAvailable,
    /// `COMMAND_NOT_ALLOWED`: the toolkit framework alone sends it, or it names a timer of another applet.
    #[error("{0:?} is not allowed to applets")]
    CommandNotAllowed(CommandType),
    /// The terminal's profile says that it does not carry this command out, or not with this qualifier.
    #[error("the terminal does not support {0:?}")]
    NotSupported(CommandType),
    /// `HANDLER_OVERFLOW`: too many commands wait, or one is longer than 256 octets.
    #[error("no room for the command")]
    HandlerOverflow,
    /// `REGISTRY_ERROR`: no more menu entries can be had.
    #[error("no room in the registry")]
    RegistryError,
    /// `EVENT_ALREADY_REGISTERED`: the event is for one applet only, and another has it.
    #[error("the event is registered by another applet")]
    EventAlreadyRegistered,
    /// `MENU_ENTRY_NOT_FOUND`: the entry is not this applet's.
    #[error("menu entry {0} is not this applet's")]
    MenuEntryNotFound(u8),
    /// `NO_TIMER_AVAILABLE`: the eight timers are allocated.
    #[error("no timer is available")]
    NoTimerAvailable,
    /// `INVALID_TIMER_ID`: the timer is not this applet's.
    #[error("timer {0} is not this applet's")]
    InvalidTimerId(u8),
    /// A file could not be read or written.
    #[error("file access: {0}")]
    File(Status),
    /// Persistent memory could not be written.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The applet itself gives up (Java Card: `ISOException`).
    #[error("the applet ended with {0}")]
    Applet(Status),
}

impl From<Status> for ToolkitError {
    fn from(status: Status) -> Self {
        Self::File(status)
    }
}
