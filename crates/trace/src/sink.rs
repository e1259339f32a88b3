//! Where records go.

use std::{
    fs::File,
    io::{BufWriter, Write},
    net::{SocketAddr, ToSocketAddrs, UdpSocket},
    path::PathBuf,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use oxisim_transport::Trace;
use oxisim_wire::{Duration, Instant};

use crate::{Clock, Error, Record, What, gsmtap, json, pcapng};

/// Where a trace goes, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A file with a line of JSON for each record: `F.jsonl`.
    Lines(PathBuf),
    /// A capture for Wireshark: `F.pcapng`.
    Capture(PathBuf),
    /// A Wireshark that listens: `udp:HOST` or `udp:HOST:PORT`.
    Live(String),
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix("udp:") {
            let has_port = address.rsplit_once(':').is_some_and(|(host, port)| {
                port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
            });
            let address = if has_port { address.into() } else { format!("{address}:{}", gsmtap::PORT) };
            return Ok(Self::Live(address));
        }
        let path = PathBuf::from(text);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl") => Ok(Self::Lines(path)),
            Some("pcapng") => Ok(Self::Capture(path)),
            _ => Err(format!("{text:?} is neither F.jsonl, F.pcapng nor udp:HOST[:PORT]")),
        }
    }
}

/// A sink that is open.
enum Sink {
    Lines(BufWriter<File>),
    Capture(pcapng::Writer<BufWriter<File>>),
    Live(UdpSocket, SocketAddr),
}

impl Sink {
    fn open(destination: &Destination) -> Result<Self, Error> {
        Ok(match destination {
            Destination::Lines(path) => Self::Lines(BufWriter::new(File::create(path)?)),
            Destination::Capture(path) => {
                Self::Capture(pcapng::Writer::new(BufWriter::new(File::create(path)?))?)
            }
            Destination::Live(address) => {
                let unreachable = |error| Error::Address { address: address.clone(), error };
                let target = address.to_socket_addrs().map_err(unreachable)?.next();
                let target = target.ok_or_else(|| unreachable(std::io::ErrorKind::NotFound.into()))?;
                let own = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                Self::Live(UdpSocket::bind(own).map_err(unreachable)?, target)
            }
        })
    }

    /// Writes a record, and says whether it was left out.
    fn write(&mut self, record: &Record) -> Result<bool, Error> {
        match self {
            Self::Lines(out) => {
                writeln!(out, "{}", json::line(record))?;
                out.flush()?;
            }
            Self::Capture(writer) => writer.write(record)?,
            Self::Live(socket, target) => {
                let frames = gsmtap::frames(&record.what);
                if frames.iter().any(|frame| frame.len() > gsmtap::LONGEST) {
                    return Ok(true);
                }
                for frame in frames {
                    socket.send_to(&frame, *target)?;
                }
            }
        }
        Ok(false)
    }
}

/// Writes records as they come. Clones write to the same place.
///
/// What cannot be written is told by [`Recorder::finish`]: whoever exchanges APDUs has other things to do.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<State>>);

struct State {
    sink: Sink,
    failed: Option<Error>,
    too_long: usize,
}

impl Recorder {
    /// Begins a trace.
    pub fn open(destination: &Destination, clock: Clock, now: Instant) -> Result<Self, Error> {
        let recorder = Self::copy(destination)?;
        recorder.state().sink.write(&Record::start(now, clock))?;
        Ok(recorder)
    }

    /// Begins a copy of a trace, which has its own beginning.
    pub fn copy(destination: &Destination) -> Result<Self, Error> {
        let sink = Sink::open(destination)?;
        Ok(Self(Arc::new(Mutex::new(State { sink, failed: None, too_long: 0 }))))
    }

    /// Writes a record.
    pub fn write(&self, record: &Record) {
        let mut state = self.state();
        if state.failed.is_some() {
            return;
        }
        match state.sink.write(record) {
            Ok(is_left_out) => state.too_long += usize::from(is_left_out),
            Err(error) => {
                log::error!("{error}");
                state.failed = Some(error);
            }
        }
    }

