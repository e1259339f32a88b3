//! A terminal that fetches and answers.

use oxisim_card::{Card, Profile};
use oxisim_toolkit::{
    Command, CommandType, Proactive, TerminalResponse,
    codes::GeneralResult,
    objects::{CommandDetails, Outcome},
};
use oxisim_wire::Instant;

use crate::recorder::Recorder;

/// TERMINAL PROFILE of a terminal that can do everything.
pub const PROFILE: &str = "80100000 09 FFFFFFFFFFFFFFFFFF";
pub const STATUS: &str = "80F2000C";

/// A terminal with a card under power.
pub struct Phone {
    pub card: Card,
}

impl Phone {
    /// With these applets, installed in this order.
    pub fn with(applets: impl IntoIterator<Item = Recorder>) -> Self {
        let card = applets.into_iter().fold(Card::new(&Profile::default()), Card::with_applet);
        let mut phone = Self { card };
        phone.card.power_on(Instant::EPOCH);
        phone
    }

    /// Sends an APDU; data and status word.
    pub fn send(&mut self, apdu: &str) -> String {
        let response = self.card.exchange(Instant::EPOCH, &hex::decode(apdu.replace(' ', "")).unwrap());
        format!("{} {:04X}", hex::encode_upper(&response.data), response.status.0).trim_start().into()
    }

    /// Fetches the command that `status` tells of.
    pub fn fetch(&mut self, status: &str) -> Command {
        let length = status.strip_prefix("91").unwrap_or_else(|| panic!("no command waits: {status}"));
        let answer = self.send(&format!("80120000 {length}"));
        let (data, _) = answer.split_once(' ').unwrap_or_else(|| panic!("{answer}"));
        Command::decode(&hex::decode(data).unwrap()).unwrap()
    }

    /// Answers a command with a result and what stands beside it.
    pub fn respond(&mut self, details: &CommandDetails, general: u8, additional: &[u8]) -> String {
        let mut response = TerminalResponse::new(details.clone(), GeneralResult(general));
        response.result = Outcome { general: GeneralResult(general), additional: additional.to_vec() };
        if details.kind == CommandType::POLL_INTERVAL && general == 0 {
            response.answer.duration =
                Some(oxisim_toolkit::objects::Duration::from_duration(oxisim_wire::Duration::from_secs(45)));
        }
        let data = response.encode();
        self.send(&format!("80140000 {:02X} {}", data.len(), hex::encode(data)))
    }

    /// Sends an APDU, carries out everything that the card asks for then, and gives it back.
    pub fn run(&mut self, apdu: &str) -> Vec<Proactive> {
        self.answer_with(apdu, |_| (0, vec![]))
    }

    /// The same, with the results that `answer` gives.
    pub fn answer_with(
        &mut self,
        apdu: &str,
        answer: impl FnMut(CommandType) -> (u8, Vec<u8>),
    ) -> Vec<Proactive> {
        self.commands(apdu, answer).into_iter().map(|command| command.body).collect()
    }

    /// The same, with the details of the commands.
    pub fn commands(
        &mut self,
        apdu: &str,
        mut answer: impl FnMut(CommandType) -> (u8, Vec<u8>),
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut status = self.send(apdu);
        while status.starts_with("91") {
            assert!(commands.len() < 100, "the card never ends");
            let command = self.fetch(&status);
            let (general, additional) = answer(command.details.kind);
            status = self.respond(&command.details, general, &additional);
            commands.push(command);
        }
        assert!(status.ends_with("9000"), "{apdu} -> {status}");
        commands
    }
}

/// ENVELOPE (EVENT DOWNLOAD) of an event, with what it has to have (TS 102 223 §7.5, TS 31.111 §7.5).
pub fn event(code: u8) -> String {
    let more = match code {
        0x00..=0x02 => "9C0100",
        0x03 => "9B0102",
        0x06 => "A00100",
        0x07 => "AD02656E",
        0x08 => "B40100",
        _ => "",
    };
    let length = 7 + more.len() / 2;
    format!("80C20000 {:02X} D6{length:02X}9901{code:02X}82028281{more}", length + 2)
}

/// The types of commands.
pub fn kinds(commands: &[Proactive]) -> Vec<CommandType> {
    commands.iter().map(Proactive::kind).collect()
}

/// The texts of commands that are all DISPLAY TEXT.
pub fn texts(commands: &[Proactive]) -> Vec<String> {
    let text = |command: &Proactive| match command {
        Proactive::DisplayText(body) => body.text.to_text(),
        other => panic!("{other:?}"),
    };
    commands.iter().map(text).collect()
}
