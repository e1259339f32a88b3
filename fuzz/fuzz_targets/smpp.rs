//! `cargo fuzz run smpp --sanitizer none`: see `tests/src/targets/smpp.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("smpp", octets));
