//! SMS-DELIVER-REPORT, SMS-SUBMIT-REPORT, SMS-STATUS-REPORT (TS 23.040 §9.2.2.1a, §9.2.2.2a, §9.2.2.3).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Wire, codes};

use super::{
    DELIVER, HAS_HEADER, LIMIT, LOOP_PREVENTION, NO_MORE_MESSAGES, STATUS_BIT, STATUS_REPORT, SUBMIT, bit,
    first_octet, header_bit,
};
use crate::{Address, DataCoding, ProtocolIdentifier, Timestamp, UserData};

/// SMS-DELIVER-REPORT: the answer to an SMS-DELIVER or SMS-STATUS-REPORT (TS 23.040 §9.2.2.1a).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverReport {
    /// TP-Failure-Cause, in the RP-ERROR only. On decoding an octet from 80 on is one, since 00 to 7F are
    /// reserved and no extension of TP-Parameter-Indicator is defined.
    pub cause: Option<FailureCause>,
    /// What TP-Parameter-Indicator announces.
    pub parameters: Parameters,
}

/// SMS-SUBMIT-REPORT: the answer to an SMS-SUBMIT (TS 23.040 §9.2.2.2a).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitReport {
    /// TP-Failure-Cause, in the RP-ERROR only; on decoding as in [`DeliverReport::cause`].
    pub cause: Option<FailureCause>,
    /// TP-Service-Centre-Time-Stamp.
    pub timestamp: Timestamp,
    /// What TP-Parameter-Indicator announces.
    pub parameters: Parameters,
}

/// SMS-STATUS-REPORT: what became of a message (TS 23.040 §9.2.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// TP-More-Messages-to-Send: more messages wait in the service centre.
    pub more_messages: bool,
    /// TP-Loop-Prevention: the message must not be forwarded or answered automatically.
    pub loop_prevention: bool,
    /// TP-Status-Report-Qualifier: it is the result of an SMS-COMMAND, not of an SMS-SUBMIT.
    pub of_command: bool,
    /// TP-Message-Reference of the message.
    pub reference: u8,
    /// TP-Recipient-Address.
    pub recipient: Address,
    /// TP-Service-Centre-Time-Stamp: when the service centre received the message.
    pub timestamp: Timestamp,
    /// TP-Discharge-Time: when the status arose.
    pub discharge: Timestamp,
    /// TP-Status.
    pub status: Status,
    /// What TP-Parameter-Indicator announces.
    pub parameters: Parameters,
}

/// The parameters that TP-Parameter-Indicator announces (TS 23.040 §9.2.3.27).
///
/// User data without TP-Data-Coding-Scheme is in the default alphabet, and written with it. If a reserved bit
/// of the indicator is set, octets after the user data are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// TP-Protocol-Identifier.
    pub protocol: Option<ProtocolIdentifier>,
    /// TP-Data-Coding-Scheme of a report without user data; user data has its own.
    pub coding: Option<DataCoding>,
    /// TP-Data-Coding-Scheme and TP-User-Data.
    pub user_data: Option<UserData>,
}

