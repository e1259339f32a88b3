//! The answer to reset (ISO/IEC 7816-3 §8.2).

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader};

/// What a card says at reset.
///
/// ```
/// use oxisim_apdu::{Atr, Convention};
///
/// let atr = Atr::parse(&[0x3B, 0x15, 0x94, 0xC3, 0x02, 0x08, 0x16, 0x01])?;
/// assert_eq!(atr.convention, Convention::Direct);
/// assert_eq!((atr.fi_di(), atr.supports(0)), (0x94, true));
/// assert_eq!(atr.historical, [0xC3, 0x02, 0x08, 0x16, 0x01]);
/// # Ok::<(), oxisim_wire::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr {
    /// How bits are sent.
    pub convention: Convention,
    /// The interface bytes, in groups: TA1 TB1 TC1 TD1, TA2 …; the last has no TD.
    pub interface: Vec<InterfaceBytes>,
    /// The historical bytes, at most 15.
    pub historical: Vec<u8>,
}

/// How bits are sent: the initial character TS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// `3B`: least significant bit first.
    Direct,
    /// `3F`: most significant bit first, inverted.
    Inverse,
}

/// One group of interface bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceBytes {
    /// TA.
    pub ta: Option<u8>,
    /// TB.
    pub tb: Option<u8>,
    /// TC.
    pub tc: Option<u8>,
    /// TD: the protocol in its low half; the presence of the next group in its high half.
    pub td: Option<u8>,
}

impl Atr {
    /// Reads an answer to reset; TCK must be there, and right, if a protocol other than T=0 is offered.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        const LIMIT: usize = 33;
        let mut r = Reader::new(bytes);
        if bytes.len() > LIMIT {
            let kind = ErrorKind::TooLong { length: bytes.len(), limit: LIMIT };
            return Err(r.error("answer to reset", kind));
        }
        let convention = match r.u8("TS")? {
            0x3B => Convention::Direct,
            0x3F => Convention::Inverse,
            other => return Err(Error::new("TS", 0, ErrorKind::Value(other.into()))),
        };
        let t0 = r.u8("T0")?;
        let mut interface = Vec::new();
        let mut presence = t0;
        loop {
            let mut byte = |bit: u8, what| (presence & bit != 0).then(|| r.u8(what)).transpose();
            let group = InterfaceBytes {
                ta: byte(0x10, "TA")?,
                tb: byte(0x20, "TB")?,
                tc: byte(0x40, "TC")?,
                td: byte(0x80, "TD")?,
            };
            if group != InterfaceBytes::default() {
                interface.push(group);
            }
            match group.td {
                Some(td) => presence = td,
                None => break,
            }
        }
        let historical = r.take((t0 & 0x0F).into(), "historical bytes")?.to_vec();
        let atr = Self { convention, interface, historical };
        if atr.needs_tck() {
            let at = r.offset();
            let tck = r.u8("TCK")?;
            if bytes.get(1..at).unwrap_or_default().iter().fold(tck, |sum, byte| sum ^ byte) != 0 {
                return Err(Error::new("TCK", at, ErrorKind::Value(tck.into())));
            }
        }
        r.finish("answer to reset")?;
        Ok(atr)
    }

    /// The answer to reset as octets, with TCK where one is due; the presence bits of T0 and TD are made from
    /// what is there, and historical bytes beyond the 15th are left out.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let presence = |group: Option<&InterfaceBytes>| {
            group.map_or(0, |group| {
                [group.ta, group.tb, group.tc, group.td]
                    .iter()
                    .enumerate()
                    .fold(0, |bits, (i, byte)| bits | (u8::from(byte.is_some()) << (4 + i)))
            })
        };
        let historical = self.historical.get(..15).unwrap_or(&self.historical);
        let mut out = Vec::with_capacity(33);
        out.push(match self.convention {
            Convention::Direct => 0x3B,
            Convention::Inverse => 0x3F,
        });
        out.push(presence(self.interface.first()) | historical.len() as u8);
        for (i, group) in self.interface.iter().enumerate() {
            out.extend([group.ta, group.tb, group.tc].into_iter().flatten());
            out.extend(group.td.map(|td| presence(self.interface.get(i + 1)) | (td & 0x0F)));
        }
        out.extend_from_slice(historical);
        if self.needs_tck() {
            out.push(out.iter().skip(1).fold(0, |sum, byte| sum ^ byte));
        }
        out
    }

    /// The protocols offered, in order: the T of each TD, or T=0 if there is no TD.
    pub fn protocols(&self) -> impl Iterator<Item = u8> + '_ {
        let offered = self.interface.iter().filter_map(|group| group.td).map(|td| td & 0x0F);
        let none = self.interface.first().and_then(|group| group.td).is_none();
        offered.chain(none.then_some(0))
    }

    /// Whether the card offers the protocol T=`t`.
    #[must_use]
    pub fn supports(&self, t: u8) -> bool {
        self.protocols().any(|offered| offered == t)
    }

    /// Clock rate conversion and baud rate adjustment factors as TA1 codes them; `11` if TA1 is absent.
    #[must_use]
    pub fn fi_di(&self) -> u8 {
        self.interface.first().and_then(|group| group.ta).unwrap_or(0x11)
    }

    fn needs_tck(&self) -> bool {
        self.protocols().any(|t| t != 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wrong_check_character_is_an_error_at_its_place() {
        let mut bytes = hex::decode("3B9F96801F878031E073FE211B674A4C753034054BA9").unwrap();
        assert!(Atr::parse(&bytes).is_ok());
        *bytes.last_mut().unwrap() ^= 1;
        let error = Atr::parse(&bytes).unwrap_err();
        assert_eq!((error.what, error.offset), ("TCK", bytes.len() - 1));
    }

    proptest! {
        #[test]
        fn no_octets_make_parsing_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(atr) = Atr::parse(&bytes) {
                let again = Atr::parse(&atr.to_bytes());
                prop_assert_eq!(again.map(|a| a.historical), Ok(atr.historical));
            }
        }
    }
}
