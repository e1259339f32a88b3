//! What scripts print that run side by side: in their order, and that of the first one at once.

use std::{
    io::{self, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// The most octets that are kept of a script whose turn has not come; then it waits.
const MOST_KEPT: usize = 16 << 20;

/// The way out, and who may take it.
pub struct Lanes<W: Write> {
    state: Mutex<State<W>>,
    moved: Condvar,
}

struct State<W: Write> {
    out: W,
    /// Whose turn it is.
    turn: usize,
    lanes: Vec<Kept>,
    /// What went wrong when somebody else's words were printed.
    error: Option<io::Error>,
}

#[derive(Clone, Default)]
struct Kept {
    octets: Vec<u8>,
    has_ended: bool,
}

/// The way out of one of them.
pub struct Lane<'a, W: Write> {
    lanes: &'a Lanes<W>,
    number: usize,
}

impl<W: Write> Lanes<W> {
    /// So many, none of which has printed anything.
    pub fn new(count: usize, out: W) -> Self {
        let state = State { out, turn: 0, lanes: vec![Kept::default(); count], error: None };
        Self { state: Mutex::new(state), moved: Condvar::new() }
    }

    /// One of them. They begin in their order, each of them once.
    pub const fn lane(&self, number: usize) -> Lane<'_, W> {
        Lane { lanes: self, number }
    }

    /// All have ended; where they printed to.
    pub fn finish(self) -> io::Result<W> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.error.map_or(Ok(state.out), Err)
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> State<W> {
    /// Whose turn comes says what it has kept.
    fn advance(&mut self) -> io::Result<()> {
        while self.lanes.get(self.turn).is_some_and(|lane| lane.has_ended) {
            self.turn += 1;
            if let Some(lane) = self.lanes.get_mut(self.turn) {
                self.out.write_all(&mem::take(&mut lane.octets))?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Lane<'_, W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut state = self.lanes.state();
        loop {
            let turn = state.turn;
            match state.lanes.get_mut(self.number) {
                Some(lane) if self.number != turn && lane.octets.len() < MOST_KEPT => {
                    return lane.octets.write(octets);
                }
                Some(_) if self.number != turn => {}
                _ => return state.out.write(octets),
            }
            state = self.lanes.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut state = self.lanes.state();
        if self.number == state.turn { state.out.flush() } else { Ok(()) }
    }
}

impl<W: Write> Drop for Lane<'_, W> {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        if let Some(lane) = state.lanes.get_mut(self.number) {
            lane.has_ended = true;
        }
        if let Err(error) = state.advance() {
            state.error.get_or_insert(error);
        }
        self.lanes.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_prints_at_once_and_the_others_when_their_turn_comes() {
        let lanes = Lanes::new(3, Vec::new());
        let printed = |lanes: &Lanes<Vec<u8>>| String::from_utf8(lanes.state().out.clone()).unwrap();
        let (mut first, mut second, mut third) = (lanes.lane(0), lanes.lane(1), lanes.lane(2));
        write!(third, "e").unwrap();
        write!(second, "c").unwrap();
        write!(first, "a").unwrap();
        assert_eq!(printed(&lanes), "a");
        drop(third);
        write!(first, "b").unwrap();
        assert_eq!(printed(&lanes), "ab");
        drop(first);
        write!(second, "d").unwrap();
        assert_eq!(printed(&lanes), "abcd");
        drop(second);
        assert_eq!(lanes.finish().unwrap(), b"abcde");
    }

    #[test]
    fn who_has_printed_much_before_its_turn_waits_for_it() {
        let lanes = Lanes::new(2, Vec::new());
        let much = vec![b'x'; MOST_KEPT];
        std::thread::scope(|scope| {
            let first = lanes.lane(0);
            let mut second = lanes.lane(1);
            second.write_all(&much).unwrap();
            let writer = scope.spawn(move || second.write_all(b"y"));
            drop(first);
            writer.join().unwrap().unwrap();
        });
        let out = lanes.finish().unwrap();
        assert_eq!((out.len(), out.last()), (MOST_KEPT + 1, Some(&b'y')));
    }
}
