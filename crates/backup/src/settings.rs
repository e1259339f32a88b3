//! How a backup is made.

use alloc::{format, string::String};
use core::{fmt, str::FromStr};

use oxisim_wire::{Duration, codes};

use crate::Coding;

codes! {
    /// The way in which the blocks of a backup travel.
    pub struct Way(u8) {
        /// All at once.
        NORMAL = 0x00,
        /// In subsets; the server asks for the next.
        SERVER = 0x01,
        /// In subsets; a timer of the phone ends the pause.
        TIMER = 0x02,
        /// In subsets; the phone's STATUS ends the pause.
        STATUS = 0x03,
    }
}

/// Who chooses the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// This way, always.
    Fixed(Way),
    /// The normal way up to a threshold, else the asynchronous one.
    Auto,
    /// The user, who is shown both estimates.
    Ask,
}

impl Way {
    /// Its name in files and on command lines; that of the normal way, if there is no such way.
    #[must_use]
    pub fn word(self) -> &'static str {
        Mode::Fixed(self).word()
    }
}

impl Mode {
    /// Each with its name in files and on command lines, and what it means.
    pub const NAMED: [(Self, &'static str, &'static str); 6] = [
        (Self::Auto, "auto", "at once if it is short, else in subsets"),
        (Self::Fixed(Way::NORMAL), "normal", "at once"),
        (Self::Fixed(Way::SERVER), "server", "in subsets, the server asks for each"),
        (Self::Fixed(Way::TIMER), "timer", "in subsets, by a timer of the phone"),
        (Self::Fixed(Way::STATUS), "status", "in subsets, by the phone's polling"),
        (Self::Ask, "ask", "the user is asked"),
    ];

    /// Its name; that of the normal way, if it is of a way that there is not.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::NAMED.iter().find(|(mode, ..)| *mode == self).map_or("normal", |(_, name, _)| name)
    }
}

/// A name that is none of a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMode(String);

impl FromStr for Mode {
    type Err = NoMode;

    fn from_str(text: &str) -> Result<Self, NoMode> {
        let found = Self::NAMED.iter().find(|(_, name, _)| *name == text);
        found.map(|(mode, ..)| *mode).ok_or_else(|| NoMode(text.into()))
    }
}

impl fmt::Display for NoMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no mode {:?}; there are", self.0)?;
        let mut between = " ";
        Mode::NAMED
            .iter()
            .try_for_each(|(_, name, _)| write!(f, "{}{name}", core::mem::replace(&mut between, ", ")))
    }
}

impl core::error::Error for NoMode {}

/// The settings of an uploader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who chooses the way.
    pub mode: Mode,
    /// The asynchronous way that [`Mode::Auto`] and [`Mode::Ask`] take.
    pub asynchronous: Way,
    /// Blocks that are sent before a pause, at least 1.
    pub subset: u16,
    /// The pause after a subset.
    pub pause: Duration,
    /// A period over which the whole backup is spread; the pause follows from it.
    pub spread: Option<Duration>,
    /// Whether the messages tell the server how long to wait; else it waits as it is set.
    pub instruct_delay: bool,
    /// [`Mode::Auto`]: longest time that a normal backup may keep the phone busy.
    pub threshold: Duration,
    /// [`Mode::Auto`]: most octets of blocks that go the normal way.
    pub volume_threshold: Option<u32>,
    /// Time that a full message takes, for estimates.
    pub message_time: Duration,
    /// Time that it takes the server's question to come, beyond the pause, for estimates.
    pub question_time: Duration,
    /// Octets of a message that the way of transport leaves.
    pub message_octets: usize,
    /// Most contacts of one block; a message has room for about four, or for eight if they are coded compactly.
    pub contacts_per_block: usize,
    /// How the blocks are coded.
    pub coding: Coding,
    /// A backup starts by itself after this time.
    pub interval: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Auto,
            asynchronous: Way::TIMER,
            subset: 3,
            pause: Duration::from_mins(2),
            spread: None,
            instruct_delay: false,
            threshold: Duration::from_mins(1),
            volume_threshold: None,
            message_time: Duration::from_millis(4_300),
            question_time: Duration::from_secs(11),
            message_octets: crate::carriage::CARD_OCTETS,
            contacts_per_block: usize::MAX,
            coding: Coding::Plain,
            interval: None,
        }
    }
}