codes! {
    /// TP-Failure-Cause (TS 23.040 §9.2.3.22).
    pub struct FailureCause(u8) {
        /// Telematic interworking not supported.
        TELEMATIC_INTERWORKING_NOT_SUPPORTED = 0x80,
        /// Short message type 0 not supported.
        TYPE_0_NOT_SUPPORTED = 0x81,
        /// Cannot replace short message.
        CANNOT_REPLACE = 0x82,
        /// Unspecified TP-PID error.
        UNSPECIFIED_PROTOCOL_IDENTIFIER_ERROR = 0x8F,
        /// Data coding scheme (alphabet) not supported.
        ALPHABET_NOT_SUPPORTED = 0x90,
        /// Message class not supported.
        CLASS_NOT_SUPPORTED = 0x91,
        /// Unspecified TP-DCS error.
        UNSPECIFIED_DATA_CODING_ERROR = 0x9F,
        /// Command cannot be actioned.
        COMMAND_CANNOT_BE_ACTIONED = 0xA0,
        /// Command unsupported.
        COMMAND_UNSUPPORTED = 0xA1,
        /// Unspecified TP-Command error.
        UNSPECIFIED_COMMAND_ERROR = 0xAF,
        /// TPDU not supported.
        TPDU_NOT_SUPPORTED = 0xB0,
        /// Service centre busy.
        SERVICE_CENTRE_BUSY = 0xC0,
        /// No service centre subscription.
        NO_SUBSCRIPTION = 0xC1,
        /// Service centre system failure.
        SERVICE_CENTRE_FAILURE = 0xC2,
        /// Invalid short message entity address.
        INVALID_ADDRESS = 0xC3,
        /// Destination short message entity barred.
        DESTINATION_BARRED = 0xC4,
        /// Short message rejected: duplicate.
        DUPLICATE = 0xC5,
        /// TP-VPF not supported.
        VALIDITY_FORMAT_NOT_SUPPORTED = 0xC6,
        /// TP-VP not supported.
        VALIDITY_NOT_SUPPORTED = 0xC7,
        /// (U)SIM SMS storage full.
        SIM_STORAGE_FULL = 0xD0,
        /// No SMS storage capability in (U)SIM.
        NO_SIM_STORAGE = 0xD1,
        /// Error in mobile station.
        MOBILE_STATION_ERROR = 0xD2,
        /// Memory capacity exceeded.
        MEMORY_CAPACITY_EXCEEDED = 0xD3,
        /// (U)SIM application toolkit busy.
        TOOLKIT_BUSY = 0xD4,
        /// (U)SIM data download error.
        DATA_DOWNLOAD_ERROR = 0xD5,
        /// Unspecified error cause.
        UNSPECIFIED = 0xFF,
    }
}

impl FailureCause {
    /// Whether the same message may be taken later. TS 23.040 leaves it to the service centre what it makes of a cause.
    /// What a cause says of the message itself, its protocol identifier, coding, command, addresses or layout, or of what
    /// a card lacks or does with its data, stays so; memory becomes free (RP-SMMA, TS 24.011 §7.3.2), and a card that is
    /// busy is so for a while (TS 31.111 §7.1.1.1). A cause that is not known is taken for one that passes.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        !matches!(
            self,
            Self(0x80..=0xBF | 0xC1 | 0xC3..=0xC7) | Self::NO_SIM_STORAGE | Self::DATA_DOWNLOAD_ERROR
        )
    }
}

codes! {
    /// TP-Status (TS 23.040 §9.2.3.15).
    pub struct Status(u8) {
        /// Received by the short message entity.
        RECEIVED = 0x00,
        /// Forwarded, and the service centre cannot confirm delivery.
        FORWARDED = 0x01,
        /// Replaced by the service centre.
        REPLACED = 0x02,
        /// Congestion; still trying.
        TRYING_CONGESTION = 0x20,
        /// Short message entity busy; still trying.
        TRYING_BUSY = 0x21,
        /// No response from the short message entity; still trying.
        TRYING_NO_RESPONSE = 0x22,
        /// Service rejected; still trying.
        TRYING_REJECTED = 0x23,
        /// Quality of service not available; still trying.
        TRYING_QUALITY_NOT_AVAILABLE = 0x24,
        /// Error in the short message entity; still trying.
        TRYING_ERROR = 0x25,
        /// Remote procedure error.
        REMOTE_PROCEDURE_ERROR = 0x40,
        /// Incompatible destination.
        INCOMPATIBLE_DESTINATION = 0x41,
        /// Connection rejected by the short message entity.
        CONNECTION_REJECTED = 0x42,
        /// Not obtainable.
        NOT_OBTAINABLE = 0x43,
        /// Quality of service not available.
        QUALITY_NOT_AVAILABLE = 0x44,
        /// No interworking available.
        NO_INTERWORKING = 0x45,
        /// Validity period expired.
        EXPIRED = 0x46,
        /// Deleted by the originating short message entity.
        DELETED_BY_ORIGINATOR = 0x47,
        /// Deleted by the service centre's administration.
        DELETED_BY_ADMINISTRATION = 0x48,
        /// The message does not exist.
        DOES_NOT_EXIST = 0x49,
        /// Congestion; given up.
        CONGESTION = 0x60,
        /// Short message entity busy; given up.
        BUSY = 0x61,
        /// No response from the short message entity; given up.
        NO_RESPONSE = 0x62,
        /// Service rejected; given up.
        REJECTED = 0x63,
        /// Quality of service not available; given up.
        GIVEN_UP_QUALITY_NOT_AVAILABLE = 0x64,
        /// Error in the short message entity; given up.
        GIVEN_UP_ERROR = 0x65,
    }
}

