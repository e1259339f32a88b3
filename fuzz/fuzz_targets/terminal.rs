//! `cargo fuzz run terminal --sanitizer none`: see `tests/src/targets/terminal.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("terminal", octets));
