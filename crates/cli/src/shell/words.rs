//! What can be typed.

use crate::explain;

/// What a command takes, for completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing that can be completed.
    Words,
    /// Paths of directories.
    Directories,
    /// Paths of files and directories.
    Files,
    /// Commands.
    Commands,
}

/// A command of the shell.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// What is typed.
    pub verb: Verb,
    /// Its word.
    pub word: &'static str,
    /// What stands behind it.
    pub arguments: &'static str,
    /// What it does.
    pub does: &'static str,
    /// What its arguments are.
    pub takes: Takes,
}

/// Declares the commands: verb, word with arguments, what is completed, and what it does.
macro_rules! commands {
    ($($verb:ident $word:literal $arguments:literal $takes:ident $does:literal;)*) => {
        /// Commands of the shell.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Verb {
            $(#[doc = concat!("`", $word, " ", $arguments, "`: ", $does, ".")] $verb,)*
        }

        /// All commands.
        pub static COMMANDS: &[Command] = &[$(
            Command { verb: Verb::$verb, word: $word, arguments: $arguments, does: $does, takes: Takes::$takes },
        )*];
    };
}

commands! {
    Cd "cd" "[DIRECTORY]" Directories "goes to a directory, without one to the MF";
    Pwd "pwd" "" Words "says which directory this is";
    Ls "ls" "[DIRECTORY]" Directories "lists the files of a directory";
    Tree "tree" "[DIRECTORY]" Directories "lists the files of a directory and of those in it";
    Cat "cat" "FILE [RECORD]" Files "says what a file or a record holds";
    Hex "hex" "FILE [RECORD]" Files "prints the octets of a file or a record";
    Stat "stat" "FILE" Files "says what SELECT says of a file";
    Edit "edit" "FILE [RECORD] [HEX]" Files "writes a file or a record; without octets, those that are there are put on the line to be edited";
    Pins "pins" "" Words "says how many attempts PINs and keys have left";
    VerifyPin "verify-pin" "PIN [--last-try]" Words "verifies PIN 1; the last attempt is not made unless you say so";
    VerifyAdm "verify-adm" "KEY [--last-try]" Words "verifies the first administrative key, 8 digits or 16 hexadecimal ones";
    Reset "reset" "" Words "resets the card, or one that was put into the reader";
    Explain "explain" "[HEX]" Words "says what octets are, or what the last command and its answer were";
    Record "record" "FILE | off" Words "resets the card and takes down what passes, as a script; ends that";
    Help "help" "[COMMAND]" Commands "lists the commands";
    Exit "exit" "" Words "ends the shell";
}

/// Other words for the same.
static OTHERS: &[(&str, Verb)] =
    &[("quit", Verb::Exit), ("select", Verb::Cd), ("cd..", Verb::Cd), ("?", Verb::Help), ("dir", Verb::Ls)];

/// A line, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Nothing, or a comment.
    Nothing,
    /// A command of the shell, with its arguments.
    Command(&'static Command, Vec<&'a str>),
    /// A command of the card.
    Apdu(Vec<u8>),
}

/// Shortest command APDU (ISO/IEC 7816-3 §12.1).
const SHORTEST: usize = 4;

/// The command of a word.
pub fn command(word: &str) -> Option<&'static Command> {
    let verb = OTHERS.iter().find(|(other, _)| *other == word).map(|(_, verb)| *verb);
    COMMANDS.iter().find(|command| command.word == word || Some(command.verb) == verb)
}

/// Takes a line apart; the error says what is wrong with it.
pub fn parse(line: &str) -> Result<Line<'_>, String> {
    let line = line.trim();
    let mut words = line.split_whitespace();
    let Some(first) = words.next().filter(|first| !first.starts_with('#')) else { return Ok(Line::Nothing) };
    if let Some(command) = command(first) {
        return Ok(Line::Command(command, words.collect()));
    }
    let unknown = || format!("{first:?} is no command: `help` lists them, and an APDU is hexadecimal");
    let octets = explain::octets_of(line).map_err(|reason| {
        let is_like_octets = first.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, 'x' | 'X' | ':'));
        if is_like_octets { reason } else { unknown() }
    })?;
    if octets.len() < SHORTEST {
        return Err(format!("{line:?} is no APDU, which has {SHORTEST} octets at least"));
    }
    Ok(Line::Apdu(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_command_or_an_apdu() {
        let parsed = |line| match parse(line).unwrap() {
            Line::Command(command, arguments) => (Some(command.verb), arguments, Vec::new()),
            Line::Apdu(octets) => (None, Vec::new(), octets),
            Line::Nothing => (None, Vec::new(), Vec::new()),
        };
        assert_eq!(parsed("  cat  EF.ADN 3 "), (Some(Verb::Cat), vec!["EF.ADN", "3"], vec![]));
        assert_eq!(parsed("quit").0, Some(Verb::Exit));
        for apdu in ["00A4000C", "00 a4 00 0c", "0x00 0xA4 0x00 0x0C", "00:A4:00:0C"] {
            assert_eq!(parsed(apdu).2, [0x00, 0xA4, 0x00, 0x0C], "{apdu}");
        }
        assert_eq!(parse("# cat"), Ok(Line::Nothing));
        assert_eq!(parse(""), Ok(Line::Nothing));
    }

    #[test]
    fn a_line_that_is_neither_is_told_what_it_lacks() {
        assert!(parse("cta EF.ADN").unwrap_err().starts_with("\"cta\" is no command"));
        assert!(parse("00A4").unwrap_err().ends_with("has 4 octets at least"));
        assert!(parse("00A4000").unwrap_err().contains("half an octet"));
    }

    #[test]
    fn every_word_is_there_once() {
        for command in COMMANDS {
            assert_eq!(super::command(command.word), Some(command));
            assert_eq!(COMMANDS.iter().filter(|other| other.word == command.word).count(), 1);
            assert!(!OTHERS.iter().any(|(other, _)| *other == command.word));
        }
    }
}
