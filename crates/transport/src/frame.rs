//! Frames on a stream: a length in two octets, and that many octets.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// How long one read blocks at most: so soon a connection notices that it is not wanted any more.
const PATIENCE: Duration = Duration::from_millis(100);

/// Octets of the length.
const HEADER: usize = 2;

/// A frame of one octet that controls the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Off = 0,
    On = 1,
    Reset = 2,
    AnswerToReset = 4,
}

impl Control {
    /// What a frame controls; none if it is an APDU.
    pub(crate) const fn of(frame: &[u8]) -> Option<Self> {
        match frame {
            [0] => Some(Self::Off),
            [1] => Some(Self::On),
            [2] => Some(Self::Reset),
            [4] => Some(Self::AnswerToReset),
            _ => None,
        }
    }

    /// The octet.
    pub(crate) const fn octet(self) -> u8 {
        self as u8
    }
}

/// What came of waiting for a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// This came.
    Frame(Vec<u8>),
    /// The other end has closed the connection, between two frames.
    Closed,
    /// The caller does not want to wait any longer.
    GivenUp,
}

/// A connection that carries frames.
#[derive(Debug)]
pub(crate) struct Frames {
    stream: TcpStream,
    /// What has been read and not been taken.
    buffer: Vec<u8>,
}

impl Frames {
    /// Frames on a connection, which must block.
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Waits for the next frame, until `give_up` says otherwise, which is asked every 0.1 s.
    pub(crate) fn receive(&mut self, mut give_up: impl FnMut() -> bool) -> io::Result<Received> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(frame) = self.take() {
                return Ok(Received::Frame(frame));
            }
            // vpcd writes length and body apart: without an acknowledgement at once, Nagle's algorithm at
            // its end holds the body back until the delayed one, 40 ms for every APDU. The kernel forgets
            // the option after use.
            #[cfg(target_os = "linux")]
            std::os::linux::net::TcpStreamExt::set_quickack(&self.stream, true)?;
            match self.stream.read(&mut chunk) {
                Ok(0) if self.buffer.is_empty() => return Ok(Received::Closed),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.buffer.extend(chunk.iter().take(n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if give_up() {
                        return Ok(Received::GivenUp);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a frame with one write.
    ///
    /// # Errors
    /// `InvalidInput` if the octets are too many for a frame.
    pub(crate) fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        let length = u16::try_from(octets.len()).map_err(|_| ErrorKind::InvalidInput)?;
        let mut frame = Vec::with_capacity(HEADER + octets.len());
        frame.extend(length.to_be_bytes());
        frame.extend(octets);
        self.stream.write_all(&frame)
    }

    /// The next frame, if all of it is there.
    fn take(&mut self) -> Option<Vec<u8>> {
        let (header, rest) = self.buffer.split_first_chunk::<HEADER>()?;
        let length = usize::from(u16::from_be_bytes(*header));
        let frame = rest.get(..length)?.to_vec();
        self.buffer.drain(..HEADER + length);
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn pair() -> (Frames, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Frames::new(near).unwrap(), listener.accept().unwrap().0)
    }

    #[test]
    fn frames_come_whole_however_they_were_cut() {
        let (mut near, mut far) = pair();
        for octets in [&[0x00][..], &[0x03, 0xAA], &[0xBB, 0xCC, 0x00, 0x00, 0x00, 0x01], &[0x04]] {
            far.write_all(octets).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(far);
        for expected in [&[0xAA, 0xBB, 0xCC][..], &[], &[0x04]] {
            assert_eq!(near.receive(|| false).unwrap(), Received::Frame(expected.to_vec()));
        }
        assert_eq!(near.receive(|| false).unwrap(), Received::Closed);
    }

    #[test]
    fn a_frame_cut_short_by_the_end_is_an_error() {
        let (mut near, mut far) = pair();
        far.write_all(&[0x00, 0x02, 0xAA]).unwrap();
        drop(far);
        assert_eq!(near.receive(|| false).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn waiting_ends_when_the_caller_says_so() {
        let (mut near, _far) = pair();
        assert_eq!(near.receive(|| true).unwrap(), Received::GivenUp);
    }

    #[test]
    fn what_does_not_fit_into_a_frame_is_not_sent() {
        let (mut near, _far) = pair();
        assert_eq!(near.send(&vec![0; 0x1_0000]).unwrap_err().kind(), ErrorKind::InvalidInput);
        near.send(&vec![0; 0xFFFF]).unwrap();
    }
}
