//! What an applet is: Java Card's applet, and the toolkit applet of TS 102 241, as a state machine.

mod array;
mod coding;
mod error;
mod event;
mod info;
mod package;
mod parameters;
mod pin;

use alloc::{boxed::Box, string::String, vec::Vec};

use oxisim_apdu::{Command, Response, Status};

pub(crate) use self::pin::is_pin;
pub use self::{
    array::{ArrayId, Clear},
    error::{AppletError, PinError, SystemError, ToolkitError, TransactionError},
    event::{Event, FilePart, FileUpdate, FormattedSms, SealedSms, UnformattedSms},
    info::{AppletInfo, AppletState},
    package::Package,
    parameters::{AccessDomain, InstallParameters, MenuPlace},
    pin::OwnerPin,
};
use crate::{env::Env, file::Aid};

/// An applet.
///
/// A host gives an object of it to the card, in a [`Package`]: the prototype of its class. A clone of the prototype
/// becomes the running object at installation and at every reset. So what an applet keeps in its fields is
/// `CLEAR_ON_RESET` memory; what must survive goes through [`Env`] into persistent memory.
///
/// In Java Card `ProactiveHandler.send()` blocks until the terminal has answered. Here an applet never blocks:
/// it hands a command over with [`Env::send`] and returns, and the answer comes as
/// [`Event::ProactiveResponse`].
///
/// Whatever method ends with an error, a transaction that it has left open is aborted; it has no other effect.
pub trait Applet: CloneApplet + Send {
    /// The instance AID that it has unless its installation says another.
    fn aid(&self) -> Aid;

    /// The AID of its class.
    fn class_aid(&self) -> Aid {
        self.aid()
    }

    /// What people call it.
    fn name(&self) -> String {
        "applet".into()
    }

    /// The install parameters that it has unless its installation says others.
    fn parameters(&self) -> InstallParameters {
        InstallParameters::default()
    }

    /// Octets of the persistent array that it gets at installation, filled with `00`.
    fn persistent_octets(&self) -> usize {
        0
    }

    /// Octets of transient memory that it uses, beside its transient arrays. One with fields elsewhere than in itself,
    /// such as a `Vec`, adds their octets.
    fn transient_octets(&self) -> usize {
        size_of_val(self)
    }

    /// Registers menu entries, timers and events, and makes arrays; once in the applet's life (Java Card:
    /// `Applet.install`). What it has done is taken back if it ends with an error, and there is no applet then.
    fn install(&mut self, parameters: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError>;

    /// Finds again what [`install`](Self::install) has made; after installation and after every reset, before the
    /// first command.
    fn start(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        let _ = env;
        Ok(())
    }

    /// The applet is selected on a logical channel (Java Card: `Applet.select`); whether it agrees.
    fn select(&mut self, env: &mut Env<'_>) -> bool {
        let _ = env;
        true
    }

    /// Another is selected in its place, or its channel is closed (Java Card: `Applet.deselect`). A reset is not told.
    fn deselect(&mut self, env: &mut Env<'_>) {
        let _ = env;
    }

    /// Handles a command while it is selected (Java Card: `Applet.process`), with the class byte as it came. The SELECT
    /// that has selected it is the first one: [`Env::is_selecting`].
    fn process(&mut self, apdu: &Command<'_>, env: &mut Env<'_>) -> Result<Response, Status> {
        let _ = apdu;
        if env.is_selecting() { Ok(Status::NORMAL.into()) } else { Err(Status::INSTRUCTION_NOT_SUPPORTED) }
    }

    /// Whether it can be selected on several logical channels at once (Java Card: `MultiSelectable`).
    fn is_multi_selectable(&self) -> bool {
        false
    }

    /// Whether command packets with its TARs that are secured come to it as they are, in
    /// [`Event::SealedSmsPp`](crate::Event::SealedSmsPp): it has keys of its own, which the card does not know, like an
    /// application with a security domain of its own (TS 102 226 §8). No other applet gets a packet that takes them.
    fn opens_packets(&self) -> bool {
        false
    }

    /// Handles an event of the toolkit (TS 102 241: `ToolkitInterface.processToolkit`).
    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError>;

    /// Answers another applet (Java Card: a shareable interface object). `client` is the one that calls.
    fn shared(&mut self, client: &Aid, message: &[u8], env: &mut Env<'_>) -> Result<Vec<u8>, AppletError> {
        let _ = (client, message, env);
        Err(AppletError::Security)
    }
}

/// Lets a card with its applets be copied; every applet that is `Clone` has it.
pub trait CloneApplet {
    /// A copy of the applet.
    fn clone_box(&self) -> Box<dyn Applet>;
}

impl<T: Applet + Clone + 'static> CloneApplet for T {
    fn clone_box(&self) -> Box<dyn Applet> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Applet> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}
