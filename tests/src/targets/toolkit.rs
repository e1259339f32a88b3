//! Any octets as a proactive command, a TERMINAL RESPONSE, an ENVELOPE or an answer of call control, as the first one says:
//! what can be read is written, and reads the same.

use oxisim_toolkit::{
    CallControlAnswer, Command, Envelope, MoSmsControlAnswer, TerminalProfile, TerminalResponse,
};

pub fn run(octets: &[u8]) -> &'static str {
    let [which, octets @ ..] = octets else { return super::NOTHING };
    match which % 6 {
        0 => match Command::decode(octets) {
            Ok(command) => {
                assert_eq!(Command::decode(&command.encode()), Ok(command));
                "command"
            }
            Err(_) => "refused",
        },
        1 => match TerminalResponse::decode(octets) {
            Ok(response) => {
                assert_eq!(TerminalResponse::decode(&response.encode()), Ok(response));
                "response"
            }
            Err(_) => "refused",
        },
        2 => match Envelope::read(octets) {
            Ok((envelope, rest)) => {
                assert_eq!(Envelope::read(&envelope.write(&rest)), Ok((envelope, rest)));
                "envelope"
            }
            Err(_) => "refused",
        },
        3 => match CallControlAnswer::decode(octets) {
            Ok(answer) => {
                assert_eq!(CallControlAnswer::decode(&answer.encode()), Ok(answer));
                "answer"
            }
            Err(_) => "refused",
        },
        4 => match MoSmsControlAnswer::decode(octets) {
            Ok(answer) => {
                assert_eq!(MoSmsControlAnswer::decode(&answer.encode()), Ok(answer));
                "answer"
            }
            Err(_) => "refused",
        },
        _ => {
            let profile = TerminalProfile::new(octets);
            assert!(profile.facilities().all(|facility| profile.supports(facility)));
            "profile"
        }
    }
}
