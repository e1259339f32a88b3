//! The exchange of one command and its response with the card.

use alloc::vec::Vec;

use oxisim_apdu::{Class, Command, Instruction, Response, Status};

use crate::{envelope::Pending, startup::Startup};

/// How many responses one command may take: its own, one with the right Le, and those to GET RESPONSE.
const ROUNDS: u8 = 16;

/// What a command was sent for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// A step of the start-up.
    Startup(Startup),
    /// STATUS of proactive polling.
    Status,
    /// FETCH.
    Fetch,
    /// TERMINAL RESPONSE.
    Respond,
    /// ENVELOPE.
    Envelope(Pending),
}

/// The command that is with the card, if any.
#[derive(Debug, Default)]
pub(crate) struct Link {
    exchange: Option<Exchange>,
}

#[derive(Debug)]
struct Exchange {
    purpose: Purpose,
    command: Vec<u8>,
    data: Vec<u8>,
    rounds: u8,
}

/// What a response led to.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The card wants this command first.
    Transmit(Vec<u8>),
    /// The command is done.
    Finished(Purpose, Response),
    /// No command was with the card.
    Unexpected,
}

impl Link {
    /// Whether the card waits for a command.
    pub(crate) const fn is_free(&self) -> bool {
        self.exchange.is_none()
    }

    /// Notes that `command` goes to the card.
    pub(crate) fn send(&mut self, purpose: Purpose, command: &[u8]) {
        self.exchange = Some(Exchange { purpose, command: command.to_vec(), data: Vec::new(), rounds: 1 });
    }

    /// Takes a response: answers `61XX` with GET RESPONSE and `6CXX` with the same command and the right Le
    /// (TS 102 221 §7.3.1.1). A card that goes on with these beyond reason gets no more, and one that answers with
    /// less than a status word is taken to have a technical problem.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Progress {
        let Some(mut exchange) = self.exchange.take() else {
            return Progress::Unexpected;
        };
        let response =
            Response::from_bytes(bytes).unwrap_or_else(|_| Response::from(Status::TECHNICAL_PROBLEM));
        let length = match response.status.sw2() {
            0 => 0x100,
            length => usize::from(length),
        };
        let next = match (response.status.sw1(), Command::parse(&exchange.command)) {
            _ if exchange.rounds == ROUNDS => None,
            (0x61, _) => {
                exchange.data.extend_from_slice(&response.data);
                Some(
                    Command::new(Class::INTERINDUSTRY, Instruction::GET_RESPONSE, 0, 0).ne(length).to_bytes(),
                )
            }
            (0x6C, Ok(command)) if command.ne != Some(length) => Some(command.ne(length).to_bytes()),
            _ => None,
        };
        if let Some(command) = next {
            exchange.rounds += 1;
            exchange.command.clone_from(&command);
            self.exchange = Some(exchange);
            return Progress::Transmit(command);
        }
        exchange.data.extend_from_slice(&response.data);
        Progress::Finished(exchange.purpose, Response { data: exchange.data, status: response.status })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Link {
        let mut link = Link::default();
        link.send(Purpose::Status, &[0x80, 0xF2, 0x00, 0x00, 0x00]);
        link
    }

    #[test]
    fn a_wrong_le_is_corrected_once() {
        let mut link = sent();
        let Progress::Transmit(again) = link.receive(&[0x6C, 0x11]) else { panic!() };
        assert_eq!(again, [0x80, 0xF2, 0x00, 0x00, 0x11]);
        let Progress::Finished(_, response) = link.receive(&[0x6C, 0x11]) else { panic!() };
        assert_eq!(response.status, Status(0x6C11));
    }

    #[test]
    fn response_data_is_fetched_and_joined() {
        let mut link = sent();
        let Progress::Transmit(more) = link.receive(&[0x01, 0x61, 0x02]) else { panic!() };
        assert_eq!(more, [0x00, 0xC0, 0x00, 0x00, 0x02]);
        let Progress::Finished(_, response) = link.receive(&[0x02, 0x03, 0x91, 0x0B]) else { panic!() };
        assert_eq!((response.data, response.status), ([1, 2, 3].to_vec(), Status(0x910B)));
    }

    #[test]
    fn a_card_that_always_has_more_is_cut_short() {
        let mut link = sent();
        let rounds = (0..1_000).take_while(|_| matches!(link.receive(&[0x61, 0x00]), Progress::Transmit(_)));
        assert_eq!(rounds.count(), usize::from(ROUNDS) - 1);
        assert!(link.is_free());
    }

    #[test]
    fn what_no_command_asked_for_is_unexpected() {
        assert!(matches!(Link::default().receive(&[0x90, 0x00]), Progress::Unexpected));
    }
}
