//! What fuzzing has collected (`fuzz/corpus`), on every run, through the functions that fuzzing runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use oxisim_tests::targets::TARGETS;

/// For each target, how many files of its corpus go how far at least: a corpus that no longer reaches what it is there for
/// proves nothing.
const REACHED: &[(&str, &[(&str, usize)])] = &[
    ("applets", &[("carried out", 10)]),
    ("card", &[("managed", 3), ("proactive", 5)]),
    ("coding", &[("coded again", 10)]),
    ("image", &[("refused", 3), ("no card", 1), ("card", 5)]),
    ("packet", &[("opened", 1), ("sealed", 5)]),
    ("records", &[("in pieces", 1)]),
    ("script", &[("refused", 1), ("run", 8)]),
    ("server", &[("completed", 2), ("taken", 3)]),
    ("smpp", &[("answered", 1), ("written again", 5)]),
    ("terminal", &[("answered", 5)]),
    ("toolkit", &[("command", 2), ("response", 2), ("envelope", 2)]),
    ("tpdu", &[("to the phone", 2), ("from the phone", 2), ("record", 2)]),
    ("trace", &[("lines", 5), ("capture", 5)]),
    ("vcard", &[("contacts", 3), ("refused", 1)]),
];

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

/// Runs the corpus of a target.
fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let mut reached = BTreeMap::<&str, usize>::new();
    for octets in corpus(name) {
        *reached.entry((target.run)(&octets)).or_default() += 1;
    }
    let (_, least) = REACHED.iter().find(|(of, _)| *of == name).unwrap();
    for (word, least) in *least {
        let files = reached.get(word).copied().unwrap_or_default();
        assert!(files >= *least, "{word}: {files} files of the corpus, of {reached:?}");
    }
}

macro_rules! replayed {
    ($($test:ident: $target:literal,)*) => {
        $(#[test] fn $test() { replay($target); })*
        const REPLAYED: &[&str] = &[$($target),*];
    };
}

replayed! {
    what_fuzzing_has_found_can_happen_to_the_applets_and_they_do_nothing_wrong: "applets",
    sessions_that_fuzzing_has_found_leave_the_card_whole: "card",
    blocks_that_fuzzing_has_found_come_back: "coding",
    texts_of_cards_that_fuzzing_has_found_are_refused_with_their_place_or_come_back: "image",
    packets_that_fuzzing_has_found_open_to_what_they_were: "packet",
    records_that_fuzzing_has_found_come_back: "records",
    scripts_that_fuzzing_has_found_are_read_or_refused_and_come_to_their_end: "script",
    subscribers_that_fuzzing_has_found_change_no_copy_but_by_a_whole_backup: "server",
    what_peers_of_smpp_have_sent_is_answered_alike_in_pieces_and_comes_back: "smpp",
    cards_that_fuzzing_has_found_do_not_upset_the_phone: "terminal",
    messages_of_the_toolkit_that_fuzzing_has_found_come_back: "toolkit",
    short_messages_that_fuzzing_has_found_come_back: "tpdu",
    traces_that_fuzzing_has_found_are_written_as_they_are_read: "trace",
    vcards_that_fuzzing_has_found_are_read_or_refused_with_their_line: "vcard",
}

#[test]
fn each_target_is_built_has_a_corpus_and_is_replayed() {
    let all: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let names = |folder: &str| -> BTreeSet<String> {
        let files = fs::read_dir(fuzz.join(folder)).unwrap().map(|file| file.unwrap().path());
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("fuzz_targets"), all);
    assert_eq!(names("corpus"), all);
    assert_eq!(REPLAYED.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), all);
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert!(all.iter().all(|name| manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\""))));
}
