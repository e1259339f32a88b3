//! Calls, supplementary services and what the network says of them (TS 31.111 §8).

use alloc::vec::Vec;

use super::{Coding, TextString};

impl UssdString {
    /// The string as a text string. Where the group of the coding says the alphabet, bits 4 and 3 do as in a text string;
    /// else it is the default alphabet, packed (TS 23.038 §5).
    #[must_use]
    pub fn text(&self) -> TextString {
        let coding = match self.coding {
            coding @ (0x40..=0x7F | 0x90..=0x9F) => Coding(coding & 0x0C),
            coding @ 0xF0.. => Coding(coding & 0x04),
            _ => Coding::PACKED,
        };
        TextString { coding: Some(coding), text: self.string.clone() }
    }
}

data_objects! {
    0x07 "TS 31.111 §8.4" "Capability configuration parameters" CapabilityConfiguration {
        /// As in a record of `EF_CCP`.
        parameters: Vec<u8>,
    }
    0x08 "TS 31.111 §8.3" "Subaddress" Subaddress {
        /// As in TS 24.008.
        subaddress: Vec<u8>,
    }
    0x09 "TS 31.111 §8.14" "SS string" SsString {
        /// Type of number and numbering plan.
        ton_npi: u8,
        /// Semi-octets of the string.
        digits: Vec<u8>,
    }
    0x0A "TS 31.111 §8.17" "USSD string" UssdString {
        /// Data coding scheme (TS 23.038 §5).
        coding: u8,
        /// The string in that coding.
        string: Vec<u8>,
    }
    0x0C "TS 31.111 §8.5" "Cell Broadcast page" CellBroadcastPage {
        /// 88 octets as in TS 23.041.
        page: Vec<u8>,
    }
    0x1A "TS 31.111 §8.26" "Cause" Cause {
        /// As in TS 24.008; nothing if the radio link has failed.
        cause: Vec<u8>,
    }
    0x1C "TS 102 223 §8.28" "Transaction identifier" TransactionIdentifier {
        /// As in TS 24.007, an octet a call.
        identifiers: Vec<u8>,
    }
    0x27 "TS 102 223 §8.30" "Call control requested action" RequestedAction {
        /// The objects of the envelope that asked.
        action: Vec<u8>,
    }
    0x2A "TS 31.111 §8.42" "BC repeat indicator" BcRepeatIndicator {
        /// 01 alternate, 03 sequential.
        indicator: u8,
    }
    0x2C "TS 102 223 §8.44" "DTMF string" DtmfString {
        /// Semi-octets as in `EF_ADN`.
        digits: Vec<u8>,
    }
    0x52 "TS 31.111 §8.72" "PDP context activation parameters" PdpContextActivation {
        /// ACTIVATE PDP CONTEXT REQUEST as in TS 24.008.
        parameters: Vec<u8>,
    }
    0x7C "TS 31.111 §8.98" "EPS PDN connection activation parameters" EpsPdnActivation {
        /// PDN CONNECTIVITY REQUEST as in TS 24.301.
        parameters: Vec<u8>,
    }
    0x31 "TS 31.111 §8.108" "IMS URI" ImsUri {
        /// The URI.
        uri: Vec<u8>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ussd_string_is_read_in_its_coding() {
        for (coding, string, text) in [
            // TS 23.038 §5: the default alphabet, of any language; §6.1.2.3 packs it.
            (0x0F, &[0xAA, 0x18, 0x0C, 0x36, 0x02][..], "*100#"),
            (0x01, &[0xAA, 0x18, 0x0C, 0x36, 0x02], "*100#"),
            (0x44, b"*100#", "*100#"),
            (0xF4, b"*100#", "*100#"),
            (0x48, &[0x00, 0x2A, 0x00, 0x23], "*#"),
        ] {
            let string = UssdString { coding, string: string.to_vec() };
            assert_eq!(string.text().to_text(), text, "{coding:02X}");
        }
    }
}
