//! `cargo fuzz run image --sanitizer none`: see `tests/src/targets/image.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| oxisim_tests::targets::run("image", octets));
