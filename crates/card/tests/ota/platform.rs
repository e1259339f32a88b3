//! A platform that manages cards over the air, and a terminal that brings its packets to one.

use oxisim_card::{Card, Image, KeySet, KeyType, Profile, RemoteApplication, SecurityLevel, Tar, TypedKey};
use oxisim_sms::{
    DataCoding, ElementId, ProtocolIdentifier, Timestamp, UserData,
    concatenation::Reference,
    packet::{
        CommandPacket, Counter, Form, Key, Keys, Kic, Kid, Refusal, ResponsePacket, ResponseStatus,
        SealedResponse, SecurityParameters, short_messages,
    },
    tpdu::{Deliver, Submit},
};
use oxisim_toolkit::{
    Command, Envelope, Proactive, TerminalResponse, codes::GeneralResult, envelope::SmsPpDownload,
};
use oxisim_wire::{Instant, Wire};

pub const FILES: Tar = RemoteApplication::USIM_FILES[0];
/// Key set 1, triple DES: `KIc`, `KID` and `KIK`.
pub const TRIPLE_DES: [[u8; 16]; 3] = [
    *b"\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F\x10",
    *b"\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2A\x2B\x2C\x2D\x2E\x2F\x20",
    *b"\x31\x32\x33\x34\x35\x36\x37\x38\x39\x3A\x3B\x3C\x3D\x3E\x3F\x30",
];
/// Key set 2, AES.
pub const AES: [[u8; 16]; 3] = [
    *b"\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4A\x4B\x4C\x4D\x4E\x4F\x40",
    *b"\x51\x52\x53\x54\x55\x56\x57\x58\x59\x5A\x5B\x5C\x5D\x5E\x5F\x50",
    *b"\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6A\x6B\x6C\x6D\x6E\x6F\x60",
];

/// A key set of these keys.
pub fn key_set(version: u8, kind: KeyType, keys: [&[u8]; 3]) -> KeySet {
    let [ciphering, checking, wrapping] = keys.map(|octets| TypedKey::new(kind, octets).unwrap());
    KeySet { version, kic: ciphering, kid: checking, kik: Some(wrapping), counter: Counter::default() }
}

/// The default card with key sets 1 and 2.
pub fn image() -> Image {
    let sets = [(1, KeyType::DES, &TRIPLE_DES), (2, KeyType::AES, &AES)];
    let key_sets =
        sets.map(|(version, kind, keys)| key_set(version, kind, keys.each_ref().map(|key| &key[..])));
    Image { key_sets: key_sets.into(), ..Profile::default().image() }
}

/// The default card with key sets, whose own applications ask for no more than this.
pub fn image_with(level: u8) -> Image {
    let mut image = image();
    for application in &mut image.remote {
        application.security = SecurityLevel(level);
    }
    image
}

/// A card, and the platform that has its keys.
pub struct Platform {
    pub card: Card,
    pub keys: Keys,
    pub packet: CommandPacket,
}

impl Platform {
    pub fn new() -> Self {
        Self::of(Card::from_image(&image()).unwrap())
    }

    /// With key set 1: ciphered, a checksum, a counter; a receipt with the same in the report.
    pub fn of(mut card: Card) -> Self {
        card.power_on(Instant::EPOCH);
        let packet = CommandPacket {
            security: SecurityParameters([0x16, 0x19]),
            kic: Kic(0x15),
            kid: Kid(0x15),
            tar: FILES,
            counter: Counter::default(),
            data: Vec::new(),
        };
        let [kic, kid, _] = TRIPLE_DES;
        Self { card, keys: keys(&kic, &kid), packet }
    }

    /// With key set 2.
    pub fn with_aes(mut self) -> Self {
        let [kic, kid, _] = AES;
        self.keys = keys(&kic, &kid);
        (self.packet.kic, self.packet.kid) = (Kic(0x22), Kid(0x22));
        self
    }

    pub fn spi(&mut self, spi: [u8; 2]) {
        self.packet.security = SecurityParameters(spi);
    }

    pub fn to(mut self, tar: Tar) -> Self {
        self.packet.tar = tar;
        self
    }

    /// The next packet with these data, from CPL on.
    pub fn seal(&mut self, data: &str) -> Vec<u8> {
        self.packet.counter = self.packet.counter.next().unwrap();
        self.packet.data = hex::decode(data.replace(' ', "")).unwrap();
        self.packet.seal(Form::ShortMessage, &self.keys).unwrap()
    }

    /// Sends the next packet; the receipt in the report.
    pub fn send(&mut self, data: &str) -> ResponsePacket {
        let packet = self.seal(data);
        let answer = self.deliver(&packet);
        self.receipt(&answer).unwrap_or_else(|error| panic!("{answer}: {error}"))
    }

