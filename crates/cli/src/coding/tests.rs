use std::path::Path;

use oxisim_backup::compact::{SHIPPED_TABLES, Tables};

use super::{PASSES, books, coding, fit};

/// Fits a shipped table anew.
fn is_as_shipped(number: u8, name: &str, locales: &[&str]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backup/tables/train.jsonl.xz");
    let locales: Vec<String> = locales.iter().map(ToString::to_string).collect();
    let books = books::read(&file).unwrap().of(&locales);
    let fitted = fit::fit(&books, PASSES, |_| ()).table(number, name);
    assert!(Some(&fitted) == Tables::default().get(number), "{name}");
}

#[test]
fn the_general_table_is_what_the_program_makes() {
    let &(number, name, locales) = &SHIPPED_TABLES[0];
    is_as_shipped(number, name, locales);
}

#[test]
fn the_tables_by_language_are_what_the_program_makes() {
    for &(number, name, locales) in &SHIPPED_TABLES[1..] {
        is_as_shipped(number, name, locales);
    }
}

#[test]
fn a_coding_is_said_by_word_number_or_name() {
    assert_eq!(coding("compact"), coding("0"));
    assert_eq!(coding("5"), coding("de"));
    assert_ne!(coding("plain"), coding("compact"));
    assert!(coding("morse").unwrap_err().starts_with("\"morse\" is no coding"));
}
