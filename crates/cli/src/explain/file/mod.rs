//! Contents of files: TS 102 221 §13, TS 31.102 §4.2 and §4.4, TS 51.011 §10.

mod coding;
mod objects;
mod records;

use oxisim_card::AccessRule;
use oxisim_phonebook::{
    pbr::PhonebookReference,
    record::{AdnRecord, RecordId},
};
use oxisim_sms::file::{ServiceParameters, SmsStatus, StoredMessage, StoredReport};
use oxisim_wire::{Error, ErrorKind, Part, Parts, Reader, Show, Shown, Wire};

use super::{
    explained::{Explained, Line, shifted},
    kind::Kind,
};
use crate::image::FilePath;

use coding::{
    AccessClasses, Alpha, Application, Digits, Emergency, Gprs, Identity, Languages, Loci, Modes, Name,
    Networks, NetworksWithAccess, SimServices, UsimServices,
};

/// Fields of a content, and the octets that the encoder makes of it.
type Decoded = (Vec<(&'static str, Shown)>, Vec<u8>);

/// What the program knows of a file.
struct Known {
    /// Its names.
    names: &'static [&'static str],
    /// The clause that describes it.
    spec: &'static str,
    decode: fn(&[u8]) -> Result<Decoded, Error>,
}

/// Declares contents: names, clause, and the fields or the type that has them.
macro_rules! contents {
    ($($($name:literal)+ , $spec:literal, $ty:ty;)*) => {
        /// Every file that is explained.
        static FILES: &[Known] = &[$(
            Known { names: &[$($name),+], spec: $spec, decode: decode::<$ty> },
        )*];
    };
}

contents! {
    "EF.ICCID", "TS 102 221 §13.2", Digits;
    "EF.DIR", "TS 102 221 §13.1", Application;
    "EF.PL" "EF.LI", "TS 102 221 §13.3", Languages;
    "EF.LP", "TS 51.011 §10.3.1", records::LanguagePreference;
    "EF.ARR", "TS 102 221 §13.4", Rule;
    "EF.IMSI", "TS 31.102 §4.2.2", Identity;
    "EF.Keys" "EF.KeysPS", "TS 31.102 §4.2.3", coding::Keys;
    "EF.PLMNwAcT" "EF.OPLMNwAcT" "EF.HPLMNwAcT", "TS 31.102 §4.2.5", NetworksWithAccess;
    "EF.HPPLMN", "TS 31.102 §4.2.6", coding::SearchPeriod;
    "EF.UST", "TS 31.102 §4.2.8", UsimServices;
    "EF.SST", "TS 51.011 §10.3.7", SimServices;
    "EF.SPN", "TS 31.102 §4.2.12", Name;
    "EF.ACC", "TS 31.102 §4.2.15", AccessClasses;
    "EF.FPLMN" "EF.PLMNsel" "EF.EHPLMN", "TS 31.102 §4.2.16", Networks;
    "EF.LOCI", "TS 31.102 §4.2.17", Loci;
    "EF.PSLOCI" "EF.LOCIGPRS", "TS 31.102 §4.2.23", Gprs;
    "EF.AD", "TS 31.102 §4.2.18", Modes;
    "EF.ECC", "TS 31.102 §4.2.21", Emergency;
    "EF.MSISDN" "EF.ADN" "EF.FDN" "EF.SDN" "EF.LND" "EF.BDN" "EF.MBDN", "TS 31.102 §4.4.2.3", Entry;
    "EF.SMS", "TS 31.102 §4.2.25", StoredMessage;
    "EF.SMSP", "TS 31.102 §4.2.27", ServiceParameters;
    "EF.SMSS", "TS 31.102 §4.2.28", SmsStatus;
    "EF.SMSR", "TS 31.102 §4.2.32", StoredReport;
    "EF.PBR", "TS 31.102 §4.4.2.1", Phonebook;
    "EF.Kc" "EF.KcGPRS", "TS 51.011 §10.3.3", coding::CipheringKey;
    "EF.GID1" "EF.GID2", "TS 31.102 §4.2.10", coding::Group;
    "EF.EST", "TS 31.102 §4.2.47", coding::EnabledServices;
    "EF.IST", "TS 31.103 §4.2.7", coding::IsimServices;
    "EF.IMPI", "TS 31.103 §4.2.2", objects::PrivateIdentity;
    "EF.DOMAIN", "TS 31.103 §4.2.3", objects::HomeDomain;
    "EF.IMPU", "TS 31.103 §4.2.4", objects::PublicIdentity;
    "EF.P-CSCF", "TS 31.103 §4.2.8", objects::CallSessionControl;
    "EF.NAFKCA", "TS 31.102 §4.2.87", objects::KeyCentre;
    "EF.UMPC", "TS 102 221 §13.6", records::PowerConsumption;
    "EF.CBMI" "EF.CBMID", "TS 31.102 §4.2.14", records::MessageIdentifiers;
    "EF.PUCT", "TS 31.102 §4.2.13", records::Price;
    "EF.eMLPP", "TS 31.102 §4.2.39", records::Precedence;
    "EF.AAeM", "TS 31.102 §4.2.40", records::AutomaticAnswer;
    "EF.START-HFN", "TS 31.102 §4.2.51", records::HyperframeNumbers;
    "EF.THRESHOLD", "TS 31.102 §4.2.52", records::Threshold;
    "EF.PNN", "TS 31.102 §4.2.58", objects::NetworkName;
    "EF.OPL", "TS 31.102 §4.2.59", records::OperatorName;
    "EF.OPL5G", "TS 31.102 §4.4.11.9", records::OperatorName5g;
    "EF.MBI", "TS 31.102 §4.2.62", records::Mailboxes;
    "EF.MWIS", "TS 31.102 §4.2.63", records::MessagesWaiting;
    "EF.CFIS", "TS 31.102 §4.2.64", records::CallForwarding;
    "EF.SPDI", "TS 31.102 §4.2.66", objects::DisplayInformation;
    "EF.VGCS" "EF.VBS", "TS 51.011 §10.3.20", records::GroupIdentifiers;
    "EF.VGCSS" "EF.VBSS", "TS 51.011 §10.3.21", records::GroupStatus;
    "EF.EHPLMNPI", "TS 31.102 §4.2.85", records::HomeNetworkPresentation;
    "EF.EPSLOCI", "TS 31.102 §4.2.91", records::EpsLocation;
    "EF.PWS", "TS 31.102 §4.2.96", records::PublicWarning;
    "EF.ePDGId" "EF.ePDGIdEm", "TS 31.102 §4.2.102", objects::DataGateway;
    "EF.ePDGSelection" "EF.ePDGSelectionEm", "TS 31.102 §4.2.104", objects::GatewaySelection;
    "EF.EARFCNList", "TS 31.102 §4.2.112", objects::Frequencies;
    "EF.ACSGL", "TS 31.102 §4.4.6.2", objects::ClosedGroups;
    "EF.CSGT" "EF.OCSGT", "TS 31.102 §4.4.6.3", objects::GroupType;
    "EF.OCSGL", "TS 31.102 §4.4.6.5", objects::ClosedGroups;
    "EF.Phase", "TS 51.011 §10.3.16", records::SimPhase;
    "EF.AAS" "EF.GAS" "EF.SNE", "TS 31.102 §4.4.2", Alpha;
}

/// Names of the files that are explained.
pub fn known() -> impl Iterator<Item = &'static str> {
    FILES.iter().flat_map(|known| known.names.iter().copied())
}

