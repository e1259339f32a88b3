//! The toolkit framework: which proactive command the terminal gets next, and which applet hears what
//! (TS 102 223, TS 102 241).

mod envelopes;
mod framework;
mod queue;
mod registry;
mod responses;
mod session;

use alloc::{boxed::Box, vec::Vec};

use oxisim_apdu::Status;
use oxisim_toolkit::{CommandType, TerminalProfile, TerminalResponse};

use self::queue::Sender;
pub use self::registry::{ToolkitEvent, ToolkitRegistry};
pub(crate) use self::{registry::AppletIndex, session::Session};
use crate::{
    applet::{Applet, Event, ToolkitError},
    env::Env,
    file::FileSystem,
    memory::{Handle, Memory},
};

/// An applet on the card.
#[derive(Clone)]
pub(crate) struct Installed {
    pub applet: Box<dyn Applet>,
    /// Its persistent array.
    pub store: Handle,
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
        for index in 0..self.applets.len() as AppletIndex {
            self.run(index, |applet, env| {
                applet.reset();
                // An applet whose installation fails stays on the card, and hears what it has registered for.
                let _ = applet.install(env);
            });
        }
    }

    /// TERMINAL PROFILE.
    pub fn terminal_profile(&mut self, octets: &[u8]) {
        let dropped = self.session.set_profile(TerminalProfile::new(octets));
        for sent in dropped {
            if let Sender::Applet(index, _) = sent.sender {
                self.deliver(index, Event::ProactiveFailed(ToolkitError::NotSupported(sent.details.kind)));
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
        let mut response = responses::read(data).map_err(|_| Status::INCORRECT_DATA)?;
        let sent = self.session.answered(&response)?;
        // The terminal may not have found them.
        response.details.clone_from(&sent.details);
        match sent.sender {
            Sender::Applet(index, _) => self.deliver(index, Event::ProactiveResponse(&response)),
            Sender::Framework => self.framework_response(sent.details.kind, &response),
        }
        Ok(())
    }

    /// Length of the command that waits to be fetched. What applets have queued for a timer that they have given back
    /// since fails before.
    pub fn waiting(&mut self, title: &str) -> Option<usize> {
        for sent in self.session.take_orphans() {
            if let (Sender::Applet(index, _), Some(timer)) = (sent.sender, sent.timer) {
                self.deliver(index, Event::ProactiveFailed(ToolkitError::InvalidTimerId(timer)));
            }
        }
        self.session.waiting(title)
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
        for index in self.order() {
            if self.session.registry.polls(index) {
                self.deliver(index, event);
            }
        }
    }

    fn deliver_to_all(&mut self, registered: ToolkitEvent, event: Event<'_>) {
        for index in self.order() {
            if self.session.registry.wants(index, registered) {
                self.deliver(index, event);
            }
        }
    }

    fn deliver(&mut self, index: AppletIndex, event: Event<'_>) {
        self.run(index, |applet, env| {
            // An applet's failure is its own: what it has left open is taken back, and the card goes on.
            let _ = applet.process_toolkit(event, env);
        });
    }

    fn run(&mut self, index: AppletIndex, f: impl FnOnce(&mut dyn Applet, &mut Env<'_>)) {
        let Some(installed) = self.applets.get_mut(usize::from(index)) else { return };
        let mut env = Env {
            applet: index,
            priority: installed.applet.priority(),
            store: installed.store,
            files: self.files,
            memory: self.memory,
            toolkit: self.session,
        };
        f(&mut *installed.applet, &mut env);
        self.memory.abort();
    }

    /// The applets in the order in which they are told of an event: by priority, of equals the one that was installed
    /// last first (TS 102 226 §8.2.1.3.2; TS 102 268, `CRE_TIN_PRLV`).
    fn order(&self) -> Vec<AppletIndex> {
        let mut order: Vec<_> =
            (0..self.applets.len() as AppletIndex).zip(self.applets.iter()).rev().collect();
        order.sort_by_key(|(_, installed)| installed.applet.priority());
        order.into_iter().map(|(index, _)| index).collect()
    }
}
