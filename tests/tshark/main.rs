//! What tshark, which nobody here wrote, makes of the messages of the conformance sequences, and of short messages: where
//! it names a value, ours is the same.

mod capture;
mod messages;
mod trace;

use std::collections::BTreeMap;

use oxisim_toolkit::{
    Envelope, TerminalResponse,
    objects::{
        AlphaIdentifier, CommandDetails, DeviceIdentities, Duration, Item, Outcome, TextString, alpha_text,
    },
};
use oxisim_wire::{Reader, Wire};
use serde_json::Value;

/// The fields that are compared: the name in tshark, after `etsi_cat.comp_tlv.`.
const FIELDS: [&str; 18] = [
    "cmd_nr",
    "cmd_type",
    "src_dev",
    "dst_dev",
    "result",
    "time_unit",
    "time_interval",
    "text",
    "alpha_id.string",
    "item.id",
    "item.string",
    "tone",
    "event",
    "language",
    "timer_val.hr",
    "timer_val.min",
    "timer_val.sec",
    "loc_status",
];

/// Codings of an alpha field (TS 102 221 Annex A) of which tshark 4.0 shows the first character over and over.
const REPEATED: [u8; 2] = [0x81, 0x82];
/// Answers to a question for yes or no (TS 102 223 §6.8.2), which are an octet, and which tshark takes for text.
const YES_OR_NO: [&str; 4] =
    ["get_inkey/te/5.1.1", "get_inkey/te/5.1.2", "GET INKEY 5.1.1", "GET INKEY 5.1.2"];

/// What a message says, by field; the values of a field in their order.
type Said = BTreeMap<&'static str, Vec<String>>;

