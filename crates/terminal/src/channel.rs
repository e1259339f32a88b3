//! Channels of the bearer independent protocol (TS 102 223 §6.4.27 to §6.4.31).

use alloc::{collections::VecDeque, vec::Vec};
use core::net::IpAddr;

/// What is to be done about a channel, 1 to 7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelRequest {
    /// Connect to a host; answered with [`ChannelEvent::Opened`] or [`ChannelEvent::Failed`].
    Open {
        /// TCP or UDP.
        transport: Transport,
        /// The host.
        host: IpAddr,
        /// Its port.
        port: u16,
    },
    /// Wait for others to connect to this port by TCP, one at a time; answered with [`ChannelEvent::Listening`] or
    /// [`ChannelEvent::Failed`], and with [`ChannelEvent::Opened`] when somebody has connected.
    Listen {
        /// The port.
        port: u16,
    },
    /// Send these octets: over UDP as one datagram.
    Send(Vec<u8>),
    /// End the connection; the channel that listened goes on listening.
    Disconnect,
    /// End everything. This is not answered.
    Close,
}

/// What happens to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelEvent {
    /// The connection is there.
    Opened,
    /// The port is the channel's.
    Listening,
    /// The connection cannot be made, or the port cannot be had.
    Failed(ChannelError),
    /// Octets have come: no more than [`Terminal::channel_room`](crate::Terminal::channel_room) are kept, so that TCP
    /// keeps the rest back and UDP loses it.
    Received(Vec<u8>),
    /// The other side has ended the connection, or it has broken.
    Dropped,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The network cannot do it now.
    #[error("the network cannot do this now, cause {cause:?}")]
    Network {
        /// The cause, 0 to 127 (TS 24.008); `None` for no specific one.
        cause: Option<u8>,
    },
    /// The host does not answer, or refuses.
    #[error("the remote device is not reachable")]
    Unreachable,
    /// The port to listen on is another's.
    #[error("the port is not available")]
    PortTaken,
    /// The other side is not who it should be, or does not let the card in.
    #[error("security error")]
    Security,
}

/// The transport of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// Where a channel leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To a host.
    Client { transport: Transport, host: IpAddr, port: u16 },
    /// Here.
    Server { port: u16 },
}

/// How the link of a channel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nobody has needed it yet, or a server's connection is closed.
    Down,
    /// It is being made.
    Opening,
    /// It was there, and is being made again.
    Reopening,
    /// The server waits.
    Listening,
    /// It is there.
    Up,
    /// It was there.
    Dropped,
}

/// A channel that is open, as the card sees it.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) way: Way,
    pub(crate) link: Link,
    /// Octets that each buffer holds.
    size: u16,
    /// Whether the card wants a link that is dropped to be made again.
    reconnects: bool,
    /// Whether anything has been sent since the link was asked for.
    has_sent: bool,
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

/// What is known of a channel identifier.
#[derive(Debug, Default)]
enum Place {
    /// It was never given.
    #[default]
    Unknown,
    /// It was given and taken back.
    Closed,
    Open(Channel),
}

/// A channel cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoChannel {
    /// The identifier was never given.
    Invalid,
    /// The channel is closed.
    Closed,
}

/// The channels.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    places: [Place; Self::COUNT],
}

impl Channel {
    pub(crate) const fn new(way: Way, size: u16, reconnects: bool) -> Self {
        Self {
            way,
            link: Link::Down,
            size,
            reconnects,
            has_sent: false,
            incoming: VecDeque::new(),
            outgoing: Vec::new(),
        }
    }

    pub(crate) const fn is_server(&self) -> bool {
        matches!(self.way, Way::Server { .. })
    }

    /// Whether a link that is dropped is to be made again; a server has others connect to it.
    pub(crate) const fn reconnects(&self) -> bool {
        self.reconnects && !self.is_server()
    }

    /// Whether the link has been of use: one that has not is not worth being made again.
    pub(crate) const fn has_sent(&self) -> bool {
        self.has_sent
    }

    /// The link is asked for.
    pub(crate) const fn begin_link(&mut self) {
        self.link = if matches!(self.link, Link::Dropped) { Link::Reopening } else { Link::Opening };
        self.has_sent = false;
    }

    /// Forgets what is to be sent.
    pub(crate) fn discard(&mut self) {
        self.outgoing.clear();
    }

    /// Empties both buffers.
    pub(crate) fn clear(&mut self) {
        self.incoming.clear();
        self.outgoing.clear();
    }

    /// The channel status object of channel `number` (TS 102 223 §8.56): whether there is a link, and whether it was
    /// dropped.
    pub(crate) const fn status(&self, number: u8) -> [u8; 2] {
        /// Link dropped.
        const DROPPED: u8 = 0x05;
        let link = match self.link {
            Link::Up => 0x80,
            Link::Listening => 0x40,
            Link::Down | Link::Opening | Link::Reopening | Link::Dropped => 0x00,
        };
        [
            number & 0x07 | link,
            if matches!(self.link, Link::Reopening | Link::Dropped) { DROPPED } else { 0x00 },
        ]
    }

