//! Transfer protocol data units (TS 23.040 §9.2.2).
//!
//! The message type indicator means different things in the two directions, so there are two enums to decode
//! into: [`MobileTerminated`] for what the service centre sends, [`MobileOriginated`] for what it receives. Each
//! message is a [`Wire`] value of its own too. A station sends SMS-SUBMIT, SMS-COMMAND and SMS-DELIVER-REPORT.

mod command;
mod deliver;
mod report;
mod submit;
mod validity;

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader, Wire};

pub use command::{Command, CommandType};
pub use deliver::Deliver;
pub use report::{DeliverReport, FailureCause, Outcome, Parameters, Status, StatusReport, SubmitReport};
pub use submit::Submit;
pub use validity::{EnhancedPeriod, EnhancedValidity, RelativeValidity, ValidityPeriod};

use crate::{Address, UserData};

/// Octets of the longest TPDU: an SMS-SUBMIT with the longest address, validity period and user data.
pub const LIMIT: usize = 1 + 1 + (2 + Address::LIMIT / 2) + 1 + 1 + 7 + 1 + UserData::LIMIT;

/// A TPDU from the service centre to the mobile station (TS 23.040 §9.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MobileTerminated {
    /// SMS-DELIVER; a reserved message type counts as one too (TS 23.040 §9.2.3.1).
    Deliver(Deliver),
    /// SMS-SUBMIT-REPORT.
    SubmitReport(SubmitReport),
    /// SMS-STATUS-REPORT.
    StatusReport(StatusReport),
}

/// A TPDU from the mobile station to the service centre (TS 23.040 §9.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MobileOriginated {
    /// SMS-DELIVER-REPORT.
    DeliverReport(DeliverReport),
    /// SMS-SUBMIT.
    Submit(Submit),
    /// SMS-COMMAND.
    Command(Command),
}

impl Wire for MobileTerminated {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        match r.peek().map(|octet| octet & MESSAGE_TYPE) {
            Some(SUBMIT) => SubmitReport::read(r).map(Self::SubmitReport),
            Some(STATUS_REPORT) => StatusReport::read(r).map(Self::StatusReport),
            _ => Deliver::read(r).map(Self::Deliver),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Deliver(tpdu) => tpdu.write(out),
            Self::SubmitReport(tpdu) => tpdu.write(out),
            Self::StatusReport(tpdu) => tpdu.write(out),
        }
    }
}

impl Wire for MobileOriginated {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        match r.peek().map(|octet| octet & MESSAGE_TYPE) {
            Some(DELIVER) => DeliverReport::read(r).map(Self::DeliverReport),
            Some(STATUS_REPORT) => Command::read(r).map(Self::Command),
            _ => Submit::read(r).map(Self::Submit),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::DeliverReport(tpdu) => tpdu.write(out),
            Self::Submit(tpdu) => tpdu.write(out),
            Self::Command(tpdu) => tpdu.write(out),
        }
    }
}

/// TP-Message-Type-Indicator (TS 23.040 §9.2.3.1), and its values, which name a message and its report.
const MESSAGE_TYPE: u8 = 0x03;
const DELIVER: u8 = 0x00;
const SUBMIT: u8 = 0x01;
const STATUS_REPORT: u8 = 0x02;
const RESERVED: u8 = 0x03;

/// TP-Reject-Duplicates, in an SMS-SUBMIT.
const REJECT_DUPLICATES: u8 = 0x04;
/// TP-More-Messages-to-Send: 1 is no more.
const NO_MORE_MESSAGES: u8 = 0x04;
/// TP-Loop-Prevention.
const LOOP_PREVENTION: u8 = 0x08;
/// TP-Status-Report-Indication, TP-Status-Report-Request, TP-Status-Report-Qualifier.
const STATUS_BIT: u8 = 0x20;
/// TP-User-Data-Header-Indicator.
const HAS_HEADER: u8 = 0x40;
/// TP-Reply-Path.
const REPLY_PATH: u8 = 0x80;

/// Reads the first octet of a TPDU, whose message type must be one of `types`.
fn first_octet(r: &mut Reader<'_>, types: &[u8]) -> Result<u8, Error> {
    let start = r.clone();
    let octet = r.u8("first octet of the TPDU")?;
    match octet & MESSAGE_TYPE {
        found if types.contains(&found) => Ok(octet),
        found => Err(start.error("TP-Message-Type-Indicator", ErrorKind::Value(found.into()))),
    }
}

/// The bit if the flag is set.
const fn bit(mask: u8, set: bool) -> u8 {
    if set { mask } else { 0 }
}

/// TP-User-Data-Header-Indicator as the user data has it.
fn header_bit(user_data: Option<&UserData>) -> u8 {
    bit(HAS_HEADER, user_data.is_some_and(|user_data| !user_data.header().is_empty()))
}
