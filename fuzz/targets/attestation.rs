//! Feeds [`eaters::attestation`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eaters::attestation(bytes));
