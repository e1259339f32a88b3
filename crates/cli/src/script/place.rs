//! Where the card is, and what a script can do with it.

use std::path::PathBuf;

use oxisim_card::Card;
use oxisim_script::{Answer, Request, syntax::Inserted};
use oxisim_transport::{Pcsc, Sharing, TcpClient, Traced, Transport, to_log};
use oxisim_wire::{Duration, Instant};

use super::handset::Handset;
use crate::{
    applets::AppletName,
    card::{BUILT_IN, Personal},
    failure::Failure,
    image,
    live::{PinArgs, Protocol},
};

/// When every virtual card's time begins: a Monday, 08:00 UTC.
pub const START: Instant = Instant::from_secs(1_767_600_000);

/// Which card.
#[derive(Debug, clap::Args)]
pub struct PlaceArgs {
    /// The card in this PC/SC reader, by a part of its name.
    #[arg(long, value_name = "NAME", conflicts_with_all = BUILT_IN)]
    reader: Option<String>,
    /// Let no other program use the card at the same time.
    #[arg(long, requires = "reader")]
    exclusive: bool,
    /// The protocol to speak with the card.
    #[arg(long, requires = "reader", default_value = "any")]
    protocol: Protocol,
    /// The card that waits here, as of `oxisim card --tcp`.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "reader", conflicts_with_all = BUILT_IN)]
    tcp: Option<String>,
    /// Be the reader of vpcd, and wait here for a card, as `oxisim card --vpcd` and others are.
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["reader", "tcp"], conflicts_with_all = BUILT_IN)]
    vpcd: Option<String>,
    #[command(flatten, next_help_heading = "The card of this program")]
    built_in: Personal,
}

impl PlaceArgs {
    /// Whether the card is not this program's.
    pub const fn is_real(&self) -> bool {
        self.reader.is_some() || self.tcp.is_some() || self.vpcd.is_some()
    }

    /// The virtual card that each script gets a copy of.
    pub fn card(&self) -> Result<Card, Failure> {
        self.built_in.copy(&PinArgs::default())
    }
}

/// A card, and the time.
pub enum Place {
    /// A card of this program's, in virtual time.
    Virtual(Box<Virtual>),
    /// A card somewhere else, in real time.
    Real(Real),
}

/// A card of this program's.
pub struct Virtual {
    card: Card,
    /// The profile of a new one is that of the first.
    empty: Card,
    now: Instant,
    in_slot: bool,
}

/// A card somewhere else.
pub struct Real {
    card: Box<dyn Transport>,
    is_on: bool,
}

impl Place {
    /// A new virtual card.
    pub fn fresh(card: Card, args: &PlaceArgs) -> Self {
        let empty = args.built_in.empty();
        Self::Virtual(Box::new(Virtual { card, empty, now: START, in_slot: true }))
    }

    /// The card that is named.
    pub fn real(args: &PlaceArgs, phone: bool) -> Result<Self, Failure> {
        let card: Box<dyn Transport> = match (&args.reader, &args.tcp, &args.vpcd) {
            (Some(reader), ..) => {
                let sharing = if args.exclusive { Sharing::Exclusive } else { Sharing::Shared };
                let pcsc = Pcsc::open(reader, sharing, args.protocol.into())?;
                // As scriptor does; but a phone leaves it to the reader how a command travels.
                if phone { Box::new(pcsc) } else { Box::new(pcsc.verbatim()) }
            }
            (_, Some(address), _) => Box::new(TcpClient::connect(address)?),
            (.., Some(address)) => Box::new(TcpClient::accept(address)?),
            _ => return Err(Failure::Usage("no card is named".into())),
        };
        Ok(Self::Real(Real { card: Box::new(Traced::new(card, to_log)), is_on: false }))
    }

    /// Does what a script asks for; the phone does what is for a phone.
    pub fn answer(&mut self, request: Request, handset: &mut Option<Handset>) -> Result<Answer, Failure> {
        if let Request::Phone(action) = request {
            let handset = handset.get_or_insert_with(Handset::default);
            return handset.act(action, self).map(Answer::Asked);
        }
        Ok(match request {
            Request::Exchange(command) => Answer::Response(self.exchange(&command)?),
            Request::Reset => match self.reset()? {
                Some(answer) => Answer::AnswerToReset(answer),
                None => Answer::Impossible("no card is in the slot".into()),
            },
            Request::PowerOff => {
                self.power_off();
                Answer::Done
            }
            Request::Wait(time) => {
                self.wait(time);
                Answer::Done
            }
            Request::Insert(_) | Request::Eject | Request::Tear(_) | Request::Phone(_) => match self {
                Self::Virtual(place) => place.handle(request),
                Self::Real(_) => {
                    Answer::Impossible("only a virtual card can be torn, put in and taken out".into())
                }
            },
        })
    }

    /// The response to a command.
    pub fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Virtual(place) if !place.in_slot => Err(Failure::NotDone("no card is in the slot".into())),
            Self::Virtual(place) => Ok(place.card.exchange(place.now, command).into_bytes()),
            Self::Real(Real { is_on: false, .. }) => Err(Failure::NotDone("the card is off".into())),
            Self::Real(place) => Ok(place.card.exchange(command)?),
        }
    }

    /// The answer to reset; nothing if there is no card.
    pub fn reset(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Virtual(place) if !place.in_slot => Ok(None),
            Self::Virtual(place) => {
                place.card.memory_mut().tear_after(None);
                Ok(Some(place.card.power_on(place.now)))
            }
            Self::Real(place) => {
                place.is_on = true;
                Ok(Some(place.card.reset()?))
            }
        }
    }

    /// A reader takes power away when the card is not used any more; until then nothing more is sent to it.
    pub fn power_off(&mut self) {
        match self {
            Self::Virtual(place) => place.card.power_off(),
            Self::Real(place) => place.is_on = false,
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) {
        match self {
            Self::Virtual(place) => place.now = place.now + time,
            Self::Real(_) => std::thread::sleep(std::time::Duration::from_micros(time.as_micros())),
        }
    }
}

impl Virtual {
    fn handle(&mut self, request: Request) -> Answer {
        match request {
            Request::Tear(writes) => self.card.memory_mut().tear_after(Some(writes)),
            Request::Eject => {
                self.card.power_off();
                self.in_slot = false;
            }
            Request::Insert(inserted) => {
                match self.another(inserted) {
                    Ok(Some(card)) => self.card = card,
                    Ok(None) => self.card.power_off(),
                    Err(why) => return Answer::Impossible(why),
                }
                self.in_slot = true;
            }
            _ => {}
        }
        Answer::Done
    }

    /// The card that is put in, if it is another.
    fn another(&self, inserted: Inserted) -> Result<Option<Card>, String> {
        match inserted {
            Inserted::Same => Ok(None),
            Inserted::File(path) => {
                image::look(&PathBuf::from(path), None).map(Some).map_err(|failure| failure.to_string())
            }
            Inserted::With(applets) => {
                let mut card = self.empty.clone();
                for name in applets {
                    let applet = <AppletName as clap::ValueEnum>::from_str(&name, false)
                        .map_err(|_| format!("there is no applet {name:?}"))?;
                    applet.install(&mut card).map_err(|error| format!("the applet {name}: {error}"))?;
                }
                Ok(Some(card))
            }
        }
    }
}
