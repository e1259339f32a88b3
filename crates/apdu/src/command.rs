//! Command APDUs (ISO/IEC 7816-3 §12.1).

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader};

use crate::{Class, Instruction};

/// A command APDU.
///
/// ```
/// use oxisim_apdu::{Class, Command, Instruction};
///
/// let select_mf = Command::new(Class::INTERINDUSTRY, Instruction::SELECT, 0x00, 0x04).data(&[0x3F, 0x00]).ne(256);
/// assert_eq!(select_mf.to_bytes(), [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// The class byte.
    pub class: Class,
    /// The instruction byte.
    pub instruction: Instruction,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// The data field, at most 65 535 octets; empty in cases 1 and 2.
    pub data: &'a [u8],
    /// The most octets that the response may have, 1 to 65 536; `None` in cases 1 and 3.
    pub ne: Option<usize>,
}

impl<'a> Command<'a> {
    /// A command of case 1.
    #[must_use]
    pub const fn new(class: Class, instruction: Instruction, p1: u8, p2: u8) -> Self {
        Self { class, instruction, p1, p2, data: &[], ne: None }
    }

    /// The same command with a data field.
    #[must_use]
    pub const fn data(mut self, data: &'a [u8]) -> Self {
        self.data = data;
        self
    }

    /// The same command with a response of at most `ne` octets.
    #[must_use]
    pub const fn ne(mut self, ne: usize) -> Self {
        self.ne = Some(ne);
        self
    }

    /// Reads a command of any case, with short or extended lengths.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes);
        let mut command = Self::new(Class(r.u8("CLA")?), Instruction(r.u8("INS")?), r.u8("P1")?, r.u8("P2")?);
        if r.is_empty() {
            return Ok(command);
        }
        let first = r.u8("Lc or Le")?;
        match (first, r.left()) {
            (le, 0) => command.ne = Some(length_or(le.into(), 0x100)),
            (0, _) => {
                let at = r.offset();
                let length = r.u16("extended Lc or Le")?;
                if r.is_empty() {
                    command.ne = Some(length_or(length.into(), 0x1_0000));
                } else if length == 0 {
                    return Err(Error::new("extended Lc", at, ErrorKind::Value(0)));
                } else {
                    command.data = r.take(length.into(), "data field")?;
                    if !r.is_empty() {
                        command.ne = Some(length_or(r.u16("extended Le")?.into(), 0x1_0000));
                    }
                }
            }
            (lc, _) => {
                command.data = r.take(lc.into(), "data field")?;
                if !r.is_empty() {
                    command.ne = Some(length_or(r.u8("Le")?.into(), 0x100));
                }
            }
        }
        r.finish("command APDU")?;
        Ok(command)
    }

    /// The command in the shortest coding of its case: extended lengths only where one is over 255 octets of
    /// data or 256 of response. A data field over 65 535 octets is cut, an `ne` over 65 536 limited.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let data = self.data.get(..0xFFFF).unwrap_or(self.data);
        let mut out = Vec::with_capacity(4 + 3 + data.len() + 2);
        out.extend_from_slice(&[self.class.0, self.instruction.0, self.p1, self.p2]);
        let extended = data.len() > 0xFF || self.ne.is_some_and(|ne| ne > 0x100);
        if extended {
            out.push(0);
            if !data.is_empty() {
                out.extend_from_slice(&(data.len() as u16).to_be_bytes());
                out.extend_from_slice(data);
            }
            // 65 536 is coded as 0000, which the truncation yields.
            out.extend(self.ne.into_iter().flat_map(|ne| (ne.min(0x1_0000) as u16).to_be_bytes()));
        } else {
            if !data.is_empty() {
                out.push(data.len() as u8);
                out.extend_from_slice(data);
            }
            out.extend(self.ne.map(|ne| ne as u8));
        }
        out
    }
}

/// A length field: 0 stands for the largest.
const fn length_or(length: usize, largest: usize) -> usize {
    if length == 0 { largest } else { length }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_error_names_the_field_that_is_cut() {
        for (bytes, text) in [
            (&[][..], "CLA at octet 0: 1 octet needed, 0 left"),
            (&[0, 0xA4, 0], "P2 at octet 3: 1 octet needed, 0 left"),
            (&[0, 0xA4, 0, 0, 2, 0x3F], "data field at octet 5: 2 octets needed, 1 left"),
            (&[0, 0xA4, 0, 0, 0, 1], "extended Lc or Le at octet 5: 2 octets needed, 1 left"),
            (&[0, 0xA4, 0, 0, 0, 0, 0, 1], "extended Lc at octet 5: value 0x00 is not allowed"),
            (&[0, 0xA4, 0, 0, 1, 9, 0, 0], "command APDU at octet 7: 1 octet too many"),
        ] {
            assert_eq!(Command::parse(bytes).unwrap_err().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn every_command_comes_back(
            header in any::<[u8; 4]>(),
            data in proptest::collection::vec(any::<u8>(), 0..600),
            ne in proptest::option::of(1usize..=0x1_0000),
        ) {
            let mut command = Command::new(Class(header[0]), Instruction(header[1]), header[2], header[3]).data(&data);
            command.ne = ne;
            let bytes = command.to_bytes();
            prop_assert_eq!(Command::parse(&bytes), Ok(command));
        }

        #[test]
        fn no_octets_make_parsing_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Command::parse(&bytes);
        }
    }
}
