//! A trace in words: a line for each thing that passed, with the time, and who waits for whom.

use std::fmt;

use oxisim_apdu::{Instruction, Response};
use oxisim_toolkit::{Command as ProactiveCommand, CommandType};
use oxisim_wire::{Duration, Instant};

use crate::{Party, Record, What, words};

/// Tells records one by one, in their order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The first record's time.
    origin: Option<Instant>,
    /// When the last one was over.
    last: Instant,
    /// Whether a proactive session is under way.
    is_session: bool,
    /// What the card has asked for, until the TERMINAL RESPONSE.
    asked: Option<CommandType>,
}

/// A line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Since the beginning; none if nothing passed.
    pub at: Option<Duration>,
    /// Who began it; empty if nobody did.
    pub who: &'static str,
    /// Whether it belongs to a proactive session.
    pub is_inside: bool,
    /// What it was.
    pub text: String,
}

/// Time without anything that is worth a line.
const GAP: Duration = Duration::from_millis(100);

impl Transcript {
    /// Hands over the lines about a record. Whoever knows the name of the file that it is about says so.
    pub fn tell(&mut self, record: &Record, file: Option<&str>, out: &mut dyn FnMut(Line)) {
        let origin = *self.origin.get_or_insert(record.began());
        if let What::Start { .. } = record.what {
            // A second recording in one file has a clock of its own.
            *self = Self { origin: Some(record.at), ..Self::default() };
        } else {
            self.gap(record, origin, out);
        }
        let origin = self.origin.unwrap_or(origin);
        self.last = record.at;
        if matches!(record.what, What::Reset { .. } | What::PowerOff | What::Broken { .. }) {
            self.is_session = false;
            self.asked = None;
        }
        // What passes between others does so beside the session.
        let is_card = matches!(record.what, What::Exchange { .. } | What::Tpdu { from: Party::Phone, .. });
        out(Line {
            at: Some(record.began().since(origin)),
            who: who(&record.what),
            is_inside: self.is_session && is_card,
            text: words::of(&record.what, file),
        });
        if let What::Exchange { command, response, .. } = &record.what {
            self.exchange(command, response);
        }
    }

    /// Says who has waited since the last record, if anybody has for long.
    fn gap(&self, record: &Record, origin: Instant, out: &mut dyn FnMut(Line)) {
        let gap = record.began().since(self.last.max(origin));
        if gap < GAP {
            return;
        }
        let text = match self.asked {
            Some(kind) => format!("the card waits for {}: {gap}", words::awaited(kind)),
            None if self.is_session => format!("the card waits for the phone to fetch: {gap}"),
            None => format!("nobody waits: {gap}"),
        };
        out(Line { at: None, who: "", is_inside: self.is_session, text });
    }

    /// A session goes from the status word that announces a command (TS 102 221 §7.4.2.1) to the one that announces no
    /// more.
    fn exchange(&mut self, command: &[u8], response: &[u8]) {
        let Ok(response) = Response::from_bytes(response) else { return };
        match command.get(1).copied().map(Instruction) {
            Some(Instruction::FETCH) => {
                self.asked =
                    ProactiveCommand::decode(&response.data).ok().map(|command| command.details.kind);
                self.is_session = true;
                return;
            }
            Some(Instruction::TERMINAL_RESPONSE) => {
                self.asked = None;
                self.is_session = false;
            }
            _ => {}
        }
        if response.status.proactive_length().is_some() {
            self.is_session = true;
        }
    }
}

/// Who began it.
const fn who(what: &What) -> &'static str {
    match what {
        What::Reset { .. } | What::PowerOff | What::Exchange { .. } | What::Broken { .. } => {
            Party::Phone.word()
        }
        What::Tpdu { from, .. }
        | What::UserData { from, .. }
        | What::Rpdu { from, .. }
        | What::Pdu { from, .. }
        | What::Event { who: from, .. } => from.word(),
        What::Start { .. } | What::Other(_) => "",
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.map(|at| format!("{:.3}s", at.as_secs_f64())).unwrap_or_default();
        let (indent, gap) =
            (if self.is_inside { "  " } else { "" }, if self.at.is_none() { "... " } else { "" });
        let line = format!("{at:>11}  {:<6}  {indent}{gap}{}", self.who, self.text);
        f.write_str(line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(records: &[(u64, &str, &str)]) -> Vec<String> {
        let mut transcript = Transcript::default();
        let mut lines = Vec::new();
        for &(millis, command, response) in records {
            let octets = |text: &str| hex::decode(text).unwrap();
            let (command, response) = (octets(command), octets(response));
            let what = What::Exchange { command, response, took: Duration::ZERO };
            let record = Record::new(Instant::EPOCH + Duration::from_millis(millis), what);
            transcript.tell(&record, None, &mut |line| lines.push(line.to_string()));
        }
        lines
    }

    #[test]
    fn a_proactive_session_is_indented_and_says_for_whom_the_card_waits() {
        // TS 102 384 §27.22.4.1, sequence 1.1.
        let display_text = "D01A8103012180820281028D0F04546F6F6C6B6974205465737420319000";
        let performed = "801400000C810301218002028281830100";
        let lines = told(&[
            (1_000, "80F2000000", "911C"),
            (1_005, "801200001C", display_text),
            (1_010, "80F2000000", "9000"),
            (5_010, performed, "9000"),
            (9_010, "80F2000000", "9000"),
        ]);
        let expected = [
            "     0.000s  phone   STATUS -> 911C a proactive command waits, 28 octets",
            "     0.005s  phone     FETCH -> DISPLAY TEXT \"Toolkit Test 1\"; 9000",
            "     0.010s  phone     STATUS -> 9000",
            "                       ... the card waits for the user: 4.0s",
            "     4.010s  phone     TERMINAL RESPONSE to DISPLAY TEXT: performed successfully -> 9000",
            "                     ... nobody waits: 4.0s",
            "     8.010s  phone   STATUS -> 9000",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_session_of_several_commands_is_one() {
        let poll_interval = "D00D81030103008202818284020 11E9000".replace(' ', "");
        let performed = "801400000C810301030002028281830100";
        let lines = told(&[
            (0, "80F2000000", "910F"),
            (5, "801200000F", &poll_interval),
            (10, performed, "910F"),
            (15, "801200000F", &poll_interval),
            (20, performed, "9000"),
            (25, "80F2000000", "9000"),
        ]);
        let inside: Vec<bool> = lines.iter().map(|line| line.contains("phone     ")).collect();
        assert_eq!(inside, [false, true, true, true, true, false]);
    }
}
