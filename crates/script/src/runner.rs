//! The machine that runs a script: it asks its host for one thing at a time, takes the answer, and tells what came true.

use alloc::{
    collections::VecDeque,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use oxisim_apdu::{Class, Danger, Instruction, Response, Status, danger};
use oxisim_toolkit::rules;
use oxisim_wire::Duration;

use crate::{
    outcome::{Answer, By, Event, Failure, Output, Request, Wrong},
    pattern::Captures,
    session::Session,
    source::{Mistake, Span},
    syntax::{Data, Expected, Name, Program, Said, Statement, Step},
    value::{self, Lookup, Variables, counted, spaced},
    verbs::Stage,
};

/// How deep procedures and blocks may run in each other.
const DEEPEST: usize = 256;

/// How a script is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether nothing is sent that can lock or destroy the card (see [`danger`](oxisim_apdu::danger())).
    pub guarded: bool,
    /// Whether the script ends with the first expectation that does not come true.
    pub stops: bool,
    /// Whether a phone stands between script and card, and does what the verbs of the toolkit say.
    pub phone: bool,
}

/// A script that is run.
///
/// [`poll_output`](Self::poll_output) until there is nothing more; whatever is asked is answered with
/// [`handle_answer`](Self::handle_answer), and then there is more.
#[derive(Debug)]
pub struct Runner<'a> {
    program: &'a Program,
    pub(crate) settings: Settings,
    frames: Vec<Frame<'a>>,
    variables: Variables,
    /// The statement that is being carried out.
    doing: Option<Doing<'a>>,
    told: VecDeque<Event>,
    /// What is to be asked, and whether it has been.
    asked: Option<(Request, bool)>,
    /// A command that waits until the card has said how many attempts are left.
    held: Option<(Vec<u8>, Danger)>,
    pub(crate) session: Session,
    /// The channel that commands go on.
    pub(crate) channel: u8,
    /// The last command and its response.
    pub(crate) last: Option<(Vec<u8>, Vec<u8>)>,
    answer_to_reset: Option<Vec<u8>>,
    has_begun: bool,
    is_done: bool,
}

/// A statement that takes more than one question.
#[derive(Debug)]
pub(crate) struct Doing<'a> {
    pub statement: &'a Statement,
    pub stage: Stage,
    /// How often the card has been asked.
    pub rounds: u32,
}

/// A list of statements that is being gone through.
#[derive(Debug)]
struct Frame<'a> {
    body: &'a [Statement],
    next: usize,
    kind: FrameKind<'a>,
}

#[derive(Debug)]
enum FrameKind<'a> {
    /// Once.
    Block,
    /// Again, until it has been done so often.
    Repeat { done: u32, times: u32, counter: Option<&'a Name> },
    /// A procedure, with the values of its parameters.
    Call { locals: Variables, at: Span },
}

impl<'a> Runner<'a> {
    /// The script at its start. The card is not touched before the first answer.
    #[must_use]
    pub fn new(program: &'a Program, settings: Settings) -> Self {
        let mut runner = Self {
            program,
            settings,
            frames: Vec::new(),
            variables: Variables::new(),
            doing: None,
            told: VecDeque::new(),
            asked: None,
            held: None,
            session: Session::new(Duration::ZERO, &[]),
            channel: 0,
            last: None,
            answer_to_reset: None,
            has_begun: false,
            is_done: false,
        };
        runner.enter(&program.statements, FrameKind::Block, Span::default());
        runner
    }