impl DeliverReport {
    /// The message has been taken.
    #[must_use]
    pub const fn acknowledged() -> Self {
        Self { cause: None, parameters: Parameters::NONE }
    }

    /// The message has not been taken, and why.
    #[must_use]
    pub const fn refused(cause: FailureCause) -> Self {
        Self { cause: Some(cause), parameters: Parameters::NONE }
    }
}

impl SubmitReport {
    /// The message has been taken, at this time.
    #[must_use]
    pub const fn acknowledged(timestamp: Timestamp) -> Self {
        Self { cause: None, timestamp, parameters: Parameters::NONE }
    }

    /// The message has not been taken, at this time, and why.
    #[must_use]
    pub const fn refused(cause: FailureCause, timestamp: Timestamp) -> Self {
        Self { cause: Some(cause), timestamp, parameters: Parameters::NONE }
    }
}

/// What a TP-Status says of the message (TS 23.040 §9.2.3.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It has been dealt with.
    Completed,
    /// A temporary error; the centre tries again.
    Retrying,
    /// A permanent error; the centre has given up.
    PermanentError,
    /// A temporary error; the centre has given up.
    TemporaryError,
    /// Reserved.
    Reserved,
}

impl Status {
    /// What it says of the message, whatever its reason.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self.0 >> 5 {
            0 => Outcome::Completed,
            1 => Outcome::Retrying,
            2 => Outcome::PermanentError,
            3 => Outcome::TemporaryError,
            _ => Outcome::Reserved,
        }
    }

    /// Whether the service centre does nothing more about the message.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self.outcome(), Outcome::Completed | Outcome::PermanentError | Outcome::TemporaryError)
    }

    /// Whether the reason is one of the service centre's own, and not the standard's.
    #[must_use]
    pub const fn is_specific_to_centre(self) -> bool {
        self.0 < 0x80 && self.0 & 0x10 != 0
    }
}

impl Wire for DeliverReport {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let first = first_octet(r, &[DELIVER])?;
        let cause = read_cause(r)?;
        let parameters = Parameters::read(r, first)?;
        Ok(Self { cause, parameters })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(DELIVER | header_bit(self.parameters.user_data.as_ref()));
        out.extend(self.cause.map(|cause| cause.0));
        out.push(self.parameters.indicator());
        self.parameters.write(out);
    }
}

impl Wire for SubmitReport {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let first = first_octet(r, &[SUBMIT])?;
        let cause = read_cause(r)?;
        let indicator = read_indicator(r)?;
        let timestamp = Timestamp::read(r)?;
        let parameters = Parameters::read_announced(r, first, indicator)?;
        Ok(Self { cause, timestamp, parameters })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(SUBMIT | header_bit(self.parameters.user_data.as_ref()));
        out.extend(self.cause.map(|cause| cause.0));
        out.push(self.parameters.indicator());
        self.timestamp.write(out);
        self.parameters.write(out);
    }
}

impl Wire for StatusReport {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let first = first_octet(r, &[STATUS_REPORT])?;
        Ok(Self {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            of_command: first & STATUS_BIT != 0,
            reference: r.u8("TP-Message-Reference")?,
            recipient: Address::read(r)?,
            timestamp: Timestamp::read(r)?,
            discharge: Timestamp::read(r)?,
            status: Status::read(r)?,
            parameters: if r.is_empty() { Parameters::default() } else { Parameters::read(r, first)? },
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(
            STATUS_REPORT
                | bit(NO_MORE_MESSAGES, !self.more_messages)
                | bit(LOOP_PREVENTION, self.loop_prevention)
                | bit(STATUS_BIT, self.of_command)
                | header_bit(self.parameters.user_data.as_ref()),
        );
        out.push(self.reference);
        self.recipient.write(out);
        self.timestamp.write(out);
        self.discharge.write(out);
        self.status.write(out);
        if self.parameters != Parameters::default() {
            out.push(self.parameters.indicator());
            self.parameters.write(out);
        }
    }
}

impl Parameters {
    /// No parameters.
    pub const NONE: Self = Self { protocol: None, coding: None, user_data: None };

    fn read(r: &mut Reader<'_>, first: u8) -> Result<Self, Error> {
        let indicator = read_indicator(r)?;
        Self::read_announced(r, first, indicator)
    }

