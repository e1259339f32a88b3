//! The server's window of counters.

/// Which counters of a card the server has taken: the highest, and which of the 64 that end with it.
///
/// ```
/// use oxisim_backup::security::{Arrival, ReplayWindow};
///
/// let mut window = ReplayWindow::default();
/// assert_eq!(window.accept(7), Arrival::New);
/// assert_eq!(window.accept(5), Arrival::New);
/// assert_eq!(window.accept(7), Arrival::Again);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayWindow {
    /// The highest counter taken; 0: none.
    pub highest: u64,
    /// Bit *n* is set if the counter that is *n* below the highest was taken.
    pub taken: u64,
}

/// What a counter says about its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It has not come before.
    New,
    /// It has: whoever sends it repeats it.
    Again,
    /// It is too old to know.
    Old,
}

impl ReplayWindow {
    /// Counters that it spans.
    pub const WIDTH: u64 = u64::BITS as u64;

    /// What a counter says about its packet; a new one is taken.
    pub fn accept(&mut self, counter: u64) -> Arrival {
        if counter == 0 {
            return Arrival::Old;
        }
        if let Some(ahead) = counter.checked_sub(self.highest).filter(|&ahead| ahead > 0) {
            let kept = if ahead < Self::WIDTH { self.taken << ahead } else { 0 };
            *self = Self { highest: counter, taken: kept | 1 };
            return Arrival::New;
        }
        let behind = self.highest - counter;
        if behind >= Self::WIDTH {
            return Arrival::Old;
        }
        let bit = 1 << behind;
        if self.taken & bit != 0 {
            return Arrival::Again;
        }
        self.taken |= bit;
        Arrival::New
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_64_behind_is_too_old() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.accept(100), Arrival::New);
        assert_eq!(window.accept(100 - 63), Arrival::New);
        assert_eq!(window.accept(100 - 63), Arrival::Again);
        assert_eq!(window.accept(100 - 64), Arrival::Old);
    }

    #[test]
    fn no_packet_has_the_counter_0() {
        assert_eq!(ReplayWindow::default().accept(0), Arrival::Old);
    }

    #[test]
    fn a_jump_beyond_the_window_forgets_what_was_in_it() {
        for jump in [63, 64, 65, (1 << 40) - 2] {
            let mut window = ReplayWindow::default();
            assert_eq!(window.accept(1), Arrival::New);
            assert_eq!(window.accept(1 + jump), Arrival::New);
            assert_eq!(window.accept(1), if jump < 64 { Arrival::Again } else { Arrival::Old });
        }
    }

    proptest! {
        #[test]
        fn each_counter_is_new_once_and_within_the_window_always(
            counters in prop::collection::vec(1_u64..200, 0..300)
        ) {
            let mut window = ReplayWindow::default();
            let mut taken = BTreeSet::new();
            for counter in counters {
                let highest = taken.last().copied().unwrap_or(0);
                let expected = if taken.contains(&counter) && counter + 64 > highest {
                    Arrival::Again
                } else if counter + 64 <= highest {
                    Arrival::Old
                } else {
                    Arrival::New
                };
                prop_assert_eq!(window.accept(counter), expected);
                if expected == Arrival::New {
                    taken.insert(counter);
                }
            }
        }
    }
}
