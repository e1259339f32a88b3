//! How the contents of files are coded.

use oxisim_card::ServiceTable;
use oxisim_sms::AlphaIdentifier;
use oxisim_toolkit::objects::{Plmn, PlmnWithAccess};
use oxisim_wire::{Error, ErrorKind, Reader, Show, Shown, Wire, bcd, tlv};

/// Declares contents: fields in the order of their octets.
macro_rules! record {
    ($($(#[$meta:meta])* $name:ident { $($field:ident: $ty:ty,)* })*) => {$(
        $(#[$meta])*
        pub struct $name { $($field: $ty,)* }

        impl Wire for $name {
            fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                Ok(Self { $($field: <$ty>::read(r)
                    .map_err(|error| Error { what: stringify!($field), ..error })?,)* })
            }

            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)*
            }
        }

        impl Show for $name {
            fn show(&self) -> Shown {
                Shown::Fields(vec![$((stringify!($field), self.$field.show()),)*])
            }
        }
    )*};
}
pub(super) use record;

record! {
    /// `EF_LOCI`.
    Loci { tmsi: [u8; 4], network: Plmn, location_area: [u8; 2], tmsi_time: u8, status: UpdateStatus, }
    /// `EF_PSLOCI`, and `EF_LOCIGPRS` of TS 51.011 §10.3.33.
    Gprs {
        p_tmsi: [u8; 4], p_tmsi_signature: [u8; 3], network: Plmn, location_area: [u8; 2], routing_area: [u8; 1],
        status: UpdateStatus,
    }
    /// `EF_Keys`.
    Keys { key_set: KeySet, ciphering_key: [u8; 16], integrity_key: [u8; 16], }
    /// `EF_Kc`.
    CipheringKey { kc: [u8; 8], sequence_number: KeySet, }
    /// `EF_SPN`.
    Name { display_condition: Condition, provider: Alpha, }
    /// `EF_AD`.
    Modes { mode: OperationMode, additional_information: [u8; 2], mnc_length: Option<u8>, further: Vec<u8>, }
    /// `EF_HPPLMN`.
    SearchPeriod { units_of_6_minutes: u8, }
    /// `EF_GID1`.
    Group { identifier: Vec<u8>, }
}

oxisim_wire::codes! {
    /// Location update status (TS 31.102 §4.2.17).
    pub struct UpdateStatus(u8) {
        UPDATED = 0x00, NOT_UPDATED = 0x01, PLMN_NOT_ALLOWED = 0x02, LOCATION_AREA_NOT_ALLOWED = 0x03,
    }
}

oxisim_wire::codes! {
    /// Key set identifier; 7 says that no key is available (TS 31.102 §4.2.3).
    pub struct KeySet(u8) { NO_KEY = 0x07, }
}

oxisim_wire::codes! {
    /// Display condition of the service provider's name (TS 31.102 §4.2.12).
    pub struct Condition(u8) {
        PLMN_NAME_NOT_REQUIRED = 0x00, PLMN_NAME_REQUIRED = 0x01, NAME_ABROAD_NOT_REQUIRED = 0x02,
        PLMN_NAME_REQUIRED_NAME_ABROAD_NOT_REQUIRED = 0x03,
    }
}

oxisim_wire::codes! {
    /// Mode of operation of the terminal (TS 31.102 §4.2.18).
    pub struct OperationMode(u8) {
        NORMAL = 0x00, NORMAL_AND_SPECIFIC_FACILITIES = 0x01, MAINTENANCE_OFF_LINE = 0x02,
        MAINTENANCE_OFF_LINE_AND_SPECIFIC_FACILITIES = 0x03, CELL_TEST = 0x04, TYPE_APPROVAL = 0x80,
        TYPE_APPROVAL_AND_SPECIFIC_FACILITIES = 0x81,
    }
}

