//! What a proactive command has to be, beyond that it can be read.

use oxisim_sms::tpdu::MobileOriginated;
use oxisim_toolkit::{
    Command, Proactive, TerminalProfile,
    codes::{Device, TimerAction},
    objects::{Coding, Duration, Item, TextString},
};
use oxisim_wire::Wire as _;

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
    "TS 102 223 §6.6.8" "SELECT ITEM has an item"
        |command, _| !matches!(&command.body, Proactive::SelectItem(body) if body.items.is_empty());
    "TS 102 223 §6.6.12" "SET UP CALL says whom to call"
        |command, _| !matches!(&command.body, Proactive::SetUpCall(body) if body.address.is_none() && body.uri.is_none());
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

/// What is wrong with a command as it was fetched, and the clause; its parts if nothing is.
pub(super) fn check(
    octets: &[u8],
    profile: Option<&TerminalProfile>,
) -> Result<Command, (&'static str, String)> {
    let command = Command::decode(octets)
        .map_err(|refusal| ("TS 102 223 §6.6", format!("it cannot be read: {}", refusal.cause)))?;
    match RULES.iter().find(|rule| !(rule.is_kept)(&command, profile)) {
        Some(rule) => Err((rule.spec, format!("{}: {}", command.details.kind.text(), rule.text))),
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
