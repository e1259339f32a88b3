//! Messages: submit_sm, deliver_sm and data_sm as one (SMPP 5.0 §4.2, §4.3).

use oxisim_sms::{Address, DataCoding, Element, ElementId, ProtocolIdentifier, UserData};
use oxisim_wire::{Reader, Wire};

use crate::{CommandId, Error, Receipt, Tag, Time, Tlvs};

/// Which PDU carries a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// submit_sm: from an ESME to a phone (SMPP 5.0 §4.2.1.1).
    Submit,
    /// deliver_sm: to an ESME (SMPP 5.0 §4.3.1.1).
    Deliver,
    /// data_sm: in either direction (SMPP 5.0 §4.2.2.1).
    Data,
}

impl Operation {
    /// The PDU.
    #[must_use]
    pub const fn command_id(self) -> CommandId {
        match self {
            Self::Submit => CommandId::SUBMIT_SM,
            Self::Deliver => CommandId::DELIVER_SM,
            Self::Data => CommandId::DATA_SM,
        }
    }
}

/// `esm_class` (SMPP 5.0 §4.7.12). Each flag is a bit: peers set several, such as 43 for a header in store and forward
/// mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EsmClass(pub u8);

impl EsmClass {
    /// The content is a delivery receipt.
    pub const RECEIPT: Self = Self(0x04);
    /// The content is the phone's acknowledgement of a message.
    pub const DELIVERY_ACKNOWLEDGEMENT: Self = Self(0x08);
    /// The content is the user's acknowledgement of a message.
    pub const USER_ACKNOWLEDGEMENT: Self = Self(0x10);
    /// The content tells what has become of a message so far.
    pub const INTERMEDIATE: Self = Self(0x20);
    /// The content begins with a user data header.
    pub const UDHI: Self = Self(0x40);
    /// The reply is to take the same path.
    pub const REPLY_PATH: Self = Self(0x80);

    /// Whether all bits of `flag` are set.
    #[must_use]
    pub const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    /// Whether it says what kind of message it is: none of those is an ordinary one.
    #[must_use]
    pub const fn has_kind(self) -> bool {
        self.0 & 0x3C != 0
    }

    /// With the bits of `flag`.
    #[must_use]
    pub const fn with(self, flag: Self) -> Self {
        Self(self.0 | flag.0)
    }
}

/// `registered_delivery`: what a receipt is wanted for (SMPP 5.0 §4.7.21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegisteredDelivery(pub u8);

impl RegisteredDelivery {
    /// Nothing.
    pub const NONE: Self = Self(0x00);
    /// Whatever becomes of the message in the end.
    pub const FINAL: Self = Self(0x01);
    /// That it could not be delivered.
    pub const FAILURE: Self = Self(0x02);
    /// That it has been delivered.
    pub const SUCCESS: Self = Self(0x03);

    /// Whether a receipt is wanted if the message has been `delivered`, or has not.
    #[must_use]
    pub const fn wants(self, delivered: bool) -> bool {
        match self.0 & 0x03 {
            0x01 => true,
            0x02 => !delivered,
            0x03 => delivered,
            _ => false,
        }
    }

    /// Whether what becomes of it on its way is wanted, too.
    #[must_use]
    pub const fn wants_intermediate(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// A message on its way to or from an ESME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which PDU carries it.
    pub operation: Operation,
    /// `service_type`: at most five characters.
    pub service_type: String,
    /// Who has sent it; the SMS centre knows it if there is none.
    pub source: Option<Address>,
    /// Whom it is for.
    pub destination: Option<Address>,
    /// What kind of message it is.
    pub esm_class: EsmClass,
    /// TP-Protocol-Identifier; data_sm has none.
    pub protocol_id: ProtocolIdentifier,
    /// `priority_flag`; data_sm has none.
    pub priority: u8,
    /// When it is to be delivered; data_sm has none.
    pub schedule: Option<Time>,
    /// Until when it may be delivered; data_sm has none.
    pub validity: Option<Time>,
    /// What receipts are wanted.
    pub registered_delivery: RegisteredDelivery,
    /// `data_coding` as it is in the PDU: see [`Message::user_data`].
    pub data_coding: u8,
    /// The content, its header included if [`EsmClass::UDHI`] says so. It travels as `short_message`, or as
    /// `message_payload` if it is longer or the PDU is data_sm.
    pub content: Vec<u8>,
    /// The other optional parameters.
    pub tlvs: Tlvs,
}

impl Message {
    /// The most octets of `short_message` (SMPP 3.4 §5.2.22). What is longer travels as `message_payload`.
    pub const SHORT: usize = 254;

