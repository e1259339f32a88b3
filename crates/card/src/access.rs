//! Access conditions: security attributes of files and the rules of `EF_ARR` (TS 102 221 §9.2, §11.1.1.4.7).

use alloc::vec::Vec;

use oxisim_apdu::{Instruction, Status};
use oxisim_wire::{
    Reader,
    tlv::{Tlv, write_tlv},
};

use crate::{
    file::{FileId, FileSystem, Kind},
    memory::Memory,
    pin::{KeyReference, Requirement, Verified},
};

/// Who may do what with a file (TS 102 221 §11.1.1.4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecurityAttributes {
    /// Referenced format, object `8B`: a record of an `EF_ARR`, which is looked for from the directory of the file
    /// upwards.
    Referenced {
        /// File identifier of the `EF_ARR`.
        arr: u16,
        /// Number of the record.
        record: u8,
    },
    /// Referenced format with a record for each security environment: 0 while PIN 1 is disabled, 1 while it is
    /// enabled.
    ReferencedBySe {
        /// File identifier of the `EF_ARR`.
        arr: u16,
        /// Security environment and number of the record.
        records: Vec<(u8, u8)>,
    },
    /// Compact format, object `8C`: access mode bytes, each with its security condition bytes.
    Compact(Vec<u8>),
    /// Expanded format, object `AB`: access mode data objects, each with its security condition data objects.
    Expanded(Vec<u8>),
}

/// What a command does with a file, as access rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// READ, SEARCH, RETRIEVE DATA.
    Read,
    /// UPDATE, SET DATA.
    Update,
    Increase,
    Deactivate,
    Activate,
    CreateDirectory,
    CreateElementary,
    /// DELETE FILE of the file itself.
    Delete,
    /// TERMINATE EF, TERMINATE DF; of the MF TERMINATE CARD USAGE.
    Terminate,
    Resize,
}

/// What must be fulfilled before something may be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Nothing.
    Always,
    /// PIN 1 verified, or disabled.
    Pin,
    /// PIN 2 verified, or disabled.
    Pin2,
    /// An administrative key verified.
    Adm,
    /// It may not.
    Never,
}

/// An access rule for an EF of the default card: a record of `EF_ARR`. An administrative key resizes, terminates and
/// deletes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Condition of READ and SEARCH.
    pub read: Access,
    /// Condition of UPDATE.
    pub update: Access,
    /// Condition of INCREASE, for files that can be increased.
    pub increase: Option<Access>,
    /// Condition of DEACTIVATE FILE.
    pub deactivate: Access,
    /// Condition of ACTIVATE FILE.
    pub activate: Access,
}

impl Rule {
    /// The rules that files use, in the order of the records of `EF_ARR`, which count from 1.
    pub const RECORDS: [Self; 12] = [
        Self::new(Access::Always, Access::Never),
        Self::new(Access::Always, Access::Adm),
        Self::new(Access::Always, Access::Pin),
        Self::new(Access::Pin, Access::Adm),
        Self::new(Access::Pin, Access::Pin),
        Self::new(Access::Adm, Access::Adm),
        Self::new(Access::Pin, Access::Pin2),
        Self::new(Access::Pin, Access::Pin).deactivate(Access::Pin2).activate(Access::Pin2),
        Self::new(Access::Pin, Access::Pin).increase(Access::Pin),
        Self::new(Access::Pin, Access::Pin2).increase(Access::Pin),
        Self::new(Access::Pin, Access::Adm).activate(Access::Pin),
        Self::new(Access::Pin, Access::Pin).activate(Access::Pin),
    ];

    /// The number of the record of `EF_ARR` for directories, which comes after [`RECORDS`](Self::RECORDS): an
    /// administrative key creates, deletes and terminates.
    pub const DIRECTORY: u8 = Self::RECORDS.len() as u8 + 1;

    /// A rule for a file that cannot be increased, and that an administrative key activates and deactivates.
    #[must_use]
    pub const fn new(read: Access, update: Access) -> Self {
        Self { read, update, increase: None, deactivate: Access::Adm, activate: Access::Adm }
    }

    /// The rule with a condition of INCREASE.
    #[must_use]
    pub const fn increase(self, increase: Access) -> Self {
        Self { increase: Some(increase), ..self }
    }

    /// The rule with another condition of DEACTIVATE FILE.
    #[must_use]
    pub const fn deactivate(self, deactivate: Access) -> Self {
        Self { deactivate, ..self }
    }

