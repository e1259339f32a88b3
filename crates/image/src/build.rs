//! From the form of a card's file to the card as data.

use std::collections::{HashMap, HashSet};

use oxisim_card::{
    Aid, KeyReference, SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{
        AuthenticationKey, Contents, FileImage, FileKind, Image, MEMORY, PinImage, Platform, UnblockImage,
    },
};
use oxisim_toolkit::objects::alpha;
use oxisim_wire::{Error, Reader, tlv::Tlv};
use toml::Spanned;

use crate::words::count;
use crate::{
    access::{Condition, Mode, OPERATIONS, expanded, parse_key},
    body::body,
    document::{
        AuthenticationForm, DirectoryForm, Document, FileForm, LifeCycleName, PinForm, PlatformName, SfiForm,
        StructureName,
    },
    key, key_set,
    locate::At,
    octets::octets,
    path::{FilePath, fid},
    read::remote_of,
    remote,
    rules::{self, Reference},
};

/// The identifier of the MF.
const MF: u16 = 0x3F00;
/// The directory of GSM.
const DF_GSM: [u16; 2] = [MF, 0x7F20];
/// The first identifier that an ADF is given if it names none.
const FIRST_ADF: u16 = 0x7FF0;

/// The card that a document describes, and what is doubtful about it.
pub fn build(document: &Document) -> Result<(Image, Vec<At>), At> {
    let mut builder = Builder::default();
    builder.applications(document)?;
    let mut directories = document.directories.0.iter().peekable();
    let mut files = Vec::new();
    for (path, form) in &document.files.0 {
        while let Some((path, form)) =
            directories.next_if(|(other, _)| other.span().start < path.span().start)
        {
            files.push(builder.directory(path, form)?);
        }
        files.push(builder.file(path, form)?);
    }
    for (path, form) in directories {
        files.push(builder.directory(path, form)?);
    }
    if !builder.directories.contains(&[MF][..]) {
        return Err(At { span: 0..0, reason: "there is no [directories.\"MF\"]".into() });
    }
    let atr = hexadecimal(&document.atr)?;
    oxisim_apdu::Atr::parse(&atr).map_err(|error| At::new(&document.atr, error.to_string()))?;
    let mut applications = remote_of(&files);
    let submit = remote::read(document.remote.as_ref(), &mut applications)?;
    let image = Image {
        atr,
        platform: match document.platform {
            PlatformName::UiccWithSim => Platform::UiccWithSim,
            PlatformName::Uicc => Platform::Uicc,
            PlatformName::Sim => Platform::Sim,
        },
        menu_title: menu_title(document.menu_title.as_ref())?,
        memory: document.memory.as_ref().map_or(MEMORY, |memory| *memory.get_ref()),
        pins: document.pins.iter().map(|pin| builder.pin(pin)).collect::<Result<_, _>>()?,
        authentication: document
            .authentication
            .iter()
            .map(|key| builder.authentication(key))
            .collect::<Result<_, _>>()?,
        files,
        key_sets: key_set::read(&document.keys)?,
        remote: applications,
        submit,
    };
    Ok((image, rules::missing(&builder.references, &builder.files)))
}

/// The title of the toolkit menu, which SET UP MENU has to hold beside the items.
fn menu_title(title: Option<&Spanned<String>>) -> Result<String, At> {
    /// Octets that leave room for items in a proactive command of 255.
    const MOST: usize = 127;
    let Some(title) = title else { return Ok("SIM".into()) };
    match alpha(title.get_ref()).len() {
        0..=MOST => Ok(title.get_ref().clone()),
        octets => Err(At::new(title, format!("{octets} octets do not fit into {MOST}"))),
    }
}

/// What the entries so far have made known.
#[derive(Default)]
struct Builder {
    /// File identifiers of the ADFs by name.
    applications: HashMap<String, u16>,
    aids: HashSet<Vec<u8>>,
    directories: HashSet<Vec<u16>>,
    /// Structure and size of the EFs.
    files: HashMap<Vec<u16>, (Structure, usize)>,
    /// The files with a short file identifier, by directory and identifier.
    short: HashMap<(Vec<u16>, u8), String>,
    /// The access rules that files refer to.
    references: Vec<Reference>,
    keys: HashSet<(KeyReference, Option<Vec<u16>>)>,
    /// The directories that have a subscriber's key.
    authenticating: HashSet<Vec<u16>>,
}

