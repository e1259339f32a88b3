//! A card as the text of its file.

use std::{collections::HashMap, fmt::Write as _};

use oxisim_card::{
    Aid, KeyReference, SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{AuthenticationKey, Contents, FileImage, FileKind, Image, PinImage, Platform},
};

use crate::{
    access::{show_key, words},
    contents, key, key_set,
    locate::string,
    octets::{show, show_records},
    path::FilePath,
    remote,
};

/// What the file of a new card says of itself.
pub const DEFAULT_NOTES: &[&str] = &[
    "A card. Everything that it is stands here; what it writes is kept beside, in a file that ends in .state.",
    "",
    "Paths are of identifiers (3F00/7F10/6F3A) or names (MF/DF.TELECOM/EF.ADN); a directory stands before what is in it.",
    "Octets are hexadecimal. \"00FF..\" repeats the last octet to the end, \"30 x 00FF..\" is 30 records; records that are",
    "not given are FF. Instead of contents or records, a file can have imsi, iccid, msisdn, service_centre,",
    "spn = { name = \"…\", condition = 1 } or phonebook = [{ name = \"…\", number = \"…\" }].",
    "Access rules: arr = \"2F06/3\" (record 3 of EF_ARR), compact or expanded in octets, or in words:",
    "read = \"always\", update = \"pin1 or adm1\"; deactivate, activate, increase. What is not named is never allowed.",
    "Keys for AUTHENTICATE: each ADF has one, and DF.GSM, which else has that of the first ADF. algorithm = \"milenage\"",
    "with op or opc; \"tuak\" with op or opc (TOP, TOPc), iterations, mac_bits, res_bits, ck_bits and ik_bits; \"xor\" with",
    "res_bits; \"comp128-1\", \"comp128-2\", \"comp128-3\", \"xor-2g\". Sequence numbers can have an age_limit. The key of a",
    "new card is one for tests, which anyone knows: test set 1 of TS 35.207.",
    "Keys for packets over the air: [[keys]] with version (1 to 15), algorithm (\"des\" or \"aes\"), kic, kid, kik and the",
    "counter that was accepted last; oxisim card personalise writes them. [remote] security = \"12\" is the least that the",
    "card's own applications ask of a packet: the first octet of its SPI. access = \"full\", \"none\" or keys such as",
    "\"pin1 and adm1\" is what their scripts may do with files; submit = \"always\" has the card answer by SMS-SUBMIT to",
    "anybody who asks for it, not only where a packet with a checksum is accepted.",
    "What SELECT of GSM (class A0) says follows from the rest; where a card says something else, that is its header.",
];

/// What the file of a card says of the applets that are not on it.
const OTHER_APPLETS: [&str; 2] = [
    "Other applets: [applets.hello] and [applets.echo] without settings, [applets.balance] with code = \"*100#\",",
    "[applets.tracker] with owner = \"+15550100002\".",
];

/// The text of a card's file: notes for its reader, the card, and the backup applet with its server's number.
#[must_use]
pub fn write(image: &Image, notes: &[String], server: Option<&str>) -> String {
    let mut writer = Writer { out: String::new(), names: names(image), image };
    for note in notes {
        writer.line(format_args!("{}", format!("# {note}").trim_end()));
    }
    writer.line(format_args!(""));
    writer.line(format_args!("atr = \"{}\"", hex::encode_upper(&image.atr)));
    writer.line(format_args!("# \"uicc-with-sim\", \"uicc\" (no commands of GSM) or \"sim\" (no others)."));
    writer.line(format_args!("platform = \"{}\"", platform(image.platform)));
    writer.line(format_args!("# Title of the menu of the toolkit applets."));
    writer.line(format_args!("menu_title = {}", string(&image.menu_title)));
    writer
        .line(format_args!("# Octets of memory; what the files leave is for those that CREATE FILE makes."));
    writer.line(format_args!("memory = {}", image.memory));
    if let Some(server) = server {
        writer.line(format_args!(
            "\n# Backs up the phonebook. Also: async, subset, spread, threshold, interval."
        ));
        writer.line(format_args!("[applets.backup]"));
        writer.line(format_args!("server = {}", string(server)));
        writer.line(format_args!("mode = \"auto\""));
        writer.line(format_args!("pause = \"2m\""));
        for note in OTHER_APPLETS {
            writer.line(format_args!("# {note}"));
        }
    }
    image.pins.iter().for_each(|pin| writer.pin(pin));
    image.authentication.iter().for_each(|key| writer.authentication(key));
    image.key_sets.iter().flat_map(key_set::lines).for_each(|line| writer.line(format_args!("{line}")));
    for line in remote::lines(image) {
        writer.line(format_args!("{line}"));
    }
    image.files.iter().for_each(|file| writer.file(file));
    writer.out
}

