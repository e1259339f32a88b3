//! RUN AT COMMAND.

use alloc::{format, string::String};

use oxisim_toolkit::{Answer, command::RunAtCommand, objects::AtResponse};

use crate::{
    Terminal,
    session::{Job, Outcome},
};

/// The longest response that fits a TERMINAL RESPONSE, in octets.
const LIMIT: usize = 235;

impl Terminal {
    pub(super) fn run_at_command(&mut self, job: &Job, command: &RunAtCommand) -> Outcome {
        self.show_alpha(command.alpha.as_ref());
        let mut response = self.modem(&String::from_utf8_lossy(&command.command.command)).into_bytes();
        response.truncate(LIMIT);
        job.done_with(Answer { at_response: Some(AtResponse { response }), ..Answer::default() })
    }

    /// What the phone's modem says (TS 27.007 §5): it knows who it is and whose card it has, and nothing else.
    fn modem(&self, command: &str) -> String {
        let about = match command.trim().to_ascii_uppercase().as_str() {
            "AT" => return String::from("OK"),
            "AT+CGMI" => String::from("+CGMI: oxisim"),
            "AT+CGMM" => String::from("+CGMM: oxisim-terminal"),
            "AT+CGMR" => format!("+CGMR: {}", env!("CARGO_PKG_VERSION")),
            "AT+CGSN" => format!("{}", self.config.imei),
            "AT+CIMI" if !self.card.identity.imsi.is_empty() => self.card.identity.imsi.clone(),
            _ => return String::from("ERROR"),
        };
        format!("{about}\r\nOK")
    }
}
