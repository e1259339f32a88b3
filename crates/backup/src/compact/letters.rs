//! The characters of the names before, which say what to expect of a script that the table does not know.

use super::name::Unit;

/// Characters that are remembered.
const LETTERS: usize = 48;

/// The last characters of the block, in a ring. They lie bit by bit, so that one step compares a bit of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Letters {
    /// Of each bit of a character, from bit 0 on, in which it is set.
    bits: [Places; Unit::BITS as usize],
    count: u16,
}

/// Some of the ring's places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Places([u16; LETTERS / 16]);

impl Places {
    /// A bit for each, that of the first one is the lowest.
    fn get(self) -> u64 {
        let Self([first, second, third]) = self;
        u64::from(first) | u64::from(second) << 16 | u64::from(third) << 32
    }

    /// Those that are in, or those that are not.
    fn where_bit(self, is_in: bool) -> u64 {
        if is_in { self.get() } else { !self.get() }
    }

    fn set(&mut self, place: usize, is_in: bool) {
        if let Some(part) = self.0.get_mut(place / 16) {
            let bit = 1 << (place % 16);
            *part = if is_in { *part | bit } else { *part & !bit };
        }
    }
}

impl Letters {
    pub(super) fn push(&mut self, unit: Unit) {
        let place = usize::from(self.count) % LETTERS;
        for (bit, places) in self.bits.iter_mut().enumerate() {
            places.set(place, unit >> bit & 1 == 1);
        }
        self.count = self.count.wrapping_add(1);
    }

    /// How a character behind `before` goes on.
    pub(super) fn voting(&self, before: Unit) -> Voting<'_> {
        let behind = Self::next(self.alike(before)) & !self.oldest();
        Voting { letters: self, alike: self.taken(), behind }
    }

    /// The places of the characters that are `unit`.
    fn alike(&self, unit: Unit) -> u64 {
        let bits = self.bits.iter().enumerate();
        bits.fold(self.taken(), |alike, (bit, places)| alike & places.where_bit(unit >> bit & 1 == 1))
    }

    /// The places that have a character.
    fn taken(&self) -> u64 {
        (1 << usize::from(self.count).min(LETTERS)) - 1
    }

    /// The place of the oldest character, once all are taken: behind which it stood is forgotten.
    fn oldest(&self) -> u64 {
        1 << (usize::from(self.count) % LETTERS)
    }

    /// The places behind these.
    const fn next(places: u64) -> u64 {
        places << 1 | places >> (LETTERS - 1)
    }
}

/// What the characters before say of one whose bits become known from the highest on.
pub(super) struct Voting<'a> {
    letters: &'a Letters,
    /// The places of those that agree with the bits so far.
    alike: u64,
    /// The places behind the same character.
    behind: u64,
}

impl Voting<'_> {
    /// How the bit at `place`, 15 to 0, goes on in those that agree so far: in all, and in those that stand behind the
    /// same character; [`few`] of each.
    pub(super) fn votes(&self, place: u8) -> [u16; 2] {
        let yes = self.places(place).get();
        [self.alike, self.alike & self.behind].map(|those| few(those & !yes) << 2 | few(those & yes))
    }

    /// The bit at `place` has become known.
    pub(super) fn narrow(&mut self, place: u8, bit: bool) {
        self.alike &= self.places(place).where_bit(bit);
    }

    /// The half page has become known: all bits but the lower seven.
    pub(super) fn narrow_to(&mut self, page: u16) {
        (7..Unit::BITS as u8).for_each(|place| self.narrow(place, page >> (place - 7) & 1 == 1));
    }

    fn places(&self, place: u8) -> Places {
        self.letters.bits.get(usize::from(place)).copied().unwrap_or_default()
    }
}

/// How many they are, up to three.
fn few(places: u64) -> u16 {
    places.count_ones().min(3) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: impl IntoIterator<Item = u8>) -> Letters {
        let mut letters = Letters::default();
        text.into_iter().for_each(|letter| letters.push(letter.into()));
        letters
    }

    /// The votes at `place` for a character behind `before` that has the bits of `unit` above.
    fn votes(letters: &Letters, unit: Unit, place: u8, before: Unit) -> [u16; 2] {
        let mut voting = letters.voting(before);
        (place + 1..16).for_each(|above| voting.narrow(above, unit >> above & 1 == 1));
        voting.votes(place)
    }

    #[test]
    fn letters_vote_that_agree_so_far() {
        let letters = letters(*b"abcbab");
        assert_eq!(votes(&letters, 0x61, 0, 0x63), [0b0010, 0b0000]);
        assert_eq!(votes(&letters, 0x62, 0, 0x62), [0b1101, 0b0001]);
        assert_eq!(votes(&letters, 0, 15, 0x61), [0b1100, 0b1000]);
    }

    #[test]
    fn the_oldest_letters_are_forgotten() {
        let letters = letters(core::iter::once(0x70).chain([0x61; LETTERS - 1]));
        assert_eq!(votes(&letters, 0x60, 4, 0), [0b1101, 0]);
        let mut letters = letters;
        letters.push(0x61);
        assert_eq!(votes(&letters, 0x60, 4, 0), [0b1100, 0]);
    }
}