/// Who may do what with a file, in words; none if its rules say what words do not.
pub fn access(image: &Image, file: &FileImage) -> Option<String> {
    match &file.security {
        SecurityAttributes::Referenced { arr, record } => {
            let writer = Writer { out: String::new(), names: HashMap::new(), image };
            writer.rule(&file.path, *arr, *record)
        }
        SecurityAttributes::Expanded(rule) => words(rule),
        SecurityAttributes::ReferencedBySe { .. } | SecurityAttributes::Compact(_) => None,
    }
}

const fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::UiccWithSim => "uicc-with-sim",
        Platform::Uicc => "uicc",
        Platform::Sim => "sim",
    }
}

/// Names of the applications by their file identifiers.
fn names(image: &Image) -> HashMap<u16, String> {
    let mut names: HashMap<u16, String> = HashMap::new();
    for file in &image.files {
        if let (FileKind::Directory { aid: Some(aid), .. }, [_, fid]) = (&file.kind, &*file.path) {
            let known = APPLICATIONS.iter().find(|(prefix, _)| aid.as_bytes().starts_with(prefix));
            let name = known.map(|(_, name)| format!("ADF.{name}"));
            let free = name.filter(|name| !names.values().any(|other| other == name));
            names.insert(*fid, free.unwrap_or_else(|| format!("ADF.{}", hex::encode_upper(aid.as_bytes()))));
        }
    }
    names
}

/// RID and application code of 3GPP's applications (TS 101 220 Annex E).
const APPLICATIONS: [(&[u8], &str); 2] =
    [(&[0xA0, 0, 0, 0, 0x87, 0x10, 0x02], "USIM"), (&[0xA0, 0, 0, 0, 0x87, 0x10, 0x04], "ISIM")];

struct Writer<'a> {
    out: String,
    names: HashMap<u16, String>,
    image: &'a Image,
}

