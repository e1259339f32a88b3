//! Every terminal response, envelope and answer to call control of the conformance sequences is read to the stated
//! objects and fields, and written back to the same octets.

use oxisim_toolkit::{
    Answer, CallControlAnswer, ControlResult, DataObject, Envelope, Event, Object, TerminalResponse,
    objects::{Address, ChannelStatus, LocationInformation, TextString, TimerValue, TransportLevel},
};
use oxisim_wire::Wire;
use serde_json::{Value, json};

#[test]
fn every_terminal_response_reads_to_its_fields_and_back() {
    each_row(include_str!("vectors/terminal_response.jsonl"), |id, row, bytes| {
        let response = TerminalResponse::decode(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut objects = vec![];
        for object in [&response.details as &dyn Object, &response.devices, &response.result] {
            objects.push(pair(object));
        }
        oxisim_toolkit::Objects::each_object(&response.answer, &mut |_, object| objects.push(pair(object)));
        check_objects(id, row, objects, response.unknown.len());
        check(id, row, "result", json!(response.result.general.0));
        check(id, row, "additional", json!(hex::encode_upper(&response.result.additional)));
        let text = response.answer.text.as_ref();
        check(id, row, "text", json!(text.map(TextString::to_text)));
        check(id, row, "yes", json!(text.map(|text| text.text == [1])));
        check(id, row, "item", json!(response.answer.item.as_ref().map(|item| item.identifier)));
        let duration = response.answer.duration.as_ref();
        check(id, row, "duration", json!(duration.map(|d| [d.unit.0, d.interval])));
        let answer = &response.answer;
        check(id, row, "at_response", json!(answer.at_response.as_ref().map(|at| lossy(&at.response))));
        check(id, row, "atr", json!(answer.atr.as_ref().map(|atr| hex::encode_upper(&atr.atr))));
        check(id, row, "r_apdu", json!(answer.r_apdu.as_ref().map(|r| hex::encode_upper(&r.apdu))));
        check(id, row, "data", json!(answer.channel_data.as_ref().map(|d| hex::encode_upper(&d.data))));
        check(id, row, "length", json!(answer.channel_length.as_ref().map(|length| length.length)));
        check(id, row, "channel", json!(answer.channel_status.first().map(channel)));
        check(id, row, "bearer", json!(answer.bearer.as_ref().map(|bearer| bearer.bearer.0)));
        check(id, row, "buffer_size", json!(answer.buffer_size.as_ref().map(|size| size.size)));
        check(id, row, "timer", json!(answer.timer.as_ref().map(|timer| timer.identifier)));
        check(id, row, "timer_value", json!(answer.timer_value.map(time)));
        local_information(id, row, answer);
        assert_eq!(hex::encode_upper(response.encode()), row["hex"], "{id}");
    });
}

#[test]
fn every_envelope_reads_to_its_fields_and_back() {
    each_row(include_str!("vectors/envelope.jsonl"), |id, row, bytes| {
        let (envelope, rest) = Envelope::read(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut objects = vec![];
        envelope.each_object(&mut |_, object| objects.push(pair(object)));
        check_objects(id, row, objects, rest.unknown.len());
        check(id, row, "tag", json!(envelope.tag()));
        match &envelope {
            Envelope::MenuSelection(selection) => {
                check(id, row, "item", json!(selection.item.identifier));
                check(id, row, "help", json!(selection.help.is_some()));
            }
            Envelope::EventDownload(download) => {
                check(id, row, "event", json!(download.code().0));
                event(id, row, &download.event);
            }
            Envelope::TimerExpiration(expired) => {
                check(id, row, "timer", json!(expired.timer.identifier));
                check(id, row, "timer_value", json!(time(expired.value)));
            }
            Envelope::SmsPpDownload(download) => {
                check(id, row, "address", json!(download.service_centre.as_ref().map(number)));
            }
            Envelope::CellBroadcastDownload(download) => assert_eq!(download.page.page.len(), 88, "{id}"),
            Envelope::MoSmsControl(control) => {
                check(id, row, "address", number(&control.service_centre));
                check(id, row, "destination", json!(control.destination.as_ref().map(number)));
                check(id, row, "location", location(row, control.location.as_ref()));
            }
            Envelope::CallControl(control) => {
                check(id, row, "address", json!(control.address.as_ref().map(number)));
                let capability = control.capability.as_ref().map(|c| hex::encode_upper(&c.parameters));
                check(id, row, "capability", json!(capability));
                check(id, row, "location", location(row, control.location.as_ref()));
            }
            other => panic!("{id}: {other:?}"),
        }
        assert_eq!(hex::encode_upper(envelope.write(&rest)), row["hex"], "{id}");
    });
}

#[test]
fn every_answer_to_call_control_reads_to_its_fields_and_back() {
    each_row(include_str!("vectors/call_control.jsonl"), |id, row, bytes| {
        let answer = CallControlAnswer::decode(bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
        let result = match row["result"].as_str().unwrap() {
            "Allowed" => ControlResult::ALLOWED,
            "NotAllowed" => ControlResult::NOT_ALLOWED,
            "AllowedWithModifications" => ControlResult::ALLOWED_WITH_MODIFICATIONS,
            other => panic!("{other}"),
        };
        assert_eq!(answer.result, result, "{id}");
        let mut objects = vec![];
        answer.each_object(&mut |_, object| objects.push(pair(object)));
        check_objects(id, row, objects, answer.unknown.len());
        // No data at all says the same as "allowed": there is nothing to be written back.
        if !bytes.is_empty() {
            assert_eq!(hex::encode_upper(answer.encode()), row["hex"], "{id}");
        }
    });
}

#[test]
fn objects_of_others_read_to_their_fields_and_back() {
    each_row(include_str!("vectors/pysim_tlv.jsonl"), |id, row, bytes| {
        assert_eq!(row["object"], TransportLevel::NAME, "{id}");
        assert_eq!(u16::from(bytes[0] & 0x7F), TransportLevel::TAG.0, "{id}");
        let value = &bytes[2..];
        let level = TransportLevel::decode(value, TransportLevel::NAME).unwrap();
        check(id, row, "port", json!(level.port));
        check(id, row, "protocol", json!(level.protocol.name()));
        assert_eq!(level.encode(), value, "{id}");
    });
}

fn local_information(id: &str, row: &Value, answer: &Answer) {
    let octets = |octets: Option<&[u8]>| json!(octets.map(hex::encode_upper));
    check(id, row, "location", location(row, answer.location.as_ref()));
    check(id, row, "imei", octets(answer.imei.as_ref().map(|imei| &imei.imei[..])));
    check(id, row, "measurements", octets(answer.measurements.as_ref().map(|nmr| &nmr.results[..])));
    check(id, row, "channels", octets(answer.channels.as_ref().map(|list| &list.channels[..])));
    check(id, row, "date_time", octets(answer.date_time.as_ref().map(|time| &time.value[..])));
    check(id, row, "language", json!(answer.language.as_ref().map(|language| lossy(&language.code))));
    let advance = answer.timing_advance.as_ref();
    check(id, row, "timing_advance", json!(advance.map(|advance| [advance.status, advance.advance])));
    check(id, row, "technology", json!(answer.technology.as_ref().map(|found| found.technology.0)));
    check(id, row, "esn", octets(answer.esn.as_ref().map(|esn| &esn.esn[..])));
    check(id, row, "imeisv", octets(answer.imeisv.as_ref().map(|imeisv| &imeisv.imeisv[..])));
    check(id, row, "battery", json!(answer.battery.as_ref().map(|battery| battery.state.0)));
}

fn time(value: TimerValue) -> [u8; 3] {
    [value.hours, value.minutes, value.seconds]
}

fn event(id: &str, row: &Value, event: &Event) {
    match event {
        Event::MtCall(call) => {
            check(id, row, "transactions", json!(hex::encode_upper(&call.transaction.identifiers)));
            check(id, row, "address", json!(call.address.as_ref().map(number)));
        }
        Event::CallConnected(call) => {
            check(id, row, "transactions", json!(hex::encode_upper(&call.transaction.identifiers)));
        }
        Event::CallDisconnected(call) => {
            check(id, row, "transactions", json!(hex::encode_upper(&call.transactions.identifiers)));
            check(id, row, "cause", json!(call.cause.as_ref().map(|cause| hex::encode_upper(&cause.cause))));
        }
        Event::LocationStatusChange(moved) => {
            check(id, row, "status", json!(moved.status.status.0));
            check(id, row, "location", location(row, moved.location.as_ref()));
        }
        Event::CardReaderStatusChange(reader) => {
            let status = reader.status.status;
            let bit = |bit: u8| status >> (bit - 1) & 1 == 1;
            let got = json!({
                "id": status & 7, "removable": bit(4), "present": bit(5), "id1_size": bit(6),
                "card_present": bit(7), "card_powered": bit(8),
            });
            check(id, row, "reader", got);
        }
        Event::LanguageSelection(selected) => {
            check(id, row, "language", json!(lossy(&selected.language.code)));
        }
        Event::BrowserTermination(ended) => {
            check(id, row, "cause", json!(format!("{:02X}", ended.cause.cause)));
        }
        Event::DataAvailable(data) => {
            check(id, row, "channel", json!(channel(&data.status)));
            check(id, row, "length", json!(data.length.length));
        }
        Event::ChannelStatusChange(change) => check(id, row, "channel", json!(channel(&change.status))),
        Event::NetworkRejection(rejected) => {
            check(id, row, "technology", json!(rejected.technology.technology.0));
            check(id, row, "update", json!(rejected.update.kind));
            check(id, row, "rejection", json!(rejected.cause.cause));
        }
        Event::UserActivity(_) | Event::IdleScreenAvailable(_) => {}
        other => panic!("{id}: {other:?}"),
    }
}

/// The channel that a status is of.
fn channel(status: &ChannelStatus) -> u8 {
    status.status & 7
}

/// Type of number and digits.
fn number(address: &Address) -> Value {
    let halves = address.digits.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]);
    let digits: String = halves.filter(|half| *half < 10).map(|half| char::from(b'0' + half)).collect();
    json!([address.ton_npi, digits])
}

/// Country, network, area and cell of TS 24.008, as the rows have them.
fn location(row: &Value, location: Option<&LocationInformation>) -> Value {
    let Some(octets) = location.map(Wire::encode) else { return Value::Null };
    let digit = |half: u8| char::from(b'0' + half);
    let [a, b, c] = [octets[0], octets[1], octets[2]];
    let country: String = [a & 15, a >> 4, b & 15].map(digit).iter().collect();
    let network = [c & 15, c >> 4, b >> 4];
    let network: String = network.iter().filter(|half| **half < 10).map(|half| digit(*half)).collect();
    let number = |range: std::ops::Range<usize>| {
        let octets = octets.get(range)?;
        Some(octets.iter().fold(0u32, |number, octet| number << 8 | u32::from(*octet)))
    };
    // The cell takes 28 bits in E-UTRAN, two octets elsewhere, and two more where it is extended: the row says which.
    let parts = [
        ("mcc", json!(country)),
        ("mnc", json!(network)),
        ("area", json!(number(3..5))),
        ("cell", json!(number(5..7))),
        ("extended_cell", json!(number(7..9))),
        ("eutran_cell", json!(number(5..9).map(|cell| cell >> 4))),
    ];
    let said = parts.into_iter().filter(|(part, _)| !row["location"][part].is_null());
    said.map(|(part, value)| (part.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
}

fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn each_row(rows: &str, check: impl Fn(&str, &Value, &[u8])) {
    assert!(rows.lines().count() > 0);
    for row in rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let id = row["id"].as_str().unwrap();
        check(id, &row, &hex::decode(row["hex"].as_str().unwrap()).unwrap());
    }
}

/// An object as the rows have it: tag and value.
fn pair(object: &dyn Object) -> (String, String) {
    (format!("{:02X}", object.tag().0), hex::encode_upper(object.value()))
}

/// The objects are those of the row, each understood, whatever their order.
fn check_objects(id: &str, row: &Value, mut got: Vec<(String, String)>, unknown: usize) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = row["objects"].as_array().unwrap();
    let mut expected: Vec<_> = rows.iter().map(|object| (text(&object[0]), text(&object[2]))).collect();
    expected.sort();
    got.sort();
    assert_eq!(got, expected, "{id}");
    assert_eq!(unknown, 0, "{id}");
}

#[expect(clippy::needless_pass_by_value, reason = "a list of checks reads better")]
fn check(id: &str, row: &Value, field: &str, got: Value) {
    if !row[field].is_null() {
        assert_eq!(got, row[field], "{id} {field}");
    }
}

mod any_octets {
    use oxisim_toolkit::{MoSmsControlAnswer, TerminalProfile};
    use oxisim_wire::Show;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = CallControlAnswer::decode(&bytes);
            let _ = MoSmsControlAnswer::decode(&bytes);
            let profile = TerminalProfile::new(&bytes);
            let _ = (profile.show(), profile.unnamed().count());
        }

        #[test]
        fn behind_a_tag_are_written_as_they_were_read(
            event in 0u8..0x20, tag in 0xD1u8..0xE0, bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut envelope = vec![tag, bytes.len() as u8 + 7, 0x99, 0x01, event, 0x82, 0x02, 0x82, 0x81];
            envelope.extend(&bytes);
            if let Ok((read, rest)) = Envelope::read(&envelope) {
                // What is written means the same; lengths and numbers that have several codings get the shortest.
                prop_assert_eq!(Envelope::read(&read.write(&rest)), Ok((read, rest)));
            }
        }
    }
}
