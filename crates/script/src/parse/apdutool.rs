//! The scripts that the Java Card development kit's apdutool reads.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use oxisim_apdu::{Class, Command, Instruction};
use oxisim_wire::Duration;

use super::{
    Context,
    cursor::{AID, Cursor},
    data,
};
use crate::{
    source::{Mistake, Span},
    syntax::{Data, Expected, Part, Said, Statement, Step},
};

/// Words that a script of the kit begins with.
pub const WORDS: &[&str] = &["powerup", "contacted", "contactless", "output", "extended"];

/// Names of names of names.
const DEEPEST: usize = 8;

/// Reads a text.
pub fn read(cursor: Cursor<'_>, context: &mut Context<'_, '_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut parser = Parser { cursor, extended: false, names: BTreeMap::new() };
    while !parser.cursor.is_end() && !context.has_enough {
        let start = parser.cursor.here();
        if parser.cursor.sees("#") {
            if let Err(mistake) = parser.directive() {
                context.mistake(mistake);
            }
            parser.cursor.next_line();
            continue;
        }
        let steps = match parser.statement() {
            Ok(steps) => steps,
            Err(mistake) => {
                context.mistake(mistake);
                let end = parser.cursor.rest().find(';').unwrap_or(parser.cursor.rest().len());
                parser.cursor.skip(end);
                Vec::new()
            }
        };
        let span = parser.cursor.solid_since(start);
        parser.cursor.blank(true);
        if !parser.cursor.take(";") && !parser.cursor.is_end() {
            context.mistake(parser.cursor.unexpected("the ; that ends it"));
            parser.cursor.next_line();
        }
        let statement = |step| Statement { span, step, expected: Expected::default() };
        statements.extend(steps.into_iter().map(statement));
    }
    statements
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    /// Whether commands may have extended lengths.
    extended: bool,
    /// What `#define` has given a name.
    names: BTreeMap<&'a str, &'a str>,
}

impl<'a> Parser<'a> {
    /// `#define NAME OCTETS`, `#define NAME //aid/RID/PIX`.
    fn directive(&mut self) -> Result<(), Mistake> {
        let start = self.cursor.here();
        self.cursor.skip(1);
        let missing = self.cursor.unexpected("a directive");
        let (word, _) = self.cursor.word().ok_or(missing)?;
        if word != "define" {
            let what = format!("#{word} is not one of the directives that are understood");
            return Err(Mistake::new(self.cursor.since(start), what).help("#define NAME OCTETS"));
        }
        self.cursor.blank(false);
        let missing = self.cursor.unexpected("a name");
        let (name, _) = self.cursor.word().ok_or(missing)?;
        self.cursor.blank(false);
        let line = self.cursor.rest().lines().next().unwrap_or_default();
        let comment =
            line.match_indices("//").find(|(at, _)| !line.get(*at..).unwrap_or_default().starts_with(AID));
        let value = line.get(..comment.map_or(line.len(), |(at, _)| at)).unwrap_or_default().trim();
        if value.is_empty() {
            return Err(self.cursor.unexpected("what the name stands for"));
        }
        self.names.insert(name, value);
        Ok(())
    }

