//! What an applet can do: its environment while it handles an event.

use oxisim_apdu::{Response, Status};
use oxisim_toolkit::{CallControlAnswer, Command, MoSmsControlAnswer, Proactive, TerminalProfile};

use crate::{
    applet::ToolkitError,
    file::FileSystem,
    memory::{Handle, Memory, MemoryError},
    toolkit::{AppletIndex, Session, ToolkitRegistry},
    view::FileView,
};

/// The card as one applet sees it while it handles an event.
#[derive(Debug)]
pub struct Env<'a> {
    pub(crate) applet: AppletIndex,
    /// The applet's priority.
    pub(crate) priority: u8,
    pub(crate) store: Handle,
    pub(crate) files: &'a FileSystem,
    pub(crate) memory: &'a mut Memory,
    pub(crate) toolkit: &'a mut Session,
}

impl Env<'_> {
    /// The applet's registrations.
    #[must_use]
    pub const fn registry(&mut self) -> ToolkitRegistry<'_> {
        ToolkitRegistry { registry: &mut self.toolkit.registry, applet: self.applet }
    }

    /// Hands a proactive command over (`ProactiveHandler.send`), to be fetched after those that wait already of
    /// applets whose [priority](crate::Applet::priority) is not lower. Its answer comes as
    /// [`Event::ProactiveResponse`](crate::Event::ProactiveResponse), or
    /// [`Event::ProactiveFailed`](crate::Event::ProactiveFailed) in its place, unless the card is reset before.
    ///
    /// SET UP MENU, SET UP EVENT LIST, POLL INTERVAL and POLLING OFF are the framework's, which sends them as
    /// the registry asks; TIMER MANAGEMENT is for the applet's own timers.
    pub fn send(&mut self, qualifier: u8, command: impl Into<Proactive>) -> Result<(), ToolkitError> {
        self.send_command(Command::new(0, qualifier, command))
    }

    /// The same, with all of the command as the applet has it (`ProactiveHandler.init`, `appendTLV`): for the channel
    /// or the card reader that it is about, or with objects that its type does not have. Its number is the framework's.
    pub fn send_command(&mut self, command: Command) -> Result<(), ToolkitError> {
        self.toolkit.send(self.applet, self.priority, command)
    }

    /// Data that answers the ENVELOPE being handled (`EnvelopeResponseHandler.post`); a terminal sends the
    /// answer to an SMS-PP download on to the service centre.
    pub fn post_response(&mut self, data: &[u8]) {
        self.toolkit.posted = Response::normal(data.to_vec());
    }

    /// The same, and the answer is an error: a terminal sends it on in an error report (TS 31.111 §7.1.1,
    /// TS 51.014 §7.1).
    pub fn post_error_response(&mut self, data: &[u8]) {
        self.toolkit.posted = Response { data: data.to_vec(), status: Status::WARNING_UNCHANGED };
    }

    /// The answer to [`Event::CallControl`](crate::Event::CallControl).
    pub fn answer_call_control(&mut self, answer: &CallControlAnswer) {
        self.toolkit.posted = Response::normal(answer.encode());
    }

    /// The answer to [`Event::MoSmsControl`](crate::Event::MoSmsControl).
    pub fn answer_sms_control(&mut self, answer: &MoSmsControlAnswer) {
        self.toolkit.posted = Response::normal(answer.encode());
    }

    /// What the terminal can do; `None` before TERMINAL PROFILE.
    #[must_use]
    pub const fn terminal_profile(&self) -> Option<&TerminalProfile> {
        self.toolkit.profile()
    }

    /// The card's files.
    #[must_use]
    pub const fn files(&mut self) -> FileView<'_> {
        FileView::new(self.files, self.memory)
    }

    /// The card's files, to be read.
    #[must_use]
    pub const fn read_files(&self) -> FileView<'_, &Memory> {
        FileView::new(self.files, self.memory)
    }

    /// Octets of the applet's persistent array.
    #[must_use]
    pub fn store_len(&self) -> usize {
        self.memory.read(self.store).len()
    }

    /// Fills `into` from the applet's persistent array at `offset`.
    pub fn store_read(&self, offset: usize, into: &mut [u8]) -> Result<(), MemoryError> {
        let octets = self.memory.read(self.store).get(offset..).and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(octets.ok_or(MemoryError::Range)?);
        Ok(())
    }

    /// Writes to the applet's persistent array: all or nothing.
    pub fn store_write(&mut self, offset: usize, octets: &[u8]) -> Result<(), MemoryError> {
        self.memory.write(self.store, offset, octets)
    }

    /// Opens a transaction (`JCSystem.beginTransaction`) over the applet's array and the files.
    pub fn begin_transaction(&mut self) -> Result<(), MemoryError> {
        self.memory.begin()
    }

    /// Makes the transaction's writes last.
    pub fn commit_transaction(&mut self) -> Result<(), MemoryError> {
        self.memory.commit()
    }

    /// Takes the transaction's writes back.
    pub fn abort_transaction(&mut self) -> Result<(), MemoryError> {
        if !self.memory.in_transaction() {
            return Err(MemoryError::NotInProgress);
        }
        self.memory.abort();
        Ok(())
    }
}
