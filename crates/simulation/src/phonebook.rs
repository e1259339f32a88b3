//! A card's phonebook at one moment.

use oxisim_card::{Card, Handle};
use oxisim_phonebook::Book;
use oxisim_world::read_phonebook;

/// Objects of the card's memory that are its phonebook.
const FILES: [&str; 3] = ["6F3A", "4F4A", "4F11"];

/// What the files of a card's phonebook hold, and the contacts that this says.
#[derive(Debug)]
pub(crate) struct CardBook {
    files: Vec<(Handle, Vec<u8>)>,
    pub book: Book,
}

impl CardBook {
    /// That of a card, if it can be read.
    pub fn of(card: &mut Card) -> Option<Self> {
        let book = read_phonebook(card).book().ok()?;
        let memory = card.memory();
        let names = memory.objects().map(|(name, _)| name);
        let names = names.filter(|name| FILES.iter().any(|file| name.ends_with(file)));
        let files = names.filter_map(|name| memory.find(name));
        Some(Self { files: files.map(|file| (file, memory.read(file).to_vec())).collect(), book })
    }

    /// Whether a card still has it.
    pub fn is_on(&self, card: &Card) -> bool {
        self.files.iter().all(|(file, octets)| card.memory().read(*file) == octets.as_slice())
    }
}
