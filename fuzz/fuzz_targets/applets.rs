//! `cargo fuzz run applets --sanitizer none`: see `tests/src/targets/applets.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("applets", octets));
