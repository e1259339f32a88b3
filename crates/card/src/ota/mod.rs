//! The card as the target of secured packets: who gets them, and what is answered (TS 102 225, TS 31.115, TS 102 226).
//!
//! A packet is for an applet with its TAR, or for an application of the card's own ([`RemoteApplication`]). It is
//! checked in the standard's order: TAR, security level, keys, ciphering, checksum, counter. The counter is written
//! before the packet has any effect, so that power loss at any time lets none come twice.

mod files;
mod keys;
mod level;
mod manage;
mod receive;
mod script;

use alloc::{vec, vec::Vec};

use oxisim_sms::packet::Tar;

pub(crate) use self::{
    files::Remote,
    keys::{all as key_sets, create as create_keys, is_owned},
};
pub use self::{
    keys::{KeySet, KeyType, TypedKey},
    level::SecurityLevel,
};
use crate::{applet::AccessDomain, file::fid, pin::KeyReference};

/// An application of the card's own, which is managed over the air (TS 102 226).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteApplication {
    /// The TAR of the packets that are for it.
    pub tar: Tar,
    /// What it manages.
    pub manages: Managed,
    /// The minimum security level of its packets.
    pub security: SecurityLevel,
    /// Which files it may touch.
    pub access: AccessDomain,
    /// The keys that count as verified for it, if [`access`](Self::access) is [`AccessDomain::UICC`]. What a script
    /// verifies itself comes to them.
    pub keys: Vec<KeyReference>,
}

/// Which packets that ask for it get their receipt in a message of the card's own (TS 31.115 §4.2), which its owner pays
/// for and which goes to whatever address the packet says that it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubmitRule {
    /// Those that are accepted and have a checksum. One that is repeated is refused, so it is not answered twice.
    #[default]
    Accepted,
    /// Each one, from whomever it comes.
    Always,
}

/// What an application of the card manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Managed {
    /// Files: a script begins in the directory with this path (TS 102 226 §7).
    Files(Vec<u16>),
    /// Applets and keys (TS 102 226 §8): the issuer security domain.
    Applets,
}

impl RemoteApplication {
    /// The TAR of the issuer security domain (TS 101 220 Annex D).
    pub const ISSUER: Tar = Tar([0x00, 0x00, 0x00]);
    /// The TAR for files of the SIM, from the MF on.
    pub const SIM_FILES: Tar = Tar([0xB0, 0x00, 0x00]);
    /// The TARs for files of the USIM.
    pub const USIM_FILES: [Tar; 2] = [Tar([0xB0, 0x00, 0x10]), Tar([0xB0, 0x00, 0x11])];

    /// The applications of a card whose USIM stands at this path: they ask for a checksum and a counter, and may do
    /// everything with files that can be done.
    #[must_use]
    pub fn standard(usim: &[u16]) -> Vec<Self> {
        let application = |tar, manages| Self {
            tar,
            manages,
            security: SecurityLevel::REPLAY_SAFE,
            access: AccessDomain::FULL,
            keys: Vec::new(),
        };
        let mut all = vec![
            application(Self::ISSUER, Managed::Applets),
            application(Self::SIM_FILES, Managed::Files(vec![fid::MF])),
        ];
        all.extend(Self::USIM_FILES.map(|tar| application(tar, Managed::Files(usim.to_vec()))));
        all
    }
}
