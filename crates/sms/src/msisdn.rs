//! Who a subscriber is.

use alloc::string::{String, ToString as _};
use core::{fmt, str::FromStr};

use crate::{Address, TypeOfAddress};

/// A subscriber's number: the digits of an international number, country code first (ITU-T E.164).
///
/// ```
/// use oxisim_sms::Msisdn;
///
/// let msisdn: Msisdn = "+491511234567".parse()?;
/// assert_eq!(msisdn.digits(), "491511234567");
/// assert_eq!(Msisdn::try_from(&msisdn.address())?, msisdn);
/// # Ok::<(), oxisim_sms::NoMsisdn>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msisdn(String);

/// Why something is no subscriber's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMsisdn {
    /// An international number has 1 to 15 digits.
    #[error("{0} digits, an international number has 1 to {limit}", limit = Msisdn::LIMIT)]
    Length(usize),
    /// Something other than a decimal digit.
    #[error("{0:?} is no decimal digit")]
    Character(char),
    /// The address is of another type: national, alphanumeric, or one that the network did not say.
    #[error("an address of type {0:?} is no international number")]
    Type(TypeOfAddress),
}

impl Msisdn {
    /// The most digits (ITU-T E.164).
    pub const LIMIT: usize = 15;

    /// The digits, without `+`.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The number as the address of a short message.
    ///
    /// # Panics
    /// Never: an address has room for more digits.
    #[must_use]
    pub fn address(&self) -> Address {
        let semi_octets = self.0.bytes().map(|digit| digit & 0x0F).collect();
        Address::new(TypeOfAddress::INTERNATIONAL, semi_octets).expect("15 digits fit an address of 20")
    }
}

/// Digits, with or without `+` in front.
impl FromStr for Msisdn {
    type Err = NoMsisdn;

    fn from_str(text: &str) -> Result<Self, NoMsisdn> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if let Some(other) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(NoMsisdn::Character(other));
        }
        match digits.len() {
            1..=Self::LIMIT => Ok(Self(digits.into())),
            length => Err(NoMsisdn::Length(length)),
        }
    }
}

/// Only an international number says for sure whose it is.
impl TryFrom<&Address> for Msisdn {
    type Error = NoMsisdn;

    fn try_from(address: &Address) -> Result<Self, NoMsisdn> {
        if !address.kind().is_international() {
            return Err(NoMsisdn::Type(address.kind()));
        }
        address.to_string().parse()
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Msisdn({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_international_number_is_a_subscriber() {
        let msisdn = |text: &str| Msisdn::try_from(&text.parse::<Address>().unwrap());
        assert_eq!(msisdn("+4915112345").unwrap().to_string(), "+4915112345");
        assert_eq!(msisdn("015112345"), Err(NoMsisdn::Type(TypeOfAddress::UNKNOWN)));
        assert_eq!(msisdn("+49#5"), Err(NoMsisdn::Character('#')));
        assert_eq!(msisdn("+1234567890123456"), Err(NoMsisdn::Length(16)));
        let name = Address::alphanumeric("4915112345").unwrap();
        assert_eq!(Msisdn::try_from(&name), Err(NoMsisdn::Type(TypeOfAddress::ALPHANUMERIC)));
    }

    #[test]
    fn a_number_is_digits() {
        for (text, error) in [
            ("", NoMsisdn::Length(0)),
            ("+", NoMsisdn::Length(0)),
            ("49 151", NoMsisdn::Character(' ')),
            ("++49", NoMsisdn::Character('+')),
            ("४९", NoMsisdn::Character('४')),
        ] {
            assert_eq!(text.parse::<Msisdn>(), Err(error));
        }
    }

    #[test]
    fn a_number_is_an_address_and_back() {
        for text in ["1", "491511234567", "123456789012345"] {
            let msisdn: Msisdn = text.parse().unwrap();
            assert_eq!(Msisdn::try_from(&msisdn.address()), Ok(msisdn));
        }
    }
}