    /// The rule with another condition of ACTIVATE FILE.
    #[must_use]
    pub const fn activate(self, activate: Access) -> Self {
        Self { activate, ..self }
    }

    /// The number of the record of `EF_ARR` that has this rule; that of directories, which is stricter than any, if
    /// none has.
    #[must_use]
    pub fn record_number(self) -> u8 {
        let position = Self::RECORDS.iter().position(|&rule| rule == self);
        position.map_or(Self::DIRECTORY, |i| i as u8 + 1)
    }

    /// The records of `EF_ARR`, without what fills them up.
    #[must_use]
    pub fn records() -> Vec<Vec<u8>> {
        let rules = Self::RECORDS.iter().map(|rule| rule.encode());
        rules.chain([encode_directory_rule()]).collect()
    }

    /// The rule in expanded format: access modes, each with its condition (TS 102 221 §9.2.4). The modes of the
    /// access mode byte that have the same condition stand together.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let modes = [
            (mode::READ, self.read),
            (mode::UPDATE, self.update),
            (mode::ACTIVATE, self.activate),
            (mode::DEACTIVATE, self.deactivate),
            (mode::DELETE | mode::TERMINATE, Access::Adm),
        ];
        let mut out = Vec::new();
        if let Some(access) = self.increase {
            write_instruction(Instruction::INCREASE, access, &mut out);
        }
        for (i, (_, access)) in modes.iter().enumerate() {
            let is_same = |(_, other): &&(u8, Access)| other == access;
            if !modes.iter().take(i).any(|mode| is_same(&mode)) {
                let bits = modes.iter().filter(is_same).fold(0, |bits, (mode, _)| bits | mode);
                write_modes(bits, *access, &mut out);
            }
        }
        write_instruction(Instruction::RESIZE_FILE, Access::Adm, &mut out);
        out
    }
}

/// Bits of the access mode byte (TS 102 221 §9.2.1, ISO/IEC 7816-4 §9.3.3.1).
mod mode {
    pub const READ: u8 = 0x01;
    pub const UPDATE: u8 = 0x02;
    pub const DEACTIVATE: u8 = 0x08;
    pub const ACTIVATE: u8 = 0x10;
    pub const TERMINATE: u8 = 0x20;
    pub const DELETE: u8 = 0x40;
    /// In the place of READ, for a directory.
    pub const DELETE_CHILD: u8 = 0x01;
    /// In the place of UPDATE, for a directory.
    pub const CREATE_EF: u8 = 0x02;
    pub const CREATE_DF: u8 = 0x04;
}

/// The rule of directories: everything by an administrative key.
fn encode_directory_rule() -> Vec<u8> {
    use mode::{ACTIVATE, CREATE_DF, CREATE_EF, DEACTIVATE, DELETE, DELETE_CHILD, TERMINATE};
    let modes = DELETE_CHILD | CREATE_EF | CREATE_DF | DEACTIVATE | ACTIVATE | TERMINATE | DELETE;
    let mut out = Vec::new();
    write_modes(modes, Access::Adm, &mut out);
    write_instruction(Instruction::RESIZE_FILE, Access::Adm, &mut out);
    out
}

/// Appends an access mode byte and its condition.
fn write_modes(modes: u8, access: Access, out: &mut Vec<u8>) {
    write_tlv(0x80, out, |out| out.push(modes));
    access.write(out);
}

/// Appends an access mode that is named by its instruction, and its condition.
fn write_instruction(instruction: Instruction, access: Access, out: &mut Vec<u8>) {
    write_tlv(0x84, out, |out| out.push(instruction.0));
    access.write(out);
}

impl Access {
    /// Appends the security condition data object.
    fn write(self, out: &mut Vec<u8>) {
        let key = match self {
            Self::Always => return out.extend_from_slice(&[0x90, 0x00]),
            Self::Never => return out.extend_from_slice(&[0x97, 0x00]),
            Self::Pin => KeyReference::PIN_1,
            Self::Pin2 => KeyReference::PIN_2,
            Self::Adm => KeyReference::ADM_1,
        };
        write_tlv(0xA4, out, |out| out.extend_from_slice(&[0x83, 0x01, key.0, 0x95, 0x01, 0x08]));
    }
}

