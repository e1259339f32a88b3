//! What a script must not send to a card that somebody still needs.

use alloc::vec::Vec;

use oxisim_apdu::{Class, Command, Instruction, Status};

/// What a command may do to a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Danger {
    /// Nothing that cannot be undone.
    None,
    /// It tries a PIN: it may be the last attempt. The card answers this question with how many are left.
    Attempt(Vec<u8>),
    /// It locks the card, or takes something away for ever, or may.
    Lasting(&'static str),
}

/// Declares the commands that do lasting harm: instruction, whether only in a proprietary class, and what they do.
macro_rules! lasting {
    ($($instruction:literal $proprietary:literal $does:literal;)*) => {
        fn lasting(class: Class, instruction: Instruction) -> Option<&'static str> {
            match instruction.0 {
                $($instruction if !$proprietary || class.is_proprietary() => Some($does),)*
                _ => None,
            }
        }
    };
}

lasting! {
    0xE4 false "deletes files or applets";
    0xE6 false "terminates a directory, or installs";
    0xE8 false "terminates a file, or loads";
    0xFE false "terminates the card";
    0xD8 true "replaces keys";
    0xF0 true "locks applets or the card";
    0x82 false "tries a key: a wrong one may lock it";
}

/// Keys of administrators (TS 102 221 §9.5.1): nobody unblocks them.
const fn is_administrative(reference: u8) -> bool {
    matches!(reference & 0x7F, 0x0A..=0x0E)
}

/// Which danger there is in a command.
#[must_use]
pub fn danger(octets: &[u8]) -> Danger {
    let Ok(command) = Command::parse(octets) else { return Danger::None };
    if let Some(does) = lasting(command.class, command.instruction) {
        return Danger::Lasting(does);
    }
    let has_value = !command.data.is_empty();
    match command.instruction {
        Instruction::VERIFY
        | Instruction::CHANGE_PIN
        | Instruction::DISABLE_PIN
        | Instruction::ENABLE_PIN
            if has_value =>
        {
            if is_administrative(command.p2) {
                Danger::Lasting("tries an administrative key: a wrong one may lock it for ever")
            } else if command.class == Class::GSM {
                Danger::Lasting("tries a CHV, and does not say how many attempts are left")
            } else {
                let question = Command::new(command.class, Instruction::VERIFY, 0, command.p2);
                Danger::Attempt(question.to_bytes())
            }
        }
        Instruction::UNBLOCK_PIN if has_value => {
            Danger::Lasting("tries an unblocking key: a wrong one may lock it for ever")
        }
        _ => Danger::None,
    }
}

/// Whether an attempt that fails leaves another, as the answer to the question says.
#[must_use]
pub const fn leaves_another(answer: Status) -> bool {
    matches!(answer.0, 0x63C2..=0x63CF | 0x9000 | 0x9100..=0x91FF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_locks_or_destroys_is_told_from_what_does_not() {
        let pin = [0x00, 0x20, 0x00, 0x01, 0x08, 0x31, 0x32, 0x33, 0x34, 0xFF, 0xFF, 0xFF, 0xFF];
        let with = |place: usize, octet: u8| {
            let mut command = pin;
            command[place] = octet;
            danger(&command)
        };
        assert_eq!(danger(&pin), Danger::Attempt([0x00, 0x20, 0x00, 0x01].to_vec()));
        assert_eq!(with(1, 0x24), Danger::Attempt([0x00, 0x20, 0x00, 0x01].to_vec()));
        for lasting in [with(3, 0x0A), with(3, 0x8A), with(1, 0x2C), with(0, 0xA0)] {
            assert!(matches!(lasting, Danger::Lasting(_)));
        }
        for harmless in
            [&[0x00, 0x20, 0x00, 0x01][..], &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00], &[0x00], &[]]
        {
            assert_eq!(danger(harmless), Danger::None);
        }
        for lasting in [
            &[0x00, 0xE4, 0x00, 0x00, 0x02, 0x6F, 0x07][..],
            &[0x80, 0xE4, 0x00, 0x00, 0x02, 0x4F, 0x00],
            &[0x00, 0xE8, 0x00, 0x00],
            &[0x00, 0xFE, 0x00, 0x00],
            &[0x80, 0xF0, 0x80, 0x7F],
        ] {
            assert!(matches!(danger(lasting), Danger::Lasting(_)), "{lasting:02X?}");
        }
        assert!(
            leaves_another(Status(0x63C2))
                && !leaves_another(Status(0x63C1))
                && !leaves_another(Status(0x6983))
        );
    }
}
