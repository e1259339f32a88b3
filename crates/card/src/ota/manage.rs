//! Remote application management (TS 102 226 §8): the commands of `GlobalPlatform` to the issuer security domain.

use alloc::vec::Vec;

use oxisim_apdu::{Class, Command, Instruction, Response, Status};
use oxisim_sms::packet::Counter;
use oxisim_wire::{
    Reader,
    tlv::{Tlv, write_tlv},
};

use super::{
    keys::{self, KeySet, KeyType, TypedKey, VERSIONS},
    script,
};
use crate::{
    applet::{AppletError, AppletState, InstallParameters},
    card::Powered,
    file::Aid,
    runtime::Runtime,
};

/// The instructions (GP Card Specification §11), those that TS 102 221 calls something else among them.
mod instruction {
    use oxisim_apdu::Instruction;

    pub const DELETE: Instruction = Instruction(0xE4);
    pub const GET_DATA: Instruction = Instruction(0xCA);
    pub const GET_STATUS: Instruction = Instruction(0xF2);
    pub const INSTALL: Instruction = Instruction(0xE6);
    pub const PUT_KEY: Instruction = Instruction(0xD8);
    pub const SET_STATUS: Instruction = Instruction(0xF0);
}

/// The AID of the issuer security domain (GP Card Specification §H.1.1).
const ISSUER: [u8; 8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00];
/// The octets of the three keys of a set as the standard numbers them (TS 102 226 §8.2.1.5).
const KIC: u8 = 0x01;
const KID: u8 = 0x02;
const KIK: u8 = 0x03;

impl Powered<'_> {
    /// Carries out a script that came with key set `version`; what is answered, at most `room` octets.
    pub(super) fn manage_applets(&mut self, version: u8, script: &[u8], room: usize) -> Vec<u8> {
        // The script may replace the key set that has secured it.
        let kik = keys::find(self.memory, version).filter(|_| version != 0).and_then(|set| set.kik);
        script::run(&mut SecurityDomain { card: self, kik, waiting: None }, script, room)
    }
}

/// The issuer security domain, while it carries a script out.
struct SecurityDomain<'p, 'a> {
    card: &'p mut Powered<'a>,
    /// What encrypts new keys: of the key set that has secured the script.
    kik: Option<TypedKey>,
    /// What GET RESPONSE can fetch.
    waiting: Option<Vec<u8>>,
}

impl script::Executor for SecurityDomain<'_, '_> {
    fn execute(&mut self, command: &Command<'_>) -> Response {
        let waiting = self.waiting.take();
        let answer = if command.instruction == Instruction::GET_RESPONSE {
            waiting.ok_or(Status::CONDITIONS_NOT_SATISFIED)
        } else {
            self.dispatch(command)
        };
        match answer {
            Ok(data) if command.ne.is_none() && !data.is_empty() => {
                let status = Status::response_available(data.len().min(0x100));
                self.waiting = Some(data);
                status.into()
            }
            Ok(data) => Response::normal(data),
            Err(status) => status.into(),
        }
    }

    fn is_outgoing(&self, _: Class, instruction: Instruction) -> bool {
        matches!(instruction, instruction::GET_DATA | Instruction::GET_RESPONSE)
    }
}

