//! What can lock or destroy a card: the one table that every program looks into which sends commands of others.

use core::fmt;

use oxisim_wire::Error;

use crate::{Class, Command, Instruction, Status};

/// A command that can lock a card, or take something of it away for ever.
#[derive(Debug, PartialEq, Eq)]
pub struct Harm {
    /// The instruction, and its variant with data in BER-TLV if there is one (ISO/IEC 7816-4 §5.4.2).
    pub instructions: &'static [u8],
    /// In which classes.
    pub classes: Classes,
    /// What the standards call it.
    pub name: &'static str,
    /// The clause.
    pub spec: &'static str,
    /// What it does.
    pub does: &'static str,
    kind: Kind,
}

/// Classes, by who defines the instruction (ISO/IEC 7816-4 §5.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classes {
    /// Every class: cards take some commands in classes that are not theirs.
    Any,
    /// ISO's own, `00` to `7F`.
    Interindustry,
    /// Those of other bodies, `80` to `FF`.
    Proprietary,
}

/// What there is to be asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It tries a PIN, of which the card says how many attempts are left. Without data it tries nothing.
    Pin,
    /// It tries a key, which nobody unblocks. Without data it tries nothing.
    Key,
    /// Nothing.
    Lasting,
}

/// Declares the commands: instructions, classes, kind, name, clause, and what they do.
macro_rules! harms {
    ($($instructions:tt $classes:ident $kind:ident $name:literal $spec:literal $does:literal;)*) => {
        /// Commands that can lock or destroy a card, as far as the standards that are named here have them. What is not in
        /// here: UPDATE, WRITE, INCREASE and SET DATA, which change what files hold; AUTHENTICATE, which some cards count;
        /// ENVELOPE, whose secured packets can do whatever their keys may; and what other standards and the maker of a
        /// card have of their own.
        pub static HARMS: &[Harm] = &[$(Harm {
            instructions: &$instructions,
            classes: Classes::$classes,
            name: $name,
            spec: $spec,
            does: $does,
            kind: Kind::$kind,
        },)*];
    };
}

harms! {
    [0x04] Any Lasting "DEACTIVATE FILE, INVALIDATE" "TS 102 221 §11.1.14" "closes a file, which may need a key to be opened again";
    [0x0C] Any Lasting "ERASE RECORD" "ISO/IEC 7816-4 §7.3.8" "erases records";
    [0x0E, 0x0F] Any Lasting "ERASE BINARY" "ISO/IEC 7816-4 §7.2.7" "erases a file";
    [0x20, 0x21] Any Pin "VERIFY" "TS 102 221 §11.1.9" "tries a PIN";
    [0x24, 0x25] Any Pin "CHANGE PIN" "TS 102 221 §11.1.10" "tries a PIN";
    [0x26] Any Pin "DISABLE PIN" "TS 102 221 §11.1.11" "tries a PIN";
    [0x28] Any Pin "ENABLE PIN" "TS 102 221 §11.1.12" "tries a PIN";
    [0x2C, 0x2D] Any Key "UNBLOCK PIN" "TS 102 221 §11.1.13" "tries an unblocking key: wrong ones lock the PIN for ever";
    [0x82] Any Lasting "EXTERNAL AUTHENTICATE" "ISO/IEC 7816-4 §7.5.4" "tries a key: wrong ones may lock it for ever";
    [0x86, 0x87] Any Lasting "GENERAL AUTHENTICATE" "ISO/IEC 7816-4 §7.5.5" "tries a key: wrong ones may lock it for ever";
    [0xD4] Any Lasting "RESIZE FILE" "TS 102 222 §6.10" "may cut a file";
    [0xD8] Any Lasting "PUT KEY" "GlobalPlatform Card Specification §11.8" "replaces keys";
    [0xE2] Proprietary Lasting "STORE DATA" "GlobalPlatform Card Specification §11.11" "writes what an applet keeps, or deletes profiles";
    [0xE4, 0xE5] Any Lasting "DELETE FILE, DELETE" "TS 102 222 §6.4" "deletes files or applets";
    [0xE6] Interindustry Lasting "TERMINATE DF" "TS 102 222 §6.7" "ends a directory for ever";
    [0xE6] Proprietary Lasting "INSTALL" "GlobalPlatform Card Specification §11.5" "changes which applets there are, and what they may";
    [0xE8] Interindustry Lasting "TERMINATE EF" "TS 102 222 §6.8" "ends a file for ever";
    [0xE8] Proprietary Lasting "LOAD" "GlobalPlatform Card Specification §11.6" "fills the card with code";
    [0xF0] Any Lasting "SET STATUS" "GlobalPlatform Card Specification §11.10" "locks applets or the card";
    [0xFE] Any Lasting "TERMINATE CARD USAGE" "TS 102 222 §6.9" "ends the card for ever";
}

