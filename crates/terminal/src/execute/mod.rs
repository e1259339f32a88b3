//! How proactive commands are carried out, by family.

mod browser;
mod call;
mod channel;
mod contactless;
mod display;
mod frames;
mod information;
mod message;
mod modem;
mod multimedia;
mod position;
mod question;
mod reader;
mod redial;
mod refresh;
mod services;
mod system;
mod timers;

pub use browser::BrowserTermination;
pub(crate) use call::{CallState, SEPARATOR, tone};
pub(crate) use multimedia::Transfer;
pub(crate) use redial::Redial;
pub(crate) use system::Polling;

use alloc::boxed::Box;

use oxisim_toolkit::{
    Command, Proactive, Refusal, TerminalResponse, codes::GeneralResult, objects::CommandDetails,
};
use oxisim_wire::Instant;

use crate::{
    Event, Terminal, icon,
    platform::ROOM,
    session::{Job, Outcome, Session, Task},
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
        let Command { details, devices, body, .. } = command;
        let device = devices.destination;
        self.redial = None;
        self.burst = matches!(body, Proactive::SendShortMessage(_));
        let (wanted, fault) = match self.faults.take(body.kind()) {
            Some(result) if result.general.is_performed() => (Some(result), None),
            other => (None, other),
        };
        let job = Job::new(details, &body, wanted, now);
        let outcome = if let Some(fault) = fault {
            job.result(fault)
        } else if icon::lacks_words(&body) {
            job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD)
        } else if let Some(problem) = self.frames_problem(&body) {
            job.result(problem)
        } else if self.config.profile.performs_qualified(body.kind(), job.details().qualifier) {
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
                Proactive::Refresh(c) => self.refresh(&job, &c),
                Proactive::PollingOff(_) => self.stop_polling(&job),
                Proactive::ProvideLocalInformation(_) => self.provide_local_information(&job),
                Proactive::SetUpEventList(c) => self.set_up_event_list(&job, &c),
                Proactive::TimerManagement(c) => self.manage_timer(&job, &c),
                Proactive::SetUpIdleModeText(c) => self.set_idle_text(&job, &c),
                Proactive::RunAtCommand(c) => self.run_at_command(&job, &c),
                Proactive::LanguageNotification(c) => self.notify_language(&job, &c),
                Proactive::LaunchBrowser(c) => self.launch_browser(&job, c),
                Proactive::SetUpCall(c) => self.set_up_call(&job, c),
                Proactive::SendSs(c) => self.send_ss(&job, c),
                Proactive::SendUssd(c) => self.send_ussd(&job, c),
                Proactive::SendDtmf(c) => self.send_dtmf(&job, &c),
                Proactive::PowerOnCard(_) => self.power_on_card(&job, device),
                Proactive::PowerOffCard(_) => self.power_off_card(&job, device),
                Proactive::PerformCardApdu(c) => self.perform_card_apdu(&job, device, c.apdu.apdu),
                Proactive::GetReaderStatus(_) => self.get_reader_status(&job, device),
                Proactive::OpenChannel(c) => self.open_channel(&job, c),
                Proactive::CloseChannel(c) => self.close_channel(&job, device, &c),
                Proactive::SendData(c) => self.send_data(&job, device, &c),
                Proactive::ReceiveData(c) => self.receive_data(&job, device, &c),
                Proactive::GetChannelStatus(_) => self.get_channel_status(&job),
                Proactive::ServiceSearch(c) => self.search_services(&job, &c),
                Proactive::GetServiceInformation(c) => self.get_service_information(&job, &c),
                Proactive::DeclareService(c) => self.declare_service(&job, c),
                Proactive::SetFrames(c) => self.set_frames(&job, &c),
                Proactive::GetFramesStatus(_) => self.get_frames_status(&job),
                Proactive::RetrieveMultimediaMessage(c) => self.retrieve_multimedia(&job, c),
                Proactive::SubmitMultimediaMessage(c) => self.submit_multimedia(&job, c),
                Proactive::DisplayMultimediaMessage(c) => self.display_multimedia(&job, c),
                Proactive::GeographicalLocationRequest(c) => self.request_location(&job, c),
                Proactive::Activate(c) => self.activate(&job, &c),
                Proactive::ContactlessStateChanged(c) => self.change_contactless_state(&job, c),
                // Containers are for clients that this phone does not have, and their keys with them.
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

    /// Answers the card, if it waits for this.
    pub(crate) fn finish_task(
        &mut self,
        is_it: impl FnOnce(&Task) -> bool,
        outcome: impl FnOnce(&Job, Task) -> Outcome,
    ) {
        match core::mem::take(&mut self.card.session) {
            Session::Executing(job, task) if is_it(&task) => {
                let outcome = outcome(&job, task);
                self.conclude(job, outcome);
            }
            session => self.card.session = session,
        }
    }

    /// Answers the card; what does not fit is left out, which the result tells.
    fn answer(&mut self, mut response: Box<TerminalResponse>) {
        if response.encode().len() > ROOM {
            let general = match response.result.general {
                performed if performed.is_performed() => GeneralResult::PERFORMED_WITH_MISSING_INFORMATION,
                general => general,
            };
            *response = TerminalResponse::new(response.details.clone(), general);
        }
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
