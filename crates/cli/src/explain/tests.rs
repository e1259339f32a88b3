//! What is said of octets that others have made.

use serde_json::{Value, json};

use super::*;

fn rows(lines: &str) -> impl Iterator<Item = Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn text<'a>(row: &'a Value, key: &str) -> Option<&'a str> {
    row[key].as_str()
}

/// What is said of a text, as `--json` prints it.
fn said(text: &str, kind: Option<Kind>, file: Option<&str>) -> Value {
    let octets: Vec<Vec<u8>> = command_and_response(text).unwrap();
    super::json::json(&explain(&octets, kind, file))
}

/// A row is what it is, by guess, and is encoded as it was.
fn comes_back(hex: &str, kind: &str) {
    let said = said(hex, None, None);
    assert_eq!(said["kind"], kind, "{hex}: {said}");
    assert_eq!(said["reencoded"], hex.to_uppercase(), "{said}");
}

#[test]
fn toolkit_messages_are_guessed_and_come_back() {
    for row in rows(include_str!("../../../toolkit/tests/vectors/ofono_stk.jsonl")) {
        let hex = text(&row, "hex").unwrap();
        if row["refused"].is_string() {
            let said = said(hex, None, None);
            assert!(said["error"]["offset"].is_u64() && said["error"]["reason"].is_string(), "{said}");
            continue;
        }
        comes_back(hex, "proactive-command");
    }
    for row in rows(include_str!("../../../toolkit/tests/vectors/envelope.jsonl")) {
        if let Some(hex) = text(&row, "hex") {
            comes_back(hex, "envelope");
        }
    }
}

#[test]
fn every_answer_of_a_terminal_comes_back() {
    for row in rows(include_str!("../../../toolkit/tests/vectors/terminal_response.jsonl")) {
        if let Some(hex) = text(&row, "hex") {
            comes_back(hex, "terminal-response");
        }
    }
}

#[test]
fn an_object_is_one_line_for_every_reader() {
    assert_eq!(super::json::line(&json!("a\u{85}b\u{2028}")), r#""a\u0085b\u2028""#);
}

#[test]
fn short_messages_are_guessed() {
    for row in rows(include_str!("../../../sms/tests/vectors/tpdu.jsonl")) {
        let hex = text(&row, "hex").unwrap();
        let said = said(hex, None, None);
        // One row has octets after what a receiver understands.
        if text(&row, "id") == Some("onomondo-sms/deliver-report-hdr") {
            continue;
        }
        assert_eq!(said["kind"], "tpdu", "{row}: {said}");
        let name = said["name"].as_str().unwrap();
        let kind = text(&row["fields"], "type").unwrap();
        assert!(name.ends_with(&kind.replace('_', "-")), "{name} {kind}");
    }
}

/// The value of a field.
fn field<'a>(said: &'a Value, name: &str) -> &'a Value {
    let found = said["fields"].as_array().unwrap().iter().find(|line| line["field"] == name);
    &found.unwrap_or_else(|| panic!("{name}: {said}"))["value"]
}

#[test]
fn a_header_is_explained_element_by_element() {
    // Two kinds of ports, of which the last counts; Turkish; an element that nobody knows.
    let hex = "41000491214300001610040202F00504010203042501016F0155101402";
    let said = said(hex, Some(Kind::TpduMo), None);
    assert_eq!(said["reencoded"], hex, "{said}");
    let header = field(&said, "TP-User-Data header");
    assert_eq!(header[0]["overruled"], true, "{said}");
    assert_eq!(header[1]["content"]["destination"], 0x0102, "{said}");
    assert_eq!(header[2]["content"]["language"]["name"], "TURKISH", "{said}");
    assert_eq!(header[3]["data"], "55", "{said}");
}

