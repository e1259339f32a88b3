//! The model: what TS 102 221 says of files, keys and channels, and Java Card of applets on them, without memory, access rules in octets, or APDUs.

use std::collections::BTreeMap;

use crate::{
    applets,
    layout::{APPLICATION, FILES, First, Key, Kind, Layout, Who},
    step::{Act, RecordMode, Step},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub data: Vec<u8>,
    pub status: u16,
}

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self { data: Vec::new(), status }
    }
}

/// Where a channel is. Files are named by their place in [`FILES`].
#[derive(Clone, Copy, Debug)]
struct Place {
    directory: usize,
    ef: Option<usize>,
    record: Option<u8>,
    in_application: bool,
    applet: Option<u8>,
}

#[derive(Clone, Debug)]
struct Secret {
    value: [u8; 8],
    tries: u8,
    unblock_tries: u8,
    enabled: bool,
    verified: bool,
}

#[derive(Clone, Debug)]
pub struct Reference {
    contents: BTreeMap<usize, Vec<u8>>,
    deactivated: Vec<usize>,
    secrets: Vec<Secret>,
    channels: BTreeMap<u8, Place>,
    /// How often each applet was selected and deselected.
    selections: Vec<(u8, u8)>,
}

const MF: usize = 0;
const ROOT: Place = Place { directory: MF, ef: None, record: None, in_application: false, applet: None };

type Outcome = Result<Vec<u8>, u16>;

impl Reference {
    pub fn new() -> Self {
        let contents = FILES.iter().enumerate().filter_map(|(file, layout)| Some((file, layout.contents()?)));
        let secrets = Key::ALL.iter().map(|key| {
            let First { value, tries, unblock } = key.first();
            let unblock_tries = unblock.map_or(0, |(_, tries)| tries);
            Secret { value, tries, unblock_tries, enabled: true, verified: false }
        });
        Self {
            contents: contents.collect(),
            deactivated: Vec::new(),
            secrets: secrets.collect(),
            channels: BTreeMap::from([(0, ROOT)]),
            selections: vec![(0, 0); applets::COUNT.into()],
        }
    }

    pub fn contents(&self) -> impl Iterator<Item = (&'static [u16], &[u8])> {
        let paths = self.contents.iter().map(|(&file, contents)| (FILES[file].path, &contents[..]));
        // The host finds the application by 7FFF.
        paths.map(|(path, contents)| match path {
            [0x3F00, APPLICATION, 0x6F01] => (&[0x7FFF, 0x6F01][..], contents),
            path => (path, contents),
        })
    }

    pub fn open_channels(&self) -> impl Iterator<Item = u8> {
        self.channels.keys().copied()
    }

    /// The open channels whose current file has records.
    pub fn channels_at_records(&self) -> impl Iterator<Item = u8> {
        let has_records = |place: &Place| {
            place.ef.is_some_and(|ef| matches!(FILES[ef].kind, Kind::Linear { .. } | Kind::Cyclic { .. }))
        };
        self.channels.iter().filter(move |(_, place)| has_records(place)).map(|(channel, _)| *channel)
    }

    pub fn value(&self, key: Key) -> [u8; 8] {
        self.secrets[key as usize].value
    }

    pub fn apply(&mut self, step: &Step) -> Answer {
        if matches!(step.act, Act::Reset) {
            self.reset();
            return Answer::from(0x9000);
        }
        let before = self.clone();
        let outcome = self.carry_out(step.channel, &step.act);
        if step.torn_after.is_some() && outcome.is_ok() {
            *self = before;
            self.reset();
            return Answer::from(0x6F00);
        }
        match outcome {
            Ok(data) => Answer { data, status: 0x9000 },
            Err(status @ 0x6282) => Answer { data: self.rest(step), status },
            Err(status) => Answer::from(status),
        }
    }

    /// What is lost without power.
    fn reset(&mut self) {
        self.channels = BTreeMap::from([(0, ROOT)]);
        self.secrets.iter_mut().for_each(|secret| secret.verified = false);
        self.selections.fill((0, 0));
    }

