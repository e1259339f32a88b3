//! The files of short messages on a card (TS 31.102 §4.2.25 to §4.2.32, TS 51.011 §10.5.3 to §10.5.8).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Wire, codes};

use crate::{
    Address, AlphaIdentifier, DataCoding, ProtocolIdentifier,
    tpdu::{Deliver, RelativeValidity, StatusReport, Submit},
};

/// What unused octets hold.
const UNUSED: u8 = 0xFF;

/// A record of `EF_SMSP`: what a message is sent with that does not say otherwise (TS 31.102 §4.2.27).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceParameters {
    /// The field of the name.
    pub name: Vec<u8>,
    /// Parameter indicators: a bit that is 0 says that the parameter is there.
    pub indicators: u8,
    /// TP-Destination-Address.
    pub destination: [u8; 12],
    /// The service centre's address, whose length counts octets.
    pub service_centre: [u8; 12],
    /// TP-Protocol-Identifier.
    pub protocol: ProtocolIdentifier,
    /// TP-Data-Coding-Scheme.
    pub coding: DataCoding,
    /// TP-Validity-Period.
    pub validity: u8,
}

impl ServiceParameters {
    /// Octets of a record beside the name (TS 31.102 §4.2.27).
    pub const OCTETS: usize = 28;

    /// The name of the record.
    #[must_use]
    pub fn name(&self) -> AlphaIdentifier {
        AlphaIdentifier::from_field(&self.name)
    }

    /// TP-Destination-Address, if there is one.
    #[must_use]
    pub fn destination(&self) -> Option<Address> {
        let address = self.has(0x01).then(|| Address::read(&mut Reader::new(&self.destination)).ok())??;
        (!address.semi_octets().is_empty()).then_some(address)
    }

    /// The service centre, if there is one.
    #[must_use]
    pub fn service_centre(&self) -> Option<Address> {
        let read = || Address::read_service_centre(&mut Reader::new(&self.service_centre)).ok();
        self.has(0x02).then(read)??.filter(|address| !address.semi_octets().is_empty())
    }

    /// TP-Protocol-Identifier, if there is one.
    #[must_use]
    pub fn protocol(&self) -> Option<ProtocolIdentifier> {
        self.has(0x04).then_some(self.protocol)
    }

    /// TP-Data-Coding-Scheme, if there is one.
    #[must_use]
    pub fn coding(&self) -> Option<DataCoding> {
        self.has(0x08).then_some(self.coding)
    }

    /// TP-Validity-Period, if there is one.
    #[must_use]
    pub fn validity(&self) -> Option<RelativeValidity> {
        self.has(0x10).then_some(RelativeValidity(self.validity))
    }

    const fn has(&self, bit: u8) -> bool {
        self.indicators & bit == 0
    }
}

impl Wire for ServiceParameters {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            name: r.take(r.left().saturating_sub(Self::OCTETS), "alpha identifier")?.to_vec(),
            indicators: r.u8("parameter indicators")?,
            destination: r.array("TP-Destination-Address")?,
            service_centre: r.array("service centre address")?,
            protocol: ProtocolIdentifier::read(r)?,
            coding: DataCoding::read(r)?,
            validity: r.u8("validity period")?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.name);
        out.push(self.indicators);
        out.extend_from_slice(&self.destination);
        out.extend_from_slice(&self.service_centre);
        out.extend([self.protocol.0, self.coding.0, self.validity]);
    }
}

/// `EF_SMSS`: what a phone remembers for short messages (TS 31.102 §4.2.28).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SmsStatus {
    /// The TP-Message-Reference that was used last.
    pub reference: u8,
    /// The flag "memory capacity exceeded", which is set if bit 1 is 0; the other bits are 1.
    pub memory: u8,
    /// Octets that the standard keeps for later.
    pub rest: Vec<u8>,
}

impl SmsStatus {
    /// Whether the service centre has been told that there is no room, and waits to be told that there is.
    #[must_use]
    pub const fn is_memory_exceeded(&self) -> bool {
        self.memory & 0x01 == 0
    }

