//! What passed between card, phone, SMS centre and server: recorded, shown, compared, replayed.
//!
//! - A [`Record`] is one thing that passed, with its time. A [`Recorder`] writes records to a [`Destination`]: lines of
//!   JSON ([`json`]), a capture for Wireshark ([`pcapng`]), or a Wireshark that listens ([`gsmtap`]).
//! - [`Recorded`] records a card; [`Recorder::note_transport`] takes what [`oxisim_transport::Traced`] tells.
//! - [`read`] reads a trace, [`Transcript`] says in words what is in it, [`diff`](mod@diff) compares two, and a
//!   [`Replay`] plays the terminal's side of one against a card.
//!
//! ```
//! use oxisim_trace::{Transcript, json, read};
//!
//! let text = r#"{"at":0,"kind":"exchange","command":"00A40004023F00","response":"6A82"}"#;
//! let records = read(text.as_bytes())?;
//! let record = &records[0].record;
//! assert_eq!(json::line(record), text);
//!
//! let mut lines = Vec::new();
//! Transcript::default().tell(record, Some("MF"), &mut |line| lines.push(line.to_string()));
//! assert_eq!(lines, ["     0.000s  phone   SELECT 3F00 (MF) -> 6A82 file not found"]);
//! # Ok::<(), oxisim_trace::Error>(())
//! ```

mod align;
mod card;
pub mod diff;
mod error;
pub mod gsmtap;
pub mod json;
pub mod pcapng;
mod record;
mod replay;
mod sink;
mod smpp;
mod transcript;
mod upper;
mod words;

pub use card::Recorded;
pub use diff::{Difference, diff};
pub use error::Error;
pub use record::{Clock, Party, Place, Placed, Record, What};
pub use replay::{Mismatch, Replay, Step};
pub use sink::{Destination, Recorder};
pub use transcript::{Line, Transcript};
pub use words::marked;

/// The records of a trace: a capture, or lines of JSON.
pub fn read(octets: &[u8]) -> Result<Vec<Placed>, Error> {
    const SECTION_HEADER: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];
    let records =
        if octets.starts_with(&SECTION_HEADER) { pcapng::read(octets)? } else { json::read(octets)? };
    if records.is_empty() { Err(Error::Empty) } else { Ok(records) }
}
