//! Where a card is, and how a program comes to it.

use std::path::PathBuf;

use oxisim_transport::{Error, InProcess, Pcsc, Protocols, Sharing, TcpClient, Traced, Transport, to_log};
use oxisim_wire::Duration;

use super::patient::Patient;
use crate::{card::RealTime, failure::Failure, span};

/// What is said of the card of this program, and of no other.
pub const BUILT_IN: [&str; 4] = ["image", "contacts", "applet", "control"];

/// How long a card may take until somebody is told that it is waited for.
const LATE: std::time::Duration = std::time::Duration::from_secs(3);

/// A card that is not this program's; the group `which` is the command's.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Elsewhere {
    /// The card in this PC/SC reader, by a part of its name.
    #[arg(long, value_name = "NAME", group = "which")]
    pub reader: Option<String>,
    /// Let other programs use the card in the reader meanwhile, as phone, script and shell do without --exclusive.
    #[arg(long, requires = "reader", conflicts_with = "exclusive")]
    pub shared: bool,
    /// Let no other program use the card in the reader meanwhile, as backup, phonebook, card dump and trace replay do
    /// without --shared.
    #[arg(long, requires = "reader")]
    pub exclusive: bool,
    /// The protocol to speak with the card.
    #[arg(long, requires = "reader", value_enum, default_value_t)]
    pub protocol: Protocol,
    /// The card that waits here, as of `oxisim card --tcp`.
    #[arg(long, value_name = "HOST:PORT", group = "which")]
    pub tcp: Option<String>,
    /// Be the reader of vpcd, and wait here for a card, as `oxisim card --vpcd` and others are.
    #[arg(long, value_name = "HOST:PORT", group = "which")]
    pub vpcd: Option<String>,
    /// How long to wait, where a card is waited for: with --vpcd, and where a script has one taken out or put in.
    #[arg(long, value_name = "TIME", requires = "which", default_value = "1m", value_parser = span::duration)]
    pub wait: Duration,
}

/// A card that is not this program's, or in a file of it; the group `which` is the command's.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Which {
    /// Where it is if it is not in a file.
    #[command(flatten)]
    pub elsewhere: Elsewhere,
    /// The virtual card of this file, as of `oxisim card init`; what is written to it is kept beside.
    #[arg(long, value_name = "CARD.toml", group = "which")]
    pub image: Option<PathBuf>,
}

/// A transmission protocol (ISO/IEC 7816-3 §10, §11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// Either; the reader and the card choose.
    #[default]
    Any,
    /// T=0.
    T0,
    /// T=1.
    T1,
}

impl Which {
    /// The way to the card; none if none is named. No other program may use it at the same time, unless it is to be shared.
    pub fn open(&self) -> Result<Option<Box<dyn Transport>>, Failure> {
        let card = match &self.image {
            Some(path) => Some(Box::new(InProcess(RealTime::open(path)?)) as Box<dyn Transport>),
            None => self.elsewhere.open_alone()?,
        };
        Ok(card.map(|card| Box::new(Traced::new(card, to_log)) as Box<dyn Transport>))
    }
}

impl Elsewhere {
    /// Whether none is named.
    pub const fn is_nowhere(&self) -> bool {
        self.reader.is_none() && self.tcp.is_none() && self.vpcd.is_none()
    }

    /// How long is waited for a card.
    pub const fn patience(&self) -> std::time::Duration {
        std::time::Duration::from_micros(self.wait.as_micros())
    }

    /// The way to the card; none if none is named. Other programs may use it at the same time, unless it is to be exclusive.
    pub fn open(&self) -> Result<Option<Box<dyn Transport>>, Failure> {
        self.open_as(Sharing::Shared, |reader| reader)
    }

    /// The same, but no other program may use it, unless it is to be shared.
    pub fn open_alone(&self) -> Result<Option<Box<dyn Transport>>, Failure> {
        self.open_as(Sharing::Exclusive, |reader| reader)
    }

    /// The same as [`Self::open`], but commands go to a reader as they stand.
    pub fn open_verbatim(&self) -> Result<Option<Box<dyn Transport>>, Failure> {
        self.open_as(Sharing::Shared, Pcsc::verbatim)
    }

    fn open_as(
        &self,
        usual: Sharing,
        manner: fn(Pcsc) -> Pcsc,
    ) -> Result<Option<Box<dyn Transport>>, Failure> {
        let sharing = match (self.shared, self.exclusive) {
            (true, _) => Sharing::Shared,
            (_, true) => Sharing::Exclusive,
            _ => usual,
        };
        let card: Box<dyn Transport> = match (&self.reader, &self.tcp, &self.vpcd) {
            (Some(reader), ..) => Box::new(manner(Pcsc::open(reader, sharing, self.protocol.into())?)),
            (_, Some(address), _) => Box::new(TcpClient::connect(address)?),
            (.., Some(address)) => Box::new(self.accept(address)?),
            _ => return Ok(None),
        };
        let tell = || eprintln!("the card has not answered yet; waiting");
        Ok(Some(Box::new(Patient::new(card, LATE, tell))))
    }

    /// The card that comes to an address, which may take a while.
    fn accept(&self, address: &str) -> Result<TcpClient, Error> {
        let patience = self.patience();
        eprintln!("waiting {} s at most for a card at {address}", patience.as_secs_f64());
        TcpClient::accept(address, patience)
    }
}

impl From<Protocol> for Protocols {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Any => Self::Any,
            Protocol::T0 => Self::T0,
            Protocol::T1 => Self::T1,
        }
    }
}

impl From<Protocol> for Option<oxisim_terminal::Protocol> {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Any => None,
            Protocol::T0 => Some(oxisim_terminal::Protocol::T0),
            Protocol::T1 => Some(oxisim_terminal::Protocol::T1),
        }
    }
}
