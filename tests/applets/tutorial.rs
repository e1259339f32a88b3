//! docs/APPLETS.md says what is: it has the files of the examples, what they print, and names that exist.

use std::{
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use oxisim_kit::{Bench, Radio, Step, steps};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::greeter::Greeter;

#[path = "../../examples/greeter/src/lib.rs"]
mod greeter;

const FILE: &str = "<!-- examples/";
const PRINTED: &str = "<!-- printed: ";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> String {
    let path = root().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a scenario says that does not come true.
fn failure() -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| {
        let mut bench = Bench::new(Greeter);
        bench.radio(Radio::Refuses);
        bench.select_menu("Greet");
        bench.expect_question("To whom?");
        bench.answer("+15550100002");
        bench.expect_text("Sent");
    }));
    let said = *failed.expect_err("the network refuses").downcast::<String>().expect("a text");
    said.trim().into()
}

/// What a property says that does not hold: that no greeting is ever sent.
fn shrunk() -> String {
    // It is to fail, and leaves nothing behind.
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let found = TestRunner::new_with_rng(config, random).run(&steps(40), |steps: Vec<Step>| {
        let mut bench = Bench::new(Greeter);
        for step in &steps {
            bench.take(step);
        }
        if bench.sent().is_empty() { Ok(()) } else { Err(TestCaseError::fail("a greeting was sent")) }
    });
    let Err(TestError::Fail(_, steps)) = found else { panic!("{found:?}") };
    format!("minimal failing input: steps = {steps:#?}")
}

/// The page with each block filled that names a file, or what is printed.
fn filled(page: &str) -> String {
    let mut lines = page.lines();
    let mut filled = String::new();
    while let Some(line) = lines.next() {
        let _ = writeln!(filled, "{line}");
        let named = |mark| line.strip_prefix(mark).and_then(|rest: &str| rest.strip_suffix(" -->"));
        let block = match (named(FILE), named(PRINTED)) {
            (Some(name), _) => read(&format!("examples/{name}")),
            (_, Some("failure")) => failure() + "\n",
            (_, Some("shrunk")) => shrunk() + "\n",
            (_, Some(other)) => panic!("nothing is known of {other}"),
            (None, None) => continue,
        };
        let fence = lines.next().filter(|fence| fence.starts_with("```")).expect("a block follows");
        let _ = writeln!(filled, "{fence}\n{block}```");
        assert!(lines.any(|line| line == "```"), "the block after {line} ends");
    }
    filled
}

#[test]
fn the_tutorial_has_the_examples_as_they_are_and_what_they_print() {
    let page = read("docs/APPLETS.md");
    assert_eq!(page.matches(FILE).count(), 7, "five files of the first example, two of the second");
    assert_eq!(page.matches(PRINTED).count(), 2, "a failure, and what one shrinks to");
    let expected = filled(&page);
    if std::env::var("SNAPSHOTS").as_deref() == Ok("overwrite") {
        std::fs::write(root().join("docs/APPLETS.md"), &expected).expect("the tutorial can be written");
    }
    assert!(
        read("docs/APPLETS.md") == expected,
        "SNAPSHOTS=overwrite cargo test -p oxisim-tests --test applets tutorial writes the blocks"
    );
}

#[test]
fn the_first_example_is_as_short_as_the_readme_says() {
    let lines = |name: &str| read(&format!("examples/greeter/{name}")).lines().count();
    assert!(lines("src/lib.rs") <= 50);
    assert!(lines("tests/scenario.rs") <= 16 && lines("tests/property.rs") <= 16);
    assert!(read("README.md").contains("takes fifty, its scenario and property tests sixteen each"));
}

/// What stands in backquotes.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Names in code that somebody must have declared: what is called, what is of something else, what is a type, what stands
/// alone.
fn names(code: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(is_part) {
        let before = &rest[..start];
        let from = &rest[start..];
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (name, after) = from.split_at(end);
        // A text in quotes is no code.
        let quoted = before.ends_with('"');
        let is_declared = after.starts_with('(')
            || before.ends_with('.')
            || before.ends_with("::")
            || name == code
            || name.starts_with(char::is_uppercase);
        if is_declared && !quoted && name.starts_with(char::is_alphabetic) {
            names.push(name);
        }
        rest = if quoted { after.split_once('"').map_or("", |(_, after)| after) } else { after };
    }
    names
}

/// The sources of a crate, as one text.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(&path).expect("a source");
        }
    }
    text
}

