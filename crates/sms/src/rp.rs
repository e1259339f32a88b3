//! The relay protocol between a mobile station and its network (TS 24.011 §7.3), which carries the TPDUs.
//!
//! As with TPDUs the message type means different things in the two directions, so there are two enums:
//! [`MobileOriginated`] and [`MobileTerminated`]. A message of either is answered with the reference that it has.
//!
//! ```
//! use oxisim_sms::rp::{Cause, Failure, MobileTerminated};
//! use oxisim_wire::Wire;
//!
//! let refused = MobileTerminated::Error(Failure::new(7, Cause::CONGESTION, None));
//! assert_eq!(refused.encode(), [0x05, 7, 1, 42]);
//! ```

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader, Wire, codes};

use crate::{Address, tpdu::FailureCause};

/// Octets of the longest RP-User data: a TPDU (TS 24.011 §8.2.5.3).
pub const USER_DATA_LIMIT: usize = 232;

/// Octets of the longest message: RP-DATA with one address and the longest user data (TS 24.011 §7.3.1).
pub const LIMIT: usize = 2 + (2 + Address::LIMIT / 2) + 1 + 1 + USER_DATA_LIMIT;

/// A message from the mobile station to the network (TS 24.011 §8.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MobileOriginated {
    /// RP-DATA: an SMS-SUBMIT or SMS-COMMAND for the service centre.
    Data(Data),
    /// RP-ACK: a message has been taken.
    Ack(Acknowledgement),
    /// RP-ERROR: a message has not been taken.
    Error(Failure),
    /// RP-SMMA: there is room for messages again.
    MemoryAvailable {
        /// RP-Message Reference.
        reference: u8,
    },
}

/// A message from the network to the mobile station (TS 24.011 §8.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MobileTerminated {
    /// RP-DATA: an SMS-DELIVER or SMS-STATUS-REPORT of the service centre.
    Data(Data),
    /// RP-ACK: a message, or that there is room, has been taken.
    Ack(Acknowledgement),
    /// RP-ERROR: it has not been taken.
    Error(Failure),
}

/// RP-DATA (TS 24.011 §7.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// RP-Message Reference.
    pub reference: u8,
    /// The service centre: RP-Destination Address of a message to it, RP-Originator Address of one from it.
    pub service_centre: Option<Address>,
    /// RP-User Data: a TPDU.
    pub tpdu: Vec<u8>,
}

/// RP-ACK (TS 24.011 §7.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// RP-Message Reference of what is acknowledged.
    pub reference: u8,
    /// RP-User Data: the report, if there is one.
    pub tpdu: Option<Vec<u8>>,
}

/// RP-ERROR (TS 24.011 §7.3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// RP-Message Reference of what is refused.
    pub reference: u8,
    /// RP-Cause.
    pub cause: Cause,
    /// The diagnostic field of RP-Cause.
    pub diagnostic: Option<u8>,
    /// RP-User Data: the report, if there is one.
    pub tpdu: Option<Vec<u8>>,
}

