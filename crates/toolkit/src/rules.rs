//! What a proactive command has to be, beyond that it can be read.

use alloc::{format, string::String};

use oxisim_sms::tpdu::MobileOriginated;
use oxisim_wire::Wire as _;

use crate::{
    Command, Proactive, TerminalProfile,
    codes::{Device, TimerAction},
    objects::{Coding, Duration, Item, TextString},
};

/// A rule of the standards for proactive commands.
#[derive(Debug)]
pub struct Rule {
    /// What a command has to be.
    pub text: &'static str,
    /// The clause.
    pub spec: &'static str,
    is_kept: fn(&Command, Option<&TerminalProfile>) -> bool,
}

/// Declares the rules: clause, sentence, and whether a command keeps it.
macro_rules! rules {
    ($($spec:literal $text:literal $is_kept:expr;)*) => {
        /// The rules, in the order of the clauses. What cannot be read at all breaks another: TS 102 223 §6.6.
        pub static RULES: &[Rule] = &[$(Rule { text: $text, spec: $spec, is_kept: $is_kept },)*];
    };
}

rules! {
    "TS 102 223 §5.2" "the terminal has said that it carries the command out"
        |command, profile| profile.is_none_or(|profile| {
            profile.performs_qualified(command.details.kind, command.details.qualifier)
        });
    "TS 102 223 §6.6.21" "a timer that is started has a time, and no other has"
        |command, _| match &command.body {
            Proactive::TimerManagement(body) => {
                body.value.is_some() == (command.details.qualifier == TimerAction::START.0)
            }
            _ => true,
        };
    "TS 102 223 §8.7" "the card is the source"
        |command, _| command.devices.source == Device::UICC;
    "TS 102 223 §8.8" "a duration is not zero"
        |command, _| duration(&command.body).is_none_or(|duration| duration.interval != 0);
    "TS 102 223 §8.9" "items have identifiers, none of them zero and all different"
        |command, _| have_identifiers(items(&command.body));
    "TS 102 223 §8.11" "the shortest input is no longer than the longest"
        |command, _| match &command.body {
            Proactive::GetInput(body) => body.length.minimum <= body.length.maximum,
            _ => true,
        };
    "TS 31.111 §8.13" "what is sent is an SMS-SUBMIT or an SMS-COMMAND"
        |command, _| match &command.body {
            Proactive::SendShortMessage(body) => MobileOriginated::decode(&body.tpdu.tpdu, "TPDU").is_ok(),
            _ => true,
        };
    "TS 102 223 §8.15" "a text is packed, of 8 bits, or in UCS2"
        |command, _| text(&command.body).and_then(|text| text.coding).is_none_or(is_text);
    "TS 102 223 §8.37" "a timer is one of eight"
        |command, _| match &command.body {
            Proactive::TimerManagement(body) => (1..=8).contains(&body.timer.identifier),
            _ => true,
        };
}

/// A rule that a command breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} ({spec})")]
pub struct Breach {
    /// What is wrong.
    pub what: String,
    /// The clause.
    pub spec: &'static str,
}

/// The command that a card has sent, if it keeps every rule: a terminal that has sent no profile carries everything out.
pub fn check(octets: &[u8], profile: Option<&TerminalProfile>) -> Result<Command, Breach> {
    let command = Command::decode(octets).map_err(|refusal| Breach {
        what: format!("it cannot be read: {}", refusal.cause),
        spec: "TS 102 223 §6.6",
    })?;
    match RULES.iter().find(|rule| !(rule.is_kept)(&command, profile)) {
        Some(rule) => {
            Err(Breach { what: format!("{}: {}", command.details.kind.text(), rule.text), spec: rule.spec })
        }
        None => Ok(command),
    }
}

fn have_identifiers(items: &[Item]) -> bool {
    // One item without text takes the menu away.
    if let [only] = items
        && only.identifier.is_none()
    {
        return true;
    }
    let mut seen = [false; 256];
    items.iter().all(|item| match item.identifier {
        Some(identifier @ 1..) => {
            seen.get_mut(usize::from(identifier)).is_some_and(|seen| !core::mem::replace(seen, true))
        }
        _ => false,
    })
}

