//! What the card is to be told with ENVELOPE, one after another.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use oxisim_sms::{Address, DataCoding, ProtocolIdentifier};
use oxisim_toolkit::{
    Envelope, Facility,
    codes::{AccessTechnologyCode, Device, EventCode, ServiceState},
    envelope::{EventDownload, MenuSelection, SmsPpDownload, TimerExpiration, UssdDownload},
    event::{self, LocationStatusChange},
    objects::{
        self, DisplayParameters, FramesInformation, HelpRequest, LocationStatus, TimerValue, UssdString,
    },
};
use oxisim_wire::Instant;

use crate::{
    BrowserTermination, CallId, SearchMode, config::Service, control::Asker, number::object, platform::ROOM,
    timer::ToolkitTimer,
};

/// Envelopes that may wait.
const LIMIT: usize = 32;

/// From the phone to the card.
pub(crate) const FROM_TERMINAL: objects::DeviceIdentities =
    objects::DeviceIdentities { source: Device::TERMINAL, destination: Device::UICC };

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
    /// A USSD string for the card, which the network waits for.
    Ussd(UssdString),
    /// Something else, as it is.
    Envelope(Box<Envelope>),
    /// Octets that need not be an envelope.
    Octets(Vec<u8>),
    /// A question: whether something may be done.
    Control { asker: Asker, envelope: Box<Envelope> },
}

/// An event that the phone reports, if the card's event list asks for it.
#[derive(Clone, Debug)]
pub(crate) enum CardEvent {
    /// The network offers something else now.
    LocationStatus(Service),
    /// The user has another language.
    LanguageSelection([u8; 2]),
    /// The browser was closed by the user, or by an error.
    BrowserTermination(BrowserTermination),
    /// What the browser met, as the browser's protocol codes it (TS 102 223 §8.77).
    BrowsingStatus(Vec<u8>),
    /// Another access technology serves the phone.
    AccessTechnology(AccessTechnologyCode),
    /// Other access technologies serve the phone: this one, and more.
    AccessTechnologies(AccessTechnologyCode, Vec<AccessTechnologyCode>),
    /// The display is another, or turned.
    Display(DisplayParameters),
    /// Another one chooses the network.
    SearchMode(SearchMode),
    /// Somebody calls.
    MtCall(CallId, Option<Address>),
    /// A call is connected, by the network's side or by the user.
    CallConnected { call: CallId, by_network: bool },
    /// A call has ended, by the network's side or by the user, with this cause of TS 24.008.
    CallDisconnected { call: CallId, by_network: bool, cause: Option<u8> },
    /// A card has been put into an additional reader, or taken out.
    CardReaderStatus(u8),
    /// Data have come on a channel.
    DataAvailable { status: [u8; 2], length: u8 },
    /// The link of a channel has changed.
    ChannelStatus([u8; 2]),
    /// The user has pressed a key.
    UserActivity,
    /// The screen is idle again.
    IdleScreenAvailable,
    /// The frames have other sizes.
    Frames(FramesInformation),
    /// Something else, as it is.
    Other(Box<EventDownload>),
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
    pub(crate) fn code(&self) -> EventCode {
        match self {
            Self::LocationStatus(_) => EventCode::LOCATION_STATUS,
            Self::LanguageSelection(_) => EventCode::LANGUAGE_SELECTION,
            Self::BrowserTermination(_) => EventCode::BROWSER_TERMINATION,
            Self::BrowsingStatus(_) => EventCode::BROWSING_STATUS,
            Self::AccessTechnology(_) => EventCode::ACCESS_TECHNOLOGY_CHANGE,
            Self::AccessTechnologies(..) => EventCode::ACCESS_TECHNOLOGIES_CHANGE,
            Self::Display(_) => EventCode::DISPLAY_PARAMETERS_CHANGED,
            Self::SearchMode(_) => EventCode::NETWORK_SEARCH_MODE_CHANGE,
            Self::MtCall(..) => EventCode::MT_CALL,
            Self::CallConnected { .. } => EventCode::CALL_CONNECTED,
            Self::CallDisconnected { .. } => EventCode::CALL_DISCONNECTED,
            Self::CardReaderStatus(_) => EventCode::CARD_READER_STATUS,
            Self::DataAvailable { .. } => EventCode::DATA_AVAILABLE,
            Self::ChannelStatus(_) => EventCode::CHANNEL_STATUS,
            Self::UserActivity => EventCode::USER_ACTIVITY,
            Self::IdleScreenAvailable => EventCode::IDLE_SCREEN_AVAILABLE,
            Self::Frames(_) => EventCode::FRAMES_INFORMATION_CHANGE,
            Self::Other(event) => event.code(),
        }
    }