/// The file that a name, an identifier or a path means.
pub fn name(text: &str) -> Result<&'static str, String> {
    let last = text.rsplit('/').next().unwrap_or(text);
    let path = FilePath::parse(text).ok();
    let by_path = path.as_ref().and_then(FilePath::name);
    let anywhere = || {
        let parents = [
            "3F00",
            "ADF.USIM",
            "3F00/7F20",
            "3F00/7F10",
            "3F00/7F10/5F3A",
            "ADF.USIM/5F3A",
            "ADF.USIM/5F3B",
            "ADF.USIM/5F50",
            "ADF.ISIM",
        ];
        parents.iter().find_map(|parent| FilePath::parse(&format!("{parent}/{last}")).ok()?.name())
    };
    let wanted = by_path.or_else(anywhere).unwrap_or(last);
    let wanted = wanted.strip_prefix("EF.").unwrap_or(wanted);
    let is_wanted =
        |name: &&str| name.strip_prefix("EF.").is_some_and(|known| known.eq_ignore_ascii_case(wanted));
    known().find(is_wanted).ok_or_else(|| {
        let known: Vec<&str> = known().collect();
        format!("of {text} nothing is known here; there are {}", known.join(", "))
    })
}

/// The file whose contents begin as these octets do.
pub fn by_contents(octets: &[u8]) -> Option<&'static str> {
    match octets {
        [0x61, _, 0x4F, ..] => Some("EF.DIR"),
        [0xA8..=0xAA, _, 0xC0..=0xCC, ..] => Some("EF.PBR"),
        _ => None,
    }
}

