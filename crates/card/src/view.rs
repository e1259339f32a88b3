//! Reading and writing files past access rules: what hosts and applets do, and commands once they may.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use oxisim_apdu::Status;
use oxisim_wire::{Reader, tlv::Tlv};

use crate::{
    access::{Asker, Authority, Operation},
    applet::{AccessDomain, InstallParameters},
    fcp,
    file::{Elementary, File, FileId, FileSystem, LifeCycle, Structure},
    header,
    memory::{Memory, MemoryError},
};

/// A view of a card's files (TS 102 241: UICC access).
///
/// An applet's view lets it do what its [access domain](AccessDomain) allows, whatever the terminal has verified; a
/// host's lets it do everything. Files are named by [`FileId`], so a view neither knows nor changes what a terminal has
/// selected.
///
/// Errors are the status words that the commands of TS 102 221 would end with. A view of a shared memory can only
/// read.
#[derive(Debug)]
pub struct FileView<'a, M = &'a mut Memory> {
    files: &'a FileSystem,
    memory: M,
    rights: Rights<'a>,
}

/// What may be done in a view.
#[derive(Clone, Copy, Debug)]
enum Rights<'a> {
    /// Everything: access rules do not apply.
    Past,
    /// What access rules allow.
    By(Asker<'a>),
    /// Nothing.
    None,
}

impl<'a, M: Deref<Target = Memory>> FileView<'a, M> {
    pub(crate) const fn new(files: &'a FileSystem, memory: M) -> Self {
        Self { files, memory, rights: Rights::Past }
    }

    /// The view of an applet (TS 102 226 §8.2.1.3.2, access domain).
    pub(crate) fn of_applet(files: &'a FileSystem, memory: M, parameters: &'a InstallParameters) -> Self {
        let rights = match parameters.access {
            AccessDomain::FULL => Rights::By(Asker::Everybody),
            AccessDomain::UICC => Rights::By(Asker::With(&parameters.keys)),
            _ => Rights::None,
        };
        Self { files, memory, rights }
    }

    /// The EF at a path of file identifiers from the MF, as in [`path`](crate::path).
    pub fn find(&self, path: &[u16]) -> Result<FileId, Status> {
        self.enter()?;
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
        self.permit(file, Operation::Read)?;
        let (ef, length) = self.records(file)?;
        let start = record_start(ef, length, number)?;
        self.memory.read(ef.body).get(start..start + length).ok_or(Status::RECORD_NOT_FOUND)
    }

    /// `length` octets of a transparent file from `offset` on; fewer if the file ends before.
    pub fn read_binary(&self, file: FileId, offset: usize, length: usize) -> Result<&[u8], Status> {
        self.permit(file, Operation::Read)?;
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
        self.enter()?;
        self.files.elementary(file).ok_or(Status::FILE_NOT_FOUND)
    }

    /// Checks that there are any files in this view.
    const fn enter(&self) -> Result<(), Status> {
        match self.rights {
            Rights::Past | Rights::By(_) => Ok(()),
            Rights::None => Err(Status::SECURITY_STATUS_NOT_SATISFIED),
        }
    }

    /// Checks that this may be done with the file in this view.
    fn permit(&self, file: FileId, operation: Operation) -> Result<(), Status> {
        match self.rights {
            Rights::Past => Ok(()),
            Rights::By(asker) => {
                Authority { files: self.files, memory: &self.memory, asker }.permit(file, operation)
            }
            Rights::None => Err(Status::SECURITY_STATUS_NOT_SATISFIED),
        }
    }

    /// Checks that an EF can be activated or deactivated: one that is terminated cannot (`6985`), and a deactivated
    /// one is there for SELECT and ACTIVATE FILE only (TS 102 221 §11.1.14.1).
    pub(crate) fn check_change(&self, file: FileId, state: LifeCycle) -> Result<(), Status> {
        self.elementary(file)?;
        match self.files.effective_life_cycle(&self.memory, file) {
            LifeCycle::Terminated => Err(Status::CONDITIONS_NOT_SATISFIED),
            LifeCycle::Deactivated if state == LifeCycle::Deactivated => {
                Err(Status::REFERENCED_DATA_INVALIDATED)
            }
            _ => Ok(()),
        }
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
        self.permit(file, Operation::Update)?;
        self.put_record(file, number, record)
    }

    /// Adds a number to the one in the latest record of a cyclic file, which makes a new record (INCREASE). Gives that
    /// record; `9850` if it would overflow.
    pub fn increase(&mut self, file: FileId, added: &[u8]) -> Result<Vec<u8>, Status> {
        self.permit(file, Operation::Increase)?;
        let (ef, length) = self.records(file)?;
        if !matches!(ef.structure, Structure::Cyclic { .. }) {
            return Err(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE);
        }
        if added.is_empty() || added.len() > length {
            return Err(Status::WRONG_LENGTH);
        }
        let mut record = self.memory.read(ef.body).get(..length).ok_or(Status::RECORD_NOT_FOUND)?.to_vec();
        add(&mut record, added).ok_or(Status::INCREASE_MAXIMUM)?;
        self.put_record(file, 1, &record)?;
        Ok(record)
    }

    /// Deactivates an EF (DEACTIVATE FILE); `6984` if it is deactivated.
    pub fn deactivate(&mut self, file: FileId) -> Result<(), Status> {
        self.permit(file, Operation::Deactivate)?;
        self.change_life_cycle(file, LifeCycle::Deactivated)
    }

    /// Activates an EF (ACTIVATE FILE).
    pub fn activate(&mut self, file: FileId) -> Result<(), Status> {
        self.permit(file, Operation::Activate)?;
        self.change_life_cycle(file, LifeCycle::Activated)
    }

    fn change_life_cycle(&mut self, file: FileId, state: LifeCycle) -> Result<(), Status> {
        self.check_change(file, state)?;
        Ok(self.files.set_life_cycle(&mut self.memory, file, state)?)
    }

    fn put_record(&mut self, file: FileId, number: u8, record: &[u8]) -> Result<(), Status> {
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
        self.permit(file, Operation::Update)?;
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

/// Adds a number to another, most significant octet first; `None` if it gets too large.
pub(crate) fn add(sum: &mut [u8], number: &[u8]) -> Option<()> {
    let mut carry = 0;
    let number = number.iter().rev().copied().chain(core::iter::repeat(0));
    for (octet, other) in sum.iter_mut().rev().zip(number) {
        [carry, *octet] = (u16::from(*octet) + u16::from(other) + u16::from(carry)).to_be_bytes();
    }
    (carry == 0).then_some(())
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
