//! The interpreter of lines: a line goes in, text comes out, and the card is asked in between.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
    str::FromStr,
};

use oxisim_apdu::{Danger, Instruction, Response, Status, danger, fcp::Fcp};
use oxisim_card::KeyReference;
use oxisim_script::spaced;
use oxisim_transport::Transport;

use super::{
    files::{Contents, Entry, Files, Shape},
    paths::{self, Unknown},
    record::{Recorder, Tape},
    words::{self, COMMANDS, Command, Line, Takes, Verb},
};
use crate::{
    explain,
    failure::Failure,
    image::FilePath,
    live::{Adm, Answer, Attempts, Client, Key, Pin, PinArgs, Presented},
    progress::Progress,
    report::count,
};

/// Directories in directories that are gone into; no standard has more than four.
const DEEPEST: usize = 6;

/// The keys that are asked about, by what people call them.
const KEYS: &[(&str, KeyReference)] = &[
    ("PIN 1", KeyReference::PIN_1),
    ("PIN 2", KeyReference::PIN_2),
    ("universal PIN", KeyReference::UNIVERSAL),
    ("ADM 1", KeyReference::ADM_1),
];

/// No card says which files it has.
const NOT_LISTED: &str =
    "Files that no table here knows are not listed; `stat 2F99` finds one by its identifier.";

/// A shell on a card.
pub struct Shell {
    files: Files,
    here: FilePath,
    tape: Tape,
    /// The last command APDU that was typed, and its response.
    last: Option<(Vec<u8>, Vec<u8>)>,
    /// The name of the file that commands of the card have selected, as far as it is known.
    selected: Option<&'static str>,
    /// Whether commands that were typed may have selected something since.
    has_selected: bool,
    /// Whether what can lock or destroy the card is doubted.
    is_guarded: bool,
}

/// What comes after a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another line.
    Line,
    /// A line that begins with this, to be edited.
    Begun(String),
    /// The answer to a question: whether this command is really to be sent, [`Shell::send`].
    Doubt {
        /// The command APDU.
        command: Vec<u8>,
        /// What it may do.
        why: String,
    },
    /// Nothing.
    End,
}

/// What is written to.
type Out<'a> = &'a mut dyn Write;

impl Shell {
    /// Resets the card and begins in its MF.
    pub fn new(card: Box<dyn Transport>) -> Result<Self, Failure> {
        let tape = Tape::default();
        let client = Client::new(Box::new(Recorder::new(card, tape.clone())))?;
        let files = Files::new(client);
        Ok(Self {
            files,
            here: FilePath::MF,
            tape,
            last: None,
            selected: None,
            has_selected: false,
            is_guarded: false,
        })
    }

    /// The same shell on a card that somebody needs: what can lock or destroy it is doubted.
    pub fn guarded(self) -> Self {
        Self { is_guarded: true, ..self }
    }

    /// Verifies the PIN that was given with the card; what is to be said of it.
    pub fn verify_first(&mut self, args: &PinArgs) -> Result<Option<String>, Failure> {
        let Some(pin) = &args.pin else { return Ok(None) };
        let presented = args.verify_key(self.files.client(), pin)?;
        Ok((presented != Presented::Verified).then(|| said_of(Pin::NAME, presented)))
    }

    /// The directory that one is in.
    pub const fn here(&self) -> &FilePath {
        &self.here
    }

    /// What the card is, in a line.
    pub fn greeting(&mut self) -> String {
        let atr = hex::encode_upper(self.files.answer_to_reset());
        let kind = if self.files.is_gsm() { "SIM of GSM" } else { "UICC" };
        format!("{kind}, ATR {atr}; `help` lists the commands, Tab completes")
    }

    /// Does what a line says.
    pub fn line(&mut self, line: &str, out: Out<'_>) -> Result<Next, Failure> {
        let parsed = words::parse(line).map_err(Failure::Usage)?;
        if !matches!(parsed, Line::Nothing | Line::Command(Command { verb: Verb::Record, .. }, _)) {
            self.tape.typed(&without_secret(line));
        }
        match parsed {
            Line::Nothing => Ok(Next::Line),
            Line::Apdu(command) => self.apdu(command, out),
            Line::Command(command, arguments) => self.command(command, &arguments, out),
        }
    }

