//! GEOGRAPHICAL LOCATION REQUEST.

use oxisim_toolkit::{
    Facility, codes::TerminalProblem, command::GeographicalLocationRequest, envelope::GeographicalLocation,
};

use crate::{
    NetworkRequest, Output, Position, Terminal,
    envelope::{FROM_TERMINAL, Pending},
    session::{Job, Outcome},
};

impl Terminal {
    /// The command is answered at once, and the position told when it is known (TS 31.111 §6.4.32, annex O).
    pub(super) fn request_location(&mut self, job: &Job, command: GeographicalLocationRequest) -> Outcome {
        if core::mem::replace(&mut self.card.is_located, true) {
            return job.unable(TerminalProblem::NO_SPECIFIC_CAUSE);
        }
        self.output(Output::Network(NetworkRequest::Locate(command.parameters)));
        job.done()
    }

    /// The card is told where it is, if it has asked.
    pub(crate) fn located(&mut self, position: Position) {
        let is_asked = core::mem::take(&mut self.card.is_located);
        if is_asked && self.config.profile.supports(Facility::GeographicalLocationReporting) {
            let Position { shape, sentence } = position;
            let report = GeographicalLocation { devices: FROM_TERMINAL, shape, sentence };
            self.tell(Pending::envelope(report));
        }
    }
}
