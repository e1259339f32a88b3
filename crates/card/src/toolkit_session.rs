//! The toolkit framework: which proactive command the terminal gets next, and which applet hears what
//! (TS 102 223, TS 102 241).

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use oxisim_apdu::{Response, Status};
use oxisim_sms::{
    ElementId, concatenation::Reassembler, packet::CommandPacket, tpdu::Deliver, tpdu::MobileTerminated,
};
use oxisim_toolkit::{
    Command, CommandType, Envelope, Proactive, TerminalProfile, TerminalResponse,
    command::{PollInterval, PollingOff, SetUpEventList, SetUpMenu},
    envelope::{EventDownload, MenuSelection, SmsPpDownload, TimerExpiration},
    objects::{AlphaIdentifier, CommandDetails, Duration as Interval, EventList, Item, alpha},
};
use oxisim_wire::{Duration, Instant, Wire};

use crate::{
    applet::{Applet, Event, FormattedSms, ToolkitError, UnformattedSms},
    env::Env,
    file::FileSystem,
    memory::{Handle, Memory},
    registry::{AppletIndex, Registry, ToolkitEvent},
};

/// An applet on the card.
#[derive(Clone)]
pub(crate) struct Installed {
    pub applet: Box<dyn Applet>,
    /// Its persistent array.
    pub store: Handle,
}

/// The state of the toolkit between power-on and power-off.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    profile: Option<TerminalProfile>,
    pub registry: Registry,
    queue: VecDeque<Queued>,
    exchange: Exchange,
    told: Told,
    reassembler: Reassembler,
    /// What answers the ENVELOPE being handled.
    pub posted: Response,
}

/// A command that waits for its turn.
#[derive(Clone, Debug)]
struct Queued {
    command: Vec<u8>,
    details: CommandDetails,
    sender: Sender,
}

/// The one proactive command between card and terminal.
#[derive(Clone, Debug, Default)]
enum Exchange {
    /// There is none.
    #[default]
    Idle,
    /// The terminal has been told of it, or will be at the end of the command being handled.
    Offered(Queued),
    /// The terminal has fetched it and owes the answer.
    Fetched { details: CommandDetails, sender: Sender },
}

/// Who sent a proactive command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Framework,
    Applet(AppletIndex),
}

/// What the terminal has been told by the framework.
#[derive(Clone, Debug, Default)]
struct Told {
    menu: bool,
    events: Vec<u8>,
    poll_interval: Option<Duration>,
}

/// Commands that may wait for a terminal.
const QUEUE: usize = 16;
/// The longest proactive command: the data field of a short response APDU holds it.
const COMMAND_LENGTH: usize = 256;
/// Every command has this number, as Java Card toolkits give it: one is under way at a time.
const COMMAND_NUMBER: u8 = 1;
/// Help is available on items of the menu (TS 102 223 §8.6, SET UP MENU).
const HELP_AVAILABLE: u8 = 0x80;
/// Parts of messages in memory, and how long they stay there.
const PARTS: (usize, Duration) = (16, Duration::from_mins(10));

impl Default for Session {
    fn default() -> Self {
        let (parts, lifetime) = PARTS;
        Self {
            profile: None,
            registry: Registry::default(),
            queue: VecDeque::new(),
            exchange: Exchange::default(),
            told: Told::default(),
            reassembler: Reassembler::new(parts, lifetime),
            posted: Status::NORMAL.into(),
        }
    }
}

impl Session {
    /// What the terminal can do.
    pub const fn profile(&self) -> Option<&TerminalProfile> {
        self.profile.as_ref()
    }