    fn carry_out(&mut self, number: u8, act: &Act) -> Outcome {
        let mut place = *self.channels.get(&number).ok_or(0x6881_u16)?;
        let outcome = self.on_channel(number, &mut place, act);
        if let Some(there) = self.channels.get_mut(&number) {
            *there = place;
        }
        if !self.channels.values().any(|place| place.in_application) {
            self.secrets[Key::Pin2 as usize].verified = false;
        }
        outcome
    }

    fn on_channel(&mut self, number: u8, place: &mut Place, act: &Act) -> Outcome {
        let is_of_card =
            matches!(act, Act::SelectApplication | Act::SelectApplet(_) | Act::Open | Act::Close(_));
        if let Some(applet) = place.applet.filter(|_| !is_of_card) {
            return self.answer_of(applet);
        }
        match act {
            Act::Reset => {}
            Act::SelectFile(fid) => return self.select(place, by_identifier(place, *fid)),
            Act::SelectPath(path) => {
                let path = [&[0x3F00], &path[..]].concat();
                let found = FILES.iter().position(|file| file.path == path);
                let found = found.filter(|_| !path.contains(&APPLICATION));
                return self.select(place, found);
            }
            Act::SelectApplication => {
                let found = FILES.iter().position(|file| file.kind == Kind::Application);
                self.deselect(place.applet);
                return self.select(place, found);
            }
            Act::SelectApplet(applet) => {
                self.must_be_shareable(*applet, Some(number))?;
                self.deselect(place.applet);
                self.selections[usize::from(*applet)].0 += 1;
                *place = Place { applet: Some(*applet), ..ROOT };
                return self.answer_of(*applet);
            }
            Act::SelectParent => return self.select(place, Some(parent(place.directory))),
            Act::ReadBinary { sfi, offset, length } => {
                let file = self.ef(place, *sfi, |file| file.read)?;
                let contents = self.transparent(file)?;
                let rest = contents.get(usize::from(*offset)..).ok_or(0x6B00_u16)?;
                return match usize::from(*length) {
                    0 => Ok(rest.to_vec()),
                    length => rest.get(..length).map(<[u8]>::to_vec).ok_or(0x6282),
                };
            }
            Act::UpdateBinary { sfi, offset, data } => {
                let file = self.ef(place, *sfi, |file| file.update)?;
                let size = self.transparent(file)?.len();
                let offset = usize::from(*offset);
                if offset >= size {
                    return Err(0x6B00);
                }
                let contents = self.contents.get_mut(&file).unwrap();
                contents.get_mut(offset..offset + data.len()).ok_or(0x6700_u16)?.copy_from_slice(data);
            }
            Act::ReadRecord { mode, number } => {
                mode.check(*number)?;
                let file = self.ef(place, None, |file| file.read)?;
                let (length, record) = record(file, place, *mode, *number)?;
                if *mode != RecordMode::Absolute {
                    place.record = Some(record);
                }
                let start = usize::from(record - 1) * length;
                return Ok(self.contents[&file][start..start + length].to_vec());
            }
            Act::UpdateRecord { mode, number, data } => {
                mode.check(*number)?;
                let file = self.ef(place, None, |file| file.update)?;
                if let Kind::Cyclic { length, .. } = FILES[file].kind {
                    if *mode != RecordMode::Previous {
                        return Err(0x6981);
                    }
                    self.rotate(file, length, data)?;
                    place.record = Some(1);
                } else {
                    let found = record(file, place, *mode, *number);
                    if let Kind::Linear { length, .. } = FILES[file].kind
                        && *number != 0
                        && data.len() != length
                    {
                        // Of two things that are wrong the length is told.
                        return Err(0x6700);
                    }
                    let (length, record) = found?;
                    if data.len() != length {
                        return Err(0x6700);
                    }
                    let start = usize::from(record - 1) * length;
                    self.contents.get_mut(&file).unwrap()[start..start + length].copy_from_slice(data);
                    if *mode != RecordMode::Absolute {
                        place.record = Some(record);
                    }
                }
            }
            Act::Increase { by } => {
                let file = place.ef.ok_or(0x6986_u16)?;
                let Kind::Cyclic { length, .. } = FILES[file].kind else { return Err(0x6981) };
                self.permit(file, FILES[file].update)?;
                self.must_be_active(file)?;
                let latest = &self.contents[&file][..length];
                let sum =
                    latest.iter().fold(0_u64, |sum, &octet| sum << 8 | u64::from(octet)) + u64::from(*by);
                if sum >> (8 * length) != 0 {
                    return Err(0x9850);
                }
                let sum = sum.to_be_bytes()[8 - length..].to_vec();
                self.rotate(file, length, &sum)?;
                place.record = Some(1);
                return Ok([&sum[..], &[0x00, *by]].concat());
            }
            Act::Tries(key) => {
                let secret = self.key(place, *key)?;
                return Err(if secret.tries == 0 { 0x6983 } else { 0x63C0 | u16::from(secret.tries) });
            }
            Act::Verify { key, value } => {
                self.key(place, *key)?.must_be_enabled()?;
                self.present(*key, *value)?;
                self.secrets[*key as usize].verified = true;
            }
            Act::Change { key, old, new } => {
                self.key(place, *key)?.must_be_enabled()?;
                self.present(*key, *old)?;
                let secret = &mut self.secrets[*key as usize];
                (secret.value, secret.verified) = (*new, true);
            }
            Act::Disable { key, value } => {
                self.key(place, *key)?;
                if *key == Key::Adm {
                    return Err(0x6985);
                }
                self.secrets[*key as usize].must_be_enabled()?;
                self.present(*key, *value)?;
                self.secrets[*key as usize].enabled = false;
            }
            Act::Enable { key, value } => {
                let secret = self.key(place, *key)?;
                if *key == Key::Adm || secret.enabled {
                    return Err(0x6985);
                }
                self.present(*key, *value)?;
                let secret = &mut self.secrets[*key as usize];
                (secret.enabled, secret.verified) = (true, true);
            }
            Act::Unblock { key, value, new } => {
                self.key(place, *key)?;
                let (right, most) = key.first().unblock.ok_or(0x6A88_u16)?;
                let secret = &mut self.secrets[*key as usize];
                secret.unblock_tries = secret.unblock_tries.checked_sub(1).ok_or(0x6983_u16)?;
                if *value != right {
                    return Err(0x63C0 | u16::from(secret.unblock_tries));
                }
                secret.unblock_tries = most;
                secret.tries = key.first().tries;
                (secret.value, secret.enabled, secret.verified) = (*new, true, true);
            }
            Act::Open => {
                let applet = place.applet.filter(|_| number != 0);
                if let Some(applet) = applet {
                    self.must_be_shareable(applet, None)?;
                }
                let free = (1..20).find(|number| !self.channels.contains_key(number)).ok_or(0x6A81_u16)?;
                let inherited = if number == 0 { ROOT } else { Place { ef: None, record: None, ..*place } };
                self.channels.insert(free, inherited);
                if let Some(applet) = applet {
                    self.selections[usize::from(applet)].0 += 1;
                }
                return Ok(vec![free]);
            }
            Act::Close(number) => match number {
                0 | 20.. => return Err(0x6A86),
                number => {
                    let closed = self.channels.remove(number).ok_or(0x6881_u16)?;
                    self.deselect(closed.applet);
                }
            },
            Act::Deactivate => {
                let file = place.ef.ok_or(0x6986_u16)?;
                self.permit(file, Who::Holder(Key::Adm))?;
                self.must_be_active(file)?;
                self.deactivated.push(file);
            }
            Act::Activate => {
                let file = place.ef.ok_or(0x6986_u16)?;
                self.permit(file, Who::Holder(Key::Adm))?;
                self.deactivated.retain(|&other| other != file);
            }
        }
        Ok(Vec::new())
    }