fn items(body: &Proactive) -> &[Item] {
    match body {
        Proactive::SetUpMenu(body) => &body.items,
        Proactive::SelectItem(body) => &body.items,
        _ => &[],
    }
}

const fn duration(body: &Proactive) -> Option<&Duration> {
    match body {
        Proactive::DisplayText(body) => body.duration.as_ref(),
        Proactive::GetInkey(body) => body.duration.as_ref(),
        Proactive::GetInput(body) => body.duration.as_ref(),
        Proactive::PlayTone(body) => body.duration.as_ref(),
        Proactive::PollInterval(body) => Some(&body.interval),
        _ => None,
    }
}

const fn text(body: &Proactive) -> Option<&TextString> {
    match body {
        Proactive::DisplayText(body) => Some(&body.text),
        Proactive::GetInkey(body) => Some(&body.text),
        Proactive::GetInput(body) => Some(&body.text),
        _ => None,
    }
}

fn is_text(coding: Coding) -> bool {
    [Coding::PACKED, Coding::EIGHT_BIT, Coding::UCS2].contains(&coding)
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;
    use crate::{
        codes::TimeUnit,
        command::{DisplayText, GetInput, PollInterval, SendShortMessage, SetUpMenu, TimerManagement},
        objects::{TimerIdentifier, TimerValue},
    };

    /// Whether the terminal can do nothing, or is not asked; the clause that is broken; and what breaks it.
    fn breaches() -> Vec<(bool, &'static str, Command)> {
        let item = |identifier| Item { identifier: Some(identifier), text: b"Item".to_vec() };
        let minute = TimerValue { hours: 0, minutes: 1, seconds: 0 };
        let timer = |identifier, value| TimerManagement { timer: TimerIdentifier { identifier }, value };
        let mut not_from_the_card = Command::new(1, 0, DisplayText::new("Text"));
        not_from_the_card.devices.source = Device::TERMINAL;
        let mut strange = DisplayText::new("Text");
        strange.text.coding = Some(Coding(0x07));
        let never = Duration { unit: TimeUnit::SECONDS, interval: 0 };
        vec![
            (true, "TS 102 223 §5.2", Command::new(1, 0, DisplayText::new("Text"))),
            (false, "TS 102 223 §6.6.21", Command::new(1, TimerAction::START.0, timer(1, None))),
            (false, "TS 102 223 §6.6.21", Command::new(1, TimerAction::DEACTIVATE.0, timer(1, Some(minute)))),
            (false, "TS 102 223 §8.7", not_from_the_card),
            (false, "TS 102 223 §8.8", Command::new(1, 0, PollInterval { interval: never })),
            (
                false,
                "TS 102 223 §8.9",
                Command::new(1, 0, SetUpMenu::new("Menu".into(), vec![item(1), item(1)])),
            ),
            (false, "TS 102 223 §8.9", Command::new(1, 0, SetUpMenu::new("Menu".into(), vec![item(0)]))),
            (false, "TS 102 223 §8.11", Command::new(1, 0, GetInput::new("How?", 9, 3))),
            (false, "TS 31.111 §8.13", Command::new(1, 0, SendShortMessage::silent(vec![0xFF]))),
            (false, "TS 102 223 §8.15", Command::new(1, 0, strange)),
            (false, "TS 102 223 §8.37", Command::new(1, TimerAction::START.0, timer(9, Some(minute)))),
        ]
    }

    #[test]
    fn each_rule_has_what_breaks_it_and_nothing_else() {
        for (can_nothing, spec, command) in breaches() {
            let nothing = TerminalProfile::default();
            let broken = check(&command.encode(), can_nothing.then_some(&nothing));
            assert_eq!(broken.map_err(|breach| breach.spec), Err(spec), "{command:?}");
        }
        assert!(RULES.iter().all(|rule| breaches().iter().any(|(_, spec, _)| *spec == rule.spec)));
    }

    #[test]
    fn what_cannot_be_read_is_not_legal() {
        assert_eq!(check(&[0xD0, 0x05, 0x81], None).map_err(|breach| breach.spec), Err("TS 102 223 §6.6"));
    }
}
