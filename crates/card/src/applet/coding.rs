//! Install parameters as octets (GP Card Specification table 11-49, TS 102 226 §8.2.1.3.2).

use alloc::vec::Vec;

use oxisim_sms::packet::Tar;
use oxisim_wire::{
    Error, ErrorKind, Reader,
    tlv::{Tlv, write_tlv},
};

use super::{AccessDomain, InstallParameters, MenuPlace};

/// The tags of the objects.
mod tag {
    pub const APPLICATION: u8 = 0xC9;
    pub const SYSTEM: u8 = 0xEF;
    pub const TRANSIENT: u8 = 0xC7;
    pub const PERSISTENT: u8 = 0xC8;
    pub const SIM_TOOLKIT: u8 = 0xCA;
    pub const UICC: u8 = 0xEA;
    pub const TOOLKIT: u8 = 0x80;
    pub const ACCESS: u8 = 0x81;
}

/// The most timers that an applet can be given (TS 102 223 §6.4.21).
const TIMERS: u8 = 8;
/// The most channels (TS 102 223 §6.4.27).
const CHANNELS: u8 = 7;
/// The most services of a local connection (TS 102 223 §8.63).
const SERVICES: u8 = 8;
/// Identifiers of menu entries from here on are the card's to give.
const OWN_IDENTIFIERS: u8 = 0x80;

