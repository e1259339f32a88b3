//! A card with applets that do what a test says.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use oxisim_apdu::Response;
use oxisim_card::{
    Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Package, Profile, ToolkitEvent,
};
use oxisim_wire::Instant;

/// What an applet has in itself.
#[derive(Clone, Default)]
pub struct Fields {
    pub count: u8,
    pub heap: Vec<u8>,
    /// How many times a timer has expired.
    pub expired: u8,
}

pub type Script = Box<dyn FnOnce(&mut Fields, &mut Env<'_>) -> Result<(), AppletError> + Send>;
type Install = fn(&mut Env<'_>) -> Result<(), AppletError>;
type Start = fn(&mut Fields, &mut Env<'_>) -> Result<(), AppletError>;
type Shared = fn(&mut Fields, &Aid, &[u8], &mut Env<'_>) -> Result<Vec<u8>, AppletError>;

/// The applet; its clones have the same scripts.
#[derive(Clone)]
pub struct Probe {
    pub name: u8,
    pub parameters: InstallParameters,
    pub install: Install,
    pub start: Start,
    pub shared: Shared,
    pub fields: Fields,
    pub scripts: Arc<Mutex<VecDeque<Script>>>,
}

impl Probe {
    pub fn new(name: u8) -> Self {
        Self {
            name,
            parameters: InstallParameters::default(),
            install: |_| Ok(()),
            start: |_, _| Ok(()),
            shared: |_, _, _, _| Err(AppletError::Security),
            fields: Fields::default(),
            scripts: Arc::default(),
        }
    }

    pub fn installed_by(name: u8, install: Install) -> Self {
        Self { install, ..Self::new(name) }
    }

    /// What it does when it hears of a profile next.
    pub fn then<T: Send + 'static>(
        &self,
        script: impl FnOnce(&mut Fields, &mut Env<'_>) -> Result<T, AppletError> + Send + 'static,
    ) -> Arc<Mutex<Option<Result<T, AppletError>>>> {
        let outcome = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&outcome);
        self.scripts.lock().unwrap().push_back(Box::new(move |fields, env| {
            let result = script(fields, env);
            let end = result.as_ref().map(|_| ()).map_err(|error| *error);
            *kept.lock().unwrap() = Some(result);
            end
        }));
        outcome
    }

    /// Sends TERMINAL PROFILE, at which the applet carries the script out; what that ends with.
    pub fn run<T: Send + 'static>(
        &self,
        card: &mut Card,
        script: impl FnOnce(&mut Fields, &mut Env<'_>) -> Result<T, AppletError> + Send + 'static,
    ) -> Result<T, AppletError> {
        let outcome = self.then(script);
        send(card, PROFILE);
        let outcome = outcome.lock().unwrap().take();
        outcome.expect("the applet hears of the profile")
    }
}

/// The AID of the applet of that name.
pub fn aid(name: u8) -> Aid {
    Aid::new(&[0xA0, 0x00, 0x00, 0x00, name]).unwrap()
}

/// What an applet counts after the answer to a command.
pub const ANSWERED: u8 = 0xAA;

/// TERMINAL PROFILE of a terminal that can do everything.
pub const PROFILE: &str = "8010000009FFFFFFFFFFFFFFFFFF";

pub fn send(card: &mut Card, apdu: &str) -> Response {
    card.exchange(Instant::EPOCH, &hex::decode(apdu).unwrap())
}

/// A card with these applets, and with power.
pub fn card(applets: impl IntoIterator<Item = Probe>) -> Card {
    let mut card = applets.into_iter().fold(Card::new(&Profile::default()), Card::with_applet);
    card.power_on(Instant::EPOCH);
    card
}

/// A package with the classes of these applets, of the AID `A000000050`.
pub fn package(applets: impl IntoIterator<Item = Probe>) -> Package {
    let applets = applets.into_iter().map(|probe| Box::new(probe) as Box<dyn Applet>).collect();
    Package { aid: aid(0x50), version: (1, 0), applets }
}

/// Every object of a card's memory.
pub fn memory(card: &Card) -> Vec<(String, Vec<u8>)> {
    let mut objects: Vec<_> =
        card.memory().objects().map(|(name, octets)| (name.to_owned(), octets.to_vec())).collect();
    objects.sort();
    objects
}

/// Another card without applets in memory, on which the package is loaded, with the memory of `card`.
pub fn restored(card: &Card, package: Package) -> Card {
    let mut copy = Card::new(&Profile::default());
    copy.load(package).unwrap();
    copy.restore(card.memory().objects().map(|(name, octets)| (name, Some(octets)))).unwrap();
    copy.power_on(Instant::EPOCH);
    copy
}

impl Applet for Probe {
    fn aid(&self) -> Aid {
        aid(self.name)
    }

    fn parameters(&self) -> InstallParameters {
        self.parameters.clone()
    }

    fn persistent_octets(&self) -> usize {
        4
    }

    fn transient_octets(&self) -> usize {
        1 + self.fields.heap.len()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.fields.count += 1;
        env.registry().set_event(ToolkitEvent::ProfileDownload)?;
        (self.install)(env)
    }

    fn start(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        (self.start)(&mut self.fields, env)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        if let Event::ProactiveResponse(_) = event {
            self.fields.count = ANSWERED;
        }
        if let Event::TimerExpiration { .. } = event {
            self.fields.expired += 1;
        }
        let Event::ProfileDownload = event else { return Ok(()) };
        let script = self.scripts.lock().unwrap().pop_front();
        script.map_or(Ok(()), |script| script(&mut self.fields, env))
    }

    fn shared(&mut self, client: &Aid, message: &[u8], env: &mut Env<'_>) -> Result<Vec<u8>, AppletError> {
        (self.shared)(&mut self.fields, client, message, env)
    }
}
