//! Non-volatile memory with transactions that survive tearing.

use alloc::{string::String, sync::Arc, vec::Vec};

/// The non-volatile memory of a card: objects with a name and a size.
///
/// Every change is atomic by itself; changes between [`begin`](Self::begin) and [`commit`](Self::commit) are atomic
/// together: writes, and objects that come, go or get another size. What a transaction has overwritten stays in the
/// memory until the commit, so whatever happens, [`recover`](Self::recover) at the next power-on finds all of it or
/// nothing.
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
#[derive(Debug)]
pub struct Memory {
    /// The octets of all objects, each where the layout says; what released ones had lies between.
    octets: Vec<u8>,
    layout: Arc<Layout>,
    undo: UndoLog,
    /// The most octets that all objects may have together.
    capacity: usize,
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
    /// The open transaction has changed as much as it may (Java Card: `TransactionException.BUFFER_FULL`).
    #[error("no room in the commit buffer")]
    BufferFull,
    /// There is no room for so many octets, or for another object.
    #[error("no room")]
    Full,
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

/// The objects by handle; nothing in the place of one that was released.
type Layout = Vec<Option<Object>>;

/// What open transactions have changed: for each write the old octets, then their place and number.
#[derive(Clone, Debug, Default)]
struct UndoLog {
    open: bool,
    octets: Vec<u8>,
    /// The layout that there was, and where the octets ended.
    layout: Option<(Arc<Layout>, usize)>,
    /// How many octets more the transaction may change, if there is a limit.
    room: Option<usize>,
}

/// Where an open transaction stands, to be taken back to.
#[derive(Clone, Debug)]
pub(crate) struct Savepoint {
    /// Octets of the undo log.
    log: usize,
    layout: Arc<Layout>,
    /// Where the octets of the objects end.
    end: usize,
    /// How many octets more the transaction could change.
    pub room: Option<usize>,
}

/// Octets of released objects that may lie around, beside as many as there are in use.
const WASTE: usize = 0x1000;

impl Clone for Memory {
    fn clone(&self) -> Self {
        Self {
            octets: self.octets.clone(),
            layout: Arc::clone(&self.layout),
            undo: self.undo.clone(),
            ..*self
        }
    }