impl Builder {
    /// Gives every ADF its file identifier.
    fn applications(&mut self, document: &Document) -> Result<(), At> {
        for (text, form) in &document.directories.0 {
            let path = parse(text)?;
            let (Some(name), true) = (path.application, path.fids.is_empty()) else { continue };
            let free =
                (FIRST_ADF..=u16::MAX).find(|fid| !self.applications.values().any(|other| other == fid));
            let fid = match &form.fid {
                Some(text) => four_digits(text)?,
                None => free.unwrap_or(FIRST_ADF),
            };
            self.applications.insert(name, fid);
        }
        Ok(())
    }

    fn directory(&mut self, text: &Spanned<String>, form: &DirectoryForm) -> Result<FileImage, At> {
        let path = parse(text)?;
        let is_application = path.application.is_some() && path.fids.is_empty();
        if let (false, Some(fid)) = (is_application, &form.fid) {
            return Err(At::new(fid, "only an ADF has one beside its path"));
        }
        let aid = match (&form.aid, is_application) {
            (Some(aid), true) => Some(self.aid(aid)?),
            (None, true) => return Err(At::new(text, "an ADF needs its aid")),
            (Some(aid), false) => {
                return Err(At::new(aid, "only an ADF has one: its path is \"ADF.\" and a name"));
            }
            (None, false) => None,
        };
        let place = self.place(text, &path)?;
        if path == FilePath::MF && !(self.directories.is_empty() && self.files.is_empty()) {
            return Err(At::new(text, "the MF must be the first of the directories and files"));
        }
        self.directories.insert(place.clone());
        let key = |key: &Spanned<String>| key_reference(key);
        let pin_status = form.pin_status.iter().map(key).collect::<Result<_, _>>()?;
        let rules = [
            form.arr.as_ref().map(referenced),
            form.compact.as_ref().map(|rule| Ok(SecurityAttributes::Compact(hexadecimal(rule)?))),
            form.expanded.as_ref().map(|rule| Ok(SecurityAttributes::Expanded(hexadecimal(rule)?))),
        ];
        let security = one(rules.into_iter().flatten(), text, "access rule", "arr, compact or expanded")?;
        self.refers(&place, form.arr.as_ref(), &security);
        Ok(FileImage {
            path: place,
            kind: FileKind::Directory { aid, pin_status },
            security,
            life_cycle: life_cycle(form.life_cycle),
            shareable: form.shareable,
            identified: form.show_fid.unwrap_or(!is_application),
            proprietary: proprietary(form.proprietary.as_ref())?,
            header: header(form.header.as_ref(), "a directory", 22)?,
        })
    }

    fn file(&mut self, text: &Spanned<String>, form: &FileForm) -> Result<FileImage, At> {
        let path = parse(text)?;
        if path.fids.is_empty() {
            return Err(At::new(text, "this is a directory: it belongs under [directories]"));
        }
        let place = self.place(text, &path)?;
        let shared = form.shared_with.as_ref().map(|other| self.shared(other)).transpose()?;
        let body = body(text, form, path.name(), shared.as_ref().map(|(_, shape)| *shape))?;
        let contents = match shared {
            Some((path, _)) => Contents::SharedWith(path),
            None => Contents::Octets(body.octets),
        };
        self.files.insert(place.clone(), (body.structure, body.size));
        let security = file_security(text, form)?;
        self.refers(&place, form.arr.as_ref(), &security);
        let sfi = match form.sfi.as_ref().map(|sfi| (sfi, *sfi.get_ref())) {
            Some((place, SfiForm::Is(sfi))) => self.short(text, place, sfi, &path)?,
            Some((_, SfiForm::Implied)) => Sfi::OfIdentifier,
            Some((_, SfiForm::None)) | None => Sfi::None,
        };
        Ok(FileImage {
            path: place,
            kind: FileKind::Elementary { structure: body.structure, size: body.size, sfi, contents },
            security,
            life_cycle: life_cycle(form.life_cycle),
            shareable: form.shareable,
            identified: true,
            proprietary: proprietary(form.proprietary.as_ref())?,
            header: header(form.header.as_ref(), "a file", 14)?,
        })
    }

