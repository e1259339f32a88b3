//! Subscribers' keys: who authenticates with which, and the sequence numbers in memory.

use alloc::{format, vec::Vec};

use oxisim_apdu::Status;

use crate::{
    authentication::{Algorithm, GsmResponse, Milenage, Rand, SequenceNumbers, SequencePolicy, Sqn},
    card::Powered,
    file::{File, FileId, FileSystem},
    image::{self, AuthenticationKey, ImageError},
    memory::{Handle, Memory, MemoryError},
};

/// `DF_GSM` (TS 51.011 §10.3).
const DF_GSM: u16 = 0x7F20;

/// A key of a card.
#[derive(Clone, Debug)]
pub(crate) struct SubscriberKey {
    /// The ADF that authenticates with it, or `DF_GSM`.
    directory: FileId,
    pub algorithm: Algorithm,
    policy: SequencePolicy,
    numbers: Handle,
}

/// The keys of a card.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubscriberKeys(Vec<SubscriberKey>);

impl SubscriberKeys {
    /// The keys of an image, whose memory objects are made now.
    pub fn create(
        keys: &[AuthenticationKey],
        files: &FileSystem,
        memory: &mut Memory,
    ) -> Result<Self, ImageError> {
        let mut made = Self::default();
        for key in keys {
            let place = image::name(&key.directory);
            let directory = files
                .at_image_path(&key.directory)
                .filter(|&id| may_authenticate(files, id) && made.of(id).is_none())
                .ok_or_else(|| ImageError::AuthenticationKey(place.clone()))?;
            made.0.push(SubscriberKey {
                directory,
                algorithm: key.algorithm.clone(),
                policy: key.numbers.policy(),
                numbers: memory.create(format!("{place}/sqn"), &key.numbers.to_bytes()),
            });
        }
        Ok(made)
    }

    /// The key of a directory.
    pub fn of(&self, directory: FileId) -> Option<&SubscriberKey> {
        self.0.iter().find(|key| key.directory == directory)
    }

    /// The key of `DF_GSM`; if it has none of its own, the first application's.
    fn of_gsm(&self, files: &FileSystem) -> Option<&SubscriberKey> {
        let own = files.child(FileSystem::MF, DF_GSM).and_then(|id| self.of(id));
        own.or_else(|| self.0.iter().find(|key| is_application(files, key.directory)))
    }
}

impl SubscriberKey {
    /// The sequence numbers as they are now.
    pub fn numbers(&self, memory: &Memory) -> Result<SequenceNumbers, Status> {
        SequenceNumbers::from_bytes(self.policy, memory.read(self.numbers))
            .map_err(|_| Status::MEMORY_PROBLEM)
    }

    /// Keeps a number that was accepted: all of it or nothing, whenever power is lost.
    pub fn keep(&self, memory: &mut Memory, sqn: Sqn) -> Result<(), MemoryError> {
        memory.write(self.numbers, self.policy.offset(sqn), &sqn.to_bytes())
    }
}

impl Powered<'_> {
    /// Whether a directory is `DF_GSM` or stands in it.
    pub fn is_in_gsm(&self, directory: FileId) -> bool {
        let gsm = self.files.child(FileSystem::MF, DF_GSM);
        gsm.is_some_and(|gsm| self.files.is_within(directory, gsm))
    }

    /// SRES and Kc of a challenge to `DF_GSM`, with its key or that of the first application.
    pub fn gsm_response(&self, rand: &Rand) -> Result<GsmResponse, Status> {
        let key = self.keys.of_gsm(self.files).ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
        Ok(key.algorithm.gsm(rand))
    }
}

impl AuthenticationKey {
    /// The key of a new card, which anyone knows: K and OP of test set 1 of MILENAGE (TS 35.207), and no number
    /// accepted yet.
    #[must_use]
    pub fn of_tests(directory: &[u16]) -> Self {
        const K: u128 = 0x465B_5CE8_B199_B49F_AA5F_0A2E_E238_A6BC;
        const OP: u128 = 0xCDC2_02D5_123E_20F6_2B6D_676A_C72C_B318;
        Self {
            directory: directory.into(),
            algorithm: Algorithm::Milenage(Milenage::from_op(K.to_be_bytes(), &OP.to_be_bytes())),
            numbers: SequenceNumbers::new(SequencePolicy::default()),
        }
    }
}

fn may_authenticate(files: &FileSystem, id: FileId) -> bool {
    is_application(files, id) || files.child(FileSystem::MF, DF_GSM) == Some(id)
}

fn is_application(files: &FileSystem, id: FileId) -> bool {
    files.get(id).is_some_and(File::is_application)
}
