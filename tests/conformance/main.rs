//! The phone against the card, over APDU bytes only: the sequences of TS 102 384 §27.22 and TS 31.124 §27.22, one file
//! a command in `sequences`. How a file is read stands in [`oxisim_tests::sequences`].
//!
//! An applet on the card hands over the command as the vectors of others have it, and FETCH must deliver the same octets.
//! The number of every command is 1 in the vectors, as it is in the card's framework. What the phone makes of it is
//! written down and must be what the file says; the applet must be told exactly what the octets of the TERMINAL RESPONSE
//! say. `SNAPSHOTS=overwrite cargo test -p oxisim-tests --test conformance` writes the files anew.

mod applet;
mod bench;
mod outside;
mod personal;
mod recorded;
mod results;
mod steps;
mod words;

use std::{collections::BTreeSet, fmt::Write as _, fs, panic, path::Path};

use oxisim_tests::sequences::{FILES, File, Sequence, Step, octets};

use crate::{bench::Bench, outside::Outside};

#[test]
fn phone_and_card_play_every_sequence_as_it_is_written() {
    let outside = Outside::new();
    let mut differ = Vec::new();
    for file in FILES {
        let played = played(file, &outside);
        if played == file.text {
            continue;
        }
        let name = format!("conformance/sequences/{}.txt", file.name);
        if std::env::var_os("SNAPSHOTS").is_some_and(|how| how == "overwrite") {
            fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name), &played).unwrap();
        }
        let lines = played.lines().zip(file.text.lines().chain(std::iter::repeat("")));
        let first = (1..).zip(lines).find(|(_, (played, written))| played != written);
        differ.push(format!("{name}: {first:?}"));
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// The file as the sequences went.
fn played(file: &File, outside: &Outside) -> String {
    let mut out = String::new();
    let mut sequences = file.sequences().into_iter();
    for line in file.text.lines() {
        if line.starts_with("  ") {
            continue;
        }
        let _ = writeln!(out, "{line}");
        if !line.is_empty() && !line.starts_with('#') {
            let sequence = sequences.next().unwrap();
            out += &play(&sequence, outside);
        }
    }
    out
}

/// The steps of a sequence as they went.
fn play(sequence: &Sequence<'_>, outside: &Outside) -> String {
    let played = panic::catch_unwind(|| {
        let mut out = String::new();
        let mut bench = Bench::new(steps::phone(sequence), &personal::card(sequence));
        bench.lines();
        for step in &sequence.steps {
            let mut told = String::new();
            write(&mut told, step.word, step.rest, outside);
            if steps::act(&mut bench, step) {
                out += &told;
                for (word, rest) in bench.lines() {
                    write(&mut out, word, &rest, outside);
                }
            }
        }
        out
    });
    played.unwrap_or_else(|cause| {
        eprintln!("in {}", sequence.title);
        panic::resume_unwind(cause)
    })
}

fn write(out: &mut String, word: &str, rest: &str, outside: &Outside) {
    let is_message = matches!(word, "send" | "fetch" | "response" | "envelope");
    let mark = if is_message { outside.mark(&octets(rest).unwrap()) } else { "" };
    let line = format!("  {word:<11} {rest}{mark}");
    let _ = writeln!(out, "{}", line.trim_end());
}

#[test]
fn every_sequence_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for sequence in FILES.iter().flat_map(File::sequences) {
        assert!(names.insert(sequence.title.to_owned()), "{}", sequence.title);
        assert!(sequence.steps.iter().all(|step: &Step<'_>| !step.word.is_empty()), "{}", sequence.title);
    }
}

/// Sequences in which others answer otherwise, and why this phone does not.
const OWN_ANSWERS: &[(&str, &str, &str)] = &[
    ("close_channel", "1.2", "the card does not let an applet close a channel that it has not opened"),
    ("close_channel", "1.3", "the card does not let an applet close a channel twice"),
    ("get_inkey", "8.1", "they waited a second longer"),
    ("open_channel", "2.5", "they had a smaller buffer"),
    ("receive_data", "1.1", "they had other data"),
    ("refresh", "1.5", "they answered before the reset, which is an answer in itself (TS 102 223 §6.4.7)"),
    ("provide_local_information", "1.3", "they measured something else"),
    ("provide_local_information", "1.4", "they had another time"),
    ("get_reader_status", "1.1", "they had no reader 0"),
    ("get_reader_status", "1.2", "they had no reader 0"),
    ("get_reader_status", "1.3", "they had no reader 0"),
    ("get_reader_status", "2.1", "they had no reader 0"),
    ("send_data", "1.5", "the card does not let an applet send over a channel that it has not opened"),
    ("run_at_command", "1.1", "they were made by somebody else"),
    ("run_at_command", "1.2", "they were made by somebody else"),
    ("run_at_command", "1.3", "they were made by somebody else"),
    ("run_at_command", "2.1", "they were made by somebody else"),
    ("run_at_command", "2.2", "they were made by somebody else"),
    ("run_at_command", "2.3", "they were made by somebody else"),
    ("run_at_command", "2.4", "they were made by somebody else"),
];

#[test]
fn the_phone_answers_in_a_sequence_as_others_do_unless_it_has_an_answer_of_its_own() {
    let outside = Outside::new();
    let mut agreeing = 0;
    for file in FILES {
        for sequence in file.sequences() {
            let Some((_, number)) = sequence.title.split_once(" SEQUENCE ") else { continue };
            let number = number.split(':').next().unwrap().trim_end_matches(char::is_alphabetic);
            let responses = sequence.steps.iter().filter(|step| step.word == "response");
            let responses: Vec<_> = responses.map(|step| octets(step.rest).unwrap()).collect();
            let own = OWN_ANSWERS.iter().any(|&(name, of, _)| (name, of) == (file.name, number));
            match outside.agrees(file.name, number, &responses) {
                Some(agrees) => assert_eq!(agrees, !own, "{}", sequence.title),
                None => assert!(!own, "{}", sequence.title),
            }
            agreeing += usize::from(outside.agrees(file.name, number, &responses) == Some(true));
        }
    }
    assert!(agreeing > 150, "{agreeing}");
}
