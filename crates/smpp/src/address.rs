//! Addresses of SMPP: type of number, numbering plan, text (SMPP 5.0 §4.7.1, §4.7.2, §4.7.29).

use oxisim_sms::{Address, TypeOfAddress};

/// What an address is in a PDU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub ton: u8,
    pub npi: u8,
    pub text: String,
}

impl Fields {
    /// The fields of an address; without one, nothing.
    pub fn new(address: Option<&Address>) -> Self {
        let Some(address) = address else { return Self::default() };
        let kind = address.kind();
        let text = address.to_string();
        let text = match text.strip_prefix('+') {
            Some(digits) if kind.is_international() => digits.into(),
            _ => text,
        };
        Self { ton: kind.type_of_number(), npi: kind.numbering_plan(), text }
    }

    /// The address that the fields are, if any.
    ///
    /// Types and plans that TS 23.040 does not have count as unknown; a `+` makes a number international.
    pub fn address(&self) -> Result<Option<Address>, oxisim_sms::Error> {
        if self.text.is_empty() {
            return Ok(None);
        }
        if self.ton == TypeOfAddress::ALPHANUMERIC.type_of_number() {
            return Address::alphanumeric(&self.text).map(Some);
        }
        let (ton, digits) = match self.text.strip_prefix('+') {
            Some(digits) => (TypeOfAddress::INTERNATIONAL.type_of_number(), digits),
            None => (self.ton, self.text.as_str()),
        };
        let ton = if ton > TypeOfAddress::ABBREVIATED.type_of_number() { 0 } else { ton };
        let npi = if self.npi > 0x0F { 0 } else { self.npi };
        Address::number(TypeOfAddress(NO_EXTENSION | ton << 4 | npi), &digits.to_ascii_lowercase()).map(Some)
    }
}

/// Bit 8 of a type of address (TS 23.040 §9.1.2.5).
const NO_EXTENSION: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(ton: u8, npi: u8, text: &str) -> Fields {
        Fields { ton, npi, text: text.into() }
    }

    #[test]
    fn addresses_come_back() {
        for address in ["+15550100001", "12345"] {
            let address: Address = address.parse().unwrap();
            assert_eq!(Fields::new(Some(&address)).address(), Ok(Some(address)));
        }
        let name = Address::alphanumeric("Backup").unwrap();
        assert_eq!(Fields::new(Some(&name)), fields(5, 0, "Backup"));
        assert_eq!(Fields::new(Some(&name)).address(), Ok(Some(name)));
        assert_eq!(Fields::new(None).address(), Ok(None));
    }

    #[test]
    fn an_international_number_has_no_plus_in_a_pdu_and_may_come_with_one() {
        let address: Address = "+15550100001".parse().unwrap();
        assert_eq!(Fields::new(Some(&address)), fields(1, 1, "15550100001"));
        assert_eq!(fields(0, 1, "+15550100001").address(), Ok(Some(address)));
    }

    #[test]
    fn an_address_of_other_characters_is_refused() {
        assert!(fields(1, 1, "1555 01").address().is_err());
        assert!(fields(5, 0, "a name of more than eleven").address().is_err());
    }
}
