//! Access rules in referenced, compact and expanded format (TS 102 221 §9.2), as a real card has them.

use oxisim_card::{
    Card, KeyReference, Profile, SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind, Image, PinImage},
};

use crate::terminal::Terminal;

const ADM: &str = "0020000A08 3030303030303030";
const PIN: &str = "0020000108 30303030FFFFFFFF";

fn ef(fid: u16, structure: Structure, size: usize, security: SecurityAttributes) -> FileImage {
    FileImage {
        path: vec![0x3F00, fid],
        kind: FileKind::Elementary {
            structure,
            size,
            sfi: Sfi::None,
            contents: Contents::Octets(vec![0; size]),
        },
        security,
        life_cycle: LifeCycle::Activated,
        shareable: true,
        identified: true,
        proprietary: Vec::new(),
        header: None,
    }
}

/// The default card with PIN 1 enabled and one file more, `6F77`.
fn terminal(structure: Structure, security: SecurityAttributes) -> Terminal {
    let mut image: Image = Profile::default().image();
    image.pins[0].enabled = true;
    image.files.push(ef(0x6F77, structure, 6, security));
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    terminal.ok("00A4000C026F77");
    terminal
}

/// What the default terminal may do at first, with the PIN, with the PIN and ADM1: R, U, A (activate).
fn rights(security: &SecurityAttributes) -> [String; 3] {
    let mut terminal = terminal(Structure::Transparent, security.clone());
    let mut state = |unlock: &str| {
        if !unlock.is_empty() {
            terminal.ok(unlock);
        }
        [("00B0000001", 'R'), ("00D600000101", 'U'), ("00440000", 'A')]
            .into_iter()
            .filter(|(apdu, _)| terminal.send(apdu).ends_with("9000"))
            .map(|(_, letter)| letter)
            .collect()
    };
    [state(""), state(PIN), state(ADM)]
}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

/// Records of the `EF_ARR` of a sysmoISIM-SJA2 (osmocom pysim, card export).
#[test]
fn expanded_rules_of_a_real_card_are_kept() {
    for (rule, expected) in [
        // a directory's: what is UPDATE here is CREATE FILE there
        ("800101A40683010A950108 800106900080016097008401D4A40683010A950108", ["U", "U", "RU"]),
        ("80010190008001029700800118A40683010A9501088401D4A40683010A950108", ["R", "R", "RA"]),
        ("800101A40683010195010880011AA40683010A9501088401D4A40683010A950108", ["", "R", "RUA"]),
        ("800101900080011AA40683010A9501088401D4A40683010A950108", ["R", "R", "RUA"]),
        ("8001019000800102A406830101950108800118A40683010A950108", ["R", "RU", "RUA"]),
        ("800103A406830101950108800118A40683010A950108", ["", "RU", "RUA"]),
    ] {
        let padded = [hex(rule), vec![0xFF; 8]].concat();
        assert_eq!(rights(&SecurityAttributes::Expanded(padded)), expected, "{rule}");
    }
}

#[test]
fn conditions_are_combined() {
    const PIN_AND_ADM: &str = "800101 AF10 A406830101950108 A40683010A950108";
    for (rule, expected) in [
        (PIN_AND_ADM, ["", "", "R"]),
        ("800101 A010 A406830101950108 A40683010A950108", ["", "R", "R"]),
        ("800101 A406830101950108 A40683010A950108", ["", "R", "R"]),
        ("800101 9E0111", ["", "R", "R"]),
        ("800101 A406830101950180", ["", "", ""]),
        ("840144 9000", ["A", "A", "A"]),
        ("800101 A708 A406830101950108", ["R", "", ""]),
        ("800101 AF12 A406830101950108 A708 A40683010A950108", ["", "R", ""]),
        ("800101 A700", ["", "", ""]),
        ("AF00", ["", "", ""]),
        ("800101 AF00", ["", "", ""]),
        ("800101 A003 AF01", ["", "", ""]),
    ] {
        assert_eq!(rights(&SecurityAttributes::Expanded(hex(rule))), expected, "{rule}");
    }
}

