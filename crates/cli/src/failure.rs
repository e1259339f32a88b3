//! How a command fails.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use oxisim_phonebook::vcard::VcardError;
use oxisim_server::{Error as ServerError, Msisdn, StoreError, service::ServiceError};
use oxisim_trace::Error as TraceError;
use oxisim_transport::Error as CardError;

use crate::image::Wrong;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("{}", not_written(path, error))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A contacts file is wrong.
    #[error("{}, line {}: {}", path.display(), error.line, error.reason)]
    Contacts {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: VcardError,
    },
    /// The file of a card is wrong.
    #[error("{}, {wrong}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        wrong: Wrong,
    },
    /// Another process runs the card of this file.
    #[error("the card of {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// What was recorded cannot be understood.
    #[error("{}, {error}", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: TraceError,
    },
    /// What was found on a card cannot be understood.
    #[error("{} is not what was found on a card: {reason}", path.display())]
    Dump {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A kept SIM cannot be used.
    #[error("{} is not the memory of a virtual SIM: {reason}", path.display())]
    Sim {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// What a card has written does not fit the card of its file.
    #[error(
        "{} is not what the card of {} has written: {reason}; if it is of another card, or {} has changed since, \
         move it away, and the card is as {} says", state.display(), image.display(), image.display(), image.display()
    )]
    State {
        /// The file with what was written.
        state: PathBuf,
        /// The file of the card.
        image: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// `--strict`, and something was left out or changed.
    #[error("{losses} {} lost in {} (--strict)", if *losses == 1 { "thing would be" } else { "things would be" }, path.display())]
    Strict {
        /// The contacts file.
        path: PathBuf,
        /// How many losses.
        losses: usize,
    },
    /// The server knows nobody by this number.
    #[error("nothing is held of {0}")]
    Unknown(Msisdn),
    /// More than one subscriber is held.
    #[error("{0} subscribers are held: say which with --number")]
    Which(usize),
    /// Nothing is held.
    #[error("the database {0} holds no contacts")]
    Empty(String),
    /// The words are wrong.
    #[error("{0}")]
    Usage(String),
    /// What was asked for was done and the result is not right.
    #[error("{0}")]
    NotDone(String),
    /// The server failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The server does not start, or has failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The card cannot be reached.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// Why a file cannot be written; what is there is no fault of the system.
fn not_written(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{} is there already, and is not overwritten", path.display())
        }
        _ => format!("cannot write {}: {error}", path.display()),
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Server(error.into())
    }
}

impl Failure {
    /// 1 if what was asked for failed, 2 if the words or the input are wrong.
    pub fn status(&self) -> ExitCode {
        match self {
            Self::Write { .. } | Self::NotDone(_) | Self::Output(_) | Self::Unknown(_) | Self::Empty(_) => {
                ExitCode::from(1)
            }
            Self::Service(ServiceError::Config(_))
            | Self::Server(ServerError::Store(
                StoreError::Open { .. } | StoreError::Key(_) | StoreError::WrongKey,
            ))
            | Self::Card(CardError::NoReader { .. } | CardError::AmbiguousReader { .. }) => ExitCode::from(2),
            Self::Server(_) | Self::Card(_) | Self::Service(_) => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}
