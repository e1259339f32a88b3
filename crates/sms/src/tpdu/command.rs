//! SMS-COMMAND (TS 23.040 §9.2.2.4).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Wire, codes};

use super::{HAS_HEADER, STATUS_BIT, STATUS_REPORT, bit, first_octet, header_bit};
use crate::{Address, DataCoding, Element, ProtocolIdentifier, UserData};

/// SMS-COMMAND: something that the service centre is to do about a message that it has been sent
/// (TS 23.040 §9.2.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// TP-Status-Report-Request: the centre reports what became of the command.
    pub status_report: bool,
    /// TP-Message-Reference of the command.
    pub reference: u8,
    /// TP-Protocol-Identifier.
    pub protocol: ProtocolIdentifier,
    /// TP-Command-Type.
    pub kind: CommandType,
    /// TP-Message-Number: the TP-Message-Reference of the message that the command is about.
    pub message: u8,
    /// TP-Destination-Address of that message.
    pub destination: Address,
    data: UserData,
}

codes! {
    /// TP-Command-Type (TS 23.040 §9.2.3.19). From E0 on the types are each service centre's own.
    pub struct CommandType(u8) {
        /// Enquiry about a message.
        ENQUIRY = 0x00,
        /// Cancel the status report request of a message.
        CANCEL_STATUS_REPORT = 0x01,
        /// Delete a message.
        DELETE = 0x02,
        /// Enable the status report request of a message.
        ENABLE_STATUS_REPORT = 0x03,
    }
}

impl CommandType {
    /// Whether the command is one of the service centre's own, and not the standard's.
    #[must_use]
    pub const fn is_specific_to_centre(self) -> bool {
        self.0 >= 0xE0
    }
}

impl Command {
    /// A command about the message `message` to `destination`, without data.
    #[must_use]
    pub const fn new(kind: CommandType, message: u8, destination: Address) -> Self {
        Self {
            status_report: false,
            reference: 0,
            protocol: ProtocolIdentifier::DEFAULT,
            kind,
            message,
            destination,
            data: UserData::empty(),
        }
    }

    /// The same with TP-Command-Data: a user data header, and octets.
    pub fn with_data(self, header: Vec<Element>, octets: Vec<u8>) -> Result<Self, crate::Error> {
        Ok(Self { data: UserData::new(DataCoding::EIGHT_BIT, header, octets)?, ..self })
    }

    /// TP-Command-Data, as octets.
    #[must_use]
    pub const fn data(&self) -> &UserData {
        &self.data
    }
}

impl Wire for Command {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let first = first_octet(r, &[STATUS_REPORT])?;
        Ok(Self {
            status_report: first & STATUS_BIT != 0,
            reference: r.u8("TP-Message-Reference")?,
            protocol: ProtocolIdentifier::read(r)?,
            kind: CommandType::read(r)?,
            message: r.u8("TP-Message-Number")?,
            destination: Address::read(r)?,
            data: UserData::read(r, DataCoding::EIGHT_BIT, first & HAS_HEADER != 0, DATA_LIMIT)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        // TP-MTI of SMS-COMMAND is that of SMS-STATUS-REPORT in the other direction.
        out.push(STATUS_REPORT | bit(STATUS_BIT, self.status_report) | header_bit(Some(&self.data)));
        out.extend([self.reference, self.protocol.0, self.kind.0, self.message]);
        self.destination.write(out);
        self.data.write(out);
    }
}

/// Octets of TP-Command-Data (TS 23.040 §9.2.3.21).
const DATA_LIMIT: usize = 157;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::{ElementId, tpdu::MobileOriginated};

    /// Octet by octet after the table of TS 23.040 §9.2.2.4: delete message 5 to +4915, with a report.
    #[test]
    fn a_command_names_a_message_and_what_becomes_of_it() {
        let octets = [0x22, 0x07, 0x00, 0x02, 0x05, 0x04, 0x91, 0x94, 0x51, 0x00];
        let Ok(MobileOriginated::Command(command)) = MobileOriginated::decode(&octets, "TPDU") else {
            panic!()
        };
        assert_eq!((command.kind, command.message), (CommandType::DELETE, 5));
        assert_eq!((command.reference, command.status_report), (7, true));
        assert_eq!(command.destination, "+4915".parse().unwrap());
        assert_eq!(command.encode(), octets);
    }

    #[test]
    fn data_of_a_command_may_have_a_header() {
        let command = Command::new(CommandType(0xE1), 0, "1".parse().unwrap());
        let header = vec![Element::new(ElementId::SMSC_CONTROL, [0x41])];
        let command = command.with_data(header, vec![0xCA, 0xFE]).unwrap();
        assert!(command.kind.is_specific_to_centre());
        let octets = command.encode();
        assert_eq!(
            octets,
            hex::decode("42 00 00 E1 00 01 81 F1 06 03 06 01 41 CA FE".replace(' ', "")).unwrap()
        );
        assert_eq!(Command::decode(&octets, "TPDU"), Ok(command.clone()));
        assert!(command.with_data(vec![], vec![0; 141]).is_err());
    }

    #[test]
    fn data_longer_than_a_message_are_refused() {
        let head = [0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x81];
        let with = |length: usize| [&head[..], &[length as u8], &vec![0; length]].concat();
        let longest = Command::decode(&with(157), "TPDU").unwrap();
        assert_eq!(longest.encode(), with(157));
        assert!(Command::decode(&with(158), "TPDU").is_err());
    }
}
