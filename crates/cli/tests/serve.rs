//! `oxisim serve` before it serves.

use std::fs;

use oxisim_server::{SqliteStore, StoreKey};
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

#[test]
fn keys_are_replaced_and_the_database_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("SERVER.toml"), "").unwrap();
    let oxisim = |words: &[&str]| {
        let program = Command::new(snapbox::cmd::cargo_bin!("oxisim")).arg("serve").args(words);
        program.args(["--config", "SERVER.toml"]).current_dir(folder.path()).assert()
    };
    let why = "oxisim: [..]oxisim.db: entity not found\n";
    oxisim(&["rotate"]).code(1).stderr_eq(why);
    let database = folder.path().join("oxisim.db");
    drop(SqliteStore::open_beside(&database).unwrap());
    oxisim(&["rotate"]).success().stdout_eq("all that is kept is sealed with a new data key\n");
    let key = folder.path().join("new.key");
    StoreKey::make(&key).unwrap();
    let told = "start the servers anew with the key in new.key\n";
    oxisim(&["rotate", "--key", "new.key"]).success().stdout_eq(told);
    oxisim(&["check"]).code(1).stderr_eq("oxisim: the key does not open the database\n");
    fs::rename(key, StoreKey::file_beside(&database)).unwrap();
    oxisim(&["check"]).success().stdout_eq("all is well: 0 phonebooks, 0 cards with keys\n");
}
