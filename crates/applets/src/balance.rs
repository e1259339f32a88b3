//! The balance applet. Its idea: the network's answer is in the TERMINAL RESPONSE, if there is one.

use alloc::{string::String, vec::Vec};

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters};
use oxisim_sms::alphabet;
use oxisim_toolkit::{
    CommandType, TerminalResponse,
    command::{DisplayText, SendUssd},
};

const AID: [u8; 12] = *b"\xA0\x00\x00\x09\x99OXISIM\x04";

/// A USSD string in the GSM 7-bit default alphabet, of no particular language (TS 23.038 §5).
const DEFAULT_ALPHABET: u8 = 0x0F;

/// Asks the network for the balance by USSD, and shows what it says.
#[derive(Clone, Debug)]
pub struct Balance {
    code: String,
}

impl Balance {
    /// The text of the applet's entry in the toolkit menu.
    pub const MENU_ENTRY: &'static str = "Balance";

    /// What the user reads if the network does not answer.
    pub const NO_ANSWER: &'static str = "No answer, try again later";

    /// The applet; `code` is what the operator answers with the balance, such as `*100#`. One with other characters than
    /// those of the default alphabet is not sent.
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into() }
    }

    /// The code as the network wants it; `None` if it has other characters than those of the default alphabet.
    fn ussd(&self) -> Option<SendUssd> {
        /// Fills the last octet if it would be empty, so that it does not read as `@` (TS 23.038 §6.1.2.3.1).
        const FILLER: u8 = 0x0D;
        let mut septets: Vec<u8> = alphabet::encode(&self.code)?;
        if septets.len() % 8 == 7 {
            septets.push(FILLER);
        }
        Some(SendUssd::silent(DEFAULT_ALPHABET, alphabet::pack(&septets, 0)))
    }

    fn answered(response: &TerminalResponse, env: &mut Env<'_>) -> Result<(), AppletError> {
        if response.details.kind != CommandType::SEND_USSD {
            return Ok(());
        }
        let answer = response.answer.text.clone().filter(|_| response.result.general.is_performed());
        let answer = answer.unwrap_or_else(|| Self::NO_ANSWER.into());
        env.send(DisplayText::UNTIL_CLEARED, DisplayText::new(answer))
    }
}

impl Applet for Balance {
    fn aid(&self) -> Aid {
        const { Aid::new(&AID).expect("12 octets are an AID") }
    }

    fn name(&self) -> String {
        "balance".into()
    }

    fn transient_octets(&self) -> usize {
        size_of_val(self) + self.code.len()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry(Self::MENU_ENTRY)?;
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { .. } => self.ussd().map_or(Ok(()), |ussd| env.send(0, ussd)),
            Event::ProactiveResponse(response) => Self::answered(response, env),
            _ => Ok(()),
        }
    }
}
