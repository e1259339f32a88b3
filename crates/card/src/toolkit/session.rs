//! What is between card and terminal: one proactive command at a time (TS 102 221 §7.4.2, TS 102 223 §4.2).

use alloc::vec::Vec;

use oxisim_apdu::Status;
use oxisim_sms::concatenation::Reassembler;
use oxisim_toolkit::{
    Command, CommandType, Proactive, TerminalProfile, TerminalResponse, codes::TimerAction,
    objects::CommandDetails,
};
use oxisim_wire::Duration;

use super::{
    channels::{self, Channels},
    framework::Framework,
    queue::{Queue, Queued, Sender, Sent},
    registry::Registry,
    reply::Reply,
};
use crate::{
    applet::{AppletError, InstallParameters, ToolkitError},
    file::Aid,
    runtime::AppletId,
};

/// The state of the toolkit between power-on and power-off.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    profile: Option<TerminalProfile>,
    pub registry: Registry,
    queue: Queue,
    exchange: Exchange,
    pub(super) framework: Framework,
    pub(super) reassembler: Reassembler,
    pub reply: Reply,
    pub(super) channels: Channels,
    /// Whether the applets know that the terminal has sent a command.
    pub has_begun: bool,
    /// The last error that an applet did not catch.
    pub uncaught: Option<(Aid, AppletError)>,
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
    Fetched(Sent),
}

/// Parts of messages in memory, and how long they stay there.
const PARTS: (usize, Duration) = (16, Duration::from_mins(10));

impl Default for Session {
    fn default() -> Self {
        let (parts, lifetime) = PARTS;
        Self {
            profile: None,
            registry: Registry::default(),
            queue: Queue::default(),
            exchange: Exchange::default(),
            framework: Framework::default(),
            reassembler: Reassembler::new(parts, lifetime),
            reply: Reply::default(),
            channels: Channels::default(),
            has_begun: false,
            uncaught: None,
        }
    }
}

impl Session {
    /// What the terminal can do.
    pub const fn profile(&self) -> Option<&TerminalProfile> {
        self.profile.as_ref()
    }

    /// The terminal says what it can do, perhaps anew: the commands that it cannot carry out any more are taken
    /// back. One that it has fetched it still has to answer.
    pub(super) fn set_profile(&mut self, profile: TerminalProfile) -> Vec<Sent> {
        let performs = |sent: &Sent| profile.performs_qualified(sent.details.kind, sent.details.qualifier);
        let mut dropped = self.queue.drop_unless(performs);
        self.exchange = match core::mem::take(&mut self.exchange) {
            Exchange::Offered(queued) if !performs(&queued.sent) => {
                dropped.insert(0, queued.sent);
                Exchange::Idle
            }
            other => other,
        };
        self.profile = Some(profile);
        self.framework.begin();
        dropped
    }

    /// Queues an applet's command.
    pub fn send(
        &mut self,
        applet: AppletId,
        parameters: &InstallParameters,
        command: Command,
    ) -> Result<(), ToolkitError> {
        let kind = command.body.kind();
        if !self.may_send(applet, parameters, &command) {
            return Err(ToolkitError::CommandNotAllowed(kind));
        }
        let profile = self.profile.as_ref().ok_or(ToolkitError::HandlerNotAvailable)?;
        if !profile.performs_qualified(kind, command.details.qualifier) {
            return Err(ToolkitError::NotSupported(kind));
        }
        self.queue.push(Queued::new(Sender::Applet(applet, parameters.priority), command))?;
        self.reply.close();
        Ok(())
    }

    /// Queues a command of the card's own, if the terminal can carry it out.
    pub fn send_own(&mut self, body: impl Into<Proactive>) {
        let command = Command::new(0, 0, body);
        let can = |profile: &TerminalProfile| profile.performs(command.body.kind());
        if self.profile.as_ref().is_some_and(can) {
            // With no room for it the terminal has fallen behind by more messages than it has room for.
            let _ = self.queue.push(Queued::new(Sender::Framework, command));
        }
    }

    /// Whether a command is an applet's to send: it is not the framework's, and about no timer, service or channel of
    /// another (TS 102 268, `CRE_PCS_PCCO`).
    fn may_send(&self, applet: AppletId, parameters: &InstallParameters, command: &Command) -> bool {
        match &command.body {
            Proactive::SetUpMenu(_)
            | Proactive::SetUpEventList(_)
            | Proactive::PollInterval(_)
            | Proactive::PollingOff(_) => false,
            Proactive::TimerManagement(body) => {
                self.registry.timer_owner(body.timer.identifier) == Some(applet)
            }
            Proactive::DeclareService(body) => {
                self.registry.service_owner(body.record.service) == Some(applet)
            }
            Proactive::OpenChannel(_) => self.channels_of(applet) < usize::from(parameters.channels),
            Proactive::SendData(_) | Proactive::ReceiveData(_) | Proactive::CloseChannel(_) => {
                let channel = channels::of_command(command);
                channel.and_then(|channel| self.channels.owner(channel)) == Some(applet)
            }
            _ => true,
        }
    }

