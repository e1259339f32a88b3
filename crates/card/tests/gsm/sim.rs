//! What a terminal does with a SIM, and SIMs for it.

use oxisim_card::{
    Card, Image, KeyReference, SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind, MEMORY, PinImage, Platform, UnblockImage},
};
use oxisim_wire::Instant;

pub use crate::terminal::Terminal as Sim;

impl Sim {
    pub fn of(image: &Image) -> Self {
        Self::with(Card::from_image(image).unwrap())
    }

    /// Selects files, one after the other; the header of the last.
    pub fn select(&mut self, path: &str) -> String {
        path.split('/').fold(String::new(), |_, fid| {
            let answer = self.send(&format!("A0A4000002{fid}"));
            let length = answer.strip_prefix("9F").unwrap_or_else(|| panic!("{path} at {fid} -> {answer}"));
            self.ok(&format!("A0C00000{length}"))
        })
    }

    /// Takes power away and gives it back.
    pub fn reset(&mut self) {
        self.card.power_on(Instant::EPOCH);
    }
}

/// CHV1 `1234`, CHV2 `5678`; `11111111` and `22222222` unblock them; ADM1 is `00000000`.
pub fn image(files: Vec<FileImage>) -> Image {
    let chv = |reference, value: &[u8; 4], unblock: &[u8; 8]| PinImage {
        reference,
        directory: None,
        value: [value[0], value[1], value[2], value[3], 0xFF, 0xFF, 0xFF, 0xFF],
        retries: 3,
        max_retries: 3,
        enabled: true,
        unblock: Some(UnblockImage { value: *unblock, retries: 10, max_retries: 10 }),
    };
    let adm = PinImage { unblock: None, ..chv(KeyReference::ADM_1, b"0000", b"00000000") };
    Image {
        atr: vec![0x3B, 0x00],
        platform: Platform::Sim,
        menu_title: "SIM".into(),
        pins: vec![
            chv(KeyReference::PIN_1, b"1234", b"11111111"),
            chv(KeyReference::PIN_2, b"5678", b"22222222"),
            adm,
        ],
        authentication: Vec::new(),
        files,
        memory: MEMORY,
        key_sets: Vec::new(),
        remote: Vec::new(),
        submit: oxisim_card::SubmitRule::default(),
    }
}

/// A SIM with a file of each kind in `DF_GSM` and in `DF_TELECOM`:
///
/// - `6F05`, 5 octets, read always, update CHV1; `6F37`, 3 octets, update CHV2; `6F38`, 10 octets, update never;
/// - `6F39`, three records of 3 octets, cyclic, read CHV1, update CHV2, increase CHV1;
/// - `7F10/6F3A`, four records of 6 octets, CHV1, invalidate and rehabilitate CHV2; `7F10/6F44`, cyclic, no increase.
pub fn sim() -> Sim {
    Sim::of(&image(vec![
        directory(&[0x3F00]),
        ef(&[0x3F00, 0x2FE2], Structure::Transparent, 10, "0FFFFF", &[0x98; 10]),
        directory(&[0x3F00, 0x7F20]),
        ef(&[0x3F00, 0x7F20, 0x6F05], Structure::Transparent, 5, "01FFFF", &[1, 2, 3, 4, 5]),
        ef(&[0x3F00, 0x7F20, 0x6F37], Structure::Transparent, 3, "12FFFF", &[0, 0, 9]),
        ef(&[0x3F00, 0x7F20, 0x6F38], Structure::Transparent, 10, "1FFFFF", &[]),
        ef(
            &[0x3F00, 0x7F20, 0x6F39],
            Structure::Cyclic { record: 3 },
            9,
            "121FFF",
            &[0, 0, 1, 0, 0, 2, 0, 0, 3],
        ),
        directory(&[0x3F00, 0x7F20, 0x5F3C]),
        ef(&[0x3F00, 0x7F20, 0x5F3C, 0x4F20], Structure::Transparent, 1, "11FFFF", &[0]),
        directory(&[0x3F00, 0x7F10]),
        ef(
            &[0x3F00, 0x7F10, 0x6F3A],
            Structure::LinearFixed { record: 6 },
            24,
            "11FF22",
            b"Anna11Bert22Anna33Carl44",
        ),
        ef(&[0x3F00, 0x7F10, 0x6F44], Structure::Cyclic { record: 2 }, 6, "00FFFF", b"AABBCC"),
    ]))
}

pub fn directory(path: &[u16]) -> FileImage {
    file(path, FileKind::Directory { aid: None, pin_status: Vec::new() }, Vec::new())
}

/// An EF with access conditions as its header has them: READ and UPDATE, INCREASE, REHABILITATE and INVALIDATE.
pub fn ef(path: &[u16], structure: Structure, size: usize, access: &str, contents: &[u8]) -> FileImage {
    let contents = Contents::Octets(contents.to_vec());
    let kind = FileKind::Elementary { structure, size, sfi: Sfi::None, contents };
    let levels: Vec<u32> = access.chars().map(|level| level.to_digit(16).unwrap()).collect();
    let modes = [("800101", 0), ("800102", 1), ("840132", 2), ("800110", 4), ("800108", 5)];
    let rule = modes.map(|(mode, place)| {
        let key = |key| format!("A4068301{key}950108");
        let condition = match levels[place] {
            0 => "9000".into(),
            1 => key("01"),
            2 => key("81"),
            4 => key("0A"),
            _ => "9700".into(),
        };
        format!("{mode}{condition}")
    });
    file(path, kind, hex::decode(rule.concat()).unwrap())
}

fn file(path: &[u16], kind: FileKind, rule: Vec<u8>) -> FileImage {
    FileImage {
        path: path.into(),
        kind,
        security: SecurityAttributes::Expanded(rule),
        life_cycle: LifeCycle::Activated,
        shareable: true,
        identified: true,
        proprietary: Vec::new(),
        header: None,
    }
}

/// VERIFY of CHV1.
pub const CHV1: &str = "A020000108 31323334FFFFFFFF";
/// VERIFY of CHV2.
pub const CHV2: &str = "A020000208 35363738FFFFFFFF";
