//! A card that is there and a phone that is simulated, recorded.

use std::{cell::Cell, rc::Rc};

use oxisim_simulation::Watched;
use oxisim_trace::{Clock, Record, Recorder};
use oxisim_transport::{Traced, Transport};
use oxisim_wire::Instant;
use oxisim_world::World;

use super::TraceArgs;
use crate::{backup::wall_clock, failure::Failure};

/// Records a card that is read in the time of the machine, and put into a simulated phone in between: each time with the
/// clock that counts.
#[derive(Clone, Default)]
pub struct InTurns {
    recorder: Option<Recorder>,
    is_simulated: Rc<Cell<bool>>,
}

impl InTurns {
    /// Begins to record, if it is wanted.
    pub fn open(args: &TraceArgs) -> Result<Self, Failure> {
        let recorder = args.open(Clock::Real, wall_clock())?;
        Ok(Self { recorder, ..Self::default() })
    }

    /// Where it is recorded, if it is.
    pub const fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// The card, recorded while no phone is simulated.
    pub fn around(&self, card: Box<dyn Transport>) -> Box<dyn Transport> {
        let Some(recorder) = self.recorder.clone() else { return card };
        let is_simulated = Rc::clone(&self.is_simulated);
        let tell = move |trace: &oxisim_transport::Trace<'_>| {
            if !is_simulated.get() {
                recorder.note_transport(wall_clock(), trace);
            }
        };
        Box::new(Traced::new(card, tell))
    }

    /// A phone is simulated from now on.
    pub fn simulate(&self, start: Instant) {
        self.turn(true, &Record::start(start, Clock::Virtual));
    }

    /// What has happened to the phone of a world is recorded, and it is simulated no more.
    pub fn end<E, C>(&self, world: &mut World<E, Watched<C>>) {
        if let Some(recorder) = &self.recorder {
            world.card.tell(&world.record, recorder);
        }
        self.go_on();
    }

    /// The time is that of the machine again.
    pub fn go_on(&self) {
        self.turn(false, &Record::start(wall_clock(), Clock::Real));
    }

    fn turn(&self, is_simulated: bool, start: &Record) {
        self.is_simulated.set(is_simulated);
        if let Some(recorder) = &self.recorder {
            recorder.write(start);
        }
    }
}
