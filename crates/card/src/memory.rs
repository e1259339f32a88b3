//! Non-volatile memory with transactions that survive tearing.

use alloc::{string::String, sync::Arc, vec::Vec};

/// The non-volatile memory of a card: objects with a name and a size fixed at creation.
///
/// Every [`write`](Self::write) is atomic by itself; writes between [`begin`](Self::begin) and
/// [`commit`](Self::commit) are atomic together. The undo log lives in the memory too, so whatever happens,
/// [`recover`](Self::recover) at the next power-on finds all of a transaction or nothing of it.
///
/// ```
/// use oxisim_card::Memory;
///
/// let mut memory = Memory::default();
/// let purse = memory.create("purse", &[0, 5]);
/// memory.begin()?;
/// memory.write(purse, 1, &[7])?;
/// memory.abort();
/// assert_eq!(memory.read(purse), [0, 5]);
/// # Ok::<(), oxisim_card::MemoryError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// All objects, end to end.
    octets: Vec<u8>,
    layout: Arc<Vec<Object>>,
    undo: UndoLog,
    writes: u64,
    tear_after: Option<u64>,
    torn: bool,
}

/// Names an object of a [`Memory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(u16);

/// Why memory did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// Power was lost during this write or an earlier one; nothing is written until the next power-on.
    #[error("power lost while writing")]
    Torn,
    /// The object does not exist, or does not have these octets.
    #[error("outside of the object")]
    Range,
    /// A transaction is open already (Java Card: `TransactionException.IN_PROGRESS`).
    #[error("a transaction is in progress")]
    InProgress,
    /// No transaction is open (Java Card: `TransactionException.NOT_IN_PROGRESS`).
    #[error("no transaction is in progress")]
    NotInProgress,
}

#[derive(Clone, Debug)]
struct Object {
    name: String,
    start: usize,
    length: usize,
}

/// What open transactions have overwritten: for each write the octets, then their place and number.
#[derive(Clone, Debug, Default)]
struct UndoLog {
    open: bool,
    octets: Vec<u8>,
}

/// The name under which [`Memory::objects`] shows the undo log of an open transaction.
const TRANSACTION: &str = "transaction";

impl Memory {
    /// Creates an object, outside of any transaction; it counts as no write.
    pub fn create(&mut self, name: impl Into<String>, initial: &[u8]) -> Handle {
        let object = Object { name: name.into(), start: self.octets.len(), length: initial.len() };
        let layout = Arc::make_mut(&mut self.layout);
        layout.push(object);
        self.octets.extend_from_slice(initial);
        Handle((layout.len() - 1) as u16)
    }