impl Writer<'_> {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{line}");
    }

    fn path(&self, path: &[u16]) -> FilePath {
        let below = path.get(1..).unwrap_or_default();
        match below.split_first().and_then(|(adf, rest)| Some((self.names.get(adf)?, rest))) {
            Some((name, rest)) => FilePath { application: Some(name.clone()), fids: rest.into() },
            None => FilePath { application: None, fids: below.into() },
        }
    }

    fn pin(&mut self, pin: &PinImage) {
        self.line(format_args!("\n[[pins]]"));
        self.line(format_args!("key = \"{}\"", show_key(pin.reference)));
        if let Some(directory) = &pin.directory {
            let path = self.path(directory);
            self.line(format_args!("directory = \"{path}\""));
        }
        self.line(format_args!("value = \"{}\"", show_secret(pin.value)));
        if !pin.enabled {
            self.line(format_args!("enabled = false"));
        }
        self.line(format_args!("max_tries = {}", pin.max_retries));
        if pin.retries != pin.max_retries {
            self.line(format_args!("tries = {}", pin.retries));
        }
        if let Some(unblock) = &pin.unblock {
            self.line(format_args!("puk = \"{}\"", show_secret(unblock.value)));
            self.line(format_args!("puk_max_tries = {}", unblock.max_retries));
            if unblock.retries != unblock.max_retries {
                self.line(format_args!("puk_tries = {}", unblock.retries));
            }
        }
    }

    fn authentication(&mut self, key: &AuthenticationKey) {
        self.line(format_args!("\n[[authentication]]"));
        let path = self.path(&key.directory);
        self.line(format_args!("directory = \"{path}\""));
        for line in key::lines(&key.algorithm, &key.numbers) {
            self.line(format_args!("{line}"));
        }
    }

    fn file(&mut self, file: &FileImage) {
        let path = self.path(&file.path);
        let by_identifiers = path.identifiers();
        let comment =
            if by_identifiers == path.to_string() { String::new() } else { format!("  # {by_identifiers}") };
        let table = if matches!(file.kind, FileKind::Directory { .. }) { "directories" } else { "files" };
        self.line(format_args!("\n[{table}.{}]{comment}", string(&path.to_string())));
        match &file.kind {
            FileKind::Directory { aid, pin_status } => self.directory(file, aid.as_ref(), pin_status),
            FileKind::Elementary { structure, size, sfi, contents } => {
                self.elementary(&path, *structure, *size, contents);
                match sfi {
                    Sfi::Is(sfi) => self.line(format_args!("sfi = {sfi}")),
                    Sfi::OfIdentifier => self.line(format_args!("sfi = \"implied\"")),
                    Sfi::None => {}
                }
            }
        }
        self.security(file);
        let life_cycle = match file.life_cycle {
            LifeCycle::Activated => None,
            LifeCycle::Deactivated => Some("deactivated"),
            LifeCycle::Terminated => Some("terminated"),
            LifeCycle::Unknown => Some("unknown"),
            LifeCycle::Creation => Some("creation"),
            LifeCycle::Initialisation => Some("initialisation"),
        };
        if let Some(life_cycle) = life_cycle {
            self.line(format_args!("life_cycle = \"{life_cycle}\""));
        }
        if !file.shareable {
            self.line(format_args!("shareable = false"));
        }
        if !file.proprietary.is_empty() {
            self.line(format_args!("proprietary = \"{}\"", hex::encode_upper(&file.proprietary)));
        }
        if let Some(header) = &file.header {
            self.line(format_args!("header = \"{}\"", hex::encode_upper(header)));
        }
    }

    fn directory(&mut self, file: &FileImage, aid: Option<&Aid>, pin_status: &[KeyReference]) {
        if let Some(aid) = aid {
            self.line(format_args!("aid = \"{}\"", hex::encode_upper(aid.as_bytes())));
            self.line(format_args!("fid = \"{:04X}\"", file.path.last().copied().unwrap_or_default()));
        }
        if file.identified == aid.is_some() {
            self.line(format_args!("show_fid = {}", file.identified));
        }
        if !pin_status.is_empty() {
            let keys: Vec<String> = pin_status.iter().map(|&key| format!("\"{}\"", show_key(key))).collect();
            self.line(format_args!("pin_status = [{}]", keys.join(", ")));
        }
    }

    fn elementary(&mut self, path: &FilePath, structure: Structure, size: usize, contents: &Contents) {
        let record = match structure {
            Structure::LinearFixed { record } | Structure::Cyclic { record } => Some(usize::from(record)),
            Structure::Transparent | Structure::BerTlv => None,
        };
        match structure {
            Structure::Transparent | Structure::LinearFixed { .. } => {}
            Structure::Cyclic { .. } => self.line(format_args!("structure = \"cyclic\"")),
            Structure::BerTlv => self.line(format_args!("structure = \"ber-tlv\"")),
        }
        match record {
            Some(record) => {
                self.line(format_args!("record_length = {record}"));
                self.line(format_args!("record_count = {}", size / record.max(1)));
            }
            None => self.line(format_args!("size = {size}")),
        }
        match contents {
            Contents::SharedWith(other) => {
                let other = self.path(other);
                self.line(format_args!("shared_with = \"{other}\""));
            }
            Contents::Octets(octets) if octets.iter().all(|&octet| octet == 0xFF) => {}
            Contents::Octets(octets) => {
                let mut whole = octets.clone();
                whole.resize(size, 0xFF);
                self.contents(path.name().unwrap_or_default(), record, octets, &whole);
            }
        }
    }

    /// In words if they say every octet, else in octets.
    fn contents(&mut self, name: &str, record: Option<usize>, given: &[u8], whole: &[u8]) {
        let first = record.and_then(|record| whole.split_at_checked(record));
        let alone = first.filter(|(_, rest)| rest.iter().all(|&octet| octet == 0xFF)).map(|(first, _)| first);
        let line = match (name, record) {
            ("EF.IMSI", None) => contents::read_imsi(whole).map(|imsi| format!("imsi = \"{imsi}\"")),
            ("EF.ICCID", None) => contents::read_iccid(whole).map(|iccid| format!("iccid = \"{iccid}\"")),
            ("EF.SPN", None) => contents::read_provider(whole).map(|(condition, name)| {
                format!("spn = {{ name = {}, condition = {condition} }}", string(&name))
            }),
            ("EF.MSISDN", Some(_)) => alone.and_then(contents::read_entry).and_then(|(name, number)| {
                (name.is_empty() && !number.is_empty()).then(|| format!("msisdn = {}", string(&number)))
            }),
            ("EF.SMSP", Some(_)) => alone
                .and_then(contents::read_sms_parameters)
                .map(|number| format!("service_centre = {}", string(&number))),
            ("EF.ADN", Some(record)) => phonebook(whole, record),
            _ => None,
        };
        match (line, record) {
            (Some(line), _) => self.line(format_args!("{line}")),
            (None, None) => {
                // The form says how many octets there are, so that these need not fill them.
                let text = if given.len() == whole.len() { show(given) } else { show(whole) };
                self.line(format_args!("contents = \"{text}\""));
            }
            (None, Some(record)) => {
                let records = show_records(whole, record);
                let lines: Vec<String> = records.iter().map(|record| format!("\"{record}\"")).collect();
                match &*lines {
                    [one] if one.len() < 80 => self.line(format_args!("records = [{one}]")),
                    lines => self.line(format_args!("records = [\n  {},\n]", lines.join(",\n  "))),
                }
            }
        }
    }

    fn security(&mut self, file: &FileImage) {
        match &file.security {
            SecurityAttributes::Referenced { arr, record } => {
                let comment = self
                    .rule(&file.path, *arr, *record)
                    .map_or_else(String::new, |words| format!("  # {words}"));
                self.line(format_args!("arr = \"{arr:04X}/{record}\"{comment}"));
            }
            SecurityAttributes::ReferencedBySe { arr, records } => {
                let records: Vec<String> =
                    records.iter().map(|(se, record)| format!("{se}:{record}")).collect();
                self.line(format_args!("arr = \"{arr:04X}/{}\"", records.join(" ")));
            }
            SecurityAttributes::Compact(rule) => {
                self.line(format_args!("compact = \"{}\"", hex::encode_upper(rule)));
            }
            SecurityAttributes::Expanded(rule) => {
                self.line(format_args!("expanded = \"{}\"", hex::encode_upper(rule)));
            }
        }
    }

    /// A rule of the nearest `EF_ARR` upwards, in words.
    fn rule(&self, path: &[u16], arr: u16, record: u8) -> Option<String> {
        let mut directory = path.split_last()?.1;
        let file = loop {
            let file =
                self.image.files.iter().find(
                    |file| matches!(&*file.path, [above @ .., fid] if above == directory && *fid == arr),
                );
            match file {
                Some(file) => break file,
                None => directory = directory.split_last()?.1,
            }
        };
        let FileKind::Elementary { structure: Structure::LinearFixed { record: length }, contents, .. } =
            &file.kind
        else {
            return None;
        };
        let Contents::Octets(octets) = contents else {
            let Contents::SharedWith(other) = contents else { return None };
            let (fid, above) = other.split_last()?;
            return (other != path && above != directory)
                .then(|| self.rule(&[above, &[*fid]].concat(), *fid, record))?;
        };
        let start = usize::from(*length) * usize::from(record.checked_sub(1)?);
        words(octets.get(start..)?.get(..(*length).into()).or_else(|| octets.get(start..))?)
    }
}

fn phonebook(whole: &[u8], record: usize) -> Option<String> {
    let mut entries = Vec::new();
    let mut next = 1;
    for (i, octets) in whole.chunks(record.max(1)).enumerate() {
        let (name, number) = contents::read_entry(octets)?;
        if name.is_empty() && number.is_empty() {
            continue;
        }
        let slot = if i + 1 == next { String::new() } else { format!("slot = {}, ", i + 1) };
        next = i + 2;
        entries.push(format!("  {{ {slot}name = {}, number = {} }},\n", string(&name), string(&number)));
    }
    Some(format!("phonebook = [\n{}]", entries.concat()))
}

/// As digits, if it is digits.
fn show_secret(value: [u8; 8]) -> String {
    let digits: String =
        value.iter().map(|&octet| char::from(octet)).take_while(char::is_ascii_digit).collect();
    let filled = value.iter().skip(digits.len()).all(|&octet| octet == 0xFF);
    if digits.len() >= 4 && filled { digits } else { hex::encode_upper(value) }
}
