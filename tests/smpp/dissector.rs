//! What tshark makes of our PDUs: each value that it names is the one that was meant.

use std::collections::BTreeMap;

use oxisim_smpp::{
    Alert, Ancillary, Bind, Body, CommandStatus, Message, MessageState, Operation, Queried, Receipt,
    RegisteredDelivery, Replacement, Role, Tag, Time, Tlvs, Version,
};
use oxisim_sms::{Address, DataCoding, Element, ElementId, ProtocolIdentifier, UserData};
use oxisim_wire::{Duration, Instant};

use crate::capture;

/// The fields that are compared, after `smpp.`.
const FIELDS: [&str; 38] = [
    "command_length",
    "command_id",
    "command_status",
    "sequence_number",
    "system_id",
    "password",
    "system_type",
    "interface_version",
    "address_range",
    "source_addr_ton",
    "source_addr_npi",
    "source_addr",
    "dest_addr_ton",
    "dest_addr_npi",
    "destination_addr",
    "esm.submit.msg_mode",
    "esm.submit.msg_type",
    "esm.submit.features",
    "protocol_id",
    "validity_period_r",
    "regdel.receipt",
    "data_coding",
    "sm_length",
    "message",
    "message_payload",
    "message_id",
    "esme_addr",
    "user_message_reference",
    "receipted_message_id",
    "message_state",
    "set_dpf",
    "SC_interface_version",
    "ms_availability_status",
    "congestion_state",
    "opt_param_tag",
    "service_type",
    "final_date",
    "error_code",
];

/// A PDU, and fields that tshark must find in it.
type Case = (Body, CommandStatus, Vec<(&'static str, &'static str)>);
/// What tshark says of a PDU, by field.
type Said = BTreeMap<&'static str, String>;

/// What tshark says of each PDU; nothing if it is not here.
fn dissected(pdus: &[Vec<u8>]) -> Option<Vec<Said>> {
    let link = ["-T", "40000,2775"];
    let options = ["-d", "tcp.port==2775,smpp", "-E", "aggregator=,"];
    let lines =
        capture::dissected("smpp", pdus, &link, &options, &FIELDS.map(|field| format!("smpp.{field}")))?;
    let said =
        |line: Vec<String>| FIELDS.into_iter().zip(line).filter(|(_, value)| !value.is_empty()).collect();
    Some(lines.into_iter().map(said).collect())
}

fn phone() -> Address {
    "+15550100001".parse().unwrap()
}

fn download(operation: Operation) -> Message {
    let header = vec![Element::new(ElementId(0x70), [])];
    let data = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, vec![0xA1, 0xB2]).unwrap();
    let mut message =
        Message::new(operation, "1000".parse().ok(), phone()).with_user_data(&data).with_reference(300);
    message.protocol_id = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    message.registered_delivery = RegisteredDelivery::FINAL;
    message
}

