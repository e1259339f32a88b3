//! How the values of a profile stand in the files.

use alloc::{vec, vec::Vec};

use oxisim_sms::{AlphaIdentifier, alphabet};
use oxisim_wire::{bcd, tlv::write_tlv};

use super::{AID_USIM, Profile};

/// A public land mobile network, as TS 24.008 §10.5.1.13 codes it.
pub(super) type Network = [u8; 3];

/// Octets of a list of networks with access technologies: twelve of them.
pub(super) const NETWORKS_WITH_TECHNOLOGY: usize = 60;

/// Puts `head` at the start of a record.
pub(super) fn overwrite(record: &mut [u8], head: &[u8]) {
    record.iter_mut().zip(head).for_each(|(octet, new)| *octet = *new);
}

/// A record that ends with `tail`, and has `FF` before.
pub(super) const fn ending<const N: usize>(tail: &[u8]) -> [u8; N] {
    let mut record = [0xFF; N];
    let (_, place) = record.split_at_mut(N - tail.len());
    place.copy_from_slice(tail);
    record
}

/// TS 102 221 §13.1: the application's AID and label.
pub(super) fn application_template() -> Vec<u8> {
    let mut out = Vec::new();
    write_tlv(0x61, &mut out, |out| {
        write_tlv(0x4F, out, |out| out.extend_from_slice(&AID_USIM));
        write_tlv(0x50, out, |out| out.extend_from_slice(b"USIM"));
    });
    out
}

/// Decimal digits as semi-octets.
pub(super) fn digits(text: &str) -> Vec<u8> {
    bcd::pack(&halves(text))
}

/// TS 31.102 §4.2.2: the length, a parity half, the digits.
pub(super) fn imsi(text: &str) -> Vec<u8> {
    let digits = halves(text);
    let parity = if digits.len() % 2 == 1 { 0x9 } else { 0x1 };
    let coded = bcd::pack(&[&[parity], &*digits].concat());
    [&[coded.len() as u8], &*coded].concat()
}

/// The home network, which is in the IMSI.
pub(super) fn home_network(profile: &Profile) -> Network {
    let digits = halves(&profile.imsi);
    let digit = |place: usize| digits.get(place).copied().unwrap_or(0x0F);
    let third = if profile.mnc_digits == 3 { digit(5) } else { 0x0F };
    [digit(1) << 4 | digit(0), third << 4 | digit(2), digit(4) << 4 | digit(3)]
}

/// TS 31.102 §4.2.18: normal operation, and how long the mobile network code is.
pub(super) fn administrative_data(profile: &Profile) -> Vec<u8> {
    vec![0x00, 0x00, 0x00, profile.mnc_digits]
}

/// TS 31.102 §4.2.15: one of the classes 0 to 9, by the last digit of the IMSI, so that subscribers spread over
/// them (TS 22.011 §4.2).
pub(super) fn access_class(imsi: &str) -> Vec<u8> {
    let class = halves(imsi).last().copied().unwrap_or(0);
    (1_u16 << class).to_be_bytes().into()
}

/// TS 31.102 §4.2.5: the networks of a list with their access technologies, which are all of UTRAN, E-UTRAN and
/// GSM.
pub(super) fn networks_with_technology(networks: &[Network]) -> Vec<u8> {
    const NONE: [u8; 5] = [0xFF, 0xFF, 0xFF, 0x00, 0x00];
    let mut list = NONE.repeat(NETWORKS_WITH_TECHNOLOGY / NONE.len());
    for (place, [a, b, c]) in list.chunks_mut(NONE.len()).zip(networks) {
        overwrite(place, &[*a, *b, *c, 0xC0, 0x80]);
    }
    list
}

/// TS 31.102 §4.2.66: the networks of the service provider.
pub(super) fn service_provider_networks(profile: &Profile) -> Vec<u8> {
    let mut out = Vec::new();
    write_tlv(0xA3, &mut out, |out| {
        write_tlv(0x80, out, |out| out.extend(home_network(profile)));
    });
    out
}