    /// The object of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Handle> {
        self.layout.iter().position(|object| object.name == name).map(|i| Handle(i as u16))
    }

    /// An object's octets; none if the handle is another memory's.
    #[must_use]
    pub fn read(&self, object: Handle) -> &[u8] {
        self.span(object)
            .and_then(|(start, length)| self.octets.get(start..start + length))
            .unwrap_or_default()
    }

    /// Writes `octets` at `offset` of an object: all or nothing.
    pub fn write(&mut self, object: Handle, offset: usize, octets: &[u8]) -> Result<(), MemoryError> {
        let (start, length) = self.span(object).ok_or(MemoryError::Range)?;
        if offset.checked_add(octets.len()).is_none_or(|end| end > length) {
            return Err(MemoryError::Range);
        }
        if self.undo.open {
            self.store(start + offset, octets)
        } else {
            self.undo.open = true;
            self.store(start + offset, octets)?;
            self.commit()
        }
    }

    /// Opens a transaction.
    pub fn begin(&mut self) -> Result<(), MemoryError> {
        if self.undo.open {
            return Err(MemoryError::InProgress);
        }
        self.undo.open = true;
        Ok(())
    }

    /// Makes the writes of the open transaction last.
    pub fn commit(&mut self) -> Result<(), MemoryError> {
        if !self.undo.open {
            return Err(MemoryError::NotInProgress);
        }
        self.count_write()?;
        self.undo.clear();
        Ok(())
    }

    /// Takes back the writes of the open transaction, if one is open and power is there.
    pub fn abort(&mut self) {
        if !self.torn {
            self.undo.roll_back(&mut self.octets);
        }
    }

    /// Whether a transaction is open.
    #[must_use]
    pub const fn in_transaction(&self) -> bool {
        self.undo.open
    }

    /// What happens to memory at power-on: a transaction that power loss left open is taken back.
    pub fn recover(&mut self) {
        self.torn = false;
        self.undo.roll_back(&mut self.octets);
    }

    /// How many times memory has been written to, undo log included.
    #[must_use]
    pub const fn writes(&self) -> u64 {
        self.writes
    }

    /// Cuts power in the middle of the write that comes after `writes` more; `None` takes that back.
    pub fn tear_after(&mut self, writes: Option<u64>) {
        self.tear_after = writes.map(|writes| self.writes.saturating_add(writes));
    }

    /// Whether power was lost while writing.
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        self.torn
    }

    /// Every object with its name, and the undo log of a transaction that is open.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let undo = self.undo.open.then_some((TRANSACTION, &*self.undo.octets));
        self.layout
            .iter()
            .filter_map(|object| {
                let octets = self.octets.get(object.start..object.start + object.length)?;
                Some((&*object.name, octets))
            })
            .chain(undo)
    }

    /// Puts back an object that [`objects`](Self::objects) has given.
    pub fn restore(&mut self, name: &str, octets: &[u8]) -> Result<(), MemoryError> {
        if name == TRANSACTION {
            self.undo = UndoLog { open: true, octets: octets.to_vec() };
            return Ok(());
        }
        let (start, length) =
            self.find(name).and_then(|handle| self.span(handle)).ok_or(MemoryError::Range)?;
        match self.octets.get_mut(start..start + length) {
            Some(place) if length == octets.len() => place.copy_from_slice(octets),
            _ => return Err(MemoryError::Range),
        }
        Ok(())
    }

    fn span(&self, object: Handle) -> Option<(usize, usize)> {
        self.layout.get(usize::from(object.0)).map(|object| (object.start, object.length))
    }

    /// Logs what is at `at`, then overwrites it; power loss can leave half of the new octets there.
    fn store(&mut self, at: usize, octets: &[u8]) -> Result<(), MemoryError> {
        self.count_write()?;
        let place = self.octets.get_mut(at..at + octets.len()).ok_or(MemoryError::Range)?;
        self.undo.push(at, place);
        match self.count_write() {
            Ok(()) => {
                self.octets.get_mut(at..at + octets.len()).ok_or(MemoryError::Range)?.copy_from_slice(octets);
                Ok(())
            }
            Err(torn) => {
                self.octets
                    .iter_mut()
                    .skip(at)
                    .zip(octets.iter().take(octets.len() / 2))
                    .for_each(|(o, n)| *o = *n);
                Err(torn)
            }
        }
    }

    fn count_write(&mut self) -> Result<(), MemoryError> {
        if self.tear_after == Some(self.writes) {
            self.torn = true;
            self.tear_after = None;
        }
        if self.torn {
            return Err(MemoryError::Torn);
        }
        self.writes += 1;
        Ok(())
    }
}

impl UndoLog {
    fn push(&mut self, at: usize, old: &[u8]) {
        self.octets.extend_from_slice(old);
        self.octets.extend_from_slice(&(at as u32).to_be_bytes());
        self.octets.extend_from_slice(&(old.len() as u32).to_be_bytes());
    }

    fn clear(&mut self) {
        self.octets.clear();
        self.open = false;
    }

    /// Puts back what was overwritten, the latest first.
    fn roll_back(&mut self, memory: &mut [u8]) {
        while let Some((rest, at, length)) = self.last_entry() {
            let (log, old) = self.octets.split_at(rest);
            if let (Some(place), Some(old)) = (memory.get_mut(at..at + length), old.get(..length)) {
                place.copy_from_slice(old);
            }
            let rest = log.len();
            self.octets.truncate(rest);
        }
        self.clear();
    }

