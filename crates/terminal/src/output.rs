//! What the phone wants done, and what it tells.

use alloc::{boxed::Box, string::String, vec::Vec};

use oxisim_apdu::{Atr, Status};
use oxisim_sms::{
    Address,
    file::StoredMessage,
    tpdu::{Deliver, DeliverReport, StatusReport},
};
use oxisim_toolkit::{
    Command, Envelope, Refusal, TerminalResponse,
    objects::{FramesInformation, PlmnWithAccess, TextString, Tone},
};
use oxisim_wire::{Duration, Instant};

use crate::{
    CardIdentity, ChannelRequest, Decision, DeclaredService, DialError, NetworkRequest, Operation,
    ReaderRequest, Screen, ServiceError, timer::ToolkitTimer,
};

/// What the host does for the phone, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Reset the card; its answer goes to [`Terminal::handle_atr`](crate::Terminal::handle_atr).
    PowerOn,
    /// Switch the card off.
    PowerOff,
    /// Send this command APDU to the card; the response goes to
    /// [`Terminal::handle_response`](crate::Terminal::handle_response). One is outstanding at most.
    Transmit(Vec<u8>),
    /// Send this TPDU to the service centre; what became of it goes to
    /// [`Terminal::handle_submit_result`](crate::Terminal::handle_submit_result). One is outstanding at most.
    Submit {
        /// The TPDU (TS 23.040).
        tpdu: Vec<u8>,
        /// The service centre; `None` for the subscriber's own.
        service_centre: Option<Address>,
    },
    /// Tell the service centre that there is room for messages again (RP-SMMA, TS 24.011 §7.3.2); what became of it
    /// goes to [`Terminal::handle_memory_available`](crate::Terminal::handle_memory_available). One is outstanding at
    /// most.
    MemoryAvailable,
    /// Answer the oldest delivered message that has no answer: with RP-ERROR if the report has a failure cause,
    /// else with RP-ACK.
    DeliverReport(DeliverReport),
    /// What the user now sees.
    Screen(Screen),
    /// What the user now hears.
    Tone {
        /// Which tone; `None` for the phone's general beep.
        tone: Option<Tone>,
        /// How long.
        length: Duration,
        /// Whether the phone vibrates with it.
        vibrates: bool,
    },
    /// A message to a port, for the phone's own application.
    Application {
        /// The destination port.
        port: u16,
        /// The message.
        message: Box<Deliver>,
    },
    /// What became of the oldest message of [`Terminal::submit_application`](crate::Terminal::submit_application)
    /// that has no result.
    ApplicationSubmitted(Result<(), SubmitError>),
    /// Ask the network; what it says goes to [`Terminal::handle_network`](crate::Terminal::handle_network).
    Network(NetworkRequest),
    /// Do this about a channel; what happens goes to
    /// [`Terminal::handle_channel`](crate::Terminal::handle_channel).
    Channel {
        /// The channel, 1 to 7.
        channel: u8,
        /// What to do.
        request: ChannelRequest,
    },
    /// Do this with an additional card reader; what happens goes to
    /// [`Terminal::handle_reader`](crate::Terminal::handle_reader).
    Reader {
        /// The reader, 0 to 7.
        reader: u8,
        /// What to do.
        request: ReaderRequest,
    },
    /// Something to record.
    Event(Event),
}