    /// Queues an applet's command.
    pub fn send(&mut self, applet: AppletIndex, qualifier: u8, body: Proactive) -> Result<(), ToolkitError> {
        let kind = body.kind();
        match &body {
            Proactive::SetUpMenu(_)
            | Proactive::SetUpEventList(_)
            | Proactive::PollInterval(_)
            | Proactive::PollingOff(_) => return Err(ToolkitError::CommandNotAllowed(kind)),
            Proactive::TimerManagement(body)
                if self.registry.timer_owner(body.timer.identifier) != Some(applet) =>
            {
                return Err(ToolkitError::CommandNotAllowed(kind));
            }
            _ => {}
        }
        let profile = self.profile.as_ref().ok_or(ToolkitError::HandlerNotAvailable)?;
        if !profile.performs(kind) {
            return Err(ToolkitError::NotSupported(kind));
        }
        if self.queue.len() >= QUEUE {
            return Err(ToolkitError::HandlerOverflow);
        }
        let queued = Queued::new(Sender::Applet(applet), Command::new(COMMAND_NUMBER, qualifier, body));
        if queued.command.len() > COMMAND_LENGTH {
            return Err(ToolkitError::HandlerOverflow);
        }
        self.queue.push_back(queued);
        Ok(())
    }

    /// Length of the command that waits to be fetched: the next one is made ready if none is under way.
    pub fn waiting(&mut self, title: &str) -> Option<usize> {
        if matches!(self.exchange, Exchange::Idle) {
            self.offer_next(title);
        }
        self.offered()
    }

    /// The command that waits, if it is no longer than `room` octets; the terminal owes the answer then.
    pub fn fetch(&mut self, room: usize) -> Result<Vec<u8>, Status> {
        match core::mem::take(&mut self.exchange) {
            Exchange::Offered(Queued { command, details, sender }) if command.len() <= room => {
                self.exchange = Exchange::Fetched { details, sender };
                Ok(command)
            }
            Exchange::Offered(queued) => {
                let length = queued.command.len();
                self.exchange = Exchange::Offered(queued);
                Err(Status::exact_length(length))
            }
            other => {
                self.exchange = other;
                Err(Status::CONDITIONS_NOT_SATISFIED)
            }
        }
    }

    /// Length of the command that the terminal was told of.
    pub const fn offered(&self) -> Option<usize> {
        match &self.exchange {
            Exchange::Offered(queued) => Some(queued.command.len()),
            Exchange::Idle | Exchange::Fetched { .. } => None,
        }
    }

    /// Whether a proactive command is between card and terminal.
    const fn is_busy(&self) -> bool {
        !matches!(self.exchange, Exchange::Idle)
    }

    fn offer_next(&mut self, title: &str) {
        let Some(profile) = self.profile.take() else { return };
        let next =
            self.framework_command(&profile, title).map(|command| Queued::new(Sender::Framework, command));
        if let Some(queued) = next.or_else(|| self.queue.pop_front()) {
            self.exchange = Exchange::Offered(queued);
        }
        self.profile = Some(profile);
    }

    /// The command that brings the terminal up to what the registry says, if one is due.
    fn framework_command(&mut self, profile: &TerminalProfile, title: &str) -> Option<Command> {
        if core::mem::take(&mut self.registry.menu_changed)
            && profile.performs(CommandType::SET_UP_MENU)
            && let Some(command) = self.menu(title)
        {
            return Some(command);
        }
        if core::mem::take(&mut self.registry.events_changed)
            && profile.performs(CommandType::SET_UP_EVENT_LIST)
        {
            let events = self.registry.wanted_events();
            if events != self.told.events {
                self.told.events.clone_from(&events);
                return Some(Command::new(
                    COMMAND_NUMBER,
                    0,
                    SetUpEventList { events: EventList { events } },
                ));
            }
        }
        let interval = self.registry.wanted_poll_interval();
        if core::mem::take(&mut self.registry.poll_requested) || interval != self.told.poll_interval {
            self.told.poll_interval = interval;
            let body: Proactive = match interval {
                Some(interval) => PollInterval { interval: Interval::from_duration(interval) }.into(),
                None => PollingOff {}.into(),
            };
            return profile.performs(body.kind()).then(|| Command::new(COMMAND_NUMBER, 0, body));
        }
        None
    }

