//! One plan, from its beginning to a verdict.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use oxisim_backup::{Choice, Outcome, RestoreStep};
use oxisim_card::Card;
use oxisim_trace::Recorder;
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Happening, User, World};

use crate::{Coverage, Invariant, Kind, Plan, Violation, home::Home, servers::Servers};

mod befall;
#[cfg(test)]
mod mutants;

/// The time in which a backup that is under way ends once nothing goes wrong any more.
const BOUND: Duration = Duration::from_mins(4 * 24 * 60);

/// How often the user asks then, at most: a backup that failed says that the next one will be whole.
const TRIES: u8 = 3;

/// The time in which the last faults strike, or do not.
const STRIKES_WITHIN: Duration = Duration::from_mins(3);

/// The time in which a card answers its user.
const ANSWERS_IN: Duration = Duration::from_secs(30);

/// What came of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was not true, if anything was not.
    pub violation: Option<Violation>,
    /// How often each fault struck.
    pub faults: BTreeMap<Kind, u64>,
    /// Texts with which backups ended while things went wrong, and how often.
    pub ends: BTreeMap<String, u64>,
    /// Texts with which those ended that were asked for afterwards.
    pub last: BTreeMap<String, u64>,
    /// Backups of everybody that brought a whole phonebook, and of which the user was told that they are complete.
    pub whole: u64,
    /// What cards and servers have reached.
    pub coverage: Coverage,
    /// All that happened to the subscriber.
    pub happenings: Vec<Happening>,
}

/// A world that runs.
pub(crate) struct Run {
    plan: Plan,
    pub homes: Vec<Home>,
    servers: Rc<RefCell<Servers>>,
    faults: BTreeMap<Kind, u64>,
    /// How backups ended while things went wrong, once nothing does any more.
    ends: Option<BTreeMap<String, u64>>,
}

impl Run {
    pub fn new(plan: Plan, homes: Vec<Home>, servers: Rc<RefCell<Servers>>) -> Self {
        Self { plan, homes, servers, faults: BTreeMap::new(), ends: None }
    }

    /// What came of it; the cards are `spare` now.
    pub fn verdict(mut self, violation: Option<Violation>, spare: &mut Vec<Card>) -> Verdict {
        self.count();
        let latest = self.take_ends();
        let (ends, last) = match self.ends {
            Some(ends) => (ends, latest),
            None => (latest, BTreeMap::new()),
        };
        let mut coverage = Coverage::default();
        self.homes.iter().for_each(|home| coverage.merge(&home.coverage));
        let whole = self.homes.iter().map(|home| home.watch.whole.count).sum();
        let mut happenings = Vec::new();
        for (home, is_first) in self.homes.into_iter().zip([true, false]) {
            let World { card, record, .. } = home.world;
            spare.push(card.card);
            if is_first {
                happenings = record.happenings;
            }
        }
        Verdict { violation, faults: self.faults, ends, last, whole, coverage, happenings }
    }

    /// Writes down what has passed at the subscriber's.
    pub fn tell(&mut self, recorder: &Recorder) {
        if let Some(Home { world, .. }) = self.homes.first_mut() {
            world.card.tell(&world.record, recorder);
        }
    }

    pub fn go(&mut self) -> Result<(), Violation> {
        for home in &mut self.homes {
            home.switch_on();
            home.look()?;
        }
        let begin = self.now();
        for home in &mut self.homes {
            home.ask()?;
        }
        for fault in std::mem::take(&mut self.plan.faults) {
            self.run_to(begin + Duration::from_secs(u64::from(fault.at)))?;
            self.befall(&fault)?;
        }
        self.stop()?;
        self.ends = Some(self.take_ends());
        self.end()
    }

    fn now(&self) -> Instant {
        self.homes.iter().map(|home| home.world.now()).max().unwrap_or(Instant::EPOCH)
    }

    /// Nothing goes wrong any more, but what has already, and what befalls a message soon.
    fn stop(&mut self) -> Result<(), Violation> {
        let well_at = self.homes.iter().filter_map(Home::is_well_at).max();
        self.run_to(well_at.unwrap_or(Instant::EPOCH).max(self.now() + STRIKES_WITHIN))?;
        self.servers.borrow_mut().heal();
        for home in &mut self.homes {
            home.forget();
            home.world.set_user(User {
                answer: Choice::Normal,
                calls_every: Duration::ZERO,
                ..User::default()
            });
        }
        self.tell_pins();
        self.run_to(self.now() + Duration::from_mins(2))
    }

