//! The terminal's side of a toolkit session: what the card has asked for, and what it is answered by default.

use alloc::{
    borrow::ToOwned,
    collections::VecDeque,
    string::{String, ToString},
    vec::Vec,
};

use oxisim_apdu::{Atr, Class, Command as Apdu, Instruction, Response};
use oxisim_sms::{
    Address, TypeOfAddress,
    tpdu::{MobileOriginated, Submit},
};
use oxisim_toolkit::{
    Answer, Command, CommandType, Facility, Proactive, Refusal, TerminalProfile, TerminalResponse,
    codes::{GeneralResult, LocalInformation, TimerAction},
    objects::{
        Coding, Item, Language, LocationInformation, Plmn, TextString, TimerIdentifier, TimerValue,
        alpha_text,
    },
};
use oxisim_wire::{Duration, Wire, bcd};

/// The phone's home: test network 001-01.
const HOME: Plmn = Plmn([0x00, 0xF1, 0x10]);

/// Commands of which a user sees nothing.
const UNSEEN: &[CommandType] = &[
    CommandType::POLL_INTERVAL,
    CommandType::POLLING_OFF,
    CommandType::SET_UP_EVENT_LIST,
    CommandType::TIMER_MANAGEMENT,
    CommandType::MORE_TIME,
    CommandType::PROVIDE_LOCAL_INFORMATION,
    CommandType::SET_UP_MENU,
    CommandType::SET_UP_IDLE_MODE_TEXT,
    CommandType::REFRESH,
];

/// A proactive command that has been fetched.
#[derive(Clone, Debug)]
pub struct Seen {
    /// As FETCH delivered it.
    pub octets: Vec<u8>,
    /// What it is, if it can be read.
    pub command: Result<Command, Refusal>,
    /// Its TERMINAL RESPONSE and the response to that, if it is answered.
    pub answered: Option<(Vec<u8>, Vec<u8>)>,
}

/// What the terminal knows.
#[derive(Clone, Debug)]
pub struct Session {
    /// The class of the toolkit's commands: `80`, or `A0` of a SIM of GSM.
    pub class: Class,
    /// What the terminal has said that it can do.
    pub profile: Option<TerminalProfile>,
    /// Whether a command may have data and ask for some: not with T=0, where GET RESPONSE asks for them.
    pub has_case_4: bool,
    /// How long the command is that waits to be fetched.
    pub pending: Option<usize>,
    /// The command that has been fetched, and not answered.
    pub current: Option<Seen>,
    /// Commands that the script has not expected yet.
    pub seen: VecDeque<Seen>,
    /// How the command was answered that the script has expected last, if a phone has answered it by itself.
    pub answered: Option<(Vec<u8>, Vec<u8>)>,
    /// The items of the card's menu.
    pub menu: Vec<Item>,
    /// When timers 1 to 8 expire.
    timers: [Option<Timer>; 8],
    /// How often the card wants to be polled, and when it is time.
    poll: Option<(Duration, Duration)>,
    /// The time since the script began.
    pub now: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    due: Duration,
    span: TimerValue,
}

/// What time brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A timer expires, which has run for so long.
    Timer(u8, TimerValue),
    /// The card is to be polled.
    Poll,
}

impl Session {
    /// What the answer to reset says is known, and nothing else: the card has just been reset.
    pub fn new(now: Duration, answer_to_reset: &[u8]) -> Self {
        let first = Atr::parse(answer_to_reset).ok().and_then(|atr| atr.protocols().next());
        Self {
            class: Class::ETSI,
            profile: None,
            has_case_4: first == Some(1),
            pending: None,
            current: None,
            seen: VecDeque::new(),
            answered: None,
            menu: Vec::new(),
            timers: [None; 8],
            poll: None,
            now,
        }
    }