    /// The octets go where the old ones were: whoever copies a card again and again takes no new memory for it.
    fn clone_from(&mut self, source: &Self) {
        let octets = core::mem::take(&mut self.octets);
        *self = Self { octets, layout: Arc::clone(&source.layout), undo: source.undo.clone(), ..*source };
        self.octets.clone_from(&source.octets);
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::with_capacity(usize::MAX)
    }
}

impl Memory {
    /// A memory of `capacity` octets, without objects.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            octets: Vec::new(),
            layout: Arc::default(),
            undo: UndoLog::default(),
            capacity,
            writes: 0,
            tear_after: None,
            torn: false,
        }
    }

    /// Makes an object while the card is made: outside of any transaction, past the capacity, and as no write.
    pub fn create(&mut self, name: impl Into<String>, initial: &[u8]) -> Handle {
        let object = self.place(name.into(), initial);
        let layout = Arc::make_mut(&mut self.layout);
        layout.push(Some(object));
        Handle((layout.len() - 1) as u16)
    }

    /// Makes an object; its name is that of no other one.
    pub fn allocate(&mut self, name: impl Into<String>, initial: &[u8]) -> Result<Handle, MemoryError> {
        let free = self.layout.iter().position(Option::is_none).unwrap_or(self.layout.len());
        let handle = Handle(u16::try_from(free).map_err(|_| MemoryError::Full)?);
        self.check_room(initial.len())?;
        let name = name.into();
        self.atomically(|memory| memory.lay(handle, name, initial).map(|()| handle))
    }

    /// Gives an object another size: it keeps its first octets, and what it gets more is `fill`.
    pub fn resize(&mut self, object: Handle, length: usize, fill: u8) -> Result<(), MemoryError> {
        let mut octets = self.read(object).to_vec();
        let name = self.object(object).ok_or(MemoryError::Range)?.name.clone();
        self.check_room(length.saturating_sub(octets.len()))?;
        octets.resize(length, fill);
        self.atomically(|memory| memory.lay(object, name, &octets))
    }

    /// Gives an object other contents, of any length, as one write.
    pub fn replace(&mut self, object: Handle, octets: &[u8]) -> Result<(), MemoryError> {
        let name = self.object(object).ok_or(MemoryError::Range)?.name.clone();
        self.check_room(octets.len().saturating_sub(self.read(object).len()))?;
        self.atomically(|memory| memory.lay(object, name, octets))
    }

    /// Makes an object go.
    pub fn release(&mut self, object: Handle) -> Result<(), MemoryError> {
        self.object(object).ok_or(MemoryError::Range)?;
        self.atomically(|memory| {
            memory.count_write()?;
            memory.keep_layout();
            memory.put(object, None);
            Ok(())
        })
    }

    /// The object of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Handle> {
        let is_it = |object: &Option<Object>| object.as_ref().is_some_and(|object| object.name == name);
        self.layout.iter().position(is_it).map(|i| Handle(i as u16))
    }

    /// The name of an object.
    #[must_use]
    pub fn name(&self, object: Handle) -> Option<&str> {
        self.object(object).map(|object| &*object.name)
    }

    /// An object's octets; none if there is no such object.
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
        self.atomically(|memory| memory.store(start + offset, octets))
    }

    /// Opens a transaction.
    pub const fn begin(&mut self) -> Result<(), MemoryError> {
        if self.undo.open {
            return Err(MemoryError::InProgress);
        }
        self.undo.open = true;
        Ok(())
    }

    /// Makes the changes of the open transaction last.
    pub fn commit(&mut self) -> Result<(), MemoryError> {
        if !self.undo.open {
            return Err(MemoryError::NotInProgress);
        }
        self.count_write()?;
        if self.undo.layout.is_some() {
            self.compact();
        }
        self.undo.clear();
        Ok(())
    }

    /// Takes back the changes of the open transaction, if one is open and power is there.
    pub fn abort(&mut self) {
        if !self.torn {
            self.roll_back();
        }
    }

    /// Lets the open transaction change so many octets more, or as many as there are.
    pub(crate) const fn limit(&mut self, octets: Option<usize>) {
        self.undo.room = octets;
    }

    /// How many octets more the open transaction may change, if there is a limit.
    pub(crate) const fn room(&self) -> Option<usize> {
        self.undo.room
    }

    /// Writes one octet at once, which no transaction takes back.
    pub(crate) fn write_through(
        &mut self,
        object: Handle,
        offset: usize,
        octet: u8,
    ) -> Result<(), MemoryError> {
        let (start, _) =
            self.span(object).filter(|&(_, length)| offset < length).ok_or(MemoryError::Range)?;
        self.count_write()?;
        place_octets(&mut self.octets, start + offset, &[octet]);
        Ok(())
    }

    /// Where the open transaction stands now.
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint {
            log: self.undo.octets.len(),
            layout: Arc::clone(&self.layout),
            end: self.octets.len(),
            room: self.undo.room,
        }
    }

    /// Takes back what the open transaction has changed since, if power is there.
    pub(crate) fn abort_to(&mut self, savepoint: Savepoint) {
        if self.torn || !self.undo.open {
            return;
        }
        while self.undo.octets.len() > savepoint.log
            && let Some((old, at)) = self.undo.pop()
        {
            place_octets(&mut self.octets, at, &old);
        }
        self.layout = savepoint.layout;
        self.octets.truncate(savepoint.end);
        self.undo.room = savepoint.room;
    }

    /// Whether a transaction is open.
    #[must_use]
    pub const fn in_transaction(&self) -> bool {
        self.undo.open
    }

    /// What happens to memory at power-on: a transaction that power loss left open is taken back.
    pub fn recover(&mut self) {
        self.torn = false;
        self.roll_back();
    }

    /// The memory as it is at the next power-on, if power is lost now.
    #[must_use]
    pub fn after_power_loss(&self) -> Self {
        let mut memory = self.clone();
        memory.recover();
        memory
    }

    /// How many times memory has been written to, undo log included.
    #[must_use]
    pub const fn writes(&self) -> u64 {
        self.writes
    }

    /// Octets that are in use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.layout.iter().flatten().map(|object| object.length).sum()
    }

    /// Octets that are free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.capacity.saturating_sub(self.used())
    }

    /// Cuts power in the middle of the write that comes after `writes` more; `None` takes that back.
    pub fn tear_after(&mut self, writes: Option<u64>) {
        self.tear_after = writes.map(|writes| self.writes.saturating_add(writes));
    }

    /// Writes until power is cut, if it will be.
    #[must_use]
    pub const fn tears_after(&self) -> Option<u64> {
        match self.tear_after {
            Some(write) => Some(write.saturating_sub(self.writes)),
            None => None,
        }
    }

    /// Whether power was lost while writing.
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        self.torn
    }

    /// Every object with its name.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.layout.iter().flatten().filter_map(|object| {
            let octets = self.octets.get(object.start..object.start + object.length)?;
            Some((&*object.name, octets))
        })
    }

    /// Puts an object that [`objects`](Self::objects) has given in the place of the one with that name, if there is
    /// one; `None` makes it go. This counts as no write.
    pub(crate) fn restore(&mut self, name: &str, octets: Option<&[u8]>) -> Result<(), MemoryError> {
        let there = self.find(name);
        match (there, octets) {
            (None, None) => {}
            (Some(handle), None) => self.put(handle, None),
            (None, Some(octets)) => {
                u16::try_from(self.layout.len()).map_err(|_| MemoryError::Full)?;
                self.create(name, octets);
            }
            (Some(handle), Some(octets)) => match self.span(handle) {
                Some((start, length)) if length == octets.len() => {
                    let place = self.octets.get_mut(start..start + length).ok_or(MemoryError::Range)?;
                    place.copy_from_slice(octets);
                }
                _ => {
                    let object = self.place(name.into(), octets);
                    self.put(handle, Some(object));
                }
            },
        }
        Ok(())
    }

    fn object(&self, handle: Handle) -> Option<&Object> {
        self.layout.get(usize::from(handle.0))?.as_ref()
    }

    fn span(&self, handle: Handle) -> Option<(usize, usize)> {
        self.object(handle).map(|object| (object.start, object.length))
    }

    fn check_room(&self, octets: usize) -> Result<(), MemoryError> {
        if octets > self.free() { Err(MemoryError::Full) } else { Ok(()) }
    }

    /// Makes a change in the open transaction, or in one of its own.
    fn atomically<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, MemoryError>,
    ) -> Result<T, MemoryError> {
        if self.undo.open {
            return change(self);
        }
        self.undo.open = true;
        let value = change(self).inspect_err(|_| self.abort())?;
        self.commit()?;
        Ok(value)
    }

    /// Sets octets aside at the end.
    fn place(&mut self, name: String, octets: &[u8]) -> Object {
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        Object { name, start, length: octets.len() }
    }

    /// Changes the layout, as one write of the open transaction.
    fn lay(&mut self, handle: Handle, name: String, octets: &[u8]) -> Result<(), MemoryError> {
        self.charge(octets.len())?;
        self.count_write()?;
        self.keep_layout();
        let object = self.place(name, octets);
        self.put(handle, Some(object));
        Ok(())
    }

    /// Keeps the layout for the case that the transaction does not last.
    fn keep_layout(&mut self) {
        if self.undo.layout.is_none() {
            self.undo.layout = Some((Arc::clone(&self.layout), self.octets.len()));
        }
    }

    fn put(&mut self, handle: Handle, object: Option<Object>) {
        let layout = Arc::make_mut(&mut self.layout);
        let index = usize::from(handle.0);
        if index >= layout.len() {
            layout.resize(index + 1, None);
        }
        if let Some(place) = layout.get_mut(index) {
            *place = object;
        }
    }

    /// Moves the objects together, if much lies around between them.
    fn compact(&mut self) {
        let used = self.used();
        if self.octets.len() <= 2 * used + WASTE {
            return;
        }
        let mut together = Vec::with_capacity(used);
        for object in Arc::make_mut(&mut self.layout).iter_mut().flatten() {
            let octets = self.octets.get(object.start..object.start + object.length).unwrap_or_default();
            object.start = together.len();
            together.extend_from_slice(octets);
        }
        self.octets = together;
    }

    /// Logs what is at `at`, then overwrites it; power loss can leave half of the new octets there.
    fn store(&mut self, at: usize, octets: &[u8]) -> Result<(), MemoryError> {
        self.charge(octets.len())?;
        self.count_write()?;
        let place = self.octets.get_mut(at..at + octets.len()).ok_or(MemoryError::Range)?;
        self.undo.push(at, place);
        let whole = self.count_write();
        let written = if whole.is_ok() { octets.len() } else { octets.len() / 2 };
        place_octets(&mut self.octets, at, octets.get(..written).unwrap_or_default());
        whole
    }

    /// Takes octets of the room of the transaction.
    fn charge(&mut self, octets: usize) -> Result<(), MemoryError> {
        if let Some(room) = &mut self.undo.room {
            *room = room.checked_sub(octets).ok_or(MemoryError::BufferFull)?;
        }
        Ok(())
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

    /// Puts back what the open transaction has changed, the latest first.
    fn roll_back(&mut self) {
        while let Some((old, at)) = self.undo.pop() {
            place_octets(&mut self.octets, at, &old);
        }
        if let Some((layout, end)) = self.undo.layout.take() {
            self.layout = layout;
            self.octets.truncate(end);
        }
        self.undo.clear();
    }
}

