//! Protocol data units: a header of 16 octets and a body (SMPP 5.0 §3.2).
//!
//! Mandatory fields are rusmpp's to code; optional parameters are [`Tlvs`].

mod ancillary;
mod coding;

use oxisim_sms::Address;
use oxisim_wire::{Reader, Wire};

use crate::{Ancillary, CommandId, CommandStatus, Error, Message, Operation, Queried, Tag, Tlvs, Version};

/// What stands before each body (SMPP 5.0 §3.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Octets of the PDU, these included.
    pub length: u32,
    /// Which PDU it is.
    pub id: CommandId,
    /// How the request went, in a response.
    pub status: CommandStatus,
    /// Which response belongs to which request.
    pub sequence: u32,
}

impl Header {
    /// Its octets.
    pub const LENGTH: usize = 16;
}

impl Wire for Header {
    fn read(r: &mut Reader<'_>) -> Result<Self, oxisim_wire::Error> {
        Ok(Self {
            length: u32::read(r)?,
            id: CommandId::read(r)?,
            status: CommandStatus::read(r)?,
            sequence: u32::read(r)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.length.write(out);
        self.id.write(out);
        self.status.write(out);
        self.sequence.write(out);
    }
}

/// What an ESME may do in a session (SMPP 5.0 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It sends.
    Transmitter,
    /// It receives.
    Receiver,
    /// It does both.
    Transceiver,
}

impl Role {
    /// The PDU that asks for it.
    #[must_use]
    pub const fn command_id(self) -> CommandId {
        match self {
            Self::Transmitter => CommandId::BIND_TRANSMITTER,
            Self::Receiver => CommandId::BIND_RECEIVER,
            Self::Transceiver => CommandId::BIND_TRANSCEIVER,
        }
    }

    /// Whether an ESME in it may send.
    #[must_use]
    pub const fn sends(self) -> bool {
        !matches!(self, Self::Receiver)
    }

    /// Whether an ESME in it receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        !matches!(self, Self::Transmitter)
    }
}

/// Who wants to begin a session, and as what (SMPP 5.0 §4.1.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Bind {
    /// As what.
    pub role: Role,
    /// The name of the ESME: at most 15 characters.
    pub system_id: String,
    /// Its password: at most 8 characters.
    pub password: String,
    /// What kind of ESME it is: at most 12 characters.
    pub system_type: String,
    /// The version of the protocol that it speaks.
    pub version: Version,
    /// The addresses that it serves, in the SMS centre's own notation: at most 40 characters.
    pub address_range: String,
}

/// Without the password.
impl std::fmt::Debug for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { role, system_id, system_type, version, address_range, password: _ } = self;
        f.debug_struct("Bind")
            .field("role", role)
            .field("system_id", system_id)
            .field("system_type", system_type)
            .field("version", version)
            .field("address_range", address_range)
            .finish_non_exhaustive()
    }
}

/// A phone can be reached again (SMPP 5.0 §4.1.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The phone.
    pub phone: Address,
    /// The ESME that has asked to be told.
    pub esme: Option<Address>,
    /// `ms_availability_status`: 0 is available, as is a phone of which nothing is said.
    pub availability: u8,
}

/// What a PDU says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// One of the three binds.
    Bind(Bind),
    /// The response to one of them: who the SMS centre is.
    BindResp(Role, String, Tlvs),
    /// unbind.
    Unbind,
    /// unbind_resp.
    UnbindResp,
    /// enquire_link.
    EnquireLink,
    /// enquire_link_resp, which says how busy the other side is.
    EnquireLinkResp(Tlvs),
    /// generic_nack.
    GenericNack,
    /// submit_sm, deliver_sm or data_sm.
    Message(Box<Message>),
    /// The response to one of them: the message's id, if there is one.
    MessageResp(Operation, Option<String>, Tlvs),
    /// cancel_sm, query_sm or replace_sm.
    Ancillary(Box<Ancillary>),
    /// query_sm_resp; without what has become of the message if the request has failed.
    Queried(Option<Queried>),
    /// alert_notification.
    Alert(Alert),
    /// A PDU that is known or not, and which has no place here.
    Other(CommandId),
}

impl Body {
    /// Which PDU it is of.
    #[must_use]
    pub const fn command_id(&self) -> CommandId {
        match self {
            Self::Bind(bind) => bind.role.command_id(),
            Self::BindResp(role, ..) => role.command_id().response(),
            Self::Unbind => CommandId::UNBIND,
            Self::UnbindResp => CommandId::UNBIND_RESP,
            Self::EnquireLink => CommandId::ENQUIRE_LINK,
            Self::EnquireLinkResp(_) => CommandId::ENQUIRE_LINK_RESP,
            Self::GenericNack => CommandId::GENERIC_NACK,
            Self::Message(message) => message.operation.command_id(),
            Self::MessageResp(operation, ..) => operation.command_id().response(),
            Self::Ancillary(ancillary) => ancillary.command_id(),
            Self::Queried(_) => CommandId::QUERY_SM_RESP,
            Self::Alert(_) => CommandId::ALERT_NOTIFICATION,
            Self::Other(id) => *id,
        }
    }

