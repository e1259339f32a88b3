//! What applets have registered for (TS 102 241): menu entries, timers, events, the poll interval.

use alloc::vec::Vec;

use oxisim_toolkit::{
    codes::{GeneralResult, TimerAction},
    objects::EventCode,
};
use oxisim_wire::Duration;

use super::queue::Sender;
use crate::applet::ToolkitError;

/// Which of the installed applets, counted from 0.
pub(crate) type AppletIndex = u8;

/// Registrations of every applet. They are made anew at every power-on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    pub menu: Vec<MenuEntry>,
    timers: [Timer; TIMERS],
    events: Vec<(AppletIndex, ToolkitEvent)>,
    polls: Vec<(AppletIndex, Duration)>,
    /// The interval that the terminal granted.
    pub poll_interval: Option<Duration>,
    /// Whether an applet has asked for an interval since the terminal was told: a request begins it anew.
    pub poll_requested: bool,
    /// Whether the menu has changed since the terminal was told.
    pub menu_changed: bool,
    /// Whether the events have.
    pub events_changed: bool,
}

/// A timer of the terminal.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    owner: Option<AppletIndex>,
    run: Run,
}

/// Whether a timer runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Run {
    #[default]
    Stopped,
    /// The owner has started it.
    OfOwner,
    /// It runs since a time when it was another's, or nobody's, and is to be stopped.
    Abandoned,
    /// The terminal was asked to stop it; if it runs on, its expiry is not the owner's.
    AskedToStop,
}

/// An entry of the menu.
#[derive(Clone, Debug)]
pub(crate) struct MenuEntry {
    pub applet: AppletIndex,
    pub text: Vec<u8>,
    pub enabled: bool,
    pub help: bool,
}

/// An event that an applet can ask to be told of with [`ToolkitRegistry::set_event`].
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
    const fn is_exclusive(self) -> bool {
        matches!(self, Self::CallControl | Self::MoSmsControl)
    }
}

/// Timers of a terminal (TS 102 223 §6.4.21).
const TIMERS: usize = 8;
/// Identifiers of menu entries are one octet.
const MENU_ENTRIES: usize = 0xFF;

impl Registry {
    pub fn timer_owner(&self, timer: u8) -> Option<AppletIndex> {
        usize::from(timer).checked_sub(1).and_then(|i| self.timers.get(i)).and_then(|timer| timer.owner)
    }

    /// The owner of a timer that has expired, unless it was started by another.
    pub fn timer_expired(&mut self, timer: u8) -> Option<AppletIndex> {
        let timer = self.timer_mut(timer)?;
        match core::mem::take(&mut timer.run) {
            Run::Stopped | Run::OfOwner => timer.owner,
            Run::Abandoned | Run::AskedToStop => None,
        }
    }

    /// The terminal has answered to a sender's TIMER MANAGEMENT.
    pub(super) fn timer_managed(
        &mut self,
        timer: u8,
        action: TimerAction,
        sender: Sender,
        result: GeneralResult,
    ) {
        let Some(timer) = self.timer_mut(timer) else { return };
        let is_owners = matches!(sender, Sender::Applet(applet, _) if timer.owner == Some(applet));
        timer.run = match (action, result) {
            (TimerAction::START, result) if result.is_performed() && is_owners => Run::OfOwner,
            // It was given back while the command was under way.
            (TimerAction::START, result) if result.is_performed() => Run::Abandoned,
            // What contradicts the state of a timer that is to be stopped is that it does not run.
            (TimerAction::DEACTIVATE, GeneralResult::CONTRADICTION_WITH_TIMER_STATE) => Run::Stopped,
            (TimerAction::DEACTIVATE, result) if result.is_performed() => Run::Stopped,
            _ => timer.run,
        };
    }

    /// A timer that runs for nobody and is to be stopped.
    pub fn take_abandoned_timer(&mut self) -> Option<u8> {
        let (timer, id) = self.timers.iter_mut().zip(1..).find(|(timer, _)| timer.run == Run::Abandoned)?;
        timer.run = Run::AskedToStop;
        Some(id)
    }

    fn timer_mut(&mut self, timer: u8) -> Option<&mut Timer> {
        usize::from(timer).checked_sub(1).and_then(|i| self.timers.get_mut(i))
    }

    pub fn menu_entry(&self, item: u8) -> Option<&MenuEntry> {
        usize::from(item).checked_sub(1).and_then(|i| self.menu.get(i))
    }

    pub fn wants(&self, applet: AppletIndex, event: ToolkitEvent) -> bool {
        self.events.contains(&(applet, event))
    }

    /// The first applet that asked for an event.
    pub fn owner(&self, event: ToolkitEvent) -> Option<AppletIndex> {
        self.events.iter().find(|&&(_, other)| other == event).map(|&(applet, _)| applet)
    }

    pub fn polls(&self, applet: AppletIndex) -> bool {
        self.polls.iter().any(|&(other, _)| other == applet)
    }

    /// The shortest interval that an applet has asked for.
    pub fn wanted_poll_interval(&self) -> Option<Duration> {
        self.polls.iter().map(|&(_, interval)| interval).min()
    }

    /// The events to ask the terminal for, each once, in ascending order.
    pub fn wanted_events(&self) -> Vec<EventCode> {
        let mut events: Vec<EventCode> = self
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                ToolkitEvent::EventDownload(code) => Some(*code),
                _ => None,
            })
            .collect();
        events.sort_unstable();
        events.dedup();
        events
    }
}

