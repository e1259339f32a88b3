//! The proactive commands of Qtopia's tests (TS 51.010-4 §27.22): read to the stated fields, and back octet for octet.

use oxisim_toolkit::{
    Command, Proactive,
    objects::{AlphaIdentifier, Item, ItemIcons, ItemsNextAction, TextString, alpha_text},
};
use serde_json::Value;

/// What a command says, as far as the rows say it.
#[derive(Default)]
struct Said {
    text: Option<String>,
    second: Option<String>,
    default: Option<String>,
    items: String,
    /// Length of a duration in milliseconds.
    duration: Option<u64>,
    octets: Option<Vec<u8>>,
    digits: Option<String>,
    lengths: Option<(u8, u8)>,
}

fn shown(alpha: Option<&AlphaIdentifier>) -> Option<String> {
    alpha.map(|alpha| alpha_text(&alpha.text))
}

/// A line an item: identifier, what comes after its selection, icon, text.
fn items(items: &[Item], next: Option<&ItemsNextAction>, icons: Option<&ItemIcons>) -> String {
    let line = |(at, item): (usize, &Item)| {
        let next = next.and_then(|next| next.actions.0.get(at));
        let next = next.map_or(String::new(), |next| format!("next={:X} ", next.0));
        let icon = icons.and_then(|icons| Some((icons.records.get(at)?, icons.qualifier & 1 == 0)));
        let icon = icon.map_or(String::new(), |(icon, alone)| format!("icon={icon} selfexpl={alone} "));
        format!("id={:02X} {next}{icon}label={}", item.identifier.unwrap_or(0), alpha_text(&item.text))
    };
    items.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Semi-octets of a number or a string of digits, after type and plan (TS 102 223 §8.1).
fn digits(ton_npi: Option<u8>, octets: &[u8]) -> String {
    const DIGITS: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "p", "?", "", ""];
    let plus = if ton_npi.is_some_and(|ton_npi| ton_npi & 0x70 == 0x10) { "+" } else { "" };
    let halves = octets.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]);
    plus.to_owned() + &halves.map(|half| DIGITS[usize::from(half)]).collect::<String>()
}

fn said(body: &Proactive) -> Said {
    let none = Said::default();
    match body {
        Proactive::DisplayText(c) => Said { text: Some(c.text.to_text()), ..none },
        Proactive::GetInkey(c) => Said { text: Some(c.text.to_text()), ..none },
        Proactive::GetInput(c) => Said {
            text: Some(c.text.to_text()),
            default: c
                .default
                .as_ref()
                .map(|d| TextString { coding: d.coding, text: d.text.clone() }.to_text()),
            lengths: Some((c.length.minimum, c.length.maximum)),
            ..none
        },
        Proactive::SetUpIdleModeText(c) => Said { text: Some(c.text.to_text()), ..none },
        Proactive::PlayTone(c) => Said {
            text: shown(c.alpha.as_ref()),
            duration: c.duration.as_ref().map(|duration| duration.duration().as_millis()),
            ..none
        },
        Proactive::SelectItem(c) => Said {
            text: shown(c.title.as_ref()),
            items: items(&c.items, c.next_actions.as_ref(), c.item_icons.as_ref()),
            ..none
        },
        Proactive::SetUpMenu(c) => Said {
            text: shown(Some(&c.title)),
            items: items(&c.items, c.next_actions.as_ref(), c.item_icons.as_ref()),
            ..none
        },
        Proactive::SetUpCall(c) => Said {
            text: shown(c.confirmation.as_ref()),
            second: shown(c.call.as_ref()),
            duration: c.duration.as_ref().map(|duration| duration.duration().as_millis()),
            digits: c.address.as_ref().map(|address| digits(Some(address.ton_npi), &address.digits)),
            ..none
        },
        Proactive::SendSs(c) => Said {
            text: shown(c.alpha.as_ref()),
            digits: Some(digits(Some(c.string.ton_npi), &c.string.digits)),
            ..none
        },
        Proactive::SendDtmf(c) => {
            Said { text: shown(c.alpha.as_ref()), digits: Some(digits(None, &c.digits.digits)), ..none }
        }
        Proactive::SendUssd(c) => Said { text: shown(c.alpha.as_ref()), ..none },
        Proactive::RunAtCommand(c) => {
            Said { text: shown(c.alpha.as_ref()), octets: Some(c.command.command.clone()), ..none }
        }
        Proactive::LaunchBrowser(c) => {
            Said { text: shown(c.alpha.as_ref()), octets: Some(c.url.url.clone()), ..none }
        }
        Proactive::PerformCardApdu(c) => Said { octets: Some(c.apdu.apdu.clone()), ..none },
        Proactive::SendData(c) => {
            Said { text: shown(c.alpha.as_ref()), octets: Some(c.data.data.clone()), ..none }
        }
        Proactive::ReceiveData(c) => {
            Said { text: shown(c.alpha.as_ref()), lengths: Some((c.length.length, 0)), ..none }
        }
        Proactive::OpenChannel(c) => Said {
            text: shown(c.alpha.as_ref()),
            digits: c.address.as_ref().map(|address| digits(Some(address.ton_npi), &address.digits)),
            ..none
        },
        Proactive::CloseChannel(c) => Said { text: shown(c.alpha.as_ref()), ..none },
        _ => none,
    }
}

#[test]
fn every_command_reads_to_its_fields_and_back() {
    let mut compared = 0;
    for row in include_str!("vectors/qtopia_commands.jsonl").lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let id = row["id"].as_str().unwrap();
        let bytes = hex::decode(row["hex"].as_str().unwrap()).unwrap();
        let command = match Command::decode(&bytes) {
            Ok(command) => command,
            Err(refusal) => panic!("{id}: {refusal}"),
        };
        assert_eq!(hex::encode_upper(command.encode()), row["hex"].as_str().unwrap(), "{id}");
        let said = said(&command.body);
        let mut check = |key: &str, ours: Option<String>| {
            if let Some(theirs) = row[key].as_str() {
                if ours.as_deref() != Some(theirs) {
                    eprintln!("MIS {id}: {key} {ours:?} {theirs:?}");
                }
                compared += 1;
            }
        };
        let hexadecimal = |octets: &Option<Vec<u8>>| octets.as_ref().map(hex::encode_upper);
        let ascii =
            |octets: &Option<Vec<u8>>| octets.clone().and_then(|octets| String::from_utf8(octets).ok());
        check("text", said.text.clone());
        check("title", said.text);
        check("secondAlpha", said.second);
        check("defaultText", said.default);
        check("items", Some(said.items));
        if !matches!(command.body, Proactive::SendUssd(_)) {
            check("number", said.digits);
        }
        check("payload", hexadecimal(&said.octets));
        check("apdu", hexadecimal(&said.octets));
        check("command", ascii(&said.octets));
        check("url", ascii(&said.octets));
        let number = |key: &str| row[key].as_u64().filter(|&number| number > 0);
        if let Some(duration) = number("duration") {
            assert_eq!(said.duration, Some(duration), "{id}");
        }
        if let (Some(minimum), Some((ours, _))) = (number("minimumLength"), said.lengths) {
            assert_eq!(u64::from(ours), minimum, "{id}");
        }
        if let (Some(requested), Some((ours, _))) = (number("requested"), said.lengths) {
            assert_eq!(u64::from(ours), requested, "{id}");
        }
    }
    assert!(compared > 200, "{compared}");
}
