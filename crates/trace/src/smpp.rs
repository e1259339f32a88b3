//! Of SMPP what a transcript says: the header of a PDU (SMPP 5.0 §3.2).

use oxisim_wire::{Error, Reader, Wire};

oxisim_wire::codes! {
    /// PDUs that carry messages (SMPP 5.0 §4.7.5).
    pub struct CommandId(u32) {
        SUBMIT_SM = 0x0000_0004,
        SUBMIT_SM_RESP = 0x8000_0004,
        DELIVER_SM = 0x0000_0005,
        DELIVER_SM_RESP = 0x8000_0005,
        DATA_SM = 0x0000_0103,
        DATA_SM_RESP = 0x8000_0103,
    }
}

/// What a PDU is.
pub struct Header {
    pub id: CommandId,
    /// Zero if all is well, or if it is no answer.
    pub status: u32,
    /// An answer has that of what it answers.
    pub sequence: u32,
}

impl Header {
    pub fn read(pdu: &[u8]) -> Result<Self, Error> {
        let r = &mut Reader::new(pdu);
        u32::read(r)?;
        Ok(Self { id: CommandId::read(r)?, status: u32::read(r)?, sequence: u32::read(r)? })
    }

    /// Its name in the standard's letters.
    pub fn name(&self) -> String {
        self.id.name().map_or_else(|| format!("PDU {:08X}", self.id.0), str::to_lowercase)
    }
}