impl SecurityAttributes {
    /// The attributes in an object of an FCP template; `None` if it is no such object.
    #[must_use]
    pub fn from_object(tag: u8, value: &[u8]) -> Option<Self> {
        match (tag, value) {
            (0x8B, &[high, low, record]) => {
                Some(Self::Referenced { arr: u16::from_be_bytes([high, low]), record })
            }
            (0x8B, [high, low, pairs @ ..]) => {
                let (records, []) = pairs.as_chunks::<2>() else { return None };
                let records = records.iter().map(|&[environment, record]| (environment, record)).collect();
                Some(Self::ReferencedBySe { arr: u16::from_be_bytes([*high, *low]), records })
            }
            (0x8C, compact) => Some(Self::Compact(compact.to_vec())),
            (0xAB, expanded) => Some(Self::Expanded(expanded.to_vec())),
            _ => None,
        }
    }

    /// Appends the object of the FCP template.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Referenced { arr, record } => write_tlv(0x8B, out, |out| {
                out.extend_from_slice(&arr.to_be_bytes());
                out.push(*record);
            }),
            Self::ReferencedBySe { arr, records } => write_tlv(0x8B, out, |out| {
                out.extend_from_slice(&arr.to_be_bytes());
                out.extend(records.iter().flat_map(|&(environment, record)| [environment, record]));
            }),
            Self::Compact(compact) => write_tlv(0x8C, out, |out| out.extend_from_slice(compact)),
            Self::Expanded(expanded) => write_tlv(0xAB, out, |out| out.extend_from_slice(expanded)),
        }
    }
}

impl Operation {
    /// Its bit in an access mode byte; an operation without one is named by its instruction only.
    const fn mode(self) -> u8 {
        match self {
            Self::Read => mode::READ,
            Self::Update | Self::CreateElementary => mode::UPDATE,
            Self::Deactivate => mode::DEACTIVATE,
            Self::Activate => mode::ACTIVATE,
            Self::CreateDirectory => mode::CREATE_DF,
            Self::Terminate => mode::TERMINATE,
            Self::Delete => mode::DELETE,
            Self::Increase | Self::Resize => 0x00,
        }
    }

    /// Its instruction, if access rules name it so.
    const fn instruction(self) -> Option<Instruction> {
        match self {
            Self::Increase => Some(Instruction::INCREASE),
            Self::Deactivate => Some(Instruction::DEACTIVATE_FILE),
            Self::Activate => Some(Instruction::ACTIVATE_FILE),
            Self::Resize => Some(Instruction::RESIZE_FILE),
            Self::Delete => Some(Instruction::DELETE_FILE),
            Self::CreateDirectory | Self::CreateElementary => Some(Instruction::CREATE_FILE),
            Self::Read | Self::Update | Self::Terminate => None,
        }
    }
}

/// Who asks: the state of a card in which conditions are fulfilled or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authority<'a> {
    pub files: &'a FileSystem,
    pub memory: &'a Memory,
    pub asker: Asker<'a>,
}

