//! The network's side of calls, supplementary services, USSD and channels.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::net::IpAddr;

use oxisim_terminal::{
    ChannelError, ChannelEvent, ChannelRequest, NetworkEvent, NetworkRequest, ServiceError,
};
use oxisim_toolkit::objects::TextString;

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
            NetworkRequest::Answer(_)
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
    use oxisim_terminal::Transport;

    use super::*;

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
