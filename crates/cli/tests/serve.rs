//! `oxisim serve` before it serves.

use std::fs;

use snapbox::cmd::Command;

#[test]
fn each_mistake_in_a_configuration_has_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("SERVER.toml"), "[store]\ndatabse = \"a.db\"\nlease = \"1s\"\n").unwrap();
    let program = Command::new(snapbox::cmd::cargo_bin!("oxisim"))
        .args(["serve", "--config", "SERVER.toml"])
        .current_dir(folder.path());
    program.assert().code(2).stderr_eq(
        "oxisim: SERVER.toml, line 2: store.databse: unknown key; did you mean `database`?\n\
         SERVER.toml, line 3: store.lease: a time from 3s to 10m is expected\n",
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is made");
}
