//! `cargo fuzz run tpdu --sanitizer none`: see `tests/src/targets/tpdu.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("tpdu", octets));
