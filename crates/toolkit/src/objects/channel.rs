//! Channels of the bearer independent protocol (TS 102 223 §8.52 to §8.59, §8.63 to §8.70).

use alloc::vec::Vec;

use oxisim_wire::{Show, Shown};

use crate::codes::{AddressType, BearerType, TransportProtocol};

data_objects! {
    0x35 "TS 102 223 §8.52" "Bearer description" BearerDescription {
        /// Which bearer.
        bearer: BearerType,
        /// Its parameters.
        parameters: Vec<u8>,
    }
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
