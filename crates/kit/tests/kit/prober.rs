//! An applet that does one thing for each entry of its menu.

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters, Tar, ToolkitEvent};
use oxisim_sms::{
    DataCoding, ProtocolIdentifier,
    concatenation::{Reference, split},
    tpdu::Submit,
};
use oxisim_toolkit::{
    CommandType, TerminalResponse,
    codes::{EventCode, TimerAction},
    command::{
        DisplayText, GetInkey, GetInput, MoreTime, SelectItem, SendShortMessage, SetUpCall, TimerManagement,
    },
    objects::Address,
};
use oxisim_wire::{Duration, Wire};

pub const TAR: Tar = Tar([0xB0, 0x00, 0x10]);
pub const TEXT: &str = "Text";
pub const INPUT: &str = "Input";
pub const YES_OR_NO: &str = "Yes or no";
pub const LIST: &str = "List";
pub const LONG: &str = "Long message";
pub const CALL: &str = "Call";
pub const TIMER: &str = "Timer";
pub const COUNT: &str = "Count";
pub const LOOP: &str = "Loop";

const ENTRIES: &[&str] = &[TEXT, INPUT, YES_OR_NO, LIST, LONG, CALL, TIMER, COUNT, LOOP];

const EVENTS: [EventCode; 4] = [
    EventCode::MT_CALL,
    EventCode::LOCATION_STATUS,
    EventCode::LANGUAGE_SELECTION,
    EventCode::BROWSING_STATUS,
];

/// The long message.
pub fn long() -> String {
    "0123456789".repeat(30)
}

#[derive(Clone, Debug, Default)]
pub struct Prober {
    /// Whether it has the entry after which it never comes to rest.
    circles: bool,
    /// Whether that was chosen.
    is_circling: bool,
}

impl Prober {
    pub fn circling() -> Self {
        Self { circles: true, is_circling: false }
    }

    fn entries(&self) -> &'static [&'static str] {
        if self.circles { ENTRIES } else { &ENTRIES[..ENTRIES.len() - 1] }
    }

    fn chosen(&mut self, entry: &str, env: &mut Env<'_>) -> Result<(), AppletError> {
        match entry {
            TEXT => show("A text", env),
            INPUT => env.send(GetInput::CHARACTERS, GetInput::new("What?", 0, 20)),
            YES_OR_NO => env.send(GetInkey::YES_OR_NO, GetInkey::new("Well?")),
            LIST => env.send(0, SelectItem::of("Colour", &[(1, "red"), (2, "green")])),
            LONG => {
                let (coding, payload) = DataCoding::encode_text(&long());
                let parts = split(coding, &payload, Reference::Short(1)).unwrap();
                parts.into_iter().try_for_each(|part| {
                    let submit =
                        Submit::new("+15550100002".parse().unwrap(), ProtocolIdentifier::DEFAULT, part);
                    env.send(0, SendShortMessage::silent(submit.encode()))
                })
            }
            CALL => env.send(0, SetUpCall::to(Address { ton_npi: 0x81, digits: vec![0x21, 0xF3] })),
            TIMER => env.send(TimerAction::START.0, TimerManagement::start(1, Duration::from_secs(90))),
            // Two writes that belong together, and the transaction that is forgotten.
            COUNT => {
                let mut counts = [0; 2];
                env.store_read(0, &mut counts)?;
                env.store_write(0, &[counts[0].wrapping_add(1)])?;
                env.store_write(1, &[counts[1].wrapping_add(1)])?;
                Ok(())
            }
            _ => {
                self.is_circling = true;
                show("Round", env)
            }
        }
    }

    fn answered(&self, response: &TerminalResponse, env: &mut Env<'_>) -> Result<(), AppletError> {
        let answer = &response.answer;
        match (&answer.text, &answer.item) {
            _ if self.is_circling => env.send(0x80, MoreTime {}),
            (Some(text), _) if response.details.kind == CommandType::GET_INKEY => {
                show(if text.text == [1] { "Yes" } else { "No" }, env)
            }
            (Some(text), _) => show(&format!("Text {:?}", text.to_text()), env),
            (_, Some(item)) => show(&format!("Item {}", item.identifier), env),
            _ => Ok(()),
        }
    }
}

fn show(text: &str, env: &mut Env<'_>) -> Result<(), AppletError> {
    env.send(DisplayText::UNTIL_CLEARED, DisplayText::new(text))
}

impl Applet for Prober {
    fn aid(&self) -> Aid {
        Aid::new(b"\xF0prober").unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { tars: vec![TAR], ..InstallParameters::default() }
    }

    fn persistent_octets(&self) -> usize {
        2
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut registry = env.registry();
        for entry in self.entries() {
            registry.init_menu_entry(*entry)?;
        }
        registry.allocate_timer()?;
        registry.set_event_list(&[ToolkitEvent::UnformattedSmsPp, ToolkitEvent::FormattedSmsPp])?;
        EVENTS.iter().try_for_each(|&event| registry.set_event(ToolkitEvent::EventDownload(event)))
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { item } => self.chosen(ENTRIES[usize::from(item) - 1], env),
            Event::ProactiveResponse(response) => self.answered(response, env),
            Event::UnformattedSmsPp(sms) => {
                show(&format!("From {}: {}", sms.originator, sms.message.text()), env)
            }
            Event::FormattedSmsPp(sms) => show(&format!("Packet {:02X?}", sms.packet.data), env),
            Event::TimerExpiration { timer, .. } => show(&format!("Timer {timer}"), env),
            Event::EventDownload(download) => show(download.event.text(), env),
            _ => Ok(()),
        }
    }
}
