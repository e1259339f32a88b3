//! What the user has: a packet, or messages that carry one.

use std::io::{self, BufRead as _};

use oxisim_apdu::{Command as Apdu, Instruction};
use oxisim_sms::{
    Address, DataCoding, Element, ElementId, UserData,
    concatenation::{Concatenation, Reassembler},
    packet::{Form, PAGE_OCTETS, SealedCommand, SealedResponse, from_pages, packet_of},
    tpdu::{MobileOriginated, MobileTerminated},
};
use oxisim_toolkit::{Command, Envelope, Proactive};
use oxisim_wire::{Duration, Error, Instant, Reader, Wire};

use crate::failure::Failure;

/// Octets by words or, if there are none or the word is `-`, by lines of standard input.
pub fn lines(words: &[String]) -> Result<Vec<Vec<u8>>, Failure> {
    let texts = if words.is_empty() || words == ["-"] {
        io::stdin().lock().lines().collect::<Result<Vec<String>, _>>().map_err(Failure::Output)?
    } else {
        words.to_vec()
    };
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    texts.map(octets).collect()
}

fn octets(text: &str) -> Result<Vec<u8>, Failure> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    hex::decode(&digits).map_err(|_| Failure::Usage(format!("{text:?} is not octets, hexadecimal")))
}

/// A packet that was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub form: Form,
    pub is_response: bool,
    pub packet: Vec<u8>,
    /// What it was found in.
    pub carrier: &'static str,
}