    fn select(&self, place: &mut Place, found: Option<usize>) -> Outcome {
        let found = found.ok_or(0x6A82_u16)?;
        let is_directory = FILES[found].size().is_none();
        let directory = if is_directory { found } else { parent(found) };
        let in_application = FILES[directory].path.contains(&APPLICATION) || place.in_application;
        let ef = Some(found).filter(|_| !is_directory);
        *place = Place { directory, ef, record: None, in_application, applet: None };
        if self.deactivated.contains(&found) { Err(0x6283) } else { Ok(Vec::new()) }
    }

    fn answer_of(&self, applet: u8) -> Outcome {
        let (selected, deselected) = self.selections[usize::from(applet)];
        Err(applets::answer(selected, deselected))
    }

    fn deselect(&mut self, applet: Option<u8>) {
        if let Some(applet) = applet {
            self.selections[usize::from(applet)].1 += 1;
        }
    }

    /// A package is on one channel, unless all of it that are selected are there for several.
    fn must_be_shareable(&self, applet: u8, channel: Option<u8>) -> Result<(), u16> {
        let others = self.channels.iter().filter(|(number, _)| Some(**number) != channel);
        let others: Vec<u8> = others.filter_map(|(_, place)| place.applet).collect();
        let mut beside = others
            .into_iter()
            .filter(|&other| applets::package(other) == applets::package(applet))
            .peekable();
        let is_alone = beside.peek().is_none();
        let are_all_shareable =
            applets::is_multi_selectable(applet) && beside.all(applets::is_multi_selectable);
        if is_alone || are_all_shareable { Ok(()) } else { Err(0x6985) }
    }

