//! A card over TCP: the card listens, the terminal connects. The [crate's documentation](crate) has the frames.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _},
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

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How often a listener looks whether it is to stop, and whoever waits for another end whether it is there.
const LOOK: Duration = Duration::from_millis(20);

/// Shortest and longest command APDU that a frame carries: shorter ones might control the card.
const APDU: std::ops::RangeInclusive<usize> = 4..=0xFFFF;

/// The terminal's end.
#[derive(Debug)]
pub struct TcpClient {
    way: Way,
    /// The connection, and who is at its other end; none after the card was taken out.
    there: Option<(Frames, String)>,
}

/// How the two ends find each other.
#[derive(Clone, Debug)]
enum Way {
    /// The card listens here.
    To(String),
    /// The card connects to here.
    At(String),
}

impl TcpClient {
    /// Connects to the card at `address`, as `host:port`.
    pub fn connect(address: &str) -> Result<Self, Error> {
        let way = Way::To(address.into());
        let there = connect(address)?;
        Ok(Self { way, there: Some(there) })
    }

    /// Waits at `address`, as `host:port`, for a card that connects to the reader of vpcd, and is that reader.
    pub fn accept(address: &str, within: Duration) -> Result<Self, Error> {
        let way = Way::At(address.into());
        let there = accept(address, within)?;
        Ok(Self { way, there: Some(there) })
    }

    /// The connection, if there is one.
    fn there(&mut self) -> Result<(&mut Frames, &str), Error> {
        let (Way::To(address) | Way::At(address)) = &self.way;
        let lost = || Error::Lost { peer: address.clone(), error: io::ErrorKind::NotConnected.into() };
        self.there.as_mut().map(|(frames, peer)| (frames, peer.as_str())).ok_or_else(lost)
    }

    fn send(&mut self, octets: &[u8]) -> Result<(), Error> {
        let (frames, peer) = self.there()?;
        frames.send(octets).map_err(|error| Error::Lost { peer: peer.into(), error })
    }

    fn receive(&mut self) -> Result<Vec<u8>, Error> {
        let deadline = Instant::now() + ANSWER_LIMIT;
        let (frames, peer) = self.there()?;
        let peer = || peer.to_owned();
        match frames.receive(|| Instant::now() >= deadline) {
            Ok(Received::Frame(octets)) => Ok(octets),
            Ok(Received::Closed) => {
                Err(Error::Lost { peer: peer(), error: io::ErrorKind::UnexpectedEof.into() })
            }
            Ok(Received::GivenUp) => Err(Error::Silent { peer: peer() }),
            Err(error) => Err(Error::Lost { peer: peer(), error }),
        }
    }
}

/// Whether a card begins so: with the initial character and the format character (ISO/IEC 7816-3 §8.1).
const fn is_answer_to_reset(octets: &[u8]) -> bool {
    matches!(octets, [0x3B | 0x3F, _, ..])
}

fn connect(address: &str) -> Result<(Frames, String), Error> {
    let unreachable = |error| Error::Unreachable { address: address.into(), error };
    let mut error = io::ErrorKind::NotFound.into();
    for target in address.to_socket_addrs().map_err(unreachable)? {
        match TcpStream::connect_timeout(&target, CONNECT_LIMIT).and_then(Frames::new) {
            Ok(frames) => return Ok((frames, address.into())),
            Err(other) => error = other,
        }
    }
    Err(unreachable(error))
}

