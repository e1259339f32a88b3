//! What an ESME does about a message that it has sent before: cancel_sm, query_sm, replace_sm (SMPP 5.0 §4.5).

use oxisim_sms::Address;

use crate::{CommandId, MessageState, RegisteredDelivery, Time};

/// What an ESME wants done about a message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ancillary {
    /// cancel_sm (SMPP 5.0 §4.5.1.1): the message with this id, or if there is none, all from `source` to `destination`.
    Cancel {
        /// `service_type`: of several, only those with this one; empty: all.
        service_type: String,
        /// `message_id`.
        id: Option<String>,
        /// Who has sent it.
        source: Option<Address>,
        /// Whom it is for.
        destination: Option<Address>,
    },
    /// query_sm (SMPP 5.0 §4.5.2.1): what has become of it.
    Query {
        /// `message_id`.
        id: String,
        /// Who has sent it.
        source: Option<Address>,
    },
    /// replace_sm (SMPP 5.0 §4.5.3.1): another in its place.
    Replace(Replacement),
}

/// What a message becomes that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// `message_id`.
    pub id: String,
    /// Who has sent it.
    pub source: Option<Address>,
    /// When it is to be delivered; none: as before.
    pub schedule: Option<Time>,
    /// Until when it may be delivered; none: as before.
    pub validity: Option<Time>,
    /// What receipts are wanted.
    pub registered_delivery: RegisteredDelivery,
    /// The content, coded and with a header as the one before. It travels as `short_message`, or as `message_payload` if it
    /// is longer.
    pub content: Vec<u8>,
}

/// What has become of a message: query_sm_resp (SMPP 5.0 §4.5.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queried {
    /// `message_id`.
    pub id: String,
    /// When it came to its end, if it has.
    pub done: Option<Time>,
    /// What has become of it.
    pub state: MessageState,
    /// Why it was not delivered, in the SMS centre's own numbers.
    pub error: u8,
}

impl Ancillary {
    /// The PDU.
    #[must_use]
    pub const fn command_id(&self) -> CommandId {
        match self {
            Self::Cancel { .. } => CommandId::CANCEL_SM,
            Self::Query { .. } => CommandId::QUERY_SM,
            Self::Replace(_) => CommandId::REPLACE_SM,
        }
    }
}
