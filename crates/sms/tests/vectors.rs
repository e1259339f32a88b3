//! Every row of `tests/vectors` decodes to the fields that its source gives, and encodes to the same octets.

use oxisim_sms::alphabet::{self, Language, Tables};
use oxisim_sms::concatenation::{Concatenation, Reassembler, Reference};
use oxisim_sms::content::{Colour, Content, FontSize, TextFormatting};
use oxisim_sms::tpdu::{
    Deliver, MobileOriginated, MobileTerminated, RelativeValidity, StatusReport, Submit, ValidityPeriod,
};
use oxisim_sms::{Address, Alphabet, Ports, Timestamp, UserData, Waiting, WaitingKind};
use oxisim_wire::{Duration, Instant, Reader, Wire};
use serde_json::{Map, Value, json};

/// Rows of `tpdu.jsonl` that are not walked, and why.
const EXCEPTIONS: [(&str, &str); 1] =
    [("onomondo-sms/deliver-report-hdr", "ends after TP-UDL; its TP-FCS 42 is a reserved value")];

/// Rows of `tpdu.jsonl` whose address has an odd number of digits and, in the octet given, something else where
/// the filler F belongs (TS 23.040 §9.1.2.3). They are encoded with it.
const WRONG_FILLER: [(&str, usize); 5] = [
    ("ofono-sms/charset_default", 10),
    ("ofono-sms/charset_turkey", 10),
    ("ofono-sms/charset_turkey_ext", 10),
    ("aosp-sms/testCingularVoiceMail/13", 11),
    ("aosp-sms/testCingularVoiceMail/14", 11),
];

fn rows(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} of {row}"))
}

fn octets(row: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(row, key)).unwrap()
}

fn tpdu_rows() -> impl Iterator<Item = Value> {
    rows(include_str!("vectors/tpdu.jsonl"))
        .into_iter()
        .filter(|row| EXCEPTIONS.iter().all(|(id, _)| text(row, "id") != *id))
}

/// A service centre address, if there is one, and a TPDU.
#[derive(Debug, PartialEq)]
enum Tpdu {
    Terminated(MobileTerminated),
    Originated(MobileOriginated),
}

fn decode(row: &Value, octets: &[u8]) -> Result<(Option<Address>, Tpdu), oxisim_wire::Error> {
    let mut r = Reader::new(octets);
    let centre = if row["sc"] == true { Address::read_service_centre(&mut r)? } else { None };
    let tpdu = match text(&row["fields"], "type") {
        "SUBMIT" => Tpdu::Originated(MobileOriginated::read(&mut r)?),
        _ => Tpdu::Terminated(MobileTerminated::read(&mut r)?),
    };
    r.finish("TPDU")?;
    Ok((centre, tpdu))
}

fn encode(row: &Value, centre: Option<&Address>, tpdu: &Tpdu) -> Vec<u8> {
    let mut out = Vec::new();
    if row["sc"] == true {
        Address::write_service_centre(centre, &mut out);
    }
    match tpdu {
        Tpdu::Terminated(tpdu) => tpdu.write(&mut out),
        Tpdu::Originated(tpdu) => tpdu.write(&mut out),
    }
    out
}

/// The time as the vectors write it: with two digits of the year.
fn time(timestamp: Timestamp) -> Value {
    json!(timestamp.civil().to_string()[2..])
}

fn address(name: &str, address: &Address) -> [(String, Value); 2] {
    [
        (format!("{name}.toa"), json!(format!("{:02X}", address.kind().0))),
        (format!("{name}.number"), json!(address.to_string())),
    ]
}

fn user_data(user_data: &UserData) -> Map<String, Value> {
    let header: usize = user_data.header().iter().map(|element| 2 + element.data.len()).sum();
    let header = if header > 0 { 1 + header } else { 0 };
    let septets = user_data.coding().counts_septets();
    let header = if septets { (header * 8).div_ceil(7) } else { header };
    let elements: Vec<Value> = user_data
        .header()
        .iter()
        .map(|element| {
            json!({"iei": format!("{:02X}", element.id.0), "data": hex::encode_upper(&element.data)})
        })
        .collect();
    let name = match user_data.coding().alphabet() {
        Alphabet::Default => "7bit",
        Alphabet::EightBit => "8bit",
        Alphabet::Ucs2 => "ucs2",
    };
    Map::from_iter([
        ("dcs".into(), json!(user_data.coding().0)),
        ("udhi".into(), json!(!elements.is_empty())),
        ("udh".into(), json!(elements)),
        ("udl".into(), json!(header + user_data.payload().len())),
        ("alphabet".into(), json!(name)),
        ("text".into(), json!(user_data.text())),
        ("data".into(), json!(hex::encode_upper(user_data.payload()))),
    ])
}