    /// Sets the flag, or takes it back.
    pub const fn set_memory_exceeded(&mut self, exceeded: bool) {
        self.memory = if exceeded { self.memory & !0x01 } else { self.memory | 0x01 };
    }
}

impl Wire for SmsStatus {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            reference: r.u8("last used TP-MR")?,
            memory: r.u8("memory capacity exceeded")?,
            rest: r.rest().to_vec(),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.reference, self.memory]);
        out.extend_from_slice(&self.rest);
    }
}

codes! {
    /// Status of a record of `EF_SMS` (TS 31.102 §4.2.25).
    pub struct RecordStatus(u8) {
        /// Free.
        FREE = 0x00,
        /// A message from the network, which has been read.
        READ = 0x01,
        /// A message from the network, which is to be read.
        TO_BE_READ = 0x03,
        /// A message from the phone, which has been sent; no status report was requested.
        SENT = 0x05,
        /// A message from the phone, which is to be sent.
        TO_BE_SENT = 0x07,
        /// A message from the phone, which has been sent; a status report was requested and has not come.
        SENT_REPORT_REQUESTED = 0x0D,
        /// A message from the phone, which has been sent; a status report has come and is not in `EF_SMSR`.
        SENT_REPORT_RECEIVED = 0x15,
        /// A message from the phone, which has been sent; a status report has come and is in `EF_SMSR`.
        SENT_REPORT_STORED = 0x1D,
    }
}

impl RecordStatus {
    /// Whether the record is free.
    #[must_use]
    pub const fn is_free(self) -> bool {
        self.0 & 0x01 == 0
    }

    /// Whether the message is from the network.
    #[must_use]
    pub const fn is_received(self) -> bool {
        self.0 & 0x05 == 0x01
    }

    /// Whether the message is from the phone.
    #[must_use]
    pub const fn is_originated(self) -> bool {
        self.0 & 0x05 == 0x05
    }

    /// Whether a status report was requested and has not come.
    #[must_use]
    pub const fn awaits_report(self) -> bool {
        self.0 & 0x1F == Self::SENT_REPORT_REQUESTED.0
    }
}

/// A record of `EF_SMS`: status, service centre and TPDU (TS 31.102 §4.2.25).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredMessage {
    /// What the record is.
    pub status: RecordStatus,
    /// The rest of the record: the service centre's address (TS 24.011 §8.2.5.1, §8.2.5.2), the TPDU, unused octets.
    pub rest: Vec<u8>,
}

impl StoredMessage {
    /// Octets of a record (TS 31.102 §4.2.25).
    pub const OCTETS: usize = 176;

    /// A message with its service centre; `None` if it has no room in a record.
    #[must_use]
    pub fn new(status: RecordStatus, service_centre: Option<&Address>, tpdu: &[u8]) -> Option<Self> {
        let mut rest = Vec::new();
        Address::write_service_centre(service_centre, &mut rest);
        rest.extend_from_slice(tpdu);
        let has_room = rest.len() < Self::OCTETS;
        rest.resize(Self::OCTETS - 1, UNUSED);
        has_room.then_some(Self { status, rest })
    }

    /// A free record.
    #[must_use]
    pub fn free() -> Self {
        Self { status: RecordStatus::FREE, rest: alloc::vec![UNUSED; Self::OCTETS - 1] }
    }

    /// The service centre, if the record has one.
    #[must_use]
    pub fn service_centre(&self) -> Option<Address> {
        Address::read_service_centre(&mut Reader::new(&self.rest)).ok()?
    }

    /// The message from the network, if it is one.
    #[must_use]
    pub fn deliver(&self) -> Option<Deliver> {
        self.status.is_received().then(|| self.tpdu())?
    }

    /// The message from the phone, if it is one. It may lack a destination.
    #[must_use]
    pub fn submit(&self) -> Option<Submit> {
        self.status.is_originated().then(|| self.tpdu())?
    }