    /// Writes what passed at a time.
    pub fn note(&self, at: Instant, what: What) {
        self.write(&Record::new(at, what));
    }

    /// Writes what a transport tells of, for [`Traced`](oxisim_transport::Traced).
    pub fn note_transport(&self, at: Instant, trace: &Trace<'_>) {
        self.note(at, of_transport(trace));
    }

    /// What could not be written, if anything.
    pub fn finish(&self) -> Result<(), Error> {
        self.state().failed.take().map_or(Ok(()), Err)
    }

    /// How many records were left out, because a datagram cannot carry them.
    #[must_use]
    pub fn too_long(&self) -> usize {
        self.state().too_long
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_transport(trace: &Trace<'_>) -> What {
    match trace {
        Trace::Reset { answer: Ok(answer), .. } => What::Reset { answer: answer.to_vec() },
        Trace::Reset { answer: Err(error), .. } => {
            What::Broken { command: Vec::new(), reason: error.to_string() }
        }
        Trace::Exchange { command, response: Ok(response), took } => What::Exchange {
            command: command.to_vec(),
            response: response.to_vec(),
            took: Duration::from_micros(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
        },
        Trace::Exchange { command, response: Err(error), .. } => {
            What::Broken { command: command.to_vec(), reason: error.to_string() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_told_by_its_name() {
        let of = |text: &str| text.parse::<Destination>();
        assert_eq!(of("a/b.jsonl"), Ok(Destination::Lines("a/b.jsonl".into())));
        assert_eq!(of("b.pcapng"), Ok(Destination::Capture("b.pcapng".into())));
        assert_eq!(of("udp:localhost"), Ok(Destination::Live("localhost:4729".into())));
        assert_eq!(of("udp:127.0.0.1:4730"), Ok(Destination::Live("127.0.0.1:4730".into())));
        assert_eq!(of("udp:[::1]"), Ok(Destination::Live("[::1]:4729".into())));
        assert_eq!(of("udp:[::1]:9"), Ok(Destination::Live("[::1]:9".into())));
        assert!(of("trace.txt").is_err());
    }

    #[test]
    fn what_is_live_comes_as_frames_of_gsmtap() {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        listener.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let destination = Destination::Live(listener.local_addr().unwrap().to_string());
        let recorder = Recorder::open(&destination, Clock::Real, Instant::EPOCH).unwrap();
        let what = What::Exchange {
            command: vec![0x80, 0x12, 0x00, 0x00, 0x01],
            response: vec![0xD0, 0x90, 0x00],
            took: Duration::ZERO,
        };
        recorder.note(Instant::EPOCH, what.clone());
        recorder.finish().unwrap();
        let mut frame = [0; 100];
        let length = listener.recv(&mut frame).unwrap();
        assert_eq!(gsmtap::read(&frame[..length]), Some(what));
    }

    #[test]
    fn what_is_too_long_for_a_datagram_is_left_out_and_what_comes_after_is_not() {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        listener.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let destination = Destination::Live(listener.local_addr().unwrap().to_string());
        let recorder = Recorder::copy(&destination).unwrap();
        let read = |octets: usize| What::Exchange {
            command: vec![0x00, 0xB0, 0x00, 0x00, 0x00, 0x00, 0x00],
            response: [&vec![7; octets][..], &[0x90, 0x00]].concat(),
            took: Duration::ZERO,
        };
        let after = What::Reset { answer: vec![0x3B, 0x00] };
        for what in [read(65_535), after.clone()] {
            recorder.note(Instant::EPOCH, what);
        }
        assert_eq!(recorder.too_long(), 1);
        recorder.finish().unwrap();
        let mut frame = [0; 100];
        let length = listener.recv(&mut frame).unwrap();
        assert_eq!(gsmtap::read(&frame[..length]), Some(after));
    }
}
