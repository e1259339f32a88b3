//! The network's side of calls, supplementary services, USSD and channels.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::net::IpAddr;

use oxisim_terminal::{
    ChannelError, ChannelEvent, ChannelRequest, NetworkEvent, NetworkRequest, Position, ServiceError,
};
use oxisim_toolkit::objects::{MultimediaStatus, TextString};

/// What becomes of a call to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// Somebody takes it.
    Answers,
    /// The call is refused with this cause (TS 24.008 §10.5.4.11): 17 for a busy user.
    Refuses(u8),
}

/// What a host does with octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// It sends them back.
    Echoes,
    /// It sends these as soon as somebody has sent it anything.
    Serves(Vec<u8>),
    /// It ends the connection.
    Resets,
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
    /// Multimedia messages that wait at their centre, by reference.
    pub multimedia: BTreeSet<Vec<u8>>,
    /// Where the phone is.
    pub position: Position,
    /// Hosts by address and port; others cannot be reached.
    pub hosts: BTreeMap<(IpAddr, u16), Host>,
    /// Where the channels lead.
    connected: BTreeMap<u8, (IpAddr, u16)>,
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

    /// What happens to a channel of which this is asked.
    #[must_use]
    pub fn channel(&mut self, channel: u8, request: ChannelRequest) -> Vec<ChannelEvent> {
        match request {
            ChannelRequest::Open { host: Some(host), port, .. } if self.hosts.contains_key(&(host, port)) => {
                self.connected.insert(channel, (host, port));
                vec![ChannelEvent::Opened]
            }
            ChannelRequest::Open { .. } => vec![ChannelEvent::Failed(ChannelError::Unreachable)],
            ChannelRequest::Listen { .. } => vec![ChannelEvent::Listening],
            ChannelRequest::Send(octets) => {
                let place = self.connected.get(&channel).copied();
                match place.and_then(|place| self.hosts.get(&place)) {
                    Some(Host::Echoes) => vec![ChannelEvent::Received(octets)],
                    Some(Host::Serves(page)) => vec![ChannelEvent::Received(page.clone())],
                    Some(Host::Resets) => {
                        self.connected.remove(&channel);
                        vec![ChannelEvent::Dropped]
                    }
                    None => vec![],
                }
            }
            ChannelRequest::Disconnect | ChannelRequest::Close => {
                self.connected.remove(&channel);
                vec![]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use oxisim_terminal::{Multimedia, Transport};
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

    #[test]
    fn hosts_do_what_they_are_told_and_others_are_not_there() {
        let host = IpAddr::from([10, 0, 0, 1]);
        let open = |port| ChannelRequest::Open { transport: Transport::Tcp, host: Some(host), port };
        let mut network = Network::default();
        network.hosts.insert((host, 7), Host::Echoes);
        network.hosts.insert((host, 80), Host::Serves(vec![1, 2]));
        network.hosts.insert((host, 9), Host::Resets);
        for (port, answer) in [
            (7, ChannelEvent::Received(vec![5])),
            (80, ChannelEvent::Received(vec![1, 2])),
            (9, ChannelEvent::Dropped),
        ] {
            assert_eq!(network.channel(1, open(port)), [ChannelEvent::Opened]);
            assert_eq!(network.channel(1, ChannelRequest::Send(vec![5])), [answer]);
        }
        assert_eq!(network.channel(1, open(1)), [ChannelEvent::Failed(ChannelError::Unreachable)]);
    }
}
