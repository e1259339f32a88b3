//! What can happen to a card, in any order.

use std::fmt;

use proptest::prelude::Rng as _;
use proptest::{
    strategy::{NewTree, Strategy, ValueTree},
    test_runner::TestRunner,
};

/// Something that happens to a card. What it is in octets follows from where the card is: which menu it has, which command
/// it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Move {
    /// What happens.
    pub kind: Kind,
    /// To which, of those that there are; the places go round.
    pub place: u8,
    /// How.
    pub variant: u8,
}

/// Declares what can happen: how often among all, name, and doc.
macro_rules! kinds {
    ($($(#[$meta:meta])* $often:literal $name:ident $text:literal;)*) => {
        /// A kind of what can happen to a card.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$meta])* $name,)* }

        impl Kind {
            /// Every kind, and how often it comes among all.
            pub const ALL: &'static [(Self, u8)] = &[$((Self::$name, $often),)*];

            /// What people call it.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// The command that waits is fetched, if it is not yet, and answered.
    19 Answer "answer";
    /// The user chooses from the card's menu, or wants help on an entry.
    10 Menu "menu";
    /// The command that waits is fetched, and not answered.
    3 Fetch "fetch";
    /// A message for the card comes: a text, a part of one, or octets.
    6 Message "message";
    /// A command packet comes for an applet or an application of the card.
    4 Packet "packet";
    /// A timer has expired.
    4 Timer "timer";
    /// Something happens that the terminal tells the card of (EVENT DOWNLOAD).
    5 Event "event";
    /// The terminal sends another envelope, or octets that are none.
    2 Envelope "envelope";
    /// The terminal asks whether there is something (STATUS).
    2 Status "status";
    /// An applet is selected.
    2 Select "select";
    /// An APDU of any kind comes.
    3 Apdu "APDU";
    /// The terminal says what it can do, perhaps something else than before.
    1 Profile "profile";
    /// The card is reset, and started.
    1 Reset "reset";
    /// Power fails at one of the next writes.
    2 Tear "tear";
}

/// Kinds by a number of six bits.
const WHEEL: [Kind; 64] = {
    let mut wheel = [Kind::Answer; 64];
    let (mut at, mut line) = (0, 0);
    while line < Kind::ALL.len() {
        let (kind, often) = Kind::ALL[line];
        let mut left = often;
        while left > 0 && at < wheel.len() {
            wheel[at] = kind;
            at += 1;
            left -= 1;
        }
        line += 1;
    }
    wheel
};

impl Move {
    /// The move that three octets say: every three say one.
    #[must_use]
    pub const fn from_octets([kind, place, variant]: [u8; 3]) -> Self {
        Self { kind: WHEEL[(kind & 0x3F) as usize], place, variant }
    }
}

impl fmt::Debug for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}, {})", self.kind, self.place, self.variant)
    }
}

/// Sequences of moves, as a strategy of proptest. One that fails shrinks to the fewest moves, and to the first places, that
/// still fail.
#[derive(Clone, Copy, Debug)]
pub struct Sequences {
    /// How many moves each has.
    pub length: usize,
}

/// A sequence that can shrink.
#[derive(Clone, Debug)]
pub struct Shrinking {
    moves: Vec<Move>,
    /// What there was before the last step.
    before: Option<Vec<Move>>,
    step: Step,
}

/// The next thing to be tried.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// To leave out so many moves from here on.
    LeaveOut { size: usize, at: usize },
    /// To make a move simpler, in the first of these ways, the second …
    Simplify { at: usize, way: u8 },
    /// Nothing.
    Done,
}

impl Strategy for Sequences {
    type Tree = Shrinking;
    type Value = Vec<Move>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut moves = Vec::with_capacity(self.length);
        let rng = runner.rng();
        while moves.len() < self.length {
            let octets = rng.next_u64().to_be_bytes();
            moves.extend(octets.as_chunks().0.iter().copied().map(Move::from_octets));
        }
        moves.truncate(self.length);
        Ok(Shrinking::new(moves))
    }
}

