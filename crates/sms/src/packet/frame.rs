//! What command and response packets share: lengths, checksum, ciphering, padding.

use alloc::vec::Vec;

use oxisim_wire::{ErrorKind, Reader, Wire, tlv};
use subtle::ConstantTimeEq;

use super::{Check, Cipher, Counter, Keys, Protection, Refusal, ResponseStatus, Suite, crypto};
use crate::{Error, UserData};

/// How a packet is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// In short messages or pages of cell broadcast (TS 31.115 §4, §5): the packet's length has two octets, the
    /// header's one, and what identifies it stands outside.
    ShortMessage,
    /// By itself (TS 102 225 §5): CPI 01 or RPI 02, then lengths as in BER. CHI and RHI have no octets, as over
    /// `CAT_TP` and TCP.
    Tagged,
}

/// Whether a packet is a command or a response, with what only that kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Command,
    Response,
}

impl Kind {
    /// CPI or RPI.
    const fn identifier(self) -> u8 {
        match self {
            Self::Command => 0x01,
            Self::Response => 0x02,
        }
    }

    /// Octets of the header that are never ciphered, its length aside: SPI, `KIc`, `KID` and TAR, or TAR.
    const fn clear(self) -> usize {
        match self {
            Self::Command => 2 + 1 + 1 + 3,
            Self::Response => 3,
        }
    }

    /// Octets of the header that are ciphered, the checksum aside: CNTR, PCNTR, and the response status.
    const fn hidden(self) -> usize {
        match self {
            Self::Command => 5 + 1,
            Self::Response => 5 + 1 + 1,
        }
    }

    const fn what(self) -> (&'static str, &'static str) {
        match self {
            Self::Command => ("command packet", "command header"),
            Self::Response => ("response packet", "response header"),
        }
    }
}

impl Form {
    /// Octets before the packet that its checksum covers: the user data header of a response (TS 31.115 §4.3).
    const fn outside(self, kind: Kind) -> &'static [u8] {
        match (self, kind) {
            (Self::ShortMessage, Kind::Response) => &[0x02, 0x71, 0x00],
            _ => &[],
        }
    }

    /// What stands before the header: identifier and lengths. `header` and `rest` are octets.
    fn lengths(self, kind: Kind, header: usize, rest: usize) -> Result<Vec<u8>, Error> {
        let too_long = || Error::PacketTooLong(rest);
        let mut out = Vec::new();
        match self {
            Self::ShortMessage => {
                u16::try_from(1 + header + rest).map_err(|_| too_long())?.write(&mut out);
                out.push(header as u8);
            }
            Self::Tagged => {
                let mut inner = Vec::new();
                tlv::write_length(header, &mut inner);
                let length = inner.len() + header + rest;
                if length >= 1 << 24 {
                    return Err(too_long());
                }
                out.push(kind.identifier());
                tlv::write_length(length, &mut out);
                out.extend(inner);
            }
        }
        Ok(out)
    }
}

/// What is put into a packet.
pub struct Content<'a> {
    pub kind: Kind,
    /// The header's octets that are never ciphered.
    pub clear: &'a [u8],
    pub counter: Counter,
    pub status: Option<ResponseStatus>,
    pub data: &'a [u8],
}

impl Content<'_> {
    /// The packet, padded, checked and ciphered in that order (TS 102 225 §5.1).
    pub fn seal(&self, form: Form, protection: Protection, keys: &Keys) -> Result<Vec<u8>, Error> {
        let Self { kind, clear, counter, status, data } = *self;
        let suite = Suite::of(protection, keys.agreement)?;
        let hidden = kind.hidden() + suite.check_octets();
        let padding = suite.padding(hidden + data.len());
        let mut out = form.lengths(kind, clear.len() + hidden, data.len() + padding)?;
        out.extend_from_slice(clear);
        let ciphered = out.len();
        out.extend_from_slice(&counter.to_octets());
        out.push(padding as u8);
        out.extend(status.map(|status| status.0));
        let behind = out.len();
        out.extend_from_slice(data);
        out.resize(out.len() + padding, 0);
        if let Some(check) = suite.check {
            let message = [form.outside(kind), &out].concat();
            let checksum = crypto::check(check, keys.kid.as_ref(), &message)?;
            out.splice(behind..behind, checksum);
        }
        if let Some(cipher) = suite.cipher {
            let key = keys.kic.as_ref().ok_or(Refusal::NoKic)?;
            crypto::encipher(cipher, key, &mut out[ciphered..])?;
        }
        Ok(out)
    }
}

