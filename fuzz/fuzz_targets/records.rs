//! `cargo fuzz run records --sanitizer none`: see `tests/src/targets/records.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("records", octets));
