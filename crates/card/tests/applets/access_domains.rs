//! What an applet may do with files: its access domain (TS 102 226 §8.2.1.3.2).

use oxisim_apdu::{Command, Instruction, Response, Status};
use oxisim_card::{
    AccessDomain, Aid, Applet, AppletError, Card, Env, Event, InstallParameters, KeyReference, Profile,
    SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind},
    path,
};
use oxisim_wire::Instant;

use crate::terminal::Terminal;

const USER: &str = "00A4040C06A00000005701";

/// Does with the file at the path in the data field what the instruction says.
#[derive(Clone)]
struct FileUser {
    access: AccessDomain,
    keys: Vec<KeyReference>,
}

impl Applet for FileUser {
    fn aid(&self) -> Aid {
        Aid::new(&hex::decode("A00000005701").unwrap()).unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { access: self.access, keys: self.keys.clone(), ..InstallParameters::default() }
    }

    fn install(&mut self, _: &InstallParameters, _: &mut Env<'_>) -> Result<(), AppletError> {
        Ok(())
    }

    fn process(&mut self, apdu: &Command<'_>, env: &mut Env<'_>) -> Result<Response, Status> {
        if env.is_selecting() {
            return Ok(Status::NORMAL.into());
        }
        let path: Vec<u16> = apdu.data.chunks(2).map(|fid| u16::from_be_bytes([fid[0], fid[1]])).collect();
        let mut files = env.files();
        let file = files.find(&path)?;
        match apdu.instruction {
            Instruction::READ_BINARY => return Ok(Response::normal(files.read_binary(file, 0, 1)?.to_vec())),
            Instruction::UPDATE_BINARY => files.update_binary(file, 0, &[0])?,
            Instruction::READ_RECORD => return Ok(Response::normal(files.read_record(file, 1)?.to_vec())),
            Instruction::UPDATE_RECORD => {
                files.update_record(file, 1, &vec![0; files.record_length(file)?])?;
            }
            Instruction::INCREASE => return files.increase(file, &[2]).map(Response::normal),
            Instruction::DEACTIVATE_FILE => files.deactivate(file)?,
            Instruction::ACTIVATE_FILE => files.activate(file)?,
            _ => return Err(Status::INSTRUCTION_NOT_SUPPORTED),
        }
        Ok(Status::NORMAL.into())
    }

    fn process_toolkit(&mut self, _: Event<'_>, _: &mut Env<'_>) -> Result<(), AppletError> {
        Ok(())
    }
}

fn card_with(access: AccessDomain, keys: &[u8]) -> Card {
    let keys = keys.iter().copied().map(KeyReference).collect();
    Card::new(&Profile::default()).with_applet(FileUser { access, keys })
}

fn order(instruction: u8, path: &[u16]) -> String {
    let path: Vec<u8> = path.iter().flat_map(|fid| fid.to_be_bytes()).collect();
    format!("00{instruction:02X}0000{:02X}{}00", path.len(), hex::encode(path))
}

/// What the applet that is selected may do: each letter is an operation. What it may not do ends with `6982`.
fn rights(terminal: &mut Terminal) -> String {
    [
        ('i', 0xB0, path::EF_ICCID),
        ('I', 0xD6, path::EF_ICCID),
        ('m', 0xB0, path::EF_IMSI),
        ('M', 0xD6, path::EF_IMSI),
        ('f', 0xB2, path::EF_FDN),
        ('F', 0xDC, path::EF_FDN),
        ('+', 0x32, path::EF_ACM_GSM),
        ('D', 0x04, path::EF_IMSI),
        ('A', 0x44, path::EF_IMSI),
    ]
    .into_iter()
    .filter(|&(letter, instruction, path)| {
        let answer = terminal.send(&order(instruction, path));
        let is_refused = answer == "6982";
        assert!(is_refused || answer.ends_with("9000"), "{letter}: {answer}");
        !is_refused
    })
    .map(|(letter, ..)| letter)
    .collect()
}

#[test]
fn an_access_domain_says_what_an_applet_may_do_with_files() {
    for (access, keys, expected) in [
        (AccessDomain::FULL, &[][..], "imMfF+DA"),
        (AccessDomain::UICC, &[], "i"),
        (AccessDomain::UICC, &[0x01], "imf+"),
        (AccessDomain::UICC, &[0x01, 0x81], "imfF+"),
        (AccessDomain::UICC, &[0x0A], "iMDA"),
        (AccessDomain::NONE, &[0x01, 0x0A], ""),
        (AccessDomain(0x03), &[0x01, 0x0A], ""),
    ] {
        let mut terminal = Terminal::with(card_with(access, keys));
        terminal.card.power_on(Instant::EPOCH);
        terminal.ok(USER);
        assert_eq!(rights(&mut terminal), expected, "{access:?} {keys:02X?}");
    }
}

