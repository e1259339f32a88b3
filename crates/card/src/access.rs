//! Access conditions and the rules of `EF_ARR` (TS 102 221 §9.2).

use alloc::vec::Vec;

use oxisim_wire::tlv::write_tlv;

/// What must be fulfilled before a file may be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Nothing.
    Always,
    /// PIN verified, or disabled.
    Pin,
    /// An administrative key verified.
    Adm,
    /// It may not.
    Never,
}

/// The access rule of an EF: a record of `EF_ARR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Condition of READ and SEARCH.
    pub read: Access,
    /// Condition of UPDATE.
    pub update: Access,
}

/// Key reference of the first application PIN (TS 102 221 §9.5.1).
const PIN_1: u8 = 0x01;
/// Key reference of the first administrative key (TS 102 221 §9.5.1).
const ADM_1: u8 = 0x0A;

impl Rule {
    /// The rules that files use, in the order of the records of `EF_ARR`, which count from 1.
    pub const RECORDS: [Self; 6] = [
        Self { read: Access::Always, update: Access::Never },
        Self { read: Access::Always, update: Access::Adm },
        Self { read: Access::Always, update: Access::Pin },
        Self { read: Access::Pin, update: Access::Adm },
        Self { read: Access::Pin, update: Access::Pin },
        Self { read: Access::Adm, update: Access::Adm },
    ];

    /// The rule of directories: anyone may select them.
    pub const DIRECTORY: Self = Self::RECORDS[1];

    /// The number of the record of `EF_ARR` that has this rule; the last, strictest one if none has.
    #[must_use]
    pub fn record_number(self) -> u8 {
        let position = Self::RECORDS.iter().position(|&rule| rule == self);
        position.map_or(Self::RECORDS.len() as u8, |i| i as u8 + 1)
    }

    /// The rule in expanded format: access modes, each with its condition.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        const READ: u8 = 0x01;
        const UPDATE: u8 = 0x02;
        const ACTIVATE_DEACTIVATE: u8 = 0x18;
        let mut out = Vec::new();
        let mut add = |modes: u8, access: Access| {
            write_tlv(0x80, &mut out, |out| out.push(modes));
            access.write(&mut out);
        };
        if self.read == self.update {
            add(READ | UPDATE, self.read);
        } else {
            add(READ, self.read);
            add(UPDATE, self.update);
        }
        add(ACTIVATE_DEACTIVATE, Access::Adm);
        out
    }
}

impl Access {
    /// Appends the security condition data object.
    fn write(self, out: &mut Vec<u8>) {
        let key = match self {
            Self::Always => return out.extend_from_slice(&[0x90, 0x00]),
            Self::Never => return out.extend_from_slice(&[0x97, 0x00]),
            Self::Pin => PIN_1,
            Self::Adm => ADM_1,
        };
        write_tlv(0xA4, out, |out| out.extend_from_slice(&[0x83, 0x01, key, 0x95, 0x01, 0x08]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A real card's `EF_ARR` has such records: 800101 A406830101950108 …
    #[test]
    fn a_rule_is_a_record_of_access_modes_and_conditions() {
        let rule = Rule { read: Access::Pin, update: Access::Adm };
        assert_eq!(rule.record_number(), 4);
        assert_eq!(
            hex::encode_upper(rule.encode()),
            "800101A406830101950108800102A40683010A950108800118A40683010A950108"
        );
        assert_eq!(
            hex::encode_upper(Rule::RECORDS[0].encode()),
            "800101900080010297008001 18A40683010A950108".replace(' ', "")
        );
    }
}