    /// Learns from an exchange, whoever wanted it.
    pub fn exchanged(&mut self, command: &[u8], response: &[u8]) {
        let (Some(&[class, instruction, ..]), Ok(response)) =
            (command.first_chunk::<4>(), Response::from_bytes(response))
        else {
            return;
        };
        let is_toolkit = matches!(class & 0xF0, 0x80 | 0xA0 | 0xC0);
        match Instruction(instruction) {
            Instruction::FETCH if is_toolkit && response.status.is_normal() => {
                self.pending = None;
                self.asked(response.data);
            }
            Instruction::TERMINAL_RESPONSE if is_toolkit && response.status.is_normal() => {
                self.current = None;
                if let Some(last) = self.seen.back_mut() {
                    last.answered = Some((command.to_vec(), response.to_bytes()));
                }
            }
            Instruction::TERMINAL_PROFILE if is_toolkit => {
                self.profile = Apdu::parse(command).ok().map(|command| TerminalProfile::new(command.data));
                if class == Class::GSM.0 {
                    self.class = Class::GSM;
                }
            }
            _ => {}
        }
        if let Some(length) = response.status.proactive_length() {
            self.pending = Some(length);
        } else if response.status.0 == 0x9000 {
            self.pending = None;
        }
    }

    /// The card has sent a proactive command, which is not answered yet.
    pub fn asked(&mut self, octets: Vec<u8>) {
        let seen = Seen { command: Command::decode(&octets), octets, answered: None };
        if let Ok(Command { body: Proactive::SetUpMenu(menu), .. }) = &seen.command {
            self.menu.clone_from(&menu.items);
        }
        self.seen.push_back(seen.clone());
        self.current = Some(seen);
    }

    /// The identifier of the item of the card's menu with that text.
    pub fn item(&self, text: &str) -> Option<u8> {
        item(&self.menu, text)
    }

    /// The command that fetches what waits.
    pub fn fetch(&self, length: usize) -> Vec<u8> {
        Apdu::new(self.class, Instruction::FETCH, 0, 0).ne(length).to_bytes()
    }

    /// A command of the toolkit with data; ENVELOPE has room for a response, if it may.
    pub fn command(&self, instruction: Instruction, data: &[u8]) -> Vec<u8> {
        let command = Apdu::new(self.class, instruction, 0, 0).data(data);
        match instruction {
            Instruction::ENVELOPE if self.has_case_4 && self.class != Class::GSM => command.ne(256),
            _ => command,
        }
        .to_bytes()
    }

    /// STATUS, as a terminal polls with it (TS 102 221 §14.5).
    pub fn status(&self) -> Vec<u8> {
        if self.class == Class::GSM {
            return Apdu::new(self.class, Instruction::STATUS, 0, 0).ne(22).to_bytes();
        }
        Apdu::new(self.class, Instruction::STATUS, 0, 0x0C).to_bytes()
    }