/// Why a command is not for a card that somebody still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Danger {
    /// It tries a PIN: it may be the last attempt. The card answers this question with how many are left.
    Attempt {
        /// What it is.
        harm: &'static Harm,
        /// VERIFY without data, on the same logical channel.
        question: [u8; 4],
        /// Whether it does nothing to a PIN that is verified or disabled.
        is_verify: bool,
    },
    /// It locks the card, or takes something away for ever, or may.
    Lasting {
        /// What it is.
        harm: &'static Harm,
        /// What it does.
        does: &'static str,
    },
    /// It is no command APDU, and a card may understand it nevertheless.
    Unreadable(Error),
}

/// Which danger there is in the octets of a command. Of what cannot be read as one the instruction counts alone.
///
/// ```
/// use oxisim_apdu::danger;
///
/// assert!(danger(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00]).is_none());
/// let delete = danger(&[0x00, 0xE4, 0x00, 0x00, 0x02, 0x6F, 0x07]).unwrap();
/// assert_eq!(delete.to_string(), "DELETE FILE, DELETE deletes files or applets (TS 102 222 §6.4)");
/// ```
#[must_use]
pub fn danger(octets: &[u8]) -> Option<Danger> {
    let harm = harm(octets);
    let command = match (Command::parse(octets), harm) {
        (Ok(command), _) => command,
        (Err(_), Some(harm)) => return Some(Danger::Lasting { harm, does: harm.does }),
        (Err(error), None) => return Some(Danger::Unreadable(error)),
    };
    let harm = harm?;
    // With T=0 the question has a length, of zero.
    let tries_nothing = octets.len() <= 5 && matches!(command.ne, None | Some(256));
    match harm.kind {
        Kind::Pin | Kind::Key if tries_nothing => None,
        Kind::Pin => Some(attempt(harm, &command)),
        Kind::Key | Kind::Lasting => Some(Danger::Lasting { harm, does: harm.does }),
    }
}

/// Whether a command has a PIN or an unblocking key in it; without data it only asks about one.
#[must_use]
pub fn carries_pin(octets: &[u8]) -> bool {
    let is_of_pin = harm(octets).is_some_and(|harm| matches!(harm.kind, Kind::Pin | Kind::Key));
    is_of_pin && octets.len() > 5
}

impl Danger {
    /// Whether an attempt that fails leaves another, as the answer to the question says. A PIN that is verified or
    /// disabled is not counted by VERIFY; what else tries it is counted, and the card does not say from where.
    #[must_use]
    pub const fn leaves_another(&self, answer: Status) -> bool {
        match self {
            Self::Attempt { is_verify, .. } => match answer.0 {
                0x63C2..=0x63CF => true,
                0x9000 | 0x9100..=0x91FF => *is_verify,
                _ => false,
            },
            Self::Lasting { .. } | Self::Unreadable(_) => false,
        }
    }
}

impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt { harm, .. } => write!(f, "{} {} ({})", harm.name, harm.does, harm.spec),
            Self::Lasting { harm, does } => write!(f, "{} {does} ({})", harm.name, harm.spec),
            Self::Unreadable(error) => write!(f, "it is no command APDU ({error})"),
        }
    }
}