#[test]
fn commands_statuses_and_validity_periods_are_in_words() {
    let command = said("22070002050491945100", None, None);
    assert_eq!(command["name"], "SMS-COMMAND", "{command}");
    assert_eq!(field(&command, "TP-Command-Type")["name"], "DELETE", "{command}");
    let submit = said("0900049121430004432143650000000101", Some(Kind::TpduMo), None);
    let period = json!({ "single_shot": true, "length": "12:34:56" });
    assert_eq!(field(&submit, "TP-Validity-Period")["period"], period, "{submit}");
    let report = said("060404912143208062917314482080629173144842", None, None);
    let status = field(&report, "TP-Status");
    assert_eq!(status["value"]["name"], "CONNECTION REJECTED", "{report}");
    assert_eq!(status["outcome"], "permanent error, the centre has given up", "{report}");
}

#[test]
fn files_of_short_messages_are_explained() {
    let tpdu = "0404812143000020806291731448024121";
    let record = format!("0300{tpdu}{}", "FF".repeat(175 - 1 - tpdu.len() / 2));
    let message = said(&record, Some(Kind::File), Some("EF.SMS"));
    assert_eq!(message["reencoded"], record, "{message}");
    assert_eq!(field(&message, "status")["name"], "TO BE READ", "{message}");
    assert_eq!(field(&message, "message")["TP-User-Data"], "AB", "{message}");
    let status = said("0FFE", Some(Kind::File), Some("EF.SMSS"));
    assert_eq!(field(&status, "memory capacity exceeded"), true, "{status}");
    assert_eq!(field(&status, "last message reference"), 0x0F, "{status}");
    let record = format!("00{}", "FF".repeat(29));
    let report = said(&record, Some(Kind::File), Some("EF.SMSR"));
    assert_eq!((&report["reencoded"], field(&report, "record of the message")), (&json!(record), &json!(0)));
}

#[test]
fn what_a_card_says_is_guessed_and_comes_back() {
    for row in rows(include_str!("../../../card/tests/vectors/fcp.jsonl")).skip(1) {
        let hex = text(&row, "hex").unwrap();
        comes_back(hex, "fcp");
        comes_back(&format!("{hex}9000"), "response");
    }
    for row in rows(include_str!("../../../apdu/tests/vectors/atr_sim.jsonl")).skip(1) {
        if row["valid"] == true {
            let said = said(text(&row, "atr").unwrap(), None, None);
            assert_eq!(said["kind"], "atr", "{row}: {said}");
        }
    }
}

#[test]
fn a_start_up_of_gsm_is_explained_pair_by_pair() {
    let line: Value =
        serde_json::from_str(include_str!("../../../card/tests/vectors/gsm_line.json")).unwrap();
    for exchange in line["exchanges"].as_array().unwrap() {
        let [command, response] = [0, 1].map(|i| exchange[i].as_str().unwrap());
        // GET RESPONSE and READ have their length in P3, which is Le.
        let said = said(&format!("{command} -> {response}"), None, None);
        assert_eq!(said["kind"], "pair", "{said}");
    }
    let said = said("A0C000000F -> 850D00076F05040001FFFF03020000 9000", None, None);
    assert_eq!(said["fields"][1]["message"]["fields"][0]["message"]["name"], "header of an EF", "{said}");
}

#[test]
fn a_message_in_a_message_is_explained_in_its_place() {
    let command = "D01A8103012180820281028D0F04546F6F6C6B697420546573742031";
    let fetched = said(&format!("801200001C -> {command}9000"), None, None);
    let inside = &fetched["fields"][1]["message"]["fields"][0]["message"];
    assert_eq!((&inside["kind"], &inside["name"]), (&"proactive-command".into(), &"DISPLAY TEXT".into()));
    assert_eq!(inside["fields"][2]["value"]["text"], "Toolkit Test 1");
    // The first object stands after the command and two octets of tag and length, and has two of its own.
    assert_eq!(inside["fields"][0]["offset"], 5 + 4);

    let envelope = said("80C200000A D3 07 82 02 01 81 90 01", None, None);
    assert!(envelope["error"].is_object(), "{envelope}");
    let envelope = said("80C2000009 D3 07 82 02 01 81 90 01 05", None, None);
    let inside = &envelope["fields"][5]["message"];
    assert_eq!(
        (&inside["name"], &inside["fields"][1]["value"]["identifier"]),
        (&"menu selection".into(), &5.into())
    );
    let wrong = said("80C2000009 D3 06 82 02 01 81 90 01 05", None, None);
    assert_eq!(wrong["fields"][5]["error"]["offset"], 5 + 8, "{wrong}");
}

