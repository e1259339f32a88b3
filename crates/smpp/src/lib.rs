//! SMPP 3.4 and 5.0: how ESMEs and SMS centres talk.
//!
//! - [`Message`] is submit_sm, deliver_sm and data_sm as one, between [`oxisim_sms`] and the PDUs.
//! - [`Receipt`] says what has become of a message, and [`Receipts`] of which.
//! - [`Session`] is either side of a session, without a socket: octets and times are its arguments.
//! - [`Esme`] and [`Centre`] are sessions on sockets, plain or with TLS: what happens comes as [`LinkEvent`]s.
//! - [`Body`] and [`Header`] are the PDUs, coded with rusmpp but for the optional parameters, [`Tlvs`].
//!
//! A PDU that is not what it should be is a [`CommandStatus`], the standard's word for what is wrong with it, and the session
//! goes on.

mod address;
mod centre;
mod codes;
mod error;
mod esme;
mod link;
mod message;
mod pdu;
mod queue;
mod receipt;
mod receipts;
mod session;
mod time;
mod tls;
mod tlv;

pub use centre::{Centre, CentreConfig};
pub use codes::{CommandId, CommandStatus, MessageState, Tag, Version};
pub use error::Error;
pub use esme::{Esme, EsmeConfig};
pub use link::{Authorise, Incoming, Link, LinkEvent, LinkId};
pub use message::{EsmClass, Message, Operation, RegisteredDelivery};
pub use pdu::{Alert, Bind, Body, Header, Role};
pub use receipt::Receipt;
pub use receipts::Receipts;
pub use session::{Answer, Event, Failure, Reason, Refusal, Session, Settings, SubmitError, Ticket, Token};
pub use time::{NoTime, Time};
pub use tls::{Identity, TlsClient, TlsError, TlsServer};
pub use tlv::Tlvs;