/// `8C` objects of a sysmoISIM-SJA2, and the edges of the coding.
#[test]
fn compact_rules_have_a_condition_for_each_mode() {
    for (rule, expected) in [
        ("00", ["", "", ""]),
        ("021A", ["", "", "U"]),
        ("031A1A", ["", "", "RU"]),
        ("1BFF1A1100", ["R", "RU", "RU"]),
        ("1311FF00", ["R", "RA", "RA"]),
        ("03FF00", ["R", "R", "R"]),
        ("0111 011A", ["", "R", "R"]),
        ("BB1A1A1A111111", ["", "RU", "RU"]),
        ("0110", ["", "R", "R"]),
        ("0190", ["", "R", "R"]),
        ("0191", ["", "R", "R"]),
        ("011F", ["", "", ""]),
        ("0121", ["", "", ""]),
        ("0141", ["", "", ""]),
        ("0151", ["", "R", "R"]),
        ("01D1", ["", "", ""]),
        ("01A1", ["", "", ""]),
        ("0131", ["", "R", "R"]),
        ("01B1", ["", "", ""]),
        ("03FF", ["", "", ""]),
        ("8100", ["R", "R", "R"]),
    ] {
        assert_eq!(rights(&SecurityAttributes::Compact(hex(rule))), expected, "{rule}");
    }
}

#[test]
fn referenced_rules_are_looked_for_upwards_and_depend_on_the_environment() {
    let by_se = SecurityAttributes::ReferencedBySe { arr: 0x2F06, records: vec![(0, 6), (1, 3)] };
    assert_eq!(rights(&by_se), ["R", "RU", "RUA"]);
    assert_eq!(rights(&SecurityAttributes::Referenced { arr: 0x2F06, record: 4 }), ["", "R", "RUA"]);
    for missing in [(0x2F06, 0), (0x2F06, 0xFE), (0x2FFF, 1)] {
        let security = SecurityAttributes::Referenced { arr: missing.0, record: missing.1 };
        assert_eq!(rights(&security), ["", "", ""]);
    }
    let mut image = Profile::default().image();
    image.pins[0].enabled = true;
    let mut file =
        ef(0x6F78, Structure::Transparent, 1, SecurityAttributes::Referenced { arr: 0x2F06, record: 4 });
    file.path = vec![0x3F00, 0x7F10, 0x6F78];
    image.files.push(file);
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    terminal.ok("00A4080C047F106F78");
    assert_eq!(terminal.send("00B0000001"), "6982");
    terminal.ok(PIN);
    terminal.ok("00B0000001");
}

/// TS 102 221 §9.3: the environment is 0 when no PIN or the universal one instead of PIN 1 is used.
#[test]
fn the_environment_depends_on_both_pins() {
    const DISABLE: &str = "0026000108 30303030FFFFFFFF";
    const REPLACE: &str = "0026910108 30303030FFFFFFFF";
    const DISABLE_UNIVERSAL: &str = "0026001108 39393939FFFFFFFF";
    // Read in environment 1: always; in 0: never.
    let by_se = SecurityAttributes::ReferencedBySe { arr: 0x2F06, records: vec![(1, 1)] };
    for (universal, commands, is_one) in [
        (false, &[][..], true),
        (false, &[DISABLE], false),
        (true, &[], true),
        (true, &[DISABLE], true),
        (true, &[REPLACE], false),
        (true, &[DISABLE_UNIVERSAL], true),
        (true, &[DISABLE_UNIVERSAL, DISABLE], false),
        (true, &[REPLACE, DISABLE_UNIVERSAL], false),
    ] {
        let mut image: Image = Profile::default().image();
        image.pins[0].enabled = true;
        if universal {
            let universal = PinImage {
                reference: KeyReference::UNIVERSAL,
                value: *b"9999\xFF\xFF\xFF\xFF",
                ..image.pins[0].clone()
            };
            image.pins.push(universal);
        }
        image.files.push(ef(0x6F77, Structure::Transparent, 6, by_se.clone()));
        let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
        terminal.ok("00A4000C026F77");
        for command in commands {
            terminal.ok(command);
        }
        let expected = if is_one { "00 9000" } else { "6982" };
        assert_eq!(terminal.send("00B0000001"), expected, "{universal} {commands:?}");
    }
}

/// `840132`: a real card names INCREASE by its instruction.
#[test]
fn increase_has_a_rule_of_its_own() {
    let rule = hex("840132A406830101950108800101A406830101950108800102A406830181950108");
    let mut terminal = terminal(Structure::Cyclic { record: 3 }, SecurityAttributes::Expanded(rule));
    assert_eq!(terminal.send("8032000003 000001 00"), "6982");
    terminal.ok(PIN);
    assert_eq!(terminal.ok("8032000003 000001 00"), "000001000001");
    assert_eq!(terminal.send("00DC000303 000000"), "6982", "UPDATE takes PIN 2");
    assert_eq!(KeyReference::PIN_2, KeyReference(0x81));
    terminal.ok("0020008108 30303030FFFFFFFF");
    terminal.ok("00DC000303 000000");
}