    /// What is to be done or known next; nothing while an answer is missing, and when the script has ended.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Some(Output::Tell(event));
            }
            match &mut self.asked {
                Some((request, is_out)) if !*is_out => {
                    *is_out = true;
                    return Some(Output::Ask(request.clone()));
                }
                Some(_) => return None,
                None if self.is_done => return None,
                None => self.go_on(),
            }
        }
    }

    /// Whether the script has ended.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// The answer to what was asked. One that was not asked for, or is of another kind, ends the script.
    pub fn handle_answer(&mut self, answer: Answer) {
        let Some((request, _)) = self.asked.take() else { return };
        match (request, answer) {
            (_, Answer::Impossible(why)) => self.stop(why),
            (Request::Exchange(command), Answer::Response(response)) => self.responded(command, response),
            (Request::Reset, Answer::AnswerToReset(answer)) => {
                self.session = Session::new(self.session.now, &answer);
                self.channel = 0;
                self.answer_to_reset = Some(answer.clone());
                // That a script begins with a card that is on needs no word.
                if let Some(doing) = &self.doing {
                    let (span, by) = (doing.statement.span, by(doing.statement));
                    self.told.push_back(Event::Reset { span, by, answer });
                }
            }
            (Request::PowerOff | Request::Insert(_) | Request::Eject, Answer::Done) => {
                self.session = Session::new(self.session.now, &[]);
                self.channel = 0;
            }
            (Request::Wait(time), Answer::Done) => self.session.now += time,
            (Request::Tear(_), Answer::Done) => {}
            (Request::Phone(_), Answer::Asked(exchanges)) => self.phoned(exchanges),
            _ => self.stop("the answer is to another question".into()),
        }
    }

    fn responded(&mut self, command: Vec<u8>, response: Vec<u8>) {
        self.session.exchanged(&command, &response);
        let held = self.held.take();
        if let Some(doing) = &self.doing {
            // The question before a PIN is nobody's of the script.
            let by = if held.is_some() { By::Verb } else { by(doing.statement) };
            let (command, response) = (command.clone(), response.clone());
            self.told.push_back(Event::Exchanged { span: doing.statement.span, by, command, response });
        }
        match held {
            Some((held, danger)) => self.asked_about(held, &danger, &response),
            None => self.last = Some((command, response)),
        }
    }

    /// The card has said how many attempts are left: the command that waits for it is sent, or the script ends.
    fn asked_about(&mut self, held: Vec<u8>, danger: &Danger, response: &[u8]) {
        let answer = Response::from_bytes(response).map(|response| response.status);
        if answer.is_ok_and(|status| danger.leaves_another(status)) {
            self.ask(Request::Exchange(held));
        } else {
            let said = spaced(response);
            self.stop(format!(
                "not sent: {danger}, and a wrong one would leave no other attempt, or the card does not say how many are left: {said}"
            ));
        }
    }

    /// A phone has spoken with the card: what it was about for the statement is what came last.
    fn phoned(&mut self, exchanges: Vec<(Vec<u8>, Vec<u8>)>) {
        let Some(statement) = self.doing.as_ref().map(|doing| doing.statement) else { return };
        self.last = about(&statement.step, &exchanges).cloned();
        for (command, response) in exchanges {
            self.session.exchanged(&command, &response);
            self.told.push_back(Event::Exchanged { span: statement.span, by: By::Verb, command, response });
        }
    }

    /// Takes the next step.
    fn go_on(&mut self) {
        if let Some(doing) = self.doing.take() {
            self.carry_on(doing);
            return;
        }
        let Some(statement) = self.next() else {
            self.is_done = true;
            return;
        };
        if !self.has_begun {
            self.has_begun = true;
            let begins_itself =
                matches!(statement.step, Step::Reset | Step::Power(_) | Step::Insert(_) | Step::Eject);
            let is_switched_on = self.settings.phone && matches!(statement.step, Step::Init { .. });
            if !begins_itself && !is_switched_on {
                // The statement comes again when the card is on.
                self.again();
                self.ask(Request::Reset);
                return;
            }
        }
        self.begin(statement);
    }

    /// The next statement; blocks that have ended are left.
    fn next(&mut self) -> Option<&'a Statement> {
        loop {
            let frame = self.frames.last_mut()?;
            if let Some(statement) = frame.body.get(frame.next) {
                frame.next += 1;
                return Some(statement);
            }
            match &mut frame.kind {
                FrameKind::Repeat { done, times, counter } if *done < *times && !frame.body.is_empty() => {
                    *done += 1;
                    frame.next = 0;
                    if let Some(counter) = counter {
                        let (name, value) = (counter.text.clone(), counted(*done));
                        self.assign(name, value);
                    }
                }
                _ => {
                    self.frames.pop();
                }
            }
        }
    }

    /// Takes the last statement back.
    fn again(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next = frame.next.saturating_sub(1);
        }
    }

    /// Begins a statement. What needs nobody is done at once.
    fn begin(&mut self, statement: &'a Statement) {
        let done = match &statement.step {
            Step::Set(name, data) => self.octets(data).map(|value| self.assign(name.text.clone(), value)),
            Step::Echo(said) => self.said(said).map(|text| self.told.push_back(Event::Said(text))),
            Step::Decode(octets) => self.decode(statement.span, octets.as_ref()),
            Step::Legal(octets) => self.legal(statement.span, octets.as_ref()),
            Step::Repeat { times, counter, body } => {
                let kind = FrameKind::Repeat { done: 0, times: *times, counter: counter.as_ref() };
                self.enter(body, kind, statement.span);
                // A repetition begins at its end: it is done again as often as is said.
                if let Some(frame) = self.frames.last_mut() {
                    frame.next = body.len();
                }
                Ok(())
            }
            Step::If { words, then, otherwise } => {
                let status = self.status();
                let named = words.words.iter().find_map(|word| word.matches(status?));
                let body = if named.is_some() { then } else { otherwise };
                self.capture(named.unwrap_or_default());
                self.enter(body, FrameKind::Block, statement.span);
                Ok(())
            }
            Step::Include(body) => {
                self.enter(body, FrameKind::Block, statement.span);
                Ok(())
            }
            Step::Call { name, arguments } => self.call(statement.span, name, arguments),
            Step::Exit => {
                self.frames.clear();
                Ok(())
            }
            _ => {
                self.carry_on(Doing { statement, stage: Stage::Fresh, rounds: 0 });
                Ok(())
            }
        };
        if let Err(mistake) = done {
            self.fail(mistake.span, Wrong::Mistake(mistake));
        }
    }

    fn call(&mut self, at: Span, name: &Name, arguments: &[Data]) -> Result<(), Mistake> {
        let missing = || Mistake::new(name.span, format!("there is no procedure {}", name.text));
        let procedure = self.program.procedures.get(&name.text).ok_or_else(missing)?;
        let mut locals = Variables::new();
        for (parameter, argument) in procedure.parameters.iter().zip(arguments) {
            locals.insert(parameter.text.clone(), self.octets(argument)?);
        }
        self.enter(&procedure.body, FrameKind::Call { locals, at }, at);
        Ok(())
    }

    /// Goes through the statements of the one that stands there.
    fn enter(&mut self, body: &'a [Statement], kind: FrameKind<'a>, at: Span) {
        if self.frames.len() >= DEEPEST {
            let why = "procedures call procedures call procedures: too deep";
            return self.fail(at, Wrong::Stopped(why.into()));
        }
        self.frames.push(Frame { body, next: 0, kind });
    }

    fn said(&self, said: &[Said]) -> Result<String, Mistake> {
        said.iter().try_fold(String::new(), |text, part| {
            Ok(text
                + &match part {
                    Said::Text(text) => text.clone(),
                    Said::Data(data) => spaced(&self.octets(data)?),
                })
        })
    }

    fn decode(&mut self, span: Span, data: Option<&Data>) -> Result<(), Mistake> {
        let octets = match (data, &self.last) {
            (Some(data), _) => [self.octets(data)?].into(),
            (None, Some((command, response))) => [command.clone(), response.clone()].into(),
            (None, None) => return Err(Mistake::new(span, "there is no answer yet")),
        };
        self.told.push_back(Event::Decode { span, octets });
        Ok(())
    }

    /// What a terminal with the profile that was sent may be told to do; nothing at all is legal.
    fn legal(&mut self, span: Span, data: Option<&Data>) -> Result<(), Mistake> {
        let octets = match data {
            Some(data) => Some(self.octets(data)?),
            None => self.session.current.as_ref().map(|seen| seen.octets.clone()),
        };
        match octets.map(|octets| (rules::check(&octets, self.session.profile.as_ref()), octets)) {
            Some((Err(breach), octets)) => {
                self.fail(span, Wrong::Illegal { why: breach.to_string(), octets });
            }
            _ => self.pass(span),
        }
        Ok(())
    }

    /// The octets that data come to.
    pub(crate) fn octets(&self, data: &Data) -> Result<Vec<u8>, Mistake> {
        value::octets(data, self)
    }

    /// Gives a variable a value: the parameter of the procedure, if it has one of that name.
    fn assign(&mut self, name: String, value: Vec<u8>) {
        let local = self.frames.iter_mut().rev().find_map(|frame| match &mut frame.kind {
            FrameKind::Call { locals, .. } => Some(locals),
            _ => None,
        });
        match local.and_then(|locals| locals.get_mut(&name)) {
            Some(parameter) => *parameter = value,
            None => {
                self.variables.insert(name, value);
            }
        }
    }

    pub(crate) fn capture(&mut self, captures: Captures) {
        for (name, value) in captures {
            self.assign(name, value);
        }
    }

    /// The last status word.
    pub(crate) fn status(&self) -> Option<Status> {
        let (_, response) = self.last.as_ref()?;
        Response::from_bytes(response).ok().map(|response| response.status)
    }

    /// Asks for something.
    pub(crate) fn ask(&mut self, request: Request) {
        self.asked = Some((request, false));
    }

    /// Sends a command of the script or of a verb, unless it must not be sent. False: it is not, and the script ends.
    pub(crate) fn send(&mut self, mut command: Vec<u8>, doing: Doing<'a>) {
        if self.channel != 0
            && let Some(class) = command.first_mut()
            && let Some(moved) = moved(Class(*class), self.channel)
        {
            *class = moved.0;
        }
        self.doing = Some(doing);
        match danger(&command).filter(|_| self.settings.guarded) {
            None => self.ask(Request::Exchange(command)),
            Some(danger @ Danger::Attempt { question, .. }) => {
                self.held = Some((command, danger));
                self.ask(Request::Exchange(question.into()));
            }
            Some(danger) => self.stop(format!("not sent: {danger}")),
        }
    }

    /// Goes on with a statement when the next answer is there.
    pub(crate) fn wait_for(&mut self, request: Request, doing: Doing<'a>) {
        self.doing = Some(doing);
        self.ask(request);
    }

    /// A proactive command has said this, and nobody has asked what.
    pub(crate) fn shown(&mut self, span: Span, text: &str) {
        self.told.push_back(Event::Shown { span, text: value::quoted(text) });
    }

    pub(crate) fn pass(&mut self, span: Span) {
        self.told.push_back(Event::Passed(span));
    }

    /// Something has gone wrong at a place.
    pub(crate) fn fail(&mut self, span: Span, what: Wrong) {
        let calls = self.frames.iter().filter_map(|frame| match frame.kind {
            FrameKind::Call { at, .. } => Some(at),
            _ => None,
        });
        let calls = calls.collect();
        let ends = what.is_end() || self.settings.stops;
        self.told.push_back(Event::Failed(Failure { span, calls, what }));
        if ends {
            self.end();
        }
    }

    /// The script cannot go on.
    pub(crate) fn stop(&mut self, why: String) {
        let ahead = || self.frames.last().and_then(|frame| frame.body.get(frame.next));
        let statement = self.doing.as_ref().map(|doing| doing.statement).or_else(ahead);
        let span = statement.map_or_else(Span::default, |statement| statement.span);
        self.fail(span, Wrong::Stopped(why));
    }

    fn end(&mut self) {
        self.frames.clear();
        self.doing = None;
        self.asked = None;
        self.held = None;
        self.is_done = true;
    }

    /// Compares what came with what is expected of it.
    pub(crate) fn judge(&mut self, statement: &'a Statement, data: &[u8], octets: &[Vec<u8>]) {
        if let Some(expected) = &statement.expected.data {
            match value::pattern(expected, self) {
                Err(mistake) => self.fail(mistake.span, Wrong::Mistake(mistake)),
                Ok(pattern) => {
                    if let Some(captures) = pattern.matches(data) {
                        self.capture(captures);
                        self.pass(expected.span);
                    } else {
                        let (got, octets) = (data.to_vec(), octets.to_vec());
                        self.fail(expected.span, Wrong::Data { expected: pattern, got, octets });
                    }
                }
            }
        }
        if self.is_done {
            return;
        }
        if let Some(expected) = &statement.expected.status {
            let Some(got) = self.status() else {
                return self.fail(expected.span, Wrong::Stopped("there is no status word".into()));
            };
            if let Some(captures) = expected.words.iter().find_map(|word| word.matches(got)) {
                self.capture(captures);
                self.pass(expected.span);
            } else {
                let words = expected.words.clone();
                self.fail(expected.span, Wrong::Status { expected: words, got, octets: octets.to_vec() });
            }
        }
    }

    /// The last answer to reset, to be compared.
    pub(crate) fn answer_to_reset(&self) -> Vec<u8> {
        self.answer_to_reset.clone().unwrap_or_default()
    }
}

