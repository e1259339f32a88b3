//! A card in a PC/SC reader that does not exist: the driver vpcd of the Virtual Smart Card project, inside
//! pcscd, listens on a TCP port for each slot, and the card connects.

use std::{
    fmt, io,
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{SmartCard, tcp::converse};

/// Where vpcd listens for the card in its first slot, unless configured otherwise; the second slot is at the next
/// port.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:35963";

/// The first pause before another attempt; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How often a pause looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(20);

/// What happens between card and reader.
#[derive(Debug)]
pub enum News<'a> {
    /// The card is in the reader.
    Inserted {
        /// Where vpcd listens.
        address: &'a str,
    },
    /// The reader has gone, or has taken the connection down; the card is off, and tries again.
    Lost {
        /// Where vpcd listened.
        address: &'a str,
        /// Why; none if the reader closed the connection.
        error: Option<io::Error>,
    },
    /// No reader is there. Told once, until the card is in the reader again; the attempts go on.
    Unreachable {
        /// Where vpcd ought to listen.
        address: &'a str,
        /// Why not.
        error: io::Error,
    },
}

impl fmt::Display for News<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inserted { address } => write!(f, "the card is in the reader of vpcd at {address}"),
            Self::Lost { address, error: None } => {
                write!(f, "the reader of vpcd at {address} has gone; trying again")
            }
            Self::Lost { address, error: Some(error) } => {
                write!(f, "the connection to vpcd at {address} is lost: {error}; trying again")
            }
            Self::Unreachable { address, error } => write!(
                f,
                "no reader of vpcd at {address}: {error}; is pcscd running, with vpcd? Trying again until it is"
            ),
        }
    }
}

/// Puts the card into the reader of vpcd at `address`, as `host:port`, and lets it answer until `stop`.
///
/// When there is no reader, or it goes, the card tries again, after 0.25 s at first and 4 s at last.
pub fn serve(address: &str, card: &mut impl SmartCard, stop: &AtomicBool, mut tell: impl FnMut(&News<'_>)) {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    while !stop.load(Ordering::Relaxed) {
        match TcpStream::connect(address) {
            Ok(stream) => {
                tell(&News::Inserted { address });
                let begin = Instant::now();
                let error = converse(stream, card, stop).err();
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                tell(&News::Lost { address, error });
                // A reader that takes connections down at once, because its slot is taken, is no success.
                if begin.elapsed() > LONGEST_PAUSE {
                    pause = FIRST_PAUSE;
                }
                told = false;
            }
            Err(error) if !told => {
                tell(&News::Unreachable { address, error });
                told = true;
            }
            Err(_) => {}
        }
        let end = Instant::now() + pause;
        while Instant::now() < end && !stop.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    use super::*;

    struct Card;

    impl SmartCard for Card {
        fn power_on(&mut self) -> Vec<u8> {
            vec![0x3B, 0x00]
        }

        fn exchange(&mut self, _apdu: &[u8]) -> Vec<u8> {
            vec![0x90, 0x00]
        }

        fn power_off(&mut self) {}
    }

    fn ask(stream: &mut TcpStream, frame: &[u8]) -> [u8; 4] {
        stream.write_all(frame).unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_lost_reader_is_told_and_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = AtomicBool::new(false);
        let mut told = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| serve(&address, &mut Card, &stop, |news| told.push(news.to_string())));
            let (mut reader, _) = listener.accept().unwrap();
            assert_eq!(ask(&mut reader, &[0, 1, 4]), [0, 2, 0x3B, 0x00]);
            drop((reader, listener));
            thread::sleep(Duration::from_millis(400));
            let listener = TcpListener::bind(&address).unwrap();
            let (mut reader, _) = listener.accept().unwrap();
            assert_eq!(ask(&mut reader, &[0, 1, 1, 0, 4, 0, 0xA4, 0, 0x0C]), [0, 2, 0x90, 0x00]);
            stop.store(true, Ordering::Relaxed);
        });
        let [inserted, lost, unreachable, again] = &told[..] else { panic!("{told:?}") };
        assert!(inserted.starts_with("the card is in the reader"), "{inserted}");
        assert!(lost.contains("trying again"), "{lost}");
        assert!(unreachable.contains("is pcscd running"), "{unreachable}");
        assert_eq!(inserted, again);
    }
}
