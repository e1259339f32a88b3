//! Copies of real cards, from what a reader found on them.

use super::*;

const DUMPS: [(&str, &str); 2] = [
    ("gsm-sim", include_str!("../../tests/vectors/real_cards/gsm-sim.json")),
    ("sysmoisim-sja2", include_str!("../../tests/vectors/real_cards/sysmoisim-sja2.json")),
];

/// A dump of a real card, with its records unfolded.
fn dump(name: &str) -> Value {
    let (_, text) = DUMPS.iter().find(|(of, _)| *of == name).unwrap();
    let mut dump: Value = serde_json::from_str(text).unwrap();
    for file in dump["files"].as_array_mut().unwrap() {
        let Some(runs) = file.get("records").and_then(Value::as_array) else { continue };
        let records = runs.iter().flat_map(|run| vec![run[1].clone(); run[0].as_u64().unwrap() as usize]);
        file["records"] = records.collect();
    }
    dump
}

pub fn imported(name: &str) -> Imported {
    import(&dump(name).to_string()).unwrap()
}

/// A copy of a real card, through its file, with all its keys verified.
fn copy(name: &str) -> Card {
    let text = write(&imported(name).image, &[], None);
    let mut card = card(&text).unwrap();
    card.power_on(Instant::EPOCH);
    for (key, value) in [(0x0A, b"00000000"), (0x0B, b"00000000"), (0x81, b"0000\xFF\xFF\xFF\xFF")] {
        let verify = Command::new(Class::INTERINDUSTRY, Instruction::VERIFY, 0, key).data(value);
        let status = card.exchange(Instant::EPOCH, &verify.to_bytes()).status;
        assert!(
            status == Status::NORMAL || status == Status::REFERENCED_DATA_NOT_FOUND,
            "{key:02X}: {status:?}"
        );
    }
    card
}

/// Selects the directory of a file, and returns the identifiers from the MF or from the application that is
/// current then.
fn enter(card: &mut Card, path: &str) -> Vec<u8> {
    let mut steps: Vec<&str> = path.split('/').skip(1).collect();
    if let Some(aid) = steps.first().copied().filter(|step| step.len() > 4) {
        assert_ne!(select(card, 0x04, &hex::decode(aid).unwrap()), [0; 0], "{path}");
        steps[0] = "7FFF";
    }
    hex::decode(steps.concat()).unwrap()
}

#[test]
fn a_copy_of_a_uicc_answers_select_as_the_card_did() {
    let mut card = copy("sysmoisim-sja2");
    let mut selected = 0;
    for file in dump("sysmoisim-sja2")["files"].as_array().unwrap() {
        let (name, path) = (file["path"].as_str().unwrap(), file["fid_path"].as_str().unwrap());
        let expected = hex::decode(file["select_response"].as_str().unwrap()).unwrap();
        if expected[0] == 0x6F {
            continue; // An application of GlobalPlatform, which has no FCP.
        }
        let answer = if let Some((_, aid)) = path.rsplit_once('/').filter(|(_, step)| step.len() > 4) {
            select(&mut card, BY_NAME, &hex::decode(aid).unwrap())
        } else if path == "3f00" {
            select(&mut card, BY_IDENTIFIER, &[0x3F, 0x00])
        } else {
            let steps = enter(&mut card, path);
            let by_path = select(&mut card, BY_PATH, &steps);
            select(&mut card, BY_PATH, &steps);
            let (directory, identifier) = steps.split_at(steps.len() - 2);
            if directory.is_empty() {
                select(&mut card, BY_IDENTIFIER, &[0x3F, 0x00]);
            } else {
                select(&mut card, BY_PATH, directory);
            }
            assert_eq!(
                hex::encode_upper(select(&mut card, BY_IDENTIFIER, identifier)),
                hex::encode_upper(&by_path),
                "{name}"
            );
            by_path
        };
        assert_eq!(hex::encode_upper(answer), hex::encode_upper(expected), "{name}");
        selected += 1;
    }
    assert_eq!(selected, 253);
}

