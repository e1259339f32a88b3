//! The interpreter of lines: a line goes in, text comes out, and the card is asked in between.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::Path,
    str::FromStr,
};

use oxisim_apdu::{Instruction, Status};
use oxisim_card::KeyReference;
use oxisim_script::spaced;
use oxisim_transport::Transport;

use super::{
    files::{Contents, Entry, Files, Shape},
    paths,
    record::{Recorder, Tape},
    words::{self, COMMANDS, Command, Line, Takes, Verb},
};
use crate::{
    explain,
    failure::Failure,
    image::FilePath,
    live::{Adm, Attempts, Client, Key, Pin, PinArgs},
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

/// A shell on a card.
pub struct Shell {
    files: Files,
    here: FilePath,
    tape: Tape,
    /// The last command APDU that was typed, and its response.
    last: Option<(Vec<u8>, Vec<u8>)>,
    /// The name of the file that commands of the card have selected, as far as it is known.
    selected: Option<&'static str>,
}

/// What comes after a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another line.
    Line,
    /// A line that begins with this, to be edited.
    Begun(String),
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
        Ok(Self { files, here: FilePath::MF, tape, last: None, selected: None })
    }

    /// Verifies the PIN that was given with the card.
    pub fn verify_first(&mut self, pin: &PinArgs) -> Result<(), Failure> {
        pin.verify(self.files.client())
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
            Line::Apdu(command) => self.apdu(command, out).map(|()| Next::Line),
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
        paths::resolve(&self.here, text).map_err(Failure::Usage)
    }

    fn cd(&mut self, directory: &str) -> Result<(), Failure> {
        let path = self.path(directory)?;
        let (_, shape) = self.files.open(&path)?;
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
        Ok(table(&rows, out)?)
    }

    fn tree(&mut self, directory: &str, out: Out<'_>) -> Result<(), Failure> {
        let path = self.path(directory)?;
        let mut rows = Vec::new();
        self.branch(&path, 1, &mut Progress::new(1), &mut rows)?;
        let rows: Vec<_> = rows.iter().map(|(depth, entry)| (*depth, entry)).collect();
        writeln!(out, "{path}")?;
        Ok(table(&rows, out)?)
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
        let contents = self.files.read(&path, record)?;
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
        match self.files.read(&path, record.map(number).transpose()?)? {
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
        let (answer, _) = self.files.open(&path)?;
        writeln!(out, "{path} {}", path.identifiers())?;
        if answer.status != Status::NORMAL {
            writeln!(out, "{}", answer.status)?;
        }
        Ok(explain::control_parameters(&answer.data, out)?)
    }

    fn edit(&mut self, file: &str, rest: &[&str], out: Out<'_>) -> Result<Next, Failure> {
        let path = self.path(file)?;
        let (_, shape) = self.files.open(&path)?;
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
        let usim = self.files.applications()?.first().map(|(name, _)| name.clone());
        if let Some(application) = usim {
            self.files.enter(&FilePath { application: Some(application), fids: Vec::new() })?;
        }
        for &(name, key) in KEYS {
            let attempts = self.files.attempts(key)?;
            let says = match attempts {
                Attempts::NoKey => continue,
                Attempts::NotNeeded => "disabled, or verified".into(),
                Attempts::Left(0) => "blocked".into(),
                Attempts::Left(left) => count(usize::from(left), "attempt") + " left",
                Attempts::NotSaid => "the card does not say".into(),
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
        PinArgs { pin: None, last_try }.verify_key(self.files.client(), &key)?;
        writeln!(out, "the {} is verified", key.name())?;
        Ok(())
    }

    fn reset(&mut self, out: Out<'_>) -> Result<(), Failure> {
        self.files.reset()?;
        self.selected = None;
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

    fn apdu(&mut self, command: Vec<u8>, out: Out<'_>) -> Result<(), Failure> {
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
    pub fn complete(&self, line: &str) -> (usize, Vec<String>) {
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

    /// Paths that begin so: of what has been listed, or else of what the tables know.
    fn paths(&self, begun: &str, takes: Takes) -> Vec<String> {
        let (before, last) = paths::divide(begun);
        let Ok(directory) = paths::resolve(&self.here, before) else { return Vec::new() };
        let mut names: BTreeSet<String> = match self.files.listed(&directory) {
            Some(entries) => entries.iter().map(|entry| entry.name.clone()).collect(),
            None => directory
                .known_children()
                .filter_map(|fid| directory.child(fid).name())
                .map(Into::into)
                .collect(),
        };
        if before.is_empty() || directory == FilePath::MF {
            let usual = ["ADF.USIM", "ADF.ISIM"].map(str::to_owned);
            let mut known = self.files.known_applications().map(str::to_owned).peekable();
            if known.peek().is_some() { names.extend(known) } else { names.extend(usual) }
        }
        let is_directory = |name: &str| !name.starts_with("EF.");
        let wanted = names.into_iter().filter(|name| name.starts_with(last));
        wanted
            .filter(|name| takes == Takes::Files || is_directory(name))
            .map(|name| format!("{before}{name}{}", if is_directory(&name) { "/" } else { " " }))
            .collect()
    }
}

/// Whether a line has a PIN or a key in it, which no history keeps.
pub fn is_secret(line: &str) -> bool {
    match words::parse(line) {
        Ok(Line::Command(command, _)) => matches!(command.verb, Verb::VerifyPin | Verb::VerifyAdm),
        Ok(Line::Apdu(octets)) => super::record::carries_pin(&octets),
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
