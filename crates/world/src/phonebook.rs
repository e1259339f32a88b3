//! A card's phonebook as the host sees it, past access rules and without power.

use alloc::vec::Vec;

use oxisim_card::{Card, FileView, path};
use oxisim_phonebook::CardFiles;

/// The records of a card's phonebook; files that the card lacks are empty.
#[must_use]
pub fn read_phonebook(card: &mut Card) -> CardFiles {
    let view = card.files();
    CardFiles {
        adn: records(&view, path::EF_ADN),
        anr: [records(&view, path::EF_ANR)].into_iter().filter(|records| !records.is_empty()).collect(),
        ext1: records(&view, path::EF_EXT1),
    }
}

/// Writes the records that differ from the card's.
///
/// # Errors
/// The status of the first record that the card does not take.
pub fn write_phonebook(card: &mut Card, wanted: &CardFiles) -> Result<(), oxisim_card::Status> {
    let old = read_phonebook(card);
    let mut view = card.files();
    let files = [
        (path::EF_EXT1, Some(&old.ext1), Some(&wanted.ext1)),
        (path::EF_ANR, old.anr.first(), wanted.anr.first()),
        (path::EF_ADN, Some(&old.adn), Some(&wanted.adn)),
    ];
    for (path, old, new) in files {
        let (Some(old), Some(new)) = (old, new) else { continue };
        for (number, (old, new)) in (1..=u8::MAX).zip(old.iter().zip(new)) {
            if old != new {
                let file = view.find(path)?;
                view.update_record(file, number, new)?;
            }
        }
    }
    Ok(())
}

fn records(view: &FileView<'_>, path: &[u16]) -> Vec<Vec<u8>> {
    let Ok(file) = view.find(path) else { return Vec::new() };
    let count = view.record_count(file).unwrap_or(0);
    (1..=count).filter_map(|number| view.read_record(file, number).ok()).map(<[u8]>::to_vec).collect()
}
