//! Data of remote management: commands and responses in the compact and in the expanded format (TS 102 226 §5).

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader, codes, tlv};

/// What a card answers to commands in the compact format (TS 102 226 §5.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactResponse {
    /// Commands that were executed.
    pub executed: u8,
    /// Status word of the last one.
    pub status: [u8; 2],
    /// Its response data.
    pub data: Vec<u8>,
}

impl CompactResponse {
    /// Decodes the data of a response packet.
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        let executed = r.u8("number of commands executed")?;
        let status = r.array("status word")?;
        Ok(Self { executed, status, data: r.rest().to_vec() })
    }

    /// Encodes it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&[self.executed], &self.status[..], &self.data].concat()
    }
}

/// How a template says where it ends (TS 101 220 §7.2, table 7.18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// By its length.
    Definite,
    /// By two octets 00 behind the last object.
    Indefinite,
}

codes! {
    /// Why a command script is not understood (TS 102 226 §5.2.2, bad format TLV).
    pub struct BadFormat(u8) {
        /// A tag that no command has.
        UNKNOWN_TAG = 0x01,
        /// A length that cannot be.
        WRONG_LENGTH = 0x02,
        /// No length where one belongs.
        LENGTH_NOT_FOUND = 0x03,
    }
}

/// A command of a script (TS 102 226 §5.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// C-APDU.
    Apdu(Vec<u8>),
    /// Immediate action: what is to be done while the script is executed, such as a proactive session.
    ImmediateAction(Vec<u8>),
    /// Error action: what is to be done if a command fails.
    ErrorAction(Vec<u8>),
    /// Script chaining: whether this script goes on where another has ended.
    ScriptChaining(Vec<u8>),
}

/// A command script: the expanded format of remote commands (TS 102 226 §5.2.1).
///
/// ```
/// use oxisim_sms::packet::script::{Command, Length, Script};
///
/// let select = Command::Apdu(vec![0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00]);
/// let script = Script { length: Length::Definite, commands: vec![select], fault: None };
/// assert_eq!(script.encode()[..4], [0xAA, 0x09, 0x22, 0x07]);
/// assert_eq!(Script::decode(&script.encode())?, script);
/// # Ok::<(), oxisim_wire::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// How the template says where it ends.
    pub length: Length,
    /// The commands.
    pub commands: Vec<Command>,
    /// What is wrong behind them. They are executed, and the response says so (TS 102 226 §5.2.2).
    pub fault: Option<BadFormat>,
}

impl Script {
    const WHAT: &str = "command scripting template";
    const TAGS: [u8; 2] = [0xAA, 0xAE];

    /// Decodes the data of a command packet. Other data, such as commands in the compact format, is an error.
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        let length = template(&mut r, Self::WHAT, Self::TAGS)?;
        let mut script = Self { length, commands: Vec::new(), fault: None };
        script.fault = script.read(r).err();
        Ok(script)
    }

    /// Encodes it; a fault is not encoded.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        write_template(self.length, Self::TAGS, |out| {
            for command in &self.commands {
                let (tag, value) = match command {
                    Command::Apdu(value) => (0x22, value),
                    Command::ImmediateAction(value) => (0x81, value),
                    Command::ErrorAction(value) => (0x82, value),
                    Command::ScriptChaining(value) => (0x83, value),
                };
                tlv::write_tlv(tag, out, |out| out.extend_from_slice(value));
            }
        })
    }

    fn read(&mut self, mut r: Reader<'_>) -> Result<(), BadFormat> {
        let mut objects = match self.length {
            Length::Definite => {
                let octets = length(&mut r)?;
                let objects = r.sub(octets, Self::WHAT).map_err(|_| BadFormat::WRONG_LENGTH)?;
                r.finish(Self::WHAT).map_err(|_| BadFormat::WRONG_LENGTH)?;
                objects
            }
            Length::Indefinite => {
                r.take(1, Self::WHAT).map_err(|_| BadFormat::LENGTH_NOT_FOUND)?;
                r
            }
        };
        loop {
            match (objects.peek(), self.length) {
                (None, Length::Definite) => return Ok(()),
                (None, Length::Indefinite) => return Err(BadFormat::LENGTH_NOT_FOUND),
                (Some(0), Length::Indefinite) if objects.rest() == [0, 0] => return Ok(()),
                (Some(0), Length::Indefinite) => return Err(BadFormat::WRONG_LENGTH),
                (Some(tag), _) => {
                    let make = match tag {
                        0x22 => Command::Apdu,
                        0x81 => Command::ImmediateAction,
                        0x82 => Command::ErrorAction,
                        0x83 => Command::ScriptChaining,
                        _ => return Err(BadFormat::UNKNOWN_TAG),
                    };
                    objects.take(1, Self::WHAT).map_err(|_| BadFormat::UNKNOWN_TAG)?;
                    let octets = length(&mut objects)?;
                    let value = objects.take(octets, Self::WHAT).map_err(|_| BadFormat::WRONG_LENGTH)?;
                    self.commands.push(make(value.to_vec()));
                }
            }
        }
    }
}