impl Shrinking {
    /// Of these moves.
    #[must_use]
    pub const fn new(moves: Vec<Move>) -> Self {
        let size = moves.len();
        Self { moves, before: None, step: Step::LeaveOut { size, at: 0 } }
    }

    /// The moves as they are now.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// Puts others before them, in the place of as many.
    pub fn begin_with(&mut self, first: &[Move]) {
        self.moves.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
    }

    /// Tries the next thing that changes something.
    fn try_next(&mut self) -> bool {
        loop {
            match self.step {
                Step::LeaveOut { size: 0, .. } => self.step = Step::Simplify { at: 0, way: 0 },
                Step::LeaveOut { size, at } if at >= self.moves.len() => {
                    self.step = Step::LeaveOut { size: size / 2, at: 0 };
                }
                Step::LeaveOut { size, at } => {
                    self.before = Some(self.moves.clone());
                    let end = (at + size).min(self.moves.len());
                    self.moves.drain(at..end);
                    return true;
                }
                Step::Simplify { at, way } => {
                    let Some(&old) = self.moves.get(at) else {
                        self.step = Step::Done;
                        continue;
                    };
                    let Some(new) = simpler(old, way) else {
                        self.step = Step::Simplify { at: at + 1, way: 0 };
                        continue;
                    };
                    if new == old {
                        self.step = Step::Simplify { at, way: way + 1 };
                        continue;
                    }
                    self.before = Some(self.moves.clone());
                    if let Some(place) = self.moves.get_mut(at) {
                        *place = new;
                    }
                    return true;
                }
                Step::Done => return false,
            }
        }
    }

    /// Goes on behind what did not work.
    const fn pass_over(&mut self) {
        self.step = match self.step {
            Step::LeaveOut { size, at } => Step::LeaveOut { size, at: at + size },
            Step::Simplify { at, way } => Step::Simplify { at, way: way + 1 },
            Step::Done => Step::Done,
        };
    }
}

/// A move made simpler in one of several ways.
const fn simpler(old: Move, way: u8) -> Option<Move> {
    Some(match way {
        0 => Move { place: 0, variant: 0, ..old },
        1 => Move { variant: 0, ..old },
        2 => Move { place: 0, ..old },
        3 => Move { place: old.place / 2, ..old },
        4 => Move { place: old.place.saturating_sub(1), ..old },
        5 => Move { variant: old.variant / 2, ..old },
        6 => Move { variant: old.variant.saturating_sub(1), ..old },
        _ => return None,
    })
}

impl ValueTree for Shrinking {
    type Value = Vec<Move>;

    fn current(&self) -> Vec<Move> {
        self.moves.clone()
    }

    fn simplify(&mut self) -> bool {
        self.before = None;
        self.try_next()
    }

    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else { return false };
        self.moves = before;
        self.pass_over();
        self.try_next()
    }
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::TestError;

    use super::*;

    #[test]
    fn the_wheel_has_a_place_for_every_share_and_no_more() {
        let places: usize = Kind::ALL.iter().map(|&(_, often)| usize::from(often)).sum();
        assert!(places <= WHEEL.len(), "{places}");
        for &(kind, often) in Kind::ALL {
            assert!(WHEEL.iter().filter(|&&there| there == kind).count() >= usize::from(often), "{kind:?}");
        }
    }

    #[test]
    fn a_failure_shrinks_to_the_moves_that_it_takes() {
        let mut runner = TestRunner::deterministic();
        let failure = runner.run(&Sequences { length: 40 }, |moves| {
            let menus = moves.iter().filter(|one| one.kind == Kind::Menu).count();
            if menus >= 2 { Err(proptest::test_runner::TestCaseError::fail("two")) } else { Ok(()) }
        });
        let Err(TestError::Fail(_, moves)) = failure else { panic!("{failure:?}") };
        assert_eq!(moves, [Move { kind: Kind::Menu, place: 0, variant: 0 }; 2]);
    }
}
