//! The card: power, and one APDU at a time.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::fmt;

use oxisim_apdu::{Response, Status};
use oxisim_wire::Instant;

use crate::{
    access::{Asker, Authority, Operation},
    applet::{Applet, AppletError, AppletInfo, FilePart, FileUpdate, InstallParameters, Package},
    channel::{Channel, Channels},
    commands::{self, Suspension, Waiting},
    file::{Aid, FileId, FileSystem},
    image::{self, Image, ImageError, Platform},
    keys::SubscriberKeys,
    memory::Memory,
    ota::{self, KeySet, Remote, RemoteApplication, SubmitRule},
    pin::{KeyReference, Pin, PinIndex, Verified},
    profile::Profile,
    restore::{self, RestoreError},
    runtime::{Applets, Runtime},
    toolkit::Session as Toolkit,
    view::FileView,
};

/// A UICC. A copy of it is another card with the same contents and state.
pub struct Card {
    memory: Memory,
    shared: Arc<Shared>,
    /// The files as they are now.
    files: Arc<FileSystem>,
    applets: Applets,
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
    remote: Vec<RemoteApplication>,
    submit: SubmitRule,
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
    /// The script that is carried out in the place of the terminal's commands.
    pub remote: Option<Remote>,
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
    /// The applications of the card's own that packets are for.
    pub remote: &'a [RemoteApplication],
    /// Which packets get a receipt in a message of the card's own.
    pub submit: SubmitRule,
    pub memory: &'a mut Memory,
    pub session: &'a mut Session,
    /// Where the random numbers go on from.
    pub random: &'a mut u64,
    pub suspension: &'a mut Option<Box<Suspension>>,
    menu_title: &'a str,
    applets: &'a mut Applets,
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
            remote: image.remote.clone(),
            submit: image.submit,
        };
        Self {
            memory,
            shared: Arc::new(shared),
            files,
            applets: Applets::default(),
            random: 0,
            session: None,
            suspension: None,
        }
    }

    /// Powers the card on, or resets it: memory recovers, every volatile state is new, applets are new objects. After
    /// SUSPEND UICC they are at the first command that does not lead to its resumption (TS 102 221 §11.1.22).
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
            remote: None,
            started: false,
        });
        if let Some(mut powered) = self.powered(now).filter(|powered| powered.suspension.is_none()) {
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
        let Some(mut powered) = self.powered(now) else { return Status::TECHNICAL_PROBLEM.into() };
        powered.first_command();
        let applications = powered.applications();
        let mut response = commands::answer(&mut powered, apdu);
        powered.tell_of_ended(&applications);
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

    /// The card with one more applet, as a test or a host wants it that knows the applet:
    /// [`add_applet`](Self::add_applet), for a chain.
    ///
    /// # Panics
    /// If the applet cannot be installed, with its name and why.
    #[must_use]
    #[track_caller]
    pub fn with_applet(mut self, applet: impl Applet + 'static) -> Self {
        let name = applet.name();
        match self.add_applet(applet) {
            Ok(()) => self,
            Err(error) => panic!("the applet {name:?} cannot be installed: {error}"),
        }
    }

    /// Puts an applet on the card: its class loaded in a package of its own, installed with its own
    /// [parameters](Applet::parameters), and made selectable. One that is on the card already gets the new class and
    /// keeps its memory; one whose installation fails is not on the card.
    pub fn add_applet(&mut self, applet: impl Applet + 'static) -> Result<(), AppletError> {
        let (aid, class, parameters) = (applet.aid(), applet.class_aid(), applet.parameters());
        self.load(Package::of(applet))?;
        if self.applets.find(&aid).is_some() {
            return Ok(());
        }
        self.install(&class, &class, aid, &parameters)?;
        self.make_selectable(&aid)
    }

    /// Loads a package, in the place of one with the same AID: applets of it that are on the card go on as objects of
    /// the new classes, with what they had in memory.
    pub fn load(&mut self, package: Package) -> Result<(), AppletError> {
        self.manage(|runtime| {
            runtime.load(package);
            Ok(())
        })
    }

    /// Installs an applet of a class of a package that is loaded. `6A88` if it is not, `6985` if another applet, another
    /// package or an ADF has the AID, `6A80` if a TAR or an identifier of a menu entry is another applet's.
    pub fn install(
        &mut self,
        package: &Aid,
        class: &Aid,
        instance: Aid,
        parameters: &InstallParameters,
    ) -> Result<(), AppletError> {
        self.manage(|runtime| runtime.install(package, class, instance, parameters))
    }

    /// Lets an installed applet work: its state is `SELECTABLE` then.
    pub fn make_selectable(&mut self, instance: &Aid) -> Result<(), AppletError> {
        self.manage(|runtime| runtime.make_selectable(instance))
    }

    /// Locks an applet: it is neither selected nor told of anything, its menu entries are hidden, its timers stopped.
    pub fn lock(&mut self, instance: &Aid) -> Result<(), AppletError> {
        self.manage(|runtime| runtime.lock(instance))
    }

    /// Unlocks an applet: its state is the one before it was locked.
    pub fn unlock(&mut self, instance: &Aid) -> Result<(), AppletError> {
        self.manage(|runtime| runtime.unlock(instance))
    }

    /// Deletes an applet, or a package with all its applets, and all that they have in memory.
    pub fn delete(&mut self, aid: &Aid) -> Result<(), AppletError> {
        self.manage(|runtime| runtime.delete(aid))?;
        self.applets.unload(aid);
        Ok(())
    }

    /// The applets on the card, in the order of their installation.
    pub fn applets(&self) -> impl Iterator<Item = AppletInfo> + '_ {
        self.applets.info(&self.memory)
    }

    /// The last error since power-on that an applet did not catch, and whose it was; it is told once. The card goes on
    /// after it, so that a terminal may see nothing of it.
    pub const fn take_uncaught(&mut self) -> Option<(Aid, AppletError)> {
        match &mut self.session {
            Some(session) => session.toolkit.uncaught.take(),
            None => None,
        }
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

    /// The key sets for packets over the air, as they are now: no APDU reads them.
    #[must_use]
    pub fn key_sets(&self) -> Vec<KeySet> {
        ota::key_sets(&self.memory)
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
        let mut applets = self.applets.clone();
        applets.reload(&memory).map_err(RestoreError::Applets)?;
        if let Some(lost) = applets.iter().find(|instance| instance.object.is_none()) {
            return Err(RestoreError::Class(lost.aid));
        }
        self.applets = applets;
        self.memory = memory;
        self.files = files.map_or_else(|| Arc::clone(&self.shared.files), Arc::new);
        if let Some(mut powered) = self.powered(Instant::EPOCH) {
            powered.forget_lost_applets();
        }
        Ok(())
    }

    /// Makes the files and the applets those that memory tells of: power loss can have taken a change back.
    fn reload(&mut self) {
        let applets = self.applets.reload(&self.memory);
        debug_assert!(applets.is_ok(), "what the card itself has written: {:?}", applets.err());
        let files = self.shared.files.changed(&self.memory);
        debug_assert!(files.is_ok(), "what the card itself has written: {:?}", files.err());
        if let Ok(files) = files {
            self.files = files.map_or_else(|| Arc::clone(&self.shared.files), Arc::new);
        }
    }

    /// Carries out a change of the applets, as one transaction; nothing if it fails. No suspended session is resumed
    /// after it.
    fn manage<T>(
        &mut self,
        change: impl FnOnce(&mut Runtime<'_>) -> Result<T, AppletError>,
    ) -> Result<T, AppletError> {
        if let Some(mut powered) = self.powered(Instant::EPOCH) {
            powered.end_suspension();
            let result = powered.runtime().manage(change);
            powered.forget_lost_applets();
            return result;
        }
        self.suspension = None;
        self.memory.recover();
        self.reload();
        let mut session = Toolkit::default();
        session.registry.load(&self.applets, &self.memory);
        let mut runtime = Runtime {
            applets: &mut self.applets,
            files: &self.files,
            memory: &mut self.memory,
            session: &mut session,
        };
        runtime.manage(change)
    }

    fn powered(&mut self, now: Instant) -> Option<Powered<'_>> {
        Some(Powered {
            now,
            platform: self.shared.platform,
            files: &self.files,
            made_with: &self.shared.files,
            changed: None,
            keys: &self.shared.keys,
            remote: &self.shared.remote,
            submit: self.shared.submit,
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

impl Clone for Card {
    fn clone(&self) -> Self {
        Self {
            memory: self.memory.clone(),
            shared: Arc::clone(&self.shared),
            files: Arc::clone(&self.files),
            applets: self.applets.clone(),
            random: self.random,
            session: self.session.clone(),
            suspension: self.suspension.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        let Self { memory, shared, files, applets, random, session, suspension } = self;
        memory.clone_from(&source.memory);
        shared.clone_from(&source.shared);
        files.clone_from(&source.files);
        applets.clone_from(&source.applets);
        *random = source.random;
        session.clone_from(&source.session);
        suspension.clone_from(&source.suspension);
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aids: Vec<_> = self.applets.iter().map(|instance| instance.aid).collect();
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
            self.first_command();
        }
    }

    /// Tells the applets of the first command of this session.
    fn first_command(&mut self) {
        if self.session.started {
            self.runtime().first_command();
        }
    }

    /// The sessions of applications, if an applet is to be told of their end.
    fn applications(&mut self) -> Vec<(u8, FileId)> {
        if !self.runtime().hears_of_applications() {
            return Vec::new();
        }
        self.session.channels.applications().collect()
    }

    /// Tells the applets which of these sessions have ended.
    fn tell_of_ended(&mut self, applications: &[(u8, FileId)]) {
        for &(channel, application) in applications {
            let goes_on = self.session.channels.applications().any(|other| other == (channel, application));
            if !goes_on && let Some(aid) = self.files.directory(application).and_then(|adf| adf.aid) {
                self.runtime().application_deselected(aid, channel);
            }
        }
    }

    /// A command has written to a file.
    pub fn updated(&mut self, file: FileId, part: FilePart) {
        let update = FileUpdate { file, part };
        if let Some(remote) = &mut self.session.remote {
            remote.updates.push(update);
            return;
        }
        let now = self.now;
        if let Some(packet) = self.runtime().file_updated(now, update) {
            // The terminal is told nothing of it: what it has written is written.
            let _ = self.packet(&packet);
        }
    }

    /// The same card with other files, if there are any.
    pub fn with_files<'b>(&'b mut self, files: Option<&'b FileSystem>) -> Powered<'b> {
        Powered {
            now: self.now,
            platform: self.platform,
            files: files.unwrap_or(self.files),
            made_with: self.made_with,
            changed: None,
            keys: self.keys,
            remote: self.remote,
            submit: self.submit,
            memory: self.memory,
            session: self.session,
            random: self.random,
            suspension: self.suspension,
            menu_title: self.menu_title,
            applets: self.applets,
        }
    }

    /// Selects a file on the channel of the command, which deselects its applet; `6985` if the file is another
    /// channel's alone.
    pub fn select(&mut self, id: FileId) -> Result<(), Status> {
        if self.session.channels.is_taken(self.files, self.session.number, id) {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        self.deselect();
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

    fn authority(&self) -> Authority<'_> {
        let verified = self.session.verified;
        let asker = match &self.session.remote {
            None => Asker::Terminal(verified),
            Some(remote) => remote.asker(verified),
        };
        Authority { files: self.files, memory: self.memory, asker }
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