fn deliver(tpdu: &Deliver) -> Map<String, Value> {
    let mut fields = user_data(&tpdu.user_data);
    fields.extend(address("oa", &tpdu.originator));
    fields.extend([
        ("type".into(), json!("DELIVER")),
        ("mms".into(), json!(!tpdu.more_messages)),
        ("sri".into(), json!(tpdu.status_report)),
        ("rp".into(), json!(tpdu.reply_path)),
        ("pid".into(), json!(tpdu.protocol.0)),
        ("scts".into(), time(tpdu.timestamp)),
    ]);
    fields
}

fn submit(tpdu: &Submit) -> Map<String, Value> {
    let (format, period) = match tpdu.validity {
        None => (0, Value::Null),
        Some(ValidityPeriod::Enhanced(period)) => (1, json!(hex::encode_upper(period.0))),
        Some(ValidityPeriod::Relative(period)) => (2, json!(period.0)),
        Some(ValidityPeriod::Absolute(end)) => (3, time(end)),
    };
    let mut fields = user_data(&tpdu.user_data);
    fields.extend(address("da", &tpdu.destination));
    fields.extend([
        ("type".into(), json!("SUBMIT")),
        ("rd".into(), json!(tpdu.reject_duplicates)),
        ("srr".into(), json!(tpdu.status_report)),
        ("rp".into(), json!(tpdu.reply_path)),
        ("mr".into(), json!(tpdu.reference)),
        ("pid".into(), json!(tpdu.protocol.0)),
        ("vpf".into(), json!(format)),
        ("vp".into(), period),
    ]);
    fields
}

fn status_report(tpdu: &StatusReport) -> Map<String, Value> {
    let mut fields = Map::from_iter(address("ra", &tpdu.recipient));
    fields.extend([
        ("type".into(), json!("STATUS-REPORT")),
        ("mr".into(), json!(tpdu.reference)),
        ("scts".into(), time(tpdu.timestamp)),
        ("dt".into(), time(tpdu.discharge)),
        ("status".into(), json!(tpdu.status.0)),
    ]);
    fields
}

#[test]
fn tpdus_decode_to_their_fields_and_encode_to_the_same_octets() {
    for row in tpdu_rows() {
        let id = text(&row, "id");
        let mut octets = octets(&row, "hex");
        let (centre, tpdu) = decode(&row, &octets).unwrap_or_else(|error| panic!("{id}: {error}"));
        if let Some(&(_, filled)) = WRONG_FILLER.iter().find(|(row, _)| *row == id) {
            assert_ne!(octets[filled] & 0xF0, 0xF0, "{id}");
            octets[filled] |= 0xF0;
        }
        assert_eq!(encode(&row, centre.as_ref(), &tpdu), octets, "{id}");
        let mut fields = match &tpdu {
            Tpdu::Terminated(MobileTerminated::Deliver(tpdu)) => deliver(tpdu),
            Tpdu::Terminated(MobileTerminated::StatusReport(tpdu)) => status_report(tpdu),
            Tpdu::Originated(MobileOriginated::Submit(tpdu)) => submit(tpdu),
            other => panic!("{id}: {other:?}"),
        };
        let first = if row["sc"] == true { octets[1 + usize::from(octets[0])] } else { octets[0] };
        fields.insert("first_octet".into(), json!(format!("{first:02X}")));
        fields.extend(centre.iter().flat_map(|centre| address("smsc", centre)));
        for (key, expected) in row["fields"].as_object().unwrap() {
            assert_eq!(fields.get(key), Some(expected), "{key} of {id}");
        }
    }
}

#[test]
fn exceptions_are_rows() {
    let rows = rows(include_str!("vectors/tpdu.jsonl"));
    for (id, _) in EXCEPTIONS {
        assert!(rows.iter().any(|row| text(row, "id") == id), "{id}");
    }
}

#[test]
fn truncated_tpdus_are_refused() {
    for row in tpdu_rows() {
        let octets = octets(&row, "hex");
        for length in 0..octets.len() {
            assert!(decode(&row, &octets[..length]).is_err(), "{length} octets of {row}");
        }
    }
}

#[test]
fn damaged_tpdus_never_panic_and_what_decodes_encodes() {
    for row in tpdu_rows() {
        let octets = octets(&row, "hex");
        for index in 0..octets.len() {
            for damage in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF] {
                let mut damaged = octets.clone();
                damaged[index] ^= damage;
                let Ok((centre, tpdu)) = decode(&row, &damaged) else { continue };
                let again = encode(&row, centre.as_ref(), &tpdu);
                assert_eq!(decode(&row, &again), Ok((centre, tpdu)), "{}", hex::encode(damaged));
            }
        }
    }
}