impl Harm {
    /// Whether it is about that instruction in that class.
    fn has(&self, class: Class, instruction: u8) -> bool {
        let has_class = match self.classes {
            Classes::Any => true,
            Classes::Interindustry => !class.is_proprietary(),
            Classes::Proprietary => class.is_proprietary(),
        };
        has_class && self.instructions.contains(&instruction)
    }
}

/// The line of the table that octets are about.
fn harm(octets: &[u8]) -> Option<&'static Harm> {
    let &[class, instruction, ..] = octets else { return None };
    HARMS.iter().find(|harm| harm.has(Class(class), instruction))
}

/// A PIN is tried, if it can be asked about: the card counts, and somebody can unblock it.
fn attempt(harm: &'static Harm, command: &Command<'_>) -> Danger {
    let class = command.class;
    let does = if is_administrative(command.p2) {
        "tries an administrative key: wrong ones may lock it for ever"
    } else if command.instruction.0 & 0x01 != 0 {
        "tries what its data name: it cannot be asked how many attempts are left"
    } else if class == Class::GSM {
        "tries a CHV: the card is not asked how many attempts are left"
    } else if class.is_chained() {
        "brings a PIN in parts: a question between them would break it off"
    } else if class.channel().and_then(|channel| class.on_channel(channel)) != Some(class) {
        "tries a PIN in a secured or unknown class: it cannot be asked how many attempts are left"
    } else {
        let question = [class.0, Instruction::VERIFY.0, 0x00, command.p2];
        let is_verify = command.instruction == Instruction::VERIFY;
        return Danger::Attempt { harm, question, is_verify };
    };
    Danger::Lasting { harm, does }
}

/// Keys of administrators (TS 102 221 §9.5.1): nobody unblocks them.
const fn is_administrative(reference: u8) -> bool {
    matches!(reference & 0x7F, 0x0A..=0x0E)
}

