//! What there is to record.

use std::fmt;

use oxisim_sms::{
    Address, rp,
    tpdu::{FailureCause, Status},
};
use oxisim_wire::Instant;

use crate::{Number, Party, Rejection};

/// Something that a person or a test wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A phone or an ESME is there.
    Arrived(Party),
    /// It is gone.
    Left(Party),
    /// A message has been taken.
    Taken {
        /// Its identity.
        id: u64,
        /// Who has sent it.
        from: Address,
        /// To whom.
        to: Address,
    },
    /// A phone's message has not been taken.
    Rejected {
        /// The phone.
        from: Number,
        /// Why not; none if it cannot be read.
        rejection: Option<Rejection>,
    },
    /// A message, or a receipt, is lost: on purpose, or because there is no room for the receipt.
    Lost {
        /// Its identity.
        id: u64,
    },
    /// A message could not be delivered, and is tried again.
    Waits {
        /// Its identity.
        id: u64,
        /// Why.
        reason: Reason,
        /// When, at the latest.
        again: Instant,
    },
    /// An ESME has put another message in the place of one that waits.
    Replaced {
        /// Its identity.
        id: u64,
    },
    /// A message has come to its end.
    Ended {
        /// Its identity.
        id: u64,
        /// To whom it was.
        to: Address,
        /// How.
        status: Status,
    },
}

/// Why a message could not be delivered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its receiver went away.
    Away,
    /// Its receiver does not answer.
    NoAnswer,
    /// The ESME does not take it now.
    EsmeBusy,
    /// The phone answers RP-ERROR, and perhaps says why in its report.
    Phone(rp::Cause, Option<FailureCause>),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(number) => write!(f, "phone {}", number.address()),
            Self::Esme(system_id) => write!(f, "ESME {system_id:?}"),
        }
    }
}

/// An address in a line for people. A name may have any characters, also those that begin another line.
struct Shown<'a>(&'a Address);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(address) = self;
        if address.kind().is_alphanumeric() {
            write!(f, "{:?}", address.to_string())
        } else {
            write!(f, "{address}")
        }
    }
}

/// A line for people.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrived(party) => write!(f, "{party} is there"),
            Self::Left(party) => write!(f, "{party} is gone"),
            Self::Taken { id, from, to } => {
                write!(f, "message {id:X} from {} to {to}", Shown(from))
            }
            Self::Rejected { from, rejection: Some(rejection) } => {
                write!(f, "message of phone {} not taken: {rejection}", from.address())
            }
            Self::Rejected { from, rejection: None } => {
                write!(f, "message of phone {} not taken: it cannot be read", from.address())
            }
            Self::Replaced { id } => write!(f, "message {id:X} replaced"),
            Self::Lost { id } => write!(f, "message {id:X} lost"),
            Self::Waits { id, reason, .. } => write!(f, "message {id:X} waits: {reason}"),
            Self::Ended { id, to, status } if *status == Status::RECEIVED => {
                write!(f, "message {id:X} delivered to {to}")
            }
            Self::Ended { id, to, status } => write!(f, "message {id:X} to {to} given up: {status:?}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away => f.write_str("its receiver is gone"),
            Self::NoAnswer => f.write_str("no answer"),
            Self::EsmeBusy => f.write_str("the ESME does not take it now"),
            Self::Phone(cause, None) => write!(f, "RP-ERROR, cause {} ({cause:?})", cause.0),
            Self::Phone(cause, Some(failure)) => {
                write!(f, "RP-ERROR, cause {} ({cause:?}), TP-FCS {:02X} ({failure:?})", cause.0, failure.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_senders_name_makes_no_line_of_its_own() {
        let to: Address = "+15550100001".parse().unwrap();
        let line = |from: Address| Event::Taken { id: 26, from, to: to.clone() }.to_string();
        let name = Address::alphanumeric("a\nb \"c\"").unwrap();
        assert_eq!(line(name), "message 1A from \"a\\nb \\\"c\\\"\" to +15550100001");
        assert_eq!(line("1000".parse().unwrap()), "message 1A from 1000 to +15550100001");
    }
}
