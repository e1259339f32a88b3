//! What can be done with an EF in each state of its life (TS 102 221 §11.1.1.4.9, §11.1.14, §11.1.15), and which
//! status word says that it cannot.

use oxisim_card::{
    Card, Profile, SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind},
};

use crate::terminal::Terminal;

/// The default card with `6F77`, three records of two octets, for which `rule` holds.
fn terminal(rule: &str, life_cycle: LifeCycle) -> Terminal {
    let mut image = Profile::default().image();
    image.files.push(FileImage {
        path: vec![0x3F00, 0x6F77],
        kind: FileKind::Elementary {
            structure: Structure::Cyclic { record: 2 },
            size: 6,
            sfi: Sfi::Is(0x1C),
            contents: Contents::Octets(vec![0; 6]),
        },
        security: SecurityAttributes::Expanded(hex::decode(rule).unwrap()),
        life_cycle,
        shareable: true,
        identified: true,
        proprietary: Vec::new(),
        header: None,
    });
    Terminal::with(Card::from_image(&image).unwrap())
}

/// The status words of SELECT, READ, SEARCH, UPDATE RECORD, INCREASE, DEACTIVATE and ACTIVATE FILE.
fn answers(rule: &str, life_cycle: LifeCycle) -> [String; 7] {
    ["", "00B2010402", "00A20104010000", "00DC0003020001", "803200000101 00", "00040000", "00440000"].map(
        |apdu| {
            let mut terminal = terminal(rule, life_cycle);
            let selected = terminal.send("00A4000C026F77");
            let answer = if apdu.is_empty() { selected } else { terminal.send(apdu) };
            answer[answer.len() - 4..].to_owned()
        },
    )
}

#[test]
fn a_file_can_be_used_as_its_life_cycle_says() {
    for (life_cycle, expected) in [
        (LifeCycle::Unknown, ["9000"; 7]),
        (LifeCycle::Creation, ["9000"; 7]),
        (LifeCycle::Initialisation, ["9000"; 7]),
        (LifeCycle::Activated, ["9000"; 7]),
        (LifeCycle::Deactivated, ["6283", "6984", "6984", "6984", "6984", "6984", "9000"]),
        (LifeCycle::Terminated, ["6285", "6984", "6984", "6984", "6984", "6985", "6985"]),
    ] {
        assert_eq!(answers("80011B90008401329000", life_cycle), expected, "{life_cycle:?}");
    }
}

/// Security comes before the life cycle: who may not is not told whether it could be.
#[test]
fn what_is_not_allowed_is_refused_in_every_state() {
    for life_cycle in [
        LifeCycle::Unknown,
        LifeCycle::Creation,
        LifeCycle::Initialisation,
        LifeCycle::Activated,
        LifeCycle::Deactivated,
        LifeCycle::Terminated,
    ] {
        let [_, others @ ..] = answers("80011B97008401329700", life_cycle);
        assert_eq!(others, ["6982"; 6], "{life_cycle:?}");
    }
}
