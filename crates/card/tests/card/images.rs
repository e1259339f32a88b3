//! Cards from images, and images that make no card.

use oxisim_card::{
    Card, Image, ImageError, KeyReference, Profile,
    file::{Sfi, Structure},
    image::{AuthenticationKey, Contents, FileImage, FileKind},
};
use oxisim_wire::Instant;

fn image() -> Image {
    Profile { phonebook_records: 5, ..Profile::default() }.image()
}

fn error(change: impl FnOnce(&mut Image)) -> String {
    let mut image = image();
    change(&mut image);
    Card::from_image(&image).unwrap_err().to_string()
}

fn file<'a>(image: &'a mut Image, path: &[u16]) -> &'a mut FileImage {
    image.files.iter_mut().find(|file| file.path == path).unwrap()
}

#[test]
fn the_default_card_is_the_one_of_its_image() {
    let profile = Profile::default();
    let (one, two) = (Card::new(&profile), Card::from_image(&profile.image()).unwrap());
    assert!(one.memory().objects().eq(two.memory().objects()));
}

#[test]
fn the_answer_to_reset_is_that_of_the_image() {
    let mut image = image();
    image.atr = vec![0x3B, 0x00];
    assert_eq!(Card::from_image(&image).unwrap().power_on(Instant::EPOCH), [0x3B, 0x00]);
}

#[test]
fn what_is_wrong_with_an_image_is_said() {
    let path = [0x3F00, 0x2FE2];
    assert!(error(|image| image.atr[20] ^= 1).starts_with("answer to reset: TCK"));
    assert_eq!(error(|image| drop(image.files.remove(0))), ImageError::NoMasterFile.to_string());
    assert_eq!(error(|image| image.files.clear()), ImageError::NoMasterFile.to_string());
    assert_eq!(
        error(|image| file(image, &path).path = vec![0x3F00, 0x7F66, 0x2FE2]),
        "3F00/7F66/2FE2: its directory is not listed before it"
    );
    assert_eq!(error(|image| file(image, &path).path = vec![]), ": its directory is not listed before it");
    assert_eq!(
        error(|image| file(image, &path).path = vec![0x3F00, 0x2F05]),
        "3F00/2F05: it is there already"
    );
    let shape = |structure, size, sfi, contents| {
        error(|image| {
            file(image, &path).kind = FileKind::Elementary { structure, size, sfi, contents };
        })
    };
    let empty = || Contents::Octets(Vec::new());
    let linear = Structure::LinearFixed { record: 3 };
    assert_eq!(shape(linear, 10, Sfi::None, empty()), "3F00/2FE2: 10 octets is no size for it");
    assert_eq!(shape(linear, 768, Sfi::None, empty()), "3F00/2FE2: 768 octets is no size for it");
    assert_eq!(
        shape(Structure::Cyclic { record: 0 }, 0, Sfi::None, empty()),
        "3F00/2FE2: 0 octets is no size for it"
    );
    assert_eq!(
        shape(Structure::Transparent, 1 << 24, Sfi::None, empty()),
        "3F00/2FE2: 16777216 octets is no size for it"
    );
    assert_eq!(
        shape(Structure::Transparent, 2, Sfi::Is(31), empty()),
        "3F00/2FE2: the short file identifier 31 is not 1 to 30"
    );
    assert_eq!(
        shape(Structure::Transparent, 2, Sfi::None, Contents::Octets(vec![0; 3])),
        "3F00/2FE2: contents of 3 octets do not fit"
    );
    assert_eq!(
        shape(Structure::Transparent, 2, Sfi::None, Contents::SharedWith(vec![0x3F00, 0x2F05])),
        "3F00/2FE2: the file that it shares its contents with is not one like it listed before"
    );
    for change in [
        |image: &mut Image| image.pins[0].max_retries = 16,
        |image: &mut Image| image.pins[0].retries = 4,
        |image: &mut Image| image.pins[1].reference = KeyReference::PIN_1,
        |image: &mut Image| image.pins[0].directory = Some(vec![0x3F00, 0x7F99]),
    ] {
        assert_eq!(
            error(change),
            "key 01: wrong number of tries, or there already, or without its directory"
        );
    }
    assert!(error(|image| image.pins[2].enabled = false).starts_with("key 0A"));
}

/// TS 102 221 §11.1.1.4.8: without an object for it, the short identifier is the last five bits of the identifier.
#[test]
fn a_short_identifier_can_follow_from_the_identifier() {
    let mut image = image();
    let FileKind::Elementary { sfi, .. } = &mut file(&mut image, &[0x3F00, 0x2FE2]).kind else { panic!() };
    *sfi = Sfi::OfIdentifier;
    let mut card = Card::from_image(&image).unwrap();
    card.power_on(Instant::EPOCH);
    let response = card.exchange(Instant::EPOCH, &[0x00, 0xB0, 0x82, 0x00, 0x01]);
    assert_eq!(response.to_bytes(), [0x98, 0x90, 0x00]);
}

#[test]
fn a_key_is_for_a_directory_that_authenticates_and_has_none() {
    for (directory, expected) in [
        (&[0x3F00, 0x7FFF][..], "3F00/7FFF"),
        (&[0x3F00], "3F00"),
        (&[0x3F00, 0x7F10], "3F00/7F10"),
        (&[0x3F00, 0x7F20, 0x6F07], "3F00/7F20/6F07"),
        (&[0x3F00, 0x7F66], "3F00/7F66"),
    ] {
        assert_eq!(
            error(|image| image.authentication.push(AuthenticationKey::of_tests(directory))),
            format!("{expected}: no directory to authenticate for, or there is a key for it already")
        );
    }
}
