//! Mandatory fields of cancel_sm, query_sm and replace_sm, with rusmpp.

use rusmpp::{
    pdus,
    types::OctetString,
    values::{MessageState as State, ServiceType},
};

use super::coding::{Plain, destination, fields, source, text, time, write, written_time};
use crate::{
    Ancillary, CommandStatus, Error, Message, MessageState, Queried, RegisteredDelivery, Replacement, Tag,
    Tlvs, address::Fields,
};

pub(super) fn cancel(octets: &[u8]) -> Result<Ancillary, CommandStatus> {
    let (Plain(it), _) = fields::<Plain<pdus::CancelSm>>(octets)?;
    Ok(Ancillary::Cancel {
        service_type: it.service_type.value().to_string(),
        id: Some(it.message_id.to_string()).filter(|id| !id.is_empty()),
        source: source(it.source_addr_ton.into(), it.source_addr_npi.into(), &it.source_addr)?,
        destination: destination(it.dest_addr_ton.into(), it.dest_addr_npi.into(), &it.destination_addr)?,
    })
}

pub(super) fn query(octets: &[u8]) -> Result<Ancillary, CommandStatus> {
    let (Plain(it), _) = fields::<Plain<pdus::QuerySm>>(octets)?;
    let source = source(it.source_addr_ton.into(), it.source_addr_npi.into(), &it.source_addr)?;
    Ok(Ancillary::Query { id: it.message_id.to_string(), source })
}

