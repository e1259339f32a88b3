//! The exchange of one command and its response with the card.

use alloc::vec::Vec;

use oxisim_apdu::{Atr, Class, Command, Instruction, Response, Status};

use crate::{Platform, envelope::Pending, startup::Startup};

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
    /// A step in the card's memory for messages.
    Store,
}

/// The transmission protocol, by which commands travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// T=0: a command with data has no Le, and the card says that there is a response.
    #[default]
    T0,
    /// T=1: as they are.
    T1,
}

/// The command that is with the card, if any.
#[derive(Debug, Default)]
pub(crate) struct Link {
    protocol: Protocol,
    exchange: Option<Exchange>,
}

#[derive(Debug)]
struct Exchange {
    purpose: Purpose,
    /// What the card has got last.
    command: Vec<u8>,
    /// Whether the command has data and wants a response.
    is_case_4: bool,
    /// What the card has said of the command, when it had the response still to come.
    verdict: Option<Status>,
    data: Vec<u8>,
    rounds: u8,
}

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The response data.
    pub(crate) data: Vec<u8>,
    /// What the card says of the command.
    pub(crate) verdict: Status,
    /// The last status word, which can announce a proactive command: the verdict, or that of the GET RESPONSE after
    /// it.
    pub(crate) last: Status,
}

/// What a response led to.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The card wants this command first.
    Transmit(Vec<u8>),
    /// The command is done.
    Finished(Purpose, Answer),
    /// No command was with the card.
    Unexpected,
}

impl Answer {
    /// Whether the command was carried out, with a warning or without.
    pub(crate) const fn is_done(&self) -> bool {
        self.verdict.is_normal() || self.verdict.is_warning()
    }

    /// Whether the command was carried out without a warning. In class `A0` there is a `92XX` that says otherwise.
    pub(crate) fn is_normal(&self, platform: Platform) -> bool {
        let is_error = platform == Platform::Sim && self.verdict == Status::GSM_MEMORY_PROBLEM;
        self.verdict.is_normal() && !is_error
    }
}

impl Link {
    /// The link to a card that has answered to reset: with the protocol that was chosen, or the one that the card
    /// offers first (ISO/IEC 7816-3 §8.2.3).
    pub(crate) fn to(atr: Option<&Atr>, chosen: Option<Protocol>) -> Self {
        let offers = atr.and_then(|atr| atr.protocols().next());
        let offered = if offers == Some(1) { Protocol::T1 } else { Protocol::T0 };
        Self { protocol: chosen.unwrap_or(offered), exchange: None }
    }

    /// Whether the card waits for a command.
    pub(crate) const fn is_free(&self) -> bool {
        self.exchange.is_none()
    }

    /// Notes that `command` goes to the card, and returns it as it travels (TS 102 221 §7.3.1.1).
    pub(crate) fn send(&mut self, purpose: Purpose, mut command: Vec<u8>) -> Vec<u8> {
        let mut is_case_4 = false;
        if let Ok(parsed) = Command::parse(&command) {
            is_case_4 = !parsed.data.is_empty() && parsed.ne.is_some();
            if is_case_4 && (self.protocol == Protocol::T0 || parsed.class == Class::GSM) {
                command = Command { ne: None, ..parsed }.to_bytes();
            }
        }
        let (verdict, data, rounds) = (None, Vec::new(), 1);
        self.exchange =
            Some(Exchange { purpose, command: command.clone(), is_case_4, verdict, data, rounds });
        command
    }

    /// Takes a response: answers what says that there is more with GET RESPONSE, and what says that a length is wrong
    /// with the same command and the right one. A card that goes on with these beyond reason gets no more, and one
    /// that answers with less than a status word is taken to have a technical problem.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Progress {
        let Some(mut exchange) = self.exchange.take() else {
            return Progress::Unexpected;
        };
        let Response { data, status } =
            Response::from_bytes(bytes).unwrap_or_else(|_| Response::from(Status::TECHNICAL_PROBLEM));
        exchange.data.extend_from_slice(&data);
        if let Some(command) = exchange.more(status) {
            exchange.rounds += 1;
            exchange.command.clone_from(&command);
            self.exchange = Some(exchange);
            return Progress::Transmit(command);
        }
        let Exchange { purpose, data, verdict, .. } = exchange;
        Progress::Finished(purpose, Answer { data, verdict: verdict.unwrap_or(status), last: status })
    }
}