/// A packet whose clear octets are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub form: Form,
    pub kind: Kind,
    /// From the identifier or the length up to the last octet that is never ciphered.
    front: Vec<u8>,
    /// Octets of the check, checksum or signature, by the header's length.
    check: usize,
    /// From the counter on.
    secured: Vec<u8>,
}

impl Frame {
    /// Reads lengths and the header's clear octets.
    pub fn decode(form: Form, kind: Kind, octets: &[u8]) -> Result<Self, oxisim_wire::Error> {
        let (packet_name, header_name) = kind.what();
        let mut r = Reader::new(octets);
        let length = match form {
            Form::ShortMessage => usize::from(r.u16(packet_name)?),
            Form::Tagged => {
                let start = r.clone();
                let (found, expected) = (r.u8(packet_name)?, kind.identifier());
                if found != expected {
                    let kind = ErrorKind::Tag { expected: expected.into(), found: found.into() };
                    return Err(start.error(packet_name, kind));
                }
                tlv::read_length(&mut r, packet_name)?
            }
        };
        let mut packet = r.sub(length, packet_name)?;
        r.finish(packet_name)?;
        let length = match form {
            Form::ShortMessage => usize::from(packet.u8(header_name)?),
            Form::Tagged => tlv::read_length(&mut packet, header_name)?,
        };
        let mut header = packet.clone().sub(length, header_name)?;
        packet.take(kind.clear(), header_name)?;
        header.take(kind.clear(), header_name)?;
        let front = octets.len() - packet.clone().rest().len();
        header.take(kind.hidden(), header_name)?;
        let check = header.rest().len();
        Ok(Self { form, kind, front: octets[..front].to_vec(), check, secured: packet.rest().to_vec() })
    }

    /// The octets of the header that are never ciphered.
    pub fn clear(&self) -> Reader<'_> {
        Reader::new(&self.front[self.front.len() - self.kind.clear()..])
    }

    /// Octets of the check, checksum or signature, by the header's length.
    pub const fn check_octets(&self) -> usize {
        self.check
    }

    /// Deciphers what is ciphered and takes it apart; nothing is verified yet.
    pub fn decipher(&self, suite: Suite, keys: &Keys) -> Result<Deciphered, Refusal> {
        let mut secured = self.secured.clone();
        if let Some(cipher) = suite.cipher {
            let (length, block) = (secured.len(), cipher.block());
            if !length.is_multiple_of(block) {
                return Err(Refusal::Blocks { length, block });
            }
            crypto::decipher(cipher, keys.kic.as_ref().ok_or(Refusal::NoKic)?, &mut secured)?;
        }
        let mut r = Reader::new(&secured);
        let counter = Counter::from_octets(r.array("CNTR")?);
        let padding = r.u8("PCNTR")?;
        let status = match self.kind {
            Kind::Command => None,
            Kind::Response => Some(ResponseStatus::read(&mut r)?),
        };
        let check = r.take(self.check, "RC/CC/DS")?.to_vec();
        let mut covered = self.form.outside(self.kind).to_vec();
        covered.extend_from_slice(&self.front);
        covered.extend_from_slice(&secured[..self.kind.hidden()]);
        let data = r.rest().to_vec();
        Ok(Deciphered { suite, counter, padding, status, check, data, covered })
    }
}