#[test]
fn the_default_alphabet_is_the_standards() {
    let table: Map<String, Value> = serde_json::from_str(include_str!("vectors/gsm7_default.json")).unwrap();
    assert_eq!(table.len(), 127 + 10);
    for (code, character) in table {
        let septets = match hex::decode(&code).unwrap()[..] {
            [0x00, septet] => vec![septet],
            [escape, septet] => vec![escape, septet],
            _ => panic!("{code}"),
        };
        let point = u32::from_str_radix(character.as_str().unwrap(), 16).unwrap();
        let character = char::from_u32(point).unwrap();
        assert_eq!(alphabet::septets_of(character).unwrap().as_slice(), septets, "{code}");
        assert_eq!(alphabet::decode(&septets), character.to_string(), "{code}");
    }
}

#[test]
fn the_tables_of_national_languages_are_the_standards() {
    let rows = rows(include_str!("vectors/gsm7_national.jsonl"));
    assert_eq!(rows.len(), 25);
    for row in rows {
        let language = Some(Language(row["language"].as_u64().unwrap() as u8));
        let is_locking = text(&row, "table") == "locking";
        let tables = if is_locking {
            Tables { locking: language, single: None }
        } else {
            Tables { locking: None, single: language }
        };
        for code in (0..0x80_u8).filter(|&code| code != alphabet::ESCAPE) {
            let septets = if is_locking { vec![code] } else { vec![alphabet::ESCAPE, code] };
            let expected = match row["characters"].get(format!("{code:02X}")) {
                Some(point) => {
                    char::from_u32(u32::from_str_radix(point.as_str().unwrap(), 16).unwrap()).unwrap()
                }
                None if is_locking => ' ',
                None => alphabet::decode(&[code]).chars().next().unwrap(),
            };
            assert_eq!(tables.decode(&septets), expected.to_string(), "{code:02X} of {}", text(&row, "name"));
            let coded = tables.septets_of(expected).unwrap();
            assert!(coded.count() <= septets.len(), "{code:02X} of {}", text(&row, "name"));
            assert_eq!(tables.decode(coded.as_slice()), expected.to_string());
        }
    }
}

/// Texts that their source decodes with tables that it chooses, since the header does not.
#[test]
fn texts_in_turkish_are_the_sources() {
    let rows = rows(include_str!("vectors/tpdu.jsonl"));
    for (id, tables, expected) in [
        (
            "ofono-sms/charset_turkey",
            Tables { locking: Some(Language::TURKISH), single: None },
            "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§\
             çabcdefghijklmnopqrstuvwxyzäöñüà",
        ),
        (
            "ofono-sms/charset_turkey_ext",
            Tables { locking: Some(Language::TURKISH), single: Some(Language::TURKISH) },
            "\u{C}^{}\\[~]|ĞİŞç€ğış",
        ),
    ] {
        let row = rows.iter().find(|row| text(row, "id") == id).unwrap();
        let Ok((_, Tpdu::Originated(MobileOriginated::Submit(submit)))) = decode(row, &octets(row, "hex"))
        else {
            panic!("{id}")
        };
        assert_eq!(tables.decode(submit.user_data.payload()), expected, "{id}");
    }
}

fn user_data_of(id: &str) -> UserData {
    let rows = rows(include_str!("vectors/tpdu.jsonl"));
    let row = rows.iter().find(|row| text(row, "id") == id).unwrap();
    match decode(row, &octets(row, "hex")).unwrap().1 {
        Tpdu::Terminated(MobileTerminated::Deliver(deliver)) => deliver.user_data,
        Tpdu::Originated(MobileOriginated::Submit(submit)) => submit.user_data,
        other => panic!("{other:?}"),
    }
}

/// What the interfaces of AOSP and oFono say of these messages.
#[test]
fn headers_say_what_their_sources_say() {
    let part = user_data_of("aosp-sms/testUdh/5");
    let expected = Concatenation { reference: Reference::Short(42), total: 2, number: 1 };
    assert_eq!(Concatenation::of(&part), Some(expected));
    assert_eq!(part.ports(), Some(Ports { destination: 2948, originator: 9200 }));
    assert_eq!(user_data_of("ofono-sms/wap_push_1").ports().map(|ports| ports.destination), Some(2948));
    for (id, waits, active) in
        [("aosp-sms/testCingularVoiceMail/13", 2, true), ("aosp-sms/testCingularVoiceMail/14", 0, false)]
    {
        let user_data = user_data_of(id);
        let waiting = Waiting { active, kind: WaitingKind::VOICE_MAIL, store: false };
        assert_eq!(user_data.coding().waiting(), Some(waiting), "{id}");
        let Some(Content::SpecialIndication(indication)) = Content::of(&user_data.header()[0]) else {
            panic!("{id}")
        };
        assert_eq!((indication.count, indication.indication.kind()), (waits, WaitingKind::VOICE_MAIL));
        assert!(!indication.indication.is_stored(), "{id}");
    }
}

