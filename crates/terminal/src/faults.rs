//! Results that proactive commands are to have, so that what the card does with them can be tested.

use alloc::collections::VecDeque;

use oxisim_toolkit::{CommandType, objects::Outcome};

use crate::Terminal;

/// Results that may wait for their command.
const LIMIT: usize = 64;

/// The results that wait for a command of their type.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: VecDeque<(CommandType, Outcome)>,
}

impl Faults {
    /// Takes the oldest result for a command of this type.
    pub(crate) fn take(&mut self, kind: CommandType) -> Option<Outcome> {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == kind)?;
        self.waiting.remove(place).map(|(_, result)| result)
    }
}

impl Terminal {
    /// Answers the next command of this type with this general result and additional information (TS 102 223
    /// §8.12), whatever they are; results for the same type are used in the order of the calls. A command that is
    /// to be performed (`0X`) is carried out, and has the result if it would have succeeded; any other is answered
    /// at once and nothing else happens.
    ///
    /// Results outlast a reset of the card; at most 64 wait, and the oldest goes for one more.
    pub fn answer_next(&mut self, kind: CommandType, result: impl Into<Outcome>) {
        if self.faults.waiting.len() == LIMIT {
            self.faults.waiting.pop_front();
        }
        self.faults.waiting.push_back((kind, result.into()));
    }

    /// How many results wait for their command.
    #[must_use]
    pub fn answers_waiting(&self) -> usize {
        self.faults.waiting.len()
    }

    /// Answers every command as it goes again.
    pub fn forget_answers(&mut self) {
        self.faults.waiting.clear();
    }
}