codes! {
    /// RP-Cause (TS 24.011 §8.2.5.4), without the extension bit.
    pub struct Cause(u8) {
        /// Unassigned (unallocated) number.
        UNASSIGNED_NUMBER = 1,
        /// Operator determined barring.
        OPERATOR_DETERMINED_BARRING = 8,
        /// Call barred.
        CALL_BARRED = 10,
        /// Short message transfer rejected.
        TRANSFER_REJECTED = 21,
        /// Memory capacity exceeded.
        MEMORY_CAPACITY_EXCEEDED = 22,
        /// Destination out of order.
        DESTINATION_OUT_OF_ORDER = 27,
        /// Unidentified subscriber.
        UNIDENTIFIED_SUBSCRIBER = 28,
        /// Facility rejected.
        FACILITY_REJECTED = 29,
        /// Unknown subscriber.
        UNKNOWN_SUBSCRIBER = 30,
        /// Network out of order.
        NETWORK_OUT_OF_ORDER = 38,
        /// Temporary failure.
        TEMPORARY_FAILURE = 41,
        /// Congestion.
        CONGESTION = 42,
        /// Resources unavailable, unspecified.
        RESOURCES_UNAVAILABLE = 47,
        /// Requested facility not subscribed.
        FACILITY_NOT_SUBSCRIBED = 50,
        /// Requested facility not implemented.
        FACILITY_NOT_IMPLEMENTED = 69,
        /// Invalid short message transfer reference value.
        INVALID_REFERENCE = 81,
        /// Semantically incorrect message.
        SEMANTICALLY_INCORRECT = 95,
        /// Invalid mandatory information.
        INVALID_MANDATORY_INFORMATION = 96,
        /// Message type non-existent or not implemented.
        UNKNOWN_MESSAGE_TYPE = 97,
        /// Message not compatible with short message protocol state.
        INCOMPATIBLE_WITH_STATE = 98,
        /// Information element non-existent or not implemented.
        UNKNOWN_INFORMATION_ELEMENT = 99,
        /// Protocol error, unspecified.
        PROTOCOL_ERROR = 111,
        /// Interworking, unspecified.
        INTERWORKING = 127,
    }
}

impl Cause {
    /// Whether the same message may be taken later (TS 24.011 annex E): memory becomes free, and what is out of order or
    /// congested does not stay so.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::MEMORY_CAPACITY_EXCEEDED
                | Self::DESTINATION_OUT_OF_ORDER
                | Self::NETWORK_OUT_OF_ORDER
                | Self::TEMPORARY_FAILURE
                | Self::CONGESTION
                | Self::RESOURCES_UNAVAILABLE
        )
    }

    /// The cause of the RP-ERROR in which a mobile station sends a report with this TP-Failure-Cause: a full memory has
    /// its own (TS 24.011 table 8.4).
    #[must_use]
    pub const fn of_report(cause: FailureCause) -> Self {
        match cause {
            FailureCause::SIM_STORAGE_FULL | FailureCause::MEMORY_CAPACITY_EXCEEDED => {
                Self::MEMORY_CAPACITY_EXCEEDED
            }
            _ => Self::PROTOCOL_ERROR,
        }
    }
}

impl Failure {
    /// A refusal without a diagnostic.
    #[must_use]
    pub const fn new(reference: u8, cause: Cause, tpdu: Option<Vec<u8>>) -> Self {
        Self { reference, cause, diagnostic: None, tpdu }
    }
}

impl Wire for MobileOriginated {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let start = r.clone();
        let kind = r.u8("RP-Message Type")? & MESSAGE_TYPE;
        let reference = r.u8("RP-Message Reference")?;
        match kind {
            DATA => {
                Address::read_service_centre(r)?;
                let service_centre = Address::read_service_centre(r)?;
                Ok(Self::Data(Data { reference, service_centre, tpdu: read_user_data(r)? }))
            }
            ACK => Ok(Self::Ack(Acknowledgement { reference, tpdu: read_elements(r)? })),
            ERROR => Failure::read_behind(reference, r).map(Self::Error),
            MEMORY_AVAILABLE => Ok(Self::MemoryAvailable { reference }),
            other => Err(start.error("RP-Message Type", ErrorKind::Value(other.into()))),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Data(data) => {
                out.extend_from_slice(&[DATA, data.reference]);
                Address::write_service_centre(None, out);
                Address::write_service_centre(data.service_centre.as_ref(), out);
                write_user_data(&data.tpdu, out);
            }
            Self::Ack(ack) => ack.write_as(ACK, out),
            Self::Error(failure) => failure.write_as(ERROR, out),
            Self::MemoryAvailable { reference } => out.extend_from_slice(&[MEMORY_AVAILABLE, *reference]),
        }
    }
}