    fn read_announced(r: &mut Reader<'_>, first: u8, indicator: u8) -> Result<Self, Error> {
        let protocol = (indicator & HAS_PROTOCOL != 0).then(|| ProtocolIdentifier::read(r)).transpose()?;
        let coding = (indicator & HAS_CODING != 0).then(|| DataCoding::read(r)).transpose()?;
        let scheme = coding.unwrap_or(DataCoding::DEFAULT_ALPHABET);
        let user_data = (indicator & HAS_USER_DATA != 0)
            .then(|| UserData::read(r, scheme, first & HAS_HEADER != 0, USER_DATA_LIMIT))
            .transpose()?;
        let coding = coding.filter(|_| user_data.is_none());
        if indicator & !(HAS_PROTOCOL | HAS_CODING | HAS_USER_DATA) != 0 {
            r.rest();
        }
        Ok(Self { protocol, coding, user_data })
    }

    fn indicator(&self) -> u8 {
        bit(HAS_PROTOCOL, self.protocol.is_some())
            | bit(HAS_CODING, self.coding.is_some() || self.user_data.is_some())
            | bit(HAS_USER_DATA, self.user_data.is_some())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.protocol.map(|protocol| protocol.0));
        match &self.user_data {
            Some(user_data) => {
                user_data.coding().write(out);
                user_data.write(out);
            }
            None => out.extend(self.coding.map(|coding| coding.0)),
        }
    }
}

/// Bits of TP-Parameter-Indicator (TS 23.040 §9.2.3.27).
const HAS_PROTOCOL: u8 = 0x01;
const HAS_CODING: u8 = 0x02;
const HAS_USER_DATA: u8 = 0x04;
/// Another octet of the indicator follows.
const EXTENDED: u8 = 0x80;

/// Octets of user data in the shortest report, beside first octet, indicator, protocol identifier, data coding
/// scheme and length.
const USER_DATA_LIMIT: usize = LIMIT - 5;

fn read_cause(r: &mut Reader<'_>) -> Result<Option<FailureCause>, Error> {
    match r.peek() {
        Some(0x80..) => FailureCause::read(r).map(Some),
        _ => Ok(None),
    }
}

