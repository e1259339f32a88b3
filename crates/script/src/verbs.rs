//! What the verbs of the toolkit do, step by step: as a terminal does, or through a phone.

use alloc::{borrow::ToOwned, collections::VecDeque, format, string::String, vec::Vec};

use oxisim_apdu::{Class, Command as Apdu, Instruction, Response, Status};
use oxisim_sms::{
    Address, DataCoding, ProtocolIdentifier, Timestamp,
    concatenation::{Reference, split},
    tpdu::Deliver,
};
use oxisim_toolkit::{
    Answer as Objects, Envelope, Proactive, TerminalResponse,
    codes::{Device, GeneralResult},
    envelope::{MenuSelection, SmsPpDownload, TimerExpiration},
    objects::{Coding, DeviceIdentities, ItemIdentifier, Outcome, SmsTpdu, TextString},
};
use oxisim_wire::{Duration, Instant, Wire};

use crate::{
    outcome::{Input, Phone, Request, Wrong},
    runner::{Doing, Runner},
    session::{Due, Seen, full_profile, item, typed},
    source::Mistake,
    syntax::{Channel, Choice, Expect, Reply, Sms, SmsContent, Statement, Step, What},
    words::listed,
};

/// How far a statement is.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Nothing has been asked.
    Fresh,
    /// A card has been put into the slot.
    Inserted,
    /// What it is about has been sent.
    Sent,
    /// The phone has cleared its screen.
    Cleared,
    /// Envelopes that are still to be sent.
    Parts(VecDeque<Vec<u8>>),
    /// Time passes until then.
    Until(Duration),
}

/// Proactive commands that one statement fetches, beyond which the card is taken to go round in circles.
const MOST_ROUNDS: u32 = 10_000;

/// What is wanted by an answer that the proactive command has no room for.
pub(crate) const ANSWERABLE: &str = "a command that can be answered so";

/// When messages are sent that come for the card.
const SENT: Instant = Instant::from_secs(1_767_600_000);

/// Who writes to the card, if the script does not say.
const SOMEBODY: &str = "+15550100002";

#[expect(clippy::needless_pass_by_value, reason = "what is being carried out is handed on, or it is over")]
impl<'a> Runner<'a> {
    /// Goes on with a statement whose last question has been answered.
    pub(crate) fn carry_on(&mut self, mut doing: Doing<'a>) {
        doing.rounds += 1;
        if doing.rounds > MOST_ROUNDS {
            self.doing_stops(doing, "the card asks for more and more".into());
            return;
        }
        let statement = doing.statement;
        match &statement.step {
            Step::Send(data) => self.raw(doing, data),
            Step::Reset | Step::Power(true) => match doing.stage {
                Stage::Fresh => self.after(Request::Reset, doing),
                _ => self.judge(statement, &self.answer_to_reset(), &[self.answer_to_reset()]),
            },
            Step::Power(false) => self.once(Request::PowerOff, doing),
            Step::Insert(card) => match doing.stage {
                Stage::Fresh => {
                    let stage = Stage::Inserted;
                    self.wait_for(Request::Insert(card.clone()), Doing { stage, ..doing });
                }
                Stage::Inserted => self.after(Request::Reset, doing),
                _ => self.judge(statement, &self.answer_to_reset(), &[self.answer_to_reset()]),
            },
            Step::Eject => self.once(Request::Eject, doing),
            Step::Tear(writes) => self.once(Request::Tear(*writes), doing),
            Step::Wait(time) => self.wait(doing, *time),
            Step::Channel(channel) => self.channel(doing, *channel),
            Step::Init { profile, class } => match profile.as_ref().map(|data| self.octets(data)).transpose()
            {
                Ok(profile) => self.init(doing, profile, *class),
                Err(mistake) => self.mistake(mistake),
            },
            Step::Expect(expect) => self.expect(doing, expect),
            Step::SelectMenu(choice) => self.select_menu(doing, choice),
            Step::Answer(reply) => self.reply(doing, reply),
            Step::SendSms(sms) => self.send_sms(doing, sms),
            // The runner does these by itself.
            Step::Set(..)
            | Step::Echo(_)
            | Step::Repeat { .. }
            | Step::If { .. }
            | Step::Include(_)
            | Step::Call { .. }
            | Step::Exit
            | Step::Decode(_)
            | Step::Legal(_) => {}
        }
    }

