//! What an applet can do: its environment while it is called.

use alloc::{sync::Arc, vec::Vec};

use oxisim_apdu::{Response, Status};
use oxisim_toolkit::{CallControlAnswer, Command, MoSmsControlAnswer, Proactive, TerminalProfile};

use crate::{
    applet::{AppletError, InstallParameters, SystemError, ToolkitError, TransactionError},
    file::{Aid, FileSystem},
    memory::{Handle, Memory, Savepoint},
    runtime::{AppletId, Applets, Instance, Runtime},
    toolkit::{Session, Timers, ToolkitRegistry},
    view::FileView,
};

/// The card as one applet sees it while it is called.
pub struct Env<'a> {
    pub(crate) applet: AppletId,
    pub(crate) aid: Aid,
    pub(crate) parameters: Arc<InstallParameters>,
    pub(crate) store: Handle,
    /// The object of its registrations.
    pub(crate) registrations: Handle,
    pub(crate) files: &'a FileSystem,
    pub(crate) memory: &'a mut Memory,
    pub(crate) toolkit: &'a mut Session,
    pub(crate) applets: &'a mut Applets,
    pub(crate) context: Context,
    /// Where the applet's transaction has begun, if it is part of one of the card.
    pub(crate) savepoint: Option<Savepoint>,
    /// Which timers ran when it began.
    pub(crate) timers: Timers,
    /// Whether the command that is processed has selected the applet.
    pub(crate) is_selecting: bool,
    /// Whether the applet that is selected or deselected is so on one of several channels.
    pub(crate) is_selected_elsewhere: bool,
}

