//! The characters of the names before, which say what to expect of a script that the table does not know.

use super::name::Unit;

/// Characters that are remembered.
const LETTERS: usize = 48;

/// The last characters of the block, in a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letters {
    units: [Unit; LETTERS],
    count: u16,
}

/// How many characters go on with 0, and with 1.
#[derive(Clone, Copy, Debug, Default)]
struct Votes([u16; 2]);

impl Votes {
    /// Up to three for each.
    fn few(self) -> u16 {
        let Self([no, yes]) = self;
        no.min(3) << 2 | yes.min(3)
    }
}

impl Default for Letters {
    fn default() -> Self {
        Self { units: [0; LETTERS], count: 0 }
    }
}

impl Letters {
    pub(super) fn push(&mut self, unit: Unit) {
        self.units[usize::from(self.count) % LETTERS] = unit;
        self.count = self.count.wrapping_add(1);
    }

    /// How the bit at `place`, 15 to 0, goes on in those whose higher bits are `high`: in all, and in those that stand
    /// behind `before`; [`Votes::few`] of each.
    pub(super) fn votes(&self, high: u16, place: u8, before: Unit) -> [u16; 2] {
        let count = usize::from(self.count);
        let mut votes = [Votes::default(); 2];
        let mut last = None;
        for at in count.saturating_sub(LETTERS)..count {
            let unit = self.units[at % LETTERS];
            if unit.checked_shr(u32::from(place) + 1).unwrap_or(0) == high {
                let side = usize::from(unit >> place & 1);
                votes[0].0[side] += 1;
                votes[1].0[side] += u16::from(last == Some(before));
            }
            last = Some(unit);
        }
        votes.map(Votes::few)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: impl IntoIterator<Item = u8>) -> Letters {
        let mut letters = Letters::default();
        text.into_iter().for_each(|letter| letters.push(letter.into()));
        letters
    }

    #[test]
    fn letters_vote_that_agree_so_far() {
        let letters = letters(*b"abcbab");
        assert_eq!(letters.votes(0b110_0001 >> 1, 0, 0x63), [0b0010, 0b0000]);
        assert_eq!(letters.votes(0b110_0010 >> 1, 0, 0x62), [0b1101, 0b0001]);
        assert_eq!(letters.votes(0, 15, 0x61), [0b1100, 0b1000]);
    }

    #[test]
    fn the_oldest_letters_are_forgotten() {
        let letters = letters(core::iter::once(0x70).chain([0x61; LETTERS - 1]));
        assert_eq!(letters.votes(0b11, 4, 0), [0b1101, 0]);
        let mut letters = letters;
        letters.push(0x61);
        assert_eq!(letters.votes(0b11, 4, 0), [0b1100, 0]);
    }
}
