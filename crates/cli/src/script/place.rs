//! Where the card is, and what a script can do with it.

use std::path::PathBuf;

use oxisim_card::Card;
use oxisim_kit::fuzz::Oracle;
use oxisim_script::{Answer, Request, syntax::Inserted};
use oxisim_trace::{Clock, Recorder, What};
use oxisim_transport::{Error, Traced, Transport};
use oxisim_wire::{Duration, Instant};

use super::handset::Handset;
use crate::{
    applets::AppletName,
    backup::wall_clock,
    card::Personal,
    failure::Failure,
    image,
    live::{BUILT_IN, Elsewhere, PinArgs},
    trace::{TraceArgs, teller},
};

/// When every virtual card's time begins: a Monday, 08:00 UTC.
pub const START: Instant = Instant::from_secs(1_767_600_000);

/// Which card.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("which").conflicts_with_all(BUILT_IN).conflicts_with("number"))]
pub struct PlaceArgs {
    #[command(flatten)]
    elsewhere: Elsewhere,
    #[command(flatten)]
    trace: TraceArgs,
    #[command(flatten, next_help_heading = "The card of this program")]
    built_in: Personal,
}

impl PlaceArgs {
    /// Whether the card is not this program's.
    pub const fn is_real(&self) -> bool {
        !self.elsewhere.is_nowhere()
    }

    /// Begins to record what passes, if it is wanted. Each script has a virtual card of its own, and a trace has one.
    pub fn recorder(&self, scripts: usize) -> Result<Option<Recorder>, Failure> {
        if self.is_real() {
            return self.trace.open(Clock::Real, wall_clock());
        }
        if self.trace.is_wanted() && scripts > 1 {
            let why = "--trace: each script has a virtual card of its own, and a trace has one: record them one by one";
            return Err(Failure::Usage(why.into()));
        }
        self.trace.open(Clock::Virtual, START)
    }

    /// What is said of the card of this program.
    pub const fn built_in(&self) -> &Personal {
        &self.built_in
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
    Real(Box<Real>),
}

/// A card of this program's.
pub struct Virtual {
    card: Card,
    /// The profile of a new one is that of the first.
    empty: Card,
    now: Instant,
    in_slot: bool,
    recorder: Option<Recorder>,
}

/// A card somewhere else.
pub struct Real {
    card: Box<dyn Transport>,
    is_on: bool,
    /// How long a card is waited for.
    patience: std::time::Duration,
    recorder: Option<Recorder>,
}

impl Place {
    /// A new virtual card.
    pub fn fresh(card: Card, args: &PlaceArgs, recorder: Option<Recorder>) -> Self {
        let empty = args.built_in.empty();
        Self::Virtual(Box::new(Virtual { card, empty, now: START, in_slot: true, recorder }))
    }

    /// The card that is named.
    pub fn real(args: &PlaceArgs, phone: bool, recorder: Option<Recorder>) -> Result<Self, Failure> {
        // As scriptor does; but a phone leaves it to the reader how a command travels.
        let card = if phone { args.elsewhere.open()? } else { args.elsewhere.open_verbatim()? };
        let card = card.ok_or_else(|| Failure::Usage("no card is named".into()))?;
        let card = Box::new(Traced::new(card, teller(recorder.clone())));
        let patience = args.elsewhere.patience();
        Ok(Self::Real(Box::new(Real { card, is_on: false, patience, recorder })))
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
                Self::Real(place) => place.handle(&request)?,
            },
        })
    }

    /// The response to a command.
    pub fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Virtual(place) if !place.in_slot => Err(Failure::NotDone("no card is in the slot".into())),
            Self::Virtual(place) => {
                let response = place.exchange(command);
                place.caught()?;
                Ok(response)
            }
            Self::Real(place) if !place.is_on => Err(Failure::NotDone("the card is off".into())),
            Self::Real(place) => Ok(place.card.exchange(command)?),
        }
    }

    /// The answer to reset; nothing if there is no card.
    pub fn reset(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Virtual(place) if !place.in_slot => Ok(None),
            Self::Virtual(place) => {
                let answer = place.reset();
                place.caught()?;
                Ok(Some(answer))
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
        self.note(What::PowerOff);
    }

    /// What records what passes here.
    pub fn recorder(&self) -> Option<Recorder> {
        match self {
            Self::Virtual(place) => place.recorder.clone(),
            Self::Real(place) => place.recorder.clone(),
        }
    }

    /// Records what passes between others than card and reader.
    pub fn note(&self, what: What) {
        let (recorder, now) = match self {
            Self::Virtual(place) => (&place.recorder, place.now),
            Self::Real(place) => (&place.recorder, wall_clock()),
        };
        if let Some(recorder) = recorder {
            recorder.note(now, what);
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

impl Real {
    /// What is done by whoever sits before the reader, who is told.
    fn handle(&mut self, request: &Request) -> Result<Answer, Failure> {
        match request {
            Request::Eject => {
                self.is_on = false;
                self.wait_for("take the card out", |card, patience| card.await_removal(patience))?;
            }
            Request::Insert(Inserted::Same) => {
                self.wait_for("put a card in", |card, patience| card.await_card(patience))?;
            }
            Request::Insert(_) => {
                return Ok(Answer::Impossible("only a virtual card is made of a file".into()));
            }
            _ => return Ok(Answer::Impossible("only a virtual card can be torn".into())),
        }
        if let (Request::Eject, Some(recorder)) = (request, &self.recorder) {
            recorder.note(wall_clock(), What::PowerOff);
        }
        Ok(Answer::Done)
    }

    /// Waits for something that may have happened already.
    fn wait_for(
        &mut self,
        what: &str,
        until: impl Fn(&mut dyn Transport, std::time::Duration) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match until(&mut self.card, std::time::Duration::ZERO) {
            Err(
                Error::NotRemoved { .. }
                | Error::NotInserted { .. }
                | Error::NotCome { .. }
                | Error::Unreachable { .. },
            ) if !self.patience.is_zero() => {}
            done => return done,
        }
        eprintln!("{what}: waiting {} s at most", self.patience.as_secs_f64());
        until(&mut self.card, self.patience)
    }
}

impl Virtual {
    fn reset(&mut self) -> Vec<u8> {
        self.card.memory_mut().tear_after(None);
        let answer = self.card.power_on(self.now);
        self.note(|| What::Reset { answer: answer.clone() });
        answer
    }

    fn exchange(&mut self, command: &[u8]) -> Vec<u8> {
        let response = self.card.exchange(self.now, command).into_bytes();
        self.note(|| What::Exchange {
            command: command.into(),
            response: response.clone(),
            took: Duration::ZERO,
        });
        response
    }

    /// Whether no applet has made a mistake that a terminal does not see: one that it should have caught, or a breach of
    /// its quota.
    fn caught(&mut self) -> Result<(), Failure> {
        match self.card.take_uncaught() {
            Some((aid, error)) if Oracle::of(&error).is_some() => {
                Err(Failure::NotDone(format!("the applet {aid:?} does not catch an error: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn note(&self, what: impl FnOnce() -> What) {
        if let Some(recorder) = &self.recorder {
            recorder.note(self.now, what());
        }
    }

    fn handle(&mut self, request: Request) -> Answer {
        match request {
            Request::Tear(writes) => self.card.memory_mut().tear_after(Some(writes)),
            Request::Eject => {
                self.card.power_off();
                self.note(|| What::PowerOff);
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
            Inserted::File { path, .. } => {
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
