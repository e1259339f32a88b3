//! `cargo fuzz run toolkit --sanitizer none`: see `tests/src/targets/toolkit.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("toolkit", octets));