    /// SET UP MENU with every enabled entry that fits, or with the empty item that takes a menu away.
    fn menu(&mut self, title: &str) -> Option<Command> {
        let enabled = self.registry.menu.iter().zip(1..).filter(|(entry, _)| entry.enabled);
        let help = enabled.clone().any(|(entry, _)| entry.help);
        let mut items: Vec<Item> =
            enabled.map(|(entry, id)| Item { identifier: Some(id), text: entry.text.clone() }).collect();
        if items.is_empty() {
            if !self.told.menu {
                return None;
            }
            items.push(Item { identifier: None, text: Vec::new() });
        }
        self.told.menu = true;
        let title = AlphaIdentifier { text: alpha(title) };
        loop {
            let body = SetUpMenu::new(title.clone(), items.clone());
            let command = Command::new(COMMAND_NUMBER, if help { HELP_AVAILABLE } else { 0 }, body);
            if command.encode().len() <= COMMAND_LENGTH || items.pop().is_none() {
                return Some(command);
            }
        }
    }
}

impl Queued {
    fn new(sender: Sender, command: Command) -> Self {
        Self { command: command.encode(), details: command.details, sender }
    }
}

/// The toolkit session together with what applets may touch.
pub(crate) struct Runtime<'a> {
    pub applets: &'a mut [Installed],
    pub files: &'a FileSystem,
    pub memory: &'a mut Memory,
    pub session: &'a mut Session,
}

