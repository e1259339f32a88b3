//! A card's file as a whole: the round trip, copies of real cards, and every error with its text.

use oxisim_apdu::{Class, Command, Instruction, Status};
use oxisim_card::{
    Image, Profile,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind, Platform},
};
use oxisim_wire::Instant;
use serde_json::{Value, json};

use super::{dump::Imported, *};

/// The card that a text describes.
fn card(text: &str) -> Result<Card, Wrong> {
    super::card(text).map(|(card, _)| card)
}

/// The card that a text describes, as data.
fn read(text: &str) -> Result<Image, Wrong> {
    document(text)
        .and_then(|document| build::build(&document))
        .map(|(image, _)| image)
        .map_err(|at| at.locate(text))
}

fn default_text() -> String {
    write(
        &Profile::default().image(),
        &DEFAULT_NOTES.iter().map(|&note| note.into()).collect::<Vec<_>>(),
        None,
    )
}

/// The same card, with every octet of its files given.
fn whole(mut image: Image) -> Image {
    for file in &mut image.files {
        if let FileKind::Elementary { size, contents: Contents::Octets(octets), .. } = &mut file.kind {
            octets.resize(*size, 0xFF);
        }
    }
    image
}

fn objects(card: &Card) -> Vec<(&str, &[u8])> {
    card.memory().objects().collect()
}

#[test]
fn the_built_in_card_is_the_same_card_from_its_file() {
    let text = default_text();
    assert_eq!(whole(read(&text).unwrap()), whole(Profile::default().image()));
    let (built_in, loaded) = (Card::new(&Profile::default()), card(&text).unwrap());
    assert_eq!(objects(&loaded), objects(&built_in));
    for words in [
        "imsi = \"001010000000001\"",
        "iccid = ",
        "spn = { name = \"oxisim\"",
        "msisdn = ",
        "service_centre = ",
    ] {
        assert!(text.contains(words), "{words}");
    }
}

#[test]
fn every_file_of_the_built_in_card_has_a_name() {
    let text = default_text();
    let paths: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("[files.\"").or_else(|| line.strip_prefix("[directories.\"")))
        .filter_map(|line| line.split('"').next())
        .collect();
    assert_eq!(paths.len(), Profile::default().image().files.len());
    for path in paths {
        let named = |step: &str| ["MF", "ADF.", "DF.", "EF."].iter().any(|kind| step.starts_with(kind));
        assert!(path.split('/').all(named), "{path}");
    }
}

#[test]
fn a_file_written_twice_is_the_same_text() {
    for image in [Profile::default().image(), imported("sysmoisim-sja2").image, imported("gsm-sim").image] {
        let text = write(&image, &[], None);
        assert_eq!(write(&read(&text).unwrap(), &[], None), text);
        assert_eq!(whole(read(&text).unwrap()), whole(image));
    }
}

/// A dump of a real card, with its records unfolded.
fn dump(name: &str) -> Value {
    let path = format!("{}/tests/vectors/real_cards/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut dump: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for file in dump["files"].as_array_mut().unwrap() {
        let Some(runs) = file.get("records").and_then(Value::as_array) else { continue };
        let records = runs.iter().flat_map(|run| vec![run[1].clone(); run[0].as_u64().unwrap() as usize]);
        file["records"] = records.collect();
    }
    dump
}