    /// A command of the script.
    fn raw(&mut self, doing: Doing<'a>, data: &crate::syntax::Data) {
        if matches!(doing.stage, Stage::Fresh) {
            return match self.octets(data) {
                Ok(command) => self.send(command, Doing { stage: Stage::Sent, ..doing }),
                Err(mistake) => self.mistake(mistake),
            };
        }
        self.judge_last(doing.statement);
    }

    /// Asks once, and the statement is done when it is answered.
    fn once(&mut self, request: Request, doing: Doing<'a>) {
        if matches!(doing.stage, Stage::Fresh) {
            self.after(request, doing);
        }
    }

    fn after(&mut self, request: Request, doing: Doing<'a>) {
        self.wait_for(request, Doing { stage: Stage::Sent, ..doing });
    }

    fn mistake(&mut self, mistake: Mistake) {
        self.fail(mistake.span, Wrong::Mistake(mistake));
    }

    fn doing_stops(&mut self, doing: Doing<'a>, why: String) {
        self.fail(doing.statement.span, Wrong::Stopped(why));
    }

    /// The card has asked for something else than what was expected, or the script wants what cannot be.
    pub(crate) fn other(&mut self, statement: &Statement, expected: String, got: String, octets: Vec<u8>) {
        self.fail(statement.span, Wrong::Proactive { expected, got, instead: None, octets });
    }

