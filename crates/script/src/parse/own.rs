//! Our own dialect (docs/SCRIPTS.md): what pcsc-tools' scriptor reads, and more.

mod declared;

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use oxisim_apdu::Class;
use oxisim_toolkit::codes::GeneralResult;
use oxisim_wire::Duration;

use super::{
    Context, DEEPEST,
    cursor::Cursor,
    data::{self, PLAIN, TEXTLESS},
    near::nearest,
    scriptor,
    verbs::{VERBS, commands},
};
use crate::{
    source::{Mistake, Span},
    syntax::{
        Channel, Choice, Clause, ClauseKind, Expect, Expected, Inserted, Name, Procedure, Reply, Said, Sms,
        SmsContent, Statement, Step, What,
    },
};

/// Reads a text.
pub fn read(cursor: Cursor<'_>, context: &mut Context<'_, '_>) -> Vec<Statement> {
    let mut parser = Parser { cursor, context, has_begun: false };
    let (statements, end) = parser.block(0);
    if let Some((word, span)) = end {
        parser.context.mistake(Mistake::new(span, format!("nothing is open that {word:?} could end")));
        // What stands behind it is looked at too.
        let (more, _) = parser.block(0);
        return statements.into_iter().chain(more).collect();
    }
    statements
}

struct Parser<'a, 'c, 's, 'r> {
    cursor: Cursor<'a>,
    context: &'c mut Context<'s, 'r>,
    /// Whether a statement has been read.
    has_begun: bool,
}

