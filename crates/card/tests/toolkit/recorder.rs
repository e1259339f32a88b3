//! An applet that does what a test says, and keeps what it is told.

use std::sync::{Arc, Mutex};

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters};
use oxisim_toolkit::{command::DisplayText, objects::TextString};

pub type Install = fn(&mut Env<'_>) -> Result<(), AppletError>;
pub type Process = fn(&Event<'_>, &mut Env<'_>) -> Result<(), AppletError>;

/// The applet; copies of it share what they have been told.
#[derive(Clone)]
pub struct Recorder {
    pub name: u8,
    pub parameters: InstallParameters,
    pub install: Install,
    pub process: Process,
    pub heard: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    pub fn new(name: u8, install: Install, process: Process) -> Self {
        Self { name, parameters: InstallParameters::default(), install, process, heard: Arc::default() }
    }

    pub fn with_priority(mut self, priority: u8) -> Self {
        self.parameters.priority = priority;
        self
    }

    pub fn with_parameters(mut self, parameters: InstallParameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// With what it is told kept where `heard` is.
    pub fn told_to(mut self, heard: &Arc<Mutex<Vec<String>>>) -> Self {
        self.heard = Arc::clone(heard);
        self
    }
}

/// Sends DISPLAY TEXT.
pub fn show(env: &mut Env<'_>, text: &str) -> Result<(), AppletError> {
    env.send(0, DisplayText::new(TextString::eight_bit(text)))
}

impl Applet for Recorder {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, self.name]).unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        self.parameters.clone()
    }

    /// One, for a test whose applet writes.
    fn persistent_octets(&self) -> usize {
        1
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        (self.install)(env)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let event_name = match &event {
            Event::ProactiveResponse(response) => format!("response {:02X}", response.result.general.0),
            Event::ProactiveFailed(error) => format!("failed {error:?}"),
            Event::PollInterval { granted } => {
                format!("granted {:?}", granted.map(oxisim_wire::Duration::as_secs))
            }
            Event::TimerExpiration { timer, .. } => format!("timer {timer}"),
            Event::EventDownload(_) => "event".into(),
            Event::StatusCommand => "status".into(),
            Event::ProfileDownload => "profile".into(),
            other => format!("{other:?}"),
        };
        let result = (self.process)(&event, env);
        let outcome = match result {
            Ok(()) => String::new(),
            Err(AppletError::Toolkit(error)) => format!(": {error:?}"),
            Err(error) => format!(": {error:?}"),
        };
        self.heard.lock().unwrap().push(format!("{} {event_name}{outcome}", char::from(self.name)));
        Ok(())
    }
}