    fn download(&self) -> EventDownload {
        let moved = |status, location| {
            EventDownload::new(LocationStatusChange { status: LocationStatus { status }, location })
        };
        match self {
            Self::LocationStatus(Service::Normal(location)) => {
                moved(ServiceState::NORMAL_SERVICE, Some(location.clone()))
            }
            Self::LocationStatus(Service::Limited) => moved(ServiceState::LIMITED_SERVICE, None),
            Self::LocationStatus(Service::None) => moved(ServiceState::NO_SERVICE, None),
            Self::UserActivity => EventDownload::new(event::UserActivity {}),
            Self::IdleScreenAvailable => EventDownload::new(event::IdleScreenAvailable {}),
            Self::LanguageSelection(code) => {
                EventDownload::new(event::LanguageSelection { language: objects::Language { code: *code } })
            }
            Self::BrowserTermination(cause) => EventDownload::new(event::BrowserTermination {
                cause: objects::BrowserTerminationCause { cause: cause.0 },
            }),
            Self::BrowsingStatus(status) => EventDownload::new(event::BrowsingStatusChange {
                status: objects::BrowsingStatus { status: status.clone() },
            }),
            Self::AccessTechnology(technology) => EventDownload::new(event::AccessTechnologyChange {
                technology: technologies(*technology, &[]),
            }),
            Self::AccessTechnologies(first, more) => EventDownload::new(event::AccessTechnologiesChange {
                technologies: technologies(*first, more),
            }),
            Self::Display(parameters) => {
                EventDownload::new(event::DisplayParametersChanged { parameters: parameters.clone() })
            }
            Self::MtCall(call, number) => EventDownload::new(event::MtCall {
                transaction: transaction(*call, true),
                address: number.as_ref().map(object),
                subaddress: None,
                uri: None,
                media: None,
                truncated: None,
            }),
            Self::CallConnected { call, by_network } => EventDownload::new(event::CallConnected {
                transaction: transaction(*call, *by_network),
                media: None,
            })
            .from(side(*by_network)),
            Self::CallDisconnected { call, by_network, cause } => {
                // TS 24.008 §10.5.4.11: coding of GSM, location user.
                let cause = cause.map(|cause| [0xE0, 0x80 | cause].to_vec()).unwrap_or_default();
                EventDownload::new(event::CallDisconnected {
                    transactions: transaction(*call, *by_network),
                    cause: Some(objects::Cause { cause }),
                    media: None,
                    ims_cause: None,
                })
                .from(side(*by_network))
            }
            Self::CardReaderStatus(status) => EventDownload::new(event::CardReaderStatusChange {
                status: objects::CardReaderStatus { status: *status },
            }),
            Self::DataAvailable { status: [status, information], length } => {
                EventDownload::new(event::DataAvailable {
                    status: objects::ChannelStatus { status: *status, information: *information },
                    length: objects::ChannelDataLength { length: *length },
                })
            }
            Self::ChannelStatus([status, information]) => EventDownload::new(event::ChannelStatusChange {
                status: objects::ChannelStatus { status: *status, information: *information },
                bearer: None,
                address: None,
            }),
            Self::Frames(frames) => {
                EventDownload::new(event::FramesInformationChange { frames: frames.clone() })
            }
            Self::Other(event) => EventDownload::clone(event),
            Self::SearchMode(mode) => EventDownload::new(event::NetworkSearchModeChange {
                mode: objects::NetworkSearchMode { mode: mode.0 },
            }),
        }
    }
}

