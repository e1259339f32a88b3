//! `cargo fuzz run trace --sanitizer none`: see `tests/src/targets/trace.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("trace", octets));
