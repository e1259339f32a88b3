//! DISPLAY TEXT, PLAY TONE, SET UP IDLE MODE TEXT, SET UP MENU.

use oxisim_toolkit::{
    Facility,
    codes::{GeneralResult, TerminalProblem},
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

/// The tones that every terminal has: those of a call, those of its own, and none but vibration (TS 102 223 §8.16).
const PLAIN: [u8; 15] =
    [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20];

/// Themed tones and melodies (TS 102 223 §8.16).
const THEMED: [u8; 13] = [0x30, 0x31, 0x32, 0x33, 0x34, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];

impl Terminal {
    pub(super) fn display_text(&mut self, job: &Job, command: &DisplayText) -> Outcome {
        let has_priority = job.qualifier(1);
        let user_clears = job.qualifier(8);
        if !has_priority && self.screen.is_busy() {
            return job.unable(TerminalProblem::SCREEN_BUSY);
        }
        let profile = &self.config.profile;
        let sustained = command.immediate.is_some() && profile.supports(Facility::SustainedDisplayText);
        self.show(Screen::Text { text: command.text.to_text(), sustained });
        let given = self.time(command.duration.as_ref(), Facility::DisplayTextVariableTimeout);
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
        let is_themed = command.tone.as_ref().is_some_and(|tone| THEMED.contains(&tone.tone));
        let is_known = command.tone.as_ref().is_none_or(|tone| PLAIN.contains(&tone.tone));
        if !is_known && !(is_themed && self.config.profile.supports(Facility::MelodyAndThemedTones)) {
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
    pub(super) fn show_alpha(&mut self, alpha: Option<&AlphaIdentifier>) {
        if let Some(alpha) = alpha.filter(|alpha| !alpha.text.is_empty()) {
            self.show(Screen::Notice { text: alpha_text(&alpha.text) });
        }
    }

    fn wait_for_notice(&mut self, job: &Job, length: Duration) -> Outcome {
        self.timers.set(Timer::Notice, job.started + length);
        Outcome::Wait(Task::Notice)
    }
}
