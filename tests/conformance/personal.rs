//! The card that a sequence begins with: the default one, and what is personalised otherwise.

use oxisim_card::{
    Image, Profile,
    image::{Contents, FileImage, FileKind},
};
use oxisim_tests::sequences::{Sequence, octets};

/// `EF_UST` (TS 31.102 §4.2.8).
const SERVICES: [u16; 3] = [0x3F00, 0x7FFF, 0x6F38];
/// `EF_CBMI` and `EF_CBMID` (TS 31.102 §4.2.14, §4.2.20).
const BROADCASTS: [u16; 3] = [0x3F00, 0x7FFF, 0x6F45];
const BROADCASTS_FOR_CARD: [u16; 3] = [0x3F00, 0x7FFF, 0x6F48];
/// Services of a USIM (TS 31.102 §4.2.8): data download via cell broadcast, and via USSD.
const BROADCAST_DOWNLOAD: usize = 29;
const USSD_DOWNLOAD: usize = 70;

/// The card: `given card …` says what it has.
pub fn card(sequence: &Sequence<'_>) -> Image {
    let steps = sequence.steps.iter().filter(|step| step.word == "given");
    let given: Vec<_> = steps.filter_map(|step| step.rest.strip_prefix("card ")).collect();
    let controls = given.contains(&"controls");
    let mut image = Profile { menu_title: "Toolkit Menu".into(), controls, ..Profile::default() }.image();
    for words in given {
        match words.split_once(' ') {
            None if words == "controls" => {}
            None if words == "ussd" => serve(&mut image, USSD_DOWNLOAD),
            Some(("broadcasts", identifiers)) => {
                serve(&mut image, BROADCAST_DOWNLOAD);
                let of_user = file(&mut image, BROADCASTS);
                let mut of_card = FileImage { path: BROADCASTS_FOR_CARD.to_vec(), ..of_user.clone() };
                *contents(&mut of_card) = Contents::Octets(octets(identifiers).unwrap());
                image.files.push(of_card);
            }
            _ => panic!("{words}"),
        }
    }
    image
}

/// Says in the service table that the card has a service.
fn serve(image: &mut Image, service: usize) {
    let Contents::Octets(table) = contents(file(image, SERVICES)) else { panic!("a service table") };
    table[(service - 1) / 8] |= 1 << ((service - 1) % 8);
}

fn file(image: &mut Image, path: [u16; 3]) -> &mut FileImage {
    image.files.iter_mut().find(|file| file.path == path).unwrap()
}

fn contents(file: &mut FileImage) -> &mut Contents {
    let FileKind::Elementary { contents, .. } = &mut file.kind else { panic!("a file with contents") };
    contents
}
