//! A card's file as a whole: the round trip, copies of real cards, and every error with its text.

mod copies;
mod keys;
mod mistakes;

use oxisim_apdu::{Class, Command, Instruction, Status};
use oxisim_card::{
    Card, Image, Profile,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind, Platform},
};
use oxisim_wire::Instant;
use serde_json::{Value, json};

use crate::{DEFAULT_NOTES, Imported, Wrong, import, locate, no_tables, write};

/// The card that a text describes.
fn card(text: &str) -> Result<Card, Wrong> {
    crate::card(text, &no_tables).map(|(card, _)| card)
}

/// The card that a text describes, as data.
fn read(text: &str) -> Result<Image, Wrong> {
    crate::image(text).map(|(image, _)| image)
}

fn default_text() -> String {
    write(
        &Profile::default().image(),
        &DEFAULT_NOTES.iter().map(|&note| note.into()).collect::<Vec<_>>(),
        None,
    )
}

/// The same card, with every octet of its files given.
fn whole(mut image: Image) -> Image {
    for file in &mut image.files {
        if let FileKind::Elementary { size, contents: Contents::Octets(octets), .. } = &mut file.kind {
            octets.resize(*size, 0xFF);
        }
    }
    image
}

fn objects(card: &Card) -> Vec<(&str, &[u8])> {
    card.memory().objects().collect()
}

/// SELECT with an answer; of a deactivated file too, which warns.
fn select(card: &mut Card, p1: u8, data: &[u8]) -> Vec<u8> {
    let select = Command::new(Class::INTERINDUSTRY, Instruction::SELECT, p1, 0x04).data(data).ne(256);
    card.exchange(Instant::EPOCH, &select.to_bytes()).data
}

const BY_PATH: u8 = 0x08;
const BY_IDENTIFIER: u8 = 0x00;
const BY_NAME: u8 = 0x04;

/// A card with little on it, for one more table.
const SMALL: &str = r#"atr = "3B00"
[[pins]]
key = "pin1"
value = "1234"
[directories."MF"]
compact = "00"
[directories."MF/DF.TELECOM"]
compact = "00"
[directories."ADF.USIM"]
aid = "A0000000871002"
compact = "00"
"#;

#[test]
fn the_built_in_card_is_the_same_card_from_its_file() {
    let text = default_text();
    assert_eq!(whole(read(&text).unwrap()), whole(Profile::default().image()));
    let (built_in, loaded) = (Card::new(&Profile::default()), card(&text).unwrap());
    assert_eq!(objects(&loaded), objects(&built_in));
    for words in [
        "imsi = \"001010000000001\"",
        "iccid = ",
        "spn = { name = \"oxisim\"",
        "msisdn = ",
        "service_centre = ",
    ] {
        assert!(text.contains(words), "{words}");
    }
}

#[test]
fn every_file_of_the_built_in_card_has_a_name() {
    let text = default_text();
    let paths: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("[files.\"").or_else(|| line.strip_prefix("[directories.\"")))
        .filter_map(|line| line.split('"').next())
        .collect();
    assert_eq!(paths.len(), Profile::default().image().files.len());
    for path in paths {
        let named = |step: &str| ["MF", "ADF.", "DF.", "EF."].iter().any(|kind| step.starts_with(kind));
        assert!(path.split('/').all(named), "{path}");
    }
}

#[test]
fn a_file_written_twice_is_the_same_text() {
    for image in [
        Profile::default().image(),
        copies::imported("sysmoisim-sja2").image,
        copies::imported("gsm-sim").image,
    ] {
        let text = write(&image, &[], None);
        assert_eq!(write(&read(&text).unwrap(), &[], None), text);
        assert_eq!(whole(read(&text).unwrap()), whole(image));
    }
}
