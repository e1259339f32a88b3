//! How the files of the default card are declared, and how a line of a table becomes a file.

use alloc::{vec, vec::Vec};

use super::{Profile, coding::overwrite, rule_reference};
use crate::{
    access::Rule,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents as FileContents, FileImage, FileKind},
};

/// Declares the files of a directory: name, path and short file identifier; structure; conditions of READ and of
/// UPDATE, of INCREASE if it can be increased, of DEACTIVATE FILE and ACTIVATE FILE if that is not ADM; and contents.
macro_rules! files {
    ($(
        $(#[$meta:meta])*
        $name:ident [$($fid:literal)/ +] $($sfi:literal)?, $structure:expr,
            $read:ident $update:ident $(increase $increase:ident)? $(deactivate $deactivate:ident)?
            $(activate $activate:ident)?, $contents:expr;
    )*) => {
        /// Paths of the files, from the MF.
        pub mod path {
            $($(#[$meta])* pub const $name: &[u16] = &[$($fid),+];)*
        }

        pub(super) static FILES: &[$crate::profile::table::Entry] = &[$(
            $crate::profile::table::Entry {
                path: path::$name,
                sfi: <[u8]>::first(&[$($sfi)?]).copied(),
                shape: $structure,
                rule: $crate::Rule::new($crate::Access::$read, $crate::Access::$update)
                    $(.increase($crate::Access::$increase))?
                    $(.deactivate($crate::Access::$deactivate))?
                    $(.activate($crate::Access::$activate))?,
                contents: $contents,
            },
        )*];
    };
}

pub(super) use files;

/// One line of a table.
pub(super) struct Entry {
    pub path: &'static [u16],
    pub sfi: Option<u8>,
    pub shape: Shape,
    pub rule: Rule,
    pub contents: Contents,
}

/// Structure and size.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Transparent(usize),
    Linear(u8, u8),
    Cyclic(u8, u8),
    /// Linear fixed, with as many records as the phonebook has entries.
    Phonebook(u8),
}

/// What is in a file at first; what is left of the file, or of each record, is `FF`.
pub(super) enum Contents {
    Erased,
    /// At the start of the file, or of every record.
    Octets(&'static [u8]),
    /// The octets of the file, or of its records.
    Of(fn(&Profile) -> Vec<Vec<u8>>),
    /// The contents of another file, which are one thing with this one's.
    SameAs(&'static [u16]),
}

use Shape::{Cyclic, Linear, Phonebook, Transparent};

impl Entry {
    /// The file of a card.
    pub fn file(&self, profile: &Profile) -> FileImage {
        let (length, count) = self.shape.records(profile);
        FileImage {
            path: self.path.into(),
            kind: FileKind::Elementary {
                structure: self.shape.structure(),
                size: length * count,
                sfi: self.sfi.map_or(Sfi::None, Sfi::Is),
                contents: self.contents(profile, length, count),
            },
            security: rule_reference(self.rule.record_number(), self.path.len() == 2),
            life_cycle: LifeCycle::Activated,
            shareable: true,
            identified: true,
            proprietary: Vec::new(),
            header: None,
        }
    }

    /// The octets of the file, whose records are made of what their first octets are and `FF`.
    fn contents(&self, profile: &Profile, length: usize, count: usize) -> FileContents {
        let filled = |fill: &dyn Fn(core::slice::ChunksMut<'_, u8>)| {
            let mut octets = vec![0xFF; length * count];
            fill(octets.chunks_mut(length.max(1)));
            FileContents::Octets(octets)
        };
        match self.contents {
            Contents::Erased => FileContents::Octets(Vec::new()),
            Contents::Octets(head) => filled(&|records| records.for_each(|record| overwrite(record, head))),
            Contents::Of(contents) => filled(&|records| {
                records.zip(&contents(profile)).for_each(|(record, head)| overwrite(record, head));
            }),
            Contents::SameAs(path) => FileContents::SharedWith(path.into()),
        }
    }
}

impl Shape {
    const fn structure(self) -> Structure {
        match self {
            Transparent(_) => Structure::Transparent,
            Linear(record, _) | Phonebook(record) => Structure::LinearFixed { record },
            Cyclic(record, _) => Structure::Cyclic { record },
        }
    }

    /// Length and number of records; a transparent file is one.
    fn records(self, profile: &Profile) -> (usize, usize) {
        match self {
            Transparent(size) => (size, 1),
            Linear(record, count) | Cyclic(record, count) => (record.into(), count.into()),
            Phonebook(record) => (record.into(), profile.phonebook_records.into()),
        }
    }
}
