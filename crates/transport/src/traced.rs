//! Every exchange, told.

use std::{
    fmt,
    time::{Duration, Instant},
};

use oxisim_apdu::Response;

use crate::{Error, Transport};

/// A transport that tells what goes through it.
#[derive(Clone, Debug)]
pub struct Traced<T, F> {
    transport: T,
    tell: F,
}

/// What went through.
#[derive(Debug)]
pub enum Trace<'a> {
    /// The card was reset, or not.
    Reset {
        /// The answer to reset.
        answer: Result<&'a [u8], &'a Error>,
        /// How long it took.
        took: Duration,
    },
    /// A command went to the card.
    Exchange {
        /// The command APDU.
        command: &'a [u8],
        /// The response APDU.
        response: Result<&'a [u8], &'a Error>,
        /// How long it took.
        took: Duration,
    },
}

impl<T: Transport, F: FnMut(&Trace<'_>)> Traced<T, F> {
    /// Tells `tell` whatever goes through `transport`.
    pub const fn new(transport: T, tell: F) -> Self {
        Self { transport, tell }
    }
}

/// For [`Traced::new`]: writes to the log, at level debug.
pub fn to_log(trace: &Trace<'_>) {
    log::debug!("{trace}");
}

impl<T: Transport, F: FnMut(&Trace<'_>)> Transport for Traced<T, F> {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        let start = Instant::now();
        let answer = self.transport.reset();
        (self.tell)(&Trace::Reset { answer: answer.as_deref(), took: start.elapsed() });
        answer
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        let start = Instant::now();
        let response = self.transport.exchange(apdu);
        let took = start.elapsed();
        (self.tell)(&Trace::Exchange { command: apdu, response: response.as_deref(), took });
        response
    }

    fn await_removal(&mut self, within: Duration) -> Result<(), Error> {
        self.transport.await_removal(within)
    }

    fn await_card(&mut self, within: Duration) -> Result<(), Error> {
        self.transport.await_card(within)
    }
}

/// As `00A4000C023F00 -> 9000 normal ending (0.000105 s)`.
impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = match self {
            Self::Reset { answer, took } => {
                write!(f, "reset -> ")?;
                match answer {
                    Ok(octets) => hex(octets, f)?,
                    Err(error) => write!(f, "{error}")?,
                }
                took
            }
            Self::Exchange { command, response, took } => {
                hex(command, f)?;
                write!(f, " -> ")?;
                match response.map(|octets| (octets, Response::from_bytes(octets))) {
                    Ok((_, Ok(Response { data, status }))) => {
                        hex(&data, f)?;
                        write!(f, "{}{status}", if data.is_empty() { "" } else { " " })?;
                    }
                    Ok((octets, Err(_))) => hex(octets, f)?,
                    Err(error) => write!(f, "{error}")?,
                }
                took
            }
        };
        write!(f, " ({:.6} s)", took.as_secs_f64())
    }
}

fn hex(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Transport for Broken {
        fn reset(&mut self) -> Result<Vec<u8>, Error> {
            Ok(vec![0x3B, 0x00])
        }

        fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
            match apdu {
                [0, ..] => Ok(vec![0xAB, 0x6A, 0x82]),
                [1, ..] => Ok(vec![0x90]),
                _ => Err(Error::NoCard { reader: "r".into() }),
            }
        }
    }

    #[test]
    fn a_trace_is_one_line_for_each_exchange() {
        let mut lines = Vec::new();
        let mut traced = Traced::new(Broken, |trace: &Trace<'_>| {
            let line = trace.to_string();
            lines.push(line.split(" (").next().unwrap_or_default().to_owned());
        });
        traced.reset().unwrap();
        traced.exchange(&[0x00, 0xB0]).unwrap();
        traced.exchange(&[0x01]).unwrap();
        traced.exchange(&[0x02]).unwrap_err();
        let expected = [
            "reset -> 3B00",
            "00B0 -> AB 6A82 file not found",
            "01 -> 90",
            "02 -> no card is in reader \"r\"",
        ];
        assert_eq!(lines, expected);
    }
}
