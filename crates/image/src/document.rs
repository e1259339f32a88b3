//! The form of a card's file: what TOML it is.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use toml::Spanned;

use crate::applets::AppletForms;

/// A card.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The answer to reset, in hexadecimal.
    pub atr: Spanned<String>,
    /// Which commands it understands.
    #[serde(default)]
    pub platform: PlatformName,
    /// Title of the menu of the toolkit applets.
    pub menu_title: Option<Spanned<String>>,
    /// Octets of non-volatile memory.
    pub memory: Option<Spanned<usize>>,
    /// PINs and administrative keys.
    #[serde(default)]
    pub pins: Vec<PinForm>,
    /// Subscribers' keys.
    #[serde(default)]
    pub authentication: Vec<AuthenticationForm>,
    /// Key sets for packets over the air.
    #[serde(default)]
    pub keys: Vec<KeySetForm>,
    /// What the card's own applications ask of packets over the air, and may do.
    pub remote: Option<RemoteForm>,
    /// Applets to install.
    #[serde(default)]
    pub applets: AppletForms,
    /// The MF, DFs and ADFs by path.
    #[serde(default)]
    pub directories: Entries<DirectoryForm>,
    /// EFs by path.
    #[serde(default)]
    pub files: Entries<FileForm>,
}

/// Which commands a card understands.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformName {
    #[default]
    UiccWithSim,
    Uicc,
    Sim,
}

/// A PIN or an administrative key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinForm {
    /// `pin1`, `pin2`, `adm1`, or the key reference in hexadecimal.
    pub key: Spanned<String>,
    /// Where it counts; the whole card if it is not said.
    pub directory: Option<Spanned<String>>,
    /// 4 to 8 digits, or 16 hexadecimal ones.
    pub value: Spanned<String>,
    /// Whether it must be verified.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Tries after a right one; three if it is not said.
    pub max_tries: Option<Spanned<u8>>,
    /// Tries that are left; all of them if it is not said.
    pub tries: Option<Spanned<u8>>,
    /// The UNBLOCK PIN, 8 digits or 16 hexadecimal ones.
    pub puk: Option<Spanned<String>>,
    /// Tries of the UNBLOCK PIN after a right one; ten if it is not said.
    pub puk_max_tries: Option<Spanned<u8>>,
    /// Tries of the UNBLOCK PIN that are left; all of them if it is not said.
    pub puk_tries: Option<Spanned<u8>>,
}

const fn yes() -> bool {
    true
}

/// A subscriber's key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthenticationForm {
    /// The ADF that authenticates with it, or `DF_GSM`.
    pub directory: Spanned<String>,
    /// The algorithm.
    pub algorithm: Spanned<AlgorithmName>,
    /// K, or Ki of GSM.
    pub k: Spanned<String>,
    /// The operator's OP, or TOP of TUAK.
    pub op: Option<Spanned<String>>,
    /// `OPc`, or `TOPc` of TUAK.
    pub opc: Option<Spanned<String>>,
    /// TUAK: iterations of Keccak.
    pub iterations: Option<Spanned<u8>>,
    /// TUAK: bits of MAC and MAC-S.
    pub mac_bits: Option<Spanned<u16>>,
    /// TUAK and the test algorithm: bits of RES.
    pub res_bits: Option<Spanned<u16>>,
    /// TUAK: bits of CK.
    pub ck_bits: Option<Spanned<u16>>,
    /// TUAK: bits of IK.
    pub ik_bits: Option<Spanned<u16>>,
    /// Bits of IND: the low end of a sequence number, for which numbers are kept apart.
    pub ind_bits: Option<Spanned<u8>>,
    /// How far a sequence number may jump.
    pub delta: Option<Spanned<u64>>,
    /// How far a sequence number may lie behind the highest; as far as it likes if it is not said.
    pub age_limit: Option<Spanned<u64>>,
    /// The sequence numbers that were accepted last, one at most for each IND.
    pub sqn: Option<Spanned<Vec<Spanned<String>>>>,
}

/// A key set for packets over the air.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySetForm {
    /// Its number, 1 to 15.
    pub version: Spanned<u8>,
    /// What the keys are for.
    pub algorithm: Spanned<KeyTypeName>,
    /// The key that ciphers.
    pub kic: Spanned<String>,
    /// The key of the checksum.
    pub kid: Spanned<String>,
    /// The key that encrypts new keys; without it none can be put.
    pub kik: Option<Spanned<String>>,
    /// The last counter that was accepted; zero if it is not said.
    pub counter: Option<Spanned<u64>>,
}

/// What the keys of a key set are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyTypeName {
    /// DES with keys of 8 octets, triple DES with 16 or 24.
    Des,
    /// AES with keys of 16, 24 or 32 octets.
    Aes,
}

/// What the card's own applications ask of packets over the air, and may do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteForm {
    /// The minimum security level, as the first octet of the SPI.
    pub security: Option<Spanned<String>>,
    /// Which files their scripts may touch: `full`, `none`, or what the keys that are named here may.
    pub access: Option<Spanned<String>>,
    /// Which packets get a receipt in a message of the card's own.
    pub submit: Option<SubmitName>,
}

/// Which packets get a receipt in a message of the card's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmitName {
    /// Those that are accepted and have a checksum.
    Accepted,
    /// Each one that asks for it.
    Always,
}