impl SecurityDomain<'_, '_> {
    fn dispatch(&mut self, command: &Command<'_>) -> Result<Vec<u8>, Status> {
        if !matches!(command.class, Class(0x80 | 0x84)) {
            return Err(Status::CLASS_NOT_SUPPORTED);
        }
        match command.instruction {
            instruction::PUT_KEY => self.put_key(command),
            instruction::GET_DATA => self.get_data(command),
            instruction::GET_STATUS => self.get_status(command),
            instruction::SET_STATUS => self.set_status(command),
            instruction::DELETE => self.delete(command),
            instruction::INSTALL => self.install(command),
            _ => Err(Status::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    /// PUT KEY (GP Card Specification §11.8, TS 102 226 §8.2.1.5): the three keys of a set that is new, or that replaces
    /// the one with the number in P1; or one key of a set. All is replaced at once, and the counter begins anew
    /// with a new `KID`.
    fn put_key(&mut self, command: &Command<'_>) -> Result<Vec<u8>, Status> {
        const SEVERAL: u8 = 0x80;
        let kik = self.kik.clone().ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let mut r = Reader::new(command.data);
        let version = r.u8("key version number").map_err(|_| Status::INCORRECT_DATA)?;
        if !VERSIONS.contains(&version) {
            return Err(Status::INCORRECT_DATA);
        }
        let memory = &*self.card.memory;
        let old = match command.p1 {
            0 => None,
            old => Some(keys::find(memory, old).ok_or(Status::REFERENCED_DATA_NOT_FOUND)?),
        };
        let is_others = old.as_ref().is_none_or(|old| old.version != version);
        if is_others && keys::find(memory, version).is_some() {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        let mut answer = Vec::from([version]);
        let mut next = || {
            let (key, check_value) = read_key(&mut r, &kik)?;
            answer.extend_from_slice(&check_value);
            Ok::<_, Status>(key)
        };
        let number = old.as_ref().map(|old| old.version);
        let set = match (command.p2, old) {
            (p2, _) if p2 == SEVERAL | KIC => {
                let (kic, kid) = (next()?, next()?);
                KeySet { version, kic, kid, kik: Some(next()?), counter: Counter::default() }
            }
            (KIC, Some(old)) => KeySet { version, kic: next()?, ..old },
            (KID, Some(old)) => KeySet { version, kid: next()?, ..old },
            (KIK, Some(old)) => KeySet { version, kik: Some(next()?), ..old },
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        r.finish("data of PUT KEY").map_err(|_| Status::INCORRECT_DATA)?;
        keys::put(self.card.memory, number, set)?;
        Ok(answer)
    }

    /// GET DATA: the key information template (GP Card Specification §11.3.3.1), which tells of keys and shows none.
    fn get_data(&self, command: &Command<'_>) -> Result<Vec<u8>, Status> {
        const KEY_INFORMATION: (u8, u8) = (0x00, 0xE0);
        if (command.p1, command.p2) != KEY_INFORMATION {
            return Err(Status::REFERENCED_DATA_NOT_FOUND);
        }
        let sets = keys::read(self.card.memory).unwrap_or_default();
        let mut out = Vec::new();
        write_tlv(0xE0, &mut out, |out| {
            for set in &sets {
                let all = [(KIC, Some(&set.kic)), (KID, Some(&set.kid)), (KIK, set.kik.as_ref())];
                for (identifier, key) in all.into_iter().filter_map(|(id, key)| Some((id, key?))) {
                    let length = key.key.length() as u8;
                    out.extend_from_slice(&[0xC0, 4, identifier, set.version, key.kind.0, length]);
                }
            }
        });
        Ok(out)
    }

    /// GET STATUS (GP Card Specification §11.4): the issuer security domain, applets, or packages, whose AID starts with
    /// what is asked for; P2 chooses the format.
    fn get_status(&mut self, command: &Command<'_>) -> Result<Vec<u8>, Status> {
        const DOMAIN: u8 = 0x80;
        const APPLETS: u8 = 0x40;
        const PACKAGES: u8 = 0x20;
        const OBJECTS: u8 = 0x02;
        if command.p2 & !OBJECTS != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let prefix = searched(command.data)?;
        let runtime = self.card.runtime();
        let found: Vec<(Vec<u8>, u8)> = match command.p1 {
            DOMAIN => Vec::from([(ISSUER.to_vec(), SECURED)]),
            APPLETS => runtime
                .applets
                .iter()
                .map(|instance| (instance.aid.as_bytes().to_vec(), instance.life_cycle.0))
                .collect(),
            PACKAGES => {
                runtime.applets.packages().map(|package| (package.as_bytes().to_vec(), LOADED)).collect()
            }
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        let mut out = Vec::new();
        for (aid, state) in found.iter().filter(|(aid, _)| aid.starts_with(prefix)) {
            if command.p2 & OBJECTS == 0 {
                out.push(aid.len() as u8);
                out.extend_from_slice(aid);
                out.extend_from_slice(&[*state, 0x00]);
            } else {
                write_tlv(0xE3, &mut out, |out| {
                    write_tlv(0x4F, out, |out| out.extend_from_slice(aid));
                    out.extend_from_slice(&[0x9F, 0x70, 0x01, *state]);
                });
            }
        }
        if out.is_empty() { Err(Status::REFERENCED_DATA_NOT_FOUND) } else { Ok(out) }
    }

    /// SET STATUS (GP Card Specification §11.10): locks an applet, or unlocks it.
    fn set_status(&mut self, command: &Command<'_>) -> Result<Vec<u8>, Status> {
        const APPLETS: u8 = 0x40;
        const LOCKED: u8 = 0x80;
        if command.p1 != APPLETS {
            return Err(Status::INCORRECT_P1_P2);
        }
        let aid = Aid::new(command.data).ok_or(Status::INCORRECT_DATA)?;
        let runtime = self.card.runtime();
        let applet = runtime.applets.find(&aid).ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
        let is_locked = applet.life_cycle.state() == AppletState::Locked;
        match (command.p2 & LOCKED != 0, is_locked) {
            (true, _) => self.manage(|runtime| runtime.lock(&aid)),
            (false, true) => self.manage(|runtime| runtime.unlock(&aid)),
            (false, false) => Err(Status::CONDITIONS_NOT_SATISFIED),
        }
    }

    /// DELETE (GP Card Specification §11.2) of an applet. Packages are the host's, and stay.
    fn delete(&mut self, command: &Command<'_>) -> Result<Vec<u8>, Status> {
        if command.p1 != 0 || command.p2 & 0x7F != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let aid = Aid::new(searched(command.data)?).ok_or(Status::INCORRECT_DATA)?;
        self.card.runtime().applets.find(&aid).ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
        self.manage(|runtime| runtime.delete(&aid))?;
        Ok(Vec::from([0x00]))
    }

    /// INSTALL (GP Card Specification §11.5): \[for install\] of a class of a package that is loaded, \[for make
    /// selectable\], or both.
    fn install(&mut self, command: &Command<'_>) -> Result<Vec<u8>, Status> {
        const FOR_INSTALL: u8 = 0x04;
        const SELECTABLE: u8 = 0x08;
        let wrong = |_| Status::INCORRECT_DATA;
        let mut r = Reader::new(command.data);
        let mut field = || {
            let length = r.u8("length of a field of INSTALL")?;
            r.take(length.into(), "field of INSTALL")
        };
        let (package, class) = (field().map_err(wrong)?, field().map_err(wrong)?);
        let (instance, _privileges) = (field().map_err(wrong)?, field().map_err(wrong)?);
        let (parameters, _token) = (field().map_err(wrong)?, field().map_err(wrong)?);
        let aid = |octets| Aid::new(octets).ok_or(Status::INCORRECT_DATA);
        let instance = aid(instance)?;
        if command.p2 != 0 || command.p1 == 0 || command.p1 & !(FOR_INSTALL | SELECTABLE) != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        if command.p1 & FOR_INSTALL != 0 {
            let (package, class) = (aid(package)?, aid(class)?);
            let parameters = InstallParameters::decode(parameters).map_err(|_| Status::INCORRECT_DATA)?;
            let is_taken = |tar| self.card.remote.iter().any(|application| application.tar == tar);
            if parameters.tars.iter().any(|&tar| is_taken(tar)) {
                return Err(Status::INCORRECT_DATA);
            }
            self.manage(|runtime| {
                runtime.install(&package, &class, instance, &parameters)?;
                if command.p1 & SELECTABLE != 0 { runtime.make_selectable(&instance) } else { Ok(()) }
            })?;
        } else {
            self.manage(|runtime| runtime.make_selectable(&instance))?;
        }
        Ok(Vec::from([0x00]))
    }

    /// Carries out a change of the applets, as one transaction.
    fn manage(
        &mut self,
        change: impl FnOnce(&mut Runtime<'_>) -> Result<(), AppletError>,
    ) -> Result<Vec<u8>, Status> {
        let result = self.card.runtime().manage(change);
        self.card.forget_lost_applets();
        Ok(result.map(|()| Vec::new())?)
    }
}

/// Life cycle states of a card and of a package (GP Card Specification §11.1.1).
const SECURED: u8 = 0x0F;
const LOADED: u8 = 0x01;

/// The AID that object `4F` says, or the start of one.
fn searched(data: &[u8]) -> Result<&[u8], Status> {
    let mut r = Reader::new(data);
    match Tlv::read(&mut r, "search criterion") {
        Ok(Tlv { tag: 0x4F, mut value }) => Ok(value.rest()),
        _ => Err(Status::INCORRECT_DATA),
    }
}

/// A key of PUT KEY and its check value: type, length, the encrypted key (of AES after the length of the plain one), and
/// the check value, which has to be right.
fn read_key(r: &mut Reader<'_>, kik: &TypedKey) -> Result<(TypedKey, [u8; 3]), Status> {
    let wrong = |_| Status::INCORRECT_DATA;
    let kind = KeyType(r.u8("key type").map_err(wrong)?);
    let length = r.u8("length of a key").map_err(wrong)?;
    let mut field = r.sub(length.into(), "key").map_err(wrong)?;
    let plain = match kind {
        KeyType::AES => Some(field.u8("length of an AES key").map_err(wrong)?),
        _ => None,
    };
    let mut octets = zeroize::Zeroizing::new(field.rest().to_vec());
    kik.key.decipher(kik.wrapping(), &mut octets).map_err(|_| Status::INCORRECT_DATA)?;
    let octets = match plain {
        Some(length) => octets.get(..length.into()).ok_or(Status::INCORRECT_DATA)?,
        None => &octets,
    };
    let key = TypedKey::new(kind, octets).ok_or(Status::INCORRECT_DATA)?;
    let length = r.u8("length of a key check value").map_err(wrong)?;
    let told = r.take(length.into(), "key check value").map_err(wrong)?;
    let check_value = key.key.check_value(key.cipher()).map_err(|_| Status::INCORRECT_DATA)?;
    let is_right: bool = subtle::ConstantTimeEq::ct_eq(&check_value[..], told).into();
    if is_right { Ok((key, check_value)) } else { Err(Status::INCORRECT_DATA) }
}