#[test]
fn tshark_reads_what_was_meant() {
    let bind = Bind {
        role: Role::Transceiver,
        system_id: "backup".into(),
        password: "secret".into(),
        system_type: "SIM".into(),
        version: Version::V5_0,
        address_range: "^1000$".into(),
    };
    let mut version = Tlvs::default();
    version.set(Tag::SC_INTERFACE_VERSION, [Version::V5_0.0]);
    let mut busy = Tlvs::default();
    busy.set(Tag::CONGESTION_STATE, [42]);
    let mut submit = download(Operation::Submit);
    submit.validity = Some(Time::Relative(Duration::from_mins(90)));
    let submit = submit.with_alert();
    let long = Message { content: vec![0x55; 300], ..download(Operation::Submit) };
    let receipt = Receipt {
        id: Some("1A2B".into()),
        reference: None,
        destination: Some(phone()),
        state: Some(MessageState::DELIVERED),
        error: None,
        intermediate: false,
    };
    let receipt = receipt.message("1000".parse().unwrap(), Instant::EPOCH, Instant::EPOCH, "");
    let alert = Alert { phone: phone(), esme: "1000".parse().ok(), availability: 0 };
    let queried = Queried {
        id: "1A2B".into(),
        done: Some(Time::Absolute(Instant::from_secs(1_800_000_000))),
        state: MessageState::EXPIRED,
        error: 70,
    };
    let cancel = Ancillary::Cancel {
        service_type: "CMT".into(),
        id: Some("1A2B".into()),
        source: "1000".parse().ok(),
        destination: Some(phone()),
    };
    let replacement = Replacement {
        id: "1A2B".into(),
        source: "1000".parse().ok(),
        schedule: None,
        validity: Some(Time::Relative(Duration::from_mins(90))),
        registered_delivery: RegisteredDelivery::FINAL,
        content: vec![0xA1, 0xB2],
    };
    let message = |message: &Message| Body::Message(Box::new(message.clone()));
    let addresses = [
        ("source_addr_ton", "0x00"),
        ("source_addr_npi", "0x01"),
        ("source_addr", "1000"),
        ("dest_addr_ton", "0x01"),
        ("dest_addr_npi", "0x01"),
        ("destination_addr", "15550100001"),
    ];
    let cases: Vec<Case> = vec![
        (
            Body::Bind(bind),
            CommandStatus::OK,
            vec![
                ("command_id", "0x00000009"),
                ("system_id", "backup"),
                ("password", "secret"),
                ("system_type", "SIM"),
                ("interface_version", "80"),
                ("address_range", "^1000$"),
            ],
        ),
        (
            Body::BindResp(Role::Transceiver, "centre".into(), version),
            CommandStatus::OK,
            vec![("command_id", "0x80000009"), ("system_id", "centre"), ("SC_interface_version", "80")],
        ),
        (
            message(&submit),
            CommandStatus::OK,
            [
                &addresses[..],
                &[
                    ("command_id", "0x00000004"),
                    ("esm.submit.msg_mode", "0x00"),
                    ("esm.submit.msg_type", "0x00"),
                    ("esm.submit.features", "0x01"),
                    ("protocol_id", "0x7f"),
                    ("validity_period_r", "5400.000000000"),
                    ("regdel.receipt", "0x01"),
                    ("data_coding", "0xf6"),
                    ("sm_length", "5"),
                    ("message", "027000a1b2"),
                    ("user_message_reference", "0x012c"),
                    ("set_dpf", "1"),
                ],
            ]
            .concat(),
        ),
        (
            message(&long),
            CommandStatus::OK,
            [&addresses[..], &[("command_id", "0x00000004"), ("sm_length", "0")]].concat(),
        ),
        (
            message(&download(Operation::Data)),
            CommandStatus::OK,
            [
                &addresses[..],
                &[
                    ("command_id", "0x00000103"),
                    ("esm.submit.features", "0x01"),
                    ("message_payload", "027000a1b2"),
                    ("data_coding", "0xf6"),
                ],
            ]
            .concat(),
        ),
        (
            message(&receipt),
            CommandStatus::OK,
            vec![
                ("command_id", "0x00000005"),
                ("esm.submit.msg_type", "0x01"),
                ("source_addr", "15550100001"),
                ("destination_addr", "1000"),
                ("receipted_message_id", "1A2B"),
                ("message_state", "2"),
            ],
        ),
        (
            Body::MessageResp(Operation::Submit, Some("1A2B".into()), busy),
            CommandStatus::OK,
            vec![("command_id", "0x80000004"), ("message_id", "1A2B"), ("congestion_state", "42")],
        ),
        (
            Body::MessageResp(Operation::Submit, None, Tlvs::default()),
            CommandStatus::THROTTLED,
            vec![("command_id", "0x80000004"), ("command_status", "0x00000058"), ("command_length", "16")],
        ),
        (
            Body::MessageResp(Operation::Deliver, None, Tlvs::default()),
            CommandStatus::X_T_APPN,
            vec![("command_id", "0x80000005"), ("command_status", "0x00000064")],
        ),
        (
            Body::Alert(alert),
            CommandStatus::OK,
            vec![
                ("command_id", "0x00000102"),
                ("source_addr", "15550100001"),
                ("esme_addr", "1000"),
                ("ms_availability_status", "0"),
            ],
        ),
        (
            Body::Ancillary(Box::new(Ancillary::Query { id: "1A2B".into(), source: "1000".parse().ok() })),
            CommandStatus::OK,
            [&addresses[..3], &[("command_id", "0x00000003"), ("message_id", "1A2B")]].concat(),
        ),
        (
            Body::Queried(Some(queried)),
            CommandStatus::OK,
            vec![
                ("command_id", "0x80000003"),
                ("message_id", "1A2B"),
                ("message_state", "3"),
                ("error_code", "70"),
            ],
        ),
        (
            Body::Ancillary(Box::new(cancel)),
            CommandStatus::OK,
            [
                &addresses[..],
                &[("command_id", "0x00000008"), ("message_id", "1A2B"), ("service_type", "CMT")],
            ]
            .concat(),
        ),
        (
            Body::Ancillary(Box::new(Ancillary::Replace(replacement))),
            CommandStatus::OK,
            [
                &addresses[..3],
                &[
                    ("command_id", "0x00000007"),
                    ("message_id", "1A2B"),
                    ("validity_period_r", "5400.000000000"),
                    ("regdel.receipt", "0x01"),
                    ("sm_length", "2"),
                    ("message", "a1b2"),
                ],
            ]
            .concat(),
        ),
        (Body::EnquireLink, CommandStatus::OK, vec![("command_id", "0x00000015"), ("sequence_number", "15")]),
        (
            Body::GenericNack,
            CommandStatus::INVCMDLEN,
            vec![("command_id", "0x80000000"), ("command_status", "0x00000002")],
        ),
    ];
    let pdus: Vec<Vec<u8>> = (1..)
        .zip(&cases)
        .map(|(sequence, (body, status, _))| body.encode(*status, sequence).unwrap())
        .collect();
    let Some(said) = dissected(&pdus) else { return };
    assert_eq!(said.len(), cases.len());
    let mut wrong = Vec::new();
    for ((said, pdu), (body, _, expected)) in said.iter().zip(&pdus).zip(&cases) {
        let length = pdu.len().to_string();
        for (field, value) in expected.iter().chain([&("command_length", length.as_str())]) {
            let value = value.to_string();
            if said.get(field) != Some(&value) {
                wrong.push(format!(
                    "{:?}: {field} is {value}, tshark says {:?}",
                    body.command_id(),
                    said.get(field)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