    /// What to answer a command with that nobody answers.
    pub fn default_answer(&mut self, seen: &Seen) -> TerminalResponse {
        let command = match &seen.command {
            Ok(command) => command,
            Err(refusal) => return refused(refusal),
        };
        let details = command.details.clone();
        let done = |details| TerminalResponse::new(details, GeneralResult::PERFORMED_SUCCESSFULLY);
        match &command.body {
            Proactive::GetInkey(_) | Proactive::GetInput(_) | Proactive::SelectItem(_) => {
                TerminalResponse::new(details, GeneralResult::NO_RESPONSE_FROM_USER)
            }
            Proactive::PollInterval(body) => {
                let interval = body.interval.duration();
                self.poll = Some((interval, self.now + interval));
                let answer = Answer { duration: Some(body.interval.clone()), ..Answer::default() };
                done(details).with(answer)
            }
            Proactive::PollingOff(_) => {
                self.poll = None;
                done(details)
            }
            Proactive::TimerManagement(body) => {
                let action = TimerAction(details.qualifier & 0x03);
                self.timer(details, action, body.timer.identifier, body.value)
            }
            Proactive::ProvideLocalInformation(_) => match LocalInformation(details.qualifier) {
                LocalInformation::LOCATION => {
                    let location = Some(LocationInformation::new(HOME, 1, 1));
                    done(details).with(Answer { location, ..Answer::default() })
                }
                LocalInformation::LANGUAGE => {
                    let language = Some(Language { code: *b"en" });
                    done(details).with(Answer { language, ..Answer::default() })
                }
                _ => TerminalResponse::new(details, GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
            },
            body if has_plain_answer(body.kind()) => done(details),
            _ => TerminalResponse::new(details, GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
        }
    }

    /// A timer is started, stopped or read (TS 102 223 §6.4.21).
    fn timer(
        &mut self,
        details: oxisim_toolkit::objects::CommandDetails,
        action: TimerAction,
        number: u8,
        value: Option<TimerValue>,
    ) -> TerminalResponse {
        let contradiction = GeneralResult::CONTRADICTION_WITH_TIMER_STATE;
        let place = usize::from(number).checked_sub(1).and_then(|place| self.timers.get_mut(place));
        let Some(timer) = place else { return TerminalResponse::new(details, contradiction) };
        let answer = |timer_value| Answer {
            timer: Some(TimerIdentifier { identifier: number }),
            timer_value,
            ..Answer::default()
        };
        let done = GeneralResult::PERFORMED_SUCCESSFULLY;
        match (action, value, *timer) {
            (TimerAction::START, Some(span), _) => {
                *timer = Some(Timer { due: self.now + span.duration(), span });
                TerminalResponse::new(details, done).with(answer(None))
            }
            (TimerAction::DEACTIVATE | TimerAction::CURRENT_VALUE, _, Some(running)) => {
                if action == TimerAction::DEACTIVATE {
                    *timer = None;
                }
                let left = TimerValue::from_duration(running.due.saturating_sub(self.now));
                TerminalResponse::new(details, done).with(answer(Some(left)))
            }
            _ => TerminalResponse::new(details, contradiction).with(answer(None)),
        }
    }

    /// What time brings next, and when, if it is not later than `end`.
    pub fn next_due(&self, end: Duration) -> Option<Duration> {
        let timers = self.timers.iter().flatten().map(|timer| timer.due);
        timers.chain(self.poll.map(|(_, due)| due)).filter(|&due| due <= end).min()
    }

    /// What it is time for.
    pub fn take_due(&mut self) -> Option<Due> {
        let now = self.now;
        for (number, timer) in (1..).zip(&mut self.timers) {
            if let Some(expired) = timer.take_if(|timer| timer.due <= now) {
                return Some(Due::Timer(number, expired.span));
            }
        }
        let (interval, due) = self.poll.filter(|(_, due)| *due <= now)?;
        self.poll = Some((interval, due + interval.max(Duration::from_secs(1))));
        Some(Due::Poll)
    }
}

/// TERMINAL PROFILE of a terminal that can do everything.
pub fn full_profile() -> Vec<u8> {
    TerminalProfile::with(Facility::ALL).octets().to_vec()
}

/// Whether "performed successfully" alone is an answer to such a command.
const fn has_plain_answer(kind: CommandType) -> bool {
    !matches!(
        kind,
        CommandType::OPEN_CHANNEL
            | CommandType::RECEIVE_DATA
            | CommandType::SEND_DATA
            | CommandType::GET_CHANNEL_STATUS
            | CommandType::PERFORM_CARD_APDU
            | CommandType::POWER_ON_CARD
            | CommandType::GET_READER_STATUS
            | CommandType::RUN_AT_COMMAND
            | CommandType::SERVICE_SEARCH
            | CommandType::GET_SERVICE_INFORMATION
            | CommandType::GET_FRAMES_STATUS
            | CommandType::SET_FRAMES
    )
}

/// The answer to a command that cannot be read (TS 102 223 §6.10).
fn refused(refusal: &Refusal) -> TerminalResponse {
    let unknown = oxisim_toolkit::objects::CommandDetails { number: 0, kind: CommandType(0), qualifier: 0 };
    TerminalResponse::new(refusal.details.clone().unwrap_or(unknown), refusal.result)
}

/// An item by its text.
pub fn item(items: &[Item], text: &str) -> Option<u8> {
    items.iter().find(|item| alpha_text(&item.text) == text).and_then(|item| item.identifier)
}

impl Seen {
    /// Its type, if it can be read.
    pub fn kind(&self) -> Option<CommandType> {
        self.command.as_ref().ok().map(|command| command.body.kind())
    }

    /// Whether a user sees nothing of it.
    pub fn is_unseen(&self) -> bool {
        self.kind().is_some_and(|kind| UNSEEN.contains(&kind))
    }

    /// What it is, in one line.
    pub fn in_words(&self) -> String {
        match &self.command {
            Err(refusal) => alloc::format!("a command that cannot be read: {refusal}"),
            Ok(command) => {
                let name = command.body.kind().text();
                match self.text() {
                    Some(text) => alloc::format!("{name} {text:?}"),
                    None => name.to_owned(),
                }
            }
        }
    }

    /// What it displays, asks or says.
    pub fn text(&self) -> Option<String> {
        let alpha = |alpha: &Option<oxisim_toolkit::objects::AlphaIdentifier>| {
            alpha.as_ref().map(|alpha| alpha_text(&alpha.text))
        };
        match &self.command.as_ref().ok()?.body {
            Proactive::DisplayText(body) => Some(body.text.to_text()),
            Proactive::GetInkey(body) => Some(body.text.to_text()),
            Proactive::GetInput(body) => Some(body.text.to_text()),
            Proactive::SetUpIdleModeText(body) => Some(body.text.to_text()),
            Proactive::SetUpMenu(body) => Some(alpha_text(&body.title.text)),
            Proactive::SelectItem(body) => alpha(&body.title),
            Proactive::SendShortMessage(body) => alpha(&body.alpha),
            Proactive::SendUssd(body) => Some(body.string.text().to_text()),
            Proactive::SetUpCall(body) => alpha(&body.confirmation),
            Proactive::PlayTone(body) => alpha(&body.alpha),
            Proactive::LaunchBrowser(body) => alpha(&body.alpha),
            Proactive::OpenChannel(body) => alpha(&body.alpha),
            _ => None,
        }
    }

    /// Its items.
    pub fn items(&self) -> &[Item] {
        match self.command.as_ref().map(|command| &command.body) {
            Ok(Proactive::SetUpMenu(body)) => &body.items,
            Ok(Proactive::SelectItem(body)) => &body.items,
            _ => &[],
        }
    }

    /// The message that it sends.
    pub fn message(&self) -> Option<Submit> {
        let Proactive::SendShortMessage(body) = &self.command.as_ref().ok()?.body else { return None };
        match MobileOriginated::decode(&body.tpdu.tpdu, "TPDU") {
            Ok(MobileOriginated::Submit(submit)) => Some(submit),
            _ => None,
        }
    }

    /// The number that it calls, or writes to.
    pub fn number(&self) -> Option<String> {
        if let Some(message) = self.message() {
            return Some(message.destination.to_string());
        }
        match &self.command.as_ref().ok()?.body {
            Proactive::SetUpCall(body) => {
                let address = body.address.as_ref()?;
                let semi_octets = bcd::unpack(&address.digits);
                let number = Address::called(TypeOfAddress(address.ton_npi), semi_octets);
                number.ok().map(|number| number.to_string())
            }
            _ => None,
        }
    }
}

/// A text as a user types it, in the coding that the command asks for.
pub fn typed(command: &Command, text: &str) -> TextString {
    let details = &command.details;
    // Bit 4 of GET INPUT asks for packed characters (TS 102 223 §8.6).
    let is_packed = matches!(command.body, Proactive::GetInput(_)) && details.qualifier & 0x08 != 0;
    match oxisim_sms::alphabet::encode(text) {
        Some(septets) if is_packed => {
            TextString { coding: Some(Coding::PACKED), text: oxisim_sms::alphabet::pack(&septets, 0) }
        }
        _ => TextString::eight_bit(text),
    }
}
