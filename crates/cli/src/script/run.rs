//! One script, from its file to its end.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use oxisim_apdu::Response;
use oxisim_script::{
    Answer, By, Event, Mistake, Output, Program, Request, Runner, Sources, Span, Wrong, spaced,
    syntax::Inserted,
};

use super::{
    Manner, declared, diagnostic,
    handset::Handset,
    place::{Place, PlaceArgs},
    sources,
    update::{Update, Updates},
};
use crate::{explain, failure::Failure};

/// The most failures of a script that are shown and told; the rest are counted.
const MOST_SHOWN: usize = 20;

/// How a script ended.
#[derive(Debug)]
pub struct Ended {
    /// Its file.
    pub path: PathBuf,
    /// Its texts.
    pub sources: Sources,
    /// What is wrong with its text.
    pub mistakes: Vec<Mistake>,
    /// What did not come true first, and what ended it.
    pub failures: Vec<oxisim_script::Failure>,
    /// How much did not come true.
    pub failed: usize,
    /// How many expectations came true.
    pub passed: usize,
    /// How many commands it sent.
    pub commands: usize,
    /// Whether it names a card, and has run on another.
    pub elsewhere: bool,
    /// What was got in the place of what was expected, if somebody wants to know.
    pub updates: Updates,
    /// What did not come true and is not updated: where, and why.
    pub left: Vec<(String, &'static str)>,
    /// How long it took.
    pub took: std::time::Duration,
}

/// The worst that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything came true.
    Passed,
    /// An expectation did not.
    Failed,
    /// The script could not go on.
    Broken,
    /// The script is wrong.
    Wrong,
}

impl Ended {
    /// The worst that happened.
    pub fn verdict(&self) -> Verdict {
        let any = |is: fn(&Wrong) -> bool| self.failures.iter().any(|failure| is(&failure.what));
        if !self.mistakes.is_empty() || any(|what| matches!(what, Wrong::Mistake(_))) {
            Verdict::Wrong
        } else if any(|what| matches!(what, Wrong::Stopped(_))) {
            Verdict::Broken
        } else if self.failures.is_empty() {
            Verdict::Passed
        } else {
            Verdict::Failed
        }
    }

    /// Whether there was no text to be run.
    pub fn is_unread(&self) -> bool {
        self.sources.get(0).is_none()
    }

    /// The line of a place, as people say it.
    pub fn place_of(&self, span: Span) -> String {
        if self.is_unread() { self.path.display().to_string() } else { place_of(&self.sources, span) }
    }
}

/// Runs a script.
///
/// A card that it names is put into the place, unless the command line names another.
pub fn script(
    path: &Path,
    place: &mut Place,
    args: &PlaceArgs,
    manner: Manner,
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    let begin = Instant::now();
    let mut ended = Ended {
        path: path.into(),
        sources: Sources::default(),
        mistakes: Vec::new(),
        failures: Vec::new(),
        failed: 0,
        passed: 0,
        commands: 0,
        elsewhere: false,
        updates: Updates::default(),
        left: Vec::new(),
        took: std::time::Duration::ZERO,
    };
    let read = match sources::script(path) {
        Ok(script) => Program::read(&mut ended.sources, script, &mut sources::included),
        Err(error) => {
            let failure = Failure::Read { path: path.into(), error };
            Err(vec![Mistake::new(Span::default(), failure.to_string())])
        }
    };
    match read {
        Ok(program) => {
            if let Some(card) = &program.card {
                ended.elsewhere = args.is_real() || args.built_in().names_card();
                if !ended.elsewhere {
                    match declared::card(card, path, args) {
                        Ok(card) => *place = Place::fresh(card, args, place.recorder()),
                        Err(failure) => {
                            let what = Wrong::Stopped(failure.to_string());
                            let failure = oxisim_script::Failure { span: card.span, calls: Vec::new(), what };
                            tell(Event::Failed(failure), manner, &mut ended, out)?;
                            return Ok(ended);
                        }
                    }
                }
            }
            run(&program, place, manner, &mut ended, out)?;
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                writeln!(out, "{}", diagnostic::mistake(&ended.sources, mistake, manner.colour))?;
            }
            ended.mistakes = mistakes;
        }
    }
    ended.took = begin.elapsed();
    Ok(ended)
}

