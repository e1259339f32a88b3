//! PINs and administrative keys, as their owner types them.

use std::str::FromStr;

use oxisim_card::KeyReference;

/// A secret that VERIFY presents: eight octets, shorter ones with `FF` after them (TS 102 221 §9.5.1).
pub trait Key {
    /// What a UICC calls it.
    const REFERENCE: KeyReference;
    /// What people call it.
    const NAME: &'static str;

    /// What VERIFY presents.
    fn octets(&self) -> [u8; 8];

    /// What people call it.
    fn name(&self) -> &'static str {
        Self::NAME
    }
}

/// The PIN of the phonebook: CHV1, PIN of application 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin([u8; 8]);

/// The first administrative key.
#[derive(Clone, PartialEq, Eq)]
pub struct Adm([u8; 8]);

impl Key for Pin {
    const REFERENCE: KeyReference = KeyReference::PIN_1;
    const NAME: &'static str = "PIN";

    fn octets(&self) -> [u8; 8] {
        self.0
    }
}

impl Key for Adm {
    const REFERENCE: KeyReference = KeyReference::ADM_1;
    const NAME: &'static str = "administrative key";

    fn octets(&self) -> [u8; 8] {
        self.0
    }
}

impl From<oxisim_terminal::Pin> for Pin {
    fn from(pin: oxisim_terminal::Pin) -> Self {
        Self(*pin.octets())
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let valid = (4..=8).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
        if valid { Ok(Self(padded(text.as_bytes()))) } else { Err("a PIN has 4 to 8 digits".into()) }
    }
}

impl FromStr for Adm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let octets = match text.len() {
            8 if text.bytes().all(|octet| octet.is_ascii_digit()) => Some(padded(text.as_bytes())),
            16 => hex::decode(text).ok().map(|octets| padded(&octets)),
            _ => None,
        };
        octets.map(Self).ok_or_else(|| "an administrative key has 8 digits or 16 hexadecimal ones".into())
    }
}

/// What is secret is not shown.
macro_rules! opaque {
    ($($key:ident)*) => {
        $(impl std::fmt::Debug for $key {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($key))
            }
        })*
    };
}
opaque!(Pin Adm);

fn padded(octets: &[u8]) -> [u8; 8] {
    let mut value = [0xFF; 8];
    value.iter_mut().zip(octets).for_each(|(place, &octet)| *place = octet);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_eight_octets() {
        assert_eq!("1234".parse::<Pin>().unwrap().octets(), *b"1234\xFF\xFF\xFF\xFF");
        assert_eq!("12345678".parse::<Adm>().unwrap().octets(), *b"12345678");
        assert_eq!("3132333435363738".parse::<Adm>().unwrap().octets(), *b"12345678");
        for wrong in ["123", "123456789", "12a4"] {
            assert!(wrong.parse::<Pin>().is_err() && wrong.parse::<Adm>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(format!("{:?}", "1234".parse::<Pin>().unwrap()), "Pin");
    }
}
