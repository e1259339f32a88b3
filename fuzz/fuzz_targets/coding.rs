//! `cargo fuzz run coding --sanitizer none`: see `tests/src/targets/coding.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("coding", octets));