/// `end` or `else`, where it stands.
type End = Option<(&'static str, Span)>;

impl Parser<'_, '_, '_, '_> {
    /// Statements up to the word that ends them, or to the end of the text.
    fn block(&mut self, depth: usize) -> (Vec<Statement>, End) {
        let mut statements: Vec<Statement> = Vec::new();
        while !self.cursor.is_end() && !self.context.has_enough {
            if let Some(end) = self.end() {
                return (statements, Some(end));
            }
            let (start, before) = (self.cursor.clone(), statements.len());
            let done = match self.cursor.peek() {
                Some(b'[' | b'(') => self.expectation(statements.last_mut()),
                _ => self.statement(depth).map(|statement| statements.extend(statement)),
            };
            let done = done.and_then(|()| {
                if self.cursor.is_line_end() {
                    Ok(())
                } else {
                    Err(Mistake::new(self.cursor.next_char(), "nothing more can stand on this line"))
                }
            });
            if let Err(mistake) = done {
                match self.of_scriptor(start) {
                    Some(statement) => {
                        statements.truncate(before);
                        statements.push(statement);
                    }
                    None => self.context.mistake(mistake),
                }
            }
            if depth == 0 && statements.last().is_some_and(|last| matches!(last.step, Step::Exit)) {
                break;
            }
            self.cursor.next_line();
        }
        (statements, None)
    }

    /// The line of the last statement, if it is none of our own language, but one of scriptor's.
    fn of_scriptor(&self, mut line: Cursor<'_>) -> Option<Statement> {
        let start = line.here();
        let step = scriptor::line(line.rest_of_line())?;
        let span = self.cursor.of_line(start);
        (!self.cursor.is_behind_line_of(start)).then(|| Statement {
            span,
            step,
            expected: Expected::default(),
        })
    }

    /// The word that ends a block, if it stands here.
    fn end(&mut self) -> End {
        let mut ahead = self.cursor.clone();
        let (word, span) = ahead.word()?;
        let word = ["end", "else"].into_iter().find(|end| *end == word)?;
        self.cursor = ahead;
        Some((word, span))
    }

    /// Expectations on lines of their own.
    fn expectation(&mut self, statement: Option<&mut Statement>) -> Result<(), Mistake> {
        let here = self.cursor.next_char();
        match statement {
            Some(statement) if statement.step.is_answered() => {
                data::expected(&mut self.cursor, &mut statement.expected)?;
                statement.check()
            }
            _ => Err(Mistake::new(here, "there is no command before it of which this could be expected")),
        }
    }

    fn statement(&mut self, depth: usize) -> Result<Option<Statement>, Mistake> {
        let start = self.cursor.here();
        let mut ahead = self.cursor.clone();
        let word = ahead.word();
        let step = match word {
            Some((word, span))
                if !word.bytes().all(|octet| octet.is_ascii_hexdigit()) && !is_prefixed(word) =>
            {
                self.cursor = ahead;
                match self.verb(word, span, depth)? {
                    Some(step) => step,
                    None => return Ok(None),
                }
            }
            _ => {
                let command = data::data(&mut self.cursor, PLAIN)?;
                if command.parts.is_empty() {
                    let what = "this begins neither a command nor anything else";
                    return Err(Mistake::new(self.cursor.next_char(), what));
                }
                Step::Send(command)
            }
        };
        let span = match &step {
            Step::Send(command) => command.span,
            Step::Repeat { .. } | Step::If { .. } => word.map_or(start, |(_, span)| span),
            _ => self.cursor.solid_since(start),
        };
        let mut expected = Expected::default();
        if step.is_answered() {
            data::expected(&mut self.cursor, &mut expected)?;
        }
        self.has_begun = true;
        let statement = Statement { span, step, expected };
        statement.check()?;
        Ok(Some(statement))
    }

    /// What a word begins; nothing if it does nothing by itself.
    fn verb(&mut self, word: &str, span: Span, depth: usize) -> Result<Option<Step>, Mistake> {
        // scriptor does not mind how these are written.
        let lower = word.to_ascii_lowercase();
        let step = match lower.as_str() {
            "reset" => Step::Reset,
            "exit" => Step::Exit,
            _ => return self.own_verb(word, span, depth),
        };
        Ok(Some(step))
    }

    fn own_verb(&mut self, word: &str, span: Span, depth: usize) -> Result<Option<Step>, Mistake> {
        self.cursor.blank(false);
        let step = match word {
            "power" => match self.one_of(&["on", "off"])? {
                0 => Step::Power(true),
                _ => Step::Power(false),
            },
            "insert" => Step::Insert(self.inserted()?),
            "eject" => Step::Eject,
            "wait" | "advance" => Step::Wait(self.time()?),
            "tear" => {
                self.keyword("after")?;
                let writes = data::number(&mut self.cursor, "a number of writes")?;
                self.cursor.blank(false);
                self.one_of(&["writes", "write"])?;
                Step::Tear(writes)
            }
            "channel" => Step::Channel(self.channel()?),
            "set" => {
                let name = data::name(&mut self.cursor, "the name of a variable")?;
                self.cursor.blank(false);
                if !self.cursor.take("=") {
                    return Err(self.cursor.unexpected("=").help("set NAME = DATA"));
                }
                Step::Set(name, data::data(&mut self.cursor, PLAIN)?)
            }
            "echo" => Step::Echo(self.said()?),
            "decode" => {
                let octets = data::data(&mut self.cursor, PLAIN)?;
                Step::Decode((!octets.parts.is_empty()).then_some(octets))
            }
            "legal" => {
                let octets = data::data(&mut self.cursor, PLAIN)?;
                Step::Legal((!octets.parts.is_empty()).then_some(octets))
            }
            "repeat" => return self.repeat(span, depth),
            "if" => return self.condition(span, depth),
            "card" => return self.card(span).map(|()| None),
            "proc" => return self.procedure(span, depth).map(|()| None),
            "call" => self.call()?,
            "include" => {
                let (path, asked) = self.string("the name of a file")?;
                self.context.include(&path, asked)
            }
            "init" => {
                let profile = data::data(&mut self.cursor, PLAIN)?;
                Step::Init { profile: (!profile.parts.is_empty()).then_some(profile), class: Class::ETSI }
            }
            "expect" => Step::Expect(self.expect()?),
            "select-menu" => Step::SelectMenu(if self.is_string() {
                Choice::Text(self.cursor.string()?.0)
            } else {
                Choice::Identifier(data::number(&mut self.cursor, "the text or the number of an item")?)
            }),
            "answer" => Step::Answer(self.reply()?),
            "send-sms" => Step::SendSms(self.sms()?),
            _ => return Err(unknown(word, span)),
        };
        Ok(Some(step))
    }

    fn repeat(&mut self, span: Span, depth: usize) -> Result<Option<Step>, Mistake> {
        let head = self.times();
        let head = self.head(head);
        let (body, _) = self.inner(span, depth, &["end"])?;
        Ok(head.map(|(times, counter)| Step::Repeat { times, counter, body }))
    }

    /// How often, and the variable that counts.
    fn times(&mut self) -> Result<(u32, Option<Name>), Mistake> {
        let times = data::number(&mut self.cursor, "how often")?;
        self.cursor.blank(false);
        if !self.cursor.take("as ") {
            return Ok((times, None));
        }
        self.cursor.blank(false);
        Ok((times, Some(data::name(&mut self.cursor, "the name of a variable")?)))
    }

    fn condition(&mut self, span: Span, depth: usize) -> Result<Option<Step>, Mistake> {
        let words = if self.cursor.peek() == Some(b'(') {
            data::statuses(&mut self.cursor)
        } else {
            Err(self.cursor.unexpected("a list of status words").help("if (9000, 91XX)"))
        };
        let words = self.head(words);
        let (then, end) = self.inner(span, depth, &["end", "else"])?;
        let otherwise = if end == "else" { self.inner(span, depth, &["end"])?.0 } else { Vec::new() };
        Ok(words.map(|words| Step::If { words, then, otherwise }))
    }

    fn procedure(&mut self, span: Span, depth: usize) -> Result<(), Mistake> {
        let head = self.signature();
        let head = self.head(head);
        let (body, _) = self.inner(span, depth, &["end"])?;
        let Some((name, parameters)) = head else { return Ok(()) };
        let procedure = Procedure { parameters, body };
        if self.context.procedures.insert(name.text.clone(), procedure).is_some() {
            let what = format!("there is a procedure {} already", name.text);
            return Err(Mistake::new(name.span, what));
        }
        Ok(())
    }

    /// The name of a procedure, and those of its parameters.
    fn signature(&mut self) -> Result<(Name, Vec<Name>), Mistake> {
        let name = data::name(&mut self.cursor, "the name of a procedure")?;
        let mut parameters: Vec<Name> = Vec::new();
        while !self.cursor.is_line_end() {
            let parameter = data::name(&mut self.cursor, "the name of a parameter")?;
            if parameters.iter().any(|other| other.text == parameter.text) {
                let what = format!("there is a parameter {} already", parameter.text);
                return Err(Mistake::new(parameter.span, what));
            }
            parameters.push(parameter);
            self.cursor.blank(false);
            self.cursor.take(",");
        }
        Ok((name, parameters))
    }

    /// What begins a block. If something is wrong with it, the lines of the block are its lines all the same.
    fn head<T>(&mut self, head: Result<T, Mistake>) -> Option<T> {
        head.map_err(|mistake| {
            self.context.mistake(mistake);
            self.cursor.rest_of_line();
        })
        .ok()
    }

    /// The lines of a block, and the word that ended it.
    fn inner(
        &mut self,
        span: Span,
        depth: usize,
        ends: &[&str],
    ) -> Result<(Vec<Statement>, &'static str), Mistake> {
        if depth >= DEEPEST {
            self.context.last_mistake(Mistake::new(span, "blocks in blocks in blocks: too deep"));
            return Ok((Vec::new(), "end"));
        }
        if !self.cursor.is_line_end() {
            let mistake = Mistake::new(self.cursor.next_char(), "nothing more can stand on this line");
            self.context.mistake(mistake);
        }
        self.cursor.next_line();
        match self.block(depth + 1) {
            (statements, Some((word, _))) if ends.contains(&word) => Ok((statements, word)),
            (_, Some((word, at))) => Err(Mistake::new(at, format!("{word:?} belongs to nothing"))),
            (_, None) => Err(Mistake::new(span, "this does not end").help("end it with the word end")),
        }
    }

    fn call(&mut self) -> Result<Step, Mistake> {
        let name = data::name(&mut self.cursor, "the name of a procedure")?;
        let mut arguments = Vec::new();
        while !self.cursor.is_line_end() {
            let argument = data::data(&mut self.cursor, PLAIN)?;
            if argument.parts.is_empty() {
                return Err(self.cursor.unexpected("octets"));
            }
            arguments.push(argument);
            self.cursor.blank(false);
            if !self.cursor.take(",") {
                break;
            }
        }
        self.context.calls.push((name.clone(), arguments.len()));
        Ok(Step::Call { name, arguments })
    }

    fn inserted(&mut self) -> Result<Inserted, Mistake> {
        if self.is_string() {
            let (path, span) = self.cursor.string()?;
            return Ok(Inserted::File { path, span });
        }
        if !self.cursor.sees("with") {
            return Ok(Inserted::Same);
        }
        self.keyword("with")?;
        let mut applets = Vec::new();
        while applets.is_empty() || self.cursor.take(",") {
            self.cursor.blank(false);
            applets.push(data::name(&mut self.cursor, "the name of an applet")?.text);
            self.cursor.blank(false);
        }
        Ok(Inserted::With(applets))
    }

    fn channel(&mut self) -> Result<Channel, Mistake> {
        if self.cursor.take("open") {
            return Ok(Channel::Open);
        }
        if self.cursor.take("close") {
            self.cursor.blank(false);
            let is_number = self.cursor.peek().is_some_and(|next| next.is_ascii_digit());
            let number = if is_number { Some(self.channel_number()?) } else { None };
            return Ok(Channel::Close(number));
        }
        Ok(Channel::Use(self.channel_number()?))
    }

    /// A logical channel, 0 to 19 (TS 102 221 §10.1.1).
    fn channel_number(&mut self) -> Result<u8, Mistake> {
        let start = self.cursor.here();
        let number: u8 = data::number(&mut self.cursor, "open, close, or a channel from 0 to 19")?;
        if number < 20 {
            Ok(number)
        } else {
            Err(Mistake::new(self.cursor.since(start), "channels are 0 to 19"))
        }
    }

    fn said(&mut self) -> Result<Vec<Said>, Mistake> {
        let mut said = Vec::new();
        while !self.cursor.is_line_end() {
            if self.is_string() {
                said.push(Said::Text(self.cursor.string()?.0));
                continue;
            }
            let octets = data::data(&mut self.cursor, TEXTLESS)?;
            if octets.parts.is_empty() {
                return Err(self.cursor.unexpected("a text or octets"));
            }
            said.push(Said::Data(octets));
        }
        Ok(said)
    }

    fn expect(&mut self) -> Result<Expect, Mistake> {
        let missing = self.cursor.unexpected("the name of a proactive command");
        let (word, span) = self.cursor.word().ok_or(missing)?;
        let what = what(word).ok_or_else(|| {
            let near =
                nearest(word, commands().map(|(name, _)| name).chain(["sms".into(), "nothing".into()]));
            let mistake = Mistake::new(span, format!("there is no proactive command {word:?}"));
            match near {
                Some(near) => mistake.help(format!("is it {near:?}?")),
                None => mistake.help("as display-text, select-item, send-short-message, sms, nothing"),
            }
        })?;
        let mut clauses = Vec::new();
        loop {
            self.cursor.blank(false);
            let kind = match self.cursor.peek() {
                Some(b'"') => ClauseKind::Text,
                Some(b'a'..=b'z') => match self.one_of(&["containing", "item", "to"])? {
                    0 => ClauseKind::Containing,
                    1 => ClauseKind::Item,
                    _ => ClauseKind::To,
                },
                _ => break,
            };
            let (text, span) = self.string("a text")?;
            clauses.push(Clause { span, kind, text });
        }
        if what == What::Nothing
            && let Some(clause) = clauses.first()
        {
            return Err(Mistake::new(clause.span, "nothing has no text"));
        }
        Ok(Expect { what, clauses })
    }

    fn reply(&mut self) -> Result<Reply, Mistake> {
        const WORDS: &[&str] = &["ok", "yes", "no", "back", "end", "none", "help", "item", "result"];
        if self.is_string() {
            return Ok(Reply::Text(self.cursor.string()?.0));
        }
        Ok(match self.one_of(WORDS)? {
            0 => Reply::Done,
            1 => Reply::YesNo(true),
            2 => Reply::YesNo(false),
            3 => Reply::Result(GeneralResult::BACKWARD_MOVE_REQUESTED_BY_USER, None),
            4 => Reply::Result(GeneralResult::SESSION_TERMINATED_BY_USER, None),
            5 => Reply::Result(GeneralResult::NO_RESPONSE_FROM_USER, None),
            6 => Reply::Result(GeneralResult::HELP_REQUIRED_BY_USER, None),
            7 => {
                self.cursor.blank(false);
                Reply::Item(data::number(&mut self.cursor, "the number of an item")?)
            }
            _ => {
                self.cursor.blank(false);
                let start = self.cursor.here();
                let (word, span) = self.cursor.word().unwrap_or(("", start));
                let general = u8::from_str_radix(word, 16).ok().filter(|_| word.len() == 2);
                let general = general.ok_or_else(|| {
                    Mistake::new(span, "this is not a general result")
                        .help("one octet (TS 102 223 §8.12), as 20")
                })?;
                let additional = data::data(&mut self.cursor, PLAIN)?;
                Reply::Result(GeneralResult(general), (!additional.parts.is_empty()).then_some(additional))
            }
        })
    }

    fn sms(&mut self) -> Result<Sms, Mistake> {
        let content = if self.is_string() {
            SmsContent::Text(self.cursor.string()?.0)
        } else {
            let missing = self.cursor.unexpected("a text between quotation marks, data, or tpdu");
            match self.cursor.word() {
                Some(("data", _)) => SmsContent::Data(self.octets()?),
                Some(("tpdu", _)) => SmsContent::Tpdu(self.octets()?),
                _ => return Err(missing),
            }
        };
        self.cursor.blank(false);
        let from = if self.cursor.sees("from") {
            self.keyword("from")?;
            let (text, span) = self.string("a number")?;
            Some(Clause { span, kind: ClauseKind::To, text })
        } else {
            None
        };
        Ok(Sms { content, from })
    }

    fn octets(&mut self) -> Result<crate::syntax::Data, Mistake> {
        let octets = data::data(&mut self.cursor, PLAIN)?;
        if octets.parts.is_empty() { Err(self.cursor.unexpected("octets")) } else { Ok(octets) }
    }

    /// `500ms`, `2s`, `2m`, `1h`, `1h30m`.
    fn time(&mut self) -> Result<Duration, Mistake> {
        const HELP: &str = "as 500ms, 2s, 2m, 1h30m";
        let missing = self.cursor.unexpected("a time").help(HELP);
        let (word, span) = self.cursor.word().ok_or(missing)?;
        duration(word).ok_or_else(|| Mistake::new(span, "this is not a time").help(HELP))
    }

    fn is_string(&self) -> bool {
        self.cursor.peek() == Some(b'"')
    }

    fn string(&mut self, wanted: &str) -> Result<(String, Span), Mistake> {
        self.cursor.blank(false);
        if self.is_string() {
            self.cursor.string()
        } else {
            Err(self.cursor.unexpected(&format!("{wanted}, between quotation marks")))
        }
    }

    fn keyword(&mut self, word: &str) -> Result<(), Mistake> {
        self.one_of(&[word]).map(|_| ())?;
        self.cursor.blank(false);
        Ok(())
    }

    /// Which of these words stands here.
    fn one_of(&mut self, words: &[&str]) -> Result<usize, Mistake> {
        let list = || match words {
            [one] => format!("the word {one:?}"),
            several => format!("one of {}", several.join(", ")),
        };
        let missing = self.cursor.unexpected(&list());
        let (word, span) = self.cursor.word().ok_or(missing)?;
        words
            .iter()
            .position(|other| *other == word)
            .ok_or_else(|| Mistake::new(span, format!("this is not {}", list())))
    }
}

fn what(word: &str) -> Option<What> {
    match word {
        "sms" => Some(What::Sms),
        "nothing" => Some(What::Nothing),
        _ => commands().find(|(name, _)| name == word).map(|(_, kind)| What::Command(kind)),
    }
}

/// Whether this is how other programs write an octet: `0x00`.
fn is_prefixed(word: &str) -> bool {
    word.strip_prefix("0x").is_some_and(|octet| octet.bytes().all(|octet| octet.is_ascii_hexdigit()))
}

/// `1h30m` and its like, all parts with their unit.
fn duration(word: &str) -> Option<Duration> {
    /// A hundred years are enough for any card.
    const LONGEST: u64 = 100 * 366 * 24 * 3_600_000;
    let mut rest = word;
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = rest.split_at_checked(digits)?;
        let length = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at_checked(length)?;
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        millis = number.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(millis)?;
        rest = after;
    }
    (!word.is_empty() && millis <= LONGEST).then(|| Duration::from_millis(millis))
}

fn unknown(word: &str, span: Span) -> Mistake {
    let mistake = Mistake::new(span, format!("{word:?} begins nothing"));
    match nearest(word, VERBS.iter().map(|verb| verb.word.to_owned())) {
        Some(near) => mistake.help(format!("is it {near:?}?")),
        None => mistake.help("a command is hexadecimal digits; docs/SCRIPTS.md has all words"),
    }
}
