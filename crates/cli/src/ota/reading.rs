//! Why a packet does not open, and what would open it.

use oxisim_sms::packet::{Check, Cipher, Deciphered, Keys, Refusal, SealedCommand, SealedResponse, Suite};

use super::words;

/// A packet of either kind.
pub enum Sealed {
    Command(SealedCommand),
    Response(SealedResponse),
}

impl Sealed {
    pub fn decipher(&self, suite: Suite, keys: &Keys) -> Result<Deciphered, Refusal> {
        match self {
            Self::Command(sealed) => sealed.decipher(suite, keys),
            Self::Response(sealed) => sealed.decipher(suite, keys),
        }
    }

    const fn check_octets(&self) -> usize {
        match self {
            Self::Command(sealed) => sealed.check_octets(),
            Self::Response(sealed) => sealed.check_octets(),
        }
    }
}

/// Why the packet does not open with these keys by this suite.
pub fn reasons(sealed: &Sealed, suite: Suite, keys: &Keys, refusal: Refusal) -> Vec<String> {
    let mut reasons = Vec::new();
    match refusal {
        Refusal::Check => {
            let deciphered = sealed.decipher(suite, keys).ok();
            let expected = deciphered.as_ref().zip(suite.check);
            let expected = expected.and_then(|(packet, check)| packet.expected(check, keys).ok());
            if let Some((deciphered, expected)) = deciphered.zip(expected) {
                let (found, expected) = (hex::encode_upper(&deciphered.check), hex::encode_upper(expected));
                let by = suite.check.map_or_else(String::new, |check| check.to_string());
                reasons.push(format!("checksum is {found}, with this key and {by} it would be {expected}"));
                reasons.extend(padding(suite, deciphered.padding, &deciphered.data));
            }
        }
        Refusal::Padding { padding: counted, .. } => reasons.extend(padding(suite, counted, &[])),
        Refusal::Blocks { length, block } => reasons.push(format!(
            "{length} octets are ciphered, which is no whole number of blocks of {block}: another algorithm, or \
             octets are missing"
        )),
        Refusal::CheckLength { found, expected } => reasons.push(format!(
            "the header has room for a checksum of {found} octets, by SPI and KID there are {expected}"
        )),
        other => reasons.push(other.to_string()),
    }
    reasons
}

/// Why there is no suite to open the packet by, and what says which.
pub fn no_suite(refusal: Refusal) -> String {
    match refusal {
        Refusal::UnknownCipher(_) => format!("{refusal}: --cipher says which"),
        Refusal::UnknownCheck(_) => format!("{refusal}: --check says which"),
        other => other.to_string(),
    }
}

/// What padding says of the deciphering.
fn padding(suite: Suite, counted: u8, data: &[u8]) -> Option<String> {
    let block = suite.cipher?.block();
    if usize::from(counted) >= block {
        return Some(format!(
            "after deciphering PCNTR is 0x{counted:02X}, a block has {block} octets: wrong KIc key or algorithm?"
        ));
    }
    is_filled(counted, data).then(|| {
        format!("after deciphering {counted} octets of padding are zero: the KIc key fits, wrong KID key or algorithm?")
    })
}

/// Whether padding of two octets or more is there, and is what senders fill up with.
fn is_filled(counted: u8, data: &[u8]) -> bool {
    let start = data.len().checked_sub(counted.into());
    let filling = start.and_then(|start| data.get(start..)).unwrap_or_default();
    filling.len() >= 2 && filling.iter().all(|&octet| octet == 0)
}

/// What would open the packet: other algorithms for keys of these lengths, the keys exchanged, another checksum.
pub fn others(sealed: &Sealed, suite: Suite, keys: &Keys) -> Vec<String> {
    let swapped = Keys { kic: keys.kid.clone(), kid: keys.kic.clone(), ..keys.clone() };
    let one = Keys { kid: keys.kic.clone(), ..keys.clone() };
    let other = Keys { kic: keys.kid.clone(), ..keys.clone() };
    let mut found = Vec::new();
    for (keys, said) in [
        (keys, ""),
        (&swapped, " and the keys of KIc and KID exchanged"),
        (&one, " and the key of KIc for both"),
        (&other, " and the key of KID for both"),
    ] {
        for reading in suites(sealed.check_octets()) {
            if (said.is_empty() && reading == suite) || !opens(sealed, reading, keys) {
                continue;
            }
            let certain =
                if reading.check.is_some() { "it opens" } else { "it deciphers to plausible padding" };
            found.push(format!("{certain} with {}{said}", words::suite(reading)));
        }
        // What opens with the keys as they are need not be looked for further.
        if !found.is_empty() {
            break;
        }
    }
    found
}

/// Whether the packet opens; without a checksum, whether padding says so.
fn opens(sealed: &Sealed, suite: Suite, keys: &Keys) -> bool {
    let Ok(deciphered) = sealed.decipher(suite, keys) else { return false };
    let is_likely =
        suite.check.is_some() || (suite.cipher.is_some() && is_filled(deciphered.padding, &deciphered.data));
    is_likely && deciphered.verify(keys).is_ok()
}

/// Each way to secure a packet whose checksum has so many octets.
fn suites(octets: usize) -> impl Iterator<Item = Suite> {
    let ciphers = || Cipher::ALL.into_iter().map(Some).chain([None]);
    let checks = Check::ALL.into_iter().map(Some).chain([None]);
    let checks = checks.filter(move |check| check.map_or(0, Check::octets) == octets);
    checks.flat_map(move |check| ciphers().map(move |cipher| Suite { cipher, check }))
}
