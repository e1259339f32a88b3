//! Contents of files that are made of BER-TLV objects.

use std::net::{Ipv4Addr, Ipv6Addr};

use oxisim_sms::{AlphaIdentifier, alphabet};
use oxisim_toolkit::objects::Plmn;
use oxisim_wire::{Error, ErrorKind, Reader, Show, Shown, Wire, tlv};

/// Declares contents: each object by its tag, with its name and the function that shows it.
macro_rules! objects {
    ($($(#[$meta:meta])* $name:ident { $($tag:literal $text:literal $show:path,)* })*) => {$(
        $(#[$meta])*
        pub struct $name(Objects);

        impl Wire for $name {
            fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                Objects::read(r).map(Self)
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }
        }

        impl Show for $name {
            fn show(&self) -> Shown {
                let known = |tag: u8, value: &[u8]| match tag {
                    $($tag => ($text, $show(value)),)*
                    _ => ("another_object", value.show()),
                };
                self.0.show(known)
            }
        }
    )*};
}

objects! {
    /// `EF_IMPI`.
    PrivateIdentity { 0x80 "network_access_identifier" text, }
    /// `EF_IMPU`.
    PublicIdentity { 0x80 "uniform_resource_identifier" text, }
    /// `EF_DOMAIN`.
    HomeDomain { 0x80 "uniform_resource_identifier" text, }
    /// `EF_NAFKCA`.
    KeyCentre { 0x80 "address_of_the_NAF_key_centre" text, }
    /// A record of `EF_PCSCF`.
    CallSessionControl { 0x80 "address_of_the_P_CSCF" address, }
    /// `EF_ePDGId` and `EF_ePDGIdEm`.
    DataGateway { 0x80 "address_of_the_ePDG" address, }
    /// `EF_ePDGSelection` and `EF_ePDGSelectionEm`.
    GatewaySelection { 0x80 "gateways" gateways, }
    /// A record of `EF_ACSGL` or `EF_OCSGL`.
    ClosedGroups { 0xA0 "closed_subscriber_groups" nested::<ClosedGroup>, }
    /// A network and its closed subscriber groups.
    ClosedGroup {
        0x80 "plmn" network, 0x81 "group" group, 0x82 "display_indicator" display,
    }
    /// A record of `EF_CSGT` or `EF_OCSGT`.
    GroupType { 0x89 "text" alpha, 0x80 "graphics" text, }
    /// `EF_EARFCNList`.
    Frequencies { 0xA0 "frequency_list" nested::<Frequency>, }
    /// A frequency, and where it is used.
    Frequency { 0x80 "EARFCN" number, 0x81 "area" points, }
    /// A record of `EF_PNN`.
    NetworkName { 0x43 "full_name" name, 0x45 "short_name" name, 0x80 "additional_information" octets, }
    /// `EF_SPDI`.
    DisplayInformation { 0xA3 "display_information" nested::<DisplayNetworks>, }
    /// Networks in which the service provider's name is shown.
    DisplayNetworks { 0x80 "networks" networks, }
}

/// Objects, and the octets that fill the file up behind them.
struct Objects {
    objects: Vec<(u8, Vec<u8>)>,
    filling: Vec<u8>,
}

impl Objects {
    fn show(&self, known: impl Fn(u8, &[u8]) -> (&'static str, Shown)) -> Shown {
        let mut fields: Vec<(&'static str, Shown)> = Vec::new();
        for (tag, value) in &self.objects {
            let (name, shown) = known(*tag, value);
            match fields.iter_mut().find(|(other, _)| *other == name) {
                // An object that stands there again.
                Some((_, Shown::List(shown_before))) => shown_before.push(shown),
                Some((_, before)) => *before = Shown::List(vec![before.clone(), shown]),
                None => fields.push((name, shown)),
            }
        }
        if fields.is_empty() {
            fields.push(("free", true.show()));
        }
        Shown::Fields(fields)
    }
}

impl Wire for Objects {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut objects = Vec::new();
        while r.peek().is_some_and(|tag| tag != 0xFF && tag != 0x00) {
            let tlv::Tlv { tag, mut value } = tlv::Tlv::read(r, "object of the file")?;
            objects.push((tag, value.rest().to_vec()));
        }
        let end = r.clone();
        let filling = r.rest().to_vec();
        if filling.iter().any(|&octet| octet != 0xFF && octet != 0x00) {
            return Err(end.error("object of the file", ErrorKind::Trailing(filling.len())));
        }
        Ok(Self { objects, filling })
    }

    fn write(&self, out: &mut Vec<u8>) {
        for (tag, value) in &self.objects {
            tlv::write_tlv(*tag, out, |out| out.extend(value));
        }
        out.extend(&self.filling);
    }
}

fn nested<T: Wire + Show>(value: &[u8]) -> Shown {
    T::decode(value, "object of the file").map_or_else(|_| value.show(), |inner| inner.show())
}

fn octets(value: &[u8]) -> Shown {
    value.show()
}

fn text(value: &[u8]) -> Shown {
    Shown::Text(String::from_utf8_lossy(value).into_owned())
}

fn alpha(value: &[u8]) -> Shown {
    Shown::Text(AlphaIdentifier::from_field(value).text())
}

fn number(value: &[u8]) -> Shown {
    match value.len() {
        1..=8 => Shown::Number(value.iter().fold(0, |number, &octet| number << 8 | u64::from(octet))),
        _ => value.show(),
    }
}

/// Type of address and address (TS 31.103 §4.2.8, TS 31.102 §4.2.102).
fn address(value: &[u8]) -> Shown {
    let shown = match value {
        [0x00, name @ ..] => text(name),
        [0x01, v4 @ ..] => <[u8; 4]>::try_from(v4)
            .map_or_else(|_| v4.show(), |octets| Shown::Text(Ipv4Addr::from(octets).to_string())),
        [0x02, v6 @ ..] => <[u8; 16]>::try_from(v6)
            .map_or_else(|_| v6.show(), |octets| Shown::Text(Ipv6Addr::from(octets).to_string())),
        _ => return value.show(),
    };
    let kind = value.first().and_then(|kind| ["FQDN", "IPv4", "IPv6"].get(usize::from(*kind)));
    Shown::Fields(vec![("kind", kind.copied().map_or(Shown::Nothing, Show::show)), ("address", shown)])
}

fn network(value: &[u8]) -> Shown {
    <[u8; 3]>::try_from(value).map_or_else(|_| value.show(), |octets| Plmn(octets).show())
}

fn networks(value: &[u8]) -> Shown {
    match value.as_chunks::<3>() {
        (networks, []) => Shown::List(networks.iter().map(|octets| Plmn(*octets).show()).collect()),
        _ => value.show(),
    }
}

/// Network, priority and kind of name of each gateway (TS 31.102 §4.2.104).
fn gateways(value: &[u8]) -> Shown {
    let (gateways, []) = value.as_chunks::<6>() else { return value.show() };
    let gateway = |&[a, b, c, high, low, format]: &[u8; 6]| {
        let format = match format {
            0x00 => "operator identifier".show(),
            0x01 => "location based".show(),
            other => [other].show(),
        };
        Shown::Fields(vec![
            ("plmn", Plmn([a, b, c]).show()),
            ("priority", u16::from_be_bytes([high, low]).show()),
            ("name", format),
        ])
    };
    Shown::List(gateways.iter().map(gateway).collect())
}

/// Type and name indications, and an identifier of 27 bits (TS 31.102 §4.4.6.2).
fn group(value: &[u8]) -> Shown {
    let Ok([kind, name, a, b, c, d]) = <[u8; 6]>::try_from(value) else { return value.show() };
    Shown::Fields(vec![
        ("type_indication", kind.show()),
        ("name_indication", name.show()),
        ("identifier", (u32::from_be_bytes([a, b, c, d]) >> 5).show()),
    ])
}

fn display(value: &[u8]) -> Shown {
    match value {
        [0x00] => "all available groups".show(),
        [0x01] => "groups of the operator's list".show(),
        _ => value.show(),
    }
}

/// Corners of an area, three octets each of latitude and longitude (TS 23.032 §6.1).
fn points(value: &[u8]) -> Shown {
    let (points, []) = value.as_chunks::<6>() else { return value.show() };
    let point = |&[a, b, c, d, e, f]: &[u8; 6]| {
        Shown::Fields(vec![
            ("latitude", u32::from_be_bytes([0, a, b, c]).show()),
            ("longitude", u32::from_be_bytes([0, d, e, f]).show()),
        ])
    };
    Shown::List(points.iter().map(point).collect())
}

/// A name of a network (TS 24.008 §10.5.3.5a): coding, spare bits of the last octet, and the text.
fn name(value: &[u8]) -> Shown {
    let Some((&coding, text)) = value.split_first() else { return Shown::Nothing };
    let shown = match coding >> 4 & 0x07 {
        0 => {
            let bits = (text.len() * 8).saturating_sub(usize::from(coding & 0x07));
            alphabet::decode(&alphabet::unpack(text, bits / 7, 0))
        }
        1 => {
            let units = text.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => return value.show(),
    };
    Shown::Text(shown)
}