/// The text says of each word how it looks.
#[test]
fn text_formatting_is_at_the_words_that_it_is_about() {
    let user_data = user_data_of("ofono-sms/ems_udh_1");
    let text = user_data.text();
    let formats: Vec<(&str, TextFormatting)> = user_data
        .effective()
        .filter_map(|element| match Content::of(element)? {
            Content::TextFormatting(format) => {
                let start = usize::from(format.start);
                Some((&text[start..start + usize::from(format.length)], format))
            }
            _ => None,
        })
        .collect();
    let words: Vec<&str> = formats.iter().map(|(word, _)| *word).collect();
    assert_eq!(words, ["italic", "bold", "large", "small", "colored"]);
    let mode = |index: usize| formats[index].1.mode;
    assert!(mode(0).is_italic() && mode(1).is_bold());
    assert_eq!((mode(2).size(), mode(3).size()), (FontSize::LARGE, FontSize::SMALL));
    let colour = formats[4].1.colour.unwrap();
    assert_eq!((colour.foreground(), colour.background()), (Colour::BRIGHT_YELLOW, Colour::DARK_RED));
}

/// Two of the three parts that the source puts together.
#[test]
fn parts_of_the_source_are_put_together() {
    let mut reassembler = Reassembler::new(8, Duration::from_mins(1));
    let originator = "5555".parse().unwrap();
    let parts = ["ofono-sms/assembly_3", "ofono-sms/assembly_2"].map(user_data_of);
    for part in parts.clone() {
        assert_eq!(reassembler.accept(&originator, part, Instant::EPOCH), None);
    }
    let concatenation = Concatenation { reference: Reference::Short(0x1E), total: 3, number: 1 };
    let first = UserData::new(parts[0].coding(), vec![concatenation.element()], vec![]).unwrap();
    let message = reassembler.accept(&originator, first, Instant::EPOCH).unwrap();
    assert!(message.text().contains("стремительно вбежал в комнату, позабыв\nдаже"), "{}", message.text());
}

#[test]
fn codings_are_the_standards() {
    for row in rows(include_str!("vectors/coding.jsonl")) {
        match text(&row, "kind") {
            "gsm7" => packed_septets(&row),
            "tp_vp_relative" => {
                let period = RelativeValidity(octets(&row, "hex")[0]);
                let minutes = format!("{} minutes", period.duration().as_secs() / 60);
                assert_eq!(minutes, text(&row, "expect"), "{row}");
                assert_eq!(RelativeValidity::at_least(period.duration()), period, "{row}");
            }
            "smsc_address" => {
                let octets = octets(&row, "hex");
                let address = Address::read_service_centre(&mut Reader::new(&octets)).unwrap().unwrap();
                assert_eq!(address.to_string(), text(&row, "expect"), "{row}");
                let mut out = Vec::new();
                Address::write_service_centre(Some(&text(&row, "expect").parse().unwrap()), &mut out);
                assert_eq!(out, octets, "{row}");
            }
            "sms_address" => {
                let octets = octets(&row, "hex");
                let address = Address::decode(&octets, "address").unwrap();
                assert_eq!(address.to_string(), text(&row, "expect"), "{row}");
                assert_eq!(Address::alphanumeric(text(&row, "expect")).unwrap().encode(), octets, "{row}");
            }
            "scts" => {
                let timestamp = Timestamp::decode(&octets(&row, "hex"), "time stamp").unwrap();
                assert_eq!(time(timestamp), row["expect"], "{row}");
                let zone = timestamp.civil().quarter_hours;
                assert_eq!(Timestamp::from_instant(timestamp.instant().unwrap(), zone), timestamp, "{row}");
            }
            other => panic!("{other}"),
        }
    }
}

fn packed_septets(row: &Value) {
    let (septets, packed) = (octets(row, "septets"), octets(row, "packed"));
    let fill_bits = row["fill_bits"].as_u64().unwrap_or(0) as u8;
    assert_eq!(alphabet::encode(text(row, "text")).unwrap(), septets, "{row}");
    assert_eq!(alphabet::decode(&septets), text(row, "text"), "{row}");
    assert_eq!(alphabet::pack(&septets, fill_bits), packed, "{row}");
    assert_eq!(alphabet::unpack(&packed, septets.len(), fill_bits), septets, "{row}");
}