    /// The EF that a command means, if the one who asks may do that with it.
    fn ef(&self, place: &mut Place, sfi: Option<u8>, who: fn(&Layout) -> Who) -> Result<usize, u16> {
        let file = match sfi {
            None => place.ef.ok_or(0x6986_u16)?,
            Some(sfi) => {
                let here = place.directory;
                let found = FILES.iter().enumerate().position(|(file, layout)| {
                    file != MF && parent(file) == here && layout.sfi == sfi && layout.size().is_some()
                });
                let found = found.ok_or(0x6A82_u16)?;
                (place.ef, place.record) = (Some(found), None);
                found
            }
        };
        self.permit(file, who(&FILES[file]))?;
        self.must_be_active(file)?;
        Ok(file)
    }

    fn permit(&self, file: usize, who: Who) -> Result<(), u16> {
        let is_permitted = match who {
            Who::Anyone => true,
            Who::Nobody => false,
            Who::Holder(key) => {
                let secret = &self.secrets[key as usize];
                let counts = key != Key::Pin2 || FILES[file].path.contains(&APPLICATION);
                counts && (secret.verified || !secret.enabled)
            }
        };
        if is_permitted { Ok(()) } else { Err(0x6982) }
    }

    fn must_be_active(&self, file: usize) -> Result<(), u16> {
        if self.deactivated.contains(&file) { Err(0x6984) } else { Ok(()) }
    }

    fn transparent(&self, file: usize) -> Result<&[u8], u16> {
        match FILES[file].kind {
            Kind::Transparent { .. } => Ok(&self.contents[&file]),
            _ => Err(0x6981),
        }
    }

    fn rotate(&mut self, file: usize, length: usize, latest: &[u8]) -> Result<(), u16> {
        if latest.len() != length {
            return Err(0x6700);
        }
        let contents = self.contents.get_mut(&file).unwrap();
        contents.rotate_right(length);
        contents[..length].copy_from_slice(latest);
        Ok(())
    }

    /// A key that counts where the channel is.
    fn key(&self, place: &Place, key: Key) -> Result<&Secret, u16> {
        let counts = key != Key::Pin2 || FILES[place.directory].path.contains(&APPLICATION);
        if counts { Ok(&self.secrets[key as usize]) } else { Err(0x6A88) }
    }

