//! The card: power, and one APDU at a time.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};
use core::fmt;

use oxisim_apdu::{Command, Response, Status};
use oxisim_wire::Instant;

use crate::{
    applet::Applet,
    channel::Channel,
    commands,
    file::FileSystem,
    memory::Memory,
    profile::{self, Profile},
    toolkit_session::{Installed, Runtime, Session as Toolkit},
    view::FileView,
};

/// A UICC. A copy of it is another card with the same contents and state.
#[derive(Clone)]
pub struct Card {
    memory: Memory,
    shared: Arc<Shared>,
    applets: Vec<Installed>,
    /// What is lost at power-off; nothing while there is no power.
    session: Option<Session>,
}

/// What copies of a card have in common.
#[derive(Debug)]
struct Shared {
    files: FileSystem,
    menu_title: String,
}

/// What a card knows between power-on and power-off.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub channel: Channel,
    pub toolkit: Toolkit,
}

/// A card that has power, with what its commands work on.
pub(crate) struct Powered<'a> {
    pub now: Instant,
    pub files: &'a FileSystem,
    pub memory: &'a mut Memory,
    pub session: &'a mut Session,
    menu_title: &'a str,
    applets: &'a mut [Installed],
}

impl Card {
    /// The answer to reset (ISO/IEC 7816-3 §8.2, TS 102 221 §6.3): direct convention, T=0 up to F/D = 512/32,
    /// classes A, B and C; the historical bytes say how files are selected, that lengths may be extended, and
    /// `oxisim`.
    pub const ATR: [u8; 21] = [
        0x3B, 0x9E, 0x96, 0x80, 0x1F, 0xC7, 0x80, 0x31, 0xE0, 0x73, 0xF6, 0x21, 0x40, 0x66, 0x6F, 0x78, 0x69,
        0x73, 0x69, 0x6D, 0x8A,
    ];

    /// A card personalised with `profile`, without power and without applets.
    #[must_use]
    pub fn new(profile: &Profile) -> Self {
        let (files, memory) = profile::personalise(profile);
        let shared = Shared { files, menu_title: profile.menu_title.clone() };
        Self { memory, shared: Arc::new(shared), applets: Vec::new(), session: None }
    }

    /// The card with one more applet, whose persistent array is made now; the applet runs from the next
    /// power-on. An applet whose AID is on the card already takes the place of that one and keeps its array.
    #[must_use]
    pub fn with_applet(mut self, applet: impl Applet + 'static) -> Self {
        let aid = applet.aid();
        let name = format!("applet/{aid:?}/state");
        let store = self
            .memory
            .find(&name)
            .unwrap_or_else(|| self.memory.create(name, &vec![0; applet.persistent_octets()]));
        let installed = Installed { applet: Box::new(applet), store };
        match self.applets.iter_mut().find(|other| other.applet.aid() == aid) {
            Some(other) => *other = installed,
            None => self.applets.push(installed),
        }
        self
    }

    /// Powers the card on, or resets it: memory recovers, every volatile state is new, applets register.
    /// Returns the answer to reset.
    pub fn power_on(&mut self, now: Instant) -> Vec<u8> {
        self.memory.recover();
        self.session = Some(Session { channel: Channel::after_reset(), toolkit: Toolkit::default() });
        if let Some(mut powered) = self.powered(now) {
            powered.runtime().start();
        }
        Self::ATR.to_vec()
    }

    /// Takes power away. Everything but memory is lost.
    pub fn power_off(&mut self) {
        self.session = None;
    }

    /// Whether the card has power.
    #[must_use]
    pub const fn is_powered(&self) -> bool {
        self.session.is_some()
    }

    /// Handles one command APDU. Every sequence of octets has an answer; one that is no APDU has `6700`. Without
    /// power, and after power was lost in the middle of a write, it is `6F00`.
    ///
    /// Time passes only for what waits for more: the parts of a long message.
    pub fn exchange(&mut self, now: Instant, apdu: &[u8]) -> Response {
        let Some(mut powered) = self.powered(now) else { return Status::TECHNICAL_PROBLEM.into() };
        let mut response = Command::parse(apdu)
            .map_err(|_| Status::WRONG_LENGTH)
            .and_then(|command| commands::execute(&mut powered, &command))
            .unwrap_or_else(Response::from);
        if powered.memory.is_torn() {
            return Status::TECHNICAL_PROBLEM.into();
        }
        if response.status == Status::NORMAL
            && let Some(length) = powered.session.toolkit.waiting(powered.menu_title)
        {
            response.status = Status::proactive(length);
        }
        response
    }

    /// The files, past all access rules: a host's way to personalise a card and to look at it.
    #[must_use]
    pub fn files(&mut self) -> FileView<'_> {
        FileView::new(&self.shared.files, &mut self.memory)
    }

    /// The tree of files.
    #[must_use]
    pub fn file_system(&self) -> &FileSystem {
        &self.shared.files
    }

    /// The non-volatile memory.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The non-volatile memory, to restore it or to tear it.
    #[must_use]
    pub const fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn powered(&mut self, now: Instant) -> Option<Powered<'_>> {
        Some(Powered {
            now,
            files: &self.shared.files,
            memory: &mut self.memory,
            session: self.session.as_mut()?,
            menu_title: &self.shared.menu_title,
            applets: &mut self.applets,
        })
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aids: Vec<_> = self.applets.iter().map(|installed| installed.applet.aid()).collect();
        f.debug_struct("Card")
            .field("applets", &aids)
            .field("powered", &self.is_powered())
            .finish_non_exhaustive()
    }
}

impl Powered<'_> {
    /// The files, for a command that has checked that it may.
    pub const fn view(&mut self) -> FileView<'_> {
        FileView::new(self.files, self.memory)
    }

    /// The applets and their session.
    pub const fn runtime(&mut self) -> Runtime<'_> {
        Runtime {
            applets: self.applets,
            files: self.files,
            memory: self.memory,
            session: &mut self.session.toolkit,
        }
    }
}
