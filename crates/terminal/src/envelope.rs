//! What the card is to be told with ENVELOPE, one after another.

use alloc::{collections::VecDeque, vec::Vec};

use oxisim_sms::{Address, DataCoding, ProtocolIdentifier};
use oxisim_toolkit::{
    Envelope,
    codes::EventCode,
    envelope::{EventDownload, MenuSelection, SmsPpDownload, TimerExpiration},
    event::{IdleScreenAvailable, LocationStatusChange, UserActivity},
    objects::{self, HelpRequest, LocationStatus, TimerValue},
};
use oxisim_wire::{Instant, bcd};

use crate::{config::Service, timer::ToolkitTimer};

/// Envelopes that may wait.
const LIMIT: usize = 32;

/// Something that the card is to be told.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    /// The user chose from the card's menu.
    MenuSelection { item: u8, help: bool },
    /// A timer has expired, which was started then.
    TimerExpiration { timer: ToolkitTimer, started: Instant },
    /// An event of the card's list has happened.
    Event(CardEvent),
    /// A message for the card.
    Message(Download),
}

/// An event that the phone reports, if the card's event list asks for it.
#[derive(Clone, Debug)]
pub(crate) enum CardEvent {
    /// The network offers something else now.
    LocationStatus(Service),
    /// The user has pressed a key.
    UserActivity,
    /// The screen is idle again.
    IdleScreenAvailable,
}

/// A message for the card, and what the report to the service centre needs of it.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub(crate) tpdu: Vec<u8>,
    pub(crate) service_centre: Option<Address>,
    pub(crate) has_header: bool,
    pub(crate) protocol: ProtocolIdentifier,
    pub(crate) coding: DataCoding,
}

impl CardEvent {
    /// Its code in the event list.
    pub(crate) const fn code(&self) -> EventCode {
        match self {
            Self::LocationStatus(_) => EventCode::LOCATION_STATUS,
            Self::UserActivity => EventCode::USER_ACTIVITY,
            Self::IdleScreenAvailable => EventCode::IDLE_SCREEN_AVAILABLE,
        }
    }

    /// Whether one report takes the event off the list (TS 102 223 §7.5.5, §7.5.6).
    pub(crate) const fn is_reported_once(&self) -> bool {
        matches!(self, Self::UserActivity | Self::IdleScreenAvailable)
    }

    fn download(&self) -> EventDownload {
        let moved = |status, location| {
            EventDownload::new(LocationStatusChange { status: LocationStatus { status }, location })
        };
        match self {
            Self::LocationStatus(Service::Normal(location)) => moved(0, Some(location.clone())),
            Self::LocationStatus(Service::Limited) => moved(1, None),
            Self::LocationStatus(Service::None) => moved(2, None),
            Self::UserActivity => EventDownload::new(UserActivity {}),
            Self::IdleScreenAvailable => EventDownload::new(IdleScreenAvailable {}),
        }
    }
}

impl Pending {
    /// Whether it waits until no proactive command is under way. A message does not: the service centre waits for
    /// the card's answer.
    const fn waits_for_session(&self) -> bool {
        !matches!(self, Self::Message(_))
    }

    /// The envelope, as of `now`: a timer expiration tells the time since the timer was started (TS 102 223 §7.4).
    pub(crate) fn envelope(&self, now: Instant) -> Envelope {
        match self {
            Self::MenuSelection { item, help } => {
                let help = help.then_some(HelpRequest {});
                MenuSelection { help, ..MenuSelection::new(*item) }.into()
            }
            Self::TimerExpiration { timer, started } => {
                TimerExpiration::new(timer.identifier(), TimerValue::from_duration(now.since(*started)))
                    .into()
            }
            Self::Event(event) => event.download().into(),
            Self::Message(download) => {
                let service_centre = download.service_centre.as_ref().map(|address| objects::Address {
                    ton_npi: address.kind().0,
                    digits: bcd::pack(address.semi_octets()),
                });
                SmsPpDownload::new(service_centre, download.tpdu.clone()).into()
            }
        }
    }
}

/// What waits to be told.
#[derive(Debug, Default)]
pub(crate) struct Envelopes {
    waiting: VecDeque<Pending>,
}

impl Envelopes {
    /// Puts `pending` at the end; `false` if too many wait.
    #[must_use]
    pub(crate) fn push(&mut self, pending: Pending) -> bool {
        let room = self.waiting.len() < LIMIT;
        if room {
            self.waiting.push_back(pending);
        }
        room
    }

    /// Puts back what the card was too busy for.
    pub(crate) fn put_back(&mut self, pending: Pending) {
        self.waiting.push_front(pending);
    }

    /// Takes the oldest, or, while `only_messages`, the oldest message.
    pub(crate) fn take(&mut self, only_messages: bool) -> Option<Pending> {
        let place = self.waiting.iter().position(|pending| !only_messages || !pending.waits_for_session())?;
        self.waiting.remove(place)
    }
}