/// The length of an object in a script.
fn length(r: &mut Reader<'_>) -> Result<usize, BadFormat> {
    tlv::read_length(r, Script::WHAT).map_err(|error| match error.kind {
        ErrorKind::Truncated { .. } => BadFormat::LENGTH_NOT_FOUND,
        _ => BadFormat::WRONG_LENGTH,
    })
}

/// What came of a command of a script (TS 102 226 §5.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// R-APDU.
    Apdu {
        /// Response data.
        data: Vec<u8>,
        /// Status word.
        status: [u8; 2],
    },
    /// Immediate action response: why the script could not be suspended.
    ImmediateAction(Vec<u8>),
    /// Script chaining response: why scripts could not be chained.
    ScriptChaining(Vec<u8>),
    /// The script is not understood from here on.
    BadFormat(BadFormat),
}

/// What a card answers to a command script (TS 102 226 §5.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptResponse {
    /// How the template says where it ends. Only a definite one carries the number of executed commands.
    pub length: Length,
    /// Commands that were executed.
    pub executed: u16,
    /// What came of them, in their order.
    pub outcomes: Vec<Outcome>,
}

impl ScriptResponse {
    const WHAT: &str = "response scripting template";
    const TAGS: [u8; 2] = [0xAB, 0xAF];

    /// Decodes the data of a response packet. The number of commands executed of an indefinite template is that of its
    /// R-APDUs.
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        let length = template(&mut r, Self::WHAT, Self::TAGS)?;
        let mut objects = match length {
            Length::Definite => {
                let length = tlv::read_length(&mut r, Self::WHAT)?;
                let objects = r.sub(length, Self::WHAT)?;
                r.finish(Self::WHAT)?;
                objects
            }
            Length::Indefinite => {
                r.take(1, Self::WHAT)?;
                r
            }
        };
        let mut executed = 0;
        if length == Length::Definite {
            executed =
                integer(tlv::Tlv::expect(&mut objects, 0x80, "number of executed command TLV objects")?)?;
        }
        let mut outcomes = Vec::new();
        loop {
            match (objects.peek(), length) {
                (None, Length::Definite) => break,
                (Some(0), Length::Indefinite) => {
                    let start = objects.clone();
                    if objects.array("end of contents")? != [0, 0] {
                        return Err(start.error("end of contents", ErrorKind::Missing));
                    }
                    objects.finish(Self::WHAT)?;
                    break;
                }
                _ => outcomes.push(outcome(&mut objects)?),
            }
        }
        if length == Length::Indefinite {
            let executed_apdus = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Apdu { .. }));
            executed = u16::try_from(executed_apdus.count()).unwrap_or(u16::MAX);
        }
        Ok(Self { length, executed, outcomes })
    }

    /// Encodes it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        write_template(self.length, Self::TAGS, |out| {
            if self.length == Length::Definite {
                // An integer has a sign, so that 80 takes an octet 00 in front.
                let octets = [&[0][..], &self.executed.to_be_bytes()].concat();
                let needless = |pair: &[u8]| pair[0] == 0 && pair[1] & 0x80 == 0;
                let start = octets.windows(2).take_while(|pair| needless(pair)).count();
                tlv::write_tlv(0x80, out, |out| out.extend_from_slice(&octets[start..]));
            }
            for outcome in &self.outcomes {
                match outcome {
                    Outcome::Apdu { data, status } => tlv::write_tlv(0x23, out, |out| {
                        out.extend_from_slice(data);
                        out.extend_from_slice(status);
                    }),
                    Outcome::ImmediateAction(value) => {
                        tlv::write_tlv(0x81, out, |out| out.extend_from_slice(value));
                    }
                    Outcome::ScriptChaining(value) => {
                        tlv::write_tlv(0x83, out, |out| out.extend_from_slice(value));
                    }
                    Outcome::BadFormat(error) => tlv::write_tlv(0x90, out, |out| out.push(error.0)),
                }
            }
        })
    }
}