    fn statement(&mut self) -> Result<Vec<Step>, Mistake> {
        if self.cursor.sees("0x") || self.cursor.sees("0X") {
            let (octets, span) = octets(&mut self.cursor)?;
            return Ok([send(command(octets, self.extended), span)].into());
        }
        let missing = self.cursor.unexpected("a command");
        let (word, span) = self.cursor.word().ok_or(missing)?;
        self.cursor.blank(true);
        Ok(match word {
            "powerup" => [Step::Power(true)].into(),
            "powerdown" => [Step::Power(false)].into(),
            "echo" => match self.cursor.peek() {
                Some(b'"') => [Step::Echo([Said::Text(self.cursor.string()?.0)].into())].into(),
                _ => return Err(self.cursor.unexpected("a text between quotation marks")),
            },
            "delay" => [Step::Wait(Duration::from_millis(
                data::number::<u32>(&mut self.cursor, "a number of milliseconds").map(u64::from)?,
            ))]
            .into(),
            // What is printed is the host's.
            "output" => {
                self.on_or_off()?;
                Vec::new()
            }
            "contacted" => Vec::new(),
            "contactless" => {
                let mistake = Mistake::new(span, "a card is spoken to by its contacts only");
                return Err(mistake.help("contacted; says so"));
            }
            "extended" => {
                self.extended = self.on_or_off()?;
                Vec::new()
            }
            // MANAGE CHANNEL (ISO/IEC 7816-4 §11.1.2).
            "open" => {
                let number = self.number()?.unwrap_or(0);
                let manage = Command::new(self.class_on()?, Instruction::MANAGE_CHANNEL, 0x00, number);
                // A card that chooses the channel says which.
                let manage = if number == 0 { manage.ne(1) } else { manage };
                [send(manage.to_bytes(), self.cursor.solid_since(span))].into()
            }
            "close" => {
                let missing = self.cursor.unexpected("the number of a channel");
                let number = self.number()?.ok_or(missing)?;
                let manage = Command::new(self.class_on()?, Instruction::MANAGE_CHANNEL, 0x80, number);
                [send(manage.to_bytes(), self.cursor.solid_since(span))].into()
            }
            "select" => {
                let aid = self.value()?;
                let class = self.class_on()?;
                let span = self.cursor.solid_since(span);
                [send(select(class, &aid, span)?, span)].into()
            }
            "send" => self.send_to(span)?,
            _ => {
                let what = format!("{word:?} is not of those commands of apdutool that are understood");
                let help = "powerup, powerdown, echo, delay, output, contacted, extended, open, close, select, send, and octets";
                return Err(Mistake::new(span, what).help(help));
            }
        })
    }

    /// `send OCTETS to AID on CHANNEL`: the applet is selected first, if one is named.
    fn send_to(&mut self, start: Span) -> Result<Vec<Step>, Mistake> {
        let mut octets = command(self.value()?, self.extended);
        self.cursor.blank(true);
        let aid = if self.take_word("to") { Some(self.value()?) } else { None };
        let class = self.class_on()?;
        let span = self.cursor.solid_since(start);
        if let (Some(first), Some(channel)) =
            (octets.first_mut(), class.channel().filter(|channel| *channel != 0))
        {
            let moved = Class(*first).on_channel(channel);
            let what = || Mistake::new(span, "its class byte cannot say a channel");
            *first = moved.ok_or_else(what)?.0;
        }
        let select = aid.map(|aid| select(class, &aid, span)).transpose()?;
        Ok(select.into_iter().chain([octets]).map(|octets| send(octets, span)).collect())
    }

    /// `on CHANNEL`, as the class byte of an interindustry command; the basic channel if nothing is said.
    fn class_on(&mut self) -> Result<Class, Mistake> {
        self.cursor.blank(true);
        let start = self.cursor.here();
        if !self.take_word("on") {
            return Ok(Class::INTERINDUSTRY);
        }
        self.cursor.blank(true);
        let missing = self.cursor.unexpected("the number of a channel");
        let number = self.number()?.ok_or(missing)?;
        let what = || Mistake::new(self.cursor.since(start), "channels are 0 to 19");
        Class::INTERINDUSTRY.on_channel(number).ok_or_else(what)
    }

    /// The number of a channel, or the name of one.
    fn number(&mut self) -> Result<Option<u8>, Mistake> {
        self.cursor.blank(true);
        let mut ahead = self.cursor.clone();
        let Some((word, span)) = ahead.word() else { return Ok(None) };
        let value = self.named(word);
        if word == "on" && value == word {
            return Ok(None);
        }
        self.cursor = ahead;
        let what = || Mistake::new(span, "this is not a channel: they are 0 to 19");
        value.parse().ok().filter(|number| *number < 20).map(Some).ok_or_else(what)
    }