/// Who wants what a statement does.
const fn by(statement: &Statement) -> By {
    match statement {
        Statement {
            step: Step::Send(_) | Step::Reset,
            expected: Expected { data: None, status: None },
            ..
        } => By::Script,
        Statement { step: Step::Send(_) | Step::Reset, .. } => By::Expecting,
        _ => By::Verb,
    }
}

/// Which of a phone's exchanges a statement is about.
fn about<'e>(step: &Step, exchanges: &'e [(Vec<u8>, Vec<u8>)]) -> Option<&'e (Vec<u8>, Vec<u8>)> {
    let is = |exchange: &&(Vec<u8>, Vec<u8>), of: &[Instruction]| {
        exchange.0.get(1).is_some_and(|instruction| of.contains(&Instruction(*instruction)))
    };
    match step {
        Step::Init { .. } => {
            let of = [Instruction::TERMINAL_PROFILE, Instruction::TERMINAL_RESPONSE];
            exchanges.iter().rfind(|exchange| is(exchange, &of))
        }
        Step::SelectMenu(_) => exchanges.iter().find(|exchange| is(exchange, &[Instruction::ENVELOPE])),
        Step::Answer(_) => exchanges.iter().find(|exchange| is(exchange, &[Instruction::TERMINAL_RESPONSE])),
        Step::SendSms(_) => {
            let envelope = exchanges.iter().rposition(|exchange| is(&exchange, &[Instruction::ENVELOPE]))?;
            // What a card of T=0 has to say it was asked for.
            let asked = exchanges.get(envelope + 1);
            asked
                .filter(|exchange| is(exchange, &[Instruction::GET_RESPONSE]))
                .or_else(|| exchanges.get(envelope))
        }
        _ => exchanges.last(),
    }
}