    /// Reads the body of a PDU. The error is what a peer is told that has sent it.
    pub fn read(header: Header, octets: &[u8]) -> Result<Self, CommandStatus> {
        let role = |id: CommandId| match id {
            CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSMITTER_RESP => Role::Transmitter,
            CommandId::BIND_RECEIVER | CommandId::BIND_RECEIVER_RESP => Role::Receiver,
            _ => Role::Transceiver,
        };
        Ok(match header.id {
            id @ (CommandId::BIND_RECEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSCEIVER) => {
                Self::Bind(coding::bind(role(id), octets)?)
            }
            id @ (CommandId::BIND_RECEIVER_RESP
            | CommandId::BIND_TRANSMITTER_RESP
            | CommandId::BIND_TRANSCEIVER_RESP) => {
                let (system_id, tlvs) = text_and_tlvs(octets)?;
                Self::BindResp(role(id), system_id.unwrap_or_default(), tlvs)
            }
            CommandId::UNBIND => Self::Unbind,
            CommandId::UNBIND_RESP => Self::UnbindResp,
            CommandId::ENQUIRE_LINK => Self::EnquireLink,
            CommandId::ENQUIRE_LINK_RESP => Self::EnquireLinkResp(Tlvs::read(octets).unwrap_or_default()),
            CommandId::GENERIC_NACK => Self::GenericNack,
            CommandId::SUBMIT_SM => Self::Message(Box::new(coding::submit(octets)?)),
            CommandId::DELIVER_SM => Self::Message(Box::new(coding::deliver(octets)?)),
            CommandId::DATA_SM => Self::Message(Box::new(coding::data(octets)?)),
            CommandId::SUBMIT_SM_RESP => Self::message_resp(Operation::Submit, octets)?,
            CommandId::DELIVER_SM_RESP => Self::message_resp(Operation::Deliver, octets)?,
            CommandId::DATA_SM_RESP => Self::message_resp(Operation::Data, octets)?,
            CommandId::CANCEL_SM => Self::Ancillary(Box::new(ancillary::cancel(octets)?)),
            CommandId::QUERY_SM => Self::Ancillary(Box::new(ancillary::query(octets)?)),
            CommandId::REPLACE_SM => Self::Ancillary(Box::new(ancillary::replace(octets)?)),
            CommandId::QUERY_SM_RESP if octets.is_empty() => Self::Queried(None),
            CommandId::QUERY_SM_RESP => Self::Queried(Some(ancillary::queried(octets)?)),
            CommandId::ALERT_NOTIFICATION => Self::Alert(coding::alert(octets)?),
            id => Self::Other(id),
        })
    }

    fn message_resp(operation: Operation, octets: &[u8]) -> Result<Self, CommandStatus> {
        let (id, tlvs) = text_and_tlvs(octets)?;
        Ok(Self::MessageResp(operation, id, tlvs))
    }

    /// The PDU with this body.
    ///
    /// A response with an error has no body (SMPP 3.4 §4.1.2, §4.4.2) but for the empty message id of deliver_sm_resp.
    pub fn encode(&self, status: CommandStatus, sequence: u32) -> Result<Vec<u8>, Error> {
        let failed = status != CommandStatus::OK;
        let mut body = Vec::new();
        match self {
            Self::Bind(bind) => coding::write_bind(bind, &mut body)?,
            Self::BindResp(_, system_id, tlvs) if !failed => {
                coding::write_text("system_id", 15, system_id, &mut body)?;
                tlvs.write(&mut body);
            }
            Self::EnquireLinkResp(tlvs) => tlvs.write(&mut body),
            Self::Message(message) => coding::write_message(message, &mut body)?,
            Self::MessageResp(operation, id, tlvs) if !failed || *operation == Operation::Deliver => {
                coding::write_text("message_id", 64, id.as_deref().unwrap_or_default(), &mut body)?;
                tlvs.write(&mut body);
            }
            Self::Ancillary(ancillary) => ancillary::write_ancillary(ancillary, &mut body)?,
            Self::Queried(Some(queried)) if !failed => ancillary::write_queried(queried, &mut body)?,
            Self::Alert(alert) => coding::write_alert(alert, &mut body)?,
            _ => {}
        }
        let length = (Header::LENGTH + body.len()) as u32;
        let mut out = Header { length, id: self.command_id(), status, sequence }.encode();
        out.append(&mut body);
        Ok(out)
    }
}

/// A text that ends with a zero, and parameters: the body of a response. Peers leave out one or the other, or both.
fn text_and_tlvs(octets: &[u8]) -> Result<(Option<String>, Tlvs), CommandStatus> {
    let (text, rest) = match octets.iter().position(|&octet| octet == 0) {
        Some(end) => (&octets[..end], &octets[end + 1..]),
        None => (octets, &[][..]),
    };
    if text.len() > LONGEST_TEXT {
        return Err(CommandStatus::INVMSGID);
    }
    let text: String = text.iter().map(|&octet| char::from(octet)).collect();
    Ok(((!text.is_empty()).then_some(text), Tlvs::read(rest)?))
}

/// The longest text of a response, a message id (SMPP 5.0 §4.7.14), with room for peers who take more.
const LONGEST_TEXT: usize = 255;

/// `sc_interface_version` as the parameters of a response (SMPP 5.0 §4.1.1.2).
pub(crate) fn version_parameter(version: Version) -> Tlvs {
    let mut tlvs = Tlvs::default();
    tlvs.set(Tag::SC_INTERFACE_VERSION, [version.0]);
    tlvs
}