    /// A short file identifier, which no other file of the directory may be given. Those that follow from file
    /// identifiers are not looked at: cards have files that agree in the last five bits.
    fn short(
        &mut self,
        text: &Spanned<String>,
        place: &Spanned<SfiForm>,
        sfi: u8,
        path: &FilePath,
    ) -> Result<Sfi, At> {
        let directory = path.parent().unwrap_or(FilePath::MF);
        let directory = self.identifiers(text, &directory)?;
        match self.short.insert((directory, sfi), text.get_ref().clone()) {
            Some(other) => {
                Err(At::new(place, format!("{other} has the short file identifier {sfi} already")))
            }
            None => Ok(Sfi::Is(sfi)),
        }
    }

    /// Notes the access rules that a file refers to.
    fn refers(&mut self, place: &[u16], text: Option<&Spanned<String>>, security: &SecurityAttributes) {
        let references = text.map(|text| Reference::of(place, &text.span(), security));
        self.references.extend(references.into_iter().flatten());
    }

    /// Where a file is, if its directory is there and the place is free.
    fn place(&self, text: &Spanned<String>, path: &FilePath) -> Result<Vec<u16>, At> {
        let place = self.identifiers(text, path)?;
        if let Some(parent) = path.parent() {
            let above = self.identifiers(text, &parent)?;
            if !self.directories.contains(&above) {
                return Err(At::new(text, format!("there is no [directories.\"{parent}\"] before it")));
            }
        }
        if self.directories.contains(&place) || self.files.contains_key(&place) {
            return Err(At::new(text, format!("{path} is there already")));
        }
        Ok(place)
    }

    fn identifiers(&self, text: &Spanned<String>, path: &FilePath) -> Result<Vec<u16>, At> {
        let mut place = vec![MF];
        if let Some(name) = &path.application {
            let fid = self.applications.get(name);
            place.push(*fid.ok_or_else(|| At::new(text, format!("there is no [directories.\"{name}\"]")))?);
        }
        place.extend(&path.fids);
        Ok(place)
    }

    /// A directory that something else names.
    fn named(&self, text: &Spanned<String>) -> Result<Vec<u16>, At> {
        let place = self.identifiers(text, &parse(text)?)?;
        let unknown = || At::new(text, format!("there is no [directories.\"{}\"]", text.get_ref()));
        self.directories.contains(&place).then_some(place).ok_or_else(unknown)
    }

    fn shared(&self, text: &Spanned<String>) -> Result<(Vec<u16>, (Structure, usize)), At> {
        let place = self.identifiers(text, &parse(text)?)?;
        let shape = self.files.get(&place).copied();
        let shape =
            shape.ok_or_else(|| At::new(text, format!("there is no {} before it", text.get_ref())))?;
        Ok((place, shape))
    }

    fn aid(&mut self, text: &Spanned<String>) -> Result<Aid, At> {
        let octets = hexadecimal(text)?;
        let wrong = || At::new(text, format!("{}; an AID has 5 to 16", count(octets.len(), "octet")));
        let aid = Aid::new(&octets).ok_or_else(wrong)?;
        if self.aids.insert(octets) { Ok(aid) } else { Err(At::new(text, "another ADF has this AID")) }
    }

    fn pin(&mut self, pin: &PinForm) -> Result<PinImage, At> {
        let reference = key_reference(&pin.key)?;
        let directory = pin.directory.as_ref().map(|text| self.named(text)).transpose()?;
        if !self.keys.insert((reference, directory.clone())) {
            return Err(At::new(&pin.key, format!("{} is there already", pin.key.get_ref())));
        }
        if !pin.enabled && reference.is_administrative() {
            return Err(At::new(&pin.key, "an administrative key cannot be disabled"));
        }
        let (retries, max_retries) = tries(pin.tries.as_ref(), pin.max_tries.as_ref(), 3)?;
        let unblock_tries = tries(pin.puk_tries.as_ref(), pin.puk_max_tries.as_ref(), 10)?;
        let unblock = match &pin.puk {
            Some(puk) => {
                let (retries, max_retries) = unblock_tries;
                Some(UnblockImage { value: secret(puk)?, retries, max_retries })
            }
            None => None,
        };
        Ok(PinImage {
            reference,
            directory,
            value: secret(&pin.value)?,
            retries,
            max_retries,
            enabled: pin.enabled,
            unblock,
        })
    }

