//! Where a card is, and how a program comes to it.

use std::path::PathBuf;

use oxisim_transport::{InProcess, Pcsc, Protocols, Sharing, TcpClient, Traced, Transport, to_log};

use crate::{card::RealTime, failure::Failure};

/// Which card; the group `which` is the command's.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Which {
    /// The card in this PC/SC reader, by a part of its name.
    #[arg(long, value_name = "NAME", group = "which")]
    pub reader: Option<String>,
    /// Let other programs use the card at the same time.
    #[arg(long, requires = "reader")]
    pub shared: bool,
    /// The protocol to speak with the card.
    #[arg(long, requires = "reader", value_enum, default_value_t)]
    pub protocol: Protocol,
    /// The card that waits here, as of `oxisim card --tcp`.
    #[arg(long, value_name = "HOST:PORT", group = "which")]
    pub tcp: Option<String>,
    /// The virtual card of this file, as of `oxisim card init`; what is written to it is kept beside.
    #[arg(long, value_name = "CARD.toml", group = "which")]
    pub image: Option<PathBuf>,
}

/// What is said of the card of this program, and of no other; a phone has a number with any card.
const BUILT_IN: [&str; 4] = ["image", "contacts", "applet", "control"];

/// A card that is not this program's; who has this also has `Personal`.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Elsewhere {
    /// The card in this PC/SC reader, by a part of its name; otherwise a card of this program.
    #[arg(long, value_name = "NAME", conflicts_with_all = BUILT_IN)]
    pub reader: Option<String>,
    /// The card that waits here, as of `oxisim card --tcp`.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "reader", conflicts_with_all = BUILT_IN)]
    pub tcp: Option<String>,
    /// Let no other program use the card at the same time.
    #[arg(long, requires = "reader")]
    pub exclusive: bool,
    /// The protocol to speak with the card.
    #[arg(long, requires = "reader", value_enum, default_value_t)]
    pub protocol: Protocol,
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
        let sharing = if self.shared { Sharing::Shared } else { Sharing::Exclusive };
        let card: Box<dyn Transport> = match (&self.reader, &self.tcp, &self.image) {
            (Some(reader), ..) => Box::new(Pcsc::open(reader, sharing, self.protocol.into())?),
            (_, Some(address), _) => Box::new(TcpClient::connect(address)?),
            (.., Some(path)) => Box::new(InProcess(RealTime::open(path)?)),
            _ => return Ok(None),
        };
        Ok(Some(Box::new(Traced::new(card, to_log))))
    }
}

impl Elsewhere {
    /// Whether none is named.
    pub const fn is_nowhere(&self) -> bool {
        self.reader.is_none() && self.tcp.is_none()
    }

    /// The way to the card; none if none is named.
    pub fn open(&self) -> Result<Option<Box<dyn Transport>>, Failure> {
        let sharing = if self.exclusive { Sharing::Exclusive } else { Sharing::Shared };
        Ok(match (&self.reader, &self.tcp) {
            (Some(reader), _) => Some(Box::new(Pcsc::open(reader, sharing, self.protocol.into())?)),
            (_, Some(address)) => Some(Box::new(TcpClient::connect(address)?)),
            _ => None,
        })
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
