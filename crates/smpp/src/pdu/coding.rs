//! Mandatory fields, with rusmpp.
//!
//! Only the mandatory part of a PDU is given to it: its decoder takes no length but the PDU's for parameters, and leaves
//! alone what is behind.

use bytes::BytesMut;
use oxisim_sms::{Address, ProtocolIdentifier};
use rusmpp::{
    decode::{Decode, DecodeError, DecodeWithLength},
    encode::Encode,
    fields::SmppField,
    pdus,
    types::{COctetString, EmptyOrFullCOctetString, OctetString},
    values::{InterfaceVersion, ServiceType},
};

use super::{Alert, Bind, Role};
use crate::{
    CommandStatus, Error, EsmClass, Message, Operation, RegisteredDelivery, Tag, Time, Tlvs, Version,
    address::Fields,
};

/// The field that was read when the octets turned out wrong, and what the peer is told (SMPP 5.0 §4.7.6).
const FAULTS: [(SmppField, CommandStatus); 10] = [
    (SmppField::message_id, CommandStatus::INVMSGID),
    (SmppField::system_id, CommandStatus::INVSYSID),
    (SmppField::password, CommandStatus::INVPASWD),
    (SmppField::system_type, CommandStatus::INVSYSTYP),
    (SmppField::service_type, CommandStatus::INVSERTYP),
    (SmppField::source_addr, CommandStatus::INVSRCADR),
    (SmppField::destination_addr, CommandStatus::INVDSTADR),
    (SmppField::schedule_delivery_time, CommandStatus::INVSCHED),
    (SmppField::validity_period, CommandStatus::INVEXPIRY),
    (SmppField::short_message, CommandStatus::INVMSGLEN),
];

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn fault(error: DecodeError) -> CommandStatus {
    let fault = FAULTS.into_iter().find(|&(field, _)| error.field_exists(field));
    fault.map_or(CommandStatus::INVCMDLEN, |(_, status)| status)
}

/// Mandatory fields and, behind them, parameters.
pub(super) fn fields<T: DecodeWithLength>(octets: &[u8]) -> Result<(T, Tlvs), CommandStatus> {
    let mut octets = BytesMut::from(octets);
    let (fields, _) = T::decode(&mut octets, 0).map_err(fault)?;
    Ok((fields, Tlvs::read(&octets)?))
}

/// The same of a PDU without parameters.
pub(super) struct Plain<T>(pub T);

impl<T: Decode> DecodeWithLength for Plain<T> {
    fn decode(octets: &mut BytesMut, _length: usize) -> Result<(Self, usize), DecodeError> {
        Decode::decode(octets).map(|(fields, length)| (Self(fields), length))
    }
}

/// bind_transmitter, bind_receiver, bind_transceiver, whose fields are the same.
pub(super) fn bind(role: Role, octets: &[u8]) -> Result<Bind, CommandStatus> {
    let (Plain(fields), _) = self::fields::<Plain<pdus::BindTransceiver>>(octets)?;
    Ok(Bind {
        role,
        system_id: fields.system_id.to_string(),
        password: fields.password.to_string(),
        system_type: fields.system_type.to_string(),
        version: Version(fields.interface_version.into()),
        address_range: fields.address_range.to_string(),
    })
}

pub(super) fn write_bind(bind: &Bind, out: &mut Vec<u8>) -> Result<(), Error> {
    let fields = pdus::BindTransceiver {
        system_id: text("system_id", &bind.system_id)?,
        password: text("password", &bind.password)?,
        system_type: text("system_type", &bind.system_type)?,
        interface_version: InterfaceVersion::from(bind.version.0),
        addr_ton: 0.into(),
        addr_npi: 0.into(),
        address_range: text("address_range", &bind.address_range)?,
    };
    write(&fields, out);
    Ok(())
}

