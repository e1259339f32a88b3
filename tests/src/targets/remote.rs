//! A platform that manages a card over the air: it has the keys of two key sets, or pretends to.

use oxisim_card::{KeySet, KeyType, RemoteApplication, Tar, TypedKey};
use oxisim_sms::{
    ElementId, UserData,
    concatenation::Reference,
    packet::{
        CommandPacket, Counter, Form, Key, Keys, Kic, Kid, SealedResponse, SecurityParameters, short_messages,
    },
};

use super::steps::Steps;

/// `KIc`, `KID` and `KIK` of key set 1, triple DES, and of key set 2, AES.
const KEYS: [[[u8; 16]; 3]; 2] = [
    [*b"keyset 1: for it", *b"keyset 1: proves", *b"keyset 1: new on"],
    [*b"keyset 2: for it", *b"keyset 2: proves", *b"keyset 2: new on"],
];
/// The same of nobody.
const FORGED: [u8; 16] = *b"nobody has these";
/// `KIc` and `KID` say the algorithm: triple DES with two keys, AES.
const ALGORITHMS: [u8; 2] = [0x15, 0x22];

const TARGETS: [Tar; 4] = [
    RemoteApplication::USIM_FILES[0],
    RemoteApplication::ISSUER,
    RemoteApplication::SIM_FILES,
    RemoteApplication::USIM_FILES[1],
];

/// Securities that a card takes: ciphered or not, with a counter that rises or is the next; a receipt with everything in the
/// report or in a message, or none.
const SECURITIES: [[u8; 2]; 4] = [[0x16, 0x19], [0x16, 0x39], [0x12, 0x11], [0x1E, 0x00]];

/// The key sets that the platform has, for its card.
pub fn key_sets() -> Vec<KeySet> {
    let kinds = [KeyType::DES, KeyType::AES];
    let sets = (1..).zip(kinds).zip(&KEYS).map(|((version, kind), keys)| {
        let [kic, kid, kik] =
            keys.each_ref().map(|key| TypedKey::new(kind, key).expect("16 octets are a key"));
        KeySet { version, kic, kid, kik: Some(kik), counter: Counter::default() }
    });
    sets.collect()
}

/// What the platform knows of its packets to a card.
#[derive(Default)]
pub struct Platform {
    counter: u64,
    /// What it sent last.
    last: Option<Packet>,
    /// The card has answered that one: before, power may have failed ahead of any effect.
    is_answered: bool,
}

/// A packet in short messages.
#[derive(Clone)]
pub struct Packet {
    pub messages: Vec<UserData>,
    /// It may change the card: it has the right keys, and the card has not answered it before.
    pub is_genuine: bool,
}

impl Platform {
    /// The next packet that the steps make: with the keys or with none that are right, or the last one once more.
    pub fn packet(&mut self, steps: &mut Steps<'_>) -> Option<Packet> {
        let how = steps.octet();
        if how & 0x07 == 0x07 {
            let last = self.last.clone()?;
            return Some(Packet { is_genuine: last.is_genuine && !self.is_answered, ..last });
        }
        let set = usize::from(how >> 3 & 1);
        let is_genuine = how & 0x07 < 5;
        let security = match how >> 4 & 0x07 {
            listed @ 0..4 => SECURITIES[usize::from(listed)],
            // A message with less, as the steps say.
            _ => [steps.octet(), steps.octet()],
        };
        let target = steps.octet();
        let tar = TARGETS.get(usize::from(target)).copied();
        let tar = tar.unwrap_or_else(|| Tar([target, steps.octet(), steps.octet()]));
        self.counter += u64::from(how >> 7) + 1;
        let packet = CommandPacket {
            security: SecurityParameters(security),
            kic: Kic(ALGORITHMS[set]),
            kid: Kid(ALGORITHMS[set]),
            tar,
            counter: Counter::new(self.counter)?,
            data: steps.counted().into(),
        };
        let [kic, kid, _] = if is_genuine { KEYS[set] } else { [FORGED; 3] };
        let key = |octets: &[u8]| Key::new(octets).expect("16 octets are a key");
        let sealed = packet.seal(Form::ShortMessage, &Keys::new(key(&kic), key(&kid))).ok()?;
        let messages = short_messages(ElementId::COMMAND_PACKET, &sealed, Reference::Short(1)).ok()?;
        // An applet may ask for less than the card does.
        let packet = Packet { messages, is_genuine: is_genuine || !TARGETS.contains(&tar) };
        (self.last, self.is_answered) = (Some(packet.clone()), false);
        Some(packet)
    }

    /// What the card answers to a packet can be read: a response packet behind its header, or a word of another kind.
    pub fn handle_answer(&mut self, answer: &[u8]) {
        self.is_answered |= !answer.is_empty();
        if let Some(packet) = answer.strip_prefix(&[0x02, 0x71, 0x00]) {
            SealedResponse::decode(Form::ShortMessage, packet).expect("a receipt that can be read");
        }
    }
}
