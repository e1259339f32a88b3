//! Explanations for the program's other commands.

use std::io::{self, Write};

use oxisim_apdu::Response;

use super::{apdu, card, file, kind::Kind, one, print};
use crate::failure::Failure;

/// The octets of a text of hexadecimal digits, with or without spaces, colons or 0x.
pub fn octets_of(text: &str) -> Result<Vec<u8>, String> {
    super::octets(text, 0).map_err(|(_, reason)| reason)
}

/// The file of which contents are known here, by name, identifier or path.
pub fn content_name(text: &str) -> Option<&'static str> {
    file::name(text).ok()
}

/// Says what a file or a record of it holds, in one line if it fits; nothing, if it is not known or not what it should be.
pub fn contents(name: &str, octets: &[u8]) -> Option<String> {
    let explained = one(Kind::File, Some(content_name(name)?), octets, 0).ok()?;
    if let Some(line) = print::line(&explained) {
        return Some(line);
    }
    let mut text = Vec::new();
    print::print(&explained, false, &mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    // What it is, whoever asks knows.
    text.split_once('\n').map(|(_, fields)| fields.trim_end().to_owned())
}

/// Says what a command was and what its response says. `file` is the file that was selected before.
pub fn answer(
    command: &[u8],
    response: &[u8],
    file: Option<&str>,
    out: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    let octets: Vec<String> = response.iter().map(|octet| format!("{octet:02X}")).collect();
    writeln!(out, "< {}", octets.join(" "))?;
    let pair = apdu::pair(command, response, file).or_else(|_| apdu::pair(command, response, None));
    let Ok(pair) = pair else { return Ok(()) };
    let status = Response::from_bytes(response).map(|response| response.status);
    if let Ok(status) = status {
        writeln!(out, "{}: {status}", pair.name)?;
    }
    // The message in the response is all that the octets do not say to the eye.
    let answer = pair.fields.into_iter().filter(|line| line.field == "response");
    let messages = answer.filter_map(|line| line.inside?.ok()).flat_map(|answer| answer.fields);
    for message in messages.filter_map(|line| line.inside) {
        match message {
            Ok(message) => print::print(&message, false, out)?,
            Err(error) => writeln!(out, "wrong at octet {}: {}", error.offset, print::reason(&error))?,
        }
    }
    Ok(())
}

/// Says what a text of octets is, as `oxisim explain` does.
pub fn text(text: &str, out: &mut (impl Write + ?Sized)) -> Result<(), Failure> {
    let octets = super::command_and_response(text).map_err(|(_, reason)| Failure::Usage(reason))?;
    let explained = super::explain(&octets, None, None);
    let explained = explained.map_err(|error| Failure::NotDone(super::wrong(&error)))?;
    Ok(print::print(&explained, false, out)?)
}

/// Says what an answer to reset is.
pub fn answer_to_reset(octets: &[u8], out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    whole(Kind::Atr, octets, out)
}

/// Says what the answer to SELECT is, a UICC's or a SIM's of GSM.
pub fn control_parameters(octets: &[u8], out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let kind = match octets.first() {
        Some(0x62) => Kind::Fcp,
        _ if card::is_header(octets) => Kind::GsmHeader,
        _ => Kind::BerTlv,
    };
    whole(kind, octets, out)
}

/// Octets as they are, and what they are.
fn whole(kind: Kind, octets: &[u8], out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    match one(kind, None, octets, 0) {
        Ok(explained) => print::print(&explained, false, out),
        Err(error) => {
            writeln!(out, "{}, {}", hex::encode_upper(octets), super::wrong(&error))
        }
    }
}