fn outcome(objects: &mut Reader<'_>) -> Result<Outcome, Error> {
    let start = objects.clone();
    let tlv::Tlv { tag, mut value } = tlv::Tlv::read(objects, "response TLV object")?;
    match tag {
        0x23 => {
            let octets = value.rest();
            let Some((data, &status)) = octets.split_last_chunk() else {
                let kind = ErrorKind::Truncated { needed: 2, left: octets.len() };
                return Err(start.error("R-APDU", kind));
            };
            Ok(Outcome::Apdu { data: data.to_vec(), status })
        }
        0x81 => Ok(Outcome::ImmediateAction(value.rest().to_vec())),
        0x83 => Ok(Outcome::ScriptChaining(value.rest().to_vec())),
        0x90 => {
            let error = value.u8("bad format")?;
            value.finish("bad format")?;
            Ok(Outcome::BadFormat(BadFormat(error)))
        }
        other => Err(start.error("response TLV object", ErrorKind::Value(other.into()))),
    }
}

/// A number that is not negative and has at most 16 bits (ISO/IEC 8825-1 §8.3).
fn integer(mut value: Reader<'_>) -> Result<u16, Error> {
    const WHAT: &str = "number of executed command TLV objects";
    let start = value.clone();
    match *value.rest() {
        [low @ 0..=0x7F] => Ok(low.into()),
        [high @ 0..=0x7F, low] | [0, high, low] => Ok(u16::from_be_bytes([high, low])),
        [] => Err(start.error(WHAT, ErrorKind::Missing)),
        [first, ..] => Err(start.error(WHAT, ErrorKind::Value(first.into()))),
    }
}

/// Reads the tag of a template, definite or indefinite.
fn template(
    r: &mut Reader<'_>,
    what: &'static str,
    [definite, indefinite]: [u8; 2],
) -> Result<Length, Error> {
    let start = r.clone();
    let found = r.u8(what)?;
    match (found == indefinite, r.peek()) {
        (true, Some(0x80) | None) => Ok(Length::Indefinite),
        (true, Some(other)) => Err(r.error(what, ErrorKind::LengthCoding(other))),
        _ if found == definite => Ok(Length::Definite),
        _ => {
            let kind = ErrorKind::Tag { expected: definite.into(), found: found.into() };
            Err(start.error(what, kind))
        }
    }
}

