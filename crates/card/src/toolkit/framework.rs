//! The framework's own commands: they bring the terminal up to what the registry says.

use alloc::vec::Vec;

use oxisim_sms::AlphaIdentifier;
use oxisim_toolkit::{
    Command, CommandType, Proactive, TerminalProfile,
    codes::{GeneralResult, TerminalProblem, TimerAction},
    command::{PollInterval, PollingOff, SetUpEventList, SetUpMenu, TimerManagement},
    objects::{
        AlphaIdentifier as Title, Duration as Interval, EventCode, EventList, Item, ItemIcons,
        ItemsNextAction, List, Outcome, TimerIdentifier,
    },
};
use oxisim_wire::Duration;

use super::{
    menu::MenuEntry,
    queue::{Queued, Sender},
    registry::Registry,
};
use crate::runtime::AppletId;

/// What the framework has told the terminal, and what it has yet to.
#[derive(Clone, Debug, Default)]
pub(super) struct Framework {
    menu: Duty,
    events: Duty,
    polling: Duty,
    /// Whether the terminal may have a menu.
    has_menu: bool,
    /// Whose the entries are of the menu that the terminal was asked to show, and of the one that it shows.
    asked_menu: Vec<(u8, AppletId)>,
    shown_menu: Vec<(u8, AppletId)>,
    /// The events that it was asked for; unknown after it has refused.
    asked_events: Option<Vec<EventCode>>,
    /// The interval that it was asked for.
    asked_interval: Option<Duration>,
}

/// A command that is sent until the terminal has performed it, refused it for good, or refused it too often.
#[derive(Clone, Copy, Debug, Default)]
struct Duty {
    is_due: bool,
    failures: u8,
    /// It is not sent before.
    waits: Option<Wait>,
}

/// What a refused command waits for.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// So many STATUS commands, one at least,
    polls: u8,
    /// or the event that ends what hinders the terminal.
    event: Option<EventCode>,
}

/// How often a command is sent again that the terminal cannot carry out for now. Each time it waits for twice as many
/// STATUS commands as before, so that a long call or a busy screen is not the end of it.
const RETRIES: u8 = 7;
/// Octets of the longest title: those that a length of one octet says, so that the command has room for items.
const TITLE_OCTETS: usize = 127;
/// Help is available on items of the menu (TS 102 223 §8.6, SET UP MENU).
const HELP_AVAILABLE: u8 = 0x80;

impl Framework {
    /// The terminal has sent its profile: it is told everything.
    pub fn begin(&mut self) {
        // It has no events yet, or has lost them, and may still have a menu.
        *self = Self {
            has_menu: self.has_menu,
            shown_menu: core::mem::take(&mut self.shown_menu),
            asked_events: Some(Vec::new()),
            ..Self::default()
        };
        self.menu.begin();
        self.events.begin();
    }

    /// The command that is due, if one is.
    pub fn command(
        &mut self,
        profile: &TerminalProfile,
        registry: &mut Registry,
        title: &str,
    ) -> Option<Queued> {
        if profile.performs_qualified(CommandType::TIMER_MANAGEMENT, TimerAction::DEACTIVATE.0)
            && let Some(identifier) = registry.timers.take_abandoned()
        {
            let body = TimerManagement { timer: TimerIdentifier { identifier }, value: None };
            return Some(queued(TimerAction::DEACTIVATE.0, body));
        }
        if core::mem::take(&mut registry.menu_changed) {
            self.menu.begin();
        }
        if core::mem::take(&mut registry.events_changed) {
            self.events.begin();
        }
        let interval = registry.wanted_poll_interval();
        if core::mem::take(&mut registry.poll_requested) || interval != self.asked_interval {
            self.polling.begin();
        }
        if self.menu.take()
            && profile.performs(CommandType::SET_UP_MENU)
            && let Some(menu) = self.set_up_menu(registry, title)
        {
            return Some(menu);
        }
        if self.events.take() && profile.performs(CommandType::SET_UP_EVENT_LIST) {
            let mut events = registry.wanted_events();
            // One that is beyond the terminal could make it refuse them all (TS 102 223 §6.4.16).
            events.retain(|&code| profile.hears(code));
            if self.asked_events.as_ref() != Some(&events) {
                self.asked_events = Some(events.clone());
                return Some(queued(0, SetUpEventList { events: EventList { events: List(events) } }));
            }
        }
        if self.polling.take() {
            self.asked_interval = interval;
            let body: Proactive = match interval {
                Some(interval) => PollInterval { interval: Interval::from_duration(interval) }.into(),
                None => PollingOff {}.into(),
            };
            return profile.performs(body.kind()).then(|| queued(0, body));
        }
        None
    }

    /// The terminal's answer to a command of the framework. Whether that is settled: performed, or given up.
    pub fn answered(&mut self, kind: CommandType, result: &Outcome) -> bool {
        let is_performed = result.general.is_performed();
        let duty = match kind {
            CommandType::SET_UP_MENU => {
                if is_performed {
                    self.shown_menu = core::mem::take(&mut self.asked_menu);
                }
                &mut self.menu
            }
            CommandType::SET_UP_EVENT_LIST => {
                if !is_performed {
                    self.asked_events = None;
                }
                &mut self.events
            }
            CommandType::POLL_INTERVAL | CommandType::POLLING_OFF => &mut self.polling,
            _ => return true,
        };
        if is_performed {
            return true;
        }
        match Wait::after(result, duty.failures) {
            Some(wait) if duty.failures < RETRIES => {
                *duty = Duty { is_due: true, failures: duty.failures + 1, waits: Some(wait) };
                false
            }
            _ => true,
        }
    }

