//! Contents that people read: numbers and names instead of octets.

use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, RECORD_DIGITS, record::AdnRecord};
use oxisim_wire::bcd;

use crate::words::count;

/// Unused octets of a file.
const UNUSED: u8 = 0xFF;

/// What `EF_ICCID` holds (TS 102 221 §13.2): digits as semi-octets.
pub fn iccid(digits: &str) -> Result<Vec<u8>, String> {
    const OCTETS: usize = 10;
    let mut out = bcd::pack(&decimal(digits, 1..=20, "an ICC identification")?);
    out.resize(OCTETS, UNUSED);
    Ok(out)
}

/// The digits of an `EF_ICCID`.
pub fn read_iccid(octets: &[u8]) -> Option<String> {
    let digits: String =
        bcd::unpack(octets).into_iter().map_while(|half| char::from_digit(half.into(), 10)).collect();
    (iccid(&digits).ok()? == octets).then_some(digits)
}

/// What `EF_IMSI` holds (TS 31.102 §4.2.2): the length, a parity half, the digits.
pub fn imsi(digits: &str) -> Result<Vec<u8>, String> {
    const OCTETS: usize = 9;
    let digits = decimal(digits, 6..=15, "an IMSI")?;
    let parity = if digits.len() % 2 == 1 { 0x9 } else { 0x1 };
    let coded = bcd::pack(&[&[parity], &*digits].concat());
    let mut out = [&[coded.len() as u8], &*coded].concat();
    out.resize(OCTETS, UNUSED);
    Ok(out)
}

/// The digits of an `EF_IMSI`.
pub fn read_imsi(octets: &[u8]) -> Option<String> {
    let halves = bcd::unpack(octets.get(1..)?);
    let digits: String =
        halves.into_iter().skip(1).map_while(|half| char::from_digit(half.into(), 10)).collect();
    (imsi(&digits).ok()? == octets).then_some(digits)
}

/// What `EF_SPN` holds (TS 31.102 §4.2.12): display condition, name.
pub fn provider(condition: u8, name: &str) -> Result<Vec<u8>, String> {
    const NAME_OCTETS: usize = 16;
    Ok([&[condition], &*alpha(name, NAME_OCTETS)?].concat())
}

/// Display condition and name of an `EF_SPN`.
pub fn read_provider(octets: &[u8]) -> Option<(u8, String)> {
    let (&condition, name) = octets.split_first()?;
    let name = AlphaIdentifier::from_field(name).text();
    (provider(condition, &name).ok()? == octets).then_some((condition, name))
}

/// A record of `EF_ADN` or of a file of the same layout (TS 31.102 §4.4.2.3).
pub fn entry(name: &str, number: &str, length: usize) -> Result<Vec<u8>, String> {
    let room = length.saturating_sub(oxisim_phonebook::record::ADN_FIXED_OCTETS);
    let alpha = AlphaIdentifier::from_field(&alpha(name, room)?);
    let number = if number.is_empty() { None } else { Some(dialling(number)?) };
    let record = AdnRecord { alpha, number, ..AdnRecord::default() };
    record.encode(length).map_err(|error| error.to_string())
}

/// Name and number of such a record, if it has nothing else; both empty if it is free.
pub fn read_entry(record: &[u8]) -> Option<(String, String)> {
    let entry_of = AdnRecord::decode(record).ok()?.unwrap_or_default();
    let number = entry_of.number.map(|number| number.to_string()).unwrap_or_default();
    let name = entry_of.alpha.text();
    let free = name.is_empty() && number.is_empty();
    let coded = if free { vec![UNUSED; record.len()] } else { entry(&name, &number, record.len()).ok()? };
    (coded == record).then_some((name, number))
}

/// A record of `EF_SMSP` (TS 31.102 §4.2.27): service centre, protocol identifier, coding scheme and validity
/// are given, the last three as 00.
pub fn sms_parameters(service_centre: &str, length: usize) -> Result<Vec<u8>, String> {
    const PARAMETERS: usize = 28;
    const INDICATORS: u8 = 0xE1;
    let alpha = length.checked_sub(PARAMETERS).ok_or_else(|| format!("{length} is too short for EF_SMSP"))?;
    let centre = dialling(service_centre)?;
    let digits = bcd::pack(centre.digits());
    let mut address = [&[digits.len() as u8 + 1, centre.ton_npi().0], &*digits].concat();
    address.resize(12, UNUSED);
    let mut out = vec![UNUSED; alpha];
    out.push(INDICATORS);
    out.extend([UNUSED; 12]);
    out.extend(address);
    out.extend([0x00; 3]);
    Ok(out)
}