    /// A message of a PDU's kind, with no content.
    #[must_use]
    pub fn new(operation: Operation, source: Option<Address>, destination: Address) -> Self {
        Self {
            operation,
            service_type: String::new(),
            source,
            destination: Some(destination),
            esm_class: EsmClass::default(),
            protocol_id: ProtocolIdentifier::DEFAULT,
            priority: 0,
            schedule: None,
            validity: None,
            registered_delivery: RegisteredDelivery::NONE,
            data_coding: 0,
            content: Vec::new(),
            tlvs: Tlvs::default(),
        }
    }

    /// A message with user data, its header as a flag of `esm_class`.
    ///
    /// ```
    /// use oxisim_sms::{DataCoding, Element, ElementId, ProtocolIdentifier, UserData};
    /// use oxisim_smpp::{EsmClass, Message, Operation};
    ///
    /// let header = vec![Element::new(ElementId(0x70), &[])];
    /// let data = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, vec![0x00, 0x0D])?;
    /// let mut message = Message::new(Operation::Submit, None, "+15550100001".parse()?).with_user_data(&data);
    /// message.protocol_id = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    /// assert_eq!((message.data_coding, message.esm_class), (0xF6, EsmClass::UDHI));
    /// assert_eq!(message.content, [0x02, 0x70, 0x00, 0x00, 0x0D]);
    /// assert_eq!(message.user_data()?, data);
    /// # Ok::<(), oxisim_sms::Error>(())
    /// ```
    #[must_use]
    pub fn with_user_data(mut self, data: &UserData) -> Self {
        let header = data.header();
        self.content = Vec::new();
        if !header.is_empty() {
            self.esm_class = self.esm_class.with(EsmClass::UDHI);
            let length: usize = header.iter().map(|element| 2 + element.data.len()).sum();
            self.content.push(length as u8);
            for Element { id, data } in header {
                self.content.extend_from_slice(&[id.0, data.len() as u8]);
                self.content.extend_from_slice(data);
            }
        }
        self.content.extend_from_slice(data.payload());
        self.data_coding = data.coding().0;
        self
    }

    /// With a number of the sender's own, which receipts bring back (SMPP 5.0 §4.8.4.62).
    #[must_use]
    pub fn with_reference(mut self, reference: u16) -> Self {
        self.tlvs.set(Tag::USER_MESSAGE_REFERENCE, reference.to_be_bytes());
        self
    }

    /// Asks for an [`Alert`](crate::Alert) when the phone can be reached again, should it not be now: `set_dpf`
    /// (SMPP 5.0 §4.8.4.52). submit_sm has no such parameter before SMPP 5.0, and is sent without.
    #[must_use]
    pub fn with_alert(mut self) -> Self {
        self.tlvs.set(Tag::SET_DPF, [1]);
        self
    }

    /// Whether its sender has asked for an alert.
    #[must_use]
    pub fn wants_alert(&self) -> bool {
        self.tlvs.number(Tag::SET_DPF) == Some(1)
    }

    /// The content as user data of a message of TS 23.040.
    ///
    /// `data_coding` (SMPP 5.0 §4.7.7) shares the groups of message class and of message waiting with TP-Data-Coding-Scheme, but
    /// has codings of its own beside them: IA5 and Latin 1 become the default alphabet or UCS2, octets of an unknown
    /// alphabet become 8-bit data. Septets are one an octet. A header whose elements do not fill it is ignored as a whole
    /// (TS 23.040 §9.2.3.24).
    pub fn user_data(&self) -> Result<UserData, oxisim_sms::Error> {
        let mut r = Reader::new(&self.content);
        let mut header = Vec::new();
        if self.esm_class.has(EsmClass::UDHI) {
            let length = r.u8("User-Data-Header-Length")?.into();
            header = elements(r.sub(length, "User-Data-Header")?).unwrap_or_default();
        }
        let content = r.rest().to_vec();
        let (coding, payload) = match self.data_coding {
            IA5 | LATIN_1 => {
                let text: String = content.iter().map(|&octet| char::from(octet)).collect();
                DataCoding::encode_text(&text)
            }
            OCTETS | 0x05..=0x07 | 0x09..=0x0F => (DataCoding::EIGHT_BIT, content),
            coding => (DataCoding(coding), content),
        };
        UserData::new(coding, header, payload)
    }

