//! PINs and administrative keys (TS 102 221 §9.4, §9.5): their values and counters in memory.

use alloc::{string::String, vec::Vec};

use oxisim_apdu::Status;

use crate::{
    file::{FileId, FileSystem},
    image::PinImage,
    memory::{Handle, Memory, MemoryError},
};

/// How a command or an access rule names a PIN or a key (TS 102 221 §9.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyReference(pub u8);

impl KeyReference {
    /// The first application PIN.
    pub const PIN_1: Self = Self(0x01);
    /// The first administrative key.
    pub const ADM_1: Self = Self(0x0A);
    /// The universal PIN.
    pub const UNIVERSAL: Self = Self(0x11);
    /// The second PIN of the first application.
    pub const PIN_2: Self = Self(0x81);

    /// Whether it is one of ADM1 to ADM10.
    #[must_use]
    pub const fn is_administrative(self) -> bool {
        matches!(self.0, 0x0A..=0x0E | 0x8A..=0x8E)
    }
}

/// A PIN or a key of a card.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub reference: KeyReference,
    /// The directory in which it counts; everywhere if there is none.
    directory: Option<FileId>,
    max_retries: u8,
    /// Tries of the UNBLOCK PIN, if there is one.
    max_unblock_retries: Option<u8>,
    state: Handle,
}

/// The PINs and keys of a card.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins(Vec<Pin>);

/// Names a PIN of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PinIndex(usize);

/// Which PINs have been verified since reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verified(u64);

/// What is compared: the PIN, or what unblocks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    Pin,
    Unblock,
}

/// Whether a PIN must be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    Enabled,
    Disabled,
    /// Disabled, and the universal PIN must be verified instead.
    Replaced,
}

/// Where things are in a PIN's memory object: value, tries left, requirement, UNBLOCK PIN, its tries left.
const VALUE: usize = 0;
const RETRIES: usize = 8;
const REQUIREMENT: usize = 9;
const UNBLOCK_VALUE: usize = 10;
const UNBLOCK_RETRIES: usize = 18;

impl Pins {
    /// As many as [`Verified`] can tell apart.
    pub const LIMIT: usize = 64;

    pub fn add(&mut self, pin: Pin) {
        self.0.push(pin);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pin> {
        self.0.iter()
    }

    /// The key that `reference` names in a directory: the one of the nearest directory upwards, or the card's.
    pub fn find(
        &self,
        files: &FileSystem,
        mut directory: FileId,
        reference: KeyReference,
    ) -> Option<(PinIndex, &Pin)> {
        let position = |place| self.0.iter().position(|pin| pin.is(reference, place));
        let index = loop {
            match position(Some(directory)) {
                Some(index) => break index,
                None if directory == FileSystem::MF => break position(None)?,
                None => directory = files.parent(directory),
            }
        };
        self.0.get(index).map(|pin| (PinIndex(index), pin))
    }

    /// The keys that have no tries left.
    pub fn blocked(&self, memory: &Memory) -> impl Iterator<Item = PinIndex> {
        let all = self.0.iter().enumerate();
        all.filter(|(_, pin)| pin.retries(memory, Secret::Pin) == 0).map(|(index, _)| PinIndex(index))
    }

    /// The keys that count in `application` and nowhere else; the universal PIN is no application's (TS 102 221
    /// §9.4.1).
    pub fn of_application(&self, application: FileId) -> impl Iterator<Item = PinIndex> {
        let is_of =
            move |pin: &Pin| pin.directory == Some(application) && pin.reference != KeyReference::UNIVERSAL;
        self.0.iter().enumerate().filter(move |(_, pin)| is_of(pin)).map(|(index, _)| PinIndex(index))
    }
}

impl Verified {
    pub const fn contains(self, pin: PinIndex) -> bool {
        self.0 >> pin.0 & 1 == 1
    }

    pub const fn insert(&mut self, pin: PinIndex) {
        self.0 |= 1 << pin.0;
    }

