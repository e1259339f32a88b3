//! Where a card has its phonebook, and its records.

use oxisim_phonebook::{
    layout::{CardPhonebook, FileUpdate, Layout, Records},
    pbr::PhonebookReference,
};
use oxisim_wire::{Reader, tlv::Tlv};

use crate::{
    failure::Failure,
    live::{Client, PinArgs, Refusal, Shape, USIM, found},
    report::count,
};

/// Where a phonebook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Under the USIM with this application identifier.
    Usim(Vec<u8>),
    /// Under `DF_TELECOM`, with `EF_PBR`.
    Telecom,
    /// `EF_ADN` under `DF_TELECOM`, as a SIM of GSM has it.
    Gsm,
}

/// A phonebook as it was read.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it is.
    pub place: Place,
    /// Its records.
    pub phonebook: CardPhonebook,
    /// Files that `EF_PBR` names and the card lacks.
    pub missing: Vec<String>,
    /// Records that could not be read; they count as free.
    pub unread: Vec<String>,
}

/// How to come to the phonebook.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Access {
    /// What is verified before.
    #[command(flatten)]
    pub pin: PinArgs,
    /// The phonebook of the USIM, even if the card has one for all applications, which phones prefer.
    #[arg(long)]
    pub local: bool,
}

const EF_DIR: u16 = 0x2F00;
const DF_TELECOM: u16 = 0x7F10;
const DF_PHONEBOOK: u16 = 0x5F3A;
const EF_PBR: u16 = 0x4F30;
const EF_ADN: u16 = 0x6F3A;
const EF_EXT1: u16 = 0x6F4A;

impl Place {
    /// Where a phonebook may be, the place that phones prefer first: every phone knows that of all applications, and not
    /// every one that of the USIM (TS 31.102 §4.4.2).
    fn candidates(usim: Option<Vec<u8>>, local: bool) -> Vec<Self> {
        let Some(usim) = usim.map(Self::Usim) else { return vec![Self::Gsm] };
        if local { vec![usim] } else { vec![Self::Telecom, usim, Self::Gsm] }
    }

    /// Selects the directory.
    pub fn enter(&self, client: &mut Client) -> Result<(), Refusal> {
        match self {
            Self::Usim(aid) => {
                client.select_application(aid)?;
                client.select(DF_PHONEBOOK).map(drop)
            }
            Self::Telecom => client.enter(&[DF_TELECOM, DF_PHONEBOOK]),
            Self::Gsm => client.enter(&[DF_TELECOM]),
        }
    }

    /// Reads the phonebook that is here; none if there is none.
    pub fn read(self, client: &mut Client) -> Result<Option<Found>, Refusal> {
        if found(self.enter(client))?.is_none() {
            return Ok(None);
        }
        let mut unread = Vec::new();
        let layout = if self == Self::Gsm {
            Layout::gsm(EF_ADN, Some(EF_EXT1))
        } else {
            let Some(references) = records(client, EF_PBR, "EF_PBR", &mut unread)? else { return Ok(None) };
            let mut read = Vec::new();
            for (number, octets) in (1..).zip(&references) {
                match PhonebookReference::decode(octets) {
                    Ok(reference) => read.push(reference),
                    Err(error) => unread.push(format!("record {number} of EF_PBR: {error}")),
                }
            }
            Layout::new(&read)
        };
        let mut all = Records::new();
        let mut missing = Vec::new();
        for (fid, file) in layout.files() {
            let name = format!("EF_{file:?} ({fid:04X})");
            match records(client, fid, &name, &mut unread)? {
                Some(records) => {
                    all.insert(fid, records);
                }
                None => missing.push(name),
            }
        }
        for &fid in layout.counters() {
            all.extend(body(client, fid, &mut unread)?.map(|octets| (fid, vec![octets])));
        }
        let phonebook = CardPhonebook::new(layout, all);
        let found = Found { place: self, phonebook, missing, unread };
        Ok((found.phonebook.slots() > 0).then_some(found))
    }
}

