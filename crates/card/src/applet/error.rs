//! Why the card did not do what an applet asked, by the names of Java Card and TS 102 241.

use oxisim_apdu::Status;
use oxisim_toolkit::CommandType;

use crate::memory::MemoryError;

/// An error of an applet, or one that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppletError {
    /// Java Card: `SystemException`.
    #[error(transparent)]
    System(#[from] SystemError),
    /// Java Card: `TransactionException`.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// Java Card: `SecurityException`. The object is another applet's, or the applet does not let itself be called.
    #[error("the firewall does not allow it")]
    Security,
    /// Java Card: `PINException`.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// TS 102 241: `ToolkitException`.
    #[error(transparent)]
    Toolkit(#[from] ToolkitError),
    /// TS 102 241: `UICCException`. A file could not be read or written.
    #[error("file access: {0}")]
    File(Status),
    /// Java Card: `ISOException`. The applet itself gives up.
    #[error("the applet ended with {0}")]
    Iso(Status),
    /// Java Card: `ArrayIndexOutOfBoundsException`.
    #[error("outside of the array")]
    Range,
    /// Power was lost; nothing is written until the next power-on.
    #[error("power lost while writing")]
    PowerLost,
}

/// Java Card: the reasons of `SystemException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// `ILLEGAL_VALUE`.
    #[error("the value is not allowed")]
    IllegalValue,
    /// `NO_TRANSIENT_SPACE`.
    #[error("no room in transient memory")]
    NoTransientSpace,
    /// `ILLEGAL_USE`: not now.
    #[error("not allowed now")]
    IllegalUse,
    /// `NO_RESOURCE`: no room in persistent memory.
    #[error("no room in persistent memory")]
    NoResource,
}

/// Java Card: the reasons of `TransactionException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// `IN_PROGRESS`.
    #[error("a transaction is in progress")]
    InProgress,
    /// `NOT_IN_PROGRESS`.
    #[error("no transaction is in progress")]
    NotInProgress,
    /// `BUFFER_FULL`.
    #[error("no room in the commit buffer")]
    BufferFull,
}

/// Java Card: the reasons of `PINException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// `ILLEGAL_VALUE`.
    #[error("the PIN is too long, or has no tries")]
    IllegalValue,
}

/// TS 102 241: the reasons of `ToolkitException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolkitError {
    /// `HANDLER_NOT_AVAILABLE`: the terminal has not sent its profile yet, or what is handled has no answer, or not any
    /// more.
    #[error("the handler is not available")]
    HandlerNotAvailable,
    /// `COMMAND_NOT_ALLOWED`: the toolkit framework alone sends it, it is about a timer, a service or a channel that is not
    /// the applet's, or the applet has all the channels that it may.
    #[error("{0:?} is not allowed to the applet")]
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
    /// `ALLOWED_LENGTH_EXCEEDED`: the text is longer than the install parameters allow.
    #[error("the text is too long")]
    AllowedLengthExceeded,
    /// `EVENT_ALREADY_REGISTERED`: the event is for one applet only, and another has it.
    #[error("the event is registered by another applet")]
    EventAlreadyRegistered,
    /// `EVENT_NOT_SUPPORTED`: nothing on this card leads to the event.
    #[error("the event is not supported")]
    EventNotSupported,
    /// `EVENT_NOT_ALLOWED`: the event comes with what it is about, and is not set by itself.
    #[error("the event is not set by itself")]
    EventNotAllowed,
    /// `TAR_NOT_DEFINED`: the event is for applets with a TAR.
    #[error("the applet has no TAR")]
    TarNotDefined,
    /// `MENU_ENTRY_NOT_FOUND`: the entry is not this applet's.
    #[error("menu entry {0} is not this applet's")]
    MenuEntryNotFound(u8),
    /// `NO_TIMER_AVAILABLE`: the eight timers are allocated, or as many as this applet may have.
    #[error("no timer is available")]
    NoTimerAvailable,
    /// `INVALID_TIMER_ID`: the timer is not this applet's.
    #[error("timer {0} is not this applet's")]
    InvalidTimerId(u8),
    /// `NO_SERVICE_ID_AVAILABLE`: the eight services are allocated, or as many as this applet may have.
    #[error("no service is available")]
    NoServiceIdAvailable,
    /// `INVALID_SERVICE_ID`: the service is not this applet's.
    #[error("service {0} is not this applet's")]
    InvalidServiceId(u8),
}

impl From<Status> for AppletError {
    fn from(status: Status) -> Self {
        Self::File(status)
    }
}

/// What a command ends with if an applet does not catch the error: `6F00`, unless the error is a status word itself
/// (Java Card Runtime Environment Specification §3.3).
impl From<AppletError> for Status {
    fn from(error: AppletError) -> Self {
        match error {
            AppletError::Iso(status) | AppletError::File(status) => status,
            _ => Self::TECHNICAL_PROBLEM,
        }
    }
}

impl From<MemoryError> for AppletError {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Torn => Self::PowerLost,
            MemoryError::Range => Self::Range,
            MemoryError::Full => SystemError::NoResource.into(),
            MemoryError::BufferFull => TransactionError::BufferFull.into(),
            MemoryError::InProgress => TransactionError::InProgress.into(),
            MemoryError::NotInProgress => TransactionError::NotInProgress.into(),
        }
    }
}