    fn present(&mut self, key: Key, value: [u8; 8]) -> Result<(), u16> {
        let secret = &mut self.secrets[key as usize];
        let left = secret.tries.checked_sub(1).ok_or(0x6983_u16)?;
        if value == secret.value {
            secret.tries = key.first().tries;
            return Ok(());
        }
        secret.tries = left;
        secret.verified &= left > 0;
        Err(0x63C0 | u16::from(left))
    }

    /// The octets that READ BINARY gives, although they are fewer than were asked for.
    fn rest(&self, step: &Step) -> Vec<u8> {
        let Act::ReadBinary { offset, .. } = step.act else { return Vec::new() };
        let file = self.channels[&step.channel].ef.unwrap();
        self.contents[&file][usize::from(offset)..].to_vec()
    }
}

impl RecordMode {
    /// NEXT and PREVIOUS name no record.
    fn check(self, number: u8) -> Result<(), u16> {
        if self == Self::Absolute || number == 0 { Ok(()) } else { Err(0x6A86) }
    }
}

impl Secret {
    fn must_be_enabled(&self) -> Result<(), u16> {
        if self.enabled { Ok(()) } else { Err(0x6984) }
    }
}

impl Layout {
    /// Octets of an EF.
    pub fn size(&self) -> Option<usize> {
        match self.kind {
            Kind::Directory | Kind::Application => None,
            Kind::Transparent { octets } => Some(octets),
            Kind::Linear { length, records } | Kind::Cyclic { length, records } => {
                Some(length * usize::from(records))
            }
        }
    }
}

/// Length and number of the record that is meant.
fn record(file: usize, place: &Place, mode: RecordMode, number: u8) -> Result<(usize, u8), u16> {
    let (length, records, is_cyclic) = match FILES[file].kind {
        Kind::Linear { length, records } => (length, records, false),
        Kind::Cyclic { length, records } => (length, records, true),
        _ => return Err(0x6981),
    };
    let record = match (mode, number, place.record) {
        (RecordMode::Absolute, 0, None) => None,
        (RecordMode::Absolute, 0, current) => current,
        (RecordMode::Absolute, number, _) => Some(number).filter(|&number| number <= records),
        (RecordMode::Next, _, None) => Some(1),
        (RecordMode::Next, _, Some(current)) if current < records => Some(current + 1),
        (RecordMode::Next, ..) => Some(1).filter(|_| is_cyclic),
        (RecordMode::Previous, _, None) => Some(records),
        (RecordMode::Previous, _, Some(current)) if current > 1 => Some(current - 1),
        (RecordMode::Previous, ..) => Some(records).filter(|_| is_cyclic),
    };
    Ok((length, record.ok_or(0x6A83_u16)?))
}

/// The directory that a file stands in; the MF stands in itself.
fn parent(file: usize) -> usize {
    let path = FILES[file].path;
    let above = &path[..path.len() - 1];
    FILES.iter().position(|other| other.path == above).unwrap_or(MF)
}

/// TS 102 221 §8.4.1.
fn by_identifier(place: &Place, fid: u16) -> Option<usize> {
    let here = place.directory;
    let named =
        |file: &usize| FILES[*file].path.last() == Some(&fid) && FILES[*file].kind != Kind::Application;
    let is_directory = |file: &usize| FILES[*file].size().is_none();
    match fid {
        0x3F00 => Some(MF),
        0x7FFF => {
            FILES.iter().position(|file| file.kind == Kind::Application).filter(|_| place.in_application)
        }
        _ => {
            let children = |directory: usize| (1..FILES.len()).filter(move |&file| parent(file) == directory);
            children(here)
                .find(named)
                .or_else(|| Some(parent(here)).filter(named))
                .or_else(|| children(parent(here)).filter(is_directory).find(named))
                .or_else(|| Some(here).filter(named))
        }
    }
}
