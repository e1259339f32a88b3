//! Reading and writing files past access rules: what hosts and applets do, and commands once they may.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use oxisim_apdu::Status;
use oxisim_wire::{Reader, tlv::Tlv};

use crate::{
    fcp,
    file::{Elementary, File, FileId, FileSystem, LifeCycle, Structure},
    header,
    memory::{Memory, MemoryError},
};

/// A view of a card's files (TS 102 241: UICC access). Access rules do not apply to it.
///
/// Errors are the status words that the commands of TS 102 221 would end with. A view of a shared memory can only
/// read.
#[derive(Debug)]
pub struct FileView<'a, M = &'a mut Memory> {
    files: &'a FileSystem,
    memory: M,
}

impl<'a, M: Deref<Target = Memory>> FileView<'a, M> {
    pub(crate) const fn new(files: &'a FileSystem, memory: M) -> Self {
        Self { files, memory }
    }

    /// The EF at a path of file identifiers from the MF, as in [`path`](crate::path).
    pub fn find(&self, path: &[u16]) -> Result<FileId, Status> {
        let id = self.files.at_path(path).ok_or(Status::FILE_NOT_FOUND)?;
        self.elementary(id).map(|_| id)
    }

    /// Octets of the whole file.
    pub fn size(&self, file: FileId) -> Result<usize, Status> {
        self.elementary(file).map(|ef| ef.size)
    }

    /// Number of records.
    pub fn record_count(&self, file: FileId) -> Result<u8, Status> {
        self.records(file).map(|(ef, _)| ef.record_count())
    }

    /// Octets of a record.
    pub fn record_length(&self, file: FileId) -> Result<usize, Status> {
        self.records(file).map(|(_, length)| length)
    }

    /// A record; the first is number 1.
    pub fn read_record(&self, file: FileId, number: u8) -> Result<&[u8], Status> {
        let (ef, length) = self.records(file)?;
        let start = record_start(ef, length, number)?;
        self.memory.read(ef.body).get(start..start + length).ok_or(Status::RECORD_NOT_FOUND)
    }

    /// `length` octets of a transparent file from `offset` on; fewer if the file ends before.
    pub fn read_binary(&self, file: FileId, offset: usize, length: usize) -> Result<&[u8], Status> {
        let ef = self.transparent(file)?;
        let rest = self.memory.read(ef.body).get(offset..).ok_or(Status::WRONG_P1_P2)?;
        Ok(rest.get(..length).unwrap_or(rest))
    }

    /// What SELECT says of a file: its FCP template (TS 102 221 §11.1.1.3).
    #[must_use]
    pub fn control_parameters(&self, file: FileId) -> Vec<u8> {
        fcp::template(self.files, &self.memory, file)
    }

    /// What SELECT of class `A0` says of a file: its header (TS 51.011 §9.2.1).
    #[must_use]
    pub fn header(&self, file: FileId) -> Vec<u8> {
        header::header(self.files, &self.memory, file)
    }

    /// Life cycle status of a file.
    #[must_use]
    pub fn life_cycle(&self, file: FileId) -> LifeCycle {
        self.files.life_cycle(&self.memory, file)
    }

    pub(crate) fn elementary(&self, file: FileId) -> Result<&'a Elementary, Status> {
        self.files.elementary(file).ok_or(Status::FILE_NOT_FOUND)
    }

    fn transparent(&self, file: FileId) -> Result<&'a Elementary, Status> {
        let ef = self.activated(file)?;
        match ef.structure {
            Structure::Transparent => Ok(ef),
            Structure::LinearFixed { .. } | Structure::Cyclic { .. } | Structure::BerTlv => {
                Err(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE)
            }
        }
    }

    /// A file of records and the length of one.
    fn records(&self, file: FileId) -> Result<(&'a Elementary, usize), Status> {
        let ef = self.activated(file)?;
        Ok((ef, ef.record_length().ok_or(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE)?))
    }

    /// An EF that its life cycle lets be read and written; `6984` otherwise.
    pub(crate) fn activated(&self, file: FileId) -> Result<&'a Elementary, Status> {
        let ef = self.elementary(file)?;
        match self.files.effective_life_cycle(&self.memory, file) {
            LifeCycle::Deactivated if self.files.get(file).is_some_and(is_open_when_deactivated) => Ok(ef),
            LifeCycle::Deactivated | LifeCycle::Terminated => Err(Status::REFERENCED_DATA_INVALIDATED),
            LifeCycle::Unknown | LifeCycle::Creation | LifeCycle::Initialisation | LifeCycle::Activated => {
                Ok(ef)
            }
        }
    }
}

impl<M: DerefMut<Target = Memory>> FileView<'_, M> {
    /// Overwrites a record, all of it. In a cyclic file that is the oldest record, which becomes number 1
    /// (whatever `number` says).
    pub fn update_record(&mut self, file: FileId, number: u8, record: &[u8]) -> Result<(), Status> {
        let (ef, length) = self.records(file)?;
        if record.len() != length {
            return Err(Status::WRONG_LENGTH);
        }
        let body = ef.body;
        match ef.structure {
            Structure::Cyclic { .. } => {
                let mut records = self.memory.read(body).to_vec();
                records.rotate_right(length);
                records.splice(..length, record.iter().copied());
                self.memory.write(body, 0, &records)?;
            }
            Structure::LinearFixed { .. } | Structure::Transparent | Structure::BerTlv => {
                let start = record_start(ef, length, number)?;
                self.memory.write(body, start, record)?;
            }
        }
        Ok(())
    }

    /// Overwrites octets of a transparent file from `offset` on.
    pub fn update_binary(&mut self, file: FileId, offset: usize, octets: &[u8]) -> Result<(), Status> {
        let ef = self.transparent(file)?;
        if offset >= ef.size {
            return Err(Status::WRONG_P1_P2);
        }
        if octets.len() > ef.size - offset {
            return Err(Status::WRONG_LENGTH);
        }
        Ok(self.memory.write(ef.body, offset, octets)?)
    }
}

impl From<MemoryError> for Status {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Full => Self::NOT_ENOUGH_MEMORY,
            MemoryError::Torn
            | MemoryError::Range
            | MemoryError::BufferFull
            | MemoryError::InProgress
            | MemoryError::NotInProgress => Self::MEMORY_PROBLEM,
        }
    }
}

/// Whether a file can be read and updated while it is deactivated: the file status byte, object `C0` of the
/// proprietary information (TS 102 221 §11.1.14.1, TS 102 222 Table 5).
fn is_open_when_deactivated(file: &File) -> bool {
    const STATUS: u8 = 0xC0;
    const OPEN: u8 = 0x40;
    if file.header.as_deref().is_some_and(header::is_usable_invalidated) {
        return true;
    }
    let mut r = Reader::new(&file.proprietary);
    core::iter::from_fn(|| Tlv::read(&mut r, "proprietary information").ok())
        .filter(|object| object.tag == STATUS)
        .any(|mut object| object.value.u8("file status byte").is_ok_and(|status| status & OPEN != 0))
}

/// Where record `number` starts.
fn record_start(ef: &Elementary, length: usize, number: u8) -> Result<usize, Status> {
    if number == 0 || number > ef.record_count() {
        return Err(Status::RECORD_NOT_FOUND);
    }
    Ok(usize::from(number - 1) * length)
}