/// A class of the basic channel on another channel; others are as the script has them.
fn moved(class: Class, channel: u8) -> Option<Class> {
    if class.channel() != Some(0) {
        return None;
    }
    // Chaining is bit 5 in both codings (ISO/IEC 7816-4 §5.4.1).
    let chained = class.0 & 0x10;
    class.on_channel(channel).map(|moved| Class(moved.0 | chained))
}

/// What a script can say by name: its own variables, and what came last.
impl Lookup for Runner<'_> {
    fn value(&self, name: &str) -> Option<Vec<u8>> {
        let local = self.frames.iter().rev().find_map(|frame| match &frame.kind {
            FrameKind::Call { locals, .. } => Some(locals),
            _ => None,
        });
        if let Some(value) = local.and_then(|locals| locals.get(name)).or_else(|| self.variables.get(name)) {
            return Some(value.clone());
        }
        let response = || Response::from_bytes(&self.last.as_ref()?.1).ok();
        match name {
            "data" => Some(response()?.data),
            "sw" => Some(response()?.status.0.to_be_bytes().to_vec()),
            "sw1" => Some([response()?.status.sw1()].to_vec()),
            "sw2" => Some([response()?.status.sw2()].to_vec()),
            "atr" => self.answer_to_reset.clone(),
            _ => None,
        }
    }
}
