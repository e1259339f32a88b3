//! What is recorded.

use oxisim_wire::{Duration, Instant};
use serde_json::{Map, Value};

/// One thing that passed, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When it was over: microseconds since 1970, of a clock that [`What::Start`] names.
    pub at: Instant,
    /// What it was.
    pub what: What,
}

/// What passed.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The recording begins.
    Start {
        /// Whose time it is.
        clock: Clock,
        /// The program that records.
        program: String,
    },
    /// The card was switched on, or reset (ISO/IEC 7816-3 §6.2).
    Reset {
        /// The answer to reset; empty if there was none.
        answer: Vec<u8>,
    },
    /// The card was switched off.
    PowerOff,
    /// The phone sent a command, and the card answered.
    Exchange {
        /// The command APDU.
        command: Vec<u8>,
        /// The response APDU.
        response: Vec<u8>,
        /// How long it took; zero if the clock does not say.
        took: Duration,
    },
    /// The card gave no answer.
    Broken {
        /// The command APDU; empty if it was a reset.
        command: Vec<u8>,
        /// Why not.
        reason: String,
    },
    /// A TPDU went between phone and SMS centre (TS 23.040 §9.2).
    Tpdu {
        /// Who sent it.
        from: Party,
        /// The octets.
        tpdu: Vec<u8>,
    },
    /// User data of a short message went between SMS centre and server.
    UserData {
        /// Who sent it.
        from: Party,
        /// TP-DCS (TS 23.038 §4).
        coding: u8,
        /// TP-UD, with its header if it has one; packed as on the air.
        octets: Vec<u8>,
    },
    /// Something that this version does not know, kept as it was read.
    Other(Map<String, Value>),
}

/// Whose time a record has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The clock of the machine.
    #[default]
    Real,
    /// The clock of a simulation.
    Virtual,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The phone.
    Phone,
    /// The SMS centre.
    Centre,
    /// The server.
    Server,
}

impl Party {
    /// All, in the order of a message's way.
    pub const ALL: [Self; 3] = [Self::Phone, Self::Centre, Self::Server];

    /// The word for it in a file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Centre => "centre",
            Self::Server => "server",
        }
    }
}

impl Clock {
    /// The word for it in a file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Virtual => "virtual",
        }
    }
}

impl Record {
    /// What passed, at a time.
    #[must_use]
    pub const fn new(at: Instant, what: What) -> Self {
        Self { at, what }
    }

    /// The first record of a trace.
    #[must_use]
    pub fn start(at: Instant, clock: Clock) -> Self {
        let program = concat!("oxisim ", env!("CARGO_PKG_VERSION")).into();
        Self::new(at, What::Start { clock, program })
    }

    /// When it began.
    #[must_use]
    pub fn began(&self) -> Instant {
        let took = if let What::Exchange { took, .. } = &self.what { *took } else { Duration::ZERO };
        Instant::from_micros(self.at.as_micros().saturating_sub(took.as_micros()))
    }
}