    /// Where the last entry starts, the place it is of, and its number of octets.
    fn last_entry(&self) -> Option<(usize, usize, usize)> {
        let (rest, length) = self.octets.split_last_chunk::<4>()?;
        let (rest, at) = rest.split_last_chunk::<4>()?;
        let (at, length) = (u32::from_be_bytes(*at) as usize, u32::from_be_bytes(*length) as usize);
        Some((rest.len().checked_sub(length)?, at, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_objects() -> (Memory, Handle, Handle) {
        let mut memory = Memory::default();
        let a = memory.create("a", &[1, 2, 3]);
        let b = memory.create("b", &[4; 8]);
        (memory, a, b)
    }

    #[test]
    fn an_aborted_transaction_leaves_nothing_behind() {
        let (mut memory, a, b) = two_objects();
        memory.begin().unwrap();
        memory.write(a, 0, &[9]).unwrap();
        memory.write(a, 0, &[8, 8]).unwrap();
        memory.write(b, 7, &[7]).unwrap();
        assert_eq!(memory.read(a), [8, 8, 3]);
        memory.abort();
        assert_eq!((memory.read(a), memory.read(b)), (&[1, 2, 3][..], &[4; 8][..]));
        assert!(!memory.in_transaction());
    }

    #[test]
    fn transactions_do_not_nest() {
        let (mut memory, ..) = two_objects();
        assert_eq!(memory.commit(), Err(MemoryError::NotInProgress));
        memory.begin().unwrap();
        assert_eq!(memory.begin(), Err(MemoryError::InProgress));
    }

    #[test]
    fn tearing_at_any_write_of_a_transaction_gives_all_or_nothing() {
        let transaction = |memory: &mut Memory, a, b| {
            memory.begin()?;
            memory.write(a, 0, &[9, 9, 9])?;
            memory.write(b, 2, &[9, 9])?;
            memory.commit()
        };
        for tear in 0.. {
            let (mut memory, a, b) = two_objects();
            memory.tear_after(Some(tear));
            let outcome = transaction(&mut memory, a, b);
            memory.recover();
            if outcome.is_ok() {
                assert_eq!((memory.read(a), &memory.read(b)[2..4]), (&[9; 3][..], &[9; 2][..]));
                assert_eq!(tear, 5);
                break;
            }
            assert_eq!((memory.read(a), memory.read(b)), (&[1, 2, 3][..], &[4; 8][..]), "torn after {tear}");
        }
    }

    #[test]
    fn nothing_is_written_between_tearing_and_power_on() {
        let (mut memory, a, _) = two_objects();
        memory.tear_after(Some(0));
        assert_eq!(memory.write(a, 0, &[9]), Err(MemoryError::Torn));
        assert_eq!(memory.write(a, 0, &[9]), Err(MemoryError::Torn));
        memory.recover();
        assert_eq!(memory.write(a, 0, &[9]), Ok(()));
        assert_eq!(memory.read(a), [9, 2, 3]);
    }

    #[test]
    fn an_image_of_torn_memory_recovers_elsewhere() {
        let (mut memory, a, _) = two_objects();
        memory.begin().unwrap();
        memory.write(a, 0, &[9]).unwrap();
        let (mut copy, ..) = two_objects();
        for (name, octets) in memory.objects() {
            copy.restore(name, octets).unwrap();
        }
        assert_eq!(copy.read(a), [9, 2, 3]);
        copy.recover();
        assert_eq!(copy.read(a), [1, 2, 3]);
    }

    #[test]
    fn writes_outside_of_an_object_are_refused() {
        let (mut memory, a, _) = two_objects();
        assert_eq!(memory.write(a, 2, &[1, 1]), Err(MemoryError::Range));
        assert_eq!(memory.write(a, usize::MAX, &[1]), Err(MemoryError::Range));
        assert_eq!(memory.restore("a", &[1]), Err(MemoryError::Range));
        assert_eq!(memory.restore("c", &[1]), Err(MemoryError::Range));
    }
}