impl InstallParameters {
    /// Reads the install parameters field of INSTALL \[for install\]. What it does not say the applet does not have.
    ///
    /// Toolkit parameters of the UICC (`EA`) and of the SIM (`CA`) are read. An access domain has to be the same for
    /// all of the card's file systems.
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let mut parameters = Self::none();
        let mut r = Reader::new(octets);
        while !r.is_empty() {
            let mut object = Tlv::read(&mut r, "install parameters")?;
            match object.tag {
                tag::APPLICATION => parameters.application = object.value.rest().to_vec(),
                tag::SYSTEM => parameters.read_system(&mut object.value)?,
                tag::UICC => parameters.read_uicc(&mut object.value)?,
                // What else GlobalPlatform has there is for security domains.
                _ => {}
            }
        }
        Ok(parameters)
    }

    /// The install parameters field, in the coding for UICCs; `None` for an applet whose menu entries have no limit,
    /// which this field cannot say.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let entries = self.menu_entries.as_ref()?;
        let mut out = Vec::new();
        write_tlv(tag::APPLICATION, &mut out, |out| out.extend_from_slice(&self.application));
        write_tlv(tag::SYSTEM, &mut out, |out| {
            let quotas = [(tag::TRANSIENT, self.transient_quota), (tag::PERSISTENT, self.persistent_quota)];
            for (tag, quota) in quotas {
                if let Some(quota) = quota {
                    write_tlv(tag, out, |out| out.extend_from_slice(&quota.to_be_bytes()));
                }
            }
        });
        write_tlv(tag::UICC, &mut out, |out| {
            write_tlv(tag::TOOLKIT, out, |out| {
                out.extend([self.priority, self.timers, self.menu_text, entries.len() as u8]);
                out.extend(entries.iter().flat_map(|place| [place.position, place.identifier]));
                out.push(self.channels);
                write_field(&self.security, out);
                write_field(&self.tars.iter().flat_map(|tar| tar.0).collect::<Vec<_>>(), out);
                out.push(self.services);
            });
            write_tlv(tag::ACCESS, out, |out| out.extend([0, 1, self.access.0, 0]));
        });
        Some(out)
    }

    /// An applet that is no toolkit applet and sees no file.
    const fn none() -> Self {
        Self {
            access: AccessDomain::NONE,
            keys: Vec::new(),
            priority: u8::MAX,
            timers: 0,
            channels: 0,
            services: 0,
            menu_text: 0,
            menu_entries: Some(Vec::new()),
            security: Vec::new(),
            tars: Vec::new(),
            persistent_quota: None,
            transient_quota: None,
            application: Vec::new(),
        }
    }

    /// System specific parameters.
    fn read_system(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        while !r.is_empty() {
            let mut object = Tlv::read(r, "system specific parameters")?;
            match object.tag {
                tag::TRANSIENT => {
                    self.transient_quota = Some(quota(&mut object.value, "volatile memory quota")?);
                }
                tag::PERSISTENT => {
                    self.persistent_quota = Some(quota(&mut object.value, "non-volatile memory quota")?);
                }
                tag::SIM_TOOLKIT => {
                    self.access = access_domain(&mut object.value)?;
                    self.read_toolkit(&mut object.value)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// UICC system specific parameters (TS 102 226 §8.2.1.3.2.2).
    fn read_uicc(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        while !r.is_empty() {
            let mut object = Tlv::read(r, "UICC system specific parameters")?;
            match object.tag {
                tag::TOOLKIT => self.read_toolkit(&mut object.value)?,
                tag::ACCESS => self.read_access(&mut object.value)?,
                // Administrative access: an applet creates no files.
                _ => {}
            }
        }
        Ok(())
    }

    /// Toolkit application specific parameters. Old ones end before the TARs, or before the number of services.
    fn read_toolkit(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        self.priority = r.u8("priority level")?;
        if self.priority == 0 {
            return Err(r.error("priority level", ErrorKind::Value(0)));
        }
        self.timers = at_most(r, TIMERS, "maximum number of timers")?;
        self.menu_text = r.u8("maximum text length for a menu entry")?;
        self.menu_entries = Some(menu_places(r)?);
        self.channels = at_most(r, CHANNELS, "maximum number of channels")?;
        self.security = field(r, "minimum security level")?.rest().to_vec();
        self.tars = if r.is_empty() { Vec::new() } else { tars(&mut field(r, "TAR values")?)? };
        self.services = if r.is_empty() { 0 } else { at_most(r, SERVICES, "maximum number of services")? };
        r.finish("toolkit application specific parameters")
    }

    /// UICC access application specific parameters: file system, access domain and the signature of it, for each.
    fn read_access(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let mut domain = None;
        while !r.is_empty() {
            field(r, "file system AID")?;
            let at = r.clone();
            let other = access_domain(r)?;
            field(r, "access domain DAP")?;
            if *domain.get_or_insert(other) != other {
                return Err(at.error("access domain", ErrorKind::Value(u32::from(other.0))));
            }
        }
        self.access = domain.unwrap_or(AccessDomain::NONE);
        Ok(())
    }
}

/// A field: its length and its octets.
fn field<'a>(r: &mut Reader<'a>, what: &'static str) -> Result<Reader<'a>, Error> {
    let length = r.u8(what)?;
    r.sub(usize::from(length), what)
}

fn write_field(octets: &[u8], out: &mut Vec<u8>) {
    out.push(octets.len() as u8);
    out.extend_from_slice(octets);
}

fn at_most(r: &mut Reader<'_>, limit: u8, what: &'static str) -> Result<u8, Error> {
    let at = r.clone();
    let number = r.u8(what)?;
    if number > limit { Err(at.error(what, ErrorKind::Value(u32::from(number)))) } else { Ok(number) }
}

/// A quota of 2 octets, or of 4.
fn quota(r: &mut Reader<'_>, what: &'static str) -> Result<u16, Error> {
    let octets = r.rest();
    let number = match octets.len() {
        2 | 4 => octets.iter().fold(0, |number, &octet| number << 8 | u32::from(octet)),
        _ => return Err(r.error(what, ErrorKind::TooLong { length: octets.len(), limit: 4 })),
    };
    // There are cards with more memory than this one can have.
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}

/// The access domain of a file system: its parameter, without data.
fn access_domain(r: &mut Reader<'_>) -> Result<AccessDomain, Error> {
    const WHAT: &str = "access domain";
    let mut domain = field(r, WHAT)?;
    let at = domain.clone();
    let parameter = AccessDomain(domain.u8(WHAT)?);
    domain.finish(WHAT)?;
    match parameter.name() {
        Some(_) => Ok(parameter),
        None => Err(at.error(WHAT, ErrorKind::Value(u32::from(parameter.0)))),
    }
}

/// Position and identifier of each menu entry. No two have an identifier, and none has one that is the card's to give.
fn menu_places(r: &mut Reader<'_>) -> Result<Vec<MenuPlace>, Error> {
    const WHAT: &str = "menu entry";
    let mut places: Vec<MenuPlace> = Vec::new();
    for _ in 0..r.u8("maximum number of menu entries")? {
        let at = r.clone();
        let place = MenuPlace { position: r.u8(WHAT)?, identifier: r.u8(WHAT)? };
        let is_taken = places.iter().any(|other| other.identifier == place.identifier);
        if place.identifier != 0 && is_taken || place.identifier >= OWN_IDENTIFIERS {
            return Err(at.error(WHAT, ErrorKind::Value(u32::from(place.identifier))));
        }
        places.push(place);
    }
    Ok(places)
}

fn tars(r: &mut Reader<'_>) -> Result<Vec<Tar>, Error> {
    let mut tars = Vec::new();
    while !r.is_empty() {
        tars.push(Tar(r.array("TAR value")?));
    }
    Ok(tars)
}
