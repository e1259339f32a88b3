//! Lines from a terminal, with history and completion; or from a pipe.

use std::{
    cell::RefCell,
    io::{self, BufRead, Write},
    path::PathBuf,
    rc::Rc,
};

use rustyline::{
    Completer, Context, Editor, Helper, Highlighter, Hinter, Validator,
    completion::Completer,
    config::{CompletionType, Config},
    error::ReadlineError,
    history::FileHistory,
};

use super::machine::{Next, Shell, is_secret};
use crate::failure::Failure;

/// Lines that the history keeps.
const HISTORY: usize = 1_000;

/// Reads lines from whoever sits at the terminal, until the end. What fails is said, and the next line comes.
pub fn converse(shell: Shell) -> Result<(), Failure> {
    let shell = Rc::new(RefCell::new(shell));
    let mut editor = editor(&shell).map_err(broken)?;
    let history = history();
    if let Some(path) = &history
        && let Err(error) = editor.load_history(path)
    {
        log::debug!("no history in {}: {error}", path.display());
    }
    let out = &mut io::stdout();
    writeln!(out, "{}", shell.borrow_mut().greeting())?;
    let mut begun = String::new();
    loop {
        let prompt = format!("{}> ", shell.borrow().here());
        let line = match editor.readline_with_initial(&prompt, (&std::mem::take(&mut begun), "")) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(broken(error)),
        };
        if !line.trim().is_empty() && !is_secret(&line) {
            editor.add_history_entry(line.trim()).map_err(broken)?;
        }
        let mut next = shell.borrow_mut().line(&line, out);
        if let Ok(Next::Doubt { command, why }) = next {
            next = if is_confirmed(&mut editor, &why)? {
                shell.borrow_mut().send(command, out).map(|()| Next::Line)
            } else {
                writeln!(out, "it was not sent")?;
                continue;
            };
        }
        match next {
            Ok(Next::Line | Next::Doubt { .. }) => {}
            Ok(Next::Begun(line)) => begun = line,
            Ok(Next::End) => break,
            Err(Failure::Output(error)) => return Err(error.into()),
            Err(Failure::Card(error)) => writeln!(out, "{error}; `reset` tries it again")?,
            Err(failure) => writeln!(out, "{failure}")?,
        }
    }
    if let Some(path) = &history {
        let kept = path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(ReadlineError::from);
        if let Err(error) = kept.and_then(|()| editor.save_history(path)) {
            log::warn!("the history cannot be kept in {}: {error}", path.display());
        }
    }
    shell.borrow_mut().end(out)
}

/// Asks whoever sits at the terminal whether a command is really to be sent.
fn is_confirmed(editor: &mut Editor<Words, FileHistory>, why: &str) -> Result<bool, Failure> {
    match editor.readline(&format!("{why}. Send it? [y/N] ")) {
        Ok(answer) => Ok(matches!(answer.trim(), "y" | "Y" | "yes")),
        Err(ReadlineError::Interrupted | ReadlineError::Eof) => Ok(false),
        Err(error) => Err(broken(error)),
    }
}

/// Reads lines from a pipe or a file, until the end or the first that fails. Nobody is there to be asked.
pub fn follow(mut shell: Shell, lines: impl BufRead, out: &mut impl Write) -> Result<(), Failure> {
    for (number, line) in (1..).zip(lines.split(b'\n')) {
        let line = line.map_err(|error| Failure::Read { path: "-".into(), error })?;
        let line = String::from_utf8(line)
            .map_err(|error| Failure::Usage(format!("line {number}: it is not UTF-8: {error}")))?;
        match shell.line(&line, out) {
            Ok(Next::Line) => {}
            Ok(Next::End) => break,
            Ok(Next::Doubt { why, .. }) => {
                return Err(Failure::NotDone(format!(
                    "line {number}: not sent: {why}; --allow-destructive sends it"
                )));
            }
            Ok(Next::Begun(_)) => {
                return Err(Failure::Usage(format!("line {number}: what is to be written?")));
            }
            Err(Failure::NotDone(reason)) => {
                return Err(Failure::NotDone(format!("line {number}: {reason}")));
            }
            Err(Failure::Usage(reason)) => return Err(Failure::Usage(format!("line {number}: {reason}"))),
            Err(failure) => return Err(failure),
        }
    }
    shell.end(out)
}

/// What completes lines.
#[derive(Helper, Completer, Hinter, Highlighter, Validator)]
struct Words {
    #[rustyline(Completer)]
    completion: Completion,
}

struct Completion(Rc<RefCell<Shell>>);

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.0.borrow_mut().complete(line.get(..at).unwrap_or(line)))
    }
}

fn editor(shell: &Rc<RefCell<Shell>>) -> rustyline::Result<Editor<Words, FileHistory>> {
    let config = Config::builder().max_history_size(HISTORY)?.completion_type(CompletionType::List).build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Words { completion: Completion(Rc::clone(shell)) }));
    Ok(editor)
}

/// Where the history is kept: in the folder that XDG has for what programs remember.
fn history() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("oxisim/shell-history"))
}

fn broken(error: ReadlineError) -> Failure {
    Failure::Output(io::Error::other(error))
}
