//! What an applet is installed with (TS 102 226 §8.2.1.3.2).

use alloc::vec::Vec;

use oxisim_sms::packet::Tar;
use oxisim_wire::codes;

use crate::pin::KeyReference;

/// Install parameters: what an applet may, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallParameters {
    /// Which files it may touch.
    pub access: AccessDomain,
    /// The keys that count as verified for it, if [`access`](Self::access) is [`AccessDomain::UICC`].
    pub keys: Vec<KeyReference>,
    /// Priority level: `01` is the highest, `FF` the lowest. Applets are told of an event by priority, of equals the
    /// one that was installed last first; their commands go to the terminal by priority too.
    pub priority: u8,
    /// The most timers that it may have.
    pub timers: u8,
    /// The most channels that it may have.
    pub channels: u8,
    /// The most services of a local connection that it may have.
    pub services: u8,
    /// The most octets of the text of a menu entry.
    pub menu_text: u8,
    /// The menu entries that it may have; `None`: as many as the card has room for, where there is room.
    pub menu_entries: Option<Vec<MenuPlace>>,
    /// The minimum security level of command packets for it (TS 102 226 §8.2.1.3.2.4): the first octet of their SPI, by
    /// itself or after parameter `01`; empty: there is none.
    pub security: Vec<u8>,
    /// The TARs of the command packets that are for it (TS 102 225).
    pub tars: Vec<Tar>,
    /// The most octets of persistent memory (GP Card Specification: `C8`); `None`: as many as there are.
    pub persistent_quota: Option<u16>,
    /// The most octets of transient memory (GP Card Specification: `C7`); `None`: as many as there are.
    pub transient_quota: Option<u16>,
    /// What its own code makes of it (GP Card Specification: `C9`).
    pub application: Vec<u8>,
}

/// Where an entry stands in the menu (TS 102 226 §8.2.1.3.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MenuPlace {
    /// Its position, 1 for the first; 0 for the last one that is free.
    pub position: u8,
    /// Its identifier; 0 for one that is free.
    pub identifier: u8,
}

codes! {
    /// Access domain parameter (TS 102 226 §8.2.1.3.2): what an applet may do with files. Neither what the terminal has
    /// verified nor which PINs are disabled changes that. What is not here is as [`NONE`](Self::NONE).
    pub struct AccessDomain(u8) {
        /// All but what an access rule says may never be done.
        FULL = 0x00,
        /// What access rules allow to one who has verified certain keys.
        UICC = 0x02,
        /// Nothing.
        NONE = 0xFF,
    }
}

impl Default for InstallParameters {
    fn default() -> Self {
        Self {
            access: AccessDomain::FULL,
            keys: Vec::new(),
            priority: 0x80,
            timers: 8,
            channels: 7,
            services: 8,
            menu_text: u8::MAX,
            menu_entries: None,
            security: Vec::new(),
            tars: Vec::new(),
            persistent_quota: None,
            transient_quota: None,
            application: Vec::new(),
        }
    }
}