#[test]
fn an_answer_to_call_control_is_a_kind_of_its_own() {
    for row in rows(include_str!("../../../toolkit/tests/vectors/call_control.jsonl")) {
        let hex = text(&row, "hex").unwrap();
        let octets = hex::decode(hex).unwrap();
        let said = super::json::json(&explain(&[octets], Some(Kind::CallControlAnswer), None));
        assert_eq!(
            (&said["kind"], &said["reencoded"]),
            (&"call-control-answer".into(), &hex.into()),
            "{said}"
        );
        if !hex.is_empty() {
            comes_back(hex, "call-control-answer");
        }
    }
    let message = said("0208 86029121 86029143", Some(Kind::MoSmsControlAnswer), None);
    assert_eq!(message["fields"][0]["value"]["name"], "ALLOWED WITH MODIFICATIONS", "{message}");
    assert_eq!(message["fields"][2]["field"], "destination", "{message}");
    let asked = said("80C200000D D50B 82028281 860191 86029155 -> 01009000", None, None);
    let inside = &asked["fields"][1]["message"]["fields"][0]["message"];
    assert_eq!(inside["kind"], "mo-sms-control-answer", "{asked}");
}

#[test]
fn a_qualifier_and_a_result_are_in_words() {
    let command = said("D01A8103012180820281028D0F04546F6F6C6B697420546573742031", None, None);
    let qualifier = &command["fields"][0]["value"]["qualifier"];
    assert_eq!(qualifier["meaning"], json!(["normal priority", "the user clears the text"]));
    let response = said("81030121808202828183022001", None, None);
    assert_eq!(response["fields"][2]["value"]["additional"]["name"], "SCREEN BUSY", "{response}");
}

#[test]
fn services_have_names() {
    let table = |hex: &str, file| said(hex, Some(Kind::File), Some(file))["fields"].clone();
    let usim = table("0200000800", "EF.UST");
    let named = json!([
        { "value": 2, "meaning": "Fixed Dialling Numbers (FDN)" },
        { "value": 28, "meaning": "Data download via SMS-PP" },
    ]);
    assert_eq!(usim[0]["value"], named);
    let sim = table("0D", "EF.SST");
    assert_eq!(sim[0]["value"][0]["meaning"], "Abbreviated Dialling Numbers (ADN)", "{sim}");
    assert_eq!(sim[1]["value"][0]["meaning"], "CHV1 disable function", "{sim}");
    assert_eq!(table("02", "EF.EST")[0]["value"][0]["meaning"], "Barred Dialling Numbers (BDN)");
}

