//! The framework's own commands: they bring the terminal up to what the registry says.

use alloc::{vec, vec::Vec};

use oxisim_toolkit::{
    Command, CommandType, Proactive, TerminalProfile,
    codes::{GeneralResult, TerminalProblem, TimerAction},
    command::{PollInterval, PollingOff, SetUpEventList, SetUpMenu, TimerManagement},
    objects::{
        AlphaIdentifier, Duration as Interval, EventCode, EventList, Item, Outcome, TimerIdentifier, alpha,
    },
};
use oxisim_wire::Duration;

use super::{
    queue::{Queued, Sender},
    registry::Registry,
};

/// What the framework has told the terminal, and what it has yet to.
#[derive(Clone, Debug, Default)]
pub(super) struct Framework {
    menu: Duty,
    events: Duty,
    polling: Duty,
    /// Whether the terminal may have a menu.
    has_menu: bool,
    /// The events that it was asked for; unknown after it has refused.
    asked_events: Option<Vec<u8>>,
    /// The interval that it was asked for.
    asked_interval: Option<Duration>,
}

/// A command that is sent until the terminal has performed it, refused it for good, or refused it too often.
#[derive(Clone, Copy, Debug, Default)]
struct Duty {
    is_due: bool,
    failures: u8,
    /// It waits for this or for the next STATUS.
    waits: Option<Wait>,
}

/// What a refused command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// The next STATUS.
    Status,
    /// The event that ends what hinders the terminal, or the next STATUS.
    Event(EventCode),
}

/// How often a command is sent again that the terminal cannot carry out for now.
const RETRIES: u8 = 5;
/// Help is available on items of the menu (TS 102 223 §8.6, SET UP MENU).
const HELP_AVAILABLE: u8 = 0x80;

impl Framework {
    /// The terminal has sent its profile: it is told everything.
    pub fn begin(&mut self) {
        // It has no events yet, or has lost them, and may still have a menu.
        *self = Self { has_menu: self.has_menu, asked_events: Some(Vec::new()), ..Self::default() };
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
        if profile.performs(CommandType::TIMER_MANAGEMENT)
            && let Some(identifier) = registry.take_abandoned_timer()
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
            let events = registry.wanted_events();
            if self.asked_events.as_ref() != Some(&events) {
                self.asked_events = Some(events.clone());
                return Some(queued(0, SetUpEventList { events: EventList { events } }));
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
            CommandType::SET_UP_MENU => &mut self.menu,
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
            duty.failures = 0;
            return true;
        }
        match Wait::after(result) {
            Some(wait) if duty.failures < RETRIES => {
                *duty = Duty { is_due: true, failures: duty.failures + 1, waits: Some(wait) };
                false
            }
            _ => true,
        }
    }

    /// STATUS has come: what waits is tried again.
    pub const fn polled(&mut self) {
        self.menu.waits = None;
        self.events.waits = None;
        self.polling.waits = None;
    }

    /// An event has come: what waits for it is tried again.
    pub fn told_of(&mut self, event: EventCode) {
        for duty in [&mut self.menu, &mut self.events, &mut self.polling] {
            if duty.waits == Some(Wait::Event(event)) {
                duty.waits = None;
            }
        }
    }

    /// SET UP MENU with every enabled entry that fits, or with the empty item that takes a menu away.
    fn set_up_menu(&mut self, registry: &Registry, title: &str) -> Option<Queued> {
        let enabled = registry.menu.iter().zip(1..).filter(|(entry, _)| entry.enabled);
        let help = enabled.clone().any(|(entry, _)| entry.help);
        let mut items: Vec<Item> =
            enabled.map(|(entry, id)| Item { identifier: Some(id), text: entry.text.clone() }).collect();
        if items.is_empty() {
            if !self.has_menu {
                return None;
            }
            items = vec![Item { identifier: None, text: Vec::new() }];
        }
        self.has_menu = true;
        let title = AlphaIdentifier { text: alpha(title) };
        loop {
            let body = SetUpMenu::new(title.clone(), items.clone());
            let queued = queued(if help { HELP_AVAILABLE } else { 0 }, body);
            if queued.is_sendable() || items.pop().is_none() {
                return Some(queued);
            }
        }
    }
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
    /// What to wait for before a command is sent again; nothing if that is of no use.
    fn after(result: &Outcome) -> Option<Self> {
        match result.general {
            GeneralResult::TERMINAL_CURRENTLY_UNABLE => {}
            GeneralResult::NETWORK_CURRENTLY_UNABLE => return Some(Self::Status),
            _ => return None,
        }
        Some(match result.additional.first().map(|&problem| TerminalProblem(problem)) {
            Some(TerminalProblem::SCREEN_BUSY) => Self::Event(EventCode::IDLE_SCREEN_AVAILABLE),
            Some(TerminalProblem::BUSY_ON_CALL) => Self::Event(EventCode::CALL_DISCONNECTED),
            Some(TerminalProblem::NOT_IN_SPEECH_CALL) => Self::Event(EventCode::CALL_CONNECTED),
            Some(
                TerminalProblem::NO_SERVICE
                | TerminalProblem::ACCESS_CLASS_BARRED
                | TerminalProblem::RADIO_RESOURCE_NOT_GRANTED,
            ) => Self::Event(EventCode::LOCATION_STATUS),
            _ => Self::Status,
        })
    }
}

fn queued(qualifier: u8, body: impl Into<Proactive>) -> Queued {
    Queued::new(Sender::Framework, Command::new(0, qualifier, body))
}