pub(super) fn replace(octets: &[u8]) -> Result<Ancillary, CommandStatus> {
    let (it, mut tlvs) = fields::<pdus::ReplaceSm>(octets)?;
    let mut content = it.short_message().to_vec();
    if content.is_empty() {
        content = tlvs.take(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
    }
    Ok(Ancillary::Replace(Replacement {
        id: it.message_id.to_string(),
        source: source(it.source_addr_ton.into(), it.source_addr_npi.into(), &it.source_addr)?,
        schedule: time(&it.schedule_delivery_time, CommandStatus::INVSCHED)?,
        validity: time(&it.validity_period, CommandStatus::INVEXPIRY)?,
        registered_delivery: RegisteredDelivery(it.registered_delivery.into()),
        content,
    }))
}

pub(super) fn write_ancillary(ancillary: &Ancillary, out: &mut Vec<u8>) -> Result<(), Error> {
    match ancillary {
        Ancillary::Cancel { service_type, id, source, destination } => {
            let [source, destination] = [source, destination].map(|it| Fields::new(it.as_ref()));
            let it = pdus::CancelSm::builder()
                .service_type(ServiceType::new(text("service_type", service_type)?))
                .message_id(text("message_id", id.as_deref().unwrap_or_default())?)
                .source_addr_ton(source.ton.into())
                .source_addr_npi(source.npi.into())
                .source_addr(text("source_addr", &source.text)?)
                .dest_addr_ton(destination.ton.into())
                .dest_addr_npi(destination.npi.into())
                .destination_addr(text("destination_addr", &destination.text)?)
                .build();
            write(&it, out);
        }
        Ancillary::Query { id, source } => {
            let source = Fields::new(source.as_ref());
            let it = pdus::QuerySm::builder()
                .message_id(text("message_id", id)?)
                .source_addr_ton(source.ton.into())
                .source_addr_npi(source.npi.into())
                .source_addr(text("source_addr", &source.text)?)
                .build();
            write(&it, out);
        }
        Ancillary::Replace(replacement) => write_replacement(replacement, out)?,
    }
    Ok(())
}

fn write_replacement(replacement: &Replacement, out: &mut Vec<u8>) -> Result<(), Error> {
    let Replacement { id, source, schedule, validity, registered_delivery, content } = replacement;
    let limit = u16::MAX.into();
    if content.len() > limit {
        return Err(Error::TooLong { what: "message_payload", length: content.len(), limit });
    }
    let source = Fields::new(source.as_ref());
    let is_short = content.len() <= Message::SHORT;
    let short_message = if is_short { &content[..] } else { &[] };
    let it = pdus::ReplaceSm::builder()
        .message_id(text("message_id", id)?)
        .source_addr_ton(source.ton.into())
        .source_addr_npi(source.npi.into())
        .source_addr(text("source_addr", &source.text)?)
        .schedule_delivery_time(written_time(*schedule))
        .validity_period(written_time(*validity))
        .registered_delivery(registered_delivery.0.into())
        .short_message(OctetString::from_slice(short_message).unwrap_or_default())
        .build();
    write(&it, out);
    if !is_short {
        let mut tlvs = Tlvs::default();
        tlvs.set(Tag::MESSAGE_PAYLOAD, content.clone());
        tlvs.write(out);
    }
    Ok(())
}

pub(super) fn queried(octets: &[u8]) -> Result<Queried, CommandStatus> {
    let (Plain(it), _) = fields::<Plain<pdus::QuerySmResp>>(octets)?;
    Ok(Queried {
        id: it.message_id.to_string(),
        done: time(&it.final_date, CommandStatus::UNKNOWNERR)?,
        state: MessageState(it.message_state.into()),
        error: it.error_code,
    })
}

pub(super) fn write_queried(queried: &Queried, out: &mut Vec<u8>) -> Result<(), Error> {
    let it = pdus::QuerySmResp::builder()
        .message_id(text("message_id", &queried.id)?)
        .final_date(written_time(queried.done))
        .message_state(State::from(queried.state.0))
        .error_code(queried.error)
        .build();
    write(&it, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use oxisim_wire::{Duration, Instant};

    use crate::{Body, Header, Time};

    use super::*;

    fn back(body: &Body) -> (Header, Body) {
        let octets = body.encode(CommandStatus::OK, 7).unwrap();
        let header = oxisim_wire::Wire::read(&mut oxisim_wire::Reader::new(&octets)).unwrap();
        (header, Body::read(header, &octets[Header::LENGTH..]).unwrap())
    }

    fn check(ancillary: Ancillary) {
        let body = Body::Ancillary(Box::new(ancillary));
        let (header, read) = back(&body);
        assert_eq!((header.id, read), (body.command_id(), body));
    }

    #[test]
    fn what_is_asked_about_a_message_comes_back() {
        let (source, destination) = ("+15550100001".parse().ok(), "+15550100002".parse().ok());
        check(Ancillary::Query { id: "1A".into(), source: None });
        check(Ancillary::Query { id: "1A".into(), source: source.clone() });
        for id in [None, Some("1A".to_owned())] {
            let (source, destination) = (source.clone(), destination.clone());
            check(Ancillary::Cancel { service_type: "CMT".into(), id, source, destination });
        }
        for length in [0, 3, 254, 255, 1_000] {
            check(Ancillary::Replace(Replacement {
                id: "1A".into(),
                source: source.clone(),
                schedule: Some(Time::Absolute(Instant::from_secs(1_800_000_000))),
                validity: Some(Time::Relative(Duration::from_mins(5))),
                registered_delivery: RegisteredDelivery::FINAL,
                content: vec![0x55; length],
            }));
        }
    }

    #[test]
    fn what_has_become_of_a_message_comes_back() {
        for done in [None, Some(Time::Absolute(Instant::from_secs(1_800_000_000)))] {
            let queried = Queried { id: "1A".into(), done, state: MessageState::EXPIRED, error: 7 };
            let body = Body::Queried(Some(queried));
            assert_eq!(back(&body).1, body);
        }
    }

    /// The fields of SMPP 3.4 §4.8.1: `message_id`, `source_addr_ton`, `source_addr_npi`, `source_addr`.
    #[test]
    fn a_query_has_the_standards_fields() {
        let query = Ancillary::Query { id: "1A".into(), source: "+123".parse().ok() };
        let octets = Body::Ancillary(Box::new(query)).encode(CommandStatus::OK, 1).unwrap();
        assert_eq!(
            hex::encode(&octets[4..]),
            "0000000300000000000000013141000101\
31323300"
        );
    }

    #[test]
    fn what_is_cut_short_has_the_standards_error() {
        for (read, status) in [
            (query as fn(&[u8]) -> _, CommandStatus::INVMSGID),
            (cancel, CommandStatus::INVSERTYP),
            (replace, CommandStatus::INVMSGID),
        ] {
            assert_eq!(read(b""), Err(status));
        }
        assert_eq!(query(b"1\0\0\0+1x\0"), Err(CommandStatus::INVSRCADR));
        assert_eq!(query(&[b'1'; 70]), Err(CommandStatus::INVMSGID));
    }
}
