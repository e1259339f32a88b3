//! What one applet has registered for, as memory keeps it (TS 102 241).

use alloc::vec::Vec;

use oxisim_toolkit::objects::EventCode;
use oxisim_wire::{
    Duration, Error, ErrorKind, Reader,
    tlv::{read_length, write_length},
};

/// What an applet has registered for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registrations {
    /// Its entries of the menu, in the order in which they were added.
    pub menu: Vec<MenuEntry>,
    /// Its timers, in the order in which it got them.
    pub timers: Vec<u8>,
    pub events: Vec<ToolkitEvent>,
    pub poll: Option<Duration>,
}

/// An entry of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MenuEntry {
    pub identifier: u8,
    pub text: Vec<u8>,
    pub enabled: bool,
    pub help: bool,
}

/// An event that an applet can ask to be told of with [`ToolkitRegistry::set_event`](crate::ToolkitRegistry::set_event).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolkitEvent {
    /// `EVENT_PROFILE_DOWNLOAD`.
    ProfileDownload,
    /// `EVENT_UNFORMATTED_SMS_PP_ENV`.
    UnformattedSmsPp,
    /// `EVENT_CALL_CONTROL_BY_NAA`, for one applet only.
    CallControl,
    /// `EVENT_MO_SHORT_MESSAGE_CONTROL_BY_NAA`, for one applet only.
    MoSmsControl,
    /// `EVENT_UNFORMATTED_SMS_CB`: pages of cell broadcast.
    CellBroadcast,
    /// `EVENT_UNFORMATTED_USSD`: USSD strings for the card.
    UssdDownload,
    /// `EVENT_UNRECOGNIZED_ENVELOPE`: envelopes that have no event of their own here.
    OtherEnvelope,
    /// `EVENT_EVENT_DOWNLOAD_*`: the terminal is asked for it with SET UP EVENT LIST.
    EventDownload(EventCode),
}

impl ToolkitEvent {
    /// Whether one applet only can have it, since there is one answer (TS 102 241, `ToolkitRegistry.setEvent`).
    pub(super) const fn is_exclusive(self) -> bool {
        matches!(self, Self::CallControl | Self::MoSmsControl)
    }

    /// The octet of the event, and that of the one that the terminal tells.
    const fn octets(self) -> [u8; 2] {
        match self {
            Self::EventDownload(code) => [EVENT_DOWNLOAD, code.0],
            Self::ProfileDownload => [0x01, 0],
            Self::UnformattedSmsPp => [0x04, 0],
            Self::CellBroadcast => [0x06, 0],
            Self::CallControl => [0x09, 0],
            Self::MoSmsControl => [0x0A, 0],
            Self::UssdDownload => [0x7A, 0],
            Self::OtherEnvelope => [0xFF, 0],
        }
    }

    const fn from_octets(octets: [u8; 2]) -> Option<Self> {
        Some(match octets {
            [EVENT_DOWNLOAD, code] => Self::EventDownload(EventCode(code)),
            [0x01, 0] => Self::ProfileDownload,
            [0x04, 0] => Self::UnformattedSmsPp,
            [0x06, 0] => Self::CellBroadcast,
            [0x09, 0] => Self::CallControl,
            [0x0A, 0] => Self::MoSmsControl,
            [0x7A, 0] => Self::UssdDownload,
            [0xFF, 0] => Self::OtherEnvelope,
            _ => return None,
        })
    }
}

/// The octet of every event that the terminal tells.
const EVENT_DOWNLOAD: u8 = 0x00;
/// The flags of a menu entry.
const ENABLED: u8 = 0x01;
const HELP: u8 = 0x02;

impl Registrations {
    /// What an object of memory says; nothing has been registered if it is empty.
    pub fn read(octets: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        let mut has = Self::default();
        if r.is_empty() {
            return Ok(has);
        }
        has.poll = match r.array("poll interval")?.map(u64::from) {
            [0, 0, 0, 0] => None,
            octets => Some(Duration::from_secs(octets.into_iter().fold(0, |sum, octet| sum << 8 | octet))),
        };
        has.timers = read_octets(&mut r, "timers of an applet")?.to_vec();
        let (events, _) = read_octets(&mut r, "events of an applet")?.as_chunks();
        let unknown = r.error("event of an applet", ErrorKind::Missing);
        has.events = events
            .iter()
            .map(|&event| ToolkitEvent::from_octets(event).ok_or(unknown))
            .collect::<Result<_, _>>()?;
        while !r.is_empty() {
            let [identifier, flags] = r.array("menu entry of an applet")?;
            let text = read_octets(&mut r, "menu entry of an applet")?.to_vec();
            let (enabled, help) = (flags & ENABLED != 0, flags & HELP != 0);
            has.menu.push(MenuEntry { identifier, text, enabled, help });
        }
        Ok(has)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let seconds = self.poll.map_or(0, |interval| interval.as_secs_ceil().clamp(1, u32::MAX.into()));
        let mut out = (seconds as u32).to_be_bytes().to_vec();
        write_octets(&self.timers, &mut out);
        let events: Vec<u8> = self.events.iter().flat_map(|event| event.octets()).collect();
        write_octets(&events, &mut out);
        for entry in &self.menu {
            let flags = if entry.enabled { ENABLED } else { 0 } | if entry.help { HELP } else { 0 };
            out.extend_from_slice(&[entry.identifier, flags]);
            write_octets(&entry.text, &mut out);
        }
        out
    }

    /// The identifiers of its menu entries.
    pub fn menu_entries(&self) -> impl Iterator<Item = u8> {
        self.menu.iter().map(|entry| entry.identifier)
    }
}

fn read_octets<'a>(r: &mut Reader<'a>, what: &'static str) -> Result<&'a [u8], Error> {
    let length = read_length(r, what)?;
    r.take(length, what)
}

fn write_octets(octets: &[u8], out: &mut Vec<u8>) {
    write_length(octets.len(), out);
    out.extend_from_slice(octets);
}