    /// What a name stands for; a word that is no name stands for itself.
    fn named<'b>(&self, word: &'b str) -> &'b str
    where
        'a: 'b,
    {
        let mut value = word;
        for _ in 0..DEEPEST {
            match self.names.get(value) {
                Some(behind) => value = behind,
                None => break,
            }
        }
        value
    }

    /// Octets, an AID, or the name of one of these.
    fn value(&mut self) -> Result<Vec<u8>, Mistake> {
        self.cursor.blank(true);
        if self.cursor.sees(AID) || self.cursor.sees("0x") || self.cursor.sees("0X") {
            return value(&mut self.cursor);
        }
        let missing = self.cursor.unexpected("octets, //aid/RID/PIX, or a name");
        let (word, span) = self.cursor.word().ok_or(missing)?;
        let text = self.named(word);
        let mut inner = Cursor::new(text, 0, "//");
        let octets = value(&mut inner).ok().filter(|_| inner.is_end());
        octets.ok_or_else(|| Mistake::new(span, format!("{word} does not stand for octets")))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let mut ahead = self.cursor.clone();
        let is_next = ahead.word().is_some_and(|(next, _)| next == word);
        if is_next {
            self.cursor = ahead;
        }
        is_next
    }

    fn on_or_off(&mut self) -> Result<bool, Mistake> {
        let missing = self.cursor.unexpected("on or off");
        match self.cursor.word() {
            Some(("on", _)) => Ok(true),
            Some(("off", _)) => Ok(false),
            _ => Err(missing),
        }
    }
}

/// Octets, or an AID.
fn value(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Mistake> {
    if !cursor.sees(AID) {
        return octets(cursor).map(|(octets, _)| octets);
    }
    let start = cursor.here();
    cursor.skip(AID.len());
    let digits =
        |cursor: &mut Cursor<'_>| cursor.word().map_or_else(String::new, |(word, _)| word.to_string());
    let mut all = digits(cursor);
    if cursor.take("/") {
        all += &digits(cursor);
    }
    let (pairs, half) = all.as_bytes().as_chunks::<2>();
    let octet = |pair: &[u8; 2]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    let aid: Option<Vec<u8>> = pairs.iter().map(octet).collect();
    let what = || Mistake::new(cursor.since(start), "this is not an AID").help("//aid/A000000062/03010C01");
    aid.filter(|aid| half.is_empty() && !aid.is_empty()).ok_or_else(what)
}

/// `0x00 0xA4 …`.
fn octets(cursor: &mut Cursor<'_>) -> Result<(Vec<u8>, Span), Mistake> {
    let start = cursor.here();
    let mut octets = Vec::new();
    loop {
        cursor.blank(true);
        if !(cursor.sees("0x") || cursor.sees("0X")) {
            break;
        }
        let (word, span) = cursor.word().unwrap_or_default();
        let digits = word.get(2..).unwrap_or_default();
        let octet = u8::from_str_radix(digits, 16).ok().filter(|_| digits.len() <= 2);
        octets.push(octet.ok_or_else(|| Mistake::new(span, String::from("this is not an octet")))?);
    }
    if octets.is_empty() { Err(cursor.unexpected("octets")) } else { Ok((octets, cursor.solid_since(start))) }
}

/// Lc is always written in such a script, and so is Le; a command APDU (ISO/IEC 7816-3 §12.1) has no Lc of zero.
fn command(mut octets: Vec<u8>, extended: bool) -> Vec<u8> {
    if !extended && octets.len() == 6 && octets.get(4) == Some(&0) {
        octets.remove(4);
    }
    octets
}

/// SELECT by AID, of 16 octets at most (ISO/IEC 7816-4 §12.3.4); it may be the beginning of one.
fn select(class: Class, aid: &[u8], span: Span) -> Result<Vec<u8>, Mistake> {
    if aid.len() > 16 {
        return Err(Mistake::new(span, "an AID has 16 octets at most"));
    }
    Ok(Command::new(class, Instruction::SELECT, 0x04, 0x00).data(aid).ne(256).to_bytes())
}

fn send(octets: Vec<u8>, span: Span) -> Step {
    Step::Send(Data { span, parts: [Part::Octets(octets)].into() })
}
