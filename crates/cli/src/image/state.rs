//! What a card has written since its file was made, in a file of its own.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use oxisim_card::Card;
use serde::{Deserialize, Serialize};

use crate::{failure::Failure, file};

/// The file with the objects of a card's memory that differ from its image, and the right to write it: while
/// this lives, no other process opens the same card.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// The image, locked.
    _image: File,
    /// The objects as the image has them.
    original: BTreeMap<String, Vec<u8>>,
    /// The card's count of writes when its state was last on disk.
    saved: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// Version of the file.
    version: u32,
    /// Objects by name, in hexadecimal; nothing for one that is no more.
    objects: BTreeMap<String, Option<String>>,
}

const VERSION: u32 = 1;

impl StateFile {
    /// Where the state of the card of `image` is: `CARD.state` beside `CARD.toml`.
    pub fn path(image: &Path) -> PathBuf {
        image.with_extension("state")
    }

    /// Gives `card`, which is as `image` describes it, the state that it had.
    pub fn open(image: &Path, card: &mut Card) -> Result<Self, Failure> {
        let read = |error| Failure::Read { path: image.into(), error };
        let lock = File::open(image).map_err(read)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(Failure::InUse(image.into())),
            Err(fs::TryLockError::Error(error)) => return Err(read(error)),
        }
        let original = card.memory().objects().map(|(name, octets)| (name.into(), octets.into())).collect();
        let path = Self::path(image);
        read_state(image, &path, card)?;
        Ok(Self { path, _image: lock, original, saved: card.memory().writes() })
    }

    /// Writes the state to disk if the card has written since the last time. Only after this may the answer of
    /// the command leave the card: then nothing that anyone was told is lost, however the process ends.
    pub fn save(&mut self, card: &Card) -> Result<(), Failure> {
        let writes = card.memory().writes();
        if writes == self.saved {
            return Ok(());
        }
        // Power that goes with this process takes back what a transaction has not made last.
        let memory = card.memory().after_power_loss();
        let mut objects: BTreeMap<_, _> = self.original.keys().map(|name| (name.clone(), None)).collect();
        for (name, octets) in memory.objects() {
            if self.original.get(name).is_some_and(|original| original == octets) {
                objects.remove(name);
            } else {
                objects.insert(name.into(), Some(hex::encode_upper(octets)));
            }
        }
        let stored = Stored { version: VERSION, objects };
        let failed = |error| Failure::Write { path: self.path.clone(), error };
        let text = serde_json::to_string_pretty(&stored).map_err(|error| failed(error.into()))?;
        write_whole(&self.path, text.as_bytes()).map_err(failed)?;
        self.saved = writes;
        Ok(())
    }
}

/// Gives `card`, which is as `image` describes it, the state in the file at `path`, if there is one.
pub fn read_state(image: &Path, path: &Path, card: &mut Card) -> Result<(), Failure> {
    match file::text(path) {
        Ok(text) => restore(&text, card).map_err(|reason| Failure::State {
            state: path.into(),
            image: image.into(),
            reason,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::Read { path: path.into(), error }),
    }
}

fn restore(text: &str, card: &mut Card) -> Result<(), String> {
    let stored: Stored = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if stored.version != VERSION {
        return Err(format!("it has version {}, this program knows {VERSION}", stored.version));
    }
    restore_objects(&stored.objects, card)
}

/// Gives a card objects of its memory, by name and in hexadecimal; those without octets are no more.
pub fn restore_objects(objects: &BTreeMap<String, Option<String>>, card: &mut Card) -> Result<(), String> {
    let octets = |octets: &Option<String>| octets.as_ref().map(hex::decode).transpose();
    let objects: Vec<(&str, Option<Vec<u8>>)> = objects
        .iter()
        .map(|(name, hex)| Ok((&**name, octets(hex).map_err(|error| format!("{name}: {error}"))?)))
        .collect::<Result<_, String>>()?;
    card.restore(objects.iter().map(|(name, octets)| (*name, octets.as_deref())))
        .map_err(|error| error.to_string())
}

/// How a file is opened to be written that only its owner may read, once it is made: with keys and PINs.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true);
    options
}

/// Writes a file that only its owner may read, whole or not at all, also if the process or the machine stops at any moment.
pub fn write_whole(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let mut file = private().create(true).truncate(true).open(&partial)?;
    file.write_all(octets)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&partial, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Where a folder cannot be opened as a file, the rename lasts without this.
    File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
}
