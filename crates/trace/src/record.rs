//! What is recorded.

use std::fmt;

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
    /// An RPDU went between phone and SMS centre (TS 24.011 §7.3).
    Rpdu {
        /// Who sent it.
        from: Party,
        /// The phone's number.
        phone: String,
        /// The octets.
        rpdu: Vec<u8>,
    },
    /// A PDU went between SMS centre and server (SMPP 5.0 §4.2 and §4.3).
    Pdu {
        /// Who sent it.
        from: Party,
        /// The address of the one who does not record.
        peer: String,
        /// The octets.
        pdu: Vec<u8>,
    },
    /// Something happened of which there are no octets.
    Event {
        /// Who did it.
        who: Party,
        /// What, in words.
        text: String,
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

/// Where a record stands in what was read, from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The line of a file with lines of JSON.
    Line(usize),
    /// The frame of a capture, as Wireshark counts them.
    Frame(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Frame(number) => write!(f, "frame {number}"),
        }
    }
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Where it stands.
    pub place: Place,
    /// The record.
    pub record: Record,
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn octets() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..40)
    }

    /// A command as ISO/IEC 7816-3 §12 has it, with any Le or none, and whatever the card says to it.
    fn exchange() -> impl Strategy<Value = What> {
        let ins =
            prop::sample::select(vec![0x12, 0x14, 0x70, 0x84, 0xA4, 0xB0, 0xB2, 0xC0, 0xCA, 0xD6, 0xF2]);
        let le = prop::option::of(prop_oneof![Just(0), any::<u8>()]);
        let header = (any::<u8>(), ins, any::<u8>(), any::<u8>());
        (header, octets(), le, octets(), any::<u16>()).prop_map(
            |((cla, ins, p1, p2), data, le, said, status)| {
                let lc = (!data.is_empty()).then_some(data.len() as u8);
                let command = [cla, ins, p1, p2].into_iter().chain(lc).chain(data).chain(le).collect();
                let response = [said, status.to_be_bytes().to_vec()].concat();
                What::Exchange { command, response, took: Duration::ZERO }
            },
        )
    }

    /// What may pass, of every kind.
    pub fn whats() -> impl Strategy<Value = What> {
        let party = prop::sample::select(Party::ALL.to_vec());
        let clock = prop::sample::select(vec![Clock::Real, Clock::Virtual]);
        prop_oneof![
            (clock, ".*").prop_map(|(clock, program)| What::Start { clock, program }),
            octets().prop_map(|answer| What::Reset { answer }),
            Just(What::PowerOff),
            exchange(),
            (octets(), octets(), any::<u32>()).prop_map(|(command, response, took)| What::Exchange {
                command,
                response,
                took: Duration::from_micros(took.into()),
            }),
            (octets(), ".*").prop_map(|(command, reason)| What::Broken { command, reason }),
            (party.clone(), octets()).prop_map(|(from, tpdu)| What::Tpdu { from, tpdu }),
            (party.clone(), any::<u8>(), octets()).prop_map(|(from, coding, octets)| What::UserData {
                from,
                coding,
                octets,
            }),
            (party.clone(), ".*", octets()).prop_map(|(from, phone, rpdu)| What::Rpdu { from, phone, rpdu }),
            (party.clone(), ".*", octets()).prop_map(|(from, peer, pdu)| What::Pdu { from, peer, pdu }),
            (party, ".*").prop_map(|(who, text)| What::Event { who, text }),
        ]
    }
}