    /// Whether the terminal shows an entry with this identifier that is not this applet's: one that was there before.
    pub fn shows_anothers(&self, item: u8, applet: AppletId) -> bool {
        self.shown_menu.iter().any(|&(shown, owner)| shown == item && owner != applet)
    }

    /// STATUS has come: what has waited for enough of them is tried again.
    pub fn polled(&mut self) {
        for duty in [&mut self.menu, &mut self.events, &mut self.polling] {
            duty.waits = duty.waits.and_then(Wait::polled);
        }
    }

    /// An event has come: what waits for it is tried again. One that is reported once is off the terminal's list now.
    pub fn told_of(&mut self, event: EventCode) {
        if event.is_reported_once()
            && let Some(asked) = &mut self.asked_events
        {
            asked.retain(|&code| code != event);
        }
        for duty in [&mut self.menu, &mut self.events, &mut self.polling] {
            duty.waits = duty.waits.filter(|wait| wait.event != Some(event));
        }
    }

    /// SET UP MENU with every entry that is shown for which the command has room, or with the empty item that takes a menu
    /// away.
    fn set_up_menu(&mut self, registry: &Registry, title: &str) -> Option<Queued> {
        let title = AlphaIdentifier::fit(title, TITLE_OCTETS).alpha.octets().to_vec();
        let mut entries = Vec::new();
        for entry in registry.menu() {
            entries.push(entry);
            if !menu(&title, &entries).is_sendable() {
                entries.pop();
            }
        }
        if entries.is_empty() && !self.has_menu {
            return None;
        }
        self.has_menu = true;
        let owner = |entry: &&MenuEntry| Some((entry.identifier, registry.menu_entry(entry.identifier)?.0));
        self.asked_menu = entries.iter().filter_map(owner).collect();
        Some(menu(&title, &entries))
    }
}

/// SET UP MENU with these entries. What one of them has says something of all: help, what follows, and icons if each has
/// one.
fn menu(title: &[u8], entries: &[&MenuEntry]) -> Queued {
    let item = |entry: &&MenuEntry| Item { identifier: Some(entry.identifier), text: entry.text.clone() };
    let mut items: Vec<Item> = entries.iter().map(item).collect();
    if items.is_empty() {
        items.push(Item { identifier: None, text: Vec::new() });
    }
    let mut command = SetUpMenu::new(Title { text: title.to_vec() }, items);
    if entries.iter().any(|entry| entry.next_action.is_some()) {
        let actions = entries.iter().map(|entry| entry.next_action.unwrap_or(CommandType(0))).collect();
        command.next_actions = Some(ItemsNextAction { actions });
    }
    let icons: Option<Vec<_>> = entries.iter().map(|entry| entry.icon.as_ref()).collect();
    if let Some(icons) = icons.filter(|icons| !icons.is_empty()) {
        let qualifier = icons.iter().fold(0, |qualifier, icon| qualifier | icon.qualifier);
        let records = icons.iter().map(|icon| icon.record).collect();
        command.item_icons = Some(ItemIcons { qualifier, records });
    }
    let has_help = entries.iter().any(|entry| entry.help);
    queued(if has_help { HELP_AVAILABLE } else { 0 }, command)
}

impl Duty {
    /// There is something new to tell.
    const fn begin(&mut self) {
        *self = Self { is_due: true, failures: 0, waits: None };
    }

    /// Whether the command is to be sent now; it is not due any more then.
    fn take(&mut self) -> bool {
        self.waits.is_none() && core::mem::take(&mut self.is_due)
    }
}

impl Wait {
    /// What is left to wait for after one more STATUS.
    fn polled(self) -> Option<Self> {
        let polls = self.polls.checked_sub(1).filter(|&polls| polls > 0)?;
        Some(Self { polls, ..self })
    }

    /// What to wait for before a command that was refused so often before is sent again; nothing if that is of no use.
    fn after(result: &Outcome, failures: u8) -> Option<Self> {
        let problem = result.additional.first().map(|&problem| TerminalProblem(problem));
        let event = match (result.general, problem) {
            (GeneralResult::TERMINAL_CURRENTLY_UNABLE, Some(problem)) => ends(problem),
            (GeneralResult::TERMINAL_CURRENTLY_UNABLE | GeneralResult::NETWORK_CURRENTLY_UNABLE, _) => None,
            _ => return None,
        };
        Some(Self { polls: 1 << failures.min(RETRIES), event })
    }
}

/// The event that ends what hinders the terminal, if there is one.
const fn ends(problem: TerminalProblem) -> Option<EventCode> {
    Some(match problem {
        TerminalProblem::SCREEN_BUSY => EventCode::IDLE_SCREEN_AVAILABLE,
        TerminalProblem::BUSY_ON_CALL => EventCode::CALL_DISCONNECTED,
        TerminalProblem::NOT_IN_SPEECH_CALL => EventCode::CALL_CONNECTED,
        TerminalProblem::NO_SERVICE
        | TerminalProblem::ACCESS_CLASS_BARRED
        | TerminalProblem::RADIO_RESOURCE_NOT_GRANTED => EventCode::LOCATION_STATUS,
        _ => return None,
    })
}

fn queued(qualifier: u8, body: impl Into<Proactive>) -> Queued {
    Queued::new(Sender::Framework, Command::new(0, qualifier, body))
}
