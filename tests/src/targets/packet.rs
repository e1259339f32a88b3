//! Any octets as a secured packet, opened with keys; and the same octets as what is to be sealed with them, under the
//! security that the first ones say: it opens to what it was.

use oxisim_sms::packet::{
    CommandPacket, Counter, Form, Key, Keys, Kic, Kid, ResponsePacket, ResponseStatus, SealedCommand,
    SealedResponse, SecurityParameters, Tar, script,
};

use super::steps::Steps;

fn keys() -> Keys {
    let key = |octet| Key::new(&[octet; 16]).expect("sixteen octets are a key");
    Keys::new(key(0x11), key(0x22))
}

pub fn run(octets: &[u8]) -> &'static str {
    let mut steps = Steps(octets);
    let form = if steps.octet() & 1 == 0 { Form::ShortMessage } else { Form::Tagged };
    let keys = keys();
    let mut word = super::NOTHING;
    if let Ok(sealed) = SealedCommand::decode(form, steps.0) {
        word = "refused";
        if let Ok(packet) = sealed.open(&keys) {
            assert!(packet.data.len() < octets.len());
            word = "opened";
        }
    }
    if let Ok(sealed) = SealedResponse::decode(form, steps.0) {
        drop(sealed.open_unsecured());
        let asked = SecurityParameters([0x16, 0x39]);
        drop(sealed.open(asked.response(Kic(0x15), Kid(0x15)), &keys));
    }
    drop((script::Script::decode(steps.0), script::ScriptResponse::decode(steps.0)));

    let security = SecurityParameters([steps.octet(), steps.octet()]);
    let (kic, kid) = (Kic(steps.octet()), Kid(steps.octet()));
    let tar = Tar([steps.octet(), steps.octet(), steps.octet()]);
    let counter = Counter::from(u32::from(steps.octet()) << 24 | u32::from(steps.octet()));
    let packet = CommandPacket { security, kic, kid, tar, counter, data: steps.0.to_vec() };
    if let Ok(octets) = packet.seal(form, &keys) {
        let sealed = SealedCommand::decode(form, &octets).expect("what is sealed is a packet");
        assert_eq!(sealed.protection(), packet.protection());
        assert_eq!(sealed.open(&keys).as_ref(), Ok(&packet));
        if word == super::NOTHING {
            word = "sealed";
        }
    }
    let response = ResponsePacket { tar, counter, status: ResponseStatus(0), data: packet.data };
    let protection = security.response(kic, kid);
    if let Ok(octets) = response.seal(form, protection, &keys) {
        let sealed = SealedResponse::decode(form, &octets).expect("what is sealed is a packet");
        assert_eq!(sealed.open(protection, &keys), Ok(response));
    }
    word
}
