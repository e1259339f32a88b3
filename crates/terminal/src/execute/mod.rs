//! How proactive commands are carried out, by family.

mod display;
mod message;
mod question;
mod system;
mod timers;

pub(crate) use system::Polling;

use alloc::boxed::Box;

use oxisim_toolkit::{
    Command, Proactive, Refusal, TerminalResponse, codes::GeneralResult, objects::CommandDetails,
};
use oxisim_wire::Instant;

use crate::{
    Event, Terminal,
    session::{Job, Outcome, Session},
};

impl Terminal {
    /// Carries out what FETCH delivered.
    pub(crate) fn fetched(&mut self, bytes: &[u8], now: Instant) {
        match Command::decode(bytes) {
            Ok(command) => {
                self.event(Event::ProactiveCommand(Box::new(command.clone())));
                self.execute(command, now);
            }
            Err(refusal) => {
                self.burst = false;
                let response = refused(&refusal);
                self.event(Event::CommandRefused(refusal));
                self.answer(Box::new(response));
            }
        }
    }

    fn execute(&mut self, command: Command, now: Instant) {
        let Command { details, body, .. } = command;
        self.burst = matches!(body, Proactive::SendShortMessage(_));
        let job = Job::new(details, &body, now);
        let outcome = if self.config.profile.performs(body.kind()) {
            match body {
                Proactive::DisplayText(c) => self.display_text(&job, &c),
                Proactive::GetInkey(c) => self.ask_key(&job, &c),
                Proactive::GetInput(c) => self.ask_text(&job, &c),
                Proactive::MoreTime(_) => job.done(),
                Proactive::PlayTone(c) => self.play_tone(&job, c),
                Proactive::PollInterval(c) => self.set_poll_interval(&job, c, now),
                Proactive::SetUpMenu(c) => self.set_up_menu(&job, &c),
                Proactive::SelectItem(c) => self.ask_item(&job, &c),
                Proactive::SendShortMessage(c) => self.send_short_message(&job, c),
                Proactive::Refresh(c) => self.refresh(&job, c),
                Proactive::PollingOff(_) => self.stop_polling(&job),
                Proactive::ProvideLocalInformation(_) => self.provide_local_information(&job),
                Proactive::SetUpEventList(c) => self.set_up_event_list(&job, &c),
                Proactive::TimerManagement(c) => self.manage_timer(&job, &c),
                Proactive::SetUpIdleModeText(c) => self.set_idle_text(&job, &c),
                // No profile of this phone announces these.
                _ => job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
            }
        } else {
            job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES)
        };
        self.conclude(job, outcome);
    }

    /// Acts on what carrying out a command led to.
    pub(crate) fn conclude(&mut self, job: Job, outcome: Outcome) {
        match outcome {
            Outcome::Respond(response) => self.answer(response),
            Outcome::Wait(task) => self.card.session = Session::Executing(job, task),
            Outcome::Reset => self.reset_card(),
        }
    }

    fn answer(&mut self, response: Box<TerminalResponse>) {
        self.event(Event::TerminalResponse(response.clone()));
        self.card.session = Session::Answered(response);
    }
}

/// The answer to a command that cannot be understood; command details that were not received are zeros (TS 102 223
/// §6.8).
fn refused(refusal: &Refusal) -> TerminalResponse {
    let none = || CommandDetails { number: 0, kind: oxisim_toolkit::CommandType(0), qualifier: 0 };
    TerminalResponse::new(refusal.details.clone().unwrap_or_else(none), refusal.result)
}
