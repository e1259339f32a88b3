//! What memory keeps of the applets of a card.
//!
//! The object [`APPLETS`] has for each one, in the order of their installation, the AIDs of package, class and
//! instance, the life cycle state, and the install parameters. It is written anew with every change.

use alloc::{sync::Arc, vec::Vec};

use oxisim_sms::packet::Tar;
use oxisim_wire::{
    Error, ErrorKind, Reader,
    tlv::{read_length, write_length},
};

use super::{
    Instance, LifeCycle, REGISTRY, STATE, name,
    owned::{read_arrays, read_pins},
};
use crate::{
    applet::{AccessDomain, InstallParameters, MenuPlace},
    file::Aid,
    memory::{Handle, Memory, MemoryError},
    pin::KeyReference,
    toolkit::Registrations,
};

/// The name of the object; there is none before the first installation.
const APPLETS: &str = "applets";

/// What is kept of an applet.
pub(super) struct Record {
    pub aid: Aid,
    pub package: Aid,
    pub class: Aid,
    pub life_cycle: LifeCycle,
    pub parameters: Arc<InstallParameters>,
}

/// What memory tells of.
pub(super) fn read(memory: &Memory) -> Result<Vec<Record>, Error> {
    let octets = memory.find(APPLETS).map(|object| memory.read(object)).unwrap_or_default();
    let mut r = Reader::new(octets);
    let mut records = Vec::new();
    while !r.is_empty() {
        records.push(Record::read(&mut r)?);
    }
    Ok(records)
}

/// Keeps the applets in memory, as one write.
pub(super) fn keep<'a>(
    memory: &mut Memory,
    instances: impl Iterator<Item = &'a Instance>,
) -> Result<(), MemoryError> {
    let mut out = Vec::new();
    instances.for_each(|instance| instance.record().write(&mut out));
    put(memory, APPLETS, &out).map(|_| ())
}

/// Makes an object what is given, as one write.
pub(super) fn put(memory: &mut Memory, name: &str, octets: &[u8]) -> Result<Handle, MemoryError> {
    match memory.find(name) {
        Some(object) => memory.replace(object, octets).map(|()| object),
        None => memory.allocate(name, octets),
    }
}

/// Checks that what was put back makes sense: every applet has its objects, and they can be read.
pub(crate) fn verify(memory: &Memory) -> Result<(), Error> {
    let missing = |what| Error::new(what, 0, ErrorKind::Missing);
    for record in read(memory)? {
        memory.find(&name(&record.aid, STATE)).ok_or(missing("applet's array"))?;
        let registry = memory.find(&name(&record.aid, REGISTRY)).ok_or(missing("applet's registrations"))?;
        Registrations::read(memory.read(registry))?;
        read_arrays(memory, &record.aid)?;
        read_pins(memory, &record.aid)?;
    }
    Ok(())
}

/// Whether an object is one that comes and goes, and has any size, as the applets say. What [`verify`] cannot see is the
/// size of the persistent array that an applet gets at installation.
pub(crate) fn is_owned(own: &Memory, memory: &Memory, object: &str) -> bool {
    if object == APPLETS {
        return true;
    }
    let owner = |memory: &Memory| {
        let owners = read(memory).unwrap_or_default();
        owners.iter().find(|owner| object.starts_with(&name(&owner.aid, ""))).map(|owner| owner.aid)
    };
    match (owner(own), owner(memory)) {
        (Some(aid), Some(_)) => object != name(&aid, STATE),
        (None, None) => false,
        _ => true,
    }
}

impl Record {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let package = read_aid(r)?;
        let class = read_aid(r)?;
        let aid = read_aid(r)?;
        let life_cycle = LifeCycle(r.u8("life cycle state of an applet")?);
        let length = read_length(r, "install parameters")?;
        let mut parameters = r.sub(length, "install parameters")?;
        let parameters = Arc::new(read_parameters(&mut parameters)?);
        Ok(Self { aid, package, class, life_cycle, parameters })
    }

    fn write(&self, out: &mut Vec<u8>) {
        for aid in [&self.package, &self.class, &self.aid] {
            write_octets(aid.as_bytes(), out);
        }
        out.push(self.life_cycle.0);
        let mut parameters = Vec::new();
        write_parameters(&self.parameters, &mut parameters);
        write_octets(&parameters, out);
    }
}

fn read_aid(r: &mut Reader<'_>) -> Result<Aid, Error> {
    let octets = read_octets(r, "AID")?;
    Aid::new(octets).ok_or_else(|| r.error("AID", ErrorKind::Value(octets.len() as u32)))
}

fn read_octets<'a>(r: &mut Reader<'a>, what: &'static str) -> Result<&'a [u8], Error> {
    let length = read_length(r, what)?;
    r.take(length, what)
}

fn write_octets(octets: &[u8], out: &mut Vec<u8>) {
    write_length(octets.len(), out);
    out.extend_from_slice(octets);
}

fn read_parameters(r: &mut Reader<'_>) -> Result<InstallParameters, Error> {
    let [access, priority, timers, channels, services, menu_text] = r.array("limits of an applet")?;
    let keys = read_octets(r, "keys of an applet")?.iter().copied().map(KeyReference).collect();
    let has_places = r.u8("menu entries of an applet")? != 0;
    let (places, _) = read_octets(r, "menu entries of an applet")?.as_chunks();
    let places = places.iter().map(|&[position, identifier]| MenuPlace { position, identifier }).collect();
    let security = read_octets(r, "minimum security level")?.to_vec();
    let (tars, _) = read_octets(r, "TARs of an applet")?.as_chunks();
    let quota = |r: &mut Reader<'_>| -> Result<Option<u16>, Error> {
        let octets = read_octets(r, "memory quota")?;
        Ok(octets.try_into().ok().map(u16::from_be_bytes))
    };
    Ok(InstallParameters {
        access: AccessDomain(access),
        keys,
        priority,
        timers,
        channels,
        services,
        menu_text,
        menu_entries: has_places.then_some(places),
        security,
        tars: tars.iter().copied().map(Tar).collect(),
        persistent_quota: quota(r)?,
        transient_quota: quota(r)?,
        application: r.rest().to_vec(),
    })
}

fn write_parameters(parameters: &InstallParameters, out: &mut Vec<u8>) {
    let InstallParameters {
        access,
        keys,
        priority,
        timers,
        channels,
        services,
        menu_text,
        menu_entries,
        tars,
        ..
    } = parameters;
    out.extend_from_slice(&[access.0, *priority, *timers, *channels, *services, *menu_text]);
    let keys: Vec<u8> = keys.iter().map(|key| key.0).collect();
    write_octets(&keys, out);
    out.push(menu_entries.is_some().into());
    let places: Vec<u8> =
        menu_entries.iter().flatten().flat_map(|place| [place.position, place.identifier]).collect();
    write_octets(&places, out);
    write_octets(&parameters.security, out);
    let tars: Vec<u8> = tars.iter().flat_map(|tar| tar.0).collect();
    write_octets(&tars, out);
    for quota in [parameters.persistent_quota, parameters.transient_quota] {
        match quota {
            Some(quota) => write_octets(&quota.to_be_bytes(), out),
            None => write_octets(&[], out),
        }
    }
    out.extend_from_slice(&parameters.application);
}
