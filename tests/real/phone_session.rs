//! Everything that a phone says to a card while a backup is made, said once more by scriptor.

use oxisim_apdu::Command;
use oxisim_terminal::{Config, Output, Terminal, User};
use oxisim_wire::{Duration, Instant};

use crate::{Session, card, compare_answers, spaced};

/// The commands of a phone that starts the card, chooses its menu entry, sends what the card sends, and polls.
fn commands() -> Vec<Vec<u8>> {
    let mut card = card();
    let mut phone = Terminal::new(Config::default());
    let mut commands = Vec::new();
    let mut now = Instant::EPOCH;
    phone.switch_on(now);
    let mut has_chosen = false;
    for _ in 0..8 {
        while let Some(output) = phone.poll_output() {
            match output {
                Output::PowerOn => {
                    let answer = card.power_on(Instant::EPOCH);
                    phone.handle_atr(&answer, now);
                }
                Output::Transmit(command) => {
                    let command = carried(&command);
                    let response = card.exchange(Instant::EPOCH, &command);
                    commands.push(command);
                    phone.handle_response(&response.to_bytes(), now);
                }
                Output::Submit { .. } => phone.handle_submit_result(Ok(()), now),
                _ => {}
            }
        }
        if !has_chosen && let Some(item) = phone.menu().map(|menu| menu.items[0].identifier) {
            has_chosen = true;
            phone.handle_user(&User::SelectMenu(item), now);
        } else {
            now = phone.poll_timeout().unwrap_or(now + Duration::from_secs(30));
            phone.handle_timeout(now);
        }
    }
    assert!(has_chosen, "the card has no menu");
    commands
}

/// The command without the Le that T=0 does not carry behind data.
fn carried(command: &[u8]) -> Vec<u8> {
    let parsed = Command::parse(command).expect("a command");
    let end = if parsed.ne.is_some() && !parsed.data.is_empty() { command.len() - 1 } else { command.len() };
    command[..end].to_vec()
}

#[test]
fn a_phones_whole_session_through_the_reader_equals_one_in_the_program() {
    let commands = commands();
    for (instruction, name) in [
        (0x10, "TERMINAL PROFILE"),
        (0x12, "FETCH"),
        (0x14, "TERMINAL RESPONSE"),
        (0xC2, "ENVELOPE"),
        (0xF2, "STATUS"),
    ] {
        assert!(commands.iter().any(|command| command[1] == instruction), "no {name}");
    }
    let lines: Vec<String> = commands.iter().map(|command| spaced(command, " ")).collect();
    let script =
        format!("insert 0\nscriptor -r 'Virtual PCD 00 00' << END\nreset\n{}\nEND", lines.join("\n"));
    let Some(session) = Session::run(&["scriptor"], &script) else { return };
    compare_answers(&session, &commands);
}
