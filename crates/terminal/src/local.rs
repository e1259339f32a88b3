//! Services over local bearers, of devices nearby and of the card (TS 102 223 §6.4.32 to §6.4.34).

use alloc::vec::Vec;

use oxisim_toolkit::objects::{ServiceRecord, TransportLevel};
use oxisim_wire::codes;

codes! {
    /// Technology of a local bearer, the qualifier of SERVICE SEARCH and GET SERVICE INFORMATION (TS 102 223 §8.6).
    pub struct LocalBearer(u8) { ANY = 0x00, BLUETOOTH = 0x01, IRDA = 0x02, RS232 = 0x03, USB = 0x04, }
}

/// A service of a device nearby. The phone does not know the protocols of local bearers: it looks for octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalService {
    /// Technology of the bearer.
    pub bearer: LocalBearer,
    /// What kind of device it is, which a device filter holds.
    pub device: Vec<u8>,
    /// What kind of service it is, which a search holds: a UUID of Bluetooth.
    pub class: Vec<u8>,
    /// How the service is named when it is found, and in what asks about it: a record handle of Bluetooth.
    pub handle: Vec<u8>,
    /// What there is to know of it.
    pub record: Vec<u8>,
}

/// A service that the card offers to devices nearby (DECLARE SERVICE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredService {
    /// Technology of the bearer, identifier and record.
    pub record: ServiceRecord,
    /// The transport over which the card is reached.
    pub transport: Option<TransportLevel>,
}

impl LocalService {
    /// Whether it is reached over this technology; [`LocalBearer::ANY`] is every one.
    pub(crate) fn is_over(&self, bearer: LocalBearer) -> bool {
        bearer == LocalBearer::ANY || self.bearer == bearer
    }

    /// Whether this filter lets its device pass; one without octets lets all pass.
    pub(crate) fn passes(&self, filter: &[u8]) -> bool {
        filter.is_empty() || holds(filter, &self.device)
    }

    /// Whether this search is for it; one without octets is for all.
    pub(crate) fn is_found_by(&self, search: &[u8]) -> bool {
        search.is_empty() || holds(search, &self.class)
    }

    /// Whether these octets ask about it.
    pub(crate) fn is_named_in(&self, attributes: &[u8]) -> bool {
        holds(attributes, &self.handle)
    }
}

/// Whether `part` is somewhere in `octets`; a part without octets is nowhere.
fn holds(octets: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && octets.windows(part.len()).any(|window| window == part)
}