    /// Ends what has been begun.
    pub fn end(&mut self, out: Out<'_>) -> Result<(), Failure> {
        self.record_off(out).map(drop)
    }

    fn command(&mut self, command: &Command, arguments: &[&str], out: Out<'_>) -> Result<Next, Failure> {
        match (command.verb, arguments) {
            (Verb::Cd, []) => self.cd("/")?,
            (Verb::Cd, [directory]) => self.cd(directory)?,
            (Verb::Pwd, []) => writeln!(out, "{}", self.here)?,
            (Verb::Ls, []) => self.ls("", out)?,
            (Verb::Ls, [directory]) => self.ls(directory, out)?,
            (Verb::Tree, []) => self.tree("", out)?,
            (Verb::Tree, [directory]) => self.tree(directory, out)?,
            (Verb::Cat, [file]) => self.cat(file, None, out)?,
            (Verb::Cat, [file, record]) => self.cat(file, Some(record), out)?,
            (Verb::Hex, [file]) => self.hex(file, None, out)?,
            (Verb::Hex, [file, record]) => self.hex(file, Some(record), out)?,
            (Verb::Stat, [file]) => self.stat(file, out)?,
            (Verb::Edit, [file, rest @ ..]) => return self.edit(file, rest, out),
            (Verb::Pins, []) => self.pins(out)?,
            (Verb::VerifyPin, [pin, rest @ ..]) => self.verify::<Pin>(pin, rest, command, out)?,
            (Verb::VerifyAdm, [key, rest @ ..]) => self.verify::<Adm>(key, rest, command, out)?,
            (Verb::Reset, []) => self.reset(out)?,
            (Verb::Explain, octets) => self.explain(&octets.join(" "), out)?,
            (Verb::Record, ["off"]) => {
                if !self.record_off(out)? {
                    return Err(Failure::Usage("nothing is being recorded".into()));
                }
            }
            (Verb::Record, [path]) => self.record(Path::new(path), out)?,
            (Verb::Help, []) => help(COMMANDS.iter(), out)?,
            (Verb::Help, [word]) => {
                let unknown = || Failure::Usage(format!("there is no command {word}"));
                help([words::command(word).ok_or_else(unknown)?].into_iter(), out)?;
            }
            (Verb::Exit, []) => return Ok(Next::End),
            _ => return Err(usage(command)),
        }
        Ok(Next::Line)
    }

    fn path(&mut self, text: &str) -> Result<FilePath, Failure> {
        let (before, last) = paths::divide(text);
        if let Ok(directory) = paths::resolve(&self.here, before)
            && let Some(path) = self.files.named(&directory, last)?
        {
            return Ok(path);
        }
        paths::resolve(&self.here, text).map_err(|Unknown { within, step, why }| {
            Failure::Usage(match self.files.elsewhere(&step) {
                Some(path) => format!("there is no {step} in {within}, but {path}"),
                None => why,
            })
        })
    }

    fn open(&mut self, path: &FilePath) -> Result<(Answer, Shape), Failure> {
        self.files.open(path).map_err(|failure| self.files.with_hint(path, failure))
    }

    fn contents(&mut self, path: &FilePath, record: Option<u8>) -> Result<Contents, Failure> {
        self.files.read(path, record).map_err(|failure| self.files.with_hint(path, failure))
    }

    fn cd(&mut self, directory: &str) -> Result<(), Failure> {
        let path = self.path(directory)?;
        let (_, shape) = self.open(&path)?;
        if shape != Shape::Directory {
            return Err(Failure::Usage(format!("{path} is no directory")));
        }
        self.here = path;
        Ok(())
    }

    fn ls(&mut self, directory: &str, out: Out<'_>) -> Result<(), Failure> {
        let path = self.path(directory)?;
        let entries = self.files.list(&path)?;
        let rows: Vec<_> = entries.iter().map(|entry| (0, entry)).collect();
        table(&rows, out)?;
        Ok(writeln!(out, "{NOT_LISTED}")?)
    }

