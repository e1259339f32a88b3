//! Response APDUs (ISO/IEC 7816-3 §12.1).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader};

use crate::Status;

/// A response APDU: data and the status word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The data field; may be empty.
    pub data: Vec<u8>,
    /// The status word.
    pub status: Status,
}

impl Response {
    /// A response with data and a normal ending.
    #[must_use]
    pub const fn normal(data: Vec<u8>) -> Self {
        Self { data, status: Status::NORMAL }
    }

    /// Reads a response: the last two octets are the status word.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes);
        let data = r.take(bytes.len().saturating_sub(2), "response data")?.to_vec();
        Ok(Self { data, status: Status(r.u16("status word")?) })
    }

    /// The response as octets.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len() + 2);
        out.extend_from_slice(&self.data);
        out.extend_from_slice(&self.status.0.to_be_bytes());
        out
    }

    /// The same, in the place of the data.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.data.extend_from_slice(&self.status.0.to_be_bytes());
        self.data
    }
}

/// A status word without data.
impl From<Status> for Response {
    fn from(status: Status) -> Self {
        Self { data: Vec::new(), status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_comes_back() {
        let response = Response { data: [1, 2, 3].to_vec(), status: Status(0x9117) };
        assert_eq!(response.to_bytes(), [1, 2, 3, 0x91, 0x17]);
        assert_eq!(Response::from_bytes(&response.to_bytes()), Ok(response.clone()));
        assert_eq!(response.to_bytes(), response.into_bytes());
    }

    #[test]
    fn a_response_without_a_whole_status_word_is_refused() {
        assert_eq!(Response::from_bytes(&[0x90]).unwrap_err().what, "status word");
    }
}
