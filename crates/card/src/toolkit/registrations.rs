//! What one applet has registered for, as memory keeps it (TS 102 241).

use alloc::vec::Vec;

use oxisim_toolkit::objects::EventCode;
use oxisim_wire::{
    Duration, Error, ErrorKind, Reader,
    tlv::{read_length, write_length},
};

use super::{
    events::{Registration, ToolkitEvent},
    menu::MenuEntry,
};
use crate::file::{Aid, FileId, FileSystem, fid};

/// What an applet has registered for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registrations {
    /// Its entries of the menu, in the order in which they were added.
    pub menu: Vec<MenuEntry>,
    /// Its timers, in the order in which it got them.
    pub timers: Vec<u8>,
    pub events: Vec<ToolkitEvent>,
    /// Its services of a local connection, in the order in which it got them.
    pub services: Vec<u8>,
    /// The files whose updates it is told of, by the terminal or by remote file management.
    pub files: Vec<WatchedFile>,
    pub poll: Option<Duration>,
}

/// A file whose updates an applet is told of: its path, from the MF or from the application with this AID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WatchedFile {
    pub by: Writer,
    pub application: Option<Aid>,
    pub path: Vec<u16>,
}

/// Who writes to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// `EVENT_EXTERNAL_FILE_UPDATE`.
    Terminal,
    /// `EVENT_REMOTE_FILE_UPDATE`.
    Remote,
}

impl ToolkitEvent {
    /// The octet of the event, and that of the one that the terminal tells.
    fn octets(self) -> [u8; 2] {
        match self {
            Self::EventDownload(code) => [EVENT_DOWNLOAD, code.0],
            other => [other.value().map_or(0, |value| value.to_be_bytes()[1]), 0],
        }
    }

    /// One that is set by itself.
    fn from_octets(octets: [u8; 2]) -> Option<Self> {
        let event = match octets {
            [EVENT_DOWNLOAD, code] => Self::EventDownload(EventCode(code)),
            [0xFF, 0] => Self::OtherEnvelope,
            [value, 0] => Self::from_value(value.into()).filter(|event| event.event_code().is_none())?,
            _ => return None,
        };
        (event.registration() == Registration::SetEvent).then_some(event)
    }
}

/// The octet of every event that the terminal tells.
const EVENT_DOWNLOAD: u8 = 0x00;
/// The octets of the events of files.
const EXTERNAL_FILE_UPDATE: u8 = 124;
const REMOTE_FILE_UPDATE: u8 = 125;

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
        has.services = read_octets(&mut r, "services of an applet")?.to_vec();
        let (events, _) = read_octets(&mut r, "events of an applet")?.as_chunks();
        let unknown = r.error("event of an applet", ErrorKind::Missing);
        has.events = events
            .iter()
            .map(|&event| ToolkitEvent::from_octets(event).ok_or(unknown))
            .collect::<Result<_, _>>()?;
        let length = read_length(&mut r, "files of an applet")?;
        let mut files = r.sub(length, "files of an applet")?;
        while !files.is_empty() {
            has.files.push(WatchedFile::read(&mut files)?);
        }
        while !r.is_empty() {
            has.menu.push(MenuEntry::read(&mut r)?);
        }
        Ok(has)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let seconds = self.poll.map_or(0, |interval| interval.as_secs_ceil().clamp(1, u32::MAX.into()));
        let mut out = (seconds as u32).to_be_bytes().to_vec();
        write_octets(&self.timers, &mut out);
        write_octets(&self.services, &mut out);
        let events: Vec<u8> = self.events.iter().flat_map(|event| event.octets()).collect();
        write_octets(&events, &mut out);
        let mut files = Vec::new();
        self.files.iter().for_each(|file| file.write(&mut files));
        write_octets(&files, &mut out);
        for entry in &self.menu {
            entry.write(&mut out);
        }
        out
    }

    /// Whether it is told of an event.
    pub fn hears(&self, event: ToolkitEvent) -> bool {
        match event {
            ToolkitEvent::MenuSelection => !self.menu.is_empty(),
            ToolkitEvent::MenuSelectionHelp => self.menu.iter().any(|entry| entry.help),
            ToolkitEvent::TimerExpiration => !self.timers.is_empty(),
            ToolkitEvent::StatusCommand => self.poll.is_some(),
            ToolkitEvent::EventDownload(EventCode::LOCAL_CONNECTION) => !self.services.is_empty(),
            ToolkitEvent::ExternalFileUpdate => self.watches_any(Writer::Terminal),
            ToolkitEvent::RemoteFileUpdate => self.watches_any(Writer::Remote),
            _ => self.events.contains(&event),
        }
    }

    fn watches_any(&self, by: Writer) -> bool {
        self.files.iter().any(|file| file.by == by)
    }

    /// The identifiers of its menu entries.
    pub fn menu_entries(&self) -> impl Iterator<Item = u8> {
        self.menu.iter().map(|entry| entry.identifier)
    }
}

impl WatchedFile {
    /// The file, if it is on the card.
    pub fn find(&self, files: &FileSystem) -> Option<FileId> {
        let Some(application) = self.application else { return files.at_path(&self.path) };
        let path = self.path.strip_prefix(&[fid::CURRENT_APPLICATION]).unwrap_or(&self.path);
        let start = files.applications(application.as_bytes()).next()?;
        path.iter().try_fold(start, |directory, &fid| files.child(directory, fid))
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let by = match r.u8("event of a file of an applet")? {
            REMOTE_FILE_UPDATE => Writer::Remote,
            _ => Writer::Terminal,
        };
        let aid = read_octets(r, "AID of a file of an applet")?;
        let (path, _) = read_octets(r, "path of a file of an applet")?.as_chunks();
        let path = path.iter().copied().map(u16::from_be_bytes).collect();
        Ok(Self { by, application: Aid::new(aid), path })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(match self.by {
            Writer::Terminal => EXTERNAL_FILE_UPDATE,
            Writer::Remote => REMOTE_FILE_UPDATE,
        });
        write_octets(self.application.as_ref().map_or(&[], Aid::as_bytes), out);
        write_octets(&self.path.iter().flat_map(|fid| fid.to_be_bytes()).collect::<Vec<_>>(), out);
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
