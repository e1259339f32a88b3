//! The sequences that card and phone play together: the declared list, and how a file of it is read.
//!
//! A file is about one command. A line at the margin names a sequence as the standard's test specification does
//! (TS 102 384 §27.22, TS 31.124 §27.22); the indented lines under it are its steps, a word and what it is about, in the
//! order in which they happen:
//!
//! | word | |
//! |---|---|
//! | `given` | what the phone is, or the card, before the phone is switched on |
//! | `send` | the applet sends this proactive command, and FETCH delivers these octets |
//! | `menu`, `events`, `poll` | what the applet asks of the toolkit registry |
//! | `answers` | what the applet answers when the phone next asks it |
//! | `user`, `wait`, `network`, `submitted`, `application`, `deliver`, `broadcast`, `channel`, `reader`, `service`, `environment`, `browser` | what happens to the phone |
//! | `happens` | what happens to it that it has no model of: the envelope that tells it |
//! | `fetch` | a proactive command of the toolkit framework, as FETCH delivers it |
//! | `screen`, `tone`, `asks`, `phone`, `report` | what the phone shows, plays, asks of what is around it, does, and answers the service centre |
//! | `response`, `envelope` | the data of TERMINAL RESPONSE and ENVELOPE |
//! | `card` | what the card answers an ENVELOPE with, its status word last |
//! | `applet` | what the applet is told |
//! | `refused` | why the applet cannot send |
//!
//! A `*` after octets says that no vector of other people's making has them, a `~` that one differs in which objects
//! have to be understood.

use std::collections::BTreeSet;

/// A file of sequences.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its name, without the ending.
    pub name: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// A sequence of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence<'a> {
    /// Its name.
    pub title: &'a str,
    /// Its steps.
    pub steps: Vec<Step<'a>>,
}

/// A step: a word, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The word.
    pub word: &'a str,
    /// The rest of the line, without the mark of octets.
    pub rest: &'a str,
}

macro_rules! files {
    ($($name:literal,)*) => {
        /// Every file, in the order of the standard.
        pub const FILES: &[File] = &[$(File {
            name: $name,
            text: include_str!(concat!("../conformance/sequences/", $name, ".txt")),
        },)*];
    };
}

files! {
    "display_text",
    "get_inkey",
    "get_input",
    "more_time",
    "play_tone",
    "poll_interval",
    "polling_off",
    "set_up_menu",
    "select_item",
    "send_short_message",
    "send_ss",
    "send_ussd",
    "set_up_call",
    "refresh",
    "set_up_event_list",
    "set_up_idle_mode_text",
    "provide_local_information",
    "timer_management",
    "run_at_command",
    "send_dtmf",
    "language_notification",
    "launch_browser",
    "power_on_card",
    "power_off_card",
    "perform_card_apdu",
    "get_reader_status",
    "open_channel",
    "close_channel",
    "receive_data",
    "send_data",
    "get_channel_status",
    "local_services",
    "frames",
    "multimedia",
    "contactless",
    "containers",
    "geographical_location",
    "sms_pp_download",
    "cell_broadcast",
    "call_control",
    "event_call",
    "event_location_status",
    "event_user",
    "event_network",
    "event_card_reader_status",
    "event_channel",
    "event_other",
    "sms_control",
    "ussd_download",
    "reports",
}

impl File {
    /// Its sequences.
    #[must_use]
    pub fn sequences(&self) -> Vec<Sequence<'static>> {
        let mut sequences: Vec<Sequence<'static>> = Vec::new();
        for line in self.text.lines() {
            match (line.strip_prefix("  "), sequences.last_mut()) {
                (Some(step), Some(sequence)) => sequence.steps.push(Step::read(step)),
                _ if line.is_empty() || line.starts_with('#') => {}
                _ => sequences.push(Sequence { title: line, steps: Vec::new() }),
            }
        }
        sequences
    }
}

impl Sequence<'_> {
    /// The types of the commands that the phone fetches in it.
    #[must_use]
    pub fn commands(&self) -> BTreeSet<u8> {
        let next = self.steps.iter().skip(1).map(|step| step.word).chain([""]);
        let fetched = self.steps.iter().zip(next).filter(|(step, next)| match step.word {
            "send" => *next != "refused",
            word => word == "fetch",
        });
        fetched.filter_map(|(step, _)| kind(&octets(step.rest)?)).collect()
    }

    /// The types of the commands that the phone answers in it, each with the general result.
    #[must_use]
    pub fn responses(&self) -> BTreeSet<(u8, u8)> {
        let responses = self.octets_of("response");
        responses.filter_map(|data| Some((*data.get(3)?, *data.get(11)?))).collect()
    }

    /// The tags of the envelopes that the phone sends in it, each with the event of an event download.
    #[must_use]
    pub fn envelopes(&self) -> BTreeSet<(u8, Option<u8>)> {
        let event = |data: &[u8]| (data.first() == Some(&0xD6)).then(|| data.get(4).copied()).flatten();
        self.octets_of("envelope").filter_map(|data| Some((*data.first()?, event(&data)))).collect()
    }

    fn octets_of(&self, word: &'static str) -> impl Iterator<Item = Vec<u8>> {
        self.steps.iter().filter(move |step| step.word == word).filter_map(|step| octets(step.rest))
    }
}

impl<'a> Step<'a> {
    fn read(line: &'a str) -> Self {
        let line = line.trim_end();
        let line = line.strip_suffix(" *").or_else(|| line.strip_suffix(" ~")).unwrap_or(line);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Self { word, rest: rest.trim_start() }
    }
}

/// Octets in hexadecimal digits; `None` if they are not.
#[must_use]
pub fn octets(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The type of a proactive command: the second octet of its command details.
fn kind(command: &[u8]) -> Option<u8> {
    let value = if command.get(1)? < &0x80 { command.get(2..)? } else { command.get(3..)? };
    value.get(3).copied()
}