fn imported(name: &str) -> Imported {
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

/// SELECT with an answer; of a deactivated file too, which warns.
fn select(card: &mut Card, p1: u8, data: &[u8]) -> Vec<u8> {
    let select = Command::new(Class::INTERINDUSTRY, Instruction::SELECT, p1, 0x04).data(data).ne(256);
    card.exchange(Instant::EPOCH, &select.to_bytes()).data
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

const BY_PATH: u8 = 0x08;
const BY_IDENTIFIER: u8 = 0x00;
const BY_NAME: u8 = 0x04;

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

/// A card with little on it, for one more table.
const SMALL: &str = r#"atr = "3B00"
[[pins]]
key = "pin1"
value = "1234"
[directories."MF"]
compact = "00"
[directories."MF/DF.TELECOM"]
compact = "00"
[directories."ADF.USIM"]
aid = "A0000000871002"
compact = "00"
"#;

/// What is wrong with a card's file.
fn wrong(text: &str) -> String {
    card(text).unwrap_err().to_string()
}

/// Real cards have such files, too.
#[test]
fn an_access_rule_that_is_not_there_is_doubted_and_no_error() {
    let doubts = |lines: &str| -> Vec<String> {
        let (_, doubts) = super::card(&format!("{SMALL}{lines}")).unwrap();
        doubts.iter().map(ToString::to_string).collect()
    };
    let file = |fid: &str, arr: &str| format!("[files.\"MF/{fid}\"]\nsize = 1\narr = \"{arr}\"\n");
    let rules = "[files.\"MF/EF.ARR\"]\nrecord_length = 20\nrecord_count = 2\nread = \"always\"\n";
    let missing = "line 14: files.\"MF/2F05\".arr: there is no EF_ARR 2F06: what it would allow is denied";
    assert_eq!(doubts(&file("2F05", "2F06/1")), [missing]);
    assert_eq!(doubts(&(file("2F05", "2F06/2") + rules)), [""; 0], "it may stand behind");
    let both = file("2F05", "2F06/0:1 1:3") + &file("2F07", "2F06/3") + rules;
    assert_eq!(
        doubts(&both),
        [
            "line 14: files.\"MF/2F05\".arr: EF_ARR 2F06 has no record 3: what it would allow is denied (and 1 more \
          refer to it)"
        ]
    );
    let text = default_text();
    assert_eq!(super::card(&text).unwrap().1, []);
}

/// What is wrong with a file of [`SMALL`], without the line and the table.
fn wrong_file(path: &str, lines: &str) -> String {
    let error = wrong(&format!("{SMALL}[files.\"{path}\"]\n{lines}"));
    let table = format!("files.{}", locate::quoted(path));
    let (line, rest) = error.split_once(&table).unwrap();
    assert!((12..17).any(|number| line == format!("line {number}: ")), "{error}");
    rest.trim_start_matches(": ").trim_start_matches('.').into()
}

#[test]
fn a_small_card_is_a_card() {
    card(SMALL).unwrap();
}

#[test]
fn a_wrong_file_is_named_with_line_and_key() {
    let text = format!("{SMALL}[files.\"7F10/6F3A\"]\nread = \"pin1\"\nrecord_length = 13\n");
    assert_eq!(wrong(&text), "line 14: files.\"7F10/6F3A\".record_length: 13 is too short for EF_ADN");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.toml");
    std::fs::write(&path, text).unwrap();
    let error = load(&path).unwrap_err().to_string();
    let error = error.strip_prefix(&format!("{}/", folder.path().display())).unwrap();
    assert_eq!(error, "card.toml, line 14: files.\"7F10/6F3A\".record_length: 13 is too short for EF_ADN");
}

#[test]
fn every_mistake_in_a_file_has_its_words() {
    for (path, lines, expected) in [
        (
            "MF/EF.NONE",
            "size = 1",
            "\"EF.NONE\" is neither four hexadecimal digits nor the name of a file in MF that this program knows",
        ),
        ("MF/7F20/6F07", "size = 1", "there is no [directories.\"MF/DF.GSM\"] before it"),
        ("ADF.ISIM/6F07", "size = 1", "there is no [directories.\"ADF.ISIM\"]"),
        ("MF/DF.TELECOM", "size = 1", "MF/DF.TELECOM is there already"),
        ("ADF.USIM", "size = 1", "this is a directory: it belongs under [directories]"),
        ("2F05", "size = 4", "no access rule: write arr, compact, expanded, or read and update"),
        ("2F05", "compact = \"00\"", "no size and no contents from which it would follow"),
        ("2F05", "record_length = 4", "no record_count and no contents from which it would follow"),
        ("2F05", "size = 70000", "size: a file has 65535 octets at most"),
        ("2F05", "record_length = 300", "record_length: 300 is no length of a record: 1 to 255"),
        ("2F05", "record_count = 3", "record_count: only a file with a record_length has records"),
        ("2F05", "record_count = 0\nrecord_length = 1", "record_count: 0 is no number of records: 1 to 255"),
        ("2F05", "size = 3\nrecord_length = 1", "size: a file with records has record_count instead"),
        ("2F05", "structure = \"cyclic\"", "structure: record_length must be given"),
        (
            "2F05",
            "structure = \"ber-tlv\"\nrecord_length = 1",
            "structure: a file of this structure has no record_length",
        ),
        (
            "2F05",
            "structure = \"round\"",
            "structure: unknown variant `round`, expected one of `transparent`, `linear`, `cyclic`, `ber-tlv`",
        ),
        ("2F05", "sfi = 31", "sfi: invalid value: integer `31`, expected 1 to 30, \"none\" or \"implied\""),
        (
            "2F05",
            "size = 1\ncompact = \"00\"\nheader = \"00\"",
            "header: 1 octets; the header of a file has 14 to 255",
        ),
        ("2F05", "colour = 1", "colour: unknown field `colour`"),
        ("2F05", "contents = \"0g\"", "contents: 'g' is no hexadecimal digit"),
        ("2F05", "contents = \"00..\"", "a size must be given, for the contents end with \"..\""),
        ("2F05", "contents = \"0001\"\nsize = 1", "contents: 2 octets do not fit into 1"),
        (
            "2F05",
            "contents = \"0001\"\nsize = 3",
            "contents: 2 octets where 3 stand: end with \"FF..\" to fill the rest",
        ),
        ("2F05", "records = [\"00\"]", "records: records is for a file with a record_length"),
        (
            "2F05",
            "records = [\"2 x 00\"]\nrecord_length = 1\nrecord_count = 1",
            "records[1]: more records than the 1 of the file",
        ),
        (
            "2F05",
            "records = [\"00\", \"y x 00\"]\nrecord_length = 1",
            "records[2]: \"y\" is no number of records from 1 to 255",
        ),
        ("2F05", "imsi = \"1\"", "imsi: \"1\" is not an IMSI: 6 to 15 digits"),
        ("2F05", "imsi = \"001010000000001\"\nsize = 8", "imsi: 9 octets do not fit into 8"),
        (
            "2F05",
            "imsi = \"001010000000001\"\ncontents = \"00\"",
            "imsi: the contents are given already, as contents",
        ),
        ("2F05", "msisdn = \"112\"", "msisdn: msisdn is for a file with a record_length"),
        (
            "2F05",
            "phonebook = [{ name = \"A\", slot = 3 }]\nrecord_length = 20\nrecord_count = 2",
            "phonebook[1]: slot 3 is not one of 1 to 2",
        ),
        (
            "2F05",
            "phonebook = [{ name = \"A\" }, { name = \"B\", slot = 1 }]\nrecord_length = 20\nrecord_count = 2",
            "phonebook[2]: slot 1 is taken already",
        ),
        (
            "2F05",
            "phonebook = [{ name = \"Alexander\" }]\nrecord_length = 20\nrecord_count = 2",
            "phonebook[1]: \"Alexander\" does not fit into 6 octets: \"der\" is left over",
        ),
        ("2F05", "phonebook = []\nrecord_length = 20", "record_count must be given"),
        ("2F05", "imsi = \"001010000000001\"\nrecord_length = 9", "imsi: imsi is for a file without records"),
        ("2F05", "iccid = \"8900\"\nrecord_length = 10", "iccid: iccid is for a file without records"),
        (
            "2F05",
            "spn = { name = \"A\", condition = 1 }\nrecord_length = 17",
            "spn: spn is for a file without records",
        ),
        ("2F05", "records = [\"00\", \"0001\"]\nrecord_length = 1", "records[2]: 2 octets do not fit into 1"),
        ("2F05", "shared_with = \"2F06\"", "shared_with: there is no 2F06 before it"),
        ("2F05", "arr = \"2F06\"\nsize = 1", "arr: \"2F06\" is no reference to EF_ARR: write 2F06/3"),
        (
            "2F05",
            "read = \"pin1 or me\"\nsize = 1",
            "read: \"pin1 or me\" is not always, never, or keys such as \"pin1 or adm1\"",
        ),
        (
            "2F05",
            "size = 1\nread = \"always\"\ncompact = \"00\"",
            "more than one access rule: arr, compact, expanded, or read and update",
        ),
    ] {
        let found = wrong_file(path, lines);
        let found = found.split(", expected one of `structure`").next().unwrap();
        assert_eq!(found, expected, "{path} {lines}");
    }
}

#[test]
fn every_mistake_beside_files_has_its_words() {
    let with = |lines: &str| wrong(&format!("{SMALL}{lines}"));
    let pin = |lines: &str| with(&format!("[[pins]]\n{lines}"));
    for (found, expected) in [
        (wrong(""), "line 1: missing field `atr`"),
        (wrong("atr = "), "line 1: string values must be quoted, expected literal string"),
        (
            wrong(&SMALL.replace("3B00", "3")),
            "line 1: atr: 1 hexadecimal digits are no octets: their number is odd",
        ),
        (wrong(&SMALL.replace("3B00", "3B")), "line 1: atr: T0 at octet 1: 1 octets needed, 0 left"),
        (wrong("atr = \"3B00\""), "line 1: there is no [directories.\"MF\"]"),
        (with("[directories.\"MF\"]"), "line 12: duplicate key"),
        (
            with(
                "[files.\"MF/EF.PL\"]\nsize = 1\nread = \"always\"\n[files.\"2f05\"]\nsize = 1\nread = \"always\"",
            ),
            "line 15: files.2f05: MF/EF.PL is there already",
        ),
        (
            wrong(&SMALL.replace("\"3B00\"\n", &format!("\"3B00\"\nmenu_title = \"{}\"\n", "m".repeat(128)))),
            "line 2: menu_title: 128 octets do not fit into 127",
        ),
        (with("[directories.\"3F00\"]\ncompact = \"\""), "line 12: directories.3F00: MF is there already"),
        (
            with("[directories.\"7F20\"]"),
            "line 12: directories.7F20: no access rule: write arr, compact or expanded",
        ),
        (
            with("[directories.\"7F20\"]\nfid = \"7F20\""),
            "line 13: directories.7F20.fid: only an ADF has one beside its path",
        ),
        (
            with("[directories.\"7F20\"]\naid = \"00\""),
            "line 13: directories.7F20.aid: only an ADF has one: its path is \"ADF.\" and a name",
        ),
        (
            with("[directories.\"7F20\"]\ncompact = \"00\"\nheader = \"00\""),
            "line 14: directories.7F20.header: 1 octets; the header of a directory has 22 to 255",
        ),
        (
            wrong(&format!("platform = \"gsm\"\n{SMALL}")),
            "line 1: platform: unknown variant `gsm`, expected one of `uicc-with-sim`, `uicc`, `sim`",
        ),
        (with("[directories.\"ADF.B\"]"), "line 12: directories.\"ADF.B\": an ADF needs its aid"),
        (
            with("[directories.\"ADF.B\"]\naid = \"00\""),
            "line 13: directories.\"ADF.B\".aid: 1 octets are no AID: it has 5 to 16",
        ),
        (
            with("[directories.\"ADF.B\"]\naid = \"A0000000871002\""),
            "line 13: directories.\"ADF.B\".aid: another ADF has this AID",
        ),
        (
            with("[directories.\"ADF.B\"]\nfid = \"7\""),
            "line 13: directories.\"ADF.B\".fid: \"7\" is not four hexadecimal digits",
        ),
        (
            pin("key = \"pin7\"\nvalue = \"1234\""),
            "line 13: pins[2].key: \"pin7\" is no key: write pin1, pin2, adm1, or two hexadecimal digits",
        ),
        (pin("key = \"pin1\"\nvalue = \"1234\""), "line 13: pins[2].key: pin1 is there already"),
        (
            pin("key = \"pin2\"\nvalue = \"123\""),
            "line 14: pins[2].value: \"123\" is neither 4 to 8 digits nor 16 hexadecimal ones",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\ntries = 4"),
            "line 15: pins[2].tries: 4 of 3 tries cannot be left",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\nmax_tries = 16"),
            "line 15: pins[2].max_tries: 16 tries: 1 to 15 can be",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\nmax_tries = 0\ntries = 0"),
            "line 15: pins[2].max_tries: 0 tries: 1 to 15 can be",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\npuk = \"12345678\"\npuk_max_tries = 16"),
            "line 16: pins[2].puk_max_tries: 16 tries: 1 to 15 can be",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\npuk = \"12345678\"\npuk_tries = 11"),
            "line 16: pins[2].puk_tries: 11 of 10 tries cannot be left",
        ),
        (
            wrong(&SMALL.replace("\"3B00\"\n", "\"3B00\"\nmemory = 10\n")),
            "line 2: memory: 22 octets are in use, the memory has 10",
        ),
        (
            with(
                "[files.\"2F05\"]\nsize = 1\nread = \"always\"\nsfi = 5\n\
                 [files.\"2F06\"]\nsize = 1\nread = \"always\"\nsfi = 5",
            ),
            "line 19: files.2F06.sfi: 2F05 has the short file identifier 5 already",
        ),
        (
            with("[files.\"2F05\"]\nsize = 1\nread = \"always\"\nproprietary = \"C00140C0\""),
            "line 15: files.2F05.proprietary: no sequence of TLVs: proprietary information at octet 4: 1 octets \
             needed, 0 left",
        ),
        (
            pin("key = \"adm1\"\nvalue = \"1234\"\nenabled = false"),
            "line 13: pins[2].key: an administrative key cannot be disabled",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\ndirectory = \"7F20\""),
            "line 15: pins[2].directory: there is no [directories.\"7F20\"]",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn every_mistake_in_keys_and_applets_has_its_words() {
    let key = |lines: &str| wrong(&format!("{SMALL}[[authentication]]\ndirectory = \"ADF.USIM\"\n{lines}"));
    let applet = |lines: &str| wrong(&format!("{SMALL}[applets.backup]\n{lines}"));
    let k = "k = \"00112233445566778899AABBCCDDEEFF\"";
    for (found, expected) in [
        (key(k), "line 12: authentication[1]: missing field `algorithm`"),
        (
            key(&format!("algorithm = \"milenage\"\n{k}")),
            "line 14: authentication[1].algorithm: op or opc must be given",
        ),
        (key("algorithm = \"xor\"\nk = \"00\""), "line 15: authentication[1].k: 1 octets where 16 stand"),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nop = \"00\"")),
            "line 16: authentication[1].op: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\niterations = 1")),
            "line 16: authentication[1].iterations: this algorithm has none",
        ),
        (
            key("algorithm = \"tuak\"\nk = \"00\""),
            "line 15: authentication[1].k: 1 octets; a key of TUAK has 16 or 32",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\niterations = 0")),
            "line 16: authentication[1].iterations: at least 1",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\nmac_bits = 32")),
            "line 16: authentication[1].mac_bits: 32 bits: it has 64, 128, 256",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\nres_bits = 96")),
            "line 16: authentication[1].res_bits: 96 bits: it has 32, 64, 128, 256",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\nck_bits = 64")),
            "line 16: authentication[1].ck_bits: 64 bits: it has 128, 256",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nres_bits = 36")),
            "line 16: authentication[1].res_bits: 36 bits: a multiple of 8 from 32 to 128",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nik_bits = 128")),
            "line 16: authentication[1].ik_bits: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"milenage\"\n{k}\nres_bits = 64")),
            "line 16: authentication[1].res_bits: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nind_bits = 6")),
            "line 16: authentication[1].ind_bits: 6 bits: 0 to 5 can be",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nsqn = [\"00\"]")),
            "line 16: authentication[1].sqn[1]: 1 octets where 6 stand",
        ),
        (
            key(&format!("algorithm = \"comp128-1\"\n{k}\nsqn = []")),
            "line 16: authentication[1].sqn: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"xor-2g\"\n{k}\ndelta = 5")),
            "line 16: authentication[1].delta: this algorithm has none",
        ),
        (
            key(&format!(
                "algorithm = \"xor\"\n{k}\n[[authentication]]\ndirectory = \"ADF.USIM\"\nalgorithm = \"xor\"\n{k}"
            )),
            "line 17: authentication[2].directory: ADF.USIM has a key already",
        ),
        (
            wrong(&format!(
                "{SMALL}[[authentication]]\ndirectory = \"MF/DF.TELECOM\"\nalgorithm = \"xor\"\n{k}"
            )),
            "line 13: authentication[1].directory: only ADFs and MF/DF.GSM authenticate",
        ),
        (
            wrong(&format!("{SMALL}[applets.hello]\n")),
            "line 12: applets.hello: unknown field `hello`, expected `backup`",
        ),
        (applet("mode = \"timer\""), "line 12: applets.backup: missing field `server`"),
        (
            applet("server = \"1\"\nmode = \"fast\""),
            "line 14: applets.backup.mode: unknown variant `fast`, expected one of `auto`, `normal`, `server`, `timer`, \
             `status`, `ask`",
        ),
        (applet("server = \"nobody\""), "line 13: applets.backup.server: 'n' is no decimal digit"),
        (applet("server = \"1\"\nsubset = 0"), "line 14: applets.backup.subset: at least 1"),
        (
            applet("server = \"1\"\npause = \"soon\""),
            "line 14: applets.backup.pause: \"soon\" is no length of time: write 90s, 2m, 1h30m or 7d",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

/// A key of every algorithm comes back from its lines, with everything that can be said of it.
#[test]
fn every_key_is_the_same_from_its_file() {
    const HEAD: &str = "[[authentication]]\ndirectory = \"ADF.USIM\"\nk = \"";
    const K: &str = "00112233445566778899AABBCCDDEEFF";
    let op = "FEDCBA98765432100123456789ABCDEF";
    for lines in [
        format!("{HEAD}{K}\"\nalgorithm = \"milenage\"\nop = \"{op}\""),
        format!(
            "{HEAD}{K}\"\nalgorithm = \"milenage\"\nopc = \"{op}\"\nind_bits = 3\ndelta = 7\nage_limit = 9"
        ),
        format!(
            "{HEAD}{K}\"\nalgorithm = \"milenage\"\nopc = \"{op}\"\nsqn = [\"000000000020\", \"FFFFFFFFFFFF\"]"
        ),
        format!("{HEAD}{K}\"\nalgorithm = \"tuak\"\nop = \"{op}{op}\"\niterations = 2"),
        format!(
            "{HEAD}{K}{K}\"\nalgorithm = \"tuak\"\nopc = \"{op}{op}\"\nmac_bits = 128\nres_bits = 256\nck_bits = 256\nik_bits = 128"
        ),
        format!("{HEAD}{K}\"\nalgorithm = \"xor\"\nres_bits = 40"),
        format!("{HEAD}{K}\"\nalgorithm = \"xor-2g\""),
        format!("{HEAD}{K}\"\nalgorithm = \"comp128-1\""),
        format!("{HEAD}{K}\"\nalgorithm = \"comp128-2\""),
        format!("{HEAD}{K}\"\nalgorithm = \"comp128-3\""),
    ] {
        let image = read(&format!("{SMALL}{lines}")).unwrap();
        let text = write(&image, &[], None);
        assert_eq!(read(&text).unwrap().authentication, image.authentication, "{text}");
        assert_eq!(image.authentication.len(), 1);
    }
}

/// The published challenge of `crates/card/tests/vectors`, to a card whose file has OP and the highest number.
#[test]
fn a_card_authenticates_with_the_key_of_its_file() {
    let key = "[[authentication]]\ndirectory = \"ADF.USIM\"\nalgorithm = \"milenage\"\n\
               k = \"8BAF473F2F8FD09487CCCBD7097C6862\"\nop = \"11111111111111111111111111111111\"\n";
    let challenge = "00880081 22 10 8838C355C878AA572149FE69DB686B5A 10 D744519B25AA800084BA37B0F6734DD1 00";
    let challenge = hex::decode(challenge.replace(' ', "")).unwrap();
    for (sqn, tag) in [("", 0xDB), ("sqn = [\"000000001B37\"]", 0xDB), ("sqn = [\"000000001B57\"]", 0xDC)] {
        let mut card = card(
            &format!("{SMALL}{key}{sqn}").replace("value = \"1234\"", "value = \"1234\"\nenabled = false"),
        )
        .unwrap();
        card.power_on(Instant::EPOCH);
        select(&mut card, BY_NAME, &oxisim_card::AID_USIM[..7]);
        let response = card.exchange(Instant::EPOCH, &challenge);
        assert_eq!((response.status, response.data[0]), (Status::NORMAL, tag), "{sqn}");
        if tag == 0xDB {
            assert_eq!(hex::encode_upper(&response.data[1..10]), "08E55D8827918DACC6");
        }
    }
}

#[test]
fn the_applets_of_a_file_are_on_the_card() {
    let text = format!("{}[applets.backup]\nserver = \"+15550199999\"\nmode = \"timer\"\n", default_text());
    assert!(PhonebookBackup::is_on(&card(&text).unwrap()));
    assert!(!PhonebookBackup::is_on(&card(&default_text()).unwrap()));
}

/// A folder with the built-in card's file.
fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.toml");
    std::fs::write(&path, default_text()).unwrap();
    (folder, path)
}