impl Runtime<'_> {
    /// Resets the applets and lets them register.
    pub fn start(&mut self) {
        for (index, installed) in (0..).zip(self.applets.iter_mut()) {
            installed.applet.reset();
            let mut env = Env {
                applet: index,
                store: installed.store,
                files: self.files,
                memory: self.memory,
                toolkit: self.session,
            };
            // An applet whose installation fails stays on the card, and hears what it has registered for.
            let _ = installed.applet.install(&mut env);
            self.memory.abort();
        }
    }

    /// TERMINAL PROFILE.
    pub fn terminal_profile(&mut self, octets: &[u8]) {
        self.session.profile = Some(TerminalProfile::new(octets));
        self.session.registry.menu_changed = true;
        self.session.registry.events_changed = true;
        self.session.told = Told::default();
        self.deliver_to_all(ToolkitEvent::ProfileDownload, Event::ProfileDownload);
    }

    /// STATUS.
    pub fn status_command(&mut self) {
        for index in self.indices() {
            if self.session.registry.polls(index) {
                self.deliver(index, Event::StatusCommand);
            }
        }
    }

    /// TERMINAL RESPONSE: it must answer the command that was fetched.
    pub fn terminal_response(&mut self, data: &[u8]) -> Result<(), Status> {
        let Exchange::Fetched { details, sender } = &self.session.exchange else {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        };
        let response = TerminalResponse::decode(data).map_err(|_| Status::INCORRECT_DATA)?;
        if response.details != *details {
            return Err(Status::INCORRECT_DATA);
        }
        let sender = *sender;
        self.session.exchange = Exchange::Idle;
        match sender {
            Sender::Applet(index) => self.deliver(index, Event::ProactiveResponse(&response)),
            Sender::Framework if response.details.kind == CommandType::POLL_INTERVAL => {
                self.session.registry.poll_interval = response
                    .answer
                    .duration
                    .filter(|_| response.result.general.is_performed())
                    .map(|d| d.duration());
            }
            Sender::Framework => {}
        }
        Ok(())
    }

    /// ENVELOPE; what applets posted in answer.
    pub fn envelope(&mut self, now: Instant, data: &[u8]) -> Result<Response, Status> {
        let envelope = Envelope::decode(data).map_err(|_| Status::INCORRECT_DATA)?;
        self.session.posted = Status::NORMAL.into();
        match envelope {
            // Events are told whatever is under way; the others start something of their own.
            Envelope::EventDownload(event) => self.event_download(&event),
            _ if self.session.is_busy() => return Err(Status::TOOLKIT_BUSY),
            Envelope::MenuSelection(selection) => self.menu_selection(&selection)?,
            Envelope::TimerExpiration(expiration) => self.timer_expiration(&expiration),
            Envelope::SmsPpDownload(download) => self.sms_pp_download(now, &download)?,
            _ => return Err(Status::INCORRECT_DATA),
        }
        Ok(core::mem::replace(&mut self.session.posted, Status::NORMAL.into()))
    }

    fn menu_selection(&mut self, selection: &MenuSelection) -> Result<(), Status> {
        let item = selection.item.identifier;
        let entry = self.session.registry.menu_entry(item).filter(|entry| entry.enabled);
        let applet = entry.ok_or(Status::REFERENCED_DATA_NOT_FOUND)?.applet;
        let event = match selection.help {
            Some(_) => Event::MenuSelectionHelp { item },
            None => Event::MenuSelection { item },
        };
        self.deliver(applet, event);
        Ok(())
    }

    fn timer_expiration(&mut self, expiration: &TimerExpiration) {
        let timer = expiration.timer.identifier;
        if let Some(owner) = self.session.registry.timer_owner(timer) {
            self.deliver(owner, Event::TimerExpiration { timer, value: expiration.value });
        }
    }

    fn event_download(&mut self, event: &EventDownload) {
        self.deliver_to_all(ToolkitEvent::EventDownload(event.code()), Event::EventDownload(event));
    }

    /// A command packet goes to the applet with its TAR, anything else to those that want it.
    fn sms_pp_download(&mut self, now: Instant, download: &SmsPpDownload) -> Result<(), Status> {
        let tpdu = MobileTerminated::decode(&download.tpdu.tpdu, "SMS-PP download")
            .map_err(|_| Status::INCORRECT_DATA)?;
        let MobileTerminated::Deliver(deliver) = tpdu else { return Err(Status::INCORRECT_DATA) };
        let Deliver { originator, timestamp, user_data, .. } = deliver;
        let Some(message) = self.session.reassembler.accept(&originator, user_data, now) else {
            return Ok(());
        };
        if !message.header.iter().any(|element| element.id == ElementId::COMMAND_PACKET) {
            let sms = UnformattedSms { message: &message, originator: &originator, timestamp };
            self.deliver_to_all(ToolkitEvent::UnformattedSmsPp, Event::UnformattedSmsPp(sms));
            return Ok(());
        }
        let packet = CommandPacket::decode(&message.payload).map_err(|_| Status::INCORRECT_DATA)?;
        let owner = self.applets.iter().position(|installed| installed.applet.tar() == Some(packet.tar));
        let owner = owner.ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
        let sms = FormattedSms { packet: &packet, originator: &originator, timestamp };
        self.deliver(owner as AppletIndex, Event::FormattedSmsPp(sms));
        Ok(())
    }

    fn deliver_to_all(&mut self, registered: ToolkitEvent, event: Event<'_>) {
        for index in self.indices() {
            if self.session.registry.wants(index, registered) {
                self.deliver(index, event);
            }
        }
    }

    fn deliver(&mut self, index: AppletIndex, event: Event<'_>) {
        let Some(installed) = self.applets.get_mut(usize::from(index)) else { return };
        let mut env = Env {
            applet: index,
            store: installed.store,
            files: self.files,
            memory: self.memory,
            toolkit: self.session,
        };
        // An applet's failure is its own: what it has left open is taken back, and the card goes on.
        let _ = installed.applet.process_toolkit(event, &mut env);
        self.memory.abort();
    }

    fn indices(&self) -> core::ops::Range<AppletIndex> {
        0..self.applets.len() as AppletIndex
    }
}