/// An algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlgorithmName {
    /// TS 35.206.
    Milenage,
    /// TS 35.231.
    Tuak,
    /// TS 34.108 §8.1.2.
    Xor,
    /// TS 51.010-1 §A4.1.2.
    #[serde(rename = "xor-2g")]
    GsmXor,
    /// COMP128-1.
    #[serde(rename = "comp128-1")]
    Comp128v1,
    /// COMP128-2.
    #[serde(rename = "comp128-2")]
    Comp128v2,
    /// COMP128-3.
    #[serde(rename = "comp128-3")]
    Comp128v3,
}

/// The MF, a DF or an ADF.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryForm {
    /// The application's AID, in hexadecimal.
    pub aid: Option<Spanned<String>>,
    /// The file identifier of an ADF.
    pub fid: Option<Spanned<String>>,
    /// Whether SELECT shows the file identifier.
    pub show_fid: Option<bool>,
    /// The keys whose state SELECT tells.
    #[serde(default)]
    pub pin_status: Vec<Spanned<String>>,
    /// Access rule: a record of `EF_ARR`.
    pub arr: Option<Spanned<String>>,
    /// Access rule in compact format.
    pub compact: Option<Spanned<String>>,
    /// Access rule in expanded format.
    pub expanded: Option<Spanned<String>>,
    /// Life cycle status.
    pub life_cycle: Option<LifeCycleName>,
    /// Whether several logical channels may select it at once.
    #[serde(default = "yes")]
    pub shareable: bool,
    /// Proprietary information of the FCP.
    pub proprietary: Option<Spanned<String>>,
    /// What SELECT of GSM says where that cannot be told from the rest.
    pub header: Option<Spanned<String>>,
}

/// An EF.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileForm {
    /// Organisation; if it is not said, linear with a record length and transparent without.
    pub structure: Option<Spanned<StructureName>>,
    /// Octets of the file.
    pub size: Option<Spanned<usize>>,
    /// Octets of a record.
    pub record_length: Option<Spanned<usize>>,
    /// Number of records.
    pub record_count: Option<Spanned<usize>>,
    /// Short file identifier, 1 to 30; `none` or `implied`.
    pub sfi: Option<Spanned<SfiForm>>,
    /// Access rule: a record of `EF_ARR`.
    pub arr: Option<Spanned<String>>,
    /// Access rule in compact format.
    pub compact: Option<Spanned<String>>,
    /// Access rule in expanded format.
    pub expanded: Option<Spanned<String>>,
    /// Who may read and search.
    pub read: Option<Spanned<String>>,
    /// Who may update.
    pub update: Option<Spanned<String>>,
    /// Who may increase.
    pub increase: Option<Spanned<String>>,
    /// Who may deactivate.
    pub deactivate: Option<Spanned<String>>,
    /// Who may activate.
    pub activate: Option<Spanned<String>>,
    /// Life cycle status.
    pub life_cycle: Option<LifeCycleName>,
    /// Whether several logical channels may select it at once.
    #[serde(default = "yes")]
    pub shareable: bool,
    /// Proprietary information of the FCP.
    pub proprietary: Option<Spanned<String>>,
    /// What SELECT of GSM says where that cannot be told from the rest.
    pub header: Option<Spanned<String>>,
    /// Contents: octets of the whole file.
    pub contents: Option<Spanned<String>>,
    /// Contents: octets of each record.
    pub records: Option<Spanned<Vec<Spanned<String>>>>,
    /// Contents: those of another file.
    pub shared_with: Option<Spanned<String>>,
    /// Contents: an IMSI.
    pub imsi: Option<Spanned<String>>,
    /// Contents: an ICC identification.
    pub iccid: Option<Spanned<String>>,
    /// Contents: a service provider name.
    pub spn: Option<Spanned<ProviderForm>>,
    /// Contents: names and numbers.
    pub phonebook: Option<Spanned<Vec<Spanned<EntryForm>>>>,
    /// Contents: the subscriber's number.
    pub msisdn: Option<Spanned<String>>,
    /// Contents: the service centre's number.
    pub service_centre: Option<Spanned<String>>,
}

/// A service provider name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderForm {
    /// The name.
    pub name: String,
    /// Display condition.
    pub condition: u8,
}

/// An entry of a phonebook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryForm {
    /// The record, from 1; the one after the entry before if it is not said.
    pub slot: Option<usize>,
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The number.
    #[serde(default)]
    pub number: String,
}

/// How an EF is organised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StructureName {
    Transparent,
    Linear,
    Cyclic,
    BerTlv,
}

/// Life cycle status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifeCycleName {
    Activated,
    Deactivated,
    Terminated,
    Unknown,
    Creation,
    Initialisation,
}

/// A short file identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SfiForm {
    /// This one.
    Is(u8),
    /// None.
    None,
    /// The one that follows from the file identifier.
    Implied,
}

impl<'de> Deserialize<'de> for SfiForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sfi;
        impl Visitor<'_> for Sfi {
            type Value = SfiForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("1 to 30, \"none\" or \"implied\"")
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<SfiForm, E> {
                let sfi = u8::try_from(value).ok().filter(|sfi| (1..=30).contains(sfi));
                sfi.map(SfiForm::Is)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<SfiForm, E> {
                match value {
                    "none" => Ok(SfiForm::None),
                    "implied" => Ok(SfiForm::Implied),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(Sfi)
    }
}

/// Tables by path, in the order of the text.
#[derive(Debug)]
pub struct Entries<T>(pub Vec<(Spanned<String>, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tables<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Tables<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tables by path")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries: Vec<(Spanned<String>, T)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                entries.sort_by_key(|(path, _)| path.span().start);
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Tables(PhantomData))
    }
}
