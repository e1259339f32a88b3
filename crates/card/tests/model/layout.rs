//! The card that both are: a few files of every kind, three keys.

use oxisim_card::{
    Image, KeyReference, SecurityAttributes,
    file::{Aid, LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind, MEMORY, PinImage, UnblockImage},
};

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anyone,
    Holder(Key),
    Nobody,
}

/// A PIN or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// PIN 1 of the card.
    Pin1,
    /// The second PIN, of the application only.
    Pin2,
    /// The administrative key.
    Adm,
}

/// A key's value, the tries after a right one, and the same of what unblocks it.
pub struct First {
    pub value: [u8; 8],
    pub tries: u8,
    pub unblock: Option<([u8; 8], u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Directory,
    Application,
    Transparent { octets: usize },
    Linear { length: usize, records: u8 },
    Cyclic { length: usize, records: u8 },
}

/// A file: its path, its short identifier, who reads and who updates; ADM deactivates and activates.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub path: &'static [u16],
    pub kind: Kind,
    pub sfi: u8,
    pub read: Who,
    pub update: Who,
}

pub const AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10];
/// What identifies the application in its path; SELECT does not find it by that.
pub const APPLICATION: u16 = 0x7FF0;

const fn directory(path: &'static [u16]) -> Layout {
    Layout { path, kind: Kind::Directory, sfi: 0, read: Who::Nobody, update: Who::Nobody }
}

pub const FILES: &[Layout] = &[
    directory(&[0x3F00]),
    Layout {
        path: &[0x3F00, 0x2F01],
        kind: Kind::Transparent { octets: 9 },
        sfi: 1,
        read: Who::Anyone,
        update: Who::Holder(Key::Pin1),
    },
    Layout {
        path: &[0x3F00, 0x2F02],
        kind: Kind::Linear { length: 4, records: 3 },
        sfi: 2,
        read: Who::Holder(Key::Pin1),
        update: Who::Holder(Key::Pin1),
    },
    Layout {
        path: &[0x3F00, 0x2F03],
        kind: Kind::Cyclic { length: 3, records: 4 },
        sfi: 0,
        read: Who::Anyone,
        update: Who::Anyone,
    },
    directory(&[0x3F00, 0x7F10]),
    Layout {
        path: &[0x3F00, 0x7F10, 0x6F01],
        kind: Kind::Transparent { octets: 4 },
        sfi: 1,
        read: Who::Holder(Key::Adm),
        update: Who::Holder(Key::Adm),
    },
    Layout {
        path: &[0x3F00, 0x7F10, 0x6F02],
        kind: Kind::Linear { length: 5, records: 2 },
        sfi: 0,
        read: Who::Anyone,
        update: Who::Nobody,
    },
    directory(&[0x3F00, 0x7F10, 0x5F01]),
    directory(&[0x3F00, 0x7F20]),
    Layout {
        path: &[0x3F00, APPLICATION],
        kind: Kind::Application,
        sfi: 0,
        read: Who::Nobody,
        update: Who::Nobody,
    },
    Layout {
        path: &[0x3F00, APPLICATION, 0x6F01],
        kind: Kind::Transparent { octets: 6 },
        sfi: 3,
        read: Who::Holder(Key::Pin1),
        update: Who::Holder(Key::Pin2),
    },
];

impl Key {
    pub const ALL: [Self; 3] = [Self::Pin1, Self::Pin2, Self::Adm];

    pub const fn reference(self) -> u8 {
        match self {
            Self::Pin1 => 0x01,
            Self::Pin2 => 0x81,
            Self::Adm => 0x0A,
        }
    }

    /// What it is at first.
    pub const fn first(self) -> First {
        match self {
            Self::Pin1 => First { value: digits(b'1'), tries: 3, unblock: Some(([b'7'; 8], 4)) },
            Self::Pin2 => First { value: digits(b'2'), tries: 2, unblock: Some(([b'8'; 8], 2)) },
            Self::Adm => First { value: [b'3'; 8], tries: 5, unblock: None },
        }
    }
}

/// A PIN of four equal digits.
pub const fn digits(digit: u8) -> [u8; 8] {
    [digit, digit, digit, digit, 0xFF, 0xFF, 0xFF, 0xFF]
}

impl Layout {
    /// What it holds at first, if it holds octets; no record is like another, and INCREASE is near the end of the first.
    pub fn contents(&self) -> Option<Vec<u8>> {
        match self.kind {
            Kind::Directory | Kind::Application => None,
            Kind::Transparent { octets } => Some(vec![0xFF; octets]),
            Kind::Linear { length, records } | Kind::Cyclic { length, records } => {
                let record = |number| [&vec![0xFF; length - 1][..], &[0xFF - number]].concat();
                Some((1..=records).flat_map(record).collect())
            }
        }
    }
}

/// The card as an image.
pub fn image() -> Image {
    Image {
        atr: vec![0x3B, 0x00],
        pins: Key::ALL.iter().map(|&key| pin(key)).collect(),
        authentication: Vec::new(),
        files: FILES.iter().map(file).collect(),
        ..template()
    }
}

/// What else an image has.
fn template() -> Image {
    Image { memory: MEMORY, ..oxisim_card::Profile::default().image() }
}

fn pin(key: Key) -> PinImage {
    let First { value, tries, unblock } = key.first();
    PinImage {
        reference: KeyReference(key.reference()),
        directory: (key == Key::Pin2).then(|| vec![0x3F00, APPLICATION]),
        value,
        retries: tries,
        max_retries: tries,
        enabled: true,
        unblock: unblock.map(|(value, tries)| UnblockImage { value, retries: tries, max_retries: tries }),
    }
}

fn file(layout: &Layout) -> FileImage {
    let structure = match layout.kind {
        Kind::Directory | Kind::Application => None,
        Kind::Transparent { .. } => Some(Structure::Transparent),
        Kind::Linear { length, .. } => Some(Structure::LinearFixed { record: length as u8 }),
        Kind::Cyclic { length, .. } => Some(Structure::Cyclic { record: length as u8 }),
    };
    let contents = layout.contents().unwrap_or_default();
    let sfi = if layout.sfi == 0 { Sfi::None } else { Sfi::Is(layout.sfi) };
    FileImage {
        path: layout.path.into(),
        kind: match structure {
            None => FileKind::Directory {
                aid: if layout.kind == Kind::Application { Aid::new(&AID) } else { None },
                pin_status: Vec::new(),
            },
            Some(structure) => {
                let (size, contents) = (contents.len(), Contents::Octets(contents));
                FileKind::Elementary { structure, size, sfi, contents }
            }
        },
        security: SecurityAttributes::Expanded(rule(layout)),
        life_cycle: LifeCycle::Activated,
        shareable: true,
        identified: layout.kind != Kind::Application,
        proprietary: Vec::new(),
        header: None,
    }
}

/// The rule in expanded format.
fn rule(layout: &Layout) -> Vec<u8> {
    let condition = |who: Who| match who {
        Who::Anyone => vec![0x90, 0x00],
        Who::Nobody => vec![0x97, 0x00],
        Who::Holder(key) => vec![0xA4, 0x06, 0x83, 0x01, key.reference(), 0x95, 0x01, 0x08],
    };
    let mut rule = Vec::new();
    for (modes, who) in [(0x01, layout.read), (0x02, layout.update), (0x18, Who::Holder(Key::Adm))] {
        rule.extend([0x80, 0x01, modes]);
        rule.extend(condition(who));
    }
    rule.extend([0x84, 0x01, 0x32]);
    rule.extend(condition(layout.update));
    rule
}
