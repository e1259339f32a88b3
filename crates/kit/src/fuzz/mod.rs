//! Any sequence of what can happen to a card with applets, without a model of them: what no applet may do is looked for
//! ([`Oracle`]), and what its author declares.
//!
//! [`Fuzz::run`] draws [`Sequences`] of [`Move`]s with proptest, and goes on from those that reached something new. What it
//! finds shrinks, and is a [`Finding`]: its script runs with `oxisim script`, and with [`Fuzz::replay`] against the invariants
//! as well.
//!
//! ```
//! use oxisim_applets::Hello;
//! use oxisim_card::{Card, Profile};
//! use oxisim_kit::fuzz::Fuzz;
//!
//! let card = Card::new(&Profile::default()).with_applet(Hello);
//! let mut fuzz = Fuzz::new(card).invariant("the applet stays", |card| match card.applets().count() {
//!     1 => Ok(()),
//!     other => Err(format!("there are {other}")),
//! });
//! let found = fuzz.run(1, &mut |done| done.sequences < 200).expect("the card starts");
//! assert!(found.is_none(), "{}", found.unwrap());
//! ```

mod alphabet;
mod coverage;
mod finding;
mod moves;
mod subject;
mod walk;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use oxisim_card::{Aid, Card};
use proptest::prelude::Rng as _;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use self::{
    alphabet::{Addressed, Alphabet},
    finding::{Broken, Line},
    walk::{Invariant, Place, Stop, Walk},
};
pub use self::{
    coverage::{Coverage, State},
    finding::{Finding, Oracle},
    moves::{Kind, Move, Sequences, Shrinking},
    subject::{Sent, Subject, Virtual},
};

/// The most sequences that are kept for others to go on from.
const MOST_KEPT: usize = 1024;
/// How many sequences there are between two looks at whether to go on.
const BETWEEN: u64 = 256;
/// The class of the toolkit (TS 102 221 §10.1.1), and the one of a SIM of GSM (TS 51.011 §9.2).
const CLASSES: [u8; 2] = [0x80, 0xA0];

/// How far a run has come.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Sequences, each on a fresh card.
    pub sequences: u64,
    /// Commands.
    pub commands: u64,
    /// Which states and steps were reached.
    pub coverage: Coverage,
}

impl Done {
    /// Takes what another run has done as well.
    pub fn merge(&mut self, other: &Self) {
        self.sequences += other.sequences;
        self.commands += other.commands;
        self.coverage.merge(&other.coverage);
    }
}

/// A card that is tried, and what is looked for.
pub struct Fuzz<S> {
    subject: S,
    invariants: Vec<Invariant>,
    own: Option<fn(&Card) -> u32>,
    addressed: Addressed,
    head: String,
    commands: usize,
    done: Done,
    /// The card as it has started for the octets of a fuzzer.
    started: Option<Box<(Alphabet, Place)>>,
}

impl Fuzz<Virtual> {
    /// A virtual card.
    #[must_use]
    pub fn new(card: Card) -> Self {
        let addressed = Addressed {
            aids: card.applets().map(|applet| applet.aid).collect(),
            tars: card.applets().flat_map(|applet| applet.parameters.tars).collect(),
        };
        Self { addressed, ..Self::on(Virtual::new(card)) }
    }

    /// What holds at every moment, beside what holds for every card: `holds` says why not.
    #[must_use]
    pub fn invariant(
        mut self,
        name: &'static str,
        holds: impl Fn(&Card) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.invariants.push(Invariant { name, holds: Box::new(holds) });
        self
    }

    /// What of the applet's own makes a state, beside what is seen from outside.
    #[must_use]
    pub const fn state(mut self, state: fn(&Card) -> u32) -> Self {
        self.own = Some(state);
        self
    }
}

impl<S: Subject> Fuzz<S> {
    /// Any card.
    #[must_use]
    pub fn on(subject: S) -> Self {
        Self {
            subject,
            invariants: Vec::new(),
            own: None,
            addressed: Addressed::default(),
            head: String::new(),
            commands: 20,
            done: Done::default(),
            started: None,
        }
    }

    /// Applets that are selected, too.
    #[must_use]
    pub fn selecting(mut self, aids: impl IntoIterator<Item = Aid>) -> Self {
        self.addressed.aids.extend(aids);
        self.started = None;
        self
    }

