//! What a logical channel has selected (TS 102 221 §8.4).

use oxisim_apdu::Status;

use crate::file::{FileId, FileSystem, Kind};

/// The files that a logical channel has selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Current directory.
    pub directory: FileId,
    /// Current EF.
    pub ef: Option<FileId>,
    /// Current record of the current EF.
    pub record: Option<u8>,
    /// Current application.
    pub application: Option<FileId>,
}

impl Channel {
    /// The state after reset: the MF is selected.
    pub const fn after_reset() -> Self {
        Self { directory: FileSystem::MF, ef: None, record: None, application: None }
    }

    /// The file that was selected last.
    pub const fn file(&self) -> FileId {
        match self.ef {
            Some(ef) => ef,
            None => self.directory,
        }
    }

    /// Selects a file.
    pub fn select(&mut self, files: &FileSystem, id: FileId) -> Result<(), Status> {
        let file = files.get(id).ok_or(Status::FILE_NOT_FOUND)?;
        let (directory, ef) = match file.kind {
            Kind::Directory(_) => (id, None),
            Kind::Elementary(_) => (file.parent, Some(id)),
        };
        *self = Self {
            directory,
            ef,
            record: None,
            application: files.application_of(directory).or(self.application),
        };
        Ok(())
    }

    /// The EF that a command means: the one with the short identifier, which becomes current, or the current.
    pub fn ef(&mut self, files: &FileSystem, sfi: Option<u8>) -> Result<FileId, Status> {
        if let Some(sfi) = sfi {
            let id = files.by_sfi(self.directory, sfi).ok_or(Status::FILE_NOT_FOUND)?;
            self.select(files, id)?;
        }
        self.ef.ok_or(Status::NO_EF_SELECTED)
    }
}
