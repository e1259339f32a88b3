//! The text of a card: any is read or refused with its place; one that is read becomes a card that starts, or is refused with
//! its place too; what is written of it reads as the same card, and a second time as the same text.

use oxisim_card::image::{Contents, FileKind, Image};
use oxisim_image::{Wrong, card, image, no_tables, write};

use crate::START;

/// The card with every octet of its files given: what is not said is `FF`.
fn whole(mut image: Image) -> Image {
    for file in &mut image.files {
        if let FileKind::Elementary { size, contents: Contents::Octets(octets), .. } = &mut file.kind {
            octets.resize(*size, 0xFF);
        }
    }
    image
}

fn placed(wrong: &Wrong, text: &str) {
    assert!((1..=text.matches('\n').count() + 1).contains(&wrong.line), "{wrong} is nowhere in the text");
    assert!(!wrong.reason.is_empty(), "{wrong}");
}

pub fn run(octets: &[u8]) -> &'static str {
    let Ok(text) = str::from_utf8(octets) else { return super::NOTHING };
    let (read, doubts) = match image(text) {
        Ok(read) => read,
        Err(wrong) => {
            placed(&wrong, text);
            assert!(card(text, &no_tables).is_err(), "a card of which there is no image");
            return "refused";
        }
    };
    for doubt in &doubts {
        placed(doubt, text);
    }
    let mut made = match card(text, &no_tables) {
        Ok((made, again)) => {
            assert_eq!(again, doubts);
            made
        }
        Err(wrong) => {
            placed(&wrong, text);
            return "no card";
        }
    };
    assert!(!made.power_on(START).is_empty(), "a card that does not answer to reset");
    let written = write(&read, &[], None);
    let (again, _) = image(&written).unwrap_or_else(|wrong| panic!("{wrong} in\n{written}"));
    assert_eq!(whole(again.clone()), whole(read), "{written}");
    assert_eq!(write(&again, &[], None), written);
    "card"
}
