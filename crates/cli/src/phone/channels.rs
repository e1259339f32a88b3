//! Channels for people, and the simulated network where they lead.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use oxisim_terminal::{ChannelEvent, ChannelRequest, Transport};
use oxisim_world::{Host, Internet, Reply};

use crate::report::count;

/// A network with one host, which sends back what comes to the port of that (RFC 862); its address is for
/// documentation (RFC 5737).
pub fn internet() -> Internet {
    const ECHO: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 7);
    let mut internet = Internet::default();
    for transport in [Transport::Tcp, Transport::Udp] {
        internet.hosts.insert((transport, ECHO.0, ECHO.1), Host::that(Reply::Echo));
    }
    internet
}

/// What is asked for a channel.
pub fn asks(request: &ChannelRequest) -> String {
    match request {
        ChannelRequest::Open { transport, host, port } => {
            let transport = match transport {
                Transport::Tcp => "TCP",
                Transport::Udp => "UDP",
            };
            format!("leads to {} by {transport}", SocketAddr::new(*host, *port))
        }
        ChannelRequest::Listen { port } => format!("waits for others at port {port}"),
        ChannelRequest::Send(octets) => format!("takes {}", shown(octets)),
        ChannelRequest::Disconnect => "ends its connection".into(),
        ChannelRequest::Close => "is closed".into(),
    }
}

/// What happens to a channel.
pub fn happens(event: &ChannelEvent) -> String {
    match event {
        ChannelEvent::Opened => "is connected".into(),
        ChannelEvent::Listening => "listens".into(),
        ChannelEvent::Failed(error) => format!("has no link: {error}"),
        ChannelEvent::Received(octets) => format!("brings {}", shown(octets)),
        ChannelEvent::Dropped => "has lost its connection".into(),
    }
}

fn shown(octets: &[u8]) -> String {
    format!("{}: {}", count(octets.len(), "octet"), hex::encode_upper(octets))
}