impl Wire for MobileTerminated {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let start = r.clone();
        let kind = r.u8("RP-Message Type")? & MESSAGE_TYPE;
        let reference = r.u8("RP-Message Reference")?;
        match kind ^ FROM_NETWORK {
            DATA => {
                let service_centre = Address::read_service_centre(r)?;
                Address::read_service_centre(r)?;
                Ok(Self::Data(Data { reference, service_centre, tpdu: read_user_data(r)? }))
            }
            ACK => Ok(Self::Ack(Acknowledgement { reference, tpdu: read_elements(r)? })),
            ERROR => Failure::read_behind(reference, r).map(Self::Error),
            _ => Err(start.error("RP-Message Type", ErrorKind::Value(kind.into()))),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Data(data) => {
                out.extend_from_slice(&[DATA | FROM_NETWORK, data.reference]);
                Address::write_service_centre(data.service_centre.as_ref(), out);
                Address::write_service_centre(None, out);
                write_user_data(&data.tpdu, out);
            }
            Self::Ack(ack) => ack.write_as(ACK | FROM_NETWORK, out),
            Self::Error(failure) => failure.write_as(ERROR | FROM_NETWORK, out),
        }
    }
}

impl Acknowledgement {
    fn write_as(&self, kind: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(&[kind, self.reference]);
        write_element(self.tpdu.as_deref(), out);
    }
}

impl Failure {
    fn read_behind(reference: u8, r: &mut Reader<'_>) -> Result<Self, Error> {
        let length = usize::from(r.u8("RP-Cause length")?);
        let mut field = r.sub(length, "RP-Cause")?;
        let cause = Cause(field.u8("RP-Cause")? & !EXTENSION);
        let diagnostic = field.peek();
        Ok(Self { reference, cause, diagnostic, tpdu: read_elements(r)? })
    }

    fn write_as(&self, kind: u8, out: &mut Vec<u8>) {
        let length = 1 + u8::from(self.diagnostic.is_some());
        out.extend_from_slice(&[kind, self.reference, length, self.cause.0 & !EXTENSION]);
        out.extend(self.diagnostic);
        write_element(self.tpdu.as_deref(), out);
    }
}

/// Message type indicator (TS 24.011 §8.2.2), from the mobile station; the network's have bit 1 set.
const MESSAGE_TYPE: u8 = 0x07;
const FROM_NETWORK: u8 = 0x01;
const DATA: u8 = 0x00;
const ACK: u8 = 0x02;
const ERROR: u8 = 0x04;
const MEMORY_AVAILABLE: u8 = 0x06;

/// Identifier of RP-User Data in RP-ACK and RP-ERROR (TS 24.011 §8.2.5.3).
const USER_DATA: u8 = 0x41;
/// The extension bit of RP-Cause, which is 0 (TS 24.011 figure 8.8).
const EXTENSION: u8 = 0x80;
/// An element without length has this bit in its identifier (TS 24.007 §11.2.4).
const SHORT: u8 = 0x80;

fn read_user_data(r: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let start = r.clone();
    let length = usize::from(r.u8("RP-User Data length")?);
    if length > USER_DATA_LIMIT {
        return Err(start.error("RP-User Data length", ErrorKind::TooLong { length, limit: USER_DATA_LIMIT }));
    }
    Ok(r.take(length, "RP-User Data")?.to_vec())
}

/// The user data among the optional elements; elements that are not known are skipped (TS 24.011 §9.3).
fn read_elements(r: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    let mut user_data = None;
    while !r.is_empty() {
        match r.u8("information element identifier")? {
            USER_DATA => user_data = Some(read_user_data(r)?),
            SHORT.. => {}
            _ => {
                let length = usize::from(r.u8("information element length")?);
                r.take(length, "information element")?;
            }
        }
    }
    Ok(user_data)
}

fn write_element(user_data: Option<&[u8]>, out: &mut Vec<u8>) {
    if let Some(user_data) = user_data {
        out.push(USER_DATA);
        write_user_data(user_data, out);
    }
}