/// Contents as pySim's tests have them (osmocom/pysim, facts only).
#[test]
fn contents_of_files_come_back() {
    for (file, hex, field, value) in [
        ("EF.IMSI", "082982608200002080", "digits", "228062800000208"),
        ("EF.ICCID", "980001010000000010F9", "digits", "8900101000000000019"),
        ("EF.LOCI", "7802570222F81009780000", "network", "228-01"),
        ("EF.ECC", "19F1FF01", "code", "911"),
        ("EF.DIR", "61194F10A0000000871004FFFFFFFF890709000050054953696D31", "application label", "ISim1"),
        (
            "EF.ADN",
            "4B756E64656E626574726575756E67FF0791947112122721FFFFFFFFFFFF",
            "alpha identifier",
            "Kundenbetreuung",
        ),
        (
            "EF.MSISDN",
            "456967656E65205275666E756D6D6572FFFFFFFF0891947172199181F3FFFFFFFFFF",
            "dialling number",
            "+4917279119183",
        ),
        (
            "EF.SMSP",
            "534D5343FFFFFFFFFFFFFFFFFFFFFFFFE1FFFFFFFFFFFFFFFFFFFFFFFF0891945197109099F9FFFFFF0000A9",
            "service centre address",
            "+4915790109999",
        ),
        ("EF.OPL", "62F2100000FFFE01", "last area", "FFFE"),
        (
            "EF.NAFKCA",
            "80296273662E696D732E6D6E633030302E6D63633733382E7075622E336770706E6574776F726B2E6F7267",
            "address of the NAF key centre",
            "bsf.ims.mnc000.mcc738.pub.3gppnetwork.org",
        ),
        (
            "EF.IMPI",
            "803137333830303630303030303031303140696D732E6D6E633030302E6D63633733382E336770706E6574776F726B2E6F7267",
            "network access identifier",
            "738006000000101@ims.mnc000.mcc738.3gppnetwork.org",
        ),
        ("EF.CSGT", "8906810300666F6F801068747470733A2F2F666F6F2E6261722F", "graphics", "https://foo.bar/"),
    ] {
        let said = said(hex, Some(Kind::File), Some(file));
        assert_eq!(said["reencoded"], hex, "{said}");
        let found = said["fields"].as_array().unwrap().iter().find(|line| line["field"] == field);
        assert_eq!(found.unwrap_or_else(|| panic!("{said}"))["value"], value, "{said}");
    }
    for (file, hex, values) in [
        ("EF.MBI", "0100000000", json!([1, 0, 0, 0, 0, ""])),
        ("EF.MWIS", "0000000000", json!([[], 0, 0, 0, 0, null])),
        ("EF.CFIS", "0100FFFFFFFFFFFFFFFFFFFFFFFFFFFF", json!([1, [], 255, "FF", "", 255, 255])),
        ("EF.P-CSCF", "800501C0A80C22", json!([{ "kind": "IPv4", "address": "192.168.12.34" }])),
        (
            "EF.P-CSCF",
            "801102FE800000000000000042D7FFFE530335",
            json!([{ "kind": "IPv6", "address": "fe80::42:d7ff:fe53:335" }]),
        ),
        (
            "EF.ePDGId",
            "801100657064672E6F736D6F636F6D2E6F7267",
            json!([{ "kind": "FQDN", "address": "epdg.osmocom.org" }]),
        ),
        (
            "EF.ePDGSelection",
            "800600110000A001",
            json!([[{ "plmn": "001-001", "priority": 160, "name": "location based" }]]),
        ),
        (
            "EF.OCSGL",
            "A010800362F21081060000000002E0820100",
            json!([{
                "plmn": "262-01",
                "group": { "type_indication": 0, "name_indication": 0, "identifier": 23 },
                "display_indicator": "all available groups",
            }]),
        ),
        (
            "EF.EARFCNList",
            "A01A8004000100008112000001100001000002100002000003100003",
            json!([{ "EARFCN": 65536, "area": [
                { "latitude": 1, "longitude": 1_048_577 },
                { "latitude": 2, "longitude": 1_048_578 },
                { "latitude": 3, "longitude": 1_048_579 },
            ] }]),
        ),
        (
            "EF.LP",
            "0023FF",
            json!([[
                { "code": 0, "name": "GERMAN" }, { "code": 35, "name": "RUSSIAN" }, { "code": 255, "name": "UNUSED" },
            ]]),
        ),
        ("EF.THRESHOLD", "F01000", json!([15_732_736])),
        ("EF.eMLPP", "7C04", json!([["0", "1", "2", "3", "4"], ["0"]])),
        ("EF.AAeM", "3C", json!([["0", "1", "2", "3"]])),
        ("EF.VGCS", "92F9FFFF", json!([["299"]])),
        ("EF.VGCSS", "010000004540FC", json!([[1, 33, 35, 39, 47]])),
        ("EF.PWS", "00", json!([[]])),
        ("EF.UMPC", "3CFF02", json!([60, 255, ["can be suspended"], ""])),
        ("EF.EHPLMNPI", "02", json!([{ "code": 2, "name": "ALL HOME NETWORKS" }])),
    ] {
        let said = said(hex, Some(Kind::File), Some(file));
        assert_eq!(said["reencoded"], hex, "{said}");
        let found: Value =
            said["fields"].as_array().unwrap().iter().map(|line| line["value"].clone()).collect();
        assert_eq!(found, values, "{said}");
    }
    let networks = said("22F860330420FFFFFF", Some(Kind::File), Some("EF.FPLMN"));
    assert_eq!(networks["fields"][0]["value"], json!(["228-06", "334-020", null]));
    let classes = said("802B", Some(Kind::File), Some("EF.ACC"));
    assert_eq!(classes["fields"][0]["value"], json!([0, 1, 3, 5, 15]));
}