#[cfg(test)]
mod tests {
    use std::{string::ToString, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    const PIN: [u8; 13] = [0x00, 0x20, 0x00, 0x01, 0x08, 0x31, 0x32, 0x33, 0x34, 0xFF, 0xFF, 0xFF, 0xFF];

    fn octets(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    fn is_lasting(text: &str) -> bool {
        matches!(danger(&octets(text)), Some(Danger::Lasting { .. }))
    }

    #[test]
    fn what_a_standard_has_to_lock_or_destroy_is_told() {
        for lasting in [
            "00 E4 00 00 02 6F 07",
            "80 E4 00 00 02 4F 00",
            "00 E5 00 00 02 6F 07",
            "00 E6 00 00",
            "80 E6 02 00 00",
            "00 E8 00 00",
            "80 E8 00 00 01 00",
            "00 FE 00 00",
            "80 F0 80 7F",
            "00 F0 80 7F 00",
            "00 D8 00 81 01 00",
            "80 D8 00 81 01 00",
            "80 D4 00 00 02 6F 07",
            "84 E2 80 00 01 00",
            "00 04 00 00",
            "A0 04 00 00 00",
            "00 0C 01 04",
            "00 0E 00 00",
            "00 0F 00 00 02 54 00",
            "00 82 00 00 08 00 00 00 00 00 00 00 00",
            "00 86 00 00 02 7C 00",
            "00 2C 00 01 10 31 32 33 34 35 36 37 38 31 32 33 34 FF FF FF FF",
        ] {
            assert!(is_lasting(lasting), "{lasting}");
        }
        for harmless in [
            "00 20 00 01",
            "00 20 00 01 00",
            "00 2C 00 01",
            "00 A4 00 0C 02 3F 00",
            "00 E2 00 00 01 00",
            "80 F2 00 00 00",
            "80 C2 00 00 01 00",
            "00 C0 00 00 10",
        ] {
            assert_eq!(danger(&octets(harmless)), None, "{harmless}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_judged_by_its_instruction_and_told_anyway() {
        for lasting in [
            "00 FE 00 00 00 7F",
            "00 E4 00 00 02 6F 07 AA BB",
            "80 D8 00 81 30 00",
            "00 20 00 0A 08 31 31 31 31 31 31 31 31 00 00",
            "00 2C 00 01 10 31 31 31 31 31 31 31 31 31 31 31 31 31 31 31 31 00 00",
            "A0 20 00 01 08 39 39 39 39 FF FF FF FF 00 00",
            "00 82 00 00 09 00",
            "00 FE",
        ] {
            assert!(is_lasting(lasting), "{lasting}");
        }
        let unreadable = danger(&octets("00 A4 00 00 02 3F")).unwrap().to_string();
        assert_eq!(unreadable, "it is no command APDU (data field at octet 5: 2 octets needed, 1 left)");
        for short in ["", "00", "00 A4 00"] {
            assert!(matches!(danger(&octets(short)), Some(Danger::Unreadable(_))), "{short}");
        }
    }

    #[test]
    fn a_pin_is_asked_about_only_where_the_answer_counts() {
        let with = |place: usize, octet: u8| {
            let mut command = PIN;
            command[place] = octet;
            danger(&command).unwrap()
        };
        for (danger, channel) in [
            (with(0, 0x00), 0x00),
            (with(0, 0x03), 0x03),
            (with(0, 0x4F), 0x4F),
            (with(1, 0x24), 0x00),
            (with(1, 0x26), 0x00),
            (with(1, 0x28), 0x00),
        ] {
            let Danger::Attempt { question, .. } = danger else { panic!("{danger:?}") };
            assert_eq!(question, [channel, 0x20, 0x00, 0x01]);
        }
        // Administrative keys, the variant in BER-TLV, GSM, a chain, secure messaging, a class of nobody, a length of nothing.
        for lasting in [
            with(3, 0x0A),
            with(3, 0x8A),
            with(1, 0x21),
            with(0, 0xA0),
            with(0, 0x10),
            with(0, 0x50),
            with(0, 0x04),
            with(0, 0x0C),
            with(0, 0x60),
            with(0, 0x30),
        ] {
            assert!(matches!(lasting, Danger::Lasting { .. }), "{lasting:?}");
        }
        assert!(danger(&PIN[..5]).is_some(), "a length of data that are not there");
    }

    #[test]
    fn the_answer_says_whether_a_wrong_pin_leaves_another_attempt() {
        let verify = danger(&PIN).unwrap();
        let mut enable = PIN;
        enable[1] = 0x28;
        let enable = danger(&enable).unwrap();
        for (answer, after_verify, after_enable) in [
            (0x63C2, true, true),
            (0x63C1, false, false),
            (0x63C0, false, false),
            (0x6983, false, false),
            (0x6D00, false, false),
            (0x9000, true, false),
            (0x9110, true, false),
        ] {
            assert_eq!(verify.leaves_another(Status(answer)), after_verify, "{answer:04X}");
            assert_eq!(enable.leaves_another(Status(answer)), after_enable, "{answer:04X}");
        }
    }

    #[test]
    fn pins_are_carried_by_commands_of_pins_that_have_data() {
        assert!(carries_pin(&PIN) && carries_pin(&octets("A0 2C 00 01 10 00")));
        assert!(!carries_pin(&PIN[..4]) && !carries_pin(&octets("00 82 00 00 02 00 00")));
    }

    #[test]
    fn no_two_lines_are_about_the_same_command() {
        for class in [Class::INTERINDUSTRY, Class::ETSI] {
            for instruction in 0..=u8::MAX {
                let lines = HARMS.iter().filter(|harm| harm.has(class, instruction)).count();
                assert!(lines <= 1, "{class:?} {instruction:02X}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_of_the_table_gets_through_whatever_follows(
            line in 0..HARMS.len(),
            class in any::<u8>(),
            rest in proptest::collection::vec(any::<u8>(), 5..40),
        ) {
            let harm = &HARMS[line];
            let class = match harm.classes {
                Classes::Any => class,
                Classes::Interindustry => class & 0x7F,
                Classes::Proprietary => class | 0x80,
            };
            for &instruction in harm.instructions {
                let mut command = std::vec![class, instruction];
                command.extend(&rest);
                prop_assert!(danger(&command).is_some(), "{command:02X?}");
            }
        }
    }
}
