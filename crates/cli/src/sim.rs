//! The virtual SIM, the phone's own phonebook, and the file that keeps both between runs.

use std::{collections::BTreeMap, path::Path};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{Block, Entry, Settings};
use oxisim_card::{Card, Profile};
use oxisim_phonebook::{Book, Capacity};
use oxisim_server::{Iccid, Msisdn};
use oxisim_sms::Address;
use oxisim_terminal::BackupApplication;
use oxisim_wire::Wire;
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    file,
    image::{restore_objects, write_whole},
};

/// What the phone's own phonebook holds: a contact must fit into one message.
pub const PHONE: Capacity = Capacity { alpha: 40, additional_numbers: 2, ..Capacity::PHONE };

/// A card for a subscriber, with this number or that of the first virtual one, with or without the backup applet.
pub fn card(msisdn: &Msisdn, iccid: Option<&Iccid>, applet: Option<(&Address, Settings)>) -> Card {
    let mut profile = Profile { msisdn: msisdn.digits().into(), ..Profile::default() };
    if let Some(iccid) = iccid {
        profile.iccid = iccid.digits().into();
    }
    let card = Card::new(&profile);
    match applet {
        Some((server, settings)) => card.with_applet(PhonebookBackup::new(server.clone(), settings)),
        None => card,
    }
}

/// What is kept of a SIM and its phone between runs.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Version of the file.
    version: u32,
    /// Objects of the card's non-volatile memory by name, in hexadecimal.
    card: BTreeMap<String, Option<String>>,
    /// The phone's own phonebook, as one block of entries, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phonebook: Option<String>,
    /// What the phone's own application keeps, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application: Option<String>,
}

const VERSION: u32 = 2;

impl Kept {
    /// Reads the file; none if there is none yet.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let text = match file::text(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::Read { path: path.into(), error }),
        };
        let wrong = |reason: String| Failure::Sim { path: path.into(), reason };
        let kept: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if kept.version != VERSION {
            return Err(wrong(format!("it has version {}, this program knows {VERSION}", kept.version)));
        }
        Ok(Some(kept))
    }

    /// Takes what is to be kept.
    pub fn of(card: &Card, application: Option<&BackupApplication>) -> Self {
        let memory = card.memory().after_power_loss();
        let objects = memory.objects().map(|(name, octets)| (name.into(), Some(hex::encode(octets))));
        Self {
            version: VERSION,
            card: objects.collect(),
            phonebook: application.map(|application| hex::encode(book_octets(application.book()))),
            application: application.map(|application| hex::encode(trimmed(application.memory()))),
        }
    }

    /// The same, with what the card holds now.
    pub fn with_card(self, card: &Card) -> Self {
        Self { card: Self::of(card, None).card, ..self }
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error| Failure::Write { path: path.into(), error };
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        write_whole(path, text.as_bytes()).map_err(failed)
    }

    /// Gives a new card the memory that was kept.
    pub fn restore_card(&self, card: &mut Card, path: &Path) -> Result<(), Failure> {
        restore_objects(&self.card, card).map_err(|reason| Failure::Sim { path: path.into(), reason })
    }

    /// The phone's own phonebook, and what its application kept.
    pub fn phone(&self, path: &Path) -> Result<Option<(Book, Vec<u8>)>, Failure> {
        let wrong = |reason: String| Failure::Sim { path: path.into(), reason };
        let (Some(book), Some(memory)) = (&self.phonebook, &self.application) else { return Ok(None) };
        let octets = hex::decode(book).map_err(|error| wrong(format!("phonebook: {error}")))?;
        let entries = match &octets[..] {
            [] => Vec::new(),
            octets => {
                let block = Block::decode(octets, "phonebook");
                block.map_err(|error| wrong(error.to_string()))?.entries
            }
        };
        let entries = entries.into_iter();
        let book = entries.filter_map(|Entry { slot, record }| Some((slot, record?))).collect();
        let memory = hex::decode(memory).map_err(|error| wrong(format!("application: {error}")))?;
        Ok(Some((book, memory)))
    }
}

fn book_octets(book: &Book) -> Vec<u8> {
    if book.is_empty() {
        return Vec::new();
    }
    let entries = book.iter().map(|(slot, record)| Entry { slot, record: Some(record.clone()) });
    Block::new(entries.collect()).encode()
}

/// Without the zeros at the end, which a new memory has anyway.
fn trimmed(octets: &[u8]) -> &[u8] {
    let end = octets.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
    &octets[..end]
}
