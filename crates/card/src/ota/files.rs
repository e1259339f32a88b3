//! Remote file management (TS 102 226 §7): command scripts on the card's files, in a session of their own.

use alloc::vec::Vec;

use oxisim_apdu::{Class, Command, Instruction, Response};

use super::{RemoteApplication, script};
use crate::{
    access::Asker,
    applet::{AccessDomain, FileUpdate},
    card::{Powered, Session},
    channel::Channel,
    commands::{self, Waiting},
    file::FileSystem,
    pin::{KeyReference, Verified},
};

/// The number of the channel of a script, which the terminal can neither open nor see.
const CHANNEL: u8 = 0xFF;

/// A script that is carried out: what it may, and what it has done.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// Which files it may touch.
    pub access: AccessDomain,
    /// The keys that count as verified for it.
    pub keys: Vec<KeyReference>,
    /// What it has written.
    pub updates: Vec<FileUpdate>,
}

impl Remote {
    /// Whose authority the script has.
    pub fn asker(&self, verified: Verified) -> Asker<'_> {
        match self.access {
            AccessDomain::FULL => Asker::Everybody,
            AccessDomain::UICC => Asker::Script(&self.keys, verified),
            _ => Asker::Nobody,
        }
    }
}

/// What the terminal has, while a script is carried out.
struct Terminal {
    channel: Channel,
    number: u8,
    waiting: Waiting,
    verified: Verified,
}

impl Session {
    /// Puts a script in the place of the terminal.
    fn enter(&mut self, channel: Channel, remote: Remote) -> Terminal {
        self.remote = Some(remote);
        Terminal {
            channel: core::mem::replace(&mut self.channel, channel),
            number: core::mem::replace(&mut self.number, CHANNEL),
            waiting: core::mem::take(&mut self.waiting),
            verified: core::mem::take(&mut self.verified),
        }
    }

    /// Puts the terminal back; what the script has written.
    fn leave(&mut self, terminal: Terminal) -> Vec<FileUpdate> {
        let Terminal { channel, number, waiting, verified } = terminal;
        (self.channel, self.number) = (channel, number);
        (self.waiting, self.verified) = (waiting, verified);
        self.remote.take().map(|remote| remote.updates).unwrap_or_default()
    }
}

impl Powered<'_> {
    /// Carries a script out; what is answered, at most `room` octets. Applets that watch a file are told of it
    /// afterwards.
    pub(super) fn manage_files(
        &mut self,
        application: &RemoteApplication,
        directory: &[u16],
        script: &[u8],
        room: usize,
    ) -> Vec<u8> {
        let mut channel = Channel::after_reset();
        // Of an image that has lost the directory there is the MF.
        if let Some(id) = self.files.at_image_path(directory) {
            let _ = channel.select(self.files, id);
        }
        let remote =
            Remote { access: application.access, keys: application.keys.clone(), updates: Vec::new() };
        let terminal = self.session.enter(channel, remote);
        let mut executor = Executor { card: self, files: None };
        let answer = script::run(&mut executor, script, room);
        let files = executor.files;
        let updates = self.session.leave(terminal);
        self.forget_blocked();
        self.with_files(files.as_ref()).runtime().remote_files_updated(&updates);
        if files.is_some() {
            self.changed = files;
        }
        answer
    }

    /// A PIN that a script has blocked is not verified any more.
    fn forget_blocked(&mut self) {
        for pin in self.files.pins.blocked(self.memory) {
            self.session.verified.remove(pin);
        }
    }
}

/// Commands on files, one after the other.
struct Executor<'p, 'a> {
    card: &'p mut Powered<'a>,
    /// The files, if a command before has changed them.
    files: Option<FileSystem>,
}

impl script::Executor for Executor<'_, '_> {
    fn execute(&mut self, command: &Command<'_>) -> Response {
        let mut card = self.card.with_files(self.files.as_ref());
        let response = commands::answer_script(&mut card, command);
        if let Some(files) = card.changed.take() {
            self.files = Some(files);
        }
        response
    }

    fn is_outgoing(&self, _: Class, instruction: Instruction) -> bool {
        const OUTGOING: [Instruction; 3] =
            [Instruction::READ_BINARY, Instruction::READ_RECORD, Instruction::GET_RESPONSE];
        OUTGOING.contains(&instruction)
    }
}
