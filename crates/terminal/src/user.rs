//! What the user does, and what the screen shows.

use alloc::boxed::Box;

use oxisim_toolkit::{codes::GeneralResult, command::SetUpCall};
use oxisim_wire::Instant;

use crate::{
    Output, Screen, Terminal, User,
    envelope::{CardEvent, Pending},
    prompt::Prompt,
    session::{Job, Outcome, Session, Task},
    timer::Timer,
};

impl Terminal {
    /// Gives what the user does to the question on the screen, or else to the phone.
    pub(crate) fn user(&mut self, input: &User, now: Instant) {
        self.report(CardEvent::UserActivity);
        match input {
            User::Answer => return self.answer_call(),
            User::HangUp if !self.is_asked_for_call() => return self.end_call(),
            User::EndSession if self.stop_calling(GeneralResult::SESSION_TERMINATED_BY_USER) => return,
            User::Dial(digits) => return self.dial(digits, now),
            _ => {}
        }
        match core::mem::take(&mut self.card.session) {
            Session::Executing(job, Task::ConfirmCall(command)) => {
                self.call_confirmed(job, command, input);
            }
            Session::Executing(job, Task::ConfirmChannel(command)) => {
                self.channel_confirmed(job, command, input);
            }
            Session::Executing(job, Task::OpenChannel { number, answer, .. })
                if *input == User::EndSession =>
            {
                self.abandon_channel(job, number, *answer);
            }
            Session::Executing(job, task) => {
                let outcome = match (&task, input) {
                    (Task::Ask(Prompt::Browser(command)), User::Yes | User::Accept) => {
                        Some(self.open_browser(&job, command))
                    }
                    (Task::Ask(prompt), input) => prompt.reply(&job, input, now),
                    (Task::Notice, User::Clear) => Some(job.done()),
                    (Task::Notice, User::Back) => {
                        Some(job.result(GeneralResult::BACKWARD_MOVE_REQUESTED_BY_USER))
                    }
                    (Task::Notice, User::EndSession) => {
                        Some(job.result(GeneralResult::SESSION_TERMINATED_BY_USER))
                    }
                    _ => None,
                };
                if outcome.is_some() {
                    self.timers.stop(Timer::Prompt);
                    self.timers.stop(Timer::Notice);
                }
                self.conclude(job, outcome.unwrap_or(Outcome::Wait(task)));
            }
            session => {
                let is_ended = session.is_ended();
                self.card.session = session;
                if is_ended {
                    self.at_leisure(input);
                }
            }
        }
    }

    /// Whether the user is asked for a call of the card's, which hanging up refuses.
    const fn is_asked_for_call(&self) -> bool {
        matches!(self.card.session, Session::Executing(_, Task::ConfirmCall(_)))
    }

    fn call_confirmed(&mut self, job: Job, command: Box<SetUpCall>, input: &User) {
        let outcome = self.confirm_call(&job, &command, input);
        if outcome.is_some() {
            self.timers.stop(Timer::Prompt);
        }
        self.conclude(job, outcome.unwrap_or(Outcome::Wait(Task::ConfirmCall(command))));
    }

    /// The user has been asked for long enough.
    pub(crate) fn prompt_expired(&mut self, now: Instant) {
        match core::mem::take(&mut self.card.session) {
            Session::Executing(job, Task::ConfirmCall(command)) => {
                self.call_confirmed(job, command, &User::NoResponse);
            }
            Session::Executing(job, Task::ConfirmChannel(command)) => {
                self.channel_confirmed(job, command, &User::NoResponse);
            }
            Session::Executing(job, Task::Ask(prompt)) => {
                let outcome = prompt.reply(&job, &User::NoResponse, now);
                self.conclude(job, outcome.unwrap_or(Outcome::Wait(Task::Ask(prompt))));
            }
            session => self.card.session = session,
        }
    }

    /// A text or a tone has lasted for long enough.
    pub(crate) fn notice_expired(&mut self) {
        self.finish_task(|task| *task == Task::Notice, |job, _| job.done());
        let is_over = match &self.screen {
            Screen::Notice { .. } => self.card.session.is_ended(),
            screen => screen.is_sustained(),
        };
        if is_over {
            self.show_idle();
        }
    }

    /// What the user does while the card asks nothing.
    fn at_leisure(&mut self, input: &User) {
        let menu = self.card.menu.as_ref();
        match input {
            User::OpenMenu => {
                if let Some(menu) = menu.cloned() {
                    self.show(Screen::Menu(menu));
                }
            }
            User::SelectMenu(item) if menu.is_some_and(|menu| menu.contains(*item)) => {
                self.show_idle();
                self.tell(Pending::MenuSelection { item: *item, help: false });
            }
            User::Help(Some(item)) if menu.is_some_and(|menu| menu.help && menu.contains(*item)) => {
                self.tell(Pending::MenuSelection { item: *item, help: true });
            }
            User::Clear | User::Back | User::EndSession => self.show_idle(),
            User::Occupy => self.show(Screen::Own),
            _ => {}
        }
    }

    /// Shows the idle screen, if it is not there, with the card's text.
    pub(crate) fn show_idle(&mut self) {
        let was_idle = matches!(self.screen, Screen::Idle { .. });
        self.show(Screen::Idle { text: self.card.idle_text.clone() });
        if !was_idle {
            self.report(CardEvent::IdleScreenAvailable);
        }
    }

    /// Shows something else; whatever the old screen waited for does not happen any more.
    pub(crate) fn show(&mut self, screen: Screen) {
        self.timers.stop(Timer::Prompt);
        self.timers.stop(Timer::Notice);
        if self.screen != screen {
            self.screen = screen.clone();
            self.output(Output::Screen(screen));
        }
    }

    /// Takes away what the session that has ended left on the screen, unless it is to stay.
    pub(crate) fn clear_screen(&mut self) {
        let stays = self.screen.is_busy() || self.screen.is_sustained() || self.screen == Screen::Off;
        if !stays {
            self.show_idle();
        }
    }
}
