//! The scripts of `apdu-scripts/`: each runs as its header says.

use std::path::{Path, PathBuf};

use snapbox::cmd::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Names and texts of the scripts.
fn scripts() -> Vec<(String, String)> {
    let files = std::fs::read_dir(root().join("apdu-scripts")).unwrap();
    let mut scripts: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "apdu"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    scripts.sort();
    scripts
}

/// What a script shows: the comment that it begins with, up to the empty line or the command.
fn shows(text: &str) -> String {
    let header = text.lines().map_while(|line| line.strip_prefix("# "));
    header.take_while(|line| !line.starts_with("oxisim ")).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_script_runs_as_its_header_says() {
    let scripts = scripts();
    assert!(scripts.len() > 15, "{}", scripts.len());
    for (name, text) in scripts {
        let command = text.lines().find_map(|line| line.strip_prefix("# oxisim script "));
        let command = command.unwrap_or_else(|| panic!("{name} does not say how it is run"));
        assert!(command.ends_with(&format!("apdu-scripts/{name}")), "{name}: {command}");
        let output = Command::new(snapbox::cmd::cargo_bin!("oxisim"))
            .arg("script")
            .args(command.split(' '))
            .current_dir(root())
            .env_remove("RUST_LOG")
            .assert()
            .success();
        let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(said.contains("passed") && !said.contains(": 0 expectations"), "{name}: {said}");
    }
}

#[test]
fn all_scripts_run_in_one_go() {
    let names: Vec<String> = scripts().iter().map(|(name, _)| format!("apdu-scripts/{name}")).collect();
    let output = Command::new(snapbox::cmd::cargo_bin!("oxisim"))
        .args(["script", "--json"])
        .args(&names)
        .current_dir(root())
        .env_remove("RUST_LOG")
        .assert()
        .success();
    let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    for (line, name) in said.lines().zip(&names) {
        let one: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (one["script"].as_str(), one["verdict"].as_str()),
            (Some(&name[..]), Some("passed")),
            "{one}"
        );
        assert_eq!(one["other_card"], false, "{one}");
    }
    assert_eq!(said.lines().count(), names.len());
}

#[test]
fn every_script_is_in_the_list_with_what_it_shows() {
    let list = std::fs::read_to_string(root().join("apdu-scripts/README.md")).unwrap();
    for (name, text) in scripts() {
        let row = format!("| [{name}]({name}) | {} |\n", shows(&text));
        assert!(list.contains(&row), "apdu-scripts/README.md lacks\n{row}");
    }
}