    /// Sends the next packet, whose script must end well; what is answered to it in compact format, without the number
    /// of commands.
    pub fn script(&mut self, data: &str) -> String {
        let receipt = self.send(data);
        assert_eq!(receipt.status, ResponseStatus::POR_OK);
        hex::encode_upper(&receipt.data)
    }

    /// Brings a packet to the card; its answer, with the status word at the end.
    pub fn deliver(&mut self, packet: &[u8]) -> String {
        envelopes(packet).iter().map(|envelope| self.apdu(envelope)).last().unwrap()
    }

    /// The receipt in what the card has answered.
    pub fn receipt(&self, answer: &str) -> Result<ResponsePacket, Refusal> {
        let octets = hex::decode(answer).unwrap();
        let packet =
            octets.strip_prefix(&[0x02, 0x71, 0x00]).unwrap_or_else(|| panic!("no receipt: {answer}"));
        let packet = &packet[..packet.len() - 2];
        self.open(packet)
    }

    /// A receipt, opened as the command asks for.
    pub fn open(&self, packet: &[u8]) -> Result<ResponsePacket, Refusal> {
        let sealed = SealedResponse::decode(Form::ShortMessage, packet)?;
        let CommandPacket { security, kic, kid, .. } = self.packet;
        sealed.open(security.response(kic, kid), &self.keys)
    }

    /// Sends an APDU; data and status word.
    pub fn apdu(&mut self, apdu: &str) -> String {
        let response = self.card.exchange(Instant::EPOCH, &hex::decode(apdu.replace(' ', "")).unwrap());
        hex::encode_upper(response.to_bytes())
    }

    /// Tells the card that the terminal can do everything, and answers what it asks for.
    pub fn start(&mut self) {
        let status = self.apdu("80100000 09 FFFFFFFFFFFFFFFFFF");
        assert!(self.carry_out(&status).is_empty());
    }

    /// Carries out what the card asks for; the messages that it sends.
    pub fn carry_out(&mut self, status: &str) -> Vec<Submit> {
        let mut sent = Vec::new();
        let mut status = status.to_owned();
        while let Some(length) = status.strip_prefix("91") {
            let command = self.apdu(&format!("80120000{length}"));
            let command = Command::decode(&hex::decode(&command[..command.len() - 4]).unwrap()).unwrap();
            if let Proactive::SendShortMessage(body) = &command.body {
                sent.push(Submit::decode(&body.tpdu.tpdu, "SUBMIT").unwrap());
            }
            let response = TerminalResponse::new(command.details.clone(), GeneralResult(0x00));
            let response = response.encode();
            status = self.apdu(&format!("80140000{:02X}{}", response.len(), hex::encode(response)));
        }
        assert_eq!(status, "9000");
        sent
    }

    /// Resets the card.
    pub fn reset(&mut self) {
        self.card.power_off();
        self.card.power_on(Instant::EPOCH);
    }

    /// Contents of a transparent file, by path.
    pub fn contents(&mut self, path: &[u16]) -> String {
        let view = self.card.files();
        let file = view.find(path).unwrap();
        hex::encode_upper(view.read_binary(file, 0, 0x1_0000).unwrap())
    }
}

/// Both keys of a packet.
pub fn keys(kic: &[u8], kid: &[u8]) -> Keys {
    let key = |octets| Key::new(octets).unwrap();
    Keys::new(key(kic), key(kid))
}

/// ENVELOPE (SMS-PP DOWNLOAD) of each message that a packet takes.
pub fn envelopes(packet: &[u8]) -> Vec<String> {
    let parts = short_messages(ElementId::COMMAND_PACKET, packet, Reference::Short(7)).unwrap();
    parts.into_iter().map(envelope).collect()
}

/// ENVELOPE (SMS-PP DOWNLOAD) of a message.
pub fn envelope(user_data: UserData) -> String {
    let timestamp = Timestamp::decode(&[0x62, 0x11, 0x32, 0x81, 0x00, 0x00, 0x00], "time stamp").unwrap();
    let originator = "+15550100002".parse().unwrap();
    let deliver = Deliver::new(originator, ProtocolIdentifier::SIM_DATA_DOWNLOAD, timestamp, user_data);
    assert_eq!(deliver.user_data.coding(), DataCoding::EIGHT_BIT_CLASS_2);
    let data = Envelope::from(SmsPpDownload::new(None, deliver.encode())).encode();
    format!("80C20000{:02X}{}00", data.len(), hex::encode(data))
}
