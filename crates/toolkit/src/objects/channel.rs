//! Channels of the bearer independent protocol (TS 102 223 §8.52 to §8.59, §8.63 to §8.70).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Show, Shown, Wire, tlv::Tag};

use crate::{
    codes::{AddressType, BearerType, PacketType, TransportProtocol},
    message::DataObject,
};

data_objects! {
    0x36 "TS 102 223 §8.53" "Channel data" ChannelData {
        /// The data.
        data: Vec<u8>,
    }
    0x37 "TS 102 223 §8.54" "Channel data length" ChannelDataLength {
        /// Octets: available, or free in the buffer; FF for 255 and more.
        length: u8,
    }
    0x38 "TS 102 223 §8.56" "Channel status" ChannelStatus {
        /// Bits 1 to 3: the channel; bit 8: the link is established.
        status: u8,
        /// 00 no more information, 05 the link was dropped.
        information: u8,
    }
    0x39 "TS 102 223 §8.55" "Buffer size" BufferSize {
        /// Octets.
        size: u16,
    }
    0x3C "TS 102 223 §8.59" "UICC/terminal interface transport level" TransportLevel {
        /// Protocol, and who begins.
        protocol: TransportProtocol,
        /// The port.
        port: u16,
    }
    0x3E "TS 102 223 §8.58" "Other address" OtherAddress {
        /// Its type; nothing asks the terminal to choose.
        kind: Option<AddressType>,
        /// 4 octets of IPv4, 16 of IPv6.
        address: Vec<u8> => show_address,
    }
    0x41 "TS 102 223 §8.63" "Service record" ServiceRecord {
        /// Bearer technology.
        technology: u8,
        /// The service.
        service: u8,
        /// What it is.
        record: Vec<u8>,
    }
    0x42 "TS 102 223 §8.64" "Device filter" DeviceFilter {
        /// Bearer technology.
        technology: u8,
        /// Which devices.
        filter: Vec<u8>,
    }
    0x43 "TS 102 223 §8.65" "Service search" ServiceSearchFilter {
        /// Bearer technology.
        technology: u8,
        /// Which services.
        search: Vec<u8>,
    }
    0x44 "TS 102 223 §8.66" "Attribute information" AttributeInformation {
        /// Bearer technology.
        technology: u8,
        /// Which attributes.
        attributes: Vec<u8>,
    }
    0x45 "TS 102 223 §8.67" "Service availability" ServiceAvailability {
        /// The services.
        services: Vec<u8>,
    }
    0x47 "TS 102 223 §8.70" "Network access name" NetworkAccessName {
        /// Labels as in TS 23.003.
        name: Vec<u8> => show_labels,
    }
    0x49 "TS 102 223 §8.68" "Remote entity address" RemoteEntityAddress {
        /// Coding type.
        coding: u8,
        /// The address.
        address: Vec<u8>,
    }
}

/// Bearer description (TS 102 223 §8.52, TS 31.111 §8.52, tag `0x35`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerDescription {
    /// Which bearer.
    pub bearer: BearerType,
    /// Its parameters, whose meaning belongs to the bearer.
    pub parameters: Vec<u8>,
}

impl BearerDescription {
    /// The parameters of each bearer in their order, with how many octets each has.
    const PARAMETERS: &'static [(BearerType, &'static [(&'static str, usize)])] = &[
        (BearerType::CSD, &[("data_rate", 1), ("bearer_service", 1), ("connection_element", 1)]),
        (
            BearerType::PACKET_SERVICE,
            &[
                ("precedence_class", 1),
                ("delay_class", 1),
                ("reliability_class", 1),
                ("peak_throughput_class", 1),
                ("mean_throughput_class", 1),
                (PACKET_TYPE, 1),
            ],
        ),
        (
            BearerType::UTRAN_EXTENDED,
            &[
                ("traffic_class", 1),
                ("maximum_bitrate_uplink", 2),
                ("maximum_bitrate_downlink", 2),
                ("guaranteed_bitrate_uplink", 2),
                ("guaranteed_bitrate_downlink", 2),
                ("delivery_order", 1),
                ("maximum_SDU_size", 1),
                ("SDU_error_ratio", 1),
                ("residual_bit_error_ratio", 1),
                ("delivery_of_erroneous_SDUs", 1),
                ("transfer_delay", 1),
                ("traffic_handling_priority", 1),
                (PACKET_TYPE, 1),
            ],
        ),
        (BearerType::NG_RAN, &[("PDU_session_type", 1)]),
    ];

    /// The parameters by name, if there are as many octets as the bearer has.
    fn named(&self) -> Option<Vec<(&'static str, Shown)>> {
        let (_, names) = Self::PARAMETERS.iter().find(|(bearer, _)| *bearer == self.bearer)?;
        let mut r = Reader::new(&self.parameters);
        let mut fields = Vec::new();
        for &(name, octets) in *names {
            let value =
                r.take(octets, name).ok()?.iter().fold(0, |value, &octet| value << 8 | u64::from(octet));
            let is_type = name == PACKET_TYPE;
            fields.push((name, if is_type { PacketType(value as u8).show() } else { Shown::Number(value) }));
        }
        r.is_empty().then_some(fields)
    }
}

const PACKET_TYPE: &str = "PDP_type";

impl Wire for BearerDescription {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let bearer = BearerType(r.u8(Self::NAME)?);
        Ok(Self { bearer, parameters: r.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.bearer.0);
        out.extend(&self.parameters);
    }
}

impl Show for BearerDescription {
    fn show(&self) -> Shown {
        let mut fields = alloc::vec![("bearer", self.bearer.show())];
        match self.named() {
            Some(parameters) => fields.extend(parameters),
            None => fields.push(("parameters", self.parameters.show())),
        }
        Shown::Fields(fields)
    }
}

impl DataObject for BearerDescription {
    const TAG: Tag = Tag(0x35);
    const NAME: &'static str = "Bearer description";
    const SPEC: &'static str = "TS 102 223 §8.52";
}

fn show_address(octets: &[u8]) -> Shown {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Shown::Text(alloc::format!("{}", core::net::Ipv4Addr::from(v4)));
    }
    match <[u8; 16]>::try_from(octets) {
        Ok(v6) => Shown::Text(alloc::format!("{}", core::net::Ipv6Addr::from(v6))),
        Err(_) => octets.show(),
    }
}

/// The labels of a name, each after its length, with points between.
fn show_labels(octets: &[u8]) -> Shown {
    let mut labels: Vec<&str> = Vec::new();
    let mut rest = octets;
    while let Some((&length, after)) = rest.split_first() {
        let label = after.get(..usize::from(length)).and_then(|label| core::str::from_utf8(label).ok());
        let Some(label) = label else { return octets.show() };
        labels.push(label);
        rest = after.get(usize::from(length)..).unwrap_or_default();
    }
    Shown::Text(labels.join("."))
}
