//! PC/SC readers.

use std::{
    ffi::CString,
    fmt, thread,
    time::{Duration, Instant},
};

use oxisim_apdu::Command;
use pcsc::{Card, Context, Disposition, Protocol, ReaderState, Scope, ShareMode, State};

use crate::{Error, Transport};

/// How long the service takes to notice that a card is gone: it looks every 0.4 s.
const NOTICE: Duration = Duration::from_secs(1);

/// How often it is looked for a reader that is not there.
const LOOK: Duration = Duration::from_millis(100);

/// A PC/SC reader, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The reader's name.
    pub name: String,
    /// What is in it.
    pub contents: Contents,
}

/// What is in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Nothing.
    Empty,
    /// A card.
    Card {
        /// Its answer to reset.
        answer_to_reset: Vec<u8>,
        /// Whether a program uses it.
        in_use: bool,
    },
    /// A card that does not answer to reset.
    Mute,
    /// The reader is there and does not work.
    Unavailable,
}

/// Whether other programs may use the card at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// They may.
    #[default]
    Shared,
    /// They may not.
    Exclusive,
}

/// Which protocols are acceptable; the card has a say too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocols {
    /// Either; the reader's driver chooses.
    #[default]
    Any,
    /// T=0 only.
    T0,
    /// T=1 only.
    T1,
}

/// Lists the readers, with what is in them.
pub fn readers() -> Result<Vec<Reader>, Error> {
    let context = establish()?;
    names(&context)?.into_iter().map(|name| look(&context, name)).collect()
}

/// The way to a card in a PC/SC reader.
pub struct Pcsc {
    context: Context,
    reader: CString,
    sharing: Sharing,
    protocols: Protocols,
    /// Whether commands go to the reader as they stand.
    verbatim: bool,
    /// The connection to the card, and the protocol spoken with it; none before the first reset, and after the
    /// card was removed.
    card: Option<(Card, Option<Protocol>)>,
    buffer: Vec<u8>,
}

