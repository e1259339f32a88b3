//! What others say that a phone answers: the test sequences of TS 102 384.

use oxisim_terminal::User;

use crate::bench::Bench;

const SEQUENCES: &str = include_str!("../vectors/local_commands.tsv");

/// What the user does; `None` if the user only waits.
fn doing(words: &str) -> Option<User> {
    let (verb, object) = words.split_once(' ').unwrap_or((words, ""));
    Some(match verb {
        "clear" => User::Clear,
        "key" => User::Key(object.chars().next().unwrap()),
        "text" => User::Text(object.into()),
        "choose" => User::Choose(object.parse().unwrap()),
        "yes" => User::Yes,
        "no" => User::No,
        "back" => User::Back,
        "end" => User::EndSession,
        "help" => User::Help(object.parse().ok()),
        "wait" | "nothing" | "-" => return None,
        other => panic!("{other}"),
    })
}

#[test]
fn the_phone_answers_as_the_test_sequences_say() {
    let mut sequences = 0;
    for line in SEQUENCES.lines().filter(|line| !line.starts_with('#')) {
        let [sequence, command, words, response] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let mut bench = Bench::ready();
        bench.proactive(command);
        let user = doing(words);
        if words != "-" {
            // The card waits for the user.
            while let Some(output) = bench.next() {
                assert!(!matches!(output, oxisim_terminal::Output::Transmit(_)), "{sequence}: {output:?}");
            }
            match user {
                Some(user) => bench.user(user),
                None => bench.seconds(60),
            }
        }
        assert_eq!(bench.command()[10..], *response, "{sequence}");
        sequences += 1;
    }
    assert_eq!(sequences, 77);
}