fn transaction(call: CallId, by_network: bool) -> objects::TransactionIdentifier {
    objects::TransactionIdentifier { identifiers: [call.octet(by_network)].to_vec() }
}

const fn side(by_network: bool) -> Device {
    if by_network { Device::NETWORK } else { Device::TERMINAL }
}

/// Access technologies, the current one first.
pub(crate) fn technologies(
    technology: AccessTechnologyCode,
    more: &[AccessTechnologyCode],
) -> objects::AccessTechnology {
    objects::AccessTechnology { technology, more: more.iter().copied().collect() }
}

impl Pending {
    /// An envelope as it is.
    pub(crate) fn envelope(envelope: impl Into<Envelope>) -> Self {
        Self::Envelope(Box::new(envelope.into()))
    }

    /// Whether it waits until no proactive command is under way. What the card has to answer does not: the service
    /// centre waits for that, or the command itself.
    const fn waits_for_session(&self) -> bool {
        !matches!(self, Self::Message(_) | Self::Control { .. })
    }

    /// The facility that announces it, if the one who asked for it has not been told before.
    pub(crate) const fn facility(&self) -> Option<Facility> {
        match self {
            Self::MenuSelection { .. } => Some(Facility::MenuSelection),
            Self::TimerExpiration { .. } => Some(Facility::TimerExpiration),
            Self::Event(_)
            | Self::Message(_)
            | Self::Ussd(_)
            | Self::Envelope(_)
            | Self::Octets(_)
            | Self::Control { .. } => None,
        }
    }

    /// Whether the card may have an answer to it.
    pub(crate) const fn is_answered(&self) -> bool {
        matches!(self, Self::Message(_) | Self::Control { .. } | Self::Ussd(_) | Self::Octets(_))
    }

    /// Whether a command has room for it.
    pub(crate) fn fits(&self) -> bool {
        match self {
            Self::Event(event) => Envelope::from(event.download()).encode().len() <= ROOM,
            Self::Ussd(string) => Envelope::from(UssdDownload::new(string.clone())).encode().len() <= ROOM,
            Self::Envelope(envelope) | Self::Control { envelope, .. } => envelope.encode().len() <= ROOM,
            Self::Octets(octets) => (1..=ROOM).contains(&octets.len()),
            Self::MenuSelection { .. } | Self::TimerExpiration { .. } | Self::Message(_) => true,
        }
    }

    /// The data of the ENVELOPE command, as of `now`, and what they say, if that is known.
    pub(crate) fn data(&self, now: Instant) -> (Vec<u8>, Option<Envelope>) {
        let envelope = match self {
            Self::Octets(octets) => return (octets.clone(), Envelope::decode(octets).ok()),
            Self::Ussd(string) => UssdDownload::new(string.clone()).into(),
            Self::Envelope(envelope) | Self::Control { envelope, .. } => Envelope::clone(envelope),
            Self::MenuSelection { item, help } => {
                let help = help.then_some(HelpRequest {});
                MenuSelection { help, ..MenuSelection::new(*item) }.into()
            }
            // The time since the timer was started (TS 102 223 §7.4).
            Self::TimerExpiration { timer, started } => {
                TimerExpiration::new(timer.identifier(), TimerValue::from_duration(now.since(*started)))
                    .into()
            }
            Self::Event(event) => event.download().into(),
            Self::Message(download) => {
                let service_centre = download.service_centre.as_ref().map(object);
                SmsPpDownload::new(service_centre, download.tpdu.clone()).into()
            }
        };
        (envelope.encode(), Some(envelope))
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

    /// Puts `pending` before all others: what the card was too busy for, or is asked.
    pub(crate) fn put_first(&mut self, pending: Pending) {
        self.waiting.push_front(pending);
    }

    /// Takes the first, or, while `only_urgent`, the first that does not wait for the session's end.
    pub(crate) fn take(&mut self, only_urgent: bool) -> Option<Pending> {
        let place = self.waiting.iter().position(|pending| !only_urgent || !pending.waits_for_session())?;
        self.waiting.remove(place)
    }
}