/// The service centre of such a record, if it has nothing else.
pub fn read_sms_parameters(record: &[u8]) -> Option<String> {
    const PARAMETERS: usize = 28;
    let address = record.get(record.len().checked_sub(PARAMETERS)? + 13..)?.get(..12)?;
    let (&length, address) = address.split_first()?;
    let (&ton_npi, digits) = address.get(..length.into())?.split_first()?;
    let digits = bcd::unpacked(digits).filter(|&digit| digit != 0x0F);
    let number = DiallingNumber::new(oxisim_phonebook::TonNpi(ton_npi), digits)?.to_string();
    (sms_parameters(&number, record.len()).ok()? == record).then_some(number)
}

fn decimal(text: &str, count: std::ops::RangeInclusive<usize>, what: &str) -> Result<Vec<u8>, String> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(10).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| count.contains(&digits.len()));
    digits.ok_or_else(|| format!("{text:?} is not {what}: {} to {} digits", count.start(), count.end()))
}

fn alpha(text: &str, room: usize) -> Result<Vec<u8>, String> {
    let fitted = AlphaIdentifier::fit(text, room);
    if let Some(cut) = fitted.cut {
        return Err(format!("{text:?} does not fit into {}: {cut:?} is left over", count(room, "octet")));
    }
    if let Some(dropped) = fitted.dropped {
        return Err(format!("{text:?} has characters that a SIM cannot hold: {dropped:?}"));
    }
    fitted.alpha.padded(room).ok_or_else(|| format!("{text:?} does not fit into {}", count(room, "octet")))
}

fn dialling(text: &str) -> Result<DiallingNumber, String> {
    let parsed = DiallingNumber::parse(text, RECORD_DIGITS).map_err(|_| format!("{text:?} has no digit"))?;
    match parsed.changes.first() {
        Some(change) => Err(format!("{text:?} is no number as a SIM holds it: {change}")),
        None => Ok(parsed.number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_coded_is_read_again() {
        let imsi_octets = imsi("001010000000001").unwrap();
        assert_eq!(hex::encode(&imsi_octets), "080910100000000010");
        assert_eq!(read_imsi(&imsi_octets).unwrap(), "001010000000001");
        let iccid_octets = iccid("8900101000000000019").unwrap();
        assert_eq!(hex::encode_upper(&iccid_octets), "980001010000000010F9");
        assert_eq!(read_iccid(&iccid_octets).unwrap(), "8900101000000000019");
        assert_eq!(read_provider(&provider(1, "Zoë").unwrap()).unwrap(), (1, "Zoë".into()));
        for (name, number) in [("Zoë", "+4915123456789"), ("Bob", ""), ("", "112"), ("", "")] {
            let record =
                if (name, number) == ("", "") { vec![0xFF; 28] } else { entry(name, number, 28).unwrap() };
            assert_eq!(read_entry(&record).unwrap(), (name.into(), number.into()));
        }
        let parameters = sms_parameters("+15550100000", 40).unwrap();
        assert_eq!(read_sms_parameters(&parameters).unwrap(), "+15550100000");
    }

    #[test]
    fn what_a_reading_would_lose_stays_octets() {
        assert_eq!(read_imsi(&[0xFF; 9]), None);
        assert_eq!(read_iccid(&[0x98; 9]), None);
        assert_eq!(read_entry(&[0x00; 28]), None);
        assert_eq!(read_sms_parameters(&[0xFF; 40]), None);
    }

    #[test]
    fn what_cannot_be_coded_is_said() {
        assert_eq!(imsi("12345").unwrap_err(), "\"12345\" is not an IMSI: 6 to 15 digits");
        assert_eq!(iccid("89x").unwrap_err(), "\"89x\" is not an ICC identification: 1 to 20 digits");
        assert_eq!(
            entry("Bob", "call me", 28).unwrap_err(),
            "\"call me\" is no number as a SIM holds it: letters 'call' written as digits 2255"
        );
        assert_eq!(
            entry("A very long name indeed", "1", 28).unwrap_err(),
            "\"A very long name indeed\" does not fit into 14 octets: \"me indeed\" is left over"
        );
        assert_eq!(entry("Bob", "-", 28).unwrap_err(), "\"-\" has no digit");
    }
}
