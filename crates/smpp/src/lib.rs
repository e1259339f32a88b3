//! SMPP 3.4 and 5.0: how ESMEs and SMS centres talk.
//!
//! - [`Message`] is submit_sm, deliver_sm and data_sm as one, between [`oxisim_sms`] and the PDUs.
//! - [`Receipt`] says what has become of a message, and [`Receipts`] of which.
//! - [`Session`] is either side of a session, without a socket: octets and times are its arguments.
//! - [`Esme`] and [`Centre`] are sessions on sockets, plain or with TLS: what happens comes as [`LinkEvent`]s.
//! - A [`Watch`] is told the messages that pass on their connections, octet by octet.
//! - [`Body`] and [`Header`] are the PDUs, coded with rusmpp but for the optional parameters, [`Tlvs`].
//!
//! A PDU that is not what it should be is a [`CommandStatus`], the standard's word for what is wrong with it, and the session
//! goes on.
//!
//! ```
//! use oxisim_smpp::{Bind, Event, Message, Operation, Role, Session, Settings, Ticket, Version};
//! use oxisim_wire::Instant;
//!
//! # let carry = |from: &mut Session, to: &mut Session, now| {
//! #     while let Some(octets) = from.poll_output() {
//! #         to.handle_octets(&octets, now);
//! #     }
//! # };
//! let now = Instant::from_secs(1_000);
//! let bind = Bind {
//!     role: Role::Transceiver,
//!     system_id: "backup".into(),
//!     password: "secret".into(),
//!     system_type: String::new(),
//!     version: Version::V5_0,
//!     address_range: String::new(),
//! };
//! let mut esme = Session::esme(Settings::default(), bind, now)?;
//! let mut centre = Session::centre(Settings::default(), now);
//! carry(&mut esme, &mut centre, now); // the octets of poll_output, to handle_octets
//! let Some(Event::BindRequested(_)) = centre.poll_event() else { panic!("nobody binds") };
//! centre.accept_bind("centre");
//! carry(&mut centre, &mut esme, now);
//! let Some(Event::Bound(name, Version::V5_0)) = esme.poll_event() else { panic!("not bound") };
//! assert_eq!(name, "centre");
//!
//! let message = Message::new(Operation::Submit, None, "+15550100001".parse()?);
//! esme.submit(Ticket(1), &message, now)?;
//! carry(&mut esme, &mut centre, now);
//! let Some(Event::Message(token, _)) = centre.poll_event() else { panic!("no message") };
//! // Once it is stored:
//! centre.accept(token, Some("17"), now);
//! carry(&mut centre, &mut esme, now);
//! assert_eq!(esme.poll_event(), Some(Event::Answered(Ticket(1), Ok(Some("17".into())))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod ancillary;
mod backoff;
mod centre;
mod codes;
mod error;
mod esme;
mod link;
mod message;
mod pdu;
mod queue;
mod rate;
mod receipt;
mod receipts;
mod session;
mod time;
mod tls;
mod tlv;
mod watch;

pub use ancillary::{Ancillary, Queried, Replacement};
pub use centre::{Centre, CentreConfig};
pub use codes::{CommandId, CommandStatus, MessageState, Tag, Version};
pub use error::Error;
pub use esme::{Esme, EsmeConfig, Sender};
pub use link::{Authorise, Incoming, Link, LinkEvent, LinkId, Request};
pub use message::{EsmClass, Message, Operation, RegisteredDelivery};
pub use pdu::{Alert, Bind, Body, Header, Role};
pub use receipt::Receipt;
pub use receipts::Receipts;
pub use session::{Answer, Event, Failure, Reason, Refusal, Session, Settings, SubmitError, Ticket, Token};
pub use time::{NoTime, Time};
pub use tls::{Identity, TlsClient, TlsError, TlsServer};
pub use tlv::Tlvs;
pub use watch::{Passed, Watch};
