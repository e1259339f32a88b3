//! What passes between shell and card, as a script that does it again.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

use oxisim_apdu::{Response, carries_pin};
use oxisim_script::spaced;
use oxisim_transport::{Error, Transport, without_le};

use crate::failure::Failure;

/// Octets of data that stand on the line of their command; more get a line of their own.
const ON_ONE_LINE: usize = 16;

/// Where a recording goes, if there is one; shared by the shell, which starts and ends it, and the way to the card.
#[derive(Clone, Default)]
pub struct Tape(Rc<RefCell<Option<Recording>>>);

struct Recording {
    path: PathBuf,
    file: File,
    /// Commands so far.
    commands: usize,
    has_pins: bool,
    /// Why it could not go on.
    error: Option<io::Error>,
}

/// A recording that has ended.
pub struct Recorded {
    /// The script.
    pub path: PathBuf,
    /// Commands in it.
    pub commands: usize,
    /// Whether there are PINs among them.
    pub has_pins: bool,
}

/// A way to a card of which everything is taken down while there is a recording.
pub struct Recorder {
    card: Box<dyn Transport>,
    tape: Tape,
}

impl Recorder {
    /// Around `card`.
    pub const fn new(card: Box<dyn Transport>, tape: Tape) -> Self {
        Self { card, tape }
    }
}

impl Tape {
    /// Begins a script where no file is.
    pub fn begin(&self, path: &Path) -> Result<(), Failure> {
        if let Some(running) = &*self.0.borrow() {
            let path = running.path.display();
            return Err(Failure::Usage(format!("{path} is being recorded: `record off` ends it")));
        }
        let failed = |error| Failure::Write { path: path.into(), error };
        let mut file = File::create_new(path).map_err(failed)?;
        writeln!(file, "# Recorded by `oxisim shell`.").map_err(failed)?;
        let recording = Recording { path: path.into(), file, commands: 0, has_pins: false, error: None };
        *self.0.borrow_mut() = Some(recording);
        Ok(())
    }

    /// Whether there is a recording.
    pub fn is_running(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Ends the recording; none if there is none.
    pub fn end(&self) -> Result<Option<Recorded>, Failure> {
        let Some(recording) = self.0.borrow_mut().take() else { return Ok(None) };
        let Recording { path, commands, has_pins, error, .. } = recording;
        match error {
            Some(error) => Err(Failure::Write { path, error }),
            None => Ok(Some(Recorded { path, commands, has_pins })),
        }
    }

    /// What was typed: a comment above the commands that it became.
    pub fn typed(&self, line: &str) {
        self.write(|_| format!("\n# {}\n", line.replace(['\r', '\n'], " ")));
    }

    /// Takes down a reset, with the answer.
    fn reset(&self, answer: &[u8]) {
        self.write(|_| format!("reset  [{}]\n", spaced(answer)));
    }

    /// Takes down a command, with the response.
    fn exchange(&self, command: &[u8], response: &[u8]) {
        self.write(|recording| {
            recording.commands += 1;
            recording.has_pins |= carries_pin(command);
            let command = spaced(as_sent(command, response));
            match Response::from_bytes(response) {
                Ok(Response { data, status }) if data.len() <= ON_ONE_LINE => {
                    format!("{command}  [{}] ({:04X})\n", spaced(&data), status.0)
                }
                Ok(Response { data, status }) => {
                    format!("{command}\n  [{}]\n  ({:04X})\n", spaced(&data), status.0)
                }
                Err(_) => format!("# {command} was answered without a status word: {}\n", spaced(response)),
            }
        });
    }

    fn write(&self, text: impl FnOnce(&mut Recording) -> String) {
        if let Some(recording) = &mut *self.0.borrow_mut() {
            let text = text(recording);
            if recording.error.is_none() {
                recording.error = recording.file.write_all(text.as_bytes()).err();
            }
        }
    }
}

/// What broke on the way to the card is not the card's answer, and not in the script.
impl Transport for Recorder {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        let answer = self.card.reset()?;
        self.tape.reset(&answer);
        Ok(answer)
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        let response = self.card.exchange(apdu)?;
        self.tape.exchange(apdu, &response);
        Ok(response)
    }
}

/// The command as the card got it: an answer that waits for GET RESPONSE, though there was an Le, says that T=0 has left
/// that out (TS 102 221 §7.3.1.1).
fn as_sent<'a>(command: &'a [u8], response: &[u8]) -> &'a [u8] {
    if let [0x61 | 0x9F, _] = response { without_le(command) } else { command }
}