    pub const fn remove(&mut self, pin: PinIndex) {
        self.0 &= !(1 << pin.0);
    }
}

impl Pin {
    /// A key whose memory object is made now.
    pub fn create(name: String, image: &PinImage, directory: Option<FileId>, memory: &mut Memory) -> Self {
        let requirement = if image.enabled { Requirement::Enabled } else { Requirement::Disabled };
        let (unblock, unblock_retries) = image.unblock.map_or(([0xFF; 8], 0), |it| (it.value, it.retries));
        let state =
            [&image.value[..], &[image.retries, requirement.code()], &unblock[..], &[unblock_retries]]
                .concat();
        Self {
            reference: image.reference,
            directory,
            max_retries: image.max_retries,
            max_unblock_retries: image.unblock.map(|unblock| unblock.max_retries),
            state: memory.create(name, &state),
        }
    }

    pub fn is(&self, reference: KeyReference, directory: Option<FileId>) -> bool {
        self.reference == reference && self.directory == directory
    }

    /// Whether it has an UNBLOCK PIN.
    pub const fn can_be_unblocked(&self) -> bool {
        self.max_unblock_retries.is_some()
    }

    /// Tries that are left.
    pub fn retries(&self, memory: &Memory, secret: Secret) -> u8 {
        memory.read(self.state).get(secret.retries()).copied().unwrap_or(0)
    }

    pub fn requirement(&self, memory: &Memory) -> Requirement {
        memory.read(self.state).get(REQUIREMENT).copied().map_or(Requirement::Enabled, Requirement::from_code)
    }

    pub fn require(&self, memory: &mut Memory, requirement: Requirement) -> Result<(), MemoryError> {
        memory.write(self.state, REQUIREMENT, &[requirement.code()])
    }

    /// Presents a value. The try is taken before the values are compared, so that power loss gives none away.
    pub fn present(&self, memory: &mut Memory, secret: Secret, value: [u8; 8]) -> Result<(), Status> {
        let max = match secret {
            Secret::Pin => self.max_retries,
            Secret::Unblock => self.max_unblock_retries.ok_or(Status::REFERENCED_DATA_NOT_FOUND)?,
        };
        let left = self.retries(memory, secret).checked_sub(1).ok_or(Status::AUTHENTICATION_BLOCKED)?;
        memory.write(self.state, secret.retries(), &[left])?;
        let expected = memory.read(self.state).get(secret.value()..).unwrap_or_default();
        if !is_equal(expected, value) {
            return Err(Status::retries_left(left));
        }
        Ok(memory.write(self.state, secret.retries(), &[max])?)
    }

    /// Gives the PIN a new value.
    pub fn change(&self, memory: &mut Memory, value: [u8; 8]) -> Result<(), MemoryError> {
        memory.write(self.state, VALUE, &value)
    }

    /// Gives the PIN a new value and all its tries, and enables it.
    pub fn unblock(&self, memory: &mut Memory, value: [u8; 8]) -> Result<(), MemoryError> {
        let state = [&value[..], &[self.max_retries, Requirement::Enabled.code()]].concat();
        memory.write(self.state, VALUE, &state)
    }
}

impl Secret {
    const fn value(self) -> usize {
        match self {
            Self::Pin => VALUE,
            Self::Unblock => UNBLOCK_VALUE,
        }
    }

    const fn retries(self) -> usize {
        match self {
            Self::Pin => RETRIES,
            Self::Unblock => UNBLOCK_RETRIES,
        }
    }
}

impl Requirement {
    const fn code(self) -> u8 {
        match self {
            Self::Disabled => 0,
            Self::Enabled => 1,
            Self::Replaced => 2,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Disabled,
            2 => Self::Replaced,
            _ => Self::Enabled,
        }
    }
}

/// Whether `stored` starts with `value`; it takes as long wherever they differ.
pub(crate) fn is_equal(stored: &[u8], value: [u8; 8]) -> bool {
    stored.len() >= value.len() && stored.iter().zip(value).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}