/// What one text of octets is.
enum Part {
    Packet(Form, Vec<u8>),
    Message(UserData, &'static str),
    Page([u8; PAGE_OCTETS]),
}

/// The packet that all parts together are; `is_response` says of one without a message around it what it is.
pub fn packet(parts: &[Vec<u8>], is_response: bool) -> Result<Found, String> {
    let parts = parts.iter().map(|octets| part(octets)).collect::<Result<Vec<Part>, String>>()?;
    if let [Part::Packet(form, packet)] = &*parts {
        let is_response = is_response || (*form == Form::Tagged && packet.first() == Some(&0x02));
        return Ok(Found { form: *form, is_response, packet: packet.clone(), carrier: "packet" });
    }
    let pages: Vec<_> = parts.iter().filter_map(Part::page).collect();
    if !pages.is_empty() && pages.len() == parts.len() {
        let packet = from_pages(&pages).ok_or("the pages are not all, or not of one message")?;
        return Ok(Found { form: Form::ShortMessage, is_response: false, packet, carrier: "cell broadcast" });
    }
    let messages = parts.into_iter().map(|part| match part {
        Part::Message(user_data, carrier) => Ok((user_data, carrier)),
        Part::Packet(..) | Part::Page(_) => Err("a whole packet stands among parts of another".to_owned()),
    });
    assembled(messages.collect::<Result<_, _>>()?)
}

impl Part {
    const fn page(&self) -> Option<[u8; PAGE_OCTETS]> {
        match self {
            Self::Page(page) => Some(*page),
            _ => None,
        }
    }
}

/// The packet in a message, or in the parts of one.
fn assembled(messages: Vec<(UserData, &'static str)>) -> Result<Found, String> {
    let carrier = messages.first().map_or("message", |(_, carrier)| *carrier);
    let missing = missing(&messages);
    let mut reassembler = Reassembler::new(usize::from(u8::MAX), Duration::from_mins(1));
    let nobody = Address::alphanumeric("-").map_err(|error| error.to_string())?;
    let mut whole = messages
        .into_iter()
        .filter_map(|(user_data, _)| reassembler.accept(&nobody, user_data, Instant::EPOCH));
    let Some(message) = whole.next() else {
        return Err(match missing {
            Some(missing) => format!("parts are missing: {missing}"),
            None => "there is no message".into(),
        });
    };
    if whole.next().is_some() {
        return Err("more than one message: give the parts of one at a time".into());
    }
    let Some((announced, packet)) = packet_of(&message) else {
        return Err("the user data header announces no packet (no element 70 or 71)".into());
    };
    let is_response = announced == ElementId::RESPONSE_PACKET;
    Ok(Found { form: Form::ShortMessage, is_response, packet: packet.to_vec(), carrier })
}

/// Which parts are not there.
fn missing(messages: &[(UserData, &str)]) -> Option<String> {
    let parts: Vec<Concatenation> =
        messages.iter().filter_map(|(user_data, _)| Concatenation::of(user_data)).collect();
    let total = parts.first()?.total;
    let missing = (1..=total).filter(|number| parts.iter().all(|part| part.number != *number));
    let missing: Vec<String> = missing.map(|number| format!("{number} of {total}")).collect();
    Some(missing.join(", "))
}

fn part(octets: &[u8]) -> Result<Part, String> {
    for form in [Form::ShortMessage, Form::Tagged] {
        if SealedCommand::decode(form, octets).is_ok() || SealedResponse::decode(form, octets).is_ok() {
            return Ok(Part::Packet(form, octets.to_vec()));
        }
    }
    if let Some(user_data) = user_data(octets) {
        return Ok(Part::Message(user_data, "user data"));
    }
    if let Ok(command) = Apdu::parse(octets)
        && command.instruction == Instruction::ENVELOPE
        && let Some(part) = envelope(command.data)
    {
        return Ok(part);
    }
    if let Some(part) = envelope(octets).or_else(|| send_short_message(octets)) {
        return Ok(part);
    }
    if let Ok(page) = octets.try_into() {
        return Ok(Part::Page(page));
    }
    match tpdu(octets) {
        Some(user_data) => Ok(Part::Message(user_data, "TPDU")),
        None => Err(match likeliest(octets) {
            Some((kind, wrong)) => format!("no packet, user data, TPDU or ENVELOPE; as {kind}, {wrong}"),
            None => "no packet, user data, TPDU or ENVELOPE".into(),
        }),
    }
}

/// What octets are most likely that are none of all, and why they are not.
fn likeliest(octets: &[u8]) -> Option<(&'static str, String)> {
    Some(match octets {
        [0xD1, ..] => ("an ENVELOPE", Envelope::decode(octets).err()?.to_string()),
        // TP-MTI and TP-UDHI: a message without a header brings no packet.
        [first, ..] if first & 0x43 == 0x40 => {
            ("a TPDU", MobileTerminated::decode(octets, "TPDU").err()?.to_string())
        }
        [first, ..] if first & 0x43 == 0x41 => {
            ("a TPDU", MobileOriginated::decode(octets, "TPDU").err()?.to_string())
        }
        _ => ("a packet", SealedCommand::decode(Form::ShortMessage, octets).err()?.to_string()),
    })
}

/// User data of 8 bits whose header announces a packet or is of a part.
fn user_data(octets: &[u8]) -> Option<UserData> {
    let elements = |octets: &[u8]| -> Result<(Vec<Element>, Vec<u8>), Error> {
        let mut r = Reader::new(octets);
        let length = usize::from(r.u8("UDHL")?);
        let mut header = r.sub(length, "UDH")?;
        let mut elements = Vec::new();
        while header.peek().is_some() {
            let id = ElementId::read(&mut header)?;
            let length = usize::from(header.u8("element")?);
            elements.push(Element::new(id, header.take(length, "element")?));
        }
        Ok((elements, r.rest().to_vec()))
    };
    let (header, payload) = elements(octets).ok()?;
    let packets = [ElementId::COMMAND_PACKET, ElementId::RESPONSE_PACKET];
    let announces = header.iter().any(|element| packets.contains(&element.id) && element.data.is_empty());
    let user_data = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, payload).ok()?;
    (announces || Concatenation::of(&user_data).is_some()).then_some(user_data)
}

/// What an ENVELOPE brings to the card.
fn envelope(data: &[u8]) -> Option<Part> {
    match Envelope::decode(data).ok()? {
        Envelope::SmsPpDownload(download) => {
            Some(Part::Message(tpdu(&download.tpdu.tpdu)?, "SMS-PP download"))
        }
        Envelope::CellBroadcastDownload(download) => {
            Some(Part::Page(download.page.page.as_slice().try_into().ok()?))
        }
        _ => None,
    }
}

/// What a card sends.
fn send_short_message(octets: &[u8]) -> Option<Part> {
    match Command::decode(octets).ok()?.body {
        Proactive::SendShortMessage(send) => {
            Some(Part::Message(tpdu(&send.tpdu.tpdu)?, "SEND SHORT MESSAGE"))
        }
        _ => None,
    }
}

/// The user data of a TPDU, by itself or after the address of a service centre.
fn tpdu(octets: &[u8]) -> Option<UserData> {
    let mut behind_centre = Reader::new(octets);
    let behind_centre = Address::read_service_centre(&mut behind_centre).ok().map(|_| behind_centre.rest());
    [Some(octets), behind_centre].into_iter().flatten().find_map(|octets| {
        let terminated = match MobileTerminated::decode(octets, "TPDU") {
            Ok(MobileTerminated::Deliver(deliver)) => Some(deliver.user_data),
            _ => None,
        };
        let originated = match MobileOriginated::decode(octets, "TPDU") {
            Ok(MobileOriginated::Submit(submit)) => Some(submit.user_data),
            Ok(MobileOriginated::DeliverReport(report)) => report.parameters.user_data,
            Ok(MobileOriginated::Command(_)) | Err(_) => None,
        };
        [terminated, originated].into_iter().flatten().find(|user_data| !user_data.header().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use oxisim_sms::{
        ProtocolIdentifier, Timestamp,
        concatenation::Reference,
        packet::{CommandPacket, Tar, pages, short_messages},
        tpdu::{Deliver, Submit},
    };

    use super::*;

    fn octets() -> Vec<u8> {
        CommandPacket::unsecured(Tar([0xB0, 0x00, 0x10]), 1.into(), [0x5A; 200]).encode().unwrap()
    }

    fn messages() -> Vec<UserData> {
        short_messages(ElementId::COMMAND_PACKET, &octets(), Reference::Short(1)).unwrap()
    }

    fn deliver(user_data: UserData) -> Vec<u8> {
        let from = "+491511234567".parse().unwrap();
        let time = Timestamp::from_instant(Instant::EPOCH, 0);
        Deliver::new(from, ProtocolIdentifier::DEFAULT, time, user_data).encode()
    }

    fn carrier(parts: &[Vec<u8>]) -> &'static str {
        let found = packet(parts, false).unwrap();
        assert_eq!((found.packet, found.is_response, found.form), (octets(), false, Form::ShortMessage));
        found.carrier
    }

    #[test]
    fn a_packet_is_found_in_whatever_carries_it() {
        assert_eq!(carrier(&[octets()]), "packet");
        let tpdus: Vec<Vec<u8>> = messages().into_iter().map(deliver).collect();
        assert_eq!(carrier(&tpdus), "TPDU");
        let backwards: Vec<Vec<u8>> = tpdus.iter().rev().cloned().collect();
        assert_eq!(carrier(&backwards), "TPDU");
        let with_centre = |tpdu: &Vec<u8>| [&[0x00][..], tpdu].concat();
        assert_eq!(carrier(&tpdus.iter().map(with_centre).collect::<Vec<_>>()), "TPDU");
        let envelope = |tpdu: &Vec<u8>| {
            let data =
                Envelope::from(oxisim_toolkit::envelope::SmsPpDownload::new(None, tpdu.clone())).encode();
            [&[0x80, 0xC2, 0x00, 0x00, data.len() as u8][..], &data].concat()
        };
        assert_eq!(carrier(&tpdus.iter().map(envelope).collect::<Vec<_>>()), "SMS-PP download");
        let submit = |user_data| {
            Submit::new("+491511234567".parse().unwrap(), ProtocolIdentifier::DEFAULT, user_data).encode()
        };
        assert_eq!(carrier(&messages().into_iter().map(submit).collect::<Vec<_>>()), "TPDU");
        let pages = pages(&octets(), 1, 0x1080).unwrap();
        assert_eq!(carrier(&pages.iter().map(|page| page.to_vec()).collect::<Vec<_>>()), "cell broadcast");
    }

    #[test]
    fn a_part_that_is_missing_is_named() {
        let tpdus: Vec<Vec<u8>> = messages().into_iter().map(deliver).collect();
        assert_eq!(packet(&tpdus[..1], false), Err("parts are missing: 2 of 2".into()));
        assert_eq!(packet(&tpdus[1..], false), Err("parts are missing: 1 of 2".into()));
    }

    #[test]
    fn what_is_cut_is_refused_as_what_it_began_as() {
        let tpdu = deliver(messages().remove(0));
        let envelope =
            Envelope::from(oxisim_toolkit::envelope::SmsPpDownload::new(None, tpdu.clone())).encode();
        for (whole, kind) in [(octets(), "a packet"), (tpdu, "a TPDU"), (envelope, "an ENVELOPE")] {
            let wrong = packet(&[whole[..whole.len() - 2].to_vec()], false).unwrap_err();
            assert!(wrong.contains(&format!("; as {kind}, ")), "{wrong}");
        }
    }

    #[test]
    fn what_carries_no_packet_is_refused() {
        let text = deliver(UserData::from_text("Hello!").unwrap());
        assert!(packet(&[text], false).unwrap_err().starts_with("no packet, user data, TPDU or ENVELOPE"));
        assert!(packet(&[octets(), octets()], false).is_err());
        assert!(packet(&[], false).is_err());
    }
}
