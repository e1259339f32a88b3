//! How the files of a card differ from those that it was made with: what TS 102 222 has done to them, kept in memory.
//!
//! The object [`CHANGES`] has, for each file that was deleted, resized or created, two octets of its number, one that
//! says which of the three it is, and what there is to say of it. It is written anew with every change.

use alloc::{string::String, vec::Vec};

use oxisim_wire::{
    Error, ErrorKind, Reader,
    tlv::{read_length, write_length},
};

use crate::{
    fcp::{self, Parameters},
    file::{Directory, Elementary, File, FileId, FileSystem, Kind},
    memory::{Handle, Memory, MemoryError},
};

/// The name of the object that tells of the changes; it is empty as long as there are none.
pub(crate) const CHANGES: &str = "files";

const DELETED: u8 = 0;
const RESIZED: u8 = 1;
const CREATED: u8 = 2;

impl FileSystem {
    /// These files, which the card was made with, and what memory says has changed; `None` if nothing has.
    pub(crate) fn changed(&self, memory: &Memory) -> Result<Option<Self>, Error> {
        let octets = self.changes.map(|changes| memory.read(changes)).unwrap_or_default();
        if octets.is_empty() {
            return Ok(None);
        }
        let mut files = self.clone();
        let mut r = Reader::new(octets);
        while !r.is_empty() {
            files.apply(&mut r, memory)?;
        }
        let lost = files.iter().map(|(id, _)| id).find(|&id| !files.is_in_tree(id));
        match lost {
            Some(id) => Err(r.error("directory of a file", ErrorKind::Value(id.0.into()))),
            None => Ok(Some(files)),
        }
    }

    /// Whether the directories that a file stands in lead to the MF.
    fn is_in_tree(&self, id: FileId) -> bool {
        let mut at = id;
        for _ in 0..=self.places() {
            if at == Self::MF {
                return true;
            }
            at = self.parent(at);
            if self.directory(at).is_none() {
                return false;
            }
        }
        false
    }

    fn apply(&mut self, r: &mut Reader<'_>, memory: &Memory) -> Result<(), Error> {
        let id = FileId(r.u16("number of a file")?);
        let unknown = r.error("number of a file", ErrorKind::Value(id.0.into()));
        let change = r.u8("change of a file")?;
        match change {
            DELETED => self.put(id, None),
            RESIZED => {
                let size = u32::from_be_bytes(r.array("file size")?) as usize;
                self.set_size(id, size).ok_or(unknown)?;
            }
            CREATED => {
                let file = read_created(r, memory)?;
                // Each file that there ever was has its octet.
                let states = self.life_cycles.map_or(0, |states| memory.read(states).len());
                if usize::from(id.0) >= states {
                    return Err(unknown);
                }
                self.put(id, Some(file));
            }
            _ => return Err(r.error("change of a file", ErrorKind::Value(change.into()))),
        }
        Ok(())
    }

    /// Whether an object is one that gets larger and smaller as files come and go.
    pub(crate) fn has_any_size(&self, object: Handle) -> bool {
        [self.changes, self.life_cycles].contains(&Some(object))
    }

    /// Gives an EF another size.
    pub(crate) fn set_size(&mut self, id: FileId, size: usize) -> Option<()> {
        match &mut self.get_mut(id)?.kind {
            Kind::Elementary(ef) => {
                ef.size = size;
                Some(())
            }
            Kind::Directory(_) => None,
        }
    }

    /// Keeps in memory how these files differ from those that the card was `made_with`.
    pub(crate) fn keep(&self, made_with: &Self, memory: &mut Memory) -> Result<(), MemoryError> {
        let changes = self.changes.ok_or(MemoryError::Range)?;
        let mut out = Vec::new();
        for id in (0..self.places()).map(|index| FileId(index as u16)) {
            self.write_change(made_with, memory, id, &mut out);
        }
        memory.resize(changes, out.len(), 0)?;
        memory.write(changes, 0, &out)
    }

    fn write_change(&self, made_with: &Self, memory: &Memory, id: FileId, out: &mut Vec<u8>) {
        let mut change = |what| {
            out.extend_from_slice(&id.0.to_be_bytes());
            out.push(what);
        };
        let is_new = usize::from(id.0) >= made_with.places();
        match self.get(id) {
            Some(file) if is_new => {
                change(CREATED);
                write_created(self, memory, id, file, out);
            }
            Some(File { kind: Kind::Elementary(ef), .. }) => {
                if made_with.elementary(id).is_some_and(|old| old.size != ef.size) {
                    change(RESIZED);
                    out.extend_from_slice(&(ef.size as u32).to_be_bytes());
                }
            }
            None if !is_new && made_with.get(id).is_some() => change(DELETED),
            Some(_) | None => {}
        }
    }
}

/// A file that was created: directory, identifier, name of the contents (empty for a directory), and the FCP
/// template.
fn write_created(files: &FileSystem, memory: &Memory, id: FileId, file: &File, out: &mut Vec<u8>) {
    let body = match &file.kind {
        Kind::Elementary(ef) => memory.name(ef.body).unwrap_or_default(),
        Kind::Directory(_) => "",
    };
    out.extend_from_slice(&file.parent.0.to_be_bytes());
    out.extend_from_slice(&file.fid.to_be_bytes());
    for octets in [body.as_bytes(), &fcp::template(files, memory, id)] {
        write_length(octets.len(), out);
        out.extend_from_slice(octets);
    }
}

fn read_created(r: &mut Reader<'_>, memory: &Memory) -> Result<File, Error> {
    let parent = FileId(r.u16("directory of a file")?);
    let fid = r.u16("file identifier")?;
    let missing = r.error("contents of a file", ErrorKind::Missing);
    let mut sized = |what| {
        let length = read_length(r, what)?;
        r.take(length, what)
    };
    let name = String::from_utf8_lossy(sized("name of contents")?).into_owned();
    let parameters = Parameters::read(sized("FCP template")?)?;
    let kind = match parameters.structure {
        None => Kind::Directory(Directory { aid: parameters.aid, pin_status: parameters.pin_status }),
        Some(structure) => {
            let body = memory.find(&name).ok_or(missing)?;
            let size = memory.read(body).len();
            Kind::Elementary(Elementary { structure, sfi: parameters.sfi, body, size })
        }
    };
    Ok(File {
        fid,
        parent,
        kind,
        security: parameters.security,
        shareable: parameters.shareable,
        identified: parameters.fid.is_some(),
        proprietary: parameters.proprietary,
        header: None,
    })
}