    fn tpdu<T: Wire>(&self) -> Option<T> {
        let mut r = Reader::new(&self.rest);
        Address::read_service_centre(&mut r).ok()?;
        T::read(&mut r).ok()
    }
}

impl Wire for StoredMessage {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { status: RecordStatus::read(r)?, rest: r.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.status.write(out);
        out.extend_from_slice(&self.rest);
    }
}

/// A record of `EF_SMSR`: a status report, and the message that it is about (TS 31.102 §4.2.32).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredReport {
    /// The record of `EF_SMS` that the message is in; 0 if this one is free.
    pub message: u8,
    /// The TPDU, and unused octets.
    pub report: Vec<u8>,
}

impl StoredReport {
    /// Octets of a record (TS 31.102 §4.2.32).
    pub const OCTETS: usize = 30;

    /// A report about the message in that record; one that has no room is cut, as its last fields may be missing.
    #[must_use]
    pub fn new(message: u8, tpdu: &[u8]) -> Self {
        let mut report = tpdu.to_vec();
        report.resize(Self::OCTETS - 1, UNUSED);
        Self { message, report }
    }

    /// The report, if the record is not free and it is there as a whole. Unused octets behind one without parameters are
    /// no TP-Parameter-Indicator.
    #[must_use]
    pub fn status_report(&self) -> Option<StatusReport> {
        let used = self.report.iter().rposition(|&octet| octet != UNUSED).map_or(0, |last| last + 1);
        let read = |octets: &[u8]| StatusReport::read(&mut Reader::new(octets)).ok();
        let report = read(&self.report).or_else(|| read(self.report.get(..used)?));
        report.filter(|_| self.message != 0)
    }
}

impl Wire for StoredReport {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { message: r.u8("SMS record identifier")?, report: r.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.message);
        out.extend_from_slice(&self.report);
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::tpdu::Status;

    /// Contents of `EF_SMSP` in the tests of pySim.
    #[test]
    fn parameters_are_there_if_their_bit_is_not_set() {
        let record = |hex: &str| ServiceParameters::decode(&hex::decode(hex).unwrap(), "EF_SMSP").unwrap();
        let parameters = record(
            "534D5343FFFFFFFFFFFFFFFFFFFFFFFFE1FFFFFFFFFFFFFFFFFFFFFFFF0891945197109099F9FFFFFF0000A9",
        );
        assert_eq!(parameters.name().text(), "SMSC");
        assert_eq!(parameters.destination(), None);
        assert_eq!(parameters.service_centre().unwrap().to_string(), "+4915790109999");
        assert_eq!(parameters.protocol(), Some(ProtocolIdentifier::DEFAULT));
        assert_eq!(parameters.coding(), Some(DataCoding::DEFAULT_ALPHABET));
        assert_eq!(parameters.validity(), Some(RelativeValidity(0xA9)));
        let none = record(
            "454E6574776F726B73FFFFFFFFFFFFFFF1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF0000A7",
        );
        assert_eq!((none.service_centre(), none.validity()), (None, None));
        assert_eq!(none.protocol(), Some(ProtocolIdentifier::DEFAULT));
    }