    fn tree(&mut self, directory: &str, out: Out<'_>) -> Result<(), Failure> {
        let path = self.path(directory)?;
        let mut rows = Vec::new();
        self.branch(&path, 1, &mut Progress::new(1), &mut rows)?;
        let rows: Vec<_> = rows.iter().map(|(depth, entry)| (*depth, entry)).collect();
        writeln!(out, "{path}")?;
        table(&rows, out)?;
        Ok(writeln!(out, "{NOT_LISTED}")?)
    }

    /// What stands in a directory, and in those in it, each with its depth.
    fn branch(
        &mut self,
        directory: &FilePath,
        depth: usize,
        progress: &mut Progress,
        rows: &mut Vec<(usize, Entry)>,
    ) -> Result<(), Failure> {
        let entries = self.files.list(directory)?;
        progress.more(entries.len() as u64);
        for entry in entries {
            progress.step(|| entry.name.clone());
            let inner = match entry.fid {
                Some(fid) => directory.child(fid),
                None => FilePath { application: Some(entry.name.clone()), fids: Vec::new() },
            };
            let is_directory = entry.shape == Some(Shape::Directory);
            rows.push((depth, entry));
            if is_directory && depth < DEEPEST {
                match self.branch(&inner, depth + 1, progress, rows) {
                    // A directory that is there and may not be entered is listed, and no more.
                    Err(Failure::NotDone(_)) => {}
                    other => other?,
                }
            }
        }
        Ok(())
    }

    fn cat(&mut self, file: &str, record: Option<&str>, out: Out<'_>) -> Result<(), Failure> {
        let path = self.path(file)?;
        let record = record.map(number).transpose()?;
        let contents = self.contents(&path, record)?;
        let name = self.files.kind(&path);
        match contents {
            Contents::Octets(octets) => {
                writeln!(out, "{}", decoded(&name, &octets).unwrap_or_else(|| spaced(&octets)))?;
            }
            Contents::Records(records) => {
                let mut free = 0;
                for (number, octets) in &records {
                    match octets {
                        Ok(octets) if record.is_none() && octets.iter().all(|&octet| octet == 0xFF) => {
                            free += 1;
                        }
                        Ok(octets) => {
                            let text = decoded(&name, octets).unwrap_or_else(|| spaced(octets));
                            let gap = if text.starts_with(' ') { "\n" } else { "  " };
                            writeln!(out, "{number:3}{gap}{text}")?;
                        }
                        Err(status) => writeln!(out, "{number:3}  {status}")?,
                    }
                }
                if free > 0 {
                    writeln!(out, "{free} of {} free", count(records.len(), "record"))?;
                }
            }
        }
        Ok(())
    }

    fn hex(&mut self, file: &str, record: Option<&str>, out: Out<'_>) -> Result<(), Failure> {
        let path = self.path(file)?;
        match self.contents(&path, record.map(number).transpose()?)? {
            Contents::Octets(octets) => writeln!(out, "{}", spaced(&octets))?,
            Contents::Records(records) => {
                for (number, octets) in records {
                    let text = octets.map_or_else(|status| status.to_string(), |octets| spaced(&octets));
                    writeln!(out, "{number:3}  {text}")?;
                }
            }
        }
        Ok(())
    }

    fn stat(&mut self, file: &str, out: Out<'_>) -> Result<(), Failure> {
        let path = self.path(file)?;
        let (answer, _) = self.open(&path)?;
        writeln!(out, "{path} {}", path.identifiers())?;
        if answer.status != Status::NORMAL {
            writeln!(out, "{}", answer.status)?;
        }
        Ok(explain::control_parameters(&answer.data, out)?)
    }