/// Reads the file that is current, or the one with the short file identifier `sfi`.
fn contents(card: &mut Card, structure: Structure, size: usize, sfi: Option<u8>) -> Result<Vec<u8>, Status> {
    let mut out = Vec::new();
    match structure {
        Structure::Transparent | Structure::BerTlv => {
            while out.len() < size {
                let count = (size - out.len()).min(255);
                let offset = out.len() as u16;
                let [high, low] = offset.to_be_bytes();
                let p1 = sfi.filter(|_| offset == 0).map_or(high, |sfi| 0x80 | sfi);
                let read = Command::new(Class::INTERINDUSTRY, Instruction::READ_BINARY, p1, low).ne(count);
                let response = card.exchange(Instant::EPOCH, &read.to_bytes());
                if response.status != Status::NORMAL {
                    return Err(response.status);
                }
                out.extend(response.data);
            }
        }
        Structure::LinearFixed { record } | Structure::Cyclic { record } => {
            for number in 1..=size / usize::from(record) {
                let p2 = sfi.map_or(0, |sfi| sfi << 3) | 0x04;
                let read = Command::new(Class::INTERINDUSTRY, Instruction::READ_RECORD, number as u8, p2);
                let response = card.exchange(Instant::EPOCH, &read.ne(record.into()).to_bytes());
                if response.status != Status::NORMAL {
                    return Err(response.status);
                }
                out.extend(response.data);
            }
        }
    }
    Ok(out)
}

/// Compares the contents of every file with what the reader found, after SELECT and by short file identifier.
/// Returns how many were compared, and how many by short file identifier.
fn compare_contents(name: &str) -> (usize, usize) {
    let mut card = copy(name);
    let (mut compared, mut by_sfi) = (0, 0);
    for file in dump(name)["files"].as_array().unwrap() {
        let expected = match (&file["binary"], &file["records"]) {
            (Value::String(binary), _) => binary.clone(),
            (_, Value::Array(records)) => records.iter().map(|record| record.as_str().unwrap()).collect(),
            _ => continue,
        };
        let steps = enter(&mut card, file["fid_path"].as_str().unwrap());
        let answer = select(&mut card, BY_PATH, &steps);
        let selected = FileImage::from_fcp(Vec::new(), &answer, Contents::Octets(Vec::new())).unwrap();
        let FileKind::Elementary { structure, size, sfi, .. } = selected.kind else {
            panic!("{}", file["path"])
        };
        let found = contents(&mut card, structure, size, None);
        assert_eq!(found.map(hex::encode_upper), Ok(expected.clone()), "{}", file["path"]);
        compared += 1;
        if let Sfi::Is(sfi) = sfi {
            let (directory, _) = steps.split_at(steps.len() - 2);
            let directory = if directory.is_empty() { &[0x3F, 0x00][..] } else { directory };
            select(&mut card, if directory == [0x3F, 0x00] { BY_IDENTIFIER } else { BY_PATH }, directory);
            let found = contents(&mut card, structure, size, Some(sfi));
            assert_eq!(found.map(hex::encode_upper), Ok(expected), "{} by SFI {sfi}", file["path"]);
            by_sfi += 1;
        }
    }
    (compared, by_sfi)
}

#[test]
fn a_copy_of_a_uicc_holds_what_the_card_held() {
    assert_eq!(compare_contents("sysmoisim-sja2"), (226, 66));
}

/// SELECT of the files of a path, one in the other, in class `A0`, without Le: the header that waits then.
fn select_in_gsm(card: &mut Card, path: &str) -> Vec<u8> {
    let mut exchange = |command: Command<'_>| card.exchange(Instant::EPOCH, &command.to_bytes());
    let mut header = Vec::new();
    for step in path.split('/') {
        let fid = hex::decode(step).unwrap();
        let status = exchange(Command::new(Class::GSM, Instruction::SELECT, 0, 0).data(&fid)).status;
        assert_eq!(status.sw1(), 0x9F, "{path} {status}");
        let response = Command::new(Class::GSM, Instruction::GET_RESPONSE, 0, 0).ne(status.sw2().into());
        header = exchange(response).data;
    }
    header
}

#[test]
fn a_copy_of_a_sim_answers_select_as_the_card_did() {
    let mut card = card(&write(&imported("gsm-sim").image, &[], None)).unwrap();
    card.power_on(Instant::EPOCH);
    let mut selected = 0;
    for file in dump("gsm-sim")["files"].as_array().unwrap() {
        let header = select_in_gsm(&mut card, file["fid_path"].as_str().unwrap());
        assert_eq!(hex::encode_upper(header), file["select_response"].as_str().unwrap(), "{}", file["path"]);
        selected += 1;
    }
    assert_eq!(selected, 33);
}