fn accept(address: &str, within: Duration) -> Result<(Frames, String), Error> {
    let listen = |error| Error::Listen { address: address.into(), error };
    let deadline = Instant::now() + within;
    let listener = TcpListener::bind(address).map_err(listen)?;
    listener.set_nonblocking(true).map_err(listen)?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match listener.accept() {
            Ok((stream, peer)) => {
                let frames = stream.set_nonblocking(false).and_then(|()| Frames::new(stream));
                return Ok((frames.map_err(listen)?, peer.to_string()));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && !left.is_zero() => {
                thread::sleep(left.min(LOOK));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(Error::NotCome { address: address.into(), within });
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(listen(error)),
        }
    }
}

impl Transport for TcpClient {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        self.send(&[Control::Reset.octet()])?;
        self.send(&[Control::AnswerToReset.octet()])?;
        match self.receive()? {
            answer if is_answer_to_reset(&answer) => Ok(answer),
            answer => Err(Error::NoAnswerToReset { peer: self.there()?.1.into(), answer }),
        }
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        if !APDU.contains(&apdu.len()) {
            return Err(Error::Length { octets: apdu.len() });
        }
        self.send(apdu)?;
        self.receive()
    }

    /// The connection ends.
    fn await_removal(&mut self, _within: Duration) -> Result<(), Error> {
        self.there = None;
        Ok(())
    }

    /// There is a new connection.
    fn await_card(&mut self, within: Duration) -> Result<(), Error> {
        self.there = None;
        let deadline = Instant::now() + within;
        self.there = Some(match &self.way {
            Way::At(address) => accept(address, within)?,
            Way::To(address) => loop {
                let left = deadline.saturating_duration_since(Instant::now());
                match connect(address) {
                    Err(Error::Unreachable { .. }) if !left.is_zero() => thread::sleep(left.min(LOOK)),
                    found => break found?,
                }
            },
        });
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A card that knows one answer.
    struct Same(u8);

    impl SmartCard for Same {
        fn power_on(&mut self) -> Vec<u8> {
            vec![0x3B, self.0]
        }

        fn power_off(&mut self) {}

        fn exchange(&mut self, _apdu: &[u8]) -> Vec<u8> {
            vec![0x6D, 0x00]
        }
    }

    #[test]
    fn whoever_waits_for_a_card_that_does_not_come_is_told_so() {
        let within = Duration::from_millis(10);
        let error = TcpClient::accept("127.0.0.1:0", within).unwrap_err();
        assert_eq!(error.to_string(), "no card has come to 127.0.0.1:0 within 0.01 s");
    }

    #[test]
    fn a_card_that_does_not_answer_to_reset_is_told() {
        struct Mute(Vec<u8>);
        impl SmartCard for Mute {
            fn power_on(&mut self) -> Vec<u8> {
                self.0.clone()
            }

            fn power_off(&mut self) {}

            fn exchange(&mut self, _apdu: &[u8]) -> Vec<u8> {
                vec![0x6D, 0x00]
            }
        }
        for (answer, said) in
            [(vec![], ""), (vec![0x00, 0x01], ", but says 00 01"), (vec![0x3B], ", but says 3B")]
        {
            let stop = AtomicBool::new(false);
            let server = TcpServer::bind("127.0.0.1:0").unwrap();
            let address = server.local_address().to_string();
            thread::scope(|scope| {
                scope.spawn(|| server.serve(&mut Mute(answer), &stop, |_| {}));
                let mut card = TcpClient::connect(&address).unwrap();
                let error = card.reset().unwrap_err();
                stop.store(true, Ordering::Relaxed);
                assert_eq!(
                    error.to_string(),
                    format!("the card at {address} does not answer to reset{said}")
                );
            });
        }
    }

    #[test]
    fn a_card_that_was_taken_out_is_found_again_and_so_is_another_at_its_place() {
        let stop = [AtomicBool::new(false), AtomicBool::new(false)];
        let server = TcpServer::bind("127.0.0.1:0").unwrap();
        let address = server.local_address().to_string();
        thread::scope(|scope| {
            let first = scope.spawn({
                let stop = &stop[0];
                move || server.serve(&mut Same(1), stop, |_| {})
            });
            let mut card = TcpClient::connect(&address).unwrap();
            assert_eq!(card.reset().unwrap(), [0x3B, 1]);
            card.await_removal(Duration::ZERO).unwrap();
            assert!(matches!(card.exchange(&[0x00, 0xB0, 0x00, 0x00]), Err(Error::Lost { .. })));
            card.await_card(Duration::ZERO).unwrap();
            assert_eq!(card.reset().unwrap(), [0x3B, 1]);
            stop[0].store(true, Ordering::Relaxed);
            first.join().unwrap().unwrap();
            assert!(matches!(card.await_card(Duration::ZERO), Err(Error::Unreachable { .. })));
            let server = TcpServer::bind(&address).unwrap();
            let stop = &stop[1];
            scope.spawn(move || server.serve(&mut Same(2), stop, |_| {}));
            card.await_card(Duration::ZERO).unwrap();
            assert_eq!(card.reset().unwrap(), [0x3B, 2]);
            stop.store(true, Ordering::Relaxed);
        });
    }
}
