//! An applet of one's own: its menu entry sends a greeting by SMS.

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters};
use oxisim_sms::{Address, ProtocolIdentifier, UserData, tpdu::Submit};
use oxisim_toolkit::{
    CommandType, TerminalResponse,
    command::{DisplayText, GetInput, SendShortMessage},
};
use oxisim_wire::Wire;

/// Asks whom to greet, sends the greeting, and says whether it went out.
#[derive(Clone)]
pub struct Greeter;

impl Applet for Greeter {
    fn aid(&self) -> Aid {
        Aid::new(b"\xF0greeter").expect("8 octets are an AID")
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry("Greet")?;
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { .. } => env.send(0, GetInput::new("To whom?", 3, 20)),
            Event::ProactiveResponse(response) => answered(response, env),
            _ => Ok(()),
        }
    }
}

/// The phone has answered to a command: the next step follows.
fn answered(response: &TerminalResponse, env: &mut Env<'_>) -> Result<(), AppletError> {
    let done = response.result.general.is_performed();
    match (response.details.kind, &response.answer.text) {
        (CommandType::GET_INPUT, Some(number)) if done => {
            // What the user types is not always a number.
            let Ok(to) = number.to_text().parse::<Address>() else { return Ok(()) };
            let greeting = UserData::from_text("Hello!").expect("6 characters fit into a message");
            let message = Submit::new(to, ProtocolIdentifier::DEFAULT, greeting);
            env.send(0, SendShortMessage::silent(message.encode()))
        }
        (CommandType::SEND_SHORT_MESSAGE, _) => {
            env.send(0, DisplayText::new(if done { "Sent" } else { "Not sent" }))
        }
        _ => Ok(()),
    }
}
