//! Multimedia messages, and what envelopes carry for applications (TS 102 223 §8.82 to §8.88).

use alloc::vec::Vec;

data_objects! {
    0x6A "TS 102 223 §8.82" "Multimedia message reference" MultimediaReference {
        /// The reference.
        reference: Vec<u8>,
    }
    0x6B "TS 102 223 §8.83" "Multimedia message identifier" MultimediaIdentifier {
        /// The identifier.
        identifier: Vec<u8>,
    }
    0x6C "TS 102 223 §8.84" "Multimedia message transfer status" MultimediaStatus {
        /// The status.
        status: Vec<u8>,
    }
    0x6E "TS 102 223 §8.85" "Multimedia message content identifier" MultimediaContent {
        /// The content.
        content: Vec<u8>,
    }
    0x6F "TS 102 223 §8.86" "Multimedia message notification" MultimediaNotification {
        /// The notification.
        notification: Vec<u8>,
    }
    0x70 "TS 102 223 §8.87" "Last envelope" LastEnvelope {}
    0x7A "TS 102 223 §8" "Extended registry application data" ExtendedRegistryApplicationData {
        /// Port, coding and name.
        data: Vec<u8>,
    }
    0x71 "TS 102 223 §8.88" "Registry application data" RegistryApplicationData {
        /// Port, coding and name.
        data: Vec<u8>,
    }
}
