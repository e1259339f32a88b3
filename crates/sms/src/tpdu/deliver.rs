//! SMS-DELIVER (TS 23.040 §9.2.2.1).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Wire};

use super::{
    DELIVER, HAS_HEADER, LOOP_PREVENTION, NO_MORE_MESSAGES, REPLY_PATH, RESERVED, STATUS_BIT, bit,
    first_octet, header_bit,
};
use crate::{Address, DataCoding, ProtocolIdentifier, Timestamp, UserData};

/// SMS-DELIVER: a short message from the service centre (TS 23.040 §9.2.2.1).
///
/// Bits of the first octet that have no meaning are ignored, and written as 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliver {
    /// TP-More-Messages-to-Send: more messages wait in the service centre.
    pub more_messages: bool,
    /// TP-Loop-Prevention: the message must not be forwarded or answered automatically.
    pub loop_prevention: bool,
    /// TP-Status-Report-Indication: the originator gets a status report.
    pub status_report: bool,
    /// TP-Reply-Path: a reply goes through the same service centre.
    pub reply_path: bool,
    /// TP-Originating-Address.
    pub originator: Address,
    /// TP-Protocol-Identifier.
    pub protocol: ProtocolIdentifier,
    /// TP-Service-Centre-Time-Stamp.
    pub timestamp: Timestamp,
    /// TP-Data-Coding-Scheme and TP-User-Data.
    pub user_data: UserData,
}

impl Deliver {
    /// A message without flags.
    #[must_use]
    pub const fn new(
        originator: Address,
        protocol: ProtocolIdentifier,
        timestamp: Timestamp,
        user_data: UserData,
    ) -> Self {
        Self {
            more_messages: false,
            loop_prevention: false,
            status_report: false,
            reply_path: false,
            originator,
            protocol,
            timestamp,
            user_data,
        }
    }
}

impl Wire for Deliver {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let first = first_octet(r, &[DELIVER, RESERVED])?;
        let originator = Address::read(r)?;
        let protocol = ProtocolIdentifier::read(r)?;
        let coding = DataCoding::read(r)?;
        let timestamp = Timestamp::read(r)?;
        let user_data = UserData::read(r, coding, first & HAS_HEADER != 0, UserData::LIMIT)?;
        Ok(Self {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            status_report: first & STATUS_BIT != 0,
            reply_path: first & REPLY_PATH != 0,
            originator,
            protocol,
            timestamp,
            user_data,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(
            DELIVER
                | bit(NO_MORE_MESSAGES, !self.more_messages)
                | bit(LOOP_PREVENTION, self.loop_prevention)
                | bit(STATUS_BIT, self.status_report)
                | header_bit(Some(&self.user_data))
                | bit(REPLY_PATH, self.reply_path),
        );
        self.originator.write(out);
        self.protocol.write(out);
        self.user_data.coding().write(out);
        self.timestamp.write(out);
        self.user_data.write(out);
    }
}