impl Exchange {
    /// The command that the card wants next, if the status word says that it does: TS 102 221 §7.3.1.1 for a UICC,
    /// TS 51.011 §9.4 for class `A0`.
    fn more(&mut self, status: Status) -> Option<Vec<u8>> {
        let command = Command::parse(&self.command).ok().filter(|_| self.rounds < ROUNDS)?;
        let length = match status.sw2() {
            0 => 0x100,
            length => usize::from(length),
        };
        let is_first = command.instruction != Instruction::GET_RESPONSE;
        let get_response = |length: usize| {
            let class = if command.class == Class::GSM { Class::GSM } else { Class::INTERINDUSTRY };
            Command::new(class, Instruction::GET_RESPONSE, 0, 0).ne(length).to_bytes()
        };
        match (status.sw1(), command.class) {
            (0x9F, Class::GSM) if is_first => Some(get_response(length)),
            (0x9E, Class::GSM) if is_first => {
                self.verdict = Some(status);
                Some(get_response(length))
            }
            (0x67, Class::GSM) if status.sw2() == 0 => None,
            (0x67, Class::GSM) | (0x6C, _) => {
                let is_wrong = command.data.is_empty() && command.ne != Some(length);
                is_wrong.then(|| command.ne(length).to_bytes())
            }
            (_, Class::GSM) => None,
            (0x61, _) => Some(get_response(length)),
            // After a warning the response waits as well.
            (0x62 | 0x63, _)
                if is_first && self.is_case_4 && command.ne.is_none() && self.data.is_empty() =>
            {
                self.verdict = Some(status);
                Some(get_response(0x100))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(command: Command<'_>) -> Link {
        let mut link = Link::default();
        link.send(Purpose::Status, command.to_bytes());
        link
    }

    /// A status word and data take these commands, and end like this.
    #[track_caller]
    fn ends(link: &mut Link, rounds: &[(&str, &str)], last: &str, expected: (&str, u16, u16)) {
        for (answer, command) in rounds {
            let Progress::Transmit(next) = link.receive(&hex::decode(answer).unwrap()) else {
                panic!("{answer}")
            };
            assert_eq!(hex::encode_upper(next), *command);
        }
        let Progress::Finished(_, answer) = link.receive(&hex::decode(last).unwrap()) else {
            panic!("{last}")
        };
        let (data, verdict, last) = expected;
        let data = hex::decode(data).unwrap();
        assert_eq!(answer, Answer { data, verdict: Status(verdict), last: Status(last) });
    }

    fn envelope(platform: Platform) -> Link {
        sent(platform.envelope(&[0xD1, 0x00]).ne(256))
    }

    #[test]
    fn a_wrong_le_is_corrected_once() {
        let mut link = sent(Platform::Uicc.read_binary(256));
        ends(&mut link, &[("6C11", "00B0000011")], "6C11", ("", 0x6C11, 0x6C11));
        let mut link = sent(Platform::Sim.read_binary(256));
        ends(&mut link, &[("6711", "A0B0000011")], "6711", ("", 0x6711, 0x6711));
        ends(&mut sent(Platform::Sim.read_binary(256)), &[], "6700", ("", 0x6700, 0x6700));
    }

    #[test]
    fn response_data_is_fetched_and_joined() {
        let mut link = sent(Platform::Uicc.read_binary(256));
        ends(&mut link, &[("016102", "00C0000002")], "0203910B", ("010203", 0x910B, 0x910B));
        let mut link = sent(Platform::Sim.select(&[0x7F, 0x20]));
        ends(&mut link, &[("9F03", "A0C0000003")], "010203910B", ("010203", 0x910B, 0x910B));
    }

    #[test]
    fn over_t0_a_command_with_data_has_no_le() {
        let send = |atr: &Atr, command: Command<'_>| {
            Link::to(Some(atr), None).send(Purpose::Status, command.to_bytes())
        };
        let select = Platform::Uicc.select(&[0x3F, 0x00]);
        let t0 = Atr::parse(&[0x3B, 0x00]).unwrap();
        assert_eq!(send(&t0, select), [0x00, 0xA4, 0, 0x04, 2, 0x3F, 0]);
        // Card of ISO/IEC 7816-3 with T=1 only: TD1, TCK.
        let t1 = Atr::parse(&[0x3B, 0x80, 0x01, 0x81]).unwrap();
        assert_eq!(send(&t1, select), [0x00, 0xA4, 0, 0x04, 2, 0x3F, 0, 0]);
        let chosen = Link::to(Some(&t0), Some(Protocol::T1)).send(Purpose::Status, select.to_bytes());
        assert_eq!(chosen, [0x00, 0xA4, 0, 0x04, 2, 0x3F, 0, 0], "chosen by the host");
        let select = Platform::Sim.select(&[0x3F, 0x00]);
        assert_eq!(send(&t1, select), [0xA0, 0xA4, 0, 0, 2, 0x3F, 0]);
    }

    #[test]
    fn the_response_after_a_warning_waits_too() {
        let mut link = envelope(Platform::Uicc);
        ends(
            &mut link,
            &[("6300", "00C0000000"), ("6C02", "00C0000002")],
            "AABB9000",
            ("AABB", 0x6300, 0x9000),
        );
        ends(&mut envelope(Platform::Uicc), &[("6281", "00C0000000")], "6281", ("", 0x6281, 0x6281));
        ends(&mut envelope(Platform::Uicc), &[("6102", "00C0000002")], "AABB6200", ("AABB", 0x6200, 0x6200));
        // What wants no response, or has got one, ends there.
        ends(&mut envelope(Platform::Uicc), &[], "AABB6300", ("AABB", 0x6300, 0x6300));
        ends(&mut sent(Platform::Uicc.envelope(&[0xD7, 0x00])), &[], "6300", ("", 0x6300, 0x6300));
        ends(&mut sent(Platform::Uicc.read_binary(4)), &[], "010203046282", ("01020304", 0x6282, 0x6282));
    }

    #[test]
    fn a_sim_whose_download_fails_still_answers() {
        let mut link = envelope(Platform::Sim);
        ends(&mut link, &[("9E02", "A0C0000002")], "AABB9110", ("AABB", 0x9E02, 0x9110));
        ends(&mut envelope(Platform::Sim), &[("9F02", "A0C0000002")], "9F02", ("", 0x9F02, 0x9F02));
    }

    #[test]
    fn the_words_of_the_other_platform_mean_nothing() {
        ends(&mut envelope(Platform::Sim), &[], "6102", ("", 0x6102, 0x6102));
        ends(&mut envelope(Platform::Sim), &[], "6300", ("", 0x6300, 0x6300));
        ends(&mut envelope(Platform::Uicc), &[], "9F02", ("", 0x9F02, 0x9F02));
        ends(&mut sent(Platform::Uicc.read_binary(256)), &[], "6704", ("", 0x6704, 0x6704));
    }

    #[test]
    fn a_card_that_always_has_more_is_cut_short() {
        let mut link = sent(Platform::Uicc.read_binary(256));
        let rounds = (0..1_000).take_while(|_| matches!(link.receive(&[0x61, 0x00]), Progress::Transmit(_)));
        assert_eq!(rounds.count(), usize::from(ROUNDS) - 1);
        assert!(link.is_free());
    }

    #[test]
    fn what_no_command_asked_for_is_unexpected() {
        assert!(matches!(Link::default().receive(&[0x90, 0x00]), Progress::Unexpected));
    }
}