/// Something that a trace, a log or a test wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The card has answered to reset; `None` if not as it should.
    AnswerToReset(Option<Atr>),
    /// The start-up is over: this is the card.
    SessionStarted(CardIdentity),
    /// A SIM does not answer STATUS with the directory that it has answered with before: it is another card, or someone
    /// else has used it (TS 51.011 §11.2.8).
    SimChanged,
    /// The card has asked for this.
    ProactiveCommand(Box<Command>),
    /// The card has asked for something that cannot be understood.
    CommandRefused(Refusal),
    /// The card has announced a proactive command and not delivered it.
    FetchFailed,
    /// The card gets this answer.
    TerminalResponse(Box<TerminalResponse>),
    /// The card is told this.
    Envelope(Box<Envelope>),
    /// The card is told this, which is no envelope that is known.
    UnknownEnvelope(Vec<u8>),
    /// The card's answer to [`Terminal::send_envelope`](crate::Terminal::send_envelope).
    EnvelopeAnswered {
        /// The data of its response.
        data: Vec<u8>,
        /// What it says of the command.
        status: Status,
    },
    /// The card was busy; the envelope is tried again.
    EnvelopePostponed,
    /// Too many envelopes wait; one is lost.
    EnvelopeLost,
    /// Time between two STATUS commands from now on; `None` for no polling.
    PollInterval(Option<Duration>),
    /// The card has started a timer.
    TimerStarted {
        /// Which.
        timer: ToolkitTimer,
        /// When it expires.
        deadline: Instant,
    },
    /// A timer of the card has expired.
    TimerExpired(ToolkitTimer),
    /// The card's menu is another, or gone.
    MenuChanged,
    /// The card says that these files have changed: each a path from 3F00 or 7FFF on; none for all files.
    FilesChanged(Vec<Vec<u16>>),
    /// The phonebook is among the files that have changed.
    PhonebookChanged,
    /// The card writes in this language, two letters of ISO 639-1; `None` if in no particular one (LANGUAGE
    /// NOTIFICATION).
    LanguageNotified(Option<[u8; 2]>),
    /// The card steers the phone to these networks, in this order (TS 31.111 §8.90).
    Steered(Vec<PlmnWithAccess>),
    /// The browser is at this address (LAUNCH BROWSER).
    BrowserOpened(String),
    /// The browser is closed.
    BrowserClosed,
    /// The card has divided the screen anew (SET FRAMES).
    FramesChanged(FramesInformation),
    /// The card offers this service to devices nearby (DECLARE SERVICE).
    ServiceDeclared(DeclaredService),
    /// The card no longer offers the service with this identifier.
    ServiceDeleted(u8),
    /// The card would have the interface to the contactless front end (ACTIVATE).
    InterfaceActivated,
    /// Whether the card's contactless functionality is enabled (CONTACTLESS STATE CHANGED).
    Contactless(bool),
    /// A page of cell broadcast for the user.
    CellBroadcast(Vec<u8>),
    /// A USSD string from the network, for the user.
    UssdMessage(String),
    /// A multimedia message waits for the user: its notification.
    MultimediaNotification(Vec<u8>),
    /// A call is tried again, for so many times now.
    Redialled(u8),
    /// The card has said whether something may be done (CALL CONTROL, MO SHORT MESSAGE CONTROL).
    Controlled {
        /// What it was asked about.
        asked: Operation,
        /// What it says.
        decision: Decision,
    },
    /// Nothing comes of what the user has dialled.
    NotDialled(DialError),
    /// The network's answer to the supplementary service operation that the user has dialled.
    ServiceAnswered(Result<Vec<u8>, ServiceError>),
    /// The network's answer to the USSD that the user has dialled.
    UssdAnswered(Result<TextString, ServiceError>),
    /// A text message for the user.
    TextMessage {
        /// The message.
        message: Box<Deliver>,
        /// Its text.
        text: String,
    },
    /// What became of a message that the user sent.
    StatusReport(Box<StatusReport>),
    /// A message stands in this record of the card's memory, `EF_SMS`.
    MessageStored {
        /// The record.
        record: u8,
    },
    /// A message was refused because the card's memory is full.
    MemoryExceeded,
    /// What stands in a record of the card's memory: [`Terminal::read_message`](crate::Terminal::read_message).
    MessageRead {
        /// The record.
        record: u8,
        /// What it was, before it was read.
        message: Box<StoredMessage>,
    },
    /// A record of the card's memory is free: [`Terminal::delete_message`](crate::Terminal::delete_message).
    MessageDeleted {
        /// The record.
        record: u8,
    },
    /// The card's memory says that the report on the message in this record has come.
    ReportStored {
        /// The record of `EF_SMS`.
        record: u8,
    },
    /// What was to be done in the card's memory for messages has come to nothing.
    StoreFailed,
    /// A message came while too many waited; the service centre gets no answer and tries again.
    DeliveryLost,
    /// Whether outgoing messages now occupy the phone: [`Terminal::is_busy`](crate::Terminal::is_busy).
    Busy(bool),
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The phone is off, without service, or has too many messages to send.
    #[error("the phone cannot send now")]
    NotSent,
    /// The network did not take it.
    #[error("the network cannot take the message, cause {cause:?}")]
    Network {
        /// The cause, 0 to 127 (TS 24.008); `None` for no specific one.
        cause: Option<u8>,
    },
    /// The card does not let it go out.
    #[error("the card does not allow it")]
    NotAllowed,
    /// The service centre refused it.
    #[error("RP-ERROR, cause {cause}")]
    Relay {
        /// RP-Cause (TS 24.011 §8.2.5.4).
        cause: u8,
    },
}

/// What the user does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// Opens the card's menu.
    OpenMenu,
    /// Chooses from the card's menu; it need not be open.
    SelectMenu(u8),
    /// Chooses from a list that the card shows.
    Choose(u8),
    /// Presses a key.
    Key(char),
    /// Says yes.
    Yes,
    /// Says no.
    No,
    /// Enters a text.
    Text(String),
    /// Takes what is there: the text or the item that the question starts with.
    Accept,
    /// Dials a number or a code: a call, a supplementary service, or USSD.
    Dial(String),
    /// Takes the call that comes in.
    Answer,
    /// Ends the latest call, or its setting up.
    HangUp,
    /// Clears the text on the screen, stops a tone, closes the menu.
    Clear,
    /// Goes one step back.
    Back,
    /// Ends what the card does.
    EndSession,
    /// Asks for help, on an item where there are several.
    Help(Option<u8>),
    /// Does not answer, and the phone need not wait any longer.
    NoResponse,
    /// Uses the phone for something of their own, until they clear it: the screen is busy.
    Occupy,
}