    fn edit(&mut self, file: &str, rest: &[&str], out: Out<'_>) -> Result<Next, Failure> {
        let path = self.path(file)?;
        let (_, shape) = self.open(&path)?;
        let (record, octets) = match (shape, rest) {
            (Shape::Records { cyclic: false, .. }, [record, octets @ ..]) => (Some(number(record)?), octets),
            (_, octets) => (None, octets),
        };
        if octets.is_empty() {
            // Of a cyclic file the latest record is the first, and a new one may begin as it.
            let is_cyclic = matches!(shape, Shape::Records { cyclic: true, .. });
            let there = match self.files.read(&path, record.or(is_cyclic.then_some(1)))? {
                Contents::Octets(octets) => octets,
                Contents::Records(records) => {
                    records.into_iter().find_map(|(_, octets)| octets.ok()).unwrap_or_default()
                }
            };
            let record = record.map(|number| format!("{number} ")).unwrap_or_default();
            return Ok(Next::Begun(format!("edit {file} {record}{}", hex::encode_upper(there))));
        }
        let octets = explain::octets_of(&octets.join(" ")).map_err(Failure::Usage)?;
        self.files.write(&path, record, &octets)?;
        match record {
            Some(record) => self.cat(file, Some(&record.to_string()), out)?,
            None => self.cat(file, None, out)?,
        }
        Ok(Next::Line)
    }

    fn pins(&mut self, out: Out<'_>) -> Result<(), Failure> {
        // The PINs of an application are asked about with it (TS 102 221 §9.4.1).
        let application = self.files.applications()?.first().map(|(name, _)| name.clone());
        let said = self.files.enter(&FilePath { application, fids: Vec::new() })?.data;
        // Which are enabled stands in what SELECT says (TS 102 221 §9.5.2).
        let states = Fcp::decode(&said).and_then(|fcp| fcp.pins()).unwrap_or_default();
        for &(name, key) in KEYS {
            let attempts = self.files.attempts(key)?;
            let is_disabled = states.iter().any(|state| state.key == key.0 && !state.enabled);
            let says = match attempts {
                Attempts::NoKey => continue,
                Attempts::Disabled => "disabled".into(),
                Attempts::NotNeeded => "verified, or disabled".into(),
                Attempts::Left(0) => "blocked".into(),
                Attempts::Left(left) => count(usize::from(left), "attempt") + " left",
                Attempts::NotSaid => "the card does not say".into(),
            };
            let says = match attempts {
                Attempts::Left(_) if is_disabled => format!("disabled; {says}"),
                Attempts::NotNeeded | Attempts::NotSaid if is_disabled => "disabled".into(),
                _ => says,
            };
            writeln!(out, "{name:13}  {says}")?;
        }
        Ok(())
    }

    fn verify<K: Key + FromStr<Err = String>>(
        &mut self,
        key: &str,
        rest: &[&str],
        command: &Command,
        out: Out<'_>,
    ) -> Result<(), Failure> {
        let last_try = match rest {
            [] => false,
            ["--last-try"] => true,
            _ => return Err(usage(command)),
        };
        let key: K = key.parse().map_err(Failure::Usage)?;
        let presented = PinArgs { pin: None, last_try }.verify_key(self.files.client(), &key)?;
        writeln!(out, "{}", said_of(key.name(), presented))?;
        Ok(())
    }

    fn reset(&mut self, out: Out<'_>) -> Result<(), Failure> {
        self.files.reset()?;
        (self.selected, self.has_selected) = (None, false);
        // It may be another card, which lacks the directory.
        if let Err(failure) = self.files.enter(&self.here) {
            let Failure::NotDone(_) = failure else { return Err(failure) };
            self.here = FilePath::MF;
        }
        Ok(explain::answer_to_reset(self.files.answer_to_reset(), out)?)
    }

    fn explain(&self, text: &str, out: Out<'_>) -> Result<(), Failure> {
        if !text.is_empty() {
            return explain::text(text, out);
        }
        let nothing = || Failure::Usage("no command of the card was typed yet".into());
        let (command, response) = self.last.as_ref().ok_or_else(nothing)?;
        let pair = format!("{} -> {}", hex::encode(command), hex::encode(response));
        explain::text(&pair, out)
    }

    /// Sends a command that was typed, unless there is doubt.
    fn apdu(&mut self, command: Vec<u8>, out: Out<'_>) -> Result<Next, Failure> {
        if let Some(danger) = danger(&command).filter(|_| self.is_guarded)
            && let Some(why) = self.doubt(&danger)?
        {
            return Ok(Next::Doubt { command, why });
        }
        self.send(command, out).map(|()| Next::Line)
    }