#[test]
fn a_copy_of_a_sim_holds_what_the_card_held() {
    let Imported { image, missing } = imported("gsm-sim");
    assert_eq!(
        missing,
        [
            "pin1: 0000 stands there",
            "pin2: 0000 stands there",
            "adm1: 00000000 stands there",
            "the keys for authentication"
        ]
    );
    let mut card = card(&write(&image, &[], None)).unwrap();
    card.power_on(Instant::EPOCH);
    let verify = Command::new(Class::GSM, Instruction::VERIFY, 0, 2).data(b"0000\xFF\xFF\xFF\xFF");
    assert_eq!(card.exchange(Instant::EPOCH, &verify.to_bytes()).status, Status::NORMAL);
    let mut compared = 0;
    for file in dump("gsm-sim")["files"].as_array().unwrap() {
        let expected = match (&file["binary"], &file["records"]) {
            (Value::String(binary), _) => binary.clone(),
            (_, Value::Array(records)) => records.iter().map(|record| record.as_str().unwrap()).collect(),
            _ => continue,
        };
        let header = select_in_gsm(&mut card, file["fid_path"].as_str().unwrap());
        let size = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let commands: Vec<Command<'_>> = if header[13] == 0 {
            vec![Command::new(Class::GSM, Instruction::READ_BINARY, 0, 0).ne(size)]
        } else {
            let read = |number| Command::new(Class::GSM, Instruction::READ_RECORD, number as u8, 4);
            let record = usize::from(header[14]);
            (1..=size / record).map(|number| read(number).ne(record)).collect()
        };
        let mut found = Vec::new();
        for command in commands {
            let response = card.exchange(Instant::EPOCH, &command.to_bytes());
            assert_eq!(response.status, Status::NORMAL, "{}", file["path"]);
            found.extend(response.data);
        }
        assert_eq!(hex::encode_upper(found), expected, "{}", file["path"]);
        compared += 1;
    }
    assert_eq!(compared, 30);
}

#[test]
fn a_dump_of_a_sim_makes_a_card_that_is_no_uicc() {
    let image = imported("gsm-sim").image;
    assert_eq!(image.platform, Platform::Sim);
    assert_eq!(imported("sysmoisim-sja2").image.platform, Platform::UiccWithSim);
    let directories = |file: &&FileImage| matches!(file.kind, FileKind::Directory { .. });
    assert!(
        image.files.iter().filter(directories).all(|file| file.header.is_some()),
        "counts are not all known"
    );
    assert!(image.files.iter().filter(|file| !directories(file)).all(|file| file.header.is_none()));
    let text = write(&image, &[], None);
    assert!(text.contains("platform = \"sim\"") && text.contains("header = \"000000003F0001"));
    let mut card = card(&text).unwrap();
    card.power_on(Instant::EPOCH);
    let select = [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00];
    assert_eq!(card.exchange(Instant::EPOCH, &select).status, Status::CLASS_NOT_SUPPORTED);
}

/// TS 51.011 §9.2.1: a dump tells how many tries are left, that CHV1 is enabled, and which files are invalidated.
#[test]
fn a_dump_of_a_sim_tells_the_state_of_its_codes_and_files() {
    let file =
        |path, fid_path, header| json!({ "path": path, "fid_path": fid_path, "select_response": header });
    let import = |mf| {
        let files =
            [file("MF", "3f00", mf), file("MF/EF.ICCID", "3f00/2fe2", "0000000A2FE204000CFFFF00020000")];
        import(&json!({ "atr": "3B00", "files": files }).to_string()).unwrap().image
    };
    let image = import("000000003F000100000000000911000104008287808A");
    let keys: Vec<_> = image.pins.iter().map(|pin| (pin.reference.0, pin.enabled, pin.retries)).collect();
    assert_eq!(keys, [(0x01, true, 2), (0x81, true, 0), (0x0A, true, 3)]);
    assert_eq!(image.pins[0].unblock.unwrap().retries, 7);
    assert_eq!(image.files[1].life_cycle, LifeCycle::Deactivated);
    let image = import("000000003F0001000000000009910001040083000000");
    assert_eq!(image.pins.len(), 2, "CHV2 is not initialised");
    assert!(!image.pins[0].enabled && image.pins[0].unblock.is_none());
}

#[test]
fn what_an_import_could_not_read_is_named() {
    let missing = imported("sysmoisim-sja2").missing;
    for expected in [
        "the contents of MF/DF.SYSTEM/EF.CHV1: FF stands there",
        "MF/ADF.ISD: an application that has no files",
        "pin1: 0000 stands there",
        "adm2: 00000000 stands there",
        "the keys for authentication",
    ] {
        assert!(missing.iter().any(|line| line == expected), "{expected}");
    }
}

#[test]
fn a_dump_that_is_none_is_refused() {
    assert_eq!(import("{}").unwrap_err(), "missing field `atr` at line 1 column 2");
    let file = json!({ "path": "MF", "fid_path": "3f00", "select_response": "62FF" });
    let dump = json!({ "atr": "3B00", "files": [file] });
    assert_eq!(
        import(&dump.to_string()).unwrap_err(),
        "MF: FCP template at octet 1: length coding 0xFF is not one of 00-7F, 81, 82, 83"
    );
}
