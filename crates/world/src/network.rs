//! The network's side of calls, supplementary services and USSD.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use oxisim_terminal::{NetworkEvent, NetworkRequest, ServiceError};
use oxisim_toolkit::objects::TextString;

/// What becomes of a call to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// Somebody takes it.
    Answers,
    /// The call is refused with this cause (TS 24.008 §10.5.4.11): 17 for a busy user.
    Refuses(u8),
}

/// A network that answers at once.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Who can be called; others are unassigned numbers.
    pub numbers: BTreeMap<String, Callee>,
    /// Codes of USSD, and what they are answered with; others are not supported.
    pub ussd: BTreeMap<String, String>,
    /// Supplementary service strings, and what they are answered with: operation code and parameters.
    pub services: BTreeMap<String, Result<Vec<u8>, ServiceError>>,
}

impl Network {
    /// What the network says to a request.
    #[must_use]
    pub fn ask(&self, request: &NetworkRequest) -> Option<NetworkEvent> {
        /// Unassigned number (TS 24.008 §10.5.4.11).
        const UNASSIGNED: u8 = 1;
        /// Facility not supported (TS 29.002 §17.6.6).
        const NOT_SUPPORTED: u8 = 21;
        Some(match request {
            NetworkRequest::Call { call, number } => match self.numbers.get(&number.to_string()) {
                Some(Callee::Answers) => NetworkEvent::Connected(*call),
                Some(Callee::Refuses(cause)) => {
                    NetworkEvent::Disconnected { call: *call, cause: Some(*cause) }
                }
                None => NetworkEvent::Disconnected { call: *call, cause: Some(UNASSIGNED) },
            },
            NetworkRequest::Service(string) => NetworkEvent::Service(
                self.services
                    .get(&string.to_string())
                    .cloned()
                    .unwrap_or(Err(ServiceError::Return(NOT_SUPPORTED))),
            ),
            NetworkRequest::Ussd(text) => NetworkEvent::Ussd(
                self.ussd
                    .get(&text.to_text())
                    .map(|answer| TextString::eight_bit(answer))
                    .ok_or(ServiceError::Return(NOT_SUPPORTED)),
            ),
            NetworkRequest::Answer(_)
            | NetworkRequest::Hold(_)
            | NetworkRequest::Disconnect(_)
            | NetworkRequest::Dtmf(_) => return None,
        })
    }
}
