//! What SELECT and STATUS say of a file (TS 51.011 §9.2.1, §9.3).

use oxisim_card::{
    Card, ImageError, Profile, SecurityAttributes,
    file::Structure,
    image::{FileImage, FileKind},
};

use crate::sim::{Sim, directory, ef, image, sim};

#[test]
fn a_directory_counts_its_files_and_codes() {
    let mut sim = sim();
    assert_eq!(sim.select("3F00"), "0000FFFF3F0001000000000009110201 05 00 838A838A".replace(' ', ""));
    assert_eq!(sim.select("3F00/7F20"), "0000FFFF7F2002000000000009110104 05 00 838A838A".replace(' ', ""));
    assert_eq!(
        sim.select("3F00/7F20/5F3C"),
        "0000FFFF5F3C0200000000000911000105 00838A838A".replace(' ', "")
    );
}

/// Byte 8 of a cyclic file says whether INCREASE is allowed, bytes 9 to 11 who may what.
#[test]
fn an_ef_has_its_size_conditions_structure_and_record_length() {
    let mut sim = sim();
    assert_eq!(sim.select("3F00/7F20/6F05"), "000000056F05040001FFFF01020000");
    assert_eq!(sim.select("6F37"), "000000036F37040012FFFF01020000");
    assert_eq!(sim.select("6F39"), "000000096F390440121FFF01020303");
    assert_eq!(sim.select("7F10/6F3A"), "000000186F3A040011FF2201020106");
    assert_eq!(sim.select("6F44"), "000000066F44040000FFFF01020302");
}

#[test]
fn the_state_of_the_codes_is_that_of_now() {
    let codes = |sim: &mut Sim| sim.ok("A0F2000016")[26..].to_string();
    let mut sim = sim();
    assert_eq!(codes(&mut sim), "11020105 00838A838A".replace(' ', ""));
    sim.send("A020000108 FFFFFFFFFFFFFFFF");
    sim.send("A02C000210 FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF");
    assert_eq!(codes(&mut sim), "1102010500828A8389");
    sim.ok("A026000108 31323334FFFFFFFF");
    assert_eq!(codes(&mut sim), "9102010500838A8389", "CHV1 is disabled");
}

/// A code that is not there is not initialised: bit 8 is 0.
#[test]
fn a_code_that_is_not_initialised_has_no_tries() {
    let mut image = image(vec![directory(&[0x3F00])]);
    image.pins.truncate(1);
    image.pins[0].unblock = None;
    assert_eq!(
        Sim::of(&image).select("3F00"),
        "0000FFFF3F000100000000000911000001 0083000000".replace(' ', "")
    );
}

/// The MF of a real card: 23 octets, with memory left and counts that its files do not say.
#[test]
fn a_header_of_the_image_has_what_cannot_be_known() {
    const REAL: &str = "0000125C3F000100000000000A9303020C00838A838A00";
    let mut image = image(vec![directory(&[0x3F00])]);
    image.pins[0].enabled = false;
    image.files[0].header = Some(hex::decode(REAL).unwrap());
    let mut sim = Sim::of(&image);
    assert_eq!(sim.select("3F00"), REAL);
    sim.ok("A028000108 31323334FFFFFFFF");
    assert_eq!(sim.select("3F00"), REAL.replace("0A93", "0A13"), "what changes is the card's own");
}

#[test]
fn a_header_is_not_believed_what_the_card_knows() {
    let mut image = image(vec![
        directory(&[0x3F00]),
        ef(&[0x3F00, 0x2F05], Structure::LinearFixed { record: 2 }, 4, "11FFFF", &[]),
    ]);
    image.files[1].header = Some(hex::decode("850DFFFFFFFF0400FFFFFFFA020000").unwrap());
    assert_eq!(Sim::of(&image).select("2F05"), "850D00042F050400FFFFFFFB020102");
}

