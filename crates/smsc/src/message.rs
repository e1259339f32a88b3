//! What a centre takes, keeps and hands over.

use oxisim_smpp::RegisteredDelivery;
use oxisim_sms::{Address, ProtocolIdentifier, UserData, tpdu::Status};
use oxisim_wire::Instant;

use crate::Number;

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who has sent it.
    pub from: Address,
    /// To whom.
    pub to: Address,
    /// TP-Protocol-Identifier.
    pub protocol: ProtocolIdentifier,
    /// Coding, header and payload.
    pub user_data: UserData,
}

/// What an ESME submits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The message.
    pub message: Message,
    /// `service_type`, by which the ESME may delete several.
    pub service_type: String,
    /// When the centre begins to try; at once if that is over.
    pub begins: Option<Instant>,
    /// Until when it tries.
    pub expires: Option<Instant>,
    /// When the ESME wants to know what has become of it.
    pub wanted: RegisteredDelivery,
    /// `user_message_reference`, which comes back in the receipt.
    pub reference: Option<u16>,
}

/// What has become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The centre's identity of the message.
    pub id: u64,
    /// `user_message_reference` of an ESME, TP-Message-Reference of a phone.
    pub reference: Option<u16>,
    /// Who has sent the message.
    pub from: Address,
    /// To whom.
    pub to: Address,
    /// When the centre has taken it.
    pub submitted: Instant,
    /// When its end came.
    pub done: Instant,
    /// What it was.
    pub status: Status,
}

/// What the receiver of a message has answered, in its SMS-DELIVER-REPORT: a card's proof of receipt stands there
/// (TS 31.115 §4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The message's receipt, as far as it goes.
    pub receipt: Receipt,
    /// What was answered.
    pub user_data: UserData,
}

/// Whether an ESME wants to know what the receiver answers: the SME delivery acknowledgement (SMPP 5.0 §4.7.21).
pub(crate) const fn wants_acknowledgement(wanted: RegisteredDelivery) -> bool {
    wanted.0 & 0x0C == 0x04
}

/// Who sends and receives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The phone with this number.
    Phone(Number),
    /// The ESME with this `system_id`.
    Esme(String),
}

/// What an ESME gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A message.
    Message(Message),
    /// What has become of one of its own.
    Receipt(Receipt),
    /// What the receiver of one of its own has answered.
    Acknowledgement(Acknowledgement),
}

/// Why a message is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nobody has the number.
    #[error("nobody has this number")]
    Unassigned,
    /// Too many messages wait for its receiver, or in all.
    #[error("too many messages wait")]
    Full,
}

/// What an ESME answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has taken it.
    Taken,
    /// It cannot take it now.
    Later,
    /// It will never take it.
    Refused,
    /// There is no answer: the connection is gone.
    Gone,
}
