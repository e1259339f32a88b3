//! Channels to sockets of this machine.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
};

use oxisim_terminal::{ChannelError, ChannelEvent, ChannelRequest, Transport};
use oxisim_wire::{Duration, Instant};
use oxisim_world::Carrier;

/// How often the sockets are looked at, while there are any.
const TICK: Duration = Duration::from_millis(10);

/// How long a connection may take; on one machine it is there at once, or refused.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// Octets that are read at a time.
const PIECE: usize = 1500;

/// Octets that may wait for the other side to read.
const LIMIT: usize = 1 << 16;

/// The sockets of the channels. They never block, so that no thread is needed; nothing is read before the phone has
/// room for it, so that TCP keeps the rest back.
#[derive(Debug, Default)]
pub struct Sockets {
    lines: BTreeMap<u8, Line>,
    ready: VecDeque<(u8, ChannelEvent)>,
    /// When they were looked at last.
    looked: Instant,
}

/// The sockets of a channel.
#[derive(Debug)]
struct Line {
    /// Where the card listens.
    listener: Option<TcpListener>,
    link: Option<Link>,
}

#[derive(Debug)]
enum Link {
    Udp(UdpSocket),
    Tcp {
        stream: TcpStream,
        /// What the other side has no room for yet.
        outgoing: Vec<u8>,
    },
}

/// The host to which a channel is not opened, because it is not this machine.
pub fn foreign(request: &ChannelRequest) -> Option<IpAddr> {
    match request {
        ChannelRequest::Open { host, .. } if !host.is_loopback() => Some(*host),
        _ => None,
    }
}

impl Sockets {
    /// Makes the sockets that a channel asks for.
    fn make(&mut self, channel: u8, made: io::Result<Line>, error: ChannelError) {
        let event = match made {
            Ok(line) => {
                let event =
                    if line.listener.is_some() { ChannelEvent::Listening } else { ChannelEvent::Opened };
                self.lines.insert(channel, line);
                event
            }
            Err(reason) => {
                log::info!("channel {channel}: {reason}");
                ChannelEvent::Failed(error)
            }
        };
        self.ready.push_back((channel, event));
    }
}

impl Carrier for Sockets {
    fn handle_channel(&mut self, channel: u8, request: ChannelRequest, now: Instant) {
        self.looked = now;
        match request {
            ChannelRequest::Open { transport, host, port } => {
                let line = Line::connect(transport, SocketAddr::new(host, port));
                self.make(channel, line, ChannelError::Unreachable);
            }
            ChannelRequest::Listen { port } => {
                self.make(channel, Line::listen(port), ChannelError::PortTaken);
            }
            ChannelRequest::Send(octets) => {
                if let Some(line) = self.lines.get_mut(&channel)
                    && !line.send(&octets)
                {
                    line.link = None;
                    self.ready.push_back((channel, ChannelEvent::Dropped));
                }
            }
            ChannelRequest::Disconnect => {
                if let Some(line) = self.lines.get_mut(&channel) {
                    line.link = None;
                }
                self.ready.retain(|(other, _)| *other != channel);
            }
            ChannelRequest::Close => {
                self.lines.remove(&channel);
                self.ready.retain(|(other, _)| *other != channel);
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.looked = now;
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (!self.lines.is_empty()).then(|| self.looked + TICK)
    }

    fn poll_event(&mut self, room: &dyn Fn(u8) -> usize) -> Option<(u8, ChannelEvent)> {
        self.ready.pop_front().or_else(|| {
            self.lines
                .iter_mut()
                .find_map(|(&channel, line)| line.look(room(channel)).map(|event| (channel, event)))
        })
    }
}

impl Line {
    /// Connects to a socket of this machine.
    fn connect(transport: Transport, address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                ErrorKind::PermissionDenied,
                format!("{address} is not this machine"),
            ));
        }
        let link = match transport {
            Transport::Tcp => Link::tcp(TcpStream::connect_timeout(&address, PATIENCE)?)?,
            Transport::Udp => {
                let local: IpAddr =
                    if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
                let socket = UdpSocket::bind((local, 0))?;
                socket.connect(address)?;
                socket.set_nonblocking(true)?;
                Link::Udp(socket)
            }
        };
        Ok(Self { listener: None, link: Some(link) })
    }

    /// Listens on a port of this machine, for this machine.
    fn listen(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener: Some(listener), link: None })
    }

    /// Sends octets; `false` if the connection has broken. A datagram that does not go is lost.
    fn send(&mut self, octets: &[u8]) -> bool {
        match &mut self.link {
            Some(Link::Udp(socket)) => {
                if let Err(reason) = socket.send(octets) {
                    log::info!("a datagram is lost: {reason}");
                }
                true
            }
            Some(Link::Tcp { stream, outgoing }) => {
                outgoing.extend_from_slice(octets);
                outgoing.len() <= LIMIT && flush(stream, outgoing).is_ok()
            }
            None => true,
        }
    }

    /// What has happened, if anything has; `room` octets may come.
    fn look(&mut self, room: usize) -> Option<ChannelEvent> {
        match &mut self.link {
            None => {
                let (stream, _) = self.listener.as_ref()?.accept().ok()?;
                self.link = Some(Link::tcp(stream).ok()?);
                Some(ChannelEvent::Opened)
            }
            Some(Link::Udp(socket)) => {
                let mut datagram = vec![0; LIMIT];
                let count = socket.recv(&mut datagram).ok()?;
                datagram.truncate(count);
                Some(ChannelEvent::Received(datagram))
            }
            Some(Link::Tcp { stream, outgoing }) => {
                let mut piece = vec![0; room.min(PIECE)];
                let came = flush(stream, outgoing).and_then(|()| match room {
                    0 => Ok(None),
                    _ => stream.read(&mut piece).map(Some),
                });
                match came {
                    Ok(None) => None,
                    Ok(Some(count)) if count > 0 => {
                        piece.truncate(count);
                        Some(ChannelEvent::Received(piece))
                    }
                    Err(reason) if is_for_later(&reason) => None,
                    Ok(Some(_)) | Err(_) => {
                        self.link = None;
                        Some(ChannelEvent::Dropped)
                    }
                }
            }
        }
    }
}

impl Link {
    fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self::Tcp { stream, outgoing: Vec::new() })
    }
}

/// Sends as much as the other side has room for.
fn flush(stream: &mut TcpStream, outgoing: &mut Vec<u8>) -> io::Result<()> {
    while !outgoing.is_empty() {
        match stream.write(outgoing) {
            Ok(count) => drop(outgoing.drain(..count.min(outgoing.len()))),
            Err(reason) if is_for_later(&reason) => return Ok(()),
            Err(reason) => return Err(reason),
        }
    }
    Ok(())
}

fn is_for_later(reason: &io::Error) -> bool {
    matches!(reason.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