#[test]
fn a_header_that_is_too_short_makes_no_card() {
    for (place, octets, expected) in
        [(0, 21, "3F00: 21"), (1, 13, "3F00/2F05: 13"), (1, 256, "3F00/2F05: 256")]
    {
        let mut image = image(vec![
            directory(&[0x3F00]),
            ef(&[0x3F00, 0x2F05], Structure::Transparent, 4, "11FFFF", &[]),
        ]);
        image.files[place].header = Some(vec![0; octets]);
        let error = Card::from_image(&image).unwrap_err();
        assert!(matches!(error, ImageError::Header(..)));
        assert_eq!(error.to_string(), format!("{expected} octets are no header of it"));
    }
}

/// Conditions of a UICC are in `EF_ARR`; a SIM tells the key that is enough, disabled or not.
#[test]
fn the_default_card_has_headers_that_make_sense() {
    let image = Profile::default().image();
    let mut sim = Sim::of(&image);
    assert_eq!(&sim.select("3F00")[..26], "0000FFFF3F0001000000000009");
    let imsi = sim.select("3F00/7F20/6F07");
    assert_eq!(imsi, "000000096F0704 00 14FF14 01 02 0000".replace(' ', ""));
    // A phone that finds them invalidated rehabilitates them with CHV1 (TS 51.011 §10.3.2, §10.3.17).
    assert_eq!(sim.select("3F00/7F20/6F7E"), "0000000B6F7E0400 11FF14 01020000".replace(' ', ""));
    let is_application = |file: &&FileImage| matches!(file.kind, FileKind::Directory { aid: Some(_), .. });
    let applications: Vec<_> = image.files.iter().filter(is_application).map(|file| &file.path).collect();
    // Files of an application cannot be selected in class A0.
    let is_reached = |file: &&FileImage| !applications.iter().any(|path| file.path.starts_with(path));
    for file in image.files.iter().filter(is_reached) {
        let path: Vec<String> = file.path.iter().map(|fid| format!("{fid:04X}")).collect();
        let header = hex::decode(sim.select(&path.join("/"))).unwrap();
        assert_eq!(header[4..6], file.path.last().unwrap().to_be_bytes());
        match &file.kind {
            FileKind::Directory { .. } => {
                let child = |other: &&FileImage| {
                    other.path.len() == file.path.len() + 1 && other.path.starts_with(&file.path)
                };
                let (directories, efs): (Vec<_>, Vec<_>) = image
                    .files
                    .iter()
                    .filter(child)
                    .filter(is_reached)
                    .partition(|child| matches!(child.kind, FileKind::Directory { .. }));
                assert_eq!(header[14..16], [directories.len() as u8, efs.len() as u8]);
                assert_eq!((header.len(), header[12], &header[18..]), (22, 9, &[0x83, 0x8A, 0x83, 0x8A][..]));
                assert_eq!(header[13], 0xF1, "CHV1 is disabled, the rest as the UICC characteristics say");
            }
            FileKind::Elementary { structure, size, .. } => {
                assert_eq!(usize::from(u16::from_be_bytes([header[2], header[3]])), *size);
                assert_eq!(usize::from(header[14]), structure.record().unwrap_or(0));
                assert_eq!((header.len(), header[6], header[11], header[12]), (15, 4, 1, 2));
            }
        }
    }
}

/// A rule for each security environment: the header tells the one that counts while CHV1 is enabled.
#[test]
fn conditions_are_those_of_the_enabled_chv1() {
    let rules = hex::decode("8001039000FFFFFFFFFFFFFFFFFFFFFF800103A406830101950108FFFFFFFFFF").unwrap();
    let mut image = image(vec![
        directory(&[0x3F00]),
        ef(&[0x3F00, 0x2F06], Structure::LinearFixed { record: 16 }, 32, "0FFFFF", &rules),
        ef(&[0x3F00, 0x2F05], Structure::Transparent, 2, "00FFFF", &[]),
    ]);
    image.files[2].security =
        SecurityAttributes::ReferencedBySe { arr: 0x2F06, records: vec![(0, 1), (1, 2)] };
    for enabled in [true, false] {
        image.pins[0].enabled = enabled;
        assert_eq!(Sim::of(&image).select("2F05"), "000000022F05040011FFFF01020000");
    }
}