/// submit_sm and deliver_sm have the same fields.
macro_rules! message {
    ($name:ident, $pdu:ty, $operation:expr) => {
        pub(super) fn $name(octets: &[u8]) -> Result<Message, CommandStatus> {
            let (fields, mut tlvs) = self::fields::<$pdu>(octets)?;
            let mut content = fields.short_message().to_vec();
            let payload = tlvs.take(Tag::MESSAGE_PAYLOAD);
            if content.is_empty() {
                content = payload.unwrap_or_default();
            }
            Ok(Message {
                operation: $operation,
                service_type: fields.service_type.value().to_string(),
                source: source(
                    fields.source_addr_ton.into(),
                    fields.source_addr_npi.into(),
                    &fields.source_addr,
                )?,
                destination: destination(
                    fields.dest_addr_ton.into(),
                    fields.dest_addr_npi.into(),
                    &fields.destination_addr,
                )?,
                esm_class: EsmClass(fields.esm_class.into()),
                protocol_id: ProtocolIdentifier(fields.protocol_id),
                priority: fields.priority_flag.into(),
                schedule: time(&fields.schedule_delivery_time, CommandStatus::INVSCHED)?,
                validity: time(&fields.validity_period, CommandStatus::INVEXPIRY)?,
                registered_delivery: RegisteredDelivery(fields.registered_delivery.into()),
                data_coding: fields.data_coding.into(),
                content,
                tlvs,
            })
        }
    };
}

message!(submit, pdus::SubmitSm, Operation::Submit);
message!(deliver, pdus::DeliverSm, Operation::Deliver);

