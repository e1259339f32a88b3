//! Response packets (TS 102 225 §5.2, TS 31.115 §4.3).

use alloc::vec::Vec;

use super::{
    Counter, Deciphered, Form, Keys, Protection, Refusal, ResponseStatus, Suite, Tar,
    frame::{Content, Frame, Kind},
};
use crate::Error;

/// What an application answers to a command packet, or the receiver in its place (TS 102 225 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponsePacket {
    /// TAR of the command.
    pub tar: Tar,
    /// CNTR of the command.
    pub counter: Counter,
    /// What came of it.
    pub status: ResponseStatus,
    /// Additional response data.
    pub data: Vec<u8>,
}

impl ResponsePacket {
    /// The packet, from RPL or RPI on, protected as the command [asked for](super::SecurityParameters::response).
    pub fn seal(&self, form: Form, protection: Protection, keys: &Keys) -> Result<Vec<u8>, Error> {
        let Self { tar, counter, status, ref data } = *self;
        let content = Content { kind: Kind::Response, clear: &tar.0, counter, status: Some(status), data };
        content.seal(form, protection, keys)
    }
}

/// A response packet whose clear octets are read (TS 102 225 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedResponse {
    /// TAR of the command.
    pub tar: Tar,
    frame: Frame,
}

impl SealedResponse {
    /// Reads a packet from RPL or RPI on.
    pub fn decode(form: Form, octets: &[u8]) -> Result<Self, oxisim_wire::Error> {
        let frame = Frame::decode(form, Kind::Response, octets)?;
        let tar = Tar(frame.clear().array("TAR")?);
        Ok(Self { tar, frame })
    }

    /// Octets of the check, checksum or signature, by the header's length. None though the command asked for one:
    /// the receiver could not interpret the command's header, and answers
    /// [without security](ResponseStatus::UNIDENTIFIED_SECURITY_ERROR).
    #[must_use]
    pub const fn check_octets(&self) -> usize {
        self.frame.check_octets()
    }

    /// The packet, if it is protected as the command [asked for](super::SecurityParameters::response) and verifies.
    pub fn open(&self, protection: Protection, keys: &Keys) -> Result<ResponsePacket, Refusal> {
        let deciphered = self.decipher(Suite::of(protection, keys.agreement)?, keys)?;
        self.packet(deciphered, keys)
    }

    /// The packet as one that has no security; what it says, anybody may have said.
    pub fn open_unsecured(&self) -> Result<ResponsePacket, Refusal> {
        let keys = Keys::default();
        self.packet(self.decipher(Suite::NONE, &keys)?, &keys)
    }

    /// Deciphers the packet and verifies nothing.
    pub fn decipher(&self, suite: Suite, keys: &Keys) -> Result<Deciphered, Refusal> {
        self.frame.decipher(suite, keys)
    }

    fn packet(&self, deciphered: Deciphered, keys: &Keys) -> Result<ResponsePacket, Refusal> {
        let counter = deciphered.counter;
        let status = deciphered.status.unwrap_or(ResponseStatus::UNIDENTIFIED_SECURITY_ERROR);
        Ok(ResponsePacket { tar: self.tar, counter, status, data: deciphered.verify(keys)? })
    }
}
