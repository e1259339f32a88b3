//! Where the terminal is and what the network is like (TS 102 223 §8, TS 31.111 §8).

use alloc::vec::Vec;

use oxisim_wire::{Show, Shown};

use crate::{
    codes::AccessTechnologyCode,
    objects::{List, Plmn, PlmnWithAccess},
};

data_objects! {
    0x16 "TS 31.111 §8.22" "Network measurement results" NetworkMeasurements {
        /// As in TS 44.018.
        results: Vec<u8>,
    }
    0x1D "TS 31.111 §8.29" "BCCH channel list" BcchChannels {
        /// Ten bits a channel.
        channels: Vec<u8>,
    }
    0x2E "TS 31.111 §8.46" "Timing advance" TimingAdvance {
        /// 00 idle, 01 not idle.
        status: u8,
        /// The timing advance.
        advance: u8,
    }
    0x3F "TS 102 223 §8.61" "Access technology" AccessTechnology {
        /// The technology.
        technology: AccessTechnologyCode,
        /// More of them.
        more: List<AccessTechnologyCode>,
    }
    0x4A "TS 31.111 §8.81" "I-WLAN identifier" IwlanIdentifier {
        /// WSID.
        identifier: Vec<u8>,
    }
    0x4B "TS 31.111 §8.82" "I-WLAN access status" IwlanAccessStatus {
        /// The status.
        status: u8,
    }
    0x55 "TS 31.111 §8.100" "CSG cell selection status" CsgSelectionStatus {
        /// The status.
        status: Vec<u8>,
    }
    0x56 "TS 31.111 §8.101" "CSG ID" CsgId {
        /// The identifier.
        identifier: Vec<u8>,
    }
    0x57 "TS 31.111 §8.102" "HNB name" HnbName {
        /// The name.
        name: Vec<u8>,
    }
    0x65 "TS 102 223 §8.75" "Network search mode" NetworkSearchMode {
        /// 00 manual, 01 automatic.
        mode: u8,
    }
    0x69 "TS 31.111 §8.73" "UTRAN/E-UTRAN measurement qualifier" MeasurementQualifier {
        /// Which measurements.
        qualifier: u8,
    }
    0x72 "TS 31.111 §8.90" "PLMNwAcT list" PlmnAccessList {
        /// The networks, each with how it is reached.
        networks: List<PlmnWithAccess>,
    }
    0x73 "TS 31.111 §8.91" "Routing area identification" RoutingArea {
        /// Network, location area and routing area as in TS 24.008.
        area: Vec<u8> => show_area,
    }
    0x74 "TS 31.111 §8.92" "Update/attach type" UpdateAttachType {
        /// The type.
        kind: u8,
    }
    0x75 "TS 31.111 §8.93" "Rejection cause code" RejectionCause {
        /// The cause.
        cause: u8,
    }
    0x76 "TS 31.111 §8.94" "Geographical location parameters" GeographicalParameters {
        /// Accuracy, age and time.
        parameters: Vec<u8>,
    }
    0x77 "TS 31.111 §8.95" "GAD shapes" GadShapes {
        /// As in TS 23.032.
        shapes: Vec<u8>,
    }
    0x78 "TS 31.111 §8.96" "NMEA sentence" NmeaSentence {
        /// The sentence.
        sentence: Vec<u8>,
    }
    0x79 "TS 31.111 §8.97" "PLMN list" PlmnList {
        /// The networks.
        networks: List<Plmn>,
    }
    0x7A "TS 102 223 §8.90" "Broadcast network information" BroadcastNetwork {
        /// Technology, and where.
        information: Vec<u8>,
    }
    0x7D "TS 31.111 §8.99" "Tracking area identification" TrackingArea {
        /// Network and tracking area as in TS 24.301.
        area: Vec<u8> => show_area,
    }
}

/// A network and an area in it; octets that are too few for that are shown as they are.
fn show_area(octets: &[u8]) -> Shown {
    let Some((network, area)) = octets.split_first_chunk() else { return octets.show() };
    Shown::Fields(alloc::vec![("network", Plmn(*network).show()), ("area", area.show())])
}
