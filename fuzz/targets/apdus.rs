//! Feeds [`eaters::apdus`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eaters::apdus(bytes));
