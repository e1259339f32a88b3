//! `cargo fuzz run script --sanitizer none`: see `tests/src/targets/script.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("script", octets));