#[test]
fn a_file_is_named_by_name_identifier_or_path() {
    for text in ["EF.IMSI", "imsi", "6F07", "ADF.USIM/EF.IMSI", "3F00/7F20/6F07"] {
        assert_eq!(file::name(text), Ok("EF.IMSI"), "{text}");
    }
    assert!(file::name("EF.NOTHING").unwrap_err().contains("EF.SMSP"));
}

#[test]
fn octets_are_read_as_people_write_them() {
    let octets = vec![vec![0xD0, 0x0B, 0x81]];
    for text in ["D00B81", "d00b81", "0xD0 0x0b 0X81", "D0:0B:81", "0xd00b81\r\n", " D0 0B81 "] {
        assert_eq!(command_and_response(text), Ok(octets.clone()), "{text}");
    }
}

#[test]
fn an_object_without_its_message_is_explained() {
    let level = said("BC03028000", None, None);
    assert_eq!((&level["kind"], &level["reencoded"]), (&"data-object".into(), &"BC03028000".into()));
    assert_eq!(level["name"], "UICC/terminal interface transport level");
    assert_eq!(level["fields"][0]["value"]["port"], 32_768, "{level}");
    let two = said("1C0180 8603812143", None, None);
    assert_eq!((&two["name"], &two["reencoded"]), (&"data objects".into(), &"1C01808603812143".into()));
    assert_eq!((&two["fields"][1]["name"], &two["fields"][1]["offset"]), (&"Address".into(), &5.into()));
    let unknown = |hex| said(hex, Some(Kind::DataObject), None);
    assert_eq!(unknown("7FFFFF0100")["error"]["offset"], 0);
    assert_eq!(unknown("7F7FFF0100")["fields"][0]["field"], "unknown");
    assert_eq!(unknown("BC0302")["error"]["offset"], 2);
}

#[test]
fn a_tag_that_means_several_objects_is_told_as_each() {
    let said = said("3A0100", Some(Kind::DataObject), None);
    let told: Vec<_> =
        said["fields"].as_array().unwrap().iter().map(|line| (&line["field"], &line["name"])).collect();
    let expected = json!([["object", "REFRESH enforcement policy"], ["or", "Card reader identifier"]]);
    assert_eq!(json!(told), expected, "{said}");
    assert_eq!(said["reencoded"], "3A0100");
}

#[test]
fn what_a_security_domain_says_of_itself_is_no_terminal_profile() {
    let hex = "6F108408A000000003000000A5049F6501FF";
    comes_back(hex, "ber-tlv");
    comes_back(&format!("{hex}9000"), "response");
    let said = said(hex, None, None);
    assert_eq!(
        (&said["name"], &said["fields"][0]["value"]),
        (&"FCI template".into(), &"A000000003000000".into())
    );
    assert_eq!(
        (&said["fields"][1]["field"], &said["fields"][1]["offset"]),
        (&"6F.A5.9F65".into(), &17.into())
    );
    assert_eq!(said["fields"][1]["value"], "FF");
}

/// Objects as pySim's tests have them (osmocom/pysim, facts only).
#[test]
fn objects_of_other_standards_come_back() {
    for hex in
        ["8C1668747470733A2F2F61646D696E2E686F73742F757269", "82027921", "82054221006E05", "C00403708010"]
    {
        let said = said(hex, Some(Kind::BerTlv), None);
        assert_eq!(
            (&said["reencoded"], &said["fields"][0]["value"]),
            (&hex.into(), &hex[4..].into()),
            "{said}"
        );
    }
    let cut = said("6F0384", Some(Kind::BerTlv), None);
    assert_eq!(cut["error"]["offset"], 2, "{cut}");
}

