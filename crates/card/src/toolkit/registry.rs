//! What applets have registered for (TS 102 241): menu entries, timers, events, the poll interval.

use alloc::vec::Vec;

use oxisim_apdu::Status;
use oxisim_toolkit::{
    CommandType,
    objects::{AlphaIdentifier, EventCode, IconIdentifier},
};
use oxisim_wire::Duration;

use super::{
    events::{Registration, ToolkitEvent},
    menu::{self, MenuEntry},
    registrations::{Registrations, WatchedFile, Writer},
    timers::{TIMERS, Timers},
};
use crate::{
    applet::{AppletError, InstallParameters, MenuPlace, ToolkitError},
    file::{Aid, FileId, FileSystem},
    memory::{Handle, Memory},
    runtime::{AppletId, Applets},
};

/// Registrations of every applet, as memory has them, and what of them is under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    /// In the order of the installation of the applets.
    applets: Vec<Registered>,
    /// Which timers run.
    pub timers: Timers,
    /// The interval that the terminal granted.
    pub poll_interval: Option<Duration>,
    /// Whether an applet has asked for an interval since the terminal was told: a request begins it anew.
    pub poll_requested: bool,
    /// Whether the menu has changed since the terminal was told.
    pub menu_changed: bool,
    /// Whether the events have.
    pub events_changed: bool,
}

/// An applet with its registrations.
#[derive(Clone, Debug)]
struct Registered {
    applet: AppletId,
    /// Whether it is told of anything.
    is_active: bool,
    /// The identifiers of menu entries that its install parameters give it.
    given: Vec<u8>,
    has: Registrations,
}

/// Services of a local connection (TS 102 223 §8.63).
const SERVICES: u8 = 8;
/// Identifiers of menu entries from here on are the card's to give (TS 102 226 §8.2.1.3.2).
const OWN_IDENTIFIERS: u8 = 0x80;

impl Registry {
    /// Makes the registrations those that memory has.
    pub fn load(&mut self, applets: &Applets, memory: &Memory) {
        let before = core::mem::take(&mut self.applets);
        for instance in applets.iter() {
            let read = Registrations::read(memory.read(instance.registry));
            debug_assert!(read.is_ok(), "what the card itself has written: {:?}", read.err());
            self.applets.push(Registered {
                applet: instance.id,
                is_active: instance.is_active(),
                given: given(&instance.parameters).collect(),
                has: read.unwrap_or_default(),
            });
        }
        self.menu_changed |= menu(&before) != menu(&self.applets);
        self.events_changed |= !events(&before).eq(events(&self.applets));
    }

    pub fn timer_owner(&self, timer: u8) -> Option<AppletId> {
        self.applets
            .iter()
            .find(|registered| registered.has.timers.contains(&timer))
            .map(|owner| owner.applet)
    }

    /// The owner of a timer that may be told of it.
    pub fn active_timer_owner(&self, timer: u8) -> Option<AppletId> {
        self.active().find(|active| active.has.timers.contains(&timer)).map(|owner| owner.applet)
    }

    /// A change is taken back: the registrations are those that memory has, and timers that were given back are not to
    /// be stopped.
    pub fn take_back(&mut self, applets: &Applets, memory: &Memory, timers: Timers) {
        self.timers = timers;
        self.load(applets, memory);
    }

    /// The entries of the menu that are shown, in their order.
    pub fn menu(&self) -> Vec<&MenuEntry> {
        menu(&self.applets)
    }

    /// An entry of the menu, and whose it is.
    pub fn menu_entry(&self, item: u8) -> Option<(AppletId, &MenuEntry)> {
        self.active().find_map(|registered| {
            let entry = registered.has.menu.iter().find(|entry| entry.identifier == item)?;
            Some((registered.applet, entry))
        })
    }

    pub fn wants(&self, applet: AppletId, event: ToolkitEvent) -> bool {
        self.active().any(|registered| registered.applet == applet && registered.has.hears(event))
    }

    /// The applet that is asked when an event needs an answer.
    pub fn asked(&self, event: ToolkitEvent) -> Option<AppletId> {
        self.active().find(|registered| registered.has.events.contains(&event)).map(|asked| asked.applet)
    }

    pub fn polls(&self, applet: AppletId) -> bool {
        self.active().any(|registered| registered.applet == applet && registered.has.poll.is_some())
    }

