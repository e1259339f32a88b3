//! docs/APPLETS.md has the files of the example as they are.

use std::{fmt::Write, path::Path};

const MARK: &str = "<!-- examples/";

/// The page with each block that names a file filled with that file.
fn filled(page: &str, root: &Path) -> String {
    let mut lines = page.lines();
    let mut filled = String::new();
    while let Some(line) = lines.next() {
        let _ = writeln!(filled, "{line}");
        let Some(name) = line.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let fence = lines.next().filter(|fence| fence.starts_with("```")).expect("a block follows");
        let path = root.join("examples").join(name);
        let file =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let _ = writeln!(filled, "{fence}\n{file}```");
        assert!(lines.any(|line| line == "```"), "the block of {name} ends");
    }
    filled
}

#[test]
fn the_tutorial_has_the_example_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("docs/APPLETS.md");
    let page = std::fs::read_to_string(&path).expect("the tutorial");
    assert_eq!(page.matches(MARK).count(), 5, "manifest, applet, scenario, property, program");
    let expected = filled(&page, &root);
    if std::env::var("SNAPSHOTS").as_deref() == Ok("overwrite") {
        std::fs::write(&path, &expected).expect("the tutorial can be written");
    }
    let page = std::fs::read_to_string(&path).expect("the tutorial");
    assert!(
        page == expected,
        "SNAPSHOTS=overwrite cargo test -p oxisim-tests --test applets tutorial writes the blocks"
    );
}