/// Packets as gsm0348 and onomondo-uicc have them, with their header before them (facts only; TS 31.115 §4.2, §4.3).
#[test]
fn user_data_with_a_packet_are_no_terminal_profile() {
    let command =
        "027000 0028 15 0619 22 22 B00011 E87CCEEBB2D93083011CE294F93FC4D8DE80DA1ABAE8C37CA3E72EC4432E5058";
    let command = command.replace(' ', "");
    comes_back(&command, "user-data");
    let said_of = said(&command, None, None);
    let fields: Vec<_> = said_of["fields"].as_array().unwrap().iter().collect();
    assert_eq!((&fields[2]["value"], &fields[2]["offset"]), (&"22".into(), &8.into()), "KIc: {said_of}");
    assert_eq!((&fields[4]["value"], &fields[4]["offset"]), (&"B00011".into(), &10.into()));
    assert!(fields[5]["value"].as_str().unwrap().starts_with("E87CCE"));
    let receipt = "027100000B0AB000100000000001000A";
    comes_back(receipt, "user-data");
    assert_eq!(said(receipt, None, None)["fields"][2]["value"], 1);
    comes_back(&format!("{receipt}6200"), "response");
    let part = format!("0700032A020170 00{}", &command[6..30]);
    comes_back(&part.replace(' ', ""), "user-data");
    assert_eq!(said(&receipt[..20], None, None)["error"]["offset"], 5);
}

/// An SMS-SUBMIT and an SMS-DELIVER with its service centre, wherever they are cut.
#[test]
fn a_message_that_is_cut_short_is_no_terminal_profile_and_no_report() {
    for (whole, from) in [
        ("11000B916407281553F80000AA0AE8329BFD4697D9EC37", 4),
        ("410102912100F60F027100000B0AB00010000000000000", 4),
        ("440B910100000000F07FF6621010210000001102700000 0E1516191212B00010972B6502", 3),
        ("07911326040000F0040B911346610089F60000208062917314480CC8F71D14969741F977FD07", 3),
    ] {
        let whole = whole.replace(' ', "");
        assert_eq!(said(&whole, None, None)["kind"], "tpdu", "{whole}");
        for octets in from..whole.len() / 2 {
            let said = said(&whole[..2 * octets], None, None);
            assert_ne!(said["error"]["reason"], UNKNOWN, "{octets}");
            let is_report = said["name"].as_str().is_some_and(|name| name.contains("REPORT"));
            assert!(said["kind"] != "terminal-profile" && !is_report, "{octets}: {said}");
        }
    }
}

#[test]
fn a_command_of_another_standard_is_one_still() {
    for hex in ["00010203", "0001020304", "0001020302050604"] {
        comes_back(hex, "apdu");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |text: &str| said(text, None, None)["error"].clone();
    assert_eq!(wrong("D01A8103012180")["offset"], 2);
    assert_eq!(wrong("D01A8103012180")["reason"], "proactive command: 26 octets needed, 5 left");
    let nothing = wrong("58595A5B5C");
    assert_eq!((&nothing["offset"], &nothing["reason"]), (&0.into(), &UNKNOWN.into()));
    // SELECT with a data field that ends too early.
    assert_eq!(wrong("00A40804042F0068")["offset"], 5);
    let unreadable = |text: &str| command_and_response(text).unwrap_err();
    assert_eq!(unreadable("81 0"), (1, "half an octet at the end (octet 1)".into()));
    assert_eq!(unreadable("81 0X").0, 1);
    assert_eq!(unreadable("81:0x").0, 1);
    assert_eq!(unreadable("8012 00 -> 90G0"), (4, "'G' is not a hexadecimal digit (octet 4)".into()));
    assert_eq!(unreadable(" "), (0, "there are no octets".into()));
    assert_eq!(unreadable("8012 ->").0, 2);
    assert!(unreadable(&"00".repeat(1 << 19)).1.starts_with("more than"));
}
