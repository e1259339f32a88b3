//! User data of short messages by themselves: their header, and the secured packet that it announces.

use oxisim_sms::{
    DataCoding, Element, ElementId, UserData,
    concatenation::Concatenation,
    packet::{Form, SealedCommand, SealedResponse},
};
use oxisim_wire::{Error, Reader, Show, Shown, Wire};

use super::{
    explained::{Explained, Line, shifted},
    kind::Kind,
};
use crate::ota::words;

/// User data of 8 bits with a header.
pub fn explain(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let mut r = Reader::at(octets, at);
    let header = header(&mut r)?;
    let (payload_at, payload) = (r.offset(), r.rest());
    let mut reencoded = octets.get(..1).unwrap_or_default().to_vec();
    for Element { id, data } in &header {
        id.write(&mut reencoded);
        reencoded.push(data.len() as u8);
        reencoded.extend_from_slice(data);
    }
    reencoded.extend_from_slice(payload);
    let elements = header.iter().map(Show::show).collect();
    let mut fields = vec![line(Some(at), "TP-User-Data header", HEADER, Shown::List(elements))];
    if is_part(&header) || announced(&header).is_none() {
        fields.push(line(Some(payload_at), "TP-User-Data", HEADER, payload.show()));
    } else if announced(&header) == Some(ElementId::COMMAND_PACKET) {
        fields.extend(command(payload, payload_at)?);
    } else {
        fields.extend(response(payload, payload_at)?);
    }
    let name = match announced(&header) {
        Some(ElementId::COMMAND_PACKET) => "user data with a command packet",
        Some(_) => "user data with a response packet",
        None => "user data",
    };
    Ok(Explained { kind: Kind::UserData, name: name.into(), spec: Some(HEADER.into()), fields, reencoded })
}

/// Whether the octets are user data whose header announces a packet, which is there or is cut into parts.
pub fn is_likely(octets: &[u8]) -> bool {
    let mut r = Reader::new(octets);
    header(&mut r).is_ok_and(|header| {
        let packet = r.rest();
        announced(&header).is_some_and(|id| {
            is_part(&header)
                || id == ElementId::COMMAND_PACKET && SealedCommand::decode(FORM, packet).is_ok()
                || id == ElementId::RESPONSE_PACKET && SealedResponse::decode(FORM, packet).is_ok()
        })
    })
}

/// Whether the octets begin as such user data do.
pub fn is_begun(octets: &[u8]) -> bool {
    header(&mut Reader::new(octets)).is_ok_and(|header| announced(&header).is_some())
}

const FORM: Form = Form::ShortMessage;
const HEADER: &str = "TS 23.040 §9.2.3.24";
const COMMAND: &str = "TS 102 225 §5.1";
const RESPONSE: &str = "TS 102 225 §5.2";

/// The elements that stand in front.
fn header(r: &mut Reader<'_>) -> Result<Vec<Element>, Error> {
    const WHAT: &str = "User-Data-Header";
    let length = r.u8("User-Data-Header-Length")?;
    let mut header = r.sub(length.into(), WHAT)?;
    let mut elements = Vec::new();
    while !header.is_empty() {
        let id = ElementId::read(&mut header)?;
        let length = header.u8(WHAT)?;
        elements.push(Element::new(id, header.take(length.into(), WHAT)?));
    }
    Ok(elements)
}

/// Which packet a header announces (TS 31.115 §4.2, §4.3).
fn announced(header: &[Element]) -> Option<ElementId> {
    let packets = [ElementId::COMMAND_PACKET, ElementId::RESPONSE_PACKET];
    header.iter().find(|element| packets.contains(&element.id) && element.data.is_empty()).map(|it| it.id)
}

fn is_part(header: &[Element]) -> bool {
    let user_data = UserData::new(DataCoding::EIGHT_BIT, header.to_vec(), Vec::new());
    user_data.is_ok_and(|user_data| Concatenation::of(&user_data).is_some_and(|part| part.total > 1))
}

fn command(packet: &[u8], at: usize) -> Result<Vec<Line>, Error> {
    // CPL and CHL, then SPI, KIc, KID and TAR in clear.
    const FRONT: usize = 3;
    const CLEAR: usize = 10;
    let sealed = SealedCommand::decode(FORM, packet).map_err(|error| shifted(error, at))?;
    let rest = packet.get(CLEAR..).unwrap_or_default();
    let field = |place, name, value| line(Some(at + FRONT + place), name, COMMAND, value);
    Ok(vec![
        field(0, "SPI", Shown::Text(words::security(sealed.security))),
        field(2, "KIc", [sealed.kic.0].as_slice().show()),
        field(3, "KID", [sealed.kid.0].as_slice().show()),
        field(4, "TAR", sealed.tar.0.as_slice().show()),
        line(Some(at + CLEAR), rest_of(sealed.security.is_ciphered()), COMMAND, rest.show()),
    ])
}

fn response(packet: &[u8], at: usize) -> Result<Vec<Line>, Error> {
    // RPL and RHL, then TAR in clear.
    const FRONT: usize = 3;
    const CLEAR: usize = 6;
    let sealed = SealedResponse::decode(FORM, packet).map_err(|error| shifted(error, at))?;
    let rest = packet.get(CLEAR..).unwrap_or_default();
    let mut lines = vec![line(Some(at + FRONT), "TAR", RESPONSE, sealed.tar.0.as_slice().show())];
    match sealed.open_unsecured() {
        Ok(packet) if sealed.check_octets() == 0 && packet.data.is_empty() => {
            lines.push(line(Some(at + CLEAR), "CNTR", RESPONSE, Shown::Number(packet.counter.value())));
            lines.push(line(None, "response status", RESPONSE, packet.status.show()));
        }
        // Whether it is ciphered only its command says.
        _ => lines.push(line(Some(at + CLEAR), "counter, status, checksum and data", RESPONSE, rest.show())),
    }
    Ok(lines)
}

const fn rest_of(is_ciphered: bool) -> &'static str {
    if is_ciphered { "counter, checksum and data, ciphered" } else { "counter, checksum and data" }
}

fn line(at: Option<usize>, field: &str, spec: &'static str, value: Shown) -> Line {
    Line { at, field: field.into(), name: None, tag: None, spec: Some(spec), value, inside: None }
}
