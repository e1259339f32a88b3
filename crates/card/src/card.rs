//! The card: power, and one APDU at a time.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};
use core::fmt;

use oxisim_apdu::{Response, Status};
use oxisim_wire::Instant;

use crate::{
    access::{Asker, Authority, Operation},
    applet::Applet,
    channel::{Channel, Channels},
    commands::{self, Suspension, Waiting},
    file::{FileId, FileSystem},
    image::{self, Image, ImageError, Platform},
    keys::SubscriberKeys,
    memory::Memory,
    pin::{KeyReference, Pin, PinIndex, Verified},
    profile::Profile,
    restore::{self, RestoreError},
    toolkit::{Installed, Runtime, Session as Toolkit},
    view::FileView,
};

/// A UICC. A copy of it is another card with the same contents and state.
#[derive(Clone)]
pub struct Card {
    memory: Memory,
    shared: Arc<Shared>,
    /// The files as they are now.
    files: Arc<FileSystem>,
    applets: Vec<Installed>,
    /// Where the random numbers go on from.
    random: u64,
    /// What is lost at power-off; nothing while there is no power.
    session: Option<Session>,
    /// What SUSPEND UICC keeps over one power-off; a host that keeps memory only loses it.
    suspension: Option<Box<Suspension>>,
}

/// What copies of a card have in common.
#[derive(Debug)]
struct Shared {
    atr: Vec<u8>,
    platform: Platform,
    /// The files that the card was made with.
    files: Arc<FileSystem>,
    menu_title: String,
    keys: SubscriberKeys,
}

/// What a card knows between power-on and power-off.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The channel of the command that is being carried out.
    pub channel: Channel,
    /// Its number.
    pub number: u8,
    pub channels: Channels,
    /// What GET RESPONSE can fetch.
    pub waiting: Waiting,
    pub verified: Verified,
    pub toolkit: Toolkit,
    /// Whether the applets know of this session.
    started: bool,
}

/// A card that has power, with what its commands work on.
pub(crate) struct Powered<'a> {
    pub now: Instant,
    pub platform: Platform,
    pub files: &'a FileSystem,
    /// The files that the card was made with.
    pub made_with: &'a FileSystem,
    /// The files from the next command on, if this one changes them.
    pub changed: Option<FileSystem>,
    pub keys: &'a SubscriberKeys,
    pub memory: &'a mut Memory,
    pub session: &'a mut Session,
    /// Where the random numbers go on from.
    pub random: &'a mut u64,
    pub suspension: &'a mut Option<Box<Suspension>>,
    menu_title: &'a str,
    applets: &'a mut [Installed],
}

impl Card {
    /// A card personalised with `profile`, without power and without applets.
    #[must_use]
    pub fn new(profile: &Profile) -> Self {
        let image = profile.image();
        let files = image::build(&image);
        debug_assert!(files.is_ok(), "{:?}", files.err());
        Self::made_of(&image, files.unwrap_or_default())
    }

    /// The card that an image describes, without power and without applets.
    pub fn from_image(image: &Image) -> Result<Self, ImageError> {
        Ok(Self::made_of(image, image::build(image)?))
    }

    fn made_of(image: &Image, (files, keys, memory): (FileSystem, SubscriberKeys, Memory)) -> Self {
        let files = Arc::new(files);
        let shared = Shared {
            atr: image.atr.clone(),
            platform: image.platform,
            files: Arc::clone(&files),
            menu_title: image.menu_title.clone(),
            keys,
        };
        Self {
            memory,
            shared: Arc::new(shared),
            files,
            applets: Vec::new(),
            random: 0,
            session: None,
            suspension: None,
        }
    }

    /// The card with one more applet, whose persistent array is made now; the applet runs from the next
    /// power-on, before which no suspended session is resumed. An applet whose AID is on the card already takes the
    /// place of that one and keeps its array.
    #[must_use]
    pub fn with_applet(mut self, applet: impl Applet + 'static) -> Self {
        self.suspension = None;
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

    /// Powers the card on, or resets it: memory recovers, every volatile state is new, applets register. After
    /// SUSPEND UICC they do so at the first command that does not lead to its resumption (TS 102 221 §11.1.22).
    /// Returns the answer to reset.
    pub fn power_on(&mut self, now: Instant) -> Vec<u8> {
        self.memory.recover();
        self.reload();
        self.session = Some(Session {
            channel: Channel::after_reset(),
            number: 0,
            channels: Channels::after_reset(),
            waiting: Waiting::MasterFile,
            verified: Verified::default(),
            toolkit: Toolkit::default(),
            started: false,
        });
        let files = Arc::clone(&self.files);
        if let Some(mut powered) = self.powered(&files, now).filter(|powered| powered.suspension.is_none()) {
            powered.start();
        }
        self.shared.atr.clone()
    }

    /// Takes power away. Everything but memory is lost, and a session that is suspended (TS 102 221 §11.1.22).
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
        let files = Arc::clone(&self.files);
        let Some(mut powered) = self.powered(&files, now) else { return Status::TECHNICAL_PROBLEM.into() };
        let mut response = commands::answer(&mut powered, apdu);
        if powered.memory.is_torn() {
            return Status::TECHNICAL_PROBLEM.into();
        }
        let menu_title = powered.menu_title;
        if let Some(with_length) = proactive_status(response.status)
            && let Some(length) = powered.runtime().waiting(menu_title)
        {
            response.status = with_length(length);
        }
        if let Some(files) = powered.changed {
            self.files = Arc::new(files);
        }
        response
    }

