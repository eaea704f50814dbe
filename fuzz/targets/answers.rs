//! Feeds [`eaters::answers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eaters::answers(bytes));