/// The contents of a file, or a record of it.
pub fn explain(name: Option<&str>, octets: &[u8], at: usize) -> Result<Explained, Error> {
    let name = name.or_else(|| by_contents(octets));
    let found = name.and_then(|name| FILES.iter().find(|known| known.names.contains(&name)));
    let (Some(known), Some(name)) = (found, name) else {
        return Err(Error::new("name of the file, --file", at, ErrorKind::Missing));
    };
    let (fields, reencoded) = (known.decode)(octets).map_err(|error| shifted(error, at))?;
    let line = |(field, value): (&str, Shown)| Line {
        at: None,
        field: field.replace('_', " "),
        name: None,
        tag: None,
        spec: Some(known.spec),
        value,
        inside: None,
    };
    Ok(Explained {
        kind: Kind::File,
        name: name.into(),
        spec: Some(known.spec.into()),
        fields: fields.into_iter().map(line).collect(),
        reencoded,
    })
}

fn decode<T: Wire + Show>(octets: &[u8]) -> Result<Decoded, Error> {
    let contents = T::decode(octets, "contents of the file")?;
    let fields = match contents.show() {
        Shown::Fields(fields) => fields,
        other => vec![("value", other)],
    };
    Ok((fields, contents.encode()))
}

/// A record of `EF_ARR`.
struct Rule(AccessRule);

impl Wire for Rule {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        AccessRule::read(r).map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Show for Rule {
    fn show(&self) -> Shown {
        Shown::Fields(self.0.parts().into_iter().map(|Part { name, value, .. }| (name, value)).collect())
    }
}

/// A record of `EF_ADN` or of a file of that layout; nothing in a free one.
struct Entry(Option<AdnRecord>, usize);

impl Wire for Entry {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let octets = r.rest();
        AdnRecord::decode(octets).map(|record| Self(record, octets.len()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        let encoded = self.0.as_ref().and_then(|record| record.encode(self.1).ok());
        out.extend(encoded.unwrap_or_else(|| vec![0xFF; self.1]));
    }
}

impl Show for Entry {
    fn show(&self) -> Shown {
        let Some(record) = &self.0 else { return Shown::Fields(vec![("free", true.show())]) };
        let number = record.number.as_ref();
        Shown::Fields(vec![
            ("alpha_identifier", record.alpha.text().show()),
            ("type_of_number", number.map(oxisim_phonebook::DiallingNumber::ton_npi).show()),
            ("dialling_number", number.map(ToString::to_string).show()),
            ("capability_record", record.capability.map(RecordId::number).show()),
            ("extension_record", record.extension.map(RecordId::number).show()),
        ])
    }
}

/// A record of `EF_PBR`.
struct Phonebook(PhonebookReference, usize);

impl Wire for Phonebook {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let octets = r.rest();
        PhonebookReference::decode(octets).map(|reference| Self(reference, octets.len()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.0.encode(self.1).unwrap_or_default());
    }
}

impl Show for Phonebook {
    fn show(&self) -> Shown {
        let files = self.0.0.iter().map(|file| {
            Shown::Fields(vec![
                ("file", file.file.show()),
                ("link", file.link.show()),
                ("file_identifier", file.fid.to_be_bytes().show()),
                ("short_file_identifier", file.sfi.map(|sfi| [sfi]).show()),
            ])
        });
        Shown::Fields(vec![("files", Shown::List(files.collect()))])
    }
}