/// An applet's registrations (TS 102 241, `ToolkitRegistry`).
#[derive(Debug)]
pub struct ToolkitRegistry<'a> {
    pub(crate) registry: &'a mut Registry,
    pub(crate) applet: AppletIndex,
}

impl ToolkitRegistry<'_> {
    /// Adds an enabled entry to the menu; `text` is an alpha field
    /// ([`oxisim_toolkit::objects::alpha`]). Entries have the identifiers 1, 2, … in the order in which they
    /// were added. One for which SET UP MENU has no room, behind those before it, is left out of the menu.
    pub fn init_menu_entry(&mut self, text: impl Into<Vec<u8>>) -> Result<u8, ToolkitError> {
        if self.registry.menu.len() >= MENU_ENTRIES {
            return Err(ToolkitError::RegistryError);
        }
        let entry = MenuEntry { applet: self.applet, text: text.into(), enabled: true, help: false };
        self.registry.menu.push(entry);
        self.registry.menu_changed = true;
        Ok(self.registry.menu.len() as u8)
    }

    /// Changes the text of an entry.
    pub fn change_menu_entry(&mut self, item: u8, text: impl Into<Vec<u8>>) -> Result<(), ToolkitError> {
        self.entry(item)?.text = text.into();
        Ok(())
    }

    /// Says whether the applet has help on an entry.
    pub fn set_menu_entry_help(&mut self, item: u8, help: bool) -> Result<(), ToolkitError> {
        self.entry(item)?.help = help;
        Ok(())
    }

    /// Shows an entry.
    pub fn enable_menu_entry(&mut self, item: u8) -> Result<(), ToolkitError> {
        self.entry(item)?.enabled = true;
        Ok(())
    }

    /// Hides an entry.
    pub fn disable_menu_entry(&mut self, item: u8) -> Result<(), ToolkitError> {
        self.entry(item)?.enabled = false;
        Ok(())
    }

    /// Allocates a timer, 1 to 8, of those that no applet has.
    pub fn allocate_timer(&mut self) -> Result<u8, ToolkitError> {
        let free = self.registry.timers.iter_mut().zip(1..).find(|(timer, _)| timer.owner.is_none());
        let (timer, id) = free.ok_or(ToolkitError::NoTimerAvailable)?;
        timer.owner = Some(self.applet);
        Ok(id)
    }

    /// Gives a timer back; one that runs is stopped.
    pub fn release_timer(&mut self, timer: u8) -> Result<(), ToolkitError> {
        let applet = self.applet;
        let owned = self.registry.timer_mut(timer).filter(|timer| timer.owner == Some(applet));
        let owned = owned.ok_or(ToolkitError::InvalidTimerId(timer))?;
        owned.owner = None;
        if owned.run != Run::Stopped {
            owned.run = Run::Abandoned;
        }
        Ok(())
    }

    /// Asks to be told of an event. The terminal is asked for those that its profile has. It tells of user activity and
    /// of the idle screen once (TS 102 223 §7.5.5, §7.5.6): who wants to be told again asks again. An event that needs
    /// an answer goes to one applet only: it is an error if another has it.
    pub fn set_event(&mut self, event: ToolkitEvent) -> Result<(), ToolkitError> {
        if self.registry.wants(self.applet, event) {
            let is_renewed = matches!(event, ToolkitEvent::EventDownload(code) if code.is_reported_once());
            self.registry.events_changed |= is_renewed;
            return Ok(());
        }
        if event.is_exclusive() && self.registry.owner(event).is_some() {
            return Err(ToolkitError::EventAlreadyRegistered);
        }
        self.registry.events.push((self.applet, event));
        self.registry.events_changed = true;
        Ok(())
    }

    /// Asks no more to be told of an event.
    pub fn clear_event(&mut self, event: ToolkitEvent) {
        let applet = self.applet;
        self.registry.events.retain(|&registered| registered != (applet, event));
        self.registry.events_changed = true;
    }

    /// Whether the applet is told of an event.
    #[must_use]
    pub fn is_event_set(&self, event: ToolkitEvent) -> bool {
        self.registry.wants(self.applet, event)
    }

    /// Asks the terminal to poll every `interval`, at least every 255 minutes, and to be told with
    /// [`Event::StatusCommand`](crate::Event::StatusCommand); `None` takes that back. The card asks for the
    /// shortest interval that any applet wants.
    pub fn request_poll_interval(&mut self, interval: Option<Duration>) {
        let applet = self.applet;
        self.registry.polls.retain(|&(other, _)| other != applet);
        self.registry.polls.extend(interval.map(|interval| (applet, interval)));
        self.registry.poll_requested |= interval.is_some();
    }

    /// The poll interval that the terminal granted.
    #[must_use]
    pub const fn poll_interval(&self) -> Option<Duration> {
        self.registry.poll_interval
    }

    fn entry(&mut self, item: u8) -> Result<&mut MenuEntry, ToolkitError> {
        let applet = self.applet;
        let entry = usize::from(item).checked_sub(1).and_then(|i| self.registry.menu.get_mut(i));
        let entry =
            entry.filter(|entry| entry.applet == applet).ok_or(ToolkitError::MenuEntryNotFound(item))?;
        self.registry.menu_changed = true;
        Ok(entry)
    }
}