    /// Answers what is not answered, or fetches what waits. False: there is nothing of both.
    fn settle(&mut self, doing: Doing<'a>) -> Result<(), Doing<'a>> {
        if let Some(current) = self.session.current.clone() {
            let answer = self.session.default_answer(&current);
            self.answered(&answer, doing);
            return Ok(());
        }
        if let Some(length) = self.session.pending.take() {
            let fetch = self.session.fetch(length);
            self.send(fetch, doing);
            return Ok(());
        }
        Err(doing)
    }

    /// Sends a TERMINAL RESPONSE.
    fn answered(&mut self, answer: &TerminalResponse, doing: Doing<'a>) {
        self.session.current = None;
        let command = self.session.command(Instruction::TERMINAL_RESPONSE, &answer.encode());
        self.send(command, doing);
    }

    /// TERMINAL PROFILE in the class that the card takes, and everything that follows.
    fn init(&mut self, doing: Doing<'a>, profile: Option<Vec<u8>>, class: Class) {
        if self.settings.phone {
            return match doing.stage {
                Stage::Fresh => self.after(Request::Phone(Phone::SwitchOn(profile)), doing),
                _ => self.judge_last(doing.statement),
            };
        }
        let profile = profile.unwrap_or_else(full_profile);
        let is_refused = self.status() == Some(Status::CLASS_NOT_SUPPORTED);
        match doing.stage {
            Stage::Fresh => {
                self.session.class = class;
                let command = self.session.command(Instruction::TERMINAL_PROFILE, &profile);
                self.send(command, Doing { stage: Stage::Sent, ..doing });
            }
            Stage::Sent if is_refused && self.session.class == class => {
                self.session.class = if class == Class::GSM { Class::ETSI } else { Class::GSM };
                let command = self.session.command(Instruction::TERMINAL_PROFILE, &profile);
                self.send(command, doing);
            }
            _ => {
                let statement = doing.statement;
                if self.settle(doing).is_err() {
                    self.judge_last(statement);
                }
            }
        }
    }

    /// Looks for the proactive command that is expected: among those that have been seen, then in what the card has next.
    fn expect(&mut self, doing: Doing<'a>, expect: &Expect) {
        let statement = doing.statement;
        while let Some(seen) = self.session.seen.pop_front() {
            if expect.what.is(&seen) {
                self.compare(statement, expect, &seen);
                self.session.answered = seen.answered;
                return;
            }
            if !seen.is_unseen() {
                let (expected, got) = (expect.in_words(), seen.in_words());
                let instead = seen.in_script().map(|command| format!("expect {command}"));
                self.session.answered = seen.answered;
                let wrong = Wrong::Proactive { expected, got, instead, octets: seen.octets };
                return self.fail(statement.span, wrong);
            }
        }
        let is_cleared = matches!(doing.stage, Stage::Cleared);
        if self.settings.phone {
            if !is_cleared {
                self.wait_for(Request::Phone(Phone::Clear), Doing { stage: Stage::Cleared, ..doing });
                return;
            }
        } else if self.settle(Doing { stage: Stage::Fresh, ..doing }).is_ok() {
            return;
        }
        if expect.what == What::Nothing {
            self.pass(statement.span);
        } else {
            let (expected, got) = (expect.in_words(), "no proactive command".into());
            let instead = Some("expect nothing".to_owned());
            self.fail(statement.span, Wrong::Proactive { expected, got, instead, octets: Vec::new() });
        }
    }

    /// Compares a proactive command of the right type with what is expected of it.
    fn compare(&mut self, statement: &'a Statement, expect: &Expect, seen: &Seen) {
        let message = if expect.what == What::Sms { seen.message() } else { None };
        let text = match &message {
            Some(message) => Some(message.user_data.text()),
            None => seen.text(),
        };
        for clause in &expect.clauses {
            let (is_so, got) = clause.compare(seen, text.as_deref());
            if is_so {
                self.pass(clause.span);
            } else {
                let expected = format!("{} {}", expect.what.in_words(), clause.in_words());
                let instead = clause.instead(seen, text.as_deref());
                let octets = seen.octets.clone();
                self.fail(clause.span, Wrong::Proactive { expected, got, instead, octets });
            }
        }
        if self.is_done() {
            return;
        }
        if expect.clauses.is_empty() {
            self.pass(statement.span);
            if let Some(text) = text.filter(|_| statement.expected.data.is_none()) {
                self.shown(statement.span, &text);
            }
        }
        let data =
            message.map_or_else(|| seen.octets.clone(), |message| message.user_data.payload().to_vec());
        self.judge(statement, &data, core::slice::from_ref(&seen.octets));
    }

    /// ENVELOPE (menu selection).
    fn select_menu(&mut self, doing: Doing<'a>, choice: &Choice) {
        if matches!(doing.stage, Stage::Sent) {
            return self.judge_last(doing.statement);
        }
        let doing = if self.settings.phone {
            doing
        } else {
            match self.settle(doing) {
                Ok(()) => return,
                Err(doing) => doing,
            }
        };
        let identifier = match choice {
            Choice::Text(text) => self.session.item(text),
            Choice::Identifier(number) => self
                .session
                .menu
                .iter()
                .filter_map(|item| item.identifier)
                .find(|identifier| identifier == number),
        };
        let Some(identifier) = identifier else {
            let expected = match choice {
                Choice::Text(text) => format!("{text:?} in the card's menu"),
                Choice::Identifier(number) => format!("item {number} in the card's menu"),
            };
            let menu = listed(&self.session.menu);
            return self.other(doing.statement, expected, menu, Vec::new());
        };
        if self.settings.phone && self.session.current.is_some() && !matches!(doing.stage, Stage::Cleared) {
            // The user chooses when nothing else is on the screen.
            return self.wait_for(Request::Phone(Phone::Clear), Doing { stage: Stage::Cleared, ..doing });
        }
        // What was seen before is of another session.
        self.session.seen.clear();
        self.session.answered = None;
        if self.settings.phone {
            return self.after(Request::Phone(Phone::SelectMenu(identifier)), doing);
        }
        let envelope = Envelope::from(MenuSelection::new(identifier)).encode();
        self.envelope(&envelope, Doing { stage: Stage::Sent, ..doing });
    }

    fn envelope(&mut self, envelope: &[u8], doing: Doing<'a>) {
        let command = self.session.command(Instruction::ENVELOPE, envelope);
        self.send(command, doing);
    }

    /// TERMINAL RESPONSE, as the user wants it.
    fn reply(&mut self, doing: Doing<'a>, reply: &Reply) {
        if matches!(doing.stage, Stage::Sent) {
            return self.judge_reply(doing.statement);
        }
        let additional = match reply {
            Reply::Result(_, Some(data)) => match self.octets(data) {
                Ok(octets) => octets,
                Err(mistake) => return self.mistake(mistake),
            },
            _ => Vec::new(),
        };
        if self.settings.phone {
            let input = input(reply, additional);
            if let Some(answered) = self.session.answered.take() {
                if input != Input::Done {
                    return self.doing_stops(doing, "the phone has answered it by itself".into());
                }
                self.last = Some(answered);
                return self.judge_last(doing.statement);
            }
            if self.session.current.is_none() {
                return self.nothing_to_answer(doing.statement);
            }
            return self.after(Request::Phone(Phone::Answer(input)), doing);
        }
        let Some(current) = self.session.current.clone() else {
            let statement = doing.statement;
            if self.session.pending.is_none() || self.settle(doing).is_err() {
                self.nothing_to_answer(statement);
            }
            return;
        };
        match self.response(&current, reply, additional) {
            Ok(response) => self.answered(&response, Doing { stage: Stage::Sent, ..doing }),
            Err(got) => {
                self.other(doing.statement, ANSWERABLE.into(), got, current.octets);
            }
        }
    }

    /// The TERMINAL RESPONSE that a reply is; or what the command is that it is no reply to.
    fn response(
        &mut self,
        current: &Seen,
        reply: &Reply,
        additional: Vec<u8>,
    ) -> Result<TerminalResponse, String> {
        let Ok(command) = &current.command else { return Ok(self.session.default_answer(current)) };
        let details = command.details.clone();
        let done = |answer| {
            Ok(TerminalResponse::new(details.clone(), GeneralResult::PERFORMED_SUCCESSFULLY).with(answer))
        };
        let chosen = |identifier| Objects { item: Some(ItemIdentifier { identifier }), ..Objects::default() };
        let text = |text| Objects { text: Some(text), ..Objects::default() };
        match (reply, &command.body) {
            (Reply::Done, Proactive::GetInkey(_) | Proactive::GetInput(_) | Proactive::SelectItem(_)) => {
                Err(current.in_words())
            }
            (Reply::Done, Proactive::PollInterval(_) | Proactive::TimerManagement(_)) => {
                Ok(self.session.default_answer(current))
            }
            (Reply::Done, _) => done(Objects::default()),
            // 01 stands for yes, 00 for no (TS 102 223 §6.8.4).
            (Reply::YesNo(yes), Proactive::GetInkey(_)) => {
                done(text(TextString { coding: Some(Coding::EIGHT_BIT), text: [u8::from(*yes)].into() }))
            }
            (Reply::Text(wanted), Proactive::SelectItem(_)) => match item(current.items(), wanted) {
                Some(identifier) => done(chosen(identifier)),
                None => Err(listed(current.items())),
            },
            (
                Reply::Text(typed_text),
                Proactive::GetInkey(_) | Proactive::GetInput(_) | Proactive::SendUssd(_),
            ) => done(text(typed(command, typed_text))),
            (Reply::Item(number), Proactive::SelectItem(_)) => done(chosen(*number)),
            (Reply::Result(general, _), _) => {
                Ok(TerminalResponse::new(details, Outcome { general: *general, additional }))
            }
            _ => Err(current.in_words()),
        }
    }

    /// ENVELOPE (SMS-PP download), one a part of the message.
    fn send_sms(&mut self, doing: Doing<'a>, sms: &Sms) {
        let statement = doing.statement;
        let mut parts = match doing.stage {
            Stage::Fresh => match self.parts(sms) {
                Ok(parts) => parts,
                Err(mistake) => return self.mistake(mistake),
            },
            Stage::Parts(parts) => parts,
            _ => return self.judge_last(statement),
        };
        if self.settings.phone {
            let stage = Stage::Sent;
            let deliver = Request::Phone(Phone::Deliver(parts.into()));
            return self.wait_for(deliver, Doing { stage, ..doing });
        }
        if doing.rounds > 1 && !self.is_taken(statement) {
            return;
        }
        let doing = Doing { statement, stage: Stage::Fresh, rounds: doing.rounds };
        // What a card of T=0 has to say it must be asked for.
        if let Some(length) = self.status().and_then(waiting).filter(|_| doing.rounds > 1) {
            let ask = Apdu::new(self.response_class(), Instruction::GET_RESPONSE, 0, 0).ne(length).to_bytes();
            return self.send(ask, Doing { stage: stage_of(parts), ..doing });
        }
        let unsettled = Doing { stage: Stage::Parts(parts.clone()), ..doing };
        let Err(doing) = (if parts.is_empty() { Err(unsettled) } else { self.settle(unsettled) }) else {
            return;
        };
        match parts.pop_front() {
            Some(tpdu) => {
                self.session.seen.clear();
                let devices = DeviceIdentities { source: Device::NETWORK, destination: Device::UICC };
                let download = SmsPpDownload { devices, service_centre: None, tpdu: SmsTpdu { tpdu } };
                let envelope = Envelope::from(download).encode();
                self.envelope(&envelope, Doing { stage: Stage::Parts(parts), ..doing });
            }
            None => self.judge_last(statement),
        }
    }

    /// GET RESPONSE is interindustry on a UICC.
    fn response_class(&self) -> Class {
        if self.session.class == Class::GSM { Class::GSM } else { Class::INTERINDUSTRY }
    }

    /// The TPDUs of a message.
    fn parts(&self, sms: &Sms) -> Result<VecDeque<Vec<u8>>, Mistake> {
        /// General data coding, message class 2 (TS 23.038 §4).
        const CLASS_2: u8 = 0x12;
        /// The same, 8 bits.
        const DATA_OF_CLASS_2: u8 = 0x16;
        let (number, span) = match &sms.from {
            Some(clause) => (clause.text.as_str(), clause.span),
            None => (SOMEBODY, crate::Span::default()),
        };
        let from: Address = number.parse().map_err(|_| Mistake::new(span, "this is not a number"))?;
        let (coding, payload) = match &sms.content {
            SmsContent::Tpdu(data) => return Ok([self.octets(data)?].into()),
            SmsContent::Data(data) => (DataCoding(DATA_OF_CLASS_2), self.octets(data)?),
            SmsContent::Text(text) => {
                let (coding, payload) = DataCoding::encode_text(text);
                (DataCoding(coding.0 | CLASS_2), payload)
            }
        };
        let parts = split(coding, &payload, Reference::Short(1));
        let parts = parts.map_err(|error| Mistake::new(span, format!("the message is too long: {error}")))?;
        let timestamp = Timestamp::from_instant(SENT, 0);
        let deliver = |part| {
            Deliver::new(from.clone(), ProtocolIdentifier::SIM_DATA_DOWNLOAD, timestamp, part).encode()
        };
        Ok(parts.into_iter().map(deliver).collect())
    }

    /// Time passes; what it brings on the way goes to the card.
    fn wait(&mut self, doing: Doing<'a>, time: Duration) {
        if self.settings.phone {
            return self.once(Request::Phone(Phone::Wait(time)), doing);
        }
        let Stage::Until(end) = doing.stage else {
            let end = self.session.now + time;
            return self.wait(Doing { stage: Stage::Until(end), ..doing }, time);
        };
        let statement = doing.statement;
        let rounds = doing.rounds;
        let doing = match self.session.take_due() {
            Some(Due::Timer(number, value)) => {
                let envelope = Envelope::from(TimerExpiration::new(number, value)).encode();
                return self.envelope(&envelope, Doing { statement, stage: Stage::Until(end), rounds });
            }
            Some(Due::Poll) => {
                let status = self.session.status();
                return self.send(status, Doing { statement, stage: Stage::Until(end), rounds });
            }
            None => doing,
        };
        // A command that the script will expect waits for it, but what nobody sees is answered.
        let is_unseen = self.session.current.as_ref().is_some_and(Seen::is_unseen);
        let doing = if is_unseen || (self.session.current.is_none() && self.session.pending.is_some()) {
            match self.settle(doing) {
                Ok(()) => return,
                Err(doing) => doing,
            }
        } else {
            doing
        };
        let next = self.session.next_due(end).unwrap_or(end);
        let left = next.saturating_sub(self.session.now);
        if left > Duration::ZERO {
            // Whoever waits long is asked often.
            self.wait_for(Request::Wait(left), Doing { rounds: 0, ..doing });
        }
    }

    /// MANAGE CHANNEL (TS 102 221 §11.1.17).
    fn channel(&mut self, doing: Doing<'a>, channel: Channel) {
        let manage = |p1, p2| Apdu::new(Class::INTERINDUSTRY, Instruction::MANAGE_CHANNEL, p1, p2);
        let is_sent = matches!(doing.stage, Stage::Sent);
        let statement = doing.statement;
        let doing = Doing { stage: Stage::Sent, ..doing };
        match channel {
            Channel::Use(number) => self.channel = number,
            Channel::Open if !is_sent => self.send(manage(0x00, 0x00).ne(1).to_bytes(), doing),
            Channel::Open => {
                let response =
                    self.last.as_ref().and_then(|(_, response)| Response::from_bytes(response).ok());
                if let Some(Response { data, status: Status::NORMAL }) = &response
                    && let &[number @ 1..=19] = &data[..]
                {
                    self.channel = number;
                } else if statement.expected.status.is_none() {
                    let got = response.map_or_else(String::new, |response| format!("{}", response.status));
                    self.other(statement, "a logical channel".to_owned(), got, Vec::new());
                }
                self.judge_last(statement);
            }
            Channel::Close(number) if !is_sent => {
                let number = number.unwrap_or(self.channel);
                self.channel = 0;
                self.send(manage(0x80, number).to_bytes(), doing);
            }
            Channel::Close(_) => self.judge_last(statement),
        }
    }
}

/// How many octets GET RESPONSE can have, if the status word says so: `61XX`, `9FXX`, `9EXX`.
const fn waiting(status: Status) -> Option<usize> {
    match (status.sw1(), status.sw2()) {
        (0x61 | 0x9F | 0x9E, 0) => Some(256),
        (0x61 | 0x9F | 0x9E, length) => Some(length as usize),
        _ => None,
    }
}

/// What is left of a message, when a response is being fetched.
fn stage_of(parts: VecDeque<Vec<u8>>) -> Stage {
    if parts.is_empty() { Stage::Sent } else { Stage::Parts(parts) }
}

/// What the user of a phone does with it.
fn input(reply: &Reply, additional: Vec<u8>) -> Input {
    match reply {
        Reply::Done => Input::Done,
        Reply::YesNo(yes) => Input::YesNo(*yes),
        Reply::Text(text) => Input::Text(text.clone()),
        Reply::Item(number) => Input::Item(*number),
        Reply::Result(GeneralResult::BACKWARD_MOVE_REQUESTED_BY_USER, None) => Input::Back,
        Reply::Result(GeneralResult::SESSION_TERMINATED_BY_USER, None) => Input::End,
        Reply::Result(GeneralResult::NO_RESPONSE_FROM_USER, None) => Input::Nothing,
        Reply::Result(GeneralResult::HELP_REQUIRED_BY_USER, None) => Input::Help,
        Reply::Result(general, _) => Input::Result(*general, additional),
    }
}