    /// What is under way ends, and another backup makes the store equal every card.
    fn end(&mut self) -> Result<(), Violation> {
        let until = self.now() + BOUND;
        self.run_while(until, Self::is_at_work)?;
        if let Some(at) = self.at_work() {
            return Err(self.dead(at, "a backup or a restore is still under way"));
        }
        for at in 0..self.homes.len() {
            self.end_at(at)?;
        }
        Ok(())
    }

    fn end_at(&mut self, at: usize) -> Result<(), Violation> {
        for _ in 0..TRIES {
            // What the card says last.
            self.run_to(self.now() + ANSWERS_IN)?;
            let Some(home) = self.homes.get_mut(at) else { return Ok(()) };
            home.watch.last_text = None;
            home.ask()?;
            self.run_to(self.now() + ANSWERS_IN)?;
            let until = self.now() + BOUND;
            self.run_while(until, Self::is_at_work)?;
            self.run_to(self.now() + ANSWERS_IN)?;
            let Some(home) = self.homes.get_mut(at) else { return Ok(()) };
            let last = home.watch.last_text.clone().unwrap_or_default();
            if [Outcome::Complete, Outcome::Unchanged].iter().any(|end| end.to_string() == last) {
                let now = home.world.now();
                return home.watch.look_at_end(&mut self.servers.borrow_mut(), now);
            }
        }
        let Some(home) = self.homes.get(at) else { return Ok(()) };
        // A card whose counters are used up says nothing more, and cannot (TS 102 225 §5.1.4).
        if self.plan.may_run_out() && home.watch.has_run_out() && !home.world.is_backing_up() {
            return Ok(());
        }
        let found = format!("no backup is complete: {:?}", home.watch.ends);
        Err(self.dead(at, &found))
    }

    /// Whether somebody's backup or restore is under way.
    fn is_at_work(&self) -> bool {
        self.at_work().is_some()
    }

    fn at_work(&self) -> Option<usize> {
        self.homes.iter().position(|home| {
            home.watch.is_backing_up()
                || self
                    .servers
                    .borrow_mut()
                    .restore(home.watch.subscriber())
                    .is_some_and(|restore| restore.step == RestoreStep::Running)
        })
    }

    fn dead(&self, at: usize, found: &str) -> Violation {
        match self.homes.get(at) {
            Some(home) => home.watch.violation(Invariant::Live, home.world.now(), found.to_owned()),
            None => Violation { invariant: Invariant::Live, at: 0, found: found.to_owned() },
        }
    }

    fn run_to(&mut self, end: Instant) -> Result<(), Violation> {
        self.run_while(end, |_| true)
    }

    /// Runs until a time, or until it need not any more, and looks after every step.
    fn run_while(&mut self, end: Instant, go_on: impl Fn(&Self) -> bool) -> Result<(), Violation> {
        while go_on(self) {
            let turn = match self.homes.len() {
                1 => 0,
                _ => self.turn(),
            };
            let Some(home) = self.homes.get_mut(turn) else { return Ok(()) };
            let went = home.step(end)?;
            if !home.struck.is_empty() {
                self.count();
            }
            if !went {
                // For the others it is that late as well.
                for home in &mut self.homes {
                    home.step(end)?;
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whose next event is the earliest.
    fn turn(&mut self) -> usize {
        let times = self.homes.iter_mut().enumerate();
        let next = times.filter_map(|(at, home)| home.poll_timeout().map(|time| (time, at))).min();
        next.map_or(0, |(_, at)| at)
    }

    /// Counts the faults that have struck.
    fn count(&mut self) {
        let servers = self.servers.borrow_mut().take_struck();
        let homes = self.homes.iter_mut().flat_map(|home| std::mem::take(&mut home.struck));
        for kind in homes.chain(servers) {
            *self.faults.entry(kind).or_default() += 1;
        }
    }

    /// How backups have ended since it was asked last.
    fn take_ends(&mut self) -> BTreeMap<String, u64> {
        let mut ends = BTreeMap::new();
        for (text, count) in self.homes.iter_mut().flat_map(|home| std::mem::take(&mut home.watch.ends)) {
            *ends.entry(text).or_default() += count;
        }
        ends
    }
}
