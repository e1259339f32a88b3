//! An applet that does what a sequence says, and keeps what it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters, Tar, ToolkitEvent};
use oxisim_toolkit::{
    CallControlAnswer, Command, Envelope, MoSmsControlAnswer, TerminalResponse, codes::EventCode,
    objects::alpha,
};
use oxisim_wire::Duration;

/// The TAR of the command packets of TS 31.124 §27.22.5.
const TAR: Tar = Tar([0xBF, 0xFF, 0x00]);

/// How often the applet has itself polled, so that it can send a command soon.
pub const POLL: Duration = Duration::from_secs(1);

/// What the applet is to do when it is polled next.
pub enum Order {
    /// Send this.
    Send(Box<Command>),
    /// Have every service of a local connection.
    Services,
    /// Have these entries in the menu and no others; those with `true` have help.
    Menu(Vec<(String, bool)>),
    /// Be told of these events and no others.
    Events(Vec<u8>),
    /// Be polled every so often, or not at all.
    Poll(Option<Duration>),
}

/// What the applet was told.
pub enum Heard {
    /// The answer to its command.
    Response(Box<TerminalResponse>),
    /// An envelope that it is told of as it is.
    Envelope(Box<Envelope>),
    /// It cannot send.
    Refused(AppletError),
    /// Anything else.
    Told(String),
}

/// The applet; copies of it share what they are to do and what they were told.
#[derive(Clone, Default)]
pub struct Prober {
    orders: Arc<Mutex<VecDeque<Order>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// What it answers when it is asked next, if anything.
    answer: Arc<Mutex<Option<Vec<u8>>>>,
    /// Entries of the menu that it has.
    entries: u8,
    events: Vec<u8>,
}

impl Prober {
    pub fn order(&self, order: Order) {
        self.orders.lock().unwrap().push_back(order);
    }

    /// Whether something is still to be done.
    pub fn has_orders(&self) -> bool {
        !self.orders.lock().unwrap().is_empty()
    }

    /// What it was told since it was asked before.
    pub fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// Has it answer what it is asked next with these octets.
    pub fn answer(&self, octets: Vec<u8>) {
        *self.answer.lock().unwrap() = Some(octets);
    }

    fn obey(&mut self, order: Order, env: &mut Env<'_>) -> Result<(), AppletError> {
        match order {
            Order::Send(command) => env.send_command(*command),
            Order::Services => own_services(env),
            Order::Menu(items) => self.set_menu(&items, env),
            Order::Events(mut events) => {
                // The card has no event of an unknown code.
                events.retain(|&code| EventCode(code).name().is_some());
                for code in std::mem::replace(&mut self.events, events) {
                    if EventCode(code) == EventCode::LOCAL_CONNECTION {
                        (0..8).try_for_each(|service| env.registry().release_service(service))?;
                        continue;
                    }
                    env.registry().clear_event(ToolkitEvent::EventDownload(EventCode(code)))?;
                }
                let mut events = self.events.iter();
                events.try_for_each(|&code| {
                    if EventCode(code) == EventCode::LOCAL_CONNECTION {
                        return own_services(env);
                    }
                    env.registry().set_event(ToolkitEvent::EventDownload(EventCode(code)))
                })
            }
            Order::Poll(interval) => env.registry().request_poll_interval(interval),
        }
    }

    fn set_menu(&mut self, items: &[(String, bool)], env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut registry = env.registry();
        for (entry, (text, help)) in (1..).zip(items) {
            if entry > self.entries {
                self.entries = registry.init_menu_entry(alpha(text))?;
            }
            registry.change_menu_entry(entry, alpha(text))?;
            registry.set_menu_entry_help(entry, *help)?;
            registry.enable_menu_entry(entry)?;
        }
        (items.len() as u8 + 1..=self.entries).try_for_each(|entry| registry.disable_menu_entry(entry))
    }
}

impl Applet for Prober {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x05]).unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { tars: vec![TAR], ..InstallParameters::default() }
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut registry = env.registry();
        registry.request_poll_interval(Some(POLL))?;
        for _ in 1..=8 {
            registry.allocate_timer()?;
        }
        registry.set_event(ToolkitEvent::FormattedSmsPp)?;
        registry.set_event(ToolkitEvent::UnformattedSmsPp)?;
        registry.set_event(ToolkitEvent::CellBroadcast)?;
        registry.set_event(ToolkitEvent::UssdDownload)?;
        registry.set_event(ToolkitEvent::CallControl)?;
        registry.set_event(ToolkitEvent::MoSmsControl)?;
        registry.set_event(ToolkitEvent::OtherEnvelope)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let told = match event {
            Event::StatusCommand => {
                let order = self.orders.lock().unwrap().pop_front();
                match order.map(|order| self.obey(order, env)) {
                    Some(Err(error)) => Heard::Refused(error),
                    Some(Ok(())) | None => return Ok(()),
                }
            }
            Event::ProactiveResponse(response) => Heard::Response(Box::new(response.clone())),
            Event::ProactiveFailed(error) => Heard::Refused(error.into()),
            Event::MenuSelection { item } => Heard::Told(format!("menu selection, item {item}")),
            Event::MenuSelectionHelp { item } => Heard::Told(format!("menu selection, help on item {item}")),
            Event::TimerExpiration { timer, value } => {
                let value = [value.hours, value.minutes, value.seconds];
                let [hours, minutes, seconds] = value;
                Heard::Told(format!("timer {timer} has expired after {hours:02}:{minutes:02}:{seconds:02}"))
            }
            Event::EventDownload(download) => heard(download.clone()),
            Event::CallControl(control) => {
                if let Some(octets) = self.answer.lock().unwrap().take() {
                    env.answer_call_control(&CallControlAnswer::decode(&octets).unwrap())?;
                }
                heard(control.clone())
            }
            Event::MoSmsControl(control) => {
                if let Some(octets) = self.answer.lock().unwrap().take() {
                    env.answer_sms_control(&MoSmsControlAnswer::decode(&octets).unwrap())?;
                }
                heard(control.clone())
            }
            Event::UssdDownload(download) => {
                if let Some(octets) = self.answer.lock().unwrap().take() {
                    env.post_response(&octets)?;
                }
                heard(download.clone())
            }
            Event::CellBroadcast(download) => heard(download.clone()),
            Event::OtherEnvelope(envelope) => heard(envelope.clone()),
            Event::UnformattedSmsPp(sms) => {
                let text = String::from_utf8_lossy(&sms.message.payload).into_owned();
                Heard::Told(format!("message from {}: {text}", sms.originator))
            }
            Event::FormattedSmsPp(sms) => Heard::Told(format!(
                "command packet from {}: {}",
                sms.originator,
                hex::encode_upper(&sms.packet.data)
            )),
            Event::PollInterval { granted } => Heard::Told(granted.map_or_else(
                || "no poll interval".into(),
                |granted| format!("poll interval of {granted} granted"),
            )),
            other => Heard::Told(format!("{other:?}")),
        };
        self.heard.lock().unwrap().push(told);
        Ok(())
    }
}

/// Lets the applet have every service of a local connection.
fn own_services(env: &mut Env<'_>) -> Result<(), AppletError> {
    let mut registry = env.registry();
    (registry.services().len()..8).try_for_each(|_| registry.allocate_service().map(|_| ()))
}

fn heard(envelope: impl Into<Envelope>) -> Heard {
    Heard::Envelope(Box::new(envelope.into()))
}