    /// What is to be said against a command; nothing if it tries a PIN, and a wrong one leaves another attempt.
    fn doubt(&mut self, danger: &Danger) -> Result<Option<String>, Failure> {
        let Danger::Attempt { question, .. } = danger else { return Ok(Some(danger.to_string())) };
        let said = self.files.client().exchange(question)?;
        let answer = Response::from_bytes(&said).map(|response| response.status);
        if answer.is_ok_and(|status| danger.leaves_another(status)) {
            return Ok(None);
        }
        let said = spaced(&said);
        Ok(Some(format!(
            "{danger}, and a wrong one would leave no other attempt, or the card does not say how many are left: {said}"
        )))
    }

    /// Sends a command, and says what the answer is.
    pub fn send(&mut self, command: Vec<u8>, out: Out<'_>) -> Result<(), Failure> {
        self.has_selected = true;
        let response = self.files.client().exchange(&command)?;
        explain::answer(&command, &response, self.selected, out)?;
        self.note_selected(&command, &response);
        self.last = Some((command, response));
        Ok(())
    }

    /// SELECT by file identifier or by path says which file the next commands are about.
    fn note_selected(&mut self, command: &[u8], response: &[u8]) {
        let &[_, instruction, p1, _, length, ref data @ ..] = command else { return };
        let status = response.last_chunk::<2>().map(|&octets| Status(u16::from_be_bytes(octets)));
        if Instruction(instruction) != Instruction::SELECT || !status.is_some_and(Status::is_normal) {
            return;
        }
        let data = data.get(..usize::from(length)).unwrap_or(data);
        let fid = data.last_chunk::<2>().filter(|_| matches!(p1, 0x00..=0x03 | 0x08 | 0x09));
        self.selected = fid.and_then(|fid| explain::content_name(&hex::encode_upper(fid)));
    }

    fn record(&mut self, path: &Path, out: Out<'_>) -> Result<(), Failure> {
        self.tape.begin(path)?;
        // A script begins with a card that was reset, and goes where the shell is.
        self.files.reset()?;
        self.files.enter(&self.here)?;
        let (path, here) = (path.display(), &self.here);
        writeln!(
            out,
            "the card was reset; what passes from now on goes into {path}, which begins in {here}"
        )?;
        Ok(())
    }

    /// Ends the recording, if there is one.
    fn record_off(&mut self, out: Out<'_>) -> Result<bool, Failure> {
        let Some(recorded) = self.tape.end()? else { return Ok(false) };
        let (commands, path) = (count(recorded.commands, "command"), recorded.path.display());
        writeln!(out, "{commands} in {path}")?;
        if recorded.has_pins {
            writeln!(out, "PINs or keys stand in it as they were given")?;
        }
        Ok(true)
    }

    /// Where in a line what is being typed begins, and what it may become.
    pub fn complete(&mut self, line: &str) -> (usize, Vec<String>) {
        let start = line.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let (before, begun) = line.split_at(start);
        let takes = match before.split_whitespace().next() {
            None => Takes::Commands,
            Some(word) => words::command(word).map_or(Takes::Words, |command| command.takes),
        };
        let is_first = before.split_whitespace().count() == 1;
        match takes {
            Takes::Commands => {
                let words =
                    COMMANDS.iter().map(|command| command.word).filter(|word| word.starts_with(begun));
                (start, words.map(|word| format!("{word} ")).collect())
            }
            Takes::Directories | Takes::Files if is_first => (start, self.paths(begun, takes)),
            _ => (start, Vec::new()),
        }
    }

