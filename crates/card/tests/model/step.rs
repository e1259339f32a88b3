//! The steps, and the APDUs that they are.

use proptest::prelude::*;

use crate::{
    applets,
    layout::{AID, FILES, Key, digits},
    reference::Reference,
};

/// A command on a logical channel, or a reset.
#[derive(Clone, Debug)]
pub struct Step {
    pub channel: u8,
    pub act: Act,
    /// Power is lost during the write after so many, if there are so many.
    pub torn_after: Option<u8>,
}

#[derive(Clone, Debug)]
pub enum Act {
    Reset,
    SelectFile(u16),
    SelectPath(Vec<u16>),
    SelectApplication,
    SelectApplet(u8),
    SelectParent,
    ReadBinary { sfi: Option<u8>, offset: u8, length: u8 },
    UpdateBinary { sfi: Option<u8>, offset: u8, data: Vec<u8> },
    ReadRecord { mode: RecordMode, number: u8 },
    UpdateRecord { mode: RecordMode, number: u8, data: Vec<u8> },
    Increase { by: u8 },
    Tries(Key),
    Verify { key: Key, value: [u8; 8] },
    Change { key: Key, old: [u8; 8], new: [u8; 8] },
    Disable { key: Key, value: [u8; 8] },
    Enable { key: Key, value: [u8; 8] },
    Unblock { key: Key, value: [u8; 8], new: [u8; 8] },
    Open,
    Close(u8),
    Deactivate,
    Activate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordMode {
    Next = 2,
    Previous = 3,
    Absolute = 4,
}

impl Step {
    pub fn apdu(&self) -> Vec<u8> {
        let (class, header, data, le): (u8, [u8; 3], Vec<u8>, Option<u8>) = match &self.act {
            Act::Reset => (0x00, [0, 0, 0], vec![], None),
            Act::SelectFile(fid) => (0x00, [0xA4, 0x00, 0x0C], fid.to_be_bytes().into(), None),
            Act::SelectPath(path) => {
                (0x00, [0xA4, 0x08, 0x0C], path.iter().flat_map(|fid| fid.to_be_bytes()).collect(), None)
            }
            Act::SelectApplication => (0x00, [0xA4, 0x04, 0x0C], AID.into(), None),
            Act::SelectApplet(number) => (0x00, [0xA4, 0x04, 0x0C], applets::aid(*number).into(), None),
            Act::SelectParent => (0x00, [0xA4, 0x03, 0x0C], vec![], None),
            Act::ReadBinary { sfi, offset, length } => {
                (0x00, [0xB0, sfi.map_or(0, |sfi| 0x80 | sfi), *offset], vec![], Some(*length))
            }
            Act::UpdateBinary { sfi, offset, data } => {
                (0x00, [0xD6, sfi.map_or(0, |sfi| 0x80 | sfi), *offset], data.clone(), None)
            }
            Act::ReadRecord { mode, number } => (0x00, [0xB2, *number, *mode as u8], vec![], Some(0)),
            Act::UpdateRecord { mode, number, data } => {
                (0x00, [0xDC, *number, *mode as u8], data.clone(), None)
            }
            Act::Increase { by } => (0x80, [0x32, 0x00, 0x00], vec![0x00, *by], Some(0)),
            Act::Tries(key) => (0x00, [0x20, 0x00, key.reference()], vec![], None),
            Act::Verify { key, value } => (0x00, [0x20, 0x00, key.reference()], value.to_vec(), None),
            Act::Change { key, old, new } => {
                (0x00, [0x24, 0x00, key.reference()], [*old, *new].concat(), None)
            }
            Act::Disable { key, value } => (0x00, [0x26, 0x00, key.reference()], value.to_vec(), None),
            Act::Enable { key, value } => (0x00, [0x28, 0x00, key.reference()], value.to_vec(), None),
            Act::Unblock { key, value, new } => {
                (0x00, [0x2C, 0x00, key.reference()], [*value, *new].concat(), None)
            }
            Act::Open => (0x00, [0x70, 0x00, 0x00], vec![], Some(1)),
            Act::Close(number) => (0x00, [0x70, 0x80, *number], vec![], None),
            Act::Deactivate => (0x00, [0x04, 0x00, 0x00], vec![], None),
            Act::Activate => (0x00, [0x44, 0x00, 0x00], vec![], None),
        };
        // Channels 4 to 19 are in the classes 4X and CX (TS 102 221 §10.1.1).
        let class = match self.channel {
            channel @ 0..=3 => class | channel,
            channel => class | 0x40 | (channel - 4),
        };
        let mut apdu = [&[class][..], &header].concat();
        if !data.is_empty() {
            apdu.push(data.len() as u8);
            apdu.extend(data);
        }
        apdu.extend(le);
        apdu
    }
}

pub fn any_step(reference: &Reference) -> BoxedStrategy<Step> {
    let open: Vec<u8> = reference.open_channels().collect();
    let channel = prop_oneof![20 => prop::sample::select(open), 1 => 0u8..20];
    let torn = prop_oneof![9 => Just(None), 1 => (0u8..3).prop_map(Some)];
    let any = (channel, act(reference), torn)
        .prop_map(|(channel, act, torn_after)| {
            // What a torn command leaves behind is told for updates, which are one change each.
            let is_update = matches!(act, Act::UpdateBinary { .. } | Act::UpdateRecord { .. });
            Step { channel, act, torn_after: torn_after.filter(|_| is_update) }
        })
        .boxed();
    let at_records: Vec<u8> = reference.channels_at_records().collect();
    if at_records.is_empty() {
        return any;
    }
    // Where the record pointer stands shows only to who goes on from it.
    let go_on = prop::sample::select(&[RecordMode::Next, RecordMode::Previous][..])
        .prop_map(|mode| Act::ReadRecord { mode, number: 0 });
    let on = (prop::sample::select(at_records), go_on).prop_map(|(channel, act)| Step {
        channel,
        act,
        torn_after: None,
    });
    prop_oneof![3 => any, 1 => on].boxed()
}

fn act(reference: &Reference) -> BoxedStrategy<Act> {
    let fids: Vec<u16> =
        FILES.iter().map(|file| *file.path.last().unwrap()).chain([0x7FFF, 0x1234]).collect();
    let paths: Vec<Vec<u16>> = FILES.iter().skip(1).map(|file| file.path[1..].to_vec()).collect();
    let sfi = || prop_oneof![2 => Just(None), 1 => (1u8..4).prop_map(Some)];
    let mode = || prop::sample::select(&[RecordMode::Next, RecordMode::Previous, RecordMode::Absolute][..]);
    let number = || prop_oneof![3 => Just(0u8), 5 => 1u8..6];
    let octets = |lengths| prop::collection::vec(any::<u8>(), lengths);
    let key = || prop::sample::select(&Key::ALL[..]);
    let right = reference.clone();
    let right_value = move |key, is_right: bool| if is_right { right.value(key) } else { [b'0'; 8] };
    let right_unblock = |key: Key, is_right: bool| match key.first().unblock {
        Some((value, _)) if is_right => value,
        _ => [b'0'; 8],
    };
    let (r1, r2, r3) = (right_value.clone(), right_value.clone(), right_value.clone());
    let fresh = || (b'1'..=b'6').prop_map(digits);
    let is_right = || prop::bool::weighted(0.7);
    prop_oneof![
        1 => Just(Act::Reset),
        12 => prop::sample::select(fids).prop_map(Act::SelectFile),
        4 => prop::sample::select(paths).prop_map(Act::SelectPath),
        4 => Just(Act::SelectApplication),
        2 => (0..applets::COUNT).prop_map(Act::SelectApplet),
        1 => Just(Act::SelectParent),
        6 => (sfi(), 0u8..11, 0u8..11)
            .prop_map(|(sfi, offset, length)| Act::ReadBinary { sfi, offset, length }),
        6 => (sfi(), 0u8..11, octets(1..5))
            .prop_map(|(sfi, offset, data)| Act::UpdateBinary { sfi, offset, data }),
        6 => (mode(), number()).prop_map(|(mode, number)| Act::ReadRecord { mode, number }),
        6 => (mode(), number(), octets(3..6))
            .prop_map(|(mode, number, data)| Act::UpdateRecord { mode, number, data }),
        2 => any::<u8>().prop_map(|by| Act::Increase { by }),
        1 => key().prop_map(Act::Tries),
        8 => (key(), is_right()).prop_map(move |(key, is)| Act::Verify { key, value: r1(key, is) }),
        2 => (key(), is_right(), fresh())
            .prop_map(move |(key, is, new)| Act::Change { key, old: r2(key, is), new }),
        2 => (key(), is_right()).prop_map(move |(key, is)| Act::Disable { key, value: r3(key, is) }),
        2 => (key(), is_right()).prop_map(move |(key, is)| Act::Enable { key, value: right_value(key, is) }),
        3 => (key(), is_right(), fresh())
            .prop_map(move |(key, is, new)| Act::Unblock { key, value: right_unblock(key, is), new }),
        3 => Just(Act::Open),
        1 => (0u8..21).prop_map(Act::Close),
        2 => Just(Act::Deactivate),
        2 => Just(Act::Activate),
    ]
    .boxed()
}