/// §8.2.1.3.2: what a terminal has verified or disabled is not the applet's.
#[test]
fn what_the_terminal_has_verified_does_not_count_for_an_applet() {
    const ENABLE_PIN: &str = "0028000108 30303030FFFFFFFF";
    const ADM: &str = "0020000A08 3030303030303030";
    let mut terminal = Terminal::with(card_with(AccessDomain::UICC, &[]));
    terminal.ok(ENABLE_PIN);
    terminal.ok(ADM);
    terminal.ok(USER);
    assert_eq!(rights(&mut terminal), "i");
    let mut terminal = Terminal::with(card_with(AccessDomain::UICC, &[0x01]));
    terminal.ok(ENABLE_PIN);
    terminal.card.power_on(Instant::EPOCH);
    for tries in ["63C2", "63C1", "63C0"] {
        assert_eq!(terminal.send("0020000108 39393939FFFFFFFF"), tries);
    }
    terminal.ok(USER);
    assert_eq!(rights(&mut terminal), "imf+", "although PIN 1 is blocked");
}

#[test]
fn an_applet_without_access_does_not_learn_which_files_there_are() {
    for (access, expected) in [(AccessDomain::FULL, "6A82"), (AccessDomain::NONE, "6982")] {
        let mut terminal = Terminal::with(card_with(access, &[]));
        terminal.ok(USER);
        assert_eq!(terminal.send(&order(0xB0, &[0x3F00, 0x1234])), expected);
    }
}

/// Full access is past every condition but NEVER, also where conditions nest, and what no rule names is never allowed.
#[test]
fn full_access_ends_where_a_rule_says_never() {
    let read = |security: SecurityAttributes| {
        let mut image = Profile::default().image();
        image.files.push(FileImage {
            path: vec![0x3F00, 0x6F77],
            kind: FileKind::Elementary {
                structure: Structure::Transparent,
                size: 1,
                sfi: Sfi::None,
                contents: Contents::Octets(vec![7]),
            },
            security,
            life_cycle: LifeCycle::Activated,
            shareable: true,
            identified: true,
            proprietary: Vec::new(),
            header: None,
        });
        let applet = FileUser { access: AccessDomain::FULL, keys: Vec::new() };
        let mut terminal = Terminal::with(Card::from_image(&image).unwrap().with_applet(applet));
        terminal.ok(USER);
        terminal.send(&order(0xB0, &[0x3F00, 0x6F77]))
    };
    for (rule, expected) in [
        ("8001019000", "07 9000"),
        ("800101A40683010B950108", "07 9000"),
        ("800101A406830101950180", "07 9000"),
        ("800101B403830101", "07 9000"),
        ("8001019E01C0", "07 9000"),
        ("800101AF0AA40683010A9501089000", "07 9000"),
        ("800101AF0AA40683010A9501089700", "6982"),
        ("800101A0049700 9000", "07 9000"),
        ("800101A708A40683010A950108", "07 9000"),
        ("8001019700", "6982"),
        ("8001019E01FF", "6982"),
        ("8001029000", "6982"),
    ] {
        let octets = hex::decode(rule.replace(' ', "")).unwrap();
        assert_eq!(read(SecurityAttributes::Expanded(octets)), expected, "{rule}");
    }
    for (rule, expected) in [("0190", "07 9000"), ("01C0", "07 9000"), ("01FF", "6982"), ("0200", "6982")] {
        assert_eq!(read(SecurityAttributes::Compact(hex::decode(rule).unwrap())), expected, "{rule}");
    }
}

#[test]
fn an_applet_reads_files_beside_what_the_terminal_has_selected() {
    let mut terminal = Terminal::with(card_with(AccessDomain::FULL, &[]));
    terminal.ok("0070000001");
    terminal.ok("00A4080C047F106F3A");
    terminal.ok("01A4040C06A00000005701");
    assert_eq!(terminal.ok("01B00000043F002FE200"), "98");
    assert!(terminal.ok("80F2000000").contains("83027F10"));
    assert_eq!(terminal.send("00B0000001"), "6981", "EF_ADN is selected still");
}

#[test]
fn an_applet_is_told_of_a_file_what_a_command_would_be() {
    let mut terminal = Terminal::with(card_with(AccessDomain::FULL, &[]));
    terminal.ok(USER);
    assert_eq!(terminal.ok(&order(0x32, path::EF_ACM_GSM)), "000002");
    assert_eq!(terminal.ok(&order(0x32, path::EF_ACM_GSM)), "000004");
    for (instruction, path, status) in [
        (0xB0, path::EF_FDN, "6981"),
        (0xB2, path::EF_ICCID, "6981"),
        (0x32, path::EF_FDN, "6982"),
        (0xB0, path::EF_IMSI, "9000"),
        (0x04, path::EF_IMSI, "9000"),
        (0x04, path::EF_IMSI, "6984"),
        (0xB0, path::EF_IMSI, "6984"),
        (0x44, path::EF_IMSI, "9000"),
        (0xB0, path::EF_IMSI, "9000"),
    ] {
        let answer = terminal.send(&order(instruction, path));
        assert!(answer.ends_with(status), "{instruction:02X} {path:04X?}: {answer}");
    }
}
