//! Questions to the user, and which of the user's doings answer them.

use alloc::{boxed::Box, string::String, vec::Vec};

use oxisim_sms::alphabet;
use oxisim_toolkit::{
    Answer,
    codes::GeneralResult,
    command::LaunchBrowser,
    objects::{Coding, Duration, ItemIdentifier, TextString},
};
use oxisim_wire::Instant;

use crate::{
    Characters, User,
    session::{Job, Outcome},
};

/// The longest text that fits a TERMINAL RESPONSE, in octets.
const TEXT_LIMIT: usize = 239;

/// What a duration takes of that.
const DURATION: usize = 4;

/// A question to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// DISPLAY TEXT that the user clears.
    Clear,
    /// GET INKEY.
    Key {
        keys: Characters,
        help: bool,
        /// Whether the card asks how long the user took.
        timed: bool,
    },
    /// GET INPUT.
    Text {
        characters: Characters,
        minimum: u8,
        maximum: u8,
        packed: bool,
        default: Option<String>,
        help: bool,
        /// Whether the card asks how long the user took.
        timed: bool,
    },
    /// LAUNCH BROWSER, which the user may refuse.
    Browser(Box<LaunchBrowser>),
    /// SELECT ITEM.
    Item { items: Vec<u8>, default: Option<u8>, help: bool },
}

impl Prompt {
    /// What the card is answered, if the user's doing is an answer to this question.
    pub(crate) fn reply(&self, job: &Job, input: &User, now: Instant) -> Option<Outcome> {
        let answer = match (self, input) {
            (Self::Clear, User::Clear) => Answer::default(),
            (Self::Key { keys, .. }, User::Key(_) | User::Yes | User::No) => {
                Answer { text: Some(key(*keys, input)?), ..self.elapsed(job, now) }
            }
            (Self::Text { default, .. }, User::Accept) => {
                return self.reply(job, &User::Text(default.clone()?), now);
            }
            (Self::Item { default, .. }, User::Accept) => {
                return self.reply(job, &User::Choose((*default)?), now);
            }
            (Self::Text { characters, minimum, maximum, packed, timed, .. }, User::Text(text)) => {
                let length = usize::from(*minimum)..=match *maximum {
                    0xFF => usize::MAX,
                    maximum => usize::from(maximum),
                };
                let (text, count) = entered(*characters, *packed, text)?;
                let limit = if *timed { TEXT_LIMIT - DURATION } else { TEXT_LIMIT };
                if !length.contains(&count) || text.text.len() > limit {
                    return None;
                }
                Answer { text: Some(text), ..self.elapsed(job, now) }
            }
            (Self::Item { items, .. }, User::Choose(item)) if items.contains(item) => chosen(*item),
            (Self::Item { items, help: true, .. }, User::Help(Some(item))) if items.contains(item) => {
                return Some(job.result_with(GeneralResult::HELP_REQUIRED_BY_USER, chosen(*item)));
            }
            (Self::Key { help: true, .. } | Self::Text { help: true, .. }, User::Help(_)) => {
                return Some(job.result(GeneralResult::HELP_REQUIRED_BY_USER));
            }
            (Self::Browser(_), User::No) => return Some(job.result(GeneralResult::USER_DID_NOT_ACCEPT)),
            (_, User::Back) => return Some(job.result(GeneralResult::BACKWARD_MOVE_REQUESTED_BY_USER)),
            (_, User::EndSession) => return Some(job.result(GeneralResult::SESSION_TERMINATED_BY_USER)),
            (_, User::NoResponse) => {
                let answer = self.elapsed(job, now);
                return Some(job.result_with(GeneralResult::NO_RESPONSE_FROM_USER, answer));
            }
            _ => return None,
        };
        Some(job.done_with(answer))
    }

    /// How long the user took, if the card asks.
    fn elapsed(&self, job: &Job, now: Instant) -> Answer {
        let timed = matches!(self, Self::Key { timed: true, .. } | Self::Text { timed: true, .. });
        let duration = timed.then(|| Duration::from_duration(now.since(job.started)));
        Answer { duration, ..Answer::default() }
    }
}

fn chosen(identifier: u8) -> Answer {
    Answer { item: Some(ItemIdentifier { identifier }), ..Answer::default() }
}

/// The text string of a key, if the key counts (TS 102 223 §6.8: yes is 01, no is 00).
fn key(keys: Characters, input: &User) -> Option<TextString> {
    let octet = |octet| TextString { coding: Some(Coding::EIGHT_BIT), text: [octet].to_vec() };
    match (keys, input) {
        (Characters::YesNo, User::Yes) => Some(octet(1)),
        (Characters::YesNo, User::No) => Some(octet(0)),
        (_, User::Key(key)) if key.len_utf16() == 1 => {
            entered(keys, false, key.encode_utf8(&mut [0; 4])).map(|(text, _)| text)
        }
        _ => None,
    }
}

/// A text in the coding that the card asked for, and how many characters it counts; `None` if a character does
/// not count.
fn entered(characters: Characters, packed: bool, text: &str) -> Option<(TextString, usize)> {
    match characters {
        Characters::YesNo => None,
        Characters::Ucs2 => {
            let units: Vec<u16> = text.encode_utf16().collect();
            let octets = units.iter().copied().flat_map(u16::to_be_bytes).collect();
            Some((TextString { coding: Some(Coding::UCS2), text: octets }, units.len()))
        }
        Characters::Digits if !is_made_of(text, "*#+") => None,
        Characters::Keypad if !is_made_of(text, "*#") => None,
        Characters::Digits | Characters::Keypad | Characters::DefaultAlphabet => {
            let septets = alphabet::encode(text)?;
            let count = septets.len();
            let string = if packed {
                TextString { coding: Some(Coding::PACKED), text: alphabet::pack(&septets, 0) }
            } else {
                TextString { coding: Some(Coding::EIGHT_BIT), text: septets }
            };
            Some((string, count))
        }
    }
}

/// Whether there are only digits and these characters.
fn is_made_of(text: &str, others: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || others.contains(c))
}