impl Pcsc {
    /// The reader that is called `wanted`, or the only one that has it in its name; whether there is a card is
    /// seen when it is [reset](Transport::reset).
    pub fn open(wanted: &str, sharing: Sharing, protocols: Protocols) -> Result<Self, Error> {
        let context = establish()?;
        let present = names(&context)?;
        let matching: Vec<&CString> = match present.iter().find(|name| text(name) == wanted) {
            Some(exact) => vec![exact],
            // Every name has an empty part, but that is not how anybody means a reader.
            None if wanted.is_empty() => Vec::new(),
            None => present.iter().filter(|name| text(name).contains(wanted)).collect(),
        };
        match &matching[..] {
            &[reader] => Ok(Self {
                reader: reader.clone(),
                context,
                sharing,
                protocols,
                verbatim: false,
                card: None,
                buffer: vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED],
            }),
            [] => Err(Error::NoReader { wanted: wanted.into(), present: present.iter().map(text).collect() }),
            several => Err(Error::AmbiguousReader {
                wanted: wanted.into(),
                matching: several.iter().copied().map(text).collect(),
            }),
        }
    }

    /// The same, but commands go to the reader as they stand: what does not fit the protocol is the reader's business.
    #[must_use]
    pub const fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// The reader's name.
    #[must_use]
    pub fn name(&self) -> String {
        text(&self.reader)
    }

    /// Has a card that has just been reset, and its answer to reset.
    fn connect(&mut self) -> Result<Vec<u8>, pcsc::Error> {
        let share = match self.sharing {
            Sharing::Shared => ShareMode::Shared,
            Sharing::Exclusive => ShareMode::Exclusive,
        };
        let protocols = match self.protocols {
            Protocols::Any => pcsc::Protocols::ANY,
            Protocols::T0 => pcsc::Protocols::T0,
            Protocols::T1 => pcsc::Protocols::T1,
        };
        let mut card = match self.card.take() {
            Some((card, _)) => card,
            None => self.context.connect(&self.reader, share, protocols)?,
        };
        card.reconnect(share, protocols, Disposition::ResetCard)?;
        let status = card.status2_owned()?;
        self.card = Some((card, status.protocol2()));
        Ok(status.atr().to_vec())
    }

    /// Waits until there is a card in the reader, or none; `false` if that did not happen.
    fn await_contents(&mut self, is_there: bool, within: Duration) -> Result<bool, Error> {
        self.card = None;
        let deadline = Instant::now() + within;
        let mut is_known = true;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match look(&self.context, self.reader.clone()) {
                Ok(Reader { contents: Contents::Card { .. } | Contents::Mute, .. }) if is_there => {
                    return Ok(true);
                }
                Ok(Reader { contents: Contents::Empty, .. }) if !is_there => return Ok(true),
                Ok(_) => watch(&self.context, self.reader.clone(), left.min(NOTICE)),
                // It may come back with its card.
                Err(Error::ReaderRemoved { .. }) if is_there => thread::sleep(left.min(LOOK)),
                Err(Error::NoService) if is_known => {
                    // A service that was started again does not know this program.
                    is_known = false;
                    self.context = establish()?;
                }
                Err(error) => return Err(error),
            }
            if left.is_zero() {
                return Ok(false);
            }
        }
    }

    /// What a failure of the service means for this reader. Drivers tell less than what they know, and the service
    /// looks into its readers now and then only, so the reader is watched for a moment if it is not clear.
    fn failed(&mut self, error: pcsc::Error) -> Error {
        let reader = self.name();
        let gone = |contents| match contents {
            Ok(Reader { contents: Contents::Empty, .. }) => {
                Some(Error::CardRemoved { reader: reader.clone() })
            }
            Err(Error::ReaderRemoved { .. }) => Some(Error::ReaderRemoved { reader: reader.clone() }),
            Err(Error::NoService) => Some(Error::NoService),
            _ => None,
        };
        match failure(&reader, error) {
            Error::NoCard { reader } if self.card.is_some() => {
                self.card = None;
                Error::CardRemoved { reader }
            }
            unclear @ Error::Reader { .. } => {
                let seen = gone(look(&self.context, self.reader.clone())).or_else(|| {
                    watch(&self.context, self.reader.clone(), NOTICE);
                    gone(look(&self.context, self.reader.clone()))
                });
                if seen.is_some() {
                    self.card = None;
                }
                seen.unwrap_or(unclear)
            }
            clear @ (Error::CardRemoved { .. } | Error::ReaderRemoved { .. } | Error::NoService) => {
                self.card = None;
                clear
            }
            clear => clear,
        }
    }
}

impl Transport for Pcsc {
    /// A card that was put in meanwhile is found, and so is a service that was started again.
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        let answer = self.connect().or_else(|error| {
            if !is_of_service(error) {
                return Err(error);
            }
            // What the service knew of this program ended with it.
            self.card = None;
            self.context = Context::establish(Scope::User)?;
            self.connect()
        });
        answer.map_err(|error| self.failed(error))
    }

    /// With T=0, Le of a command that has data is left out, as PC/SC asks: the card says `61XX` if it has an
    /// answer. A [verbatim](Pcsc::verbatim) reader gets what is there.
    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        if apdu.len() < 4 {
            return Err(Error::Length { octets: apdu.len() });
        }
        let Some((card, protocol)) = &self.card else {
            return Err(Error::NoCard { reader: self.name() });
        };
        let is_t0 = *protocol == Some(Protocol::T0);
        let command = if is_t0 && !self.verbatim { without_le(apdu) } else { apdu };
        match card.transmit(command, &mut self.buffer) {
            // What has no status word is no answer: vpcd gives none of a card that goes away while it works.
            Ok([] | [_]) => Err(self.failed(pcsc::Error::CommError)),
            Ok(response) => Ok(response.to_vec()),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn await_removal(&mut self, within: Duration) -> Result<(), Error> {
        let is_done = self.await_contents(false, within)?;
        is_done.then_some(()).ok_or_else(|| Error::NotRemoved { reader: self.name(), within })
    }

    fn await_card(&mut self, within: Duration) -> Result<(), Error> {
        let is_done = self.await_contents(true, within)?;
        is_done.then_some(()).ok_or_else(|| Error::NotInserted { reader: self.name(), within })
    }
}