/// Four octets of `EF_LOCI`, which anyone may update on the built-in card.
fn update(card: &mut Card, number: u32) -> Status {
    select(card, BY_NAME, &oxisim_card::AID_USIM);
    select(card, BY_PATH, &[0x7F, 0xFF, 0x6F, 0x7E]);
    let octets = number.to_be_bytes();
    let update = Command::new(Class::INTERINDUSTRY, Instruction::UPDATE_BINARY, 0, 0).data(&octets);
    card.exchange(Instant::EPOCH, &update.to_bytes()).status
}

/// What [`update`] has written.
fn number(card: &Card) -> u32 {
    let object = card.memory().find("3F00/7FFF/6F7E").unwrap();
    u32::from_be_bytes(card.memory().read(object)[..4].try_into().unwrap())
}

#[test]
fn what_a_card_writes_is_there_again() {
    let (_folder, path) = folder();
    let (mut card, mut state) = open(&path).unwrap();
    state.save(&card).unwrap();
    assert!(!StateFile::path(&path).exists(), "nothing was written");
    card.power_on(Instant::EPOCH);
    assert_eq!(update(&mut card, 7), Status::NORMAL);
    state.save(&card).unwrap();
    let text = std::fs::read_to_string(StateFile::path(&path)).unwrap();
    assert!(text.contains("3F00/7FFF/6F7E") && !text.contains("6F3A"), "only what differs: {text}");
    drop(state);
    let (again, _state) = open(&path).unwrap();
    assert_eq!(objects(&again), objects(&card));
}