/// The first octet of TP-Parameter-Indicator; octets that extend it are all reserved.
fn read_indicator(r: &mut Reader<'_>) -> Result<u8, Error> {
    let indicator = r.u8("TP-Parameter-Indicator")?;
    let mut last = indicator;
    while last & EXTENDED != 0 {
        last = r.u8("TP-Parameter-Indicator, extension")?;
    }
    Ok(indicator)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn a_failure_has_a_cause_before_its_parameters() {
        let octets = [0x00, 0xD5, 0x07, 0x7F, 0xF6, 0x02, 0xAA, 0xBB];
        let report = DeliverReport::decode(&octets, "report").unwrap();
        assert_eq!(report.cause, Some(FailureCause::DATA_DOWNLOAD_ERROR));
        assert_eq!(report.parameters.protocol, Some(ProtocolIdentifier::SIM_DATA_DOWNLOAD));
        assert_eq!(report.parameters.user_data.as_ref().unwrap().payload(), [0xAA, 0xBB]);
        assert_eq!(report.encode(), octets);
    }

    /// TS 23.040 §9.2.3.22: 00 to 7F are reserved.
    #[test]
    fn causes_begin_at_80() {
        let cause = |octet| DeliverReport::decode(&[0x00, octet, 0x00], "report").map(|report| report.cause);
        assert_eq!(cause(0x80), Ok(Some(FailureCause::TELEMATIC_INTERWORKING_NOT_SUPPORTED)));
        assert_eq!(cause(0xFF), Ok(Some(FailureCause::UNSPECIFIED)));
        assert!(cause(0x7F).is_err(), "an indicator, whose parameters are missing");
    }

    #[test]
    fn only_a_cause_that_passes_lets_a_message_come_again() {
        for passes in [0xC0, 0xC2, 0xD0, 0xD2, 0xD3, 0xD4, 0xE0, 0xFF] {
            assert!(FailureCause(passes).is_temporary(), "{passes:02X}");
        }
        for stays in [0x80, 0x8F, 0x90, 0x9F, 0xA1, 0xAF, 0xB0, 0xC1, 0xC3, 0xC5, 0xC7, 0xD1, 0xD5] {
            assert!(!FailureCause(stays).is_temporary(), "{stays:02X}");
        }
    }

    #[test]
    fn an_acknowledgement_may_carry_nothing() {
        let report = DeliverReport::acknowledged();
        assert_eq!(report.encode(), [0x00, 0x00]);
        assert_eq!(DeliverReport::decode(&[0x00, 0x00], "report").unwrap(), report);
    }

    #[test]
    fn a_submit_report_says_when_the_message_arrived() {
        let octets = [0x01, 0x00, 0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48];
        let report = SubmitReport::decode(&octets, "report").unwrap();
        assert_eq!(report.timestamp.civil().hour, 19);
        assert_eq!(report.encode(), octets);
    }

    #[test]
    fn a_submit_report_says_why_a_message_was_refused() {
        let report = SubmitReport::refused(
            FailureCause::DUPLICATE,
            Timestamp([0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48]),
        );
        let octets = [0x01, 0xC5, 0x00, 0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48];
        assert_eq!(report.encode(), octets);
        assert_eq!(SubmitReport::decode(&octets, "report"), Ok(report));
    }

    #[test]
    fn what_a_reserved_bit_announces_is_ignored() {
        let report = DeliverReport::decode(&[0x00, 0x09, 0x7F, 0xDE, 0xAD], "report").unwrap();
        assert_eq!(report.parameters.protocol, Some(ProtocolIdentifier::SIM_DATA_DOWNLOAD));
        assert!(DeliverReport::decode(&[0x00, 0x01, 0x7F, 0xDE, 0xAD], "report").is_err());
        assert!(DeliverReport::decode(&[0x00, 0xFF, 0x80, 0x80, 0x00], "report").is_ok());
        assert!(DeliverReport::decode(&[0x00, 0xFF, 0x80, 0x80], "report").is_err());
    }

    /// TS 23.040 §9.2.2.1a: 159 octets, where a message has 140.
    #[test]
    fn a_report_holds_more_than_a_message() {
        let with = |length: usize| [&[0x00, 0x07, 0x7F, 0xF6, length as u8], &*vec![0x5A; length]].concat();
        let longest = DeliverReport::decode(&with(159), "report").unwrap();
        assert_eq!(longest.encode(), with(159));
        assert!(DeliverReport::decode(&with(160), "report").is_err());
    }

    #[test]
    fn a_coding_scheme_may_come_alone() {
        let report = DeliverReport::decode(&[0x00, 0x02, 0xF6], "report").unwrap();
        assert_eq!(report.parameters.coding, Some(DataCoding::EIGHT_BIT_CLASS_2));
        assert_eq!(report.encode(), [0x00, 0x02, 0xF6]);
    }

    #[test]
    fn a_status_is_of_a_class() {
        for (status, outcome, is_final) in [
            (Status::RECEIVED, Outcome::Completed, true),
            (Status::REPLACED, Outcome::Completed, true),
            (Status(0x1F), Outcome::Completed, true),
            (Status::TRYING_CONGESTION, Outcome::Retrying, false),
            (Status::TRYING_ERROR, Outcome::Retrying, false),
            (Status::REMOTE_PROCEDURE_ERROR, Outcome::PermanentError, true),
            (Status::DOES_NOT_EXIST, Outcome::PermanentError, true),
            (Status::CONGESTION, Outcome::TemporaryError, true),
            (Status(0x7F), Outcome::TemporaryError, true),
            (Status(0x80), Outcome::Reserved, false),
        ] {
            assert_eq!((status.outcome(), status.is_final()), (outcome, is_final), "{status:?}");
        }
        assert!(Status(0x50).is_specific_to_centre() && !Status(0x90).is_specific_to_centre());
    }

    #[test]
    fn user_data_without_a_coding_scheme_is_text() {
        let report = DeliverReport::decode(&[0x00, 0x04, 0x02, 0x41, 0x21], "report").unwrap();
        let text = UserData::new(DataCoding::DEFAULT_ALPHABET, vec![], b"AB".to_vec()).unwrap();
        assert_eq!(report.parameters.user_data, Some(text));
        assert_eq!(report.encode(), [0x00, 0x06, 0x00, 0x02, 0x41, 0x21]);
    }
}
