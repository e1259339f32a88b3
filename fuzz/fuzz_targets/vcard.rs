//! `cargo fuzz run vcard --sanitizer none`: see `tests/src/targets/vcard.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("vcard", octets));