/// A frame of GSMTAP with an APDU (header, data, status word): version 2, type SIM.
fn frame(kind: &str, message: &[u8]) -> Vec<u8> {
    const GSMTAP: [u8; 16] = [0x02, 0x04, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let instruction = match kind {
        "proactive" => 0x12,
        "terminal_response" => 0x14,
        _ => 0xC2,
    };
    [&GSMTAP[..], &[0x80, instruction, 0, 0, message.len() as u8], message, &[0x90, 0x00]].concat()
}

/// What tshark says of the frames; `None` if it is not here.
fn dissected(frames: &[Vec<u8>]) -> Option<Vec<Said>> {
    let fields = FIELDS.map(|field| format!("etsi_cat.comp_tlv.{field}"));
    let options = ["-E", "aggregator=\x1f"];
    let lines = capture::dissected("toolkit", frames, &["-u", "4729,4729"], &options, &fields)?;
    let said = |line: Vec<String>| {
        let values = FIELDS.into_iter().zip(line);
        values.filter(|(_, all)| !all.is_empty()).map(|(field, all)| (field, list(&all))).collect()
    };
    Some(lines.into_iter().map(said).collect())
}

fn list(values: &str) -> Vec<String> {
    values.split('\x1f').map(|value| number(value).unwrap_or_else(|| value.into())).collect()
}

/// Numbers are shown in hexadecimal or in decimal, as tshark likes.
fn number(value: &str) -> Option<String> {
    let hexadecimal = value.strip_prefix("0x")?;
    u64::from_str_radix(hexadecimal, 16).ok().map(|number| number.to_string())
}

/// What our decoder says of a message, from its objects.
#[derive(Default)]
struct Ours(Said);

impl Ours {
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike")]
    fn say(&mut self, field: &'static str, value: impl ToString) {
        self.0.entry(field).or_default().push(value.to_string());
    }

    /// A text as tshark 4.0 shows it.
    fn say_repeated(&mut self, field: &'static str, text: &str) {
        let first = text.chars().next().into_iter();
        self.say(field, first.cycle().take(text.chars().count()).collect::<String>());
    }

    fn object(&mut self, tag: u16, value: &[u8]) {
        fn read<T: Wire>(value: &[u8]) -> T {
            T::read(&mut Reader::new(value)).unwrap_or_else(|error| panic!("{error}"))
        }
        match tag {
            0x01 => {
                let details: CommandDetails = read(value);
                self.say("cmd_nr", details.number);
                self.say("cmd_type", details.kind.0);
            }
            0x02 => {
                let devices: DeviceIdentities = read(value);
                self.say("src_dev", devices.source.0);
                self.say("dst_dev", devices.destination.0);
            }
            0x03 => self.say("result", read::<Outcome>(value).general.0),
            0x04 => {
                let duration: Duration = read(value);
                self.say("time_unit", duration.unit.0);
                self.say("time_interval", duration.interval);
            }
            0x05 if REPEATED.contains(&value.first().copied().unwrap_or(0)) => {
                self.say_repeated("alpha_id.string", &alpha_text(value));
            }
            0x05 if !value.is_empty() => {
                self.say("alpha_id.string", alpha_text(&read::<AlphaIdentifier>(value).text));
            }
            0x0D if value.len() > 1 => self.say("text", read::<TextString>(value).to_text()),
            0x0E => self.say("tone", value.first().copied().unwrap_or(0)),
            0x0F => {
                let item: Item = read(value);
                let Some(identifier) = item.identifier else { return };
                self.say("item.id", identifier);
                let text = alpha_text(&item.text);
                match item.text.first() {
                    Some(coding) if REPEATED.contains(coding) => self.say_repeated("item.string", &text),
                    _ => self.say("item.string", text),
                }
            }
            0x19 => value.iter().for_each(|event| self.say("event", event)),
            0x1B => self.say("loc_status", value.first().copied().unwrap_or(0)),
            // tshark 4.0 shows the octets as they stand; they are semi-octets (TS 102 223 §8.38).
            0x25 => {
                for (field, octet) in
                    ["timer_val.hr", "timer_val.min", "timer_val.sec"].into_iter().zip(value)
                {
                    self.say(field, octet);
                }
            }
            0x2D => self.say("language", String::from_utf8_lossy(value)),
            _ => {}
        }
    }
}

fn ours(kind: &str, message: &[u8]) -> Option<Said> {
    let mut ours = Ours::default();
    match kind {
        "proactive" => {
            let command = oxisim_toolkit::Command::decode(message).ok()?;
            ours.object(0x01, &wire(&command.details));
            ours.object(0x02, &wire(&command.devices));
            command.body.each_object(&mut |_, object| ours.object(object.tag().0, &object.value()));
        }
        "terminal_response" => {
            let response = TerminalResponse::decode(message).ok()?;
            ours.object(0x01, &wire(&response.details));
            ours.object(0x02, &wire(&response.devices));
            ours.object(0x03, &wire(&response.result));
            oxisim_toolkit::Objects::each_object(&response.answer, &mut |_, object| {
                ours.object(object.tag().0, &object.value());
            });
        }
        _ => {
            let envelope = Envelope::decode(message).ok()?;
            envelope.each_object(&mut |_, object| ours.object(object.tag().0, &object.value()));
        }
    }
    Some(ours.0)
}

fn wire(object: &impl Wire) -> Vec<u8> {
    let mut out = Vec::new();
    object.write(&mut out);
    out
}

/// The conformance sequences, by kind.
const SEQUENCES: [(&str, &str); 3] = [
    ("proactive", include_str!("../../crates/toolkit/tests/vectors/ofono_stk.jsonl")),
    ("terminal_response", include_str!("../../crates/toolkit/tests/vectors/terminal_response.jsonl")),
    ("envelope", include_str!("../../crates/toolkit/tests/vectors/envelope.jsonl")),
];

#[test]
fn tshark_says_the_same_of_every_message() {
    let rows: Vec<(&str, Value)> = SEQUENCES
        .iter()
        .flat_map(|&(kind, rows)| rows.lines().map(move |row| (kind, serde_json::from_str(row).unwrap())))
        .collect();
    let messages = rows.iter().map(|(kind, row)| {
        let message = hex::decode(row["hex"].as_str().unwrap()).unwrap();
        (row["id"].as_str().unwrap(), *kind, message)
    });
    let messages: Vec<_> = messages.filter(|(.., message)| message.len() <= 0xFF).collect();
    let frames: Vec<_> = messages.iter().map(|(_, kind, message)| frame(kind, message)).collect();
    let Some(theirs) = dissected(&frames) else { return };
    assert_eq!(theirs.len(), messages.len());
    let (mut compared, mut unheard) = (0, 0);
    for ((id, kind, message), theirs) in messages.iter().zip(theirs) {
        let Some(ours) = ours(kind, message) else { continue };
        // It does not take every envelope apart.
        if theirs.is_empty() || YES_OR_NO.contains(id) {
            unheard += 1;
            continue;
        }
        for field in FIELDS {
            let (ours, theirs) = (ours.get(field), theirs.get(field));
            assert_eq!(ours, theirs, "{id}: {field}");
            compared += usize::from(ours.is_some());
        }
    }
    assert!(compared > 5_800 && unheard < 80, "{compared} values were compared, {unheard} messages not");
}