fn write_template(
    length: Length,
    [definite, indefinite]: [u8; 2],
    fill: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let mut out = Vec::new();
    match length {
        Length::Definite => tlv::write_tlv(definite, &mut out, fill),
        Length::Indefinite => {
            out.extend_from_slice(&[indefinite, 0x80]);
            fill(&mut out);
            out.extend_from_slice(&[0, 0]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::{collection::vec, prelude::*};
    use serde_json::Value;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    fn rows(kind: &str) -> impl Iterator<Item = Value> {
        let rows = include_str!("../../tests/vectors/script.jsonl").lines();
        let rows = rows.map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(move |row| row["kind"] == *kind)
    }

    fn text<'a>(row: &'a Value, key: &str) -> &'a str {
        row[key].as_str().unwrap_or_else(|| panic!("{key} of {row}"))
    }

    fn length_of(row: &Value) -> Length {
        if row["length"] == *"definite" { Length::Definite } else { Length::Indefinite }
    }

    #[test]
    fn scripts_of_others_are_the_same_octets() {
        let mut count = 0;
        for row in rows("command") {
            let octets = hex(text(&row, "octets"));
            let apdus = row["apdus"].as_array().unwrap();
            let commands = apdus.iter().map(|apdu| Command::Apdu(hex(apdu.as_str().unwrap()))).collect();
            let script = Script { length: length_of(&row), commands, fault: None };
            assert_eq!(script.encode(), octets, "{row}");
            assert_eq!(Script::decode(&octets), Ok(script), "{row}");
            count += 1;
        }
        assert_eq!(count, 5);
    }

    fn outcome_of(row: &Value) -> Outcome {
        if row["bad_format"] == *"UNKNOWN_TAG" {
            Outcome::BadFormat(BadFormat::UNKNOWN_TAG)
        } else if row["immediate_action"].is_string() {
            Outcome::ImmediateAction(hex(text(row, "immediate_action")))
        } else if row["script_chaining"].is_string() {
            Outcome::ScriptChaining(hex(text(row, "script_chaining")))
        } else {
            let status = hex(text(row, "status")).try_into().unwrap();
            Outcome::Apdu { data: hex(text(row, "data")), status }
        }
    }

    #[test]
    fn responses_of_others_are_the_same_octets() {
        let mut count = 0;
        for row in rows("response") {
            let octets = hex(text(&row, "octets"));
            let executed = row["executed"].as_u64().unwrap() as u16;
            let outcomes = row["outcomes"].as_array().unwrap().iter().map(outcome_of).collect();
            let response = ScriptResponse { length: length_of(&row), executed, outcomes };
            assert_eq!(response.encode(), octets, "{row}");
            assert_eq!(ScriptResponse::decode(&octets), Ok(response), "{row}");
            for length in 0..octets.len() {
                assert!(ScriptResponse::decode(&octets[..length]).is_err(), "{length} of {row}");
            }
            count += 1;
        }
        assert_eq!(count, 9);
    }

    #[test]
    fn a_fault_leaves_the_commands_before_it() {
        for (octets, commands, fault) in [
            ("aa062202aabb9900", 1, BadFormat::UNKNOWN_TAG),
            ("aa062202aabb2205", 1, BadFormat::WRONG_LENGTH),
            ("aa052202aabb22", 1, BadFormat::LENGTH_NOT_FOUND),
            ("aa062202aabb2284", 1, BadFormat::WRONG_LENGTH),
            ("aa092202aabb", 0, BadFormat::WRONG_LENGTH),
            ("aa", 0, BadFormat::LENGTH_NOT_FOUND),
            ("ae802202aabb", 1, BadFormat::LENGTH_NOT_FOUND),
            ("ae802202aabb0001", 1, BadFormat::WRONG_LENGTH),
        ] {
            let script = Script::decode(&hex(octets)).unwrap();
            assert_eq!((script.commands.len(), script.fault), (commands, Some(fault)), "{octets}");
        }
        assert!(Script::decode(&hex("a0a40000023f00")).is_err());
        assert!(Script::decode(&[]).is_err());
    }

    #[test]
    fn an_indefinite_response_ends_with_two_zeros_and_nothing_more() {
        assert!(ScriptResponse::decode(&hex("af80230290000000")).is_ok());
        for octets in ["af802302900000", "af80230290000001", "af8023029000000000", "af80", "af", "af81"] {
            assert!(ScriptResponse::decode(&hex(octets)).is_err(), "{octets}");
        }
    }

    #[test]
    fn a_compact_response_is_a_number_a_status_word_and_data() {
        let response = CompactResponse { executed: 2, status: [0x90, 0x00], data: vec![0xAA] };
        assert_eq!(response.encode(), [0x02, 0x90, 0x00, 0xAA]);
        assert_eq!(CompactResponse::decode(&response.encode()), Ok(response));
        assert!(CompactResponse::decode(&[0x02, 0x90]).is_err());
    }

    fn any_length() -> impl Strategy<Value = Length> {
        prop_oneof![Just(Length::Definite), Just(Length::Indefinite)]
    }

    prop_compose! {
        fn any_command()(kind in 0..4, value in vec(any::<u8>(), 0..200)) -> Command {
            match kind {
                0 => Command::Apdu(value),
                1 => Command::ImmediateAction(value),
                2 => Command::ErrorAction(value),
                _ => Command::ScriptChaining(value),
            }
        }
    }

    prop_compose! {
        fn any_outcome()(kind in 0..4, data in vec(any::<u8>(), 0..200), status: [u8; 2]) -> Outcome {
            match kind {
                0 => Outcome::Apdu { data, status },
                1 => Outcome::ImmediateAction(data),
                2 => Outcome::ScriptChaining(data),
                _ => Outcome::BadFormat(BadFormat(status[0])),
            }
        }
    }

    proptest! {
        #[test]
        fn scripts_survive(length in any_length(), commands in vec(any_command(), 0..5)) {
            let script = Script { length, commands, fault: None };
            prop_assert_eq!(Script::decode(&script.encode()), Ok(script));
        }

        #[test]
        fn responses_survive(length in any_length(), number: u16, outcomes in vec(any_outcome(), 0..5)) {
            let apdus = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Apdu { .. })).count();
            let executed = if length == Length::Definite { number } else { apdus as u16 };
            let response = ScriptResponse { length, executed, outcomes };
            prop_assert_eq!(ScriptResponse::decode(&response.encode()), Ok(response));
        }

        #[test]
        fn any_octets_are_read_or_refused(
            tag in prop::sample::select(&[0xAA_u8, 0xAE, 0xAB, 0xAF][..]), rest in vec(any::<u8>(), 0..40)
        ) {
            let octets = [&[tag][..], &rest].concat();
            let is_script = matches!(tag, 0xAA | 0xAE);
            if let Ok(script) = Script::decode(&octets) {
                prop_assert!(is_script && script.encode().len() <= octets.len() + 4);
            }
            prop_assert!(ScriptResponse::decode(&octets).is_err() || !is_script);
        }
    }
}