/// Declares contents that keep octets, as they say what their reader wants to know.
macro_rules! octets {
    ($($(#[$meta:meta])* $name:ident $show:ident;)*) => {$(
        $(#[$meta])*
        pub struct $name(Vec<u8>);

        impl Wire for $name {
            fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                Ok(Self(r.rest().to_vec()))
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend(&self.0);
            }
        }

        impl Show for $name {
            fn show(&self) -> Shown {
                $show(&self.0)
            }
        }
    )*};
}

octets! {
    /// An alpha field.
    Alpha alpha;
    /// Digits as semi-octets.
    Digits digits;
    /// Services of a USIM, a bit each.
    UsimServices usim_services;
    /// Services of a SIM, two bits each.
    SimServices sim_services;
    /// Services of an ISIM, a bit each.
    IsimServices isim_services;
    /// Services of a USIM that are enabled, a bit each.
    EnabledServices enabled_services;
}

fn alpha(octets: &[u8]) -> Shown {
    Shown::Text(AlphaIdentifier::from_field(octets).text())
}

fn digits(octets: &[u8]) -> Shown {
    let digits: String = bcd::unpack(octets).iter().map(|&half| semi_octet(half)).collect();
    Shown::Fields(vec![("digits", Shown::Text(digits))])
}

/// A semi-octet as a hexadecimal digit.
pub(super) fn semi_octet(half: u8) -> char {
    char::from_digit(half.into(), 16).unwrap_or('?').to_ascii_uppercase()
}

fn usim_services(octets: &[u8]) -> Shown {
    available(ServiceTable::USIM, octets)
}

fn isim_services(octets: &[u8]) -> Shown {
    available(ServiceTable::ISIM, octets)
}

fn enabled_services(octets: &[u8]) -> Shown {
    available(ServiceTable::ENABLED, octets)
}

fn available(table: ServiceTable, octets: &[u8]) -> Shown {
    Shown::Fields(vec![("services", services(table, octets, |bits| bits == 1))])
}

fn sim_services(octets: &[u8]) -> Shown {
    Shown::Fields(vec![
        ("allocated_and_activated", services(ServiceTable::SIM, octets, |bits| bits == 3)),
        ("allocated_only", services(ServiceTable::SIM, octets, |bits| bits == 1)),
    ])
}

/// The services whose bits are so, with their names; they count from 1.
fn services(table: ServiceTable, octets: &[u8], is_so: impl Fn(u8) -> bool) -> Shown {
    let places = 8 / usize::from(table.bits.max(1));
    let bits = |n: usize| {
        let octet = octets.get(n / places).copied().unwrap_or_default();
        octet >> (n % places * usize::from(table.bits)) & ((1 << table.bits) - 1)
    };
    let named = |n: usize| {
        let name = table.name(n + 1).unwrap_or("reserved");
        Shown::Fields(vec![("value", Shown::Number(n as u64 + 1)), ("meaning", name.show())])
    };
    Shown::List((0..octets.len() * places).filter(|&n| is_so(bits(n))).map(named).collect())
}

/// Declares a list that fills the contents.
macro_rules! list {
    ($(#[$meta:meta])* $name:ident $item:ty) => {
        $(#[$meta])*
        pub struct $name(Vec<$item>);

        impl Wire for $name {
            fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                let mut items = Vec::new();
                while !r.is_empty() {
                    items.push(<$item>::read(r)?);
                }
                Ok(Self(items))
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.0.iter().for_each(|item| item.write(out));
            }
        }

        impl Show for $name {
            fn show(&self) -> Shown {
                Shown::List(self.0.iter().map(Show::show).collect())
            }
        }
    };
}

list! {
    /// Networks, one after the other.
    Networks Plmn
}
list! {
    /// Networks with access technologies.
    NetworksWithAccess PlmnWithAccess
}
list! {
    /// Languages (TS 102 221 §13.3): two letters each.
    Languages LanguageCode
}

/// A language of ISO 639-1.
pub struct LanguageCode([u8; 2]);

impl Wire for LanguageCode {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.array("language").map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.0);
    }
}

impl Show for LanguageCode {
    fn show(&self) -> Shown {
        match self.0 {
            [0xFF, 0xFF] => Shown::Nothing,
            letters => Shown::Text(letters.map(char::from).iter().collect()),
        }
    }
}

/// `EF_IMSI`: length, parity, digits, and what is left.
pub struct Identity {
    length: u8,
    halves: Vec<u8>,
    unused: Vec<u8>,
}