impl Env<'_> {
    /// The instance AID of the applet.
    #[must_use]
    pub const fn aid(&self) -> Aid {
        self.aid
    }

    /// What the applet was installed with.
    #[must_use]
    pub fn parameters(&self) -> &InstallParameters {
        &self.parameters
    }

    /// Whether the command that [`process`](crate::Applet::process) has got is the SELECT of the applet itself (Java Card:
    /// `Applet.selectingApplet`).
    #[must_use]
    pub const fn is_selecting(&self) -> bool {
        self.is_selecting
    }

    /// In [`select`](crate::Applet::select) and [`deselect`](crate::Applet::deselect): whether another logical channel has
    /// selected the applet too (Java Card: what `MultiSelectable.select` and `deselect` are told).
    #[must_use]
    pub const fn is_selected_elsewhere(&self) -> bool {
        self.is_selected_elsewhere
    }

    /// The applet's registrations.
    #[must_use]
    pub fn registry(&mut self) -> ToolkitRegistry<'_> {
        ToolkitRegistry {
            registry: &mut self.toolkit.registry,
            memory: self.memory,
            applet: self.applet,
            object: self.registrations,
            parameters: &self.parameters,
            files: self.files,
        }
    }

    /// Hands a proactive command over (`ProactiveHandler.send`), to be fetched after those that wait already of
    /// applets whose [priority](crate::InstallParameters::priority) is not lower. Its answer comes as
    /// [`Event::ProactiveResponse`](crate::Event::ProactiveResponse), or
    /// [`Event::ProactiveFailed`](crate::Event::ProactiveFailed) in its place, unless the card is reset before.
    /// `HANDLER_NOT_AVAILABLE` before the terminal has sent its profile, and to an applet that is being installed or is
    /// locked.
    ///
    /// SET UP MENU, SET UP EVENT LIST, POLL INTERVAL and POLLING OFF are the framework's, which sends them as
    /// the registry asks. TIMER MANAGEMENT is for the applet's own timers, DECLARE SERVICE for its own services, SEND
    /// DATA, RECEIVE DATA and CLOSE CHANNEL for channels that it has opened, as many as its
    /// [parameters](InstallParameters::channels) allow. `COMMAND_NOT_ALLOWED` else.
    pub fn send(&mut self, qualifier: u8, command: impl Into<Proactive>) -> Result<(), AppletError> {
        self.send_command(Command::new(0, qualifier, command))
    }

    /// The same, with all of the command as the applet has it (`ProactiveHandler.init`, `appendTLV`): for the channel
    /// or the card reader that it is about, or with objects that its type does not have. Its number is the framework's.
    pub fn send_command(&mut self, command: Command) -> Result<(), AppletError> {
        if !self.applets.get(self.applet).is_some_and(Instance::is_active) {
            return Err(ToolkitError::HandlerNotAvailable.into());
        }
        Ok(self.toolkit.send(self.applet, &self.parameters, command)?)
    }

    /// Data that answers the ENVELOPE being handled (`EnvelopeResponseHandler.post`); a terminal sends the
    /// answer to an SMS-PP download on to the service centre.
    ///
    /// `HANDLER_NOT_AVAILABLE` if what is handled has no answer, if there is one already, or if a proactive command has
    /// been sent. Call control, control of short messages, SMS-PP and USSD downloads and unrecognised envelopes have
    /// one.
    pub fn post_response(&mut self, data: &[u8]) -> Result<(), AppletError> {
        self.post(Response::normal(data.to_vec()))
    }

    /// The same, and the answer is an error: a terminal sends it on in an error report (TS 31.111 §7.1.1,
    /// TS 51.014 §7.1).
    pub fn post_error_response(&mut self, data: &[u8]) -> Result<(), AppletError> {
        self.post(Response { data: data.to_vec(), status: Status::WARNING_UNCHANGED })
    }

    /// The answer to [`Event::CallControl`](crate::Event::CallControl).
    pub fn answer_call_control(&mut self, answer: &CallControlAnswer) -> Result<(), AppletError> {
        self.post(Response::normal(answer.encode()))
    }

    /// The answer to [`Event::MoSmsControl`](crate::Event::MoSmsControl).
    pub fn answer_sms_control(&mut self, answer: &MoSmsControlAnswer) -> Result<(), AppletError> {
        self.post(Response::normal(answer.encode()))
    }

    fn post(&mut self, response: Response) -> Result<(), AppletError> {
        Ok(self.toolkit.reply.post(response)?)
    }

    /// What the terminal can do; `None` before TERMINAL PROFILE.
    #[must_use]
    pub const fn terminal_profile(&self) -> Option<&TerminalProfile> {
        self.toolkit.profile()
    }

    /// The card's files, as far as the applet's [access domain](InstallParameters::access) goes.
    #[must_use]
    pub fn files(&mut self) -> FileView<'_> {
        FileView::of_applet(self.files, self.memory, &self.parameters)
    }

    /// The card's files, to be read.
    #[must_use]
    pub fn read_files(&self) -> FileView<'_, &Memory> {
        FileView::of_applet(self.files, self.memory, &self.parameters)
    }

    /// Octets of the applet's persistent array.
    #[must_use]
    pub fn store_len(&self) -> usize {
        self.memory.read(self.store).len()
    }

    /// Fills `into` from the applet's persistent array at `offset`.
    pub fn store_read(&self, offset: usize, into: &mut [u8]) -> Result<(), AppletError> {
        let octets = self.memory.read(self.store).get(offset..).and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(octets.ok_or(AppletError::Range)?);
        Ok(())
    }

    /// Writes to the applet's persistent array: all or nothing.
    pub fn store_write(&mut self, offset: usize, octets: &[u8]) -> Result<(), AppletError> {
        Ok(self.memory.write(self.store, offset, octets)?)
    }

    /// Opens a transaction (`JCSystem.beginTransaction`) over the applet's memory, its registrations and the files.
    /// `IN_PROGRESS` if one is open, be it that of the applet that calls.
    pub fn begin_transaction(&mut self) -> Result<(), AppletError> {
        match self.context.transaction {
            Outer::None => self.memory.begin()?,
            Outer::Card if self.savepoint.is_none() => self.savepoint = Some(self.memory.savepoint()),
            Outer::Card | Outer::Client => return Err(TransactionError::InProgress.into()),
        }
        self.memory.limit(Some(COMMIT_BUFFER));
        self.timers = self.toolkit.registry.timers;
        Ok(())
    }

    /// Makes the transaction's writes last.
    pub fn commit_transaction(&mut self) -> Result<(), AppletError> {
        match self.context.transaction {
            Outer::None => self.memory.commit()?,
            Outer::Card => {
                let savepoint = self.savepoint.take().ok_or(TransactionError::NotInProgress)?;
                self.memory.limit(savepoint.room);
            }
            Outer::Client => return Err(TransactionError::NotInProgress.into()),
        }
        Ok(())
    }

    /// Takes the transaction's writes back.
    pub fn abort_transaction(&mut self) -> Result<(), AppletError> {
        if !self.in_transaction() {
            return Err(TransactionError::NotInProgress.into());
        }
        self.end();
        Ok(())
    }

    /// How many octets more the open transaction may write (`JCSystem.getUnusedCommitCapacity`); without one, how many
    /// one may.
    #[must_use]
    pub fn unused_commit_capacity(&self) -> usize {
        self.memory.room().unwrap_or(COMMIT_BUFFER)
    }

    /// Whether the applet has a transaction open that it can end.
    fn in_transaction(&self) -> bool {
        match self.context.transaction {
            Outer::None => self.memory.in_transaction(),
            Outer::Card => self.savepoint.is_some(),
            Outer::Client => false,
        }
    }

    /// Takes back what the applet has left open.
    pub(crate) fn end(&mut self) {
        if !self.in_transaction() {
            return;
        }
        match self.savepoint.take() {
            Some(savepoint) => self.memory.abort_to(savepoint),
            None => self.memory.abort(),
        }
        if self.context.is_installing {
            self.applets.find_again(self.memory, self.applet);
        }
        self.toolkit.registry.take_back(self.applets, self.memory, self.timers);
    }

    /// Calls another applet (Java Card: a method of a shareable interface object): its
    /// [`shared`](crate::Applet::shared) is told who calls, and works with its own memory. `SecurityException` if there
    /// is no such applet, if it is locked, or at work already; what it ends with is the error else.
    pub fn call(&mut self, server: &Aid, message: &[u8]) -> Result<Vec<u8>, AppletError> {
        let id = self.applets.find(server).filter(|server| server.is_active()).map(|server| server.id);
        let id = id.ok_or(AppletError::Security)?;
        let depth = self.context.depth + 1;
        if depth > DEEPEST_CALL {
            return Err(SystemError::NoResource.into());
        }
        let transaction = if self.in_transaction() { Outer::Client } else { self.context.transaction };
        let context = Context { transaction, depth, is_installing: false };
        let client = self.aid;
        let mut runtime =
            Runtime { applets: self.applets, files: self.files, memory: self.memory, session: self.toolkit };
        runtime.run_in(context, id, |applet, env| applet.shared(&client, message, env))
    }
}

/// In what an applet is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub transaction: Outer,
    /// How many applets are at work before it.
    pub depth: u8,
    /// Whether it is being installed.
    pub is_installing: bool,
}

/// Whose transaction a call is part of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outer {
    /// Nobody's.
    None,
    /// One of the card, in which the applet can have its own.
    Card,
    /// That of the applet that calls.
    Client,
}

/// Octets that a transaction of an applet may write.
const COMMIT_BUFFER: usize = 0x0800;
/// How many calls may be within each other.
const DEEPEST_CALL: u8 = 7;

impl core::fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Env").field("aid", &self.aid).finish_non_exhaustive()
    }
}