fn run(
    program: &Program,
    place: &mut Place,
    manner: Manner,
    ended: &mut Ended,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut runner = Runner::new(program, manner.settings);
    let mut handset = None::<Handset>;
    while let Some(output) = runner.poll_output() {
        match output {
            Output::Ask(request) => {
                let request = beside(request, &ended.sources);
                let answer = place.answer(request, &mut handset);
                for (command, response) in handset.iter_mut().flat_map(Handset::take_exchanged) {
                    ended.commands += 1;
                    if manner.transcript {
                        exchanged(&command, &response, out)?;
                    }
                }
                runner
                    .handle_answer(answer.unwrap_or_else(|failure| Answer::Impossible(failure.to_string())));
            }
            Output::Tell(event) => tell(event, manner, ended, out)?,
        }
    }
    if ended.failed > ended.failures.len() {
        writeln!(out, "and {} more\n", ended.failed - ended.failures.len())?;
    }
    Ok(())
}

/// The file of a card is where the text is that names it.
fn beside(request: Request, sources: &Sources) -> Request {
    match request {
        Request::Insert(Inserted::File { path, span }) => {
            let text = sources.get(span.source).map_or("", |source| source.name.as_str());
            let path = sources::beside(Path::new(text), &path).to_string_lossy().into_owned();
            Request::Insert(Inserted::File { path, span })
        }
        request => request,
    }
}

fn tell(event: Event, manner: Manner, ended: &mut Ended, out: &mut dyn Write) -> Result<(), Failure> {
    let is_shown = |by: By| manner.transcript || by == By::Script;
    let update = |ended: &mut Ended, update: Update| {
        if manner.updates {
            ended.updates.take(update);
        }
    };
    match event {
        Event::Reset { by, answer, .. } => {
            if is_shown(by) {
                writeln!(out, "> reset\n< {}", spaced(&answer))?;
            }
        }
        Event::Exchanged { span, by, command, response } => {
            ended.commands += 1;
            if is_shown(by) {
                exchanged(&command, &response, out)?;
            }
            if by == By::Script {
                update(ended, Update::behind(span, &response));
            }
        }
        Event::Passed(span) => {
            ended.passed += 1;
            update(ended, Update::kept(span));
        }
        Event::Failed(failure) => {
            ended.failed += 1;
            if let Some(new) = Update::of(&failure, &ended.sources) {
                update(ended, new);
            }
            // What ends a script is the last, and always shown.
            if ended.failures.len() < MOST_SHOWN || failure.what.is_end() {
                writeln!(out, "{}", diagnostic::failure(&ended.sources, &failure, manner.colour))?;
                ended.failures.push(failure);
            }
        }
        Event::Shown { span, text } => update(ended, Update::shown(span, &text)),
        Event::Said(text) => writeln!(out, "{}", visible(&text))?,
        Event::Decode { octets, .. } => match explain::in_words(&octets) {
            Ok(words) => write!(out, "{words}")?,
            Err(error) => writeln!(
                out,
                "{}: {error}",
                octets.iter().map(|octets| spaced(octets)).collect::<Vec<_>>().join(" -> ")
            )?,
        },
    }
    Ok(())
}

/// A text without what a terminal would do instead of showing it.
fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
        out
    })
}

/// A command and its response, as scriptor prints them.
fn exchanged(command: &[u8], response: &[u8], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "> {}\n< {}", spaced(command), answered(response))
}

/// A response, with what its status word says.
fn answered(response: &[u8]) -> String {
    let text = Response::from_bytes(response).ok().and_then(|response| response.status.text());
    match text {
        Some(text) => format!("{} : {text}", spaced(response)),
        None => spaced(response),
    }
}

/// The line of a place, as people say it.
pub fn place_of(sources: &Sources, span: Span) -> String {
    let name = sources.get(span.source).map_or("", |source| source.name.as_str());
    format!("{name}:{}", sources.line(span))
}
