//! A world and what goes wrong in it, as data.

use oxisim_backup::{Choice, Mode as Uploading, Way};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::Kind;

/// Most faults of a plan that a seed makes.
const MOST_FAULTS: u32 = 8;

/// The seconds in which they come, from the user's wish for a backup on.
const SPAN: u32 = 1_200;

/// The seconds in which a backup begins and sends its first blocks: what shall meet it at work comes then.
const BEGINNING: u32 = 60;

/// The highest counter of a packet (TS 102 225 §5.1.4).
const HIGHEST: u64 = 0xFF_FFFF_FFFF;

/// Counters of packets that a card may have used already: none, and those before which one, two and four octets are full,
/// and all five.
const COUNTERS: [u64; 6] = [0, 0, 0xF0, 0xFFF0, 0xFFFF_FFF0, HIGHEST - 40];

/// Numbers of a card's last backup: none, and those before the sign changes and all begins anew.
const GENERATIONS: [u16; 4] = [0, 0, 0x7FFE, 0xFFFE];

/// What a world is made of, and what goes wrong in it. The same plan always goes the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What decides by chance, in the world as well.
    pub seed: u64,
    /// Contacts on a card.
    pub contacts: u16,
    /// How the blocks travel.
    pub mode: Mode,
    /// What the user answers, if the card asks.
    #[serde(default)]
    pub answer: Answer,
    /// Whether messages are secured.
    pub secured: bool,
    /// Whether blocks are coded compactly.
    pub compact: bool,
    /// The counter of the last packet that the card has sent before.
    #[serde(default)]
    pub counter: u64,
    /// The number of the last backup that the card has made before.
    #[serde(default)]
    pub generation: u16,
    /// Whether a second subscriber backs up at the same server at the same time.
    #[serde(default)]
    pub neighbour: bool,
    /// What goes wrong, in the order of time.
    pub faults: Vec<Fault>,
}

/// How the blocks of a simulated backup travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// All at once.
    Normal,
    /// In subsets that the server asks for.
    Server,
    /// In subsets, by a timer.
    Timer,
    /// In subsets, by STATUS.
    Status,
    /// As the card chooses, by the time that it would take.
    Auto,
    /// As the user chooses.
    Ask,
}

/// What the user answers a card that asks how to back up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// All at once.
    Normal,
    /// In subsets.
    #[default]
    Asynchronous,
    /// Not at all.
    Refused,
    /// Nothing.
    None,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Seconds after the user's wish.
    pub at: u32,
    /// What.
    pub kind: Kind,
    /// Whether it befalls the second subscriber.
    #[serde(default)]
    pub neighbour: bool,
    /// Of a message: whether it goes to the phone.
    #[serde(default)]
    pub to_phone: bool,
    /// What the kind says.
    #[serde(default)]
    pub amount: u32,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Normal, Self::Server, Self::Timer, Self::Status, Self::Auto, Self::Ask];

    /// The mode of an uploader.
    #[must_use]
    pub const fn uploading(self) -> Uploading {
        match self {
            Self::Normal => Uploading::Fixed(Way::NORMAL),
            Self::Server => Uploading::Fixed(Way::SERVER),
            Self::Timer => Uploading::Fixed(Way::TIMER),
            Self::Status => Uploading::Fixed(Way::STATUS),
            Self::Auto => Uploading::Auto,
            Self::Ask => Uploading::Ask,
        }
    }
}

impl Answer {
    const ALL: [Self; 4] = [Self::Normal, Self::Asynchronous, Self::Refused, Self::None];

    /// The same as the user of a world has it.
    #[must_use]
    pub const fn choice(self) -> Choice {
        match self {
            Self::Normal => Choice::Normal,
            Self::Asynchronous => Choice::Asynchronous,
            Self::Refused => Choice::Refused,
            Self::None => Choice::NoAnswer,
        }
    }
}

impl Plan {
    /// The plan that a seed makes, of faults of these kinds.
    #[must_use]
    pub fn new(seed: u64, contacts: u16, kinds: &[Kind]) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |below: u32| random.next_u32() % below.max(1);
        let mode = pick(&Mode::ALL, draw(6)).unwrap_or(Mode::Normal);
        let answer = pick(&Answer::ALL, draw(4)).unwrap_or_default();
        let secured = draw(4) != 0;
        let compact = draw(3) == 0;
        let counter = pick(&COUNTERS, draw(12)).filter(|_| secured).unwrap_or(0);
        let generation = pick(&GENERATIONS, draw(4)).unwrap_or(0);
        let neighbour = draw(5) == 0;
        let count = if kinds.is_empty() { 0 } else { 1 + draw(MOST_FAULTS) };
        let mut faults: Vec<Fault> = (0..count)
            .filter_map(|_| {
                let kind = pick(kinds, draw(kinds.len() as u32))?;
                let at = draw(if kind.is_at_work() { BEGINNING } else { SPAN });
                let (neighbour, to_phone) = (neighbour && draw(2) == 0, draw(2) == 0);
                let (least, most) = kind.amounts().into_inner();
                Some(Fault { at, kind, neighbour, to_phone, amount: least + draw(most - least + 1) })
            })
            .filter(|fault| secured || !fault.kind.needs_security())
            .collect();
        faults.sort_by_key(|fault| fault.at);
        Self { seed, contacts, mode, answer, secured, compact, counter, generation, neighbour, faults }
    }

    /// Whether the card's packets have so high counters that they may end.
    pub(crate) const fn may_run_out(&self) -> bool {
        self.counter > HIGHEST / 2
    }
}

impl Kind {
    /// Whether it comes only in worlds whose messages are secured: without security nobody can tell a message that was made
    /// up, or changed, from another.
    #[must_use]
    pub const fn needs_security(self) -> bool {
        matches!(self, Self::Corrupted | Self::Truncated | Self::Misaddressed | Self::Replayed | Self::Forged)
    }

    /// Whether it shall meet a backup at work.
    const fn is_at_work(self) -> bool {
        matches!(self, Self::Torn | Self::Refuses | Self::Unable | Self::Ended)
    }
}

fn pick<T: Copy>(from: &[T], number: u32) -> Option<T> {
    from.get(number as usize % from.len().max(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_data() {
        let plan = Plan::new(7, 50, Kind::ALL);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        assert_ne!(plan, Plan { seed: 7, ..Plan::new(8, 50, Kind::ALL) });
    }

    #[test]
    fn a_plan_names_a_mode_as_the_command_line_does() {
        for mode in Mode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.uploading().word());
        }
    }

    #[test]
    fn only_kinds_that_are_allowed_come() {
        let kinds = [Kind::Lost, Kind::Torn];
        for plan in (0..100).map(|seed| Plan::new(seed, 50, &kinds)) {
            assert!(!plan.faults.is_empty());
            assert!(plan.faults.iter().all(|fault| kinds.contains(&fault.kind)), "{plan:?}");
        }
        assert!(Plan::new(1, 50, &[]).faults.is_empty());
    }
}
