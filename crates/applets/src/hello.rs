//! The hello applet. Its idea: a dialog is a state machine. What the user answers comes as an event of its own.

use alloc::string::String;

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters};
use oxisim_toolkit::{
    CommandType, TerminalResponse,
    command::{DisplayText, GetInput},
    objects::TextString,
};

const AID: [u8; 12] = *b"\xA0\x00\x00\x09\x99OXISIM\x02";

/// Asks for the user's name, and greets.
///
/// Nothing of the dialog has to be kept between its steps: which command is answered, and with what, the answer says
/// itself. A user who goes back or does not answer is greeted without a name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hello;

impl Hello {
    /// The text of the applet's entry in the toolkit menu.
    pub const MENU_ENTRY: &'static str = "Hello";

    fn answered(response: &TerminalResponse, env: &mut Env<'_>) -> Result<(), AppletError> {
        if response.details.kind != CommandType::GET_INPUT {
            return Ok(());
        }
        let name = response.answer.text.as_ref().filter(|_| response.result.general.is_performed());
        let greeting = match name.map(TextString::to_text).filter(|name| !name.is_empty()) {
            Some(name) => alloc::format!("Hello, {name}!"),
            None => "Hello!".into(),
        };
        env.send(DisplayText::UNTIL_CLEARED, DisplayText::new(greeting.as_str()))
    }
}

impl Applet for Hello {
    fn aid(&self) -> Aid {
        const { Aid::new(&AID).expect("12 octets are an AID") }
    }

    fn name(&self) -> String {
        "hello".into()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry(Self::MENU_ENTRY)?;
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { .. } => {
                env.send(GetInput::CHARACTERS, GetInput::new("What is your name?", 0, 20))
            }
            Event::ProactiveResponse(response) => Self::answered(response, env),
            _ => Ok(()),
        }
    }
}