#[test]
fn a_card_runs_once() {
    let (_folder, path) = folder();
    let running = open(&path).unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert_eq!(error, format!("the card of {} is in use by another process", path.display()));
    drop(running);
    open(&path).unwrap();
}

/// CREATE FILE and DELETE FILE (TS 102 222 §6.3, §6.4).
#[test]
fn files_that_come_and_go_are_there_again_or_not() {
    let (_folder, path) = folder();
    let send = |card: &mut Card, apdu: &str| {
        card.exchange(Instant::EPOCH, &hex::decode(apdu.replace(' ', "")).unwrap())
    };
    let (mut card, mut state) = open(&path).unwrap();
    card.power_on(Instant::EPOCH);
    for apdu in [
        "0020000A083030303030303030",
        "00E00000196217 82024121 83022F71 8A0105 8C03030000 80020003 8801A0",
        "00D6000003010203",
        "00A4000C023F00",
        "00E40000022F05",
    ] {
        assert_eq!(send(&mut card, apdu).status, Status::NORMAL, "{apdu}");
    }
    state.save(&card).unwrap();
    drop(state);
    let (mut card, _state) = open(&path).unwrap();
    card.power_on(Instant::EPOCH);
    assert_eq!(send(&mut card, "00B0940000").data, [1, 2, 3]);
    assert_eq!(send(&mut card, "00A4000C022F05").status, Status::FILE_NOT_FOUND);
}

