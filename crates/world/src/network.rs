//! The telephone network: calls, supplementary services, USSD, multimedia messages and where the phone is. Where channels
//! lead is the [`Internet`](crate::Internet).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec,
    vec::Vec,
};

use oxisim_terminal::{NetworkEvent, NetworkRequest, Position, ServiceError};
use oxisim_toolkit::objects::{MultimediaStatus, TextString};

/// What becomes of a call to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// Somebody takes it.
    Answers,
    /// The call is refused with this cause (TS 24.008 §10.5.4.11): 17 for a busy user.
    Refuses(u8),
}

/// A telephone network that answers at once.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Who can be called; others are unassigned numbers.
    pub numbers: BTreeMap<String, Callee>,
    /// Codes of USSD, and what they are answered with; others are not supported.
    pub ussd: BTreeMap<String, String>,
    /// Supplementary service strings, and what they are answered with: operation code and parameters.
    pub services: BTreeMap<String, Result<Vec<u8>, ServiceError>>,
    /// Multimedia messages that wait at their centre, by reference.
    pub multimedia: BTreeSet<Vec<u8>>,
    /// Where the phone is.
    pub position: Position,
}

impl Network {
    /// What the network says to a request.
    #[must_use]
    pub fn ask(&self, request: &NetworkRequest) -> Option<NetworkEvent> {
        /// Unassigned number (TS 24.008 §10.5.4.11).
        const UNASSIGNED: u8 = 1;
        /// Facility not supported (TS 29.002 §17.6.6).
        const NOT_SUPPORTED: u8 = 21;
        /// Statuses of a multimedia message (OMA-TS-MMS-ENC §7.3.48, §7.3.50): it has been taken, or is not there.
        const OK: u8 = 128;
        const NOT_FOUND: u8 = 226;
        let status = |status| NetworkEvent::Multimedia(MultimediaStatus { status: vec![status] });
        Some(match request {
            NetworkRequest::Call { call, number, .. } => match self.numbers.get(&number.to_string()) {
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
            NetworkRequest::Locate(_) => NetworkEvent::Position(self.position.clone()),
            NetworkRequest::RetrieveMultimedia(message) => {
                let reference = message.reference.as_ref().map(|reference| &reference.reference);
                let waits = reference.is_some_and(|reference| self.multimedia.contains(reference));
                status(if waits { OK } else { NOT_FOUND })
            }
            NetworkRequest::SubmitMultimedia(_) => status(OK),
            NetworkRequest::UssdAnswer(_)
            | NetworkRequest::Answer(_)
            | NetworkRequest::Hold(_)
            | NetworkRequest::Disconnect(_)
            | NetworkRequest::Dtmf(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use oxisim_terminal::Multimedia;
    use oxisim_toolkit::objects::{FileList, MultimediaReference, NmeaSentence};

    use super::*;

    #[test]
    fn a_multimedia_message_is_there_or_not_and_every_one_is_taken() {
        let message = |reference: Option<u8>| Multimedia {
            reference: reference.map(|octet| MultimediaReference { reference: vec![octet] }),
            files: FileList { count: 0, paths: vec![] },
            identifier: None,
        };
        let mut network = Network::default();
        network.multimedia.insert(vec![1]);
        for (request, expected) in [
            (NetworkRequest::RetrieveMultimedia(message(Some(1))), 128),
            (NetworkRequest::RetrieveMultimedia(message(Some(2))), 226),
            (NetworkRequest::SubmitMultimedia(message(None)), 128),
        ] {
            let status = MultimediaStatus { status: vec![expected] };
            assert_eq!(network.ask(&request), Some(NetworkEvent::Multimedia(status)));
        }
    }

    #[test]
    fn the_phone_is_where_the_network_says() {
        let sentence = Some(NmeaSentence { sentence: b"$GPGLL".to_vec() });
        let position = Position { shape: None, sentence };
        let network = Network { position: position.clone(), ..Network::default() };
        assert_eq!(network.ask(&NetworkRequest::Locate(None)), Some(NetworkEvent::Position(position)));
    }
}