/// What no message has room for is cut off.
fn write_user_data(user_data: &[u8], out: &mut Vec<u8>) {
    let user_data = user_data.get(..USER_DATA_LIMIT).unwrap_or(user_data);
    out.push(user_data.len() as u8);
    out.extend_from_slice(user_data);
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_has_the_other_type_in_the_other_direction() {
        let ack = Acknowledgement { reference: 9, tpdu: None };
        assert_eq!(MobileOriginated::Ack(ack.clone()).encode(), [2, 9]);
        assert_eq!(MobileTerminated::Ack(ack).encode(), [3, 9]);
        let error = MobileOriginated::decode(&[3, 9], "RPDU").unwrap_err();
        assert_eq!((error.offset, error.kind), (0, ErrorKind::Value(3)));
        assert!(MobileTerminated::decode(&[2, 9], "RPDU").is_err());
        assert!(MobileTerminated::decode(&[6, 9], "RPDU").is_err(), "a network has no memory");
    }

    #[test]
    fn elements_that_are_not_known_are_skipped() {
        let octets = [0x04, 1, 2, 0x96, 0xAA, 0x55, 2, 1, 2, 0x90, 0x41, 2, 0x00, 0xD3];
        let MobileOriginated::Error(failure) = MobileOriginated::decode(&octets, "RPDU").unwrap() else {
            panic!("an RP-ERROR")
        };
        assert_eq!(failure.cause, Cause::MEMORY_CAPACITY_EXCEEDED);
        assert_eq!((failure.diagnostic, failure.tpdu), (Some(0xAA), Some(vec![0x00, 0xD3])));
    }

    #[test]
    fn a_tpdu_is_not_longer_than_its_element() {
        let octets = [&[0x00, 1, 0, 0, 233][..], &[0; 233]].concat();
        let error = MobileOriginated::decode(&octets, "RPDU").unwrap_err();
        assert_eq!((error.offset, error.kind), (4, ErrorKind::TooLong { length: 233, limit: 232 }));
    }

    #[test]
    fn only_a_full_memory_has_a_cause_of_its_own() {
        assert_eq!(Cause::of_report(FailureCause::SIM_STORAGE_FULL), Cause::MEMORY_CAPACITY_EXCEEDED);
        assert_eq!(Cause::of_report(FailureCause::TOOLKIT_BUSY), Cause::PROTOCOL_ERROR);
    }

    proptest! {
        #[test]
        fn messages_survive(reference: u8, digits in r"\+[0-9]{1,15}", tpdu: Vec<u8>, cause in 0_u8..128, some: bool) {
            let tpdu: Vec<u8> = tpdu.into_iter().take(USER_DATA_LIMIT).collect();
            let report = some.then(|| tpdu.clone());
            let service_centre = some.then(|| digits.parse().unwrap());
            let data = Data { reference, service_centre, tpdu };
            let ack = Acknowledgement { reference, tpdu: report.clone() };
            let failure = Failure { diagnostic: some.then_some(1), ..Failure::new(reference, Cause(cause), report) };
            for message in [
                MobileOriginated::Data(data.clone()),
                MobileOriginated::Ack(ack.clone()),
                MobileOriginated::Error(failure.clone()),
                MobileOriginated::MemoryAvailable { reference },
            ] {
                prop_assert!(message.encode().len() <= LIMIT);
                prop_assert_eq!(MobileOriginated::decode(&message.encode(), "RPDU"), Ok(message));
            }
            for message in
                [MobileTerminated::Data(data), MobileTerminated::Ack(ack), MobileTerminated::Error(failure)]
            {
                prop_assert_eq!(MobileTerminated::decode(&message.encode(), "RPDU"), Ok(message));
            }
        }

        #[test]
        fn any_octets_are_a_message_or_an_error(octets: Vec<u8>) {
            let _ = MobileOriginated::decode(&octets, "RPDU");
            let _ = MobileTerminated::decode(&octets, "RPDU");
        }
    }
}