    fn authentication(&mut self, form: &AuthenticationForm) -> Result<AuthenticationKey, At> {
        let directory = self.named(&form.directory)?;
        let is_application = |fid: &u16| self.applications.values().any(|other| other == fid);
        if directory != DF_GSM && !matches!(&*directory, [MF, fid] if is_application(fid)) {
            return Err(At::new(&form.directory, "only ADFs and MF/DF.GSM authenticate"));
        }
        if !self.authenticating.insert(directory.clone()) {
            return Err(At::new(&form.directory, format!("{} has a key already", form.directory.get_ref())));
        }
        Ok(AuthenticationKey { directory, algorithm: key::algorithm(form)?, numbers: key::numbers(form)? })
    }
}

fn parse(text: &Spanned<String>) -> Result<FilePath, At> {
    FilePath::parse(text.get_ref()).map_err(|error| At::new(text, error.to_string()))
}

fn four_digits(text: &Spanned<String>) -> Result<u16, At> {
    fid(text.get_ref())
        .ok_or_else(|| At::new(text, format!("{:?} is not four hexadecimal digits", text.get_ref())))
}

fn key_reference(text: &Spanned<String>) -> Result<KeyReference, At> {
    let key = text.get_ref();
    let wrong =
        || At::new(text, format!("{key:?} is no key: write pin1, pin2, adm1, or two hexadecimal digits"));
    parse_key(key).ok_or_else(wrong)
}

/// The header of a file (TS 51.011 §9.2.1), which has at least so many octets.
fn header(text: Option<&Spanned<String>>, of: &str, shortest: usize) -> Result<Option<Vec<u8>>, At> {
    let Some(text) = text else { return Ok(None) };
    let octets = hexadecimal(text)?;
    if !(shortest..=0xFF).contains(&octets.len()) {
        let found = count(octets.len(), "octet");
        let reason = format!("{found}; the header of {of} has {shortest} to 255");
        return Err(At::new(text, reason));
    }
    Ok(Some(octets))
}

/// Proprietary information: a sequence of TLVs (TS 102 221 §11.1.1.4.6).
fn proprietary(text: Option<&Spanned<String>>) -> Result<Vec<u8>, At> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let octets = hexadecimal(text)?;
    let mut r = Reader::new(&octets);
    while !r.is_empty() {
        let wrong = |error: Error| At::new(text, format!("no sequence of TLVs: {error}"));
        Tlv::read(&mut r, "proprietary information").map_err(wrong)?;
    }
    Ok(octets)
}

/// Tries that are left, and tries after a right value, of which there are `usual` ones if nothing is said.
fn tries(left: Option<&Spanned<u8>>, most: Option<&Spanned<u8>>, usual: u8) -> Result<(u8, u8), At> {
    if let Some(most) = most.filter(|most| !(1..=15).contains(most.get_ref())) {
        return Err(At::new(most, format!("{} tries: 1 to 15 can be", most.get_ref())));
    }
    let most = most.map_or(usual, |most| *most.get_ref());
    match left {
        Some(left) if *left.get_ref() > most => {
            Err(At::new(left, format!("{} of {most} tries cannot be left", left.get_ref())))
        }
        Some(left) => Ok((*left.get_ref(), most)),
        None => Ok((most, most)),
    }
}

/// Octets in hexadecimal.
pub fn hexadecimal(text: &Spanned<String>) -> Result<Vec<u8>, At> {
    octets(text.get_ref()).map_err(|reason| At::new(text, reason))
}

/// Exactly `N` octets in hexadecimal.
pub fn exactly<const N: usize>(text: &Spanned<String>) -> Result<[u8; N], At> {
    let octets = hexadecimal(text)?;
    <[u8; N]>::try_from(&*octets)
        .map_err(|_| At::new(text, format!("{} where {N} stand", count(octets.len(), "octet"))))
}

/// A PIN as digits, filled up with `FF`, or eight octets in hexadecimal.
fn secret(text: &Spanned<String>) -> Result<[u8; 8], At> {
    let value = text.get_ref();
    let digits = (4..=8).contains(&value.len()) && value.chars().all(|c| c.is_ascii_digit());
    if digits {
        let mut out = [0xFF; 8];
        out.iter_mut().zip(value.bytes()).for_each(|(octet, digit)| *octet = digit);
        return Ok(out);
    }
    let wrong = || At::new(text, format!("{value:?} is neither 4 to 8 digits nor 16 hexadecimal ones"));
    octets(value).ok().and_then(|octets| octets.try_into().ok()).ok_or_else(wrong)
}

