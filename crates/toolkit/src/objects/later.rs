//! What later releases added: the IP multimedia subsystem, data connections, eCAT clients (TS 102 223 §8,
//! TS 31.111 §8).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Show, Shown, Wire, codes, tlv::Tlv};

use crate::{
    codes::AccessTechnologyCode,
    objects::{List, Plmn, show_ascii},
};

codes! {
    /// What became of a data connection (TS 31.111 §8.137).
    pub struct ConnectionState(u8) { SUCCESSFUL = 0x00, REJECTED = 0x01, DROPPED_OR_DEACTIVATED = 0x02, }
}

codes! {
    /// A kind of data connection (TS 31.111 §8.138).
    pub struct ConnectionKind(u8) { PDP = 0x00, PDN = 0x01, PDU = 0x02, }
}

data_objects! {
    0x7E "TS 31.111 §8.132" "Media type" MediaType {
        /// Bit 1: voice; bit 2: video.
        media: u8,
    }
    0x73 "TS 31.111 §8" "URI truncated" UriTruncated {}
    0x55 "TS 31.111 §8.133" "IMS call disconnection cause" CallDisconnectionCause {
        /// Protocol and cause.
        cause: Vec<u8>,
    }
    0x76 "TS 31.111 §8" "IARI" Iari {
        /// The application reference identifier.
        identifier: Vec<u8>,
    }
    0x77 "TS 31.111 §8.111" "IMPU list" ImpuList {
        /// Public identities, each a TLV.
        identities: Vec<u8> => show_identities,
    }
    0x78 "TS 31.111 §8" "IMS status code" ImsStatusCode {
        /// Three digits of SIP.
        code: Vec<u8> => show_ascii,
    }
    0x57 "TS 31.111 §8" "Extended rejection cause code" ExtendedRejectionCause {
        /// The cause.
        cause: Vec<u8>,
    }
    0x09 "TS 31.111 §8" "PLMN ID" PlmnIdentifier {
        /// Three octets as in TS 24.008.
        network: Plmn,
    }
    0x7E "TS 31.111 §8.100" "CSG ID list" CsgIdList {
        /// CSG IDs and HNB names, each a TLV.
        list: Vec<u8>,
    }
    0x1D "TS 31.111 §8.137" "Data connection status" DataConnectionStatus {
        /// What became of it.
        state: ConnectionState,
    }
    0x2A "TS 31.111 §8.138" "Data connection type" DataConnectionType {
        /// Its kind.
        kind: ConnectionKind,
    }
    0x2E "TS 31.111 §8.139" "(E/5G)SM cause" SmCause {
        /// The cause of TS 24.008, TS 24.301 or TS 24.501.
        cause: u8,
    }
    0x0B "TS 31.111 §8" "PDP/PDN/PDU type" PdpType {
        /// As in TS 24.008.
        kind: Vec<u8>,
    }
    0x0A "TS 31.111 §8" "IP address list" IpAddressList {
        /// Type and address of each, each a TLV.
        addresses: Vec<u8>,
    }
    0x0B "TS 31.111 §8" "Surrounding macrocells" SurroundingMacrocells {
        /// The cells around a H(e)NB, each with its technology.
        cells: Vec<u8>,
    }
    0x79 "TS 31.111 §8" "E-UTRAN inter-frequency network measurement results" InterFrequencyMeasurements {
        /// As in TS 36.331.
        results: Vec<u8>,
    }
    0x74 "TS 31.111 §8" "ProSe report data" ProSeReportData {
        /// The report.
        data: Vec<u8>,
    }
    0x12 "TS 102 223 §8" "CAT service list" CatServiceList {
        /// What the client offers.
        services: Vec<u8>,
    }
    0x0E "TS 102 223 §8" "eCAT client profile" EcatClientProfile {
        /// The client's terminal profile.
        profile: Vec<u8>,
    }
    0x0F "TS 102 223 §8" "eCAT client identity" EcatClientIdentity {
        /// The identity.
        identity: Vec<u8>,
    }
    0x10 "TS 102 223 §8" "Encapsulated envelope type" EncapsulatedEnvelopeType {
        /// The tag of the envelope within.
        kind: u8,
    }
    0x40 "TS 102 223 §8.104" "DNS server address" DnsServerAddress {
        /// Type of address and address.
        address: Vec<u8>,
    }
    0x34 "TS 102 223 §8.105" "Supported radio access technologies" SupportedAccessTechnologies {
        /// Each technology, and whether it is on.
        technologies: List<SupportedTechnology>,
    }
}

/// An access technology, and whether it is on (TS 102 223 §8.105).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupportedTechnology {
    /// The technology.
    pub technology: AccessTechnologyCode,
    /// Bit 1: it is on.
    pub state: u8,
}

impl Wire for SupportedTechnology {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { technology: AccessTechnologyCode::read(r)?, state: r.u8("state of an access technology")? })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.technology.0, self.state]);
    }
}

impl Show for SupportedTechnology {
    fn show(&self) -> Shown {
        Shown::Fields(alloc::vec![
            ("technology", self.technology.show()),
            ("enabled", (self.state & 0x01 != 0).show())
        ])
    }
}

/// Public identities, each a URI in an object `80` (TS 31.111 §8.111).
fn show_identities(octets: &[u8]) -> Shown {
    let mut r = Reader::new(octets);
    let mut identities = Vec::new();
    while let Ok(Tlv { tag: 0x80, mut value }) = Tlv::read(&mut r, "IMPU") {
        identities.push(show_ascii(value.rest()));
    }
    if r.is_empty() { Shown::List(identities) } else { octets.show() }
}