    /// Puts octets into the buffer of what is to be sent; `false` if they do not fit.
    #[must_use]
    pub(crate) fn store(&mut self, octets: &[u8]) -> bool {
        let fits = octets.len() <= self.free();
        if fits {
            self.outgoing.extend_from_slice(octets);
        }
        fits
    }

    /// How many octets the buffer of what is to be sent still takes.
    pub(crate) fn free(&self) -> usize {
        usize::from(self.size).saturating_sub(self.outgoing.len())
    }

    /// Takes everything that is to be sent.
    pub(crate) fn take_outgoing(&mut self) -> Vec<u8> {
        self.has_sent = true;
        core::mem::take(&mut self.outgoing)
    }

    /// Takes octets in, as many as the buffer holds; whether there was nothing before and now is something.
    pub(crate) fn receive(&mut self, octets: &[u8]) -> bool {
        let was_empty = self.incoming.is_empty();
        self.incoming.extend(octets.iter().take(self.room()));
        was_empty && !self.incoming.is_empty()
    }

    /// How many octets the buffer of what comes still takes.
    pub(crate) fn room(&self) -> usize {
        usize::from(self.size).saturating_sub(self.incoming.len())
    }

    /// How many octets have come.
    pub(crate) fn available(&self) -> usize {
        self.incoming.len()
    }

    /// Gives `count` of the octets that have come, or all.
    pub(crate) fn read(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(self.incoming.len());
        self.incoming.drain(..count).collect()
    }
}

impl Channels {
    /// How many channels there can be.
    pub(crate) const COUNT: usize = 7;

    /// Opens a channel under the first identifier that is free; `None` if there is none.
    pub(crate) fn open(&mut self, channel: Channel) -> Option<u8> {
        let (number, place) =
            (1..).zip(&mut self.places).find(|(_, place)| !matches!(place, Place::Open(_)))?;
        *place = Place::Open(channel);
        Some(number)
    }

    /// Whether another channel can be opened.
    pub(crate) fn has_room(&self) -> bool {
        self.places.iter().any(|place| !matches!(place, Place::Open(_)))
    }

    /// How many octets the channel with this identifier still takes from its host; none if it is not open.
    pub(crate) fn room(&self, number: u8) -> usize {
        self.iter().find(|(other, _)| *other == number).map_or(0, |(_, channel)| channel.room())
    }

    /// The channel with this identifier.
    pub(crate) fn get(&mut self, number: u8) -> Result<&mut Channel, NoChannel> {
        match self.places.get_mut(usize::from(number).wrapping_sub(1)) {
            Some(Place::Open(channel)) => Ok(channel),
            Some(Place::Closed) => Err(NoChannel::Closed),
            Some(Place::Unknown) | None => Err(NoChannel::Invalid),
        }
    }

    /// Closes a channel.
    pub(crate) fn close(&mut self, number: u8) {
        if let Some(place) = self.places.get_mut(usize::from(number).wrapping_sub(1)) {
            *place = Place::Closed;
        }
    }

    /// The channels that are open, with their identifiers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, &Channel)> {
        (1..).zip(&self.places).filter_map(|(number, place)| match place {
            Place::Open(channel) => Some((number, channel)),
            Place::Unknown | Place::Closed => None,
        })
    }
}

/// A number of octets as a channel data length object tells it (TS 102 223 §8.54): FF for 255 and more.
pub(crate) fn length(octets: usize) -> u8 {
    u8::try_from(octets).unwrap_or(0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(size: u16) -> Channel {
        Channel::new(Way::Server { port: 80 }, size, false)
    }

    #[test]
    fn there_are_seven_channels() {
        let mut channels = Channels::default();
        for number in 1..=7 {
            assert_eq!(channels.open(channel(10)), Some(number));
        }
        assert!(!channels.has_room());
        assert_eq!(channels.open(channel(10)), None);
        channels.close(3);
        assert_eq!(channels.get(3).unwrap_err(), NoChannel::Closed);
        assert_eq!(channels.get(0).unwrap_err(), NoChannel::Invalid);
        assert_eq!(channels.get(8).unwrap_err(), NoChannel::Invalid);
        assert_eq!(channels.open(channel(10)), Some(3));
    }

    #[test]
    fn a_buffer_holds_what_it_was_made_for() {
        let mut channel = channel(4);
        assert!(channel.store(&[1, 2, 3]));
        assert!(!channel.store(&[4, 5]));
        assert_eq!(channel.free(), 1);
        assert_eq!(channel.take_outgoing(), [1, 2, 3]);
        assert_eq!((channel.receive(&[1, 2, 3]), channel.room()), (true, 1));
        assert_eq!((channel.receive(&[4, 5]), channel.room()), (false, 0));
        assert_eq!(channel.read(3), [1, 2, 3]);
        assert_eq!((channel.read(3), channel.available()), (Vec::from([4]), 0));
    }

    #[test]
    fn the_status_tells_link_and_loss() {
        let mut channel = channel(4);
        assert_eq!(channel.status(1), [0x01, 0x00]);
        channel.link = Link::Listening;
        assert_eq!(channel.status(2), [0x42, 0x00]);
        channel.link = Link::Up;
        assert_eq!(channel.status(2), [0x82, 0x00]);
        channel.link = Link::Dropped;
        assert_eq!(channel.status(2), [0x02, 0x05]);
    }
}