    /// Says where the random numbers of GET CHALLENGE come from: the same seed gives the same ones.
    pub const fn seed_random(&mut self, seed: u64) {
        self.random = seed;
    }

    /// The files, past all access rules: a host's way to personalise a card and to look at it.
    #[must_use]
    pub fn files(&mut self) -> FileView<'_> {
        FileView::new(&self.files, &mut self.memory)
    }

    /// The tree of files.
    #[must_use]
    pub fn file_system(&self) -> &FileSystem {
        &self.files
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

    /// Puts objects of the memory back that [`Memory::objects`] of the same card gave, before the next power-on;
    /// `None` makes one go. An object that is not what this card has under that name, or what a file that was created
    /// or resized needs, is an error; the card is left as it was then.
    pub fn restore<'a>(
        &mut self,
        objects: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
    ) -> Result<(), RestoreError> {
        let (memory, files) = restore::restore(&self.memory, &self.shared.files, objects)?;
        self.memory = memory;
        self.files = files.map_or_else(|| Arc::clone(&self.shared.files), Arc::new);
        Ok(())
    }

    /// Makes the files those that memory tells of: power loss can have taken a change back.
    fn reload(&mut self) {
        let files = self.shared.files.changed(&self.memory);
        debug_assert!(files.is_ok(), "what the card itself has written: {:?}", files.err());
        if let Ok(files) = files {
            self.files = files.map_or_else(|| Arc::clone(&self.shared.files), Arc::new);
        }
    }

    fn powered<'a>(&'a mut self, files: &'a FileSystem, now: Instant) -> Option<Powered<'a>> {
        Some(Powered {
            now,
            platform: self.shared.platform,
            files,
            made_with: &self.shared.files,
            changed: None,
            keys: &self.shared.keys,
            memory: &mut self.memory,
            session: self.session.as_mut()?,
            random: &mut self.random,
            suspension: &mut self.suspension,
            menu_title: &self.shared.menu_title,
            applets: &mut self.applets,
        })
    }
}

/// What a status word becomes while a proactive command of some length waits, if it can say so (TS 102 221
/// §10.2.1.1, §10.2.1.3).
fn proactive_status(status: Status) -> Option<fn(usize) -> Status> {
    Some(match status {
        Status::NORMAL => Status::proactive,
        Status::MORE_DATA_AVAILABLE => |_| Status::MORE_DATA_AVAILABLE_PROACTIVE,
        Status::MORE_DATA_EXPECTED => |_| Status::MORE_DATA_EXPECTED_PROACTIVE,
        _ => return None,
    })
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

impl<'a> Powered<'a> {
    /// The key that `reference` names from the current directory.
    pub fn pin(&self, reference: KeyReference) -> Option<(PinIndex, &'a Pin)> {
        let files = self.files;
        files.pins.find(files, self.session.channel.directory, reference)
    }

    /// Forgets that the PINs of an application were verified, if no channel has the application any more.
    pub fn forget_unused(&mut self, application: Option<FileId>) {
        let session = &mut *self.session;
        if let Some(application) = application.filter(|&id| !session.channels.any_in(id)) {
            self.files.pins.of_application(application).for_each(|pin| session.verified.remove(pin));
        }
    }
}

impl Powered<'_> {
    /// Lets the applets register, once in a session.
    fn start(&mut self) {
        if !self.session.started {
            self.session.started = true;
            self.runtime().start();
        }
    }

    /// Forgets what SUSPEND UICC has kept, and goes on with this session.
    pub fn end_suspension(&mut self) {
        if self.suspension.take().is_some() {
            self.start();
        }
    }

    /// Selects a file on the channel of the command; `6985` if it is another channel's alone.
    pub fn select(&mut self, id: FileId) -> Result<(), Status> {
        if self.session.channels.is_taken(self.files, self.session.number, id) {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        self.session.channel.select(self.files, id)
    }

    /// Checks that the file's access rule lets the operation be done, and its life cycle that its contents be read
    /// or changed.
    pub fn permit(&self, id: FileId, operation: Operation) -> Result<(), Status> {
        self.authority().permit(id, operation)?;
        if let Operation::Read | Operation::Update | Operation::Increase = operation {
            FileView::new(self.files, &*self.memory).activated(id)?;
        }
        Ok(())
    }

    /// Whether a key has been verified or need not be, seen from a directory.
    pub fn holds(&self, directory: FileId, reference: KeyReference) -> bool {
        self.authority().holds(directory, reference)
    }

    const fn authority(&self) -> Authority<'_> {
        Authority { files: self.files, memory: self.memory, asker: Asker::Terminal(self.session.verified) }
    }

    /// Checks that a PIN or key that counts in a directory has been verified, or is disabled.
    pub fn require(&self, directory: FileId, reference: KeyReference) -> Result<(), Status> {
        if self.holds(directory, reference) { Ok(()) } else { Err(Status::SECURITY_STATUS_NOT_SATISFIED) }
    }

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