/// How long a backup will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Blocks to send.
    pub blocks: u16,
    /// Octets of all blocks.
    pub octets: u32,
    /// The normal way; the phone is busy all the time.
    pub normal: Duration,
    /// The asynchronous way, pauses included.
    pub asynchronous: Duration,
}

impl Estimate {
    /// The question that shows both estimates: a title, and what the user can choose, in the order of
    /// [`Choice`](crate::Choice).
    #[must_use]
    pub fn question(&self) -> [String; 4] {
        [
            "Back up phonebook?".into(),
            format!("At once, phone busy {}", self.normal),
            format!("In parts, takes {}", self.asynchronous),
            "No backup".into(),
        ]
    }
}

impl Settings {
    /// The pause between the subsets of a backup of `blocks` blocks.
    #[must_use]
    pub fn pause_for(&self, blocks: u16) -> Duration {
        let pauses = self.pauses(blocks);
        match self.spread {
            Some(spread) if pauses > 0 => {
                let rest = spread.saturating_sub(self.message_time.saturating_mul(u64::from(blocks)));
                Duration::from_micros(rest.as_micros() / pauses)
            }
            _ => self.pause,
        }
    }

    /// Both estimates for `blocks` blocks of `octets` octets.
    #[must_use]
    pub fn estimate(&self, blocks: u16, octets: u32) -> Estimate {
        let normal = self.message_time.saturating_mul(u64::from(blocks));
        let way = if let Mode::Fixed(way) = self.mode { way } else { self.asynchronous };
        let question = if way == Way::SERVER { self.question_time } else { Duration::ZERO };
        let pauses = (self.pause_for(blocks) + question).saturating_mul(self.pauses(blocks));
        Estimate { blocks, octets, normal, asynchronous: normal + pauses }
    }

    /// The way that [`Mode::Auto`] takes.
    #[must_use]
    pub fn automatic(&self, estimate: &Estimate) -> Way {
        let too_long = estimate.normal > self.threshold;
        let too_much = self.volume_threshold.is_some_and(|most| estimate.octets > most);
        if too_long || too_much { self.asynchronous } else { Way::NORMAL }
    }

    fn pauses(&self, blocks: u16) -> u64 {
        u64::from(blocks.div_ceil(self.subset.max(1)).saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_mode_has_its_name_and_no_other_word_is_one() {
        for (mode, name, _) in Mode::NAMED {
            assert_eq!((name.parse(), mode.word()), (Ok(mode), name));
        }
        for way in Way::ALL {
            assert_eq!(way.word().parse(), Ok(Mode::Fixed(*way)));
        }
        let error = "fast".parse::<Mode>().unwrap_err().to_string();
        assert_eq!(error, "there is no mode \"fast\"; there are auto, normal, server, timer, status, ask");
    }

    #[test]
    fn a_full_phonebook_is_above_the_threshold() {
        let settings = Settings::default();
        let estimate = settings.estimate(64, 64 * 113);
        assert_eq!(estimate.normal.as_secs(), 275);
        assert_eq!(estimate.asynchronous.as_secs(), 275 + 21 * 120);
        assert_eq!(settings.automatic(&estimate), Way::TIMER);
        assert_eq!(settings.automatic(&settings.estimate(13, 1_469)), Way::NORMAL);
    }

    #[test]
    fn a_volume_can_be_the_threshold() {
        let settings = Settings { volume_threshold: Some(1_000), ..Settings::default() };
        assert_eq!(settings.automatic(&settings.estimate(9, 1_001)), Way::TIMER);
        assert_eq!(settings.automatic(&settings.estimate(9, 1_000)), Way::NORMAL);
    }

    #[test]
    fn the_pause_follows_from_the_spread() {
        let settings = Settings { spread: Some(Duration::from_mins(60)), ..Settings::default() };
        assert_eq!(settings.estimate(10, 0).asynchronous.as_secs_ceil(), 3_600);
        assert_eq!(settings.pause_for(3), Duration::from_mins(2));
        let short = Settings { spread: Some(Duration::from_secs(1)), ..Settings::default() };
        assert_eq!(short.pause_for(10), Duration::ZERO);
    }
}
