//! A card's memory that was kept elsewhere, put back.

use alloc::{string::String, vec::Vec};

use crate::{
    changes::CHANGES,
    file::{Aid, FileSystem},
    memory::{Handle, Memory, MemoryError},
    ota, runtime,
};

/// Why objects of a memory cannot be put back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The card has no object of that name and size.
    #[error("{0}: {1}")]
    Object(String, MemoryError),
    /// The object that tells how the files have changed makes no sense.
    #[error("{CHANGES}: {0}")]
    Files(oxisim_wire::Error),
    /// An object that tells of the applets makes no sense.
    #[error("applets: {0}")]
    Applets(oxisim_wire::Error),
    /// The class of an applet is not loaded.
    #[error("applet {0:?}: its class is not on the card")]
    Class(Aid),
}

/// The memory of a card that was `made_with` files, and the files if they have changed since.
pub(crate) fn restore<'a>(
    own: &Memory,
    made_with: &FileSystem,
    objects: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
) -> Result<(Memory, Option<FileSystem>), RestoreError> {
    let mut memory = own.clone();
    let mut names = Vec::new();
    for (name, octets) in objects {
        memory.restore(name, octets).map_err(|error| RestoreError::Object(name.into(), error))?;
        names.push(name);
    }
    let changed = made_with.changed(&memory).map_err(RestoreError::Files)?;
    let files = changed.as_ref().unwrap_or(made_with);
    for ef in files.iter().filter_map(|(id, _)| files.elementary(id)) {
        if memory.read(ef.body).len() != ef.size {
            let name = memory.name(ef.body).or_else(|| own.name(ef.body)).unwrap_or_default();
            return Err(RestoreError::Object(name.into(), MemoryError::Range));
        }
    }
    runtime::verify(&memory).map_err(RestoreError::Applets)?;
    for name in names {
        let is_owned = runtime::is_owned(own, &memory, name) || ota::is_owned(&memory, name);
        if !is_owned && !is_expected(name, (own, made_with), (&memory, files)) {
            return Err(RestoreError::Object(name.into(), MemoryError::Range));
        }
    }
    Ok((memory, changed))
}

/// Whether an object came, went or has another size as files did; any other one is as large as it was.
fn is_expected(
    name: &str,
    (own, made_with): (&Memory, &FileSystem),
    (memory, files): (&Memory, &FileSystem),
) -> bool {
    let is_body =
        |files: &FileSystem, object: Handle| files.iter().any(|(_, file)| file.body() == Some(object));
    match (own.find(name), memory.find(name)) {
        (_, Some(new)) if is_body(files, new) || files.has_any_size(new) => true,
        (Some(old), None) => is_body(made_with, old),
        (Some(old), Some(new)) => own.read(old).len() == memory.read(new).len(),
        (None, new) => new.is_none(),
    }
}
