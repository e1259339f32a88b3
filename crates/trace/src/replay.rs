//! The terminal's side of a trace, played against a card.

use std::fmt;

use oxisim_apdu::{Command, Instruction};
use oxisim_wire::Instant;

use crate::{Place, Placed, What, marked, words};

/// Plays the terminal's side of a trace: one step after another, each with the card's answer. It waits for nothing; what
/// time it was is in the step.
///
/// [`Replay::next_step`], then do it, then [`Replay::answer`].
#[derive(Debug)]
pub struct Replay<'a> {
    records: std::slice::Iter<'a, Placed>,
    current: Option<&'a Placed>,
    steps: usize,
}

/// What the terminal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// When.
    pub at: Instant,
    /// The command APDU; none if it switched the card on, or reset it.
    pub command: Option<&'a [u8]>,
}

/// The first answer that is another than the one in the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which step, from one.
    pub step: usize,
    /// Where the trace has it.
    pub place: Place,
    /// What was done, and what is expected.
    pub expected: String,
    /// The answer in the trace, and the one that came.
    pub octets: [Vec<u8>; 2],
}

impl<'a> Replay<'a> {
    /// The trace from its beginning.
    #[must_use]
    pub fn new(records: &'a [Placed]) -> Self {
        Self { records: records.iter(), current: None, steps: 0 }
    }

    /// The next thing to do; none at the end.
    pub fn next_step(&mut self) -> Option<Step<'a>> {
        loop {
            let placed = self.records.next()?;
            let record = &placed.record;
            let command = match &record.what {
                What::Exchange { command, .. } => Some(command.as_slice()),
                What::Reset { .. } => None,
                _ => continue,
            };
            self.current = Some(placed);
            self.steps += 1;
            return Some(Step { at: record.at, command });
        }
    }

    /// What the card has answered.
    pub fn answer(&self, got: &[u8]) -> Result<(), Box<Mismatch>> {
        let Some(Placed { place, record }) = self.current else { return Ok(()) };
        let expected = match &record.what {
            What::Exchange { response, .. } => response,
            What::Reset { answer } => answer,
            _ => return Ok(()),
        };
        if expected == got {
            return Ok(());
        }
        Err(Box::new(Mismatch {
            step: self.steps,
            place: *place,
            expected: words::of(&record.what, None),
            octets: [expected.clone(), got.to_vec()],
        }))
    }

    /// Where the trace has the last step.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.current.map(|placed| placed.place)
    }

    /// How many steps there have been.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.steps
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [expected, got] = &self.octets;
        let [expected, got, marks] = marked(expected, got);
        writeln!(f, "{}, step {}: {}", self.place, self.step, self.expected)?;
        write!(f, "  expected  {expected}\n  got       {got}\n            {marks}")
    }
}

/// Commands that can lock a card, or destroy what is on it (TS 102 221 §11.1.9 to §11.1.15, TS 102 222 §6).
const RISKS: [(Instruction, &str); 10] = [
    (Instruction::VERIFY, "a wrong value locks it"),
    (Instruction::CHANGE_PIN, "a wrong value locks it"),
    (Instruction::DISABLE_PIN, "a wrong value locks it"),
    (Instruction::ENABLE_PIN, "a wrong value locks it"),
    (Instruction::UNBLOCK_PIN, "a wrong value destroys it"),
    (Instruction::DELETE_FILE, "it deletes a file"),
    (Instruction::TERMINATE_DF, "it ends a directory for ever"),
    (Instruction::TERMINATE_EF, "it ends a file for ever"),
    (Instruction::TERMINATE_CARD_USAGE, "it ends the card for ever"),
    (Instruction::RESIZE_FILE, "it cuts a file"),
];

/// Why a command is not for a card that somebody needs. A VERIFY without a value only asks how many tries are left.
#[must_use]
pub fn risk(command: &[u8]) -> Option<&'static str> {
    let command = Command::parse(command).ok()?;
    let (_, reason) = RISKS.iter().find(|(instruction, _)| *instruction == command.instruction)?;
    let is_question = command.instruction.0 & 0xF0 == 0x20 && command.data.is_empty();
    (!is_question).then_some(reason)
}

#[cfg(test)]
mod tests {
    use oxisim_wire::Duration;

    use super::*;
    use crate::Record;

    #[test]
    fn the_first_other_answer_is_told_with_its_step() {
        let exchange = What::Exchange {
            command: vec![0x00, 0xB0, 0x00, 0x00, 0x02],
            response: vec![0x01, 0x02, 0x90, 0x00],
            took: Duration::ZERO,
        };
        let whats = [What::Reset { answer: vec![0x3B, 0x00] }, What::PowerOff, exchange];
        let placed = |(number, what)| {
            let record = Record::new(Instant::EPOCH, what);
            Placed { place: Place::Line(number), record }
        };
        let records: Vec<Placed> = (1..).zip(whats).map(placed).collect();
        let mut replay = Replay::new(&records);
        assert_eq!(replay.next_step().map(|step| step.command), Some(None));
        assert_eq!(replay.answer(&[0x3B, 0x00]), Ok(()));
        assert!(replay.next_step().is_some_and(|step| step.command.is_some()));
        let told = replay.answer(&[0x01, 0x03, 0x90]).unwrap_err().to_string();
        let expected = "line 3, step 2: READ BINARY -> 0102; 9000\n  \
            expected  01 02 90 00\n  \
            got       01 03 90\n            \
            \u{20}  ^^    ^^";
        assert_eq!(told, expected);
        assert_eq!(replay.next_step(), None);
    }

    #[test]
    fn what_may_lock_a_card_is_a_risk_and_a_question_is_none() {
        assert!(risk(&[0x00, 0x20, 0x00, 0x01]).is_none());
        assert!(risk(&[0x00, 0x20, 0x00, 0x01, 0x08, 1, 2, 3, 4, 5, 6, 7, 8]).is_some());
        assert!(risk(&[0x80, 0xFE, 0x00, 0x00]).is_some());
        assert!(risk(&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00]).is_none());
        assert!(risk(&[]).is_none());
    }
}