/// Whether sources declare a public name: a function, a type, a field, a variant.
fn declares(sources: &str, name: &str) -> bool {
    let begins = [
        format!("pub fn {name}"),
        format!("pub const fn {name}"),
        format!("fn {name}"),
        format!("pub struct {name}"),
        format!("pub enum {name}"),
        format!("pub trait {name}"),
        format!("pub {name}:"),
        format!("pub const {name}:"),
    ];
    let variant = |line: &str| {
        let rest = line.strip_prefix(name).filter(|_| name.starts_with(char::is_uppercase));
        rest.is_some_and(|rest| [",", "(", " {", " ="].iter().any(|after| rest.starts_with(after)))
    };
    sources.lines().map(str::trim).any(|line| {
        let declared = begins.iter().find_map(|begin| line.strip_prefix(&**begin));
        declared.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            || variant(line)
    })
}

/// The rows of the table of the page that begins with this head.
fn rows(page: &str, head: &str) -> Vec<String> {
    let (_, table) = page.split_once(head).unwrap_or_else(|| panic!("a table with the head {head}"));
    table.lines().skip(2).take_while(|line| line.starts_with('|')).map(Into::into).collect()
}

#[test]
fn every_verb_that_the_tutorial_names_is_one_of_the_bench_or_of_what_it_has() {
    // Users, callees and time are of other crates.
    let known = sources(&root().join("crates/kit/src"))
        + &["terminal/src/output.rs", "world/src/network.rs", "wire/src/time.rs"]
            .map(|source| read(&format!("crates/{source}")))
            .concat();
    let rows = rows(&read("docs/APPLETS.md"), "| verb | ");
    assert!(rows.len() >= 9, "{rows:#?}");
    let named = rows.iter().flat_map(|row| code(row)).flat_map(names).inspect(|name| {
        assert!(declares(&known, name), "the bench has no {name}");
    });
    assert!(named.count() >= 30);
}

#[test]
fn every_verb_of_the_bench_is_in_the_tutorial() {
    let page = read("docs/APPLETS.md");
    let kit = root().join("crates/kit/src");
    let verbs: Vec<String> = ["bench.rs", "expect.rs", "step.rs", "verbs.rs"]
        .iter()
        .map(|file| std::fs::read_to_string(kit.join(file)).expect("a source of the kit"))
        .flat_map(|source| {
            let public = source.lines().filter_map(|line| {
                let line = line.strip_prefix("    pub ")?;
                let declared = line.strip_prefix("const fn ").or_else(|| line.strip_prefix("fn "))?;
                declared.contains("self").then(|| declared.split('(').next().unwrap_or_default().to_owned())
            });
            public.collect::<Vec<_>>()
        })
        // Of the log, which is the bench's own.
        .filter(|verb| verb != "next" && verb != "unexpected")
        .collect();
    assert!(verbs.len() >= 35, "{verbs:?}");
    for verb in verbs {
        let is_named = [format!("`{verb}("), format!("bench.{verb}(")].iter().any(|name| page.contains(name));
        assert!(is_named, "the tutorial does not name {verb}");
    }
}

#[test]
fn every_name_that_java_card_is_translated_to_exists() {
    let card = sources(&root().join("crates/card/src"));
    let rows = rows(&read("docs/APPLETS.md"), "| Java Card, TS 102 241 | ");
    assert!(rows.len() >= 20, "{rows:#?}");
    let mut count = 0;
    for row in &rows {
        let (_, here) = row.trim_matches('|').split_once(" | ").expect("two columns");
        for name in code(here).flat_map(names).filter(|name| !["Ok", "Err"].contains(name)) {
            assert!(declares(&card, name), "the card has no {name}: {row}");
            count += 1;
        }
    }
    assert!(count >= 40, "{count}");
}

#[test]
fn what_the_tutorial_checks_can_fail() {
    let kit = sources(&root().join("crates/kit/src"));
    assert!(declares(&kit, "select_menu") && declares(&kit, "Refuses") && declares(&kit, "network"));
    assert!(!declares(&kit, "select") && !declares(&kit, "Refuse") && !declares(&kit, "refuses"));
    assert_eq!(names("put_into(Handset::WithoutTimers)"), ["put_into", "Handset", "WithoutTimers"]);
    assert_eq!(names("expect_items(\"A list\", &[\"…\"]), network.ussd"), ["expect_items", "ussd"]);
}
