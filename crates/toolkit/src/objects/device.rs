//! What the terminal is and has: readers, browser, display, frames, contactless, identities (TS 102 223 §8).

use alloc::{string::String, vec::Vec};

use oxisim_wire::Shown;

use crate::{
    codes::{BatteryLevel, BrowserBearer, ContactlessFunctionality},
    objects::{List, show_paths},
};

data_objects! {
    0x20 "TS 102 223 §8.33" "Card reader status" CardReaderStatus {
        /// Bits 1 to 3: the reader; 4: removable, 5: present, 6: takes ID-1 cards, 7: card present, 8: card on.
        status: u8,
    }
    0x21 "TS 102 223 §8.34" "Card ATR" CardAtr {
        /// The answer to reset.
        atr: Vec<u8>,
    }
    0x22 "TS 102 223 §8.35" "C-APDU" CommandApdu {
        /// The command.
        apdu: Vec<u8>,
    }
    0x23 "TS 102 223 §8.36" "R-APDU" ResponseApdu {
        /// The response.
        apdu: Vec<u8>,
    }
    0x28 "TS 102 223 §8.40" "AT command" AtCommand {
        /// The command, as in TS 27.007.
        command: Vec<u8> => show_ascii,
    }
    0x29 "TS 102 223 §8.41" "AT response" AtResponse {
        /// The response.
        response: Vec<u8> => show_ascii,
    }
    0x30 "TS 102 223 §8.47" "Browser identity" BrowserIdentity {
        /// 00 default, 01 WML, 02 HTML, 03 XHTML, 04 CHTML.
        browser: u8,
    }
    0x31 "TS 102 223 §8.48" "URL" Url {
        /// The URL; empty for the default one.
        url: Vec<u8> => show_ascii,
    }
    0x32 "TS 102 223 §8.49" "Bearer" BearerList {
        /// In the order of preference.
        bearers: List<BrowserBearer>,
    }
    0x33 "TS 102 223 §8.50" "Provisioning file reference" ProvisioningFile {
        /// Path from the MF.
        path: Vec<u8> => show_paths,
    }
    0x34 "TS 102 223 §8.51" "Browser termination cause" BrowserTerminationCause {
        /// 00 by the user, 01 by an error.
        cause: u8,
    }
    0x3A "TS 102 223 §8.57" "Card reader identifier" CardReaderIdentifier {
        /// The identifier.
        identifier: Vec<u8>,
    }
    0x3A "TS 102 223 §8.103" "REFRESH enforcement policy" RefreshEnforcementPolicy {
        /// Bit 1: on the menu; bit 2: during a data call.
        policy: u8,
    }
    0x3B "TS 102 223 §8.107" "Application specific refresh data" ApplicationRefreshData {
        /// The data.
        data: Vec<u8>,
    }
    0x40 "TS 102 223 §8.62" "Display parameters" DisplayParameters {
        /// Screen height, width and effects.
        parameters: [u8; 3],
    }
    0x46 "TS 102 223 §8.69" "ESN" Esn {
        /// The number.
        esn: Vec<u8>,
    }
    0x53 "TS 102 223 §8.91" "Contactless state request" ContactlessStateRequest {
        /// 00 disable, 01 enable.
        request: u8,
    }
    0x54 "TS 102 223 §8.92" "Contactless functionality state" ContactlessState {
        /// Whether it is on.
        state: ContactlessFunctionality,
    }
    0x62 "TS 102 223 §8.74" "IMEISV" Imeisv {
        /// Semi-octets as in TS 24.008.
        imeisv: Vec<u8>,
    }
    0x63 "TS 102 223 §8.76" "Battery state" BatteryState {
        /// How full it is.
        state: BatteryLevel,
    }
    0x64 "TS 102 223 §8.77" "Browsing status" BrowsingStatus {
        /// The status.
        status: Vec<u8>,
    }
    0x66 "TS 102 223 §8.78" "Frame layout" FrameLayout {
        /// 01 horizontal, 02 vertical.
        layout: u8,
        /// Relative size of each frame.
        sizes: Vec<u8>,
    }
    0x67 "TS 102 223 §8.79" "Frames information" FramesInformation {
        /// The default frame, then each frame's identifier and size.
        frames: Vec<u8>,
    }
    0x6D "TS 102 223 §8.81" "MEID" Meid {
        /// The identifier.
        meid: Vec<u8>,
    }
    0x7B "TS 102 223 §8.89" "ACTIVATE descriptor" ActivateDescriptor {
        /// 01: the UICC-CLF interface.
        target: u8,
    }
    0x21 "TS 102 223 §8.98" "eCAT sequence number" EcatSequenceNumber {
        /// The number.
        number: Vec<u8>,
    }
    0x22 "TS 102 223 §8.99" "Encrypted TLV list" EncryptedTlvList {
        /// The list.
        list: Vec<u8>,
    }
    0x60 "TS 102 223 §8.100" "MAC" Mac {
        /// The code.
        mac: Vec<u8>,
    }
    0x23 "TS 102 223 §8.101" "SA template" SaTemplate {
        /// The template.
        template: Vec<u8>,
    }
}

/// A text in the letters of ASCII or UTF-8.
pub(super) fn show_ascii(octets: &[u8]) -> Shown {
    Shown::Text(String::from_utf8_lossy(octets).into_owned())
}
