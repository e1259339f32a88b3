//! What can go wrong on the way to a card.

use std::{io, time::Duration};

/// What happened, and to whom.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The PC/SC service does not answer.
    #[error("the PC/SC service is not running: start pcscd")]
    NoService,
    /// No reader has this in its name.
    #[error("no reader is called {wanted:?}; {}", there_are(present))]
    NoReader {
        /// What was asked for.
        wanted: String,
        /// The readers that there are.
        present: Vec<String>,
    },
    /// Several readers have this in their names.
    #[error("{wanted:?} may be any of {}", quoted(matching))]
    AmbiguousReader {
        /// What was asked for.
        wanted: String,
        /// The readers that it may be.
        matching: Vec<String>,
    },
    /// The reader is empty.
    #[error("no card is in reader {reader:?}")]
    NoCard {
        /// The reader.
        reader: String,
    },
    /// The card does not answer to reset.
    #[error("the card in reader {reader:?} does not answer to reset")]
    Mute {
        /// The reader.
        reader: String,
    },
    /// The card was taken out.
    #[error("the card in reader {reader:?} was removed")]
    CardRemoved {
        /// The reader.
        reader: String,
    },
    /// The reader was unplugged.
    #[error("reader {reader:?} was removed")]
    ReaderRemoved {
        /// The reader.
        reader: String,
    },
    /// Another program uses the card, and one of both wants it alone.
    #[error("the card in reader {reader:?} is in use by another program")]
    InUse {
        /// The reader.
        reader: String,
    },
    /// Another program has reset the card: what was selected and verified is lost.
    #[error("the card in reader {reader:?} was reset by another program")]
    ResetByOther {
        /// The reader.
        reader: String,
    },
    /// The card does not speak a protocol that was asked for.
    #[error("the card in reader {reader:?} does not speak the protocol that was asked for")]
    Protocol {
        /// The reader.
        reader: String,
    },
    /// The PC/SC service reports something else.
    #[error("reader {reader:?}: {error}")]
    Reader {
        /// The reader; empty if no reader in particular.
        reader: String,
        /// What the service reports.
        error: pcsc::Error,
    },
    /// Nobody is at this address.
    #[error("cannot reach {address}: {error}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why not.
        error: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: String,
        /// Why not.
        error: io::Error,
    },
    /// The connection broke.
    #[error("the connection to {peer} is lost: {error}")]
    Lost {
        /// Who was at the other end.
        peer: String,
        /// How.
        error: io::Error,
    },
    /// The card at the other end does not answer to reset.
    #[error("the card at {peer} does not answer to reset{}", instead(answer))]
    NoAnswerToReset {
        /// Who is at the other end.
        peer: String,
        /// What came, which is no answer to reset.
        answer: Vec<u8>,
    },
    /// The other end is there and says nothing.
    #[error("{peer} does not answer")]
    Silent {
        /// Who is at the other end.
        peer: String,
    },
    /// Nobody took the card out.
    #[error("the card in reader {reader:?} was not taken out within {} s", within.as_secs_f64())]
    NotRemoved {
        /// The reader.
        reader: String,
        /// How long that was waited for.
        within: Duration,
    },
    /// Nobody put a card in.
    #[error("no card was put into reader {reader:?} within {} s", within.as_secs_f64())]
    NotInserted {
        /// The reader.
        reader: String,
        /// How long that was waited for.
        within: Duration,
    },
    /// No card has come to this address.
    #[error("no card has come to {address} within {} s", within.as_secs_f64())]
    NotCome {
        /// The address.
        address: String,
        /// How long that was waited for.
        within: Duration,
    },
    /// The card is always there.
    #[error("this card cannot be taken out and put in")]
    Fixed,
    /// The octets are no APDU that a frame or a reader can carry.
    #[error("{octets} octets are no APDU: at least 4 octets, at most 65535")]
    Length {
        /// How many octets.
        octets: usize,
    },
}

fn instead(answer: &[u8]) -> String {
    let octets: Vec<String> = answer.iter().take(32).map(|octet| format!("{octet:02X}")).collect();
    if octets.is_empty() { String::new() } else { format!(", but says {}", octets.join(" ")) }
}

fn there_are(readers: &[String]) -> String {
    match readers {
        [] => "there is no reader".into(),
        [one] => format!("there is {one:?}"),
        several => format!("there are {}", quoted(several)),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_reader_is_told_with_those_that_exist() {
        let error = |present: &[&str]| {
            let present = present.iter().map(ToString::to_string).collect();
            Error::NoReader { wanted: "x".into(), present }.to_string()
        };
        assert_eq!(error(&[]), "no reader is called \"x\"; there is no reader");
        assert_eq!(error(&["A 00 00"]), "no reader is called \"x\"; there is \"A 00 00\"");
        assert_eq!(error(&["A", "B"]), "no reader is called \"x\"; there are \"A\", \"B\"");
    }
}