    /// Paths that begin so: of what has been listed. What has not is listed now, unless commands that were typed have selected
    /// something, or a recording would have it.
    fn paths(&mut self, begun: &str, takes: Takes) -> Vec<String> {
        let (before, last) = paths::divide(begun);
        let Ok(directory) = paths::resolve(&self.here, before) else { return Vec::new() };
        if !self.has_selected && !self.tape.is_running() {
            // What cannot be listed has nothing to offer.
            let listed = self.files.list(&directory).map(drop);
            if let Err(failure) = listed.and_then(|()| self.files.applications().map(drop)) {
                log::debug!("{directory}: {failure}");
            }
        }
        let entries = self.files.listed(&directory).unwrap_or_default().iter();
        let is_directory = |entry: &Entry| entry.shape == Some(Shape::Directory);
        let mut names: BTreeMap<String, bool> =
            entries.map(|entry| (entry.name.clone(), is_directory(entry))).collect();
        if before.is_empty() || directory == FilePath::MF {
            names.extend(self.files.known_applications().map(|name| (name.to_owned(), true)));
        }
        names
            .into_iter()
            .filter(|(name, is_directory)| name.starts_with(last) && (takes == Takes::Files || *is_directory))
            .map(|(name, is_directory)| format!("{before}{name}{}", if is_directory { "/" } else { " " }))
            .collect()
    }
}

/// What became of a key that was given.
fn said_of(name: &str, presented: Presented) -> String {
    match presented {
        Presented::Verified => format!("the {name} is verified"),
        Presented::Disabled => format!("the {name} is disabled: nothing was verified"),
        Presented::NotNeeded => format!("the {name} is verified already, or disabled: nothing was verified"),
    }
}

/// Whether a line has a PIN or a key in it, which no history keeps.
pub fn is_secret(line: &str) -> bool {
    match words::parse(line) {
        Ok(Line::Command(command, _)) => matches!(command.verb, Verb::VerifyPin | Verb::VerifyAdm),
        Ok(Line::Apdu(octets)) => oxisim_apdu::carries_pin(&octets),
        _ => false,
    }
}

/// A line to be shown to others.
fn without_secret(line: &str) -> String {
    let line = line.trim();
    match words::parse(line) {
        Ok(Line::Command(command, arguments)) if is_secret(line) && !arguments.is_empty() => {
            format!("{} ...", command.word)
        }
        _ => line.into(),
    }
}

fn usage(command: &Command) -> Failure {
    Failure::Usage(format!("{} {}: {}", command.word, command.arguments, command.does).replace(" :", ":"))
}

/// The number of a record.
fn number(text: &str) -> Result<u8, Failure> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| Failure::Usage(format!("{text:?} is no number of a record, 1 to 255")))
}

fn decoded(name: &str, octets: &[u8]) -> Option<String> {
    explain::contents(name, octets)
}

fn help<'a>(commands: impl Iterator<Item = &'a Command> + Clone, out: Out<'_>) -> io::Result<()> {
    let words = |command: &Command| format!("{} {}", command.word, command.arguments);
    let width = commands.clone().map(|command| words(command).len()).max().unwrap_or_default();
    for command in commands.clone() {
        writeln!(out, "{:width$}  {}", words(command), command.does)?;
    }
    if commands.count() > 1 {
        writeln!(out, "{:width$}  sends it, and says what the answer is", "APDU in hexadecimal")?;
    }
    Ok(())
}

/// A line for each file: name, identifier, what it is.
fn table(rows: &[(usize, &Entry)], out: Out<'_>) -> io::Result<()> {
    let indented = |(depth, entry): &(usize, &Entry)| format!("{}{}", "  ".repeat(*depth), entry.name);
    let width = rows.iter().map(|row| indented(row).len()).max().unwrap_or_default();
    for row in rows {
        let (_, entry) = row;
        let fid = entry.fid.map(|fid| format!("{fid:04X}")).unwrap_or_default();
        let shape = match entry.shape {
            Some(Shape::Directory) => "directory".into(),
            Some(Shape::Transparent(size)) => format!("transparent, {}", count(size, "octet")),
            Some(Shape::Records { record, records, cyclic }) => {
                let kind = if cyclic { "cyclic" } else { "linear fixed" };
                format!("{kind}, {} of {}", count(records, "record"), count(usize::from(record), "octet"))
            }
            Some(Shape::Objects(size)) => format!("BER-TLV, {} at most", count(size, "octet")),
            None => "SELECT does not say what it is".into(),
        };
        let warning = entry.warning.map(|status| format!("; {status}")).unwrap_or_default();
        writeln!(out, "{:width$}  {fid:4}  {shape}{warning}", indented(row))?;
    }
    Ok(())
}
