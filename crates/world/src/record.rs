//! What happened.

use alloc::{string::String, vec::Vec};

use oxisim_backup::{FromServer, ToServer, Way, message::Source};
use oxisim_sms::{DataCoding, UserData};
use oxisim_wire::{Duration, Instant};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The phone has started the card.
    PhoneReady {
        /// The toolkit menu's entries.
        menu: Vec<String>,
    },
    /// The user asked for a backup.
    Requested {
        /// Of which phonebook.
        source: Source,
    },
    /// The card asked the user something.
    Prompt {
        /// Title and items.
        lines: Vec<String>,
    },
    /// The user chose an item.
    Chose {
        /// The item's text.
        text: String,
    },
    /// The phone shows a text of the card.
    Text(String),
    /// A message goes over the air; it takes this long.
    Sending {
        /// The message, if it is one of the protocol.
        message: Option<ToServer>,
        /// Octets of the TPDU.
        octets: usize,
        /// How long it takes.
        takes: Duration,
    },
    /// The server has a message.
    Received(Option<ToServer>),
    /// The server sends a message.
    Answered(Option<FromServer>),
    /// The phone has a message of the server.
    Delivered(Option<FromServer>),
    /// The phone could not send the message that it had.
    NotSent,
    /// A message was lost on its way.
    Lost {
        /// Whether it was on its way to the server.
        to_server: bool,
    },
    /// A message went to somebody else than the server.
    Astray {
        /// To whom.
        to: String,
    },
    /// The phone runs a timer for the card.
    TimerStarted {
        /// Which.
        timer: u8,
        /// For how long.
        runs: Duration,
    },
    /// A timer of the card expired.
    TimerExpired {
        /// Which.
        timer: u8,
    },
    /// The card asked for a poll interval.
    PollInterval {
        /// What it asked for.
        asked: Duration,
        /// What the phone granted.
        granted: Option<Duration>,
    },
    /// The phone is occupied by a burst of messages, or is no longer.
    Busy(bool),
    /// The user tried to call somebody.
    Call {
        /// The phone was busy.
        blocked: bool,
    },
    /// A backup goes its way.
    Began {
        /// Of which phonebook.
        source: Source,
        /// The way that it takes.
        way: Way,
    },
    /// The backup ended.
    Ended {
        /// Of which phonebook.
        source: Source,
    },
}

/// One thing that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// A message on a leg of its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// When it was sent, or had come, as the leg says.
    pub at: Instant,
    /// The leg.
    pub leg: Leg,
    /// TP-DCS of user data; none of a TPDU, which has its own.
    pub coding: Option<DataCoding>,
    /// The TPDU between phone and SMS centre; TP-UD between SMS centre and server.
    pub octets: Vec<u8>,
}

/// A leg of a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// The phone sends it to the SMS centre.
    FromPhone,
    /// The phone has it from the SMS centre.
    ToPhone,
    /// The server has it from the SMS centre.
    ToServer,
    /// The server sends it to the SMS centre.
    FromServer,
}

/// All that happened, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The happenings.
    pub happenings: Vec<Happening>,
    /// The messages, octet by octet.
    pub messages: Vec<Carried>,
}

impl Record {
    pub(crate) fn note(&mut self, at: Instant, what: What) {
        self.happenings.push(Happening { at, what });
    }

    pub(crate) fn carry_tpdu(&mut self, at: Instant, leg: Leg, tpdu: &[u8]) {
        self.messages.push(Carried { at, leg, coding: None, octets: tpdu.to_vec() });
    }

    pub(crate) fn carry(&mut self, at: Instant, leg: Leg, user_data: &UserData) {
        self.messages.push(Carried {
            at,
            leg,
            coding: Some(user_data.coding()),
            octets: user_data.to_octets(),
        });
    }

    /// The first happening that `pick` picks.
    pub fn find<'a, T>(&'a self, pick: impl Fn(&'a What) -> Option<T>) -> Option<(Instant, T)> {
        self.happenings.iter().find_map(|happening| Some((happening.at, pick(&happening.what)?)))
    }
}