    /// The first line of scripts: which card they are for.
    #[must_use]
    pub fn headed(mut self, line: impl Into<String>) -> Self {
        self.head = line.into();
        self
    }

    /// How many commands a sequence has; 20 if nothing is said. The end of its session is not counted.
    #[must_use]
    pub const fn commands(mut self, commands: usize) -> Self {
        self.commands = commands;
        self
    }

    /// How far it has come.
    #[must_use]
    pub const fn done(&self) -> &Done {
        &self.done
    }

    /// Tries sequences that follow from the seed for as long as `goes_on`; what was found first. An error is a card that
    /// cannot be reached, or does not start.
    pub fn run(
        &mut self,
        seed: u64,
        goes_on: &mut dyn FnMut(&Done) -> bool,
    ) -> Result<Option<Finding>, String> {
        let mut runner = runner(seed);
        let (alphabet, start) = match self.start(&mut runner) {
            Ok(started) => started,
            Err(Stop::Lost(why)) => return Err(why),
            Err(Stop::Broken(broken)) => {
                let script = finding::script(&self.head, &[Line::Reset], &broken);
                return Ok(Some(found(*broken, Vec::new(), script)));
            }
        };
        // A move that makes no sense where the card is sends nothing.
        let sequences = Sequences { length: 2 * self.commands };
        let mut kept: Vec<Vec<Move>> = Vec::new();
        self.started = None;
        while goes_on(&self.done) {
            let between = if self.subject.card().is_some() { BETWEEN } else { 1 };
            for _ in 0..between {
                let mut tree = sequences.new_tree(&mut runner).map_err(|reason| reason.to_string())?;
                let chance = runner.rng().next_u64();
                if chance & 1 == 1
                    && let Some(before) = kept.get((chance >> 32) as usize % kept.len().max(1))
                {
                    let end = (chance >> 8) as usize % (before.len() + 1);
                    tree.begin_with(before.get(..end).unwrap_or_default());
                }
                self.done.sequences += 1;
                match self.try_one(&alphabet, &start, tree.moves(), None) {
                    Ok(true) if kept.len() < MOST_KEPT => kept.push(tree.moves().to_vec()),
                    Ok(_) => {}
                    Err(Stop::Lost(why)) => return Err(why),
                    Err(Stop::Broken(broken)) => {
                        return Ok(Some(self.shrink(&alphabet, &start, tree, *broken)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Carries out the moves that octets say, three a move, as a fuzzer has them; what is found, with those moves.
    pub fn carry_out(&mut self, octets: &[u8]) -> Result<Option<Finding>, String> {
        let moves = octets.as_chunks().0.iter().copied().map(Move::from_octets);
        let tree = Shrinking::new(moves.collect());
        let started = self.started.take().map_or_else(|| self.start(&mut runner(0)).map(Box::new), Ok);
        let result = started.and_then(|started| {
            let (alphabet, start) = &*started;
            let found = match self.try_one(alphabet, start, tree.moves(), None) {
                Err(Stop::Broken(broken)) => Ok(Some(self.shrink(alphabet, start, tree, *broken))),
                other => other.map(|_| None),
            };
            self.started = Some(started);
            found
        });
        match result {
            Ok(found) => Ok(found),
            Err(Stop::Lost(why)) => Err(why),
            Err(Stop::Broken(broken)) => Err(broken.what),
        }
    }

    /// Says again what a script of a [`Finding`] says, and looks for the same; what was found, or why the script cannot be
    /// read.
    pub fn replay(&mut self, script: &str) -> Result<Option<String>, String> {
        let lines = finding::read(script)?;
        let alphabet = Alphabet::new(CLASSES[0], &self.addressed, false, &mut runner(0));
        let Self { subject, invariants, own, .. } = self;
        let mut walk = Walk {
            subject,
            alphabet: &alphabet,
            invariants,
            own: *own,
            place: Place::default(),
            octets: Vec::new(),
            lines: None,
            sent: 0,
        };
        let result = catch_unwind(AssertUnwindSafe(|| walk.say_again(&lines)));
        match result.unwrap_or_else(|panic| Err(panicked(&*panic))) {
            Ok(()) => Ok(None),
            Err(Stop::Broken(broken)) => Ok(Some(format!("{}: {}", broken.oracle.text(), broken.what))),
            Err(Stop::Lost(why)) => Err(why),
        }
    }

    /// Finds out in which class the card takes the toolkit, and starts it.
    fn start(&mut self, runner: &mut TestRunner) -> Result<(Alphabet, Place), Stop> {
        let mut last = None;
        self.subject.fresh();
        for class in CLASSES {
            let changes = self.subject.may_change();
            let alphabet = Alphabet::new(class, &self.addressed, changes, runner);
            let mut walk = walk(self, &alphabet, Place::default());
            let started = catch_unwind(AssertUnwindSafe(|| walk.begin()));
            let place = walk.place;
            match started.unwrap_or_else(|panic| Err(panicked(&*panic))) {
                Ok(()) => {
                    self.subject.keep();
                    if last.is_none() && !place.has_menu() && class == CLASSES[0] && !changes {
                        last = Some((alphabet, place));
                        continue;
                    }
                    return Ok((alphabet, place));
                }
                Err(stop) if last.is_none() => return Err(stop),
                Err(_) => {}
            }
        }
        last.ok_or_else(|| Stop::Lost("the card does not start".into()))
    }

    /// One sequence; whether it has reached something new.
    fn try_one(
        &mut self,
        alphabet: &Alphabet,
        start: &Place,
        moves: &[Move],
        lines: Option<&mut Vec<Line>>,
    ) -> Result<bool, Stop> {
        let most = self.commands;
        let mut coverage = core::mem::take(&mut self.done.coverage);
        let is_fresh = self.subject.fresh() && lines.is_none();
        let mut walk = walk(self, alphabet, start.clone());
        walk.lines = lines.as_ref().map(|_| Vec::new());
        let result = catch_unwind(AssertUnwindSafe(|| {
            if !is_fresh {
                walk.begin()?;
                walk.sent = 0;
            }
            walk.carry_out(moves, most, &mut coverage)
        }));
        let sent = walk.sent;
        if let (Some(lines), Some(said)) = (lines, walk.lines.take()) {
            *lines = said;
        }
        self.done.coverage = coverage;
        self.done.commands += sent as u64;
        result.unwrap_or_else(|panic| Err(panicked(&*panic)))
    }

    /// The fewest and simplest moves that lead to the same.
    fn shrink(&mut self, alphabet: &Alphabet, start: &Place, mut tree: Shrinking, first: Broken) -> Finding {
        let mut best = (tree.current(), first);
        let mut goes_on = tree.simplify();
        while goes_on {
            let same = match self.try_one(alphabet, start, tree.moves(), None) {
                Err(Stop::Broken(broken))
                    if broken.oracle == best.1.oracle && broken.which == best.1.which =>
                {
                    Some(*broken)
                }
                _ => None,
            };
            goes_on = match same {
                Some(broken) => {
                    best = (tree.current(), broken);
                    tree.simplify()
                }
                None => tree.complicate(),
            };
        }
        let (moves, mut broken) = best;
        let mut lines = Vec::new();
        if let Err(Stop::Broken(again)) = self.try_one(alphabet, start, &moves, Some(&mut lines)) {
            broken = *again;
        }
        let script = finding::script(&self.head, &lines, &broken);
        found(broken, moves, script)
    }
}

fn walk<'a, S>(fuzz: &'a mut Fuzz<S>, alphabet: &'a Alphabet, place: Place) -> Walk<'a, S> {
    Walk {
        subject: &mut fuzz.subject,
        alphabet,
        invariants: &fuzz.invariants,
        own: fuzz.own,
        place,
        octets: Vec::new(),
        lines: None,
        sent: 0,
    }
}

fn found(broken: Broken, moves: Vec<Move>, script: String) -> Finding {
    Finding { oracle: broken.oracle, what: broken.what, moves, script }
}

fn runner(seed: u64) -> TestRunner {
    let [a, b] = [seed, !seed].map(u64::to_le_bytes);
    let seed: Vec<u8> = a.into_iter().chain(b).collect();
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::XorShift, &seed))
}

fn panicked(panic: &(dyn Any + Send)) -> Stop {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say why");
    Stop::Broken(Box::new(Broken {
        oracle: Oracle::Panic,
        which: text.into(),
        what: text.into(),
        expected: "",
    }))
}
