//! A subscriber: a card in a phone with its network around it, and who watches them.

use std::collections::VecDeque;

use oxisim_card::Card;
use oxisim_terminal::{Config, Terminal};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Outage, World};

use crate::{
    Coverage, Kind, Receiver, Violation, Watched, invariant::Watch, making::Resident, servers::Line,
};

/// How long a phone is off whose card has lost power in the middle of a write.
const AFTER_TEAR: Duration = Duration::from_secs(20);

/// One subscriber's part of a world.
pub(crate) struct Home {
    pub world: World<Line, Watched<Card>>,
    pub watch: Watch,
    pub coverage: Coverage,
    pub resident: Resident,
    /// How the phone is, when it is switched on the next time.
    pub config: Config,
    /// The card may ask for a PIN that the phone does not know.
    pub wants_pin: bool,
    /// When there is service again.
    pub outages: Vec<Instant>,
    /// When the phone is switched on again.
    pub on_at: Option<Instant>,
    /// Faults that have struck since they were taken last.
    pub struck: Vec<Kind>,
    /// What waits to befall a message to the phone, and to the server.
    mishaps: [VecDeque<Kind>; 2],
    /// What waits for a command of the card.
    answers: VecDeque<Kind>,
}

impl Home {
    pub fn new(world: World<Line, Watched<Card>>, watch: Watch, resident: Resident) -> Self {
        Self {
            world,
            watch,
            coverage: Coverage::default(),
            resident,
            config: Config::default(),
            wants_pin: false,
            outages: Vec::new(),
            on_at: None,
            struck: Vec::new(),
            mishaps: [VecDeque::new(), VecDeque::new()],
            answers: VecDeque::new(),
        }
    }

    /// The next time at which something happens.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        let Ok(next) = self.world.poll_timeout();
        [next, self.recovers_at()].into_iter().flatten().min()
    }

    /// When something works again that does not now.
    pub fn recovers_at(&self) -> Option<Instant> {
        self.outages.iter().copied().chain(self.on_at).min()
    }

    /// When everything does.
    pub fn is_well_at(&self) -> Option<Instant> {
        self.outages.iter().copied().chain(self.on_at).max()
    }

    /// Lets the next thing happen and looks at it; `false` if nothing does until `end`, which it is then.
    pub fn step(&mut self, end: Instant) -> Result<bool, Violation> {
        let next = self.recovers_at().filter(|next| *next <= end);
        let Ok(went) = self.world.step(next.unwrap_or(end));
        self.look()?;
        if self.world.card.memory().is_torn() && self.on_at.is_none() {
            self.struck.push(Kind::Torn);
            self.switch_off(AFTER_TEAR, false);
        }
        match next {
            Some(next) if !went => self.recover(next),
            _ => return Ok(went),
        }
        self.look()?;
        Ok(true)
    }

    pub fn look(&mut self) -> Result<(), Violation> {
        let servers = self.world.esme.servers();
        let servers = &mut servers.borrow_mut();
        self.watch.look(&mut self.world, servers)?;
        let World { card, record, .. } = &self.world;
        let receiver = || Receiver::of(servers.session(self.watch.subscriber()));
        self.coverage.look(card, record.messages.len(), receiver);
        self.count();
        Ok(())
    }

    /// A mishap waits for a message.
    pub fn awaits_message(&mut self, to_server: bool, kind: Kind) {
        if let Some(mishaps) = self.mishaps.get_mut(usize::from(to_server)) {
            mishaps.push_back(kind);
        }
    }

    /// An answer waits for a command.
    pub fn awaits_command(&mut self, kind: Kind) {
        self.answers.push_back(kind);
    }

    /// Nothing waits any more.
    pub fn forget(&mut self) {
        self.world.card.memory_mut().tear_after(None);
        self.world.forget_mishaps();
        self.world.terminal.forget_answers();
        self.mishaps.iter_mut().for_each(VecDeque::clear);
        self.answers.clear();
    }

    /// Notes what has struck of what waited.
    fn count(&mut self) {
        for (to_server, waiting) in [false, true].into_iter().zip(&mut self.mishaps) {
            while waiting.len() > self.world.mishaps_left(to_server) {
                self.struck.extend(waiting.pop_front());
            }
        }
        // Answers to other commands may come first: which of the two kinds it was then is all the same.
        while self.answers.len() > self.world.terminal.answers_waiting() {
            self.struck.extend(self.answers.pop_front());
        }
    }

    /// What has ended at this time works again.
    fn recover(&mut self, now: Instant) {
        self.outages.retain(|end| *end > now);
        if self.on_at.is_some_and(|at| at <= now) {
            self.on_at = None;
            self.switch_on();
        }
        self.set_service();
    }

    /// Without power there is no service either.
    pub fn set_service(&mut self) {
        let service = !self.outages.is_empty() || self.on_at.is_some();
        self.world.set_outage(Outage { service, ..Outage::default() });
    }

    pub fn switch_on(&mut self) {
        let Ok(_) = self.world.switch_on();
    }

    /// Switches the phone off; by force its battery is taken out, and it comes back as it is configured.
    pub fn switch_off(&mut self, length: Duration, by_force: bool) {
        self.on_at = self.on_at.max(Some(self.world.now() + length));
        self.set_service();
        if by_force {
            self.answers.clear();
            self.world.lose_power(Terminal::new(self.config.clone()));
        } else {
            let Ok(()) = self.world.switch_off();
        }
    }

    /// The user asks for a backup.
    pub fn ask(&mut self) -> Result<(), Violation> {
        let Ok(()) = self.world.request_card_backup();
        self.look()
    }

    pub fn card(&mut self) -> &mut Card {
        &mut self.world.card
    }
}