    /// The shortest interval that an applet has asked for.
    pub fn wanted_poll_interval(&self) -> Option<Duration> {
        self.active().filter_map(|registered| registered.has.poll).min()
    }

    /// The events to ask the terminal for, each once, in ascending order.
    pub fn wanted_events(&self) -> Vec<EventCode> {
        let mut wanted: Vec<EventCode> = events(&self.applets).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    fn active(&self) -> impl Iterator<Item = &Registered> {
        self.applets.iter().filter(|registered| registered.is_active)
    }

    /// The lowest identifier of these that no entry of the menu has, or will have.
    fn free_identifier(&self, mut of: impl Iterator<Item = u8>) -> Option<u8> {
        of.find(|&id| !self.has_identifier(id))
    }

    fn has_identifier(&self, id: u8) -> bool {
        self.applets.iter().any(|registered| {
            registered.given.contains(&id) || registered.has.menu_entries().any(|taken| taken == id)
        })
    }

    /// Checks that another applet can be installed with these parameters: no other has its identifiers of menu entries
    /// (TS 102 226 §8.2.1.3.2).
    pub fn check(&self, parameters: &InstallParameters) -> Result<(), Status> {
        if given(parameters).any(|id| self.has_identifier(id)) { Err(Status::INCORRECT_DATA) } else { Ok(()) }
    }

    /// Whether any applet is told of an event.
    pub fn is_wanted(&self, event: ToolkitEvent) -> bool {
        self.active().any(|registered| registered.has.hears(event))
    }

    /// Whether an applet watches a file, or the directory that it is in.
    pub fn watches(&self, applet: AppletId, by: Writer, files: &FileSystem, id: FileId) -> bool {
        let is_it = |watched: FileId| watched == id || watched == files.parent(id);
        self.active()
            .filter(|registered| registered.applet == applet)
            .flat_map(|registered| &registered.has.files)
            .any(|file| file.by == by && file.find(files).is_some_and(is_it))
    }

    /// The applet with a service of a local connection.
    pub fn service_owner(&self, service: u8) -> Option<AppletId> {
        let mut applets = self.applets.iter();
        applets.find(|registered| registered.has.services.contains(&service)).map(|owner| owner.applet)
    }

    /// The lowest timer that no applet has.
    fn free_timer(&self) -> Option<u8> {
        (1..=TIMERS).find(|&timer| self.timer_owner(timer).is_none())
    }
}

/// The entries of the menu that are shown, in their order.
fn menu(applets: &[Registered]) -> Vec<&MenuEntry> {
    menu::shown(
        applets
            .iter()
            .flat_map(|registered| registered.has.menu.iter().map(|entry| (registered.is_active, entry))),
    )
}

/// The identifiers of menu entries that install parameters give.
fn given(parameters: &InstallParameters) -> impl Iterator<Item = u8> {
    parameters
        .menu_entries
        .iter()
        .flatten()
        .map(|place| place.identifier)
        .filter(|&identifier| identifier != 0)
}

/// The events that the terminal tells.
fn events(applets: &[Registered]) -> impl Iterator<Item = EventCode> {
    let active = applets.iter().filter(|registered| registered.is_active);
    active.flat_map(|registered| {
        let set = registered.has.events.iter().filter_map(|event| event.event_code());
        let of_services = registered.has.services.first().map(|_| EventCode::LOCAL_CONNECTION);
        set.chain(of_services)
    })
}

/// An applet's registrations (TS 102 241, `ToolkitRegistry`). Every change is kept in persistent memory, as part of the
/// applet's transaction if one is open.
#[derive(Debug)]
pub struct ToolkitRegistry<'a> {
    pub(crate) registry: &'a mut Registry,
    pub(crate) memory: &'a mut Memory,
    pub(crate) applet: AppletId,
    /// Where memory keeps them.
    pub(crate) object: Handle,
    pub(crate) parameters: &'a InstallParameters,
    pub(crate) files: &'a FileSystem,
}