const fn life_cycle(name: Option<LifeCycleName>) -> LifeCycle {
    match name {
        None | Some(LifeCycleName::Activated) => LifeCycle::Activated,
        Some(LifeCycleName::Deactivated) => LifeCycle::Deactivated,
        Some(LifeCycleName::Terminated) => LifeCycle::Terminated,
        Some(LifeCycleName::Unknown) => LifeCycle::Unknown,
        Some(LifeCycleName::Creation) => LifeCycle::Creation,
        Some(LifeCycleName::Initialisation) => LifeCycle::Initialisation,
    }
}

/// Reads `2F06/3`, or with a record for each security environment `2F06/0:1 1:3`.
fn referenced(text: &Spanned<String>) -> Result<SecurityAttributes, At> {
    let rule = text.get_ref();
    let wrong = || At::new(text, format!("{rule:?} is no reference to EF_ARR: write 2F06/3"));
    let (arr, records) = rule.split_once('/').ok_or_else(wrong)?;
    let arr = fid(arr).ok_or_else(wrong)?;
    if let Ok(record) = records.parse() {
        return Ok(SecurityAttributes::Referenced { arr, record });
    }
    let pairs = records.split(' ').map(|pair| {
        let (environment, record) = pair.split_once(':')?;
        Some((environment.parse().ok()?, record.parse().ok()?))
    });
    let records = pairs.collect::<Option<_>>().ok_or_else(wrong)?;
    Ok(SecurityAttributes::ReferencedBySe { arr, records })
}

fn file_security(text: &Spanned<String>, form: &FileForm) -> Result<SecurityAttributes, At> {
    let words = [&form.read, &form.update, &form.deactivate, &form.activate, &form.increase];
    let mut conditions: Vec<(Mode, Condition)> = Vec::new();
    for ((_, mode), words) in OPERATIONS.into_iter().zip(words) {
        if let Some(words) = words {
            let condition = Condition::parse(words.get_ref()).map_err(|reason| At::new(words, reason))?;
            conditions.push((mode, condition));
        }
    }
    let in_words = (!conditions.is_empty()).then(|| Ok(SecurityAttributes::Expanded(expanded(&conditions))));
    let rules = [
        form.arr.as_ref().map(referenced),
        form.compact.as_ref().map(|rule| Ok(SecurityAttributes::Compact(hexadecimal(rule)?))),
        form.expanded.as_ref().map(|rule| Ok(SecurityAttributes::Expanded(hexadecimal(rule)?))),
        in_words,
    ];
    let ways = "arr, compact, expanded, or read and update";
    one(rules.into_iter().flatten(), text, "access rule", ways)
}

/// The only one of several ways to say something.
pub fn one<T>(
    ways: impl IntoIterator<Item = Result<T, At>>,
    text: &Spanned<String>,
    what: &str,
    names: &str,
) -> Result<T, At> {
    let mut ways = ways.into_iter();
    let first = ways.next().ok_or_else(|| At::new(text, format!("no {what}: write {names}")))?;
    match ways.next() {
        Some(_) => Err(At::new(text, format!("more than one {what}: {names}"))),
        None => first,
    }
}

/// The structure that a form names, given the length of its records.
pub fn structure(text: &Spanned<String>, form: &FileForm, record: Option<u8>) -> Result<Structure, At> {
    let name = form.structure.as_ref().map(|name| *name.get_ref());
    let place = form.structure.as_ref().map_or_else(|| text.span(), Spanned::span);
    match (name, record) {
        (Some(StructureName::Transparent) | None, None) => Ok(Structure::Transparent),
        (Some(StructureName::BerTlv), None) => Ok(Structure::BerTlv),
        (Some(StructureName::Linear) | None, Some(record)) => Ok(Structure::LinearFixed { record }),
        (Some(StructureName::Cyclic), Some(record)) => Ok(Structure::Cyclic { record }),
        (Some(StructureName::Linear | StructureName::Cyclic), None) => {
            Err(At { span: place, reason: "record_length must be given".into() })
        }
        (Some(StructureName::Transparent | StructureName::BerTlv), Some(_)) => {
            Err(At { span: place, reason: "a file of this structure has no record_length".into() })
        }
    }
}
