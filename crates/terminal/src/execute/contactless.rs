//! ACTIVATE, CONTACTLESS STATE CHANGED.

use oxisim_toolkit::{
    Answer,
    codes::{ContactlessFunctionality, GeneralResult, TerminalProblem},
    command::{Activate, ContactlessStateChanged},
};

use crate::{
    Event, Terminal,
    session::{Job, Outcome},
};

impl Terminal {
    pub(super) fn activate(&mut self, job: &Job, command: &Activate) -> Outcome {
        /// The interface between card and contactless front end (TS 102 223 §8.89).
        const CONTACTLESS: u8 = 0x01;
        if command.descriptor.target != CONTACTLESS {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        if !self.config.environment.has_contactless {
            return job.unable(TerminalProblem::NO_SPECIFIC_CAUSE);
        }
        self.event(Event::InterfaceActivated);
        job.done()
    }

    /// The card is answered with the state that the phone now knows.
    pub(super) fn change_contactless_state(
        &mut self,
        job: &Job,
        command: ContactlessStateChanged,
    ) -> Outcome {
        let is_enabled = match command.state.state {
            ContactlessFunctionality::ENABLED => true,
            ContactlessFunctionality::DISABLED => false,
            _ => return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD),
        };
        self.card.contactless = Some(is_enabled);
        self.event(Event::Contactless(is_enabled));
        job.done_with(Answer { contactless: Some(command.state), ..Answer::default() })
    }

    /// Whether the card's contactless functionality is enabled, if the card has said so.
    #[must_use]
    pub const fn contactless(&self) -> Option<bool> {
        self.card.contactless
    }
}
