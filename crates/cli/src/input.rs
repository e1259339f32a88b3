//! Contacts files, and what a phonebook cannot hold of them.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use oxisim_phonebook::{Contact, Import, vcard};

use crate::failure::Failure;

/// Reads a contacts file.
pub fn contacts(path: &Path) -> Result<Vec<Contact>, Failure> {
    let octets = std::fs::read(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    vcard::read(&octets).map_err(|error| Failure::Contacts { path: path.into(), error })
}

/// Says what the phonebook cannot hold as it is; with `strict` a loss is an error.
pub fn report(
    path: &Path,
    phonebook: &str,
    import: &Import,
    strict: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if !import.report.is_empty() {
        writeln!(out, "What the {phonebook} cannot hold as it stands in {}:", path.display())?;
        for change in &import.report {
            let sign = if change.what.is_loss() { '-' } else { ' ' };
            writeln!(out, "  {sign} {change}")?;
        }
        writeln!(out)?;
    }
    match import.losses().count() {
        losses @ 1.. if strict => Err(Failure::Strict { path: PathBuf::from(path), losses }),
        _ => Ok(()),
    }
}
