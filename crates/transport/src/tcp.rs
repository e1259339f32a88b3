//! A card over TCP: the card listens, the terminal connects. The [crate's documentation](crate) has the frames.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Error, SmartCard, Transport,
    card::Served,
    frame::{Control, Frames, Received},
};

/// How long a card may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// How often a listener looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(20);

/// Shortest and longest command APDU that a frame carries: shorter ones might control the card.
const APDU: std::ops::RangeInclusive<usize> = 4..=0xFFFF;

/// The terminal's end.
#[derive(Debug)]
pub struct TcpClient {
    peer: String,
    frames: Frames,
}

impl TcpClient {
    /// Connects to the card at `address`, as `host:port`.
    pub fn connect(address: &str) -> Result<Self, Error> {
        let frames = TcpStream::connect(address).and_then(Frames::new);
        let frames = frames.map_err(|error| Error::Unreachable { address: address.into(), error })?;
        Ok(Self { peer: address.into(), frames })
    }

    /// Waits at `address`, as `host:port`, for a card that connects to the reader of vpcd, and is that reader.
    pub fn accept(address: &str) -> Result<Self, Error> {
        let listen = |error| Error::Listen { address: address.into(), error };
        let (stream, peer) =
            TcpListener::bind(address).and_then(|listener| listener.accept()).map_err(listen)?;
        let frames = Frames::new(stream).map_err(listen)?;
        Ok(Self { peer: peer.to_string(), frames })
    }

    fn send(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.frames.send(octets).map_err(|error| Error::Lost { peer: self.peer.clone(), error })
    }

    fn receive(&mut self) -> Result<Vec<u8>, Error> {
        let deadline = Instant::now() + ANSWER_LIMIT;
        let peer = || self.peer.clone();
        match self.frames.receive(|| Instant::now() >= deadline) {
            Ok(Received::Frame(octets)) => Ok(octets),
            Ok(Received::Closed) => {
                Err(Error::Lost { peer: peer(), error: io::ErrorKind::UnexpectedEof.into() })
            }
            Ok(Received::GivenUp) => Err(Error::Silent { peer: peer() }),
            Err(error) => Err(Error::Lost { peer: peer(), error }),
        }
    }
}

impl Transport for TcpClient {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        self.send(&[Control::Reset.octet()])?;
        self.send(&[Control::AnswerToReset.octet()])?;
        self.receive()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        if !APDU.contains(&apdu.len()) {
            return Err(Error::Length { octets: apdu.len() });
        }
        self.send(apdu)?;
        self.receive()
    }
}

/// The card's end.
#[derive(Debug)]
pub struct TcpServer {
    listener: TcpListener,
    address: SocketAddr,
}

/// What happens at the card's end.
#[derive(Debug)]
pub enum Visit {
    /// A terminal has connected.
    Began(SocketAddr),
    /// It has gone; the card is off.
    Ended(SocketAddr),
    /// The connection broke; the card is off.
    Broke(SocketAddr, io::Error),
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Began(peer) => write!(f, "a terminal has connected from {peer}"),
            Self::Ended(peer) => write!(f, "the terminal at {peer} has gone"),
            Self::Broke(peer, error) => write!(f, "the connection to {peer} is lost: {error}"),
        }
    }
}

impl TcpServer {
    /// Listens on `address`, as `host:port`; port 0 takes any that is free.
    pub fn bind(address: &str) -> Result<Self, Error> {
        let listen = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        listen().map_err(|error| Error::Listen { address: address.into(), error })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Offers the card to one terminal after another, until `stop`; the card is on only as a terminal says.
    pub fn serve(
        &self,
        card: &mut impl SmartCard,
        stop: &AtomicBool,
        mut tell: impl FnMut(&Visit),
    ) -> Result<(), Error> {
        while !stop.load(Ordering::Relaxed) {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    tell(&Visit::Began(peer));
                    match stream.set_nonblocking(false).and_then(|()| converse(stream, card, stop)) {
                        Ok(()) => tell(&Visit::Ended(peer)),
                        Err(error) => tell(&Visit::Broke(peer, error)),
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(LOOK),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Listen { address: self.address.to_string(), error }),
            }
        }
        Ok(())
    }
}

/// Lets the card answer what comes, until the other end closes the connection or `stop`.
pub(crate) fn converse(stream: TcpStream, card: &mut impl SmartCard, stop: &AtomicBool) -> io::Result<()> {
    let mut frames = Frames::new(stream)?;
    let mut served = Served::new(card);
    let ended = loop {
        let frame = match frames.receive(|| stop.load(Ordering::Relaxed)) {
            Ok(Received::Frame(frame)) => frame,
            Ok(Received::Closed | Received::GivenUp) => break Ok(()),
            Err(error) => break Err(error),
        };
        if let Some(answer) = served.handle(&frame)
            && let Err(error) = frames.send(&answer)
        {
            break Err(error);
        }
        // A terminal that sends one command after another leaves no pause to be asked in.
        if stop.load(Ordering::Relaxed) {
            break Ok(());
        }
    };
    served.release();
    ended
}
