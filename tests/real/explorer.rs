//! opensc-explorer of Debian, which selects with P2 `00` and has its own reader of file control parameters.

use oxisim_card::{
    Profile,
    file::Structure,
    image::{FileImage, FileKind},
};

use crate::Session;

/// A session of opensc-explorer with a card that holds ten contacts.
fn explore(commands: &[&str]) -> Option<Session> {
    let commands = commands.join("\n");
    let script = format!(
        "insert 0 --contacts \"$CONTACTS\"\n\
         cat > \"$FOLDER/commands\" << END\n{commands}\nEND\n\
         opensc-explorer -r 0 \"$FOLDER/commands\""
    );
    Session::run(&["opensc-explorer"], &script)
}

#[test]
fn opensc_explorer_goes_through_the_directories_and_reads_the_phonebook() {
    let commands =
        ["info", "cat 2FE2", "cd 7F10", "info", "info 6F3A", "cat 6F3A", "cat 6F4A", "cd ..", "cat 2F00"];
    let Some(session) = explore(&commands) else { return };
    session.prints(&[
        "Dedicated File  ID 3F00",
        "Life cycle:              Operational, activated",
        "98 00 01 01 00 00 00 00 10 F9",
        "Dedicated File  ID 7F10",
        "Working Elementary File  ID 6F3A",
        "File path:               3F00/7F10/6F3A",
        "File size:               7140 bytes",
        "EF structure:            Linear fixed",
        "Number of records:       255",
        "Max. record size:        28 bytes",
        "Record 1:\n00000000: 73 61 6D 61 6E 74 68 61 20 77 FF FF FF FF 03 81 samantha w......\n\
         00000010: 10 F9 FF FF FF FF FF FF FF FF FF FF",
        "Record 6:\n00000000: 54 79 6C 65 72 FF FF FF FF FF FF FF FF FF 07 91 Tyler",
        "Record 255:\n00000000: FF FF",
        "Record 1:\n00000000: 61 18 4F 10 A0 00 00 00 87 10 02",
    ]);
}

#[test]
fn opensc_explorer_selects_the_usim_by_its_identifier() {
    let commands = ["cd aid:A0000000871002", "cat 6F46", "apdu 00 B0 86 00 02"];
    let Some(session) = explore(&commands) else { return };
    session.prints(&["01 6F 78 69 73 69 6D FF", "Received (SW1=0x90, SW2=0x00):\n00 02"]);
}

/// Of every file of the built-in card, what opensc-explorer makes of the answer to SELECT is what the file is.
#[test]
fn opensc_explorer_understands_the_file_control_parameters_of_every_file() {
    // It enters no directory of an application.
    let image = Profile::default().image();
    let files: Vec<&FileImage> =
        image.files.iter().filter(|file| !file.path.contains(&0x7FFF) && file.path.len() > 1).collect();
    let path = |file: &FileImage| file.path.iter().map(|fid| format!("{fid:04X}")).collect::<Vec<_>>();
    let mut commands = Vec::new();
    for file in &files {
        let path = path(file);
        let [_, directories @ .., last] = &path[..] else { continue };
        commands.extend(directories.iter().map(|directory| format!("cd {directory}")));
        commands.push(format!("info {last}"));
        commands.extend(directories.iter().map(|_| "cd ..".into()));
    }
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let Some(session) = explore(&commands) else { return };
    let mut expected = Vec::new();
    for file in files {
        let fid = file.path.last().copied().unwrap_or_default();
        expected.push(match &file.kind {
            FileKind::Directory { .. } => format!("Dedicated File  ID {fid:04X}"),
            FileKind::Elementary { .. } => format!("Working Elementary File  ID {fid:04X}"),
        });
        expected.push(format!("File path:               {}", path(file).join("/")));
        if let FileKind::Elementary { size, structure, .. } = &file.kind {
            expected.push(format!("File size:               {size} bytes"));
            let (name, record) = match structure {
                Structure::Transparent => ("Transparent", None),
                Structure::LinearFixed { record } => ("Linear fixed", Some(record)),
                Structure::Cyclic { record } => ("Cyclic", Some(record)),
                Structure::BerTlv => continue,
            };
            expected.push(format!("EF structure:            {name}"));
            expected.extend(
                record.map(|&record| format!("Number of records:       {}", size / usize::from(record))),
            );
            expected.extend(record.map(|record| format!("Max. record size:        {record} bytes")));
        }
    }
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    session.prints(&expected);
}

#[test]
fn what_opensc_explorer_sends_by_hand_is_answered() {
    let commands = ["apdu 00 A4 00 04 02 7F FF", "apdu 00 A4 00 00 02 3F 00 00", "apdu 00 20 00 01"];
    let Some(session) = explore(&commands) else { return };
    session.prints(&["SW1=0x6A, SW2=0x82", "SW1=0x90, SW2=0x00):\n62 26 82 02 78 21", "SW1=0x63, SW2=0xC3"]);
}
