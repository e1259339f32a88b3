//! The card's counters.

use sha2::{Digest as _, Sha256};

use super::KeyVersion;
use crate::{Storage, StorageError, message::is_blocks};

/// Counters of a card, in its non-volatile memory: of the packets that it has sent, and of the last one that it has
/// taken.
///
/// A block that is sent again goes in the same packet, with the same counter: the card remembers which messages its
/// last packets had. A counter is written before its packet goes, so that it never stands for two messages, whenever
/// power is lost.
#[derive(Clone, Copy, Debug)]
pub struct Counters {
    /// Where they stand in the memory.
    at: usize,
}

/// Packets that are remembered: half of the server's window, so that what is sent again is never too old for it.
const REMEMBERED: u64 = super::ReplayWindow::WIDTH / 2;

/// Octets of a counter (TS 102 225 §5.1.4).
const COUNTER: usize = 5;

/// Octets that tell messages apart.
const MARK: usize = 8;
/// The mark of a message that is not sent again.
const NO_MARK: [u8; MARK] = [0; MARK];

/// Offset of the counter of the last packet taken.
const TAKEN: usize = COUNTER;
/// Offset of the marks: that of the packet with counter *n* is number *n* modulo their count.
const MARKS: usize = 2 * COUNTER;

/// The highest counter.
const HIGHEST: u64 = (1 << (8 * COUNTER)) - 1;

impl Counters {
    /// Octets that they take: the counter of the last packet sent, that of the last one taken, and a mark for each
    /// packet that is remembered.
    pub const OCTETS: usize = MARKS + REMEMBERED as usize * MARK;

    /// Counters that stand at an offset of the memory.
    #[must_use]
    pub const fn at(offset: usize) -> Self {
        Self { at: offset }
    }

    /// The counter of the last packet sent; 0: none was.
    pub fn sent(self, storage: &(impl Storage + ?Sized)) -> Result<u64, StorageError> {
        self.counter(0, storage)
    }

    /// The counter of the last packet taken; 0: none was.
    pub fn taken(self, storage: &(impl Storage + ?Sized)) -> Result<u64, StorageError> {
        self.counter(TAKEN, storage)
    }

    /// The counter for a packet with this message, and keys of this version, if any. For blocks that of their last
    /// packet, if it was among the latest; else a new one, which is one higher than the last.
    pub fn for_message(
        self,
        version: Option<KeyVersion>,
        message: &[u8],
        storage: &mut (impl Storage + ?Sized),
    ) -> Result<u64, StorageError> {
        if !is_blocks(message) {
            return self.next(NO_MARK, storage);
        }
        let mark = mark(version, message);
        let last = self.sent(storage)?;
        for counter in (last.saturating_sub(REMEMBERED - 1).max(1)..=last).rev() {
            let mut known = NO_MARK;
            storage.load(self.mark_of(counter), &mut known)?;
            if known == mark {
                return Ok(counter);
            }
        }
        self.next(mark, storage)
    }

    /// A new counter, whose message has this mark.
    ///
    /// The counter is written first. If power is lost before its mark is, it has the mark of a message of long ago,
    /// which would be sent with it: it has been sent with nothing else.
    fn next(self, mark: [u8; MARK], storage: &mut (impl Storage + ?Sized)) -> Result<u64, StorageError> {
        let next = self.sent(storage)? + 1;
        if next > HIGHEST {
            return Err(StorageError::Full);
        }
        storage.save(self.at, &octets(next))?;
        storage.save(self.mark_of(next), &mark)?;
        Ok(next)
    }

    /// Takes the counter of a packet that has come; `false` if it is not higher than the last one taken. It is written
    /// before the packet works.
    pub fn accept(self, counter: u64, storage: &mut (impl Storage + ?Sized)) -> Result<bool, StorageError> {
        let is_higher = counter > self.taken(storage)?;
        if is_higher {
            storage.save(self.at + TAKEN, &octets(counter))?;
        }
        Ok(is_higher)
    }

    /// Goes on from what a server knows: the counter of the last packet that came from the card, unless the card itself
    /// has sent later ones, and that of the last packet to it. No packet is remembered.
    pub fn go_on(
        self,
        sent: u64,
        taken: u64,
        storage: &mut (impl Storage + ?Sized),
    ) -> Result<(), StorageError> {
        let sent = self.sent(storage)?.max(sent);
        let mut counters = [0; Self::OCTETS];
        let (first, rest) = counters.split_at_mut(TAKEN);
        first.copy_from_slice(&octets(sent));
        if let Some(second) = rest.get_mut(..COUNTER) {
            second.copy_from_slice(&octets(taken));
        }
        storage.save(self.at, &counters)
    }

    fn counter(self, offset: usize, storage: &(impl Storage + ?Sized)) -> Result<u64, StorageError> {
        let mut counter = [0; COUNTER];
        storage.load(self.at + offset, &mut counter)?;
        Ok(counter.iter().fold(0, |value, &octet| value << 8 | u64::from(octet)))
    }

