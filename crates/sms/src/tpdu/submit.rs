//! SMS-SUBMIT (TS 23.040 §9.2.2.2).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Wire};

use super::{
    HAS_HEADER, REJECT_DUPLICATES, REPLY_PATH, STATUS_BIT, SUBMIT, ValidityPeriod, bit, first_octet,
    header_bit,
};
use crate::{Address, DataCoding, ProtocolIdentifier, UserData};

/// SMS-SUBMIT: a short message to the service centre (TS 23.040 §9.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// TP-Reject-Duplicates: the service centre refuses a message that it holds already.
    pub reject_duplicates: bool,
    /// TP-Status-Report-Request.
    pub status_report: bool,
    /// TP-Reply-Path: a reply goes through the same service centre.
    pub reply_path: bool,
    /// TP-Message-Reference.
    pub reference: u8,
    /// TP-Destination-Address.
    pub destination: Address,
    /// TP-Protocol-Identifier.
    pub protocol: ProtocolIdentifier,
    /// TP-Validity-Period.
    pub validity: Option<ValidityPeriod>,
    /// TP-Data-Coding-Scheme and TP-User-Data.
    pub user_data: UserData,
}

impl Submit {
    /// A message without flags and validity period, whose reference the terminal sets.
    #[must_use]
    pub const fn new(destination: Address, protocol: ProtocolIdentifier, user_data: UserData) -> Self {
        Self {
            reject_duplicates: false,
            status_report: false,
            reply_path: false,
            reference: 0,
            destination,
            protocol,
            validity: None,
            user_data,
        }
    }
}

impl Wire for Submit {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let first = first_octet(r, &[SUBMIT])?;
        let reference = r.u8("TP-Message-Reference")?;
        let destination = Address::read(r)?;
        let protocol = ProtocolIdentifier::read(r)?;
        let coding = DataCoding::read(r)?;
        let validity = ValidityPeriod::read(first, r)?;
        let user_data = UserData::read(r, coding, first & HAS_HEADER != 0, UserData::LIMIT)?;
        Ok(Self {
            reject_duplicates: first & REJECT_DUPLICATES != 0,
            status_report: first & STATUS_BIT != 0,
            reply_path: first & REPLY_PATH != 0,
            reference,
            destination,
            protocol,
            validity,
            user_data,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(
            SUBMIT
                | bit(REJECT_DUPLICATES, self.reject_duplicates)
                | ValidityPeriod::format(self.validity)
                | bit(STATUS_BIT, self.status_report)
                | header_bit(Some(&self.user_data))
                | bit(REPLY_PATH, self.reply_path),
        );
        out.push(self.reference);
        self.destination.write(out);
        self.protocol.write(out);
        self.user_data.coding().write(out);
        if let Some(validity) = self.validity {
            validity.write(out);
        }
        self.user_data.write(out);
    }
}
