//! `cargo fuzz run packet --sanitizer none`: see `tests/src/targets/packet.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("packet", octets));