    const fn mark_of(self, counter: u64) -> usize {
        self.at + MARKS + (counter % REMEMBERED) as usize * MARK
    }
}

const fn octets(counter: u64) -> [u8; COUNTER] {
    let [_, _, _, octets @ ..] = counter.to_be_bytes();
    octets
}

fn mark(version: Option<KeyVersion>, message: &[u8]) -> [u8; MARK] {
    let hash =
        Sha256::new().chain_update([version.map_or(0, KeyVersion::number)]).chain_update(message).finalize();
    let mut mark = [0; MARK];
    mark.copy_from_slice(&hash[..MARK]);
    mark
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    const AT: Counters = Counters::at(3);

    fn memory() -> Vec<u8> {
        vec![0; 3 + Counters::OCTETS]
    }

    /// Of a message with blocks.
    fn counter(message: u8, memory: &mut impl Storage) -> Result<u64, StorageError> {
        AT.for_message(Some(KeyVersion::FIRST), &[0x21, message], memory)
    }

    /// Of a QUERY.
    fn counter_of_query(memory: &mut impl Storage) -> Result<u64, StorageError> {
        AT.for_message(Some(KeyVersion::FIRST), &[0x22], memory)
    }

    #[test]
    fn a_message_of_before_keeps_its_counter_as_long_as_it_is_remembered() {
        let memory = &mut memory();
        assert_eq!(counter(0xAA, memory), Ok(1));
        for message in 1..32 {
            assert_eq!(counter(message, memory), Ok(u64::from(message) + 1));
            assert_eq!(counter(0xAA, memory), Ok(1));
        }
        assert_eq!(counter(32, memory), Ok(33));
        assert_eq!(counter(0xAA, memory), Ok(34));
    }

    #[test]
    fn a_question_takes_a_new_counter_each_time() {
        let memory = &mut memory();
        assert_eq!(counter_of_query(memory), Ok(1));
        assert_eq!(counter_of_query(memory), Ok(2));
    }

    #[test]
    fn another_version_of_the_keys_takes_another_counter() {
        let memory = &mut memory();
        assert_eq!(counter(1, memory), Ok(1));
        assert_eq!(AT.for_message(Some(KeyVersion::FIRST.next()), &[0x21, 1], memory), Ok(2));
    }

    #[test]
    fn only_a_higher_counter_is_taken() {
        let memory = &mut memory();
        for (counter, taken) in [(1, true), (1, false), (9, true), (2, false), (10, true)] {
            assert_eq!(AT.accept(counter, memory), Ok(taken), "{counter}");
        }
        assert_eq!(AT.sent(memory), Ok(0));
    }

    #[test]
    fn counters_go_on_from_what_the_server_knows() {
        let memory = &mut memory();
        assert_eq!(counter(1, memory), Ok(1));
        AT.go_on(40, 7, memory).unwrap();
        assert_eq!(counter(1, memory), Ok(41), "nothing is remembered");
        assert_eq!((AT.accept(7, memory), AT.accept(8, memory)), (Ok(false), Ok(true)));
        AT.go_on(2, 0, memory).unwrap();
        assert_eq!(counter(2, memory), Ok(42), "the card has sent later ones");
    }

    #[test]
    fn the_counters_end_where_they_have_no_more_octets() {
        let memory = &mut memory();
        memory[3..8].copy_from_slice(&octets(HIGHEST - 1));
        assert_eq!(counter_of_query(memory), Ok(HIGHEST));
        assert_eq!(counter_of_query(memory), Err(StorageError::Full));
        assert_eq!(counter(1, memory), Err(StorageError::Full));
    }

    /// Memory whose power fails after some writes.
    struct Torn {
        octets: Vec<u8>,
        writes: Option<u8>,
    }

    impl Storage for Torn {
        fn octets(&self) -> usize {
            self.octets.len()
        }

        fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
            self.octets.load(offset, buffer)
        }

        fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
            match &mut self.writes {
                Some(0) => return Err(StorageError::Failed),
                Some(left) => *left -= 1,
                None => {}
            }
            self.octets.save(offset, octets)
        }
    }

    proptest! {
        #[test]
        fn no_counter_stands_for_two_messages_whenever_power_is_lost(
            steps in prop::collection::vec((prop::option::of(0_u8..60), prop::option::of(0_u8..3)), 0..200)
        ) {
            let mut memory = Torn { octets: memory(), writes: None };
            let mut sent = BTreeMap::new();
            let mut highest = 0;
            for (step, (message, writes)) in steps.into_iter().enumerate() {
                memory.writes = writes;
                let counter = match message {
                    Some(message) => counter(message, &mut memory),
                    None => counter_of_query(&mut memory),
                };
                // Power is lost before the packet goes, or it goes.
                let Ok(counter) = counter else { continue };
                let message = message.map_or((step, 0), |message| (usize::MAX, message));
                prop_assert_eq!(*sent.entry(counter).or_insert(message), message);
                prop_assert!(counter + REMEMBERED > highest);
                highest = highest.max(counter);
            }
        }
    }
}