    /// The channels that an applet has open, and those that it has asked for.
    fn channels_of(&self, applet: AppletId) -> usize {
        let under_way = match &self.exchange {
            Exchange::Idle => None,
            Exchange::Offered(Queued { sent, .. }) | Exchange::Fetched(sent) => Some(sent),
        };
        let is_asked_for = |sent: &&Sent| {
            let is_its = matches!(sent.sender, Sender::Applet(sender, _) if sender == applet);
            is_its && sent.details.kind == CommandType::OPEN_CHANNEL
        };
        self.channels.count(applet) + self.queue.iter().chain(under_way).filter(is_asked_for).count()
    }

    /// Takes back what an applet has queued, and stops its timers: it is not called any more.
    pub fn silence(&mut self, applet: AppletId) {
        let is_others = |sent: &Sent| !matches!(sent.sender, Sender::Applet(sender, _) if sender == applet);
        self.queue.drop_unless(is_others);
        self.exchange = match core::mem::take(&mut self.exchange) {
            Exchange::Offered(queued) if !is_others(&queued.sent) => Exchange::Idle,
            other => other,
        };
        self.registry.timers.abandoned_by(applet);
    }

    /// Takes back what applets have queued for timers that are not theirs any more.
    pub(super) fn take_orphans(&mut self) -> Vec<Sent> {
        let registry = &self.registry;
        self.queue.drop_unless(|sent| match (sent.sender, sent.timer) {
            (Sender::Applet(applet, _), Some(timer)) => registry.timer_owner(timer) == Some(applet),
            _ => true,
        })
    }

    /// Length of the command that waits to be fetched: the next one is made ready if none is under way.
    pub fn waiting(&mut self, title: &str) -> Option<usize> {
        if matches!(self.exchange, Exchange::Idle)
            && let Some(profile) = &self.profile
            && let Some(queued) =
                self.framework.command(profile, &mut self.registry, title).or_else(|| self.queue.pop())
        {
            self.exchange = Exchange::Offered(queued);
        }
        self.offered()
    }

    /// The command that waits; the terminal owes the answer then. `6985` if none does, or if it has been fetched.
    pub fn fetch(&mut self) -> Result<Vec<u8>, Status> {
        match core::mem::take(&mut self.exchange) {
            Exchange::Offered(Queued { command, sent }) => {
                self.exchange = Exchange::Fetched(sent);
                Ok(command)
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
            Exchange::Idle | Exchange::Fetched(_) => None,
        }
    }

    /// The command that a response answers, if it is the one that was fetched; none is under way then.
    pub(super) fn answered(&mut self, response: &TerminalResponse) -> Result<Sent, Status> {
        match core::mem::take(&mut self.exchange) {
            Exchange::Fetched(sent) if answers(response, &sent.details) => {
                if let Some(timer) = sent.timer {
                    let action = TimerAction(sent.details.qualifier);
                    let owner = self.registry.active_timer_owner(timer);
                    let result = response.result.general;
                    self.registry.timers.managed(timer, owner, action, sent.sender, result);
                }
                self.channels.answered(&sent, response);
                Ok(sent)
            }
            other => {
                self.exchange = other;
                Err(Status::INCORRECT_DATA)
            }
        }
    }

    /// Whether the terminal has fetched a command and not answered it.
    pub const fn is_owed(&self) -> bool {
        matches!(self.exchange, Exchange::Fetched(_))
    }

    /// Whether an applet could send a command that would be the next one.
    pub fn is_free(&self) -> bool {
        self.profile.is_some() && !self.is_busy() && self.queue.is_empty()
    }

    /// Whether a proactive command is between card and terminal.
    pub const fn is_busy(&self) -> bool {
        !matches!(self.exchange, Exchange::Idle)
    }
}

/// Whether a response is one to the command with these details: it repeats them, or has zeros in their place and
/// says that something was wrong with the command (TS 102 223 §6.8).
fn answers(response: &TerminalResponse, details: &CommandDetails) -> bool {
    const NONE: CommandDetails = CommandDetails { number: 0, kind: CommandType(0), qualifier: 0 };
    response.details == *details || response.details == NONE && response.result.general.0 & 0xF0 == 0x30
}