impl fmt::Debug for Pcsc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pcsc")
            .field("reader", &self.reader)
            .field("sharing", &self.sharing)
            .field("protocols", &self.protocols)
            .field("verbatim", &self.verbatim)
            .finish_non_exhaustive()
    }
}

fn establish() -> Result<Context, Error> {
    Context::establish(Scope::User).map_err(|error| failure("", error))
}

fn names(context: &Context) -> Result<Vec<CString>, Error> {
    match context.list_readers_owned() {
        Err(pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        names => names.map_err(|error| failure("", error)),
    }
}

/// Waits until something happens to a reader, but not for longer than this.
fn watch(context: &Context, reader: CString, patience: Duration) {
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    for patience in [Duration::ZERO, patience] {
        // That nothing has happened is no failure here.
        let _ = context.get_status_change(patience, &mut states);
        let [state] = &mut states;
        state.sync_current_state();
    }
}

/// Looks what is in a reader.
fn look(context: &Context, reader: CString) -> Result<Reader, Error> {
    let name = text(&reader);
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    context.get_status_change(Duration::ZERO, &mut states).map_err(|error| failure(&name, error))?;
    let [state] = &states;
    let is = |flag| state.event_state().contains(flag);
    let contents = if is(State::UNKNOWN) {
        return Err(Error::ReaderRemoved { reader: name });
    } else if is(State::MUTE) {
        Contents::Mute
    } else if is(State::PRESENT) {
        let in_use = is(State::INUSE) || is(State::EXCLUSIVE);
        Contents::Card { answer_to_reset: state.atr().to_vec(), in_use }
    } else if is(State::EMPTY) {
        Contents::Empty
    } else {
        Contents::Unavailable
    };
    Ok(Reader { name, contents })
}

fn text(name: &CString) -> String {
    name.to_string_lossy().into_owned()
}

/// Whether it is the service that failed: it has ended, or another one answers, which does not know this program.
const fn is_of_service(error: pcsc::Error) -> bool {
    use pcsc::Error as E;
    matches!(error, E::NoService | E::ServiceStopped | E::Shutdown | E::InvalidHandle | E::CommError)
}

fn failure(reader: &str, error: pcsc::Error) -> Error {
    use pcsc::Error as E;
    let reader = reader.to_owned();
    match error {
        E::NoService | E::ServiceStopped | E::Shutdown => Error::NoService,
        E::NoSmartcard => Error::NoCard { reader },
        E::RemovedCard => Error::CardRemoved { reader },
        E::ReaderUnavailable | E::UnknownReader => Error::ReaderRemoved { reader },
        E::SharingViolation => Error::InUse { reader },
        E::UnresponsiveCard | E::UnpoweredCard => Error::Mute { reader },
        E::ResetCard => Error::ResetByOther { reader },
        E::ProtoMismatch => Error::Protocol { reader },
        error => Error::Reader { reader, error },
    }
}

/// The command as T=0 carries it in one go: without the Le that follows data in the short form (TS 102 221 §7.3.1.1).
#[must_use]
pub fn without_le(apdu: &[u8]) -> &[u8] {
    match (Command::parse(apdu), apdu.split_last()) {
        (Ok(command), Some((_, shorter)))
            if command.ne.is_some() && !command.data.is_empty() && apdu.len() == 6 + command.data.len() =>
        {
            shorter
        }
        _ => apdu,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_le_that_follows_short_data_is_left_out() {
        for (apdu, carried) in [
            (&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00][..], 7),
            (&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00], 7),
            (&[0x00, 0xB0, 0x00, 0x00, 0x0A], 5),
            (&[0x00, 0xA4, 0x00, 0x0C], 4),
            (&[0x00, 0xD6, 0x00, 0x00, 0x00, 0x00, 0x01, 0xAA, 0x00, 0x00], 10),
            (&[0xFF], 1),
        ] {
            assert_eq!(without_le(apdu), &apdu[..carried]);
        }
    }
}