/// A packet that is deciphered and not yet verified, for those who want to know why one does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciphered {
    suite: Suite,
    /// CNTR.
    pub counter: Counter,
    /// PCNTR: octets of padding.
    pub padding: u8,
    /// The response status, in a response.
    pub status: Option<ResponseStatus>,
    /// The check, checksum or signature.
    pub check: Vec<u8>,
    /// Data with its padding.
    pub data: Vec<u8>,
    /// What the checksum covers before the data.
    covered: Vec<u8>,
}

impl Deciphered {
    /// The check or checksum that the packet should have by `check`.
    pub fn expected(&self, check: Check, keys: &Keys) -> Result<Vec<u8>, Refusal> {
        crypto::check(check, keys.kid.as_ref(), &[&*self.covered, &*self.data].concat())
    }

    /// The data without padding, if the check or checksum is right and the padding counter can be.
    ///
    /// The checksum comes first: whoever has no key learns nothing from how a padding is refused.
    pub fn verify(mut self, keys: &Keys) -> Result<Vec<u8>, Refusal> {
        let expected = self.suite.check_octets();
        if self.check.len() != expected {
            return Err(Refusal::CheckLength { found: self.check.len(), expected });
        }
        if let Some(check) = self.suite.check {
            let right: bool = self.expected(check, keys)?.ct_eq(&self.check).into();
            if !right {
                return Err(Refusal::Check);
            }
        }
        let padding = match self.suite.cipher.map(Cipher::block) {
            Some(block)
                if usize::from(self.padding) >= block || usize::from(self.padding) > self.data.len() =>
            {
                return Err(Refusal::Padding { padding: self.padding, block });
            }
            Some(_) => usize::from(self.padding),
            None => 0,
        };
        self.data.truncate(self.data.len() - padding);
        Ok(self.data)
    }
}

impl Suite {
    /// Octets of data that a command packet holds over so many short messages, concatenated if they are several.
    ///
    /// ```
    /// use oxisim_sms::packet::{Check, Cipher, Suite};
    ///
    /// let suite = Suite { cipher: Some(Cipher::AesCbc), check: Some(Check::AesCmac64) };
    /// assert_eq!((suite.command_capacity(1), suite.command_capacity(3)), (98, 370));
    /// ```
    #[must_use]
    pub const fn command_capacity(self, messages: u8) -> usize {
        self.capacity(Kind::Command, messages)
    }

    /// Octets of data that a response packet holds over so many short messages, concatenated if they are several.
    #[must_use]
    pub const fn response_capacity(self, messages: u8) -> usize {
        self.capacity(Kind::Response, messages)
    }

    const fn capacity(self, kind: Kind, messages: u8) -> usize {
        /// UDHL, and the element that announces the packet or concatenates, in octets.
        const UDHL: usize = 1;
        const ANNOUNCES: usize = 2;
        const CONCATENATES: usize = 5;
        let room = match messages {
            0 => 0,
            1 => UserData::LIMIT - UDHL - ANNOUNCES,
            n => (UserData::LIMIT - UDHL - CONCATENATES) * n as usize - ANNOUNCES,
        };
        let room = room.saturating_sub(2 + 1 + kind.clear());
        let room = match self.cipher {
            Some(cipher) => room / cipher.block() * cipher.block(),
            None => room,
        };
        room.saturating_sub(kind.hidden() + self.check_octets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_what_the_octets_leave() {
        let suite = |cipher, check| Suite { cipher, check };
        let aes = suite(Some(Cipher::AesCbc), Some(Check::AesCmac64));
        let triple = suite(Some(Cipher::TripleDes2Cbc), Some(Check::TripleDes2Mac));
        let clear = suite(None, Some(Check::AesCmac64));
        let capacities =
            |messages| [Suite::NONE, clear, triple, aes].map(|suite: Suite| suite.command_capacity(messages));
        assert_eq!(capacities(1), [121, 113, 106, 98]);
        assert_eq!(capacities(3)[1..], [376, 370, 370]);
        assert_eq!(capacities(0), [0; 4]);
        assert_eq!(Suite::NONE.response_capacity(1), 124);
    }
}
