//! DISPLAY TEXT, PLAY TONE, SET UP IDLE MODE TEXT, SET UP MENU.

use oxisim_toolkit::{
    Facility,
    codes::{GeneralResult, TerminalProblem, ToneCode},
    command::{DisplayText, PlayTone, SetUpIdleModeText, SetUpMenu},
    objects::{AlphaIdentifier, alpha_text},
};
use oxisim_wire::Duration;

use crate::{
    Event, Menu, Output, Screen, Terminal,
    prompt::Prompt,
    session::{Job, Outcome, Task},
    timer::Timer,
};

impl Terminal {
    pub(super) fn display_text(&mut self, job: &Job, command: &DisplayText) -> Outcome {
        let text = command.text.to_text();
        if text.is_empty() {
            // Nothing to show: an icon is not displayed (TS 102 384 §27.22.4.1, sequence 1.9).
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        let has_priority = job.qualifier(1);
        if !has_priority && self.screen.is_busy() {
            return job.unable(TerminalProblem::SCREEN_BUSY);
        }
        let profile = &self.config.profile;
        let sustained = command.immediate.is_some() && profile.supports(Facility::SustainedDisplayText);
        self.show(Screen::Text { text, sustained });
        let given = self.time(command.duration.as_ref(), Facility::DisplayTextVariableTimeout);
        self.present(job, sustained, given)
    }

    /// What is shown stays for the time that is given, or until the user clears it, or for as long as the phone likes.
    pub(super) fn present(&mut self, job: &Job, sustained: bool, given: Option<Duration>) -> Outcome {
        let user_clears = job.qualifier(8);
        if sustained {
            if let Some(length) = given.or((!user_clears).then_some(self.config.text_delay)) {
                self.timers.set(Timer::Notice, job.started + length);
            }
            job.done()
        } else if user_clears {
            self.ask(job, Prompt::Clear, given)
        } else {
            self.wait_for_notice(job, given.unwrap_or(self.config.text_delay))
        }
    }

    pub(super) fn play_tone(&mut self, job: &Job, command: PlayTone) -> Outcome {
        if command.tone.as_ref().is_some_and(|tone| !self.has_tone(tone.tone)) {
            return job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES);
        }
        self.show_alpha(command.alpha.as_ref());
        let given = command.duration.as_ref().map(oxisim_toolkit::objects::Duration::duration);
        let length = given.unwrap_or(self.config.tone_length);
        self.output(Output::Tone { tone: command.tone, length, vibrates: job.qualifier(1) });
        self.wait_for_notice(job, length)
    }

    pub(super) fn set_idle_text(&mut self, job: &Job, command: &SetUpIdleModeText) -> Outcome {
        let text = command.text.to_text();
        self.card.idle_text = (!text.is_empty()).then_some(text);
        if matches!(self.screen, Screen::Idle { .. }) {
            self.show_idle();
        }
        job.done()
    }

    pub(super) fn set_up_menu(&mut self, job: &Job, command: &SetUpMenu) -> Outcome {
        if command.items.is_empty() {
            return job.result(GeneralResult::REQUIRED_VALUES_MISSING);
        }
        let menu = Menu {
            help: job.qualifier(8),
            soft_keys: job.qualifier(1),
            ..Menu::new(Some(&command.title), &command.items, command.next_actions.as_ref())
        };
        self.card.menu = (!menu.items.is_empty()).then_some(menu);
        self.event(Event::MenuChanged);
        if matches!(self.screen, Screen::Menu(_)) {
            self.show_idle();
        }
        job.done()
    }

    /// Shows the text of an alpha identifier, if there is any.
    pub(crate) fn show_alpha(&mut self, alpha: Option<&AlphaIdentifier>) {
        if let Some(alpha) = alpha.filter(|alpha| !alpha.text.is_empty()) {
            self.show(Screen::Notice { text: alpha_text(&alpha.text) });
        }
    }

    /// Whether the phone can play a tone: melodies and themes only if its profile says so.
    fn has_tone(&self, tone: ToneCode) -> bool {
        let is_plain = tone < ToneCode::HAPPY;
        ToneCode::ALL.contains(&tone)
            && (is_plain || self.config.profile.supports(Facility::MelodyAndThemedTones))
    }

    fn wait_for_notice(&mut self, job: &Job, length: Duration) -> Outcome {
        self.timers.set(Timer::Notice, job.started + length);
        Outcome::Wait(Task::Notice)
    }
}
