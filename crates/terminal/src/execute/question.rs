//! GET INKEY, GET INPUT, SELECT ITEM.

use alloc::string::String;

use oxisim_toolkit::{
    Facility,
    codes::GeneralResult,
    command::{GetInkey, GetInput, SelectItem},
    objects::{self, TextString},
};
use oxisim_wire::Duration;

use crate::{
    Characters, Menu, Screen, Terminal,
    prompt::Prompt,
    session::{Job, Outcome, Task},
    timer::Timer,
};

impl Terminal {
    pub(super) fn ask_key(&mut self, job: &Job, command: &GetInkey) -> Outcome {
        let keys = match (job.qualifier(3), job.qualifier(4)) {
            (true, _) if !self.config.profile.supports(Facility::GetInkeyYesNo) => {
                return job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES);
            }
            (true, _) => Characters::YesNo,
            (false, true) => Characters::Keypad,
            (false, false) => characters(job),
        };
        let help = job.qualifier(8) && self.config.profile.supports(Facility::GetInkeyHelp);
        self.show(Screen::Inkey { prompt: command.text.to_text(), keys, help });
        let given = self.time(command.duration.as_ref(), Facility::GetInkeyVariableTimeout);
        self.ask(job, Prompt::Key { keys, help, timed: given.is_some() }, given)
    }

    pub(super) fn ask_text(&mut self, job: &Job, command: &GetInput) -> Outcome {
        let (minimum, maximum) = (command.length.minimum, command.length.maximum);
        if minimum > maximum {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        let hidden = job.qualifier(3);
        let characters = if hidden { Characters::Keypad } else { characters(job) };
        let help = job.qualifier(8);
        let default: Option<String> = command
            .default
            .as_ref()
            .map(|default| TextString { coding: default.coding, text: default.text.clone() }.to_text());
        self.show(Screen::Input {
            prompt: command.text.to_text(),
            characters,
            length: (minimum, maximum),
            default: default.clone(),
            hidden,
            help,
        });
        let packed = job.qualifier(4);
        let given = self.time(command.duration.as_ref(), Facility::GetInputVariableTimeout);
        let timed = given.is_some();
        self.ask(job, Prompt::Text { characters, minimum, maximum, packed, default, help, timed }, given)
    }

    pub(super) fn ask_item(&mut self, job: &Job, command: &SelectItem) -> Outcome {
        let help = job.qualifier(8);
        let menu = Menu {
            help,
            soft_keys: job.qualifier(3),
            ..Menu::new(command.title.as_ref(), &command.items, command.next_actions.as_ref())
        };
        if menu.items.is_empty() {
            return job.result(GeneralResult::REQUIRED_VALUES_MISSING);
        }
        let items = menu.items.iter().map(|item| item.identifier).collect();
        let default = command.default.as_ref().map(|item| item.identifier);
        let default = default.filter(|&item| menu.contains(item));
        self.show(Screen::Select { menu, default });
        self.ask(job, Prompt::Item { items, default, help }, None)
    }

    /// The time that a command gives, if the phone minds it.
    pub(super) fn time(&self, given: Option<&objects::Duration>, minds: Facility) -> Option<Duration> {
        given.filter(|_| self.config.profile.supports(minds)).map(objects::Duration::duration)
    }

    /// Waits for the user, as long as the card says or else as the phone does.
    pub(super) fn ask(&mut self, job: &Job, prompt: Prompt, given: Option<Duration>) -> Outcome {
        self.timers.set(Timer::Prompt, job.started + given.unwrap_or(self.config.user_timeout));
        Outcome::Wait(Task::Ask(prompt))
    }
}

/// The characters that the qualifier of GET INKEY or GET INPUT allows.
const fn characters(job: &Job) -> Characters {
    match (job.qualifier(1), job.qualifier(2)) {
        (false, _) => Characters::Digits,
        (true, false) => Characters::DefaultAlphabet,
        (true, true) => Characters::Ucs2,
    }
}