    /// The receipt that the message is, if it is one.
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        Receipt::of(self)
    }

    /// What stands in the PDU in its place: an error if a field does not fit.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let limit = u16::MAX.into();
        match self.content.len() {
            length if length > limit => Err(Error::TooLong { what: "message_payload", length, limit }),
            _ => Ok(()),
        }
    }

    /// Whether the content stands in `message_payload`.
    pub(crate) fn has_payload(&self) -> bool {
        self.content.len() > Self::SHORT || self.operation == Operation::Data
    }
}

/// IA5, that is ASCII.
const IA5: u8 = 0x01;
/// Octets of no known alphabet.
const OCTETS: u8 = 0x02;
/// ISO 8859-1.
const LATIN_1: u8 = 0x03;

fn elements(mut r: Reader<'_>) -> Result<Vec<Element>, oxisim_wire::Error> {
    let mut elements = Vec::new();
    while !r.is_empty() {
        let id = ElementId::read(&mut r)?;
        let length = usize::from(r.u8("information element length")?);
        elements.push(Element::new(id, r.take(length, "information element data")?));
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(esm_class: u8, data_coding: u8, content: &[u8]) -> Message {
        let mut message = Message::new(Operation::Deliver, None, "1000".parse().unwrap());
        message.esm_class = EsmClass(esm_class);
        message.data_coding = data_coding;
        message.content = content.into();
        message
    }

    /// Kannel sends 43 for a header in store and forward mode.
    #[test]
    fn flags_are_bits() {
        let data = message(0x43, 0x04, &[2, 0x70, 0, 1, 2, 3]).user_data().unwrap();
        assert_eq!((data.header().len(), data.payload()), (1, &[1, 2, 3][..]));
        assert!(!EsmClass(0x43).has(EsmClass::RECEIPT));
        assert!(EsmClass(0x47).has(EsmClass::RECEIPT));
    }

    #[test]
    fn a_header_that_ends_early_is_an_error_and_one_with_wrong_elements_is_ignored() {
        assert!(message(0x40, 0x04, &[3, 0x70, 0]).user_data().is_err());
        assert!(message(0x40, 0x04, &[]).user_data().is_err());
        let data = message(0x40, 0x04, &[2, 0x70, 9, 1]).user_data().unwrap();
        assert_eq!((data.header().len(), data.payload()), (0, &[1][..]));
    }

    #[test]
    fn codings_that_only_smpp_has_become_those_of_messages() {
        let coding = |data_coding| {
            let data = message(0, data_coding, b"ab").user_data().unwrap();
            (data.coding().0, data.payload().len())
        };
        assert_eq!([0x00, 0x01, 0x02, 0x03, 0x04].map(coding), [(0, 2), (0, 2), (4, 2), (0, 2), (4, 2)]);
        assert_eq!([0x08, 0xF6, 0xF0, 0x05].map(coding), [(8, 2), (0xF6, 2), (0xF0, 2), (4, 2)]);
        // A character that the default alphabet has not.
        let data = message(0, LATIN_1, &[0xD0]).user_data().unwrap();
        assert_eq!((data.coding(), data.text().as_str()), (DataCoding::UCS2, "Ð"));
    }

    #[test]
    fn receipts_are_sent_for_what_was_asked() {
        let wanted = |octet| [true, false].map(|delivered| RegisteredDelivery(octet).wants(delivered));
        assert_eq!([0, 1, 2, 3].map(wanted), [[false; 2], [true; 2], [false, true], [true, false]]);
        assert!(RegisteredDelivery(0x11).wants_intermediate());
    }
}