impl Found {
    /// Looks for the phonebook and reads it; the PIN is verified before, if there is one.
    pub fn look(client: &mut Client, access: &Access) -> Result<Self, Failure> {
        let usim = if client.is_gsm() { None } else { Some(usim(client)?) };
        access.pin.verify(client)?;
        let places = Place::candidates(usim, access.local);
        for place in places {
            if let Some(found) = place.read(client)? {
                return Ok(found);
            }
        }
        let of_usim = access.local && !client.is_gsm();
        let who = if of_usim { "the USIM has no phonebook of its own" } else { "the card has no phonebook" };
        Err(Failure::NotDone(who.into()))
    }

    /// Writes records and counters.
    pub fn write(&self, client: &mut Client, updates: &[FileUpdate]) -> Result<(), Refusal> {
        self.place.enter(client)?;
        let mut selected = None;
        for FileUpdate { fid, record, octets } in updates {
            if selected != Some(*fid) {
                client.select(*fid)?;
                selected = Some(*fid);
            }
            match record {
                Some(number) => client.update_record(*number as u8, octets)?,
                None => client.update_binary(octets)?,
            }
        }
        Ok(())
    }
}

/// The application identifier of the USIM: what `EF_DIR` says, or else its start, which a card completes.
fn usim(client: &mut Client) -> Result<Vec<u8>, Refusal> {
    client.enter(&[])?;
    let templates = records(client, EF_DIR, "EF_DIR", &mut Vec::new())?.unwrap_or_default();
    let mut aids = templates.iter().filter_map(|template| {
        let mut template = Tlv::expect(&mut Reader::new(template), 0x61, "application template").ok()?;
        let mut aid = Tlv::expect(&mut template, 0x4F, "application identifier").ok()?;
        Some(aid.rest().to_vec())
    });
    Ok(aids.find(|aid| aid.starts_with(&USIM)).unwrap_or_else(|| USIM.to_vec()))
}

/// The records of a file in the current directory; none if there is no such file. What cannot be read of it is
/// named in `unread`, and counts as free.
fn records(
    client: &mut Client,
    fid: u16,
    name: &str,
    unread: &mut Vec<String>,
) -> Result<Option<Vec<Vec<u8>>>, Refusal> {
    let Some(Some(shape)) = found(client.select_records(fid))? else { return Ok(None) };
    let Shape { record, records } = shape;
    let mut all = Vec::new();
    for number in (1..=u8::MAX).take(usize::from(records)) {
        let octets = match client.read_record(number, shape) {
            Ok(octets) if octets.len() == usize::from(record) => octets,
            Ok(octets) => {
                unread
                    .push(format!("record {number} of {name}: {} of {record}", count(octets.len(), "octet")));
                vec![0xFF; usize::from(record)]
            }
            Err(Refusal::Status(status) | Refusal::NotFound(status)) => {
                unread.push(format!("record {number} of {name}: {status}"));
                vec![0xFF; usize::from(record)]
            }
            Err(other) => return Err(other),
        };
        all.push(octets);
    }
    Ok(Some(all))
}

/// The octets of a file without records in the current directory; none if there is no such file. If it cannot be read
/// it is named in `unread`.
fn body(client: &mut Client, fid: u16, unread: &mut Vec<String>) -> Result<Option<Vec<u8>>, Refusal> {
    let size = found(client.select_binary(fid))?.flatten().and_then(|size| u8::try_from(size).ok());
    let Some(size) = size.filter(|&size| size > 0) else { return Ok(None) };
    match client.read_binary(size) {
        Ok(octets) if octets.len() == usize::from(size) => return Ok(Some(octets)),
        Ok(octets) => unread.push(format!("file {fid:04X}: {} of {size}", count(octets.len(), "octet"))),
        Err(Refusal::Status(status) | Refusal::NotFound(status)) => {
            unread.push(format!("file {fid:04X}: {status}"));
        }
        Err(other) => return Err(other),
    }
    Ok(None)
}
