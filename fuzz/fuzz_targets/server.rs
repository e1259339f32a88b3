//! `cargo fuzz run server --sanitizer none`: see `tests/src/targets/server.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("server", octets));