/// TS 31.102 §4.2.59: any location area of the home network has the first name of `EF_PNN`.
pub(super) fn operators(profile: &Profile) -> Vec<Vec<u8>> {
    let areas = [0x00, 0x00, 0xFF, 0xFE];
    vec![[&home_network(profile)[..], &areas, &[0x01]].concat()]
}

/// TS 31.102 §4.2.58: the full name of a network, as much of it as `octets` hold (TS 24.008 §10.5.3.5a).
pub(super) fn network_name(name: &str, octets: u8) -> Vec<u8> {
    const DEFAULT_ALPHABET: u8 = 0x80;
    const UCS2: u8 = 0x90;
    let room = usize::from(octets.saturating_sub(3));
    let mut text = Vec::new();
    let coding = if alphabet::encode(name).is_some() {
        let mut septets = Vec::new();
        for character in name.chars() {
            let Some(code) = alphabet::septets_of(character) else { break };
            if septets.len() + code.as_slice().len() > room * 8 / 7 {
                break;
            }
            septets.extend_from_slice(code.as_slice());
        }
        text = alphabet::pack(&septets, 0);
        DEFAULT_ALPHABET | (text.len() * 8 - septets.len() * 7) as u8
    } else {
        let units = name.chars().filter_map(|character| u16::try_from(u32::from(character)).ok());
        text.extend(units.take(room / 2).flat_map(u16::to_be_bytes));
        UCS2
    };
    let mut out = Vec::new();
    write_tlv(0x43, &mut out, |out| {
        out.push(coding);
        out.extend_from_slice(&text);
    });
    out
}

/// TS 51.011 §10.3.34: an alpha identifier of up to 30 octets.
pub(super) fn menu_title(title: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write_tlv(0x85, &mut out, |out| {
        out.extend_from_slice(AlphaIdentifier::fit(title, 30).alpha.octets());
    });
    out
}

/// A number as `EF_ADN` has it after the alpha identifier: length, TON and NPI, digits.
fn international(number: &str) -> Vec<u8> {
    let digits = digits(number);
    [&[digits.len() as u8 + 1, 0x91], &*digits].concat()
}

/// TS 31.102 §4.2.26: a number without a name.
pub(super) fn own_number(msisdn: &str) -> Vec<u8> {
    let mut record = vec![0xFF; 14];
    if !msisdn.is_empty() {
        record.extend(international(msisdn));
    }
    record
}

/// TS 31.102 §4.2.27: service centre, protocol identifier, coding scheme and validity are given.
pub(super) fn sms_parameters(service_centre: &str) -> Vec<u8> {
    const ALPHA: usize = 12;
    const INDICATORS: u8 = 0xE1;
    let mut record = vec![0xFF; ALPHA + 28];
    if let Some(indicators) = record.get_mut(ALPHA) {
        *indicators = INDICATORS;
    }
    overwrite(record.get_mut(ALPHA + 13..).unwrap_or_default(), &international(service_centre));
    overwrite(record.get_mut(ALPHA + 25..).unwrap_or_default(), &[0x00, 0x00, 0x00]);
    record
}

/// TS 31.102 §4.2.12: display condition, name.
pub(super) fn provider(name: &str) -> Vec<u8> {
    [&[0x01], AlphaIdentifier::fit(name, 16).alpha.octets()].concat()
}

/// TS 31.102 §4.2.21: three digits, no alpha identifier, category of all services.
pub(super) fn emergency(first: u8, second: u8) -> Vec<u8> {
    let mut record = vec![0xFF; 14];
    overwrite(&mut record, &[first, second]);
    if let Some(category) = record.last_mut() {
        *category = 0x00;
    }
    record
}

fn halves(text: &str) -> Vec<u8> {
    text.chars().filter_map(|c| c.to_digit(10)).map(|digit| digit as u8).collect()
}