    #[test]
    fn each_bit_of_the_indicators_is_of_one_parameter() {
        let octets = |indicators| {
            let destination = [0x02, 0x91, 0x21, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
            [&[indicators], &destination[..], &destination, &[0x7F, 0xF6, 0xA7]].concat()
        };
        let there = |indicators| {
            let parameters = ServiceParameters::decode(&octets(indicators), "EF_SMSP").unwrap();
            [
                parameters.destination().is_some(),
                parameters.service_centre().is_some(),
                parameters.protocol() == Some(ProtocolIdentifier::SIM_DATA_DOWNLOAD),
                parameters.coding() == Some(DataCoding::EIGHT_BIT_CLASS_2),
                parameters.validity() == Some(RelativeValidity(0xA7)),
            ]
        };
        for bit in 0..5 {
            let mut expected = [false; 5];
            expected[bit] = true;
            assert_eq!(there(!(1 << bit)), expected, "bit {}", bit + 1);
        }
        assert_eq!(ServiceParameters::decode(&octets(0xE0), "EF_SMSP").unwrap().encode(), octets(0xE0));
    }

    #[test]
    fn a_record_holds_as_much_of_a_report_as_it_has_room_for() {
        let record = StoredReport::new(3, &[0x06; 20]).encode();
        assert_eq!(record, [&[3][..], &[0x06; 20], &[0xFF; 9]].concat());
        let cut = StoredReport::new(3, &[0x06; 40]);
        assert_eq!(cut.encode(), [&[3][..], &[0x06; 29]].concat());
        assert_eq!(StoredReport::decode(&cut.encode(), "EF_SMSR"), Ok(cut));
    }

    #[test]
    fn a_report_is_read_from_its_record_with_parameters_and_without() {
        let time = [0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48];
        let without = [&[0x06, 0x07, 0x04, 0x91, 0x94, 0x51][..], &time, &time, &[0x46]].concat();
        let with = [&without[..], &[0x01, 0x7F]].concat();
        for (tpdu, protocol) in [(&without, None), (&with, Some(ProtocolIdentifier::SIM_DATA_DOWNLOAD))] {
            let report = StoredReport::new(3, tpdu).status_report().unwrap();
            assert_eq!((report.status, report.parameters.protocol), (Status::EXPIRED, protocol));
            assert_eq!(&report.encode(), tpdu);
            assert_eq!(StoredReport::new(0, tpdu).status_report(), None, "the record is free");
        }
        let long = [&without[..], &[0x06, 0x04, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 9]].concat();
        assert_eq!(StoredReport::new(3, &long).status_report(), None, "it is cut");
    }

    #[test]
    fn the_flag_is_set_by_a_zero() {
        let mut status = SmsStatus::decode(&[0xFF, 0xFF], "EF_SMSS").unwrap();
        assert!(!status.is_memory_exceeded());
        status.set_memory_exceeded(true);
        assert_eq!(status.encode(), [0xFF, 0xFE]);
        assert!(status.is_memory_exceeded());
        status.set_memory_exceeded(false);
        assert_eq!(status.encode(), [0xFF, 0xFF]);
    }

    #[test]
    fn a_record_holds_the_longest_message() {
        let centre: Address = "+12345678901234567890".parse().unwrap();
        let longest = Deliver::new(
            centre.clone(),
            ProtocolIdentifier::DEFAULT,
            crate::Timestamp([0; 7]),
            crate::UserData::from_text(&"x".repeat(160)).unwrap(),
        );
        let record = StoredMessage::new(RecordStatus::TO_BE_READ, Some(&centre), &longest.encode()).unwrap();
        assert_eq!(record.encode().len(), StoredMessage::OCTETS);
        assert_eq!((record.service_centre(), record.deliver()), (Some(centre), Some(longest)));
        assert_eq!(record.submit(), None);
        assert_eq!(StoredMessage::new(RecordStatus::SENT, None, &[0; 175]), None);
        assert!(StoredMessage::new(RecordStatus::SENT, None, &[0; 174]).is_some());
    }

    #[test]
    fn a_status_says_what_a_record_is() {
        assert!(RecordStatus::FREE.is_free() && !RecordStatus::FREE.is_received());
        for received in [RecordStatus::READ, RecordStatus::TO_BE_READ] {
            assert!(received.is_received() && !received.is_originated() && !received.is_free());
        }
        for sent in [RecordStatus::SENT, RecordStatus::TO_BE_SENT, RecordStatus::SENT_REPORT_STORED] {
            assert!(sent.is_originated() && !sent.is_received() && !sent.awaits_report());
        }
        assert!(RecordStatus::SENT_REPORT_REQUESTED.awaits_report());
        assert!(RecordStatus(0xED).awaits_report(), "bits 8 to 6 are reserved");
        assert!(!RecordStatus::SENT_REPORT_RECEIVED.awaits_report());
    }
}