fn place_octets(memory: &mut [u8], at: usize, octets: &[u8]) {
    if let Some(place) = memory.get_mut(at..at + octets.len()) {
        place.copy_from_slice(octets);
    }
}

impl UndoLog {
    fn push(&mut self, at: usize, old: &[u8]) {
        self.octets.extend_from_slice(old);
        self.octets.extend_from_slice(&(at as u32).to_be_bytes());
        self.octets.extend_from_slice(&(old.len() as u32).to_be_bytes());
    }

    /// Takes the last entry: what was overwritten, and where.
    fn pop(&mut self) -> Option<(Vec<u8>, usize)> {
        let (rest, length) = self.octets.split_last_chunk::<4>()?;
        let (rest, at) = rest.split_last_chunk::<4>()?;
        let (at, length) = (u32::from_be_bytes(*at) as usize, u32::from_be_bytes(*length) as usize);
        let start = rest.len().checked_sub(length)?;
        let old = rest.get(start..)?.to_vec();
        self.octets.truncate(start);
        Some((old, at))
    }

    fn clear(&mut self) {
        self.octets.clear();
        self.layout = None;
        self.room = None;
        self.open = false;
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
    fn a_copy_of_torn_memory_is_as_it_recovers() {
        let (mut memory, a, _) = two_objects();
        memory.begin().unwrap();
        memory.write(a, 0, &[9]).unwrap();
        assert_eq!(memory.after_power_loss().read(a), [1, 2, 3]);
        assert_eq!(memory.read(a), [9, 2, 3]);
    }

    #[test]
    fn objects_come_go_and_grow_all_or_nothing() {
        let change = |memory: &mut Memory, a, b| {
            memory.begin()?;
            memory.write(a, 0, &[9])?;
            let c = memory.allocate("c", &[5; 4])?;
            memory.write(c, 3, &[6])?;
            memory.release(b)?;
            memory.resize(a, 5, 0xFF)?;
            memory.write(a, 4, &[8])?;
            memory.commit()
        };
        for tear in 0.. {
            let (mut memory, a, b) = two_objects();
            let before: Vec<_> =
                memory.objects().map(|(name, octets)| (String::from(name), octets.to_vec())).collect();
            memory.tear_after(Some(tear));
            let outcome = change(&mut memory, a, b);
            memory.recover();
            if outcome.is_ok() {
                assert_eq!(memory.read(a), [9, 2, 3, 0xFF, 8]);
                assert_eq!(memory.read(b), []);
                assert_eq!(memory.find("c").map(|c| memory.read(c)), Some(&[5, 5, 5, 6][..]));
                assert_eq!(memory.used(), 9);
                assert_eq!(tear, 10);
                break;
            }
            assert_eq!(outcome, Err(MemoryError::Torn));
            let after: Vec<_> =
                memory.objects().map(|(name, octets)| (String::from(name), octets.to_vec())).collect();
            assert_eq!(before, after, "torn after {tear}");
        }
    }

    #[test]
    fn the_capacity_bounds_what_comes_later() {
        let mut memory = Memory::with_capacity(6);
        let a = memory.create("a", &[1, 2, 3]);
        assert_eq!(memory.free(), 3);
        assert_eq!(memory.allocate("b", &[0; 4]), Err(MemoryError::Full));
        assert_eq!(memory.resize(a, 7, 0), Err(MemoryError::Full));
        let b = memory.allocate("b", &[0; 3]).unwrap();
        memory.release(b).unwrap();
        assert_eq!(memory.allocate("c", &[0; 3]), Ok(b), "the place is used again");
        assert!(!memory.in_transaction());
    }

    #[test]
    fn what_released_objects_had_does_not_pile_up() {
        let mut memory = Memory::default();
        let a = memory.create("a", &[7; 100]);
        for length in (0..10_000).map(|n| n % 200) {
            memory.resize(a, length, 7).unwrap();
        }
        assert_eq!(memory.read(a), [7; 199]);
        assert!(memory.octets.len() <= 2 * memory.used() + WASTE + 400);
    }

    #[test]
    fn writes_outside_of_an_object_are_refused() {
        let (mut memory, a, _) = two_objects();
        assert_eq!(memory.write(a, 2, &[1, 1]), Err(MemoryError::Range));
        assert_eq!(memory.write(a, usize::MAX, &[1]), Err(MemoryError::Range));
        assert_eq!(memory.resize(Handle(7), 1, 0), Err(MemoryError::Range));
        assert_eq!(memory.release(Handle(7)), Err(MemoryError::Range));
    }
}
