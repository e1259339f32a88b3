//! The option `--trace` of whatever exchanges APDUs.

use oxisim_trace::{Clock, Destination, Recorder};
use oxisim_transport::{Trace, to_log};
use oxisim_wire::Instant;

use crate::{backup::wall_clock, failure::Failure, report::count};

/// Whether what passes is recorded, and where.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TraceArgs {
    /// Record what passes, with its time: F.jsonl for `oxisim trace`, F.pcapng for Wireshark, or `udp:HOST:PORT` for a
    /// Wireshark that listens; without a port, 4729.
    #[arg(long, value_name = "FILE")]
    trace: Option<Destination>,
}

impl TraceArgs {
    /// Whether anything is to be recorded.
    pub const fn is_wanted(&self) -> bool {
        self.trace.is_some()
    }

    /// Begins to record, if it is wanted.
    pub fn open(&self, clock: Clock, now: Instant) -> Result<Option<Recorder>, Failure> {
        let opened = self.trace.as_ref().map(|destination| {
            let failed = |error| Failure::NotDone(format!("--trace: {error}"));
            Recorder::open(destination, clock, now).map_err(failed)
        });
        opened.transpose()
    }
}

/// For [`Traced`](oxisim_transport::Traced): writes to the log, and records.
pub fn teller(recorder: Option<Recorder>) -> impl FnMut(&Trace<'_>) {
    move |trace| {
        to_log(trace);
        if let Some(recorder) = &recorder {
            recorder.note_transport(wall_clock(), trace);
        }
    }
}

/// The end of a run that was recorded: what could not be written is an error, unless there is another.
pub fn finish(recorder: Option<&Recorder>, done: Result<(), Failure>) -> Result<(), Failure> {
    let written = recorder.map_or(Ok(()), Recorder::finish);
    recorder.into_iter().for_each(tell_too_long);
    done.and_then(|()| written.map_err(|error| Failure::NotDone(format!("--trace: {error}"))))
}

/// Says how many records a Wireshark that listens did not get, if there are such.
pub fn tell_too_long(recorder: &Recorder) {
    let too_long = recorder.too_long();
    if too_long > 0 {
        eprintln!("{} left out, too long for a datagram", count(too_long, "record"));
    }
}
