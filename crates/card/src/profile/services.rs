//! Which services the default card has: `EF_UST` and `EF_SST`.

use alloc::{vec, vec::Vec};

use super::Profile;

/// Services of the USIM (TS 31.102 §4.2.8).
const UST: [u8; 38] = [
    2,  // fixed dialling numbers
    3,  // their extensions
    4,  // service dialling numbers
    5,  // their extensions
    8,  // outgoing calls
    9,  // incoming calls
    10, // short messages
    11, // status reports of short messages
    12, // parameters of short messages
    13, // advice of charge
    14, // capability configuration parameters
    15, // cell broadcast message identifiers
    16, // ranges of cell broadcast message identifiers
    17, // group identifier level 1
    18, // group identifier level 2
    19, // service provider name
    20, // networks of the user's choice
    21, // own number
    27, // GSM access
    28, // data download via SMS-PP
    33, // "shall be set to 1"
    34, // enabled services table
    35, // list of access point names
    36, // depersonalisation control keys
    37, // co-operative networks
    38, // GSM security context
    42, // networks of the operator's choice
    43, // access technologies of the home network
    44, // extensions of own number, incoming and outgoing calls
    45, // network names
    46, // which network has which name
    47, // mailbox dialling numbers
    48, // messages waiting
    49, // call forwarding
    51, // networks of the service provider
    71, // equivalent home networks
    73, // presentation of them
    85, // EPS mobility management
];
/// As many octets as the table has services for, up to the 136th.
const UST_OCTETS: usize = 17;

/// Call control and control of short messages by the USIM.
const UST_OF_CONTROL: [u8; 2] = [30, 31];

/// Services of the SIM (TS 51.011 §10.3.7).
const SST: [u8; 35] = [
    1,  // PIN 1 can be disabled
    2,  // abbreviated dialling numbers
    3,  // fixed dialling numbers
    4,  // short messages
    5,  // advice of charge
    7,  // networks of the user's choice
    9,  // own number
    10, // extensions of abbreviated dialling numbers and own number
    11, // extensions of fixed dialling numbers
    12, // parameters of short messages
    13, // last numbers dialled
    14, // cell broadcast message identifiers
    15, // group identifier level 1
    16, // group identifier level 2
    17, // service provider name
    18, // service dialling numbers
    19, // their extensions
    26, // data download via SMS-PP
    27, // menu selection
    29, // proactive SIM
    30, // ranges of cell broadcast message identifiers
    33, // depersonalisation control keys
    34, // co-operative networks
    35, // status reports of short messages
    38, // GPRS
    43, // networks of the user's choice with access technologies
    44, // networks of the operator's choice with access technologies
    45, // access technologies of the home network
    48, // extended capability configuration parameters
    51, // network names
    52, // which network has which name
    53, // mailbox dialling numbers
    54, // messages waiting
    55, // call forwarding
    56, // networks of the service provider
];
/// As many octets as the table has services for: 59.
const SST_OCTETS: usize = 15;

/// Call control and control of short messages by the SIM, which knows USSD strings.
const SST_OF_CONTROL: [u8; 3] = [28, 37, 41];

/// `EF_UST`: one bit a service.
pub(super) fn usim_services(profile: &Profile) -> Vec<u8> {
    let of_control: &[u8] = if profile.controls { &UST_OF_CONTROL } else { &[] };
    service_table(&[&UST, of_control], 1, UST_OCTETS)
}

/// `EF_SST`: two bits a service, allocated and activated.
pub(super) fn sim_services(profile: &Profile) -> Vec<u8> {
    let of_control: &[u8] = if profile.controls { &SST_OF_CONTROL } else { &[] };
    service_table(&[&SST, of_control], 2, SST_OCTETS)
}

/// A table of `octets` octets with `bits` bits for each service, all set for those in `services`.
fn service_table(services: &[&[u8]], bits: usize, octets: usize) -> Vec<u8> {
    let mut table = vec![0; octets];
    for &service in services.iter().copied().flatten() {
        let first = usize::from(service).saturating_sub(1) * bits;
        for bit in first..first + bits {
            if let Some(octet) = table.get_mut(bit / 8) {
                *octet |= 1 << (bit % 8);
            }
        }
    }
    table
}