/// data_sm.
pub(super) fn data(octets: &[u8]) -> Result<Message, CommandStatus> {
    let (fields, mut tlvs) = self::fields::<pdus::DataSm>(octets)?;
    Ok(Message {
        operation: Operation::Data,
        service_type: fields.service_type.value().to_string(),
        source: source(fields.source_addr_ton.into(), fields.source_addr_npi.into(), &fields.source_addr)?,
        destination: destination(
            fields.dest_addr_ton.into(),
            fields.dest_addr_npi.into(),
            &fields.destination_addr,
        )?,
        esm_class: EsmClass(fields.esm_class.into()),
        protocol_id: ProtocolIdentifier::DEFAULT,
        priority: 0,
        schedule: None,
        validity: None,
        registered_delivery: RegisteredDelivery(fields.registered_delivery.into()),
        data_coding: fields.data_coding.into(),
        content: tlvs.take(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
        tlvs,
    })
}

pub(super) fn write_message(message: &Message, out: &mut Vec<u8>) -> Result<(), Error> {
    message.check()?;
    let service_type = ServiceType::new(text("service_type", &message.service_type)?);
    let [source, destination] =
        [&message.source, &message.destination].map(|address| Fields::new(address.as_ref()));
    let source_addr = text("source_addr", &source.text)?;
    let destination_addr = text("destination_addr", &destination.text)?;
    if message.operation == Operation::Data {
        let fields = pdus::DataSm::builder()
            .service_type(service_type)
            .source_addr_ton(source.ton.into())
            .source_addr_npi(source.npi.into())
            .source_addr(source_addr)
            .dest_addr_ton(destination.ton.into())
            .dest_addr_npi(destination.npi.into())
            .destination_addr(destination_addr)
            .esm_class(message.esm_class.0.into())
            .registered_delivery(message.registered_delivery.0.into())
            .data_coding(message.data_coding.into())
            .build();
        write(&fields, out);
    } else {
        let short_message = if message.has_payload() { &[][..] } else { &message.content };
        let fields = pdus::SubmitSm::builder()
            .service_type(service_type)
            .source_addr_ton(source.ton.into())
            .source_addr_npi(source.npi.into())
            .source_addr(source_addr)
            .dest_addr_ton(destination.ton.into())
            .dest_addr_npi(destination.npi.into())
            .destination_addr(destination_addr)
            .esm_class(message.esm_class.0.into())
            .protocol_id(message.protocol_id.0)
            .priority_flag(message.priority.into())
            .schedule_delivery_time(written_time(message.schedule))
            .validity_period(written_time(message.validity))
            .registered_delivery(message.registered_delivery.0.into())
            .data_coding(message.data_coding.into())
            .short_message(OctetString::from_slice(short_message).unwrap_or_default())
            .build();
        write(&fields, out);
    }
    let mut tlvs = message.tlvs.clone();
    if message.has_payload() {
        tlvs.set(Tag::MESSAGE_PAYLOAD, message.content.clone());
    }
    tlvs.write(out);
    Ok(())
}

/// alert_notification.
pub(super) fn alert(octets: &[u8]) -> Result<Alert, CommandStatus> {
    let (fields, tlvs) = self::fields::<pdus::AlertNotification>(octets)?;
    let phone = source(fields.source_addr_ton.into(), fields.source_addr_npi.into(), &fields.source_addr)?;
    let esme = source(fields.esme_addr_ton.into(), fields.esme_addr_npi.into(), &fields.esme_addr);
    Ok(Alert {
        phone: phone.ok_or(CommandStatus::INVSRCADR)?,
        esme: esme.unwrap_or_default(),
        availability: tlvs.number(Tag::MS_AVAILABILITY_STATUS).map_or(0, |status| status as u8),
    })
}

pub(super) fn write_alert(alert: &Alert, out: &mut Vec<u8>) -> Result<(), Error> {
    let [phone, esme] = [Some(&alert.phone), alert.esme.as_ref()].map(Fields::new);
    let fields = pdus::AlertNotification::builder()
        .source_addr_ton(phone.ton.into())
        .source_addr_npi(phone.npi.into())
        .source_addr(text("source_addr", &phone.text)?)
        .esme_addr_ton(esme.ton.into())
        .esme_addr_npi(esme.npi.into())
        .esme_addr(text("esme_addr", &esme.text)?)
        .build();
    write(&fields, out);
    let mut tlvs = Tlvs::default();
    tlvs.set(Tag::MS_AVAILABILITY_STATUS, [alert.availability]);
    tlvs.write(out);
    Ok(())
}

/// A text of at most `limit` characters, and the zero that ends it.
pub(super) fn write_text(
    what: &'static str,
    limit: usize,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    check_text(what, limit, text)?;
    out.extend_from_slice(text.as_bytes());
    out.push(0);
    Ok(())
}

fn check_text(what: &'static str, limit: usize, text: &str) -> Result<(), Error> {
    if !text.is_ascii() || text.contains('\0') {
        return Err(Error::NotAscii(what));
    }
    if text.len() > limit {
        return Err(Error::TooLong { what, length: text.len(), limit });
    }
    Ok(())
}

pub(super) fn text<const MAX: usize>(what: &'static str, text: &str) -> Result<COctetString<1, MAX>, Error> {
    check_text(what, MAX - 1, text)?;
    text.parse().map_err(|_| Error::NotAscii(what))
}

pub(super) fn write(fields: &impl Encode, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + fields.length(), 0);
    fields.encode(&mut out[start..]);
}

pub(super) fn source<const MAX: usize>(
    ton: u8,
    npi: u8,
    text: &COctetString<1, MAX>,
) -> Result<Option<Address>, CommandStatus> {
    Fields { ton, npi, text: text.to_string() }.address().map_err(|_| CommandStatus::INVSRCADR)
}

pub(super) fn destination(
    ton: u8,
    npi: u8,
    text: &COctetString<1, 21>,
) -> Result<Option<Address>, CommandStatus> {
    Fields { ton, npi, text: text.to_string() }.address().map_err(|_| CommandStatus::INVDSTADR)
}

pub(super) fn time(
    text: &EmptyOrFullCOctetString<17>,
    fault: CommandStatus,
) -> Result<Option<Time>, CommandStatus> {
    match text.to_string().as_str() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| fault),
    }
}

/// Times are ASCII, of the length that the field has.
pub(super) fn written_time(time: Option<Time>) -> EmptyOrFullCOctetString<17> {
    time.and_then(|time| time.to_string().parse().ok()).unwrap_or_default()
}