#[test]
fn a_state_that_is_none_is_refused() {
    let (_folder, path) = folder();
    for (text, expected) in [
        ("{", "EOF while parsing an object at line 1 column 1"),
        (r#"{"version":9,"objects":{}}"#, "it has version 9, this program knows 1"),
        (r#"{"version":1,"objects":{"x":"00"}}"#, "x: outside of the object"),
        (r#"{"version":1,"objects":{"x":"0"}}"#, "x: Odd number of digits"),
    ] {
        let state = StateFile::path(&path);
        std::fs::write(&state, text).unwrap();
        let error = open(&path).unwrap_err().to_string();
        let (state, image) = (state.display(), path.display());
        let advice = format!(
            "if it is of another card, or {image} has changed since, move it away, and the card is as {image} says"
        );
        assert_eq!(
            error,
            format!("{state} is not what the card of {image} has written: {expected}; {advice}")
        );
    }
}

/// Where the process that is to be killed finds its card.
const CHILD: &str = "OXISIM_TEST_CARD";

/// Does nothing, unless `a_killed_process_loses_nothing_acknowledged` has started it as the process that it kills.
#[test]
fn child_that_writes() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let (mut card, mut state) = open(Path::new(&path)).unwrap();
    card.power_on(Instant::EPOCH);
    for next in number(&card).wrapping_add(1).. {
        assert_eq!(update(&mut card, next), Status::NORMAL);
        state.save(&card).unwrap();
        println!("acknowledged {next}");
    }
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Command, Stdio},
    };
    let (_folder, path) = folder();
    let mut last = u32::MAX;
    for round in 1..=8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "image::tests::child_that_writes", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut acknowledged =
            lines.filter_map(|line| Some(line.rsplit_once("acknowledged ")?.1.parse::<u32>().unwrap()));
        let first = acknowledged.by_ref().nth(round * 3).expect("the child writes");
        child.kill().unwrap();
        // What it acknowledged until the kill is in the pipe.
        let told = acknowledged.last().unwrap_or(first);
        child.wait().unwrap();
        let (card, _state) = open(&path).unwrap();
        let kept = number(&card);
        assert!(kept == told || kept == told.wrapping_add(1), "told {told}, kept {kept}");
        assert_ne!(kept, last);
        last = kept;
    }
}