/// Whose authority it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asker<'a> {
    /// A terminal, which has verified these keys; those that are disabled it need not verify.
    Terminal(Verified),
    /// Whoever has verified these keys and no others, while all are enabled.
    With(&'a [KeyReference]),
    /// A script of remote management, which has been given these keys and has verified those; all are enabled.
    Script(&'a [KeyReference], Verified),
    /// Whoever fulfils every condition that can be fulfilled.
    Everybody,
    /// Whoever may do nothing, whatever the conditions.
    Nobody,
}

/// Conditions nest no deeper than this.
const DEPTH: u8 = 4;

impl Authority<'_> {
    /// Checks that an access rule of the file lets the operation be done.
    pub fn permit(&self, id: FileId, operation: Operation) -> Result<(), Status> {
        let file = self.files.get(id).ok_or(Status::FILE_NOT_FOUND)?;
        let here = match file.kind {
            Kind::Directory(_) => id,
            Kind::Elementary(_) => file.parent,
        };
        let granted = match &file.security {
            _ if matches!(self.asker, Asker::Nobody) => false,
            SecurityAttributes::Referenced { arr, record } => {
                self.expanded(here, self.rule(file.parent, *arr, *record), operation)
            }
            SecurityAttributes::ReferencedBySe { arr, records } => {
                let environment = self.environment(here);
                records
                    .iter()
                    .filter(|(se, _)| *se == environment)
                    .any(|(_, record)| self.expanded(here, self.rule(file.parent, *arr, *record), operation))
            }
            SecurityAttributes::Compact(rule) => self.compact(here, rule, operation.mode()),
            SecurityAttributes::Expanded(rule) => self.expanded(here, rule, operation),
        };
        if granted { Ok(()) } else { Err(Status::SECURITY_STATUS_NOT_SATISFIED) }
    }

    /// The record of the nearest `EF_ARR` with that identifier, from `directory` upwards; empty if there is none.
    fn rule(&self, mut directory: FileId, arr: u16, record: u8) -> &[u8] {
        let found = loop {
            match self.files.child(directory, arr) {
                Some(id) => break self.files.elementary(id),
                None if directory == FileSystem::MF => break None,
                None => directory = self.files.parent(directory),
            }
        };
        let rule = found.and_then(|ef| {
            let length = ef.structure.record()?;
            let start = usize::from(record.checked_sub(1)?) * length;
            self.memory.read(ef.body).get(start..start + length)
        });
        rule.unwrap_or_default()
    }

    /// The security environment (TS 102 221 §9.3): 1 while PIN 1 is enabled, or while neither it nor the universal
    /// PIN, which is enabled, is used; 0 otherwise.
    fn environment(&self, directory: FileId) -> u8 {
        match self.asker {
            Asker::Terminal(_) => {}
            Asker::With(_) | Asker::Script(..) | Asker::Everybody | Asker::Nobody => return 1,
        }
        let requirement = |reference| {
            let pin = self.files.pins.find(self.files, directory, reference);
            pin.map(|(_, pin)| pin.requirement(self.memory))
        };
        match requirement(KeyReference::PIN_1) {
            None | Some(Requirement::Enabled) => 1,
            Some(Requirement::Replaced) => 0,
            Some(Requirement::Disabled) => {
                u8::from(requirement(KeyReference::UNIVERSAL) == Some(Requirement::Enabled))
            }
        }
    }

    /// Whether a key has been verified or need not be.
    pub fn holds(&self, directory: FileId, reference: KeyReference) -> bool {
        let verified = match self.asker {
            Asker::Terminal(verified) => verified,
            Asker::With(keys) => return keys.contains(&reference),
            Asker::Script(keys, verified) => {
                let pin = self.files.pins.find(self.files, directory, reference);
                let is_verified = pin.is_some_and(|(index, _)| verified.contains(index));
                return keys.contains(&reference) || is_verified;
            }
            Asker::Everybody => return true,
            Asker::Nobody => return false,
        };
        let Some((index, pin)) = self.files.pins.find(self.files, directory, reference) else { return false };
        match pin.requirement(self.memory) {
            Requirement::Enabled => verified.contains(index),
            Requirement::Disabled => true,
            Requirement::Replaced => {
                reference != KeyReference::UNIVERSAL && self.holds(directory, KeyReference::UNIVERSAL)
            }
        }
    }

    const fn is_everybody(&self) -> bool {
        matches!(self.asker, Asker::Everybody)
    }

    /// Compact format: for each mode bit from b7 to b1 that is set, a security condition byte.
    fn compact(&self, directory: FileId, rule: &[u8], mode: u8) -> bool {
        const PROPRIETARY: u8 = 0x80;
        let mut r = Reader::new(rule);
        while let Ok(modes) = r.u8("access mode byte") {
            for bit in (0..7).rev().map(|shift| 1 << shift).filter(|bit| modes & bit != 0) {
                let Ok(condition) = r.u8("security condition byte") else { return false };
                let is_meant = bit == mode && (modes & PROPRIETARY == 0 || bit <= 0x04);
                if is_meant && self.condition_byte(directory, condition) {
                    return true;
                }
            }
        }
        false
    }

    /// A security condition byte (ISO/IEC 7816-4 Table 20): which mechanisms one or all of are asked for, and the
    /// security environment that says how. Of the mechanisms the card has user authentication. Its environment *n*
    /// names key *n*, as the cards need it that have `1A` where ADM1 and `11` where PIN 1 is asked for; without an
    /// environment it is the user's PIN 1, as in the example of TS 102 221 §9.2.4.
    fn condition_byte(&self, directory: FileId, condition: u8) -> bool {
        const ALL: u8 = 0x80;
        const MECHANISMS: u8 = 0x70;
        const USER_AUTHENTICATION: u8 = 0x10;
        let is_user_authenticated = || {
            let key = match condition & 0x0F {
                0 => KeyReference::PIN_1,
                key => KeyReference(key),
            };
            condition & USER_AUTHENTICATION != 0 && self.holds(directory, key)
        };
        match condition {
            0x00 => true,
            0xFF => false,
            _ if self.is_everybody() => true,
            _ if condition & ALL != 0 && condition & MECHANISMS != USER_AUTHENTICATION => false,
            _ => is_user_authenticated(),
        }
    }

    /// Expanded format: access mode data objects, each with the conditions of which one must be fulfilled.
    fn expanded(&self, directory: FileId, rule: &[u8], operation: Operation) -> bool {
        const MODE_BYTE: u8 = 0x80;
        const INSTRUCTION: u8 = 0x84;
        let mut r = Reader::new(rule);
        let mut applies = false;
        while let Ok(object) = Tlv::read(&mut r, "access rule") {
            let mut value = object.value;
            match object.tag {
                MODE_BYTE => applies = value.rest().iter().any(|modes| modes & operation.mode() != 0),
                INSTRUCTION => {
                    let instruction = operation.instruction();
                    applies = value.rest().iter().any(|&code| instruction == Some(Instruction(code)));
                }
                0x81..=0x8F | 0x9C => applies = false,
                tag if applies && self.condition(directory, tag, value, DEPTH) => return true,
                _ => {}
            }
        }
        false
    }

    /// A security condition data object (ISO/IEC 7816-4 §5.4.3.2): always, condition bytes, a key, secure messaging
    /// (which this card does not have), or the templates OR, NOT and AND.
    fn condition(&self, directory: FileId, tag: u8, mut value: Reader<'_>, depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let mut parts = value.clone();
        let mut nested = core::iter::from_fn(move || Tlv::read(&mut parts, "security condition").ok())
            .map(|part| self.condition(directory, part.tag, part.value, depth));
        match tag {
            0x90 => true,
            0x9E => {
                !value.is_empty() && value.rest().iter().all(|&byte| self.condition_byte(directory, byte))
            }
            0xA4 => self.is_everybody() || self.authentication(directory, value),
            0xB4 | 0xB6 | 0xB8 => self.is_everybody(),
            0xA0 => nested.any(|fulfilled| fulfilled),
            0xA7 => self.is_everybody() || !value.is_empty() && !nested.any(|fulfilled| fulfilled),
            0xAF => !value.is_empty() && nested.all(|fulfilled| fulfilled),
            _ => false,
        }
    }

    /// A control reference template for authentication: the key, and how it is used.
    fn authentication(&self, directory: FileId, mut template: Reader<'_>) -> bool {
        const USER_AUTHENTICATION: u8 = 0x08;
        let (mut key, mut usage) = (None, USER_AUTHENTICATION);
        while let Ok(Tlv { tag, mut value }) = Tlv::read(&mut template, "control reference template") {
            match (tag, value.rest()) {
                (0x83, &[reference]) => key = Some(KeyReference(reference)),
                (0x95, &[qualifier]) => usage = qualifier,
                _ => return false,
            }
        }
        usage & USER_AUTHENTICATION != 0 && key.is_some_and(|key| self.holds(directory, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of a sysmoISIM-SJA2 (osmocom pysim, card export), to which TERMINATE and DELETE FILE by ADM1 come.
    #[test]
    fn a_rule_is_a_record_of_access_modes_and_conditions() {
        let encoded = |record: usize| hex::encode_upper(Rule::RECORDS[record - 1].encode());
        assert_eq!(
            encoded(1),
            "800101900080010297008001 78A40683010A950108 8401D4A40683010A950108".replace(' ', "")
        );
        assert_eq!(
            encoded(4),
            "800101A4068301019501088001 7AA40683010A950108 8401D4A40683010A950108".replace(' ', "")
        );
        assert_eq!(
            encoded(10),
            "840132A406830101950108 800101A406830101950108 800102A406830181950108 800178A40683010A950108 \
             8401D4A40683010A950108"
                .replace(' ', "")
        );
        let directory = Rule::records().pop().unwrap();
        assert_eq!(hex::encode_upper(directory), "80017FA40683010A9501088401D4A40683010A950108");
    }

    #[test]
    fn each_rule_has_a_record_of_its_own() {
        for (number, rule) in (1..).zip(Rule::RECORDS) {
            assert_eq!(rule.record_number(), number);
        }
        assert_eq!(Rule::new(Access::Never, Access::Never).record_number(), Rule::DIRECTORY);
    }
}
