//! A world and what goes wrong in it, as data.

use oxisim_backup::Way;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::Kind;

/// Most faults of a plan that a seed makes.
const MOST_FAULTS: u32 = 8;

/// The seconds in which they come, from the user's wish for a backup on.
const SPAN: u32 = 1_200;

/// What a world is made of, and what goes wrong in it. The same plan always goes the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What decides by chance, in the world as well.
    pub seed: u64,
    /// Contacts on the card.
    pub contacts: u16,
    /// How the blocks travel.
    pub mode: Mode,
    /// Whether messages are secured.
    pub secured: bool,
    /// Whether blocks are coded compactly.
    pub compact: bool,
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
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Seconds after the user's wish.
    pub at: u32,
    /// What.
    pub kind: Kind,
    /// Of a message: whether it goes to the phone.
    #[serde(default)]
    pub to_phone: bool,
    /// What the kind says.
    #[serde(default)]
    pub amount: u32,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Normal, Self::Server, Self::Timer, Self::Status];

    /// The way of an uploader.
    #[must_use]
    pub const fn way(self) -> Way {
        match self {
            Self::Normal => Way::NORMAL,
            Self::Server => Way::SERVER,
            Self::Timer => Way::TIMER,
            Self::Status => Way::STATUS,
        }
    }
}

impl Plan {
    /// The plan that a seed makes, of faults of these kinds.
    #[must_use]
    pub fn new(seed: u64, contacts: u16, kinds: &[Kind]) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |below: u32| random.next_u32() % below.max(1);
        let mode = pick(&Mode::ALL, draw(4)).unwrap_or(Mode::Normal);
        let secured = draw(4) != 0;
        let compact = draw(3) == 0;
        let count = if kinds.is_empty() { 0 } else { 1 + draw(MOST_FAULTS) };
        let mut faults: Vec<Fault> = (0..count)
            .filter_map(|_| {
                let kind = pick(kinds, draw(kinds.len() as u32))?;
                let at = draw(SPAN);
                let to_phone = draw(2) == 0;
                let (least, most) = kind.amounts().into_inner();
                Some(Fault { at, kind, to_phone, amount: least + draw(most - least + 1) })
            })
            // Without security nobody can tell a message that was made up, or changed, from another.
            .filter(|fault| secured || !fault.kind.needs_security())
            .collect();
        faults.sort_by_key(|fault| fault.at);
        Self { seed, contacts, mode, secured, compact, faults }
    }
}

impl Kind {
    const fn needs_security(self) -> bool {
        matches!(self, Self::Corrupted | Self::Truncated | Self::Misaddressed | Self::Replayed | Self::Forged)
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
    fn only_kinds_that_are_allowed_come() {
        let kinds = [Kind::Lost, Kind::Torn];
        for plan in (0..100).map(|seed| Plan::new(seed, 50, &kinds)) {
            assert!(!plan.faults.is_empty());
            assert!(plan.faults.iter().all(|fault| kinds.contains(&fault.kind)), "{plan:?}");
        }
        assert!(Plan::new(1, 50, &[]).faults.is_empty());
    }
}
