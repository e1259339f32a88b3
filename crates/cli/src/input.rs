//! Contacts files, and what a phonebook cannot hold of them.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use oxisim_phonebook::{Contact, Import, vcard};

use crate::{failure::Failure, file};

/// Reads a contacts file.
pub fn contacts(path: &Path) -> Result<Vec<Contact>, Failure> {
    let octets = file::given(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    vcard::read(&octets).map_err(|error| Failure::Contacts { path: path.into(), error })
}

/// Says what the phonebook cannot hold as it is.
pub fn report(path: &Path, phonebook: &str, import: &Import, out: &mut impl Write) -> Result<(), Failure> {
    if !import.report.is_empty() {
        writeln!(
            out,
            "What the {phonebook} cannot hold as it stands in {} (- marks what is lost):",
            path.display()
        )?;
        for change in &import.report {
            let sign = if change.what.is_loss() { '-' } else { ' ' };
            writeln!(out, "  {sign} {change}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The same, but a loss is an error.
pub fn strict(path: &Path, phonebook: &str, import: &Import, out: &mut impl Write) -> Result<(), Failure> {
    match import.losses().count() {
        0 => Ok(()),
        losses => {
            report(path, phonebook, import, out)?;
            Err(Failure::Strict { path: PathBuf::from(path), losses })
        }
    }
}
