//! What an applet is told (TS 102 241).

use oxisim_sms::{
    Address, Timestamp,
    concatenation::Message,
    packet::{CommandPacket, SealedCommand},
};
use oxisim_toolkit::{
    Envelope, TerminalResponse,
    envelope::{CallControl, CellBroadcastDownload, EventDownload, MoSmsControl, UssdDownload},
    objects::TimerValue,
};
use oxisim_wire::Duration;

use super::ToolkitError;
use crate::file::{Aid, FileId};

/// What an applet is told (TS 102 241).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `EVENT_PROFILE_DOWNLOAD`: the terminal has sent its profile.
    ProfileDownload,
    /// `EVENT_FIRST_COMMAND_AFTER_ATR`: the terminal has sent its first command, which is carried out after this.
    FirstCommandAfterAtr,
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
    /// `EVENT_FORMATTED_SMS_PP_ENV`: a command packet with this applet's TAR. It has passed every check, and its data are
    /// plain; its SPI says how it was secured. What is posted goes into the response packet, if the sender asked for one.
    FormattedSmsPp(FormattedSms<'a>),
    /// The same of a packet that is secured, for an applet that [opens](crate::Applet::opens_packets) them itself.
    SealedSmsPp(SealedSms<'a>),
    /// `EVENT_UNFORMATTED_SMS_PP_ENV`: a message for the card that is no command packet.
    UnformattedSmsPp(UnformattedSms<'a>),
    /// `EVENT_FORMATTED_SMS_PP_UPD`: the terminal has written a message to `EF_SMS` whose command packet has a TAR of
    /// this applet.
    FormattedSmsPpUpdate {
        /// The record of `EF_SMS` that the message, or its last part, is in.
        record: u8,
        /// The message.
        sms: FormattedSms<'a>,
    },
    /// `EVENT_UNFORMATTED_SMS_PP_UPD`: the terminal has written a new message to `EF_SMS` that is no command packet.
    UnformattedSmsPpUpdate {
        /// The record of `EF_SMS` that the message, or its last part, is in.
        record: u8,
        /// The message.
        sms: UnformattedSms<'a>,
    },
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
    /// `EVENT_CALL_CONTROL_BY_NAA`: the terminal asks whether it may; [`Env::answer_call_control`](crate::Env::answer_call_control) says so. Without an
    /// answer it may. A terminal asks if the service table says so ([`Profile::controls`](crate::Profile::controls)).
    CallControl(&'a CallControl),
    /// `EVENT_MO_SHORT_MESSAGE_CONTROL_BY_NAA`: the same about a short message; [`Env::answer_sms_control`](crate::Env::answer_sms_control).
    MoSmsControl(&'a MoSmsControl),
    /// `EVENT_UNFORMATTED_SMS_CB`: a page of cell broadcast.
    CellBroadcast(&'a CellBroadcastDownload),
    /// `EVENT_FORMATTED_SMS_CB`: a page of cell broadcast that is a command packet with a TAR of this applet.
    FormattedCellBroadcast {
        /// The packet.
        packet: &'a CommandPacket,
        /// The page that it came in.
        download: &'a CellBroadcastDownload,
    },
    /// `EVENT_UNFORMATTED_USSD`: a USSD string for the card.
    UssdDownload(&'a UssdDownload),
    /// `EVENT_UNRECOGNIZED_ENVELOPE`: any other envelope.
    OtherEnvelope(&'a Envelope),
    /// `EVENT_EXTERNAL_FILE_UPDATE`: the terminal has written to a file that the applet watches.
    ExternalFileUpdate(FileUpdate),
    /// `EVENT_REMOTE_FILE_UPDATE`: remote file management has written to a file that the applet watches. The script is
    /// at its end.
    RemoteFileUpdate(FileUpdate),
    /// `EVENT_APPLICATION_DESELECT`: the session of an application has ended on a logical channel.
    ApplicationDeselect {
        /// The AID of the application.
        application: Aid,
        /// The channel.
        channel: u8,
    },
    /// `EVENT_PROACTIVE_HANDLER_AVAILABLE`: no command is under way and none waits. The applet is told once and has to set
    /// the event again.
    ProactiveHandlerAvailable,
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

/// What has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileUpdate {
    /// The file, as [`FileView`](crate::FileView) has it.
    pub file: FileId,
    /// Where in it.
    pub part: FilePart,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilePart {
    /// Octets of a transparent file.
    Octets {
        /// The offset of the first.
        offset: usize,
        /// How many.
        length: usize,
    },
    /// A record; 1 for what has become the latest of a cyclic file.
    Record(u8),
    /// A data object of a BER-TLV file, or its removal.
    Object,
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

/// A message whose command packet is for an applet that opens it itself.
#[derive(Clone, Copy, Debug)]
pub struct SealedSms<'a> {
    /// The packet, all of it if the message came in several parts.
    pub packet: &'a SealedCommand,
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
