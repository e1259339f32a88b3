//! The toolkit framework: which proactive command the terminal gets next, and which applet hears what
//! (TS 102 223, TS 102 241).

mod channels;
mod envelopes;
mod events;
mod framework;
mod menu;
mod messages;
mod queue;
mod registrations;
mod registry;
mod reply;
mod responses;
mod session;
mod timers;
mod updates;

use oxisim_apdu::Status;
use oxisim_toolkit::{CommandType, TerminalProfile, TerminalResponse};

use self::queue::Sender;
pub use self::{
    events::{Registration, ToolkitEvent},
    registry::ToolkitRegistry,
};
pub(crate) use self::{
    messages::{Carrier, Told},
    registrations::Registrations,
    session::Session,
    timers::Timers,
};
use crate::{
    applet::{AppletError, Event, ToolkitError},
    file::Aid,
    runtime::{AppletId, Instance, Runtime},
};

impl Runtime<'_> {
    /// TERMINAL PROFILE.
    pub fn terminal_profile(&mut self, octets: &[u8]) {
        let dropped = self.session.set_profile(TerminalProfile::new(octets));
        for sent in dropped {
            if let Sender::Applet(id, _) = sent.sender {
                self.deliver(id, Event::ProactiveFailed(ToolkitError::NotSupported(sent.details.kind)));
            }
        }
        self.deliver_to_all(ToolkitEvent::ProfileDownload, Event::ProfileDownload);
    }

    /// STATUS.
    pub fn status_command(&mut self) {
        self.session.framework.polled();
        self.deliver_to_polling(Event::StatusCommand);
    }

    /// TERMINAL RESPONSE: it must answer the command that was fetched.
    pub fn terminal_response(&mut self, data: &[u8]) -> Result<(), Status> {
        if !self.session.is_owed() {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        let mut response = responses::read(data);
        let Ok(response) = &mut response else { return Err(Status::INCORRECT_DATA) };
        let sent = self.session.answered(response)?;
        // The terminal may not have found them.
        response.details.clone_from(&sent.details);
        match sent.sender {
            Sender::Applet(id, _) => self.deliver(id, Event::ProactiveResponse(response)),
            Sender::Framework => self.framework_response(sent.details.kind, response),
        }
        Ok(())
    }

    /// Length of the command that waits to be fetched. What applets have queued for a timer that they have given back
    /// since fails before.
    pub fn waiting(&mut self, title: &str) -> Option<usize> {
        for sent in self.session.take_orphans() {
            if let (Sender::Applet(id, _), Some(timer)) = (sent.sender, sent.timer) {
                self.deliver(id, Event::ProactiveFailed(ToolkitError::InvalidTimerId(timer)));
            }
        }
        let waiting = self.session.waiting(title);
        if waiting.is_some() { waiting } else { self.offer_handler(title) }
    }

    /// Tells those who wait for it, one after the other, that no command is under way, until one of them sends one. They
    /// are told once.
    fn offer_handler(&mut self, title: &str) -> Option<usize> {
        const EVENT: ToolkitEvent = ToolkitEvent::ProactiveHandlerAvailable;
        if !self.session.is_free() || !self.session.registry.is_wanted(EVENT) {
            return None;
        }
        for id in self.applets.order() {
            if self.session.registry.wants(id, EVENT) && self.clear_event(id, EVENT).is_ok() {
                self.deliver(id, Event::ProactiveHandlerAvailable);
                if let Some(length) = self.session.waiting(title) {
                    return Some(length);
                }
            }
        }
        None
    }

    /// Takes an event from an applet.
    fn clear_event(&mut self, id: AppletId, event: ToolkitEvent) -> Result<(), AppletError> {
        self.run(id, |_, env| env.registry().clear_event(event))
    }

    /// The terminal has sent a command.
    pub fn first_command(&mut self) {
        if !core::mem::replace(&mut self.session.has_begun, true) {
            self.deliver_to_all(ToolkitEvent::FirstCommandAfterAtr, Event::FirstCommandAfterAtr);
        }
    }

    /// Whether an applet is told of the end of the sessions of applications.
    pub fn hears_of_applications(&self) -> bool {
        self.session.registry.is_wanted(ToolkitEvent::ApplicationDeselect)
    }

    /// The session of an application has ended on a channel.
    pub fn application_deselected(&mut self, application: Aid, channel: u8) {
        let event = Event::ApplicationDeselect { application, channel };
        self.deliver_to_all(ToolkitEvent::ApplicationDeselect, event);
    }

    fn framework_response(&mut self, kind: CommandType, response: &TerminalResponse) {
        let is_settled = self.session.framework.answered(kind, &response.result);
        let is_performed = response.result.general.is_performed();
        let granted = response.answer.duration.as_ref().filter(|_| is_performed);
        let granted = granted.map(oxisim_toolkit::objects::Duration::duration);
        // A terminal that refuses goes on as before.
        if is_performed && matches!(kind, CommandType::POLL_INTERVAL | CommandType::POLLING_OFF) {
            self.session.registry.poll_interval = granted;
        }
        if is_settled && kind == CommandType::POLL_INTERVAL {
            self.deliver_to_polling(Event::PollInterval { granted });
        }
    }

    fn deliver_to_polling(&mut self, event: Event<'_>) {
        for id in self.applets.order() {
            if self.session.registry.polls(id) {
                self.deliver(id, event);
            }
        }
    }

    fn deliver_to_all(&mut self, registered: ToolkitEvent, event: Event<'_>) {
        for id in self.applets.order() {
            if self.session.registry.wants(id, registered) {
                self.deliver(id, event);
            }
        }
    }

    /// Tells an applet of an event, if it may be called.
    fn deliver(&mut self, id: AppletId, event: Event<'_>) {
        if self.applets.get(id).is_some_and(Instance::is_active) {
            // An applet's failure is its own: what it has left open is taken back, and the card goes on.
            let _ = self.run(id, |applet, env| applet.process_toolkit(event, env));
        }
    }
}