impl ToolkitRegistry<'_> {
    /// Adds an enabled entry to the menu: a `&str`, which is coded as an alpha field
    /// ([`alpha`](oxisim_toolkit::objects::alpha)), or octets of one.
    ///
    /// The install parameters say how many entries there may be, where each stands, and which identifier it has: the
    /// first call is for the first of them. An identifier that they leave open is one from 128 on. If they have no limit,
    /// entries stand behind the others and have the identifiers 1, 2, … that are free. One for which SET UP MENU has no
    /// room, behind those before it, is left out of the menu.
    pub fn init_menu_entry(&mut self, text: impl Into<AlphaIdentifier>) -> Result<u8, AppletError> {
        let text = self.checked(text)?;
        let added = self.has().map_or(0, |has| has.menu.len());
        let (position, identifier) = match &self.parameters.menu_entries {
            None => (0, self.registry.free_identifier(1..=u8::MAX)),
            Some(places) => match places.get(added).ok_or(ToolkitError::RegistryError)? {
                MenuPlace { position, identifier: 0 } => {
                    (*position, self.registry.free_identifier(OWN_IDENTIFIERS..=u8::MAX))
                }
                MenuPlace { position, identifier } => (*position, Some(*identifier)),
            },
        };
        let identifier = identifier.ok_or(ToolkitError::RegistryError)?;
        self.change_menu(|has| {
            has.menu.push(MenuEntry::new(identifier, position, text));
            Ok(identifier)
        })
    }

    /// The identifiers of the applet's entries, in the order in which they were added.
    #[must_use]
    pub fn menu_entries(&self) -> Vec<u8> {
        self.has().map(|has| has.menu_entries().collect()).unwrap_or_default()
    }

    /// Changes the text of an entry, and shows it.
    pub fn change_menu_entry(
        &mut self,
        item: u8,
        text: impl Into<AlphaIdentifier>,
    ) -> Result<(), AppletError> {
        let text = self.checked(text)?;
        self.change_entry(item, |entry| {
            entry.text = text;
            entry.enabled = true;
        })
    }

    /// Says whether the applet has help on an entry.
    pub fn set_menu_entry_help(&mut self, item: u8, help: bool) -> Result<(), AppletError> {
        self.change_entry(item, |entry| entry.help = help)
    }

    /// Says which command follows the selection of an entry (TS 102 223 §8.24).
    pub fn set_menu_entry_next_action(
        &mut self,
        item: u8,
        next_action: Option<CommandType>,
    ) -> Result<(), AppletError> {
        self.change_entry(item, |entry| entry.next_action = next_action)
    }

    /// Says which icon an entry has. The terminal is told of icons if every entry of the menu has one; it shows them
    /// alone if none asks for its text beside.
    pub fn set_menu_entry_icon(&mut self, item: u8, icon: Option<IconIdentifier>) -> Result<(), AppletError> {
        self.change_entry(item, |entry| entry.icon = icon)
    }

    /// Shows an entry.
    pub fn enable_menu_entry(&mut self, item: u8) -> Result<(), AppletError> {
        self.change_entry(item, |entry| entry.enabled = true)
    }

    /// Hides an entry.
    pub fn disable_menu_entry(&mut self, item: u8) -> Result<(), AppletError> {
        self.change_entry(item, |entry| entry.enabled = false)
    }

    /// Allocates a timer, 1 to 8, of those that no applet has.
    pub fn allocate_timer(&mut self) -> Result<u8, AppletError> {
        let timer = self.registry.free_timer().ok_or(ToolkitError::NoTimerAvailable)?;
        let allowed = usize::from(self.parameters.timers);
        self.change(|has| {
            if has.timers.len() >= allowed {
                return Err(ToolkitError::NoTimerAvailable);
            }
            has.timers.push(timer);
            Ok(timer)
        })
    }

    /// The applet's timers, in the order in which it got them.
    #[must_use]
    pub fn timers(&self) -> Vec<u8> {
        self.has().map(|has| has.timers.clone()).unwrap_or_default()
    }

    /// Gives a timer back; one that runs is stopped.
    pub fn release_timer(&mut self, timer: u8) -> Result<(), AppletError> {
        self.change(|has| {
            let place = has.timers.iter().position(|&owned| owned == timer);
            has.timers.remove(place.ok_or(ToolkitError::InvalidTimerId(timer))?);
            Ok(())
        })?;
        self.registry.timers.released(timer);
        Ok(())
    }

    /// Allocates a service of a local connection, 0 to 7, of those that no applet has, to declare it with DECLARE SERVICE.
    /// The applet is told when a terminal connects to it.
    pub fn allocate_service(&mut self) -> Result<u8, AppletError> {
        let free = (0..SERVICES).find(|&service| self.registry.service_owner(service).is_none());
        let service = free.ok_or(ToolkitError::NoServiceIdAvailable)?;
        let allowed = usize::from(self.parameters.services);
        self.change(|has| {
            if has.services.len() >= allowed {
                return Err(ToolkitError::NoServiceIdAvailable);
            }
            has.services.push(service);
            Ok(())
        })?;
        self.registry.events_changed = true;
        Ok(service)
    }

    /// The applet's services, in the order in which it got them.
    #[must_use]
    pub fn services(&self) -> Vec<u8> {
        self.has().map(|has| has.services.clone()).unwrap_or_default()
    }

    /// Gives a service back.
    pub fn release_service(&mut self, service: u8) -> Result<(), AppletError> {
        self.change(|has| {
            let place = has.services.iter().position(|&owned| owned == service);
            has.services.remove(place.ok_or(ToolkitError::InvalidServiceId(service))?);
            Ok(())
        })?;
        self.registry.events_changed = true;
        Ok(())
    }

    /// Asks to be told of an event. The terminal is asked for those that its profile has. It tells of user activity and
    /// of the idle screen once (TS 102 223 §7.5.5, §7.5.6): who wants to be told again asks again. An event that needs
    /// an answer goes to one applet only: it is an error if another has it.
    pub fn set_event(&mut self, event: ToolkitEvent) -> Result<(), AppletError> {
        self.set_event_list(&[event])
    }

    /// The same for several events: all of them, or none.
    pub fn set_event_list(&mut self, events: &[ToolkitEvent]) -> Result<(), AppletError> {
        events.iter().try_for_each(|&event| self.may_set(event))?;
        let is_renewed = |event: &ToolkitEvent| event.event_code().is_some_and(EventCode::is_reported_once);
        let is_new = self.change(|has| {
            let before = has.events.len();
            for &event in events {
                if !has.events.contains(&event) {
                    has.events.push(event);
                }
            }
            Ok(has.events.len() > before)
        })?;
        self.registry.events_changed |= is_new || events.iter().any(is_renewed);
        Ok(())
    }

    /// Asks no more to be told of an event; of no file, if it is that of files.
    pub fn clear_event(&mut self, event: ToolkitEvent) -> Result<(), AppletError> {
        match event.registration() {
            Registration::SetEvent | Registration::File => {}
            Registration::Unsupported => return Ok(()),
            Registration::MenuEntry
            | Registration::Timer
            | Registration::Service
            | Registration::PollInterval => {
                return Err(ToolkitError::EventNotAllowed.into());
            }
        }
        self.change(|has| {
            has.events.retain(|&registered| registered != event);
            match event {
                ToolkitEvent::ExternalFileUpdate => has.files.retain(|file| file.by != Writer::Terminal),
                ToolkitEvent::RemoteFileUpdate => has.files.retain(|file| file.by != Writer::Remote),
                _ => {}
            }
            Ok(())
        })?;
        self.registry.events_changed = true;
        Ok(())
    }

    /// Whether the applet is told of an event.
    #[must_use]
    pub fn is_event_set(&self, event: ToolkitEvent) -> bool {
        self.has().is_some_and(|has| has.hears(event))
    }

    /// Asks to be told when the terminal writes to a file, or to a file that is in a directory
    /// ([`Event::ExternalFileUpdate`](crate::Event::ExternalFileUpdate)). The path is one of file identifiers, from the
    /// MF or from the application with this AID.
    pub fn register_file_event(&mut self, application: Option<Aid>, path: &[u16]) -> Result<(), AppletError> {
        self.watch(WatchedFile { by: Writer::Terminal, application, path: path.to_vec() })
    }

    /// The same of what remote file management writes to it
    /// ([`Event::RemoteFileUpdate`](crate::Event::RemoteFileUpdate)).
    pub fn register_remote_file_event(
        &mut self,
        application: Option<Aid>,
        path: &[u16],
    ) -> Result<(), AppletError> {
        self.watch(WatchedFile { by: Writer::Remote, application, path: path.to_vec() })
    }

    /// Asks no more to be told of a file that was registered with the same path.
    pub fn deregister_file_event(
        &mut self,
        application: Option<Aid>,
        path: &[u16],
    ) -> Result<(), AppletError> {
        self.watch_no_more(&WatchedFile { by: Writer::Terminal, application, path: path.to_vec() })
    }

    /// The same of what remote file management writes to it.
    pub fn deregister_remote_file_event(
        &mut self,
        application: Option<Aid>,
        path: &[u16],
    ) -> Result<(), AppletError> {
        self.watch_no_more(&WatchedFile { by: Writer::Remote, application, path: path.to_vec() })
    }

    fn watch(&mut self, file: WatchedFile) -> Result<(), AppletError> {
        file.find(self.files).ok_or(Status::FILE_NOT_FOUND)?;
        self.change(|has| {
            if !has.files.contains(&file) {
                has.files.push(file);
            }
            Ok(())
        })
    }

    fn watch_no_more(&mut self, file: &WatchedFile) -> Result<(), AppletError> {
        self.change(|has| {
            has.files.retain(|registered| registered != file);
            Ok(())
        })
    }

    /// Asks the terminal to poll every `interval`, at least every 255 minutes, and to be told with
    /// [`Event::StatusCommand`](crate::Event::StatusCommand); `None` takes that back. The card asks for the
    /// shortest interval that any applet wants.
    pub fn request_poll_interval(&mut self, interval: Option<Duration>) -> Result<(), AppletError> {
        self.change(|has| {
            has.poll = interval;
            Ok(())
        })?;
        self.registry.poll_requested |= interval.is_some();
        Ok(())
    }

    /// The poll interval that the terminal granted.
    #[must_use]
    pub const fn poll_interval(&self) -> Option<Duration> {
        self.registry.poll_interval
    }

    /// Checks that the applet may set an event.
    fn may_set(&self, event: ToolkitEvent) -> Result<(), ToolkitError> {
        let is_anothers = || {
            let mut others = self.registry.applets.iter().filter(|other| other.applet != self.applet);
            others.any(|other| other.has.hears(event))
        };
        match event.registration() {
            Registration::Unsupported => Err(ToolkitError::EventNotSupported),
            Registration::SetEvent if event.needs_tar() && self.parameters.tars.is_empty() => {
                Err(ToolkitError::TarNotDefined)
            }
            Registration::SetEvent if event.is_exclusive() && is_anothers() => {
                Err(ToolkitError::EventAlreadyRegistered)
            }
            Registration::SetEvent => Ok(()),
            Registration::MenuEntry
            | Registration::Timer
            | Registration::Service
            | Registration::PollInterval
            | Registration::File => Err(ToolkitError::EventNotAllowed),
        }
    }

    fn has(&self) -> Option<&Registrations> {
        let mut applets = self.registry.applets.iter();
        applets.find(|registered| registered.applet == self.applet).map(|registered| &registered.has)
    }

    /// Makes a change, and keeps it in memory if it is one.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Registrations) -> Result<T, ToolkitError>,
    ) -> Result<T, AppletError> {
        let mut applets = self.registry.applets.iter_mut();
        let registered = applets.find(|registered| registered.applet == self.applet);
        let registered = registered.ok_or(ToolkitError::RegistryError)?;
        let mut changed = registered.has.clone();
        let value = change(&mut changed)?;
        if changed != registered.has {
            self.memory.replace(self.object, &changed.to_bytes())?;
            registered.has = changed;
        }
        Ok(value)
    }

    fn change_menu<T>(
        &mut self,
        change: impl FnOnce(&mut Registrations) -> Result<T, ToolkitError>,
    ) -> Result<T, AppletError> {
        let value = self.change(change)?;
        self.registry.menu_changed = true;
        Ok(value)
    }

    fn change_entry(&mut self, item: u8, change: impl FnOnce(&mut MenuEntry)) -> Result<(), AppletError> {
        self.change_menu(|has| {
            let entry = has.menu.iter_mut().find(|entry| entry.identifier == item);
            change(entry.ok_or(ToolkitError::MenuEntryNotFound(item))?);
            Ok(())
        })
    }

    /// A text of a menu entry, if it is not too long.
    fn checked(&self, text: impl Into<AlphaIdentifier>) -> Result<Vec<u8>, ToolkitError> {
        let AlphaIdentifier { text } = text.into();
        if text.len() > usize::from(self.parameters.menu_text) {
            return Err(ToolkitError::AllowedLengthExceeded);
        }
        Ok(text)
    }
}
