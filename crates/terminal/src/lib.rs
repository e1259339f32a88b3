//! The phone of oxisim: start-up, polling, proactive commands, timers, envelopes and short messages
//! (TS 102 221, TS 102 223, TS 31.111; TS 51.011 and TS 51.014 for a SIM of GSM), as a machine without a clock and
//! without connections.
//!
//! # The law
//!
//! **One mutation, then drain.** Whatever happens comes in through one call of a [`Terminal`] that takes the time
//! as its last argument: `switch_*`, `handle_*`, `submit_*`, `send_*`, `read_message`, `delete_message`. After each, the
//! host does what [`Terminal::poll_output`] says until it says nothing more, and calls [`Terminal::handle_timeout`] when
//! [`Terminal::poll_timeout`]'s time has come. Timeouts are absolute, and a spurious one does nothing.
//!
//! The card, the network and the user are not trusted: nothing that they do makes the phone panic, each call ends
//! after a bounded number of steps, and what waits has a limit.
//!
//! ```
//! use oxisim_terminal::{Config, Event, Output, Terminal};
//! use oxisim_wire::Instant;
//!
//! /// A card that has no files and no toolkit.
//! fn card(_command: &[u8]) -> Vec<u8> {
//!     vec![0x6A, 0x82]
//! }
//!
//! let mut phone = Terminal::new(Config::default());
//! let mut now = Instant::EPOCH;
//! let mut polls = 0;
//! phone.switch_on(now);
//! while polls < 3 {
//!     match phone.poll_output() {
//!         Some(Output::PowerOn) => phone.handle_atr(&[0x3B, 0x00], now),
//!         Some(Output::Transmit(command)) => {
//!             polls += u32::from(command == [0x80, 0xF2, 0x00, 0x0C]);
//!             phone.handle_response(&card(&command), now);
//!         }
//!         Some(Output::Event(Event::SessionStarted(identity))) => assert_eq!(identity.imsi, ""),
//!         Some(_) => {}
//!         None => {
//!             now = phone.poll_timeout().expect("the phone polls the card");
//!             phone.handle_timeout(now);
//!         }
//!     }
//! }
//! assert_eq!(now, Instant::from_secs(90));
//! ```
//!
//! # What goes on at the card
//!
//! The phone takes the card for a UICC until the card refuses the class of the first command; then it is a SIM of GSM,
//! and [`Platform`] makes the commands that it gets from then on.
//!
//! One command is with the card at most. GET RESPONSE and lengths that are put right (`61XX`, `6CXX`; `9FXX`, `9EXX`,
//! `67XX` of a SIM) are dealt with below everything else; `91XX` after any command begins a proactive session, unless
//! one is under way. Between commands the phone sends what is most urgent: TERMINAL RESPONSE, FETCH, what is to be done
//! in the card's memory for messages, ENVELOPE, STATUS. Envelopes wait until the session has ended, but for messages to
//! the card, which the service centre waits for, and for questions; if the card is busy (`9300`) they are tried again,
//! but for messages, which the service centre sends again, and for questions, to which that is an answer.
//!
//! A card whose service table says so is asked about every call, supplementary service and USSD, and about every
//! outgoing message, whoever wants them: the card itself, the user, the phone's application. Only emergency calls are
//! not asked about. [`Event::Controlled`] tells what the card has decided; without its leave nothing goes out.
//!
//! A message of class 2 is in the card's memory before it is acknowledged; others are kept there if
//! [`Config::keeps_messages_on_card`] says so, and messages of the phone's application with them. A card that is full
//! makes the phone refuse messages and remember in `EF_SMSS` that the service centre waits for room, until a message is
//! deleted and the centre told ([`Output::MemoryAvailable`]). The TP-Message-Reference goes to the card with each
//! message, so that the next one is another though the phone has been off. What a message does not say, the service
//! centre above all, `EF_SMSP` does.
//!
//! REFRESH by reset ends all that is the card's: its channels are closed, its timers stopped, and what waited to be told
//! is not told any more. Calls and messages of the user and of the phone's application go on. A card that does not answer
//! to reset leaves a phone without calls and messages until it is switched off and on.
//!
//! # What the card may meet
//!
//! [`Config::profile`] says what the phone does, and the phone does that and nothing else. What it knows of itself
//! and of where it is stands in [`Config::environment`] and changes with [`Terminal::handle_environment`] and
//! [`Terminal::handle_service`]; the card is told of what its event list asks for. What the phone has no model of comes
//! with [`Terminal::handle_event`] and [`Terminal::handle_envelope`], and octets of any kind go to the card with
//! [`Terminal::send_envelope`]. The user may do anything at any time ([`User`]), or nothing, and any result of the
//! standard can be had for the next command of a type ([`Terminal::answer_next`]), so that the error paths of an applet
//! can be walked.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod application;
mod attempt;
mod broadcast;
mod channel;
mod config;
mod control;
mod dial;
mod envelope;
mod environment;
mod execute;
mod facilities;
mod faults;
mod frames;
mod icon;
mod identity;
mod incoming;
mod link;
mod local;
mod message;
mod network;
mod number;
mod occurrence;
mod output;
mod pin;
mod platform;
mod prompt;
mod reader;
mod screen;
mod session;
mod startup;
mod store;
mod submission;
mod terminal;
mod timer;
mod user;
mod ussd;

pub use application::{ApplicationOutput, BackupApplication};
pub use channel::{ChannelError, ChannelEvent, ChannelRequest, Transport};
pub use config::{Config, Imei, InvalidImei, Service};
pub use control::{Decision, Operation};
pub use dial::DialError;
pub use environment::{Battery, Environment, SearchMode};
pub use execute::BrowserTermination;
pub use identity::CardIdentity;
pub use link::Protocol;
pub use local::{DeclaredService, LocalBearer, LocalService};
pub use network::{CallId, CallParameters, Multimedia, NetworkEvent, NetworkRequest, Position, ServiceError};
pub use output::{Event, Output, SubmitError, User};
pub use pin::{InvalidPin, Pin, PinState};
pub use platform::Platform;
pub use reader::{Reader, ReaderEvent, ReaderRequest};
pub use screen::{Characters, Menu, MenuItem, Screen};
pub use terminal::Terminal;
pub use timer::ToolkitTimer;
