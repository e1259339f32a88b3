//! `cargo fuzz run card --sanitizer none`: see `tests/src/targets/card.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("card", octets));