impl Wire for Identity {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let at = r.clone();
        let length = r.u8("length of IMSI")?;
        if length > 8 && length != 0xFF {
            return Err(at.error("length of IMSI", ErrorKind::TooLong { length: length.into(), limit: 8 }));
        }
        let used = if length == 0xFF { 0 } else { length };
        let halves = r.take(used.into(), "IMSI")?.iter().flat_map(|&octet| bcd::halves(octet)).collect();
        Ok(Self { length, halves, unused: r.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.length);
        out.extend(bcd::pack(&self.halves));
        out.extend(&self.unused);
    }
}

impl Show for Identity {
    fn show(&self) -> Shown {
        let digits = self.halves.iter().skip(1).take_while(|&&half| half != 0x0F);
        let parity = self.halves.first().map(|half| if half & 0x08 == 0 { "even" } else { "odd" });
        Shown::Fields(vec![
            ("length", self.length.show()),
            ("parity", parity.map_or(Shown::Nothing, Show::show)),
            ("digits", Shown::Text(digits.map(|&half| semi_octet(half)).collect())),
        ])
    }
}

/// `EF_ACC`: a bit a class.
pub struct AccessClasses([u8; 2]);

impl Wire for AccessClasses {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.array("access control classes").map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.0);
    }
}

impl Show for AccessClasses {
    fn show(&self) -> Shown {
        let bits = u16::from_be_bytes(self.0);
        let classes = (0..16_u8).filter(|class| bits >> class & 1 == 1).map(|class| class.show());
        Shown::Fields(vec![("classes", Shown::List(classes.collect()))])
    }
}

/// A record of `EF_ECC`: digits, name, service category. The `EF_ECC` of TS 51.011 has the digits alone.
pub struct Emergency {
    code: [u8; 3],
    name: Vec<u8>,
    category: Option<u8>,
}

impl Wire for Emergency {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let code = r.array("emergency call code")?;
        let rest = r.rest();
        let (name, category) = match rest.split_last() {
            Some((category, name)) => (name.to_vec(), Some(*category)),
            None => (Vec::new(), None),
        };
        Ok(Self { code, name, category })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.code);
        out.extend(&self.name);
        out.extend(self.category);
    }
}

impl Show for Emergency {
    fn show(&self) -> Shown {
        const NAMES: [&str; 7] = [
            "police",
            "ambulance",
            "fire brigade",
            "marine guard",
            "mountain rescue",
            "manual eCall",
            "automatic eCall",
        ];
        let category = self.category.map(|category| {
            let set = NAMES.iter().enumerate().filter(|(bit, _)| category >> bit & 1 == 1);
            Shown::List(set.map(|(_, name)| name.show()).collect())
        });
        Shown::Fields(vec![
            ("code", Shown::Text(bcd::to_dialling(&bcd::unpack(&self.code)))),
            ("name", alpha(&self.name)),
            ("service_category", category.unwrap_or(Shown::Nothing)),
        ])
    }
}

/// A record of `EF_DIR`: the template of an application.
pub struct Application {
    objects: Vec<(u8, Vec<u8>)>,
    unused: Vec<u8>,
}

impl Wire for Application {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        const WHAT: &str = "application template";
        let mut objects = Vec::new();
        if r.peek().is_some_and(|tag| tag != 0xFF) {
            let mut template = tlv::Tlv::expect(r, 0x61, WHAT)?;
            while !template.is_empty() {
                let tlv::Tlv { tag, mut value } = tlv::Tlv::read(&mut template, WHAT)?;
                objects.push((tag, value.rest().to_vec()));
            }
        }
        Ok(Self { objects, unused: r.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        if !self.objects.is_empty() {
            tlv::write_tlv(0x61, out, |out| {
                for (tag, value) in &self.objects {
                    tlv::write_tlv(*tag, out, |out| out.extend(value));
                }
            });
        }
        out.extend(&self.unused);
    }
}

impl Show for Application {
    fn show(&self) -> Shown {
        let field = |(tag, value): &(u8, Vec<u8>)| match tag {
            0x4F => ("application_identifier", value.show()),
            0x50 => ("application_label", Shown::Text(String::from_utf8_lossy(value).into_owned())),
            0x73 => ("discretionary_template", value.show()),
            _ => ("another_object", value.show()),
        };
        Shown::Fields(self.objects.iter().map(field).collect())
    }
}
